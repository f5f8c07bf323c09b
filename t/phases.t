# Copyright (C) ngx_journey_module contributors
#
# The phase model: which phase a page serves (design, sections 5 and 6.7).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

my $model = sub { return { http => "journey_phases {\n$_[0]\n}" } };

refused("journey_phases: $_->[0]", $model->($_->[1]), $_->[2]) for (
    ['a phase twice', "one /;\ntwo /b;\none /c; # HERE",
     qr/"one": duplicate phase "one"/],
    ['a prefix twice', "one / /a;\ntwo /a; # HERE",
     qr/pattern "\/a" of phase "two" stands in phase "one" already/],
    ['an exact path twice', "one =/a;\ntwo =/a; # HERE",
     qr/pattern "=\/a" of phase "two" stands in phase "one" already/],
    ['a prefix twice in a phase', 'one /a /a; # HERE',
     qr/pattern "\/a" of phase "one" stands in phase "one" already/],
    ['a bad regular expression', 'one ~^/a(; # HERE',
     qr/invalid regular expression "\^\/a\(".* at character 4/],
    ['an empty regular expression', 'one ~; # HERE',
     qr/empty regular expression "~"/],
    ['an empty one without case', 'one ~*; # HERE',
     qr/empty regular expression "~\*"/],
    ['a pattern without a slash', 'one blog; # HERE',
     qr/invalid path pattern "blog": it must begin with/],
    ['an exact path without a slash', 'one =blog; # HERE',
     qr/invalid path pattern "=blog"/],
    ['an empty pattern', 'one ""; # HERE', qr/invalid path pattern ""/],
    ['"=" alone', 'one =; # HERE', qr/invalid path pattern "="/],
    ['a name in capitals', 'One /; # HERE', qr/name "One" is not of the form/],
    ['a name with a blank', '"a b" /; # HERE', qr/name "a b" is not of/],
    ['no name', '"" /; # HERE', qr/name "" is not 1 to 32 characters/],
    ['a long name', 'o' x 33 . ' /; # HERE',
     qr/name "o{33}" is not 1 to 32 characters long/],
    ['a block inside', 'one / { }; # HERE', qr/unexpected "\{"/],
);

refused('journey_phases: an empty block',
        { server => "journey_phases {\n} # HERE" },
        qr/"journey_phases": no phases/);
refused('journey_phases twice',
        { server => "journey_phases { a /; }\njourney_phases { b /; } # HERE" },
        qr/"journey_phases" directive is duplicate/);
refused('journey_phases in a location',
        { location => 'journey_phases { a /; } # HERE' },
        qr/"journey_phases" directive is not allowed here/);
refused('journey_phases with a word',
        { http => 'journey_phases a { a /; } # HERE' },
        qr/invalid number of arguments in "journey_phases"/);
refused('256 phases',
        { http => 'journey_phases { '
                  . join(' ', map { "p$_ /$_;" } 1 .. 256) . ' }' },
        qr/more than 255 phases|no room for the name/);
refused('journey_phase: an unknown name',
        { http => 'journey_phases { a /; }',
          location => 'journey_phase b; # HERE' },
        qr/unknown phase "b" in "journey_phase": the journey_phases in force lack it/);
refused('journey_phase: no model',
        { server => 'journey_phase b; # HERE' },
        qr/unknown phase "b" in "journey_phase": the journey_phases in force are none/);
refused('journey_phase: a name of the outer model that the inner one lacks',
        { http => "journey_phases { a /; }\njourney_phase a; # HERE",
          server => 'journey_phases { b /; }' },
        qr/unknown phase "a" in "journey_phase"/);
refused('journey_phase: a name in the other case',
        { http => 'journey_phases { a /; }',
          location => 'journey_phase A; # HERE' }, qr/unknown phase "A"/);
refused('journey_phase: empty',
        { http => 'journey_phases { a /; }',
          location => 'journey_phase ""; # HERE' }, qr/unknown phase ""/);
refused('journey_phase: a variable that nobody has',
        { http => 'journey_phases { a /; }',
          location => 'journey_phase $nobody_has_it;' },
        qr/unknown "nobody_has_it" variable/);
