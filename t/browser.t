# Copyright (C) ngx_journey_module contributors
#
# A real browser (headless Chromium, JavaScript off) visits a shop twice, in
# each profile with the ready file of conf/privacy/: which cookies are on the
# device after each step and at the end, and which lines are in the log.  They
# are exactly those that README.md documents, no more and no fewer.
#
# The browser is ended and started again between the visits; its folder stays.
# Without Chromium this fails.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Chromium;
use Journey::Master;
use Test::More;
use Time::HiRes qw(sleep time);

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};
my $dir = $Journey::ServRoot;
my $keys = "$root/t/data/test.keys";
my $port = $ENV{TEST_NGINX_PORT};
my $day = 86400;
my $began = time();
my @profiles = qw(exempt anonymous consent);
my @hosts = ((map { "$_.example" } @profiles), 'tls.example');

# Whoever comes after midnight is another one without a cookie.
if ($began % $day > $day - 120) {
    note('waits for midnight, UTC');
    sleep($day - $began % $day + 1);
}


# ---- what README.md documents ----------------------------------------------

sub table {
    my ($title, $head) = @_;
    my ($table) = slurp("$root/README.md")
                  =~ /^### \Q$title\E\n.*?^(\| \Q$head\E \|.*?)\n\n/ms;
    my ($names, undef, @rows) = split /\n/, $table;

    return map { [map { s/^\s+|\s+$//gr } grep { defined }
                      (split /\|/)[1 .. 9]] } $names, @rows;
}

# Of each column the keys of lines.
my %documented;

{
    my ($names, @rows) = table('In the log', 'key');

    for my $row (@rows) {
        for my $i (3 .. 7) {
            $documented{$names->[$i]}{$_} = 1
                for $row->[$i] eq 'yes' ? $row->[0] =~ /`(\w+)`/g : ();
        }
    }
}

# Names of cookies, and their days.
my %days;

{
    my (undef, @rows) = table('On the device', 'cookie');

    for my $row (@rows) {
        my ($name) = $row->[0] =~ /^`(\w+)`/ or next;
        ($days{$name}) = $row->[3] =~ /^(\d+) days/;
    }
}

is_deeply(\%days, { jny => 390, jny_out => 395 },
          'README.md: two cookies, and how long they stay');
is(join(' ', sort keys %documented),
   'after consent anonymous before consent exempt no profile',
   'README.md: the keys of lines, by profile');


# ---- the shop --------------------------------------------------------------

# A network around 127.0.0.1 that is a place.
my $mmdb = "$dir/place.mmdb";

{
    require MaxMind::DB::Writer::Tree;

    my %types = (country => 'map', city => 'map', iso_code => 'utf8_string',
                 names => 'map', en => 'utf8_string',
                 subdivisions => ['array', 'map']);
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version => 4, record_size => 24, database_type => 'Journey-City',
        languages => ['en'], description => { en => 'A place' },
        map_key_type_callback => sub { $types{$_[0]} },
        remove_reserved_networks => 0);

    $tree->insert_network('127.0.0.0/24', {
        country => { iso_code => 'DE', names => { en => 'Germany' } },
        subdivisions => [{ iso_code => 'BY' }],
        city => { names => { en => 'Passau' } },
    });

    File::Path::make_path($dir);
    open my $out, '>:raw', $mmdb or die "$mmdb: $!";
    $tree->write_tree($out);
    close $out or die "$mmdb: $!";
}

my $campaign = 'utm_source=spring-news&utm_medium=email&utm_campaign=may'
               . '&utm_term=lamp&utm_content=top&gclid=Secret1';

# Every page has all there is to click.
my $html = <<'END';
<!DOCTYPE html>
<html lang=en>
<title>Shop</title>
<link rel=stylesheet href=/style.css>
<link rel=icon href=/logo.png>
<img src=/logo.png alt=logo width=1 height=1>
<p><a href=/products/>Products</a> <a href=/products/mill.html>Mill</a>
<a href=/products/gone.html>Gone</a>
<p><a href=/journey/opt-out>No</a> <a href=/journey/opt-in>Yes</a>
<form action=/order method=post><button name=order>Order</button></form>
<form action=/agree method=post><button name=agree>Agree</button></form>
<form action=/withdraw method=post><button name=withdraw>No</button></form>
<script>document.cookie = "script=on"</script>
END

