# Copyright (C) ngx_journey_module contributors
#
# journey_optout: what it answers, which cookies it sets and deletes, what it
# forgets, who may undo it; and that no request there is ever an event.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

our $out = 'jny_out=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=34128000';
our $in = 'jny_out=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0';
our $gone = 'jny=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0';

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

# 204, no body, no type, not to be kept, and these Set-Cookie lines.
sub answers {
    my ($r, $name, @cookies) = @_;

    is($r->status, 204, "$name: 204");
    is($r->body, '', "$name: no body");
    is($r->header('Content-Type'), undef, "$name: no type");
    is($r->header('Content-Length'), undef, "$name: no length");
    is_deeply([$r->header('Cache-Control')], ['no-store'], "$name: no-store");
    is_deeply([sort $r->header('Set-Cookie')], [sort @cookies],
              "$name: cookies");
}

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    }

    if (!defined $block->config) {
        $block->set_value('config', <<'_EOC_');
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location = /optout { journey_optout; }
    location = /optin { journey_optout undo; }
    location = /status { journey_status; }
_EOC_
    }
});


# ---- the directive ---------------------------------------------------------

refused([location => 'journey_optout redo;', qr/invalid parameter "redo"/],
        [location => 'journey_optout undo undo;', qr/invalid number/],
        [location => 'journey_optout; journey_optout;', qr/is duplicate/],
        [location => 'journey_optout; journey_optout undo;',
         qr/is duplicate/],
        [location => 'if ($arg_a) { journey_optout; }', qr/not allowed here/],
        [server => 'journey_optout;', qr/not allowed here/]);

# Going back alone is no way out.
refused('undo is no opt-out', {
    http => 'journey_profile exempt; # HERE',
    server => 'location /in { journey_optout undo; }',
}, qr/exempt needs a location with "journey_optout"/);

