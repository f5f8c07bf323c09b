# Copyright (C) ngx_journey_module contributors
#
# Own hosts, ignored ones and gateways: which referrers open no touch
# (design, section 6.4; channels, section 2.3).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

for my $directive (qw(journey_hosts journey_ignore_referrers)) {
    for my $case (
        ['https://a.example', qr/host "https:\/\/a\.example" holds a colon/],
        ['a.example:8080', qr/host "a\.example:8080" holds a colon/],
        ['*.example', qr/host "\*\.example" begins with "\*\."/],
        ['.a.example', qr/host "\.a\.example" begins with a dot/],
        ['a.example/path', qr/"a\.example\/path" is no host name/],
        ['"a b"', qr/"a b" is no host name/],
        ['""', qr/"" is no host name/],
        ['a..example', qr/"a\.\.example" is no host name/],
        ['x' x 300, qr/"x{200,300}" is no host name/],
        ['b.example ~^a', qr/"~\^a" is no host name/],
    )
    {
        refused("$directive " . substr($case->[0], 0, 40),
                { server => "$directive $case->[0]; # HERE" },
                qr/"$directive": $case->[1]/);
    }

    refused("$directive without a host", { http => "$directive; # HERE" },
            qr/invalid number of arguments in "$directive"/);
    accepted("$directive at all levels, twice at one",
             { map { $_ => "$directive a.example 192.0.2.1 [2001:db8::1];"
                           . "$directive A.example localhost;" }
                   qw(http server location) });
}

accepted('server_name in all forms',
         { server => 'server_name a.example *.b.example .c.example d.* '
                     . '~^(www\.)?(?<name>.+)$ "" _ 192.0.2.1 E.example '
                     . 'x' x 30 . '.example;' });

# Each referrer inside the session of one visitor: those that open a touch.

