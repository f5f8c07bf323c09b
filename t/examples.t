# Copyright (C) ngx_journey_module contributors
#
# conf/examples/, each included as its head says, and the consent that
# README.md shows: what their visitors leave.  Those that act while visitors
# are there are in t/recipes.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Example;
use Test::Nginx::Socket 'no_plan';

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};

for my $name (examples()) {
    my ($http, $server) = example_env($name);

    like($http, qr/^include journey\/journey\.conf;$/m, "$name: http{}");
    like($server, qr/^journey on;$/m, "$name: server{}");
}

($ENV{TEST_NGINX_CONSENT}) =
    slurp("$root/README.md") =~ /^```nginx\n(# consent: .*?)^```/ms
    or die "README.md shows no consent\n";

$ENV{TEST_NGINX_MMDB} = journey_mmdb();

no_root_location();
run_tests();

unlink journey_mmdb();

__DATA__

=== TEST 1: a shop
--- http_config
    $TEST_NGINX_SHOP_HTTP
--- config
    $TEST_NGINX_SHOP_SERVER
    default_type text/html;
    location / { return 200 x; }
    location = /newsletter/join { return 303 /newsletter/thanks; }
--- visit
my $anna = browser(host => 'shop.example');
$anna->get('/guides/x', Referer => 'https://www.google.com/');
$anna->get('/compare');
$anna->post('/newsletter/join', body => 'mail=x');
$anna->get('/newsletter/join');
$anna->get('/checkout/thanks?total=99.90&currency=EUR');
$anna->get('/checkout/thanks/x?total=99.90&currency=EUR');
$anna->get('/friends');
--- journey_log
{"k":"page","p":"/guides/x","ph":"awareness","pn":1,"ch":"organic_search"}
{"k":"page","p":"/compare","ph":"consideration"}
{"k":"goal","goal":"newsletter","done":null,"v":"~^c"}
{"k":"page","p":"/checkout/thanks","ph":"decision"}
{"k":"goal","goal":"purchase","done":1,"val":99.9,"cur":"EUR","w":["organic_search"]}
{"k":"page","p":"/checkout/thanks/x"}
{"k":"page","p":"/friends","ph":"advocacy","pn":5}


=== TEST 2: a site that sells to businesses
--- http_config
    $TEST_NGINX_B2B_HTTP
--- config
    $TEST_NGINX_B2B_SERVER
    default_type text/html;
    location / { return 200 x; }
    location /whitepapers/ { default_type application/pdf; return 200 x; }
--- visit
my $anna = browser();
$anna->get('/?utm_source=hall3&utm_campaign=fair-2026');
$anna->get('/whitepapers/One.PDF');
$anna->get('/pricing', Referer => 'https://partners.example/list');
$anna->get('/demo/thanks');
$anna->get('/trial/welcome?x=1');
--- journey_log
{"k":"page","p":"/","ph":"awareness","ch":"trade_fair","why":"rule:trade_fair"}
{"k":"goal","goal":"whitepaper","p":"/whitepapers/One.PDF","done":null}
{"k":"page","p":"/pricing","ph":"decision","pn":3,"ch":"partner","src":"partners.example"}
{"k":"page","p":"/demo/thanks"}
{"k":"goal","goal":"demo","done":null}
{"k":"page","p":"/trial/welcome"}
{"k":"goal","goal":"trial","done":1,"w":["trade_fair","partner"]}


=== TEST 3: behind a proxy
--- http_config
    $TEST_NGINX_BEHIND_PROXY_HTTP
    journey_geoip $TEST_NGINX_MMDB;
--- config
    $TEST_NGINX_BEHIND_PROXY_SERVER
    default_type text/html;
    location / { return 200 x; }
--- visit
# 127.0.0.1 is the proxy, and the first is its word
my %forwarded = ('X-Forwarded-For' => '10.9.9.9, 127.0.1.9');
my %proxy = (address => '127.0.0.1', host => 'shop.example');

my $set = browser(%proxy)->get('/tls', %forwarded,
                               'X-Forwarded-Proto' => 'https')
          ->set_cookie('jny');
like($set, qr/; Secure$/);
$set = browser(%proxy)->get('/http', %forwarded,
                            'X-Forwarded-Proto' => 'http')->set_cookie('jny');
unlike($set, qr/Secure/);
$set = browser(%proxy)->get('/none')->set_cookie('jny');
unlike($set, qr/Secure/);

# somebody else is not believed
browser(from => '127.0.0.3')->get('/else', %forwarded);
--- journey_log
{"p":"/tls","h":"shop.example","cc":"FR"}
{"p":"/http","cc":"FR"}
{"p":"/none"}
{"p":"/else","cc":"DE"}


=== TEST 4: another start page for each phase
--- http_config
    $TEST_NGINX_SPLIT_BY_PHASE_HTTP
--- config
    $TEST_NGINX_SPLIT_BY_PHASE_SERVER
    default_type text/html;
    location /products/ { return 200 x; }
    location = /cart { return 200 x; }
    location = /account { return 200 x; }
--- user_files
>>> start/new.html
new
>>> start/compare.html
compare
>>> start/customer.html
customer
>>> index.html
index
--- visit
my $anna = browser();
my @bodies;

for my $path ('', '/products/lamp', '/cart', '/account') {
    $anna->get($path) if $path ne '';

    my $r = $anna->get('/');
    push @bodies, $r->body =~ s/\s+//gr;
    like($r->header('Cache-Control'), qr/\bprivate\b/, "private: $path");
}

# /start/cart.html is not there
is_deeply(\@bodies, [qw(new compare index customer)]);


=== TEST 5: no cookie without consent, none left when it is withdrawn
--- http_config
    include journey/journey.conf;
    $TEST_NGINX_CONSENT
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
--- visit
my $anna = browser();
my $r = $anna->get('/1', Referer => 'https://www.google.com/');
is($r->set_cookie('jny'), undef, 'none at first');

$anna->cookies->{consent} = 'yes';
$r = $anna->get('/2');
like($r->set_cookie('jny'), qr/^jny=[-\w]{60,}; .*Max-Age=33696000/);

my $bert = sub {
    return browser(agent => 'Mozilla/5.0 (X11; Linux) Firefox/140.0')
           ->get(shift, Cookie => 'consent=yes', @_)->set_cookie('jny');
};

is($bert->('/3', 'Sec-GPC' => '1'), undef, 'Global Privacy Control');
is($bert->('/4', DNT => '1'), undef, 'Do Not Track');
like($bert->('/5', DNT => '0'), qr/^jny=/, 'DNT: 0 is no objection');

$anna->cookies->{consent} = 'no';
$r = $anna->get('/6');
is($r->set_cookie('jny'), 'jny=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0',
   'removed');
is($anna->get('/7')->set_cookie('jny'), undef, 'once');
--- journey_log
{"p":"/1","v":"~^h","ch":"organic_search"}
{"p":"/2","v":"~^c","pv":"~^h","ch":null}
{"p":"/3","v":"~^h"}
{"p":"/4","v":"~^h"}
{"p":"/5","v":"~^c","pv":"~^h"}
{"p":"/6","v":"~^h","s":1}
{"p":"/7","v":"~^h","s":1}
