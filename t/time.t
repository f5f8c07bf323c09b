# Copyright (C) ngx_journey_module contributors
#
# journey time, journey direct and how journeys go from phase to phase: numbers
# worked out by hand, and random logs beside a plain version.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $DAY = 86400;
my $DAY0 = 20780;                   # 2026-11-23, days since 1970
my $T = $DAY * $DAY0;               # s

my %pn = (awareness => 1, consideration => 2, decision => 3, advocacy => 4);

# at (seconds from 2026-11-23 on), visitor, j, s, kind, more
sub ev {
    my ($at, $v, $j, $s, $k, %more) = @_;

    return { t => 1000 * ($T + $at), k => $k, h => 'shop.example', p => '/',
             (defined $v ? (v => $v, ($j ? (j => $j, s => $s) : ())) : ()),
             (exists $more{ph} ? (pn => $pn{ $more{ph} }) : ()), %more };
}

sub page { my ($at, $v, $j, $s, %more) = @_;
           return ev($at, $v, $j, $s, 'page', %more); }
sub from { return (ch => $_[0], why => 'utm'); }
sub first { return (fs => $DAY0, from($_[0] || 'direct')); }

sub goal {
    my ($at, $v, $j, $s, $goal, %more) = @_;
    return ev($at, $v, $j, $s, 'goal', goal => $goal, %more);
}

sub buy { my ($at, $v, $j, $s, %more) = @_;
          return goal($at, $v, $j, $s, 'buy', done => 1, %more); }

sub c { return id('c', $_[0]); }
sub log_of { return (old(spew(member(lines(@_)))))[0]; }

sub table {
    my ($table, @args) = @_;
    my ($data, $code, $err) = journey_data($table, '--json', @args);

    is($code, 0, "journey $table: exit code");
    return ($data, $err);
}

# Rows as text: the keys' values, "-" for null.
sub rows {
    my ($rows, @keys) = @_;

    return join '; ', map {
        my $row = $_;
        join ' ', map { defined $row->{$_} ? $row->{$_} : '-' } @keys
    } @$rows;
}

my @curve = qw(time at_risk converted censored);
my @why = qw(no_cookie exempt begun_before offline_only);

sub near { return defined $_[0] && defined $_[1] ? abs($_[0] - $_[1]) <= 1e-9
                                                 : !defined $_[0]
                                                   && !defined $_[1]; }


# ---- time to conversion ----------------------------------------------------

my @log = (
    # A converts after 100 s, and again: the first counts; the next journey
    # takes 20 s
    page(0, c('A'), 1, 1, first('email')),
    goal(100, c('A'), 1, 1, 'buy', done => 1, ord => 'a1'),
    goal(110, c('A'), 1, 1, 'buy', done => 1, ord => 'a2'),
    page(5000, c('A'), 2, 2, first()),
    buy(5020, c('A'), 2, 2),

    # B converts at once
    page(10, c('B'), 1, 1, first()),
    buy(10, c('B'), 1, 1),

    # C never: last event at 40 s, idle for 1000 s
    page(20, c('C'), 1, 1, first()),
    goal(40, c('C'), 1, 1, 'letter'),

    # D neither, and is still there at the end
    page(9000, c('D'), 1, 1, first()),
    page(9400, c('D'), 1, 1),

    # its order was counted before: no conversion
    page(30, c('E'), 1, 1, first()),
    goal(130, c('E'), 1, 1, 'buy', done => 1, ord => 'a1'),

    # not to be followed: a hash; the session before is not in the input; the
    # session's start is not; offline alone
    page(50, id('h', 'F'), 1, 1, from('direct')),
    buy(60, id('h', 'F'), 1, 1),
    page(70, c('G'), 1, 3, fs => $DAY0 - 9, from('email')),
    buy(80, c('G'), 1, 3),
    page(90, c('H'), 1, 1),
    ev(95, c('I'), 0, 0, 'offline', from('offline')),
);
my $log = log_of(@log);
my ($data, $err) = table('time', '--idle', '1000s', $log);

is(rows($data->{time}, @curve),
   '0 6 1 0; 20000 5 1 0; 100000 4 1 3',
   'the curve: zero at once, ties, censored behind');
is(join(' ', map { sprintf '%.6f', $_->{left} } @{ $data->{time} }),
   sprintf('%.6f %.6f %.6f', 5/6, 4/6, 3/6), 'what is left');
is(rows([$data->{time_summary}], qw(journeys converted censored)), '6 3 3',
   'how many');
is(rows([$data->{time_summary}], qw(q1 median q3)), '20000 100000 -',
   'quartiles');
is(rows([$data->{time_summary}], @why), '1 0 2 1', 'left out');

