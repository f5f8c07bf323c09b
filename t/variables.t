# Copyright (C) ngx_journey_module contributors
#
# $journey_…: in rewrite, proxy_set_header, map, access_log, add_header;
# provisional before the response's header, final after it; which location
# speaks after internal redirects; and values made of themselves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';

$ENV{TEST_NGINX_MMDB} = journey_mmdb();

our @names = qw(
    id number session touch channel source medium campaign first_channel
    touches phase furthest_phase goal country device bot identity rule
);

# All of them in one header or line.
$ENV{TEST_NGINX_ALL} = join ' ', map { "$_=[\$journey_$_]" } @names;

sub all {
    my $text = shift;
    my %got = defined $text ? $text =~ /(\w+)=\[([^\]]*)\]/g : ();

    return \%got;
}

# The last line of an access log, once it is there.
sub access_line {
    my ($name, $n) = @_;
    my $file = "$ENV{TEST_NGINX_SERVROOT}/logs/$name";

    for (1 .. 2000) {
        my @lines = -f $file ? split /\n/, slurp($file) : ();
        return $lines[$n - 1] if @lines >= $n;
        select undef, undef, undef, 0.03;
    }

    return '';
}

sub cookie_id {
    my $r = shift;
    my ($token) = ($r->set_cookie('jny') || '') =~ /^jny=([-\w]+)/;

    return defined $token ? token_decode($token)->{v} : '';
}

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

add_block_preprocessor(sub {
    my $block = shift;
    my $http = $block->http_config;

    # every log_format that a block may use, and what all of them need
    $block->set_value('http_config', <<'_EOC_' . (defined $http ? $http : ''));
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_geoip   $TEST_NGINX_MMDB;
    journey_agents  journey/agents.conf;
    log_format all  "$TEST_NGINX_ALL";
    set_real_ip_from 127.0.0.0/8;
_EOC_
});

run_tests();

__DATA__

=== TEST 1: every variable, before the header and after it
--- http_config
    journey_phases { awareness /; decision /buy; }
--- config
    journey on;
    default_type text/html;
    location = /echo { journey off; return 200 "$http_x_all"; }
    location /echo/buy { journey off; return 200 "$http_x_all"; }
    location = /page {
        access_log $TEST_NGINX_SERVER_ROOT/logs/all.log all;
        add_header X-All "$TEST_NGINX_ALL";
        proxy_set_header X-All "$TEST_NGINX_ALL";
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo;
    }
    location = /buy {
        access_log $TEST_NGINX_SERVER_ROOT/logs/all.log all;
        add_header X-All "$TEST_NGINX_ALL";
        proxy_set_header X-All "$TEST_NGINX_ALL";
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo/buy;
        journey_goal purchase completes;
        journey_goal bought;
    }
--- visit
my $anna = browser();
my $r = $anna->get('/page?utm_source=news&utm_medium=email&utm_campaign=may',
                   'X-Real-IP' => '127.0.1.9');
my %want = (id => cookie_id($r), number => 1, session => 1, touch => 1,
            channel => 'email', source => 'news', medium => 'email',
            campaign => 'may', first_channel => 'email', touches => 'email',
            country => 'FR', phase => 'awareness', furthest_phase => 'awareness', goal => '',
            device => 'desktop', bot => '', identity => 'cookie');
my $check = sub {
    my ($name, $got, %more) = @_;
    my %should = (%want, %more);

    for my $word (sort keys %should) {
        is($got->{$word}, $should{$word}, "$name: $word");
    }
    is(scalar keys %$got, scalar @::names, "$name: all are there");
};

$check->('upstream', all($r->body));
$check->('add_header', all(scalar $r->header('X-All')));
$check->('access_log', all(access_line('all.log', 1)));
ok(all($r->body)->{rule}, 'a rule decided');
is(all($r->body)->{rule}, all(access_line('all.log', 1))->{rule});
is((journey_log_wait(1))[0]{why}, all($r->body)->{rule}, 'as in the log');

# a page that opens no touch, and reaches two goals
%want = (%want, country => 'DE', source => '', medium => '', campaign => '', rule => '',
         phase => 'decision', furthest_phase => 'decision');
