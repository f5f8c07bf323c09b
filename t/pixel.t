# Copyright (C) ngx_journey_module contributors
#
# journey_pixel: what it answers, what its line tells, whom it names; that it
# sets no cookie, changes no state and opens no touch; and its bounds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $KEY = '00112233445566778899aabbccddeeff';

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    }

    if (!defined $block->config) {
        $block->set_value('config', <<'_EOC_');
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location = /open.gif { journey_pixel; }
    location = /status { journey_status; }
_EOC_
    }
});


# ---- the directive ---------------------------------------------------------

refused([location => 'journey_pixel on;', qr/invalid number/],
        [location => 'journey_pixel; journey_pixel;', qr/is duplicate/],
        [location => 'if ($arg_a) { journey_pixel; }', qr/not allowed here/],
        [server => 'journey_pixel;', qr/not allowed here/],
        [http => 'journey_pixel;', qr/not allowed here/]);

refused('the exempt profile', {
    http => 'journey_profile exempt; # HERE',
    server => 'location /out { journey_optout; } '
              . 'location /p { journey_pixel; }',
}, qr/"journey_pixel" in .*passes the bounds of "journey_profile" exempt/);

accepted('the anonymous profile', {
    http => 'journey_profile anonymous;',
    server => 'location /p { journey_pixel; }',
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: the answer
--- visit
my $r = browser()->get('/open.gif?utm_source=newsletter');

is($r->status, 200);
is(length $r->body, 43, '43 bytes');
is(unpack('H*', $r->body),
   '47494638396101000100800000000000ffffff21f9040100000000'
   . '2c00000000010001'
   . '00000202440100' . '3b', 'a GIF of one pixel');
is($r->header('Content-Type'), 'image/gif');
is($r->header('Content-Length'), 43);
is_deeply([$r->header('Cache-Control')], ['no-store'], 'not to be kept');
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');

$r = browser()->request('HEAD', '/open.gif');
is($r->status, 200);
is($r->header('Content-Length'), 43);
is($r->body, '', 'HEAD has no body');

is(browser()->post('/open.gif')->status, 405, 'no POST');
is(browser()->request('PUT', '/open.gif')->status, 405, 'no PUT');

is(status()->{events}{pixel}, 1, 'one view');
--- journey_log
{"k":"pixel","p":"/open.gif","src":"newsletter"}



=== TEST 2: what a view tells of its campaign, and of nobody
--- visit
browser()->get('/open.gif?utm_source=News&utm_medium=email&utm_campaign=May'
               . '&utm_term=t&utm_content=c&gclid=secret',
               Referer => 'https://www.google.com/search?q=a');
browser()->get('/open.gif');
browser()->get('/open.gif', Referer => 'https://www.google.com/');
browser()->get('/open.gif?utm_campaign=a@b.example');
browser()->get('/open.gif?other=1');

my $raw = journey_log_wait(5) && journey_log_raw();
unlike($raw, qr/secret|b\.example/, 'no value of a click id, no address');

my $s = status();
is($s->{touches}, 0, 'no touch');
is($s->{sessions}, 0, 'no session');
is($s->{journeys}, 0, 'no journey');
is($s->{events}{page}, 0, 'no page');
is($s->{cookies_set}, 0, 'no cookie');
--- journey_log
{"k":"pixel","src":"news","med":"email","cmp":"may","trm":"t","con":"c","cid":"gclid","ch":null,"why":null,"ref":null,"v":null,"j":null,"s":null,"st":null,"ms":null,"ph":null,"pn":null,"fs":null}
{"k":"pixel","src":null,"med":null,"cmp":null,"ch":null}
{"k":"pixel","src":null,"med":null,"ref":null,"ch":null}
{"k":"pixel","cmp":null}
{"k":"pixel","src":null,"med":null}



=== TEST 3: who has a valid cookie is named, and stays as he was
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location = /checkout/open.gif { journey_pixel; }
    location = /status { journey_status; }
    journey_goal seen uri==/ uri=/products/ uri=/checkout/;
--- visit
my $anna = browser();
$anna->get('/?utm_source=a');
my $before = $anna->cookies->{jny};
my $pixel = '/checkout/open.gif?utm_source=b&utm_medium=email';

my $r = $anna->get($pixel);
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');

# An hour later a page would begin a session.
age($anna, 3600, $::KEY);
$r = $anna->get($pixel);
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie after an hour');

$anna->get('/products/');
my $after = token_decode($anna->cookies->{jny});
is($after->{touches}, 2, 'the touches of two pages');
is($after->{session}, 2);

my $bert = browser();
$bert->cookies->{jny} = 'forged';
$bert->get($pixel);

$bert->cookies->{jny} = token_encode(token_decode($before),
                                     'ff' x 16, 'jny');
$bert->get($pixel);
is(status()->{tokens}{forged}, 1);
is(status()->{tokens}{malformed}, 1);
--- journey_log
{"k":"page","s":1,"ch":"unassigned"}
{"k":"goal"}
{"k":"pixel","v":"~^c","j":1,"s":1,"src":"b","ch":null,"fs":null,"ph":null}
{"k":"pixel","v":"~^c","j":1,"s":1,"src":"b","ch":null,"fs":null}
{"k":"page","s":2,"ch":"direct"}
{"k":"goal"}
{"k":"pixel","v":null,"j":null,"s":null}
{"k":"pixel","v":null,"j":null,"s":null}



=== TEST 4: images that mail services fetch; other bots
--- visit
my $google = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 '
             . '(via ggpht.com GoogleImageProxy)';
my $yahoo = 'YahooMailProxy; https://help.yahoo.com/kb/x.html';

browser(agent => $google)->get('/open.gif?utm_campaign=a');
browser(agent => $yahoo)->get('/open.gif?utm_campaign=b');

# Programs that show mails: some send neither Accept nor Accept-Language.
browser(agent => 'Mozilla/5.0', accept => undef, language => undef)
    ->get('/open.gif?utm_campaign=c');

browser(agent => 'Mozilla/5.0 (compatible; Googlebot/2.1)')
    ->get('/open.gif?utm_campaign=d');
browser(agent => 'curl/7.88')->get('/open.gif?utm_campaign=e');
browser(agent => 'ChatGPT-User/1.0')->get('/open.gif?utm_campaign=f');

# To a page they are bots.
browser(agent => $google)->get('/page');

my $s = status();
is($s->{events}{pixel}, 3, 'three views');
is($s->{bots}, 4, 'three bots, and a page of one');
is($s->{bot_reasons}{google_image_proxy}, 1);
is($s->{bot_reasons}{googlebot}, 1);
is($s->{ai_agents}, 1);
--- journey_log
{"k":"pixel","cmp":"a","dev":null,"v":null}
{"k":"pixel","cmp":"b","dev":null}
{"k":"pixel","cmp":"c"}



=== TEST 5: bots' views in their own log
--- http_config
    journey_log       $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_log_bots  $TEST_NGINX_JOURNEY_LOG.bots flush=100ms;
    journey_agents    journey/agents.conf;
--- visit
browser(agent => 'Mozilla/5.0 (compatible; Googlebot/2.1)')
    ->get('/open.gif?utm_campaign=d');
browser()->get('/open.gif?utm_campaign=e');

my ($log) = journey_log_wait(1);
is($log->{cmp}, 'e');
my $until = time + 60;
select undef, undef, undef, 0.1
    while !-s journey_log_name() . '.bots' && time < $until;
my ($bot) = journey_log(journey_log_name() . '.bots');
is($bot->{k}, 'pixel');
is($bot->{bot}, 'googlebot');
is($bot->{cmp}, undef, 'of which no campaign is counted');
--- journey_log
{"k":"pixel","cmp":"e"}



=== TEST 6: opt-out, signals, consent, prefetch
--- http_config
    include          journey/journey.conf;
    journey_secret   $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_consent  $cookie_consent;
--- visit
my $anna = browser();
$anna->cookies->{consent} = 1;
$anna->get('/');
my $jny = $anna->cookies->{jny};
ok($jny, 'a cookie');

# A signal: the view is logged, of nobody; the cookie goes with a page, not
# with an image.
my $r = $anna->get('/open.gif?utm_campaign=a&gclid=1', 'Sec-GPC' => 1);
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie is touched');

$anna->cookies->{consent} = 0;
$r = $anna->get('/open.gif?utm_campaign=b');
is(scalar(() = $r->header('Set-Cookie')), 0, 'nor without consent');

$anna->cookies->{consent} = 1;
$anna->get('/open.gif?utm_campaign=c');

$anna->get('/open.gif?utm_campaign=d', 'Sec-Purpose' => 'prefetch');
$anna->get('/open.gif?utm_campaign=d', 'Purpose' => 'prefetch');

$anna->cookies->{jny_out} = 1;
$r = $anna->get('/open.gif?utm_campaign=e');
is($r->status, 200, 'the image is there for who opted out');
is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
is(status()->{suppressed}{optout}, 1, 'counted');
--- journey_log
{"k":"page"}
{"k":"pixel","cmp":"a","cid":null,"v":null,"j":null,"s":null}
{"k":"pixel","cmp":"b","v":null}
{"k":"pixel","cmp":"c","v":"~^c","s":1}



=== TEST 7: without cookies, without identity, anonymous: nobody is named
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    default_type text/html;
    location /less/ { journey_identity cookieless; return 200 ok; }
    location = /less.gif { journey_identity cookieless; journey_pixel; }
    location = /none.gif { journey_identity none; journey_pixel; }
    location /anon/ { journey_profile anonymous; return 200 ok; }
    location = /anon.gif { journey_profile anonymous; journey_pixel; }
    location / { return 200 ok; }
    location = /off.gif { journey off; journey_pixel; }
    location = /status { journey_status; }
--- visit
my $anna = browser();

$anna->get('/less/');
$anna->get('/less.gif?utm_campaign=a');
$anna->get('/less/2');
$anna->get('/');
$anna->get('/none.gif?utm_campaign=b');
my $r = $anna->get('/anon.gif?utm_campaign=c');
is(scalar(() = $r->header('Set-Cookie')), 0, 'an old cookie stays for a page');
$r = $anna->get('/off.gif?utm_campaign=d');
is(length $r->body, 43, 'an image where journey is off');
--- journey_log
{"k":"page","v":"~^h","s":1}
{"k":"pixel","cmp":"a","v":null,"j":null,"s":null}
{"k":"page","v":"~^h","s":1,"ch":null}
{"k":"page","v":"~^c","s":1}
{"k":"pixel","cmp":"b","v":null}
{"k":"pixel","cmp":"c","v":null,"b":"a"}



=== TEST 8: a code in the path, by rewrite; a redirect inside to the image
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    default_type text/html;
    rewrite ^/o/([a-z]+)\.gif$ /open.gif?utm_medium=email&utm_campaign=$1 last;
    location = /open.gif { journey_pixel; }
    location / { return 200 ok; }
    location /shown/ { try_files /nowhere /open.gif; }
    location /ssi/ { ssi on; }
--- user_files
>>> ssi/a.html
<!--#include virtual="/open.gif?utm_campaign=part" -->
--- visit
browser()->get('/o/spring.gif');
browser()->get('/shown/a?utm_campaign=tried');
my $r = browser()->get('/ssi/a.html');
is($r->status, 200);
--- journey_log
{"k":"pixel","p":"/o/spring.gif","med":"email","cmp":"spring"}
{"k":"pixel","p":"/shown/a","cmp":"tried"}
{"k":"page","p":"/ssi/a.html"}



=== TEST 9: a variable that was asked before the image was known to be one
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    set $asked $journey_channel;
    location = /open.gif { journey_pixel; add_header X-C "$journey_channel"; }
    location = /status { journey_status; }
--- visit
browser()->get('/open.gif', Referer => 'https://www.google.com/');
browser()->get('/open.gif?utm_campaign=a',
               Referer => 'https://www.google.com/');
my $s = JSON::PP::decode_json(browser()->get('/status')->body);
is($s->{touches}, 0);
is($s->{cookies_set}, 0);
--- journey_log
{"k":"pixel","src":null,"med":null,"ref":null,"v":null}
{"k":"pixel","cmp":"a","src":null,"med":null}



=== TEST 10: any query: bounded, escaped
--- visit
my @hostile = ('?' . '&' x 5000, '?' . 'a' x 7000, '?utm_source=%00%01%ff"\\',
               '?utm_campaign=' . '%F0%9F%98%80' x 100,
               '?utm_campaign=%0d%0aSet-Cookie:x=1', '?%', '?=&=&==',
               '?utm_source=<script>', '?_jl=x', '?u=//evil&s=x');

for my $query (@hostile) {
    my $r = browser()->get("/open.gif$query");
    is($r->status, 200, substr($query, 0, 30));
    is(length $r->body, 43);
    is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
}

my @log = journey_log_wait(scalar @hostile);
is(scalar @log, scalar @hostile, 'each has its line');
ok((grep { length($_->{cmp} // '') <= 100 } @log) == @log, 'bounded');
