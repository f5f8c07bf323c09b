# Copyright (C) ngx_journey_module contributors
#
# Nothing personal leaks: whatever a browser sends (address, agent, language,
# queries, paths of referrers, ids, cookies, forms), nothing of it is in any
# file that the module wrote, nor in its status, in no profile.  An access log
# beside it shows that all of it was sent.

use strict;
use warnings;

use File::Find ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master;
use Journey::Token;
use MIME::Base64 ();
use Socket ();
use Test::Nginx::Socket 'no_plan';

my $key = '00112233445566778899aabbccddeeff';
my $conf = "$FindBin::Bin/../conf";

# What must not be found, by what it is.
my %secrets = (
    'IPv4 address'         => '203.0.113.77',
    'IPv6 address'         => '2001:db8:feed:f00d:1:2:3:beef',
    'IPv6 network'         => '2001:db8:feed',
    'address of a proxy'   => '198.51.100.99',
    'user agent'           => 'Zebra/47.11',
    'agent of a bot'       => 'CrawlerOkapi',
    'language'             => 'giraffe',
    'query'                => 'query-walrus',
    'query of a landing'   => 'landing-ibex',
    'value of a click id'  => 'CLICKtapir',
    'campaign with an @'   => 'kestrel%40mail.example',
    'path of a referrer'   => 'refpath-marten',
    'query of a referrer'  => 'refquery-heron',
    'user of a referrer'   => 'refuser-stoat',
    'order id'             => 'ORDER-lynx-1001',
    'cookie'               => 'cookie-puffin',
    'consent'              => 'agreed-dingo',
    'forged token'         => 'forged-quokka',
    'opt-out'              => 'outvalue-coati',
    'header'               => 'header-numbat',
    'body'                 => 'body-wombat',
    'user of a URL'        => 'authuser-jackal',
    'e-mail in a path'     => 'anna.kestrel',
    'its encoded form'     => 'bert%2ekestrel',
    'digits in a path'     => '4915112345678',
    'UUID in a path'       => '123e4567-e89b-42d3-a456-426614174000',
    'token in a path'      => 'aB3dE5gH7jK9mN1pQ3sT5v',
    'bad value of a goal'  => 'value-serval',
    'bad name of a phase'  => 'phase-ocelot',
    'bad identity'         => 'identity-margay',
);

# What has to be there: else the test would see nothing.
my @public = ('campaign-may', 'www.google.com', '/products/', '/public-path',
              ':email', ':token', ':n');

my %servers = (
    none       => 'journey_identity $arg_as;',
    cookie     => '',
    cookieless => 'journey_identity cookieless;',
    exempt     => 'journey_profile exempt;',
    anonymous  => 'journey_profile anonymous;',
    consent    => 'journey_profile consent; journey_consent $cookie_consent;',
);


sub site {
    my ($port, $name, $sent) = @_;

    return <<"END";
server {
    listen 127.0.0.1:$port;
    server_name $name.example;
    journey on;
    $servers{$name}
    journey_phase \$arg_phase;
    access_log $sent sent;
    default_type text/html;
    location / { return 200 ok; }
    location /missing { return 404; }
    location /broken { return 500; }
    location = /order {
        journey_goal order id=\$arg_id value=\$arg_value currency=EUR completes;
        return 200 ok;
    }
    location = /form { journey_goal form; default_type text/plain;
                       return 303 /; }
    location = /out { journey_optout; }
    location = /status { journey_status; }
}
END
}


# What a person does, with each of the secrets somewhere.

