# Copyright (C) ngx_journey_module contributors
#
# Requests of one visitor at the same time: the last write wins, two tabs of a
# new visitor are two visitors, and nothing crashes with requests in a pipe.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Journey;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

master_on();
workers(2);

our $key = '00112233445566778899aabbccddeeff';

# Sends the requests on as many connections, all before any answer is read.
sub together {
    my @requests = @_;
    my @sockets;

    for my $text (@requests) {
        my $socket = IO::Socket::INET->new(
            PeerAddr => '127.0.0.1', PeerPort => $ENV{TEST_NGINX_PORT},
            Timeout => 60) or die "connect: $@";

        # all but the last byte: each is a request only later
        $socket->autoflush(1);
        print $socket substr $text, 0, -1;
        push @sockets, $socket;
    }

    for my $socket (@sockets) { print $socket "\n"; }

    local $SIG{ALRM} = sub { die "no answer within 60 s\n" };
    alarm 60;

    my @responses = map { my $socket = $_; local $/;
                          Journey::Response->parse(scalar <$socket>) } @sockets;

    alarm 0;
    return @responses;
}

sub request {
    my ($uri, $token, %more) = @_;
    my %headers = ('User-Agent' => Journey::Browser->new->{agent},
                   Accept => 'text/html', 'Accept-Language' => 'en',
                   Connection => 'close', %more);

    $headers{Cookie} = "jny=$token" if defined $token;

    return "GET $uri HTTP/1.1\r\nHost: localhost\r\n"
           . join('', map { defined $headers{$_} ? "$_: $headers{$_}\r\n" : () }
                          sort keys %headers) . "\r\n";
}

sub token_of {
    my ($token) = ($_[0]->set_cookie('jny') || '') =~ /^jny=([-\w]+)/;
    return $token;
}

# The bodies of several responses, each with a Content-Length.
sub bodies {
    my $raw = shift;
    my @bodies;

    while ($raw =~ s/^HTTP\/1\.1 .*?\r\nContent-Length: (\d+)\r\n.*?\r\n\r\n//s) {
        push @bodies, substr $raw, 0, $1, '';
    }

    return @bodies;
}

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<'_EOC_') if !defined $block->http_config;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    $block->set_value('config', <<'_EOC_') if !defined $block->config;
    journey on;
    default_type text/html;
    location = /page { return 200 "$journey_id"; }
    location = /style { default_type text/css; return 200 "$journey_id"; }
    location = /done { journey_goal purchase completes; return 200 "$journey_id"; }
    location = /status { journey_status; }
_EOC_
});

run_tests();

__DATA__

=== TEST 1: two tabs of a new visitor are two visitors
--- visit
my ($one, $two) = together(request('/page'), request('/page'));
my ($first, $second) = map { token_decode(token_of($_)) } $one, $two;
isnt($first->{v}, $second->{v});
is($one->body, $first->{v});
is($two->body, $second->{v});

# the browser keeps the cookie that came last, and goes on with it
my $anna = browser();
$anna->cookies->{jny} = token_of($two);
is($anna->get('/page')->body, $second->{v});

# two workers flush in no order
my @events = sort { $a->{t} <=> $b->{t} } journey_log_wait(3);
is(scalar @events, 3);
is_deeply([map { $_->{ch} } @events], ['direct', 'direct', undef]);
is_deeply([sort map { $_->{v} } @events[0, 1]], [sort $one->body, $two->body]);
is($events[2]{v}, $two->body);
is(scalar(grep { $_->{s} == 1 && $_->{j} == 1 } @events), 3);



=== TEST 2: many new visitors at once, on two workers: never one id twice
--- visit
my %seen;

for (1 .. 10) {
    $seen{token_decode(token_of($_))->{v}}++ for together((request('/page')) x 40);
}

is(scalar keys %seen, 400);
my @events = journey_log_wait(400);
is(scalar @events, 400, 'each has its event');
is(scalar(grep { $seen{$_->{v}} } @events), 400, 'with the id of its cookie');



=== TEST 3: a known visitor opens several tabs after his session's end
--- visit
my $old = token_new(last_seen => time - 3600);
my $token = token_encode($old, $::key, 'jny');
my @r = together((request('/page', $token)) x 6);
my @states = map { token_decode(token_of($_)) } @r;
is(scalar(grep { $_->{session} == 2 && $_->{touches} == 2 } @states), 6,
   'each begins session 2 and its touch');
is(scalar(grep { $_->body eq $states[0]{v} } @r), 6, 'of the same visitor');
my @events = journey_log_wait(6);
is(scalar(grep { $_->{s} == 2 && $_->{j} == 1 && $_->{ch} eq 'direct' } @events),
   6, 'equal (v, s), which a report merges');



