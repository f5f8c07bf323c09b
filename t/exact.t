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


# ---- from events to credits, by definition ---------------------------------

# All that attribution says of a log, from its definition alone: conversions
# and what they are, paths, nine models.  No shortcut is taken: Shapley's value
# goes over all sets, Markov chains are solved as full matrices.

sub lookback { return $_[0]{lookback} || 90 * $DAY; }

# [item, t] of each touch -> the same, as options have it.
sub path_of {
    my ($o, $now, @touches) = @_;
    my @path;

    @touches = grep { $now - $_->[1] <= lookback($o) } @touches
        if defined $now;
    @touches = grep { $_->[2] ne 'direct' } @touches if $o->{no_direct};

    for (@touches) {
        if (@path && $path[-1][0] eq $_->[0] && !$o->{repeats}) {
            $path[-1][1] = $_->[1];
            next;
        }

        push @path, [$_->[0], $_->[1]];
    }

    return @path;
}

sub item {
    my ($o, $e) = @_;
    my $what = $o->{touch} || 'channel';

    return $e->{ch} if $what eq 'channel';
    return $e->{src} || ($e->{ch} eq 'direct' ? '(direct)' : '(none)')
        if $what eq 'source';
    return $e->{cmp} || ($e->{ch} eq 'direct' ? '(direct)' : '(none)');
}

sub paths_of {
    my ($o, @events) = @_;
    my %said = (unattributed => 0, without_visitor => 0, incomplete => 0,
                conversions => 0, nulls => 0, aged => 0, negative => 0);
    my (%journeys, %known, %converts, @goals, %currencies, @paths);
    my $n = 0;

    $_->{place} = ++$n for @events;
    @events = sort { $a->{t} <=> $b->{t}
                     || ($a->{k} eq 'goal') <=> ($b->{k} eq 'goal')
                     || $a->{place} <=> $b->{place} }
              grep { !$_->{pf} } @events;

    my $done = grep { $_->{done} } @events;

    for (grep { $_->{k} eq 'goal' } @events) {
        next if !defined $_->{v} && !defined $_->{ord} ? 0
                : $known{defined $_->{ord} ? "$_->{goal} $_->{ord}"
                         : "$_->{goal} $_->{v} $_->{s} -"}++;
        next if $o->{goal} ? $_->{goal} ne $o->{goal} : $done && !$_->{done};
        $converts{$_->{place}} = 1;
        $currencies{$_->{cur}}++ if defined $_->{val};
    }

    my ($currency) = sort { $currencies{$b} <=> $currencies{$a}
                            || $a cmp $b } keys %currencies;

    push @{ $journeys{defined $_->{v} ? "$_->{v} $_->{j}" : ''} }, $_
        for @events;

    for my $name (sort keys %journeys) {
        my (@touches, $converted);

        for my $e (@{ $journeys{$name} }) {
            push @touches, [item($o, $e), $e->{t}, $e->{ch}]
                if defined $e->{ch} && $name ne '';
            next if !$converts{$e->{place}};

            if ($name eq '') {
                $said{unattributed}++;
                $said{without_visitor}++;
                next;
            }

            my $value = defined $e->{val} && $e->{cur} eq $currency
                        ? $e->{val} : 0;
            my (@path, $known);

            $converted = 1;

            if ($value < 0) {
                $said{negative}++;
                $value = 0;
            }

            if (($e->{wn} || 0) > @touches && @{ $e->{w} || [] }) {
                $said{incomplete}++;
                next if $o->{touch} && $o->{touch} ne 'channel';
                @path = path_of($o, undef, map { [$_, 0, $_] } @{ $e->{w} });

            } else {
                @path = path_of($o, $e->{t}, @touches);
                $known = 1;
            }

            if (!@path) {
                $said{unattributed}++;
                next;
            }

            $said{conversions}++;
            $said{aged} += $known || 0;
            push @paths, { items => [map { $_->[0] } @path], c => 1, n => 0,
                           value => $value, known => $known, of => $name,
                           ages => [map { $e->{t} - $_->[1] } @path] };
        }

        next if $converted || !@touches;

        my @path = path_of($o, $touches[-1][1], @touches);

        next if !@path;
        $said{nulls}++;
        push @paths, { items => [map { $_->[0] } @path], c => 0, n => 1,
                       value => 0, known => 1, of => $name, ages => [] };
    }

    return (\%said, @paths);
}

