# Copyright (C) ngx_journey_module contributors
#
# scripts/drill.sh: a short one, all drills once; that what it judges by sees
# each thing that can be wrong; and that nothing of it stays behind.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Path qw(make_path);
use IO::Compress::Gzip qw(gzip);
use IO::Socket::INET;
use Journey;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};
my $dir = "$Journey::ServRoot/drill";
my $verify = "$root/scripts/drill/verify.pl";
my $load = "$dir/build/drill-load";
my $files = 0;

make_path("$dir/build", "$dir/tmp");


# (exit code, output and errors) of a program
sub run {
    my @command = @_;
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', "$dir/said" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    return ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8, slurp("$dir/said"));
}


# ---- the verifier ----------------------------------------------------------

sub event {
    my ($path) = @_;

    return qq({"t":1795343282783,"v":"cbZfc71X8Y4ksDZMr","j":1,"s":1,)
           . qq("k":"page","h":"drill.example","p":"$path","ms":0,)
           . qq("dev":"desktop"}\n);
}


# A file of members, each of its own text.
sub members {
    my $file = "$dir/log" . ++$files;

    spew($file, join '', map { gzip(\(my $text = $_), \my $out); $out } @_);

    return $file;
}


# The numbers that are not 0, of a list and files.
sub judged {
    my ($name, $list, $want, $logs, @options) = @_;

    spew("$dir/list", $list);

    my ($code, $out) = run('perl', $verify, @options, "$dir/list", @$logs);
    my %got = $out =~ /^(\w+) (-?\d+)$/mg;

    delete @got{grep { !$got{$_} } keys %got};

    my $bad = grep { $got{$_} } qw(lost doubled torn strangers);

    is_deeply([$code, \%got], [$bad ? 1 : 0, $want], $name) or diag($out);

    return $out;
}


# Connection 1: two that must be there, one open, one in flight.  Connection 3:
# nothing was answered.
my $list = "1 2 1 1 1000 2000\n3 0 0 1 1500 1600\n7 9 1 0 1000 2000\n";
my @must = map { event($_) } '/d/1/1', '/d/1/2', map { "/d/7/$_" } 1 .. 9;
my @may = map { event($_) } '/d/1/3', '/d/1/4', '/d/3/1', '/d/7/10';
my $all = join '', @must;

judged('what must be there, and no more', $list,
       { answered => 13, found => 11 }, [members($all)]);
judged('what may be there, too', $list, { answered => 13, found => 15 },
       [members($all, @may)]);
judged('in several files, in any order, one of them empty', $list,
       { answered => 13, found => 13 },
       [members($may[3], reverse @must[3 .. 10]), members(),
        members(@must[0 .. 2], $may[0])]);
judged('nobody was killed: open ones must be there', $list,
       { answered => 13, found => 11, lost => 2 }, [members($all)],
       '--complete');
judged('nobody was killed: they are', $list, { answered => 13, found => 13 },
       [members($all, @may[0, 3])], '--complete');

for my $n (0, 1, 2, 8, 9, 10) {
    my @some = @must;

    splice @some, $n, 1;
    judged("lost: number $n", $list, { answered => 13, found => 10,
                                       lost => 1 }, [members(@some)]);
}

like(judged('lost: the end of a connection', $list,
            { answered => 13, found => 8, lost => 3 },
            [members(@must[0 .. 7])], '--zero', 500),
     qr{lost: /d/7/7 to 9 of 9 \(its connection: 0\.500 to 1\.500 s\)},
     'lost: says what and when');
judged('lost: all of a connection', $list,
       { answered => 13, found => 9, lost => 2 }, [members(@must[2 .. 10])]);
judged('lost: all', $list, { answered => 13, lost => 11 }, [members()]);

judged('dropped and counted', $list,
       { answered => 13, found => 9, dropped => 2 }, [members(@must[2 .. 10])],
       '--dropped', 2);
judged('dropped, and one more lost', $list,
       { answered => 13, found => 8, dropped => 2, lost => 1 },
       [members(@must[3 .. 10])], '--dropped', 2);
judged('counted as dropped, and there', $list,
       { answered => 13, found => 11, dropped => 2, lost => -2 },
       [members($all)], '--dropped', 2);

judged('doubled: in a member', $list,
       { answered => 13, found => 11, doubled => 1 },
       [members($all . $must[4])]);
judged('doubled: a member, in another file', $list,
       { answered => 13, found => 11, doubled => 3 },
       [members($all), members(join '', @must[1 .. 3])]);
judged('doubled: one that may be there', $list,
       { answered => 13, found => 12, doubled => 1 },
       [members($all, $may[1], $may[1])]);
