# Copyright (C) ngx_journey_module contributors
#
# However nginx comes by its answer: one event, with the path that the client
# asked for, by the directives of the first location that this path selects
# (design, section 5).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

no_root_location();
run_tests();

__DATA__

=== TEST 1: every way to a page
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; other /index.html /real /fallback; }
--- config
    journey on;
    default_type text/html;
    location / { index index.html; }
    location /proxy { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back; }
    location /back { journey off; return 200 back; }
    location /return { return 200 returned; }
    location /try { try_files /nothing.html /real.html; }
    location /try-named { try_files /nothing.html @named; }
    location /try-uri { try_files /nothing.html /fallback; }
    location @named { return 200 named; }
    location /fallback { return 200 fallback; }
    location /rewrite { rewrite ^ /real.html last; }
    location /break { rewrite ^ /real.html break; }
    location /index/ { alias html/; index none.html real.html; }
    location /listing/ { alias html/folder/; autoindex on; }
    location /accel { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back-accel; }
    location /back-accel { journey off; add_header X-Accel-Redirect /real.html;
                           return 200 x; }
    location /accel-named { proxy_pass
                            http://127.0.0.1:$TEST_NGINX_PORT/back-name; }
    location /back-name { journey off; add_header X-Accel-Redirect @named;
                          return 200 x; }
--- user_files
>>> index.html
index
>>> real.html
real
>>> folder/file.html
file
--- visit
my $anna = browser();
my @pages = (['/' => "index\n"], ['/real.html' => "real\n"],
             ['/index.html' => "index\n"], ['/proxy/x' => 'back'],
             ['/return' => 'returned'], ['/try' => "real\n"],
             ['/try-named' => 'named'], ['/try-uri?a=b' => 'fallback'],
             ['/rewrite?a=b' => "real\n"], ['/break' => "real\n"],
             ['/index/' => "real\n"], ['/accel' => "real\n"],
             ['/accel-named' => 'named']);

is($anna->get($_->[0])->body, $_->[1], $_->[0]) for @pages;
like($anna->get('/listing/')->body, qr/file\.html/, 'autoindex');

# A folder without its slash is a redirect, and no page.
my $r = $anna->get('/folder');
is($r->status, 301);
like($r->header('Location'), qr{/folder/$});
--- journey_log
{"k":"page","p":"/","ph":"all","s":1,"ch":"direct"}
{"k":"page","p":"/real.html","ph":"other","s":1,"ch":null}
{"k":"page","p":"/index.html","ph":"other"}
{"k":"page","p":"/proxy/x","ph":"all"}
{"k":"page","p":"/return","ph":"all"}
{"k":"page","p":"/try","ph":"all","st":null}
{"k":"page","p":"/try-named","ph":"all"}
{"k":"page","p":"/try-uri","ph":"all"}
{"k":"page","p":"/rewrite","ph":"all"}
{"k":"page","p":"/break","ph":"all"}
{"k":"page","p":"/index/","ph":"all"}
{"k":"page","p":"/accel","ph":"all"}
{"k":"page","p":"/accel-named","ph":"all"}
{"k":"page","p":"/listing/","ph":"all"}


=== TEST 2: error_page: with a URI, named, with another status
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; }
--- config
    journey on;
    default_type text/html;
    error_page 404 /404.html;
    location / { }
    location /known { return 200 x; }
    location /named { error_page 404 410 @gone; return 410; }
    location @gone { return 200 gone; }
    location /ok { error_page 404 =200 /404.html; return 404; }
    location /any { error_page 404 = /answer; return 404; }
    location /answer { return 200 answer; }
    location /soft { error_page 403 =404 /404.html; return 403; }
    location /moved { error_page 404 =302 /known; return 404; }
    location /outside { error_page 404 https://other.example/; return 404; }
    location /status/503 { error_page 503 /answer; return 503; }
    location /proxy { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back;
                      proxy_intercept_errors on; error_page 500 =503 @gone; }
    location /back { journey off; return 500; }
--- user_files
>>> 404.html
not here
--- visit
is(browser()->get('/unknown')->body, "not here\n");

my $anna = browser();
$anna->get('/known');

my @pages = (['/nothing', 404, "not here\n"], ['/named', 410, 'gone'],
             ['/ok', 200, "not here\n"], ['/any', 200, 'answer'],
             ['/soft', 404, "not here\n"], ['/status/503', 503, 'answer'],
             ['/proxy', 503, 'gone']);

for my $page (@pages) {
    my $r = $anna->get($page->[0]);
    is($r->status, $page->[1], $page->[0]);
    is($r->body, $page->[2], $page->[0]);
}

is($anna->get('/moved')->status, 302);
is($anna->get('/outside')->status, 302);

# The page that tells of errors is a page of its own when it is asked for.
is($anna->get('/404.html')->status, 200);
--- journey_log
{"k":"page","p":"/known"}
{"k":"error","p":"/nothing","st":404,"ph":null}
{"k":"error","p":"/named","st":410}
{"k":"page","p":"/ok","st":null}
{"k":"page","p":"/any"}
{"k":"error","p":"/soft","st":404}
{"k":"error","p":"/status/503","st":503}
{"k":"error","p":"/proxy","st":503}
{"k":"page","p":"/404.html","st":null}


=== TEST 3: the first location speaks: on and off
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    default_type text/html;
    location /on/ { journey on; try_files /none /off/target; }
    location /off/ { return 200 off; }
    location /quiet/ { try_files /none /loud/target; }
    location /loud/ { journey on; return 200 loud; }
    location /named/ { journey on; try_files /none @off; }
    location @off { return 200 off; }
    location /quiet-named/ { try_files /none @on; }
    location @on { journey on; return 200 on; }
    location /rewritten { rewrite ^ /loud/x last; }
    location /rewritten-on { journey on; rewrite ^ /off/x last; }
    location /failed { error_page 404 /loud/404; return 404; }
--- visit
my $anna = browser();
is($anna->get('/on/1')->body, 'off');
is($anna->get('/quiet/1')->body, 'loud');
is($anna->get('/named/1')->body, 'off');
is($anna->get('/quiet-named/1')->body, 'on');
is($anna->get('/rewritten')->body, 'loud');
is($anna->get('/rewritten-on')->body, 'off');
is($anna->get('/failed')->body, 'loud');
$anna->get('/loud/1');
$anna->get('/off/1');
--- journey_log
{"p":"/on/1"}
{"p":"/named/1"}
{"p":"/rewritten-on"}
{"p":"/loud/1"}


=== TEST 4: the first location speaks: phase, goal, page, types, identity, log
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one; two; three /php; four /way; }
--- config
    journey on;
    default_type text/html;
    location /way {
        journey_phase one; journey_goal first; journey_page way;
        try_files /none /php?$args;
    }
    location /php {
        journey_phase two; journey_goal second; journey_page php;
        journey_goal third uri=/way; journey_identity none; journey_log off;
        return 200 x;
    }
    location /plain { try_files /none /typed; }
    location /typed { journey_types text/plain; default_type text/plain;
                      return 200 x; }
    journey_goal by_uri uri=/way/in;
    journey_goal not_by_uri uri=/php;
