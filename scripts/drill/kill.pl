#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# kill.pl PIDFILE DEATH SECONDS
#
# Kills a worker with -9 every SECONDS until SIGTERM: one of any of the masters
# that run by PIDFILE and PIDFILE.oldbin, one that is about to leave, too, and
# every fifth time all of them at once.  Every other time a worker dies in the
# middle of its appending to the log, by scripts/drill/death.c, whose file is
# DEATH: before the write, when half is written, after it, in turn.  At the end
# stdout says how many died, and how many of them in which way.
#
# kill.pl --half DEATH LOG NAME
#
# Lets one die when half is written, and renames LOG to NAME at once.

use strict;
use warnings;

use Time::HiRes qw(sleep time);

my $half = @ARGV == 4 && $ARGV[0] eq '--half';
my ($pid_file, $death, $seconds) = @ARGV;

if (!$half && (@ARGV != 3 || $seconds !~ /^\d*\.?\d+$/ || $seconds <= 0)) {
    print STDERR "usage: kill.pl PIDFILE DEATH SECONDS\n";
    exit 2;
}

my ($ends, $killed) = (0, 0);
my @ways = qw(before half after);
my %died = map { $_ => 0 } @ways;

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


# True when a worker died in the middle of its next write, within a second.

sub die_writing {
    my $way = shift;
    my $until = time() + 1;
    my $when;

    open my $file, '+<:unix', $death or die "kill.pl: $death: $!\n";
    syswrite $file, substr $way, 0, 1;

    do {
        sleep $half ? 0.0005 : 0.005;
        sysseek $file, 0, 0;
        sysread $file, $when, 1;
        return 1 if $when eq "\0";
    } while (!$ends && time() < $until);

    sysseek $file, 0, 0;
    syswrite $file, "\0";
    return 0;
}


if ($half) {
    exit 1 if !die_writing('half');
    rename $ARGV[2], $ARGV[3] or die "kill.pl: $ARGV[2]: $!\n";
    exit 0;
}

my $next = time() + $seconds;

for (my $n = 0; !$ends; $n++) {
    my $wait = $next - time();

    sleep $wait if $wait > 0;
    last if $ends;
    $next += $seconds;
    $next = time() if $next < time();

    if ($n % 2) {
        my $way = $ways[($n >> 1) % @ways];

        if (die_writing($way)) {
            $killed++;
            $died{$way}++;
            next;
        }
    }

    my @workers = workers();
    next if !@workers;

    @workers = $workers[rand @workers] if $n % 5 != 4;
    $killed += kill 'KILL', @workers;
}

print "killed $killed\n", map { "$_ $died{$_}\n" } @ways;