# Greenwood: 1/(6*5) + 1/(5*4) + 1/(4*3), on the scale log(-log)
{
    my $se = sqrt(1/30 + 1/20 + 1/12) / log 2;
    my $row = $data->{time}[2];

    ok(near($row->{low}, 0.5 ** exp(1.959963984540054 * $se)), 'lower bound');
    ok(near($row->{high}, 0.5 ** exp(-1.959963984540054 * $se)),
       'upper bound');
    is(rows([$data->{time_summary}], qw(median_low median_high)), '0 -',
       'and those of the median');
}

like($err, qr/left out: 1 journey of visitors without a cookie/, 'hashes');
like($err, qr/left out: 2 journeys whose start is not in the input/, 'begun');
like($err, qr/left out: 1 journey of offline events alone/, 'offline');

# the end of the data is before idle is over: D is at risk for 400 s, C for
# 1020 s, E for 1100 s
($data) = table('time', '--idle', '1000s', '--goal', 'letter', $log);
is(rows($data->{time}, @curve), '0 6 0 0; 20000 6 1 5',
   '--goal: others are censored');
($data) = table('time', '--until', $T + 120, $log);
is(rows($data->{time}, @curve), '0 4 1 1; 100000 2 1 1',
   '--until is the end of the data');
($data) = table('time', '--since', $T + 15, $log);
is(rows([$data->{time_summary}], qw(journeys converted begun_before)),
   '4 1 3', '--since: A began before, but A\'s next journey did not');
($data) = table('time', '--limit', 2, $log);
is(scalar @{ $data->{time} }, 2, '--limit');

my ($code, $out) = journey('time', '--idle', '1000s', $log);
is($code, 0, 'text');
like($out, qr/^Time\ to\ conversion\n
              \ \ Journeys\s+6\n
              \ \ Converted\s+3\n
              \ \ A\ quarter\ after\s+20\ s\n
              \ \ Half\ after\s+1\ min\ 40\ s\ \(95\ %:\ 0\ s\ to\ not\ reached\)\n
              \ \ Three\ quarters\ after\s+not\ reached\n/x, 'its headline');
like($out, qr/^  1 min +\S+ +33\.3 % +\d\S+ % +\d\S+ % +4$/m, 'a round time');
like($out, qr/^  1 min 40 s +\S+ +50\.0 % +\S+ % +\S+ % +3$/m, 'the last one');

($code, $out) = journey('time', '--csv', $log);
like($out, qr/^journeys,converted,censored,q1,.*\r\n6,3,3,20000,100000,,0,,
              1,0,2,1\r\n\r\ntime,at_risk,converted,censored,left,low,high\r\n
              0,6,1,0,/x, 'CSV');

# lines in another order, clocks that went back
($data) = table('time', log_of(reverse @log));
is(rows([$data->{time_summary}], qw(journeys converted)), '6 3',
   'the order of lines makes no difference');
($data) = table('time', log_of(page(100, c('A'), 1, 1, first()),
                               page(90, c('A'), 1, 1), buy(95, c('A'), 1, 1),
                               page(200, c('B'), 1, 1, first()),
                               page(150, c('B'), 2, 2, first()),
                               buy(160, c('B'), 2, 2)));
is(rows($data->{time}, @curve), '0 2 0 1; 10000 1 1 0',
   'time ran backwards: no time below 0, and no start that is none');
is($data->{time_summary}{begun_before}, 1, 'which is said');


# ---- whose start it is -----------------------------------------------------

sub took {
    my ($data) = table('time', '--idle', '1d', log_of(@_));
    my $s = $data->{time_summary};

    return join ' ', (map { "$_->{time}x$_->{converted}" }
                      grep { $_->{converted} } @{ $data->{time} }),
                     map { $s->{$_} ? "$_=$s->{$_}" : () } 'censored', @why;
}

is(took(page(0, c('A'), 1, 1, from('email'), fs => $DAY0 - 1),
         buy(9, c('A'), 1, 1)), 'begun_before=1',
   'first seen the day before: the session began then');
is(took(page(0, c('A'), 1, 1, fs => $DAY0, from('email')),
         page(50, c('A'), 2, 3, fs => $DAY0, from('email')),
         buy(60, c('A'), 2, 3)), 'censored=1 begun_before=1',
   'session 2 is missing');
is(took(page(0, id('h', 'A'), 1, 1, from('email')),
         page(5, c('A'), 1, 1, fs => $DAY0, pv => id('h', 'A')),
         buy(9, c('A'), 1, 1)), '9000x1',
   'consent in mid-session: from the first page on');
is(took(page(5, c('A'), 1, 1, fs => $DAY0, pv => id('h', 'A')),
         buy(9, c('A'), 1, 1)), 'begun_before=1', 'which is not there');
