# Copyright (C) ngx_journey_module contributors
#
# journey show: all that is stored about a person, and nothing about others.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Journey::Token qw(base64url siphash128 token_encode token_new);
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z

# The users' keyed hashes, under the last key of the file.
my $key = '00112233445566778899aabbccddeeff';
my %user = map { $_ => base64url(substr siphash128($key, "u\0$_"), 0, 12) }
           4711, 4712;

my $secret = spew("ffeeddccbbaa99887766554433221100 # signs\n"
                  . "$key # keys u\n", 'secret');

my ($anna, $before, $phone, $bert) = (id('c', 'nna'), id('h', 'Bef'),
                                      id('c', 'Pho'), id('c', 'ert'));

sub ev {
    my ($s, $v, $j, $sess, $k, %more) = @_;

    return { t => $T + 1000 * $s, k => $k, h => 'shop.example', p => "/$s",
             (defined $v ? (v => $v, j => $j, s => $sess) : ()), %more };
}

# Anna comes without a cookie, consents, logs in; and once with her phone, on
# which Bert has been logged in, too.
my @one = (
    ev(1, $before, 1, 1, 'page', ch => 'organic_search', src => 'google',
       med => 'organic', ref => 'www.google.com', why => 'referrer'),
    ev(2, $bert, 1, 1, 'page', ch => 'direct', why => 'direct'),
    ev(3, $anna, 1, 1, 'page', pv => $before, ph => 'decision', pn => 3,
       fs => 20779),
    ev(9, $anna, 1, 2, 'page', u => $user{4711}, l => { shop => "m\x{f6}bel",
       size => 'L' }, cc => 'DE', dev => 'mobile', ms => 12, b => 'c'),
);
my @two = (
    ev(4, $phone, 1, 1, 'page'),
    ev(5, $phone, 1, 1, 'goal', u => $user{4711}, goal => 'purchase',
       done => 1, val => 99.9, cur => 'EUR', ord => 'x' x 16,
       w => ['email', 'direct'], wn => 2),
    ev(6, $phone, 1, 1, 'page', u => $user{4712}),
    ev(7, undef, 0, 0, 'goal', u => $user{4711}, goal => 'call'),
    ev(8, $bert, 1, 1, 'page', zz => [1, { a => 2 }]),
);

my $one = spew(member(lines(@one[0, 1])) . member(lines(@one[2, 3])));
my $two = spew(foreign(lines(@two)));
old($one, $two);


# ---- which lines -----------------------------------------------------------

sub shown {
    my ($data, $code, $err) = journey_data('show', '--json', @_);

    return join ' ', map { substr $_->{p}, 1 } @{ $data->{show} };
}

is(shown($bert, $one, $two), '2 8', 'a visitor, in two files');
is(shown($bert, $one), '2', 'a visitor, in one');
is(shown($one, '--id', $bert, $two), '2 8', '--id ID');
is(shown("--id=$bert", $one, $two), '2 8', '--id=ID');
is(shown($two, $bert, $one), '2 8', 'IDs and files in any order, by time');
is(shown($bert, $before, $one, $two), '1 2 3 8 9', 'two IDs');

is(shown($anna, $one, $two), '1 3 9', 'pv: what was before consent is there');
is(shown($before, $one, $two), '1 3 9', 'pv: and the other way');
is(shown($before, $two, $one), '1 3 9', 'pv: whatever the order of files');
is(shown('--exact', $before, $one, $two), '1 3',
   '--exact: lines that hold the ID');
is(shown('--exact', $anna, $one, $two), '3 9', '--exact: no others');

my @user = ('--user', '4711', '--secret', $secret);

is(shown(@user, $one, $two), '1 3 4 5 7 9',
   '--user: with u, of visitors that came with u, and before consent');
is(shown('--exact', @user, $one, $two), '5 7 9', '--user --exact: with u');
is(shown('--user', '4712', '--secret', $secret, $one, $two), '4 6',
   'another user of the same browser: not the lines of the first');
is(shown(@user, $phone, $one, $two), '1 3 4 5 6 7 9',
   'a visitor that is named is shown whole');
is(shown('--user', '4713', '--secret', $secret, $one, $two), '',
   'a user without lines');

my ($data, $code, $err) = journey_data('show', '--json', @user, $one, $two);

is($code, 0, 'exit code');
like($err, qr/belong to another user are left out/, 'what is left out is said');
is_deeply($data->{show}[1], $one[2], 'JSON: the line as it is stored');
is_deeply($data->{visitors}, [sort($anna, $phone, $before)], 'visitors');
is($data->{user}, $user{4711}, 'user');
is_deeply($data->{unreadable}, [], 'nothing unreadable');

($data, $code) = journey_data('show', '--json', $anna, $one);
is($data->{user}, undef, 'no user');