# (I - P) x = b, by Gauss with pivots: x of row 0.
sub solve {
    my @m = @_;
    my $n = @m;

    for my $k (0 .. $n - 1) {
        my ($pivot) = sort { abs($m[$b][$k]) <=> abs($m[$a][$k]) }
                      $k .. $n - 1;

        @m[$k, $pivot] = @m[$pivot, $k];

        for my $i (0 .. $n - 1) {
            next if $i == $k || !$m[$i][$k];

            my $f = $m[$i][$k] / $m[$k][$k];

            $m[$i][$_] -= $f * $m[$k][$_] for $k .. $n;
        }
    }

    return $m[0][$n] / $m[0][0];
}

sub markov {
    my ($order, $which, $items, @paths) = @_;
    my (%state, %steps, %out, %gain, %effect, @names);
    my $name = sub {
        $state{$_[0]} = push(@names, $_[0]) - 1 if !exists $state{$_[0]};
        return $state{$_[0]};
    };

    $name->('');

    for my $p (@paths) {
        my @t = @{ $p->{items} };
        my $k = @t < $order ? @t : $order;
        my ($from, $last) = (0, '');

        for (0 .. @t - $k) {
            my $window = join ' > ', @t[$_ .. $_ + $k - 1];

            next if $window eq $last;

            my $to = $name->($window);

            $steps{$from}{$to}++;
            $out{$from}++;
            ($from, $last) = ($to, $window);
        }

        $out{$from}++;
        $gain{$from} += $which eq 'value' ? $p->{value} : $p->{c};
    }

    my $p = sub {
        my $without = $_[0];
        my @rows;

        for my $i (0 .. $#names) {
            my @row = (0) x (@names + 1);

            for (keys %{ $steps{$i} }) {
                $row[$_] -= $steps{$i}{$_} / $out{$i}
                    if !defined $without
                       || !grep { $_ eq $without } split / > /, $names[$_];
            }

            $row[$i] += 1;
            $row[-1] = ($gain{$i} || 0) / $out{$i};
            push @rows, \@row;
        }

        return solve(@rows);
    };

    my $all = @paths ? $p->() : 0;

    $effect{$_} = $all > 0 ? 1 - $p->($_) / $all : 0 for @$items;

    return ($all, \%effect);
}

