package Journey::Clock;

# Copyright (C) ngx_journey_module contributors
#
# Time, measured on a machine that is slow and busy: any process may stand
# still for seconds at any point.  What a test says of time has to hold there,
# and still fail for the wait that it is about:
#
#     quick(0.3, 'at once', sub { journey('check', $path) });
#     my $before = cpu($nginx->workers);
#     cmp_ok(cpu($nginx->workers) - $before, '<', 1, 'little work');
#     cmp_ok(middle(@seconds), '<', 0.02, 'most are quick');
#     has_read($pid, $path);

use strict;
use warnings;

use POSIX ();
use Test::More ();
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

use base 'Exporter';

our @EXPORT_OK = qw(now took quick cpu middle has_read);


# Seconds that no change of the clock moves.

sub now { return clock_gettime(CLOCK_MONOTONIC); }


# How long it takes.

sub took {
    my $what = shift;
    my $began = now();

    $what->();
    return now() - $began;
}


# Passes when one of up to 50 tries (or as many) takes less than the limit: a
# machine delays some, what waits by itself delays all.  A try that returns a
# reference to a number says itself how long it took.

sub quick {
    my ($limit, $name, $try, $tries) = @_;
    my $least;

    for (1 .. $tries || 50) {
        my $said;
        my $took = took(sub { $said = $try->() });

        $took = $$said if ref $said eq 'SCALAR';
        $least = $took if !defined $least || $took < $least;
        last if $least < $limit;
    }

    return Test::More::cmp_ok($least, '<', $limit,
                              sprintf '%s (%.3f s)', $name, $least);
}


# The processor time that processes have had, in seconds: how busy the machine
# is otherwise does not matter to it.

sub cpu {
    my $ticks = 0;

    for my $pid (@_) {
        my ($rest) = text("/proc/$pid/stat") =~ /^\d+ \(.*\) (.*)/s;
        my @fields = split ' ', $rest;

        $ticks += $fields[11] + $fields[12];
    }

    return $ticks / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
}


# Waits until a process has read a file to the end that it has now.  False when
# the process ended before, or when it may have done so a while ago.

sub has_read {
    my ($pid, $path) = @_;
    my $inode = (stat $path)[1];
    my $until = now() + 60;
    my $last;

    while (now() < $until) {
        my $again = defined $last && now() - $last > 0.2;

        return 0 if text("/proc/$pid/stat") =~ /^\d+ \(.*\) Z/;

        for my $fd (glob "/proc/$pid/fd/*") {
            my $is = (stat $fd)[1];

            next if !defined $is || $is != $inode;
            (my $info = $fd) =~ s{/fd/}{/fdinfo/};

            return !$again
                if text($info) =~ /^pos:\s+(\d+)/ && $1 >= -s $path;
        }

        $last = now();
        sleep 0.005;
    }

    return 0;
}

sub text {
    open my $in, '<', shift or return '';
    local $/;
    my $text = <$in>;
    return defined $text ? $text : '';
}


# The median, which a few that stood still do not move.

sub middle {
    my @sorted = sort { $a <=> $b } @_;

    return @sorted ? $sorted[@sorted / 2] : 0;
}

1;