my ($raw) = (journey('show', '--json', $bert, $two))[1];
my ($line) = grep { /zz/ } split /\n/, lines(@two);
ok(index($raw, $line) >= 0, 'JSON: the very bytes');


# ---- what people read ------------------------------------------------------

my $out;
($code, $out, $err) = journey('show', $anna, $one, $two);

is($code, 0, 'text: exit code');
like($out, qr/\A3 lines in 2 files about visitors \Q$anna, $before\E\n/,
     'text: how much about whom');
like($out, qr/^Visitor $before \(daily hash, no cookie\), journey 1, session/m,
     'text: a block of the first visitor');
like($out, qr/session 1\n\n  2026-11-22 04:29:41 UTC  page\n/,
     'text: its time');
is_deeply([$out =~ /^Visitor $anna \(cookie\), journey 1, session (\d)$/mg],
          [1, 2], 'text: a block a session');

for my $pair (['came by \(channel\)', 'organic_search'],
              ['from \(source\)', 'google'], ['medium', 'organic'],
              ['referring host', 'www\.google\.com'],
              ['rule that decided the channel', 'referrer'],
              ['visitor before consent', $before],
              ['phase of the journey', 'decision'],
              ['place of the phase', 3], ['first seen on', '2026-11-22'],
              ['user \(keyed hash\)', $user{4711}],
              ['labels', "shop = m\xc3\xb6bel, size = L"],
              ['country', 'DE'], ['device', 'mobile'],
              ['milliseconds to answer', 12],
              ['privacy profile', 'consent'], ['host', 'shop\.example'],
              ['page', '/9'])
{
    like($out, qr/^    $pair->[0] +$pair->[1]$/m, "text: $pair->[0]");
}

($code, $out) = journey('show', @user, $one, $two);

like($out, qr/^Without a visitor$/m, 'text: a line without visitor');
like($out, qr/^    completes the journey +yes$/m, 'text: a flag');
like($out, qr/^    channels of the journey +email, direct$/m, 'text: a list');
like($out, qr/^    value +99\.9$/m, 'text: a number as it is stored');

($code, $out) = journey('show', $bert, $two);
like($out, qr/^    zz +1, \{"a":2\}$/m, 'text: a key of a later version');

($code, $out) = journey('show', '--tz', '+02:00', $bert, $two);
like($out, qr/2026-11-22 06:29:48 \+02:00  page/, '--tz');

# Every key of the README's table has its words.
my $readme = slurp("$FindBin::Bin/../README.md");
my $source = slurp("$FindBin::Bin/../ngx_journey_module/report/"
                   . 'lines/journey_show_text.c');
my $record = slurp("$FindBin::Bin/../ngx_journey_module/core/"
                   . 'journey_record.h');
my @keys = $record =~ m{/\*\ ([a-z]+)\b[^*]*\*/$}mgx;

