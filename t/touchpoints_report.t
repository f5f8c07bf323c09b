# Copyright (C) ngx_journey_module contributors
#
# What reports make of events that are no pages: offline touches and goals,
# which name no journey, and clicks.  The numbers are worked out by hand.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $HOUR = 3600;

# An event s seconds after $T; of a visitor's journey and session where these
# are given.
sub ev {
    my ($s, $k, $v, $j, $sess, %more) = @_;

    return { t => $T + 1000 * $s, k => $k, (defined $v ? (v => $v) : ()),
             (defined $j ? (j => $j, s => $sess) : ()),
             ($k eq 'offline' || !defined $j ? () : (h => 'shop.example')),
             %more };
}

sub page {
    my ($s, $v, $j, $sess, $path, %more) = @_;
    my %pn = (awareness => 1, consideration => 2, decision => 3);

    return ev($s, 'page', $v, $j, $sess, p => $path,
              ($more{ph} ? (pn => $pn{ $more{ph} }) : ()), %more);
}

sub offline {
    my ($s, $v, $channel, %more) = @_;

    return ev($s, 'offline', $v, undef, undef, ch => $channel, %more);
}

# What an import makes of an order, and what the module does.
sub sale {
    my ($s, $v, $ord, $val, %more) = @_;

    return ev($s, 'goal', $v, undef, undef, goal => 'purchase', done => 1,
              val => $val, cur => 'EUR', ($ord ? (ord => $ord) : ()), %more);
}

sub purchase {
    my ($s, $v, $j, $sess, $ord, $val, @w) = @_;

    return ev($s, 'goal', $v, $j, $sess, p => '/done', goal => 'purchase',
              done => 1, val => $val, cur => 'EUR', ($ord ? (ord => $ord) : ()),
              w => [@w], wn => scalar @w);
}

my $files = 0;

sub report {
    my ($name, @events) = @_;
    my $log = spew(member(lines(@events)), 'log' . ++$files . '.gz');
    my ($data, $code, $err);

    old($log);
    ($data, $code, $err) = journey_data('report', '--json', $log);
    $err =~ s/^journey: note: .*\n//mg;
    is("$code$err", '0', "$name: is read");

    return $data;
}

# "name: a b c" of each row, in alphabetical order.
sub table {
    my ($data, $table, $name, @columns) = @_;

    return join ', ', sort map {
        my $row = $_;
        my $key = ref $row->{$name} ? join('>', @{ $row->{$name} })
                                    : $row->{$name};

        join ' ', "$key:", map { defined $row->{$_} ? $row->{$_} : '-' }
                           @columns
    } @{ $data->{$table} };
}

sub channels {
    return table($_[0], 'channels', 'channel',
                 qw(touches visitors sessions journeys conversions value));
}

sub paths {
    return table($_[0], 'paths', 'path', qw(journeys conversions value));
}

sub numbers {
    my ($data) = @_;

    return join ' ', map { $data->{summary}{$_} }
                     qw(events visitors sessions journeys conversions value);
}

my ($A, $B, $C, $D, $E) = map { id('c', $_) } qw(1 2 3 4 5);


# ---- an offline touch within a journey -------------------------------------

my @online = (page(0, $A, 1, 1, '/', ch => 'organic_search', src => 'google',
                   ph => 'awareness'),
              page(200, $A, 1, 1, '/cart', ph => 'decision'),
              page(3 * $HOUR, $A, 1, 2, '/', ch => 'email',
                   ph => 'awareness'),
              purchase(3 * $HOUR + 10, $A, 1, 2, 'O1', 100,
                       'organic_search', 'email'));
my $call = offline(100, $A, 'offline', cmp => 'call');
my $data = report('before', @online);

is(numbers($data), '4 1 2 1 1 100', 'without the call');
is(paths($data), 'organic_search>email: 1 1 100', 'its path');

# Where the line stands in the input says nothing.
for my $order ([@online, $call], [$call, @online],
               [$online[0], $call, @online[1 .. 3]])
{
    $data = report('a call', @$order);

    is(numbers($data), '5 1 2 1 1 100', 'no session, no journey more');
    is(channels($data), 'email: 1 1 1 1 1 100, offline: 1 1 0 1 0 0, '
       . 'organic_search: 1 1 1 1 0 0', 'a touch of its channel');
    is(paths($data), 'organic_search>offline>email: 1 1 100',
       'in the path by its time');
    is(table($data, 'pages', 'path', qw(visits entries exits)),
       '/: 2 2 1, /cart: 1 0 1', 'it is no page');
    is(table($data, 'phases', 'phase', qw(journeys completed dropped open)),
       'awareness: 1 0 0 0, decision: 1 1 0 0', 'and of no phase');
}

