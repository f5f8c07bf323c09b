# Copyright (C) ngx_journey_module contributors
#
# Referrer spam: conf/sources.conf's list, journey_drop_spam at each level, and
# the counter "spam" of journey_status.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

no_root_location();

run_tests();

__DATA__

=== TEST 1: the shipped list, dropped by default: subdomains, ports, upper case, no look-alikes
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location = /status { journey_status; }
--- visit
my $n = 0;
my $visit = sub {
    my ($referrer) = @_;
    $n++;
    is(browser(host => 'shop.example', address => "127.0.1.$n")
       ->get("/$n", Referer => $referrer)->status, 200, $referrer);
};
$visit->($_) for qw(
    https://semalt.com/crawler.php?u=https://shop.example/
    http://www.semalt.net/
    http://12.semalt.semalt.com/
    http://SEMALT.COM:80/
    http://semalt.com./
    https://forum.topic.darodar.com/
    http://buttons-for-website.com
    https://xn--oogle-wmc.com/
    https://notsemalt.com/
    https://semalt.com.example.org/
    https://buttons-for-website.com@example.org/
);
my $status = Journey::decode(browser()->get('/status')->body);
is($status->{spam}, 8, 'counted');
is($status->{touches}, 11, 'each session opens with a touch');
is($status->{channels}{direct}, 8, 'without the referrer');
is($status->{channels}{referral}, 3, 'look-alikes are referrals');
--- journey_log
{"p":"/1","ch":"direct","why":"direct","ref":null,"src":null,"med":null}
{"p":"/2","ch":"direct","ref":null}
{"p":"/3","ch":"direct","ref":null}
{"p":"/4","ch":"direct","ref":null}
{"p":"/5","ch":"direct","ref":null}
{"p":"/6","ch":"direct","ref":null}
{"p":"/7","ch":"direct","ref":null}
{"p":"/8","ch":"direct","ref":null}
{"p":"/9","ch":"referral","src":"notsemalt.com"}
{"p":"/10","ch":"referral","src":"semalt.com.example.org"}
{"p":"/11","ch":"referral","src":"example.org"}



=== TEST 2: off at a level is in force below, on in a location brings it back; what is kept is not counted
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    journey_drop_spam off;
    default_type text/html;
    location / { return 200 x; }
    location /dropped { journey_drop_spam on; return 200 x; }
    location /dropped/kept { journey_drop_spam off; return 200 x; }
    location = /status { journey_status; }
--- visit
my $n = 0;
for my $path (qw(/ /dropped /dropped/kept)) {
    browser(host => 'shop.example', address => '127.0.1.' . ++$n)
        ->get($path, Referer => 'https://semalt.com/');
}
is(Journey::decode(browser()->get('/status')->body)->{spam}, 1, 'one of three');
--- journey_log
{"p":"/","ch":"referral","src":"semalt","med":"referral","ref":"semalt.com","why":"referrer"}
{"p":"/dropped","ch":"direct","src":null,"ref":null}
{"p":"/dropped/kept","ch":"referral","src":"semalt","ref":"semalt.com"}



=== TEST 3: inside a session a spam referrer opens nothing; a campaign or a click id stands
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location = /status { journey_status; }
--- visit
my $anna = browser(host => 'shop.example');
my @spam = (Referer => 'https://semalt.com/');
$anna->get('/1', Referer => 'https://www.google.com/');
$anna->get('/2', @spam);
$anna->get('/3?utm_source=letter&utm_medium=email', @spam);
$anna->get('/4?gclid=x', @spam);
$anna->get('/5?utm_source=semalt.com&utm_medium=referral');
my $status = Journey::decode($anna->get('/status')->body);
is($status->{spam}, 3, 'counted by the request');
is($status->{sessions}, 1, 'one session');
--- journey_log
{"p":"/1","ch":"organic_search","src":"google"}
{"p":"/2","ch":null,"ref":null,"s":1}
{"p":"/3","ch":"email","src":"letter","ref":null,"s":1}
{"p":"/4","ch":"paid_search","src":"google","cid":"gclid","ref":null}
{"p":"/5","ch":"referral","src":"semalt","why":"utm"}



=== TEST 4: an own list behind the shipped one; a host taken back
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf own;
--- post_setup_server_root
Journey::spew(Test::Nginx::Util::server_root() . '/conf/own',
     "spam   own_spam  \"Own\"   buy-links.example\n"
     . "social forgiven  \"Semalt, a friend\"  semalt.com\n");
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location = /status { journey_status; }
--- visit
my $n = 0;
for my $host (qw(buy-links.example semalt.com semalt.net)) {
    browser(host => 'shop.example', address => '127.0.1.' . ++$n)
        ->get("/$n", Referer => "https://$host/");
}
is(Journey::decode(browser()->get('/status')->body)->{spam}, 2, 'two');
--- journey_log
{"p":"/1","ch":"direct","ref":null}
{"p":"/2","ch":"organic_social","src":"forgiven"}
{"p":"/3","ch":"direct","ref":null}