is(took(ev(0, c('A'), 0, 0, 'offline', from('offline')),
         page(50, c('A'), 1, 1, first()), buy(60, c('A'), 1, 1)),
   '60000x1', 'what was offline before is the first event');
is(took(page(0, c('A'), 1, 1, first()), buy(60, c('A'), 1, 1),
         goal(90, c('A'), 0, 0, 'buy', done => 1, ord => 'x')),
   '60000x1 offline_only=1', 'what is offline afterwards is a journey that '
   . 'no browser knows');
is(took(page(0, c('A'), 1, 1, first()),
         goal(90, c('A'), 0, 0, 'buy', done => 1, ord => 'x')),
   '90000x1', 'a goal that another system reports');
is(took(page(0, c('A'), 1, 1, first(), h => 'other.example'),
         buy(9, c('A'), 1, 1)), '9000x1', 'two hosts');
is(took(page(0, c('A'), 0, 0, first())), '', 'no journey is none');
{
    my ($d) = table('time', '--host', 'shop.example', log_of(
        page(0, c('A'), 1, 1, first(), h => 'other.example'),
        page(5, c('A'), 1, 1), buy(9, c('A'), 1, 1)));
    is($d->{time_summary}{begun_before}, 1, '--host: it began on another');
}

# persons
is(took(page(0, c('A'), 1, 1, first(), u => 'ann'),
         page(50, c('B'), 1, 1, first(), u => 'ann'),
         buy(60, c('B'), 1, 1)), '60000x1',
   'a person: from the first browser on');
is(took(page(0, c('A'), 1, 2, fs => $DAY0 - 3, from('email'), u => 'ann'),
         buy(60, c('A'), 1, 2),
         page(90, c('A'), 2, 3, fs => $DAY0 - 3, from('email')),
         buy(95, c('A'), 2, 3)), '5000x1 begun_before=1',
   'a person: the first journey began before, the next did not');
is(took(page(0, c('A'), 1, 1, first(), u => 'ann'),
         page(50, c('B'), 1, 4, fs => $DAY0 - 3, from('email'), u => 'ann'),
         buy(60, c('B'), 1, 4)), 'begun_before=1',
   'a person: another browser was there before');
is(took(page(0, id('h', 'A'), 1, 1, from('email'), u => 'ann'),
         buy(60, id('h', 'A'), 1, 1)), '60000x1',
   'a user id without a cookie is a person');
is(took(page(0, c('A'), 1, 1, first(), u => 'ann'),
         page(90, c('A'), 2, 3, first(), u => 'ann'),
         buy(95, c('A'), 2, 3)), 'censored=1 begun_before=1',
   'a person: j went up, and the input lacks the goal');

is(took(page(0, c('A'), 1, 1, first(), u => 'ann'),
         page(10, c('B'), 1, 1, first(), u => 'ann'), buy(40, c('B'), 1, 1),
         page(90, c('A'), 2, 3, first(), u => 'ann'), buy(95, c('A'), 2, 3)),
   '40000x1 begun_before=1',
   'a person: the goal of one browser, and one of the other is missing');

# profiles
my @exempt = map { { %$_, b => 'e' } } @log;
($code, $out, $err) = journey('time', '--json', log_of(@exempt));
is($code, 1, 'the profile exempt: refused');
like($err, qr/^journey: time: all events are of the profile exempt/,
     'with a message');
is(took({ %{ page(0, c('A'), 1, 1, first()) }, b => 'e' },
         page(0, c('B'), 1, 1, first()), buy(60, c('B'), 1, 1)),
   '60000x1 exempt=1', 'mixed: they are left out');

($code, $out) = journey('time', spew(''));
is($code, 0, 'nothing');
like($out, qr/no journeys.*no conversions/s, 'is said');
($code, $out) = journey('time', log_of($log[5]));
like($out, qr/Converted +0\n.*no conversions/s, 'no conversion, either');

# groups
my @many = map { my $v = c("g$_");
                 (page(0, $v, 1, 1, first()), buy(10 * $_, $v, 1, 1)) } 1 .. 9;
($data) = table('time', '--min-visitors', 4, log_of(@many));
is(rows($data->{time}, @curve), '40000 9 4 0; 90000 5 5 0',
   '--min-visitors: steps of 4 visitors and the others');
is(rows([$data->{time_summary}], qw(q1 median q3)), '40000 90000 90000',
   'quartiles are among them');
($data, $err) = table('time', '--min-visitors', 10, log_of(@many));
is(rows($data->{time}, @curve), '', 'too few: no curve');
is(rows([$data->{time_summary}], qw(journeys converted censored median)),
   '- - - -', 'and no number');
