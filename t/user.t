# Copyright (C) ngx_journey_module contributors
#
# The application's user: journey_user and X-Journey-User as the keyed hash u,
# which of them counts, whom it is kept from, and that the id itself is nowhere
# (design, sections 5, 8 and 10).

use strict;
use warnings;

use File::Find ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Application;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

# 4711 under the key of t/data/test.keys: reports of years rely on it.
our $u4711 = 'h5eLG39ZIjxw07y9';

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

# Each another visitor without a cookie.
my $number = 0;

sub visitor {
    my $rv = 100 + $number++;

    return browser(agent => "Mozilla/5.0 (X11; Linux x86_64; rv:$rv.0) "
                            . "Gecko/20100101 Firefox/$rv.0", @_);
}

# The files below the server's folder that hold a text, but for those that it
# was configured with.
sub files_with {
    my $text = shift;
    my @found;

    File::Find::find({ no_chdir => 1, wanted => sub {
        return if !-f || m{/conf/};
        my $data = /journey-\d+\.log$/ ? journey_log_raw($_) : slurp($_);
        push @found, $_ if $data =~ /$text/;
    }}, server_root());

    return "@found";
}

my %secret = (files => { secret => "000102030405060708090a0b0c0d0e0f\n" },
              http => 'journey_secret secret;');

refused("journey_user: $_->[0]",
        { %secret, location => "journey_user $_->[0]; # HERE" }, $_->[1]) for (
    ['4711', qr/"journey_user" "4711" is no variable: everybody would be the same user/],
    ['on', qr/"journey_user" "on" is no variable/],
    ['""', qr/"journey_user" "" is no variable/],
    ['$arg_a $arg_b', qr/invalid number of arguments in "journey_user"/],
    ['$arg_a; journey_user $arg_b', qr/"journey_user" directive is duplicate/],
    ['off; journey_user off', qr/"journey_user" directive is duplicate/],
    ['', qr/invalid number of arguments in "journey_user"/],
);

refused('a variable that nobody has',
        { %secret, location => 'journey_user $nobody_has_it;' },
        qr/unknown "nobody_has_it" variable/);
refused("journey_user without journey_secret: $_",
        { $_ => "journey_user \$arg_u; # HERE" },
        qr/"journey_user" needs "journey_secret"/)
    for qw(http server location);
refused('inherited to where it is asked for',
        { http => 'journey_user $arg_u; # HERE',
          server => 'location /y { journey_user off; }' },
        qr/"journey_user" needs "journey_secret"/);
accepted('off needs no secret', { http => 'journey_user off;',
                                  location => 'journey_user off;' });
accepted('at all levels', { %secret, http => "$secret{http} journey_user \$arg_u;",
                            server => 'journey_user $arg_v$arg_w;',
                            location => 'journey_user off;' });

for my $profile (qw(exempt anonymous)) {
    my $out = 'location /out { journey_optout; }';

    refused("$profile refuses journey_user",
            { %secret, server => "journey_profile $profile; # HERE\n$out",
              location => 'journey_user $arg_u;' },
            qr/"journey_user" in \S+nginx\.conf:\d+ passes the bounds of "journey_profile" $profile: no user ids/);
    accepted("$profile does not mind its being off",
             { %secret, http => "$secret{http} journey_user \$arg_u;",
               server => "journey_profile $profile; journey_user off;\n$out" });
    accepted("$profile does not mind it where journey is off",
             { %secret, server => "journey_profile $profile;\n$out",
               location => 'journey off; journey_user $arg_u;' });
}

accepted('consent allows it',
         { %secret, server => 'journey_profile consent; '
                              . 'journey_consent $cookie_c;',
           location => 'journey_user $arg_u;' });

$ENV{TEST_NGINX_SAID} = say_query('X-Journey-User: 4711');
$ENV{TEST_NGINX_APP} = "proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_APP_HTTP};";

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    map $cookie_consent $agreed { yes 1; }
_EOC_
    $block->set_value('config', <<'_EOC_') if !defined $block->config;
    journey on;
    default_type text/html;
    location / { $TEST_NGINX_APP }
    location /by { journey_user $arg_u; return 200 x; }
    location = /status { journey_status; }
