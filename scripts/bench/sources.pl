#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# sources.pl table TIMES     < SOURCES    the table TIMES as large: each entry
#                                         again under other keys and hosts
# sources.pl referrers       < SOURCES    a referrer of each pattern of a host,
#                                         and as many that no pattern matches
# sources.pl visits COUNT    < SOURCES    lines for "journey classify"

use strict;
use warnings;

my ($what, $count) = @ARGV;
my @entries;

while (<STDIN>) {
    next if /^\s*(?:#|$)/;
    push @entries, [/\G\s*("[^"]*"|[^\s"#]+)/g];
}

# The pattern's twin in copy number N, of the same length of labels or so.
sub twin {
    my ($pattern, $n) = @_;

    return $pattern =~ s/^("?)(app|alias):/$1$2:copy$n./r
        if $pattern =~ /^"?(?:app|alias):/;
    return $pattern =~ s/^([^.]*?)(-?\*?\.\*\*)$/$1$n$2/r
        if $pattern =~ /\*\*$/;
    return $pattern =~ s{(\.(?:\*|[^./]+)(?:/.*)?)$}{$n$1}r;
}

sub hosts {
    return map { s/^=//; s/-\*\.\*\*$/-x.example/; s/\.\*\*$/.some.example/;
                 s{\.\*(?=/|$)}{.de}; $_ }
           grep { !/^"?(?:app|alias):/ }
           map { my @words = @$_; @words[3 .. $#words] } @entries;
}

if ($what eq 'table') {
    for my $n (1 .. $count) {
        for (@entries) {
            my ($kind, $key, $name, @patterns) = @$_;

            $key .= ".$n" if $n > 1;
            @patterns = map { twin($_, $n) } @patterns if $n > 1;
            print join(' ', $kind, $key, $name, @patterns), "\n";
        }
    }

} elsif ($what eq 'referrers') {
    for (hosts()) {
        print "https://$_\n";
        print "https://www.not-$_\n";
    }

} elsif ($what eq 'visits') {
    my @hosts = hosts();
    my @agents = (
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML,'
        . ' like Gecko) Chrome/141.0.0.0 Safari/537.36',
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/'
        . '605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/'
        . '604.1',
        'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/'
        . '144.0',
        'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot'
        . '.html)',
    );
    my @queries = ('', '', '', '?page=2', '?gclid=EAIaIQobChMI',
                   '?utm_source=newsletter&utm_medium=email&utm_campaign='
                   . 'spring%20sale');

    for my $i (0 .. $count - 1) {
        my $referrer = $i % 4 == 0 ? '' : sprintf ',"referrer":"https://%s"',
                           $hosts[$i * 7919 % @hosts];

        printf qq({"url":"https://shop.example/products/%d%s","agent":"%s"%s}\n),
               $i % 1000, $queries[$i % @queries],
               $agents[int($i / 3) % @agents], $referrer;
    }

} else {
    die "sources.pl table TIMES | referrers | visits COUNT\n";
}
