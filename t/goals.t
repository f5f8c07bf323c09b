# Copyright (C) ngx_journey_module contributors
#
# Goals: when they are reached, what their lines hold, and what they do to the
# journey (design, sections 5, 6.5, 6.6 and 8).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';      # of t/data/test.keys

my %secret = (files => { secret => "000102030405060708090a0b0c0d0e0f\n" },
              http => 'journey_secret secret;');

refused("journey_goal $_->[0]",
        { %secret, location => "journey_goal $_->[0]; # HERE" },
        qr/"journey_goal": $_->[1]/) for (
    ['Purchase', qr/goal name "Purchase" is not of the form/],
    ['"a b"', qr/goal name "a b" is not of the form/],
    ['""', qr/goal name "" is not of the form/],
    ['1st', qr/goal name "1st" is not of the form/],
    ['uri=/thanks', qr/goal name "uri=\/thanks" is not of the form/],
    ['a' x 65, qr/goal name "a{65}" is not of the form/],
    ['buy price=1', qr/invalid parameter "price=1"/],
    ['buy complete', qr/invalid parameter "complete"/],
    ['buy completes=1', qr/invalid parameter "completes=1"/],
    ['buy value=', qr/empty parameter "value="/],
    ['buy currency=', qr/empty parameter "currency="/],
    ['buy id=', qr/empty parameter "id="/],
    ['buy if=', qr/empty parameter "if="/],
    ['buy uri=', qr/invalid path pattern ""/],
    ['buy uri=thanks', qr/invalid path pattern "thanks"/],
    ['buy uri==thanks', qr/invalid path pattern "=thanks"/],
    ['buy uri=~a(', qr/invalid regular expression "a\("/],
    ['buy currency=eur', qr/invalid currency in "currency=eur"/],
    ['buy currency=EURO', qr/invalid currency in "currency=EURO"/],
    ['buy currency=E1R', qr/invalid currency in "currency=E1R"/],
    ['buy value=1 value=2', qr/duplicate parameter "value=2"/],
    ['buy currency=EUR currency=USD', qr/duplicate parameter "currency=USD"/],
    ['buy id=$arg_a id=$arg_b', qr/duplicate parameter "id=\$arg_b"/],
    ['buy if=$arg_a if=$arg_b', qr/duplicate parameter "if=\$arg_b"/],
    ['buy if=1', qr/"if=1" holds no variable/],
);

refused('journey_goal without a name', { http => 'journey_goal; # HERE' },
        qr/invalid number of arguments in "journey_goal"/);
refused('journey_goal: a variable that nobody has',
        { location => 'journey_goal buy value=$nobody_has_it;' },
        qr/unknown "nobody_has_it" variable/);
refused('id= without journey_secret',
        { location => 'journey_goal buy id=$arg_id; # HERE' },
        qr/"id=" of "journey_goal" needs "journey_secret"/);
refused('id= without journey_secret at http',
        { http => 'journey_goal buy id=$arg_id; # HERE' },
        qr/"id=" of "journey_goal" needs "journey_secret"/);
accepted('everything at once, at all levels',
         { %secret,
           server => 'journey_goal buy uri=/a uri==/b uri=~c uri=~*d '
                     . 'value=-1.50 currency=EUR id=$arg_id if=$arg_x '
                     . 'completes;',
           location => 'journey_goal ' . 'a' x 64 . '; '
                       . 'journey_goal a-b_c9; journey_goal a-b_c9;' });

# ORDER-4711 under the key 000102030405060708090a0b0c0d0e0f: reports of years
# rely on it.
our $ord = 'VLakdLaUJiVmrQji';

no_root_location();
run_tests();

__DATA__

=== TEST 1: by path: exact, prefix, expression, several; without one: everywhere
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    journey_goal exact uri==/exact;
    journey_goal prefix uri=/pre;
    journey_goal regex uri=~^/r\d+$;
    journey_goal caseless uri=~*^/CASE;
    journey_goal many uri==/one uri=/two uri=~three$;
    location / { return 200 x; }
    location /loc { journey_goal here; journey_goal there uri=/loc/x;
                    return 200 x; }
--- visit
my $anna = browser();
$anna->get($_) for qw(/exact /exact/ /prefix/x /r12 /r12x /case /one /one/
                      /two/x /xthree /xthreex /loc /loc/x);

