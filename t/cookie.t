# Copyright (C) ngx_journey_module contributors
#
# journey_cookie: its attributes, its life, what it refuses; and when the
# cookie is sent at all.

use strict;
use warnings;

use File::Path qw(remove_tree);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';
our $token = qr/[-\w]{78,99}/;
our $day = 24 * 3600;

# Beside the server's folder, which must be free to go when a block ends.
$ENV{TEST_NGINX_CACHE} = "$ENV{TEST_NGINX_SERVROOT}-cache";

END {
    local $?;
    remove_tree(map { "$ENV{TEST_NGINX_CACHE}-$_" } qw(behind front))
        if defined $ENV{TEST_NGINX_CACHE};
}

# A certificate for the one server with TLS.
sub certificate {
    my $dir = server_root();

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
           . "-nodes -subj /CN=localhost -days 2 -keyout $dir/conf/tls.key "
           . "-out $dir/conf/tls.crt 2>/dev/null") == 0
        or die "openssl req failed";
}

# Many blocks differ in their locations alone.
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

=== TEST 1: the default cookie, to the letter
--- config
    journey on;
    default_type text/html;
--- visit
my $anna = browser();
my $before = time;
my $r = $anna->get('/');
is($r->status, 200);
like($r->set_cookie('jny'),
     qr{^jny=$::token; Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000$});
is(scalar(() = $r->header('Set-Cookie')), 1, 'one Set-Cookie');

my $state = token_decode($anna->cookies->{jny});
is(token_encode($state, $::key, 'jny'), $anna->cookies->{jny},
   'signed as the layout says');
cmp_ok($state->{first_seen}, '>=', $before - 1);
cmp_ok($state->{first_seen}, '<=', time);
is($state->{session_start}, $state->{first_seen});
is($state->{last_seen}, $state->{first_seen});
is("$state->{journey} $state->{session} $state->{touches}", '1 1 1');
is_deeply($state->{channels}, [1], 'direct');
cmp_ok(length $anna->cookies->{jny}, '<=', 140);
is((journey_log_wait(1))[0]{v}, $state->{v}, 'the same id in the log');



=== TEST 2: a name and each parameter
--- config
    journey on;
    default_type text/html;
    location = /all {
        journey_cookie my-id domain=shop.example path=/shop max_age=30d
                       samesite=strict secure=on;
        return 200 ok;
    }
    location = /dot  { journey_cookie a domain=.shop.example; return 200 ok; }
    location = /lax  { journey_cookie a samesite=lax secure=off; return 200 ok; }
    location = /none { journey_cookie a samesite=none secure=on; return 200 ok; }
    location = /host { journey_cookie __Host-j secure=on; return 200 ok; }
    location = /secure { journey_cookie __Secure-j secure=on path=/a;
                         return 200 ok; }
    location = /longest { journey_cookie a max_age=400d; return 200 ok; }
    location = /shortest { journey_cookie a max_age=60s; return 200 ok; }
    location = /odd  { journey_cookie "!#$%&'*+-.^_`|~09azAZ"; return 200 ok; }
--- visit
my %want = (
    '/all'  => 'Path=/shop; Domain=shop.example; HttpOnly; SameSite=Strict; '
               . 'Max-Age=2592000; Secure',
    '/dot'  => 'Path=/; Domain=.shop.example; HttpOnly; SameSite=Lax; '
               . 'Max-Age=33696000',
    '/lax'  => 'Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000',
    '/none' => 'Path=/; HttpOnly; SameSite=None; Max-Age=33696000; Secure',
    '/host' => 'Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000; Secure',
    '/secure' => 'Path=/a; HttpOnly; SameSite=Lax; Max-Age=33696000; Secure',
    '/longest' => 'Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000',
    '/shortest' => 'Path=/; HttpOnly; SameSite=Lax; Max-Age=60',
    '/odd' => 'Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000',
);
my %name = ('/all' => 'my-id', '/host' => '__Host-j', '/secure' => '__Secure-j',
            '/odd' => "!#\$%&'*+-.^_`|~09azAZ");

for my $uri (sort keys %want) {
    my $name = $name{$uri} || 'a';
    my $line = browser()->get($uri)->header('Set-Cookie');

    like($line, qr/^\Q$name\E=$::token; \Q$want{$uri}\E$/, $uri);
    my ($value) = $line =~ /=($::token);/;
    is(token_encode(token_decode($value), $::key, $name), $value,
       "$uri: signed for that name");
}



