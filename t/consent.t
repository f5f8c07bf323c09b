# Copyright (C) ngx_journey_module contributors
#
# journey_consent and journey_signals: nothing on the device before consent, a
# session that goes on when it comes, a cookie that goes when it is withdrawn.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';
our @google = (Referer => 'https://www.google.com/search?q=lamp');

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

# Each another visitor without a cookie.
my $number = 0;

sub visitor {
    my $rv = 100 + $number++;

    return browser(agent => "Mozilla/5.0 (X11; Linux x86_64; rv:$rv.0) "
                            . "Gecko/20100101 Firefox/$rv.0", @_);
}

# The cookies of ours that a browser has.
sub ours { return join ' ', grep { /^jny/ } sort keys %{ $_[0]->cookies }; }

$ENV{TEST_NGINX_HTTP} = <<"_EOC_";
    journey_sources journey/sources.conf;
    journey_agents  journey/agents.conf;
    journey_secret  $ENV{TEST_NGINX_JOURNEY_DATA}/test.keys;
    journey_phases  { awareness /; decision /cart; }
    map \$cookie_consent \$agreed { yes 1; }
_EOC_

$ENV{TEST_NGINX_SITE} = <<'_EOC_';
    default_type text/html;
    add_header X-Journey "$journey_identity:$journey_number:$journey_session:$journey_touches:$journey_furthest_phase";
    location / { return 200 ok; }
    location = /a.css { default_type text/css; return 200 x; }
    location = /moved { return 302 /; }
    location = /missing { return 404; }
    location = /order { journey_goal order completes value=5; return 200 ok; }
    location = /form { default_type text/plain; return 303 /;
                       journey_goal form; }
    location = /maybe { default_type text/plain; return 200 ok;
                        journey_goal maybe if=$arg_yes; }
    location = /status { journey_status; }
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
_EOC_
    $block->set_value('config', <<'_EOC_') if !defined $block->config;
    journey on;
    journey_consent $agreed;
    $TEST_NGINX_SITE
_EOC_
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: nothing before consent; the session goes on when it comes
--- visit
my $anna = visitor();
my $r = $anna->get('/', @::google);
is($r->header('X-Journey'), 'cookieless:1:1:organic_search:awareness');
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
is($r->header('Cache-Control'), undef, 'no Cache-Control');
$anna->get('/?utm_source=n&utm_medium=email');
is(ours($anna), '', 'nothing on the device');
is(status()->{cookieless}{visitors}, 1, 'but in shared memory');

my $before = time;
$anna->cookies->{consent} = 'yes';
$r = $anna->get('/cart', Referer => 'http://localhost/');
is($r->header('X-Journey'),
   'cookie:1:1:organic_search>email:decision', 'as if it had been there');
like($r->set_cookie('jny'),
     qr{^jny=[-\w]{78,140}; Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000$});
is($r->header('Cache-Control'), 'private');

my $state = token_decode($anna->cookies->{jny});
is_deeply([@$state{qw(journey session touches)}], [1, 1, 2]);
is_deeply($state->{channels}, [12, 15]);
cmp_ok($state->{first_seen}, '>=', $before - 1,
       'the life of the id begins with consent');
cmp_ok($state->{first_seen}, '<=', time, 'and not later');
cmp_ok($state->{last_seen}, '<=', time);
isnt($state->{touch_hash}, 0);

my $status = status();
is($status->{cookieless}{visitors}, 0, 'the node of the hash is gone');
is($status->{continued}, 1);
is($status->{visitors}{new}, 1, 'one visitor');
is($status->{sessions}, 1);
is($status->{suppressed}{consent}, 2, 'two events before consent');

# the same campaign opens no touch again, and nothing is sent twice
is($anna->get('/?utm_source=n&utm_medium=email')->set_cookie('jny'), undef);
$anna->get('/order');

