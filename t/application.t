# Copyright (C) ngx_journey_module contributors
#
# The application's word: X-Journey-Goal and X-Journey-Phase in its responses,
# whatever module brings them; that none of the three headers ever reaches a
# client; and that nobody else speaks for the application (design, section 5).
# X-Journey-User is t/user.t's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Application;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our @said = ('X-Journey-Goal: signup', 'X-Journey-User: 4711',
             'X-Journey-Phase: retention');

# Of any letters; a client must see none of them.
sub seen {
    my $response = shift;

    return join ' ', grep { /^x-journey-/ } sort keys %{ $response->{headers} };
}

sub status { return JSON::PP::decode_json(browser()->get('/status')->body); }

sub goals { return grep { $_->{k} eq 'goal' } @_; }

$ENV{TEST_NGINX_SAID} = say_query(@said);
$ENV{TEST_NGINX_APP} = <<"_EOC_";
    journey on;
    journey_phases  { awareness /; decision /cart; retention =/none; }
    location /      { proxy_pass http://127.0.0.1:$ENV{TEST_NGINX_APP_HTTP}; }
    location = /status { journey_status; }
_EOC_

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_agents  journey/agents.conf;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    $block->set_value('config', '$TEST_NGINX_APP')
        if !defined $block->config;
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: with each of the modules that ask an application
--- config
    journey on;
    journey_phases { awareness /; retention =/none; }
    location /proxy   { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /fastcgi { fastcgi_pass 127.0.0.1:$TEST_NGINX_APP_FASTCGI;
                        fastcgi_param QUERY_STRING $query_string; }
    location /uwsgi   { uwsgi_pass 127.0.0.1:$TEST_NGINX_APP_UWSGI;
                        uwsgi_param QUERY_STRING $query_string; }
    location /scgi    { scgi_pass 127.0.0.1:$TEST_NGINX_APP_SCGI;
                        scgi_param QUERY_STRING $query_string; }
--- visit
my $query = say_query(@main::said, 'X-Other: stays');

for my $module (qw(proxy fastcgi uwsgi scgi)) {
    my $response = browser()->get("/$module?$query");

    is($response->status, 200, $module);
    is($response->header('X-Other'), 'stays', 'others stay');
    is(main::seen($response), '', 'none of ours is seen');
    unlike($response->{raw}, qr/x-journey|4711/i, 'nor anything of them');
}
--- journey_log
{"k":"page","p":"/proxy","ph":"retention","pn":2,"u":"~^[-\\w]{16}$"}
{"k":"goal","p":"/proxy","ph":"retention","goal":"signup","j":1,"u":"~^[-\\w]{16}$"}
{"k":"page","p":"/fastcgi","ph":"retention"}
{"k":"goal","p":"/fastcgi","ph":"retention","goal":"signup"}
{"k":"page","p":"/uwsgi","ph":"retention"}
{"k":"goal","p":"/uwsgi","ph":"retention","goal":"signup"}
{"k":"page","p":"/scgi","ph":"retention"}
{"k":"goal","p":"/scgi","ph":"retention","goal":"signup"}


=== TEST 2: any letters, all lines; names alike stay
--- visit
my $response = browser()->get('/?' . say_query(
    'x-journey-goal: a', 'X-JOURNEY-GOAL: b; completes', 'X-jOURNEY-gOAL: c',
    'X-Journey-Goals: 1', 'X-Journey-Goa: 2', 'Y-Journey-Goal: 3',
    'X-Journey-User2: 4', 'X-Journey-Userx: 8', 'X-Journey-Phas: 5',
    'X-Journey-Phase2: 6', 'X-Journey_Phase: 7', 'x-journey-phase: decision',
    'X-JOURNEY-PHASE: retention', 'x-journey-USER: 1', 'X-Journey-User: 2'));

is(main::seen($response), 'x-journey-goa x-journey-goals x-journey-phas '
                          . 'x-journey-phase2 x-journey-user2 x-journey-userx',
   'ours alone are gone');
is($response->header('Y-Journey-Goal'), 3);
--- journey_log
{"k":"page","ph":"decision"}
{"k":"goal","goal":"a","done":null}
{"k":"goal","goal":"b","done":1}
{"k":"goal","goal":"c","done":null}


=== TEST 3: gone from every response, whoever asks, and whatever the answer
--- config
    journey on;
    location /off/  { journey off;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /      { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $out = browser();
my $query = say_query(@main::said);

$out->cookies->{jny_out} = 1;

for (1 .. 2) {
    is(main::seen($anna->get("/off/?$query")), '', 'journey is off here');
    is(main::seen($anna->get("/?status=$_&$query")), '', "status $_")
        for qw(200 201 206 301 302 303 307 304 400 401 403 404 410 500 503);
    is(main::seen($anna->request($_, "/?$query")), '', $_)
        for qw(HEAD POST PUT DELETE OPTIONS PATCH);
    is(main::seen(browser(agent => 'curl/8.5.0')->get("/?$query")), '', 'a bot');
    is(main::seen($out->get("/?$query")), '', 'opted out');
    is(main::seen($anna->get("/?$query", Sec_Purpose => 'prefetch',
                             Sec_Fetch_Site => 'same-origin',
                             Sec_Fetch_Mode => 'navigate',
                             Sec_Fetch_Dest => 'document')), '', 'prefetched');
    is(main::seen($anna->request('GET', "/?$query", version => '1.0')), '',
       'HTTP/1.0');
}

is(main::seen($anna->get('/?' . say_query('X-Journey-Goal: A; b',
                                          'X-Journey-User: ' . 'x' x 300,
                                          'X-Journey-Phase: none',
                                          'X-Journey-Goal:',
                                          'X-Journey-User:',
                                          'X-Journey-Phase:'))), '',
   'what cannot be read');


=== TEST 4: with journey on nowhere they are no business of this module
--- http_config
--- config
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
--- visit
is(main::seen(browser()->get('/?' . say_query(@main::said))),
   'x-journey-goal x-journey-phase x-journey-user');


=== TEST 5: at another server it is, also where journey is on elsewhere
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    server {
        listen $TEST_NGINX_PORT;
        server_name measured.example;
        location = /one { journey on; return 200 x; default_type text/html; }
    }
--- config
    server_name other.example;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 journey_goal other; }
--- visit
is(main::seen(browser(host => 'other.example')
              ->get('/?' . say_query(@main::said))), '', 'gone');
browser(host => 'measured.example', accept => 'text/html')->get('/one');
--- journey_log
{"k":"page","h":"measured.example"}


=== TEST 6: a client's headers say nothing
--- visit
browser(headers => { 'X-Journey-Goal' => 'purchase; value=1000000; completes',
                     'X-Journey-User' => '1', 'X-Journey-Phase' => 'retention' })
    ->get('/');
--- journey_log
{"k":"page","ph":"awareness","u":null}


=== TEST 7: which status reaches a goal, of which methods
--- visit
my $anna = browser(accept => 'application/json');
my @codes = qw(200 201 204 301 302 303 307 400 404 500);

for my $method (qw(GET POST HEAD PUT DELETE)) {
    for (@codes) {
        (my $goal = lc "${method}$_") =~ tr/a-z0-9//cd;
        $anna->request($method, "/?status=$_&"
                       . say_query("X-Journey-Goal: $goal",
                                   'Content-Type: application/json'));
    }
}

is(join(' ', map { $_->{goal} } journey_log_wait(14)),
   'get200 get201 get204 post200 post201 post204 post302 post303 '
   . 'put200 put201 put204 delete200 delete201 delete204');


=== TEST 8: 304, prefetch, bots reach none; bots are counted
--- visit
my $anna = browser();
my $query = say_query('X-Journey-Goal: g');
my @prefetch = (Sec_Purpose => 'prefetch', Sec_Fetch_Site => 'same-origin',
                Sec_Fetch_Mode => 'navigate', Sec_Fetch_Dest => 'document');

$anna->get("/1?status=304&$query");
$anna->get("/2?$query", @prefetch);
$anna->get("/3?$query", Sec_Purpose => 'prefetch;prerender');
browser(agent => 'Googlebot/2.1', accept => 'a/b')->post("/4?status=303&$query");

my $bots = main::status()->{bots};
$anna->get('/5');

is(join(' ', map { "$_->{k}$_->{p}" } journey_log_wait(3)),
   'page/1 page/2 page/5');
is($bots, 1, 'what would have been a goal of a person');


=== TEST 9: what is no page: an API's answer, a POST's redirect; without visitor
--- visit
my $anna = browser();
my $api = say_query('X-Journey-Goal: api; value=5', 'Content-Type: text/json');
my $form = say_query('X-Journey-Goal: form', 'Location: /thanks');

$anna->get("/api?$api", Accept => 'text/json');     # nobody yet
is($anna->cookies->{jny}, undef, 'a goal makes no visitor');
$anna->get('/');
$anna->get("/api?$api", Accept => 'text/json');
$anna->post("/form?status=303&$form");
--- journey_log
{"k":"goal","p":"/api","goal":"api","val":5,"v":null,"j":null,"w":null,"ms":null}
{"k":"page","p":"/","v":"~^c","j":1}
{"k":"goal","p":"/api","goal":"api","val":5,"v":"~^c","j":1,"s":1,"w":["direct"],"wn":1}
{"k":"goal","p":"/form","goal":"form","v":"~^c","j":1,"s":1}


=== TEST 10: all that a goal may say
--- visit
my $anna = browser();
my $response = $anna->get('/cart?' . say_query(
    'X-Journey-Goal: purchase; value=99.90; currency=EUR; id=A-1001; completes',
    'X-Journey-Goal: gift ;VALUE = "-1.50" ;; Currency=USD; id="A-\\"1001"',
    'X-Journey-Goal: a, b; value=1'));
--- journey_log
{"k":"page","ph":"decision"}
{"k":"goal","goal":"purchase","done":1,"val":99.9,"cur":"EUR","ord":"~^[-\\w]{16}$","ph":"decision","w":["direct"],"wn":1}
{"k":"goal","goal":"gift","done":null,"val":-1.5,"cur":"USD","ord":"~^[-\\w]{16}$"}
{"k":"goal","goal":"a","done":null,"val":null,"cur":null,"ord":null}
{"k":"goal","goal":"b","val":1}


=== TEST 11: $journey_goal and the headers as nginx knows them
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 journey_goal last;
                 add_header X-Goals $journey_goal;
                 add_header X-Up $upstream_http_x_journey_goal;
                 add_header X-Sent "[$sent_http_x_journey_goal]"; }
--- visit
my $response = browser()->get('/?' . say_query('X-Journey-Goal: a; id="\\x"',
                                               'X-Journey-Goal: b'));

is($response->header('X-Goals'), 'a,b,last');
like($response->header('X-Up'), qr/^a; id="\\x"/, 'as it came');
is($response->header('X-Sent'), '[]', 'it is not sent');
--- journey_log
{"k":"page"}
{"k":"goal","goal":"a"}
{"k":"goal","goal":"b"}
{"k":"goal","goal":"last"}


=== TEST 12: an order's id is that of journey_goal; of itself nothing is kept
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /here { return 200 x; default_type text/html;
                     journey_goal purchase id=$arg_id; }
--- visit
my $anna = browser();
$anna->get('/here?id=ORDER-4711');
$anna->get('/?' . say_query('X-Journey-Goal: purchase; id=ORDER-4711'));
$anna->get('/?' . say_query('X-Journey-Goal: purchase; id="ORDER\\-4711"'));
$anna->get('/?' . say_query('X-Journey-Goal: purchase; id=' . 'x' x 256));
$anna->get('/?' . say_query('X-Journey-Goal: purchase; id=""'));

my @orders = map { $_->{ord} } main::goals(journey_log_wait(10));

is($orders[1], $orders[0], 'the same hash');
is($orders[2], $orders[0], 'however it is written');
like($orders[3], qr/^[-\w]{16}$/, 'the longest id');
is($orders[4], undef, 'an empty one is none');
unlike(journey_log_raw(), qr/4711/, 'the id is not in the log');
unlike(slurp(server_root() . '/logs/error.log'), qr/4711/, 'nor in nginx\'s');


=== TEST 13: malformed goals are ignored and counted, and take none with them
--- visit
my $anna = browser();
my @bad = ('Purchase', '1st', 'two words', 'p=1', 'p; price=1', 'p; value',
           'p; completes=1', 'p; value=1; value=2', 'p; id="x', 'p; id="x" y',
           'p; id=a"b', "p; id=a\x01b", 'x' x 65, '=', ';value=4711');

for (@bad) {
    $anna->get('/?' . say_query("X-Journey-Goal: $_", 'X-Journey-Goal: good'));
    $anna->get('/?' . say_query("X-Journey-Goal: $_, good"));
}

my @goals = main::goals(journey_log_wait(4 * @bad - 2));
is(scalar @goals, 2 * @bad - 2, 'the good ones, but for two in open quotes');
is((grep { $_->{goal} ne 'good' } @goals), 0, 'nothing else');

my $ignored = main::status()->{ignored};
is($ignored->{goals}, 2 * @bad, 'counted');
is($ignored->{goal_values}, 0);
unlike(slurp(server_root() . '/logs/error.log'), qr/4711|Purchase/,
       'what they say is quoted nowhere');
like(slurp(server_root() . '/logs/error.log'),
     qr/1 goal\(s\) in "X-Journey-Goal" of the application ignored, the first one because a name is not of the form/);


=== TEST 14: a wrong value or currency leaves the goal
--- visit
my $anna = browser();

$anna->get('/?' . say_query("X-Journey-Goal: buy; $_; id=A; completes"))
    for 'value=99,90', 'value=99,90; currency=EUR', 'value=1.234,50',
        'value="99 EUR"', 'value=1e3', 'value=; currency=EUR',
        'value=5; currency=eur', 'currency=EURO; value=5';

my @goals = main::goals(journey_log_wait(16));

is(join(' ', map { ($_->{val} // '-') . ($_->{cur} // '-') } @goals),
   '-- -EUR -- -- -- -EUR 5- 5-');
is((grep { $_->{done} && defined $_->{ord} } @goals), 8, 'the rest holds');

my $ignored = main::status()->{ignored};
is($ignored->{goal_values}, 7, 'counted; an empty one is no mistake');
is($ignored->{goals}, 0);


=== TEST 15: one name once a response, 16 goals at most: others are counted
--- config
    journey on;
    proxy_buffer_size 256k;
    proxy_busy_buffers_size 256k;
    proxy_buffers 8 256k;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location = /status { journey_status; }
--- visit
my $anna = browser();

$anna->get('/1?' . say_query('X-Journey-Goal: a; value=1, a; value=2',
                             'X-Journey-Goal: b', 'X-Journey-Goal: a'));
is(main::status()->{ignored}{goals}, 2, 'repeated');
$anna->get('/2?flood=16');
is(main::status()->{ignored}{goals}, 2, 'as many as there may be');
is(main::seen($anna->get('/3?flood=17')), '');
is(main::status()->{ignored}{goals}, 3, 'one more');
is(main::seen($anna->get('/4?flood=5000')), '', 'a flood');
is(main::status()->{ignored}{goals}, 3 + 4984, 'counted');
$anna->get('/5?' . say_query('X-Journey-Goal: ' . join ', ', ('A') x 500,
                             'b'));
is(main::status()->{ignored}{goals}, 3 + 4984 + 500,
   'those that are none take no room');

my @goals = main::goals(journey_log_wait(5 + 2 + 48 + 1));

is(join(' ', map { $_->{goal} . ($_->{val} // '') }
             grep { $_->{p} eq '/1' } @goals), 'a1 b', 'the first counts');

for my $path ('/2', '/3', '/4') {
    is(join(' ', map { $_->{goal} } grep { $_->{p} eq $path } @goals),
       join(' ', map { "goal$_" } 1 .. 16), "the first 16 of $path");
}
is($goals[-1]{goal}, 'b');

my @lines = slurp(server_root() . '/logs/error.log') =~ /(\d+) goal\(s\) in/g;
is("@lines", '2 1 4984 500', 'one line for a response');


=== TEST 16: completes: by the word, or by a journey_goal of that name in force
--- config
    journey on;
    journey_goal order uri==/never completes;
    journey_goal maybe if=$arg_never completes;
    journey_goal open uri==/never;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /inner { journey_goal inner uri==/nowhere completes;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
--- visit
my $anna = browser();
my $query = say_query('X-Journey-Goal: order', 'X-Journey-Goal: open',
                      'X-Journey-Goal: maybe', 'X-Journey-Goal: inner',
                      'X-Journey-Goal: word; completes');
$anna->get("/?$query");
$anna->get("/inner?$query");
--- journey_log
{"k":"page"}
{"k":"goal","goal":"order","done":1}
{"k":"goal","goal":"open","done":null}
{"k":"goal","goal":"maybe","done":1}
{"k":"goal","goal":"inner","done":null}
{"k":"goal","goal":"word","done":1}
{"k":"page"}
{"k":"goal","goal":"order","done":1}
{"k":"goal","goal":"open","done":null}
{"k":"goal","goal":"maybe","done":1}
{"k":"goal","goal":"inner","done":1}
{"k":"goal","goal":"word","done":1}


=== TEST 17: the journey ends by it, and the next session begins the next one
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
--- visit
my $anna = browser();
$anna->get('/');
$anna->post('/buy?status=303&' . say_query('X-Journey-Goal: buy; completes'));
age($anna, 3600, '00112233445566778899aabbccddeeff');
$anna->get('/');
--- journey_log
{"k":"page","j":1,"s":1}
{"k":"goal","goal":"buy","j":1,"s":1,"done":1}
{"k":"page","j":2,"s":2}


=== TEST 18: before journey_goal of the same name, and whole
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 journey_goal buy value=1 currency=CHF id=fixed;
                 journey_goal also value=2; }
--- visit
browser()->get('/?' . say_query('X-Journey-Goal: buy; value=99'));
browser()->get('/?' . say_query('X-Journey-Goal: BUY; value=99'));
--- journey_log
{"k":"page"}
{"k":"goal","goal":"buy","val":99,"cur":null,"ord":null}
{"k":"goal","goal":"also","val":2}
{"k":"page"}
{"k":"goal","goal":"buy","val":1,"cur":"CHF","ord":"~."}
{"k":"goal","goal":"also","val":2}


=== TEST 19: proxy_cache: what it keeps repeats nothing, what is asked anew does
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
    proxy_cache_path $TEST_NGINX_SERVER_ROOT/one_cache keys_zone=one:1m;
--- config
    journey on;
    journey_phases { awareness /; retention =/none; }
    proxy_cache one;
    proxy_cache_key $uri;
    proxy_cache_valid 200 1s;
    proxy_ignore_headers Set-Cookie;
    add_header X-Cache $upstream_cache_status;
    location /hit    { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                       proxy_cache_valid 200 1h; }
    location /expired { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /bypass { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                       proxy_cache_valid 200 1h; proxy_cache_bypass $arg_new; }
    location /stale  { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                       proxy_cache_use_stale http_500; }
    location /updating { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                         proxy_cache_use_stale updating;
                         proxy_cache_background_update on; }
    location /revalidated { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                            proxy_cache_revalidate on; }
--- visit
my $anna = browser();
my $query = say_query(@main::said, 'ETag: "1"');
my @paths = qw(/hit /expired /bypass /stale /updating /revalidated);

sub cached {
    my ($path, $want, @more) = @_;
    my $response = $anna->get("$path$query", @more);

    is($response->header('X-Cache'), $want, "$path$want");
    is($response->status, 200);
    is(main::seen($response), '', 'and nothing is seen');
}

cached("$_?", 'MISS') for @paths;
is(scalar(main::goals(journey_log_wait(12))), 6, 'each a goal');

cached('/hit?', 'HIT') for 1 .. 3;
is(scalar(main::goals(journey_log_wait(15))), 6, 'no goal by what is kept');

cached('/bypass?new=1&', 'BYPASS');
is(scalar(main::goals(journey_log_wait(17))), 7, 'a goal: it was asked');

Time::HiRes::sleep(2.1);

cached('/expired?', 'EXPIRED');
is(scalar(main::goals(journey_log_wait(19))), 8, 'a goal: it was asked');

cached('/stale?', 'STALE', 'X-App' => 500);
cached('/revalidated?', 'REVALIDATED', 'X-App' => 304);

# The first one begins the update, and its connection waits for the end of it.
my $first = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => server_port());
print $first "GET /updating?$query HTTP/1.1\r\nHost: localhost\r\n"
             . "Accept: text/html\r\nAccept-Language: en\r\n"
             . "Connection: close\r\nX-App: until $Journey::ServRoot-go\r\n"
             . "User-Agent: Mozilla/5.0 (X11; rv:132.0) Firefox/132.0\r\n\r\n";
sysread $first, my $head, 65536;
like($head, qr/^X-Cache: STALE\r$/m, '/updating, the first');
unlike($head, qr/x-journey/i);

cached('/updating?', 'UPDATING');

# It ends once it is updated.
spew("$Journey::ServRoot-go", '');
1 while sysread $first, $head, 65536;
close $first;
unlink "$Journey::ServRoot-go";

my @events = journey_log_wait(23);
is(scalar(main::goals(@events)), 8, 'no goal by what is old');
is(scalar(@events), 23);

my ($old) = grep { $_->{p} eq '/stale' && $_->{t} > $events[0]{t} + 2000 }
                 @events;
is($old->{ph}, 'awareness', 'nor a phase');
is($old->{u}, undef, 'nor a user');


=== TEST 20: fastcgi_cache and uwsgi_cache are caches, too
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    fastcgi_cache_path $TEST_NGINX_SERVER_ROOT/f_cache keys_zone=f:1m;
    uwsgi_cache_path $TEST_NGINX_SERVER_ROOT/u_cache keys_zone=u:1m;
--- config
    journey on;
    location /fastcgi { fastcgi_pass 127.0.0.1:$TEST_NGINX_APP_FASTCGI;
                        fastcgi_param QUERY_STRING $query_string;
                        fastcgi_cache f; fastcgi_cache_key $uri;
                        fastcgi_cache_valid 1h; }
    location /uwsgi   { uwsgi_pass 127.0.0.1:$TEST_NGINX_APP_UWSGI;
                        uwsgi_param QUERY_STRING $query_string;
                        uwsgi_cache u; uwsgi_cache_key $uri;
                        uwsgi_cache_valid 1h; }
--- visit
my $query = say_query(@main::said);

for my $path ('/fastcgi', '/uwsgi') {
    my @bodies = map { browser()->get("$path?$query")->body } 1 .. 3;
    is($bodies[2], $bodies[0], "$path: it was kept");
}

is(join(' ', map { "$_->{k}$_->{p}" } journey_log_wait(8)),
   'page/fastcgi goal/fastcgi page/fastcgi page/fastcgi '
   . 'page/uwsgi goal/uwsgi page/uwsgi page/uwsgi');


=== TEST 21: the application in place of an error that the cache keeps
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    proxy_cache_path $TEST_NGINX_SERVER_ROOT/two_cache keys_zone=two:1m;
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP/?status=404&$args;
                 proxy_cache two; proxy_cache_key $uri;
                 proxy_cache_valid 404 1h;
                 proxy_intercept_errors on;
                 error_page 404 = @app; }
    location @app { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
--- visit
my $anna = browser();
$anna->get("/?" . say_query("X-Journey-Goal: g$_")) for 1 .. 2;
--- journey_log
{"k":"page"}
{"k":"goal","goal":"g1"}
{"k":"page"}
{"k":"goal","goal":"g2"}


=== TEST 22: error_page, try_files, named locations
--- config
    journey on;
    journey_goal here uri==/never completes;
    proxy_intercept_errors on;
    location /try   { try_files $uri /app$is_args$args; }
    location /named { try_files $uri @app; }
    location /404   { return 404; error_page 404 = @app; }
    location /500   { proxy_pass
                      http://127.0.0.1:$TEST_NGINX_APP_HTTP/?status=500&$args;
                      error_page 500 = @app; }
    location /kept  { proxy_pass
                      http://127.0.0.1:$TEST_NGINX_APP_HTTP/?status=500&$args;
                      error_page 500 @app; }
    location /lost  { error_page 410 =200 /page;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /rewritten { rewrite ^ /app; }
    location /off   { journey off; try_files $uri /app; }
    location = /page { return 200 page; default_type text/html; }
    location /app   { journey off;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location @app   { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
--- visit
my $anna = browser();
my $query = say_query('X-Journey-Goal: here, g');

for my $path (qw(/try /named /404 /500 /rewritten /lost?status=410 /off)) {
    my $response = $anna->get($path . ($path =~ /\?/ ? '&' : '?') . $query);

    is($response->status, 200, $path);
    is(main::seen($response), '');
}

is($anna->get("/kept?$query")->status, 500);
--- journey_log
{"k":"page","p":"/try"}
{"k":"goal","p":"/try","goal":"here","done":1}
{"k":"goal","p":"/try","goal":"g"}
{"k":"page","p":"/named"}
{"k":"goal","p":"/named","goal":"here","done":1}
{"k":"goal","p":"/named","goal":"g"}
{"k":"page","p":"/404"}
{"k":"goal","p":"/404","goal":"here","done":1}
{"k":"goal","p":"/404","goal":"g"}
{"k":"page","p":"/500"}
{"k":"goal","p":"/500","goal":"here","done":1}
{"k":"goal","p":"/500","goal":"g"}
{"k":"page","p":"/rewritten"}
{"k":"goal","p":"/rewritten","goal":"here","done":1}
{"k":"goal","p":"/rewritten","goal":"g"}
{"k":"page","p":"/lost"}
{"k":"error","p":"/kept","st":500}


=== TEST 23: lost with X-Accel-Redirect, and not seen; its target may speak
--- config
    journey on;
    journey_phases { awareness /; retention =/none; }
    location /      { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /files { internal; return 200 file; default_type text/html; }
    location /more  { internal;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP/?say=%58%2d%4a%6f%75%72%6e%65%79%2d%47%6f%61%6c%3a%20%74%61%72%67%65%74; }
    location /buffered { fastcgi_pass 127.0.0.1:$TEST_NGINX_APP_FASTCGI;
                         fastcgi_param QUERY_STRING $query_string; }
    location @named { return 200 named; default_type text/html; }
--- visit
my $anna = browser();

for my $target (qw(/files /more @named)) {
    for my $path ('/proxy', '/buffered') {
        my $response = $anna->get("$path?" . say_query(
                           "X-Accel-Redirect: $target", @main::said));

        is($response->status, 200, "$path to $target");
        is(main::seen($response), '', 'nothing is seen');
        unlike($response->{raw}, qr/4711/);
    }
}
--- journey_log
{"k":"page","p":"/proxy","ph":"awareness","u":null}
{"k":"page","p":"/buffered","ph":"awareness","u":null}
{"k":"page","p":"/proxy"}
{"k":"goal","p":"/proxy","goal":"target"}
{"k":"page","p":"/buffered"}
{"k":"goal","p":"/buffered","goal":"target"}
{"k":"page","p":"/proxy"}
{"k":"page","p":"/buffered"}


=== TEST 24: a subrequest's response is not believed
--- config
    journey on;
    journey_phases { awareness /; retention =/none; }
    default_type text/html;
    location /ssi    { ssi on; return 200 '<!--# include virtual="/said" -->'; }
    location /auth   { auth_request /said; try_files /none @page; }
    location /denied { auth_request /no; try_files /none @page; }
    location @page   { return 200 page; }
    location /mirror { mirror /said;
                       proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /add    { add_after_body /said; return 200 x; }
    location /said   { proxy_pass
                     http://127.0.0.1:$TEST_NGINX_APP_HTTP/?$TEST_NGINX_SAID; }
    location /no     { proxy_pass
          http://127.0.0.1:$TEST_NGINX_APP_HTTP/?status=403&$TEST_NGINX_SAID; }
--- visit
my $anna = browser();

for my $path ('/ssi', '/auth', '/mirror', '/add', '/denied') {
    my $response = $anna->get($path);

    is($response->status, $path eq '/denied' ? 403 : 200, $path);
    is(main::seen($response), '');
}

# Asked for by itself it is one.
$anna->get('/said');
--- journey_log
{"k":"page","p":"/ssi","ph":"awareness","u":null}
{"k":"page","p":"/auth","ph":"awareness","u":null}
{"k":"page","p":"/mirror","ph":"awareness","u":null}
{"k":"page","p":"/add","ph":"awareness","u":null}
{"k":"error","p":"/denied","ph":null,"u":null}
{"k":"page","p":"/said","ph":"retention","u":"~."}
{"k":"goal","p":"/said","goal":"signup"}


=== TEST 25: the phase goes before location and patterns; an unknown one does not
--- config
    journey on;
    journey_phases { awareness /; consideration /named; decision /cart;
                     retention; }
    location /      { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /named { journey_phase decision;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /variable { journey_phase $arg_phase;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /early { proxy_set_header X-Phase $journey_phase;
                      add_header X-Phase $journey_phase:$journey_furthest_phase;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
my $retention = say_query('X-Journey-Phase: retention');

$anna->get("$_$retention") for '/?', '/cart?', '/named?', '/variable?phase=decision&';
is($anna->get("/early?$retention")->header('X-Phase'), 'retention:retention',
   'final, whatever was asked before');
is(main::status()->{ignored}{phases}, 0);

$anna->get("$_->[0]?" . ($_->[2] // '')
           . say_query(map { "X-Journey-Phase: $_" } @{ $_->[1] }))
    for ['/cart', ['unknown']], ['/named', ['Retention']],
        ['/variable', ['x' x 1000], 'phase=decision&'],
        ['/cart', ['retention' . ' ' x 3]], ['/cart', ['']],
        ['/cart', ['decision', 'retention']], ['/', ['retention2']];

is(main::status()->{ignored}{phases}, 4, 'unknown ones are counted');

my ($long) = slurp(server_root() . '/logs/error.log')
             =~ /"X-Journey-Phase" is "(x+)", which is no phase/;
is(length $long, 64, 'and told, but not at any length');

is(join(' ', map { $_->{ph} } journey_log_wait(12)),
   'retention retention retention retention retention '
   . 'decision decision decision retention decision decision awareness');


=== TEST 26: a phase alone makes no event, and no phases no phase
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location = /status { journey_status; }
--- visit
my $anna = browser();
$anna->get('/1?' . say_query('X-Journey-Phase: a'));
$anna->get('/2?' . say_query('X-Journey-Phase: a', 'Content-Type: text/css'));
is(main::status()->{ignored}{phases}, 0, 'there is no model to lack it');
--- journey_log
{"k":"page","p":"/1","ph":null}


=== TEST 27: without journey_secret an id is dropped and counted, the goal stays
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- visit
my $query = say_query('X-Journey-Goal: a; id=4711; value=5; completes',
                      'X-Journey-Goal: b; id=4711', 'X-Journey-Goal: c; id=');
browser()->get("/?$query");

my $ignored = main::status()->{ignored};
is($ignored->{orders}, 2, 'counted');
is($ignored->{goals}, 0);
unlike(slurp(server_root() . '/logs/error.log'), qr/4711/);
--- journey_log
{"k":"page"}
{"k":"goal","goal":"a","val":5,"done":1,"ord":null}
{"k":"goal","goal":"b","ord":null}
{"k":"goal","goal":"c","ord":null}


=== TEST 28: nor does one of more than 256 bytes count
--- visit
browser()->get('/?' . say_query('X-Journey-Goal: a; id=' . 'x' x 257));
is(main::status()->{ignored}{orders}, 1, 'counted');
--- journey_log
{"k":"page"}
{"k":"goal","goal":"a","ord":null}


=== TEST 29: profiles: goals in each; orders keyed by the day in two of them
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_phases { awareness /; retention =/none; }
    map $cookie_consent $agreed { yes 1; }
    server { listen $TEST_NGINX_PORT; server_name exempt.example;
             journey on; journey_profile exempt;
             location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
             location = /out { journey_optout; } }
    server { listen $TEST_NGINX_PORT; server_name anonymous.example;
             journey on; journey_profile anonymous;
             location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; } }
    server { listen $TEST_NGINX_PORT; server_name consent.example;
             journey on; journey_profile consent; journey_consent $agreed;
             location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; } }
--- config
    server_name other.example;
    location = /status { journey_status; }
--- visit
my $query = say_query(@main::said, 'X-Journey-Goal: buy; id=4711; value=5');

browser(host => "$_.example")->get("/?$query")
    for qw(exempt anonymous consent);

my $agreed = browser(host => 'consent.example');
$agreed->cookies->{consent} = 'yes';
$agreed->get("/?$query");

my %goals;
push @{ $goals{"$_->{b}" . substr $_->{v}, 0, 1} }, $_
    for grep { defined $_->{val} } journey_log_wait(12);

is(join(' ', sort keys %goals), 'ah cc ch ec');
is($goals{ec}[0]{w}, undef, 'exempt: no channels');
is((grep { $_->[0]{ph} eq 'retention' } values %goals), 4, 'a phase in each');
is($goals{ah}[0]{ord}, $goals{ec}[0]{ord}, 'keyed by the day');
is($goals{ch}[0]{ord}, $goals{ec}[0]{ord}, 'before consent, too');
like($goals{ec}[0]{ord}, qr/^[-\w]{16}$/);
is($goals{cc}[0]{ord}, undef, 'there is no secret for others');
is((grep { exists $_->[0]{u} } values %goals), 0, 'no user in any');

my $ignored = main::status()->{ignored};
is($ignored->{orders}, 1);
is($ignored->{users}, 1, 'the users of one profile alone would count');


=== TEST 30: who opted out reaches none, and is counted
--- visit
my $anna = browser();
$anna->cookies->{jny_out} = 1;
$anna->post('/form?status=303&' . say_query('X-Journey-Goal: form'));
is(main::status()->{suppressed}{optout}, 1);
browser()->get('/end');
--- journey_log
{"k":"page","p":"/end"}


=== TEST 31: not obeyed where journey is off, and none is malformed there
--- config
    location /      { journey off;
                      proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP; }
    location /end   { journey on; return 200 x; default_type text/html; }
    location = /status { journey_status; }
--- visit
browser()->get('/?' . say_query(@main::said));
browser()->get('/?' . say_query('X-Journey-Goal: A'));
browser()->get('/end');
is(main::status()->{ignored}{goals}, 0);
--- journey_log
{"k":"page","p":"/end"}


=== TEST 32: hidden by the operator they say nothing
--- config
    journey on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 proxy_hide_header X-Journey-Goal; }
--- visit
browser()->get('/?' . say_query(@main::said));
--- journey_log
{"k":"page"}


=== TEST 33: a filter that gives the response up gives up what it said
--- config
    journey on;
    journey_phases { awareness /; retention =/none; }
    error_page 415 = /instead;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 image_filter test; }
    location /instead { default_type text/html; return 200 instead; }
--- main_config
    load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;
--- skip_eval
1: !-e '/usr/lib/nginx/modules/ngx_http_image_filter_module.so'
--- visit
for my $said (['X-Journey-Goal: g, h'], ['X-Journey-Phase: retention']) {
    my $response = browser()->get('/?' . say_query(@$said));

    is($response->body, 'instead');
    is(main::seen($response), '');
}
--- journey_log
{"k":"page","ph":"awareness"}
{"k":"page","ph":"awareness"}


=== TEST 34: over HTTP/1.1 in one connection, each its own
--- visit
my $data = '';
my $anna = browser();

for my $path ('/1?' . say_query('X-Journey-Goal: a'), '/2',
              '/3?' . say_query('X-Journey-Phase: retention'), '/4')
{
    $data .= "GET $path HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
             . "Accept-Language: en\r\n"
             . "User-Agent: Mozilla/5.0 (X11; rv:132.0) Firefox/132.0\r\n"
             . ($path eq '/4' ? "Connection: close\r\n" : '') . "\r\n";
}

unlike($anna->raw($data)->{raw}, qr/x-journey/i);
--- journey_log
{"k":"page","p":"/1","ph":"awareness"}
{"k":"goal","p":"/1","goal":"a"}
{"k":"page","p":"/2","ph":"awareness"}
{"k":"page","p":"/3","ph":"retention"}
{"k":"page","p":"/4","ph":"awareness"}


=== TEST 35: early hints show nothing, and say nothing
--- skip_nginx
6: < 1.29.0
--- config
    journey on;
    early_hints 1;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_APP_HTTP;
                 proxy_http_version 1.1; }
--- visit
my $raw = browser()->get('/?hints=1&' . say_query('Link: </a.css>; rel=preload',
                                                  'X-Journey-Goal: a',
                                                  'X-Journey-User: 4711'))
          ->{raw};

like($raw, qr{^HTTP/1.1 103 .*\r\nLink: .*\r\n\r\nHTTP/1.1 200 }s, 'they come');
unlike($raw, qr/x-journey/i);
--- journey_log
{"k":"page","u":"~."}
{"k":"goal","goal":"a"}
