# Copyright (C) ngx_journey_module contributors
#
# journey on and off, who is known by what (journey_identity), and how a
# visitor's journeys, sessions and touches go on from one request to the next.

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

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    }
});

run_tests();

__DATA__

=== TEST 1: off by default, whatever else is said
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_cookie  shop secure=on;
    journey_phases  { awareness /; }
    journey_goal    seen;
--- config
    default_type text/html;
    location = /vars { return 200 "[$journey_id$journey_number$journey_phase$journey_identity$journey_device$journey_bot$journey_channel]"; }
--- visit
my $r = browser()->get('/', Referer => 'https://partner.example/');
is($r->status, 200);
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
is($r->header('Cache-Control'), undef, 'no Cache-Control');
is(browser()->get('/vars')->body, '[]', 'variables are empty');
--- journey_log



=== TEST 2: on is inherited, off inside on, on inside off
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey         on;
--- config
    default_type text/html;
    location = /in { return 200 ok; }
    location /off/ {
        journey off;
        location /off/on/ { journey on; return 200 ok; }
        location /off/inner/ { return 200 ok; }
        return 200 ok;
    }
--- visit
my %want = ('/' => 1, '/in' => 1, '/off/' => 0, '/off/inner/' => 0,
            '/off/on/' => 1);

for my $uri (sort keys %want) {
    my $r = browser()->get($uri);

    is($r->status, 200);
    is($r->set_cookie('jny') ? 1 : 0, $want{$uri}, $uri);
}
--- journey_log
{"p":"/"}
{"p":"/in"}
{"p":"/off/on/"}



=== TEST 3: off in the server where the one beside it is on
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    server {
        listen       $TEST_NGINX_PORT;
        server_name  other.example;
        journey      on;
        location / { default_type text/html; return 200 ok; }
    }
--- config
    default_type text/html;
--- visit
ok(!browser()->get('/')->set_cookie('jny'));
ok(browser(host => 'other.example')->get('/')->set_cookie('jny'));
--- journey_log
{"h":"other.example"}



