# Copyright (C) ngx_journey_module contributors
#
# What comes back in the cookie is a client's word: several of one name,
# forged, cut, oversized, foreign, dated ahead, too old.  Each is counted.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';
our $day = 24 * 3600;

# The counters of tokens: valid, malformed, forged, future, expired.
sub tokens {
    my $status = JSON::PP::decode_json(browser()->get('/status')->body);

    return $status->{tokens};
}

# The event of one request with the Cookie headers given; what the tokens'
# counters moved by.
sub visit {
    my @cookies = @_;
    my $before = tokens();
    my $browser = browser();
    my $r = $browser->get('/page', Cookie => [@cookies]);
    my $after = tokens();
    my %moved = map { $_ => $after->{$_} - $before->{$_} }
                grep { $after->{$_} != $before->{$_} } keys %$after;

    return ($r, \%moved);
}

# The visitor whom nginx took the sender for: the id that the response shows.
sub taken_for { return $_[0]->header('X-Id'); }

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    }

    if (!defined $block->config) {
        $block->set_value('config', <<'_EOC_');
    journey on;
    default_type text/html;
    location = /page { add_header X-Id $journey_id; return 200 ok; }
    location = /status { journey_status; }
_EOC_
    }
});

ok(token_self_test(), 'SipHash-2-4-128 gives the published vectors');

run_tests();

__DATA__

=== TEST 1: the first that verifies counts, wherever it stands
--- visit
my $anna = token_new(id => 'anna' x 3);
my $bert = token_new(id => 'bert' x 3);
my $good = 'jny=' . token_encode($anna, $::key, 'jny');
my $other = 'jny=' . token_encode($bert, $::key, 'jny');
my $bad = 'jny=' . token_encode($bert, 'f' x 32, 'jny');
my $id = token_decode(substr $good, 4)->{v};
my $second = token_decode(substr $other, 4)->{v};

for my $case (
    [$id, { valid => 1 }, $good],
    [$id, { valid => 1, forged => 1 }, "$bad; $good"],
    [$id, { valid => 1 }, "$good; $bad"],
    [$id, { valid => 1, forged => 1 }, $bad, $good],
    [$id, { valid => 1 }, $good, $bad],
    [$id, { valid => 1, forged => 2, malformed => 1 },
     "$bad; jny=x; $bad", "a=b; $good"],
    [$id, { valid => 1 }, "$good; $other"],
    [$second, { valid => 1 }, "$other; $good"],
    [$id, { valid => 1 }, "a=1;$good;b=2"],
    [$id, { valid => 1 }, "a=1;  \t$good ;b=2"],
    [$id, { valid => 1 }, "; ;; $good;;"],
    [$id, { valid => 1 }, "a=\"x; y\"; $good"],
    [$id, { valid => 1 }, "theme=a,b; $good"],
    [$id, { valid => 1 }, ('a=' . 'x' x 4000) x 3, $good],
) {
    my ($want, $moved, @cookies) = @$case;
    my ($r, $got) = visit(@cookies);
    my $name = join ' | ', map { (my $t = $_) =~ s/jny=([-\w]{6})[-\w]*/jny=$1~/g;
                                 substr $t, 0, 70 } @cookies;

    is(taken_for($r), $want, $name);
    is_deeply($got, $moved, "$name: counted");
}



=== TEST 2: other names are other cookies
--- visit
my $token = token_encode(token_new(), $::key, 'jny');

for my $cookie ("xjny=$token", "jnyx=$token", "JNY=$token", "jny",
                "a=jny=$token", "jny =$token", "\"jny\"=$token", '')
{
    my ($r, $moved) = visit($cookie);

    is_deeply($moved, {}, "not looked at: " . substr $cookie, 0, 12);
    isnt(taken_for($r), token_decode($token)->{v}, 'a new visitor');
    ok($r->set_cookie('jny'), 'who gets a cookie');
}



=== TEST 3: every bit is signed
--- visit
my $token = token_encode(token_new(channels => [12, 1]), $::key, 'jny');
my $data = unbase64url($token);
my $id = token_decode($token)->{v};
my ($bits, $wrong) = (0, 0);
my $before = tokens();

