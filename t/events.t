# Copyright (C) ngx_journey_module contributors
#
# Which requests are events, of what kind, and what their lines hold (design,
# sections 6.1 and 8).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

$ENV{TEST_NGINX_SECOND_PORT} = $ENV{TEST_NGINX_PORT} + 1;

refused('journey_types takes at least one type',
        { server => 'journey_types; # HERE' },
        qr/invalid number of arguments in "journey_types"/);
refused('journey_page takes one value',
        { server => 'journey_page /a /b; # HERE' },
        qr/invalid number of arguments in "journey_page"/);
refused('journey_page: a variable that nobody has',
        { server => 'journey_page $no_such_variable;' },
        qr/unknown "no_such_variable" variable/);
refused('journey takes on or off',
        { server => 'location /y { journey yes; # HERE
                     }' },
        qr/invalid value "yes" in "journey" directive, it must be "on" or/);
refused('journey twice',
        { location => "journey on;\njourney off; # HERE" },
        qr/"journey" directive is duplicate/);
refused('not inside if',
        { location => 'if ($arg_a) { journey off; # HERE
                       }' },
        qr/"journey" directive is not allowed here/);

no_root_location();
run_tests();

__DATA__

=== TEST 1: a page is a GET that is answered 2xx with a page's type
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location /html { default_type text/html; return 200 html; }
    location /created { default_type text/html; return 201 html; }
    location /xhtml { default_type application/xhtml+xml; return 200 x; }
    location /css { default_type text/css; return 200 css; }
    location /json { default_type application/json; return 200 "{}"; }
    location /plain { default_type text/plain; return 200 plain; }
    location /htmlx { default_type text/htmlx; return 200 x; }
    location /none { default_type ""; return 200 none; }
    location /no-content { return 204; }
    location /moved { return 301 /html; }
    location /found { return 302 /html; }
    location /front { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back; }
    location /back {
        journey off;
        default_type "Text/HTML; Charset=utf-8";
        return 200 proxied;
    }
--- visit
my $anna = browser(host => 'shop.example');

is($anna->get("/$_")->status, 200, $_)
    for qw(html xhtml css json plain htmlx none);
is($anna->get('/created')->status, 201);
is($anna->get('/no-content')->status, 204);
is($anna->get('/moved')->status, 301);
is($anna->get('/found')->status, 302);
is($anna->get('/front')->body, 'proxied');
is($anna->get('/back')->body, 'proxied');

is($anna->post('/html')->status, 200);
is($anna->request($_, '/html')->status, 200, $_)
    for qw(HEAD OPTIONS PROPFIND PATCH);
is($anna->request('PUT', '/html', body => 'x')->status, 200);
is($anna->request('DELETE', '/html')->status, 200);

# Without Accept: text/html, and without Sec-Fetch-*, the type alone tells.
is(browser(accept => '*/*')->get('/html?any')->status, 200);
--- journey_log
{"k":"page","p":"/html","st":null,"pf":null,"s":1}
{"k":"page","p":"/xhtml","st":null,"s":1}
{"k":"page","p":"/created","st":201,"s":1}
{"k":"page","p":"/front","st":null,"s":1}
{"k":"page","p":"/html","ch":"direct"}


=== TEST 2: what a line holds
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents journey/agents.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 html; }
--- visit
my $before = time;
my $anna = browser(host => 'SHOP.Example:8080', agent => 'Mozilla/5.0 '
                   . '(iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/'
                   . '605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 '
                   . 'Safari/604.1');

$anna->get('/p/?secret=1');

my ($event) = journey_log_wait(1);

is(join(' ', sort keys %$event), 'ch dev fs h j k ms p s t v why');
cmp_ok($event->{t}, '>=', $before * 1000, 't is not too early');
cmp_ok($event->{t}, '<', (time() + 1) * 1000, 't is not too late');
cmp_ok($event->{t} % 1000 + $event->{ms}, '>=', 0);
is($event->{fs}, int($event->{t} / 86_400_000), 'fs is today');
like($event->{ms}, qr/^\d{1,3}$/, 'ms');
unlike(journey_log_raw(), qr/secret/, 'the query is nowhere');
--- journey_log
{"k":"page","h":"shop.example","p":"/p/","dev":"mobile","ch":"direct","why":"direct","src":null,"med":null,"ref":null,"j":1,"s":1}