=== TEST 4: journey_identity none
--- config
    journey on;
    journey_identity none;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /buy  { return 200 ok; journey_goal purchase value=9 completes; }
    location = /gone { return 410; }
    location = /on   { journey_identity cookie; return 200 ok; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $known = token_encode(token_new(), $::key, 'jny');

$anna->get('/on');
my $token = $anna->cookies->{jny};
ok($token, 'known elsewhere');

for my $uri ('/page', '/buy', '/gone') {
    my $r = $anna->get($uri, Referer => 'https://partner.example/a');

    ok(!$r->set_cookie('jny'), "$uri: no cookie");
    is($r->header('Cache-Control'), undef);
}

$anna->get('/page', Referer => 'http://localhost/other');
$anna->get('/page?utm_source=mail&utm_medium=email&utm_campaign=may');
$anna->get('/page?gclid=abc');
$anna->get('/page');
is(status()->{tokens}{valid}, 0, 'a cookie is not even looked at');
--- journey_log
{"p":"/on","v":"~^c"}
{"k":"page","p":"/page","v":null,"j":null,"s":null,"fs":null,"ch":"referral","src":"partner.example","why":"~."}
{"k":"page","p":"/buy","v":null,"ch":"referral"}
{"k":"goal","p":"/buy","v":null,"j":null,"s":null,"goal":"purchase","done":1,"val":9,"w":null,"wn":null,"ch":null}
{"k":"page","p":"/page","v":null,"ch":null,"src":null}
{"k":"page","p":"/page","v":null,"ch":"email","src":"mail","cmp":"may"}
{"k":"page","p":"/page","v":null,"ch":"~^paid_","cid":"gclid"}
{"k":"page","p":"/page","v":null,"ch":null,"src":null}



=== TEST 5: journey_identity by a variable
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    map $cookie_consent $who { default none; 1 cookie; 2 COOKIE; 3 ""; }
    journey_identity $who;
--- config
    journey on;
    default_type text/html;
    location = /page { add_header X-Identity $journey_identity; return 200 ok; }
    location = /mixed { journey_identity "${arg_a}ie"; return 200 ok; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $r = $anna->get('/page');
is($r->header('X-Identity'), 'none');
ok(!$r->set_cookie('jny'));

$anna->cookies->{consent} = 1;
$r = $anna->get('/page');
is($r->header('X-Identity'), 'cookie');
ok($r->set_cookie('jny'), 'consent gives a cookie');
is(status()->{ignored}{identities}, 0);

for my $odd (2, 3) {
    my $bert = browser();
    $bert->cookies->{consent} = $odd;
    $r = $bert->get('/page');
    is($r->header('X-Identity'), 'none', 'an unknown value is none');
    ok(!$r->set_cookie('jny'));
}

is(status()->{ignored}{identities}, 2, 'and counted, once a request');

ok(browser()->get('/mixed?a=cook')->set_cookie('jny'), 'text and variables');
ok(!browser()->get('/mixed?a=look')->set_cookie('jny'));
is(status()->{ignored}{identities}, 3);
--- journey_log
{"v":null}
{"v":"~^c","s":1}
{"v":null}
{"v":null}
{"p":"/mixed","v":"~^c"}
{"p":"/mixed","v":null}



=== TEST 6: wrong values of the directives here
--- config
    location = /page { return 200 ok; }
--- visit
refused(
    [server => 'journey_identity cookies;',
     qr/identity "cookies" of "journey_identity"/],
    [server => 'journey_identity "";',
     qr/identity "" of "journey_identity"/],
    [server => 'journey_identity Cookie;',
     qr/identity "Cookie" of "journey_identity"/],
    [location => 'journey_identity cookie none;',
     qr/invalid number of arguments in "journey_identity"/],
    [http => 'journey_identity cookie; journey_identity none;',
     qr/"journey_identity" directive is duplicate/],
    [http => 'journey yes;', qr/invalid value "yes" in "journey" directive/],
    [http => 'journey;', qr/invalid number of arguments in "journey"/],
    [location => 'journey on; journey off;', qr/"journey" directive is dupl/],
    [location => 'if ($arg_a) { journey off; }',
     qr/"journey" directive is not allowed here/],
    [server => 'journey_session 0;', qr/"0" of "journey_session".* 1s and 7d/],
    [server => 'journey_session 8d;', qr/"journey_session".* 1s and 7d/],
    [server => 'journey_session soon;',
     qr/"soon" of "journey_session"/],
    [server => 'journey_session 1m; journey_session 1m;',
     qr/"journey_session" directive is duplicate/],
    [server => 'journey_zone a:1m;',
     qr/"journey_zone" directive is not allowed here/],
    [http => 'journey_zone a;', qr/zone "a" of "journey_zone"/],
    [http => 'journey_zone a:1k;', qr/"a:1k" of "journey_zone"/],
    [http => 'journey_zone :1m;', qr/zone ":1m" of "journey_zone"/],
    [http => 'journey_zone a:b;', qr/"a:b" of "journey_zone"/],
    [http => 'journey_zone a:1m; journey_zone b:1m;',
     qr/"journey_zone" directive is duplicate/],
);
accepted(
    [server => 'journey_session 1s;'], [location => 'journey_session 7d;'],
    [http => 'journey_zone a:128k;'], [location => 'journey_identity none;'],
    [location => 'journey_identity $arg_a;'],
);



=== TEST 7: a visitor's sessions and touches
--- config
    journey on;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $mail = '/page?utm_source=news&utm_medium=email&utm_campaign=';

$anna->get('/page', Referer => 'https://partner.example/x');
$anna->get('/page', Referer => 'http://localhost/page');
$anna->get('/page');                                    # no touch inside
$anna->get("${mail}may");                               # a touch, no session
$anna->get("${mail}may");                               # the same: none
$anna->get("${mail}june", Referer => 'http://localhost/page');
$anna->get('/page', Referer => 'https://partner.example/y');
$anna->get('/page', Referer => 'https://partner.example/z');
age($anna, 1780, $::key);
$anna->get('/page');                                    # still the session
age($anna, 1800, $::key);
$anna->get('/page');                                    # another: direct
age($anna, 1800, $::key);
$anna->get('/page', Referer => 'http://localhost/page');# own is none: direct
age($anna, 1800, $::key);
$anna->get("${mail}june");
my $status = status();
is($status->{sessions}, 4);
is($status->{touches}, 7);
is($status->{journeys}, 1);
is($status->{visitors}{new}, 1);
is($status->{visitors}{returning}, 3);
is($status->{events}{page}, 12);
is_deeply($status->{channels}, { referral => 2, email => 3, direct => 2 });
my $state = token_decode($anna->cookies->{jny});
is_deeply($state->{channels}, [14, 15, 15, 14, 1, 1, 15]);
is($state->{touches}, 7);
--- journey_log
{"j":1,"s":1,"ch":"referral","src":"partner.example","ref":"partner.example","fs":"~^2"}
{"j":1,"s":1,"ch":null,"fs":null,"why":null}
{"j":1,"s":1,"ch":null,"fs":null}
{"j":1,"s":1,"ch":"email","cmp":"may","src":"news","fs":null}
{"j":1,"s":1,"ch":null,"cmp":null,"fs":null}
{"j":1,"s":1,"ch":"email","cmp":"june","fs":null}
{"j":1,"s":1,"ch":"referral","src":"partner.example"}
{"j":1,"s":1,"ch":null,"src":null,"ref":null}
{"j":1,"s":1,"ch":null,"fs":null}
{"j":1,"s":2,"ch":"direct","why":"direct","src":null,"fs":"~^2"}
{"j":1,"s":3,"ch":"direct","fs":"~^2"}
{"j":1,"s":4,"ch":"email","cmp":"june","fs":"~^2"}



=== TEST 8: the session's timeout on a real clock
--- config
    journey on;
    default_type text/html;
    journey_session 1s;
    location = /page { return 200 ok; }
    location = /long { journey_session 1h; return 200 ok; }
--- visit
my $anna = browser();
$anna->get('/page');
select undef, undef, undef, 2.1;
$anna->get('/long');
$anna->get('/page');
--- journey_log
{"s":1,"p":"/page","ch":"direct"}
{"s":1,"p":"/long","ch":null}
{"s":2,"p":"/page","ch":"direct"}



=== TEST 9: a completing goal, and the journey after it
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_phases  {
        awareness   /;
        decision    /cart /done;
        retention   /account;
        advocacy    /review;
    }
--- config
    journey on;
    default_type text/html;
    add_header X-Furthest "$journey_number $journey_furthest_phase";
    location = /page { return 200 ok; }
    location = /cart { return 200 ok; }
    location = /done { return 200 ok; journey_goal purchase value=5.50
                       currency=EUR completes; }
    location = /sign { return 200 ok; journey_goal signup; }
    location = /review { return 200 ok; journey_goal review completes; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $go = sub {
    my ($uri, $want, @more) = @_;
    is($anna->get($uri, @more)->header('X-Furthest'), $want, "$uri: $want");
};

$go->('/page', '1 awareness', Referer => 'https://partner.example/');
$go->('/sign?utm_source=n&utm_medium=email', '1 awareness');
$go->('/cart', '1 decision');
$go->('/done', '1 decision');
$go->('/done', '1 decision');           # a second purchase, the same journey
$go->('/page?utm_source=n&utm_medium=sms', '1 decision');
age($anna, 1800, $::key);
$go->('/page', '2 retention');          # the floor: the phase after the goal's
$go->('/review', '2 advocacy');
age($anna, 1800, $::key);
$go->('/page', '3 awareness');          # advocacy is the last: no floor
my $status = status();
is($status->{completed}, 2, 'two journeys completed');
is($status->{journeys}, 3);
is($status->{events}{goal}, 4);
--- journey_log
{"k":"page","p":"/page","j":1,"s":1,"ph":"awareness","pn":1,"ch":"referral"}
{"k":"page","p":"/sign","ch":"email"}
{"k":"goal","p":"/sign","goal":"signup","done":null,"w":["referral","email"],"wn":2,"fs":null,"ch":null,"ms":null,"j":1,"s":1}
{"k":"page","p":"/cart","ph":"decision","pn":2}
{"k":"page","p":"/done","j":1}
{"k":"goal","p":"/done","goal":"purchase","done":1,"val":5.5,"cur":"EUR","w":["referral","email"],"wn":2,"j":1,"s":1,"ph":"decision","pn":2}
{"k":"page","p":"/done","j":1}
{"k":"goal","p":"/done","goal":"purchase","done":1,"w":["referral","email"],"wn":2,"j":1}
{"k":"page","p":"/page","j":1,"s":1,"ch":"sms"}
{"k":"page","p":"/page","j":2,"s":2,"ch":"direct","fs":"~^2"}
{"k":"page","p":"/review","j":2,"s":2,"ch":null,"fs":null}
{"k":"goal","p":"/review","goal":"review","done":1,"w":["direct"],"wn":1,"j":2,"s":2}
{"k":"page","p":"/page","j":3,"s":3,"ch":"direct","fs":"~^2"}



=== TEST 10: more touches than a token holds
--- config
    journey on;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /done { return 200 ok; journey_goal purchase; }
--- visit
my $anna = browser();
my $now = time;
$anna->cookies->{jny} = token_encode(
    token_new(touches => 20, channels => [14, (1) x 14, 15]), $::key, 'jny');
$anna->get('/page?utm_source=s&utm_medium=sms');
$anna->get('/done');
my $state = token_decode($anna->cookies->{jny});
is($state->{touches}, 21);
is_deeply($state->{channels}, [14, (1) x 13, 15, 18],
          'the first and the last 15');
cmp_ok(length $anna->cookies->{jny}, '<=', 140);
--- journey_log
{"k":"page","ch":"sms"}
{"k":"page","ch":null}
{"k":"goal","wn":21,"w":["referral","direct","direct","direct","direct","direct","direct","direct","direct","direct","direct","direct","direct","direct","email","sms"]}



=== TEST 11: a goal after its session's end, and an error, change nothing
--- config
    journey on;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /form { return 303 /page; journey_goal sent completes; }
--- visit
my $anna = browser();
$anna->get('/page');
age($anna, 1800, $::key);
my $token = $anna->cookies->{jny};
ok(!$anna->post('/form')->set_cookie('jny'));
ok(!$anna->get('/missing')->set_cookie('jny'));
is($anna->cookies->{jny}, $token, 'the state is as it was');
browser()->get('/missing');             # unknown: no event
browser()->post('/form');               # a goal without a visitor
$anna->get('/page');
--- journey_log
{"k":"page","j":1,"s":1}
{"k":"goal","j":1,"s":1,"goal":"sent","done":1}
{"k":"error","j":1,"s":1,"st":404,"p":"/missing","ph":null,"ch":null}
{"k":"goal","v":null,"goal":"sent"}
{"k":"page","j":1,"s":2}



=== TEST 12: bots, assets and prefetches in the counters
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_agents  journey/agents.conf;
--- config
    journey on;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /css { default_type text/css; return 200 ok; }
    location = /status { journey off; journey_status; }
--- visit
my $before = status()->{requests};      # with what a reload's waiting took
my $anna = browser();
$anna->get('/page');
$anna->get('/css');
$anna->get('/page', Sec_Fetch_Mode => 'no-cors', Sec_Fetch_Dest => 'document',
           Sec_Fetch_Site => 'same-origin', Sec_Purpose => 'prefetch');
browser(agent => 'Googlebot/2.1')->get('/page');
my $status = status();
is($status->{requests} - $before, 5, 'the status itself is one');
is($status->{events}{page}, 1);
is($status->{events}{prefetched}, 1);
is($status->{bots}, 1);
is($status->{cookies_set}, 1);
is($status->{visitors}{new}, 1);
like($status->{version}, qr{^\d+\.\d+\.\d+$});
cmp_ok(abs($status->{time} - time), '<', 5);
--- journey_log
{"k":"page","pf":null}
{"k":"page","pf":1,"s":1,"ch":null}


=== TEST 13: a variable journey_identity is asked once, also from server level
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_agents  journey/agents.conf;
    map $arg_who $who { default cookie; ~. $arg_who; }
    journey_identity $who;
--- config
    journey on;
    default_type text/html;
    set $seen $journey_id;
    location = /page { journey_page /p; add_header X-Seen $seen; return 200 ok; }
    location = /status { journey off; journey_status; }
--- visit
my $anna = browser();
$anna->get('/page');

my $before = status();
my $r = $anna->get('/page');
is($r->header('X-Seen'), $anna->get('/page')->header('X-Seen'), 'the same id');
$anna->get('/page?who=nonsense');

my $after = status();
is($after->{tokens}{valid} - $before->{tokens}{valid}, 2,
   'each cookie is verified once');
is($after->{ignored}{identities} - $before->{ignored}{identities}, 1,
   'the unknown value is counted once');
