# Copyright (C) ngx_journey_module contributors
#
# journey_redirect: where it leads and where it never does, what a click tells
# and does to the state, and what reaches the target.

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

sub escape {
    my $text = shift;

    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

# The query of a signed link.
sub signed {
    my ($url, $key) = @_;

    return 'u=' . escape($url) . '&s='
           . base64url(substr siphash128($key // $KEY, "link\0$url"), 0, 12);
}

# 302 to there.
sub leads {
    my ($r, $to, $name) = @_;

    is($r->status, 302, "$name: 302");
    is($r->header('Location'), $to, "$name: where");
}

# 404, no cookie, no Location.
sub refuses {
    my ($r, $name) = @_;

    is($r->status, 404, "$name: 404");
    is($r->header('Location'), undef, "$name: leads nowhere");
    is(scalar(() = $r->header('Set-Cookie')), 0, "$name: no cookie");
}

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    include            journey/journey.conf;
    journey_secret     $TEST_NGINX_JOURNEY_DATA/test.keys;
    absolute_redirect  off;
    map $uri $target {
        /r/path      /products/?utm_source=poster&utm_medium=qr;
        /r/plain     /products/;
        /r/own       https://localhost/a;
        /r/sub       https://shop.own.example/a#part;
        /r/to        https://partner.example/x?a=1;
        /r/evil      https://evil.example/;
        /r/double    //evil.example/;
        /r/scheme    javascript:alert(1);
        /r/arg       $arg_to;
        default      "";
    }
_EOC_
    }

    if (!defined $block->config) {
        $block->set_value('config', <<'_EOC_');
    journey on;
    journey_hosts own.example;
    default_type text/html;
    location / { return 200 ok; }
    location /r/ { journey_redirect $target to=partner.example; }
    location = /signed { journey_redirect ""; }
    location = /status { journey_status; }
_EOC_
    }
});


# ---- the directive ---------------------------------------------------------

refused([location => 'journey_redirect;', qr/invalid number/],
        [location => 'journey_redirect a; journey_redirect b;',
         qr/is duplicate/],
        [location => 'journey_redirect /a b;', qr/invalid parameter "b"/],
        [location => 'journey_redirect /a to=;', qr/"journey_redirect"/],
        [location => 'journey_redirect /a to=http://b/;',
         qr/"journey_redirect"/],
        [location => 'journey_redirect /a to=*.b.example;',
         qr/"journey_redirect"/],
        [location => 'if ($arg_a) { journey_redirect /; }',
         qr/not allowed here/],
        [server => 'journey_redirect /;', qr/not allowed here/]);

no_root_location();
run_tests();

__DATA__

=== TEST 1: where it leads
--- visit
my $r = browser()->get('/r/path');
leads($r, '/products/?utm_source=poster&utm_medium=qr', 'a path');
is_deeply([grep { /no-store/ } $r->header('Cache-Control')], ['no-store'],
          'not to be kept');
ok($r->header('Set-Cookie'), 'a cookie');

leads(browser()->get('/r/own'), 'https://localhost/a', 'the own host');
leads(browser()->get('/r/sub'), 'https://shop.own.example/a#part',
      'one of journey_hosts');
leads(browser()->get('/r/to'), 'https://partner.example/x?a=1', 'to=');
leads(browser()->get('/r/arg?to=/a'), '/a?to=/a', 'the operator says so');
leads(browser()->get('/r/arg?to=https://other.example/',
                     Host => 'other.example'),
      'https://other.example/?to=https://other.example/',
      'the host that was asked');

is(browser()->post('/r/path')->status, 405, 'no POST');
$r = browser()->request('HEAD', '/r/path');
leads($r, '/products/?utm_source=poster&utm_medium=qr', 'HEAD');
is(scalar(() = $r->header('Set-Cookie')), 0, 'HEAD is no click');
--- journey_log
{"k":"click","p":"/r/path","s":1,"j":1,"v":"~^c","src":"poster","med":"qr","ch":"offline","why":"utm","fs":"~^\\d+$","st":null,"ms":null}
{"k":"click","p":"/r/own","ch":"direct"}
{"k":"click","p":"/r/sub","ch":"direct"}
{"k":"click","p":"/r/to"}
{"k":"click","p":"/r/arg"}
{"k":"click","h":"other.example"}