cmp_ok(scalar @keys, '>', 30, 'keys of a record');
ok($source =~ /\{ "$_", "/, "$_ has words")
    for grep { !/^(?:used|bytes|names)$/ } @keys;


# ---- from the cookie that a person sends in ---------------------------------

my $cookie = token_encode(token_new(id => pack('H24', '00' x 12)), $key,
                          'jny');
my $own = 'c' . 'A' x 16;
my $visited = spew(lines(ev(1, $own, 1, 1, 'page')));

old($visited);

for my $pasted ($cookie, "jny=$cookie", "jny=$cookie;",
                "Cookie: a=b; jny=$cookie; xjny=none", "\"$cookie\"",
                "Set-Cookie: jny=$cookie; Path=/; HttpOnly\r\n",
                "xjny=none; jny=$cookie", " $cookie\n")
{
    my ($code, $out) = journey('token', '--json', '--secret', $secret,
                               $pasted);
    my ($v) = $out =~ /"v":"(\w+)"/;

    is($code, 0, 'token: ' . $pasted =~ s/\Q$cookie\E/TOKEN/r =~ s/\s+$//r);
    is($v, $own, 'its visitor');
    is(shown($v, $visited), '1', 'what is stored');
}

for my $pasted ('', 'jny=', "jnyx=$cookie", 'jny', "x$cookie") {
    my ($code, $out) = journey('token', '--json', '--secret', $secret,
                               $pasted);

    is($code, 1, 'no token: ' . $pasted =~ s/\Q$cookie\E/TOKEN/r);
    like($out, qr/"v":null/, 'no visitor');
}

my $expired = token_encode(token_new(id => pack('H24', '00' x 12),
                                     first_seen => time() - 400 * 24 * 3600),
                           $key, 'jny');
($code, $out) = journey('token', '--json', '--secret', $secret, $expired);
is($code, 1, 'an expired token');
like($out, qr/"valid":false,"v":"$own"/, 'tells its visitor all the same');

($code, $out) = journey('token', '--json', '--name', 'own', '--secret',
                        $secret, 'jny=x; own='
                        . token_encode(token_new(), $key, 'own'));
is($code, 0, 'another name of the cookie');
($code, $out) = journey('token', '--name=', '--secret', $secret, $cookie);
is($code, 1, 'no name at all');


# ---- nothing, and what is not right ----------------------------------------

($code, $out, $err) = journey('show', id('c', 'zzz'), $one, $two);
is($code, 0, 'nobody: exit code');
like($out, qr/\A0 lines in 2 files: nothing is stored about visitor cA/,
     'nobody: it is said');
is($err, '', 'nobody: no error');

for my $wrong ([[$one], qr/no ID of a visitor/, 'no ID'],
               [[$anna], qr/no FILE/, 'no file'],
               [['--id', 'cShort', $one], qr/"cShort" is no visitor/,
                'a bad --id'],
               [['--id', 'x' . substr($anna, 1), $one], qr/is no visitor/,
                'an --id of another letter'],
               [['--user', '4711', $one], qr/go together/, 'no secret'],
               [['--secret', $secret, $anna, $one], qr/go together/,
                'a secret alone'],
               [['--user', '', '--secret', $secret, $one], qr/go together/,
                'an empty user'],
               [['--user', 1, '--secret', path('none'), $one],
                qr/cannot open/, 'no such secret'],
               [[$anna, '-'], qr/standard input/, 'standard input'],
               [['--dry-run', $anna, $one], qr/unknown option/,
                'an option of erase'])
{
    ($code, $out, $err) = journey('show', @{ $wrong->[0] });
    is($code, 2, "$wrong->[2]: exit code");
    like($err, $wrong->[1], "$wrong->[2]: $err" =~ s/\n//r);
    is($out, '', "$wrong->[2]: no output");
}

($code, $out, $err) = journey('show', $anna, path('none'), $one);
is($code, 1, 'a missing file: exit code');
like($err, qr/none: No such file/, 'a missing file is named');
like($out, qr/^3 lines/, 'a missing file: the others are read');

# A file whose name is that of a visitor.
my $odd = spew(lines(@one[1, 2]), $bert);
old($odd);
chdir path('.');
is(shown($anna, "./$bert"), '3', 'a file named as a visitor: ./');
is(shown($anna, '--', $bert), '3', 'a file named as a visitor: --');
($code) = journey('show', $anna, $bert);
is($code, 2, 'without: it is a visitor');


# ---- torn and broken -------------------------------------------------------

my $torn = member(lines(@one[2, 3]));
my $file = spew(member(lines(@one[0, 1])) . substr($torn, 0, 60)
                . member(lines(@two)));
old($file);

($code, $out, $err) = journey('show', $bert, $file);
is($code, 1, 'torn: exit code');
like($err, qr/torn at 1 place, .*journey check/, 'torn: it is said');
like($out, qr/^2 lines/, 'torn: what is whole is shown');

my $broken = '{"t":1,"v":"' . $bert . '","k":"page","h":' . "\e[31m\n";
$file = spew(lines(@one) . $broken);
old($file);

($data, $code, $err) = journey_data('show', '--json', $bert, $file);
is($code, 1, 'a broken line: exit code');
is_deeply($data->{unreadable}, [substr $broken, 0, -1],
          'a broken line that holds the ID is shown');
is(scalar @{ $data->{show} }, 1, 'beside the lines that can be read');
like($err, qr/1 lines cannot be read; 1 of them/, 'it is said');

($code, $out) = journey('show', $bert, $file);
unlike($out, qr/\e/, 'text: nothing that steers a terminal');
like($out, qr/^Lines that cannot be read\n\n  \{"t":1,"v":"$bert"/m,
     'text: the broken line');

($code, $out, $err) = journey('show', $anna, $file);
is($code, 1, 'a broken line of others: exit code');
like($err, qr/1 lines cannot be read; 0 of them/, 'a broken line of others');


# ---- a log of bots, plain lines, everything in one file --------------------

my $bots = spew(lines({ t => $T, k => 'page', h => 'shop.example', p => '/1',
                        bot => 'generic' }, ev(2, $anna, 1, 1, 'page',
                                               bot => 'no_sec_fetch')));
old($bots);
is(shown($anna, $bots), '2', 'the log of bots');

my $mixed = spew(member(lines(@one[0, 1])) . lines($one[2])
                 . foreign('') . foreign(lines($one[3])) . member(lines(@two)));
old($mixed);
is(shown(@user, $mixed), '1 3 4 5 7 9', 'members, lines, gzip in one file');

my $cut = lines(@one);
my $split = spew(foreign(substr $cut, 0, 300) . foreign(substr $cut, 300));
old($split);
is(shown($anna, $split), '1 3 9', 'a line that goes over from one member into '
                                   . 'the next');

done_testing();