=== TEST 3: t is the begin of the request, ms the time to the response header
--- http_config
    limit_req_zone $server_name zone=slow:64k rate=2r/s;
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { limit_req zone=slow burst=5; try_files /index.html =404; }
--- visit
my $anna = browser();
my ($one, $two);

# Anew when the machine stood still meanwhile.
for my $n (1 .. 20) {
    $anna->get("/$n/1");
    $anna->get("/$n/2");
    ($one, $two) = (journey_log_wait(2 * $n))[-2, -1];
    last if $one->{ms} < 250 && $two->{ms} >= 300 && $two->{ms} < 3000
            && $two->{t} - $one->{t} < 300;
    sleep 2;
}

cmp_ok($one->{ms}, '<', 250, 'the first was quick');
cmp_ok($two->{ms}, '>=', 300, 'the second waited');
cmp_ok($two->{ms}, '<', 3000, 'and not for ever');
cmp_ok($two->{t} - $one->{t}, '<', 300, 'it began at once');
cmp_ok($two->{t} - $one->{t}, '>=', 0, 'after the first');


=== TEST 4: journey_types: own types, "*", inheritance
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_types application/vnd.page;
--- config
    journey on;
    location /html { default_type text/html; return 200 x; }
    location /own { default_type application/vnd.page; return 200 x; }
    location /other { default_type application/vnd.pagf; return 200 x; }
    location /any/ {
        journey_types *;
        location /any/css { default_type text/css; return 200 x; }
        location /any/own { default_type application/vnd.page; return 200 x; }
    }
    location /inner/ {
        journey_types text/plain TEXT/XML;
        location /inner/own { default_type application/vnd.page; return 200 x; }
        location /inner/plain { default_type text/plain; return 200 x; }
        location /inner/xml { default_type text/xml; return 200 x; }
        location /inner/html { default_type text/html; return 200 x; }
    }
--- visit
my $anna = browser();
is($anna->get($_)->status, 200, $_)
    for qw(/html /own /other /any/css /any/own /inner/own /inner/plain
           /inner/xml /inner/html);
--- journey_log
{"p":"/own"}
{"p":"/any/css"}
{"p":"/any/own"}
{"p":"/inner/plain"}
{"p":"/inner/xml"}


=== TEST 5: where Sec-Fetch-* is sent, a page is a navigation
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser();
my @kinds = ( [navigate => 'document'], [navigate => 'iframe'],
              [navigate => 'frame'], [navigate => 'object'],
              [navigate => 'embed'], [navigate => 'empty'],
              [cors => 'empty'], ['no-cors' => 'empty'],
              ['same-origin' => 'empty'], [websocket => 'websocket'],
              ['no-cors' => 'script'], [cors => 'document'],
              [navigate => undef], [undef, 'document'], [undef, 'empty'],
              [cors => undef], [undef, undef] );

for my $kind (@kinds) {
    my ($mode, $dest) = @$kind;
    my $name = join '-', map { defined $_ ? $_ : 'none' } @$kind;

    is($anna->get("/$name", Sec_Fetch_Mode => $mode, Sec_Fetch_Dest => $dest,
                  Sec_Fetch_Site => 'same-origin')->status, 200);
}
--- journey_log
{"p":"/navigate-document"}
{"p":"/navigate-none"}
{"p":"/none-document"}
{"p":"/none-none"}


=== TEST 6: 304 to a navigation is a page, to anything else it is none
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; }
--- config
    journey on;
    journey_goal seen uri=/page.html;
--- user_files
>>> page.html
<p>page
>>> style.css
p { }
--- visit
my $anna = browser();
my ($page) = $anna->get('/page.html')->header('Last-Modified');
my ($style) = $anna->get('/style.css')->header('Last-Modified');

ok($page && $style, 'dates of both');

my @since = (If_Modified_Since => $page);

is($anna->get('/page.html', @since)->status, 304);
is($anna->get('/page.html?nav', @since, Sec_Fetch_Mode => 'navigate',
              Sec_Fetch_Dest => 'document')->status, 304);
is($anna->get('/page.html?frame', @since, Sec_Fetch_Mode => 'navigate',
              Sec_Fetch_Dest => 'iframe')->status, 304);