sub models_of {
    my ($o, @paths) = @_;
    my %items = map { $_ => 1 } map { @{ $_->{items} } } @paths;
    my @items = sort keys %items;
    my %credit;

    for my $which ('conversions', 'value') {
        my $add = sub { $credit{$_[0]}{$_[1]}{$which} += $_[2]; };
        my $all = 0;

        for my $p (grep { $_->{c} } @paths) {
            my @t = @{ $p->{items} };
            my $n = @t;
            my $w = $which eq 'value' ? $p->{value} : 1;
            my ($named) = grep { !/\A\(?direct\)?\z/ } reverse @t;

            $all += $w;
            $add->('first', $t[0], $w);
            $add->('last', $t[-1], $w);
            $add->('last_non_direct', defined $named ? $named : $t[-1], $w);
            $add->('linear', $_, $w / $n) for @t;

            my @share = $n == 1 ? 1 : $n == 2 ? (0.5, 0.5)
                        : (0.4, (0.2 / ($n - 2)) x ($n - 2), 0.4);
            my @decay = map { 2 ** (-$_ / (7 * $DAY)) } @{ $p->{ages} };
            my $sum = 0;

            $sum += $_ for @decay;

            for (0 .. $n - 1) {
                $add->('position', $t[$_], $share[$_] * $w);
                $add->('time_decay', $t[$_], $decay[$_] / $sum * $w)
                    if $p->{known};
            }
        }

        # v(S): of the paths that lie within S, by bits
        my @worth = (0) x 2 ** @items;
        my %bit = map { $items[$_] => 2 ** $_ } 0 .. $#items;

        for my $p (grep { $_->{c} } @paths) {
            my $has = 0;

            $has |= $bit{$_} for @{ $p->{items} };

            for (0 .. $#worth) {
                $worth[$_] += $which eq 'value' ? $p->{value} : 1
                    if ($_ & $has) == $has;
            }
        }

        my @factorial = (1);
        my ($lost, %lost) = (0);

        push @factorial, $factorial[-1] * $_ for 1 .. @items;

        for my $c (@items) {
            for my $set (grep { !($_ & $bit{$c}) } 0 .. $#worth) {
                my $size = () = sprintf('%b', $set) =~ /1/g;

                $add->('shapley', $c, $factorial[$size]
                       * $factorial[@items - $size - 1] / $factorial[@items]
                       * ($worth[$set | $bit{$c}] - $worth[$set]));
            }

            $lost{$c} = $worth[-1] - $worth[$#worth & ~$bit{$c}];
            $lost += $lost{$c};
        }

        my ($p, $effect) = markov($o->{order} || 1, $which, \@items, @paths);
        my $effects = 0;

        $effects += $_ for values %$effect;

        for (@items) {
            $add->('counterfactual', $_, $lost ? $lost{$_} / $lost * $all : 0);
            $add->('markov', $_, $effects ? $effect->{$_} / $effects * $all
                                          : 0);
        }
    }

    return \%credit;
}

# A log of everything that paths are made of.
sub random_log {
    my @names = (qw(email direct organic_search referral));
    my $few = 2 + dice(3);
    my @events;

    for my $n (1 .. 3 + dice(25)) {
        my ($t, $s, $j, $known) = ($T - 200 * $DAY, 0, 1, 0);
        my %v = (v => id('c', "r$n"), h => 'shop.example', p => '/');

        for (1 .. 1 + dice(9)) {
            $t += $DAY / 4 * (1 + dice(dice(3) ? 8 : 60));
            $s++;

            if (dice(3)) {
                my $ch = $names[dice($few)];

                push @events, { t => $t, %v, j => $j, s => $s,
                                k => dice(4) ? 'page' : 'click', ch => $ch,
                                why => 'utm', $ch eq 'direct' ? ()
                                : (src => "src" . dice(2)),
                                dice(2) ? (cmp => "cmp" . dice(2)) : () };
                $known++;
            }

            if (dice(2)) {
                my $wn = dice(6) ? $known : $known + 1 + dice(2);

                push @events, { t => $t + 1000 * dice(2), %v, j => $j,
                                s => $s, k => 'goal', goal => "g" . dice(2),
                                dice(3) == 0 ? (done => 1) : (),
                                dice(3) ? (val => (dice(400) - 30) / 8,
                                           cur => ('EUR', 'USD')[dice(5) == 0])
                                        : (),
                                dice(3) ? () : (ord => 'o' . dice(90)),
                                $wn ? (wn => $wn, w => [map { $names[dice(4)] }
                                                        1 .. $wn]) : () };

                if ($events[-1]{done}) {
                    $j++;
                    $known = 0;
                }

                push @events, { %{ $events[-1] } } if dice(4) == 0;
            }

            push @events, { t => $t + 3000, %v, j => $j, s => $s, k => 'page',
                            pf => 1, ch => $names[dice(4)], why => 'utm' }
                if dice(6) == 0;
        }
    }

    push @events, { t => $T, k => 'goal', h => 'shop.example', p => '/',
                    goal => 'g0', done => 1, val => 4, cur => 'EUR',
                    ord => 'o' . dice(40) } for 1 .. dice(4);

    return @events;
}

{
    my ($wrong, $compared) = (0, 0);

    for my $round (1 .. 60) {
        my @events = random_log();
        my %o;

        $o{order} = 1 + dice(4);
        $o{lookback} = (1 + dice(24)) * $DAY / 4 if dice(3);
        $o{no_direct} = 1 if dice(2);
        $o{repeats} = 1 if dice(3) == 0;
        $o{touch} = ('source', 'campaign')[dice(2)] if dice(4) == 0;
        $o{goal} = 'g' . dice(2) if dice(3) == 0;

        my @args = ('--order', $o{order},
                    $o{lookback} ? ('--lookback',
                                    $o{lookback} / $DAY * 24 . 'h') : (),
                    $o{no_direct} ? '--no-direct' : (),
                    $o{repeats} ? '--repeats' : (),
                    $o{touch} ? ('--touch', $o{touch}) : (),
                    $o{goal} ? ('--goal', $o{goal}) : ());
        my ($said, @paths) = paths_of(\%o, map { { %$_ } } @events);
        my $credit = models_of(\%o, @paths);
        my $file = spew(member(lines(@events)), 'random');
        my ($data, $code, $err) = journey_data('attribution', '--json', @args,
                                               $file);
        my @off = $code == 0 ? () : "exit status $code: $err";

        for (sort keys %$said) {
            push @off, "$_: $data->{attribution}{$_}, not $said->{$_}"
                if $data->{attribution}{$_} != $said->{$_};
        }

        for my $model (sort keys %{ $data->{models} }) {
            for my $row (@{ $data->{models}{$model} }) {
                my $name = $row->{$o{touch} || 'channel'};

                for ('conversions', 'value') {
                    my $want = $credit->{$model}{$name}{$_} || 0;

                    $compared++;
                    push @off, "$model of $name, $_: $row->{$_}, not $want"
                        if abs($row->{$_} - $want) > 1e-9 * (1 + abs $want);
                }
            }

            push @off, "rows of $model"
                if @{ $data->{models}{$model} }
                   != keys %{ { map { $_ => 1 } map { @{ $_->{items} } }
                                                @paths } };
        }

        # the tables of paths and channels have no options of these
        ($said, @paths) = paths_of({}, map { { %$_ } } @events);
        ($data) = journey_data('report', '--json', $file);

        my %want;

        for my $p (@paths) {
            my $row = $want{"@{ $p->{items} }"} ||= { conversions => 0,
                                                      value => 0 };

            $row->{of}{$p->{of}} = 1;
            $row->{conversions} += $p->{c};
            $row->{value} += $p->{value};
        }

        push @off, 'paths: ' . @{ $data->{paths} } . ', not ' . keys %want
            if @{ $data->{paths} } != keys %want;

        for (@{ $data->{paths} }) {
            my $row = $want{"@{ $_->{path} }"};

            # there, values below 0 are what they are
            push @off, "path @{ $_->{path} }: @$_{qw(journeys conversions)}"
                if !$row || $_->{journeys} != keys %{ $row->{of} }
                   || $_->{conversions} != $row->{conversions}
                   || (!$said->{negative}
                       && abs($_->{value} - $row->{value}) > 1e-9);
        }

        for my $row (@{ $data->{channels} }) {
            my $sum = 0;

            $sum += $_->{c} for grep { $_->{items}[-1] eq $row->{channel} }
                                @paths;
            push @off, "channel $row->{channel}: $row->{conversions}, not $sum"
                if $row->{conversions} != $sum;
        }

        if (@off) {
            diag("round $round, @args:\n  ", join "\n  ", @off);
            $wrong++;
        }
    }

    is($wrong, 0, '60 random logs: conversions, paths and nine models as they '
       . 'are defined');
    cmp_ok($compared, '>', 1000, 'many credits are compared');
}


# ---- sentences of the definitions ------------------------------------------

my $last = 0;

# A visitor of one journey: [days, channel, more…] are touches, [days, 'goal',
# more…] goals, each in a session of its own.
sub visitor {
    my %v = (v => id('c', 'w' . ++$last), j => 1, h => 'shop.example',
             cc => 'DE');
    my @events;

    for (@_) {
        my ($days, $what, %more) = @$_;

        push @events, { t => $T + $days * $DAY, %v, s => 1 + @events,
                        k => $what eq 'goal' ? 'goal' : 'page', p => '/',
                        $what eq 'goal' ? (goal => 'buy')
                                        : (ch => $what, why => 'utm'),
                        %more };
    }

    return @events;
}

sub log_of { return spew(member(lines(@_)), 'log'); }

sub of {
    my ($command, @args) = @_;
    my ($data, $code, $err) = journey_data($command, '--json', @args);

    is($code, 0, "$command @args[0 .. $#args - 1]");
    return ($data, $err);
}

sub credited {
    my ($data, $model) = @_;

    return join ' ', map { sprintf '%s=%.6g', $_->{channel},
                                   $_->{conversions} }
                     sort { $a->{channel} cmp $b->{channel} }
                     @{ $data->{models}{$model} };
}

# The look-back drops touches that are older than that before the conversion.
{
    my $log = log_of(visitor([0, 'email'], [200, 'goal', ord => 'a'],
                             [201, 'email'], [202, 'goal', ord => 'b']));
    my ($data) = of('attribution', $log);

    is(credited($data, 'last'), 'email=1', 'a touch like one that was too old '
       . 'before');
    is($data->{attribution}{unattributed}, 1, 'which had no path');

    $log = log_of(visitor([0, 'email'], [90, 'goal']),
                  visitor([0, 'social'], [90, 'goal', t => $T + 90 * $DAY
                                                           + 1]));
    ($data) = of('attribution', $log);
    is(credited($data, 'last'), 'email=1', 'not older: 90 days');

    my ($paths) = of('paths', $log);
    is(join(' ', map { @{ $_->{path} } } @{ $paths->{paths} }), 'email',
       'paths alike');
    ($paths) = of('paths', '--lookback', '91d', $log);
    is(join(' ', sort map { @{ $_->{path} } } @{ $paths->{paths} }),
       'email social', '--lookback');
    ($paths) = of('channels', '--lookback', '1d', $log);
    is(join(' ', map { $_->{conversions} } @{ $paths->{channels} }), '0 0',
       'of channels, too');
}

# Look-back, then --no-direct: that of a null path is from its last touch, a
# direct one, too.
{
    my $log = log_of(visitor([0, 'email'], [95, 'direct']),
                     visitor([0, 'social'], [20, 'direct']));
    my ($data) = of('attribution', '--no-direct', $log);

    is($data->{attribution}{nulls}, 1, 'email is 95 days older than the last '
       . 'touch');
    is(credited($data, 'last'), 'social=0', 'social is not');
}

# The same goal and ord count once, without ord the same (v, s, goal) once.
{
    my @goals = ([1, 'goal', ord => 'a', s => 7], [2, 'goal', ord => 'a'],
                 [3, 'goal', ord => 'a', goal => 'rent'], [4, 'goal', s => 9],
                 [5, 'goal', s => 9], [6, 'goal', s => 9, goal => 'rent'],
                 [7, 'goal', s => 10]);
    my $log = log_of(visitor([0, 'email'], @goals),
                     visitor([0, 'social'], [3, 'goal', ord => 'a'],
                             [4, 'goal', ord => 'b']),
                     map { { t => $T + $_, k => 'goal', h => 'shop.example',
                             p => '/', goal => 'buy',
                             $_ < 3 ? (ord => 'b') : () } } 1 .. 4);
    my ($data, $err) = of('report', $log);

    # buy a, rent a, s 9: buy, rent, s 10: buy; b; two without anything
    is($data->{summary}{conversions}, 8, 'conversions');
    is(join(' ', map { "$_->{goal}=$_->{conversions}" } @{ $data->{goals} }),
       'buy=6 rent=2', 'by goal');
    is($data->{goals}[0]{without_visitor}, 2, 'without visitor: no ord');
    is(credited($data, 'last'), 'email=5 social=1',
       'an ord is of the visitor who is known, whoever was first');
    like($err, qr/2 conversions belong to no channel \(2 without visitor\)/,
         'the others are said');
}

# The most frequent paths, and the rest as "other", so that sums hold.
{
    my @sums = map {
        my ($data) = of('paths', @$_, $members);
        my %sum;

        for my $row (@{ $data->{paths} }) {
            $sum{$_} += $row->{$_} for qw(journeys conversions value);
        }

        sprintf '%d %d %.6f', @sum{qw(journeys conversions value)};
    } [], ['--limit', 5], ['--limit', 0];

    is($sums[$_], $sums[0], 'sums hold') for 1, 2;

    my ($data) = of('paths', '--limit', 5, $members);

    is(scalar @{ $data->{paths} }, 6, 'five and the rest');
    is_deeply($data->{paths}[5]{path}, ['other'], 'which is so named');
}

# Equal touches of a session within 10 s are one.
{
    my @touch = (email => s => 1, src => 'news');
    my $touches = sub {
        my ($data) = of('channels', log_of(@_));

        return join ' ', map { "$_->{channel}=$_->{touches}" }
                         @{ $data->{channels} };
    };

    is($touches->(visitor([0, @touch], [0, @touch, t => $T + 10_000])),
       'email=1', 'after 10 s');
    is($touches->(visitor([0, @touch], [0, @touch, t => $T + 10_001])),
       'email=2', 'later');
    is($touches->(visitor([0, @touch], [0, @touch, s => 2])), 'email=2',
       'another session');
    is($touches->(visitor([0, @touch], [0, @touch, src => 'else'])),
       'email=2', 'another source');
    is($touches->(visitor([0, @touch]), visitor([0, @touch])), 'email=2',
       'another visitor');
}

# A conversion is of --goal, else of those with done, else any.
{
    my @events = visitor([0, 'email'], [1, 'goal'],
                         [2, 'goal', goal => 'rent', done => 1]);
    my ($data) = of('attribution', log_of(@events));

    is($data->{attribution}{conversions}, 1, 'those with done');
    ($data) = of('attribution', '--goal', 'buy', log_of(@events));
    is($data->{attribution}{conversions}, 1, '--goal: whether done or not');
    ($data) = of('attribution', '--goal', 'buy', '--goal', 'rent',
                 log_of(@events));
    is($data->{attribution}{conversions}, 2, 'two of them');
    delete $_->{done} for @events;
    ($data) = of('attribution', log_of(@events));
    is($data->{attribution}{conversions}, 2, 'none has done: all');
}

# Values are never summed across currencies, in no table.
{
    my $log = log_of(
        visitor([0, 'email', cmp => 'spring'],
                [1, 'goal', val => 10.1, cur => 'EUR']),
        visitor([0, 'direct'], [1, 'goal', val => 20.2, cur => 'EUR']),
        visitor([0, 'email', cmp => 'spring'],
                [1, 'goal', val => 1000, cur => 'USD']),
        visitor([0, 'email', cmp => 'spring'], [1, 'goal']));

    for (['EUR', 30.3, 10.1], ['USD', 1000, 1000]) {
        my ($currency, $sum, $email) = @$_;
        my ($data, $err) = of('report', '--currency', $currency, $log);
        my %sums;

        for my $table (qw(channels paths geo)) {
            $sums{$table} += $_->{value} for @{ $data->{$table} };
        }

        for my $model (keys %{ $data->{models} }) {
            $sums{$model} += $_->{value} for @{ $data->{models}{$model} };
        }

        $sums{summary} = $data->{summary}{value};
        $sums{attribution} = $data->{attribution}{value};
        is(join(' ', grep { abs($sums{$_} - $sum) > 1e-9 } sort keys %sums),
           '', "values in $currency: $sum everywhere");
        is($data->{campaigns}[0]{value}, $email, 'of a campaign');
        is(join(' ', map { "$_->{value} $_->{currency}" }
                     @{ $data->{goals} }), '30.3 EUR 1000 USD',
           'goals: a line each');
        like($err, $currency eq 'EUR' ? qr/besides: 1,000\.00 USD in 1 conv/
                                      : qr/besides: 30\.30 EUR in 2 conv/,
             'the other is said');
    }
}

# pf lines count only in a number of their own.
{
    my @events = (visitor([0, 'email'], [1, 'goal', val => 3, cur => 'EUR'],
                          [2, 'direct']),
                  visitor([0, 'social', ph => 'awareness', pn => 1]));
    my @prefetched = map { { %$_, k => 'page', pf => 1, p => '/soon',
                             ph => 'decision', pn => 3, t => $_->{t} + 40,
                             ms => 9, cc => 'FR' } } @events, @events;
    my ($data) = of('report', log_of(@events));
    my ($more, $err) = of('report', log_of(@events, @prefetched));

    is_deeply($more, $data, 'prefetched pages change no table');
    like($err, qr/^journey: note: 8 prefetched pages, not counted$/m,
         'they are said');
}

# Hash identities live one day, and reports say what share that is.
{
    my @hashes = map { { t => $T + $_, v => id('h', $_), j => 1, s => 1,
                         k => 'page', h => 'shop.example', p => '/',
                         ch => 'email', why => 'utm' } } 1 .. 3;
    my $log = log_of(@hashes, visitor([0, 'email']));

    for (qw(report paths attribution)) {
        my ($data, $err) = of($_, $log);

        like($err, qr/3 visitors \(75\.0 %\) have no cookie: a hash of one/,
             "$_ says what share");
    }

    my ($data, $err) = of('retention', $log);

    like($err, qr/3 visitors \(75\.0 %\) without a cookie/, 'and retention');
    ($data, $err) = of('time', $log);
    is($data->{time_summary}{no_cookie}, 3, 'and time to conversion');
    ($data, $err) = of('channels', $log);
    unlike($err, qr/hash/, 'channels do not go over days');
}

# The profile exempt follows nobody: what cannot be told is null, or left out.
{
    my @exempt = map { my $n = $_;
        map { { t => $T + $n, v => id('c', "e$n"), j => 1, s => 1, b => 'e',
                h => 'shop.example', p => '/', k => $_,
                $_ eq 'goal' ? (goal => 'buy', done => 1) : () } }
            'page', 'goal' } 1 .. 3;
    my ($data, $err) = of('report', log_of(@exempt));

    is(join(' ', grep { !defined $data->{$_} } sort keys %$data),
       'attribution markov models retention time time_summary',
       'a log of nothing else');
    is($data->{summary}{conversions}, 3, 'conversions are counted');
    like($err, qr/^journey: note: all events are of the profile exempt, which/m,
         'why is said');

    my ($code, $csv) = journey('report', '--csv', log_of(@exempt));

    is($code, 0, 'CSV');
    unlike($csv, qr/^(?:model|cohort|time),/m, 'CSV has not these tables');
    unlike($csv, qr/^\r\n\r\n/m, 'nor empty ones');
    ($code, $csv) = journey('report', log_of(@exempt));
    is($code, 0, 'text');
    unlike($csv, qr/^Attribution/m, 'text has not');

    my @mixed = (@exempt, visitor([0, 'email'], [1, 'goal', done => 1]));
    my ($alone) = of('attribution', log_of(@mixed));

    ($data) = of('report', log_of(@mixed));
    is_deeply($data->{$_}, $alone->{$_}, "some exempt: $_")
        for qw(markov models);
    is("@{ $data->{attribution} }{qw(unattributed without_visitor exempt)}",
       '3 0 6', 'report: their conversions belong to no channel');
    is("@{ $alone->{attribution} }{qw(unattributed without_visitor exempt)}",
       '0 0 6', 'attribution: they are left out');
    is($data->{summary}{conversions}, $data->{attribution}{conversions}
       + $data->{attribution}{unattributed}, 'credited or not: all there are');
}

# How those that went no further ended; the end of the data is --until, else
# the largest t.
{
    my @events = (visitor([0, 'email', ph => 'awareness', pn => 1]),
                  visitor([0, 'email', ph => 'awareness', pn => 1,
                           t => $T + 1]),
                  visitor([0, 'email', ph => 'awareness', pn => 1],
                          [1, 'goal', done => 1]),
                  visitor([30, 'email', ph => 'decision', pn => 2]));
    my $ended = sub {
        my ($data) = of('phases', @_, log_of(@events));

        return join ' ', map { "$_->{completed}/$_->{dropped}/$_->{open}" }
                         @{ $data->{phases} };
    };

    is($ended->(), '1/1/1 0/0/1', '30 days without a hit, and a moment less');
    is($ended->('--idle', '29d'), '1/2/0 0/0/1', '--idle');
    is($ended->('--until', int($T / 1000) + 31 * 86_400), '1/2/0 0/0/1',
       '--until is the end');
}

# Stitched persons never use w: what another browser did is not in it.
{
    my @events = visitor([0, 'email'], [1, 'goal', wn => 3,
                                        w => [qw(social direct email)]]);
    my ($data) = of('attribution', log_of(@events));

    is($data->{attribution}{incomplete}, 1, 'a browser: incomplete');
    is(credited($data, 'linear'),
       'direct=0.333333 email=0.333333 social=0.333333', 'by its w');
    $_->{u} = 'one' for @events;
    ($data) = of('attribution', log_of(@events));
    is($data->{attribution}{incomplete}, 0, 'a person: never');
    is(credited($data, 'linear'), 'email=1', 'by the touches that are there');
    ($data) = of('paths', log_of(@events));
    is("@{ $data->{paths}[0]{path} }", 'email', 'paths alike');
}

# Every table can be held to k-anonymity.
{
    my ($data) = of('report', '--min-visitors', 100_000, $members);
    my @rows = map { my $table = $_; map { [$table, $_] } @{ $data->{$table} } }
               grep { ref $data->{$_} eq 'ARRAY' } sort keys %$data;
    my @told = grep {
        my $row = $_->[1];
        grep { defined $row->{$_} && $row->{$_} ne 'other' }
            grep { exists $row->{$_} } qw(channel campaign source medium host
                                          phase goal from to country kind
                                          cohort)
    } @rows;

    is(join(' ', map { $_->[0] } @told), '', 'no group of few has a name');
    is(scalar(grep { $_ > 1 } map { scalar @{ $data->{$_} } }
              grep { ref $data->{$_} eq 'ARRAY' } keys %$data), 0,
       'nor two rows');
    is(join(' ', map { "$_->{channel}" } map { @$_ }
                 values %{ $data->{models} }),
       join(' ', ('other') x 9), 'nor do models');
}

# Intervals are the 2.5 and 97.5 percentiles: of 400 draws of one half the
# binomial distribution has them at 180.4 and 219.6; a channel that is in every
# conversion varies as their number does.
{
    my $csv = spew("path,conversions,value,null\na > b,200,2000,200\n");
    my ($data) = of('attribution', '--bootstrap', 4000, '--paths', $csv);

    for (['first', 'a', 1], ['last', 'b', 1], ['linear', 'a', 0.5],
         ['markov', 'b', 0.5], ['shapley', 'a', 0.5],
         ['counterfactual', 'b', 0.5], ['position', 'a', 0.5])
    {
        my ($model, $channel, $part) = @$_;
        my ($row) = grep { $_->{channel} eq $channel }
                    @{ $data->{models}{$model} };

        is($row->{conversions}, 200 * $part, "$model of $channel");
        cmp_ok(abs($row->{conversions_low} / $part - 180.4), '<', 2, 'low');
        cmp_ok(abs($row->{conversions_high} / $part - 219.6), '<', 2, 'high');
        cmp_ok(abs($row->{value_low} - 10 * $row->{conversions_low}), '<',
               1e-6, 'values alike');
    }
}

# As many published texts have it: of three, one path converts.
{
    my $csv = spew("path,conversions,value,null\n"
                   . "C1 > C2 > C3,1,90,\nC1,0,,1\nC2 > C3,0,,1\n");
    my ($data) = of('attribution', '--paths', $csv);

    is(credited($data, 'markov'), 'C1=0.2 C2=0.4 C3=0.4',
       'shares 0.2, 0.4, 0.4');
    is(credited($data, 'counterfactual'), 'C1=0.333333 C2=0.333333 C3=0.333333',
       'without one of them nothing converts');
}

# Paths and attribution gather the same ones, whatever a touch is told by: first,
# last and linear credit of the table of paths is that of the log.
for my $options ([], ['--no-direct'], ['--repeats'], ['--touch', 'source'],
                 ['--touch', 'campaign'], ['--lookback', '2d', '--no-direct'],
                 ['--touch', 'campaign', '--no-direct', '--lookback', '30h'],
                 ['--touch', 'source', '--repeats', '--no-direct'])
{
    my ($paths) = journey_data('paths', '--json', @$options, $members);
    my (%want, %journeys);

    for my $row (@{ $paths->{paths} }) {
        my @path = @{ $row->{path} };
        my $text = join ' > ', @path;

        is($journeys{$text}++, undef, "@$options: $text stands once")
            if $journeys{$text};

        if (!grep { $_ eq '--repeats' } @$options) {
            fail("@$options: $text repeats")
                if grep { $path[$_] eq $path[$_ - 1] } 1 .. $#path;
        }

        $want{first}{$path[0]} += $row->{conversions};
        $want{last}{$path[-1]} += $row->{conversions};
        $want{linear}{$_} += $row->{conversions} / @path for @path;
    }

    my ($data) = journey_data('attribution', '--json', @$options, $members);

    for my $model (sort keys %want) {
        my %got = map { ($_->{channel} // $_->{source} // $_->{campaign})
                        => $_->{conversions} } @{ $data->{models}{$model} };
        my @wrong = grep { abs(($got{$_} // 0) - $want{$model}{$_}) > 1e-9 }
                    keys %{ $want{$model} };

        is_deeply(\@wrong, [], "@$options: $model of paths");
        cmp_ok(scalar keys %got, '>=', 3, '... of some');
    }
}

# by hand: what is left out, and what has no name
{
    my @visits = (
        [0, 'email', 'news', 'spring'], [1, 'email', 'news', 'summer'],
        [2, 'direct'], [3, 'paid_search', 'google', 'spring'],
        [4, 'paid_search', 'google', 'spring'], [5, 'referral', 'blog']);
    my $log = spew(lines(map({ my ($i, $ch, $src, $cmp) = @$_;
                               { t => $T + $i * $DAY, v => id('c', 'P'), j => 1,
                                 s => $i + 1, k => 'page', h => 'a.example',
                                 p => '/', ch => $ch, why => 'utm',
                                 (defined $src ? (src => $src) : ()),
                                 (defined $cmp ? (cmp => $cmp) : ()) } }
                             @visits),
                         { t => $T + 5 * $DAY + 9, v => id('c', 'P'), j => 1,
                           s => 6, k => 'goal', h => 'a.example', p => '/',
                           goal => 'buy', done => 1, w => ['email'], wn => 6 },
                         { t => $T, v => id('c', 'Q'), j => 1, s => 3,
                           k => 'goal', h => 'a.example', p => '/',
                           goal => 'buy', done => 1,
                           w => ['email', 'direct', 'email'], wn => 3 }));

    for (['', 'email > direct > email 1, email > direct > paid_search > '
              . 'referral 1'],
         ['--no-direct', 'email 1, email > paid_search > referral 1'],
         ['--repeats', 'email > direct > email 1, email > email > direct > '
          . 'paid_search > paid_search > referral 1'],
         ['--touch source', 'news > (direct) > google > blog 1'],
         ['--touch campaign', 'spring > summer > (direct) > spring > (none) 1'],
         ['--touch campaign --no-direct', 'spring > summer > spring > (none) 1'])
    {
        my ($options, $want) = @$_;
        my ($data, $code, $err) = journey_data('paths', '--json',
                                               split(/ /, $options), $log);

        is(join(', ', sort map { join(' > ', @{ $_->{path} })
                                 . " $_->{conversions}" }
                      @{ $data->{paths} }), $want, "paths $options");
        like($err, $options =~ /touch/ ? qr/1 conversion .* left out/
                                       : qr/1 conversion .* they? carry/,
             '... says how');
    }
}

done_testing();
