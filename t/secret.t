# Copyright (C) ngx_journey_module contributors
#
# journey_secret: rotation, what is refused, and the key without a file.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

master_on();
workers(2);

our $old = '0f0e0d0c0b0a09080706050403020100';
our $new = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

sub keys_file { return "$ENV{TEST_NGINX_SERVROOT}/conf/keys"; }

sub sequence {
    my ($browser) = @_;
    my $r = $browser->get('/page');

    return ($r->header('X-Id'), $r->header('X-Session'), $r);
}

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->config) {
        $block->set_value('config', <<'_EOC_');
    journey on;
    default_type text/html;
    location = /page {
        add_header X-Id $journey_id;
        add_header X-Session $journey_session;
        return 200 ok;
    }
    location = /status { journey_status; }
_EOC_
    }
});

run_tests();

__DATA__

=== TEST 1: the first key signs, all verify, a removed one no more
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  keys;
--- post_setup_server_root
Journey::spew(main::keys_file(), "$::old\n");
--- visit
my $anna = browser();
my ($id) = sequence($anna);
my $signed_by = sub {
    my $token = $anna->cookies->{jny};

    for my $key (@_) {
        return $key if token_encode(token_decode($token), $key, 'jny')
                       eq $token;
    }
    return 'nobody';
};

is($signed_by->($::old, $::new), $::old, 'signed by the only key');

# the new key in front: the old cookie still counts
spew(keys_file(), "# rotated\n$::new   # in force\n\n  $::old\t\r\n");
ok(reload_nginx(), 'reloaded');

my ($same, $session, $r) = sequence($anna);
is($same, $id, 'the same visitor');
ok(!$r->set_cookie('jny'), 'nothing changed');

age($anna, 600, $::old);
($same, $session, $r) = sequence($anna);
is($same, $id);
is($session, 1);
ok($r->set_cookie('jny'), 'last seen moved');
is($signed_by->($::old, $::new), $::new, 'signed by the first key now');

my $bert = browser();
$bert->cookies->{jny} = token_encode(token_new(id => 'bert' x 3), $::old,
                                     'jny');

# the old key goes: who came meanwhile stays, who did not is new
spew(keys_file(), $::new);              # without a newline at the end
ok(reload_nginx(), 'reloaded');

($same) = sequence($anna);
is($same, $id, 'the cookie of the new key counts');
(my $other, $session, $r) = sequence($bert);
isnt($other, token_decode(token_encode(token_new(id => 'bert' x 3), $::old,
                                       'jny'))->{v}, 'a new visitor');
ok($r->set_cookie('jny'));
is(JSON::PP::decode_json(browser()->get('/status')->body)->{tokens}{forged},
   1, 'counted');



=== TEST 2: the last key makes the hash of an order, and stays
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  keys;
--- config
    journey on;
    default_type text/html;
    location = /done { journey_goal purchase id=$arg_order; return 200 ok; }
--- post_setup_server_root
Journey::spew(main::keys_file(), "$::old\n");
--- visit
my $hash = base64url(substr siphash128($::old, "ord\0A-1001"), 0, 12);
browser()->get('/done?order=A-1001');
spew(keys_file(), "$::new\n$::old\n");
ok(reload_nginx());
browser()->get('/done?order=A-1001');
browser()->get('/done?order=');
# by what they are: the last two may be of one millisecond
my @goals = sort { defined $b->{ord} <=> defined $a->{ord} }
            grep { $_->{k} eq 'goal' } journey_log_wait(6);
is($goals[0]{ord}, $hash, 'keyed by the only key');
is($goals[1]{ord}, $hash, 'and by the last one');
is($goals[2]{ord}, undef, 'an empty id is none');
unlike(journey_log_raw(), qr/A-1001/, 'never the id itself');



=== TEST 3: a reload with a bad file keeps the old configuration
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  keys;
--- post_setup_server_root
Journey::spew(main::keys_file(), "$::old\n");
--- allow_alarm
"journey_secret": a line that is not 32 hexadecimal digits
--- visit
my $anna = browser();
my ($id) = sequence($anna);
my ($master) = nginx_pids();
spew(keys_file(), "$::old\n${main::new}00\n");
kill 'HUP', $master;
for (1 .. 600) {
    last if slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log") =~ /emerg/;
    select undef, undef, undef, 0.1;
}
is((sequence($anna))[0], $id, 'still the same visitor');
my $log = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log");
like($log, qr{\[emerg\].*"journey_secret": .* in \S+/conf/keys:2 in \S+nginx\.conf:\d+},
     'file and line are named');
