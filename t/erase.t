# Copyright (C) ngx_journey_module contributors
#
# journey erase: a person's lines go, every other byte stays, also when it is
# interrupted, has no room, or when nginx goes on writing meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fcntl qw(:flock);
use Journey ();
use Journey::Lines;
use Journey::Master qw(load_start load_stop fold members_sound);
use Journey::Token qw(base64url siphash128);
use JSON::PP ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $key = '00112233445566778899aabbccddeeff';
my $secret = spew("$key\n", 'secret');
my $user = base64url(substr siphash128($key, "u\0" . 4711), 0, 12);
my ($anna, $before, $bert) = (id('c', 'nna'), id('h', 'Bef'), id('c', 'ert'));

sub ev {
    my ($n, $v, %more) = @_;

    return { t => $T + 1000 * $n, v => $v, j => 1, s => 1, k => 'page',
             h => 'shop.example', p => "/$n", %more };
}

sub left { return join ' ', map { m{"p":"/(\w+)"}g } text($_[0]); }

# The files of the folder but those of the test's own machinery.
sub folder {
    opendir my $d, path('.') or die;
    return join ' ', sort grep { !/^\.(?:out|err|\.?)$/ } readdir $d;
}


# ---- which bytes -----------------------------------------------------------

my @members = (member(lines(ev(1, $bert), ev(2, $bert))),
               member(lines(ev(3, $anna), ev(4, $bert), ev(5, $anna))),
               member(lines(ev(6, $bert))),
               member(lines(ev(7, $anna))),
               member(lines(ev(8, $bert))));
my $file = spew(join('', @members), 'log');

old($file);
chmod 0624, $file;
chown 1, 2, $file if $> == 0;

my $folder = folder();
my ($code, $out, $err) = journey('erase', '--dry-run', $anna, $file);

is("$code$err", 0, 'dry run: exit code');
like($out, qr/^3\ lines\ erased,\ 1\ member\ rewritten,\ 1\ member\ dropped,
              \ 1\ of\ 1\ file:\ dry\ run,\ nothing\ is\ changed$/mx,
     'dry run: counts');
ok(slurp($file) eq join('', @members), 'dry run: the file is as it was');

($code, $out, $err) = journey('erase', $anna, $file);

is("$code$err", 0, 'exit code');
like($out, qr/^\Q$file\E: 3 lines erased, 1 member rewritten, 1 member dropped$/m,
     'counts of the file');
like($out, qr/^3 lines erased, .*, 1 of 1 file$/m, 'counts of all');
is(left($file), '1 2 4 6 8', 'the lines are gone');

my @starts = starts($file);

is(scalar @starts, 4, 'members');
ok($starts[0][2] eq $members[0] && $starts[2][2] eq $members[2]
   && $starts[3][2] eq $members[4], 'other members: the same bytes');
unlike(text($file), qr/$anna/, 'the id is nowhere');
is((stat $file)[2] & 07777, 0624, 'mode');
is((stat $file)[9], 1_700_000_000, 'time');
is(join(' ', (stat $file)[4, 5]), '1 2', 'owner') if $> == 0;
is(folder(), $folder, 'no other file is left');

my ($inode) = (stat $file)[1];
($code, $out, $err) = journey('erase', $anna, $file);
is("$code$err", 0, 'again: exit code');
is($out, "nothing found in 1 file\n", 'again: it is said');
is((stat $file)[1], $inode, 'again: the file is not touched');

# the forms of a file
my @lines = map { ev($_, $_ % 3 ? $bert : $anna) } 1 .. 9;

for my $form (['plain', \&lines],
              ['plain, the last line without its end',
               sub { substr lines(@_), 0, -1 }],
              ['gzip', sub { foreign(lines(@_)) }],
              ['gzip, two members', sub {
                  foreign(lines(@_[0 .. 4])) . foreign(lines(@_[5 .. 8])) }],
              ['gzip, cut within a line', sub {
                  my $text = lines(@_);
                  foreign(substr $text, 0, 500) . foreign(substr $text, 500) }],
              ['all in one', sub {
                  member(lines(@_[0, 1])) . lines(@_[2, 3]) . foreign('')
                  . foreign(lines($_[4])) . member(lines(@_[5, 6]))
                  . foreign(lines(@_[7, 8])) }],
              ['all but a gzip of nothing at the begin', sub {
                  foreign('') . member(lines(@_)) . foreign('') }],
              ['without the ends of lines', sub {
                  foreign(substr lines(@_[0 .. 3]), 0, -1)
                  . lines(@_[4 .. 8]) }])
{
    my $data = $form->[1]->(@lines);

    $file = spew($data);
    old($file);
    ($code, $out, $err) = journey('erase', $anna, $file);
    is("$code$err", 0, "$form->[0]: exit code");
    like($out, qr/^3 lines erased/m, "$form->[0]: count");

    my ($shown) = journey_data('show', '--json', $bert, $file);

    is(join(' ', map { substr $_->{p}, 1 } @{ $shown->{show} }),
       '1 2 4 5 7 8', "$form->[0]: nothing else is gone");
    ($shown) = journey_data('show', '--json', $anna, $file);
    is(scalar @{ $shown->{show} }, 0, "$form->[0]: nothing is left");
    ($shown, $code) = journey_data('report', '--json', $file);
    is($code, 0, "$form->[0]: the file is sound");
}