judged('doubled does not make up for lost', $list,
       { answered => 13, found => 10, doubled => 1, lost => 1 },
       [members(@must[0 .. 9], $must[0])]);

judged("a stranger: $_", $list, { answered => 13, found => 11,
                                  strangers => 1 },
       [members($all, event($_))])
    for qw(/d/1/5 /d/1/0 /d/2/1 /d/0/1 /d/8/1 /d/99999/99999);

# Lines of which a piece is missing, is twice there, or is another's.
my $line = $must[2];
my @torn = (
    substr($line, 0, 60) . "\n",
    substr($line, 60),
    substr($line, 0, 60) . $line,
    substr($line, 0, -1) . $line,
    "\n",
    "\0" x 20 . "\n",
    $line =~ s/"p":.*?,//r,
    $line =~ s/"v":.*?,//r,
    $line =~ s/,"ms"/,"p":"\/d\/7\/2","ms"/r,
    $line =~ s/"ms":0/"ms":/r,
    $line =~ s/desktop/desk\ntop/r,
    $line =~ s/1795343282783/179534328/r,
);

for my $i (0 .. $#torn) {
    my $pieces = () = $torn[$i] =~ /\n/g;

    judged("torn: line $i", $list,
           { answered => 13, found => 10, lost => 1, torn => $pieces },
           [members(@must[0, 1], $torn[$i], @must[3 .. 10])]);
}

# Members of which a piece is missing: zcat reads no further.
{
    my $half = slurp(members(join '', @must[0 .. 4]));
    my $rest = slurp(members(join '', @must[5 .. 10]));
    my %files = (
        'cut off' => $rest . substr($half, 0, -20),
        'with a hole' => substr($half, 0, -20) . $rest,
        'with another checksum' =>
            $rest . substr($half, 0, -8) . 'XXXX' . substr($half, -4),
        'with rubbish behind it' => $rest . $half . 'rubbish',
        'that is none' => 'rubbish',
    );

    for my $name (sort keys %files) {
        spew("$dir/half", $files{$name});
        spew("$dir/list", $list);

        my ($code, $out) = run('perl', $verify, "$dir/list", "$dir/half");

        is($code, 1, "torn: a member $name");
        like($out, qr/^torn [1-9]/m, "torn: a member $name is counted");
    }
}

for ([''], ["1 2\n"], ["1 0 0 1 1 2\n"],
     ["1 2 1 0 1 2\n1 2 1 0 1 2\n"], ["1 2 1 0 1 2"])
{
    spew("$dir/list", $_->[0]);
    is((run('perl', $verify, "$dir/list", members($all)))[0], 2,
       'a list that says nothing: no verdict');
}


# ---- the load --------------------------------------------------------------

my $cc = $ENV{CC} || 'gcc';

is((run($cc, qw(-std=gnu99 -O2 -Wall -Wextra -Werror -o), $load,
        "$root/scripts/drill/load.c"))[0], 0, 'the load is built');


# A server of one process: each connection gets these answers, then its end.

sub served {
    my ($name, $code, $like, $answers, @options) = @_;
    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
                                       Proto => 'tcp') or die "listen: $@";
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        alarm 60;

        while (my $client = $server->accept) {
            $client->autoflush(1);

            for my $answer (@$answers) {
                my $request = '';

                while ($request !~ /\r\n\r\n/) {
                    last if !sysread $client, $request, 4096, length $request;
                }

                last if !defined syswrite $client, $answer;
            }
        }

        POSIX::_exit(0);
    }

    my ($got, $out) = run($load, '-p', $server->sockport, '-o', "$dir/list",
                          '-c', 1, @options);

    kill 'KILL', $pid;
    waitpid $pid, 0;

    is($got, $code, "load: $name");
    like($out, $like, "load: $name: says so");
}

my $page = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

served('three answers a connection', 0, qr/^answered [1-9]/m, [($page) x 3],
       '-t', 1, '-r', 200);
like(slurp("$dir/list"), qr/^1 2 1 [01] \d+ \d+\n2 2 1 [01] /,
     'load: two of three are sure, numbers go on');
served('closed behind its answer', 0, qr/^answered [1-9]/m,
       [$page =~ s/\r\n\r\n/\r\nConnection: close\r\n\r\n/r], '-t', 1,
       '-r', 200);
like(slurp("$dir/list"), qr/\A(?:\d+ 0 1 0 \d+ \d+\n)+\z/,
     'load: no request is sent behind it');
served('another status', 1, qr/^others [1-9]/m, [$page =~ s/200/500/r],
       '-t', 1, '-r', 50);
served('no length', 1, qr/^broken [1-9]/m, ["HTTP/1.1 200 OK\r\n\r\n"],
       '-t', 1, '-r', 50);
