# Copyright (C) ngx_journey_module contributors
#
# journey_profile: what each of them lets into log, cookie and variables, held
# against the tables of README.md; its bounds; conf/privacy/.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';
our $root = $ENV{TEST_NGINX_JOURNEY_ROOT};

$ENV{TEST_NGINX_MMDB} = journey_mmdb();

# A browser from Paris, with an agent of its own: another visitor without a
# cookie, too.
my $number = 0;

sub visitor {
    my $rv = 100 + $number++;

    return browser(agent => "Mozilla/5.0 (X11; Linux x86_64; rv:$rv.0) "
                            . "Gecko/20100101 Firefox/$rv.0",
                   headers => { 'X-Real-IP' => '127.0.1.9' }, @_);
}

# A landing from everywhere at once.
our $landing = '/products/x?utm_source=news&utm_medium=email&utm_campaign=may'
               . '&utm_term=lamp&utm_content=top&gclid=G1';
our @google = (Referer => 'https://www.google.com/search?q=lamp');

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

# The table of README.md about the log: by column, the keys that are there.

sub documented {
    my ($table) = slurp("$root/README.md")
                  =~ /^### In the log\n.*?^(\| key .*?)\n\n/ms;
    my ($head, undef, @rows) = split /\n/, $table;
    my $cells = sub { map { s/^\s+|\s+$//gr } (split /\|/, $_[0])[1 .. 8] };
    my @names = $cells->($head);
    my %columns;

    for my $row (@rows) {
        my @cells = $cells->($row);

        for my $i (3 .. 7) {
            die "README.md: $row\n" if $cells[$i] !~ /^(?:yes|no)$/;
            push @{ $columns{$names[$i]} }, $cells[0] =~ /`(\w+)`/g
                if $cells[$i] eq 'yes';
        }
    }

    return \%columns;
}

# What the servers of the tests have in common.
$ENV{TEST_NGINX_HTTP} = <<"_EOC_";
    set_real_ip_from 127.0.0.0/8;
    real_ip_header  X-Real-IP;
    journey_sources journey/sources.conf;
    journey_agents  journey/agents.conf;
    journey_geoip   $ENV{TEST_NGINX_MMDB};
    journey_phases  { awareness /; decision /order; }
    map \$cookie_consent \$agreed { yes 1; }
_EOC_

$ENV{TEST_NGINX_SITE} = <<'_EOC_';
    journey on;
    default_type text/html;
    add_header X-Id "$journey_id";
    add_header X-Number "$journey_number:$journey_session:$journey_touch";
    add_header X-Touch "$journey_channel:$journey_source:$journey_medium:$journey_campaign:$journey_rule:$journey_first_channel:$journey_touches";
    add_header X-Rest "$journey_identity:$journey_phase:$journey_furthest_phase:$journey_country:$journey_device";
    location / { return 200 ok; }
    location = /order {
        journey_goal order id=$arg_id value=9.90 currency=EUR completes;
        return 200 ok;
    }
    location = /missing { return 404; }
    location = /a.css { default_type text/css; return 200 x; }
    location = /out { journey_optout; }
    location = /status { journey_status; }
_EOC_

$ENV{TEST_NGINX_SERVERS} = join "\n", map {
    my ($name, $what) = @$_;
    "server { listen $ENV{TEST_NGINX_PORT}; server_name $name.example; $what\n"
    . "$ENV{TEST_NGINX_SITE} }"
} (['no', 'journey_consent $agreed; journey_user "id-$cookie_consent"; '
          . 'journey_label shop one;'],
   ['exempt', 'journey_profile exempt;'],
   ['anonymous', 'journey_profile anonymous; journey_label shop one;'],
   ['consent', 'journey_profile consent; journey_consent $agreed; '
               . 'journey_user "id-$cookie_consent"; journey_label shop one;']);

# What the head of a file of conf/privacy/ says to write, and its words for a
# privacy notice.

for my $name (qw(exempt anonymous consent)) {
    my ($head) = slurp("$root/conf/privacy/$name.conf") =~ /^((?:#.*\n)+)/;

    for my $level (qw(http server)) {
        my ($lines) = $head =~ /^# In $level\{\}[^\n]*:\n#\n((?:#     .*\n)+)/m;

        $lines =~ s/^#     //mg;
        $lines =~ s{/etc/nginx/journey\.secret}{$root/t/data/test.keys}g;
        $ENV{'TEST_NGINX_' . uc($name) . '_' . uc $level} = $lines;
    }

    like($head, qr/^# $_/m, "$name: $_")
        for 'Profile "', 'What is recorded', 'For how long',
            'Words for a privacy notice';
}

# A visitor agrees, opts out and takes it back: the cookies meanwhile.

sub there_and_back {
    my ($before, $after) = @_;
    my $anna = visitor();

    $anna->get('/1', @google);
    is(join(' ', keys %{ $anna->cookies }), $before, 'the first page');

    $anna->cookies->{consent} = 'yes';
    $anna->get('/2');
    is(join(' ', grep { $_ ne 'consent' } keys %{ $anna->cookies }), $after,
       'agreed');

    is($anna->get('/journey/opt-out')->status, 204);
    is(join(' ', sort keys %{ $anna->cookies }), 'consent jny_out',
       'opted out');
    $anna->get('/3');
    is(join(' ', sort keys %{ $anna->cookies }), 'consent jny_out',
       'nothing more');

    is($anna->get('/journey/opt-in')->status, 204);
    is(join(' ', sort keys %{ $anna->cookies }), 'consent', 'taken back');
    $anna->get('/4');
}

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    $TEST_NGINX_HTTP
    $TEST_NGINX_SERVERS
_EOC_
});

no_root_location();
run_tests();

unlink journey_mmdb();

__DATA__

=== TEST 1: the log has the keys that README.md tells of, and no others
--- config
    location / { return 404; }
--- visit
my %columns = %{ documented() };
my %hosts = (no => ['no profile'], exempt => ['exempt'],
             anonymous => ['anonymous'],
             consent => ['before consent', 'after consent']);

is(join(' ', sort keys %columns), join(' ', sort map { @$_ } values %hosts),
   'a column each');

for my $host (sort keys %hosts) {
    for my $consent ($host =~ /^(?:no|consent)$/ ? ('no', 'yes') : 'yes') {
        my $anna = visitor(host => "$host.example");

        # consent comes with the second page
        $anna->get('/') if $consent eq 'yes';
        $anna->cookies->{consent} = $consent;
        $anna->get($::landing, @::google);
        $anna->get('/order?id=A-1');
        $anna->get('/missing');
        $anna->get('/next', Sec_Purpose => 'prefetch', Sec_Fetch_Site =>
                   'same-origin', Sec_Fetch_Mode => 'navigate',
                   Sec_Fetch_Dest => 'document');
    }
}

my @events = journey_log_wait(34);
is(scalar @events, 2 * 6 + 2 * (5 + 6), 'a line for each event');

for my $host (sort keys %hosts) {
    for my $column (@{ $hosts{$host} }) {
        my %seen;

        for my $event (grep { $_->{h} eq "$host.example" } @events) {
            next if $column eq 'before consent' && $event->{v} !~ /^h/
                    || $column eq 'after consent' && $event->{v} !~ /^c/;
            $seen{$_}++ for keys %$event;
            is($event->{b}, $host eq 'no' ? undef : substr($host, 0, 1),
               "$column: the basis");
        }

        is(join(' ', sort keys %seen), join(' ', sort @{ $columns{$column} }),
           "$column: the keys");
    }
}



=== TEST 2: who it is, and what the device keeps
--- config
    location / { return 404; }
--- visit
my %jars;

for my $host (qw(no exempt anonymous consent)) {
    my $anna = visitor(host => "$host.example");

    $anna->get($::landing, @::google);
    $jars{"$host before"} = { %{ $anna->cookies } };
    $anna->cookies->{consent} = 'yes';
    $anna->get('/2');
    $anna->get('/order?id=A-1');
    $anna->get('/a.css');
    delete $anna->cookies->{consent};
    $jars{"$host after"} = { %{ $anna->cookies } };
}

my %want = (no => ['', 'jny'], exempt => ['jny', 'jny'], anonymous => ['', ''],
            consent => ['', 'jny']);

for my $host (sort keys %want) {
    is(join(' ', keys %{ $jars{"$host before"} }), $want{$host}[0],
       "$host: cookies before consent");
    is(join(' ', keys %{ $jars{"$host after"} }), $want{$host}[1],
       "$host: cookies after it");
}

my $state = token_decode($jars{'exempt after'}{jny});
is($state->{touches}, 0, 'exempt: no touches');
is_deeply($state->{channels}, [], 'no channels');
is($state->{touch_hash}, 0, 'no hash of a source');
is($state->{session}, 1);
is($state->{completed}, 1);

for my $host (qw(no consent)) {
    $state = token_decode($jars{"$host after"}{jny});
    is($state->{touches}, 1, "$host: the touch of before consent");
    is_deeply($state->{channels}, [15], 'its channel');
    isnt($state->{touch_hash}, 0);
}
--- journey_log
{"h":"no.example","v":"~^h","ch":"email","s":1}
{"h":"no.example","v":"~^c","pv":"~^h","s":1,"ch":null}
{"h":"no.example","v":"~^c","k":"page","pv":null}
{"h":"no.example","v":"~^c","k":"goal","w":["email"],"wn":1,"pv":null}
{"h":"exempt.example","v":"~^c","ch":null,"j":1,"s":1,"fs":"~^2","b":"e"}
{"h":"exempt.example","v":"~^c","p":"/2"}
{"h":"exempt.example","v":"~^c","k":"page"}
{"h":"exempt.example","v":"~^c","k":"goal","w":null,"wn":null,"done":1,"val":9.9}
{"h":"anonymous.example","v":"~^h","ch":"email","fs":null,"cc":"FR","rg":null,"b":"a"}
{"h":"anonymous.example","v":"~^h","p":"/2"}
{"h":"anonymous.example","v":"~^h","k":"page"}
{"h":"anonymous.example","v":"~^h","k":"goal","w":["email"],"wn":1}
{"h":"consent.example","v":"~^h","ch":"email","fs":null,"rg":null,"b":"c"}
{"h":"consent.example","v":"~^c","pv":"~^h","ch":null,"fs":"~^2","rg":"IDF","ct":"Paris","b":"c"}
{"h":"consent.example","v":"~^c","k":"page"}
{"h":"consent.example","v":"~^c","k":"goal","w":["email"],"wn":1}



=== TEST 3: variables
--- config
    location / { return 404; }
--- visit
my %touch = map { $_ => 'email:news:email:may:utm:email:email' }
                qw(no anonymous consent);
$touch{exempt} = '::::::';

for my $host (qw(no exempt anonymous consent)) {
    my $anna = visitor(host => "$host.example");
    my $r = $anna->get($::landing, @::google);
    my $identity = $host eq 'exempt' ? 'cookie' : 'cookieless';

    is($r->header('X-Touch'), $touch{$host}, "$host: of the touch");
    is($r->header('X-Number'), $host eq 'exempt' ? '1:1:' : '1:1:1', 'numbers');
    is($r->header('X-Rest'), "$identity:awareness:awareness:FR:desktop");

    # the visitor is no application's to know, but where it has agreed
    like($r->header('X-Id') // '', $host eq 'no'
         ? qr/^h[-\w]{16}$/ : qr/^$/, 'the id');

    $anna->cookies->{consent} = 'yes';
    $r = $anna->get('/2');
    like($r->header('X-Id') // '', $host eq 'no' || $host eq 'consent'
         ? qr/^c[-\w]{16}$/ : qr/^$/, 'the id after consent');
}



=== TEST 4: a cookie from before the profile
--- config
    location / { return 404; }
--- visit
# it has channels, which the profile exempt does not know: an asset, an error
# and a goal open nothing, and tell nothing
my $old = token_encode(token_new(touches => 2, channels => [14, 15],
                                 touch_hash => 7, last_seen => time - 60),
                       $::key, 'jny');

for my $uri ('/a.css', '/missing', '/order?id=A-1', '/2') {
    my $anna = visitor(host => 'exempt.example');

    $anna->cookies->{jny} = $old;

    my $r = $anna->get($uri);
    my $touch = $r->header('X-Touch');

    is($touch, '::::::', "$uri: no variable tells") if $uri ne '/missing';

    $r = $anna->get('/2');

    my $state = token_decode($anna->cookies->{jny});
    is(token_decode($old)->{v}, $state->{v}, 'the visitor stays');
    is($state->{touches}, 0, "$uri: no touches are left");
    is_deeply($state->{channels}, [], 'no channels');
    is($state->{touch_hash}, 0);
}

# and what an anonymous visitor brought is taken away
my $bert = visitor(host => 'anonymous.example');
$bert->cookies->{jny} = $old;
is($bert->get('/a.css')->set_cookie('jny'), undef, 'not with an asset');
like($bert->get('/1')->set_cookie('jny'), qr/^jny=; Path=\/; .*Max-Age=0$/,
     'anonymous: the cookie goes with the next page');
is($bert->get('/1')->set_cookie('jny'), undef, 'once');
--- journey_log
{"p":"/2","s":1}
{"k":"error","p":"/missing","v":"~^c","w":null}
{"p":"/2"}
{"k":"page","p":"/order","ch":null}
{"k":"goal","p":"/order","w":null,"wn":null}
{"p":"/2"}
{"p":"/2"}
{"p":"/2"}
{"p":"/1","v":"~^h","b":"a","s":1}
{"p":"/1","v":"~^h","s":1}



=== TEST 5: a goal alone, with such a cookie
--- config
    location / { return 404; }
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    $TEST_NGINX_HTTP
    server {
        listen $TEST_NGINX_PORT;
        server_name exempt.example;
        journey on;
        journey_profile exempt;
        location = /form { journey_goal form; default_type text/plain;
                           return 200 ok; }
        location = /out { journey_optout; }
    }
--- visit
my $anna = visitor(host => 'exempt.example');
$anna->cookies->{jny} = token_encode(
    token_new(touches => 2, channels => [14, 15], touch_hash => 7,
              last_seen => time - 60), $::key, 'jny');
$anna->post('/form');
--- journey_log
{"k":"goal","v":"~^c","w":null,"wn":null,"b":"e"}



=== TEST 6: orders are hashed under the salt of the day where the profile says so
--- config
    location / { return 404; }
--- visit
my %ord;

for my $host (qw(no exempt anonymous consent)) {
    for my $n (1, 2) {
        my $anna = visitor(host => "$host.example");

        $anna->get('/order?id=A-1001');
        $anna->cookies->{consent} = 'yes';
        $anna->get('/order?id=A-1001');
        $anna->get('/order?id=A-1002');
    }
}

for (grep { $_->{k} eq 'goal' } journey_log_wait(48)) {
    push @{ $ord{$_->{h} =~ s/\.example//r} }, $_->{ord};
}

my $secret = base64url(substr siphash128($::key, "ord\0A-1001"), 0, 12);

for my $host (qw(exempt anonymous)) {
    my @ord = @{ $ord{$host} };

    is($ord[0], $ord[1], "$host: one order, one hash");
    is($ord[0], $ord[3], 'of two visitors, too');
    isnt($ord[0], $ord[2], 'another order, another hash');
    isnt($ord[0], $secret, 'not under the secret');
    like($ord[0], qr/^[-\w]{16}$/);
}

is($ord{exempt}[0], $ord{anonymous}[0], 'the same salt');
is($ord{consent}[0], $ord{exempt}[0], 'before consent, too');
is($ord{consent}[1], $secret, 'after it under the secret');
is($ord{no}[0], $secret, 'and always without a profile');



=== TEST 7: bounds, and that nginx says both directives
--- config
    location / { return 404; }
--- visit
my $at = qr/in \S+nginx\.conf:\d+/;
my $out = 'server { listen 127.0.0.1:1; location = /o { journey_optout; } }';

refused(
    [http => 'journey_profile none;',
     qr/invalid profile "none" of "journey_profile": it is exempt, anonymous or consent/],
    [http => 'journey_profile "";', qr/invalid profile ""/],
    [http => 'journey_profile Exempt;', qr/invalid profile "Exempt"/],
    [http => 'journey_profile;',
     qr/invalid number of arguments in "journey_profile"/],
    [http => 'journey_profile anonymous consent;',
     qr/invalid number of arguments in "journey_profile"/],
    [http => 'journey_profile anonymous; journey_profile anonymous;',
     qr/"journey_profile" directive is duplicate/],
    [location => 'if ($arg_a) { journey_profile anonymous; }',
     qr/"journey_profile" directive is not allowed here/],

    [http => 'journey_profile exempt;',
     qr/"journey_profile" exempt needs a location with "journey_optout"/],
    [server => 'journey_profile exempt;', qr/needs a location with "journey_optout"/],
    [location => 'journey_profile exempt;', qr/needs a location with "journey_optout"/],
    # to take it back is no way out
    [location => 'journey_profile exempt;', qr/needs a location with "journey_optout"/,
     'server { listen 127.0.0.1:1; location = /o { journey_optout undo; } }'],

    [http => 'journey_profile consent;',
     qr/"journey_profile" consent needs "journey_consent"/],
    [location => 'journey_profile consent;',
     qr/"journey_profile" consent needs "journey_consent"/],
);

# the directive that passes the bounds, wherever it stands, and the profile
my $anon = qr/"journey_identity" cookie $at passes the bounds of "journey_profile" anonymous: no identifier on the device $at/;
my $life = qr/max_age= of "journey_cookie" $at passes the bounds of "journey_profile" exempt: at most 395 days $at/;

for my $case (
    ['http and location', { http => 'journey_profile anonymous; # HERE',
                            location => 'journey_identity cookie;' }, $anon],
    ['location and http', { http => 'journey_identity cookie;',
                            location => 'journey_profile anonymous; # HERE' },
     $anon],
    ['one level', { server => "journey_identity cookie;\n"
                              . 'journey_profile anonymous; # HERE' }, $anon],
    ['http and server', { http => "$out journey_profile exempt; # HERE",
                          server => 'journey_cookie a max_age=396d;' }, $life],
    ['server and http', { http => "$out journey_cookie a max_age=400d;",
                          server => 'journey_profile exempt; # HERE' }, $life],
    ['a second more', { http => "$out journey_profile exempt; # HERE",
                        location => 'journey_cookie a max_age=395d1s;' },
     $life],
) {
    my ($name, $part, $want) = @$case;
    refused("refused: $name", $part, $want);
}

# the line of the directive, too: not only that of the profile
{
    my ($good, $said, $text) = Journey::Refuse::judge(
        { http => 'journey_profile anonymous;',
          location => 'journey_identity cookie;' });
    my $one = Journey::Refuse::line_number($text, 'journey_identity cookie;');
    my $two = Journey::Refuse::line_number($text, 'journey_profile anonymous;');

    like($said, qr/"journey_identity" cookie in \S+:$one passes .* in \S+:$two$/m,
         'both places are named');
    like($said, qr/^nginx: configuration file .* test failed$/m, 'by nginx -t');
}

accepted(
    [http => "$out journey_profile exempt; journey_cookie a max_age=395d;"],
    [http => "$out journey_profile exempt; journey_identity cookieless;"],
    [http => "$out journey_profile exempt; journey_identity none;"],
    [http => "$out journey_profile exempt; journey_identity \$arg_a;"],
    [http => 'journey_profile anonymous;'],
    [http => 'journey_profile anonymous; journey_identity none;'],
    [http => 'journey_profile anonymous; journey_identity cookieless;'],
    [http => 'journey_profile anonymous; journey_identity $arg_a;'],
    [http => 'journey_profile consent; journey_consent $arg_a;'],
    # the profile of the level decides, not that of another one
    [location => 'journey_profile consent; journey_consent $arg_a; journey_identity cookie;',
     'journey_profile anonymous;'],
);
accepted('a limit of one profile is none of another',
         { http => "$out journey_cookie a max_age=400d;",
           server => 'journey_profile anonymous;' });
accepted('nor where journey is off',
         { server => 'location /y { journey off; journey_profile consent; }' });

# order ids: a secret only where it keys them
accepted([server => "journey_profile anonymous; journey_goal a id=\$arg_a;"],
         [server => "journey_profile exempt; journey_goal a id=\$arg_a;", $out]);
refused([server => 'journey_goal a id=$arg_a;',
         qr/"id=" of "journey_goal" needs "journey_secret"/,
         'journey_profile consent; journey_consent $arg_c;']);



=== TEST 8: a variable that would pass the bounds is clamped, and counted
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_HTTP
    journey_profile   anonymous;
    journey_identity  $arg_as;
--- config
    $TEST_NGINX_SITE
--- visit
my $anna = visitor();
my $r = $anna->get('/1?as=cookie');
is($r->set_cookie('jny'), undef, 'no cookie');
like($r->header('X-Rest'), qr/^cookieless:/);
is(status()->{suppressed}{clamped}, 1);
$anna->get('/2?as=cookieless');
$anna->get('/3?as=none');
$anna->get('/4?as=nonsense');
$anna->get('/a.css?as=cookie');
my $status = status();
is($status->{suppressed}{clamped}, 1, 'the others are not clamped');
is($status->{ignored}{identities}, 2, 'nonsense, and the question itself');
is($status->{cookies_set}, 0);
--- journey_log
{"p":"/1","v":"~^h","s":1}
{"p":"/2","v":"~^h","s":1}
{"p":"/3","v":null}
{"p":"/4","v":null}



=== TEST 9: an inner profile replaces the outer one, with what it means
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    $TEST_NGINX_HTTP
    journey_profile anonymous;
    server { listen 127.0.0.1:1; location = /o { journey_optout; } }
--- config
    journey on;
    default_type text/html;
    location = /outer   { return 200 ok; }
    location = /exempt  { journey_profile exempt; return 200 ok; }
    location = /consent { journey_profile consent; journey_consent $agreed;
                          return 200 ok; }
    location /nested/   {
        journey_profile exempt;
        location /nested/deep { return 200 ok; }
        location /nested/back { journey_profile anonymous; return 200 ok; }
        location /nested/none { journey_identity none; return 200 ok; }
    }
--- visit
for my $uri (qw(/outer /exempt /consent /nested/deep /nested/back
                /nested/none)) {
    my $anna = visitor();
    $anna->get($uri, @::google);
}

my $bert = visitor();
$bert->cookies->{consent} = 'yes';
ok($bert->get('/consent')->set_cookie('jny'), 'agreed');
is($bert->get('/outer')->set_cookie('jny') =~ s/;.*//r, 'jny=',
   'where the profile knows no cookie it goes');
--- journey_log
{"p":"/outer","v":"~^h","b":"a","ch":"organic_search"}
{"p":"/exempt","v":"~^c","b":"e","ch":null}
{"p":"/consent","v":"~^h","b":"c","ch":"organic_search"}
{"p":"/nested/deep","v":"~^c","b":"e","ch":null}
{"p":"/nested/back","v":"~^h","b":"a","ch":"organic_search"}
{"p":"/nested/none","v":null,"b":"e","ch":null}
{"p":"/consent","v":"~^c","b":"c"}
{"p":"/outer","v":"~^h","b":"a"}



=== TEST 10: conf/privacy/exempt.conf, as its head says
--- http_config
    $TEST_NGINX_EXEMPT_HTTP
--- config
    $TEST_NGINX_EXEMPT_SERVER
    default_type text/html;
    location / { return 200 ok; }
--- visit
there_and_back('jny', 'jny');
--- journey_log
{"p":"/1","v":"~^c","ch":null,"ref":null,"fs":"~^2","b":"e"}
{"p":"/2","v":"~^c","s":1}
{"p":"/4","v":"~^c","s":1,"fs":"~^2"}



=== TEST 11: conf/privacy/anonymous.conf, as its head says
--- http_config
    $TEST_NGINX_ANONYMOUS_HTTP
--- config
    $TEST_NGINX_ANONYMOUS_SERVER
    default_type text/html;
    location / { return 200 ok; }
--- visit
there_and_back('', '');
--- journey_log
{"p":"/1","v":"~^h","ch":"organic_search","ref":"www.google.com","b":"a"}
{"p":"/2","v":"~^h","s":1}
{"p":"/4","v":"~^h","s":1,"ch":"direct"}



=== TEST 12: conf/privacy/consent.conf, as its head says
--- http_config
    $TEST_NGINX_CONSENT_HTTP
--- config
    $TEST_NGINX_CONSENT_SERVER
    default_type text/html;
    location / { return 200 ok; }
--- visit
there_and_back('', 'jny');
--- journey_log
{"p":"/1","v":"~^h","ch":"organic_search","b":"c"}
{"p":"/2","v":"~^c","pv":"~^h","ch":null}
{"p":"/4","v":"~^c","s":1,"pv":null}