# the same browser without its cookies is somebody else
visitor(agent => $anna->{agent})->get('/other');
is(status()->{cookieless}{visitors}, 1);
--- journey_log
{"p":"/","v":"~^h","j":1,"s":1,"ch":"organic_search","pv":null,"fs":null}
{"p":"/","v":"~^h","j":1,"s":1,"ch":"email","pv":null}
{"p":"/cart","v":"~^c","j":1,"s":1,"ch":null,"pv":"~^h","fs":"~^2"}
{"p":"/","v":"~^c","j":1,"s":1,"ch":null,"pv":null,"fs":null}
{"k":"page","p":"/order","v":"~^c","pv":null}
{"k":"goal","p":"/order","v":"~^c","pv":null,"w":["organic_search","email"],"wn":2}
{"p":"/other","v":"~^h","j":1,"s":1,"ch":"direct"}



=== TEST 2: a hundred visitors who agree on their second page
--- visit
my @landings = (['/', @::google], ['/?utm_source=n&utm_medium=email'],
                ['/', Referer => 'https://partner.example/'], ['/']);

for my $n (1 .. 100) {
    my $anna = visitor();
    my ($uri, @headers) = @{ $landings[$n % 4] };

    $anna->get($uri, @headers);
    $anna->cookies->{consent} = 'yes';
    $anna->get('/cart');
    $anna->get('/order') if $n % 2;
    $anna->get('/last');
}

my @events = journey_log_wait(400);
is(scalar @events, 400, 'events: 100 landings, 100 carts, 50 orders twice, 100');
is(scalar(grep { exists $_->{pv} } @events), 100, 'pv a hundred times');

my %v = map { $_->{v} => 1 } @events;
is(scalar(grep { /^h/ } keys %v), 100, 'hashes');
is(scalar(grep { /^c/ } keys %v), 100, 'cookies');
is(scalar(grep { $_->{pv} && $v{$_->{pv}} } @events), 100,
   'each pv is a hash that was seen');

my ($code, $out, $err) = journey_command(undef, 'report', '--json',
                                         journey_log_name());
is($code, 0) or diag($err);
my $report = JSON::PP::decode_json($out);
my $summary = $report->{summary};
is($summary->{visitors}, 100, 'report: a hundred visitors');
is($summary->{sessions}, 100, 'a hundred sessions');
is($summary->{journeys}, 100, 'a hundred journeys');
is($summary->{conversions}, 50, 'conversions');
is($summary->{value}, 250, 'and their value');

my %channels = map { $_->{channel} => $_ } @{ $report->{channels} };
is(join(' ', sort keys %channels), 'direct email organic_search referral');

for my $name (sort keys %channels) {
    is($channels{$name}{$_}, 25, "$name: $_")
        for qw(touches visitors sessions journeys);
}

# orders of the odd ones: email and direct
is($channels{$_}{conversions}, 25 * ($_ =~ /^(?:email|direct)$/), "$_: orders")
    for 'direct', 'referral';
is($channels{email}{conversions} + $channels{organic_search}{conversions}
   + $channels{referral}{conversions} + $channels{direct}{conversions}, 50);

my ($page) = grep { $_->{path} eq '/' } @{ $report->{pages} };
is($page->{entries}, 100, 'sessions begin with the landing');
is($page->{exits}, 0, 'and do not end there');
my ($last) = grep { $_->{path} eq '/last' } @{ $report->{pages} };
is($last->{exits}, 100);

is($_->{journeys} + 0, 100, "all of them were in phase $_->{phase}")
    for @{ $report->{phases} };

# thirty more who never agree
for (1 .. 30) {
    my $bert = visitor();
    $bert->get('/') for 1 .. 2;
}

journey_log_wait(460);
($code, $out) = journey_command(undef, 'report', '--json', journey_log_name());
is(JSON::PP::decode_json($out)->{summary}{visitors}, 130);
is(JSON::PP::decode_json($out)->{summary}{sessions}, 130);



=== TEST 3: a goal that is no page can be the first with consent
--- visit
my $anna = visitor();
$anna->get('/', @::google);
$anna->cookies->{consent} = 'yes';
is($anna->get('/maybe')->set_cookie('jny'), undef, 'no goal, no cookie');
is(status()->{cookieless}{visitors}, 1);
my $r = $anna->post('/form');
like($r->set_cookie('jny'), qr/^jny=[-\w]{60}/, 'with the goal');
is($r->header('Cache-Control'), 'private');
is(status()->{cookieless}{visitors}, 0);
is(status()->{continued}, 1);
$anna->get('/cart');

