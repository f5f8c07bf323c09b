# Copyright (C) ngx_journey_module contributors
#
# journey content: advance, drop-off, causes of exits, gaps; numbers worked out
# by hand, and random logs beside a plain version.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my %pn = (awareness => 1, consideration => 2, decision => 3);
my $time = 0;

sub ev {
    my ($v, $s, $k, $p, $phase, %more) = @_;

    return { t => $T + 1000 * ++$time, k => $k, v => id('c', $v), j => 1,
             s => $s, h => 'shop.example', p => $p,
             ($phase ? (ph => $phase, pn => $pn{$phase}) : ()), %more };
}

sub page {
    my ($v, $s, $p, $phase, $ms, %more) = @_;

    return ev($v, $s, 'page', $p, $phase, (defined $ms ? (ms => $ms) : ()),
              %more);
}

sub log_of { return (old(spew(member(lines(@_)))))[0]; }

sub content {
    my ($data, $code, $err) = journey_data('content', '--json', @_);

    is($code, 0, 'exit code') or diag($err);
    return $data;
}

# path visits entries exits advance drop_off error slow dead_end other
sub rows {
    my ($data) = @_;

    return join '; ', map {
        my $row = $_;
        join ' ', map { !defined $_ ? '-' : /\./ ? sprintf '%.4f', $_ : $_ }
                  @$row{qw(path visits entries exits advance drop_off
                           exits_error exits_slow exits_dead_end exits_other)}
    } sort { $a->{path} cmp $b->{path} } @{ $data->{content} };
}


# ---- by hand ---------------------------------------------------------------

my @log = (
    # A: the blog twice, then a product in the next session, and the cart
    page('A', 1, '/blog', 'awareness', 5, ch => 'email', why => 'utm'),
    page('A', 1, '/blog', 'awareness', 5),
    page('A', 2, '/p', 'consideration', 5, ch => 'direct', why => 'direct'),
    page('A', 2, '/cart', 'decision', 5),
    page('A', 2, '/p', 'consideration', 5),
    # B: a product, then an error
    page('B', 1, '/p', 'consideration', 5, ch => 'email', why => 'utm'),
    ev('B', 1, 'error', '/gone', undef, st => 404),
    # C: an error in the midst, a page without a phase
    page('C', 1, '/blog', 'awareness', 5, ch => 'referral', why => 'utm'),
    ev('C', 1, 'error', '/gone', undef, st => 404),
    page('C', 1, '/imprint', undef, 5),
    # nobody's visit
    { t => $T, k => 'page', h => 'shop.example', p => '/p',
      ph => 'consideration', pn => 2 },
);
my $log = log_of(@log);

is(rows(content($log)),
   '/blog 3 2 1 0.6667 0.3333 0 0 0 1; /cart 1 0 0 0 0 0 0 0 0; '
   . '/imprint 1 0 1 - 1 0 0 0 1; /p 4 2 2 0.3333 0.5000 1 0 0 1',
   'advance, drop-off, errors');

my ($code, $out) = journey('content', $log);
is($code, 0, 'text');
like($out, qr/^  Path +Phase +Visits +Entries +Exits +Advance +Drop-off +Error +Slow +Dead end$/m,
     'its head');
like($out, qr/^  \/p +consideration +4 +2 +2 +33\.3 % +50\.0 % +1 +0 +0$/m,
     'a row');
unlike($out, qr/Gaps/, 'no gaps without a configuration');
unlike($_, qr/.{101}/, 'within the width') for split /\n/, $out;

# Slow: of 20 visits of 1 to 20 ms the 95th percentile is 19 ms: one is slower.
my @slow = map { page("s$_", 1, '/x', undef, $_) } 1 .. 20;
is(rows(content(log_of(@slow))), '/x 20 20 20 - 1 0 1 19 0',
   'one of 20 is slower than the 95th percentile; nobody goes on');
is(rows(content(log_of(@slow[0 .. 18]))), '/x 19 19 19 - 1 0 0 0 19',
   '19 are too few to tell');

# Untimed visits count for nothing there.
my @untimed = map { page("u$_", 1, '/x', undef, undef) } 1 .. 5;
is(rows(content(log_of(@slow[1 .. 19], @untimed))),
   '/x 24 24 24 - 1 0 0 24 0', '19 timed visits of 24');

# Dead end: fewer than 5 % go on.
sub dead { return map { page("d$_", 1, '/y', undef, 5) } 1 .. $_[0]; }
sub on { return map { (page("o$_", 1, '/y', undef, 5), page("o$_", 1, '/z')) }
                1 .. $_[0]; }

like(rows(content(log_of(dead(19), on(1)))), qr{/y 20 20 19 - 0\.9500 0 0 0 19},
     '1 of 20 goes on: no dead end');
like(rows(content(log_of(dead(20), on(1)))), qr{/y 21 21 20 - 0\.9524 0 0 20 0},
     '1 of 21: a dead end');


