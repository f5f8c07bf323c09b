# Copyright (C) ngx_journey_module contributors
#
# Landings that are answered by a redirect: the page at its end opens the touch
# that it would have opened if it had been called with the campaign itself.
# Once, for 30 seconds, for that browser alone, and in no more memory than the
# zone has set aside for it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Faketime;
use Journey::Master qw(wait_for);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my @google = (Referer => 'https://www.google.com/');
my $campaign = 'utm_source=News&utm_medium=email&utm_campaign=May+26'
               . '&utm_term=lamps&utm_content=top';

# The hosts of all servers below; the page is any path under /p.

my $site = <<'END';
        server_name shop.example alias.example;
        default_type text/html;
        absolute_redirect off;

        location /p { return 200 page; }
        location = /path { return 302 /p; }
        location = /slash { return 301 /p/; }
        location = /www { return 301 $scheme://www.shop.example/p; }
        location = /tls { return 308 https://shop.example/p; }
        location = /port { return 307 http://u@SHOP.example.:8080/p; }
        location = /noscheme { return 303 //www.shop.example/p; }
        location = /beside { return 302 p/x; }
        location = /a/b/up { return 302 ../../p/./x/../y; }
        location = /p/args {
            if ($arg_lang) { return 200 page; }
            return 302 ?lang=de;
        }
        location = /frag { return 302 /p?lang=de#top; }
        location = /host { return 302 http://own.example/p; }
        location = /sub { return 302 http://m.own.example/p; }
        location = /linked { return 302 http://linked.example/p; }
        location = /encoded { return 302 /p/caf%C3%A9/a%20b?q=%C3%BC&x=%3d; }
        location = /raw { return 302 "/p/café/a b?q=ü"; }
        location = /doubled { return 302 /p//x///y; }
        location = /dots { return 302 /p/%2e%2E/p/z; }
        location = /absolute { absolute_redirect on; return 302 /p; }
        location = /twoslashes { absolute_redirect on; return 302 //p/x; }
        location = /named {
            absolute_redirect on; server_name_in_redirect on; return 302 /p;
        }
        location = /error { error_page 403 =302 http://shop.example/p; return 403; }
        location = /rewrite { rewrite ^ /p? permanent; }

        location = /two { return 301 /path; }
        location = /three { return 308 http://www.shop.example/two; }
        location = /four { return 303 /three; }

        location = /campaign { return 302 /p?utm_source=x&utm_medium=cpc; }
        location = /whole { return 302 http://www.shop.example/p$is_args$args; }
        location = /external { return 302 http://other.test/p; }
        location = /parent { return 302 http://example/p; }
        location = /mail { return 302 mailto:anna@shop.example; }
        location = /off { journey off; return 302 /p; }
        location = /missing { return 404; }
        location = /created { return 201; }

        location = /status { journey_status; }

        # the application
        location /app/ {
            proxy_pass http://127.0.0.1:$server_port;
            proxy_set_header Host app.internal;
            proxy_redirect http://app.internal/ http://www.shop.example/;
        }
        location = /p/app {
            proxy_set_header Host app.internal;
            proxy_set_header X-Channel $journey_channel;
            proxy_pass http://127.0.0.1:$server_port;
        }

        # clicks
        location = /click { journey_redirect /p/clicked; }
        location = /to-click { return 302 /click; }
        location = /to-ad { return 302 /ad; }
        location = /to-set-ad { return 302 /set-ad; }
        location = /set-ad {
            set $early $journey_source;
            journey_redirect /p/ad?utm_source=ad&utm_medium=cpc;
        }
        location = /to-set-click { return 302 /set-click; }
        location = /set-click {
            set $early $journey_source;
            journey_redirect /p/clicked;
        }
        location = /ad { journey_redirect /p/ad?utm_source=ad&utm_medium=cpc; }
END

my $servers = <<'END';
    server {
        listen 127.0.0.1:PORT;
        journey on;
        journey_hosts own.example;
        LINK
SITE
    }
    server {
        listen 127.0.0.1:PORT;
        server_name www.shop.example;
        server_name own.example m.own.example linked.example other.test;
        default_type text/html;
        journey on;
        location / { return 200 page; }
        location = /two { return 301 /apex; }
        location = /apex { return 302 http://shop.example/p; }
    }
    server {
        listen 127.0.0.1:PORT;
        server_name old.example;
        journey on;
        journey_hosts shop.example;
        return 301 http://shop.example/p;
    }
    server {
        listen 127.0.0.1:PORT;
        server_name app.internal;
        absolute_redirect off;
        default_type text/html;
        location / { return 200 "channel: $http_x_channel"; }
        location = /app/path { return 302 /p; }
        location = /app/full { return 302 http://app.internal/p; }
        location = /app/beside { return 302 ../p; }
        location = /app/late { return 303 /p; }
    }
END

sub nginx {
    my %options = @_;
    my $http = delete $options{http} || '';
    my $more = delete $options{more} || '';
    my $link = delete $options{link} // 'journey_link linked.example;';
    my $nginx = Journey::Master->new(%options);
    my $port = $nginx->port;
    my $text = $options{servers} // $servers;

    $text =~ s/SITE/$site$more/;
    $text =~ s/LINK/$link/;
    $text =~ s/PORT/$port/g;

    return $nginx->configure(servers => $text, http => <<"END");
    journey_secret $FindBin::Bin/data/test.keys;
    journey_log @{[ $nginx->log ]} flush=100ms;
    journey_agents $FindBin::Bin/../conf/agents.conf;
    journey_sources $FindBin::Bin/../conf/sources.conf;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    $http
END
}

sub started {
    my ($name, $nginx) = @_;

    ok($nginx->start, "$name: started") or diag($nginx->said);
    return $nginx;
}


# ---- a browser that follows redirects --------------------------------------

package Person;

# The headers of a navigation go with every request of a chain, the referrer
# too; each host has its own cookies.

my $n = 0;

sub new {
    my ($class, $nginx, %options) = @_;

    return bless { nginx => $nginx, host => 'shop.example',
                   language => 'x-' . ++$n, %options, at => {} }, $class;
}

sub at {
    my ($self, $host) = @_;

    return $self->{at}{$host} ||= Journey::browser(
        port => $self->{nginx}->port, %$self, host => $host);
}

# What a browser makes of a Location: (host, what is asked for).

sub resolve {
    my ($host, $uri, $to) = @_;

    $to =~ s/#.*//;
    ($host, $to) = (lc $1, $2)
        if $to =~ m{^(?:https?:)?//(?:[^/@]*@)?([^/:?]+?)\.?(?::\d+)?([/?].*|)$};

    if ($to =~ /^\?/) {
        $to = ($uri =~ s/\?.*//r) . $to;

    } elsif ($to !~ m{^/}) {
        $to = ($uri =~ s/\?.*//r =~ s{[^/]*$}{}r) . $to;
    }

    my ($path, $args) = $to =~ /^([^?]*)(.*)/s;

    $path =~ s/%2e/./ig;
    1 while $path =~ s{/\.(/|$)}{/};
    1 while $path =~ s{^/\.\.(/|$)}{/} || $path =~ s{/[^/]+/\.\.(/|$)}{/};
    $path =~ s/([^!-~])/sprintf '%%%02X', ord $1/ge;
    $args =~ s/([^!-~]|')/sprintf '%%%02X', ord $1/ge;

    return ($host, $path . $args);
}

sub get {
    my ($self, $uri, @headers) = @_;
    my ($host, @answers) = ($self->{host});

    # events are told apart by their time
    Time::HiRes::sleep(0.002);

    while (1) {
        push @answers, $self->at($host)->get($uri, @headers);
        $self->{answers} = \@answers;

        my $to = $answers[-1]->header('Location');

        last if !defined $to || $to !~ m{^(?:https?:|/|\?|[.p])} || @answers > 9;
        ($host, $uri) = resolve($host, $uri, $to);
    }

    $self->{last} = "$host$uri";
    return $answers[-1];
}

# Asks, and goes nowhere.

sub leave {
    my ($self, $uri, @headers) = @_;

    Time::HiRes::sleep(0.002);

    return $self->at($self->{host})->get($uri, @headers);
}

package main;

my @keys = qw(ch src med cmp trm con cid ref why);

# What the log tells of a touch.

sub touch {
    my $event = shift;

    return join ' ', map { "$_=" . ($event->{$_} // '-') } @keys;
}

# The last n events of a log that has so many, by their time.

my %seen;

sub events {
    my ($nginx, $n) = @_;
    my $dir = $nginx->dir;

    $seen{$dir} += $n;
    my @events = $nginx->events($seen{$dir});

    is(scalar @events, $seen{$dir}, "events: $n more")
        or diag(map { Journey::encode($_) . "\n" }
                @events[$seen{$dir} - $n .. $#events]);
    $seen{$dir} = @events;

    # a click and its page may be of one millisecond, and of two workers
    @events = sort { $a->{t} <=> $b->{t} || $a->{k} cmp $b->{k} }
              @events[-$n .. -1];
    return wantarray ? @events : $events[0];
}

# kept, taken, lost, and those that wait, since the last time.

my %before;

sub landings {
    my ($nginx, $want, $name) = @_;
    my $get = sub {
        my $now = $_[0]{landings};
        my $old = $before{$nginx->dir} || {};

        return join ' ', map { $now->{$_} - ($old->{$_} || 0) }
                             qw(kept taken lost);
    };
    my $status = $nginx->status_when(sub { $get->($_[0]) eq $want });

    is($get->($status), $want, "$name: kept, taken, lost");
    $before{$nginx->dir} = $status->{landings};
}

my %identity = (
    cookie     => ['journey_identity cookie;', qr/^c/],
    cookieless => ['journey_identity cookieless;', qr/^h/],
    none       => ['journey_identity none;', undef],
);


# ---- the same touch as without a redirect ----------------------------------

my @queries = (
    [$campaign],
    [$campaign, @google],
    ['gclid=abc&utm_campaign=brand', @google],
    ['gclid=abc', Referer => 'https://www.youtube.com/watch'],
    ['msclkid=1&gad_source=2'],
    ['fbclid=1', Referer => 'https://l.facebook.com/'],
    ['srsltid=9', @google],
    ['utm_medium=email', Referer => 'https://partner.example/x'],
    ['utm_source=https%3A%2F%2Fwww.Partner.example%2Fa&utm_medium=Affiliate'],
    ['ref=partner'],
    ['mtm_source=fb_ads&mtm_campaign=50%25%26more%2B%23one'],
    ['utm_campaign=%d0%9b%d0%b5%d1%82%d0%be&utm_source=x'],
    ['utm_term=only'],
    ['q=lamp&' . $campaign . '&page=2'],
);

for my $identity (sort keys %identity) {
    my ($http, $id) = @{ $identity{$identity} };
    my $nginx = started($identity, nginx(http => $http));
    my $kept = 0;

    for my $case (@queries) {
        my ($query, @headers) = @$case;

        for my $way ('/p', '/path', '/three') {
            Person->new($nginx)->get("$way?$query", @headers);
        }

        $kept += 1 + 3;
    }

    my @pages = events($nginx, 3 * @queries);

    for my $case (@queries) {
        my ($query) = @$case;
        my ($direct, @led) = splice @pages, 0, 3;

        for my $event (@led) {
            is($event->{k}, 'page', "$identity: the page alone is logged");
            is("$event->{h}$event->{p}", 'shop.example/p', 'where it is');
            is(touch($event), touch($direct), $query);
            defined $id ? like($event->{v}, $id, 'whose it is')
                        : is($event->{v}, undef, 'nobody\'s');

            # a term alone opens no touch for nobody
            isnt($event->{ch}, undef, 'a touch')
                if defined $id || $query ne 'utm_term=only';
        }
    }

    landings($nginx, "$kept $kept 0", $identity);

    # in the midst of a session
    my $person = Person->new($nginx);
    $person->get('/p', @google);
    $person->get("/path?$campaign");
    $person->get('/p', Referer => 'http://shop.example/p');
    $person->get("/path?$campaign", @google);

    my @events = events($nginx, 4);
    is($events[1]{ch}, 'email', "$identity: a campaign in a session");
    is($events[1]{cmp}, 'may 26');
    is($events[2]{ch}, undef, "$identity: and no longer");

    if (defined $id) {
        is($events[3]{ch}, undef, "$identity: the campaign is the current one");
        is($_->{v}, $events[0]{v}) for @events;
        is($_->{s}, 1) for @events;
    }

    ok($nginx->quit);
    $nginx->calm("$identity: no alarm");
}


# ---- where a redirect leads, and how it is written -------------------------

{
    my $nginx = started('targets', nginx(more => <<'END'));
        location /dir { root html; index index.html; }
END
    mkdir "$nginx->{dir}/html/dir";
    spew("$nginx->{dir}/html/dir/index.html", 'a page');

    my @cases = (
        ['/path', 'shop.example/p'],
        ['/slash', 'shop.example/p/'],
        ['/www', 'www.shop.example/p'],
        ['/tls', 'shop.example/p'],
        ['/port', 'shop.example/p'],
        ['/noscheme', 'www.shop.example/p'],
        ['/beside', 'shop.example/p/x'],
        ['/a/b/up', 'shop.example/p/y'],
        ['/p/args', 'shop.example/p/args?lang=de'],
        ['/frag', 'shop.example/p?lang=de'],
        ['/host', 'own.example/p'],
        ['/sub', 'm.own.example/p'],
        ['/linked', 'linked.example/p'],
        ['/encoded', 'shop.example/p/caf%C3%A9/a%20b?q=%C3%BC&x=%3d'],
        ['/raw', 'shop.example/p/caf%C3%A9/a%20b?q=%C3%BC'],
        ['/doubled', 'shop.example/p//x///y'],
        ['/dots', 'shop.example/p/z'],
        ['/absolute', 'shop.example/p'],
        ['/twoslashes', 'shop.example//p/x'],
        ['/named', 'shop.example/p', 1, 'alias.example'],
        ['/x', 'shop.example/p', 1, 'old.example'],
        ['/error', 'shop.example/p'],
        ['/rewrite', 'shop.example/p'],
        ['/app/path', 'shop.example/p'],
        ['/app/full', 'www.shop.example/p'],
        ['/app/beside', 'shop.example/p'],
        ['/app/late', 'shop.example/p'],
        ['/two', 'shop.example/p', 2],
        ['/three', 'shop.example/p', 3],
        ['/four', 'shop.example/p', 4],
    );

    for my $case (@cases) {
        my ($from, $to, $hops, $host) = @$case;
        my $person = Person->new($nginx);

        $hops //= 1;
        $person->{host} = $host if defined $host;
        $person->get("$from?$campaign&gclid=x", @google);

        is($person->{last}, $to, "$from leads to $to");
        landings($nginx, "$hops $hops 0", $from);
    }

    my @pages = events($nginx, scalar @cases);

    for my $case (@cases) {
        is(touch(shift @pages),
           'ch=email src=news med=email cmp=may 26 trm=lamps con=top cid=gclid '
           . 'ref=www.google.com why=utm', "$case->[0]: the whole touch");
    }

    # what carries its campaign itself: nothing waits, nothing counts twice
    Person->new($nginx)->get("/whole?$campaign", @google);
    Person->new($nginx)->get("/dir?$campaign", @google);
    Person->new($nginx)->get("/campaign?$campaign", @google);

    my @events = events($nginx, 3);
    is($events[0]{cmp}, 'may 26', 'the arguments go along');
    is($events[1]{p}, '/dir/', 'and with nginx\'s own redirect');
    is($events[1]{cmp}, 'may 26');
    is($events[2]{src}, 'x', 'the target\'s own campaign counts');
    is($events[2]{cmp}, undef, 'alone');
    landings($nginx, '0 0 0', 'nothing waited');

    ok($nginx->quit);
    $nginx->calm('targets: no alarm');
}


# ---- for one page of one browser -------------------------------------------

{
    my $nginx = started('once', nginx());
    my $anna = Person->new($nginx);

    $anna->get("/path?$campaign");
    is(events($nginx, 1)->{ch}, 'email');
    landings($nginx, '1 1 0', 'once');

    # a new visitor each time: nobody has a touch already
    my $visit = sub {
        my ($name, $ch, $host, $uri, @options) = @_;
        my $first = Person->new($nginx);

        $first->leave("/www?$campaign");

        my $second = Person->new($nginx, language => $first->{language},
                                 @options);
        $second->{host} = $host;
        $second->get($uri);

        is(events($nginx, 1)->{ch}, $ch, $name);
        return ($first, $second);
    };

    $visit->('another page', 'direct', 'www.shop.example', '/p/');
    $visit->('other arguments', 'direct', 'www.shop.example', '/p?a');
    $visit->('another host', 'direct', 'shop.example', '/p');
    $visit->('another language', 'direct', 'www.shop.example', '/p',
             language => 'xx');
    $visit->('another agent', 'direct', 'www.shop.example', '/p',
             agent => 'Mozilla/5.0 (X11; rv:140.0) Firefox/140.0');
    $visit->('another address', 'direct', 'www.shop.example', '/p',
             headers => { 'X-Real-IP' => '198.51.100.7' });
    landings($nginx, '6 0 0', 'not taken');

    my ($first) = $visit->('its own', 'email', 'www.shop.example', '/p');
    landings($nginx, '1 1 0', 'taken');

    my $again = Person->new($nginx, language => $first->{language});
    $again->{host} = 'www.shop.example';
    $again->get('/p');
    is(events($nginx, 1)->{ch}, 'direct', 'once');
    landings($nginx, '0 0 0', 'once');

    # an asset, a prefetch and an error take nothing
    my $bert = Person->new($nginx);
    my @prefetch = (Sec_Purpose => 'prefetch', Sec_Fetch_Mode => 'navigate',
                    Sec_Fetch_Dest => 'document',
                    Sec_Fetch_Site => 'same-origin');

    $bert->leave("/path?$campaign");
    $bert->leave('/p', Accept => 'text/css', Sec_Fetch_Mode => 'no-cors',
                 Sec_Fetch_Dest => 'style');
    $bert->leave('/p', @prefetch);
    $bert->get('/p');
    is((events($nginx, 2))[1]{ch}, 'email', 'neither asset nor prefetch');
    landings($nginx, '1 1 0', 'neither asset nor prefetch');

    # one link in two tabs, both redirected before a page is asked for
    my $cleo = Person->new($nginx);
    $cleo->leave("/path?$campaign", @google) for 1 .. 2;
    $cleo->leave('/p', @google) for 1 .. 3;

    my @events = events($nginx, 3);
    is($events[0]{ch}, 'email', 'the first tab');
    is($events[1]{ch}, undef, 'the second: the same touch');
    is($events[2]{ch}, 'organic_search', 'the third was led from nowhere');
    landings($nginx, '2 2 0', 'two tabs');

    # another campaign for the same page takes the place of the first
    $cleo->leave("/path?$campaign");
    $cleo->get('/path?utm_source=a&utm_medium=cpc');
    is(events($nginx, 1)->{src}, 'a', 'the later one counts');
    landings($nginx, '2 1 1', 'replaced');

    # what the page itself is called with counts
    $cleo->leave("/frag?$campaign");
    $cleo->leave('/p?lang=de&utm_source=b');
    is(events($nginx, 1)->{src}, 'b', 'the page\'s own campaign');

    # the address is that which realip finds, however late
    my @real = ('X-Real-IP' => '198.51.100.9');
    my $dora = Person->new($nginx);
    $dora->leave("/path?$campaign", @real);
    $dora->leave('/p', @real);
    is(events($nginx, 1)->{ch}, 'email', 'behind a proxy');

    ok($nginx->quit);
    $nginx->calm('once: no alarm');
}


# ---- who leaves nothing behind ---------------------------------------------

{
    my $nginx = started('nobody', nginx(more => <<'END'));
        location = /form { return 303 /p; }
END
    my $keeps = sub {
        my ($name, $n, $ask, %options) = @_;

        $ask->(Person->new($nginx, %options));
        landings($nginx, "$n 0 0", $name);
    };
    my $to = sub { my @args = @_; return sub { $_[0]->leave(@args) } };
    my @sec = (Sec_Fetch_Mode => 'navigate', Sec_Fetch_Dest => 'document',
               Sec_Fetch_Site => 'cross-site');

    $keeps->('a browser', 1, $to->("/path?$campaign"));
    $keeps->('a newer one', 1, $to->("/path?$campaign", @sec));
    $keeps->('no campaign', 0, $to->('/path?q=lamp'));
    $keeps->('no arguments', 0, $to->('/path'));
    $keeps->('a mail address', 0, $to->('/path?utm_source=a%40b.example'));
    $keeps->('a bot', 0, $to->("/path?$campaign"), agent => 'Googlebot/2.1');
    $keeps->('a tool', 0, $to->("/path?$campaign"), agent => 'curl/8.0');
    $keeps->('an AI agent', 0, $to->("/path?$campaign"),
             agent => 'Mozilla/5.0; compatible; ChatGPT-User/1.0');
    $keeps->('opted out', 0, $to->("/path?$campaign",
                                   Cookie => 'jny_out=1'));
    $keeps->('a prefetch', 0, $to->("/path?$campaign", @sec,
                                    Sec_Purpose => 'prefetch'));
    $keeps->('a prerender', 0, $to->("/path?$campaign", @sec,
                                     Sec_Purpose => 'prefetch;prerender'));
    $keeps->('a prerender alone', 0, $to->("/path?$campaign", @sec,
                                           Sec_Purpose => 'prerender'));
    $keeps->('a script', 0, $to->("/path?$campaign", Sec_Fetch_Mode => 'cors',
                                  Sec_Fetch_Dest => 'empty'));
    $keeps->('a frame', 0, $to->("/path?$campaign",
                                 Sec_Fetch_Mode => 'navigate',
                                 Sec_Fetch_Dest => 'iframe'));
    $keeps->('an image', 0, $to->("/path?$campaign", Accept => 'image/*'));
    $keeps->('a form', 0, sub { $_[0]->at('shop.example')
                                     ->post("/form?$campaign") });
    $keeps->('HEAD', 0, sub { $_[0]->at('shop.example')
                                   ->request('HEAD', "/path?$campaign") });
    $keeps->('a foreign host', 0, $to->("/external?$campaign"));
    $keeps->('a parent', 0, $to->("/parent?$campaign"));
    $keeps->('no page at all', 0, $to->("/mail?$campaign"));
    $keeps->('journey off', 0, $to->("/off?$campaign"));
    $keeps->('no redirect', 0, $to->("/missing?$campaign"));
    $keeps->('201', 0, $to->("/created?$campaign"));
    $keeps->('an answered page', 0, $to->("/p?$campaign"));
    events($nginx, 2);

    # a chain that leads away from the own hosts
    my $chain = Person->new($nginx);
    $chain->leave("/path?$campaign");
    $chain->leave('/external');
    landings($nginx, '1 0 0', 'led away');

    # the next redirect of the same browser does not pass on what waits for a
    # page, nor does an asset's redirect
    $chain->leave('/two');
    landings($nginx, '0 0 0', 'another redirect');

    ok($nginx->quit);
    $nginx->calm('nobody: no alarm');
}


# ---- clicks ----------------------------------------------------------------

{
    my $nginx = started('clicks', nginx());

    Person->new($nginx)->get("/to-click?$campaign", @google);
    my @events = events($nginx, 2);

    is($events[0]{k}, 'click', 'a redirect that leads to a click');
    is(touch($events[0]), 'ch=email src=news med=email cmp=may 26 trm=lamps '
                          . 'con=top cid=- ref=www.google.com why=utm',
       'has its touch');
    is($events[1]{p}, '/p/clicked', 'and the page behind it');
    is($events[1]{ch}, undef, 'has the same');
    landings($nginx, '2 2 0', 'click');

    Person->new($nginx)->get("/to-ad?$campaign", @google);
    @events = events($nginx, 2);
    is($events[0]{src}, 'ad', 'a click whose target has its own');
    is($events[1]{ch}, undef, 'as the page behind it');
    landings($nginx, '1 0 0', 'ad');

    # also when it was asked before the click knew where it leads
    Person->new($nginx)->get("/to-set-ad?$campaign");
    @events = events($nginx, 2);
    is($events[0]{src}, 'ad', 'asked early, with its own');
    is($events[1]{ch}, undef);

    Person->new($nginx)->get("/to-set-click?$campaign");
    @events = events($nginx, 2);
    is($events[0]{src}, 'news', 'asked early, without');
    is($events[1]{ch}, undef);
    landings($nginx, '3 2 0', 'asked early');

    # a click's own values go to the target by themselves
    Person->new($nginx)->get("/click?$campaign", @google);
    @events = events($nginx, 2);
    is($events[0]{src}, 'news', 'a click by itself');
    is($events[1]{ch}, undef);
    landings($nginx, '0 0 0', 'a click by itself');

    ok($nginx->quit);
    $nginx->calm('clicks: no alarm');
}


# ---- variables that are asked for before the page is there ------------------

{
    my $nginx = started('early', nginx(more => <<'END'));
        location = /p/gone {
            add_header X-Touch $journey_source always;
            set $early $journey_source;
            return 404 $early;
        }
        location = /to-gone { return 302 /p/gone; }
        location = /to-app { return 302 /p/app; }
        location = /p/set { set $early $journey_source; return 200 $early; }
        location = /to-set { return 302 /p/set; }
        location = /p/on {
            set $early $journey_source;
            add_header X-Early $early always;
            return 302 /p/set;
        }
        location = /to-on { return 302 /p/on; }
END
    my $anna = Person->new($nginx);

    is($anna->get("/to-app?$campaign")->body, 'channel: email',
       'the upstream is told');
    is(events($nginx, 1)->{src}, 'news', 'as the log is');
    landings($nginx, '1 1 0', 'early');

    is(Person->new($nginx)->get("/to-set?$campaign")->body, 'news',
       'a variable in the rewrite phase');
    is(events($nginx, 1)->{src}, 'news');
    landings($nginx, '1 1 0', 'rewrite');

    # of a chain each part knows it
    my $bert = Person->new($nginx);
    is($bert->get("/to-on?$campaign")->body, 'news', 'at the end of a chain');
    is($bert->{answers}[1]->header('X-Early'), 'news', 'and in its midst');
    is(events($nginx, 1)->{src}, 'news');
    landings($nginx, '2 2 0', 'chain');

    # a page that is not there uses nothing up
    my $cleo = Person->new($nginx);
    is($cleo->get("/to-gone?$campaign")->body, 'news', 'told of');
    is($cleo->leave('/p/gone')->body, 'news', 'and again');
    landings($nginx, '1 0 0', 'not used');

    ok($nginx->quit);
    $nginx->calm('early: no alarm');
}


# ---- what of it privacy lets be kept ---------------------------------------

{
    my $nginx = started('signals', nginx());
    my $touches = sub {
        my ($name, $query, @headers) = @_;

        Person->new($nginx)->get("/path?$query", @google, @headers);
        return touch(events($nginx, 1));
    };

    is($touches->('none', 'gclid=1&utm_campaign=b'),
       'ch=paid_search src=google med=cpc cmp=b trm=- con=- cid=gclid '
       . 'ref=www.google.com why=click', 'without a signal');
    landings($nginx, '1 1 0', 'without a signal');

    for my $signal (['Sec-GPC' => 1], [DNT => 1]) {
        is($touches->('gpc', 'gclid=1&utm_campaign=b', @$signal),
           'ch=organic_search src=google med=organic cmp=b trm=- con=- cid=- '
           . 'ref=www.google.com why=referrer', "$signal->[0]: no kind of click");
        landings($nginx, '1 1 0', $signal->[0]);

        $touches->('gpc', 'gclid=1', @$signal);
        landings($nginx, '0 0 0', "$signal->[0]: a click alone");
    }

    ok($nginx->quit);
    $nginx->calm('signals: no alarm');
}

for my $case (
    ['anonymous', 'journey_profile anonymous;', '', 1],
    ['consent', 'journey_profile consent; journey_consent $cookie_agreed;', '',
     1],
    ['exempt', 'journey_profile exempt;',
     'location = /out { journey_optout; }', 0],
) {
    my ($profile, $http, $more, $kept) = @$case;
    my $nginx = started($profile, nginx(http => $http, more => $more,
                                        link => ''));

    Person->new($nginx)->get("/path?$campaign", @google);

    my $event = events($nginx, 1);
    is($event->{cmp}, $kept ? 'may 26' : undef, "$profile: the campaign");
    is($event->{b}, substr $profile, 0, 1);
    landings($nginx, "$kept $kept 0", $profile);

    ok($nginx->quit);
    $nginx->calm("$profile: no alarm");
}


# ---- the zone: where it is, how long, how much -----------------------------

# What a process shares with others holds these words.

sub shared {
    my ($nginx, $word) = @_;
    my ($pid) = $nginx->workers;
    my $found = 0;

    no warnings 'portable';     # addresses of 64 bits

    for my $line (split /\n/, slurp("/proc/$pid/maps")) {
        my ($from, $to) = $line =~ /^([0-9a-f]+)-([0-9a-f]+) rw-s/ or next;

        open my $mem, '<:raw', "/proc/$pid/mem" or die "mem: $!";
        sysseek $mem, hex $from, 0;
        sysread $mem, my $data, hex($to) - hex($from);
        $found++ if defined $data && index($data, $word) >= 0;
    }

    return $found;
}

# A reload keeps it, and a worker's death does.

{
    my $nginx = started('reload', nginx());
    my ($anna, $bert) = map { Person->new($nginx) } 1 .. 2;
    my @query = map { $campaign =~ s/May/$_/r } qw(heron ibex);

    $anna->leave("/path?$query[0]");
    $bert->leave("/path?$query[1]");
    is(shared($nginx, 'utm_campaign=ibex 26'), 1, 'it waits in shared memory');

    ok($nginx->reload, 'reloaded');
    $anna->leave('/p');
    is(events($nginx, 1)->{cmp}, 'heron 26', 'over a reload');
    is(shared($nginx, 'utm_campaign=heron 26'), 0, 'what was taken is overwritten');
    is(shared($nginx, 'utm_campaign=ibex 26'), 1, 'what was not waits on');

    ok($nginx->kill_workers('KILL', $nginx->workers), 'all workers die');
    $bert->leave('/p');
    is(events($nginx, 1)->{cmp}, 'ibex 26', 'over their death');
    landings($nginx, '2 2 0', 'reload');

    my @files = grep { slurp($_) =~ /(?:heron|ibex)/ && $_ ne $nginx->log }
                glob "$nginx->{dir}/logs/*";
    is("@files", '', 'in no file but the journey log');

    ok($nginx->quit);
    $nginx->calm('reload: no alarm', qr/exited on signal 9/);
}

# A flood: no memory but what was set aside, and the latest are there.

{
    my $nginx = started('flood', nginx(
        http => 'journey_zone small:256k; journey_identity cookieless;'));
    my $anna = Person->new($nginx);
    my $many = 100_000;
    my $visitors = sub {
        my ($from, $to) = @_;

        $anna->at('shop.example')->get('/p', Accept_Language => "v$_")
            for $from .. $to;
        return $nginx->status->{cookieless};
    };

    my $agent = $anna->at('shop.example')->{agent};
    my $ask = sub {
        my ($from, $to) = @_;

        $anna->at('shop.example')->raw(join '', map {
            my $close = $_ == $to ? "Connection: close\r\n" : '';

            "GET /path?$campaign HTTP/1.1\r\nHost: shop.example\r\n"
            . "Accept: text/html\r\nAccept-Language: $_\r\n"
            . "User-Agent: $agent\r\n$close\r\n"
        } $from .. $to);
    };

    $visitors->(1, 100);
    my $used = $nginx->status->{zone}{used};
    $ask->($_ * 500 + 1, $_ * 500 + 500) for 0 .. $many / 500 - 1;

    my $status = $nginx->status_when(
        sub { $_[0]{landings}{kept} == $many });
    my $waits = $many - $status->{landings}{lost};

    is($status->{landings}{kept}, $many, 'a flood');
    is($status->{landings}{taken}, 0);
    ok($waits > 0 && $waits <= 64, "of which $waits wait");

    is($status->{zone}{used}, $used, 'no page of memory more');

    # visitors have the room that they had
    my $cookieless = $visitors->(101, 400);
    is($cookieless->{visitors}, 400, 'visitors have room');
    is($cookieless->{evicted}, 0, 'and none had to go');

    # who comes now is served
    Person->new($nginx)->get("/path?$campaign");
    is(scalar(grep { $_->{ch} eq 'email' } $nginx->events(401)), 1,
       'the latest counts');

    ok($nginx->quit);
    $nginx->calm('flood: no alarm');
}

# Thirty seconds.

SKIP: {
    my $clock = Journey::Faketime->new("$Journey::ServRoot-clock");
    skip $clock->{why}, 1 if defined $clock->{why};

    my $set = sub {
        $clock->set("2027-03-27 $_[0]");

        # a worker takes the time when it wakes
        sleep 0.05;
    };

    local %ENV = (%ENV, $clock->env);

    my $nginx = nginx(main => $clock->main,
                      http => 'journey_identity none;');

    $set->('12:00:00');
    started('time', $nginx);

    my $after = sub {
        my ($name, $from, $ch, @steps) = @_;
        my $person = Person->new($nginx);

        $set->("12:$from:00");
        $person->leave("/three?$campaign");

        while (my ($at, $where) = splice @steps, 0, 2) {
            my ($host, $uri) = $where =~ m{^([^/]*)(.*)};

            $set->("12:$from:$at");
            $person->at($host)->get($uri);
        }

        is(events($nginx, 1)->{ch}, $ch, $name);
    };
    my @chain = ('www.shop.example/two', 'www.shop.example/apex',
                 'shop.example/p');

    $after->('29 s', '01', 'email', '00', $chain[0], '00', $chain[1],
             '29', $chain[2]);
    landings($nginx, '3 3 0', '29 s');

    $after->('32 s', '02', undef, '00', $chain[0], '00', $chain[1],
             '32', $chain[2]);
    $after->('32 s by a chain', '03', undef, '12', $chain[0],
             '24', $chain[1], '32', $chain[2]);
    $after->('29 s by a chain', '04', 'email', '10', $chain[0],
             '20', $chain[1], '29', $chain[2]);
    $after->('a chain that stops too late', '05', undef, '32', $chain[0],
             '33', $chain[2]);

    # what nobody asks for is overwritten by a timer, on an idle server
    my $person = Person->new($nginx);
    $set->('12:10:00');
    $person->leave("/path?utm_campaign=wapiti&utm_source=x");
    is(shared($nginx, 'utm_campaign=wapiti'), 1, 'it waits');

    $set->('12:10:32');
    ok(wait_for(sub { shared($nginx, 'utm_campaign=wapiti') == 0 }),
       'overwritten without a request');
    my $status = $nginx->status->{landings};
    is($status->{lost}, $status->{kept} - $status->{taken}, 'and counted');

    # the clock set back does not let it wait for longer
    $set->('12:20:00');
    $person->leave("/path?utm_campaign=oryx&utm_source=x");
    $set->('11:00:00');
    ok(wait_for(sub { shared($nginx, 'utm_campaign=oryx') == 0 }), 'the clock set back');

    # across midnight, under yesterday's salt
    $set->('23:59:50');
    $person = Person->new($nginx);
    $person->leave("/path?$campaign");
    $clock->set("2027-03-28 00:00:10");
    sleep 0.05;
    $person->leave('/p');
    is(events($nginx, 1)->{ch}, 'email', 'across midnight');

    ok($nginx->quit);
    $nginx->calm('time: no alarm');
    unlink $clock;
}
