# Copyright (C) ngx_journey_module contributors
#
# Persons: browsers that a user id links are one visitor.  Numbers worked out
# by hand, then random logs beside a plain version of the rules.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $H = 3600;

# at (seconds), visitor (undef: none), j, s, kind, user, more
sub ev {
    my ($at, $v, $j, $s, $k, $u, %more) = @_;

    return { t => $T + 1000 * $at, k => $k, h => 'shop.example', p => '/',
             (defined $v ? (v => id('c', $v), j => $j, s => $s) : ()),
             (defined $u ? (u => $u) : ()), %more };
}

sub page { my ($at, $v, $j, $s, $u, %more) = @_;
           return ev($at, $v, $j, $s, 'page', $u, %more); }

sub from { return (ch => $_[0], why => 'utm'); }

sub buy {
    my ($at, $v, $j, $s, $u, %more) = @_;

    return ev($at, $v, $j, $s, 'goal', $u, goal => 'purchase', done => 1,
              val => 10, cur => 'EUR', %more);
}

sub report {
    my ($name, @events) = @_;
    my ($data, $code, $err)
        = journey_data('report', '--json', old(spew(member(lines(@events)))));

    is($code, 0, "$name: exit code");
    return ($data, $err);
}

sub counts { return join ' ', map { $_[0]{summary}{$_} }
             qw(visitors sessions journeys conversions); }

sub paths {
    return join ' ', sort map {
        join('>', @{ $_->{path} }) . "=$_->{journeys}/$_->{conversions}"
    } @{ $_[0]{paths} };
}

sub pages {
    return join ' ', sort map { "$_->{path}=$_->{visits}/$_->{entries}/"
                                . $_->{exits} } @{ $_[0]{pages} };
}


# ---- two devices -----------------------------------------------------------

# The telephone finds, the computer buys: one path.  Its w knows half of it.
my @two = (
    page(0, 'phone', 1, 1, 'ann', from('email')),
    page(10, 'phone', 1, 1, undef, p => '/a'),
    page(86400, 'desk', 1, 1, undef, from('direct'), p => '/b'),
    page(86410, 'desk', 1, 1, 'ann', p => '/account'),
    buy(86420, 'desk', 1, 1, undef, w => ['direct'], wn => 1),
);
my ($data, $err) = report('two devices', @two);

is(counts($data), '1 2 1 1', 'two devices: one visitor, one journey');
is(paths($data), 'email>direct=1/1', 'the path over both');
is($data->{summary}{value}, 10, 'the value');
like($err, qr/^journey: note: 1 visitor is a person known by user id, of 2 b/m,
     'it is said');
unlike($err, qr/lacks touches/, 'nothing is missing');

my @none = map { my %e = %$_; delete $e{u}; \%e } @two;
($data, $err) = report('without u', @none);
is(counts($data), '2 2 2 1', 'without user ids they are two');
is(paths($data), 'direct=1/1 email=1/0', 'with a path each');
unlike($err, qr/person/, 'and nothing is said');

# w is never used for a person, even where it has more.
($data, $err) = report('w', page(0, 'A', 1, 4, 'ann', p => '/cart'),
    buy(5, 'A', 1, 4, 'ann', w => ['email', 'direct'], wn => 2),
    page(6, 'B', 1, 4, undef, p => '/cart'),
    buy(7, 'B', 1, 4, undef, w => ['email', 'direct'], wn => 2));
is(paths($data), 'email>direct=1/1', 'w: of the browser alone');
like($err, qr/1 conversion belongs to no channel \(0 without visitor\)/,
     'w: that of the person has no path');


# ---- u that comes late, a shared device ------------------------------------

($data) = report('late', page(0, 'A', 1, 1, undef, from('email')),
    page(30 * 86400, 'A', 1, 2, undef, from('direct')),
    page(40 * 86400, 'A', 1, 3, 'ann', from('referral')),
    page(0, 'B', 1, 1, 'ann', from('organic_search')),
    page(50 * 86400, 'A', 1, 4, undef, from('email')));
is(counts($data), '1 5 1 0', 'a late u: all before and after is hers');

# ann logs out, bob logs in on the same computer, in the same session and
# later; the event between is bob's: his u comes next.
my @shared = (
    page(0, 'A', 1, 1, undef, from('email'), p => '/1'),
    page(10, 'A', 1, 1, 'ann', p => '/2'),
    page(20, 'A', 1, 1, undef, p => '/3'),
    page(30, 'A', 1, 1, 'bob', p => '/4'),
    buy(40, 'A', 1, 1, undef),
    page(90000, 'A', 2, 2, undef, from('direct'), p => '/5'),
);
($data) = report('shared', @shared);
is(counts($data), '2 2 3 1', 'two persons, two sessions');
is(paths($data), 'direct=1/0 email=1/0',
   'the path of each: bob bought without a touch');
