# Copyright (C) ngx_journey_module contributors
#
# What each number means, told by hand: the sentences of the definitions one
# by one, those of no test of their own above all.  Then that a report's
# tables are those of their commands, and that the same input gives the same
# bytes, whatever the order of threads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $DAY = 86_400_000;
my $T = 1_795_321_780_000;              # 2026-11-22, a Sunday, 04:29:40 UTC


# ---- the same bytes --------------------------------------------------------

# Numbers that come out the same everywhere.
{
    my $state = 7;

    sub dice {
        $state = ($state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return int($state / 65_536) % $_[0];
    }
}

# Visitors whose moments, counts and sums tie or nearly do: what is added in
# another order has other last digits, what is sorted by nothing else keeps the
# order of threads.
my @channels = map { "channel$_" } 1 .. 9, 'direct';
my @people;

for my $n (1 .. 600) {
    my $person = $n % 7 == 0;
    my %v = (v => id($n % 11 ? 'c' : 'h', 'd' . ($person ? $n - $n % 2 : $n)
                                         . ($person && $n % 2 ? 'x' : '')),
             j => 1, h => ('a.example', 'b.example', 'c.example')[dice(3)],
             dev => 'mobile', cc => ('DE', 'FR', 'AT')[dice(3)],
             $person ? (u => 'user' . int($n / 14)) : ());
    my ($t, $touches, @own) = ($T + $DAY * dice(20), 0);

    for my $s (1 .. 1 + dice(4)) {
        $t += 60_000 * (1 + dice(3)) * 60;

        my $channel = $channels[dice(10)];

        $touches++;
        push @own, { t => $t, %v, s => $s, k => 'page', p => '/' . dice(6),
                     ph => "phase" . ($n % 3 + 1), pn => 1 + dice(3),
                     fs => 20_770 + dice(9), ms => dice(900),
                     ch => $channel, src => "s" . dice(4),
                     cmp => "c" . dice(4), med => 'm', why => 'utm' };
        push @own, { t => $t + 1000 * dice(3), %v, s => $s, k => 'page',
                     p => '/' . dice(6), ms => dice(900),
                     ph => "other" . ($n % 4), pn => 1 + dice(4) };
        push @own, { t => $t + 5000, %v, s => $s, k => 'goal', p => '/done',
                     goal => "goal" . dice(3), done => dice(2),
                     val => (1 + dice(100_000)) / 7 * 10 ** (dice(5) - 2),
                     cur => ('EUR', 'USD')[dice(2)], ord => "order$n-$s",
                     wn => $touches + (dice(9) == 0),
                     w => [map { $channels[dice(10)] } 1 .. 2] }
            if dice(2);
    }

    delete $_->{done} for grep { !$_->{done} } @own;
    push @people, \@own;
}

my $members = spew(join '', map { member(lines(@$_)) } @people);
my $single = spew(foreign(lines(map { @$_ } @people)));

# What lies where is asked of one visitor's events alone: persons apart, who
# comes first makes no difference.
my @browsers = grep { !exists $_->[0]{u} } @people;
my $forwards = spew(join '', map { member(lines(@$_)) } @browsers);
my $backwards = spew(join '', map { member(lines(@$_)) } reverse @browsers);

my @commands = (
    (map { [$_] } qw(channels campaigns phases goals paths content retention
                     geo time direct)),
    ['funnel', '--funnel', '/*,/done,goal:*'],
    ['attribution', '--order', 'auto', '--bootstrap', 20],
    ['attribution', '--touch', 'campaign', '--order', 3],
    ['attribution', '--min-visitors', 60], ['report', '--min-visitors', 70],
    ['report']
);

for my $command (@commands) {
    for my $form ('--json', '--csv', undef) {
        my @args = (@$command, defined $form ? $form : ());

        for ([defined $form && $form eq '--json' ? ($members) x 10 : $members,
              $single], [$forwards, $backwards])
        {
            my %bytes;

            for my $file (@$_) {
                my ($code, $out) = journey(@args, $file);

                $bytes{"$code $out"}++;
            }

            is(scalar keys %bytes, 1, "@args: always the same bytes");
            like((keys %bytes)[0], qr/\A0 ./, 'and some');
        }
    }
}

{
    my %pages;

    for my $file (($members) x 4, $single) {
        my ($code, $out) = journey('report', '--html', '-', $file);

        # the moment at which it was made

        $out =~ s/\d{4}-\d\d-\d\d \d\d:\d\d UTC//g;
        $pages{"$code $out"}++;
    }

    is(scalar keys %pages, 1, 'report --html: always the same page');
}


# ---- a report's tables are those of their commands ------------------------

{
    my ($report, $code) = journey_data('report', '--json', $members);
    my ($rc, $csv) = journey('report', '--csv', $members);
    my %seen = (summary => 1);

    is($code, 0, 'report --json');
    is($rc, 0, 'report --csv');

    for my $command (qw(channels campaigns phases goals attribution pages
                        paths time direct retention geo content))
    {
        next if $command eq 'pages';

        my ($alone) = journey_data($command, '--json', $members);
        my ($ok, $lines) = journey($command, '--csv', $members);

        for my $table (sort keys %$alone) {
            is_deeply($report->{$table}, $alone->{$table},
                      "report: $table is that of $command");
            $seen{$table} = 1;
        }

        ok(index($csv, $lines) >= 0, "so is the CSV of $command");
    }

    is(join(' ', grep { !$seen{$_} } sort keys %$report), 'pages',
       'no other table, but for pages, which no command has');

    ($report) = journey_data('report', '--json', '--min-visitors', 40,
                             '--limit', 3, '--goal', 'goal1', '--currency',
                             'usd', $members);
    my ($alone) = journey_data('attribution', '--json', '--min-visitors', 40,
                               '--limit', 3, '--goal', 'goal1', '--currency',
                               'usd', $members);

    is_deeply($report->{$_}, $alone->{$_}, "$_: with options, too")
        for qw(attribution markov models);
}

done_testing();