$r = $anna->get('/buy');
$check->('goal: upstream', all($r->body), goal => '');
$check->('goal: add_header', all(scalar $r->header('X-All')),
         goal => 'purchase,bought');
$check->('goal: access_log', all(access_line('all.log', 2)),
         goal => 'purchase,bought');

# the next session
age($anna, 1800, $::key);
$r = $anna->get('/page', Referer => 'https://partner.example/a');
%want = (%want, phase => 'awareness', furthest_phase => 'awareness',
         number => 2, session => 2, touch => 1, channel => 'referral',
         first_channel => 'referral', touches => 'referral',
         source => 'partner.example', medium => 'referral',
         rule => 'referrer');
$check->('next: upstream', all($r->body));
$check->('next: access_log', all(access_line('all.log', 3)));

$r = $anna->get('/page?utm_source=s&utm_medium=sms');
is(all($r->body)->{touches}, 'referral>sms', 'oldest first');
is(all($r->body)->{first_channel}, 'referral');
is(all($r->body)->{channel}, 'sms');
is(all($r->body)->{touch}, 2);



=== TEST 2: bots, devices, countries
--- config
    journey on;
    default_type text/html;
    real_ip_header X-Real-IP;
    location = /page { return 200 "$journey_bot|$journey_device|$journey_id"; }
    location = /geo { return 200 "[$journey_country]"; }
--- visit
my $r = browser(agent => 'Mozilla/5.0 (compatible; Googlebot/2.1)')->get('/page');
is($r->body, 'googlebot|other|', 'a bot has no id');
$r = browser(agent => 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) '
                      . 'AppleWebKit/605.1.15 (KHTML, like Gecko) '
                      . 'Version/17.0 Mobile/15E148 Safari/604.1')->get('/page');
like($r->body, qr/^\|mobile\|c[-\w]{16}$/);
is(browser()->get('/geo')->body, '[DE]', 'by the address');
is(browser()->get('/geo', 'X-Real-IP' => '127.0.1.9')->body, '[FR]',
   'that realip gives');
is(browser()->get('/geo', 'X-Real-IP' => '192.0.2.1')->body, '[]', 'nowhere');



=== TEST 3: in rewrite: set, if, return
--- config
    journey on;
    default_type text/html;
    set $early $journey_id;
    set $identity $journey_identity;
    location = /page {
        set $late $journey_id;
        if ($journey_number = 1) { add_header X-First yes; }
        return 200 "$early|$late|$journey_id|$identity";
    }
    location = /if {
        if ($journey_session = 2) { return 403; }
        return 200 ok;
    }
    location = /channel {
        if ($journey_channel = email) { return 302 /mail; }
        return 200 "$journey_channel";
    }
--- visit
my $anna = browser();
my $r = $anna->get('/page');
my $id = cookie_id($r);
is($r->body, "$id|$id|$id|cookie", 'one id everywhere');
is($r->header('X-First'), 'yes');

is($anna->get('/page')->body, "$id|$id|$id|cookie", 'and on the next page');
is($anna->get('/if')->status, 200);
age($anna, 1800, $::key);
is($anna->get('/if')->status, 403, 'the session that this page would begin');
is($anna->get('/if')->status, 403, 'an error began none');
is(token_decode($anna->cookies->{jny})->{session}, 1);

is(browser()->get('/channel')->body, 'direct');
my $r2 = browser()->get('/channel?utm_medium=email&utm_source=a');
is($r2->status, 302);
ok(!$r2->set_cookie('jny'), 'a redirect is no page');
--- journey_log
{"k":"page","p":"/page","s":1}
{"k":"page","p":"/page","s":1}
{"k":"page","p":"/if","s":1}
{"k":"error","p":"/if","st":403,"s":1}
{"k":"error","p":"/if","st":403,"s":1}
{"k":"page","p":"/channel","ch":"direct"}



=== TEST 4: what was provisional is taken back
--- config
    journey on;
    default_type text/html;
    location = /echo { journey off; return 404 "$http_x_id"; }
    location = /echo.json { journey off; default_type application/json;
                            return 200 "$http_x_id"; }
    location /shop {
        access_log $TEST_NGINX_SERVER_ROOT/logs/all.log all;
        add_header X-All "$TEST_NGINX_ALL" always;
        proxy_set_header X-Id "$journey_id/$journey_session/$journey_channel";
        location = /shop/gone {
            proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo;
            journey_goal seen;
        }
        location = /shop/api {
            proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo.json;
        }
        location = /shop/goal {
            proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo.json;
            journey_goal seen;
        }
    }
