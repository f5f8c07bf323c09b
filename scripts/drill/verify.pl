#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# verify.pl [--dropped N] [--zero MS] [--complete] LIST FILE…
#
# Holds the log FILE… against what scripts/drill/load.c says in LIST that has
# to be there.  Reads the files by zcat from end to end, as anybody would.
#
#   answered   requests that were answered, by LIST
#   found      events of these, and of requests that were under way
#   lost       events that must be there and are not
#   doubled    lines too many of an event
#   torn       lines that are no whole event, files that zcat cannot read to
#              the end
#   strangers  whole events of requests that nobody sent
#
#   --dropped N  so many events were dropped and counted: they are not lost
#   --zero MS    examples on stderr tell seconds since then
#   --complete   nobody was killed: each connection's last answer has its event
#
# Exit code 1 unless all but the first two are 0; 2 when there is nothing to
# judge by.

use strict;
use warnings;

my ($dropped, $zero, $complete) = (0, 0, 0);

while (@ARGV && $ARGV[0] =~ /^--/) {
    my $option = shift;

    if ($option eq '--complete') {
        $complete = 1;
    } elsif ($option eq '--dropped' && ($ARGV[0] // '') =~ /^\d+$/) {
        $dropped = shift;
    } elsif ($option eq '--zero' && ($ARGV[0] // '') =~ /^\d+$/) {
        $zero = shift;
    } else {
        usage();
    }
}

usage() if @ARGV < 2;

my ($list, @files) = @ARGV;

# By a connection's number: how many of its events must, and may, be there;
# which were seen, a bit each; began and ended.
my (@must, @may, @seen, @times);
my %count = map { $_ => 0 } qw(answered found lost doubled torn strangers);
my %shown;


sub usage {
    print STDERR "usage: verify.pl [--dropped N] [--zero MS] [--complete] ",
                 "LIST FILE...\n";
    exit 2;
}


# The first ten of a kind, on stderr.

sub example {
    my ($kind, $text) = @_;

    print STDERR "verify: $kind: $text\n" if $shown{$kind}++ < 10;
}


sub read_list {
    open my $in, '<', $list or die "verify: $list: $!\n";

    while (my $line = <$in>) {
        my ($c, $sure, $open, $sent, $began, $ended) =
            $line =~ /^(\d+) (\d+) ([01]) ([01]) (\d+) (\d+)\n\z/
            or die "verify: $list:$.: not a line of the load's\n";

        die "verify: $list:$.: connection $c comes twice\n"
            if defined $may[$c];

        $must[$c] = $complete ? $sure + $open : $sure;
        $may[$c] = $sure + $open + $sent;
        $seen[$c] = '';
        $times[$c] = [$began, $ended];
        $count{answered} += $sure + $open;
    }

    die "verify: $list: nothing was answered\n" if $count{answered} == 0;
}


sub read_log {
    my $file = shift;

    return if -z $file;                     # made, and then the disk was full

    open my $in, '-|', 'zcat', '--', $file or die "verify: zcat: $!\n";

    my $last = '';

    while (my $line = <$in>) {

        # An event of the load's, from end to end.  Keys behind "p" may come
        # and go, those before it are the beginning of every line.
        if ($line !~ m<^\{"t":\d{13},(?:"v":"[ch][\w-]{16}","j":\d+,"s":\d+,)?
                       "k":"page","h":"[\w.-]+","p":"/d/(\d{1,9})/(\d{1,9})"
                       (?:,"(?!(?:t|v|j|s|k|h|p)")[a-z]+":
                          (?:"[^"\\\x00-\x1f]*"|\d+))*\}\n\z>x)
        {
            # a file's end without a line's is what zcat complains about, too
            if ($line !~ /\n\z/) {
                $last = $line;
                last;
            }

            $count{torn}++;
            chomp $line;
            example('torn', "$file:$.: " . substr $line, 0, 120);
            next;
        }

        if (!defined $may[$1] || $2 < 1 || $2 > $may[$1]) {
            $count{strangers}++;
            example('strangers', "$file:$.: /d/$1/$2");

        } elsif (vec $seen[$1], $2, 1) {
            $count{doubled}++;
            example('doubled', "$file:$.: /d/$1/$2" . during($1));

        } else {
            vec($seen[$1], $2, 1) = 1;
            $count{found}++;
        }
    }

    my $lines = $.;

    if (!close $in || $last ne '') {
        $count{torn}++;
        example('torn', "$file: zcat reads $lines lines, then no more");
    }
}


sub during {
    my $c = shift;

    return sprintf ' (its connection: %.3f to %.3f s)',
                   map { ($_ - $zero) / 1000 } @{ $times[$c] };
}


# What was not seen, by ranges; returns their descriptions.

sub missing {
    my @ranges;

    for my $c (grep { $must[$_] } 1 .. $#must) {
        my ($first, $n) = (undef, $must[$c]);

        # bits 1 to n: most connections have them all
        my $bits = unpack 'b*', $seen[$c] . "\0";
        next if (substr($bits, 1, $n) =~ tr/1//) == $n;

        for (1 .. $n + 1) {
            if ($_ <= $n && !vec $seen[$c], $_, 1) {
                $count{lost}++;
                $first = $_ if !defined $first;

            } elsif (defined $first) {
                push @ranges, "/d/$c/$first to " . ($_ - 1) . " of $n"
                              . during($c);
                undef $first;
            }
        }
    }

    return @ranges;
}


if (!eval { read_list(); 1 }) {
    print STDERR $@;
    exit 2;
}

read_log($_) for @files;
my @ranges = missing();

# What was counted as dropped is missing, but not lost.  A counter that counts
# more than is missing is wrong, too.
$count{dropped} = $dropped;
$count{lost} -= $dropped;

if ($count{lost} != 0) {
    example('lost', $_) for @ranges;
}

print "$_ $count{$_}\n"
    for qw(answered found lost doubled torn strangers dropped);

exit(grep({ $count{$_} != 0 } qw(lost doubled torn strangers)) ? 1 : 0);
