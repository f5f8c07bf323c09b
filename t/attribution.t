# Copyright (C) ngx_journey_module contributors
#
# journey attribution: what paths logs and CSV become, told by hand; what is
# printed, what is refused.  The models themselves are tested beside their
# definitions by t/unit/test_report_attribution.c.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Compress::Gzip qw(gzip);
use Journey::Lines;
use Test::More;

my $DAY = 86_400_000;
my $T = 1_795_321_780_000;
my $people = 0;


# ---- helpers ---------------------------------------------------------------

sub csv { return spew(join('', map { "$_\n" } 'path,conversions,value,null',
                           @_)); }

# "email=1 direct=0.5" of a model, by name.
sub credits {
    my ($data, $model, $what, $key) = @_;

    $what ||= 'conversions';
    $key ||= 'channel';

    return join ' ', map { sprintf '%s=%.6g', $_->{$key}, $_->{$what} }
                     sort { $a->{$key} cmp $b->{$key} }
                     @{ $data->{models}{$model} };
}

sub attribute {
    my ($name, @args) = @_;
    my ($data, $code, $err) = journey_data('attribution', '--json', @args);

    is($code, 0, $name) or diag($err);
    return ($data, $err);
}

# A visitor: [days, channel, more…] are touches, [days, 'goal', more…] goals.
sub visitor {
    my %v = (v => id('c', 'v' . ++$people), j => 1, h => 'shop.example');
    my @events;

    for (@_) {
        my ($days, $what, %more) = @$_;

        push @events, { t => $T + $days * $DAY, %v, s => 1 + @events,
                        k => $what eq 'goal' ? 'goal' : 'page', p => '/',
                        $what eq 'goal' ? (goal => 'buy', done => 1)
                                        : (ch => $what, why => 'utm'),
                        %more };
    }

    return @events;
}

sub log_of { return spew(member(lines(@_))); }


# ---- CSV -------------------------------------------------------------------

my ($data, $err) = attribute('C1 > C2 > C3', '--paths',
                             csv('C1 > C2 > C3,1,30,', 'C1,0,,1',
                                 'C2 > C3,,,1'));

is($err, "journey: note: no time_decay: paths tell no times\n", 'a note');
is_deeply([sort keys %{ $data->{models} }],
          [qw(counterfactual first last last_non_direct linear markov position
              shapley)], 'all models but time_decay');
is(credits($data, 'markov'), 'C1=0.2 C2=0.4 C3=0.4', 'markov');
is(credits($data, 'markov', 'value'), 'C1=6 C2=12 C3=12', 'its values');
is(credits($data, 'position', 'value'), 'C1=12 C2=6 C3=12', 'position');
is(sprintf('%.10f', $data->{markov}{p}), '0.3333333333', 'p');
is_deeply([map { "$_->{channel} $_->{conversions}" }
           sort { $a->{channel} cmp $b->{channel} }
           @{ $data->{markov}{removal} }],
          ['C1 0.5', 'C2 1', 'C3 1'], 'removal effects');
is($data->{attribution}{conversions}, 1, 'conversions');
is($data->{attribution}{nulls}, 2, 'nulls');

($data) = attribute('p is 0.8', '--paths',
                    csv('google,2,,1', 'mailing,1,,', 'google > mailing,1,,'));
is(credits($data, 'markov'), 'google=2.4 mailing=1.6', 'credits');

($data) = attribute('Shapley', '--model', 'shapley', '--paths',
                    csv('a,4,,', 'a > b,6,,'));
is_deeply([keys %{ $data->{models} }], ['shapley'], 'one model');
is(credits($data, 'shapley'), 'a=7 b=3', '7 and 3');
ok(!exists $data->{markov}, 'nothing of chains');

# As editors and other systems write it.
($data) = attribute('columns in another order, a byte order mark, CR LF',
                    '--paths', spew("\xef\xbb\xbfnull,\"path\",conversions\r\n"
                                    . "1,\"a, \"\"b\"\"  >  c>d\",2\r\n\r\n"
                                    . "0,a>b > \xc3\xa4\xc3\xb6,1\r\n"));