my %goals;
push @{ $goals{$_->{p}} }, $_->{goal}
    for grep { $_->{k} eq 'goal' } journey_log_wait(13 + 9);

is_deeply(\%goals, {
    '/exact' => ['exact'], '/prefix/x' => ['prefix'], '/r12' => ['regex'],
    '/case' => ['caseless'], '/one' => ['many'], '/two/x' => ['many'],
    '/xthree' => ['many'], '/loc' => ['here'],
    '/loc/x' => ['here', 'there'],
});


=== TEST 2: if=: neither empty nor 0
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal done if=$arg_ok; }
    location /both { return 200 x; journey_goal both if=$arg_a$arg_b; }
    location /header { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back;
                       journey_goal header if=$upstream_http_x_paid; }
    location /back { journey off; return 200 x; add_header X-Paid $arg_paid; }
--- visit
my $anna = browser();
$anna->get("/$_") for '?', '?ok=', '?ok=0', '?ok=00', '?ok=1', '?ok=no',
                      'both?a=0', 'both?a=0&b=0', 'both?b=1',
                      'header', 'header?paid=yes', 'header?paid=0';
--- journey_log
{"k":"page","p":"/"}
{"k":"page","p":"/"}
{"k":"page","p":"/"}
{"k":"page","p":"/"}
{"k":"goal","goal":"done"}
{"k":"page","p":"/"}
{"k":"goal","goal":"done"}
{"k":"page","p":"/"}
{"k":"goal","goal":"done"}
{"k":"page","p":"/both"}
{"k":"page","p":"/both"}
{"k":"goal","goal":"both"}
{"k":"page","p":"/both"}
{"k":"goal","goal":"both"}
{"k":"page","p":"/header"}
{"k":"page","p":"/header"}
{"k":"goal","goal":"header"}
{"k":"page","p":"/header"}


=== TEST 3: the variable of an upstream is there when the goal is judged
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location /front {
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back?$args;
        journey_goal paid if=$upstream_http_x_paid
                     value=$upstream_http_x_paid;
    }
    location /back {
        journey off;
        default_type text/html;
        add_header X-Paid $arg_paid;
        return 200 x;
    }
--- visit
my $anna = browser();
$anna->get("/front$_") for '', '?paid=12.50', '?paid=0';
--- journey_log
{"k":"page"}
{"k":"page"}
{"k":"goal","goal":"paid","val":12.5}
{"k":"page"}


=== TEST 4: values: what is no number is dropped and counted, the goal stays
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal g value=$arg_v; }
    location /static { return 200 x; journey_goal s value=49; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $anna = browser();
my @good = ( ['0', 0], ['1', 1], ['99.90', 99.9], ['99.9', 99.9],
             ['0.01', 0.01], ['-5.25', -5.25], ['1.234', 1.234],
             ['007', 7], ['123456789012', 123456789012],
             ['123456789012.99', 123456789012.99], ['-0.5', -0.5] );
my @bad = ( 'abc', '1,5', '1.', '.5', '1.2.3', '1e3', '0x10', 'inf', 'nan',
            '-', '--1', '+1', ' 1', '1 ', '1%20', '1%00', 'EUR', '12.3EUR',
            '1' x 13, '1.' . '1' x 7, '9' x 4000 );

$anna->get("/?v=$_->[0]") for @good;
$anna->get('/?v=' . s/ /%20/gr) for @bad;
$anna->get('/');
$anna->get('/static');

my @goals = grep { $_->{k} eq 'goal' }
                 journey_log_wait(2 * (@good + @bad + 2));

is(scalar @goals, @good + @bad + 2, 'a goal each');

for my $i (0 .. $#good) {
    cmp_ok($goals[$i]->{val}, '==', $good[$i][1], "value $good[$i][0]");
}

is($goals[@good + $_]->{val}, undef, 'no value: ' . substr $bad[$_], 0, 20)
    for 0 .. $#bad;

is($goals[-2]->{val}, undef, 'an empty one is none, and no mistake');
is($goals[-1]->{val}, 49);

# Numbers, and as they were written.
like(journey_log_raw(), qr/"val":99\.9[,}]/);
like(journey_log_raw(), qr/"val":123456789012\.99[,}]/);
like(journey_log_raw(), qr/"val":1\.234[,}]/);
like(journey_log_raw(), qr/"val":0[,}]/);

