# Copyright (C) ngx_journey_module contributors
#
# journey funnel: steps in order within a window; numbers worked out by hand,
# and random logs beside a version that tries all ways.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z

sub page {
    my ($v, $at, $p, %more) = @_;

    return { t => $T + 1000 * $at, k => 'page', v => id('c', $v), j => 1,
             s => 1, h => 'shop.example', p => $p, %more };
}

sub goal {
    my ($v, $at, $goal, %more) = @_;

    return { %{ page($v, $at, '/done') }, k => 'goal', goal => $goal, %more };
}

sub log_of { return (old(spew(member(lines(@_)))))[0]; }

# visitors of each step, with the median seconds since the one before
sub funnel {
    my ($steps, @more) = @_;
    my ($data, $code, $err)
        = journey_data('funnel', '--json', '--funnel', $steps, @more);

    is($code, 0, 'exit code') or diag($err);
    return join ' ', map {
        (defined $_->{visitors} ? $_->{visitors} : '-')
        . (defined $_->{median} ? '@' . $_->{median} / 1000 : '')
    } @{ $data->{funnel} };
}


# ---- by hand ---------------------------------------------------------------

my $steps = '/products/*,/cart,goal:purchase';
my @log = (
    # A: all of it, 10 and 20 seconds; looks on at products
    page('A', 0, '/'), page('A', 10, '/products/1'), page('A', 20, '/cart'),
    goal('A', 40, 'purchase', ord => 'a'), page('A', 50, '/products/2'),
    # B: two products, of which the second counts: 30 seconds to the cart
    page('B', 0, '/products/1'), page('B', 70, '/products/x/y'),
    page('B', 100, '/cart'),
    # C: the wrong order
    page('C', 0, '/cart'), page('C', 5, '/products/1'),
    # D: too late from the first step on, though each step is in time
    page('D', 0, '/products/1'), page('D', 4 * 86400, '/cart'),
    goal('D', 8 * 86400, 'purchase', ord => 'd'),
    # E: no step; F: the begin of a path is not the path
    page('E', 0, '/'), page('F', 0, '/cart/'), page('F', 1, '/products'),
    # G: too late, and once more in time
    page('G', 0, '/products/1'), page('G', 10 * 86400, '/products/1'),
    page('G', 10 * 86400 + 60, '/cart'),
    goal('G', 10 * 86400 + 100, 'purchase', ord => 'g'),
    # an order that was counted
    page('H', 0, '/products/1'), page('H', 1, '/cart'),
    goal('H', 11 * 86400, 'purchase', ord => 'g'),
    # nobody
    { t => $T, k => 'page', h => 'shop.example', p => '/products/1' },
);
my $log = log_of(@log);

# steps to the cart: 10, 30, 4 days, 60, 1
is(funnel($steps, $log), '6 5@30 2@30', 'steps, medians');
is(funnel($steps, '--window', '8d', $log), '6 5@30 3@40', 'a longer window');
is(funnel($steps, '--window', '25s', $log), '6 2@5.5 0', 'a short one');
is(funnel('goal:purchase,/products/2', $log), '3 1@10', 'begins with a goal');

my ($data) = journey_data('funnel', '--json', '--funnel', $steps, $log);
is_deeply($data->{funnel}[1], { step => 2, name => '/cart', visitors => 5,
                                share => 5 / 6, share_before => 5 / 6,
                                median => 30000 }, 'keys');

# One event is one step, whatever it matches.
my @same = map { page('A', $_, '/a') } 1 .. 3;
is(funnel('/a,/*,*a', log_of(@same)), '1 1@1 1@1', 'three events, three steps');
is(funnel('/a,/*,*a', log_of(@same[0, 1])), '1 1@1 0', 'two events, two steps');
is(funnel('/a,/a', log_of(page('A', 1, '/a'), page('A', 1, '/a'))), '1 1@0',
   'at the same moment, in the order of the input');
is(funnel('/a,goal:g', log_of(goal('A', 1, 'g'), page('A', 1, '/a'))), '1 1@0',
   'a goal comes after the page of its moment');

for (['/a*b', '/ab', 1], ['/a*b', '/axxb', 1], ['/a*b', '/axbx', 0],
     ['/*/x/*', '/1/x/2', 1], ['/*/x/*', '/1/y/x', 0], ['*', '/', 1],
     ['/a*a*a', '/aa', 0], ['/a*a*a', '/abaca', 1], ['/A', '/a', 0])
{
    my ($pattern, $path, $yes) = @$_;

    is(funnel("$pattern,/z", log_of(page('A', 1, $path))), "$yes 0",
       "$pattern and $path");
}

my ($code, $out, $err) = journey('funnel', '--funnel', $steps, $log);
is($code, 0, 'text');
like($out, qr/^  Step +Visitors  Of first  Of before  Median time$/m, 'head');
like($out, qr/^  goal:purchase .* 2 +33\.3 % +40\.0 %  30 s$/m, 'a row');
unlike($_, qr/^.{150}/, 'within the width') for split /\n/, $out;

is(funnel('/a,/b', log_of(page('A', 1, '/a', u => 'x'),
                          page('B', 9, '/b', u => 'x'))), '1 1@8',
   'a person on two browsers');


# ---- small groups, bad input -----------------------------------------------

is(funnel($steps, '--min-visitors', 3, $log), '6 5@30 -',
   'steps of few visitors have no number');

for ([[], 'no --funnel'], [['--funnel', '/a'], 'two steps at least'],
     [['--funnel', '/a,cart'], '"cart" is neither a path nor goal:NAME'],
     [['--funnel', '/a,,/b'], '"" is neither'],
     [['--funnel', '/a,goal:'], '"goal:" is neither'],
     [['--funnel', join ',', ('/a') x 17], 'more than 16 steps'],
     [['--funnel', '/a,/b', '--window', 'x'], '--window'])
{
    my ($args, $says) = @$_;

    ($code, $out, $err) = journey('funnel', @$args, $log);
    is($code, 2, "usage: @$args");
    like($err, qr/\Q$says/, $says);
}

is(funnel($steps, spew('')), '0 0 0', 'nothing');


# ---- random logs beside all ways -------------------------------------------

# The most steps of any way from one of the events on.
sub most {
    my ($events, $i, $step, $until, @steps) = @_;
    my $best = 0;

    for my $k ($i .. $#$events) {
        last if defined $until && $events->[$k]{t} > $until;
        next if $events->[$k]{p} !~ $steps[$step];

        my $more = $step == $#steps ? 0
            : most($events, $k + 1, $step + 1,
                   defined $until ? $until : $events->[$k]{t} + 60_000,
                   @steps);

        $best = 1 + $more if 1 + $more > $best;
    }

    return $best;
}

srand 9;

for my $round (1 .. 40) {
    my %events;

    for my $v (1 .. 6) {
        my $at = 0;

        push @{ $events{$v} }, page("r$v", $at += int rand 30,
                                    '/' . (qw(a b c d))[rand 4])
            for 1 .. 1 + int rand 12;
    }

    my @words = map { (qw(/a /b /c /d /*))[rand 5] } 1 .. 2 + int rand 3;
    my @patterns = map { my $p = quotemeta; $p =~ s/\\\*/.*/; qr/^$p$/ } @words;
    my @n = (0) x @words;

    for my $v (keys %events) {
        $n[$_]++ for 0 .. most($events{$v}, 0, 0, undef, @patterns) - 1;
    }

    my $got = funnel(join(',', @words), '--window', '60s',
                     log_of(map { @$_ } values %events));

    $got =~ s/@\S+//g;
    is($got, "@n", "random log $round: @words");
}

done_testing();