$file = spew(lines(ev(1, $anna), { %{ ev(2, undef) }, bot => 'generic' },
                   ev(3, $anna, bot => 'no_sec_fetch')));
old($file);
($code) = journey('erase', $anna, $file);
is(left($file), '2', 'the log of bots');

$file = spew(member(lines(ev(1, $anna))) x 3);
old($file);
($code, $out) = journey('erase', $anna, $file);
is(-s $file, 0, 'nothing else in it: an empty file, which stays');

# More lines than one member holds, in the one that is written anew.
my @many = map { ev($_, $_ % 50 ? $bert : $anna) } 1 .. 5000;
$file = spew(foreign(lines(@many)));
old($file);
($code, $out) = journey('erase', $anna, $file);
like($out, qr/^100 lines erased/m, 'many lines: counted');
ok(text($file) eq lines(grep { $_->{v} ne $anna } @many), 'many lines');
cmp_ok(scalar(@starts = starts($file)), '>', 1,
       'many lines: several members with their length');


# ---- whose lines -----------------------------------------------------------

my $phone = id('c', 'Pho');
my @whose = (ev(1, $before), ev(2, $anna, pv => $before), ev(3, $bert),
             ev(4, $phone, u => $user), ev(5, $phone), ev(6, $anna, u => $user),
             ev(7, $phone, u => 'x' x 16));

sub erased {
    my ($name, $expect, @args) = @_;
    my ($one, $two) = (spew(member(lines(@whose[0 .. 3]))),
                       spew(lines(@whose[4 .. 6])));

    old($one, $two);
    my ($code, $out, $err) = journey('erase', @args, $two, $one);
    is($code, 0, "$name: exit code");
    is(left($one) . ' ' . left($two), $expect, $name);
    return $err;
}

erased('pv', '3 4 5 7', $before);
erased('pv, the other way', '3 4 5 7', $anna);
erased('--exact', '3 4 5 6 7', '--exact', $before);
like(erased('--user', '3 7', '--user', '4711', '--secret', $secret),
     qr/belong to another user stay/, '--user: what stays is said');
erased('--user --exact', '1 2 3 5 7', '--exact', '--user', '4711', '--secret',
       $secret);
erased('two', '4 5 7', $bert, '--id', $anna);


# ---- what is torn or cannot be read ----------------------------------------

my $torn = $members[0] . substr($members[1], 0, 70) . $members[3];

$file = spew($torn);
old($file);
($code, $out, $err) = journey('erase', $anna, $file);
is($code, 1, 'torn: exit code');
like($err, qr/torn at byte \d+: .*left as it is.*journey check --repair/s,
     'torn: place and hint');
ok(slurp($file) eq $torn, 'torn: left as it is');
like($out, qr/^nothing found in 1 file, not all of which could be read$/m,
     'torn: nothing is claimed');

($code, $out, $err) = journey('erase', '--force', $anna, $file);
is($code, 1, 'torn, --force: exit code');
ok(slurp($file) eq $members[0] . substr($members[1], 0, 70),
   'torn, --force: whole members are erased, the torn one stays');

my $cut = substr foreign(lines(@many)), 0, 20000;
$file = spew($cut . $members[3]);
old($file);
($code, $out, $err) = journey('erase', '--force', $anna, $file);
is($code, 1, 'a torn gzip, --force: exit code');
ok(slurp($file) eq $cut, 'a torn gzip stays whole');
like($err, qr/\d+ lines stay in what is torn/, 'and it is said');
like($out, qr/^1 line erased/m, 'only what is gone is counted');