=== TEST 3: levels replace, they do not merge
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_cookie  outer domain=shop.example samesite=strict max_age=1d;
--- config
    journey on;
    default_type text/html;
    location = /inner { journey_cookie inner; return 200 ok; }
    location = /outer { return 200 ok; }
--- visit
like(browser()->get('/outer')->header('Set-Cookie'),
     qr{^outer=$::token; Path=/; Domain=shop.example; HttpOnly; SameSite=Strict; Max-Age=86400$});
like(browser()->get('/inner')->header('Set-Cookie'),
     qr{^inner=$::token; Path=/; HttpOnly; SameSite=Lax; Max-Age=33696000$});



=== TEST 4: secure by a variable
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_cookie  jny secure=$http_x_forwarded_proto;
--- config
    journey on;
    default_type text/html;
--- visit
my %secure = (https => 1, HTTPS => 1, on => 1, 1 => 1,
              http => 0, HTTP => 0, off => 0, 0 => 0, '' => 0);

for my $value (sort keys %secure) {
    my $line = browser()->get('/', 'X-Forwarded-Proto' => $value)
                        ->set_cookie('jny');

    is($line =~ /; Secure$/ ? 1 : 0, $secure{$value}, "\"$value\"")
        or diag($line);
}

unlike(browser()->get('/')->set_cookie('jny'), qr/Secure/, 'no such header');



=== TEST 5: secure=auto is what the connection is
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_cookie  jny secure=auto;
    server {
        listen       unix:$TEST_NGINX_SERVER_ROOT/tls.sock ssl;
        ssl_certificate      $TEST_NGINX_SERVER_ROOT/conf/tls.crt;
        ssl_certificate_key  $TEST_NGINX_SERVER_ROOT/conf/tls.key;
        journey      on;
        location / { default_type text/html; return 200 ok; }
    }
