# Copyright (C) ngx_journey_module contributors
#
# journey_label: dimensions of the operator's own on every line, their bounds,
# and that no value breaks a line (design, sections 5, 8 and 10).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

sub labels { return [map { $_->{l} } journey_log_wait($_[0])]; }

refused("journey_label $_->[0]",
        { location => "journey_label $_->[0]; # HERE" }, $_->[1]) for (
    ['Shop a', qr/the name "Shop" of "journey_label" is not of the form \[a-z\]\[a-z0-9_\]\* with at most 32 characters/],
    ['1st a', qr/the name "1st" of/],
    ['a-b a', qr/the name "a-b" of/],
    ['_a a', qr/the name "_a" of/],
    ['"" a', qr/the name "" of/],
    ['$host a', qr/the name "\$host" of/],
    ['a' x 33 . ' a', qr/the name "a{33}" of/],
    ['a ' . 'x' x 65, qr/the value "x{65}" of "journey_label" is longer than 64 bytes/],
    ['a', qr/invalid number of arguments in "journey_label"/],
    ['a b c', qr/invalid number of arguments in "journey_label"/],
    ['a b; journey_label a c', qr/"journey_label" "a" is duplicate/],
    [join('; journey_label ', map { "l$_ x" } 1 .. 9),
     qr/more than 8 labels with "journey_label" "l9"/],
);

refused('a variable that nobody has',
        { location => 'journey_label a $nobody_has_it;' },
        qr/unknown "nobody_has_it" variable/);
refused('a ninth by the levels',
        { http => join("\n", map { "journey_label l$_ x;" } 1 .. 5),
          server => 'journey_label l6 x; journey_label l7 x;',
          location => "journey_label l8 x;\njourney_label l9 x; # HERE" },
        qr/more than 8 labels in force with "journey_label" "l9"/);
refused('nine at http alone',
        { http => join("\n", map { "journey_label l$_ x;" } 1 .. 8)
                  . "\njourney_label l9 x; # HERE" },
        qr/more than 8 labels with "journey_label" "l9"/);
accepted('eight by the levels, replaced and longest ones',
         { http => join("\n", map { "journey_label l$_ x;" } 1 .. 8),
           server => join("\n", map { "journey_label l$_ y;" } 1 .. 8),
           location => 'journey_label l8 ' . 'x' x 64 . ';' });
accepted('the longest name, an empty value',
         { location => 'journey_label ' . 'a' x 32 . ' "";' });

my $out = 'location /out { journey_optout; }';

refused('exempt refuses labels',
        { server => "journey_profile exempt; # HERE\n$out",
          location => 'journey_label a b;' },
        qr/"journey_label" in \S+nginx\.conf:\d+ passes the bounds of "journey_profile" exempt: no labels/);
refused('exempt refuses those of an outer level',
        { http => 'journey_label a b;',
          server => "journey_profile exempt; # HERE\n$out" },
        qr/"journey_label" in \S+nginx\.conf:\d+ passes the bounds of "journey_profile" exempt: no labels/);
accepted("$_->[0] allows them",
         { server => $_->[1], location => 'journey_label a b;' })
    for ['anonymous', 'journey_profile anonymous;'],
        ['consent', 'journey_profile consent; journey_consent $cookie_c;'];
accepted('exempt allows them where journey is off',
         { location => 'journey off; journey_profile exempt; '
                       . 'journey_label a b;' });

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
_EOC_
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: on every line, of whatever kind, evaluated when the header is known
--- config
    journey on;
    default_type text/html;
    journey_label shop outdoor;
    journey_label segment $arg_seg;
    journey_label status $sent_http_x_status;
    location / { return 200 x; }
    location /goal { journey_goal g; return 200 x; }
    location = /missing { return 404; }
    location = /go { journey_redirect /; }
    location = /open.gif { journey_pixel; }
    location /up { proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/back; }
    location /back { journey off; return 200 x; add_header X-Status gold; }