is($anna->get('/page.html?any', @since, Accept => '*/*')->status, 304);
is($anna->get('/style.css', If_Modified_Since => $style,
              Accept => 'text/css,*/*;q=0.1')->status, 304);
is($anna->get('/style.css?fetch', If_Modified_Since => $style,
              Sec_Fetch_Mode => 'no-cors',
              Sec_Fetch_Dest => 'style')->status, 304);
is($anna->get('/style.css?prefetch', If_Modified_Since => $style,
              Sec_Fetch_Mode => 'no-cors', Sec_Fetch_Dest => 'empty',
              Sec_Fetch_Site => 'same-origin', Accept => '*/*',
              Sec_Purpose => 'prefetch')->status, 304);
is($anna->request('HEAD', '/page.html', @since)->status, 304);
--- journey_log
{"k":"page","p":"/page.html","st":null,"ph":"all","pn":1}
{"k":"goal","goal":"seen"}
{"k":"page","p":"/page.html","st":304,"ph":"all","pn":1}
{"k":"page","p":"/page.html","st":304}


=== TEST 7: a new visitor's 304 makes a visitor, and its cookie goes out with it
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
--- user_files
>>> page.html
<p>page
--- visit
my ($date) = browser()->get('/page.html', Accept => 'image/*',
                            Sec_Fetch_Mode => 'no-cors')
                      ->header('Last-Modified');
my $r = browser()->get('/page.html', If_Modified_Since => $date);
is($r->status, 304);
like($r->set_cookie('jny'), qr/^jny=/);
--- journey_log
{"k":"page","st":304,"s":1,"j":1,"ch":"direct"}


=== TEST 8: a part of a page (206) is a page with its status
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
--- user_files
>>> page.html
<p>a page of some length
--- visit
my $r = browser()->get('/page.html', Range => 'bytes=0-3');
is($r->status, 206);
is($r->body, '<p>a');

# The event was a page when nginx found that there is no such part.
is(browser()->get('/page.html', Range => 'bytes=4000-')->status, 416);
--- journey_log
{"k":"page","p":"/page.html","st":206,"ch":"direct"}
{"k":"page","p":"/page.html","st":416}


=== TEST 9: prefetches and prerenders
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; late /late; }
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal reached; }
    location /css { default_type text/css; return 200 x; }
    location /status { journey_status; default_type text/plain; }
    location /late {
        return 200 x;
        add_header X-Furthest $journey_furthest_phase always;
    }
--- visit
my @navigate = (Sec_Fetch_Mode => 'navigate', Sec_Fetch_Dest => 'document');
my @prefetch = (@navigate, Sec_Purpose => 'prefetch');
my @same = (Sec_Fetch_Site => 'same-origin');
my @link = (@same, Sec_Fetch_Mode => 'no-cors', Sec_Fetch_Dest => 'empty',
            Sec_Purpose => 'prefetch');

# Somebody unknown: no id, no cookie.
my $new = browser();
my $r = $new->get('/new', @prefetch, @same);
is($r->status, 200);
is($r->set_cookie('jny'), undef, 'no cookie for a prefetch');

# Somebody known: the state stays as it is.
my $anna = browser();
$anna->get('/', @navigate);
my $cookie = $anna->cookies->{jny};

$r = $anna->get('/late?utm_source=letter&utm_medium=email', @prefetch, @same);
is($r->set_cookie('jny'), undef, 'no cookie for a campaign either');
is($r->header('X-Furthest'), 'all', 'no phase was reached');
is($anna->get('/link', @link)->status, 200);
is($anna->get('/moz', X_Moz => 'prefetch', @same)->status, 200);
is($anna->get('/purpose', Purpose => 'prefetch', @same)->status, 200);
is($anna->get('/css', @link)->status, 200);

# These are none at all.
$anna->get('/cross', @prefetch, Sec_Fetch_Site => 'cross-site');
$anna->get('/site', @prefetch, Sec_Fetch_Site => 'same-site');
$anna->get('/user', @prefetch, Sec_Fetch_Site => 'none');
$anna->get('/unknown', X_Moz => 'prefetch');
$anna->get('/prerender', @navigate, @same, Sec_Purpose => 'prefetch;prerender');
$anna->get('/prerender', @navigate, @same, Sec_Purpose => 'prerender');
is($anna->cookies->{jny}, $cookie, 'the state is the first page\'s');

