# Copyright (C) ngx_journey_module contributors
#
# What a path tells of a person does not reach "p": e-mail addresses, tokens and
# long numbers are masked.  Patterns see the path as it is, and journey_page is
# logged as it says.  (All cases of the masking itself: t/unit/test_mask.c.)

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

# Asked for, logged.
our @cases = (
    # as it is
    ['/',                               '/'],
    ['/products/lamp-4711',             '/products/lamp-4711'],
    ['/tel/12345678',                   '/tel/12345678'],
    ['/abcdefghijklmnopqrstuvwxyz',     '/abcdefghijklmnopqrstuvwxyz'],
    ['/aB3dE5gH7jK9mN1pQ3s',            '/aB3dE5gH7jK9mN1pQ3s'],
    ['/@handle/photos',                 '/@handle/photos'],
    ['/npm/lodash@4.17.21',             '/npm/lodash@4.17.21'],
    ['/a-long-slug-of-many-words-from-2026-11-22',
     '/a-long-slug-of-many-words-from-2026-11-22'],

    # e-mail addresses, as browsers and applications write them
    ['/u/anna@shop.example',            '/u/:email'],
    ['/u/anna@shop.example/edit',       '/u/:email/edit'],
    ['/u/anna%40shop.example',          '/u/:email'],
    ['/u/anna%2540shop.example',        '/u/:email'],
    ['/u/Anna.K%2Bnews@Shop.Example',   '/u/:email'],
    ['/u/anna%40shop%2Eexample',        '/u/:email'],
    ['/mailto:anna@shop.example',       '/mailto::email'],
    ['/u/m%C3%BCller@b%C3%BCro.example', '/u/:email'],
    ['/u/anna@intranet',                '/u/:email'],
    ['/a@b.example/c@d.example',        '/:email/:email'],
    ['/u/123456789@shop.example',       '/u/:email'],
    ['//u///anna@shop.example',         '/u/:email'],
    ['/x/../u/anna@shop.example',       '/u/:email'],
    ['/u/anna@shop.example?q=1',        '/u/:email'],

    # numbers
    ['/tel/123456789',                  '/tel/:n'],
    ['/tel/+4915112345678/x',           '/tel/+:n/x'],
    ['/card/4111111111111111',          '/card/:n'],
    ['/img/IMG_20240101123456.jpg',     '/img/IMG_:n.jpg'],
    ['/a/123456789/b/987654321',        '/a/:n/b/:n'],

    # tokens
    ['/doc/123e4567-e89b-42d3-a456-426614174000', '/doc/:token'],
    ['/doc/123E4567-E89B-42D3-A456-426614174000.pdf', '/doc/:token.pdf'],
    ['/doc/%7B123e4567-e89b-42d3-a456-426614174000%7D', '/doc/{:token}'],
    ['/reset/aB3dE5gH7jK9mN1pQ3s5',     '/reset/:token'],
    ['/reset/0123456789abcdef0123456789abcdef/done', '/reset/:token/done'],
    ['/iban/DE89370400440532013000',    '/iban/:token'],

    # what is hostile or broken stays valid
    ['/%FF%FE/anna@shop.example',       "/\x{fffd}\x{fffd}/:email"],
    ['/u/%22a%22@b.example',            '~^/u/:email$'],
);

# 512 bytes are kept, the mask is made before the cut
our $long = '/' . 'd/' x 250;
push @cases, ["${long}anna\@shop.example", "${long}:email"],
             ["${long}xx/123456789012345678", "${long}xx/:n"],
             ['/' . 'e' x 507 . '/anna@shop.example', '~^/e{507}/?(?::emai?)?$'];

our $expected = join '', map {
    Journey::encode({ k => 'page', p => $_->[1] }) . "\n"
} @cases;

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
_EOC_
    $block->set_value('journey_log', $expected)
        if $block->name =~ /TEST 1:/;
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: what is asked for, and what is logged
--- config
    journey on;
    types { }
    default_type text/html;
    location / { return 200 ok; }