refused('journey_phase twice',
        { http => 'journey_phases { a /; }',
          location => "journey_phase a;\njourney_phase a; # HERE" },
        qr/"journey_phase" directive is duplicate/);
accepted('a phase without patterns, for journey_phase',
         { http => 'journey_phases { a /; b; }',
           location => 'journey_phase b;' });
accepted('a model from a file',
         { http => 'journey_phases { include model; }',
           files => { model => "a /;\nb /b;\n" },
           location => 'journey_phase b;' });
refused('a wrong line of it',
        { http => 'journey_phases { include model; }',
          files => { model => "a /;\nB /b;\n" } },
        qr/name "B" is not of the form .* in \S*model:2$/);


# The phases of URIs, as one visitor asks for them: "name:position", or "-".

sub phases {
    my ($host, @uris) = @_;
    my $before = @{[ journey_log_wait(0) ]};
    my $anna = browser(host => $host);

    $anna->get($_) for @uris;

    my @events = journey_log_wait($before + @uris);

    return join ' ', map { exists $_->{ph} ? "$_->{ph}:$_->{pn}" : '-' }
                         @events[$before .. $#events];
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: exact before prefix, the longest prefix, then expressions in order
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases {
        awareness      /blog/ =/about ~/late$;
        consideration  /products/ ~^/p/\d+$ ~*\.HTM$ =/blog/test;
        decision       =/cart /products/buy ~^/p/ ~/late;
        retention;
        advocacy       /reviews/new ~^/r(?<n>e)v ~^/blog;
    }
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is(phases('shop.example', '/blog/', '/blog/x', '/blog', '/blog/test',
          '/blog/test/'),
   'awareness:1 awareness:1 advocacy:5 consideration:2 awareness:1',
   'exact and prefix');
is(phases('shop.example', '/about', '/about/', '/About', '/cart', '/cart/x'),
   'awareness:1 - - decision:3 -', 'exact alone');
is(phases('shop.example', '/products/', '/products/a', '/products/buy',
          '/products/buyer/x', '/products'),
   'consideration:2 consideration:2 decision:3 decision:3 -',
   'the longest prefix');
is(phases('shop.example', '/p/12', '/p/12x', '/p/', '/x.htm', '/x.HTM',
          '/x.html', '/too/late', '/too/later', '/review'),
   'consideration:2 decision:3 decision:3 consideration:2 consideration:2 - '
   . 'awareness:1 decision:3 advocacy:5', 'expressions');
is(phases('shop.example', '/', '/none', '/products.htm'),
   '- - consideration:2', 'none');


=== TEST 2: it is the client's decoded, normalised path that is tested
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases {
        one    "/a b";
        two    /käse =/x/y;
        three  ~\?;
        four   ~^/query$;
    }
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is(phases('shop.example', '/a%20b', '/k%C3%A4se', '/x//z/../y', '/q?y=/a%20b',
          '/q%3F', '/query?a=b', '/%71uery'),
   'one:1 two:2 two:2 - three:3 four:4 four:4');


=== TEST 3: the block of a server replaces that of http
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /; two /two; three /three; }
    server {
        listen $TEST_NGINX_PORT;
        server_name inner.example;
        journey_phases { three /3; four /three; one /1; }
        journey on;
        default_type text/html;
        location / { return 200 x; }
        location /said { journey_phase one; return 200 x; }
    }
--- config
    server_name outer.example;
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /said { journey_phase one; return 200 x; }
--- visit
is(phases('outer.example', '/', '/two', '/three', '/said'),
   'one:1 two:2 three:3 one:1');
is(phases('inner.example', '/', '/two', '/three', '/3', '/1', '/said'),
   '- - four:2 three:1 one:3 one:3');


=== TEST 4: journey_phase: a name, a variable, inheritance; before the patterns
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /; two /two; three; four; }
    map $arg_a $named { default $arg_a; none ""; }
--- config
    server_name shop.example;
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /two/named { journey_phase three; return 200 x; }
    location /outer {
        journey_phase four;
        location /outer/in { return 200 x; }
        location /outer/in/of { journey_phase three; return 200 x; }
    }
    location /two/var { journey_phase $named; return 200 x; }
    location /two/part { journey_phase t$arg_a; return 200 x; }
    location /status { journey_status; default_type text/plain; }