=== TEST 2: where it never does
--- visit
refuses(browser()->get('/r/unknown'), 'an unknown code');
refuses(browser()->get('/r/unknown?u=https://evil.example/&s=x'), 'forged');
refuses(browser()->get('/r/evil'), 'a foreign host');
refuses(browser()->get('/r/double'), 'two slashes');
refuses(browser()->get('/r/scheme'), 'another scheme');

for my $to ('https://evil.example/', '//evil.example', '/\\evil.example',
            '\\/evil.example', 'https:evil.example', 'http:///evil.example',
            'https://localhost@evil.example/', 'https://localhost:x@evil/',
            'https://localhost\\@evil.example/', 'https://localhost.evil/',
            'https://evil.example\\.partner.example', 'data:text/html,x',
            'javascript:alert(1)', 'evil.example', '?a', '#a', '.',
            'https://xpartner.example/', 'https://partner.example.evil/',
            'ftp://partner.example/', 'https://', 'https://?', 'https://:80/',
            'https://evil.example%00.partner.example/',
            'https://evil.example%2f.partner.example/',
            'https://[::1]/', '/%5Cevil'  x 0)
{
    next if $to eq '';
    refuses(browser()->get("/r/arg?to=$to"), $to);
}

my $s = status();
is($s->{events}{click}, 0, 'no click');
is($s->{events}{error}, 0, 'nor an error');
cmp_ok($s->{refused}, '>=', 30, 'counted');
--- journey_log



=== TEST 3: signed links
--- visit
my $url = 'https://anywhere.example/offer?a=1&b=%C3%A4#top';

leads(browser()->get('/signed?' . signed($url)),
      'https://anywhere.example/offer?a=1&b=%C3%A4#top', 'anywhere');
leads(browser()->get('/signed?' . signed('/cart')), '/cart', 'a path');
leads(browser()->get('/signed?' . signed($url) . '&utm_source=news&c=3'),
      'https://anywhere.example/offer?a=1&b=%C3%A4&utm_source=news&c=3#top',
      'with arguments');

refuses(browser()->get('/signed'), 'nothing');
refuses(browser()->get('/signed?u=' . escape($url)), 'no signature');
refuses(browser()->get('/signed?' . signed($url, 'ff' x 16)), 'another key');
refuses(browser()->get('/signed?' . signed($url) . 'x'), 'longer');
my $cut = signed($url); chop $cut;
refuses(browser()->get("/signed?$cut"), 'cut');
(my $other = signed($url)) =~ s/anywhere/elsewhere/;
refuses(browser()->get("/signed?$other"), 'another target');
refuses(browser()->get('/signed?u=' . escape('https://evil.example/') . '&'
                       . signed($url)), 'two of them: the first counts');

# A signature is no pass for what is no link.
for my $bad ('javascript:alert(1)', '//evil.example/', "https://a.example/\n",
             'https://a@b.example/', '')
{
    refuses(browser()->get('/signed?' . signed($bad)), escape($bad));
}
--- journey_log
{"k":"click","p":"/signed","ch":"direct"}
{"k":"click","p":"/signed"}
{"k":"click","src":"news","ch":"unassigned"}



=== TEST 4: no secret file: what the command signs is not known
--- http_config
    include            journey/journey.conf;
    absolute_redirect  off;
--- visit
refuses(browser()->get('/signed?' . signed('/a')), 'signed by another key');
--- config
    journey on;
    location = /signed { journey_redirect ""; }
--- journey_log



=== TEST 5: the campaign: of the link, else of the target, else of the referrer
--- visit
my %google = (Referer => 'https://www.google.com/');