accepted('the way out', {
    http => 'journey_profile exempt;',
    server => 'location /out { journey_optout; }',
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: out, and in again
--- visit
my $anna = browser();

$anna->get('/before');
ok($anna->cookies->{jny}, 'a cookie');

answers($anna->get('/optout'), 'out', $::out, $::gone);
is_deeply($anna->cookies, { jny_out => 1 }, 'what is left on the device');
answers($anna->get('/optout'), 'out again', $::out, $::gone);

my $r = $anna->get('/hidden');
is($r->status, 200);
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie any more');

answers($anna->get('/optin'), 'in', $::in);
is_deeply($anna->cookies, {}, 'nothing is left on the device');
answers($anna->get('/optin'), 'in again', $::in);

$anna->get('/after');
ok($anna->cookies->{jny}, 'a cookie again');

my $status = status();
is($status->{optouts}, 2, 'opt-outs are counted');
is($status->{undone}, 2, 'and those undone');
is($status->{cookies_deleted}, 2, 'and cookies deleted');
is($status->{suppressed}{optout}, 1, 'and what is not written');
is($status->{events}{page}, 2, 'and the pages');
--- journey_log
{"p":"/before","s":1}
{"p":"/after","s":1}



=== TEST 2: the argument
--- visit
my $anna = browser();

answers($anna->get('/optout?undo'), 'undo', $::in);
answers($anna->get('/optout?undo=1'), 'undo=1', $::in);
answers($anna->get('/optout?a=b&undo'), 'behind another', $::in);
answers($anna->get('/optout?undo=1&a'), 'before another', $::in);
answers($anna->get('/optout?undo=1;a'), 'no such argument', $::out, $::gone);
answers($anna->get('/optout?undo=0'), 'undo=0', $::out, $::gone);
answers($anna->get('/optout?undone'), 'undone', $::out, $::gone);
answers($anna->get('/optout?xundo'), 'xundo', $::out, $::gone);
answers($anna->get('/optout?UNDO'), 'UNDO', $::out, $::gone);
answers($anna->get('/optout?undo='), 'undo=', $::out, $::gone);
answers($anna->get('/optout?'), 'an empty one', $::out, $::gone);
answers($anna->get('/optout?&&'), 'empty ones', $::out, $::gone);
answers($anna->get('/optin?undo=0'), 'the location counts', $::in);
--- journey_log



=== TEST 3: methods and bodies
--- config
    journey on;
    default_type text/html;
    location = /optout { client_max_body_size 1m; journey_optout; }
    location = /optin { journey_optout undo; }
    location = /status { journey_status; }
--- visit
answers(browser()->post('/optout', body => 'a=b'), 'POST', $::out, $::gone);
answers(browser()->post('/optout', body => 'x' x 500_000), 'a large body',
        $::out, $::gone);
answers(browser()->post('/optin', body => 'undo=0'), 'POST undo', $::in);
answers(browser()->request('GET', '/optout', body => 'x' x 10_000),
        'GET with a body', $::out, $::gone);
answers(browser()->request('GET', '/optout', version => '1.0'), 'HTTP/1.0',
        $::out, $::gone);

# The body is not taken for the next request.
my $get = "GET /optout HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n";
my $post = "POST /optout HTTP/1.1\r\nHost: localhost\r\n"
           . "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
my $r = browser()->raw($post . $get . "Connection: close\r\n\r\n");
is(scalar(() = $r->{raw} =~ m{^HTTP/1.1 204}mg), 2, 'a chunked body');

for my $method (qw(HEAD PUT DELETE PATCH OPTIONS)) {
    for my $uri ('/optout', '/optin') {
        my $r = browser()->request($method, $uri);

        is($r->status, 405, "$method $uri: 405");
        is(scalar(() = $r->header('Set-Cookie')), 0, "$method: no cookie");
    }
}

is(browser()->post('/optout', body => 'x' x 1_100_000)->status, 413);

my $status = status();
is($status->{optouts}, 6, 'six');
is($status->{undone}, 1, 'and one');
--- journey_log
--- error_log
too large body



=== TEST 4: fetched in advance, and from another site
--- visit
my $anna = browser();

for my $header (['Sec-Purpose' => 'prefetch'],
                ['Sec-Purpose' => 'prefetch;prerender'],
                ['Purpose' => 'prefetch'], ['X-Moz' => 'prefetch'])
{
    for my $uri ('/optout', '/optin', '/optout?undo') {
        answers($anna->get($uri, @$header), "@$header");
    }
}

my $r = $anna->get('/optin', 'Sec-Fetch-Site' => 'cross-site');
is($r->status, 403, 'another site may not undo');
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
$r = $anna->get('/optout?undo', 'Sec-Fetch-Site' => 'cross-site');
is($r->status, 403, 'not by the argument either');
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
$r = $anna->post('/optin', 'Sec-Fetch-Site' => 'cross-site');
is($r->status, 403, 'nor by POST');

answers($anna->get('/optout', 'Sec-Fetch-Site' => 'cross-site'),
        'another site may ask for less', $::out, $::gone);

for my $site (qw(same-origin same-site none)) {
    answers($anna->get('/optin', 'Sec-Fetch-Site' => $site), $site, $::in);
}

my $status = status();
is($status->{optouts}, 1, 'counted: what was done');
is($status->{undone}, 3, 'and nothing else');
--- journey_log



=== TEST 5: never an event, whatever is asked for and answered
--- config
    journey on;
    default_type text/html;
    error_page 403 /forbidden;
    journey_goal everywhere uri=~^/;
    location / { return 200 ok; }
    location = /forbidden { return 200 "no\n"; }
    location = /optout { journey_optout; }
    location = /denied { deny all; journey_optout; }
    location = /optin { journey_optout undo; }
    location = /from { rewrite ^ /optout last; }
    location = /undo { rewrite ^ /optout?undo last; }
    location = /tried { try_files /none /optout; }
    location = /status { journey off; journey_status; }
--- visit
my $anna = browser(headers => { 'Sec-Fetch-Mode' => 'navigate',
                                'Sec-Fetch-Dest' => 'document' });

$anna->get('/');
my $token = $anna->cookies->{jny};

for my $uri ('/optout', '/from', '/tried', '/denied', '/optin', '/undo') {
    $anna->cookies->{jny} = $token;
    delete $anna->cookies->{jny_out};
    $anna->get($uri);
    $anna->cookies->{jny} = $token;
    delete $anna->cookies->{jny_out};
    $anna->request('PUT', $uri);
    $anna->cookies->{jny} = $token;
    delete $anna->cookies->{jny_out};
    $anna->get($uri, 'Sec-Fetch-Site' => 'cross-site');
}

answers(browser()->get('/from'), 'rewritten', $::out, $::gone);
answers(browser()->get('/undo'), 'rewritten with an argument', $::in);
answers(browser()->get('/tried'), 'by try_files', $::out, $::gone);
is(status()->{events}{error}, 0, 'no error');
is(status()->{suppressed}{optout}, 0, 'and nothing hidden');
--- journey_log
{"k":"page","p":"/"}
{"k":"goal","p":"/"}
--- error_log
access forbidden by rule



=== TEST 6: the cookie is that of its location
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location /shop/ {
        journey_cookie shop path=/shop/ samesite=strict secure=on;
        location /shop/optout { journey_optout; }
        location /shop/page { return 200 ok; }
    }
    location = /host { journey_cookie __Host-j; journey_optout; }
    location = /wide {
        journey_cookie w domain=example.org max_age=1d samesite=none secure=on;
        journey_optout;
    }
    location = /proxied {
        journey_cookie p secure=$http_x_forwarded_proto;
        journey_optout;
    }
--- visit
is_deeply([sort { $a cmp $b } browser()->get('/shop/optout')->header('Set-Cookie')],
          ['shop=; Path=/shop/; HttpOnly; SameSite=Strict; Max-Age=0; Secure',
           'shop_out=1; Path=/shop/; HttpOnly; SameSite=Strict; '
           . 'Max-Age=34128000; Secure'], 'another name and path');
is_deeply([sort { $a cmp $b } browser()->get('/wide')->header('Set-Cookie')],
          ['w=; Path=/; Domain=example.org; HttpOnly; SameSite=None; '
           . 'Max-Age=0; Secure',
           'w_out=1; Path=/; Domain=example.org; HttpOnly; SameSite=None; '
           . 'Max-Age=34128000; Secure'], '395 days, whatever max_age says');
like(browser()->get('/host')->set_cookie('__Host-j_out'),
     qr/^__Host-j_out=1; Path=\/; HttpOnly;/, 'the prefix stays');
like(browser()->get('/proxied', 'X-Forwarded-Proto' => 'https')
     ->set_cookie('p_out'), qr/; Secure$/, 'secure by a variable');
unlike(browser()->get('/proxied', 'X-Forwarded-Proto' => 'http')
       ->set_cookie('p_out'), qr/Secure/, 'and not');

# Out of one is not out of the other.
ok(browser(cookies => { shop_out => 1 })->get('/')->set_cookie('jny'));
ok(!browser(cookies => { shop_out => 1 })->get('/shop/page')
    ->set_cookie('shop'));
ok(!browser(cookies => { jny_out => 1 })->get('/')->set_cookie('jny'));
--- journey_log
{"p":"/"}



=== TEST 7: nothing is kept by a cache, whatever else is said
--- config
    journey on;
    location = /expires { expires 1h; journey_optout; }
    location = /header {
        add_header Cache-Control "public, max-age=3600, s-maxage=60" always;
        journey_optout;
    }
    location = /undo { expires max; journey_optout undo; }
--- visit
for my $uri ('/expires', '/header', '/undo') {
    my $r = browser()->get($uri);
    my $all = join ', ', $r->header('Cache-Control');

    is($r->status, 204);
    like($all, qr/\bno-store\b/, "$uri: no-store");
    unlike($all, qr/public|s-maxage/, "$uri: not public");
    like($r->set_cookie('jny_out'), qr/^jny_out=/, $uri);
}
--- journey_log



=== TEST 8: with journey off there, and with any identity
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location = /off { journey off; journey_optout; }
    location = /none { journey_identity none; journey_optout; }
    location = /hash { journey_identity cookieless; journey_optout; }
    location = /variable { journey_identity $arg_i; journey_optout; }
    location = /anonymous { journey_profile anonymous; journey_optout; }
    location = /in { journey off; journey_optout undo; }
--- visit
for my $uri ('/off', '/none', '/hash', '/variable?i=cookie', '/variable',
             '/anonymous')
{
    my $anna = browser();

    $anna->get('/');
    ok($anna->cookies->{jny});
    answers($anna->get($uri), $uri, $::out, $::gone);
    is_deeply($anna->cookies, { jny_out => 1 }, $uri);
    $anna->get('/');
    is_deeply($anna->cookies, { jny_out => 1 }, 'still');
    answers($anna->get('/in'), 'in', $::in);
}

# Signals and consent change nothing of it.
answers(browser()->get('/off', 'Sec-GPC' => 1, DNT => 1), 'with GPC', $::out,
        $::gone);
# A bot is a client like any other here.
answers(browser(agent => 'curl/8.5.0')->get('/off'), 'a tool', $::out,
        $::gone);
--- journey_log
{"p":"/"}
{"p":"/"}
{"p":"/"}
{"p":"/"}
{"p":"/"}
{"p":"/"}



=== TEST 9: who is known without a cookie is forgotten
--- config
    journey on;
    journey_identity cookieless;
    default_type text/html;
    location / { return 200 ok; }
    location = /optout { journey_optout; }
    location = /optin { journey_optout undo; }
    location = /status { journey_status; }
--- visit
my $anna = browser(agent => 'Mozilla/5.0 (X11; Linux x86_64; rv:135.0) '
                            . 'Gecko/20100101 Firefox/135.0');
my $bert = browser();

$anna->get('/1');
$bert->get('/1');
$anna->get('/2');
is(status()->{cookieless}{visitors}, 2, 'two');

answers($anna->get('/optin'), 'undo', $::in);
is(status()->{cookieless}{visitors}, 2, 'undo forgets nobody');
answers($anna->get('/optout', 'Sec-Purpose' => 'prefetch'), 'prefetch');
is(status()->{cookieless}{visitors}, 2, 'a prefetch forgets nobody');

answers($anna->get('/optout'), 'out', $::out, $::gone);
is(status()->{cookieless}{visitors}, 1, 'one is left');
answers($anna->get('/optout'), 'out again', $::out, $::gone);
is(status()->{cookieless}{visitors}, 1, 'the other one');

$anna->get('/hidden');
is(status()->{cookieless}{visitors}, 1, 'and none comes back');
$anna->get('/optin');
$anna->get('/3');
$bert->get('/3');
is(status()->{cookieless}{visitors}, 2, 'until it is undone');
--- journey_log
{"p":"/1","s":1,"ch":"direct"}
{"p":"/1","s":1,"ch":"direct"}
{"p":"/2","s":1,"ch":null}
{"p":"/3","s":1,"ch":"direct"}
{"p":"/3","s":1,"ch":null}



=== TEST 10: where journey is on nowhere
--- config
    location = /optout { journey_optout; expires 1h; }
    location = /optin { journey_optout undo;
                        add_header Cache-Control public; }
    location = /status { journey_status; }
--- visit
my $r = browser()->get('/optout', 'Sec-Fetch-Site' => 'same-origin');
is($r->status, 204);
is_deeply([sort $r->header('Set-Cookie')], [sort $::out, $::gone]);
like(join(', ', $r->header('Cache-Control')), qr/no-store/);

$r = browser()->get('/optin');
is($r->status, 204);
is_deeply([$r->header('Set-Cookie')], [$::in]);
unlike(join(', ', $r->header('Cache-Control')), qr/public/);
is(browser()->get('/optin', 'Sec-Fetch-Site' => 'cross-site')->status, 403);
is(browser()->request('PUT', '/optout')->status, 405);

my $status = status();
is($status->{optouts}, 1);
is($status->{undone}, 1);
is($status->{salts}{created}, 0, 'no salt is made for nobody');



=== TEST 11: a part of another page speaks for nobody
--- config
    journey on;
    default_type text/html;
    location = /page { ssi on; root html; try_files /ssi.html =404; }
    location = /optout { journey_optout; }
    location = /status { journey_status; }
--- user_files
>>> ssi.html
before <!--# include virtual="/optout" --> after
--- visit
my $r = browser()->get('/page');
is($r->status, 200);
like($r->body, qr/^before\s+after/);
ok($r->set_cookie('jny'), 'the page is a page');
ok(!$r->set_cookie('jny_out'), 'nobody opted out');
is(status()->{optouts}, 0);
--- journey_log
{"k":"page","p":"/page"}



=== TEST 12: no line as a bot, either
--- http_config
    journey_agents   journey/agents.conf;
    journey_log      $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_log_bots $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret   $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    default_type text/html;
    journey_goal everywhere uri=~^/;
    location / { return 200 ok; }
    location = /status { journey off; journey_status; }
--- visit
my $bot = browser(agent => 'Googlebot/2.1');

$bot->get('/seen');
$bot->get('/out', Cookie => 'jny_out=1');
is($bot->get('/gone', Cookie => 'jny_out=1; jny=a')->set_cookie('jny'), $::gone);

is(status()->{suppressed}{optout}, 2, 'they are counted');
is(status()->{bots}, 1, 'and no bots');
--- journey_log
{"p":"/seen","bot":"googlebot"}



=== TEST 13: a goal that is no page is hidden, too
--- config
    journey on;
    default_type text/html;
    location = /form { default_type text/plain; return 303 /;
                       journey_goal form if=$arg_yes; }
    location = /status { journey off; journey_status; }
--- visit
my $anna = browser(cookies => { jny_out => 1 });

is($anna->post('/form')->set_cookie('jny'), undef);
is(status()->{suppressed}{optout}, 0, 'no goal: nothing is hidden');

$anna->cookies->{jny} = 'a';
is($anna->post('/form?yes=1')->set_cookie('jny'), $::gone);
is(status()->{suppressed}{optout}, 1, 'a goal that was not written');
is(status()->{events}{goal}, 0);
--- journey_log



=== TEST 14: "undo" holds in an "if" of its location, too
--- config
    journey on;
    location = /back { if ($arg_x) { set $seen 1; } journey_optout undo; }
--- visit
my $anna = browser(cookies => { jny_out => 1 });
like($anna->get('/back?x=1')->header('Set-Cookie'), qr/^jny_out=;.*Max-Age=0/);