--- visit
my $n = 0;

for my $uri ('/shop/gone', '/shop/api', '/shop/goal') {
    my $r = browser()->get($uri, Referer => 'https://partner.example/');

    like($r->body, qr{^c[-\w]{16}/1/referral$}, "$uri: an id for the upstream");
    ok(!$r->set_cookie('jny'), 'that nobody gets');

    for my $got (all(scalar $r->header('X-All')),
                 all(access_line('all.log', ++$n)))
    {
        is(join('', map { $got->{$_} } qw(id number session touch channel
                                          first_channel touches source rule)),
           '', "$uri: nothing is left of it");
        is($got->{identity}, 'cookie');
        is($got->{goal}, $uri eq '/shop/goal' ? 'seen' : '');
    }

    # a known visitor keeps what he had
    my $anna = browser();
    my $token = token_encode(token_new(channels => [15],
                                       last_seen => time - 9000), $::key, 'jny');
    $anna->cookies->{jny} = $token;
    $r = $anna->get($uri);
    my $id = token_decode($token)->{v};
    is($r->body, "$id/2/direct", "$uri: a second session it would be");
    my $got = all(scalar $r->header('X-All'));
    is("$got->{id} $got->{session} $got->{channel}", "$id 1 email",
       'and is not');
    $n++;
}
--- journey_log
{"k":"error","p":"/shop/gone","s":1}
{"k":"goal","p":"/shop/goal","v":null}
{"k":"goal","p":"/shop/goal","s":1}



=== TEST 5: the id of proxy_set_header is the id of the cookie
--- config
    journey on;
    default_type text/html;
    location = /echo { journey off; return 200 "$http_x_id"; }
    location = /page {
        proxy_set_header X-Id $journey_id;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo;
    }
--- visit
my %seen;

for (1 .. 20) {
    my $r = browser()->get('/page');
    like($r->body, qr/^c[-\w]{16}$/);
    is($r->body, cookie_id($r));
    $seen{$r->body}++;
}

is(scalar keys %seen, 20, 'each visitor has another');



=== TEST 6: map with volatile sees what is final, without it does not
--- http_config
    map $journey_goal $plain { default "goal:$journey_goal"; }
    map $journey_goal $fresh { volatile; default "goal:$journey_goal"; }
    log_format maps "$plain $fresh";
--- config
    journey on;
    default_type text/html;
    set $early "$plain $fresh";
    location = /page {
        access_log $TEST_NGINX_SERVER_ROOT/logs/maps.log maps;
        add_header X-Fresh $fresh;
        journey_goal seen;
        return 200 "$early";
    }
--- visit
my $r = browser()->get('/page');
is($r->body, 'goal: goal:');
is($r->header('X-Fresh'), 'goal:seen');
is(access_line('maps.log', 1), 'goal: goal:seen');



=== TEST 7: empty where journey is off
--- config
    default_type text/html;
    location = /off { return 200 "$TEST_NGINX_ALL"; }
    location = /on { journey on; return 200 ok; }
--- visit
my $got = all(browser()->get('/off', Referer => 'https://partner.example/')->body);
is(scalar keys %$got, scalar @::names);
is(join('', values %$got), '', 'nothing');



=== TEST 8: with identity none
--- config
    journey on;
    journey_identity none;
    default_type text/html;
    location = /page { return 200 "$TEST_NGINX_ALL"; }
--- visit
my $got = all(browser()->get('/page', Referer => 'https://partner.example/')->body);
is(join('', map { $got->{$_} } qw(id number session touch first_channel touches
                                  furthest_phase)), '', 'nobody');
is($got->{identity}, 'none');
is($got->{channel}, 'referral', 'of the touch that this request opens');
is($got->{source}, 'partner.example');
is(all(browser()->get('/page')->body)->{channel}, '');