browser()->get('/r/path?utm_source=flyer&utm_medium=print', %google);
browser()->get('/r/path', %google);
browser()->get('/r/path?unrelated=1', %google);
browser()->get('/r/path?gclid=abc');
browser()->get('/r/plain?gclid=abc');
browser()->get('/r/plain', %google);
browser()->get('/r/plain');
browser()->get('/signed?' . ::signed('https://x.example/?utm_campaign=aaa'));

unlike(journey_log_wait(8) && journey_log_raw(), qr/abc/,
       'no value of a click id');
--- journey_log
{"k":"click","src":"flyer","med":"print","ch":"offline","ref":"www.google.com"}
{"k":"click","src":"poster","med":"qr","ch":"offline","why":"utm"}
{"k":"click","src":"poster","med":"qr"}
{"k":"click","src":"poster","med":"qr","cid":"gclid","ch":"offline"}
{"k":"click","src":"google","med":"cpc","cid":"gclid","ch":"paid_search"}
{"k":"click","src":"google","med":"organic","ch":"organic_search"}
{"k":"click","ch":"direct","src":null}
{"k":"click","cmp":"aaa","src":null}



=== TEST 6: a click is a hit like a page; the page behind it opens no touch
--- visit
my $anna = browser();

my $r = $anna->get('/r/path?utm_campaign=may');
leads($r, '/products/?utm_source=poster&utm_medium=qr&utm_campaign=may', 'a');
$anna->get($r->header('Location'));

# In the same session another campaign, then the same once more.
$r = $anna->get('/r/plain?utm_source=news&utm_medium=email',
                Referer => 'https://mail.example/');
$anna->get($r->header('Location'), Referer => 'https://mail.example/');
$anna->get('/r/plain?utm_source=news&utm_medium=email');

# Half an hour later a click begins a session.
age($anna, 1800, $::KEY);
$anna->get('/r/plain');

my $s = status();
is($s->{events}{click}, 4);
is($s->{events}{page}, 2);
is($s->{sessions}, 2);
is($s->{touches}, 3);
is($s->{visitors}{new}, 1);
is($s->{visitors}{returning}, 1);
--- journey_log
{"k":"click","j":1,"s":1,"src":"poster","cmp":"may","ch":"offline"}
{"k":"page","p":"/products/","j":1,"s":1,"ch":null}
{"k":"click","s":1,"ch":"email","ref":"mail.example"}
{"k":"page","s":1,"ch":null}
{"k":"click","s":1,"ch":null}
{"k":"click","s":2,"ch":"direct"}



=== TEST 7: what reaches the target
--- visit
my %leads = (
    '/r/plain?a=1&b=2' => '/products/?a=1&b=2',
    '/r/plain?u=x&s=y&a=1' => '/products/?a=1',
    '/r/plain?_jl=token&a=1' => '/products/?a=1',
    '/r/to?a=2&b=3' => 'https://partner.example/x?a=1&b=3',
    '/r/to?%61=2' => 'https://partner.example/x?a=1',
    '/r/plain?a=1&a=2' => '/products/?a=1',
    '/r/sub?c=1' => 'https://shop.own.example/a?c=1#part',
    '/r/plain?' => '/products/',
    '/r/plain?&&' => '/products/',
    '/r/plain?a' => '/products/?a',
    '/r/plain?a=%0d%0aX:%20y' => '/products/?a=%0d%0aX:%20y',
    '/r/plain?a="<x>' => '/products/?a=%22%3Cx%3E',
);

for my $from (sort keys %leads) {
    leads(browser()->get($from), $leads{$from}, $from);
}

# A rewrite's own arguments are no client's.
leads(browser()->get('/code/ab?x=1'), '/products/?x=1', 'rewritten');
--- config
    journey on;
    journey_hosts own.example;
    rewrite ^/code/(.*)$ /r/plain?code=$1 last;
    location /r/ { journey_redirect $target to=partner.example; }



=== TEST 8: who is no click: bots, prefetches, pictures, opted out
--- visit
my $to = '/products/?utm_source=poster&utm_medium=qr';

leads(browser(agent => 'Mozilla/5.0 (compatible; Googlebot/2.1)')
      ->get('/r/path'), $to, 'a bot');