is(credits($data, 'linear'),
   "a, \"b\"=1 a>b=0.5 c>d=1 \x{e4}\x{f6}=0.5",
   'quotes, commas, UTF-8, and a ">" without blanks is none that parts');

my $zipped;
gzip(\"path,conversions\nx,3\n", \$zipped);
($data) = attribute('gzip', '--paths', spew($zipped));
is(credits($data, 'first'), 'x=3', 'read');

($data) = attribute('equal neighbours', '--paths',
                    csv('a > a > b > direct > b,1,,', 'direct,2,8,1'));
is(credits($data, 'linear'), 'a=0.25 b=0.5 direct=2.25', 'are one touch');
is(credits($data, 'last_non_direct'), 'a=0 b=1 direct=2', 'last non-direct');

($data) = attribute('--repeats', '--repeats', '--paths',
                    csv('a > a > b > direct > b,1,,'));
is(credits($data, 'linear'), 'a=0.4 b=0.4 direct=0.2', 'are not');

($data, $err) = attribute('--no-direct', '--no-direct', '--paths',
                          csv('a > b > direct > b,1,,', 'direct,2,8,1'));
is(credits($data, 'linear'), 'a=0.5 b=0.5', 'then they are neighbours');
is($data->{attribution}{unattributed}, 2, 'a path of nothing else');
like($err, qr/unattributed, in no model: 2 conversions/, 'is said');

# What is no record.
my $bad = csv('a,1,,', 'a,x,,', 'a,-1,,', 'a,1.5,,', 'a > > b,1,,', 'a,1',
              ',1,,', 'a,1,-3,', 'a,1,2e3,', 'a,0,5,', 'a,1,,1e2',
              'a,1234567890123456,,', '"b', 'b,2,3.5,', '> a,1,,',
              'a >,1,,');
my ($code, $out);

($code, $out, $err) = journey('attribution', '--json', '--model', 'last',
                              '--paths', $bad);
is($code, 1, 'bad lines: exit status 1');
like($out, qr/"a","conversions":1,/, 'a good line counts');
like($out, qr/"b","conversions":2,"value":3.5/, 'so does one behind them');
like($out, qr/"bad_lines":14,/, 'their number');

my $path = quotemeta $bad;

like($err, qr/^journey: $path:$_->[0]: $_->[1]/m, "line $_->[0]")
    for ([3, 'bad number of conversions "x"'],
         [4, 'bad number of conversions "-1"'],
         [5, 'bad number of conversions "1.5"'],
         [6, 'an empty channel in "a > > b"'],
         [7, '2 fields where the header has 4'], [8, 'no path'],
         [9, 'bad value "-3"'], [10, 'bad value "2e3"'],
         [11, 'a value without conversions'],
         [12, 'bad number of nulls "1e2"'],
         [13, 'bad number of conversions "1234567890123456"'], [14, 'a quote is not closed'],
         [16, 'an empty channel in "> a"'],
         [17, 'an empty channel in "a >"']);

for (["path,conversion\n", 1, 'unknown column "conversion"'],
     ["path,value\n", 1, 'no column "conversions"'],
     ["conversions\n", 1, 'no column "path"'],
     ["path,conversions,path\n", 1, 'a second column "path"'])
{
    ($code, $out, $err) = journey('attribution', '--paths', spew($_->[0]));
    is($code, 1, "header: $_->[2]");
    is($out, '', 'nothing is printed');
    like($err, qr/:1: \Q$_->[2]\E$/m, 'it is named');
}

($code, $out, $err) = journey('attribution', '--paths', spew(''));
is($code, 1, 'an empty file');
like($err, qr/there is no header/, 'has no header');

($code, $out, $err) = journey('attribution', '--paths', path('not-there'));
is($code, 1, 'no file');
like($err, qr/not-there: No such file/, 'is named');

($code, $out) = journey('attribution', '--paths', csv());
is($code, 0, 'no path');
like($out, qr/no path/, 'is said');

($code, $out) = journey('attribution', '--paths', csv("\x1b[31mred,1,,"));
unlike($out, qr/\x1b/, 'nothing steers the terminal');


# ---- logs ------------------------------------------------------------------

