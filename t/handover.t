# Copyright (C) ngx_journey_module contributors
#
# journey_link and $journey_link: a visitor goes from one own site to another
# and stays who he is; to whom it is not given, and who may not take it.

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

# Two sites with a server each, as an administrator has them.
our $SITES = <<'_EOC_';
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    server {
        listen       $TEST_NGINX_SERVER_PORT;
        server_name  blog.example;
        journey      on;
        journey_link shop.example pay.example;
        default_type text/html;
        add_header   X-Link $journey_link always;
        location / { return 200 "link $journey_link"; }
        location = /to-shop { return 302 http://shop.example/in?$journey_link; }
        location /go/ { journey_redirect http://shop.example/go?$journey_link
                                         to=shop.example; }
    }
    server {
        listen       $TEST_NGINX_SERVER_PORT;
        server_name  shop.example www.shop.example;
        journey      on;
        journey_link blog.example;
        default_type text/html;
        location / { return 200 ok; }
        location = /asset { default_type text/css; return 200 ok; }
        location = /page { journey_page $request_uri; return 200 ok; }
        location = /arg { journey_page "/arg?$args#x"; return 200 ok; }
        location = /r { journey_redirect /in; }
        location = /less { journey_identity cookieless; return 200 ok; }
        location = /none { journey_identity none; return 200 ok; }
        location = /deaf { journey_link off; return 200 ok; }
        location = /status { journey_status; }
    }
    server {
        listen       $TEST_NGINX_SERVER_PORT;
        server_name  other.example;
        journey      on;
        journey_link blog.example;
        default_type text/html;
        location / { return 200 ok; }
    }
_EOC_

sub status {
    return JSON::PP::decode_json(browser(host => 'shop.example')
                                 ->get('/status')->body);
}

# The token in the header of a page of the blog.
sub link_of {
    my ($browser, @headers) = @_;

    return scalar $browser->get('/link', Host => 'blog.example', @headers)
                          ->header('X-Link') // '';
}

# At the other site the browser has a jar of its own.
sub there {
    my $browser = shift;

    return browser(host => 'shop.example',
                   agent => $browser->{agent}, @_);
}

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', $SITES) if !defined $block->http_config;
    $block->set_value('config', 'location /x { return 204; }')
        if !defined $block->config;
});


# ---- the directive ---------------------------------------------------------

refused([location => 'journey_link;', qr/invalid number/],
        [location => 'journey_link *.a.example;', qr/"journey_link"/],
        [location => 'journey_link https://a.example;', qr/"journey_link"/],
        [location => 'journey_link a.example; journey_link off;',
         qr/is duplicate/],
        [location => 'journey_link off; journey_link a.example;',
         qr/is duplicate/],
        [location => 'journey_link ' . join(' ', map { "h$_.example" } 1 .. 17)
                     . ';', qr/"h17.example" is one host too many: it takes 16/],
        [location => 'if ($arg_a) { journey_link a.example; }',
         qr/not allowed here/]);

for my $profile ('exempt', 'anonymous') {
    refused("the $profile profile", {
        http => "journey_profile $profile; # HERE",
        server => "journey_link b.example;\n"
                  . 'location /out { journey_optout; }',
    }, qr/"journey_link" in .*passes the bounds of "journey_profile" $profile/);
}

