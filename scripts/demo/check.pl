#!/usr/bin/perl
# Copyright (C) ngx_journey_module contributors
#
# check.pl TRAFFIC LOG REPORT: what the visitors did (traffic.pl's lines) has
# to be what nginx has logged, event by event, and what the command reports
# ("journey report --json").  Says what differs; exit code 1 then.

use strict;
use warnings;

use IO::Uncompress::Gunzip qw($GunzipError);
use JSON::PP;

my ($traffic, $log, $report) = @ARGV;
die "usage: check.pl TRAFFIC LOG REPORT\n" if !defined $report;

my (%did, %logged, $differ);

open my $in, '<', $traffic or die "$traffic: $!\n";

while (<$in>) {
    $did{$1} = $2 if /^(\w+) ([\d.]+)$/;
}

close $in;

my $lines = IO::Uncompress::Gunzip->new($log, MultiStream => 1)
    or die "$log: $GunzipError\n";

while (my $line = $lines->getline) {
    $logged{decode_json($line)->{k}}++;
}

open $in, '<', $report or die "$report: $!\n";
my $summary = do { local $/; decode_json(<$in>)->{summary} };
close $in;

sub compare {
    my ($what, $got, $want) = @_;

    $got = 'nothing' if !defined $got;
    return if $got ne 'nothing' && abs($got - $want) < 0.001;

    print STDERR "$what $got, but $want were made\n";
    $differ = 1;
}

compare("logged: ${_}s", $logged{$_} || 0, $did{"${_}s"})
    for qw(page goal error);
compare("reported: $_", $summary->{$_}, $did{$_})
    for qw(visitors sessions conversions value);
compare('reported: events', $summary->{events},
        $did{pages} + $did{goals} + $did{errors});

exit($differ ? 1 : 0);