# The last touch before the purchase: it gets the credit.
$data = report('a call at last', @online,
               offline(3 * $HOUR + 5, $A, 'offline', cmp => 'call'));
is(channels($data), 'email: 1 1 1 1 0 0, offline: 1 1 0 1 1 100, '
   . 'organic_search: 1 1 1 1 0 0', 'the last touch has the credit');

# After the purchase it belongs to no journey that is there.
$data = report('a call afterwards', @online,
               offline(3 * $HOUR + 20, $A, 'offline'));
is(numbers($data), '5 1 2 2 1 100', 'a journey of its own, which is open');
is(paths($data), 'offline: 1 0 0, organic_search>email: 1 1 100',
   'with its path');

$data = report('and then comes back', @online,
               offline(3 * $HOUR + 20, $A, 'offline'),
               page(50 * $HOUR, $A, 2, 3, '/', ch => 'direct'));
is(numbers($data), '6 1 3 2 1 100', 'the next journey');
is(paths($data), 'offline>direct: 1 0 0, organic_search>email: 1 1 100',
   'begins with it');

# Old ones leave the path as any touch does.
$data = report('long before', page(0, $A, 1, 1, '/', ch => 'direct'),
               offline(24 * $HOUR, $A, 'offline'),
               page(100 * 24 * $HOUR, $A, 1, 2, '/', ch => 'email'),
               purchase(100 * 24 * $HOUR + 9, $A, 1, 2, 'O1', 5, 'direct',
                        'email'));
is(paths($data), 'email: 1 1 5', 'beyond the look-back');

# Said twice, as by an import done again.
$data = report('twice', @online, $call, $call,
               offline(105, $A, 'offline', cmp => 'call'),
               offline(150, $A, 'offline', cmp => 'call'));
is(channels($data), 'email: 1 1 1 1 1 100, offline: 2 1 0 1 0 0, '
   . 'organic_search: 1 1 1 1 0 0', 'equal ones within 10 seconds are one');


# ---- nothing but offline events --------------------------------------------

$data = report('a fair', offline(0, $A, 'offline', src => 'fair'),
               offline(60, $B, 'offline', src => 'fair'),
               offline(90, $B, 'affiliates'));
is(numbers($data), '3 2 0 2 0 0', 'visitors and journeys without a session');
is(paths($data), 'offline: 1 0 0, offline>affiliates: 1 0 0', 'their paths');
is(channels($data), 'affiliates: 1 1 0 1 0 0, offline: 2 2 0 2 0 0',
   'their channels');
is(scalar @{ $data->{pages} } + scalar @{ $data->{phases} }, 0,
   'no pages, no phases');

$data = report('bought at the fair', offline(0, $A, 'offline'),
               sale(60, $A, 'O1', 40), offline(90, $A, 'email'),
               sale(95, $A, 'O2', 2), page(900, $A, 1, 1, '/', ch => 'direct'));
is(numbers($data), '5 1 1 3 2 42', 'a journey each, and that of the page');
is(paths($data), 'direct: 1 0 0, email: 1 1 2, offline: 1 1 40',
   'each with its own touches');

# A person's of whom the log has no visitor: equal touches are one.
$data = report('by user id', offline(0, undef, 'offline', u => 'x' x 16),
               offline(1, undef, 'offline', u => 'x' x 16),
               page(5, $A, 1, 1, '/', ch => 'direct'));
is(numbers($data), '3 2 1 2 0 0', 'without a visitor: a person');
is(channels($data), 'direct: 1 1 1 1 0 0, offline: 1 1 0 1 0 0',
   'with a journey');

# j and s of another's making count for nothing.
$data = report('numbered', page(0, $A, 1, 1, '/', ch => 'direct'),
               ev(10, 'offline', $A, 7, 9, ch => 'offline'));
is(numbers($data), '2 1 1 1 0 0', 'an offline touch has no session');
is(paths($data), 'direct>offline: 1 0 0', 'and the journey of its time');


# ---- offline goals ---------------------------------------------------------

$data = report('a sale by phone',
               page(0, $A, 1, 1, '/', ch => 'organic_search'),
               offline(50, $A, 'offline'), sale(60, $A, 'O1', 70),
               page(100, $A, 1, 1, '/x'),
               page(5 * $HOUR, $A, 1, 2, '/', ch => 'email'));
is(numbers($data), '5 1 2 1 1 70', 'a conversion of the open journey');
is(paths($data), 'organic_search>offline: 1 1 70',
   'its path: the touches so far');
