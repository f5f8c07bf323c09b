# Copyright (C) ngx_journey_module contributors
#
# journey geo: by country, region and city; numbers worked out by hand, and
# random logs beside a plain version.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $time = 0;

sub ev {
    my ($v, $j, $s, $k, $place, %more) = @_;
    my ($cc, $rg, $ct) = @{ $place || [] };

    return { t => $T + 1000 * ++$time, k => $k, h => 'shop.example', p => '/',
             (defined $v ? (v => id('c', $v), j => $j, s => $s) : ()),
             (defined $cc ? (cc => $cc) : ()),
             (defined $rg ? (rg => $rg) : ()),
             (defined $ct ? (ct => $ct) : ()), %more };
}

sub buy {
    my ($v, $j, $s, $place, %more) = @_;

    return ev($v, $j, $s, 'goal', $place, goal => 'purchase', done => 1,
              val => 10, cur => 'EUR', %more);
}

sub log_of { return (old(spew(member(lines(@_)))))[0]; }

sub geo {
    my ($data, $code, $err) = journey_data('geo', '--json', @_);

    is($code, 0, 'exit code') or diag($err);
    return join '; ', map {
        my $row = $_;
        join('/', map { defined $row->{$_} ? $row->{$_} : '-' }
                  grep { exists $row->{$_} } qw(country region city))
        . ' ' . join ' ', @$row{qw(visitors sessions journeys conversions
                                   value)}
    } @{ $data->{geo} };
}


# ---- by hand ---------------------------------------------------------------

my $munich = ['DE', 'BY', "M\x{fc}nchen"];
my $fuerth = ['DE', 'BY', 'Fuerth'];
my $bremen = ['DE', 'HB'];
my $vienna = ['AT', '9', 'Wien'];

my @log = (
    # A buys at home in Munich, and travels within a session
    ev('A', 1, 1, 'page', $munich), buy('A', 1, 1, $munich),
    ev('A', 2, 2, 'page', $munich), ev('A', 2, 2, 'page', $vienna),
    ev('A', 2, 3, 'page', $vienna),
    # B: Fuerth, then Bremen, one journey, bought without a place
    ev('B', 1, 1, 'page', $fuerth), ev('B', 1, 2, 'page', $bremen),
    buy('B', 1, 2, undef, val => 5),
    # C: nobody knows where
    ev('C', 1, 1, 'page', undef),
    # an order of nobody, from Vienna; in another currency
    buy(undef, 0, 0, $vienna, val => 100), buy(undef, 0, 0, $vienna, val => 7,
                                               cur => 'CHF'),
    # another day, at home, with one page whose place is unknown
    ev('D', 1, 1, 'page', undef), ev('D', 1, 1, 'page', $munich),
);
my $log = log_of(@log);

is(geo($log), 'DE 3 5 4 1 10; - 1 1 1 1 5; AT 1 2 1 2 100', 'by country');
is(geo('--by', 'region', $log),
   'DE/BY 3 4 4 1 10; -/- 1 1 1 1 5; AT/9 1 2 1 2 100; DE/HB 1 1 1 0 0',
   'by region');
is(geo('--by', 'city', $log),
   "DE/BY/M\x{fc}nchen 2 3 3 1 10; -/-/- 1 1 1 1 5; AT/9/Wien 1 2 1 2 100; "
   . 'DE/BY/Fuerth 1 1 1 0 0; DE/HB/- 1 1 1 0 0', 'by city');
is(geo('--currency', 'CHF', $log), 'DE 3 5 4 1 0; - 1 1 1 1 0; AT 1 2 1 2 7',
   'values of another currency');

my ($code, $out, $err) = journey('geo', '--by', 'city', $log);
is($code, 0, 'text');
like($out, qr/^  Country  Region  City +Visitors  Sessions  Journeys  Conversions +Rate  Value EUR$/m,
     'its head');
like($out, qr/^  AT       9       Wien +1 +2 +1 +2  200\.0 % +100\.00$/m,
     'a row');
like($out, qr/besides: 7\.00 CHF in 1 conversion/, 'the other currency');

($code, $out) = journey('geo', '--csv', $log);
like($out, qr/^country,visitors,sessions,journeys,conversions,value\r\nDE,3,5,/,
     'CSV');

($code, $out, $err) = journey('geo', '--by', 'continent', $log);
is($code, 2, 'another part');
like($err, qr/--by: "continent" is neither country, region nor city/,
     'is said');

