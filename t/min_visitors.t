# Copyright (C) ngx_journey_module contributors
#
# --min-visitors: groups of few visitors are one row, no row can be had by
# difference, and the totals stay what they are.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use JSON::PP ();
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my ($time, $people) = (0, 0);

# Visitors of one kind: each comes by the channel, sees a page of the phase,
# and the first of them reach a goal.
sub come {
    my ($n, $channel, %o) = @_;
    my %pn = (awareness => 1, consideration => 2, decision => 3);
    my @events;

    for my $i (1 .. $n) {
        my %v = (v => id('c', 'x' . ++$people), j => 1, s => 1,
                 h => $o{host} || 'shop.example');
        my $phase = $o{phase} || 'awareness';

        push @events, { t => $T + 1000 * ++$time, k => 'page', %v,
                        p => $o{page} || "/$channel", ph => $phase,
                        pn => $pn{$phase}, ch => $channel, why => 'utm' };
        push @events, { t => $T + 1000 * $time + 1, k => 'goal', %v,
                        p => '/done', goal => $o{goal}, done => 1,
                        val => $o{val} || 10, cur => $o{cur} || 'EUR' }
            if $o{goal} && $i <= ($o{goals} || $n);
    }

    return @events;
}

sub log_of { return (old(spew(member(lines(@_)))))[0]; }

sub report {
    my ($k, $file, @more) = @_;
    my ($data, $code, $err) = journey_data('report', '--json', @more,
                                  (defined $k ? ('--min-visitors', $k) : ()),
                                  $file);

    is($code, 0, "--min-visitors " . (defined $k ? $k : 'none'));
    return ($data, $err);
}

# "name=visitors …" of a table of two columns, in order.
sub column {
    my ($data, $table, $name, $value) = @_;

    return join ' ', map {
        (ref $_->{$name} ? join('>', @{ $_->{$name} }) : $_->{$name})
        . '=' . (defined $_->{$value} ? $_->{$value} : '-')
    } @{ $data->{$table} };
}

sub total {
    my ($data, $table, @columns) = @_;

    return join ' ', map {
        my $column = $_;
        my $sum = 0;
        $sum += $_->{$column} || 0 for @{ $data->{$table} };
        sprintf '%g', $sum;
    } @columns;
}


# ---- which rows ------------------------------------------------------------

my @many = (come(30, 'referral'), come(20, 'direct', goal => 'purchase',
                                       goals => 9),
            come(8, 'email', goal => 'signup', goals => 6),
            come(3, 'organic_search'), come(2, 'paid_search'));
my $log = log_of(@many);

my ($plain) = report(undef, $log);
my ($five, $note) = report(5, $log);

is(column($plain, 'channels', 'channel', 'visitors'),
   'referral=30 direct=20 email=8 organic_search=3 paid_search=2',
   'without the option');
is(column($five, 'channels', 'channel', 'visitors'),
   'referral=30 direct=20 email=8 other=5', 'two are one, with 5 visitors');
is(column($five, 'pages', 'path', 'visits'),
   '/referral=30 /direct=20 /email=8 other=5', 'pages');
is(column($five, 'paths', 'path', 'journeys'),
   'referral=30 direct=20 email=8 other=5', 'paths');
is(column($five, 'goals', 'goal', 'conversions'), 'purchase=9 signup=6',
   'goals: nothing to fold');
is_deeply($five->{pages}[3], { host => undef, path => 'other', phase => undef,
                               visits => 5, entries => 5, exits => 5 },
          'a folded page has no host and no phase');
is_deeply($five->{summary}, $plain->{summary}, 'the summary is the same');

($five) = report(7, $log);
is(column($five, 'channels', 'channel', 'visitors'),
   'referral=30 direct=20 other=13',
   'two of 5 visitors together: the next one, too');
is(column($five, 'goals', 'goal', 'conversions'), 'other=15',
   'one goal alone is not folded: the other one, too');
is_deeply($five->{goals}, [{ goal => 'other', conversions => 15,
                             without_visitor => 0, value => 150,
                             currency => 'EUR' }], 'values of one currency');

($five) = report(3, $log);
is(column($five, 'channels', 'channel', 'visitors'),
   'referral=30 direct=20 email=8 other=5',
   'one alone is not folded: the next smallest, too');

($five) = report(1, $log);
is_deeply($five, $plain, '1 folds nothing');
($five) = report(0, $log);
is_deeply($five, $plain, '0 folds nothing');

($five) = report(1000, $log);
is(column($five, 'channels', 'channel', 'visitors'), 'other=63',
   'more than there are: one row');
is(column($five, 'phases', 'phase', 'journeys'), 'other=63', 'of phases, too');

for my $k (2 .. 12, 25, 31, 64) {
    ($five) = report($k, $log);

    is(total($five, 'channels', qw(touches conversions value)),
       total($plain, 'channels', qw(touches conversions value)),
       "$k: totals of channels");
    is(total($five, 'paths', qw(journeys conversions value)),
       total($plain, 'paths', qw(journeys conversions value)),
       "$k: totals of paths");
    is(total($five, 'pages', qw(visits entries exits)),
       total($plain, 'pages', qw(visits entries exits)), "$k: of pages");
    is(total($five, 'goals', qw(conversions without_visitor value)),
       total($plain, 'goals', qw(conversions without_visitor value)),
       "$k: of goals");
    is(total($five, 'phases', qw(completed dropped open)),
       total($plain, 'phases', qw(completed dropped open)), "$k: of phases");
    is(scalar(grep { $_->{visitors} < $k && @{ $five->{channels} } > 1 }
              @{ $five->{channels} }), 0, "$k: no row of fewer visitors");
}


# ---- visitors are counted once ---------------------------------------------