sub visit {
    my ($port, $host, %more) = @_;
    my $anna = browser(port => $port, host => $host,
        agent => "Mozilla/5.0 (X11) $secrets{'user agent'}",
        language => "$secrets{language},en;q=0.5",
        headers => {
            'X-Real-IP' => $secrets{'IPv4 address'},
            'X-Forwarded-For' => $secrets{'address of a proxy'},
            'X-Secret' => $secrets{header},
            'Authorization' => 'Basic ' . MIME::Base64::encode_base64(
                                   "$secrets{'user of a URL'}:x", ''),
        }, %more);
    my $jar = $anna->cookies;

    $jar->{other} = $secrets{cookie};
    $jar->{consent} = $more{consent} ? $secrets{consent} : '0';

    my $referrer = "https://$secrets{'user of a referrer'}\@www.google.com/"
                   . "$secrets{'path of a referrer'}"
                   . "?q=$secrets{'query of a referrer'}";

    $anna->get("/products/?q=$secrets{'query of a landing'}"
               . "&gclid=$secrets{'value of a click id'}"
               . "&utm_source=$secrets{'campaign with an @'}"
               . '&utm_campaign=campaign-may', Referer => $referrer);
    $anna->get("/public-path?q=$secrets{query}&phase="
               . $secrets{'bad name of a phase'});
    $anna->get("/u/$secrets{'e-mail in a path'}\@mail.example/edit");
    $anna->get("/u/$secrets{'its encoded form'}%40mail.example");
    $anna->get("/tel/$secrets{'digits in a path'}/x");
    $anna->get("/doc/$secrets{'UUID in a path'}");
    $anna->get("/reset/$secrets{'token in a path'}.html");
    $anna->get("/missing/$secrets{'e-mail in a path'}\@mail.example");
    $anna->get("/broken?q=$secrets{query}");
    $anna->get("/order?id=$secrets{'order id'}&value=9.90");
    $anna->get("/order?id=$secrets{'order id'}&value="
               . $secrets{'bad value of a goal'});
    $anna->post('/form', body => "name=$secrets{body}");
    $anna->get("/as?as=$secrets{'bad identity'}", Referer => $referrer);
    $anna->get("/gpc?gclid=$secrets{'value of a click id'}", Sec_GPC => 1);
    $anna->get('/forged', Cookie => "jny=$secrets{'forged token'}; "
                                  . "jny_out=$secrets{'opt-out'}");
    $anna->get('/six', X_Real_IP => $secrets{'IPv6 address'});

    browser(%$anna, agent => "Googlebot/2.1 $secrets{'agent of a bot'}")
        ->get("/products/?q=$secrets{query}", Referer => $referrer);

    my @cookies = map { "$_=$jar->{$_}" } grep { /^jny/ } keys %$jar;

    $anna->get('/out');
    $anna->get("/gone?q=$secrets{query}");

    return @cookies;
}


# Where something is written: the bytes as they are, in capitals or not, in
# base64 and in hexadecimal digits; addresses as a machine has them, too.