accepted('sixteen hosts on two lines, and none inside', {
    http => 'journey_profile consent; journey_consent $cookie_yes; '
            . 'journey_link ' . join(' ', map { "h$_.example" } 1 .. 8) . '; '
            . 'journey_link ' . join(' ', map { "h$_.example" } 9 .. 16)
            . ';',
    server => 'location /in { journey_link off; }',
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: one visitor on two sites
--- visit
my $blog = browser(host => 'blog.example');
$blog->get('/?utm_source=news&utm_medium=email');

my $r = $blog->get('/to-shop');
is($r->status, 302);
my ($uri) = $r->header('Location') =~ m{^http://shop\.example(/in\?_jl=\S+)$};
ok($uri, 'a link with a token');
cmp_ok(length $uri, '<', 300, 'of a bearable length');

my $shop = there($blog);
$r = $shop->get($uri, Referer => 'http://blog.example/');
ok($shop->cookies->{jny}, 'a cookie of the shop');
is(token_decode($shop->cookies->{jny})->{id},
   token_decode($blog->cookies->{jny})->{id}, 'the same visitor');
$shop->get('/products/');

my $s = status();
is($s->{links}{taken}, 1);
is($s->{links}{ignored}, 0);
is($s->{visitors}{new}, 1, 'one visitor');
is($s->{touches}, 1, 'one touch');

my @log = journey_log_wait(3);
is($log[1]{v}, $log[0]{v}, 'the same v');
is($log[2]{v}, $log[0]{v}, 'and with the next page');
unlike(journey_log_raw(), qr/_jl/, 'no token in the log');
--- journey_log
{"k":"page","h":"blog.example","j":1,"s":1,"ch":"email"}
{"k":"page","h":"shop.example","p":"/in","j":1,"s":1,"ch":null,"fs":"~^\\d+$"}
{"k":"page","h":"shop.example","p":"/products/","j":1,"s":1,"ch":null,"fs":null}



=== TEST 2: to whom nothing is given
--- visit
my $blog = browser(host => 'blog.example');

# A new visitor's redirect is no page: there is no touch of his yet.
my $r = $blog->get('/to-shop');
is($r->header('Location'), 'http://shop.example/in?', 'nobody yet');

# His first page has one, once it is sure: in the header, not before.
$r = $blog->get('/first');
is($r->body, 'link ', 'before the header nothing is sure');
like($r->header('X-Link'), qr/^_jl=[\w-]+\.[\w-]+$/, 'with the cookie');

$r = $blog->get('/second');
like($r->body, qr/^link _jl=[\w-]+\.[\w-]+$/, 'who has a cookie');

is(link_of($blog, 'Sec-GPC' => 1), '', 'a signal');
$blog->cookies->{jny_out} = 1;
is(link_of($blog), '', 'opted out');

my $bot = browser(agent => 'Mozilla/5.0 (compatible; Googlebot/2.1)');
is(link_of($bot), '', 'a bot');
$r = browser(host => 'shop.example')->get('/deaf');
is($r->header('X-Link'), undef);



=== TEST 3: who may not take it
--- visit
my $blog = browser(host => 'blog.example');
my $token = link_of($blog);
my $id = token_decode($blog->cookies->{jny})->{id};
my $n = 0;

sub ignored {
    my ($shop, $uri, $name) = @_;

    my $before = status()->{links};
    $shop->get($uri);
    my $after = status()->{links};
    my $found = $shop->cookies->{jny};

    ok(!defined $found || token_decode($found)->{id} ne $id,
       "$name: another visitor");
    is($after->{taken}, $before->{taken}, "$name: not taken");
    return $after->{ignored} - $before->{ignored};
}

is(ignored(there($blog), "/in?$token" . 'x', 'longer'), 1);
is(ignored(there($blog), '/in?' . substr($token, 0, -1), 'cut'), 1);
is(ignored(there($blog), '/in?_jl=', 'empty'), 1);
is(ignored(there($blog), '/in?_jl=' . 'x' x 5000, 'long'), 1);
is(ignored(there($blog), '/in?_jl=.', 'a dot'), 1);
is(ignored(there($blog), '/in?_jl=AAAA.AAAA', 'letters'), 1);
is(ignored(browser(host => 'shop.example', agent => 'Another/1.0 (X11)'),
           "/in?$token", 'another browser'), 1);

my $other = browser(host => 'other.example',
                    agent => $blog->{agent});
is(ignored($other, "/in?$token", 'a host that it is not for'), 1);

is(ignored(there($blog), "/deaf?$token", 'journey_link off'), 0);
is(ignored(there($blog), "/in?%5Fjl" . substr($token, 3), 'encoded'), 0);
is(ignored(there($blog), "/less?$token", 'cookieless'), 1);
is(ignored(there($blog), "/none?$token", 'no identity'), 1);
is(ignored(there($blog), "/asset?$token", 'no page'), 0);
is(ignored(there($blog, headers => { 'Sec-GPC' => 1 }), "/in?$token",
           'a signal'), 1);

# Who has a cookie of this site keeps it.
my $shop = there($blog);
$shop->get('/');
is(ignored($shop, "/in?$token", 'an own cookie'), 1);

# A browser whose cookie is forged has none.
$shop = there($blog);
$shop->cookies->{jny} = 'forged';
$shop->get("/in?$token");
is(token_decode($shop->cookies->{jny})->{id}, $id, 'a forged cookie is none');
is(status()->{links}{taken}, 1);

# A subdomain is meant, too.
$shop = browser(host => 'www.shop.example',
                agent => $blog->{agent});
$shop->get("/in?a=1&$token&b=2");
is(token_decode($shop->cookies->{jny})->{id}, $id, 'a subdomain');



=== TEST 4: it reaches neither p nor a target
--- visit
my $blog = browser(host => 'blog.example');
my $token = link_of($blog);

there($blog)->get("/page?$token");
there($blog)->get("/page?a=1&$token");
there($blog)->get("/page?$token&b=2");
there($blog)->get("/page?a=1&$token&b=2&$token");
there($blog)->get("/arg?$token");
there($blog)->get('/page?x_jl=1&a=_jl=2');

my $shop = there($blog);
my $r = $shop->get("/r?a=1&$token");
is($r->header('Location'), 'http://shop.example:' . server_port() . '/in?a=1');
is(token_decode($shop->cookies->{jny})->{id},
   token_decode($blog->cookies->{jny})->{id}, 'a click takes it');
--- journey_log
{"h":"blog.example"}
{"p":"/page"}
{"p":"/page?a=1"}
{"p":"/page?b=2"}
{"p":"/page?a=1&b=2"}
{"p":"/arg#x"}
{"p":"/page?x_jl=1&a=_jl=2"}
{"k":"click","h":"shop.example","p":"/r"}



=== TEST 5: a click hands over whom it has just met
--- visit
my $blog = browser(host => 'blog.example');
my $r = $blog->get('/go/?utm_source=ad&utm_medium=cpc');
my ($uri) = $r->header('Location') =~ m{^http://shop\.example(/go\?_jl=\S+)$};
ok($uri, 'a token');

my $shop = there($blog);
$shop->get($uri);
is(token_decode($shop->cookies->{jny})->{id},
   token_decode($blog->cookies->{jny})->{id}, 'the same visitor');
--- journey_log
{"k":"click","h":"blog.example","s":1,"ch":"~^paid"}
{"k":"page","h":"shop.example","s":1,"ch":null}



=== TEST 6: after a minute it is none
--- visit
my $blog = browser(host => 'blog.example');
my $token = link_of($blog);
my ($head, $state) = $token =~ /^_jl=([\w-]+)\.([\w-]+)$/;
my $bytes = unbase64url($head);
my $id = token_decode($blog->cookies->{jny})->{id};

# Signed anew with another time: only so it can be seen without waiting.
sub made {
    my $ago = shift;
    my $time = pack('N', unpack('N', $bytes) - $ago);
    my $new = base64url($time . substr($bytes, 4));
    my $agent = $blog->{agent};

    return "_jl=$new." . token_encode(token_decode($state), $::KEY,
                                      "_jl=$new\0$agent");
}

for my $case ([0, 1], [50, 1], [61, 0], [600, 0], [-4, 1], [-60, 0]) {
    my ($ago, $taken) = @$case;
    my $shop = there($blog);

    $shop->get('/in?' . made($ago));
    is(token_decode($shop->cookies->{jny})->{id} eq $id ? 1 : 0, $taken,
       "made $ago s ago");
}



=== TEST 7: consent comes first
--- http_config
    include          journey/journey.conf;
    journey_secret   $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_profile  consent;
    journey_consent  $cookie_yes;
    journey_link     a.example b.example;
    add_header       X-Link $journey_link always;
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location = /status { journey_status; }
--- visit
my $here = browser(host => 'a.example');
is(scalar $here->get('/')->header('X-Link') // '', '', 'not asked yet');
$here->cookies->{yes} = 1;
$here->get('/');
my $token = $here->get('/')->header('X-Link');
like($token, qr/^_jl=/, 'who agreed');

my $there = browser(host => 'b.example');
$there->get("/?$token");
is($there->cookies->{jny}, undef, 'there nobody agreed');

$there->cookies->{yes} = 1;
$there->get("/?$token");
is(token_decode($there->cookies->{jny})->{id},
   token_decode($here->cookies->{jny})->{id}, 'and there, too');



=== TEST 8: a referrer from the other own site is no source
--- visit
browser(host => 'shop.example')->get('/', Referer => 'https://blog.example/a');
browser(host => 'shop.example')->get('/', Referer => 'https://x.example/a');
--- journey_log
{"k":"page","ch":"direct","ref":null}
{"k":"page","ch":"referral","ref":"x.example"}



=== TEST 9: a flood of forged tokens leaves nothing
--- visit
my $head = base64url(pack('N2', time, 1));

for my $i (1 .. 300) {
    my $shop = browser(host => 'shop.example');
    $shop->get("/in?_jl=$head." . base64url(pack('N', $i) x 20));
}
my $s = status();
is($s->{links}{taken}, 0);
is($s->{links}{ignored}, 300);
is($s->{cookieless}{visitors}, 0);



=== TEST 10: no shared cache hands a token to another visitor
--- config
    journey       on;
    journey_link  shop.example;
    default_type  text/html;
    location / { return 200 ok; }
    location = /to {
        expires  1h;
        return   302 http://shop.example/?$journey_link;
    }
    location = /text {
        add_header  Cache-Control "public, max-age=60, s-maxage=60";
        add_header  X-Link $journey_link;
        return      200 ok;
    }
    location = /other { expires 1h; return 302 http://shop.example/; }
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
--- visit
my $anna = browser(host => 'blog.example');
$anna->get('/');

my $to = $anna->get('/to');
like($to->header('Location'), qr/_jl=/, 'a redirect that hands over');
is($to->header('Set-Cookie'), undef, 'without a cookie');
like($to->header('Cache-Control'), qr/\bprivate\b/, 'is private');

my $text = $anna->get('/text');
like($text->header('X-Link'), qr/_jl=/, 'a header that hands over');
is($text->header('Cache-Control'), 'max-age=60, private', 'and is private');

unlike($anna->get('/other')->header('Cache-Control'), qr/private/,
       'what hands nobody over stays as it is');



=== TEST 11: a location without journey_link takes over nobody
A variable of the server has asked before the location was known.
--- config
    journey on;
    location /x { return 204; }
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    server {
        listen        $TEST_NGINX_SERVER_PORT;
        server_name   blog.example;
        journey       on;
        journey_link  shop.example;
        default_type  text/html;
        add_header    X-Link $journey_link always;
        location / { return 200 ok; }
    }
    server {
        listen        $TEST_NGINX_SERVER_PORT;
        server_name   shop.example;
        journey       on;
        journey_link  blog.example;
        default_type  text/html;
        set           $early $journey_id;
        location / { return 200 $early; }
        location = /off { journey_link off; return 200 $early; }
        location = /more { journey_link blog.example c.example; return 200 ok; }
    }
--- visit
my $blog = browser(host => 'blog.example');
$blog->get('/');
my $id = token_decode($blog->cookies->{jny})->{id};

for (['/', 1], ['/off', 0], ['/more', 1]) {
    my ($path, $taken) = @$_;
    my $token = $blog->get('/')->header('X-Link');
    my $shop = there($blog);

    $shop->get("$path?$token");
    is(token_decode($shop->cookies->{jny})->{id} eq $id ? 1 : 0, $taken,
       $path);
}



=== TEST 12: many tokens in one query are cut out of a page
--- http_config
    include         journey/journey.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    journey_page $request_uri;
    location = /p { default_type text/html; return 200 ok; }
--- visit
my $anna = browser();
$anna->get('/p?' . '_jl=x&' x 1000 . 'a=1&' . '_jl=&' x 3 . 'b_jl=2&_jl=z');
$anna->get('/p?' . '_jl=x&' x 1000 . '_jl=z');
$anna->get('/p?c=1&_jl=x&d=2&_jl=y');
--- journey_log
{"k":"page","p":"/p?a=1&b_jl=2"}
{"k":"page","p":"/p"}
{"k":"page","p":"/p?c=1&d=2"}