--- visit
my $anna = browser();
$anna->get("$_?seg=b2b") for qw(/ /goal /missing /go /open.gif);
$anna->get('/up');
--- journey_log
{"k":"page","p":"/","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"page","p":"/goal","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"goal","p":"/goal","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"error","p":"/missing","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"click","p":"/go","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"pixel","p":"/open.gif","l":{"shop":"outdoor","segment":"b2b"}}
{"k":"page","p":"/up","l":{"shop":"outdoor","status":"gold"}}


=== TEST 2: none by default; an empty one is absent, and all of them empty, too
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /some { journey_label a $arg_a; journey_label b $arg_b;
                     return 200 x; }
--- visit
my $anna = browser();
$anna->get($_) for '/?a=1', '/some', '/some?a=1', '/some?b=2', '/some?b=2&a=1';

is_deeply(main::labels(5), [undef, undef, { a => 1 }, { b => 2 },
                            { a => 1, b => 2 }]);
unlike(journey_log_raw(), qr/"l":\{\}/);


=== TEST 3: the levels add; of one name the inner one counts; an empty one takes it away
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_label a http;
    journey_label b http;
--- config
    journey on;
    default_type text/html;
    journey_label b server;
    journey_label c server;
    location / { return 200 x; }
    location /in { journey_label a in; journey_label d in; return 200 x;
                   location /in/deep { journey_label d deep; return 200 x; } }
    location /less { journey_label b ""; return 200 x; }
--- visit
my $anna = browser();
$anna->get($_) for '/', '/in', '/in/deep', '/less';

is_deeply(main::labels(4), [
    { a => 'http', b => 'server', c => 'server' },
    { a => 'in', b => 'server', c => 'server', d => 'in' },
    { a => 'in', b => 'server', c => 'server', d => 'deep' },
    { a => 'http', c => 'server' }]);
like(journey_log_raw(), qr/"l":\{"a":"in","b":"server","c":"server","d":"in"\}/,
     'in the order of the outer level');


=== TEST 4: eight, each as long as may be; a longer one is cut between characters
--- config
    journey on;
    default_type text/html;
    journey_label l1 $http_x_l;
    journey_label l2 $http_x_l;
    journey_label l3 $http_x_l;
    journey_label l4 $http_x_l;
    journey_label l5 $http_x_l;
    journey_label l6 $http_x_l;
    journey_label l7 $http_x_l;
    journey_label l8 $http_x_l;
    location / { return 200 x; }
--- visit
my $anna = browser();
my $a63 = 'a' x 63;
my @sent = ("${a63}b", "${a63}bc", "$a63\xc3\xa4", "a$a63\xc3\xa4",
            'a' x 62 . "\xe2\x82\xac", 'a' x 61 . "\xe2\x82\xac",
            "$a63\xf0\x9f\x98\x80", 'x' x 5000);
my @kept = ("${a63}b", "${a63}b", $a63, "a$a63", 'a' x 62,
            'a' x 61 . "\x{20ac}", $a63, 'x' x 64);

$anna->get('/', X_L => $_) for @sent;

is_deeply(main::labels(8),
          [map { my $v = $_; +{ map { ("l$_" => $v) } 1 .. 8 } } @kept]);


=== TEST 5: what is no text does no harm
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    map $arg_n $label {
        1 "a	b";
        2 "a
b";
        3 "\"},\"k\":\"goal\"";
        4 "\\";
        5 $http_x_l;
    }
--- config
    journey on;
    default_type text/html;
    journey_label a $label;
    location / { return 200 x; }
--- visit
my $anna = browser();
$anna->get("/?n=$_") for 1 .. 4;
$anna->get('/?n=5', X_L => "\xff\xfe\xc3");
$anna->get('/?n=5', X_L => "\xff" x 100);
$anna->get('/?n=5', X_L => "a\x01\x7fb");

my @labels = map { $_->{a} } @{ main::labels(7) };

is($labels[0], "a\tb");
is($labels[1], "a\nb");
is($labels[2], '"},"k":"goal"');
is($labels[3], '\\');
is($labels[4], "\x{fffd}" x 3);
is($labels[5], "\x{fffd}" x 64);
is($labels[6], "a\x01\x7fb");


=== TEST 6: before consent, without a cookie, for bots; where it is off none
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents journey/agents.conf;
    journey_log_bots $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    journey_label a b;
    location /profile { journey_profile consent; journey_consent $cookie_c;
                        return 200 x; }
    location /anonymous { journey_profile anonymous; return 200 x; }
    location /none { journey_identity none; return 200 x; }
    location /off { journey off; return 200 x; }
--- visit
browser()->get("/$_") for qw(profile anonymous none off);
browser(agent => 'Googlebot/2.1')->get('/none');
--- journey_log
{"p":"/profile","b":"c","l":{"a":"b"}}
{"p":"/anonymous","b":"a","l":{"a":"b"}}
{"p":"/none","v":null,"l":{"a":"b"}}
{"p":"/none","bot":"googlebot","l":{"a":"b"}}


=== TEST 7: of the first location, whatever comes to answer
--- config
    journey on;
    default_type text/html;
    location / { journey_label a first; try_files /none /second; }
    location /second { journey_label a second; journey_label b second;
                       return 200 x; }
    location /error { journey_label a error; error_page 404 = /second;
                      return 404; }
--- visit
browser()->get($_) for '/', '/second', '/error';
--- journey_log
{"p":"/","l":{"a":"first"}}
{"p":"/second","l":{"a":"second","b":"second"}}
{"p":"/error","l":{"a":"error"}}