is(pages($data), '/1=1/1/0 /2=1/0/0 /3=1/0/0 /4=1/0/1 /5=1/1/1',
   'the session has one entry and one exit');

# ann again: she begins and ends the session
($data) = report('and back', @shared[0 .. 3],
                 page(50, 'A', 1, 1, 'ann', p => '/6'));
is(counts($data), '2 1 2 0', 'ann, bob, ann: two persons, one session');
is(pages($data), '/1=1/1/0 /2=1/0/0 /3=1/0/0 /4=1/0/0 /6=1/0/1',
   'and one entry, one exit');

# The same goal without an order in one session counts once, whoever it was.
($data) = report('once', @shared[0 .. 1], buy(15, 'A', 1, 1, 'ann'),
                 @shared[2 .. 4]);
is(counts($data), '2 1 2 1', 'one session, one goal');


# ---- journeys --------------------------------------------------------------

# The goal on one device ends the journey of both; each j goes up on its own.
my @next = (
    page(0, 'A', 1, 1, 'ann', from('email')),
    page(5, 'B', 1, 1, 'ann', from('direct')),
    buy(10, 'A', 1, 1, undef, ord => 'o1'),
    page(20, 'B', 1, 1, undef, p => '/still'),           # began before
    page(1 * $H, 'B', 1, 2, undef, from('referral')),    # the next journey
    page(2 * $H, 'A', 2, 2, undef, from('email')),       # is this one, too
    buy(2 * $H + 9, 'A', 2, 2, undef, ord => 'o2'),
    page(3 * $H, 'B', 1, 3, undef, from('direct')),
);
($data) = report('next', @next);
is(counts($data), '1 5 3 2', 'a goal ends the journey on all devices');
is(paths($data), 'direct=1/0 email>direct=1/1 referral>email=1/1',
   'what each journey is of');

# An order that is reported again ends nothing.
($data) = report('again', @next, buy(4 * $H, 'A', 2, 2, undef, ord => 'o2'),
                 page(5 * $H, 'A', 3, 3, undef, from('email')));
is(counts($data), '1 6 3 2', 'the same order again ends no journey');

# The input lacks the start, or the goal of a journey: j tells.
($data) = report('from the midst', page(0, 'A', 3, 7, 'ann', from('email')),
    page(1 * $H, 'B', 1, 1, 'ann', from('direct')),
    page(2 * $H, 'A', 4, 8, 'ann', from('referral')));
is(counts($data), '1 3 2 0', 'a goal that the input lacks: j');
is(paths($data), 'email>direct=1/0 referral=1/0', 'and its paths');


# ---- without a visitor, offline --------------------------------------------

my %off = (k => 'offline');
($data, $err) = report('offline',
    page(0, 'A', 1, 1, 'ann', from('email')),
    { t => $T + 5000, k => 'offline', u => 'ann', from('offline') },
    { t => $T + 9000, k => 'goal', u => 'ann', goal => 'purchase', done => 1,
      ord => 'o1' },
    page(2 * $H, 'A', 1, 2, undef, from('direct')),
    { t => $T, k => 'goal', goal => 'purchase', done => 1, ord => 'o2' });
is(counts($data), '1 2 2 2', 'offline: of the person, by u alone');
is(paths($data), 'direct=1/0 email>offline=1/1',
   'a goal of another system completes the journey');
like($err, qr/1 conversion belongs to no channel \(1 without visitor\)/,
     'a goal of nobody stays one');

# The last user of a browser is the last in time, whatever the file's order is.
my @turned = (
    { t => $T, v => id('c', 'A'), k => 'offline', u => 'ann',
      from('offline') },
    page(9, 'A', 1, 1, 'bob', from('referral')),
    buy(20, 'A', 1, 1, undef));

for my $turned ([@turned], [reverse @turned], [@turned[1, 0, 2]]) {
    ($data) = report('turned', @$turned);
    is(paths($data), 'offline=1/0 referral=1/1', 'the order of lines is none');
}

# What happened offline after an order that was reported again is of the
# journey that is still open.
($data) = report('again, then offline',
    page(0, 'A', 1, 1, 'ann', from('email')),
    buy(9, 'A', 1, 1, undef, ord => 'o1'),
    page(1 * $H, 'A', 2, 2, undef, from('direct')),
    buy(1 * $H + 9, 'A', 2, 2, undef, ord => 'o1'),
    { t => $T + 2000 * $H, k => 'offline', u => 'ann', from('offline') },
    page(3 * $H, 'A', 3, 3, undef, from('referral')));