my $status = Journey::decode($anna->get('/status')->body);
is($status->{ignored}{goal_values}, scalar @bad, 'the wrong ones are counted');


=== TEST 5: currency: three capital letters
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x;
                 journey_goal g value=1 currency=$arg_c; }
    location /static { return 200 x; journey_goal g currency=CHF; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $anna = browser();
$anna->get("/?c=$_") for qw(EUR eur EURO EU E%22R), '', '%C3%84R';
$anna->get('/static');

my @goals = grep { $_->{k} eq 'goal' } journey_log_wait(16);

is(join(' ', map { defined $_->{cur} ? $_->{cur} : '-' } @goals),
   'EUR - - - - - - CHF');
is((grep { defined $_->{val} } @goals), 7, 'the value stays');
is(Journey::decode($anna->get('/status')->body)->{ignored}{goal_values}, 5);


=== TEST 6: id: a keyed hash, one for one id; the id itself nowhere
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret $TEST_NGINX_SERVER_ROOT/conf/secret;
--- post_setup_server_root
Journey::spew(Test::Nginx::Util::server_root() . '/conf/secret',
              "# one key\n000102030405060708090a0b0c0d0e0f\n");
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal g id=$arg_id; }
--- visit
my ($anna, $bert) = (browser(), browser());
$anna->get('/?id=ORDER-4711');
$anna->get('/?id=ORDER-4711');
$bert->get('/?id=ORDER-4711');
$anna->get('/?id=ORDER-4712');
$anna->get('/?id=order-4711');
$anna->get('/');
$anna->get('/?id=' . 'ORDER-' x 500);

my @orders = map { $_->{ord} } grep { $_->{k} eq 'goal' } journey_log_wait(14);

like($orders[0], qr/^[-\w]{16}$/, '96 bits');
is($orders[1], $orders[0], 'the same id');
is($orders[2], $orders[0], 'from somebody else, too');
isnt($orders[3], $orders[0], 'another id');
isnt($orders[4], $orders[0], 'another case');
is($orders[5], undef, 'no id');
like($orders[6], qr/^[-\w]{16}$/, 'a long one');
unlike(journey_log_raw(), qr/471|order-/i, 'no id in the log');
is($orders[0], $main::ord, 'the same in every run');


=== TEST 7: of several keys the last one counts
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret secret;
--- post_setup_server_root
Journey::spew(Test::Nginx::Util::server_root() . '/conf/secret',
              "0f0e0d0c0b0a09080706050403020100\n"
              . "000102030405060708090a0b0c0d0e0f\n");
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal g id=$arg_id; }
--- visit
browser()->get('/?id=ORDER-4711');

my ($goal) = grep { $_->{k} eq 'goal' } journey_log_wait(2);
is($goal->{ord}, $main::ord, 'the last key is the one');


=== TEST 8: completes: done, w, wn; the next session begins the next journey
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_sources journey/sources.conf;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /buy { return 200 x;
                    journey_goal purchase value=10 currency=EUR completes; }
    location /mark { return 200 x; journey_goal mark; }
--- visit
my $anna = browser(host => 'shop.example');
$anna->get('/', Referer => 'https://www.google.com/');
$anna->get('/?utm_source=letter&utm_medium=email');
$anna->get('/mark');
$anna->get('/buy');
$anna->get('/mark');
age($anna, 3600, $::key);
$anna->get('/');
$anna->get('/buy');
--- journey_log
{"k":"page","j":1,"s":1,"ch":"organic_search"}
{"k":"page","j":1,"s":1,"ch":"email"}
{"k":"page","j":1,"s":1}
{"k":"goal","goal":"mark","j":1,"s":1,"done":null,"val":null,"w":["organic_search","email"],"wn":2}
{"k":"page","j":1,"s":1,"p":"/buy"}
{"k":"goal","goal":"purchase","j":1,"s":1,"done":1,"val":10,"cur":"EUR","w":["organic_search","email"],"wn":2}
{"k":"page","j":1,"s":1}
{"k":"goal","goal":"mark","j":1,"s":1,"done":null}
{"k":"page","j":2,"s":2,"ch":"direct"}
{"k":"page","j":2,"s":2}
{"k":"goal","goal":"purchase","j":2,"s":2,"done":1,"w":["direct"],"wn":1}