like($err, qr/the others are of fewer than 10 visitors/, 'which is said');
($code, $out) = journey('time', '--min-visitors', 10, log_of(@many));
like($out, qr/^  Half after +\xe2\x80\x93$/m, 'nor does the text have one');
($data) = table('time', '--min-visitors', 2,
    log_of((map { (page(100 * $_, c('A'), $_, $_, first()),
                   buy(100 * $_ + $_, c('A'), $_, $_)) } 1 .. 5), @many[0, 1]));
is(rows($data->{time}, @curve), '10000 6 6 0',
   'journeys of one visitor are one visitor\'s');
($code, $out) = journey('time', '--min-visitors', 4, log_of(@many));
like($out, qr/^  1 min +\S+ +44\.4 % +\S+ % +\S+ % +\xe2\x80\x93$/m,
     'as text: the curve of the groups, and nobody is followed');


# ---- direct touches --------------------------------------------------------

my @kinds = qw(kind touches visitors sessions journeys conversions value);
my @direct = (
    # typed, comes again directly and buys
    page(0, c('A'), 1, 1, first()),
    page(9000, c('A'), 1, 2, first(), p => '/cart'),
    buy(9010, c('A'), 1, 2, val => 10, cur => 'EUR', w => ['direct'], wn => 2),
    # a deep page, buys
    page(100, c('B'), 1, 1, first(), p => '/p/7'),
    buy(110, c('B'), 1, 1, val => 5, cur => 'EUR'),
    # by search, comes again, the same touch twice within 10 s
    page(200, c('C'), 1, 1, first('organic_search')),
    page(9000, c('C'), 1, 2, first(), p => '/de/'),
    page(9005, c('C'), 1, 2, first(), p => '/de/'),
    # languages; one is none
    page(300, c('D'), 1, 1, first(), p => '/de/'),
    page(310, c('E'), 1, 1, first(), p => '/de-AT/'),
    page(320, c('F'), 1, 1, first(), p => '/d3/'),
    page(330, id('h', 'G'), 1, 1, from('direct'), p => '/en-gb/'),
    # the last touch is not in the input
    page(400, c('H'), 1, 4, fs => $DAY0),
    buy(410, c('H'), 1, 4, val => 2, cur => 'EUR',
        w => ['email', 'direct'], wn => 2),
    # offline
    ev(500, c('I'), 0, 0, 'offline', from('direct')),
    # another currency, another channel
    buy(9020, c('C'), 1, 2, val => 3, cur => 'USD'),
    page(600, c('J'), 1, 1, first('email')),
);
my $direct = log_of(@direct);

($data, $err) = table('direct', $direct);
is(rows($data->{direct}, @kinds),
   'returning 2 1 2 1 2 10; deep 2 2 2 2 1 5; entry 4 4 4 4 0 0; '
   . 'unknown 1 1 0 1 1 2', 'direct touches by kind');
ok(near($data->{direct}[0]{share}, 2/9), 'share of the touches');
like($err, qr/1 of the first visits is of visitors without a cookie/,
     'hashes are new each day');

# sums of rows, and the channel's own
sub sums {
    my ($rows) = @_;
    return join ' ', map { my $key = $_;
                           my $sum = 0;
                           $sum += $_->{$key} for @$rows;
                           sprintf '%.9g', $sum } @kinds[1 .. 6];
}

sub channel {
    my ($d) = table('channels', @_);
    return sums([grep { $_->{channel} eq 'direct' } @{ $d->{channels} }]);
}

is(sums($data->{direct}), channel($direct), 'rows add up to the channel');

($data) = table('direct', '--entry', '/p/*', '--entry=/cart', $direct);
is(rows($data->{direct}, qw(kind touches)),
   'returning 2; deep 5; entry 1; unknown 1', '--entry, twice');
($data) = table('direct', '--entry', '*', $direct);
is(rows($data->{direct}, qw(kind touches)),
   'returning 2; entry 6; unknown 1', '--entry of all');
($code, $out, $err) = journey('direct', '--entry', 'p', $direct);
is($code, 2, 'a pattern that is no path');
like($err, qr/--entry: "p" is no path/, 'is said');

($data) = table('direct', '--min-visitors', 2, $direct);
is(rows($data->{direct}, @kinds),
   'deep 2 2 2 2 1 5; entry 4 4 4 4 0 0; other 3 2 2 2 3 12',
   '--min-visitors: few are one row');
is(sums($data->{direct}), channel('--min-visitors', 2, $direct),
   'of the same sum');
($data, $err) = table('direct', '--min-visitors', 9, $direct);
is_deeply($data->{direct}, [], 'the channel itself is folded: no rows');
like($err, qr/among the channels of fewer than 9 visitors/, 'is said');

($code, $out) = journey('direct', $direct);
like($out, qr/^  first visit, deep page +2  22\.2 % +2 +2 +2 +1 +5\.00$/m,
     'text');
