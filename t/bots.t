# Copyright (C) ngx_journey_module contributors
#
# Bots: counted by reason, never in the journey log, on demand in a log of
# their own.

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

use JSON::PP;

our $bots = "/tmp/journey-log-of-bots-$$";

$ENV{TEST_NGINX_JOURNEY_BOTS} = $bots;

sub bots_log {
    return map { decode_json($_) } split /\n/, journey_log_raw($bots);
}

sub status {
    return decode_json(browser()->get('/status')->body);
}

our $googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; '
                 . '+http://www.google.com/bot.html)';
our $chatgpt = 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible;'
               . ' ChatGPT-User/1.0; +https://openai.com/bot)';

no_root_location();
run_tests();

unlink($bots);

__DATA__

=== TEST 1: counted by reason, no event, no cookie
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    default_type text/html;
    location / { return 200 page; }
    location = /status { journey_status; }
--- visit
is(browser(agent => $main::googlebot)->get('/')->set_cookie('jny'), undef);
browser(agent => $main::googlebot)->get('/a');
browser(agent => $main::chatgpt)->get('/');
browser(agent => 'curl/8.5.0')->get('/');
browser(accept => undef, language => undef)->get('/');

my $status = status();
is($status->{bots}, 5);
is($status->{ai_agents}, 1);
is_deeply($status->{bot_reasons},
          { googlebot => 2, ai_agent => 1, tool => 1, no_accept => 1 });
--- journey_log


=== TEST 2: journey_log_bots: pages with their reason, nobody's
--- http_config
    include journey/journey.conf;
    journey_log_bots $TEST_NGINX_JOURNEY_BOTS flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 page; }
    location /off/ { journey_log_bots off; return 200 page; }
    location /page/ { journey_page /folded; return 200 page; }
    location = /missing { return 404; }
    location = /style.css { default_type text/css; return 200 css; }
    location = /done { journey_goal purchase; return 200 page; }
--- visit
unlink($main::bots);

my $anna = browser();
$anna->get('/');

for my $path ('/products/x?utm_source=spam', '/off/x', '/page/1', '/missing',
              '/style.css', '/done')
{
    browser(agent => $main::googlebot)->get($path);
}

# a bot with somebody's cookie is still nobody
my $thief = browser(agent => $main::chatgpt);
%{$thief->cookies} = %{$anna->cookies};
is($thief->get('/')->set_cookie('jny'), undef);

journey_log_wait(4, $main::bots);
my @lines = bots_log();

is(scalar(@lines), 4);
is_deeply([map { $_->{p} } @lines], ['/products/x', '/folded', '/done', '/']);
is_deeply([map { $_->{bot} } @lines],
          ['googlebot', 'googlebot', 'googlebot', 'ai_agent']);
is(scalar(grep { $_->{k} ne 'page' } @lines), 0, 'no goal');
is(scalar(grep { exists $_->{v} || exists $_->{j} || exists $_->{ch} } @lines),
   0, 'nobody');
is($lines[0]{ph}, 'consideration');
ok($lines[0]{ms} >= 0 && $lines[0]{t} > 1.7e12);
--- journey_log
{"k":"page","p":"/","bot":null}


=== TEST 3: one path for both logs: bots stand between the others
--- http_config
    journey_sources journey/sources.conf;
    journey_agents journey/agents.conf;
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_log_bots $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location / { return 200 page; }
--- visit
browser()->get('/a');
browser(agent => $main::googlebot)->get('/b');
--- journey_log
{"k":"page","p":"/a","bot":null}
{"k":"page","p":"/b","bot":"googlebot","v":null}


=== TEST 4: a wrong parameter names the directive
--- http_config
    journey_log_bots /tmp/x gzip=12;
--- config
    journey on;
--- must_die
--- error_log
invalid parameter "gzip=12" of "journey_log_bots"


=== TEST 5: a second one at a level
--- http_config
    journey_log_bots off;
    journey_log_bots off;
--- config
    journey on;
--- must_die
--- error_log
"journey_log_bots" directive is duplicate


=== TEST 6: counted for what would have been an event of a person, not else
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    default_type text/html;
    journey_goal never if=$arg_never;
    journey_goal form uri=/form;
    location / { return 200 page; }
    location = /missing { return 404; }
    location = /style.css { default_type text/css; return 200 css; }
    location = /form { default_type text/plain; return 200 sent; }
    location = /status { journey_status; }
--- visit
my $bot = browser(agent => $main::googlebot);

$bot->get('/missing');
$bot->get('/style.css');
is(status()->{bots}, 0, 'no page, no goal');

$bot->post('/form', body => 'a=1');
is(status()->{bots}, 1, 'a goal');

$bot->get('/style.css?never=1');
is(status()->{bots}, 2, 'a goal whose condition holds');

$bot->get('/');
is(status()->{bots}, 3, 'a page');
--- journey_log
