#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# kill.pl PIDFILE LOG SECONDS
#
# Kills a worker with -9 every SECONDS until SIGTERM: one of any of the masters
# that run by PIDFILE and PIDFILE.oldbin, one that is about to leave, too.
# Every other time it waits for LOG to grow and kills then, so that workers die
# between a write and what they note about it; the others die wherever they
# are.  At the end stdout says how many were killed, and how many of them when
# LOG had just grown.

use strict;
use warnings;

use Time::HiRes qw(sleep time);

my ($pid_file, $log, $seconds) = @ARGV;

if (@ARGV != 3 || $seconds !~ /^\d*\.?\d+$/ || $seconds <= 0) {
    print STDERR "usage: kill.pl PIDFILE LOG SECONDS\n";
    exit 2;
}

my ($ends, $killed, $aimed) = (0, 0, 0);

$SIG{TERM} = $SIG{INT} = sub { $ends = 1; };


sub slurp {
    my $name = shift;

    open my $in, '<', $name or return '';
    local $/;
    return scalar(<$in>) // '';
}


# Children of the masters that call themselves workers: not a master that
# another one began, nor what has been forked a moment ago.

sub workers {
    my %masters = map { $_ => 1 } map { slurp($_) =~ /^(\d+)/ }
                  $pid_file, "$pid_file.oldbin";
    my @found;

    for my $file (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $parent) =
            slurp($file) =~ /^(\d+) \(.*\) ([A-Z]) (\d+) / or next;

        push @found, $pid
            if $masters{$parent} && $state ne 'Z'
               && slurp("/proc/$pid/cmdline") =~ /^nginx: worker process/;
    }

    return @found;
}


# True when the log grew within half a second.

sub grown {
    my $size = -s $log || 0;
    my $until = time() + 0.5;

    while (!$ends && time() < $until) {
        for (1 .. 100) {
            return 1 if (-s $log || 0) != $size;
        }
    }

    return 0;
}


my $next = time() + $seconds;

for (my $n = 0; !$ends; $n++) {
    my $wait = $next - time();

    sleep $wait if $wait > 0;
    last if $ends;
    $next += $seconds;
    $next = time() if $next < time();

    my @workers = workers();
    next if !@workers;

    my $worker = $workers[rand @workers];
    my $grown = $n % 2 && grown();

    if (kill 'KILL', $worker) {
        $killed++;
        $aimed++ if $grown;
    }
}

print "killed $killed\naimed $aimed\n";
