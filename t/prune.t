# Copyright (C) ngx_journey_module contributors
#
# journey prune: lines older than a span go, by files, members and lines;
# everything else stays byte for byte.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::Local qw(timegm);

my $now = time();
my $day = 24 * 3600;

# A line so many days old.
sub ev {
    my ($days, $name, %more) = @_;

    return { t => int(($now - $days * $day) * 1000), v => id('c', $name),
             j => 1, s => 1, k => 'page', h => 'shop.example', p => "/$name",
             %more };
}

sub same {
    my ($path, $data, $name) = @_;

    ok(slurp($path) eq $data, $name);
}

sub left {
    return join ' ', map { m{"p":"/(\w+)"}g } text($_[0]);
}


# ---- files, members, lines -------------------------------------------------

my @members = (member(lines(ev(100, 'a'), ev(99, 'b'))),
               member(lines(ev(95, 'c'), ev(85, 'd'))),
               member(lines(ev(80, 'e'))),
               member(lines(ev(1, 'f'))));
my $gone = spew(join('', @members[0, 0]), 'gone');
my $part = spew(join('', @members), 'part');
my $new = spew(join('', @members[2, 3]), 'new');
my $plain = spew(lines(map { ev($_, "p$_") } 120, 91, 89, 1), 'plain');
my $gzip = spew(foreign(lines(ev(120, 'g'))) . foreign(lines(ev(2, 'h'))),
                'gzip');
my @files = ($gone, $part, $new, $plain, $gzip);

old(@files);
chmod 0604, $part;

my %before = map { $_ => slurp($_) } @files;

my ($code, $out, $err) = journey('prune', '--dry-run', '--older-than', '90d',
                                 @files);

is($code, 0, 'dry run: exit code');
is($err, '', 'dry run: no error');
like($out, qr/^lines before \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m,
     'the limit is said');
like($out, qr/^\Q$gone\E: removed, 4 lines$/m, 'dry run: a file to be removed');
like($out, qr/^\Q$part\E:\ 3\ lines\ pruned,\ 1\ member\ rewritten,
              \ 1\ member\ dropped$/mx, 'dry run: a file to be changed');
like($out, qr/^10\ lines\ pruned,\ 2\ members\ rewritten,
              \ 4\ members\ dropped,\ 4\ of\ 5\ files\ \(1\ removed\):
              \ dry\ run,\ nothing\ is\ changed$/mx, 'dry run: the sum');
unlike($out, qr/\Q$new\E/, 'dry run: nothing of a file that stays');
same($_, $before{$_}, "dry run: $_ is as it was") for @files;

my $dry = $out;

($code, $out, $err) = journey('prune', '--older-than', '90d', @files);