--- config
    journey off;
    default_type text/html;
    location /tls { proxy_pass https://unix:$TEST_NGINX_SERVER_ROOT/tls.sock; }
    location /plain { journey on; return 200 ok; }
--- post_setup_server_root
main::certificate();
--- visit
# over TLS a browser that sends no Sec-Fetch-* is none
like(browser()->get('/tls', Sec_Fetch_Mode => 'navigate',
                    Sec_Fetch_Dest => 'document', Sec_Fetch_Site => 'none')
              ->set_cookie('jny'),
     qr/; Max-Age=33696000; Secure$/);
like(browser()->get('/plain')->set_cookie('jny'),
     qr/; Max-Age=33696000$/);



=== TEST 6: the life ends max_age after first seen, whatever is visited later
--- config
    journey on;
    default_type text/html;
    journey_cookie jny max_age=10d;
--- visit
my $anna = browser();
my $now = time;
$anna->cookies->{jny} = token_encode(
    token_new(first_seen => $now - 9 * $::day, last_seen => $now - 3600,
              session_start => $now - 3600), $::key, 'jny');
my ($age) = $anna->get('/')->set_cookie('jny') =~ /; Max-Age=(\d+)$/;
cmp_ok($age, '<=', $::day, 'less than a day is left');
cmp_ok($age, '>=', $::day - (time - $now), 'and no less');

my $state = token_decode($anna->cookies->{jny});
is($state->{first_seen}, $now - 9 * $::day, 'first seen stays');
is($state->{session}, 2);

# a moment before the end, and at it
$state->{last_seen} = $now - 3600;
$state->{first_seen} = time - 10 * $::day + 100;
$anna->cookies->{jny} = token_encode($state, $::key, 'jny');
($age) = $anna->get('/')->set_cookie('jny') =~ /; Max-Age=(\d+)$/;
cmp_ok($age, '<=', 100);
cmp_ok($age, '>=', 1);
is(token_decode($anna->cookies->{jny})->{v}, $state->{v});

$state->{first_seen} = time - 10 * $::day;
$anna->cookies->{jny} = token_encode($state, $::key, 'jny');
($age) = $anna->get('/')->set_cookie('jny') =~ /; Max-Age=(\d+)$/;
is($age, 10 * $::day, 'another visitor begins');
isnt(token_decode($anna->cookies->{jny})->{v}, $state->{v});



=== TEST 7: sent again when the state has changed, and only then
--- config
    journey on;
    default_type text/html;
    journey_session 30m;
    journey_phases { awareness /; consideration /p/; decision /cart; }
    location /p/ { return 200 ok; }
    location /cart { return 200 ok; }
    location /other { return 200 ok; }
--- visit
my $anna = browser();
ok($anna->get('/')->set_cookie('jny'), 'a new visitor');
ok(!$anna->get('/')->set_cookie('jny'), 'the same phase');
ok(!$anna->get('/other')->set_cookie('jny'), 'another page of the phase');
ok($anna->get('/p/1')->set_cookie('jny'), 'a further phase');
ok(!$anna->get('/')->set_cookie('jny'), 'an earlier phase');
ok(!$anna->get('/p/2')->set_cookie('jny'), 'the furthest again');

age($anna, 280, $::key);
ok(!$anna->get('/')->set_cookie('jny'), 'less than a sixth has passed');

my $old = age($anna, 20, $::key);
ok($anna->get('/')->set_cookie('jny'), 'a sixth has passed');
my $new = token_decode($anna->cookies->{jny});
cmp_ok($new->{last_seen}, '>=', $old->{last_seen} + 300, 'last seen moved');
is($new->{session_start}, $old->{session_start}, 'in the same session');
is($new->{session}, 1);
ok(!$anna->get('/')->set_cookie('jny'), 'and not again');

ok($anna->get('/?utm_source=a&utm_medium=email')->set_cookie('jny'),
   'a touch');
ok(!$anna->get('/?utm_source=a&utm_medium=email')->set_cookie('jny'),
   'the same campaign');
is(token_decode($anna->cookies->{jny})->{touches}, 2);

age($anna, 1800, $::key);
ok($anna->get('/')->set_cookie('jny'), 'a session');
is(token_decode($anna->cookies->{jny})->{session}, 2);



=== TEST 8: never with what is no page
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_agents  journey/agents.conf;
--- config
    journey on;
    default_type text/html;
    location = /a.css { default_type text/css; return 200 ok; }
    location = /api   { default_type application/json; return 200 '{}'; }
    location = /moved { return 302 /; }
    location = /gone  { return 410; }
    location = /empty { return 204; }
    location = /fails { return 503; }
    location = /page  { return 200 ok; }
--- visit
my %jars = (new => undef, known => token_encode(
    token_new(last_seen => time - 900), $::key, 'jny'));

for my $who (sort keys %jars) {
    my $no = sub {
        my ($name, $method, $uri, %more) = @_;
        my $b = browser(agent => delete $more{Agent}
                                 || Journey::Browser->new->{agent});

        $b->cookies->{jny} = $jars{$who} if $jars{$who};
        my $r = $b->request($method, $uri, %more);

        ok($r->status && !defined $r->set_cookie('jny'), "$who: $name")
            or diag($r->{raw});
    };

    $no->('a stylesheet', GET => '/a.css');
    $no->('an answer of an API', GET => '/api');
    $no->('HEAD', HEAD => '/page');
    $no->('POST', POST => '/page');
    $no->('a redirect', GET => '/moved');
    $no->('404', GET => '/nothing');
    $no->('410', GET => '/gone');
    $no->('503', GET => '/fails');
    $no->('204', GET => '/empty', Accept => '*/*', Sec_Fetch_Mode => 'cors');
    $no->('a crawler', GET => '/page', Agent => 'Googlebot/2.1');
    $no->('a crawler by its headers', GET => '/page', Accept => undef,
          Accept_Language => undef);
    $no->('an iframe', GET => '/page', Sec_Fetch_Mode => 'navigate',
          Sec_Fetch_Dest => 'iframe');
    $no->('fetch()', GET => '/page', Sec_Fetch_Mode => 'cors',
          Sec_Fetch_Dest => 'empty');
    $no->('a prefetch', GET => '/page', Sec_Purpose => 'prefetch',
          Sec_Fetch_Mode => 'navigate', Sec_Fetch_Dest => 'document',
          Sec_Fetch_Site => 'same-origin');
    $no->('a prerender', GET => '/page', Sec_Fetch_Site => 'same-origin',
          Sec_Purpose => 'prefetch;prerender');
    $no->('an older prefetch', GET => '/page', Purpose => 'prefetch');
}

# with the page itself both get one: what was tested were not dead URLs
for my $who (sort keys %jars) {
    my $b = browser();
    $b->cookies->{jny} = $jars{$who} if $jars{$who};
    ok($b->get('/page')->set_cookie('jny'), "$who: a page");
}



=== TEST 9: a navigation that is answered 304
--- config
    journey on;
    default_type text/html;
    location = /style { default_type text/css; alias html/index.html; }
--- visit
my $when = browser()->get('/')->header('Last-Modified');
ok($when, 'the file has a date');

my $r = browser()->get('/', 'If-Modified-Since' => $when);
is($r->status, 304);
like($r->set_cookie('jny'), qr/^jny=$::token; Path/, 'a page');
is($r->header('Cache-Control'), 'private');

$r = browser()->get('/', 'If-Modified-Since' => $when, Accept => 'text/css');
is($r->status, 304);
ok(!$r->set_cookie('jny'), 'no navigation, no page');

my $anna = browser();
$anna->get('/');
ok(!$anna->get('/', 'If-Modified-Since' => $when)->set_cookie('jny'),
   'nothing changed');
age($anna, 3600, $::key);
ok($anna->get('/', 'If-Modified-Since' => $when)->set_cookie('jny'),
   'a session began');



=== TEST 10: with a goal that changes the state
--- config
    journey on;
    default_type text/html;
    location = /buy { default_type application/json; return 200 '{}';
                      journey_goal purchase completes; }
    location = /look { default_type application/json; return 200 '{}';
                       journey_goal look; }
    location = /form { return 303 /; journey_goal sent completes; }
    location = /page { return 200 ok; }
--- visit
my $anna = browser();
ok(!$anna->get('/buy')->set_cookie('jny'), 'a goal makes no visitor');
ok(!$anna->post('/form')->set_cookie('jny'));

$anna->get('/page');
ok(!$anna->get('/look')->set_cookie('jny'), 'a goal that changes nothing');
my $r = $anna->get('/buy');
ok($r->set_cookie('jny'), 'a goal that completes');
is($r->header('Cache-Control'), 'private');
is(token_decode($anna->cookies->{jny})->{completed}, 1);
ok(!$anna->get('/buy')->set_cookie('jny'), 'completed it is already');

my $bert = browser();
$bert->get('/page');
ok($bert->post('/form')->set_cookie('jny'), '303 to a POST');

my $carl = browser();
$carl->get('/page');
age($carl, 600, $::key);
ok($carl->get('/look')->set_cookie('jny'), 'a goal refreshes last seen');
age($carl, 1800, $::key);
ok(!$carl->get('/buy')->set_cookie('jny'), 'not after the session');



=== TEST 11: an upstream's own cookies stay as they are
--- config
    journey on;
    location = /shop {
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/app;
    }
    location = /app {
        journey off;
        default_type text/html;
        add_header Set-Cookie "cart=1; Path=/; Secure";
        add_header Set-Cookie "jny=theirs; Path=/";
        return 200 ok;
    }
--- visit
my @lines = browser()->get('/shop')->header('Set-Cookie');
is(scalar @lines, 3);
is($lines[0], 'cart=1; Path=/; Secure');
is($lines[1], 'jny=theirs; Path=/');
like($lines[2], qr/^jny=$::token; Path=\/; HttpOnly/);



=== TEST 12: what journey_cookie refuses
--- config
    journey on;
--- visit
my $j = 'journey_cookie';

refused(
    [server => "$j;", qr/invalid number of arguments in "journey_cookie"/],
    [server => "$j '';", qr/cookie name "" of "journey_cookie"/],
    [server => "$j 'a b';", qr/cookie name "a b" of "journey_cookie"/],
    [server => "$j a=b;", qr/cookie name "a=b" of "journey_cookie"/],
    [server => "$j 'a;b';", qr/cookie name "a;b" of "journey_cookie"/],
    [server => "$j 'a,b';", qr/cookie name "a,b" of "journey_cookie"/],
    [server => "$j jny\xc3\xa9;", qr/cookie name "jny\xc3\xa9"/],
    [server => "$j " . 'n' x 65 . ';', qr/cookie name "n{65}"/],

    [server => "$j a color=red;", qr/"color=red" of "journey_cookie"/],
    [server => "$j a Path=/;", qr/"Path=\/" of "journey_cookie"/],
    [server => "$j a httponly=off;", qr/"httponly=off"/],

    [server => "$j a domain=;", qr/"domain=" of "journey_cookie"/],
    [server => "$j a domain=shop_example;", qr/"domain=shop_example"/],
    [server => "$j a 'domain=a.example; b';", qr/"domain=a\.example; b"/],
    [server => "$j a domain=.;", qr/"domain=\."/],
    [server => "$j a domain=a..example;", qr/"domain=a\.\.example"/],
    [server => "$j a domain=a.example.;", qr/"domain=a\.example\."/],
    [server => "$j a domain=-a.example;", qr/"domain=-a\.example"/],

    [server => "$j a path=;", qr/"path=" of "journey_cookie"/],
    [server => "$j a path=shop;", qr/"path=shop" of "journey_cookie"/],
    [server => "$j a 'path=/;b';", qr/"path=\/;b" of "journey_cookie"/],
    [server => "$j a 'path=/a,b';", qr/"path=\/a,b" of "journey_cookie"/],
    [server => "$j a \"path=/a\\rb\";", qr/"path=\/a.*b" of "journey_cookie"/],
    [server => "$j a 'path=/a b';", qr/"path=\/a b" of "journey_cookie"/],

    [server => "$j a max_age=0;", qr/"max_age=0" of "journey_cookie"/],
    [server => "$j a max_age=401d;", qr/"max_age=401d"/],
    [server => "$j a max_age=400d1s;", qr/"max_age=400d1s"/],
    [server => "$j a max_age=-1;", qr/"max_age=-1"/],
    [server => "$j a max_age=;", qr/"max_age=" of "journey_cookie"/],
    [server => "$j a max_age=year;", qr/"max_age=year"/],

    [server => "$j a samesite=;", qr/"samesite=" of "journey_cookie"/],
    [server => "$j a samesite=maybe;", qr/"samesite=maybe"/],
    [server => "$j a secure=;", qr/"secure=" of "journey_cookie"/],
    [server => "$j a secure=yes;", qr/"secure=yes" of "journey_cookie"/],
    [server => "$j a samesite=none secure=off;",
     qr/"samesite=none" of "journey_cookie" .*secure=/],

    [server => "$j __Host-a domain=a.example;",
     qr/"journey_cookie": .*"__Host-a" .*domain/],
    [server => "$j __Host-a path=/a;", qr/"journey_cookie": .*"__Host-a"/],
    [server => "$j __Host-a secure=off;",
     qr/"secure=off" of "journey_cookie".*"__Host-a"/],
    [server => "$j __Secure-a secure=off;",
     qr/"secure=off" of "journey_cookie".*"__Secure-a"/],

    [server => "$j a; $j b;", qr/"journey_cookie" directive is duplicate/],
    [location => "if (\$arg_a) { $j a; }",
     qr/"journey_cookie" directive is not allowed here/],
);

accepted(
    [server => "$j a domain=localhost;"],
    [server => "$j a domain=xn--bcher-kva.example;"],
    [location => "$j __Host-a path=/ secure=\$https;"],
    [http => "$j " . 'n' x 64 . ';'],
);



=== TEST 13: cookies of others, whose names begin or end like ours
--- config
    journey on;
    location = /shop { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/app; }
    location = /app {
        journey off;
        default_type text/html;
        add_header X-Got "$http_cookie";
        add_header Set-Cookie "jny_other=1; Path=/; SameSite=None; Secure";
        add_header Set-Cookie "xjny=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT";
        add_header Set-Cookie "JNY=3";
        add_header Set-Cookie "jny_other=4; Path=/shop";
        return 200 ok;
    }
--- visit
my @theirs = ('jny_other=1; Path=/; SameSite=None; Secure',
              'xjny=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'JNY=3',
              'jny_other=4; Path=/shop');
my $anna = browser();
my $r = $anna->get('/shop');
my @lines = $r->header('Set-Cookie');
is_deeply([@lines[0 .. 3]], \@theirs, 'as they were, in their order');
is(scalar @lines, 5, 'and ours behind');

# they come back, and are none of ours
is(join(' ', sort keys %{ $anna->cookies }), 'JNY jny jny_other xjny');
my $token = $anna->cookies->{jny};
$r = $anna->get('/shop');
is_deeply([$r->header('Set-Cookie')], \@theirs, 'a known visitor: theirs alone');
is($r->header('X-Got'), "JNY=3; jny=$token; jny_other=4; xjny=2",
   'the application gets what the browser sent');

delete $anna->cookies->{jny};
isnt($anna->get('/shop')->set_cookie('jny'), undef, 'theirs are no visitor');



=== TEST 14: a cache of nginx behind us keeps no cookie of ours
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    proxy_cache_path $TEST_NGINX_CACHE-behind keys_zone=pages:1m;
--- config
    journey on;
    location = /page {
        proxy_pass         http://127.0.0.1:$TEST_NGINX_PORT/app;
        proxy_cache        pages;
        proxy_cache_valid  200 1m;
        add_header         X-Cache $upstream_cache_status;
    }
    location = /app {
        journey off;
        default_type text/html;
        add_header Cache-Control "public, max-age=60";
        return 200 "$request_id";
    }
--- visit
my ($anna, $bert) = (browser(), browser());
my $one = $anna->get('/page');
my $two = $bert->get('/page');
is($one->header('X-Cache'), 'MISS');
is($two->header('X-Cache'), 'HIT', 'kept');
is($two->body, $one->body);
ok($_->set_cookie('jny'), 'a cookie') for $one, $two;
isnt(token_decode($anna->cookies->{jny})->{v},
     token_decode($bert->cookies->{jny})->{v}, 'each has its own');
is($_->header('Cache-Control'), 'max-age=60, private') for $one, $two;

my $three = $anna->get('/page');
is($three->header('X-Cache'), 'HIT');
is($three->set_cookie('jny'), undef);
is($three->header('Cache-Control'), 'public, max-age=60',
   'without a cookie it is as the application said');

my @kept = glob("$ENV{TEST_NGINX_CACHE}-behind/*");
is(scalar @kept, 1, 'one page is kept');
unlike(slurp($kept[0]), qr/jny=/, 'without a cookie');



=== TEST 15: a cache of nginx in front of us hands on no cookie of ours
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    proxy_cache_path $TEST_NGINX_CACHE-front keys_zone=front:1m;
    server {
        listen       unix:$TEST_NGINX_SERVER_ROOT/origin.sock;
        journey      on;
        journey_consent $cookie_consent;
        default_type text/html;
        location / { add_header Cache-Control "public, max-age=60, s-maxage=60";
                     return 200 "$request_id"; }
        location /style { default_type text/css; expires 1h; return 200 x; }
    }
--- config
    proxy_cache front;
    add_header X-Cache $upstream_cache_status;
    location ~ ^/\w { proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/origin.sock;
                 proxy_set_header Host $host; }
--- visit
my %seen;

# consent=1 gets a cookie with the first page, and that is not kept
for my $n (1 .. 3) {
    my $anna = browser();
    $anna->cookies->{consent} = 1;
    my $r = $anna->get('/page');
    is($r->header('X-Cache'), 'MISS', "visitor $n: from us");
    ok($r->set_cookie('jny'));
    is($r->header('Cache-Control'), 'max-age=60, private');
    $seen{token_decode($anna->cookies->{jny})->{v}}++;
}

is(scalar keys %seen, 3, 'three visitors');

# a response without a cookie is kept, as before, and has none for the next
my $r = browser()->get('/page');
is($r->header('X-Cache'), 'MISS');
is($r->set_cookie('jny'), undef, 'before consent');
$r = browser()->get('/page');
is($r->header('X-Cache'), 'HIT');
is($r->set_cookie('jny'), undef);

# nor is the one kept that takes a cookie away
my $bert = browser();
$bert->cookies->{jny} = 'x';
$r = $bert->get('/withdrawn');
is($r->set_cookie('jny') =~ s/;.*//r, 'jny=');
is($r->header('Cache-Control'), 'max-age=60, private');
is(browser()->get('/withdrawn')->header('X-Cache'), 'MISS');

# assets are for everybody
for my $status ('MISS', 'HIT') {
    my $carl = browser();
    $carl->cookies->{consent} = 1;
    $r = $carl->get('/style');
    is($r->header('X-Cache'), $status);
    is($r->set_cookie('jny'), undef);
    is($r->header('Cache-Control'), 'max-age=3600');
}



=== TEST 16: what is taken away is taken as it was given
--- config
    journey on;
    journey_consent $cookie_consent;
    default_type text/html;
    location = /host { journey_cookie __Host-j secure=on; return 200 ok; }
    location = /all { journey_cookie j domain=shop.example path=/all
                      samesite=strict secure=$http_x_forwarded_proto;
                      return 200 ok; }
--- visit
my $anna = browser();
$anna->cookies->{'__Host-j'} = 'x';
is($anna->get('/host')->set_cookie('__Host-j'),
   '__Host-j=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure');

for my $proto ('https', 'http') {
    my $bert = browser();
    $bert->cookies->{j} = 'x';
    is($bert->get('/all', X_Forwarded_Proto => $proto)->set_cookie('j'),
       'j=; Path=/all; Domain=shop.example; HttpOnly; SameSite=Strict; '
       . 'Max-Age=0' . ($proto eq 'https' ? '; Secure' : ''), $proto);
}