# ---- gaps ------------------------------------------------------------------

my $conf = "$FindBin::Bin/../conf";
my $data = content('--conf', $conf, $log);
my %gap = map { $_->{phase} => join ' ', @$_{qw(position pages visits)},
                                        @{ $_->{channels} } }
          @{ $data->{gaps} };

is_deeply(\%gap, { awareness => '1 1 3', consideration => '2 1 4 referral',
                   decision => '3 1 1 referral',
                   retention => '4 0 0 direct email referral',
                   advocacy => '5 0 0 direct email referral' },
          'phases with few pages, channels that bring nobody')
    or diag(explain(\%gap));

($code, $out) = journey('content', '--conf', $conf, $log);
like($out, qr/^Gaps\n  Phase +Pages +Visits  No journey from$/m, 'as text');


# ---- small groups, several hosts -------------------------------------------

$data = content('--min-visitors', 2, $log);
is(join(' ', map { "$_->{path}=$_->{exits_error}/$_->{exits_other}" }
        @{ $data->{content} }), '/p=1/1 /blog=0/1 other=0/1',
   'small pages are one row');

my @two = map { { %$_ } } @log;
$_->{h} = 'b.example' for grep { $_->{v} && $_->{v} eq id('c', 'B') } @two;
($code, $out) = journey('content', log_of(@two));
like($out, qr/^  Host +Path/m, 'two hosts are told apart');

($code, $out) = journey('content', spew(''));
is($code, 0, 'nothing');
like($out, qr/no pages/, 'is said');


# ---- random logs beside a plain version ------------------------------------

sub plainly {
    my @events = sort { $a->{t} <=> $b->{t} } @_;
    my (%row, %session, %journey, %ms, %seen, %on);

    for (@events) {
        push @{ $session{"$_->{v} $_->{s}"} }, $_;
        push @{ $journey{ $_->{v} } }, $_;
        next if $_->{k} ne 'page';
        $row{ $_->{p} }{visits}++;
        push @{ $ms{ $_->{p} } }, $_->{ms};
    }

    for my $p (keys %ms) {
        my @sorted = sort { $a <=> $b } @{ $ms{$p} };
        my $n = 0;
        # the least value that 95 % of the visits do not exceed
        $n++ while 100 * (grep { $_ <= $sorted[$n] } @sorted) < 95 * @sorted;
        $ms{$p} = @sorted >= 20 ? $sorted[$n] : 1e9;
    }

    for my $s (values %session) {
        my @pages = grep { $_->{k} eq 'page' } @$s or next;

        $row{ $pages[0]{p} }{entries}++;
        $row{ $pages[-1]{p} }{exits}++;
        $seen{ $_->{p} }++ for @pages;
        $on{ $_->{p} }++ for @pages[0 .. $#pages - 1];
    }

    for my $s (values %session) {
        my ($last) = reverse grep { $_->{k} eq 'page' } @$s or next;
        my $p = $last->{p};

        $row{$p}{ $s->[-1]{k} eq 'error' ? 'error'
                  : $last->{ms} > $ms{$p} ? 'slow'
                  : $seen{$p} >= 20 && ($on{$p} || 0) / $seen{$p} < 0.05
                  ? 'dead' : 'other' }++;
    }

    for my $j (values %journey) {
        for my $i (0 .. $#$j) {
            next if $j->[$i]{k} ne 'page' || !$j->[$i]{pn};
            $row{ $j->[$i]{p} }{staged}++;
            $row{ $j->[$i]{p} }{advanced}++
                if grep { ($_->{pn} || 0) > $j->[$i]{pn} } @$j[$i .. $#$j];
        }
    }

    return join '; ', map {
        my $r = $row{$_};
        my $share = sub { my $x = $_[0]; $x == int $x ? $x
                                         : sprintf '%.4f', $x };
        join ' ', $_, $r->{visits}, $r->{entries} || 0, $r->{exits} || 0,
             $r->{staged} ? $share->(($r->{advanced} || 0) / $r->{staged})
                          : '-',
             $share->(($r->{exits} || 0) / $r->{visits}),
             map { $r->{$_} || 0 } qw(error slow dead other)
    } sort keys %row;
}

srand 5;

for my $round (1 .. 25) {
    my @events;
    my @phases = (undef, qw(awareness consideration decision));
    my @phase = map { $phases[rand 4] } 1 .. 5;

    for my $v (1 .. 10 + int rand 60) {
        for my $s (1 .. 1 + int rand 3) {
            do {
                my $p = int rand(1 + rand 5);

                push @events, rand() < 0.12
                    ? ev("r$v", $s, 'error', '/gone', undef, st => 500)
                    : page("r$v", $s, "/$p", $phase[$p], int rand 50);
            } while (rand() < 0.4);
        }
    }

    is(rows(content(log_of(@events))), plainly(@events), "random log $round");
}

done_testing();