# The visit itself then counts.
is($anna->get('/late?utm_source=letter&utm_medium=email', @navigate)
   ->header('X-Furthest'), 'late');

my $status = Journey::decode($anna->get('/status')->body);
is($status->{events}{prefetched}, 5);
is($status->{events}{page}, 2);
is($status->{events}{goal}, 1);
--- journey_log
{"k":"page","p":"/new","pf":1,"v":null,"ch":null,"fs":null}
{"k":"page","p":"/","pf":null,"ch":"direct"}
{"k":"goal","p":"/","goal":"reached"}
{"k":"page","p":"/late","pf":1,"s":1,"ch":null,"fs":null}
{"k":"page","p":"/link","pf":1,"s":1}
{"k":"page","p":"/moz","pf":1}
{"k":"page","p":"/purpose","pf":1}
{"k":"page","p":"/late","pf":null,"ch":"email","src":"letter","s":1}


=== TEST 10: bots write no event, get no cookie, and are counted
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents journey/agents.conf;
--- config
    journey on;
    location / {
        default_type text/html;
        return 200 x;
        journey_goal reached;
        add_header X-Bot $journey_bot;
    }
    location /css { default_type text/css; return 200 x; }
    location /missing { return 404; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $google = 'Mozilla/5.0 (compatible; Googlebot/2.1; '
             . '+http://www.google.com/bot.html)';
my $chatgpt = 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); '
              . 'compatible; ChatGPT-User/1.0; +https://openai.com/bot';
my @bots = ( [$google, 'googlebot'], [$chatgpt, 'ai_agent'],
             ['curl/8.5.0', 'tool'], ['Somecrawler/1.0', 'generic'] );

for my $bot (@bots) {
    my $r = browser(agent => $bot->[0])->get('/');
    is($r->header('X-Bot'), $bot->[1], $bot->[1]);
    is($r->set_cookie('jny'), undef, "no cookie for $bot->[1]");
}

is(browser(accept => undef, language => undef)->get('/')->header('X-Bot'),
   'no_accept', 'neither Accept nor Accept-Language');
is(browser(accept => undef)->get('/lang')->header('X-Bot'), undef,
   'one of the two is enough');
is(browser(language => undef)->get('/accept')->header('X-Bot'), undef);
is(browser(agent => undef)->get('/agent')->header('X-Bot'), undef,
   'no user agent is no verdict');

# A bot with somebody's cookie, a bot's goals, errors and assets.
my $anna = browser();
$anna->get('/anna');
my %jar = %{ $anna->cookies };

for my $uri ('/', '/css', '/missing') {
    my $bot = browser(agent => $google);
    %{ $bot->cookies } = %jar;
    is($bot->get($uri)->set_cookie('jny'), undef, "no cookie: $uri");
}

browser(agent => $google)->post('/');

my $status = Journey::decode($anna->get('/status')->body);
is($status->{bots}, 7, "pages and goals, no errors");
is($status->{ai_agents}, 1);
--- journey_log
{"k":"page","p":"/lang"}
{"k":"goal","p":"/lang"}
{"k":"page","p":"/accept"}
{"k":"goal","p":"/accept"}
{"k":"page","p":"/agent","dev":null}
{"k":"goal","p":"/agent"}
{"k":"page","p":"/anna"}
{"k":"goal","p":"/anna"}


