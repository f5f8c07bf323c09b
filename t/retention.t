# Copyright (C) ngx_journey_module contributors
#
# journey retention: cohorts by first day, numbers worked out by hand, and
# random logs beside a plain version.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use POSIX ();
use Test::More;

my $DAY = 86400;
my $MONDAY = 20780;                 # 2026-11-23, days since 1970

# A page of a visitor's session at (days, seconds of the day).
sub page {
    my ($v, $s, $day, $sec, %more) = @_;

    return { t => 1000 * ($DAY * $day + $sec), k => 'page', v => $v, j => 1,
             s => $s, h => 'shop.example', p => '/', %more };
}

sub c { return id('c', $_[0]); }
sub log_of { return (old(spew(member(lines(@_)))))[0]; }

# cohort:visitors, then returned of each period
sub triangle {
    my ($data) = @_;
    my (@names, %rows);

    for (@{ $data->{retention} }) {
        my $name = "$_->{cohort}:$_->{visitors}";

        push @names, $name if !$rows{$name};
        $rows{$name}[$_->{period}] = $_->{returned}
            . ($_->{seen} == $_->{visitors} ? '' : "/$_->{seen}");
        is($_->{share}, $_->{returned} / $_->{seen}, "share of $name");
    }

    return join '; ', map { "$_ " . join ' ', @{ $rows{$_} } } @names;
}

sub retention {
    my ($data, $code, $err) = journey_data('retention', '--json', @_);

    is($code, 0, 'exit code');
    return ($data, $err);
}


# ---- by hand ---------------------------------------------------------------

my @log = (
    # week of 23 November: A comes again one and three weeks later, B never, C
    # in the same week alone, D on the Monday next
    page(c('A'), 1, $MONDAY, 0, fs => $MONDAY),
    page(c('A'), 2, $MONDAY + 8, 0, fs => $MONDAY),
    page(c('A'), 3, $MONDAY + 9, 0, fs => $MONDAY),
    page(c('A'), 4, $MONDAY + 21, 0, fs => $MONDAY),
    page(c('B'), 1, $MONDAY + 6, $DAY - 1, fs => $MONDAY + 6),
    page(c('C'), 1, $MONDAY + 1, 0, fs => $MONDAY + 1),
    page(c('C'), 2, $MONDAY + 4, 0, fs => $MONDAY + 1),
    page(c('D'), 1, $MONDAY + 6, 0, fs => $MONDAY + 6),
    page(c('D'), 2, $MONDAY + 7, 0, fs => $MONDAY + 6),
    # the week after
    page(c('E'), 1, $MONDAY + 7, 0, fs => $MONDAY + 7),
    page(c('E'), 2, $MONDAY + 15, 0, fs => $MONDAY + 7),
    # a session over midnight is of the week in which it began
    page(c('F'), 1, $MONDAY + 13, $DAY - 10, fs => $MONDAY + 13),
    page(c('F'), 1, $MONDAY + 14, 10),
    # not to be followed: a hash; one first seen before; one without first day
    page(id('h', 'H'), 1, $MONDAY + 2, 0),
    page(c('O'), 5, $MONDAY + 2, 0, fs => $MONDAY - 1),
    page(c('U'), 5, $MONDAY + 2, 0),
);
my $log = log_of(@log);
my ($data, $err) = retention($log);

is(triangle($data), '2026-11-23:4 4 2 0 1; 2026-11-30:2 2 1 0',
   'weeks from Monday on');
is(join(' ', map { $_->{complete} ? 1 : 0 } @{ $data->{retention} }),
   '1 1 1 0 1 1 0', 'the last one goes on');
like($err, qr/left out: 1 visitor \(11\.1 %\) without a cookie/, 'hashes');
like($err, qr/left out: 1 who first came before the input begins/, 'earlier');
like($err, qr/left out: 1 whose first day is unknown/, 'unknown');

($data) = retention('--period', 'month', $log);
is(triangle($data), '2026-11:5 5 2; 2026-12:1 1', 'months');

($data) = retention('--period', 'day', '--until', $DAY * ($MONDAY + 3), $log);
is(triangle($data), '2026-11-23:1 1 0 0; 2026-11-24:1 1 0', 'days');
ok(!(grep { !$_->{complete} } @{ $data->{retention} }),
   '--until at midnight: all periods are over');

# 23:59:59 UTC of a Sunday is Monday in Berlin: the session, not fs
($data) = retention('--tz', 'Europe/Berlin', $log);
is(triangle($data), '2026-11-23:4 3 3 0 1; 2026-11-30:2 1 2 0',
   'sessions are of days in --tz');

# the input begins with its first event, however early --since is
for my $since ($MONDAY, $MONDAY - 1, $MONDAY - 40, 3650) {
    for my $period (qw(day week)) {
        my ($all) = retention('--period', $period, $log);
        my ($late) = retention('--period', $period, '--since', $DAY * $since,
                               $log);

        is_deeply($late, $all, "--since day $since by $period");
    }
}

my ($code, $out) = journey('retention', $log);
is($code, 0, 'text');
like($out, qr/^  Week of     Visitors      \+1     \+2      \+3$/m, 'its head');
like($out, qr/^  2026-11-23         4  50\.0 %  0\.0 %  25\.0 %$/m, 'a row');
like($out, qr/^  2026-11-30         2  50\.0 %  0\.0 %       \S+$/m,
     'what is to come is empty');

($code, $out) = journey('retention', '--csv', $log);
like($out, qr/^cohort,visitors,period,seen,returned,share,complete\r\n
              2026-11-23,4,0,4,4,1,true\r\n/x, 'CSV');