my $png = pack 'H*', '89504e470d0a1a0a0000000d49484452000000010000000108060000'
                     . '001f15c4890000000d4944415478da6364f8cf500f00038601805a'
                     . '347d6b0000000049454e44ae426082';

# Caches are left out: each page is asked for, and answered 200.  A visit to
# the blog begins a session after a second's silence instead of half an hour's.
my $shop = <<'END';
        root html;
        types { text/html html; text/css css; image/png png; }
        index index.html;
        etag off;
        if_modified_since off;
        expires epoch;
        absolute_redirect off;
        access_log logs/access.log seen;

        journey on;
        journey_goal purchase uri=/thanks.html value=$arg_total currency=EUR
                     id=$arg_order completes;

        location /blog/ { journey_session 1s; }
        location = /order { return 303 /thanks.html?order=A-1001&total=9.90; }
        location = /agree {
            add_header Set-Cookie "consent=yes; Path=/; Max-Age=86400";
            return 303 /products/mill.html;
        }
        location = /withdraw {
            add_header Set-Cookie "consent=; Path=/; Max-Age=0";
            return 303 /products/mill.html;
        }
END

# What the heads of the files of conf/privacy/ say.
my $http = <<"END";
    log_format seen '\$msec \$host \$uri \$status "\$sent_http_set_cookie"';
    include journey/journey.conf;
    journey_geoip $mmdb;
    journey_secret $keys;
END

my %privacy = (
    exempt    => ['', 'include journey/privacy/exempt.conf;'],
    anonymous => ['', 'include journey/privacy/anonymous.conf;'
                      . ' journey_label shop one;'],
    consent   => ['include journey/privacy/consent.conf;',
                  'location = /journey/opt-out { journey_optout; }'
                  . ' location = /journey/opt-in { journey_optout undo; }'
                  . ' journey_user "user-$cookie_consent";'
                  . ' journey_label shop one;'],
);

my %ports = map { $profiles[$_] => $port + $_ } 0 .. $#profiles;
my %url = ((map { $_ => "http://$_.example:$ports{$_}" } @profiles),
           tls => 'https://tls.example:' . ($port + 3));

# Elsewhere, without journey: where visitors come from; and a shop by TLS.
my $others = <<"END";
    server {
        listen 127.0.0.1:$port;
        server_name partner.example;
        root html;
        types { text/html html; }
    }
    server {
        listen 127.0.0.1:@{[$port + 3]} ssl;
        server_name tls.example;
        ssl_certificate $dir/cert;
        ssl_certificate_key $dir/key;
$shop
        include journey/privacy/exempt.conf;
        journey_cookie __Host-jny;
    }
END

system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
       . " -subj /CN=tls.example -days 30 -keyout $dir/key -out $dir/cert"
       . " > $dir/openssl.log 2>&1") == 0
    or die 'openssl failed: ' . slurp("$dir/openssl.log");

my %nginx;

for my $profile (@profiles) {
    my ($in_http, $in_server) = @{ $privacy{$profile} };
    my $nginx = Journey::Master->new(
        workers => 1, port => $ports{$profile}, http => "$http$in_http",
        servers => <<"END");
    server {
        listen 127.0.0.1:$ports{$profile};
        server_name $profile.example;
$shop
        $in_server
    }
@{[$profile eq 'exempt' ? $others : '']}
END

    # conf/ beside nginx.conf, with this log
    {
        local $Journey::ServRoot = $nginx->dir;
        local $ENV{TEST_NGINX_JOURNEY_LOG} = $nginx->log;
        Journey::install_conf();
    }

    my $files = $nginx->dir . '/html';

    File::Path::make_path("$files/blog", "$files/products");
    spew("$files/$_", $html)
        for qw(products/index.html products/mill.html blog/index.html
               thanks.html);
    spew("$files/style.css", "a { color: green }\n");
    spew("$files/logo.png", $png);
    spew("$files/index.html", "<!DOCTYPE html><title>Links</title>\n<p>"
         . join "\n<p>", map {
               qq(<a id=$_-1 href="$url{$_}/products/?$campaign">$_</a>)
               . qq( <a id=$_-2 href="$url{$_}/blog/?$campaign">again</a>)
           } @profiles);

    ok($nginx->start, "$profile: nginx starts") or diag($nginx->said);
    $nginx{$profile} = $nginx;
}