=== TEST 11: a known visitor's navigation that fails is an error event
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; late /4; }
--- config
    journey on;
    default_type text/html;
    add_header X-Furthest $journey_furthest_phase always;
    location = / { return 200 x; }
    location /page { return 200 x; }
    location /404 { try_files /nothing =404; }
    location /410 { return 410; }
    location /403 { deny all; }
    location /500 { return 500; }
    location /502 { proxy_pass http://127.0.0.1:1; }
    location /503 { return 503 "a text of html"; }
    location /413 { client_max_body_size 1; return 200 x; }
    location /405.html { root html; }
    location /goal { return 404; journey_goal reached; }
    location /status { journey_status; default_type text/plain; }
--- visit
# Somebody unknown: none.
my $r = browser()->get('/404');
is($r->status, 404);
is($r->set_cookie('jny'), undef, 'no cookie with an error');

my $anna = browser();
$anna->get('/');
my $cookie = $anna->cookies->{jny};
my $campaign = 'utm_source=letter&utm_medium=email';

$r = $anna->get("/404?$campaign", Referer => 'https://other.example/');
is($r->status, 404);
is($r->set_cookie('jny'), undef, 'an error changes no state');
is($r->header('X-Furthest'), 'all', 'and reaches no phase');

is($anna->get("/$_")->status, $_) for 410, 403, 500, 502, 503;
is($anna->get('/413', body => 'too long')->status, 413);
is($anna->get('/goal')->status, 404);

# No navigations: none.
is($anna->get('/404.png', Accept => 'image/png')->status, 404);
is($anna->get('/404.frame', Sec_Fetch_Mode => 'navigate',
              Sec_Fetch_Dest => 'iframe')->status, 404);
is($anna->get('/404.fetch', Sec_Fetch_Mode => 'cors',
              Sec_Fetch_Dest => 'empty')->status, 404);
is($anna->get('/404.prefetch', Sec_Purpose => 'prefetch',
              Sec_Fetch_Site => 'same-origin')->status, 404);
is($anna->post('/404')->status, 404);
is($anna->request('HEAD', '/404')->status, 404);
is($anna->cookies->{jny}, $cookie, 'still the same state');

# What the errors did not open, a page does.
$anna->get("/page?$campaign");

my $status = Journey::decode($anna->get('/status')->body);
is($status->{events}{error}, 8);
is($status->{events}{goal}, 0);
is($status->{touches}, 2);
--- journey_log
{"k":"page","p":"/","ph":"all","pn":1}
{"k":"error","p":"/404","st":404,"ph":null,"pn":null,"ch":null,"src":null,"fs":null,"j":1,"s":1,"ms":"~^\\d+$","dev":"~."}
{"k":"error","p":"/410","st":410}
{"k":"error","p":"/403","st":403}
{"k":"error","p":"/500","st":500}
{"k":"error","p":"/502","st":502}
{"k":"error","p":"/503","st":503}
{"k":"error","p":"/413","st":413}
{"k":"error","p":"/goal","st":404}
{"k":"page","p":"/page","ch":"email","s":1}


=== TEST 12: an error after the session's end carries the state's numbers
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_session 1s;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /gone { return 410; }
--- visit
my $anna = browser();
$anna->get('/');
Time::HiRes::sleep(2.1);
is($anna->get('/gone')->set_cookie('jny'), undef);
$anna->get('/');
--- journey_log
{"k":"page","j":1,"s":1,"fs":"~^\\d+$"}
{"k":"error","j":1,"s":1,"fs":null,"ch":null}
{"k":"page","j":1,"s":2,"fs":"~^\\d+$","ch":"direct"}


=== TEST 13: subrequests are no events; one event a request
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location = /ssi { ssi on; alias html/ssi.html; }
    location /part { return 200 part; journey_goal part; }
    location /auth { journey_goal auth; return 200 auth; }
    location /private { auth_request /auth; try_files /index.html =404; }
    location /mirror { mirror /copy; try_files /index.html =404; }
    location = /copy { journey_goal copy; return 200 copy; }
    location /added { add_after_body /part; addition_types *;
                      try_files /index.html =404; }
    location /refused { auth_request /no; try_files /index.html =404; }
    location /no { return 403; }
--- user_files
>>> ssi.html
begin <!--#include virtual="/part" --> <!--#include virtual="/nothing" --> end
>>> index.html
index
--- visit
my $anna = browser();
like($anna->get('/ssi')->body, qr/^begin part .* end$/s);
is($anna->get('/private')->body, "index\n");
is($anna->get('/mirror')->body, "index\n");
is($anna->get('/added')->body, "index\npart");
is($anna->get('/refused')->status, 403);
--- journey_log
{"k":"page","p":"/ssi","s":1}
{"k":"page","p":"/private","s":1}
{"k":"page","p":"/mirror","s":1}
{"k":"page","p":"/added","s":1}
{"k":"error","p":"/refused","st":403}


=== TEST 14: host and path: lower case, decoded, normalised
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser(host => 'Shop.EXAMPLE.:8080');
$anna->get('/a%20b/%C3%A4?q=%20');
$anna->get('/x//y/./z/../%41');
$anna->get('/quote%22back%5Cslash%3Cscript%3E');
$anna->get('/tab%09bell%07');
$anna->get('/bad%ff%c3(');
$anna->get('/plus+and%2Bplus%2520');
$anna->get('/%3Fq=1?r=2');
$anna->get('http://other.example/absolute');
--- journey_log
{"h":"shop.example","p":"/a b/ä"}
{"h":"shop.example","p":"/x/y/A"}
{"p":"/quote\"back\\slash<script>"}
{"p":"/tab\tbell\u0007"}
{"p":"/bad\ufffd\ufffd("}
{"p":"/plus+and+plus%20"}
{"p":"/?q=1"}
{"h":"other.example","p":"/absolute"}


=== TEST 15: a path is cut at 512 bytes, at a character
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser();
$anna->get('/' . 'a' x 511);
$anna->get('/' . 'b' x 512);
$anna->get('/' . '%C3%A4' x 300);
$anna->get('/' . 'c' x 7000);

my @events = journey_log_wait(4);

is($events[0]->{p}, '/' . 'a' x 511, '512 bytes stay');
is($events[1]->{p}, '/' . 'b' x 511, '513 are cut');
is($events[2]->{p}, '/' . "\x{e4}" x 255, 'at a character');
is($events[3]->{p}, '/' . 'c' x 511, '7000 are cut');


=== TEST 16: HTTP/1.0 without Host, and keepalive
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    server_name second.example;
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser(host => undef);
is($anna->get('/old', version => '1.0')->status, 200);

# Two in one packet, on one connection.
my $r = browser()->raw(join '', map {
    "GET /$_ HTTP/1.1\r\nHost: second.example\r\nAccept: text/html\r\n"
    . "Accept-Language: de\r\n" . ($_ == 2 ? "Connection: close\r\n" : '')
    . "\r\n" } 1, 2);

is(() = $r->{raw} =~ /HTTP\/1\.1 200/g, 2);
--- journey_log
{"k":"page","h":"localhost","p":"/old"}
{"k":"page","h":"second.example","p":"/1"}
{"k":"page","h":"second.example","p":"/2"}


=== TEST 17: HTTP/1.0 without Host where the server has no name
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    server {
        listen 127.0.0.1:$TEST_NGINX_SECOND_PORT;
        journey on;
        location / { default_type text/html; return 200 x; }
    }
--- config
    journey on;
--- visit
is(browser(host => undef, port => $ENV{TEST_NGINX_SECOND_PORT})
   ->get('/old', version => '1.0')->status, 200);

--- journey_log
{"k":"page","p":"/old","h":"127.0.0.1"}


=== TEST 18: journey_page: variables, inheritance, an empty value
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { all /; order /order; }
    map $uri $folded {
        ~^/order/\d+   /order/N;
        ~^/long        "/$arg_a";
        default        "";
    }
--- config
    journey on;
    journey_page $folded;
    default_type text/html;
    location / { return 200 x; }
    location /inner { return 200 x; journey_page "inner of $host"; }
    location /inner/deeper { return 200 x; }
    location /goal { return 200 x; journey_page goal; journey_goal reached; }
    location /error { return 404; journey_page error; }
--- visit
my $anna = browser(host => 'shop.example');
$anna->get('/order/4711');
$anna->get('/order/x');
$anna->get('/inner');
$anna->get('/inner/deeper');
$anna->get('/goal');
$anna->get('/error');
$anna->get('/long?a=' . 'a' x 600);

unlike(journey_log_raw(), qr/4711/, 'the order number is nowhere');
is((journey_log_wait(8))[7]->{p}, '/' . 'a' x 511, 'cut, too');
--- journey_log
{"k":"page","p":"/order/N","ph":"order"}
{"k":"page","p":"/order/x","ph":"order"}
{"k":"page","p":"inner of shop.example","ph":"all"}
{"k":"page","p":"/inner/deeper"}
{"k":"page","p":"goal"}
{"k":"goal","p":"goal"}
{"k":"error","p":"error"}
{"k":"page"}


=== TEST 19: the page stands before its goals, in the order they are set
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_goal first;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal third; journey_goal fourth; }
    journey_goal second;