($code, $out) = journey('direct', '--csv', $direct);
like($out, qr/^kind,touches,share,visitors,sessions,journeys,conversions,value
              \r\nreturning,2,/x, 'CSV');
($code, $out) = journey('direct', log_of($direct[16]));
like($out, qr/no direct touches/, 'none');

# what is old at the conversion; letters that are none; no journey
($data) = table('direct', log_of(
    page(0, c('A'), 1, 1, first(), p => '/d3-at/'),
    buy(91 * $DAY, c('A'), 1, 1),
    page(0, c('B'), 1, 1, first(), p => '/de-a1/'),
    buy(89 * $DAY, c('B'), 1, 1),
    page(5, c('C'), 0, 0, first())));
is(rows($data->{direct}, qw(kind touches journeys conversions)),
   'deep 2 2 1; unknown 1 0 0', 'look-back, deep pages, no journey');

# w knows more than the input, but of persons and of what is offline
for my $case ([u => 'ann', 'entry 1 1 1'], ['', '', 'unknown 1 1 1; entry 1 0 0'])
{
    my ($key, $user, $want) = @$case;
    my @u = $key ? ($key => $user) : ();
    my @e = (($key ? () : ev(5, c('A'), 0, 0, 'offline', from('direct'))),
             page(10, c('A'), 1, 1, first(), @u),
             buy(20, c('A'), 1, 1, w => ['email', 'direct'], wn => 2, @u));

    ($data) = table('direct', log_of(@e));
    is(join('; ', sort { $b cmp $a } split /; /,
            rows($data->{direct}, qw(kind touches journeys conversions))),
       $want, 'w knows more' . ($key ? ', of a person it does not' : ''));
    is(sums($data->{direct}), channel(log_of(@e)), '... as the channel');
}

# a person's sessions are still first ones or not
($data) = table('direct', log_of(
    page(0, c('A'), 1, 1, first(), u => 'ann'),
    page(9000, c('B'), 1, 1, first(), u => 'ann', p => '/x'),
    page(20000, c('B'), 1, 2, first())));
is(rows($data->{direct}, qw(kind touches visitors sessions journeys)),
   'returning 1 0 1 0; deep 1 0 1 0; entry 1 1 1 1',
   'a person counts where the first direct touch is');


# ---- from phase to phase ---------------------------------------------------

sub seen { my ($at, $v, $ph, %more) = @_;
           return page($at, $v, 1, 1, ph => $ph, %more); }

my @moves = qw(from to direction count journeys);
my @times = qw(phase position journeys advanced q1 median q3);
my @phases = (
    # A: forward, back, forward over one; a page without phase between
    seen(0, c('A'), 'awareness', first()),
    seen(10, c('A'), 'consideration'),
    seen(30, c('A'), 'awareness'),
    page(35, c('A'), 1, 1),
    seen(40, c('A'), 'awareness'),
    seen(70, c('A'), 'decision'),
    # B: the first phase comes later: its time begins then
    seen(0, c('B'), 'consideration', first()),
    seen(20, c('B'), 'awareness'),
    seen(26, c('B'), 'consideration'),
    # C: stays; D: an error and a goal have phases, too
    seen(0, c('C'), 'awareness', first()),
    seen(5, c('C'), 'awareness'),
    seen(0, c('D'), 'awareness', first()),
    ev(7, c('D'), 1, 1, 'error', ph => 'consideration', st => 404),
    goal(9, c('D'), 1, 1, 'letter', ph => 'decision'),
    # no journey
    page(3, c('E'), 0, 0, ph => 'awareness'),
    page(4, c('E'), 0, 0, ph => 'decision'),
    # the next journey of A begins anew
    page(900, c('A'), 2, 2, first(), ph => 'consideration'),
);

($data) = table('phases', log_of(@phases));
is(join(' ', sort keys %$data), 'phase_times phases transitions', 'tables');
is(rows($data->{transitions}, @moves),
   'awareness consideration forward 3 3; awareness decision forward 1 1; '
   . 'consideration awareness back 2 2; consideration decision forward 1 1',
   'transitions');
is(join(' ', map { $_->{share} } @{ $data->{transitions} }),
   join(' ', 0.75, 0.25, 2/3, 1/3), 'shares of those from a phase');
is(rows($data->{phase_times}, @times),
   'awareness 1 4 3 6500 7000 8500; consideration 2 4 2 16500 31000 45500; '
   . 'decision 3 2 0 - - -', 'times in phases');
is(rows($data->{phases}, qw(phase journeys)),
   'awareness 5; consideration 4; decision 2', 'and phases as they were');

# two models
my @two = (@phases, map { my ($at, $ph, $pn) = @$_;
    page($at, c('A'), 1, 1, h => 'blog.example', ph => $ph, pn => $pn) }
    [15, 'read', 1], [20, 'follow', 2], [33, 'read', 1]);