leads(browser()->get('/r/path', 'Sec-Purpose' => 'prefetch'), $to,
      'a prefetch');
leads(browser()->get('/r/path', 'Sec-Fetch-Mode' => 'no-cors',
                     'Sec-Fetch-Dest' => 'image'), $to, 'an image');

my $anna = browser();
$anna->cookies->{jny_out} = 1;
leads($anna->get('/r/path'), $to, 'opted out');
is_deeply($anna->cookies, { jny_out => 1 }, 'no cookie');

my $s = status();
is($s->{events}{click}, 0);
is($s->{bots}, 1);
is($s->{suppressed}{optout}, 1);
--- journey_log



=== TEST 9: without cookies, without identity, exempt, off
--- config
    journey on;
    location /less/ { journey_identity cookieless; journey_redirect /a; }
    location /none/ { journey_identity none; journey_redirect /a; }
    location /exempt/ { journey_profile exempt; journey_redirect /a; }
    location /off/ { journey off; journey_redirect /a; }
    location /optout { journey_optout; }
    location = /status { journey_status; }
--- visit
for my $where ('less', 'none', 'exempt', 'off') {
    leads(browser()->get("/$where/?utm_source=a&utm_medium=email"),
          '/a?utm_source=a&utm_medium=email', $where);
}
is(status()->{cookies_set}, 1, 'one cookie');
--- journey_log
{"k":"click","v":"~^h","s":1,"ch":"email"}
{"k":"click","v":null,"ch":"email"}
{"k":"click","v":"~^c","b":"e","ch":null,"src":null}



=== TEST 10: variables know the click; a phase; an internal redirect
--- http_config
    include            journey/journey.conf;
    journey_secret     $TEST_NGINX_JOURNEY_DATA/test.keys;
    absolute_redirect  off;
    add_header         X-Channel $journey_channel always;
    add_header         X-Source $journey_source always;
--- config
    journey on;
    location /offer/ { journey_phase decision; journey_redirect /cart; }
    location /go/ { journey_redirect /a/$journey_campaign; }
    location /tried/ { try_files /no /go/; }
--- visit
my $r = browser()->get('/offer/?utm_source=a&utm_medium=email');
is($r->header('X-Channel'), 'email');
is($r->header('X-Source'), 'a');
leads(browser()->get('/go/?utm_campaign=may'), '/a/may?utm_campaign=may',
      'a target made of our variables');
leads(browser()->get('/tried/x'), '/a/', 'by an internal redirect');
--- journey_log
{"k":"click","ph":"decision","pn":"~."}
{"k":"click","cmp":"may"}
{"k":"click","p":"/tried/x"}



=== TEST 11: a flood of unknown codes and forged links
--- visit
my $before = status();

for my $i (1 .. 500) {
    browser()->get("/r/$i?utm_source=$i");
    browser()->get("/signed?u=https://evil.example/$i&s=" . 'x' x 16);
}

my $after = status();
is($after->{refused} - $before->{refused}, 1000, 'counted');
is($after->{cookies_set} - $before->{cookies_set}, 0);
is($after->{log}{lines} - $before->{log}{lines}, 0);
is($after->{cookieless}{visitors}, 0);
--- journey_log



=== TEST 12: what a refused target asks for is in no message
--- config
    journey on;
    location = /any { journey_redirect https://evil.example/p?who=$cookie_who; }
--- visit
browser(cookies => { who => 'anna-4711' })->get('/any');
my $errors = slurp($ENV{TEST_NGINX_SERVROOT} . '/logs/error.log');
like($errors, qr{the target "https://evil.example/p" of "journey_redirect"});
unlike($errors, qr/anna-4711/);



=== TEST 13: a location with "if" keeps its target
--- config
    journey on;
    location /r/ {
        if ($arg_x) { set $seen 1; }
        journey_redirect https://partner.example/a to=partner.example;
    }
--- visit
my $anna = browser();
is($anna->get('/r/?x=1')->header('Location'),
   'https://partner.example/a?x=1', 'if');
--- journey_log
{"k":"click","p":"/r/"}