=== TEST 9: w keeps the first and the last 15 touches, wn their true number
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /buy { return 200 x; journey_goal purchase completes; }
--- visit
my $anna = browser();
my @media = qw(cpc email sms audio affiliate qr banner social x link);

$anna->get("/?utm_source=s$_&utm_medium=$media[$_ % 10]") for 0 .. 19;
$anna->get('/buy');

my $goal = (journey_log_wait(22))[-1];
is($goal->{wn}, 20);
my @channel = qw(paid_other email sms audio affiliates offline display
                 organic_social unassigned referral);
is_deeply($goal->{w}, [$channel[0], map { $channel[$_ % 10] } 5 .. 19]);


=== TEST 10: which status reaches a goal
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    journey_goal g;
    default_type text/plain;
    location /200 { return 200 x; }
    location /201 { return 201 x; }
    location /204 { return 204; }
    location /301 { return 301 /x; }
    location /302 { return 302 /x; }
    location /303 { return 303 /x; }
    location /307 { return 307 /x; }
    location /404 { return 404; }
    location /500 { return 500; }
    location /file { }
--- user_files
>>> file.txt
a file
--- visit
my $anna = browser();
my @codes = qw(200 201 204 301 302 303 307 404 500);

for my $method (qw(GET POST HEAD PUT)) {
    is($anna->request($method, "/$_?", body => $method =~ /^P/ ? 'x' : undef,
                      Accept => 'application/json')->status, $_)
        for @codes;
    $anna->request($method, '/mark');
}

my ($date) = $anna->get('/file.txt', Accept => 'a/b')->header('Last-Modified');
is($anna->get('/file.txt', Accept => 'a/b', If_Modified_Since => $date)
   ->status, 304);
--- journey_log
{"k":"goal","p":"/200"}
{"k":"goal","p":"/201"}
{"k":"goal","p":"/204"}
{"k":"goal","p":"/200"}
{"k":"goal","p":"/201"}
{"k":"goal","p":"/204"}
{"k":"goal","p":"/302"}
{"k":"goal","p":"/303"}
{"k":"goal","p":"/200"}
{"k":"goal","p":"/201"}
{"k":"goal","p":"/204"}
{"k":"goal","p":"/file.txt"}


=== TEST 11: goals add over the levels; one name once a request
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_goal one value=1;
    journey_goal maybe if=$arg_m value=1;
--- config
    journey on;
    default_type text/html;
    journey_goal two;
    location / {
        return 200 x;
        journey_goal one value=2;
        journey_goal three;
        journey_goal maybe value=2;
    }
    location /other { return 200 x; }
    location /deep {
        journey_goal four;
        location /deep/er { journey_goal five; return 200 x; }
    }
--- visit
my $anna = browser();
$anna->get('/');
$anna->get('/?m=1');
$anna->get('/other');
$anna->get('/deep/er');
--- journey_log
{"k":"page","p":"/"}
{"k":"goal","goal":"one","val":1}
{"k":"goal","goal":"two"}
{"k":"goal","goal":"three"}
{"k":"goal","goal":"maybe","val":2}
{"k":"page","p":"/"}
{"k":"goal","goal":"one","val":1}
{"k":"goal","goal":"maybe","val":1}
{"k":"goal","goal":"two"}
{"k":"goal","goal":"three"}
{"k":"page","p":"/other"}
{"k":"goal","goal":"one"}
{"k":"goal","goal":"two"}
{"k":"page","p":"/deep/er"}
{"k":"goal","goal":"one"}
{"k":"goal","goal":"two"}
{"k":"goal","goal":"four"}
{"k":"goal","goal":"five"}


=== TEST 12: somebody unknown: a POST's goal has no visitor, a page's has
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal g completes; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $anna = browser();
my $r = $anna->post('/', body => 'a=b');
is($r->set_cookie('jny'), undef, 'a goal makes no visitor');
$anna->get('/');

my $status = Journey::decode($anna->get('/status')->body);
is($status->{visitors}{new}, 1);
is($status->{completed}, 1);
--- journey_log
{"k":"goal","v":null,"j":null,"s":null,"w":null,"wn":null,"done":1}
{"k":"page","j":1,"s":1}
{"k":"goal","j":1,"s":1,"w":["direct"],"wn":1,"done":1}