($data) = table('phases', log_of(@two));
is(rows($data->{transitions}, 'host', @moves),
   'shop.example awareness consideration forward 3 3; '
   . 'shop.example awareness decision forward 1 1; '
   . 'shop.example consideration awareness back 2 2; '
   . 'shop.example consideration decision forward 1 1; '
   . 'blog.example read follow forward 1 1; '
   . 'blog.example follow read back 1 1', 'each model has its own');
is(rows([@{ $data->{phase_times} }[3, 4]], 'host', @times),
   'blog.example read 1 1 1 5000 5000 5000; blog.example follow 2 1 0 - - -',
   'and times');
is(rows($data->{phases}, qw(host phase journeys)),
   'shop.example awareness 5; shop.example consideration 4; '
   . 'shop.example decision 2; blog.example read 1; blog.example follow 1',
   'and a funnel each');

($code, $out) = journey('phases', log_of(@phases));
like($out, qr/^Phases\n.*^Transitions\n.*
              ^\ \ consideration\ \ awareness\ +back\ +2\ +2\ +66\.7\ %\n.*
              ^\ \ consideration\ +4\ +2\ +17\ s\ +31\ s\ +46\ s$/xms, 'text');
($code, $out) = journey('phases', '--csv', log_of(@two));
like($out, qr/\r\n\r\nhost,from,to,direction,count,journeys,share\r\n.*
              \r\n\r\nhost,phase,position,journeys,advanced,q1,median,q3\r\n/xs,
     'CSV');
($data) = table('phases', '--limit', 1, log_of(@phases));
is(scalar @{ $data->{transitions} }, 1, '--limit');
($data) = table('phases', log_of(page(0, c('A'), 1, 1)));
is(rows($data->{transitions}) . rows($data->{phase_times}), '', 'no phases');

# groups: 3 go forward, 2 on, 1 back
@many = map { my $v = c("g$_");
    (seen(0, $v, 'awareness', first()), seen($_, $v, 'consideration'),
     ($_ < 3 ? seen(20, $v, 'decision') : ()),
     ($_ == 3 ? seen(30, $v, 'awareness') : ())) } 1 .. 3;
($data) = table('phases', '--min-visitors', 2, log_of(@many));
is(rows($data->{transitions}, @moves, 'share'),
   'awareness consideration forward 3 3 1; other - - 3 3 -',
   '--min-visitors: one and the next smallest, not to be had by difference');
is(rows($data->{phase_times}, @times),
   'awareness 1 3 3 1500 2000 2500; consideration 2 3 2 18250 18500 18750; '
   . 'decision 3 2 0 - - -', 'times of enough visitors');
($data) = table('phases', '--min-visitors', 3, log_of(@many));
is(rows($data->{phase_times}, @times),
   'consideration 2 3 - - - -; other - 3 - - - -',
   'few are one row with the next smallest, and no times of 2 visitors');


# ---- random logs beside a plain version ------------------------------------

srand 5;

sub among { return $_[int rand @_]; }

# Visitors as the module logs them: first touches of sessions, numbers that
# go up, w at goals.
sub random_log {
    my @events;

    for my $n (1 .. 25) {
        my $v = id(rand() < 0.2 ? 'h' : 'c', "r$n");
        my ($at, $j) = (int rand 200_000, 1);
        my (@w, $next);
        my $fs = $DAY0 + int($at / $DAY);

        for my $s (1 .. 1 + int rand 6) {
            ($j, $next, @w) = ($j + 1, 0) if $next;

            for my $hit (0 .. int rand 7) {
                $at += 30 + int rand 600;

                my $host = among('shop.example', 'shop.example',
                                 'blog.example');
                my @ph = $host eq 'shop.example'
                         ? @{ among(map { [$_, $pn{$_}] } keys %pn) }
                         : @{ among(['read', 1], ['follow', 2]) };
                my @touch = $hit && rand() < 0.9 ? ()
                          : (from(among(qw(direct direct email social))));

                push @w, $touch[1] if @touch;
                push @events, page($at, $v, $j, $s, h => $host,
                    p => among('/', '/de/', '/p/1', '/en-us/', '/news'),
                    (rand() < 0.8 ? (ph => $ph[0], pn => $ph[1]) : ()),
                    ($hit || $v !~ /^c/ ? () : (fs => $fs)), @touch);

                next if rand() > 0.15;

                my $done = rand() < 0.6 ? 1 : 0;

                $next ||= $done;
                push @events, goal($at + 1, $v, $j, $s,
                    $done ? 'buy' : 'letter', ($done ? (done => 1) : ()),
                    (rand() < 0.7 ? (val => int rand 90, cur => 'EUR') : ()),
                    w => [@w], wn => scalar @w);
            }

            $at += 2000 + int rand 3 * $DAY;
        }
    }

    return @events;
}