is($code, 0, 'exit code');
is($out =~ s/^lines before.*\n//r, $dry =~ s/^lines before.*\n//r
   =~ s/: dry run, nothing is changed//r, 'the same counts as before');
ok(!-e $gone, 'all older: removed');
is(left($part), 'd e f', 'part: older lines are gone');
is(join('', map { $_->[2] } (starts($part))[1, 2]), $members[2] . $members[3],
   'part: newer members are the same bytes');
is((stat $part)[2] & 07777, 0604, 'part: mode');
is((stat $part)[9], 1_700_000_000, 'part: time');
same($new, $before{$new}, 'new: as it was');
is(left($plain), 'p89 p1', 'plain lines');
same($gzip, foreign(lines(ev(2, 'h'))), 'gzip: the other member, same bytes');

($code, $out) = journey('prune', '--older-than', '90d', @files[1 .. 4]);
is($code, 0, 'again: exit code');
like($out, qr/^nothing found in 4 files$/m, 'again: nothing');

my ($data) = journey_data('prune', '--json', '--older-than', '10d', $part,
                          $plain);
is_deeply($data->{prune}, { lines => 3, members_rewritten => 1,
                            members_dropped => 2, files => 2,
                            files_removed => 0, files_read => 2,
                            files_failed => 0, dry_run => JSON::PP::false },
          'JSON: the sum');
is_deeply($data->{files}[0], { file => $part, now => undef, lines => 2,
                               members_rewritten => 0, members_dropped => 2,
                               removed => JSON::PP::false,
                               failed => JSON::PP::false }, 'JSON: a file');

my $link = path('link');
my $target = spew(join('', @members), 'target');
old($target);
symlink 'target', $link or die;
($code) = journey('prune', '--older-than', '90d', $link);
is($code, 0, 'a symbolic link');
ok(-l $link, 'stays one');
is(left($target), 'd e f', 'what it names is pruned');


# ---- months of the calendar ------------------------------------------------

# The limit that prune prints, against the calendar of this test.
for my $months (1, 2, 13, 25, 26, 48) {
    my ($s, $m, $h, $mday, $mon, $year) = gmtime $now;
    my $n = 12 * ($year + 1900) + $mon - $months;
    my ($y, $mo) = (int($n / 12), $n % 12);
    my $last = (gmtime(timegm(0, 0, 0, 1, ($mo + 1) % 12,
                              $y + int(($mo + 1) / 12)) - $day))[3];

    $mday = $last if $mday > $last;

    my $limit = timegm($s, $m, $h, $mday, $mo, $y);
    my ($code, $out) = journey('prune', '--dry-run', '--older-than',
                               "${months}mo", $new);
    my ($got) = $out =~ /^lines before (.*)$/m;
    my @expect = map { POSIX::strftime('%Y-%m-%d %H:%M:%S UTC',
                                       gmtime $limit + $_) } 0 .. 30;

    ok((grep { $got eq $_ } @expect), "${months}mo: $got");
}

for my $pair (['1y', '12mo'], ['2w', '14d'], ['36h', '36h']) {
    my @limits = map {
        (journey('prune', '--dry-run', '--older-than', $_, $new))[1]
            =~ /before (\S+ \S+):/ } @$pair;
    ok($limits[0] le $limits[1], "$pair->[0] is $pair->[1]");
}

($code, $out) = journey('prune', '--older-than', '9999y', $new);
is($code, 0, 'longer than there is time');
like($out, qr/nothing found/, 'nothing is that old');


# ---- what is refused -------------------------------------------------------

for my $wrong ([[$new], qr/needs --older-than/, 'no span'],
               [['--older-than', '25', $new], qr/bad span "25"/, 'no unit'],
               [['--older-than', '25months', $new], qr/bad span/, 'months'],
               [['--older-than', '-1d', $new], qr/bad span "-1d"/, 'minus'],
               [['--older-than', '', $new], qr/bad span ""/, 'empty'],
               [['--older-than', '1d'], qr/no FILE/, 'no file'],
               [['--older-than', '1d', '-'], qr/standard input/, 'stdin'],
               [['--older-than', '1d', '--pid', path('none'), $new],
                qr/--pid: cannot open/, 'no file of a pid'],
               [['--older-than', '1d', '--pid', 1, $new],
                qr/no number of a process/, 'init'],
               [['--older-than', '1d', '--pid', $$, $new], qr/is no nginx/,
                'another process'])
{
    my ($code, $out, $err) = journey('prune', @{ $wrong->[0] });
    is($code, 2, "$wrong->[2]: exit code");
    like($err, $wrong->[1], "$wrong->[2]: message");
}

($code, $out, $err) = journey('prune', '--older-than', '1d', path('none'),
                              path('.'));
is($code, 1, 'a missing file, a folder: exit code');
like($err, qr/none: No such file.*Is a directory/s, 'both are named');


# ---- what is torn or cannot be read ----------------------------------------

my $torn = $members[0] . substr($members[1], 0, 70) . $members[2];
my $file = spew($torn, 'torn');
old($file);
($code, $out, $err) = journey('prune', '--older-than', '90d', $file);
is($code, 1, 'torn: exit code');
like($err, qr/torn at byte \d+: .*left as it is.*journey check --repair/s,
     'torn: place and hint');
same($file, $torn, 'torn: left as it is');

($code, $out, $err) = journey('prune', '--force', '--older-than', '90d',
                              $file);
is($code, 1, 'torn, --force: exit code');
same($file, substr($members[1], 0, 70) . $members[2],
     'torn, --force: what is torn stays, old members go');

$file = spew($members[0] . substr($members[1], 0, 70), 'torn2');
old($file);
($code, $out) = journey('prune', '--force', '--older-than', '90d', $file);
ok(!-e $file, 'torn, --force: as old as the rest of its file');

my $text = "x\n" . lines(ev(120, 'a')) . "x\n" . lines(ev(100, 'b')) . "y\n"
           . lines(ev(1, 'c')) . "z\n";

for my $form (['plain', sub { $_[0] }], ['member', \&member],
              ['gzip', \&foreign])
{
    $file = spew($form->[1]->($text));
    old($file);
    ($code, $out, $err) = journey('prune', '--older-than', '90d', $file);
    is($code, 1, "$form->[0]: broken lines: exit code");
    is(text($file), lines(ev(1, 'c')) . "z\n",
       "$form->[0]: a broken line is as old as its neighbour");
    like($err, qr/1 line cannot be read and stays/, "$form->[0]: it is said");
    like($out, qr/^5 lines pruned/m, "$form->[0]: counted");
}

$file = spew("x\ny\n");
old($file);
($code, $out, $err) = journey('prune', '--older-than', '90d', $file);
is($code, 1, 'no line can be read: exit code');
same($file, "x\ny\n", 'no line can be read: stays');

$file = spew('');
old($file);
($code, $out, $err) = journey('prune', '--older-than', '90d', $file);
is("$code$err", '0', 'an empty file is no fault');
ok(-e $file, 'and stays');

$file = spew($members[0]);
old($file);
link $file, "$file.second" or die;
($code, $out, $err) = journey('prune', '--older-than', '90d', $file);
is($code, 1, 'a second name: exit code');
like($err, qr/other names \(hard links\)/, 'a second name is said');

done_testing();