=== TEST 13: a known visitor's script reaches goals; the cookie goes with its answer
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /; two /api; three; }
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location /api { default_type application/json; return 200 "{}";
                    journey_goal order completes;
                    add_header X-Furthest $journey_furthest_phase; }
    location /api/list { default_type application/json; return 200 "{}"; }
--- visit
my $anna = browser();
my @ajax = (Sec_Fetch_Mode => 'cors', Sec_Fetch_Dest => 'empty',
            Accept => 'application/json');

$anna->get('/');
is($anna->get('/api/list', @ajax)->set_cookie('jny'), undef);

my $r = $anna->post('/api', body => '{}', @ajax);
like($r->set_cookie('jny'), qr/^jny=/, 'the journey has ended');
is($r->header('X-Furthest'), 'two', 'the goal\'s path has a phase');
$r = $anna->post('/api', body => '{}', @ajax);
is($r->set_cookie('jny'), undef, 'it ends but once');
--- journey_log
{"k":"page","ph":"one"}
{"k":"goal","p":"/api","ph":"two","j":1,"s":1,"done":1,"st":null,"ms":null}
{"k":"goal","p":"/api","j":1,"s":1}


=== TEST 14: a goal after the session's end changes nothing and carries j and s
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_session 1s;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location /api { default_type application/json; return 200 "{}";
                    journey_goal order completes; }
--- visit
my $anna = browser();
$anna->get('/');
Time::HiRes::sleep(2.1);
is($anna->post('/api')->set_cookie('jny'), undef, 'no new state');
$anna->get('/');
--- journey_log
{"k":"page","j":1,"s":1}
{"k":"goal","j":1,"s":1,"w":["direct"],"wn":1}
{"k":"page","j":1,"s":2}


=== TEST 15: a goal within the session keeps it alive
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_session 30m;
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location /api { default_type application/json; return 200 "{}";
                    journey_goal beat; }
--- visit
my $anna = browser();
$anna->get('/');
age($anna, 1200, $::key);
like($anna->post('/api')->set_cookie('jny'), qr/^jny=/, 'last seen advanced');
age($anna, 1200, $::key);
$anna->get('/');
--- journey_log
{"k":"page","s":1}
{"k":"goal","s":1}
{"k":"page","s":1,"fs":null,"ch":null}


=== TEST 16: neither bots nor prefetches reach goals
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents journey/agents.conf;
--- config
    journey on;
    journey_goal g;
    location / { default_type text/html; return 200 x; }
    location /api { default_type application/json; return 200 "{}"; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $bot = browser(agent => 'curl/8.5.0');
$bot->get('/');
$bot->get('/api');
$bot->post('/api');
browser(accept => undef, language => undef)->post('/api');

my @prefetch = (Sec_Purpose => 'prefetch', Sec_Fetch_Dest => 'document',
                Sec_Fetch_Mode => 'navigate');
my $anna = browser();
$anna->get('/api', @prefetch, Sec_Fetch_Site => 'same-origin');
$anna->get('/', @prefetch, Sec_Fetch_Site => 'cross-site');
$anna->get('/', @prefetch, Sec_Fetch_Site => 'same-origin',
           Sec_Purpose => 'prefetch;prerender');
$anna->get('/', @prefetch, Sec_Fetch_Site => 'same-origin');

my $status = Journey::decode(browser()->get('/status')->body);
is($status->{bots}, 4);
--- journey_log
{"k":"page","pf":1}


=== TEST 17: the variable $journey_goal names what was reached
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    add_header X-Goal "<$journey_goal>" always;
    location / { return 200 x; }
    location /one { return 200 x; journey_goal one; }
    location /two { return 200 x; journey_goal one; journey_goal two; }
    location /404 { return 404; journey_goal one; }
--- visit
my $anna = browser();
is($anna->get('/')->header('X-Goal'), '<>');
is($anna->get('/one')->header('X-Goal'), '<one>');
like($anna->get('/two')->header('X-Goal'), qr/^<one\b.*>$/);
is($anna->get('/404')->header('X-Goal'), '<>');


=== TEST 18: a goal whose value asks for our own variables
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x;
                 journey_goal g value=$journey_number if=$journey_channel; }
--- visit
my $anna = browser();
$anna->get('/');
--- journey_log
{"k":"page"}
{"k":"goal","val":1}