# The journeys: "v j" => events; what was counted before is gone.
sub journeys {
    my (%journeys, %known);

    for (sort { $a->{t} <=> $b->{t} } @_) {
        next if $_->{k} eq 'goal' && $known{"@$_{qw(v s goal)}"}++;
        push @{ $journeys{"$_->{v} $_->{j}"} }, $_;
    }

    return %journeys;
}

sub plain_times {
    my ($goal, $idle, %journeys) = @_;
    my ($end) = sort { $b <=> $a } map { $_->{t} } map { @$_ } values %journeys;
    my (%fs, %last, @times, %out);

    for (map { @$_ } values %journeys) {
        $fs{ $_->{v} } = $_->{fs} if defined $_->{fs};
    }

    for my $key (sort { (split / /, $a)[1] <=> (split / /, $b)[1] }
                 keys %journeys)
    {
        my ($v) = split / /, $key;
        my @events = @{ $journeys{$key} };
        my $first = $events[0];
        my $last = $last{$v};

        $last{$v} = (sort { $b <=> $a } map { $_->{s} } @events)[0];

        if ($v =~ /^h/) {
            $out{no_cookie}++;
            next;
        }

        if (!defined $first->{ch} || (defined $last
              ? $first->{s} != $last + 1
              : $first->{s} != 1 || (defined $fs{$v} && $fs{$v}
                                     < int($first->{t} / 1000 / $DAY))))
        {
            $out{begun_before}++;
            next;
        }

        my ($goal) = grep { defined $_->{goal} && $_->{goal} eq $goal } @events;
        my $until = $events[-1]{t} + $idle;

        $until = $end if $until > $end;
        push @times, [($goal ? $goal->{t} : $until) - $first->{t}, !!$goal];
    }

    return (\@times, \%out);
}

sub plain_curve {
    my @times = @_;
    my $left = 1;
    my @rows;

    for my $at (sort { $a <=> $b } keys %{ { 0 => 1, map { $_->[0] => 1 }
                                             grep { $_->[1] } @times } })
    {
        my $risk = grep { $_->[0] >= $at } @times;
        my $here = grep { $_->[0] == $at && $_->[1] } @times;

        $left *= 1 - $here / $risk if $risk;
        push @rows, [$at, $risk, $here, $left];
    }

    return @rows;
}

# Each touch once, visitors, sessions and journeys where the first one is.
sub plain_direct {
    my @events = @_;
    my (%rows, %known, %last);
    my $kind = sub {
        my ($ev) = @_;
        return $ev->{s} > 1 ? 'returning'
             : $ev->{p} =~ m{^/(?:..(?:-..)?/)?$} ? 'entry' : 'deep';
    };
    my $count = sub { $rows{ $_[0] }{ $_[1] } += $_[2]; };

    for my $ev (sort { $a->{t} <=> $b->{t} } @events) {
        my ($v, $s, $j) = @$ev{qw(v s j)};

        if (defined $ev->{ch}) {
            $last{"$v $j"} = $ev;
            $known{"n $v $j"}++;
        }

        if (defined $ev->{ch} && $ev->{ch} eq 'direct') {
            my $k = $kind->($ev);

            $count->($k, 'touches', 1);
            $count->($k, 'visitors', !$known{"v $v"}++ || 0);
            $count->($k, 'sessions', !$known{"s $v $s"}++ || 0);
            $count->($k, 'journeys', !$known{"j $v $j"}++ || 0);
        }

        next if !$ev->{done} || $known{"g $v $s $ev->{goal}"}++;

        my $k;

        if ($ev->{wn} > ($known{"n $v $j"} || 0)) {
            $k = 'unknown' if $ev->{w}[-1] eq 'direct';

        } elsif ($last{"$v $j"}{ch} eq 'direct') {
            $k = $kind->($last{"$v $j"});
        }

        next if !defined $k;
        $count->($k, 'conversions', 1);
        $count->($k, 'value', $ev->{val} || 0);
    }

    return join '; ', map {
        my $k = $_;
        join ' ', $k, map { $rows{$k}{$_} || 0 } @kinds[1 .. 6]
    } grep { $rows{$_} } qw(returning deep entry unknown);
}

