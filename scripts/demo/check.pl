#!/usr/bin/perl
# Copyright (C) ngx_journey_module contributors
#
# check.pl TRAFFIC LOG REPORT STATUS: what the visitors did (traffic.pl's lines)
# has to be what nginx has logged, event by event, what the command reports
# ("journey report --json"), and what nginx counted (journey_status).  Says what
# differs; exit code 1 then.

use strict;
use warnings;

use IO::Uncompress::Gunzip qw($GunzipError);
use JSON::PP;

my ($traffic, $log, $report, $status) = @ARGV;
die "usage: check.pl TRAFFIC LOG REPORT STATUS\n" if !defined $status;

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

sub object {
    my $file = shift;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return decode_json(<$in>);
}

$report = object($report);
$status = object($status);

sub compare {
    my ($what, $got, $want) = @_;

    $got = 'nothing' if !defined $got;
    return if $got ne 'nothing' && abs($got - $want) < 0.001;

    print STDERR "$what $got, but $want were made\n";
    $differ = 1;
}

for my $kind (qw(page goal error click pixel)) {
    compare("logged: ${kind}s", $logged{$kind} || 0, $did{"${kind}s"});
    compare("counted: ${kind}s", $status->{events}{$kind}, $did{"${kind}s"});
}

compare("reported: $_", $report->{summary}{$_}, $did{$_})
    for qw(visitors sessions conversions value);
compare('reported: events', $report->{summary}{events},
        $did{pages} + $did{goals} + $did{errors} + $did{clicks}
        + $did{pixels});

# Orders are what the application says; signup and review nginx sees itself.
my %goal = map { $_->{goal} => $_ } @{ $report->{goals} };

compare('reported: orders', $goal{purchase}{conversions}, $did{conversions});
compare('reported: their value', $goal{purchase}{value}, $did{value});
compare('reported: orders of nobody', $goal{purchase}{without_visitor}, 0);

my %campaign = map { $_->{source} => $_ } @{ $report->{campaigns} };

compare("reported: clicks of the $_", $campaign{$_}{clicks},
        $did{"clicks_$_"})
    for qw(newsletter poster parcel);
compare('reported: views', $campaign{newsletter}{views}, $did{pixels});

exit($differ ? 1 : 0);