# Two people who came by each of three channels: three rows of two visitors,
# together two, not six.
my @both = map {
    my $channel = $_;
    map { { t => $T + 1000 * ++$time, k => 'page', v => id('c', "both$_"),
            j => $time, s => $time, h => 'shop.example', p => "/$channel",
            ch => $channel, why => 'utm' } } 1, 2
} qw(email display affiliate);

($five) = report(5, log_of(come(20, 'direct'), come(9, 'referral'), @both));
is(column($five, 'channels', 'channel', 'visitors'), 'direct=20 other=11',
   'the same two people thrice: another row is needed');

($five) = report(2, log_of(come(20, 'direct'), come(1, 'referral'),
                           come(1, 'video'), @both));
is(column($five, 'channels', 'channel', 'visitors'),
   'direct=20 affiliate=2 display=2 email=2 other=2', 'two of one are enough');


# ---- phases ----------------------------------------------------------------

my @phases = (come(50, 'direct'),
              come(2, 'direct', phase => 'consideration'),
              come(20, 'direct', phase => 'decision'));

($plain) = report(undef, log_of(@phases));
is(column($plain, 'phases', 'phase', 'journeys'),
   'awareness=72 consideration=22 decision=20', 'phases');

($five) = report(5, log_of(@phases));
is(column($five, 'phases', 'phase', 'journeys'), 'awareness=50 other=22',
   'one phase alone is not folded, and no difference tells it');
is(column($five, 'phases', 'phase', 'share'), 'awareness=1 other=-',
   'a folded row has no share');

($five) = report(5, log_of(@phases, come(1, 'direct', phase => 'consideration',
                                         host => 'other.example'),
                           come(9, 'direct', phase => 'decision',
                                host => 'other.example')));
is(total($five, 'phases', 'open'), 82, 'phases of two hosts');


# ---- goals without visitors, of other currencies ---------------------------

my @goals = (come(20, 'direct', goal => 'purchase', goals => 10),
             come(6, 'email', goal => 'purchase', cur => 'USD'),
             come(2, 'email', goal => 'purchase', cur => 'CHF'),
             come(3, 'email', goal => 'call'),
             map { { t => $T + ++$time, k => 'goal', h => 'shop.example',
                     goal => 'phone', p => '/' } } 1 .. 9);

($five, $note) = report(5, log_of(@goals), '--goal', 'purchase', '--goal',
                        'call', '--goal', 'phone');
is(column($five, 'goals', 'goal', 'conversions'),
   'purchase=10 purchase=6 other=14',
   'goals: of few visitors, and of none that is known');
is_deeply($five->{goals}[2], { goal => 'other', conversions => 14,
                               without_visitor => 9, value => undef,
                               currency => undef },
          'values of several currencies have no sum');
like($note, qr/60\.00 USD in 6 conversions/, 'a currency of enough visitors');
unlike($note, qr/CHF/, 'one of too few is not named');
like($note, qr/2 conversions in currencies of fewer than 5 visitors/,
     'but counted');


# ---- text, CSV, each command -----------------------------------------------

my ($code, $out, $err) = journey('report', '--min-visitors', 5, $log);

is($code, 0, 'text');
is(scalar(() = $out =~ /\(fewer than 5 visitors\)/g), 3,
   'text: the row says why it is one');
unlike($out, qr/paid_search/, 'text: what is folded has no name');
like($out, qr/^  \(fewer than 5 visitors\) +5 +5 +5 +5 +0/m,
     'text: its numbers');

for my $command (['channels', qr/^other,5,5,5,5,0,0\r?$/m],
                 ['paths', qr/^other,5,0,0\r?$/m],
                 ['phases', qr/^awareness,1,63,/m],
                 ['goals', qr/^purchase,9,0,90,EUR\r?$/m])
{
    ($code, $out) = journey($command->[0], '--csv', '--min-visitors', 5, $log);
    is($code, 0, "$command->[0] --csv");
    like($out, $command->[1], "$command->[0]: its rows");
    unlike($out, qr/paid_search/, "$command->[0]: no small group");
}

for my $wrong ('', '-1', 'x', '5.5', '1000000000') {
    ($code, $out, $err) = journey('report', "--min-visitors=$wrong", $log);
    is($code, 2, "bad number \"$wrong\"");
    like($err, qr/--min-visitors: bad number/, 'it is said');
}

($code) = journey('report', '--min-visitors', 5, old(spew('', 'nothing')));
is($code, 0, 'no events at all');

# Of rows of one size it is always the same that goes with the small one, who
# ever was read first: two reports of one log would tell the small one else.
{
    my %n = (a => 1, b => 6, c => 6);
    my @out;

    for my $order ([qw(a b c)], [qw(c b a)]) {
        my $log = spew(lines(map {
            my $name = $_;
            map { { t => 1_795_321_780_000 + $_, v => id('c', "$name$_"),
                    j => 1, s => 1, k => 'page', h => 'h', p => "/$name",
                    ch => $name, src => "s$name", cmp => "k$name",
                    why => 'utm', cc => 'D' . uc $name },
                  { t => 1_795_321_790_000 + $_, v => id('c', "$name$_"),
                    j => 1, s => 1, k => 'goal', h => 'h', p => "/$name",
                    goal => "g$name", val => 1, cur => 'EUR' } }
                1 .. $n{$name}
        } @$order));

        push @out, join '', map { (journey($_, '--json', '--min-visitors', 3,
                                           $log))[1] }
                                qw(channels campaigns content paths goals geo);
    }

    is($out[1], $out[0], 'rows of one size: the order of the input');
    like($out[0], qr/"gc"/, '... the last one stays');
    unlike($out[0], qr/"g[ab]"/, '... the first one is folded');
}

done_testing();