sub plain_moves {
    my %journeys = @_;
    my (%moves, %in, %times, %name);

    for my $events (values %journeys) {
        my (%last, %first, %done, %once);

        for (@$events) {
            next if !defined $_->{ph};

            my ($h, $pn, $t) = @$_{qw(h pn t)};

            $name{$h}{$pn} = $_->{ph};

            if (defined $last{$h} && $last{$h} != $pn) {
                my $key = "$h $last{$h} $pn";
                $moves{$key}[0]++;
                $moves{$key}[1] += !$once{$key}++;
            }

            $last{$h} = $pn;

            for my $before (1 .. $pn - 1) {
                my $key = "$h $before";
                push @{ $times{$key} }, $t - $first{$key}
                    if defined $first{$key} && !$done{$key}++;
            }

            $first{"$h $pn"} = $t if !defined $first{"$h $pn"};
        }

        $in{$_}++ for keys %first;
    }

    my $moves = join '; ', map {
        my ($h, $from, $to) = split / /;
        "$h $name{$h}{$from} $name{$h}{$to} @{ $moves{$_} }";
    } sort keys %moves;
    my $times = join '; ', map {
        my ($h, $pn) = split / /;
        my @t = sort { $a <=> $b } @{ $times{$_} || [] };
        my @q = map { my $i = int($_ * $#t); my $part = $_ * $#t - $i;
                      @t ? $t[$i] + ($part ? $part * ($t[$i + 1] - $t[$i]) : 0)
                         : '-' } 0.25, 0.5, 0.75;
        join ' ', $h, $name{$h}{$pn}, $in{$_}, scalar @t, @q;
    } sort keys %in;

    return ($moves, $times);
}

my $kept = 0;

for my $round (1 .. 25) {
    my @all = random_log();
    my $since = $round % 2 ? 0 : int rand 150_000;
    my @events = grep { $_->{t} >= 1000 * ($T + $since) } @all;
    my $file = log_of(@all);
    my @since = $since ? ('--since', $T + $since) : ();
    my %journeys = journeys(@events);

    for my $goal ('buy', 'letter') {
        my ($d) = journey_data('time', '--json', '--goal', $goal, '--idle',
                               '2d', @since, $file);
        my ($times, $out) = plain_times($goal, 2000 * $DAY, %journeys);
        my @want = plain_curve(@$times);
        my $s = $d->{time_summary};

        $kept += @$times;
        is(rows([$s], qw(journeys converted no_cookie begun_before)),
           join(' ', scalar @$times, scalar(grep { $_->[1] } @$times),
                map { $out->{$_} || 0 } qw(no_cookie begun_before)),
           "random log $round, $goal: journeys");
        is(rows($d->{time}, qw(time at_risk converted)),
           @$times ? join('; ', map { "@$_[0 .. 2]" } @want) : '',
           "random log $round, $goal: the curve");
        is(scalar(grep { !near($d->{time}[$_]{left}, $want[$_][3]) }
                  0 .. $#{ $d->{time} }), 0, '... and what is left');

        my ($median) = grep { $_->[3] <= 0.5 + 1e-9 } @want;
        is($s->{median}, @$times && $median ? $median->[0] : undef,
           '... and the median');
    }

    my ($d) = journey_data('direct', '--json', @since, $file);
    is(rows($d->{direct}, @kinds), plain_direct(@events),
       "random log $round: direct");
    is(sums($d->{direct}), channel(@since, $file), '... as the channel');

    for my $k (2, 4, 8) {
        ($d) = journey_data('direct', '--json', '--min-visitors', $k, @since,
                            $file);
        my ($few) = grep { $_->{visitors} < $k && $_->{kind} ne 'other' }
                    @{ $d->{direct} };

        is($few, undef, "... no row of fewer than $k");
        is(sums($d->{direct}), channel('--min-visitors', $k, @since, $file),
           '... as the channel');
    }

    ($d) = journey_data('phases', '--json', @since, $file);
    my ($moves, $times) = plain_moves(%journeys);
    is(join('; ', sort split /; /, rows($d->{transitions},
                                        qw(host from to count journeys))),
       join('; ', sort split /; /, $moves), "random log $round: transitions");
    is(join('; ', sort split /; /, rows($d->{phase_times},
                            qw(host phase journeys advanced q1 median q3))),
       join('; ', sort split /; /, $times), "random log $round: times");
}

cmp_ok($kept, '>', 500, 'random logs have journeys whose start is there');

# persons: rows still add up
for my $round (1 .. 10) {
    my @events = random_log();
    my %user = map { $_->{v} => among('ann', 'bob', undef, undef, undef) }
               @events;

    for (@events) {
        $_->{u} = $user{ $_->{v} } if defined $user{ $_->{v} } && rand() < 0.3;
    }

    my $file = log_of(@events);
    my ($d) = journey_data('direct', '--json', $file);

    is(sums($d->{direct}), channel($file), "persons $round: as the channel");

    ($d) = journey_data('time', '--json', $file);

    my ($all) = journey_data('report', '--json', $file);
    my $sum = 0;
    $sum += $d->{time_summary}{$_} for 'journeys', @why;
    is($sum, $all->{summary}{journeys}, '... each journey is somewhere');
}

done_testing();