sub touches {
    my ($uri, $host, @referrers) = @_;
    my $anna = browser(host => $host);
    my $before = @{[ journey_log_wait(0) ]};

    $anna->get($uri);
    $anna->get("$uri?$_", Referer => "https://$_") for @referrers;

    my @events = journey_log_wait($before + 1 + @referrers);
    my @opened = map { $_->{ref} } grep { exists $_->{ref} }
                                        @events[$before .. $#events];

    is(scalar @events, $before + 1 + @referrers, 'one event each');
    return join ' ', @opened;
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: the request's host and its subdomains, not its parent
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is(touches('/', 'Shop.Example:81',
           'shop.example/', 'SHOP.example', 'shop.example:443/x',
           'www.shop.example/', 'a.b.shop.example/', 'shop.example./',
           'shop.example?q', 'shop.example#f'),
   '', 'own ones');
is(touches('/', 'shop.example', 'example/', 'myshop.example/',
           'shop.example.org/', 'other.example/', 'shop.exampl/',
           'shop.example@evil.example/', 'shop.example:x@two.example/'),
   'example myshop.example shop.example.org other.example shop.exampl '
   . 'evil.example two.example', 'foreign ones');
is(touches('/', 'www.shop.example', 'shop.example/', 'www.shop.example/'),
   'shop.example', 'the parent is foreign');


=== TEST 2: this machine is no source
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is(touches('/', 'shop.example', 'localhost/', 'localhost:8080/',
           'app.localhost/', '127.0.0.1/', '127.1.2.3:99/', '[::1]/',
           'notlocalhost/', '128.0.0.1/', '127.example/', '[::2]/'),
   'notlocalhost 128.0.0.1 127.example [::2]');


=== TEST 3: exact server_names are own; wildcards and patterns say nothing
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    server {
        listen $TEST_NGINX_PORT;
        server_name neighbour.example;
        journey on;
        location / { default_type text/html; return 200 x; }
    }
--- config
    server_name shop.example Second.example *.wild.example .dot.example
                end.* ~^re\d+\.example$ "" _;
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is(touches('/', 'shop.example', 'second.example/', 'www.second.example/',
           'a.wild.example/', 're1.example/', 'end.example/',
           'neighbour.example/', 'dot.example/'),
   'a.wild.example re1.example end.example neighbour.example dot.example',
   'by an exact name');
is(touches('/', 're1.example', 're1.example/', 're2.example/',
           'shop.example/'), 're2.example', 'by a pattern');
is(touches('/', 'a.wild.example', 'a.wild.example/', 'b.wild.example/'),
   'b.wild.example', 'by a wildcard');
is(touches('/', 'neighbour.example', 'shop.example/', 'second.example/'),
   'shop.example second.example', 'names are those of the server');


=== TEST 4: journey_hosts: with subdomains, not the parent; an inner level replaces the outer
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_hosts outer.example;
    journey_hosts also.outer2.example;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /inner { journey_hosts INNER.example xn--bcher-kva.example;
                      return 200 x; }
    location /inner/deeper { return 200 x; }
--- visit
my @hosts = ('outer.example/', 'www.outer.example/', 'also.outer2.example/',
             'outer2.example/', 'inner.example/', 'a.b.inner.example/',
             'notinner.example/', 'xn--bcher-kva.example/');

is(touches('/', 'shop.example', @hosts),
   'outer2.example inner.example a.b.inner.example notinner.example '
   . 'xn--bcher-kva.example');
is(touches('/inner', 'shop.example', @hosts),
   'outer.example also.outer2.example outer2.example '
   . 'notinner.example');
is(touches('/inner/deeper', 'shop.example', 'outer.example/'), '',
   'a location beside it has the outer ones');


=== TEST 5: an own referrer at the begin of a session is a direct touch
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_hosts own.example;
    journey_ignore_referrers ignored.example;
    journey_sources sources;
--- post_setup_server_root
Journey::spew(Test::Nginx::Util::server_root() . '/conf/sources',
              "gateway pay \"Pay\" pay.example app:com.pay\n"
              . "search find \"Find\" find.example\n");
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
browser(host => 'shop.example')->get('/', Referer => $_)
    for 'https://shop.example/', 'https://www.own.example/',
        'https://a.ignored.example/', 'https://www.pay.example/3ds',
        'https://find.example/', 'android-app://com.pay/';
--- journey_log
{"ch":"direct","why":"direct","ref":null,"src":null,"med":null}
{"ch":"direct","why":"direct","ref":null}
{"ch":"direct","why":"direct","ref":null}
{"ch":"direct","why":"direct","ref":null}
{"ch":"organic_search","why":"referrer"}
{"ch":"direct","why":"direct","ref":null}


=== TEST 6: gateways and ignored hosts open no touch, a campaign does all the same
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
    journey_ignore_referrers bank.example GOOGLE.com;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /inner { journey_ignore_referrers other.example; return 200 x; }
--- visit
my @hosts = ('www.paypal.com/checkout', 'checkout.stripe.com/',
             'bank.example/', 'tan.bank.example/', 'mybank.example/',
             'www.google.com/', 'www.google.de/', 'other.example/');

is(touches('/', 'shop.example', @hosts),
   'mybank.example www.google.de other.example');
is(touches('/inner', 'shop.example', @hosts),
   'bank.example tan.bank.example mybank.example www.google.com');

my $n = @{[ journey_log_wait(18) ]};
browser(host => 'shop.example')
    ->get('/?utm_source=letter&utm_medium=email',
          Referer => 'https://www.paypal.com/');
my $event = (journey_log_wait($n + 1))[$n];
is($event->{ch}, 'email');
is($event->{ref}, undef, 'the gateway is not named');


=== TEST 7: utm_medium without utm_source takes no gateway for its source
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
browser(host => 'shop.example')->get('/?utm_medium=email', Referer => $_)
    for 'https://www.paypal.com/', 'https://shop.example/',
        'https://other.example/';
--- journey_log
{"ch":"email","src":null,"med":"email","ref":null}
{"ch":"email","src":null,"med":"email","ref":null}
{"ch":"email","src":"other.example","med":"email","ref":"other.example"}


=== TEST 8: identity none: a touch for what comes from outside alone
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_hosts own.example;
--- config
    journey on;
    journey_identity none;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser(host => 'shop.example');
is($anna->get('/')->set_cookie('jny'), undef);
$anna->get('/1', Referer => 'https://own.example/');
$anna->get('/2', Referer => 'https://other.example/');
$anna->get('/3', Referer => 'https://other.example/');
$anna->get('/4?gclid=x');
$anna->get('/5?utm_source=a');
$anna->get('/6?q=x', Referer => 'https://shop.example/');
--- journey_log
{"v":null,"j":null,"s":null,"ch":null,"fs":null}
{"v":null,"ch":null}
{"v":null,"ch":"referral","src":"other.example"}
{"v":null,"ch":"referral"}
{"v":null,"ch":"paid_search","cid":"gclid"}
{"v":null,"src":"a","ch":"unassigned"}
{"v":null,"ch":null}