_EOC_
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: by the directive and by the header: one user, one hash, on every line
--- config
    journey on;
    default_type text/html;
    location / { $TEST_NGINX_APP }
    location /by { journey_user $arg_u; journey_goal g; return 200 x; }
    location = /missing { journey_user $arg_u; return 404; }
    location = /go { journey_user $arg_u; journey_redirect /; }
    location = /open.gif { journey_user $arg_u; journey_pixel; }
--- visit
my $anna = browser();
$anna->get('/');
$anna->get('/by?u=4711');
$anna->get('/?' . say_query('X-Journey-User: 4711', 'X-Journey-Goal: g'));
$anna->get('/missing?u=4711');
$anna->get('/go?u=4711');
$anna->get('/open.gif?u=4711');

my @events = journey_log_wait(8);

is(join(' ', map { "$_->{k}:" . ($_->{u} // '-') } @events),
   join(' ', 'page:-', map { "$_:$main::u4711" }
                           qw(page goal page goal error click pixel)));
--- journey_log
{"k":"page","p":"/","u":null}
{"k":"page","p":"/by"}
{"k":"goal","p":"/by"}
{"k":"page","p":"/"}
{"k":"goal","p":"/"}
{"k":"error","p":"/missing"}
{"k":"click","p":"/go"}
{"k":"pixel","p":"/open.gif"}


=== TEST 2: the command finds the lines of a user; another id is another user
--- visit
my ($anna, $bert) = (browser(), browser());
$anna->get('/by?u=4711');
$bert->get('/by?u=4712');
$bert->get('/by?u=4711x');
$bert->get('/by?u=04711');

my @hashes = map { $_->{u} } journey_log_wait(4);
my %hashes = map { $_ => 1 } @hashes;

is($hashes[0], $main::u4711, 'the same in every run');
is(scalar keys %hashes, 4, 'four users');

my ($code, $out) = journey_command(undef, 'show', '--json', '--exact',
    '--user', '4711', '--secret', "$ENV{TEST_NGINX_JOURNEY_DATA}/test.keys",
    journey_log_name());
my $shown = JSON::PP::decode_json($out);

is($code, 0);
is($shown->{user}, $main::u4711);
is(scalar @{ $shown->{show} }, 1, 'one line of it');


=== TEST 3: the header goes before the directive; none, a dash, what is wrong do not
--- config
    journey on;
    location / { $TEST_NGINX_APP journey_user $arg_u; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my @cases = (['4712', 'X-Journey-User: 4711'], ['4711', 'X-Journey-User:'],
             ['4711', 'X-Journey-User: -'], ['4711', 'X-Other: 1'],
             ['4711', 'X-Journey-User: ' . 'x' x 257],
             ['4711', "X-Journey-User: a\x01b"],
             ['', 'X-Journey-User: 4711'], ['-', 'X-Journey-User: 4711'],
             ['-', 'X-Journey-User: 4711', 'X-Journey-User: 4712'],
             ['-', 'X-Journey-User:', 'X-Journey-User: 4711']);

$anna->get("/?u=$_->[0]&" . say_query(@$_[1 .. $#$_])) for @cases;

is(join(' ', map { $_->{u} // '-' } journey_log_wait(scalar @cases)),
   join(' ', ($main::u4711) x @cases));
is(main::status()->{ignored}{users}, 2, 'two are counted');
unlike(slurp(server_root() . '/logs/error.log'), qr/xxx/, 'and quoted nowhere');
like(slurp(server_root() . '/logs/error.log'),
     qr/the user in "X-Journey-User" is ignored: it is longer than 256 bytes/);


=== TEST 4: what names nobody; what is ignored and counted
--- config
    journey on;
    default_type text/html;
    location / { journey_user $user; return 200 x; }
    location = /status { journey_status; }
--- http_config
    journey_log    $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    map $arg_n $user {
        1 "";
        2 "-";
        3 "a	b";
        4 "a
b";
        5 "$http_x_long";
        6 "0";
        7 " ";
        8 "--";
    }
--- visit
my $anna = browser();

$anna->get("/?n=$_") for 1 .. 4;
$anna->get('/?n=5', X_Long => 'x' x 257);
is(main::status()->{ignored}{users}, 3, 'two with control characters, a long one');

$anna->get('/?n=5', X_Long => 'x' x 256);
$anna->get("/?n=$_") for 6 .. 8;
is(main::status()->{ignored}{users}, 3);

is(join('', map { defined $_->{u} ? 1 : 0 } journey_log_wait(9)), '000001111');


=== TEST 5: the levels: an inner one replaces the outer, off ends it
--- config
    journey on;
    default_type text/html;
    journey_user $arg_u;
    location / { return 200 x; }
    location /other { journey_user $arg_other; return 200 x; }
    location /off { journey_user off; return 200 x;
                    location /off/in { return 200 x; }
                    location /off/on { journey_user $arg_u; return 200 x; } }
--- visit
my $anna = browser();
$anna->get("$_?u=4711&other=4712") for qw(/ /other /off /off/in /off/on);

my @u = map { $_->{u} } journey_log_wait(5);

is($u[0], $main::u4711);
like($u[1], qr/^[-\w]{16}$/);
isnt($u[1], $main::u4711);
is($u[2], undef);
is($u[3], undef);
is($u[4], $main::u4711);


=== TEST 6: the default is none
--- visit
browser()->get('/');
--- journey_log
{"k":"page","u":null}


=== TEST 7: without journey_secret the header's user is ignored and counted
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { $TEST_NGINX_APP }
    location = /status { journey_status; }
--- visit
browser()->get('/?' . say_query('X-Journey-User: 4711'));
browser()->get('/?' . say_query('X-Journey-User: -'));
is(main::status()->{ignored}{users}, 1);
like(slurp(server_root() . '/logs/error.log'),
     qr/the user in "X-Journey-User" is ignored: there is no "journey_secret"/);
--- journey_log
{"k":"page","u":null}
{"k":"page","u":null}


=== TEST 8: an objection, an opt-out, a bot: no user
--- http_config
    include        journey/journey.conf;
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    journey_log_bots $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    default_type text/html;
    location /by { journey_user $arg_u; return 200 x; }
    location /app { $TEST_NGINX_APP }
    location /deaf { journey_signals off; journey_user $arg_u; return 200 x; }
    location /gpc { journey_signals gpc; journey_user $arg_u; return 200 x; }
--- visit
my $said = '/app?' . say_query('X-Journey-User: 4711');
my $out = browser();
$out->cookies->{jny_out} = 1;

for my $path ('/by?u=4711', $said) {
    main::visitor()->get($path, DNT => 1);
    main::visitor()->get($path, Sec_GPC => 1);
    $out->get($path);
    browser(agent => 'Googlebot/2.1')->get($path);
}

main::visitor()->get('/deaf?u=4711', DNT => 1, Sec_GPC => 1);
main::visitor()->get('/gpc?u=4711', DNT => 1);

is(join(' ', map { ($_->{bot} // substr $_->{v}, 0, 1)
                   . (defined $_->{u} ? 'u' : '') } journey_log_wait(8)),
   'h h googlebot h h googlebot cu cu');


=== TEST 9: consent: none before it, none after it is withdrawn
--- config
    journey on;
    journey_consent $agreed;
    default_type text/html;
    location /by { journey_user $arg_u; return 200 x; }
    location /app { $TEST_NGINX_APP }
    location /less { journey_identity cookieless; journey_user $arg_u;
                     return 200 x; }
    location /p { journey_profile consent; journey_user $arg_u; return 200 x; }
    location /goal { default_type text/plain; journey_user $arg_u;
                     journey_goal g; return 200 x; }
--- visit
my $said = '/app?' . say_query('X-Journey-User: 4711');
my @paths = ('/by?u=4711', $said, '/less?u=4711', '/p?u=4711', '/goal?u=4711');
my $anna = browser();

$anna->get($_) for @paths;
$anna->cookies->{consent} = 'yes';
$anna->get($_) for @paths;
delete $anna->cookies->{consent};
$anna->get($_) for @paths;

my @events = journey_log_wait(15);

is(join('', map { defined $_->{u} ? 1 : 0 } @events[0 .. 4]), '00000',
   'before');
is(join('', map { defined $_->{u} ? 1 : 0 } @events[5 .. 9]), '11011',
   'after: where a cookie rests on it');
is(join('', map { defined $_->{u} ? 1 : 0 } @events[10 .. 14]), '00000',
   'withdrawn');


=== TEST 10: profiles: the header's user stays out of two, without a count
--- http_config
    journey_log    $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    map $cookie_consent $agreed { yes 1; }
    server { listen $TEST_NGINX_PORT; server_name exempt.example;
             journey on; journey_profile exempt;
             location / { $TEST_NGINX_APP }
             location = /out { journey_optout; } }
    server { listen $TEST_NGINX_PORT; server_name anonymous.example;
             journey on; journey_profile anonymous;
             location / { $TEST_NGINX_APP } }
    server { listen $TEST_NGINX_PORT; server_name consent.example;
             journey on; journey_profile consent; journey_consent $agreed;
             location / { $TEST_NGINX_APP } }
--- config
    location = /status { journey_status; }
--- visit
my $said = '/?' . say_query('X-Journey-User: 4711');

for my $profile (qw(exempt anonymous consent)) {
    my $anna = main::visitor(host => "$profile.example");

    $anna->get($said);
    $anna->cookies->{consent} = 'yes';
    $anna->get($said);
}

is(join(' ', map { "$_->{b}" . ($_->{u} // '') } journey_log_wait(6)),
   "e e a a c c$main::u4711");
is(main::status()->{ignored}{users}, 0);


=== TEST 11: without a cookie, without a visitor; a pixel needs one
--- config
    journey on;
    default_type text/html;
    journey_user $arg_u;
    location /less { journey_identity cookieless; return 200 x; }
    location /none { journey_identity none; return 200 x; }
    location /goal { default_type text/plain; journey_goal g; return 200 x; }
    location = /open.gif { journey_pixel; }
--- visit
main::visitor()->get("$_?u=4711") for qw(/less /none /goal /open.gif);

my $anna = main::visitor();
$anna->get('/goal?u=');
--- journey_log
{"k":"page","p":"/less","v":"~^h","u":"h5eLG39ZIjxw07y9"}
{"k":"page","p":"/none","v":null,"u":"h5eLG39ZIjxw07y9"}
{"k":"goal","p":"/goal","v":null,"u":"h5eLG39ZIjxw07y9"}
{"k":"pixel","p":"/open.gif","v":null,"u":null}
{"k":"goal","p":"/goal","v":null,"u":null}


=== TEST 12: the id itself is nowhere, also where it is wrong
--- config
    journey on;
    default_type text/html;
    location / { $TEST_NGINX_APP journey_user $http_x_user;
                 add_header X-All "$journey_id $journey_number $journey_session $journey_touch $journey_channel $journey_first_channel $journey_touches $journey_source $journey_medium $journey_campaign $journey_rule $journey_phase $journey_furthest_phase $journey_goal $journey_country $journey_device $journey_bot $journey_identity $journey_link"; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $long = 'secretname' x 30;
my @all;

push @all, $anna->get('/?' . say_query("X-Journey-User: $_"))->{raw},
           $anna->get('/', X_User => $_)->{raw}
    for 'secretname', $long, "secretname\tx";
push @all, $anna->get('/status')->{raw};

is(scalar journey_log_wait(6), 6);
is(main::files_with('secretname'), '', 'in no file');
unlike("@all", qr/secretname/, 'in no answer');
is(JSON::PP::decode_json($anna->get('/status')->body)->{ignored}{users}, 4,
   'the wrong ones are counted');


=== TEST 13: a subrequest names nobody; what auth_request found out may
--- config
    journey on;
    default_type text/html;
    location /lost { auth_request /auth; try_files /none @page; }
    location /told { auth_request /auth;
                     auth_request_set $user $upstream_http_x_journey_user;
                     journey_user $user; try_files /none @page; }
    location @page { return 200 x; }
    location /auth { proxy_pass
                     http://127.0.0.1:$TEST_NGINX_APP_HTTP/?$TEST_NGINX_SAID; }
--- visit
browser()->get($_) for '/lost', '/told';
--- journey_log
{"k":"page","p":"/lost","u":null}
{"k":"page","p":"/told","u":"h5eLG39ZIjxw07y9"}