--- visit
my $anna = browser();
like($anna->get('/way/in')->set_cookie('jny'), qr/^jny=/);
$anna->get('/plain');
$anna->get('/typed');
--- journey_log
{"k":"page","p":"way","ph":"one","s":1}
{"k":"goal","goal":"by_uri","p":"way","ph":"one"}
{"k":"goal","goal":"first"}
{"k":"page","p":"/typed"}


=== TEST 5: patterns test the client's own path, whatever it is rewritten to
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { asked /asked; rewritten /rewritten; }
--- config
    journey on;
    default_type text/html;
    journey_goal asked uri=/asked;
    journey_goal rewritten uri=/rewritten;
    rewrite ^/asked/server(.*) /rewritten/server$1;
    location /asked { rewrite ^/asked(.*) /rewritten$1 last; }
    location /rewritten { return 200 "$uri"; }
    rewrite ^/old/(.*) /new/$1;
    location /old { return 200 old; }
    location /new { journey_page new; journey_phase rewritten;
                    journey_goal new; return 200 "$uri"; }
--- visit
my $anna = browser();
is($anna->get('/asked/loc')->body, '/rewritten/loc');
is($anna->get('/asked/server')->body, '/rewritten/server');

# A rewrite of the server comes before any location is looked for.
is($anna->get('/old/x')->body, '/new/x');
--- journey_log
{"k":"page","p":"/asked/loc","ph":"asked"}
{"k":"goal","goal":"asked"}
{"k":"page","p":"/asked/server","ph":"asked"}
{"k":"goal","goal":"asked"}
{"k":"page","p":"new","ph":"rewritten"}
{"k":"goal","goal":"new"}