is(counts($data), '1 3 2 1', 'again, then offline: two journeys');
is(paths($data), 'direct>offline>referral=1/0 email=1/1',
   'and the offline touch between');

# pv: the hash of before consent is the cookie's, and so the person's
($data) = report('pv',
    { %{ page(0, undef, 0, 0, undef, from('email')) }, v => id('h', 'x'),
      j => 1, s => 1 },
    page(10, 'A', 1, 1, undef, pv => id('h', 'x')),
    page(20, 'A', 1, 1, 'ann'), page(9000, 'B', 1, 1, 'ann', from('direct')));
is(counts($data), '1 2 1 0', 'pv and u');
is(paths($data), 'email>direct=1/0', 'one path');


# ---- random logs beside a plain version ------------------------------------

sub plainly {
    my @events = @_;
    my @order = sort { $events[$a]{t} <=> $events[$b]{t}
                       || ($events[$a]{k} eq 'goal')
                          <=> ($events[$b]{k} eq 'goal')
                       || $a <=> $b } 0 .. $#events;
    my (%by, %person, %last);

    push @{ $by{ $events[$_]{v} } }, $_ for @order;

    for my $v (keys %by) {
        my @his = @{ $by{$v} };
        my ($last) = grep { defined } map { $events[$_]{u} } reverse @his;
        my $next = $last;

        for my $i (reverse @his) {
            $next = $events[$i]{u} if defined $events[$i]{u};
            $person{$i} = defined $next ? "u$next" : $v;
        }
    }

    my (%visitors, %sessions, %journeys, %now, %done, %began, %orders);
    my ($n, $path, %ways, %paths) = (0);

    for my $i (@order) {
        my $e = $events[$i];
        my $p = $person{$i};
        my $s = "$e->{v} $e->{s}";

        $visitors{$p} = 1;
        $sessions{$s} = 1;

        if ($p !~ /^u/) {
            $began{"$p $s"} = $e->{j};

        } elsif (!exists $began{"$p $s"}) {
            $now{$p}++ if !$now{$p} || $done{$p};
            $done{$p} = 0;
            $began{"$p $s"} = $now{$p};
        }

        my $journey = "$p " . $began{"$p $s"};
        $journeys{$journey} = 1;
        push @{ $ways{$journey} }, $e->{ch}
            if $e->{ch} && (!@{ $ways{$journey} || [] }
                            || $ways{$journey}[-1] ne $e->{ch});

        if ($e->{goal} && !$orders{ $e->{ord} }++) {
            $n++;
            $done{$p} = 1;
            $paths{ join '>', @{ $ways{$journey} || [] } }++;
        }
    }

    delete $paths{''};
    return (join(' ', scalar keys %visitors, scalar keys %sessions,
                 scalar keys %journeys, $n),
            join(' ', map { "$_=$paths{$_}" } sort keys %paths));
}

srand 7;

for my $round (1 .. 60) {
    my (@events, %state);
    my $order = 0;
    my $t = 0;

    # Browsers as the module makes them: j goes up at the first session after
    # a goal.
    for (1 .. 10 + int rand 60) {
        my $v = 'v' . int rand 4;
        my $st = $state{$v} ||= { j => 1, s => 0, at => -1e9, done => 0 };

        $t += 20 + int rand(rand() < 0.4 ? 4000 : 300);

        if ($t - $st->{at} >= 1800) {
            $st->{s}++;
            $st->{j}++ if $st->{done};
            $st->{done} = 0;
            $st->{new} = 1;
        }

        my $u = rand() < 0.3 ? 'u' . int rand 3 : undef;

        if (!$st->{new} && rand() < 0.3) {
            push @events, buy($t, $v, $st->{j}, $st->{s}, $u,
                              ord => 'o' . ++$order);
            $st->{done} = 1;

        } else {
            push @events, page($t, $v, $st->{j}, $st->{s}, $u,
                $st->{new} || rand() < 0.2
                ? from((qw(email direct referral))[rand 3]) : ());
        }

        @$st{qw(at new)} = ($t, 0);
    }

    my ($counts, $paths) = plainly(@events);
    my @mixed = @events;

    # lines of two workers
    for (1 .. 5) {
        my $i = int rand $#mixed;
        @mixed[$i, $i + 1] = @mixed[$i + 1, $i];
    }

    my ($d) = journey_data('report', '--json',
                           old(spew(member(lines(@mixed)))));
    my $got = join ' ', sort grep { !/=0$/ } map {
        join('>', @{ $_->{path} }) . "=$_->{conversions}" } @{ $d->{paths} };

    is(counts($d) . "; $got", "$counts; $paths", "random log $round");
}

done_testing();