--- visit
my $anna = browser();
is($anna->get($_->[0])->status, 200, substr $_->[0], 0, 60) for @::cases;



=== TEST 2: patterns see the path as it is
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases  {
        awareness      /reset/;
        consideration  ~^/u/[^/]+@shop\.example$;
        decision       =/order/123456789;
        retention      /doc/123e4567-e89b;
    }
--- config
    journey on;
    default_type text/html;
    journey_goal  mail   uri=~@shop\.example$;
    journey_goal  order  uri==/order/123456789;
    location / { return 200 ok; }
    location ~ "^/reset/(?<token>\w{20})$" { return 200 "$token"; }
--- visit
my $anna = browser();
$anna->get('/u/anna@shop.example');
$anna->get('/order/123456789');
$anna->get('/order/1234567890');
$anna->get('/doc/123e4567-e89b-42d3-a456-426614174000');
is($anna->get('/reset/aB3dE5gH7jK9mN1pQ3s5')->body, 'aB3dE5gH7jK9mN1pQ3s5',
   'locations and variables, too');
--- journey_log
{"k":"page","p":"/u/:email","ph":"consideration"}
{"k":"goal","p":"/u/:email","ph":"consideration","goal":"mail"}
{"k":"page","p":"/order/:n","ph":"decision"}
{"k":"goal","p":"/order/:n","goal":"order"}
{"k":"page","p":"/order/:n","ph":null}
{"k":"page","p":"/doc/:token","ph":"retention"}
{"k":"page","p":"/reset/:token","ph":"awareness"}



=== TEST 3: journey_page is logged as it says, an empty one is the path
--- config
    journey on;
    default_type text/html;
    location /page { journey_page /orders/123456789; return 200 ok; }
    location /var { journey_page $arg_page; return 200 ok; }
    location /uri { journey_page $uri; return 200 ok; }
--- visit
my $anna = browser();
$anna->get('/page/987654321');
$anna->get('/var/987654321?page=/folded/123456789');
$anna->get('/var/987654321?page=');
$anna->get('/var/anna@shop.example');
$anna->get('/uri/anna@shop.example');
--- journey_log
{"p":"/orders/123456789"}
{"p":"/folded/123456789"}
{"p":"/var/:n"}
{"p":"/var/:email"}
{"p":"/uri/anna@shop.example"}



=== TEST 4: errors, goals, prefetched pages, and the log of bots
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_log_bots $TEST_NGINX_SERVER_ROOT/logs/masked-bots.log flush=100ms;
    journey_agents  journey/agents.conf;
--- config
    journey on;
    default_type text/html;
    location / { return 200 ok; }
    location /missing/ { return 404; }
    location /form/ { default_type text/plain; return 303 /;
                      journey_goal form; }
    # where the request goes inside changes nothing
    location /inner/ { try_files /none /index.php; }
    location = /index.php { return 200 ok; }
    location /error/ { error_page 403 /sorry/anna@shop.example; return 403; }
--- visit
my $anna = browser();
$anna->get('/');
$anna->get('/missing/anna@shop.example');
$anna->post('/form/123456789');
$anna->get('/next/anna@shop.example', Sec_Purpose => 'prefetch',
           Sec_Fetch_Mode => 'navigate', Sec_Fetch_Dest => 'document',
           Sec_Fetch_Site => 'same-origin');
$anna->get('/inner/anna@shop.example');
$anna->get('/error/123456789');
browser(agent => 'Googlebot/2.1')->get('/bot/anna@shop.example');

my $bots = server_root() . '/logs/masked-bots.log';
is((journey_log_wait(1, $bots))[0]{p}, '/bot/:email', 'bots, too');
--- journey_log
{"k":"page","p":"/"}
{"k":"error","p":"/missing/:email","st":404}
{"k":"goal","p":"/form/:n"}
{"k":"page","p":"/next/:email","pf":1}
{"k":"page","p":"/inner/:email"}
{"k":"error","p":"/error/:n","st":403}