=== TEST 6: campaign values are those of the client's own query
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location /drop { rewrite ^ /page? last; }
    location /add { rewrite ^ /page?utm_source=inner&utm_medium=sms? last; }
    location /page { return 200 "$args"; }
    location /try { try_files /none /page?utm_source=inner&utm_medium=sms; }
--- visit
my $query = 'utm_source=letter&utm_medium=email';
is(browser()->get("/drop?$query")->body, '');
is(browser()->get('/add')->body, 'utm_source=inner&utm_medium=sms');
is(browser()->get("/try?$query")->body, 'utm_source=inner&utm_medium=sms');
--- journey_log
{"p":"/drop","ch":"email","src":"letter"}
{"p":"/add","ch":"direct"}
{"p":"/try","ch":"email","src":"letter"}


=== TEST 7: answers that come before any location: the server speaks
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    default_type text/html;
    if ($arg_gone) { return 410; }
    if ($arg_hello) { return 200 hello; }
    error_page 410 /loud/410.html;
    location / { journey on; return 200 x; }
    location /loud { journey on; return 200 loud; }
--- visit
# journey is off at the server's level, and no location was selected.
my $anna = browser();
$anna->get('/');
is($anna->get('/page?hello=1')->body, 'hello');
is($anna->get('/page?gone=1')->body, 'loud');
--- journey_log
{"p":"/"}


=== TEST 8: answers before any location where journey is on
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    if ($arg_gone) { return 410; }
    if ($arg_hello) { return 200 hello; }
    if ($arg_away) { return 302 /; }
    error_page 410 /silent/410.html;
    location / { return 200 x; }
    location /silent { journey off; return 200 silent; }
--- visit
my $anna = browser();
is($anna->get('/page?hello=1')->body, 'hello');
is($anna->get('/page?away=1')->status, 302);
is($anna->get('/page?gone=1')->body, 'silent');
--- journey_log
{"k":"page","p":"/page"}
{"k":"error","p":"/page","st":410}


=== TEST 9: what the selected location refuses before its rewrites: its own word counts
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    default_type text/html;
    location / { journey on; return 200 x; }
    location /small { journey on; client_max_body_size 1; return 200 x; }
    location /inside { journey on; internal; return 200 x; }
    location /quiet { client_max_body_size 1; return 200 x; }
--- visit
my $anna = browser();
$anna->get('/');
is($anna->get('/small', body => 'too much')->status, 413);
is($anna->get('/inside')->status, 404);
is($anna->get('/quiet', body => 'too much')->status, 413);
--- journey_log
{"k":"page","p":"/"}
{"k":"error","p":"/small","st":413}
{"k":"error","p":"/inside","st":404}


=== TEST 10: variables stay the same through a redirect
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /way; two /php; }
--- config
    journey on;
    default_type text/html;
    location /way {
        set $before "$journey_id $journey_phase $journey_channel";
        try_files /none /php;
    }
    location /php { return 200 "$before|$journey_id $journey_phase $journey_channel"; }
--- visit
my ($before, $after) = split /\|/, browser()->get('/way')->body;
like($before, qr/^\S{16,17} one direct$/);
is($after, $before);
--- journey_log
{"p":"/way","ph":"one","ch":"direct"}


=== TEST 11: a page whose redirects never end is one error
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /cycle { rewrite ^ /cycle last; }
    location /redirects { error_page 404 /redirects; try_files /a /b =404;
                          recursive_error_pages on; }
--- visit
my $anna = browser();
$anna->get('/');
is($anna->get('/cycle')->status, 500);
is($anna->get('/redirects')->status, 500);
--- journey_log
{"k":"page","p":"/"}
{"k":"error","p":"/cycle","st":500}
{"k":"error","p":"/redirects","st":500}