my $log = log_of(
    visitor([0, 'email'], [7, 'direct'], [14, 'goal', val => 60, cur => 'EUR']),
    visitor([0, 'organic_search'], [100, 'email'], [101, 'email'],
            [102, 'direct'], [103, 'email'], [104, 'goal']),
    visitor([0, 'organic_search'], [1, 'direct']),
    visitor([0, 'email'], [95, 'social_paid']),
    visitor([0, 'goal']),
    { t => $T, k => 'goal', h => 'shop.example', p => '/', goal => 'buy',
      done => 1 });

($data, $err) = attribute('logs', $log);
is($data->{attribution}{conversions}, 2, 'conversions with a path');
is($data->{attribution}{nulls}, 2, 'journeys without');
is($data->{attribution}{unattributed}, 2, 'one without touch, one without '
   . 'visitor');
is($data->{attribution}{without_visitor}, 1, 'the latter');
is($data->{attribution}{value}, 60, 'value');
is($data->{attribution}{currency}, 'EUR', 'currency');
like($err, qr/in no model: 2 conversions \(1 without visitor\)/, 'as a note');

# email direct: ages 14 and 7 days, 1 : 2.  organic_search is 104 days old;
# email direct email: 3 (the latest), 2 and 1 days.
my ($x, $y, $z) = map { 2 ** (-$_ / 7) } 3, 2, 1;

is(credits($data, 'first'), 'direct=0 email=2 organic_search=0 social_paid=0',
   'first: the look-back is 90 days');
is(credits($data, 'linear'),
   'direct=0.833333 email=1.16667 organic_search=0 social_paid=0', 'linear');

# 14 and 7; 104 - 101 and 104 - 102 and 104 - 103
is(credits($data, 'time_decay'),
   sprintf('direct=%.6g email=%.6g organic_search=0 social_paid=0',
           2 / 3 + $y / ($x + $y + $z), 1 / 3 + ($x + $z) / ($x + $y + $z)),
   'time decay, the latest time of equal touches staying');
is(credits($data, 'last_non_direct'),
   'direct=0 email=2 organic_search=0 social_paid=0', 'last non-direct');
is(credits($data, 'linear', 'value'),
   'direct=30 email=30 organic_search=0 social_paid=0', 'values');

($data) = attribute('--half-life', '--half-life', '1d', '--lookback', '10d',
                    '--model', 'time_decay', $log);
($x, $y, $z) = map { 2 ** -$_ } 3, 2, 1;
is(credits($data, 'time_decay'),
   sprintf('direct=%.6g email=%.6g organic_search=0 social_paid=0',
           1 + $y / ($x + $y + $z), ($x + $z) / ($x + $y + $z)),
   'and --lookback');

($data) = attribute('--lookback', '--lookback', '1000d', $log);
is(credits($data, 'first'), 'direct=0 email=1 organic_search=1 social_paid=0',
   'far back');

# The look-back of a null path is from its last touch: email alone is gone.
($data) = attribute('--order 4', '--order', 4, $log);
is($data->{markov}{states}, 4, 'email direct; email direct email; organic '
   . 'direct; social');
($data) = attribute('and with --lookback', '--order', 4, '--lookback', '95d',
                    $log);
is($data->{markov}{states}, 4, 'email, social: as old as it may be');

($data) = attribute('--no-direct', '--no-direct', $log);
is(credits($data, 'linear'), 'email=2 organic_search=0 social_paid=0',
   'email direct email is email');

# 104 - 103 is the age of that one touch; both weigh all there is.
is(credits($data, 'time_decay'), 'email=2 organic_search=0 social_paid=0',
   'with the latest time');

($data) = attribute('--repeats', '--repeats', '--model', 'linear', $log);
is(credits($data, 'linear'),
   'direct=0.75 email=1.25 organic_search=0 social_paid=0',
   'email email direct email');

($data) = attribute('--goal', '--goal', 'other', $log);
is($data->{attribution}{nulls}, 4, 'no conversion: all are nulls');
is(credits($data, 'markov'),
   'direct=0 email=0 organic_search=0 social_paid=0', 'and no credit');

