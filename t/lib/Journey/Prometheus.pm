package Journey::Prometheus;

# Copyright (C) ngx_journey_module contributors
#
# A strict reader of the Prometheus text format, version 0.0.4: what a lenient
# one lets pass is an error here, too (a metric without HELP and TYPE, series of
# a metric that do not stand together, a counter without "_total").
#
#     my ($metrics, @errors) = read_metrics($text);
#     $metrics->{journey_events_total}{type}                 counter
#     $metrics->{journey_events_total}{series}{'kind="page"'}  3

use strict;
use warnings;

use base 'Exporter';

our @EXPORT_OK = qw(read_metrics);

my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label = qr/[a-zA-Z_][a-zA-Z0-9_]*/;
my $value = qr/"((?:[^\\"\n]|\\[\\"n])*)"/;
my $number = qr/[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|Inf)|NaN/;


sub read_metrics {
    my $text = shift;
    my (%metrics, @errors, $current);
    my $n = 0;
    my $wrong = sub { push @errors, "line $n: $_[0]" };

    push @errors, 'no line feed at the end' if $text !~ /\n\z/;
    push @errors, 'a carriage return' if $text =~ /\r/;
    push @errors, 'not UTF-8' if !utf8::decode(my $copy = $text);

    for my $line (split /\n/, $text, -1) {
        $n++;
        next if $line eq '';

        if ($line =~ /^# HELP ($name) (.+)$/) {
            my ($metric, $help) = ($1, $2);

            $wrong->("$metric: a second HELP") if $metrics{$metric};
            $wrong->("$metric: no text") if $help !~ /\w/;
            $wrong->("$metric: a wrong escape in HELP")
                if $help =~ /\\(?![\\n])/;
            $metrics{$metric} = { help => $help, series => {} };
            $current = $metric;
            next;
        }

        if ($line =~ /^# TYPE ($name) (counter|gauge)$/) {
            my ($metric, $type) = ($1, $2);

            if (!defined $current || $current ne $metric) {
                $wrong->("$metric: TYPE without its HELP before it");
                next;
            }

            $wrong->("$metric: a second TYPE") if $metrics{$metric}{type};
            $wrong->("$metric: TYPE behind a series")
                if %{ $metrics{$metric}{series} };
            $wrong->("$metric: a counter ends in _total, nothing else does")
                if ($type eq 'counter') != ($metric =~ /_total$/);
            $metrics{$metric}{type} = $type;
            next;
        }

        if ($line !~ /^($name)(?:\{(.*)\})? ($number)$/) {
            $wrong->("neither a comment nor a series: $line");
            next;
        }

        my ($metric, $labels, $is) = ($1, $2, $3);

        if (!defined $current || $current ne $metric) {
            $wrong->("$metric: not with the others");
        }

        if (!defined $metrics{$metric}{type}) {
            $wrong->("$metric: no TYPE");
        }

        if (defined $labels) {
            my %seen;
            my $rest = $labels;

            while ($rest =~ s/^($label)=$value(?:,|$)//) {
                $wrong->("$metric: $1 twice") if $seen{$1}++;
                $wrong->("$metric: reserved label $1") if $1 =~ /^__/;
            }

            $wrong->("$metric: labels: $rest") if $rest ne '';
            $wrong->("$metric: no label") if !%seen;
            $wrong->("$metric: a comma at the end") if $labels =~ /,$/;
        }

        $labels = '' if !defined $labels;
        $wrong->("$metric\{$labels}: twice")
            if exists $metrics{$metric}{series}{$labels};
        $wrong->("$metric: a counter below 0")
            if $metric =~ /_total$/ && $is =~ /^-|NaN/;
        $metrics{$metric}{series}{$labels} = $is;
    }

    for my $metric (sort keys %metrics) {
        push @errors, "$metric: no TYPE" if !$metrics{$metric}{type};
    }

    return (\%metrics, @errors);
}

1;