my $broken = qq({"t":1,"v":"$anna","k"\n);
$file = spew(member(lines(ev(1, $anna)) . $broken . "junk\n"));
old($file);
($code, $out, $err) = journey('erase', $anna, $file);
is($code, 1, 'a broken line: exit code');
is(text($file), $broken . "junk\n", 'a broken line stays');
like($err, qr/2 lines cannot be read and stay/, 'it is said');

($code) = journey('erase', '--force', $anna, $file);
is($code, 1, 'a broken line, --force: exit code');
is(text($file), "junk\n", 'a broken line that holds the id goes by --force');

($code, $out, $err) = journey('erase', $anna, path('none'), $secret);
is($code, 1, 'a missing file, no log');
like($err, qr/none: No such file/, 'named');
is(slurp($secret), "$key\n", 'what is no log is not changed');

for my $wrong ([[path('log')], qr/no ID/, 'no ID'],
               [[$anna], qr/no FILE/, 'no file'],
               [[$anna, '-'], qr/standard input/, 'standard input'],
               [['--wait', 'soon', $anna, path('log')], qr/bad span/,
                '--wait'])
{
    ($code, $out, $err) = journey('erase', @{ $wrong->[0] });
    is($code, 2, "$wrong->[2]: exit code");
    like($err, $wrong->[1], "$wrong->[2]: message");
}

my ($data) = journey_data('erase', '--json', $bert, path('log'));
is_deeply($data->{erase}, { lines => 5, members_rewritten => 0,
                            members_dropped => 4, files => 1,
                            files_removed => 0, files_read => 1,
                            files_failed => 0, dry_run => JSON::PP::false },
          'JSON: the sum');
is($data->{files}[0]{file}, path('log'), 'JSON: the file');


# ---- interrupted, or without room ------------------------------------------

my @big = map { ev($_, $_ % 40 ? $bert : $anna, ref => 'r' . rand 1e9) }
          1 .. 20000;
my $whole = join '', map { member(lines(@big[$_ * 100 .. $_ * 100 + 99])) }
            0 .. 199;
my $after = lines(grep { $_->{v} ne $anna } @big);

for my $signal ('TERM', 'INT', 'HUP', 'KILL') {
    my ($ended, $wrong, $took) = (0, 0);

    for my $n (0 .. 11) {
        $file = spew($whole, 'big');
        old($file);
        $folder = folder();

        my $start = time();
        # a shell's background job ignores SIGINT
        my $pid = journey_start(sub { $SIG{$signal} = 'DEFAULT'
                                          if $signal ne 'KILL' },
                                'erase', $anna, $file);

        # spread over the time that it takes
        if ($n) {
            sleep $took * $n / 12;
            kill $signal, $pid;
        }

        waitpid $pid, 0;

        # the first one may have been kept waiting: when it ends before the
        # signal comes, that comes sooner
        $took = !$n ? time() - $start : $? & 127 ? $took : $took * 0.7;
        $ended++ if $? & 127;
        $wrong++ if slurp($file) ne $whole && text($file) ne $after;

        # What nobody can tidy up after himself, the next one does.
        journey('erase', $anna, spew($whole, 'big')) if $signal eq 'KILL';
        $wrong++ if folder() ne $folder;
    }

    cmp_ok($ended, '>', 0, "SIG$signal: it was interrupted");
    is($wrong, 0, "SIG$signal: the old file or the new one, and no other");
}

# The kernel's limit of a file's size stands for the full disk: the write that
# does not fit fails with EFBIG instead of ENOSPC.
$file = spew($whole, 'big');
old($file);
$folder = folder();
{
    my $pid = fork();
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDOUT, '>', path('.out') or die;
        open STDERR, '>', path('.err') or die;
        exec 'sh', '-c', 'ulimit -f 64; exec "$@"', 'sh',
             $ENV{TEST_NGINX_JOURNEY_COMMAND}, 'erase', $anna, $file;
    }

    waitpid $pid, 0;
    is($? >> 8, 1, 'no room: exit code');
}
like(slurp(path('.err')), qr/big: cannot write the new file: File too large/,
     'no room: message');
ok(slurp($file) eq $whole, 'no room: the file is as it was');
is(folder(), $folder, 'no room: nothing is left');

SKIP: {
    skip('root writes everywhere', 2) if $> == 0;

    mkdir path('locked') or die;
    $file = spew($whole, 'locked/log');
    chmod 0555, path('locked');
    ($code, $out, $err) = journey('erase', $anna, $file);
    is($code, 1, 'a folder without write permission: exit code');
    ok(slurp($file) eq $whole, 'the file is as it was');
    chmod 0755, path('locked');
}


# ---- locks -----------------------------------------------------------------

sub held {
    my ($how, $run) = @_;

    open my $f, '<', $file or die;
    flock $f, $how or die;
    $run->();
    close $f;
}

$file = spew($whole, 'big');
old($file);