# Several conversions of a journey, each with the path so far; one order once.
($data) = attribute('two conversions of a journey', '--model', 'linear',
    log_of(visitor([0, 'email'], [1, 'goal', done => 0, ord => 'a'],
                   [2, 'direct'], [3, 'goal', done => 0, ord => 'b'],
                   [4, 'goal', done => 0, ord => 'a'])));
is(credits($data, 'linear'), 'direct=0.5 email=1.5', 'a path each');
is($data->{attribution}{nulls}, 0, 'and it is no null');

# --touch
$log = log_of(
    visitor([0, 'email', src => 'news', cmp => 'spring'],
            [1, 'paid_search', src => 'google', cmp => 'spring'],
            [2, 'direct'], [3, 'referral', src => 'blog.example'],
            [4, 'goal']));
($data) = attribute('--touch source', '--touch', 'source', '--model', 'linear',
                    '--model', 'last_non_direct', $log);
is(credits($data, 'linear', undef, 'source'),
   '(direct)=0.25 blog.example=0.25 google=0.25 news=0.25', 'sources');
($data) = attribute('--touch campaign', '--touch', 'campaign', '--model',
                    'linear', $log);
is(credits($data, 'linear', undef, 'campaign'),
   '(direct)=0.333333 (none)=0.333333 spring=0.333333', 'campaigns');
($data) = attribute('--touch campaign --no-direct', '--no-direct', '--touch',
                    'campaign', '--model', 'linear', $log);
is(credits($data, 'linear', undef, 'campaign'), '(none)=0.5 spring=0.5',
   'and without direct');

# w: of what the input lacks
$log = log_of(
    visitor([0, 'email'],
            [200, 'goal', w => [qw(email email direct email)], wn => 4,
             val => 8, cur => 'EUR']),
    visitor([0, 'email'], [1, 'goal', w => ['email'], wn => 1,
                           val => 2, cur => 'EUR']));
($data, $err) = attribute('incomplete', $log);
is($data->{attribution}{incomplete}, 1, 'one is');
is(credits($data, 'linear'), 'direct=0.333333 email=1.66667',
   'its path is the one it carries, whatever the look-back');
is(credits($data, 'time_decay'), 'direct=0 email=1', 'but for time_decay');
is($data->{attribution}{aged}, 1, 'which has the other one');
is(credits($data, 'linear', 'value'), 'direct=2.66667 email=7.33333',
   'values');
like($err, qr/incomplete: 1 conversion of which the input lacks touches/,
     'a note');
($data, $err) = attribute('incomplete, --no-direct', '--no-direct', '--model',
                          'linear', $log);
is(credits($data, 'linear'), 'email=2', 'email is left');
($data, $err) = attribute('incomplete, --touch', '--touch', 'source', $log);
is($data->{attribution}{conversions}, 1, 'it is left out');
like($err, qr/lacks touches: left out/, 'which is said');

# Values of other currencies, and below 0.
$log = log_of(
    visitor([0, 'email'], [1, 'goal', val => 10, cur => 'EUR']),
    visitor([0, 'email'], [1, 'goal', val => -4, cur => 'EUR']),
    visitor([0, 'direct'], [1, 'goal', val => 7, cur => 'USD']));
($data, $err) = attribute('currencies', '--model', 'last', $log);
is(credits($data, 'last', 'value'), 'direct=0 email=10', 'the most frequent');
like($err, qr/another currency, left out: 7.00 USD in 1 conversion/,
     'the other');
like($err, qr/1 conversion of a value below 0/, 'below 0');
($data) = attribute('--currency', '--currency', 'usd', '--model', 'last',
                    $log);
is(credits($data, 'last', 'value'), 'direct=7 email=0', 'is chosen');

# The profile exempt.
my @exempt = map { { t => $T, v => id('c', "e$_"), j => 1, s => 1,
                     k => 'page', h => 'shop.example', p => '/', b => 'e' } }
             1 .. 3;

($code, $out, $err) = journey('attribution', log_of(@exempt));
is($code, 1, 'nothing but exempt: refused');
is($out, '', 'nothing is printed');
like($err, qr/attribution is refused: all events are of the profile exempt/,
     'and why');
($data, $err) = attribute('some exempt',
                          log_of(@exempt, visitor([0, 'email'], [1, 'goal'])));