=== TEST 4: the last write wins
--- visit
my $anna = browser();
$anna->get('/page');
my $token = $anna->cookies->{jny};
my ($campaign, $goal, $plain) = together(
    request('/page?utm_source=a&utm_medium=email', $token),
    request('/done', $token), request('/page', $token));

my $with_touch = token_decode(token_of($campaign));
my $with_goal = token_decode(token_of($goal));
is("$with_touch->{touches} $with_touch->{completed}", '2 0');
is("$with_goal->{touches} $with_goal->{completed}", '1 1');
is(token_of($plain), undef, 'what changed nothing overwrites nothing');

# whichever the browser keeps is a state to go on from
for my $last ($campaign, $goal) {
    $anna->cookies->{jny} = token_of($last);
    my $state = age($anna, 1800, $::key);
    $anna->get('/page');
    my $next = token_decode($anna->cookies->{jny});
    is($next->{session}, 2);
    is($next->{journey}, $state->{completed} ? 2 : 1);
}

my $tokens = JSON::PP::decode_json(browser()->get('/status')->body)->{tokens};
is($tokens->{forged} + $tokens->{malformed}, 0);
is($tokens->{valid}, 5);



=== TEST 5: a page and its assets at once: one cookie
--- visit
my @r = together(request('/page'),
                 map { request('/style', undef, Accept => 'text/css,*/*;q=0.1') }
                     1 .. 5);
is(scalar(grep { defined token_of($_) } @r), 1);
is(scalar(grep { $_->body ne '' } @r), 1, 'an asset knows nobody');
--- journey_log
{"k":"page","p":"/page"}



=== TEST 6: requests in a pipe, each with what it brings
--- visit
my $anna = token_new(id => 'anna' x 3);
my $bert = token_new(id => 'bert' x 3);
my %token = map { $_->{id} => token_encode($_, $::key, 'jny') } $anna, $bert;
my %id = map { $_ => token_decode($token{$_})->{v} } keys %token;
my @who = (($anna->{id}, $bert->{id}) x 10);
my $text = join '', map { request('/page', $token{$_}, Connection => undef) } @who;

$text .= request('/style', undef, Connection => undef, Accept => '*/*');
$text .= request('/page', undef, Connection => undef);
$text .= request('/missing', $token{$anna->{id}});

my $raw = browser()->raw($text)->{raw};
my @bodies = bodies($raw);
is(scalar @bodies, 23);
is_deeply([@bodies[0 .. 19]], [map { $id{$_} } @who], 'in order');
is($bodies[20], '', 'the asset is nobody\'s');
like($bodies[21], qr/^c[-\w]{16}$/, 'a new visitor');
is(scalar(() = $raw =~ /Set-Cookie: jny=/g), 1, 'who alone gets a cookie');
my @events = journey_log_wait(22);
is(scalar @events, 22);
is_deeply([map { $_->{v} } @events[0 .. 19]], [map { $id{$_} } @who]);
is($events[21]{k}, 'error');
is($events[21]{v}, $id{$anna->{id}});



=== TEST 7: keep-alive: nothing is left of the request before
--- visit
my $token = token_encode(token_new(), $::key, 'jny');
my $id = token_decode($token)->{v};
my $raw = browser()->raw(
    request('/page?utm_source=a&utm_medium=email', $token, Connection => undef)
    . request('/page', undef, Connection => undef)
    . "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
    . request('/page', $token))->{raw};
my @bodies = bodies($raw);
is(scalar @bodies, 4);
is($bodies[0], $id);
like($bodies[1], qr/^c[-\w]{16}$/);
isnt($bodies[1], $id);
is($bodies[2], '', 'without any header a bot');
is($bodies[3], $id);
--- journey_log
{"ch":"email"}
{"ch":"direct","s":1}
{"ch":null,"s":1}



=== TEST 8: a client that goes before the answer
--- config
    journey on;
    default_type text/html;
    location = /slow { limit_rate 1; return 200 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; }
    location = /closed { return 444; }
    location = /page { return 200 ok; }
--- visit
for my $uri ('/slow', '/closed') {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $ENV{TEST_NGINX_PORT})
        or die "connect: $@";
    $socket->autoflush(1);
    print $socket request($uri);
    select undef, undef, undef, 0.1;
    close $socket;
}
select undef, undef, undef, 0.2;
is(browser()->get('/page')->status, 200, 'nginx lives');
my @events;

# The slow one may have a line, before that of the page.
for (1 .. 100) {
    @events = journey_log_wait(1);
    last if grep { $_->{p} eq '/page' } @events;
}

is(scalar(grep { $_->{p} eq '/closed' } @events), 0, 'no answer, no event');
is(scalar(grep { $_->{p} eq '/page' } @events), 1);
cmp_ok(scalar(grep { $_->{p} eq '/slow' } @events), '<=', 1);