=== TEST 9: in subrequests: auth_request and SSI
--- config
    journey on;
    default_type text/html;
    location = /echo { journey off; return 200 "$http_x_id"; }
    location = /auth {
        internal;
        journey off;
        journey_goal authorised;
        proxy_set_header X-Id $journey_id;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/check;
    }
    location = /check {
        journey off;
        add_header X-Seen $http_x_id;
        return 200 ok;
    }
    location = /page {
        auth_request /auth;
        auth_request_set $seen $upstream_http_x_seen;
        add_header X-Seen $seen;
        ssi on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/ssi;
        journey_goal shown;
    }
    location = /ssi {
        journey off;
        return 200 '<!--# include virtual="/frag" -->|<!--# include virtual="/off" -->';
    }
    location = /frag { journey_goal fragment; return 200 "$journey_id,$journey_goal"; }
    location = /off { journey off; return 200 "$journey_id"; }
--- visit
my $anna = browser();
my $r = $anna->get('/page');
my $id = cookie_id($r);
like($id, qr/^c/);
is($r->header('X-Seen'), $id, 'auth_request');
is($r->body, "$id,shown|$id", 'SSI: those of the main request');
is(cookie_id($anna->get('/page')), '', 'and no second cookie');
--- journey_log
{"k":"page","p":"/page"}
{"k":"goal","p":"/page","goal":"shown"}
{"k":"page","p":"/page"}
{"k":"goal","p":"/page","goal":"shown"}



=== TEST 10: the first location speaks: try_files and named locations
--- config
    journey on;
    default_type text/html;
    location = /named {
        journey_page /first;
        journey_goal first;
        journey_cookie one;
        try_files /nothing @app;
    }
    location @app {
        journey off;
        journey_page /second;
        journey_goal second;
        journey_cookie two;
        return 200 "$journey_id|$journey_goal";
    }
    location = /file {
        journey_page /tried;
        try_files /nothing /fallback;
    }
    location = /fallback {
        journey off;
        journey_page /fallback;
        add_header X-Goal $journey_goal;
        journey_goal fallback;
        return 200 "$journey_id";
    }
    location = /off {
        journey off;
        try_files /nothing @on;
    }
    location @on { journey on; return 200 "[$journey_id]"; }
--- visit
my $r = browser()->get('/named');
my ($token) = $r->set_cookie('one') =~ /^one=([-\w]+)/;
is($r->body, token_decode($token)->{v} . '|');
ok(!$r->set_cookie('two'));
$r = browser()->get('/file');
is($r->body, cookie_id($r), 'try_files with a URI');
is($r->header('X-Goal'), undef);
$r = browser()->get('/off');
is($r->body, '[]', 'off stays off');
ok(!$r->set_cookie('jny'));
browser()->get('/');                     # index: /index.html
--- journey_log
{"k":"page","p":"/first"}
{"k":"goal","p":"/first","goal":"first"}
{"k":"page","p":"/tried"}
{"k":"page","p":"/"}



=== TEST 11: the first location speaks: error_page
--- config
    journey on;
    default_type text/html;
    location = /gone {
        journey_page /gone-page;
        error_page 410 /errors/410;
        error_page 404 @missing;
        if ($arg_named) { return 404; }
        return 410;
    }
    location = /saved {
        journey_page /saved-page;
        journey_goal saved;
        error_page 410 =200 /errors/410;
        return 410;
    }
    location = /errors/410 {
        internal;
        journey off;
        journey_page /error-page;
        journey_goal lost;
        add_header X-Id "$journey_id" always;
        return 200 "$journey_id";
    }
    location @missing { journey off; return 404 "$journey_id"; }
--- visit
my $anna = browser();
$anna->get('/');
my $id = token_decode($anna->cookies->{jny})->{v};
is($anna->get('/gone')->header('X-Id'), $id);
is($anna->get('/gone?named=1')->body, $id);
is($anna->get('/saved')->header('X-Id'), $id);
--- journey_log
{"k":"page","p":"/"}
{"k":"error","p":"/gone-page","st":"~^410|200$"}
{"k":"error","p":"/gone-page","st":404}
{"k":"page","p":"/saved-page","st":null}
{"k":"goal","p":"/saved-page","goal":"saved"}