is($data->{attribution}{exempt}, 3, 'they are counted');
is(credits($data, 'last'), 'email=1', 'the others credited');
like($err, qr/3 events of the profile exempt, left out/, 'a note');
($code) = journey('report', log_of(@exempt));
is($code, 0, 'a report refuses nothing');

# --min-visitors
$log = log_of((map { visitor([0, 'email'], [1, 'goal']) } 1 .. 5),
              visitor([0, 'referral'], [1, 'social'], [2, 'goal']),
              visitor([0, 'social'], [2, 'goal']));
($data) = attribute('--min-visitors', '--min-visitors', 2, '--model', 'linear',
                    $log);
is(credits($data, 'linear'), 'email=5 other=2', 'small channels are one');


# ---- the bootstrap, orders, forms ------------------------------------------

my $paths = csv('a,100,1000,300', 'a > b,50,2500,100', 'b > a > c,40,30,400');
my ($first) = attribute('--bootstrap', '--bootstrap', 200, '--paths', $paths);
my ($second) = attribute('again', '--bootstrap', 200, '--paths', $paths);
my ($third) = attribute('another seed', '--bootstrap', 200, '--seed', 4,
                        '--paths', $paths);

is_deeply($second, $first, 'the same seed, the same intervals');
is($first->{attribution}{seed}, 20261122, 'it is told');
isnt($third->{models}{linear}[0]{conversions_low},
     $first->{models}{linear}[0]{conversions_low}, 'other ones');

# Of paths whose chances are known, 100 samples of 2,000 journeys: the intervals
# hold what a sample that is large has, but for about one in twenty.
my @ways = (['a', 0.3, 0.08, 10], ['a > b', 0.25, 0.15, 15],
            ['b > a', 0.2, 0.12, 40], ['c', 0.15, 0.1, 25],
            ['b > c > a', 0.1, 0.3, 60]);

my ($truth) = attribute('what is true', '--paths', csv(map {
    my ($path, $share, $rate, $value) = @$_;

    sprintf('%s,%d,%d,%d', $path, 1e7 * $share * $rate + 0.5,
            1e7 * $share * $rate * $value + 0.5,
            1e7 * $share * (1 - $rate) + 0.5) } @ways));
my (%held, %asked);

srand 11;

for my $round (1 .. 100) {
    my %drawn;

    for (1 .. 2000) {
        my ($at, $i) = (rand, 0);

        $i++ while $i < $#ways && ($at -= $ways[$i][1]) >= 0;
        $drawn{$i}[rand() < $ways[$i][2] ? 0 : 1]++;
    }

    my ($drawn) = journey_data('attribution', '--json', '--bootstrap', 200,
        '--seed', $round, '--paths', csv(map {
            my ($won, $lost) = map { $_ || 0 } @{ $drawn{$_} }[0, 1];

            join ',', $ways[$_][0], $won, $won * $ways[$_][3], $lost
        } sort keys %drawn));

    for my $model (keys %{ $truth->{models} }) {
        my %of = map { $_->{channel} => $_ } @{ $drawn->{models}{$model} };

        for my $row (@{ $truth->{models}{$model} }) {
            for my $what ('conversions', 'value') {
                my $true = $row->{$what} * 2000 / 1e7;
                my $of = $of{ $row->{channel} };

                $asked{$model}++;
                $held{$model} += $of->{"${what}_low"} <= $true
                                 && $true <= $of->{"${what}_high"};
            }
        }
    }
}

for my $model (sort keys %asked) {
    my $share = $held{$model} / $asked{$model};

    ok($share > 0.90 && $share < 0.985,
       "95 % intervals of $model hold what is true")
        or diag("$held{$model} of $asked{$model}");
}

my $inside = 1;

for my $row (map { @$_ } values %{ $first->{models} }) {
    for ('conversions', 'value') {
        $inside &&= $row->{"${_}_low"} <= $row->{$_}
                    && $row->{$_} <= $row->{"${_}_high"};
    }
}

ok($inside, 'every credit lies within its interval');