{
    local $ENV{COLUMNS} = 40;
    ($code, $out) = journey('retention', $log);
    like($out, qr/^  Week of     Visitors      \+1$/m, 'a narrow terminal');
    like($out, qr/periods after \+1: --csv or --json/, 'says what is missing');
}


# ---- persons, profiles -----------------------------------------------------

($data) = retention(log_of(
    page(c('A'), 1, $MONDAY, 0, fs => $MONDAY, u => 'ann'),
    page(c('B'), 1, $MONDAY + 7, 0, fs => $MONDAY + 7),
    page(c('B'), 1, $MONDAY + 7, 9, u => 'ann'),
    page(id('h', 'C'), 1, $MONDAY + 14, 0, u => 'ann')));
is(triangle($data), '2026-11-23:1 1 1 1',
   'a person comes back on another browser, by user id even without a cookie');

my @exempt = map { { %$_, b => 'e' } } @log;
($code, $out, $err) = journey('retention', '--json', log_of(@exempt));
is($code, 1, 'the profile exempt: refused');
is($out, '', 'without a table');
like($err, qr/^journey: retention: all events are of the profile exempt/,
     'with a message');

($data, $err) = retention(log_of(@exempt[0 .. 3], @log[4 .. $#log]));
is(triangle($data), '2026-11-23:3 3 1 0 0; 2026-11-30:2 2 1 0',
   'mixed: they are left out');
like($err, qr/left out: 1 of the profile exempt/, 'which is said');


# ---- small groups, bad input -----------------------------------------------

my @groups = map {
    my ($week, $n) = @$_;
    map { my $v = c("g$week$_"); my $d = $MONDAY + 7 * $week;
          (page($v, 1, $d, 0, fs => $d), page($v, 2, $d + 7, 0, fs => $d)) }
        1 .. $n
} [0, 6], [1, 1], [2, 7], [3, 2];

($data) = retention('--min-visitors', 3, log_of(@groups));
is(triangle($data), '2026-11-23:6 6 6 0 0 0; 2026-12-07:7 7 7 0; '
   . 'other:3 3 3 0/1 0/1', 'small cohorts are one row');
($data) = retention('--min-visitors', 5, log_of(@groups));
is(triangle($data), '2026-12-07:7 7 7 0; other:9 9 9 0/7 0/7 0/6',
   'together they are enough');

($code, $out, $err) = journey('retention', '--period', 'year', $log);
is($code, 2, 'another period');
like($err, qr/--period: "year" is neither week, day nor month/, 'is said');

($code, $out, $err) = journey('retention', '--period', 'day',
    log_of($log[0], page(c('A'), 9, $MONDAY + 3000, 0)));
is($code, 1, 'too many periods');
like($err, qr/more than 1500 periods/, 'are said');
($code) = journey('retention', '--period', 'month',
    log_of($log[0], page(c('A'), 9, $MONDAY + 3000, 0)));
is($code, 0, 'months are fewer');

($code, $out) = journey('retention', spew(''));
is($code, 0, 'nothing');
like($out, qr/no visitors who can come back/, 'is said');
($data) = retention(log_of($log[13]));
is_deeply($data->{retention}, [], 'hashes alone');


# ---- random logs beside a plain version ------------------------------------

sub plainly {
    my ($period, @events) = @_;
    my ($from) = sort { $a <=> $b } map { int($_->{t} / 1000 / $DAY) } @events;
    my $of = sub {
        my @t = gmtime($_[0] * $DAY);

        return $period eq 'day' ? $_[0]
             : $period eq 'month' ? $t[5] * 12 + $t[4]
             : POSIX::floor(($_[0] + 3) / 7);
    };
    my ($last) = sort { $b <=> $a } map { $of->(int($_->{t} / 1000 / $DAY)) }
                 @events;
    my (%fs, %began, %n, %back);

    for (@events) {
        my $at = \$began{ $_->{v} }{ $_->{s} };

        $$at = $_->{t} if !defined $$at || $_->{t} < $$at;
        $fs{ $_->{v} } = $_->{fs} if defined $_->{fs};
    }

    for my $v (keys %fs) {
        next if $fs{$v} < $from;

        my $c = $of->($fs{$v});
        my %in = map { $of->(int($_ / 1000 / $DAY)) - $c => 1 }
                 values %{ $began{$v} };

        $n{$c}++;
        $back{$c}[$_]++ for keys %in;
    }

    return join '; ', map {
        my $c = $_;
        "$n{$c} " . join ' ', map { $back{$c}[$_] || 0 } 0 .. $last - $c
    } sort { $a <=> $b } keys %n;
}

srand 11;

for my $round (1 .. 30) {
    my @events;

    for my $v (1 .. 1 + int rand 12) {
        my $fs = $MONDAY - 3 + int rand 30;
        my $day = $fs;

        for my $s (1 .. 1 + int rand 6) {
            my $sec = int rand $DAY;

            push @events, page(c("v$v"), $s, $day, $sec, fs => $fs);
            push @events, page(c("v$v"), $s, $day, $sec + 3600) if rand() < 0.5;
            $day += 1 + int rand 14;
        }
    }

    # what came before the input begins
    my $since = $DAY * $MONDAY;
    my @seen = grep { $_->{t} >= 1000 * $since } @events;

    next if !@seen;

    for my $period (qw(day week month)) {
        my ($d) = journey_data('retention', '--json', '--period', $period,
                               log_of(@seen));
        my $got = triangle($d) =~ s/[\d-]+://gr;

        is($got, plainly($period, @seen), "random log $round by $period");
    }
}

done_testing();