# ---- lines -----------------------------------------------------------------

my %place = (cc => 'DE', rg => 'BY', ct => 'Passau');
my %touch = (
    campaign => { ch => 'email', src => 'spring-news', med => 'email',
                  cmp => 'may', trm => 'lamp', con => 'top', cid => 'gclid',
                  ref => 'partner.example', why => 'utm' },
    direct   => { ch => 'direct', why => 'direct' },
);

# What one may say of an event, without the keys that README.md does not have
# for the column.  "~REGEX" has to match; "@NAME" is a visitor, by the first
# letter "c" or "h", as often as it comes.

sub line {
    my ($column, $kind, $path, $visitor, $journey, $session, %more) = @_;
    my ($basis) = $column =~ /^(exempt|anonymous)/ ? $1 : 'consent';
    my %is = (
        t => '~^1\d{12}$', v => "\@$visitor", j => $journey, s => $session,
        k => $kind, p => $path, dev => 'desktop', b => substr($basis, 0, 1),
        u => '~^[-\w]{16}$', l => { shop => 'one' },
        %place, %{ $touch{delete $more{touch} // ''} // {} }, %more,
    );

    ($is{ph}, $is{pn}) = $path =~ m{^/products/} ? ('consideration', 2)
                                                 : ('awareness', 1)
        if $kind ne 'error';
    $is{ms} = '~^\d{1,5}$' if $kind ne 'goal';

    delete @is{grep { !$documented{$column}{$_} && $_ ne 'h' } keys %is};
    $is{column} = $column;

    return \%is;
}

sub page { return line(shift, 'page', @_); }

# A page, and the order that it is.
sub order {
    my ($column, $visitor, $journey, $session, @channels) = @_;
    my @who = ('/thanks.html', $visitor, $journey, $session);

    return (page($column, @who),
            line($column, 'goal', @who, goal => 'purchase', done => 1,
                 val => 9.9, cur => 'EUR', ord => '~^[-\w]{16}$',
                 w => \@channels, wn => scalar @channels));
}

sub gone { return line($_[0], 'error', '/products/gone.html', @_[1 .. 3],
                       st => 404); }

# Today, or yesterday when it is midnight by now.
my @first = (fs => '~^(?:' . join('|', map { int($began / $day) + $_ } 0, 1)
                   . ')$');


# ---- steps -----------------------------------------------------------------

my $partner = "http://partner.example:$port/";
my $chromium;

# By shop: what was done with which cookies then, and what is to be logged.
my (%steps, %wanted, %tokens);

# step(SHOP, NAME, what to do, "cookies", a line …): these cookies of the shop
# have to be on the device afterwards, and no others.

sub step {
    my ($shop, $name, $act, $cookies, @lines) = @_;
    my $until = time() + 15;
    my (@now, $now);

    $act->();

    # A page's cookies are there with it, those of a 204 soon.
    while (1) {
        @now = grep { $_->{domain} =~ /(?:^|\.)$shop\.example$/ }
               $chromium->cookies;
        $now = join ' ', sort map { $_->{name} } @now;
        last if $now eq $cookies || time() >= $until;
        sleep 0.05;
    }

    is($now, $cookies, "$shop, $name: the cookies on the device")
        or diag(map { Journey::encode($_) . "\n" } @now);
    cookie($shop, "$shop, $name: $_->{name}", $_) for @now;

    push @{ $wanted{$shop} }, @lines;
    push @{ $steps{$shop} }, [$name, $cookies, scalar @lines];
}

# Is a cookie what is documented?

sub cookie {
    my ($shop, $test, $cookie) = @_;
    my $name = $cookie->{name} =~ s/^__Host-//r;
    my $value = $cookie->{value};

    is($cookie->{domain}, "$shop.example", "$test: this host's alone");
    is($cookie->{path}, '/', "$test: path");

    return if $name eq 'consent';       # the shop's own

    my $life = $days{$name};

    ok($life, "$test: documented") or return;
    $life *= $day;

    ok($cookie->{httpOnly}, "$test: HttpOnly");
    is($cookie->{sameSite}, 'Lax', "$test: SameSite");
    is($cookie->{secure} ? 1 : 0, $shop eq 'tls' ? 1 : 0, "$test: Secure");
    ok(!$cookie->{partitionKey}, "$test: no partition");

    if ($name eq 'jny_out') {
        is($value, '1', "$test: no identifier");
        cmp_ok(abs($cookie->{expires} - time() - $life), '<', 60,
               "$test: days");
        return;
    }

    like($value, qr/^[-\w]{1,140}$/, "$test: length");

    my $token = token($shop, $value);

    ok($token->{valid}, "$test: signed") or return;
    cmp_ok(abs($cookie->{expires} - $token->{first_seen} / 1000 - $life), '<',
           60, "$test: days from the first visit");

    return if $shop eq 'consent';

    # in exempt it says nothing of where visitors came from
    is($token->{touches}, 0, "$test: no touches");
    is_deeply($token->{channels}, [], "$test: no channels");
}

sub token {
    my ($shop, $value) = @_;
    my @name = $shop eq 'tls' ? ('--name', '__Host-jny') : ();

    return $tokens{$value} //= do {
        my ($code, $out, $said) =
            journey_command(undef, 'token', '--json', '--secret', $keys, @name,
                            $value);

        diag($said) if $code != 0;
        (JSON::PP::decode_json($out) // {})->{token};
    };
}

sub go { my $url = shift; return sub { $chromium->go($url) }; }


sub click { my $what = shift; return sub { $chromium->click($what) }; }

sub press { my $what = shift; return sub { $chromium->press($what) }; }

sub from_partner {
    my ($shop, $visit) = @_;

    return sub {
        $chromium->go($partner);
        $chromium->click("#$shop-$visit");
    };
}

my $products = click('a[href="/products/"]');
my $mill = click('a[href="/products/mill.html"]');
my $gone = click('a[href="/products/gone.html"]');
my $order = click('button[name=order]');
my $agree = click('button[name=agree]');
my $withdraw = click('button[name=withdraw]');
my $opt_out = press('a[href="/journey/opt-out"]');
my $opt_in = press('a[href="/journey/opt-in"]');

# One visit: the browser starts, does the steps, and ends; what it then has in
# its folder are the cookies that it had.

sub visit {
    my ($number, $steps) = @_;
    my $since = time();

    $chromium = Journey::Chromium->new(
        dir => "$dir/chromium", hosts => [@hosts, 'partner.example']);
    note("visit $number by $chromium->{version}");

    $steps->();

    for my $shop (sort keys %url) {
        is($chromium->usage($url{$shop}), 0,
           "$shop, visit $number: nothing is stored but cookies");
    }

    my @now = $chromium->cookies;

    ok($chromium->quit, "visit $number: the browser ends");

    my @stored = Journey::Chromium::stored("$dir/chromium/profile");

    is_deeply([map { flat($_) } sort { by_name() } @stored],
              [map { flat($_) } sort { by_name() } @now],
              "visit $number: the cookies in the browser's folder");

    note(sprintf 'visit %d took %.1f s', $number, time() - $since);
}

sub by_name { return "$a->{domain} $a->{name}" cmp "$b->{domain} $b->{name}"; }

sub flat {
    my $cookie = shift;

    return sprintf '%s %s %s HttpOnly=%d Secure=%d SameSite=%s %.0f',
                   @$cookie{qw(domain name path)}, $cookie->{httpOnly} ? 1 : 0,
                   $cookie->{secure} ? 1 : 0, $cookie->{sameSite} // '',
                   $cookie->{session} ? 0 : $cookie->{expires};
}


# ---- the first visit -------------------------------------------------------

visit(1, sub {
    my $c = 'exempt';

    step($c, 'comes by a campaign', from_partner($c, 1), 'jny',
         page($c, '/products/', 'c1', 1, 1, @first));
    step($c, 'goes on', $mill, 'jny',
         page($c, '/products/mill.html', 'c1', 1, 1));
    step($c, 'orders', $order, 'jny', order($c, 'c1', 1, 1));
    step($c, 'meets an error', $gone, 'jny', gone($c, 'c1', 1, 1));

    $c = 'anonymous';

    step($c, 'comes by a campaign', from_partner($c, 1), '',
         page($c, '/products/', 'h1', 1, 1, touch => 'campaign'));
    step($c, 'goes on', $mill, '',
         page($c, '/products/mill.html', 'h1', 1, 1));
    step($c, 'orders', $order, '', order($c, 'h1', 1, 1, 'email'));
    step($c, 'meets an error', $gone, '', gone($c, 'h1', 1, 1));

    $c = 'consent';

    step($c, 'comes by a campaign', from_partner($c, 1), '',
         page("before $c", '/products/', 'h1', 1, 1, touch => 'campaign'));
    step($c, 'agrees', $agree, 'consent jny',
         page("after $c", '/products/mill.html', 'c1', 1, 1, pv => '@h1',
              @first));
    step($c, 'orders', $order, 'consent jny',
         order("after $c", 'c1', 1, 1, 'email'));
    step($c, 'meets an error', $gone, 'consent jny',
         gone("after $c", 'c1', 1, 1));

    # By TLS, with a prefix; at first as a bot.
    $chromium->agent($chromium->{headless});
    step('tls', 'is a bot', go("$url{tls}/products/"), '');
    $chromium->agent($chromium->{agent});
    step('tls', 'comes', go("$url{tls}/products/"), '__Host-jny',
         page('exempt', '/products/', 'c1', 1, 1, @first));
    step('tls', 'goes on', $mill, '__Host-jny',
         page('exempt', '/products/mill.html', 'c1', 1, 1));
});

# The silence after which the blog begins a session.
sleep 2.1;


# ---- the second visit ------------------------------------------------------

visit(2, sub {
    my $c = 'exempt';

    step($c, 'comes again', from_partner($c, 2), 'jny',
         page($c, '/blog/', 'c1', 2, 2, @first));

    $chromium->headers('Sec-GPC' => '1');
    step($c, 'objects by Sec-GPC', $mill, '',
         page($c, '/products/mill.html', 'h1', 1, 1));
    $chromium->headers();
    step($c, 'objects no more', $products, 'jny',
         page($c, '/products/', 'c2', 1, 1, @first));

    step($c, 'opts out', $opt_out, 'jny_out');
    step($c, 'goes on', $mill, 'jny_out');
    step($c, 'opts in', $opt_in, '');
    step($c, 'goes on', $products, 'jny',
         page($c, '/products/', 'c3', 1, 1, @first));

    $c = 'anonymous';

    step($c, 'comes again', from_partner($c, 2), '',
         page($c, '/blog/', 'h1', 2, 2, touch => 'campaign'));
    step($c, 'goes on', $products, '',
         page($c, '/products/', 'h1', 2, 2));
    step($c, 'opts out', $opt_out, 'jny_out');
    step($c, 'goes on', $mill, 'jny_out');
    step($c, 'opts in', $opt_in, '');
    step($c, 'goes on', $products, '',
         page($c, '/products/', 'h1', 1, 1, touch => 'direct'));

    $c = 'consent';

    step($c, 'comes again', from_partner($c, 2), 'consent jny',
         page("after $c", '/blog/', 'c1', 2, 2, touch => 'campaign', @first));
    step($c, 'withdraws', $withdraw, '',
         page("before $c", '/products/mill.html', 'h1', 1, 1,
              touch => 'direct'));
    step($c, 'orders', $order, '', order("before $c", 'h1', 1, 1, 'direct'));
    step($c, 'meets an error', $gone, '', gone("before $c", 'h1', 1, 1));
    step($c, 'goes on', go("$url{$c}/products/"), '',
         page("before $c", '/products/', 'h1', 1, 1));
    step($c, 'opts out', $opt_out, 'jny_out');
    step($c, 'goes on', $mill, 'jny_out');

    step('tls', 'comes again', go("$url{tls}/blog/"), '__Host-jny',
         page('exempt', '/blog/', 'c1', 1, 2, @first));
    step('tls', 'opts out', $opt_out, '__Host-jny_out');
    step('tls', 'goes on', $mill, '__Host-jny_out');
});


# ---- the log ---------------------------------------------------------------

my %seen;

for my $profile (@profiles) {
    my @shops = ($profile, $profile eq 'exempt' ? 'tls' : ());
    my $n = 0;

    $n += @{ $wanted{$_} } for @shops;

    my @events = $nginx{$profile}->events($n);
    my $text = journey_log_raw($nginx{$profile}->log);

    is(scalar @events, $n, "$profile: the lines in the log");
    unlike($text, qr/Secret1|A-1001|user-|Mozilla|Chrome|127\.0\.0\.1/,
           "$profile: nothing in them that is not documented");

    for my $shop (@shops) {
        lines($shop, grep { ($_->{h} // '') eq "$shop.example" } @events);
    }

    requests($profile);

    ok($nginx{$profile}->quit, "$profile: nginx ends");
    $nginx{$profile}->calm("$profile: no alarms");
}

# The keys of all lines of a column are those that it has in README.md: but
# for pages that were fetched in advance, which nothing here asks for.

for my $column (grep { $_ ne 'no profile' } sort keys %documented) {
    is(join(' ', sort keys %{ $seen{$column} }),
       join(' ', sort grep { $_ ne 'pf' } keys %{ $documented{$column} }),
       "$column: all keys that are documented, and no others");
}

sub lines {
    my ($shop, @events) = @_;
    my @wanted = @{ $wanted{$shop} };
    my (%who, @rows);

    is(scalar @events, scalar @wanted, "$shop: lines");

    for my $i (0 .. ($#events < $#wanted ? $#events : $#wanted)) {
        my ($event, %want) = ($events[$i], %{ $wanted[$i] });
        my $column = delete $want{column};
        my $test = "$shop: line " . ($i + 1);

        $want{h} = "$shop.example";

        # a visitor that was not there yet is somebody else
        for my $key (grep { ($want{$_} // '') =~ /^\@/ } keys %want) {
            my ($name) = $want{$key} =~ /^\@(.*)/;
            my $letter = substr $name, 0, 1;

            $who{$name} = $event->{$key}
                if !defined $who{$name}
                   && ($event->{$key} // '') =~ /^$letter/
                   && !grep { $_ eq $event->{$key} } values %who;
            $want{$key} = $who{$name} // "a $name";
        }

        my $differs = Journey::event_differs($event, \%want);
        my $same = is(join(' ', sort keys %$event), join(' ', sort keys %want),
                      "$test: its keys");

        $same &&= ok(!defined $differs, "$test: what they say");
        diag($differs // '', "\n", Journey::encode($event)) if !$same;

        $seen{$column}{$_} = 1 for keys %$event;
    }

    # what happened, for whoever wants to look
    my @left = @events;

    note("$shop:");

    for my $step (@{ $steps{$shop} }) {
        my ($name, $cookies, $n) = @$step;
        my @here = map { row($_) } splice @left, 0, $n;

        note(sprintf '  %-20s %-15s %s', $name, $cookies || '-',
             join "\n" . ' ' x 39, @here ? @here : '-');
    }
}

sub row {
    my $event = shift;
    my %rest = %$event;

    delete @rest{qw(k v t h p)};
    return "$event->{k} $event->{p} " . substr($event->{v} // '-', 0, 5) . ' '
           . join ' ', sort keys %rest;
}

# What nginx has sent: with an asset, a redirect of the shop, or an answer to
# the opt-out never a journey cookie; with pages one that ends when its id
# does.

sub requests {
    my $profile = shift;
    my (%assets, $life);

    for (split /\n/, slurp($nginx{$profile}->dir . '/logs/access.log')) {
        my ($time, $host, $uri, $status, $cookie) =
            /^([\d.]+) (\S+) (\S+) (\d+) "(.*)"$/ or die "access.log: $_\n";
        my ($shop) = $host =~ /^(\w+)/;

        if ($uri =~ /\.(css|png)$/) {
            $assets{$1}++;
            is($cookie, '-', "$host$uri: no cookie");
            next;
        }

        unlike($cookie, qr/jny=\w/, "$host$uri: no cookie with $status")
            if $status ne '200';

        next if $cookie !~ /jny=([-\w]+);.*Max-Age=(\d+)/;

        my $token = token($shop, $1) // {};

        cmp_ok(abs(int($time) + $2 - $token->{first_seen} / 1000
                   - $days{jny} * $day), '<=', 2,
               "$host$uri: it is never extended");
    }

    cmp_ok($assets{$_} // 0, '>=', 1, "$profile: $_ was asked for")
        for qw(css png);
}

note(sprintf '%.1f s', time() - $began);
done_testing();