# A has a place, in one session and journey of two
is(geo(log_of(ev('A', 1, 1, 'page', $munich), ev('A', 2, 2, 'page', undef))),
   'DE 1 1 1 0 0; - 0 1 1 0 0', 'a session without a place is in the sums');

($code, $out) = journey('geo', log_of($log[8]));
like($out, qr/the log has no places: journey_geoip adds them/,
     'a log without places');
($code, $out) = journey('geo', spew(''));
is($code, 0, 'nothing');
like($out, qr/no visitors/, 'is said');


# ---- small groups ----------------------------------------------------------

my @groups = map {
    my ($cc, $n) = @$_;
    map { ev("$cc$_", 1, 1, 'page', [$cc]) } 1 .. $n
} ['DE', 9], ['AT', 6], ['CH', 2], ['FR', 1];

is(geo('--min-visitors', 3, log_of(@groups)),
   'DE 9 9 9 0 0; AT 6 6 6 0 0; other 3 3 3 0 0', 'small places are one row');
is(geo('--min-visitors', 3, log_of(@groups, ev('CH1', 1, 1, 'page', ['FR']))),
   'DE 9 9 9 0 0; AT 6 6 6 0 0; other 3 3 3 0 0',
   'who was in two of them is one visitor');
is(geo('--min-visitors', 3, log_of(@groups[0 .. 16])),
   'DE 9 9 9 0 0; other 8 8 8 0 0', 'one alone is not folded');
is(geo('--min-visitors', 4, log_of(@groups, buy(undef, 0, 0, ['IT']))),
   'DE 9 9 9 0 0; other 9 9 9 1 10', 'an order of nobody is folded');


# ---- persons ---------------------------------------------------------------

is(geo(log_of(ev('P', 1, 1, 'page', ['DE'], u => 'ann'),
              ev('P', 1, 1, 'page', ['AT'], u => 'bob'),
              ev('Q', 1, 1, 'page', ['DE'], u => 'ann'))),
   'AT 1 0 1 0 0; DE 1 2 1 0 0',
   'a session of two persons is that of the first one');


# ---- random logs beside a plain version ------------------------------------

sub plainly {
    my ($parts, @events) = @_;
    my (%row, %where, %orders);
    my $place = sub {
        my @names = @{ $_[0] }{qw(cc rg ct)};

        return defined $names[0]
               ? join '/', map { defined $_ ? $_ : '-' } @names[0 .. $parts - 1]
               : undef;
    };

    for (@events) {
        my $p = $place->($_);

        for my $unit ("visitors $_->{v}", "sessions $_->{v} $_->{s}",
                      "journeys $_->{v} $_->{j}")
        {
            $where{$unit} ||= {};
            $where{$unit}{$p} = 1 if defined $p;
        }

        next if !$_->{goal};
        $p = join '/', ('-') x $parts if !defined $p;
        $row{$p}{conversions}++;
        $row{$p}{value} += $_->{val};
    }

    for my $unit (keys %where) {
        my ($what) = split / /, $unit;
        my @places = keys %{ $where{$unit} };

        @places = (join '/', ('-') x $parts) if !@places;
        $row{$_}{$what}++ for @places;
    }

    return join '; ', sort map {
        my $r = $row{$_};
        "$_ " . join ' ', map { $r->{$_} || 0 }
                          qw(visitors sessions journeys conversions value)
    } keys %row;
}

srand 3;

for my $round (1 .. 20) {
    my @events;
    my $order = 0;

    for my $v (1 .. 1 + int rand 8) {
        my ($j, $s) = (1, 1);

        for (1 .. 1 + int rand 12) {
            my $place = rand() < 0.2 ? undef
                      : [(qw(DE AT))[rand 2],
                         rand() < 0.3 ? () : ((qw(A B))[rand 2],
                                              rand() < 0.3 ? () : 'x')];

            push @events, rand() < 0.2
                ? buy("r$v", $j, $s, $place, ord => 'o' . ++$order)
                : ev("r$v", $j, $s, 'page', $place);
            $s++ if rand() < 0.3;
            $j++ if rand() < 0.1;
        }
    }

    for my $by (qw(country region city)) {
        my $parts = { country => 1, region => 2, city => 3 }->{$by};
        my $got = geo('--by', $by, log_of(@events));

        is(join('; ', sort split /; /, $got), plainly($parts, @events),
           "random log $round by $by");
    }
}

done_testing();