# each third bit: the same request in every block would take a minute
for (my $bit = 0; $bit < 8 * length $data; $bit += 3) {
    my $forged = $data;

    substr($forged, $bit >> 3, 1) =
        chr(ord(substr $forged, $bit >> 3, 1) ^ (1 << ($bit & 7)));

    my $r = browser()->get('/page', Cookie => 'jny=' . base64url($forged));

    $bits++;
    $wrong++ if taken_for($r) eq $id || !$r->set_cookie('jny');
}

my $after = tokens();

cmp_ok($bits, '>', 150);
is($wrong, 0, 'no change passes');
is($after->{valid} - $before->{valid}, 0, 'none is valid');
is($after->{forged} + $after->{malformed}
   - $before->{forged} - $before->{malformed}, $bits, 'all are counted');
cmp_ok($after->{forged} - $before->{forged}, '>', $bits - 4,
       'as forged but for the version');



=== TEST 4: cut, oversized, and no token at all
--- visit
my $token = token_encode(token_new(channels => [12, 1, 15]), $::key, 'jny');
my $id = token_decode($token)->{v};

for my $case (
    ['nothing', ''],
    ['a letter', 'A'],
    ['the first half', substr $token, 0, length($token) / 2],
    ['8 kB', 'A' x 7900],
    ['8 kB behind a good one', $token . 'A' x 7800],
    ['141 bytes', 'A' x 141],
    ['no base64url', '!' x length $token],
    ['a space inside', substr($token, 0, 20) . ' ' . substr $token, 20],
    ['base64 of the other alphabet', '+/' x 40],
    ['quotes', "\"$token\""],
    ['bytes above 127', "\xff\xfe" x 40],
    ['another version', do { my $t = $token; $t =~ s/^A/B/; $t }],
) {
    my ($name, $value) = @$case;
    my ($r, $moved) = visit("jny=$value");

    is($r->status, 200, $name);
    isnt(taken_for($r), $id, "$name: a new visitor");
    ok($r->set_cookie('jny'), "$name: with a cookie");
    is_deeply($moved, { malformed => 1 }, "$name: counted as malformed");
}

for my $n (1, 2, 4, 12, 16, 24) {
    my ($r, $moved) = visit('jny=' . substr $token, 0, -$n);

    isnt(taken_for($r), $id, "$n characters cut");
    is($moved->{valid}, undef);
    is(($moved->{malformed} || 0) + ($moved->{forged} || 0), 1);
}

for my $tail ('A', 'AA', 'AAAA', '=', '==') {
    my ($r, $moved) = visit("jny=$token$tail");

    isnt(taken_for($r), $id, "\"$tail\" appended");
    is($moved->{valid}, undef);
}



=== TEST 5: of another key, another name, another number
--- visit
my $state = token_new();
my $id = token_decode(token_encode($state, $::key, 'jny'))->{v};

for my $case (
    ['another key', token_encode($state, '1' x 32, 'jny')],
    ['another key under the number of ours',
     token_encode({ %$state, key_number =>
                    ord siphash128($::key, 'key') }, '1' x 32, 'jny')],
    ['our key under another number',
     token_encode({ %$state, key_number =>
                    ord(siphash128($::key, 'key')) ^ 1 }, $::key, 'jny')],
    ['for another cookie', token_encode($state, $::key, 'shop')],
    ['for no name', token_encode($state, $::key, '')],
) {
    my ($name, $token) = @$case;
    my ($r, $moved) = visit("jny=$token");

    isnt(taken_for($r), $id, $name);
    is_deeply($moved, { forged => 1 }, "$name: counted as forged");
}



=== TEST 6: well signed, and still not what the module writes
--- visit
# a fault of ours or a key that got out: nothing of it may crash
for my $more (
    { session => 0, channels => [], touches => 0 },
    { touches => 5 },
    { touches => 0 },
    { channels => [1, 2], touches => 1 },
    { channels => [(1) x 17], touches => 17 },
    { version => 2 },
) {
    my $state = token_new(%$more);
    my $token = token_encode($state, $::key, 'jny');
    my ($r, $moved) = visit("jny=$token");

    is($r->status, 200);
    isnt(taken_for($r), token_decode($token)->{v}, 'a new visitor');
    is_deeply($moved, { malformed => 1 }, join ' ', %$more);
}