=== TEST 12: an error page that the server itself asks for changes nothing
--- config
    journey on;
    default_type text/html;
    journey_page /server;
    if ($arg_deny) { return 403; }
    error_page 403 =200 /denied;
    location = /denied {
        journey_page /denied-page;
        journey_goal denied;
        return 200 "denied";
    }
--- visit
my $r = browser()->get('/page?deny=1');
is($r->body, 'denied');
is(browser()->get('/denied')->body, 'denied');
--- journey_log
{"k":"page","p":"/server"}
{"k":"page","p":"/denied-page"}
{"k":"goal","p":"/denied-page","goal":"denied"}



=== TEST 13: internal redirects by the application
--- config
    journey on;
    default_type text/html;
    location = /app {
        journey off;
        add_header X-Accel-Redirect /protected;
        return 200 ok;
    }
    location = /page {
        journey_page /first;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/app;
    }
    location = /protected { internal; journey_page /second; journey off;
                            return 200 "$journey_id"; }
    location = /rewritten { journey_page /first; rewrite ^ /last last; }
    location = /last { journey off; return 200 "$journey_id"; }
--- visit
for my $uri ('/page', '/rewritten') {
    my $r = browser()->get($uri);
    is($r->status, 200);
    is($r->body, cookie_id($r), $uri);
}
--- journey_log
{"p":"/first"}
{"p":"/first"}



=== TEST 14: a rewrite of the server: the first location is the one it selects
--- http_config
    journey_phases { awareness /; decision =/old; retention =/new; }
--- config
    journey on;
    default_type text/html;
    rewrite ^/old$ /new last;
    rewrite ^/(gone)$ /$1/page;
    location = /new {
        journey_page /new-page;
        journey_goal client uri==/old;
        journey_goal rewritten uri==/new;
        return 200 "$journey_id";
    }
    location = /old { journey off; return 200 old; }
    location = /gone/page { journey_page /first; try_files /nothing @last; }
    location @last { journey off; return 200 "$journey_id"; }
--- visit
for my $uri ('/old', '/gone') {
    my $r = browser()->get($uri);
    like($r->body, qr/^c[-\w]{16}$/);
    is($r->body, cookie_id($r), $uri);
}
--- journey_log
{"k":"page","p":"/new-page","ph":"decision"}
{"k":"goal","goal":"client"}
{"k":"page","p":"/first","ph":"awareness"}



=== TEST 15: a phase that the response decides
--- http_config
    journey_phases { awareness /; decision /buy; retention; }
--- config
    journey on;
    default_type text/html;
    location = /echo { journey off; add_header X-Phase $arg_phase;
                       return 200 "$http_x_phase,$http_x_id"; }
    location = /page {
        journey_phase $upstream_http_x_phase;
        add_header X-Final "$journey_phase,$journey_furthest_phase,$journey_id";
        proxy_set_header X-Phase $journey_phase;
        proxy_set_header X-Id $journey_id;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/echo$is_args$args;
    }
    location = /status { journey off; journey_status; }
--- visit
my $anna = browser();
my $r = $anna->get('/page?phase=retention');
my $id = cookie_id($r);
is($r->body, "awareness,$id", 'by the path, as far as one knew');
is($r->header('X-Final'), "retention,retention,$id", 'what the response says');
is($anna->get('/page?phase=decision')->header('X-Final'),
   "decision,retention,$id");
is($anna->get('/page')->header('X-Final'), "awareness,retention,$id");
is(status()->{ignored}{phases}, 0);
is($anna->get('/page?phase=nonsense')->header('X-Final'),
   "awareness,retention,$id", 'an unknown one is none');
is(status()->{ignored}{phases}, 1, 'and counted, once');
is(status()->{touches}, 1);
is(status()->{sessions}, 1);
--- journey_log
{"ph":"retention","pn":3,"ch":"direct"}
{"ph":"decision","pn":2,"ch":null}
{"ph":"awareness","pn":1}
{"ph":"awareness","pn":1}



=== TEST 16: values made of themselves
--- http_config
    journey_phases { awareness /; decision /buy; }
    map $journey_phase $phase_again { volatile; default $journey_phase; }
    map $journey_identity$journey_id $who { volatile; default cookie; }
    log_format own "$journey_id $journey_phase $journey_goal $journey_identity";