is(channels($data), 'email: 1 1 1 1 0 0, offline: 1 1 0 1 1 70, '
   . 'organic_search: 1 1 1 1 0 0', 'its credit');
is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
   'purchase: 1 0 70', 'its goal');

# The order that both report: once, as the browser's, whoever was first.
for my $when (-5, 0, 30, 9000) {
    $data = report("also reported at $when",
                   page(0, $A, 1, 1, '/', ch => 'email'),
                   purchase(20, $A, 1, 1, 'O1', 10, 'email'),
                   page(90 * $HOUR, $A, 2, 2, '/', ch => 'direct'),
                   sale(20 + $when, $A, 'O1', 11),
                   sale(21 + $when, undef, 'O1', 12));
    is(numbers($data), '5 1 2 2 1 10', 'one conversion, two journeys');
    is(paths($data), 'direct: 1 0 0, email: 1 1 10', 'of the path it had');
    is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
       'purchase: 1 0 10', 'and its value');
}

# Of two systems the one that knows the visitor.
$data = report('two systems', page(0, $A, 1, 1, '/', ch => 'email'),
               sale(10, undef, 'O1', 3), sale(20, $A, 'O1', 4));
is(paths($data), 'email: 1 1 4', 'the one that names the visitor counts');
is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
   'purchase: 1 0 4', 'once');

# The same order of another goal is another thing.
$data = report('another goal', page(0, $A, 1, 1, '/', ch => 'email'),
               purchase(10, $A, 1, 1, 'O1', 10, 'email'),
               sale(20, $A, 'O1', 1, goal => 'delivered'));
is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
   'delivered: 1 0 1, purchase: 1 0 10', 'counts');

# Without an order: each moment is one.
$data = report('without orders', page(0, $A, 1, 1, '/', ch => 'email'),
               map { sale($_, $A, undef, 5) } 10, 10, 3600, 7200);
is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
   'purchase: 3 0 15', 'said twice is said once');

$data = report('nobody bought', page(0, $A, 1, 1, '/', ch => 'email'),
               sale(10, undef, 'O1', 5), sale(20, undef, undef, 5));
is(numbers($data), '3 1 1 1 2 10', 'conversions without a visitor');
is(table($data, 'goals', 'goal', qw(conversions without_visitor value)),
   'purchase: 2 2 10', 'are said to be so');
is(paths($data), 'email: 1 0 0', 'and of no path');

# Nothing is open: nobody is given the credit.
$data = report('after the purchase', page(0, $A, 1, 1, '/', ch => 'email'),
               purchase(10, $A, 1, 1, 'O1', 10, 'email'),
               sale(9000, $A, 'O2', 5));
is(numbers($data), '3 1 1 2 2 15', 'a journey of its own');
is(channels($data), 'email: 1 1 1 1 1 10', 'without a touch, without credit');

# wn counts what the module knew; the call does not stand for what is missing.
$data = report('a begin that is missing',
               page(0, $A, 1, 4, '/', ch => 'direct'),
               offline(5, $A, 'offline'),
               purchase(10, $A, 1, 4, 'O1', 10, 'email', 'direct'));
is(paths($data), 'email>direct: 1 1 10', 'the path is that of w');

# A funnel: completed offline.
$data = report('a funnel', page(0, $A, 1, 1, '/', ch => 'email',
                                ph => 'consideration'),
               sale(60, $A, 'O1', 5),
               page(0, $B, 1, 1, '/', ch => 'email', ph => 'consideration'));
is(table($data, 'phases', 'phase', qw(journeys completed dropped open)),
   'consideration: 2 1 0 1', 'completed by the sale');

# A visitor who began without a cookie.
my $H = id('h', 6);
$data = report('consent', page(0, $H, 1, 1, '/', ch => 'email'),
               offline(10, $H, 'offline'),
               page(20, $A, 1, 1, '/x', pv => $H),
               offline(30, $A, 'affiliates'));
is(numbers($data), '4 1 1 1 0 0', 'both are one');
is(paths($data), 'email>offline>affiliates: 1 0 0', 'with one path');


# ---- clicks ----------------------------------------------------------------