sub forms {
    my ($what, $value) = @_;
    my @forms = $value =~ s/%([0-9a-f]{2})/chr hex $1/ger;

    push @forms, $value if $value ne $forms[0];
    push @forms, Socket::inet_aton($value) if $what eq 'IPv4 address';
    push @forms, map { $_, substr $_, 0, 8 }
                 Socket::inet_pton(Socket::AF_INET6, $value)
        if $what eq 'IPv6 address';

    # base64 at any of three places, without what its neighbours decide; that of
    # four bytes is too short: random ids have it by chance
    for my $form (@forms[0 .. $#forms]) {
        next if length $form < 4;

        push @forms, unpack 'H*', $form;
        next if length $form == 4;

        for my $shift (0 .. 2) {
            my $text = MIME::Base64::encode_base64("\0" x $shift . $form, '');

            $text =~ s/=+$//;
            push @forms, substr($text, $shift ? $shift + 1 : 0,
                                -1) =~ tr{+/}{-_}r;
        }
    }

    return grep { length >= 4 } @forms;
}

# Four bytes in base64 are looked for in what its words mean.
sub found {
    my ($text) = @_;
    my $address = Socket::inet_aton($secrets{'IPv4 address'});
    my $meant = join "\n", map { MIME::Base64::decode_base64(tr{-_}{+/}r) }
                           $text =~ m{[A-Za-z0-9_+/-]{6,}}g;
    my @found;

    for my $what (sort keys %secrets) {
        push @found, $what
            if grep { index(lc $text, lc) >= 0 } forms($what, $secrets{$what})
               or $what eq 'IPv4 address' && index($meant, $address) >= 0;
    }

    return @found;
}


# ---- the searching itself can find -----------------------------------------

is(join(' ', found('a ZEBRA/47.11 b')), 'user agent', 'letters of any case');
is(join(' ', found(pack 'C*', 1, 203, 0, 113, 77)), 'IPv4 address', 'bytes');
is(join(' ', found(unpack 'H*', 'x203.0.113.77')), 'IPv4 address', 'digits');

for my $before ('', 'a', 'ab') {
    my $id = base64url($before . pack 'C*', 203, 0, 113, 77, 1, 2);
    is(join(' ', found(qq("v":"$id"))), 'IPv4 address', 'bytes in base64');
}

for my $before ('', 'a', 'ab') {
    is(join(' ', found(base64url("${before}ORDER-lynx-1001xyz"))), 'order id',
       'base64');
}

is(join(' ', found('{"p":"/:email","cmp":"campaign-may"}')), '', 'nothing');


# ---- and finds nothing -----------------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 2, level => 'error');
    my $dir = $nginx->dir;

    $nginx->configure(servers => join('', map { site($nginx->port, $_,
                                                     "$dir/sent") }
                                          sort keys %servers),
                      http => <<"END");
    log_format sent '\$remote_addr \$http_x_forwarded_for "\$request" '
                    '"\$http_referer" "\$http_user_agent" "\$http_cookie" '
                    '\$http_accept_language \$http_x_secret \$remote_user '
                    '\$request_body \$arg_id';
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    journey_log @{[ $nginx->log ]} flush=100ms;
    journey_log_bots $dir/logs/bots.log flush=100ms;
    journey_zone tiny:128k;
    journey_secret $FindBin::Bin/data/test.keys;
    journey_sources $conf/sources.conf;
    journey_agents $conf/agents.conf;
    journey_geoip @{[ journey_mmdb() ]};
    journey_phases { awareness /; decision /order; }
END
    ok($nginx->start, 'started') or diag($nginx->said);

    my (@cookies, $n);

    for my $name (sort keys %servers) {
        push @cookies, visit($nginx->port, "$name.example", consent => $_)
            for 0, 1;
    }

    # a zone that is full has its say, too
    for my $n (1 .. 400) {
        browser(port => $nginx->port, host => 'cookieless.example',
                agent => "Mozilla/5.0 (X11) $secrets{'user agent'} $n",
                headers => { 'X-Real-IP' => $secrets{'IPv4 address'} })
            ->get("/fill?q=$secrets{query}");
    }

    my $status = $nginx->status_when(sub { $_[0]{log}{buffered} == 0 });
    my $json = browser(port => $nginx->port, agent => 'status')
               ->get('/status')->body;

    cmp_ok($status->{cookieless}{evicted}, '>', 0, 'the zone was full');
    cmp_ok($status->{ignored}{$_}, '>', 0, "$_ were ignored")
        for qw(goal_values identities phases);
    cmp_ok($status->{tokens}{malformed}, '>', 0, 'tokens were malformed');
    cmp_ok($status->{suppressed}{$_}, '>', 0, "suppressed by $_")
        for qw(optout gpc consent);

    # the disk fails, the log's folder is gone: that is said, and of nobody
    rename "$dir/logs", "$dir/away" or die;
    visit($nginx->port, 'cookie.example', consent => 1);
    sleep 2;
    rename "$dir/away", "$dir/logs" or die;

    ok($nginx->reload, 'reloaded');
    ok($nginx->quit, 'ended');

    my $sent = slurp("$dir/sent");
    my %files;

    File::Find::find({ no_chdir => 1, wanted => sub {
        $files{$_} = 1 if -f $_ && $_ ne "$dir/sent"
                          && !m{^\Q$dir\E/(?:conf|tmp|html)/};
    }}, $dir);
    delete $files{"$dir/said"};

    my %sent = map { $_ => 1 } found($sent);
    $sent{body} = 1;                    # nginx does not read it
    $sent{'IPv6 network'} = 1;
    is(join(', ', grep { !$sent{$_} } sort keys %secrets), '',
       'all of it was sent');
    is(join(' ', grep { m{/core[^/]*$} } sort keys %files), '',
       'no core dumps');

    my $logs = 0;

    for my $file (sort keys %files) {
        my $text = slurp($file);

        is(join(', ', found($text)), '', "nothing in $file as it is"
           =~ s/\Q$dir\E\///r);

        if ($text =~ /^\x1f\x8b/) {
            $text = journey_log_raw($file);
            $logs++;
            is(join(', ', found($text)), '', "nothing in $file inflated"
               =~ s/\Q$dir\E\///r);
        }

        # nor a cookie of ours, but for the id that its lines name
        is(scalar(grep { index($text, s/^\w+=//r) >= 0 }
                  grep { !/^jny_out/ } @cookies), 0, 'nor a token');
    }

    is($logs, 2, 'two logs: of people and of bots');
    cmp_ok(scalar(grep { /^jny=/ } @cookies), '>=', 4, 'there were tokens');
    is(join(', ', found($json)), '', 'nothing in the status');

    my $text = journey_log_raw($nginx->log);

    for my $public (@public) {
        cmp_ok(index($text, $public), '>=', 0, "the log has $public");
    }

    for my $name (sort keys %servers) {
        cmp_ok(scalar(() = $text =~ /"h":"$name\.example"/g), '>', 20,
               "and events of $name.example");
    }

    like(journey_log_raw("$dir/logs/bots.log"), qr/"bot":"googlebot"/);
    like(slurp($nginx->error_log), qr/\[alert\].*journey\.log/,
         'error.log told of the log');
    $nginx->calm('no other alarm', qr/journey\.log|bots\.log/);
    unlink journey_mmdb();
}