# and what is odd but possible
for my $more (
    { channels => [0 .. 15], touches => 16777215, journey => 16777215,
      session => 16777215, touch_hash => 0xffffffff, furthest => 255,
      floor => 255, completed => 255, last_seen => 1 },
    { channels => [255], session_start => 0, last_seen => 0 },
) {
    my $token = token_encode(token_new(%$more), $::key, 'jny');
    my ($r, $moved) = visit("jny=$token");

    is($r->status, 200);
    is_deeply($moved, { valid => 1 }, 'valid');
    is(taken_for($r), token_decode($token)->{v});
    ok($r->set_cookie('jny'), 'a session begins');
}



=== TEST 7: dated ahead
--- visit
my $case = sub {
    my ($name, $valid, %more) = @_;
    my $token = token_encode(token_new(%more), $::key, 'jny');
    my ($r, $moved) = visit("jny=$token");

    is_deeply($moved, { ($valid ? 'valid' : 'future') => 1 }, $name);

    if ($valid) {
        is(taken_for($r), token_decode($token)->{v}, 'the same visitor');
        ok(!$r->set_cookie('jny'), 'whose time does not run backwards');

    } else {
        isnt(taken_for($r), token_decode($token)->{v}, 'a new visitor');
        ok($r->set_cookie('jny'));
    }
};

my $now = time;

for my $word (qw(first_seen session_start last_seen)) {
    $case->("$word 298 s ahead", 1, $word => $now + 298);
    $case->("$word 400 s ahead", 0, $word => $now + 400);
    $case->("$word at the end of time", 0, $word => 0xffffffff);
}



=== TEST 8: too old
--- config
    journey on;
    default_type text/html;
    journey_cookie jny max_age=100d;
    location = /page { add_header X-Id $journey_id; return 200 ok; }
    location = /status { journey_status; }
--- visit
for my $case ([99, 'valid'], [100, 'expired'], [390, 'expired']) {
    my ($days, $result) = @$case;
    my $now = time;
    my $token = token_encode(
        token_new(first_seen => $now - $days * $::day, session_start => $now,
                  last_seen => $now), $::key, 'jny');
    my ($r, $moved) = visit("jny=$token");
    my $same = taken_for($r) eq token_decode($token)->{v};

    is_deeply($moved, { $result => 1 }, "$days days");
    is($same ? 1 : 0, $result eq 'valid' ? 1 : 0);
}

# one before 1970 by a clock's fault
my ($r, $moved) = visit('jny=' . token_encode(token_new(first_seen => 0),
                                              $::key, 'jny'));
is_deeply($moved, { expired => 1 });
like($r->set_cookie('jny'), qr/; Max-Age=8640000$/);



=== TEST 9: what is too old or ahead lends its id to nobody
Asked at the server's level, then again in a location with another cookie.
--- config
    journey on;
    default_type text/html;
    set $early $journey_id;
    location = /page {
        journey_cookie shop;
        add_header X-Early $early;
        add_header X-Id $journey_id;
        return 200 ok;
    }
    location = /status { journey_status; }
--- visit
my $now = time;

for my $more ({ last_seen => $now + 4000 },
              { first_seen => $now - 500 * $::day })
{
    my $token = token_encode(token_new(%$more), $::key, 'shop');
    my ($r) = visit("shop=$token");

    isnt(taken_for($r), token_decode($token)->{v}, 'not the id of the token');
    like(taken_for($r), qr/^c[-\w]{16}$/);
    is($r->header('X-Early'), taken_for($r), 'one id for one request');
    my ($set) = $r->set_cookie('shop') =~ /^shop=([-\w]+)/;
    is(token_decode($set)->{v}, taken_for($r), 'and in its cookie');
    is(token_decode($set)->{session}, 1);
}



=== TEST 10: many cookies of the name
--- visit
my $bad = 'jny=' . token_encode(token_new(), '2' x 32, 'jny');
my $good = 'jny=' . token_encode(token_new(id => 'anna' x 3), $::key, 'jny');
my ($r, $moved) = visit(join('; ', ($bad) x 80), join('; ', ($bad) x 80),
                        join('; ', ($bad) x 79, $good));
is($r->status, 200);
is_deeply($moved, { forged => 239, valid => 1 });
is(taken_for($r), token_decode(substr $good, 4)->{v});