my $state = token_decode($anna->cookies->{jny});
is_deeply([@$state{qw(journey session touches)}], [1, 1, 1]);

# with a condition that holds
my $bert = visitor();
$bert->get('/', @::google);
$bert->cookies->{consent} = 'yes';
ok($bert->get('/maybe?yes=1', Accept => '*/*')->set_cookie('jny'));

# nobody's goal stays nobody's
my $carl = visitor();
$carl->cookies->{consent} = 'yes';
is($carl->post('/form')->set_cookie('jny'), undef);
is(status()->{continued}, 2);
--- journey_log
{"k":"page","p":"/","v":"~^h","s":1}
{"k":"goal","p":"/form","v":"~^c","pv":"~^h","j":1,"s":1,"w":["organic_search"],"fs":"~^2"}
{"k":"page","p":"/cart","v":"~^c","pv":null,"j":1,"s":1,"ch":null}
{"k":"page","p":"/","v":"~^h"}
{"k":"goal","p":"/maybe","v":"~^c","pv":"~^h","w":["organic_search"]}
{"k":"goal","p":"/form","v":null,"pv":null}



=== TEST 4: withdrawn
--- visit
my $anna = visitor();
$anna->cookies->{consent} = 'yes';
$anna->get('/1', @::google);
my $token = $anna->cookies->{jny};
ok($token);

$anna->cookies->{consent} = 'no';
is($anna->get('/a.css')->set_cookie('jny'), undef, 'not with an asset');
is($anna->get('/moved')->set_cookie('jny'), undef, 'nor a redirect');
is($anna->request('HEAD', '/2')->set_cookie('jny'), undef, 'nor HEAD');
is(ours($anna), 'jny');
my $r = $anna->get('/2');
is($r->set_cookie('jny'), 'jny=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
   'but with the next page');
is(scalar(() = $r->header('Set-Cookie')), 1);
is($r->header('Cache-Control'), 'private');
is(ours($anna), '', 'nothing is left');
is($r->header('X-Journey'), 'cookieless:1:1:direct:awareness',
   'nothing is taken along');
is($anna->get('/3')->set_cookie('jny'), undef, 'once');
is(status()->{cookies_deleted}, 1);