--- config
    journey on;
    default_type text/html;
    access_log $TEST_NGINX_SERVER_ROOT/logs/own.log own;
    location = /phase { journey_phase $journey_phase; return 200 "$journey_phase"; }
    location = /phase2 { journey_phase $phase_again$journey_furthest_phase; return 200 "$journey_phase"; }
    location = /identity { journey_identity $journey_identity; return 200 "$journey_identity,$journey_id"; }
    location = /identity2 { journey_identity $journey_id; return 200 "$journey_identity"; }
    location = /identity3 { journey_identity $who; return 200 "$journey_id"; }
    location = /goal {
        journey_goal one if=$journey_goal;
        journey_goal two if=$journey_id value=$journey_session;
        journey_goal three if=$journey_goal value=$journey_touch id=$journey_id;
        journey_goal four if=$journey_campaign;
        return 200 ok;
    }
    location = /page { journey_page /$journey_phase/$journey_session;
                       return 200 "$journey_id"; }
    location = /secure { journey_cookie jny secure=$journey_id; return 200 ok; }
    location = /all {
        journey_phase "$TEST_NGINX_ALL";
        journey_identity "$TEST_NGINX_ALL";
        journey_page "$TEST_NGINX_ALL";
        journey_goal all if=$journey_identity "value=$TEST_NGINX_ALL";
        return 200 "$TEST_NGINX_ALL";
    }
--- visit
my $get = sub { return browser()->get(@_); };
is($get->('/phase')->body, 'awareness', 'the path decides');
is($get->('/phase2')->body, 'awareness');
is($get->('/identity')->body, 'none,', 'what is asked of itself is none');
is($get->('/identity2')->body, 'none');
like($get->('/identity3')->body, qr/^c[-\w]{16}$/);
is($get->('/goal')->status, 200);
my $r = $get->('/page');
is($r->body, cookie_id($r));
like($get->('/secure')->set_cookie('jny'), qr/; Secure$/);
is($get->('/all')->status, 200);
is($get->('/all', Referer => 'https://partner.example/')->status, 200);
--- journey_log
{"p":"/phase","ph":"awareness"}
{"p":"/phase2","ph":"awareness"}
{"p":"/identity","v":null}
{"p":"/identity2","v":null}
{"p":"/identity3","v":"~^c"}
{"p":"/goal","k":"page"}
{"p":"/goal","goal":"two","val":1}
{"p":"/goal","goal":"three","val":1,"ord":"~^[-\\w]{16}$"}
{"p":"/awareness/1","ph":"awareness"}
{"p":"/secure"}
{"k":"page","v":null}
{"k":"goal","goal":"all","val":null}
{"k":"page","v":null,"ch":"referral"}
{"k":"goal","goal":"all","val":null}



=== TEST 17: a response that nginx gives up for another
--- config
    journey on;
    default_type text/html;
    access_log $TEST_NGINX_SERVER_ROOT/logs/all.log all;
    add_header X-Id $journey_id always;
    location = /styled { alias html/index.html;
                         error_page 412 =201 /instead; }
    location = /instead { journey off; return 200 "$journey_id"; }
--- visit
my $anna = browser();
my $r = $anna->get('/', 'If-Match' => '"other"');
is($r->status, 412);
ok(!$r->set_cookie('jny'), 'nobody is made by an error');
is($r->header('X-Id'), undef);
is(all(access_line('all.log', 1))->{id}, '');

$r = $anna->get('/styled',
                'If-Unmodified-Since' => 'Mon, 01 Jan 2001 00:00:00 GMT');
is($r->status, 201, 'a page after all: with 200 it would be 412 again');
is(scalar(() = $r->header('Set-Cookie')), 1, 'one cookie');
is($r->body, cookie_id($r), 'with the id of the first look');
is(all(access_line('all.log', 2))->{id}, cookie_id($r));

$r = $anna->get('/', 'If-Unmodified-Since' => 'Mon, 01 Jan 2001 00:00:00 GMT');
is($r->status, 412);
is($r->header('X-Id'), token_decode($anna->cookies->{jny})->{v});
--- journey_log
{"k":"page","p":"/styled","s":1,"st":201}
{"k":"error","p":"/","st":412,"s":1}