# An order is worth it: what converts is told by the touch before the last.
my $auto = csv('a > c,90,,10', 'b > c,10,,90');
($data) = attribute('--order auto', '--order', 'auto', '--paths', $auto);
is($data->{markov}{order}, 2, 'two touches tell more than one');
is_deeply([map { sprintf '%.4g', $_->{auc} } @{ $data->{markov}{fits} }],
          [0.5, 0.9, 0.9, 0.9], 'AUC');

# N 200, m 3, 6, 10, 15
is_deeply([map { sprintf '%.6f', $_->{penalised} } @{ $data->{markov}{fits} }],
          [map { sprintf '%.6f', 1 - (1 - $_->[0]) * 199 / (199 - $_->[1]) }
           [0.5, 3], [0.9, 6], [0.9, 10], [0.9, 15]], 'penalised');

($code, $out) = journey('attribution', '--csv', '--model', 'first', '--model',
                        'last', '--paths', csv('"a, b > y",3,4.5,'));
is($out, "model,channel,conversions,value\r\n"
         . "first,\"a, b\",3,4.5\r\nfirst,y,0,0\r\n"
         . "last,\"a, b\",0,0\r\nlast,y,3,4.5\r\n", 'CSV');

($code, $out) = journey('attribution', '--paths', $paths);
is($code, 0, 'text');
like($out, qr/^Attribution  190 conversions, 800 journeys without$/m,
     'a headline');
like($out, qr/^  Channel +First +Last +Non-direct +Linear +Position +Markov/m,
     'models side by side');
is(scalar(() = $out =~ /^Conversions$/mg), 1, 'one table fits');
is((sort { $b <=> $a } map { length } split /\n/, $out)[0] <= 100, 1,
   'nothing is wider than the terminal');

{
    local $ENV{COLUMNS} = 48;
    ($code, $out) = journey('attribution', '--paths', $paths);
    cmp_ok(scalar(() = $out =~ /^Conversions$/mg), '>', 1, 'two tables');
    is((sort { $b <=> $a } map { length } split /\n/, $out)[0] <= 48
       || $out =~ /\A(?:.{0,60}\n)+\z/, 1, 'narrow');
}

($code, $out) = journey('attribution', '--bootstrap', 50, '--model', 'markov',
                        '--paths', $paths);
like($out, qr/intervals: 95 %, 50 samples, seed 20261122/, 'text: intervals');
like($out, qr/^Markov\n  Channel +Conversions +2.5 % +97.5 % +Value/m,
     'a table of them');

($code, $out) = journey('attribution', '--limit', 1, '--csv', '--model',
                        'last', '--paths', $paths);
is(scalar(() = $out =~ /^last,/mg), 1, '--limit');


# ---- what is refused -------------------------------------------------------

for (['--model', 'best', qr/unknown model "best"/],
     ['--order', '5', qr/"5" is not from 1 to 4/],
     ['--order', '0', qr/"0" is not from 1 to 4/],
     ['--order', 'a', qr/bad number "a"/],
     ['--touch', 'medium', qr/"medium" is none of channel, source/],
     ['--bootstrap', '0', qr/"0" is not from 1 to 100000/],
     ['--bootstrap', '-3', qr/bad number "-3"/],
     ['--half-life', '0d', qr/"0d"/], ['--lookback', 'x', qr/--lookback: /])
{
    ($code, $out, $err) = journey('attribution', $_->[0], $_->[1], '--paths',
                                  $paths);
    is($code, 2, "$_->[0] $_->[1]: usage");
    like($err, $_->[2], 'is said');
}

for ([[$log], qr/--paths stands instead of FILE/],
     [['--min-visitors', 3], qr/paths do not tell visitors/],
     [['--touch', 'source'], qr/not with --paths/],
     [['--goal', 'buy'], qr/choose from logs/],
     [['--model', 'time_decay'], qr/time_decay needs times/])
{
    ($code, $out, $err) = journey('attribution', '--paths', $paths,
                                  @{ $_->[0] });
    is($code, 2, "--paths and $_->[0][0]: usage");
    like($err, $_->[1], 'is said');
}

($code, $out, $err) = journey('attribution', '--min-visitors', 3, '--touch',
                              'campaign', $log);
is($code, 2, '--min-visitors and --touch');
($code, $out, $err) = journey('attribution');
is($code, 2, 'no FILE');

done_testing();