# a goal takes it away, too, and one that is nobody's any more
my $bert = visitor();
$bert->cookies->{jny} = $token;
is($bert->post('/form')->set_cookie('jny') =~ s/;.*//r, 'jny=');

# what is no token goes as well, whatever its name's bearer put there
my $carl = visitor();
$carl->cookies->{jny} = 'mine';
is($carl->get('/4')->set_cookie('jny') =~ s/;.*//r, 'jny=');

# agreed again: another id, the session of meanwhile goes on
$anna->cookies->{consent} = 'yes';
$anna->get('/5');
isnt(token_decode($anna->cookies->{jny})->{v}, token_decode($token)->{v});
--- journey_log
{"p":"/1","v":"~^c","s":1,"ch":"organic_search"}
{"p":"/2","v":"~^h","s":1,"ch":"direct","pv":null}
{"p":"/3","v":"~^h","s":1}
{"p":"/form","k":"goal","v":null}
{"p":"/4","v":"~^h"}
{"p":"/5","v":"~^c","pv":"~^h","s":1}



=== TEST 5: Sec-GPC and DNT object
--- visit
my $anna = visitor(headers => { 'Sec-GPC' => 1 });
$anna->cookies->{consent} = 'yes';
my $r = $anna->get('/gpc?gclid=x', @::google);
is($r->header('X-Journey'), 'cookieless:1:1:paid_search:awareness');
is(ours($anna), '', 'consent or not');
$anna->get('/gpc2?gclid=y&utm_campaign=a');

my $bert = visitor(headers => { DNT => 1 });
$bert->cookies->{consent} = 'yes';
$bert->get('/dnt?gclid=x');
is(ours($bert), '');
my $status = status();
is($status->{suppressed}{gpc}, 2);
is($status->{suppressed}{dnt}, 1);
is($status->{suppressed}{consent}, 0, 'it was given');

# other values are none
for my $value ('0', '', 'true', '11', '1, 1') {
    my $carl = visitor();
    $carl->cookies->{consent} = 'yes';
    $carl->get('/none', Sec_GPC => $value, DNT => $value);
    is(ours($carl), 'jny', "\"$value\" is no objection");
}

# an objection takes the cookie away
my $dora = visitor();
$dora->cookies->{consent} = 'yes';
$dora->get('/dora?gclid=x');
is(ours($dora), 'jny');
is($dora->get('/dora', Sec_GPC => 1)->set_cookie('jny') =~ s/;.*//r, 'jny=');
is(ours($dora), '');

# of both one is counted
visitor()->get('/both', Sec_GPC => 1, DNT => 1);
$status = status();
is($status->{suppressed}{gpc}, 4);
is($status->{suppressed}{dnt}, 1);
--- journey_log
{"p":"/gpc","v":"~^h","ch":"paid_search","cid":null,"src":"google","why":"click"}
{"p":"/gpc2","v":"~^h","ch":"~.","cid":null}
{"p":"/dnt","v":"~^h","cid":null}
{"p":"/none","v":"~^c"}
{"p":"/none","v":"~^c"}
{"p":"/none","v":"~^c"}
{"p":"/none","v":"~^c"}
{"p":"/none","v":"~^c"}
{"p":"/dora","v":"~^c","cid":"gclid"}
{"p":"/dora","v":"~^h","pv":null}
{"p":"/both","v":"~^h"}



=== TEST 6: journey_signals: what is honoured, and how levels replace
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
    journey_signals gpc;
--- config
    journey on;
    default_type text/html;
    location = /gpc { return 200 ok; }
    location = /dnt { journey_signals dnt; return 200 ok; }
    location = /both { journey_signals dnt gpc; return 200 ok; }
    location /off/ {
        journey_signals off;
        location /off/inner { return 200 ok; }
        location /off/on { journey_signals gpc dnt; return 200 ok; }
    }
--- visit
# by path: with GPC, with DNT
my %want = ('/gpc' => '- c', '/dnt' => 'c -', '/both' => '- -',
            '/off/inner' => 'c c', '/off/on' => '- -');

for my $uri (sort keys %want) {
    my @got;

    for my $signal ('Sec-GPC', 'DNT') {
        my $anna = visitor();
        $anna->get("$uri?gclid=x", $signal => 1);
        push @got, ours($anna) ? 'c' : '-';
    }

    is("@got", $want{$uri}, $uri);
}

for my $event (journey_log_wait(10)) {
    is(exists $event->{cid} ? 'c' : 'h', substr($event->{v}, 0, 1),
       "$event->{p}: the click id goes with the cookie");
}



=== TEST 7: without journey_consent a signal alone decides
--- config
    journey on;
    $TEST_NGINX_SITE
--- visit
my $anna = visitor();
$anna->get('/');
is(ours($anna), 'jny');
my $bert = visitor();
$bert->get('/', DNT => 1);
is(ours($bert), '');

# it goes away with the browser's next page, and the session is another: to
# object is no consent, nothing is linked
$bert->get('/');
is(ours($bert), 'jny');
--- journey_log
{"v":"~^c","s":1}
{"v":"~^h","s":1}
{"v":"~^c","s":1,"pv":null}



=== TEST 8: what is consent
--- config
    journey on;
    journey_consent $arg_c;
    default_type text/html;
    location / { return 200 ok; }
    location = /text { journey_consent "x$arg_c"; return 200 ok; }
    location = /own { journey_consent $cookie_consent; return 200 ok; }
    location = /up { journey_consent $upstream_http_x_consent; return 200 ok; }
--- visit
my %want = ('/' => 0, '/?c=' => 0, '/?c=0' => 0, '/?c=1' => 1, '/?c=00' => 1,
            '/?c=no' => 1, '/?c=%20' => 1, '/text' => 1, '/text?c=0' => 1,
            '/own?c=1' => 0, '/up' => 0);

for my $uri (sort keys %want) {
    my $anna = visitor();
    $anna->get($uri);
    is(ours($anna) ? 1 : 0, $want{$uri}, $uri);
}



=== TEST 9: levels replace, and what the directives refuse
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
    journey_consent $arg_http;
    server {
        listen $TEST_NGINX_PORT;
        server_name server.example;
        journey on;
        journey_consent $arg_server;
        default_type text/html;
        location / { return 200 ok; }
        location /location { journey_consent $arg_location; return 200 ok; }
    }
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
--- visit
for my $case (['localhost', '/', 'http'], ['server.example', '/', 'server'],
              ['server.example', '/location', 'location'])
{
    my ($host, $uri, $level) = @$case;

    for my $arg (qw(http server location)) {
        my $anna = visitor(host => $host);
        $anna->get("$uri?$arg=1");
        is(ours($anna) ? $arg : '', $arg eq $level ? $arg : '',
           "$host$uri: $arg");
    }
}

refused(
    [http => 'journey_consent yes;',
     qr/"journey_consent" "yes" is no variable: nobody would have been asked/],
    [server => 'journey_consent "";', qr/"journey_consent" "" is no variable/],
    [server => 'journey_consent;',
     qr/invalid number of arguments in "journey_consent"/],
    [server => 'journey_consent $arg_a $arg_b;',
     qr/invalid number of arguments in "journey_consent"/],
    [server => 'journey_consent $arg_a; journey_consent $arg_a;',
     qr/"journey_consent" directive is duplicate/],
    [location => 'if ($arg_a) { journey_consent $arg_a; }',
     qr/"journey_consent" directive is not allowed here/],

    [http => 'journey_signals gpt;',
     qr/invalid signal "gpt" of "journey_signals": they are gpc and dnt, or off alone/],
    [http => 'journey_signals gpc off;', qr/invalid signal "off"/],
    [http => 'journey_signals off gpc;', qr/invalid signal "off"/],
    [http => 'journey_signals on;', qr/invalid signal "on"/],
    [http => 'journey_signals GPC;', qr/invalid signal "GPC"/],
    [http => 'journey_signals "";', qr/invalid signal ""/],
    [http => 'journey_signals;',
     qr/invalid number of arguments in "journey_signals"/],
    [server => 'journey_signals gpc; journey_signals dnt;',
     qr/"journey_signals" directive is duplicate/],
    [location => 'if ($arg_a) { journey_signals off; }',
     qr/"journey_signals" directive is not allowed here/],
);
accepted([location => 'journey_consent $arg_a;'],
         [location => 'journey_signals dnt gpc;'],
         [location => 'journey_signals off;']);



=== TEST 10: a session that is over is not gone on with
--- config
    journey on;
    journey_consent $agreed;
    journey_session 1s;
    $TEST_NGINX_SITE
--- visit
my $anna = visitor();
$anna->get('/1', @::google);
select undef, undef, undef, 2.1;
$anna->cookies->{consent} = 'yes';
$anna->get('/2');
is(status()->{continued}, 0);
--- journey_log
{"p":"/1","v":"~^h","s":1,"ch":"organic_search"}
{"p":"/2","v":"~^c","s":1,"pv":null,"ch":"direct","fs":"~^2"}



=== TEST 11: a variable that asks before the location is known
--- config
    journey on;
    journey_consent $agreed;
    set $before "$journey_id";
    default_type text/html;
    location / { add_header X-Ids "$before $journey_id"; return 200 ok; }
    location /other { journey_signals off; return 200 ok;
                      add_header X-Ids "$before $journey_id"; }
--- visit
for my $uri ('/1', '/other') {
    my $anna = visitor();
    $anna->get('/0', @::google);
    $anna->cookies->{consent} = 'yes';
    my $r = $anna->get($uri);
    my ($before, $after) = split / /, $r->header('X-Ids');
    ok($r->set_cookie('jny'), "$uri: a cookie");
    like($before, qr/^c/);
    is($before, $after, 'one id for a request');
    is($after, token_decode($anna->cookies->{jny})->{v}, 'which is kept');
}
--- journey_log
{"p":"/0","v":"~^h","ch":"organic_search"}
{"p":"/1","v":"~^c","pv":"~^h","ch":null,"s":1}
{"p":"/0","v":"~^h","ch":"organic_search"}
{"p":"/other","v":"~^c","pv":"~^h","ch":null,"s":1}



=== TEST 12: journey_identity by a variable does the same, but takes nothing away
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
    map $cookie_consent $who { default cookieless; yes cookie; never none; }
    journey_identity $who;
--- config
    journey on;
    $TEST_NGINX_SITE
--- visit
my $anna = visitor();
is($anna->get('/1', @::google)->header('X-Journey'),
   'cookieless:1:1:organic_search:awareness');
$anna->cookies->{consent} = 'yes';
is($anna->get('/2')->header('X-Journey'),
   'cookie:1:1:organic_search:awareness');
$anna->cookies->{consent} = 'no';
is($anna->get('/3')->set_cookie('jny'), undef);
is(ours($anna), 'jny', 'it is not read, and stays');
$anna->cookies->{consent} = 'never';
is($anna->get('/4')->header('X-Journey'), 'none::::');
--- journey_log
{"p":"/1","v":"~^h","ch":"organic_search"}
{"p":"/2","v":"~^c","pv":"~^h"}
{"p":"/3","v":"~^h","s":1,"ch":"direct","pv":null}
{"p":"/4","v":null}



=== TEST 13: prefetched pages and bots begin no cookie
--- visit
my $anna = visitor();
$anna->get('/', @::google);
$anna->cookies->{consent} = 'yes';
is($anna->get('/next', Sec_Purpose => 'prefetch', Sec_Fetch_Site =>
              'same-origin', Sec_Fetch_Mode => 'navigate',
              Sec_Fetch_Dest => 'document')->set_cookie('jny'), undef);
is($anna->get('/missing')->set_cookie('jny'), undef, 'nor does an error');
is(browser(agent => 'Googlebot/2.1')->get('/', Cookie => 'consent=yes')
   ->set_cookie('jny'), undef);
is(status()->{cookieless}{visitors}, 1);
ok($anna->get('/next')->set_cookie('jny'));
is(status()->{cookieless}{visitors}, 0);
--- journey_log
{"p":"/","v":"~^h"}
{"p":"/next","pf":1,"v":null}
{"p":"/next","v":"~^c","pv":"~^h","pf":null}



=== TEST 14: two requests that go on with one session at once: one tells of it
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
    limit_req_zone  $server_name zone=one:1m rate=2r/s;
--- config
    journey on;
    journey_consent $agreed;
    $TEST_NGINX_SITE
    location /slow/ { set $early $journey_id; limit_req zone=one burst=9;
                      try_files /none /slow.html; }
    location = /slow.html { root html; }
--- user_files
>>> slow.html
slow
--- visit
my $anna = visitor();
my $agree = sub {
    return "GET $_[0] HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
           . "Accept-Language: $anna->{language}\r\n"
           . "User-Agent: $anna->{agent}\r\nCookie: consent=yes\r\n"
           . "Connection: close\r\n\r\n";
};

$anna->get('/', @::google);
visitor()->get('/slow/other');

# both have an id before one of them is answered
my @sockets = map {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_PORT});
    print $socket $agree->($_);
    $socket;
} '/slow/1', '/slow/2';

for my $socket (@sockets) {
    my $answer = do { local $/; <$socket> };
    like($answer, qr/^Set-Cookie: jny=[-\w]/m, 'a cookie');
}

is(status()->{continued}, 1, 'counted once');
is(status()->{cookieless}{visitors}, 1);
--- journey_log
{"p":"/","v":"~^h","ch":"organic_search"}
{"p":"/slow/other","v":"~^h","ch":"direct"}
{"p":"/slow/1","v":"~^c","s":1,"pv":"~^h","ch":null}
{"p":"/slow/2","v":"~^c","s":1,"pv":null,"ch":null}