held(LOCK_EX, sub {
    ($code, $out, $err) = journey('erase', $anna, $file);
    is($code, 1, 'two at once: exit code');
    like($err, qr/another journey is at work on it/, 'two at once: message');
    ok(slurp($file) eq $whole, 'two at once: the file is as it was');
});

held(LOCK_SH, sub {
    $folder = folder();
    ($code, $out, $err) = journey('erase', '--wait', '1s', $anna, $file);
    is($code, 1, 'held for long: exit code');
    like($err, qr/did not let go of it in 1 s .*nothing is changed/,
         'held for long: message');
    is(folder(), $folder, 'held for long: the file has its name back');
    ok(slurp($file) eq $whole, 'held for long: the file is as it was');

    ($code, $out) = journey('erase', '--dry-run', $anna, $file);
    is($code, 0, 'a dry run waits for nobody');
    is(folder(), $folder, 'a dry run renames nothing');
});

held(LOCK_SH, sub {
    my $pid = journey_start(undef, 'erase', '--wait', '10s', $anna, $file);

    for (1 .. 3000) {
        last if !-e $file;
        sleep 0.01;
    }

    spew(lines(ev(1, $anna)), 'big');
    waitpid $pid, 0;
    is($? >> 8, 1, 'a new file meanwhile: exit code');
    like(slurp(path('.err')), qr/all in "\Q$file\E\.1"/,
         'a new file meanwhile: where the lines are');
    is(slurp($file), lines(ev(1, $anna)), 'the new file is as it was');
});

ok(slurp("$file.1") eq $whole, 'and so is the old one');


# ---- beside nginx ----------------------------------------------------------

# The visitor of a browser, as its cookie says.
sub visitor {
    my $browser = shift;
    my ($code, $out) = journey('token', '--secret', $secret, '--json',
                               'jny=' . $browser->cookies->{jny});

    return JSON::PP::decode_json($out)->{token}{v};
}

sub lines_of {
    my ($v, @files) = @_;

    return scalar grep { ($_->{v} || '') eq $v }
                  map { Journey::journey_log($_) } @files;
}

for my $pid ('--pid', '') {
    my $name = $pid ? 'live, --pid' : 'live';
    my $nginx = Journey::Master->new();
    my $log = $nginx->log;

    $nginx->configure(http => "journey_log $log flush=100ms;"
                              . " journey_secret $secret;");

    my @pid = $pid ? ('--pid', $nginx->dir . '/logs/nginx.pid') : ();

    ok($nginx->start, "$name: starts") or diag($nginx->said);

    my @people = map {
        Journey::browser(port => $nginx->port, host => 'localhost')
    } 1 .. 3;

    for my $n (1 .. 4) {
        $_->get("/person/$n") for @people;
    }

    my @ids = map { visitor($_) } @people;

    for (1 .. 3000) {
        last if !grep { lines_of($_, $log) != 4 } @ids;     # of two workers
        sleep 0.02;
    }

    is(join(' ', map { lines_of($_, $log) } @ids), '4 4 4',
       "$name: lines of three people");

    my $load = load_start(port => $nginx->port, clients => 3, pause => 0.001);
    my (@said, @files);

    for my $n (0, 1) {
        sleep 0.8;

        my ($code, $out, $err) = journey('erase', @pid, $ids[$n], $log,
                                         grep { -e } "$log.1");

        push @said, "$code$err";
        push @files, $out =~ /^\Q$log\E: in use, now (\S+): \d+ line/mg;
    }

    sleep 1;
    my ($answered, $open) = load_stop($load);

    # The second erase finds the lines of its person in what was renamed by
    # the first one, which nobody writes to any more.
    is(join('', @said), '00', "$name: exit codes");
    is("@files", "$log.1", "$name: the file in use was renamed, once");
    cmp_ok(scalar keys %$answered, '>', 1000, "$name: enough pages");

    sleep 0.5;
    ok($nginx->quit, "$name: quits");

    is(join(' ', map { lines_of($_, $log, "$log.1") } @ids), '0 0 4',
       "$name: two people are erased, the third is not");

    # what is left of the third is no part of the load
    delete $answered->{"/person/$_"} for 1 .. 4;
    my ($kept) = (journey('show', '--exact', '--json', $ids[2], $log,
                          "$log.1"))[1];
    is(scalar @{ JSON::PP::decode_json($kept)->{show} }, 4,
       "$name: her lines are whole");
    ($code) = journey('erase', $ids[2], $log, "$log.1");
    is($code, 0, "$name: the third, after the end");

    fold($name, $answered, $open, $log, "$log.1");
    cmp_ok(members_sound($name, $_), '>=', 1, "$name: members of $_")
        for $log, "$log.1";
    $nginx->calm("$name: no alarm");
}