served('a body that is too long', 1, qr/^broken [1-9]/m, ["${page}def"],
       '-t', 1, '-r', 50);
served('no answer', 1, qr/^answered 0$/m, [], '-t', 1, '-r', 50);


# ---- the drill -------------------------------------------------------------

$ENV{BUILD} = "$dir/build";
$ENV{TMPDIR} = "$dir/tmp";
$ENV{MODULE} = $ENV{TEST_NGINX_JOURNEY_MODULE};
$ENV{JOURNEY} = $ENV{TEST_NGINX_JOURNEY_COMMAND};
$ENV{NGINX_BINARY} = $ENV{TEST_NGINX_BINARY} if $ENV{TEST_NGINX_BINARY};

if (($ENV{NGINX_BINARY} // '/') !~ m{/}) {
    ($ENV{NGINX_BINARY}) = grep { -x } map { "$_/$ENV{NGINX_BINARY}" }
                           split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin';
}

my $drill = "$root/scripts/drill.sh";

# What has a file of the drill's open, or names one.
sub left {
    my @left;

    for my $pid (map { m{(\d+)$} } glob '/proc/[0-9]*') {
        next if $pid == $$;

        my $line = eval { slurp("/proc/$pid/cmdline") } // '';
        my @open = map { readlink($_) // () } glob "/proc/$pid/fd/*";

        push @left, "$pid $line" if grep { index($_, "$dir/tmp/") >= 0 }
                                         $line, @open;
    }

    push @left, grep { index($_, $dir) >= 0 }
                     split /\n/, slurp('/proc/mounts');

    return @left;
}

sub clean {
    my ($name) = @_;
    my $until = time() + 60;

    sleep 0.1 while left() && time() < $until;

    my @left = left();
    is(scalar @left, 0, "$name: no process and no mount is left")
        or diag(join "\n", @left);
}


for my $options ([], ['--no-mount']) {
    for my $signal (@$options ? qw(INT KILL) : qw(TERM KILL)) {
        spew("$dir/said", '');

        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            open STDOUT, '>', "$dir/said" or POSIX::_exit(126);
            open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
            $SIG{INT} = 'DEFAULT';
            exec $drill, '--seconds', 60, '--rate', 500, @$options, 'kill'
                or POSIX::_exit(127);
        }

        my $until = time() + 60;

        sleep 0.1 while time() < $until
                        && slurp("$dir/said") !~ /a worker is killed/;
        sleep 0.3;

        my $name = join ' ', $signal, 'to the drill', @$options;

        cmp_ok(scalar left(), '>=', 1, "$name: it runs");
        kill $signal, $pid;
        waitpid $pid, 0;
        isnt($?, 0, "$name: that is no success");
        clean($name);
    }
}

is((run($drill, @$_))[0], 2, "usage: @$_")
    for ['--seconds'], ['--seconds', 'x'], ['--rate', 0], ['--nonsense'],
        ['nonsense'];

# Other tests run beside this one: no rate is asked for.
my ($code, $out) = run($drill, '--seconds', 6, '--rate', 2000, '--every', 0.5);

is($code, 0, 'a short drill: nothing is lost') or diag($out);
clean('a short drill');

my %table = map { /^(\S[\w -]*?) {2,}(-?[\d,]+)(?: {3}|$)/
                  ? ($1 => $2 =~ tr/,//dr) : () } split /\n/, $out;

cmp_ok($table{'requests answered'} // 0, '>', 4000, 'requests were answered');
cmp_ok($table{'events found'} // 0, '>', 4000, 'events were found');
is($table{$_}, 0, "the table: $_")
    for qw(lost doubled torn dropped), 'never asked for',
        'not answered by 200';
like($out, qr/^[1-9]\d* kills -9, of them /m, 'workers were killed');
like($out, qr/\b[1-9]\d* $_\b.* a write to the log/,
     "one of them $_ a write") for qw(before amid after);
like($out, qr/\b[1-9]\d* x $_\b/, "the drill \"$_\" was run")
    for qw(disk reload workers rename usr1 torn upgrade);

my ($counted, $missing) =
    $out =~ /([\d]+) events were dropped by the counter, (\d+) are missing/;

cmp_ok($counted // 0, '>', 0, 'the overflow: events were dropped');
is($missing, $counted, 'the overflow: as many are missing');

($code, $out) = run($drill, '--seconds', 2, '--rate', 1000, '--no-mount',
                    'disk');
like($out, qr/RLIMIT_FSIZE/, 'without a mount: says what it uses');
is($code, 0, 'without a mount: nothing is lost') or diag($out);
clean('without a mount');

done_testing();