--- visit
is(phases('shop.example', '/x', '/two', '/two/named', '/two/named/x',
          '/outer/in', '/outer/in/of'),
   'one:1 two:2 three:3 three:3 four:4 three:3');
is(phases('shop.example', '/two/var?a=four', '/two/var?a=none', '/two/var',
          '/two/part?a=hree', '/two/part?a=wo'),
   'four:4 two:2 two:2 three:3 two:2', 'a variable; an empty one');
is(phases('shop.example', '/two/var?a=five', '/two/var?a=Four',
          '/two/part?a=', '/two/var?a=' . 'f' x 4000),
   'two:2 two:2 two:2 two:2', 'unknown ones count as none');

my $status = Journey::decode(browser()->get('/status')->body);
is($status->{ignored}{phases}, 4, 'and are counted');
is($status->{phases}{three}, 4, 'pages are counted by phase');
is($status->{phases}{one}, 1);


=== TEST 5: the furthest phase of the journey
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /1; two /2; three /3; four /4; }
--- config
    journey on;
    default_type text/html;
    add_header X-Phase $journey_phase;
    add_header X-Furthest $journey_furthest_phase;
    location / { return 200 x; }
    location /3/buy { return 200 x; journey_goal purchase completes; }
    location /css { default_type text/css; return 200 x; }
--- visit
my $anna = browser();
my $seen = sub { my $r = $anna->get($_[0]);
                 return join '/', map { defined $_ ? $_ : '' }
                                  scalar $r->header('X-Phase'),
                                  scalar $r->header('X-Furthest') };

is($seen->('/'), '/', 'none yet');
is($seen->('/2'), 'two/two');
is($seen->('/1'), 'one/two', 'it stays');
is($seen->('/'), '/two');
is($seen->('/3'), 'three/three', 'it grows');

my $cookie = $anna->cookies->{jny};
is($seen->('/2'), 'two/three');
is($anna->cookies->{jny}, $cookie, 'no new cookie for a phase that is behind');
$seen->('/4');
isnt($anna->cookies->{jny}, $cookie, 'but for one that is ahead');

# An asset's request knows what was reached, and is of no phase that counts.
is($anna->get('/css')->header('X-Furthest'), 'four');


=== TEST 6: the next journey begins in the phase after the completing one
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /1; two /2; three /3; four /4; }
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    journey on;
    default_type text/html;
    add_header X-Furthest $journey_furthest_phase;
    location / { return 200 x; }
    location /2/buy { return 200 x; journey_goal purchase completes; }
    location /4/buy { return 200 x; journey_goal purchase completes; }
--- visit
my ($anna, $bert) = (browser(), browser());

$anna->get('/1');
is($anna->get('/2/buy')->header('X-Furthest'), 'two');
$bert->get('/1');
is($bert->get('/4/buy')->header('X-Furthest'), 'four');
age($_, 3600, '00112233445566778899aabbccddeeff') for $anna, $bert;
is($anna->get('/1')->header('X-Furthest'), 'three', 'the floor');
is($bert->get('/1')->header('X-Furthest'), 'one', 'there is none after four');
--- journey_log
{"j":1,"s":1,"ph":"one"}
{"k":"page","ph":"two"}
{"k":"goal","done":1,"ph":"two","pn":2}
{"j":1,"s":1,"ph":"one"}
{"k":"page","ph":"four"}
{"k":"goal","done":1,"ph":"four"}
{"j":2,"s":2,"ph":"one","pn":1}
{"j":2,"s":2,"ph":"one","pn":1}


=== TEST 7: no model, no phase
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x;
                 add_header X-Phase "<$journey_phase$journey_furthest_phase>"; }
--- visit
is(browser()->get('/')->header('X-Phase'), '<>');
--- journey_log
{"k":"page","ph":null,"pn":null}


=== TEST 8: journey_phase made of our own variables ends
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { one /; two; }
--- config
    journey on;
    default_type text/html;
    location / { journey_phase $journey_furthest_phase$journey_phase;
                 return 200 x; add_header X-Phase $journey_phase; }
--- visit
my $anna = browser();
is($anna->get('/')->header('X-Phase'), 'one');
is($anna->get('/')->header('X-Phase'), 'one');
--- journey_log
{"ph":"one"}
{"ph":"one"}