$data = report('clicks',

    # a code that leads to a page
    ev(0, 'click', $A, 1, 1, p => '/go/flyer', ch => 'offline', src => 'flyer',
       med => 'qr', ms => 0),
    page(1, $A, 1, 1, '/lamp', ph => 'consideration'),
    page(60, $A, 1, 1, '/cart', ph => 'decision'),

    # one that leads away
    ev(0, 'click', $B, 1, 1, p => '/go/partner', ch => 'direct', ms => 1),

    # a newsletter in the midst of a session, and the end of it
    page(0, $C, 1, 1, '/', ch => 'organic_search', ph => 'awareness'),
    ev(100, 'click', $C, 1, 1, p => '/go/news', ch => 'email', cmp => 'may'),
    purchase(150, $C, 1, 1, 'O1', 30, 'organic_search', 'email'));

is(numbers($data), '7 3 3 3 1 30', 'hits of sessions, as pages are');
is(channels($data), 'direct: 1 1 1 1 0 0, email: 1 1 1 1 1 30, '
   . 'offline: 1 1 1 1 0 0, organic_search: 1 1 1 1 0 0', 'their touches');
is(paths($data), 'direct: 1 0 0, offline: 1 0 0, '
   . 'organic_search>email: 1 1 30', 'their paths');
is(table($data, 'pages', 'path', qw(visits entries exits)),
   '/: 1 1 1, /cart: 1 0 1, /lamp: 1 1 0',
   'no pages: a session enters by the first page and leaves by the last');

# With an own phase, as a page has.
$data = report('a phase', ev(0, 'click', $A, 1, 1, p => '/go/x', ch => 'email',
                             ph => 'consideration', pn => 2),
               page(5, $B, 1, 1, '/', ch => 'email', ph => 'awareness'));
is(table($data, 'phases', 'phase', qw(journeys)),
   'awareness: 2, consideration: 1', 'a click has a phase');

# Nobody's clicks.
$data = report('nobody clicks', ev(0, 'click', undef, undef, undef, p => '/x',
                                   ch => 'email'),
               page(5, $A, 1, 1, '/', ch => 'direct'));
is(numbers($data), '2 1 1 1 0 0', 'no visitor, no session');
is(channels($data), 'direct: 1 1 1 1 0 0, email: 1 0 0 0 0 0', 'a touch');


# ---- views do not disturb --------------------------------------------------

my @views = map { ev($_, 'pixel', ($_ % 2 ? ($A, 1, 1) : ($B, 1, 1)),
                     p => '/open.gif', src => 'news', cmp => 'may') }
            1 .. 6;
$data = report('views', @online, @views,
               ev(9, 'pixel', undef, undef, undef, p => '/open.gif',
                  cmp => 'may'),
               ev(11, 'pixel', $B, undef, undef, p => '/open.gif'));
is(join(' ', @{ $data->{summary} }
             {qw(visitors sessions journeys conversions value)}), '1 2 1 1 100',
   'no visitor, session or journey');
is(channels($data), 'email: 1 1 1 1 1 100, organic_search: 1 1 1 1 0 0',
   'no touch');
is(table($data, 'pages', 'path', qw(visits entries exits)),
   '/: 2 2 1, /cart: 1 0 1', 'no page');


# ---- rows are folded -------------------------------------------------------

my @many;

push @many, page($_, id('c', "x$_"), 1, 1, '/', ch => 'direct') for 10 .. 29;
push @many, offline($_ + 100, id('c', "x$_"), 'offline') for 10 .. 12;
push @many, offline($_ + 200, id('c', "x$_"), 'email') for 13 .. 14;
push @many, sale(300, id('c', 'x10'), 'O1', 50);

my $log = spew(lines(@many));
($data) = journey_data('channels', '--json', '--min-visitors', 5, $log);
is(channels($data), 'direct: 20 20 20 20 0 0, other: 5 5 0 5 1 50',
   '--min-visitors: counted again, with the same result');
($data) = journey_data('paths', '--json', '--min-visitors', 5, $log);
is(paths($data), 'direct: 15 0 0, other: 5 1 50', 'and its paths');


# ---- many of them ----------------------------------------------------------

# One visitor with a thousand journeys, an offline touch within each and one
# between each two, out of order.
my @events;

for my $j (1 .. 1000) {
    my $s = $j * 1000;

    push @events, page($s, $A, $j, $j, '/', ch => 'direct'),
                  offline($s + 100, $A, 'offline'),
                  purchase($s + 200, $A, $j, $j, "O$j", 1, 'direct'),
                  offline($s + 300, $A, 'email');
}

$data = report('a thousand', @events[map { ($_ * 1601) % @events }
                                     0 .. $#events]);
is(numbers($data), '4000 1 1000 1001 1000 1000', 'journeys');
is(paths($data), 'direct>offline: 1 1 1, email: 1 0 0, '
   . 'email>direct>offline: 999 999 999', 'paths');

done_testing();