--- visit
my $anna = browser();
$anna->get('/');
$anna->get('/');

my @events = journey_log_wait(10);
is($events[$_]->{t}, $events[0]->{t}, 'one time') for 1 .. 4;
is($events[$_]->{v}, $events[0]->{v}, 'one visitor') for 1 .. 9;
--- journey_log
{"k":"page"}
{"k":"goal","goal":"first","ms":null,"st":null,"ch":null,"fs":null}
{"k":"goal","goal":"second"}
{"k":"goal","goal":"third"}
{"k":"goal","goal":"fourth"}
{"k":"page"}
{"k":"goal","goal":"first"}
{"k":"goal","goal":"second"}
{"k":"goal","goal":"third"}
{"k":"goal","goal":"fourth"}


=== TEST 20: journey off writes nothing and sets nothing
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    location / { default_type text/html; return 200 x; journey_goal g; }
    location /on { default_type text/html; return 200 x; journey on; }
    location /on/off { default_type text/html; return 200 x; journey off; }
    location /on/quiet { default_type text/html; return 200 x; journey on;
                         journey_log off; }
--- visit
my $anna = browser();
is($anna->get('/')->set_cookie('jny'), undef);
is($anna->get('/on/off')->set_cookie('jny'), undef);
like($anna->get('/on/quiet')->set_cookie('jny'), qr/^jny=/, 'a visitor, no log');
$anna->get('/on');
--- journey_log
{"k":"page","p":"/on","s":1,"ch":null}