unlike($log, qr/$::old|$::new/, 'no key in the log');



=== TEST 4: without a file one warning, and the key survives reloads
--- suppress_stderr
--- http_config
    journey_zone    kept:1m;
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- visit
my $file = "$ENV{TEST_NGINX_SERVROOT}/logs/error.log";
my $warnings = sub { return scalar(() = slurp($file) =~ /\[warn\].*no "journey_secret"/g) };
my $first = $warnings->();
cmp_ok($first, '>=', 1, 'a warning');

my $anna = browser();
my ($id) = sequence($anna);

for my $n (1 .. 3) {
    ok(reload_nginx(), 'reloaded');
    my ($same, $session, $r) = sequence($anna);
    is($same, $id, 'the same visitor');
    is($session, 1);
    ok(!$r->set_cookie('jny'));
    is($warnings->(), $first + $n, 'one warning more');
}

my $tokens = JSON::PP::decode_json(browser()->get('/status')->body)->{tokens};
is($tokens->{valid}, 3, 'counters survive as well');
is($tokens->{forged}, 0);



=== TEST 5: no warning where there is nothing to sign
--- http_config
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    location = /page { return 200 ok; }
--- request
GET /page
--- response_body chomp
ok
--- no_error_log
no "journey_secret"



=== TEST 6: what journey_secret refuses, without a word of the key
--- config
    location = /page { return 200 ok; }
--- visit
my $dir = "$ENV{TEST_NGINX_SERVROOT}/conf";
my $half = '7c1d5a9e3b8f2064';
my $key = $half . 'e8a1b2c3d4f5a6b7';
my @cases = (
    ['short',   "# a key\n${half}\n", ':2'],
    ['one less', substr($key, 1) . "\n", ':1'],
    ['long',    "$key\n$key" . "0\n", ':2'],
    ['twice',   "$key$key\n", ':1'],
    ['no hex',  "${half}7c1d5a9e3b8f206g\n", ':1'],
    ['a space', "$half 7c1d5a9e3b8f206\n", ':1'],
    ['0x',      "0x$key\n", ':1'],
    ['a NUL',   "${half}\0${half}\n", ':1'],
    ['8 kB',    "$key\n\n" . 'a' x 8192 . "\n", ':3'],
    ['binary',  "\x7c\x1d\x5a\xff\xfe" x 4, ':1'],
    ['17 keys', "$key\n" x 17, ':17'],
    ['empty',   '', ''],
    ['comments', "# nothing\n\n   # here\n", ''],
);

for my $case (@cases) {
    my ($name, $text, $line) = @$case;
    my $file = "$dir/bad.keys";

    spew($file, $text);

    my ($status, $said, $at) = nginx_test(http => "journey_secret $file;");
    my ($emerg) = $said =~ /^(.*\[emerg\].*)$/m;

    is($status, 1, "$name: refused");
    like($emerg || '', qr{"journey_secret": .*\Q$file$line\E\b.*nginx\.conf:$at$},
         "$name: file and line are named");
    unlike($said, qr/$half|7c1d5a9e|e8a1b2c3/i, "$name: no key is shown");
}

refused(
    [http => "journey_secret $dir/no.keys;",
     qr{"journey_secret": .*\Q$dir\E/no\.keys.*No such file}],
    [http => "journey_secret $dir;",
     qr{"journey_secret": .*\Q$dir\E.*Is a directory}],
    [http => "journey_secret;", qr/invalid number of arguments/],
    [http => "journey_secret a b;",
     qr/invalid number of arguments/],
    [server => "journey_secret $dir/keys;", qr/is not allowed here/],
);

spew("$dir/one.keys", uc("$key\n"));
accepted([http => "journey_secret $dir/one.keys;"]);
spew("$dir/sixteen.keys", "  $key  # and a comment\r\n" x 16);
accepted([http => "journey_secret $dir/sixteen.keys;"]);
refused([http => "journey_secret $dir/one.keys; journey_secret $dir/one.keys;",
         qr/"journey_secret" directive is duplicate/]);



=== TEST 7: id= needs a file of keys, wherever it stands
--- config
    location = /page { return 200 ok; }
--- visit
my $keys = "$ENV{TEST_NGINX_JOURNEY_DATA}/test.keys";

for my $level (qw(http server location)) {
    refused([$level => 'journey_goal buy id=$arg_order;',
             qr/"id=" of "journey_goal" needs "journey_secret"/]);
    accepted([$level => 'journey_goal buy id=$arg_order;',
              "journey_secret $keys;"],
             [$level => 'journey_goal buy value=$arg_order;']);
}
