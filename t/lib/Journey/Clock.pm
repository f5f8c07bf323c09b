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

use strict;
use warnings;

use POSIX ();
use Test::More ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use base 'Exporter';

our @EXPORT_OK = qw(now took quick cpu middle);


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
        open my $in, '<', "/proc/$pid/stat" or die "/proc/$pid/stat: $!";
        my ($rest) = <$in> =~ /^\d+ \(.*\) (.*)/s;
        my @fields = split ' ', $rest;

        $ticks += $fields[11] + $fields[12];
    }

    return $ticks / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
}


# The median, which a few that stood still do not move.

sub middle {
    my @sorted = sort { $a <=> $b } @_;

    return @sorted ? $sorted[@sorted / 2] : 0;
}

1;