=== TEST 21: what is no request makes no event
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location /444 { return 444; }
--- visit
my $anna = browser();
$anna->get('/');

my ($cookie) = $anna->cookies->{jny};
my $head = "Host: a\r\nAccept: text/html\r\nAccept-Language: de\r\n"
           . "Cookie: jny=$cookie\r\n";

like($anna->raw("GET / HTTP/1.1\r\nAccept: text/html\r\n"
                . "Cookie: jny=$cookie\r\n\r\n")->status, qr/^400$/);
like($anna->raw("GET /\0 HTTP/1.1\r\n$head\r\n")->status, qr/^400$/);
like($anna->raw("GET /../.. HTTP/1.1\r\n$head\r\n")->status, qr/^400$/);
like($anna->raw("GET /" . 'a' x 20000 . " HTTP/1.1\r\n$head\r\n")->status,
     qr/^414$/);
like($anna->raw("GET / HTTP/3.0\r\n$head\r\n")->status, qr/^505$/);
like($anna->raw("\x16\x03\x01\x02\x00garbage\r\n\r\n")->status, qr/^400$/);
is($anna->raw("GET /444 HTTP/1.1\r\n$head\r\n")->status, '');
like($anna->raw("GET /0.9\r\n")->{raw}, qr/x/, 'HTTP/0.9');
$anna->get('/last');

my @events = grep { $_->{p} ne '/0.9' } journey_log_wait(2);
is(join(' ', map { "$_->{k}$_->{p}" } @events), 'page/ page/last');


=== TEST 22: log_subrequest: a page with includes is one page, its goal one goal
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
--- config
    journey on;
    default_type text/html;
    log_subrequest on;
    ssi on;
    journey_goal done uri=/page completes;
    location = /page {
        return 200 '<!--# include virtual="/a" --><!--# include virtual="/b" -->';
    }
    location = /a { return 200 a; }
    location = /b { return 200 b; }
    location = /status { journey off; journey_status; }
--- visit
my $anna = browser();
$anna->get('/page');

my $status = JSON::PP::decode_json($anna->get('/status')->body);
is($status->{events}{page}, 1, 'one page');
is($status->{events}{goal}, 1, 'one goal');
is($status->{sessions}, 1, 'one session');
--- journey_log
{"k":"page","p":"/page"}
{"k":"goal","p":"/page","goal":"done"}


=== TEST 23: HTTP/1.0 without Host where the server's name is a pattern, or none
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
    server {
        listen 127.0.0.2:$TEST_NGINX_PORT;
        server_name ~^www\d+\.example$;
        journey on;
        default_type text/html;
        location / { return 200 x; }
    }
    server {
        listen 127.0.0.3:$TEST_NGINX_PORT;
        server_name _;
        journey on;
        default_type text/html;
        location / { return 200 x; }
    }
--- config
    journey on;
--- visit
is(browser(address => '127.0.0.2', host => undef)
   ->get('/pattern', version => '1.0')->status, 200);
is(browser(address => '127.0.0.3', host => undef)
   ->get('/none', version => '1.0')->status, 200);
--- journey_log
{"k":"page","p":"/pattern","h":"127.0.0.2"}
{"k":"page","p":"/none","h":"127.0.0.3"}
