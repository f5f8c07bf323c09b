# Copyright (C) ngx_journey_module contributors
#
# journey report with the options of the tables it holds: each is, byte for
# byte, what its own command prints with the same options; the page follows them
# and says so; what report does not take is an error that says who does.
#
# The command is $ENV{TEST_NGINX_JOURNEY_COMMAND}, else build/journey.

use strict;
use warnings;

use Encode qw(decode);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw($dir journey journey_data spew slurp lines id);
use Test::More;

my $log = "$dir/sim.log.gz";
my ($code, undef, $err) = journey('simulate', '--visitors', 600, '--days', 40,
                                  '--output', $log);
die $err if $code;

my %takes;

for (split /\n/, (journey('help', '--list'))[1]) {
    my ($what, $name, $options) = split /\t/;

    $takes{$name} = { map { $_ => 1 } split ' ', $options }
        if $what eq 'takes';
}


# ---- tables ----------------------------------------------------------------

# Options and their values; those that the command takes.
sub mine {
    my ($command, @options) = @_;

    return map { $takes{$command}{substr $_->[0], 2} ? @$_ : () } @options;
}

for my $options (
    [['--no-direct']],
    [['--touch', 'source']],
    [['--touch', 'campaign'], ['--no-direct']],
    [['--repeats'], ['--lookback', '5d'], ['--half-life', '36h']],
    [['--order', 2], ['--model', 'markov'], ['--model', 'linear']],
    [['--order', 'auto'], ['--no-direct'], ['--repeats']],
    [['--model', 'time_decay'], ['--half-life', '12h']],
    [['--bootstrap', 30], ['--seed', 7], ['--touch', 'source']],
    [['--bootstrap', 20]],
    [['--period', 'day'], ['--by', 'city']],
    [['--period', 'month'], ['--by', 'region'], ['--entry', '/products/*']],
    [['--no-direct'], ['--min-visitors', 30]],
    [['--no-direct'], ['--min-visitors', 90], ['--limit', 3]],
    [['--no-direct'], ['--views'], ['--goal', 'newsletter']],
) {
    for my $format ('--json', '--csv') {
        my @all = map { @$_ } @$options;
        my ($code, $whole, $err) = journey('report', $format, @all, $log);
        my @wrong;

        is($code, 0, "report $format @all") or diag $err;

        for my $command (qw(channels campaigns phases goals attribution paths
                            time direct retention geo content))
        {
            my @own = mine($command, @$options);
            my ($rc, $out) = journey($command, $format, @own, $log);

            $out =~ s/\A\{(.*)\}\n\z/$1/s if $format eq '--json';
            push @wrong, "$command @own" if $rc || length $out < 20
                                            || index($whole, $out) < 0;
        }

        is("@wrong", '', '... each table is that of its command');
    }
}

# they do make a difference
{
    my ($usual) = journey_data('report', '--json', $log);

    for (['--no-direct', qw(channels campaigns attribution models paths)],
         ['--touch source', qw(models paths)],
         ['--repeats', qw(models paths)], ['--order 3', qw(markov models)],
         ['--half-life 1h', 'models'], ['--period day', 'retention'],
         ['--by city', 'geo'], ['--entry /products/*', 'direct'],
         ['--bootstrap 5', qw(attribution models)])
    {
        my ($option, @tables) = @$_;
        my ($data) = journey_data('report', '--json', split(/ /, $option),
                                  $log);
        my $json = JSON::PP->new->canonical;
        my %other = map { $_ => 1 } grep { $json->encode([$data->{$_}])
                                           ne $json->encode([$usual->{$_}]) }
                    keys %$usual;

        # nulls, and what has no path
        delete $other{attribution} if !grep { $_ eq 'attribution' } @tables;
        delete $other{markov} if !grep { $_ eq 'markov' } @tables;

        is(join(' ', sort keys %other), join(' ', sort @tables),
           "$option: other tables");
    }
}


# ---- channels without direct -------------------------------------------------

my $T = 1_795_000_000_000;
my $DAY = 86_400_000;

sub touch {
    my ($v, $day, $channel, %more) = @_;

    return { t => $T + $day * $DAY, v => id('c', $v), j => 1, s => $day + 1,
             k => 'page', h => 'a.example', p => '/', ph => 'look', pn => 1,
             ch => $channel, why => 'utm', %more };
}

sub goal {
    my ($v, $day, %more) = @_;

    return { t => $T + $day * $DAY + 60_000, v => id('c', $v), j => 1,
             s => $day + 1, k => 'goal', h => 'a.example', p => '/',
             goal => 'buy', done => 1, val => 10, cur => 'EUR', %more };
}

my $small = spew(lines(
    touch('A', 0, 'email', src => 'news', cmp => 'spring'),
    touch('A', 3, 'direct'), goal('A', 3),
    touch('B', 0, 'direct'), goal('B', 0),
    touch('C', 0, 'paid_search', src => 'google', cmp => 'spring'),
    touch('C', 1, 'organic_search', src => 'google'), goal('C', 1),
    # the rest of its path is not in this file
    goal('D', 4, w => [qw(referral direct)], wn => 2)));

sub rows {
    my ($table, $name, @args) = @_;
    my ($data) = journey_data(@args, '--json', $small);

    return join ', ', map { join ' ', map { $_ // '-' }
                                      @$_{$name, 'touches', 'journeys',
                                          'conversions', 'value'} }
                      sort { $a->{$name} cmp $b->{$name} }
                      map { { touches => '', %$_ } } @{ $data->{$table} };
}

is(rows('channels', 'channel', 'channels'), 'direct 2 2 3 30, email 1 1 0 0, '
   . 'organic_search 1 1 1 10, paid_search 1 1 0 0', 'channels');

for my $command ('channels', 'report') {
    is(rows('channels', 'channel', $command, '--no-direct'),
       'email 1 1 1 10, organic_search 1 1 1 10, paid_search 1 1 0 0, '
       . 'referral 0 0 1 10', "$command --no-direct: to the one before, or "
       . 'none');
    is(rows('channels', 'channel', $command, '--no-direct', '--lookback',
            '2d'), 'email 1 1 0 0, organic_search 1 1 1 10, '
       . 'paid_search 1 1 0 0, referral 0 0 1 10',
       "$command --no-direct --lookback: not to one too old");
}

is(rows('channels', 'channel', 'report', '--touch', 'source'),
   rows('channels', 'channel', 'channels'),
   '--touch is what paths and models tell, channels stay');
is(rows('campaigns', 'source', 'campaigns'), 'google  1 0 0, news  1 0 0',
   'campaigns');
is(rows('campaigns', 'source', 'campaigns', '--no-direct'),
   'google  1 0 0, news  1 1 10', 'campaigns --no-direct');

for (['report', 1], ['channels', 1], ['report', 0]) {
    my ($command, $without) = @$_;
    my ($rc, $out) = journey($command, $without ? '--no-direct' : (), $small);

    is($out =~ /^  Without direct touches \(--no-direct\)/m ? 1 : 0, $without,
       "$command as text: " . ($without ? 'it is said' : 'not a word'));
}

{
    my ($data) = journey_data('content', '--json', '--conf',
                              "$FindBin::Bin/../conf", $small);
    my ($without) = journey_data('content', '--json', '--no-direct', '--conf',
                                 "$FindBin::Bin/../conf", $small);
    my %named = map { $_ => 1 } map { @{ $_->{channels} } } @{ $data->{gaps} };
    my %left = map { $_ => 1 } map { @{ $_->{channels} } }
               @{ $without->{gaps} };

    is(join(' ', sort keys %named),
       'direct email organic_search paid_search', 'gaps: channels');
    is(join(' ', sort keys %left), 'email organic_search paid_search',
       'gaps --no-direct: direct is none');
}

# of the conversion that carries channels alone
{
    my ($rc, $out, $err) = journey('report', '--json', '--touch', 'source',
                                   $small);

    like($err, qr/1 conversion of which the input lacks touches: their paths are left out/, '--touch: what it carries is no source');
    is((journey_data('report', '--json', '--touch', 'source', $small))[0]
       {attribution}{incomplete}, 1, '... and counted');
}


# ---- text ------------------------------------------------------------------

sub attribution_of {
    my ($rc, $out, $err) = journey('report', @_, $log);
    my ($table) = $out =~ /^(Attribution: .*?\n)\n/ms;

    return ($table // '', $out);
}

{
    my ($table) = attribution_of();

    like($table, qr/^Attribution: conversions by model; share and value by Markov\n\s+Channel\s+First\s+Last\s+Linear\s+Shapley\s+Markov\s+Share\s+Value/,
         'text: five models');

    ($table) = attribution_of('--model', 'time_decay', '--model', 'first',
                              '--touch', 'source');
    like($table, qr/share and value by time decay\n\s+Source\s+First\s+Decay\s+Share\s+Value/,
         'text: --model and --touch');

    my ($data) = journey_data('attribution', '--json', '--model', 'time_decay',
                              '--touch', 'source', $log);
    my @rows = @{ $data->{models}{time_decay} };
    my $sum = 0;

    $sum += $_->{conversions} for @rows;

    my $share = sprintf '%.1f %%', 100 * $rows[0]{conversions} / $sum;

    like($table, qr/^  \Q$rows[0]{source}\E\s+.*\Q$share\E/m,
         '... the share is of its own sum');

    ($table) = attribution_of('--bootstrap', 20, '--seed', 3);
    like($table, qr/; interval \(95 %\), share .*\n.*Markov\s+2\.5 %\s+97\.5 %\s+Share/,
         'text: --bootstrap');
    ($data) = journey_data('attribution', '--json', '--bootstrap', 20,
                           '--seed', 3, $log);

    my ($row) = @{ $data->{models}{markov} };
    my $low = sprintf '%.2f', $row->{conversions_low};
    my $high = sprintf '%.2f', $row->{conversions_high};

    like($table, qr/^  \Q$row->{channel}\E\s.*\s\Q$low\E\s+\Q$high\E\s/m,
         '... its interval');
}


# ---- the page --------------------------------------------------------------

sub page {
    my ($code, $out, $err) = journey('report', '--html', '-', @_);

    is($code, 0, "page @_") or diag $err;
    return decode('UTF-8', $out);
}

sub said {
    my ($page, $section) = @_;
    my ($text) = $page =~ m{<section id="$section".*?</section>}s ? $& : '';

    return $text =~ m{<p class="set">(.*?)</p>}g;
}

# The rows of a table by its caption.
sub table {
    my ($page, $caption) = @_;
    my ($text) = $page =~ m{<caption>\Q$caption\E</caption>(.*?)</table>}s;

    return map { [ map { s/<small>.*?<\/small>|<[^>]*>//gr =~ s/\s+\z//r }
                   m{<t[hd][^>]*>(.*?)</t[hd]>}gs ] }
           ($text // '') =~ m{<tr[^>]*>(.*?)</tr>}gs;
}

my $usual = page($log);
my %sections = map { $_ => 1 } $usual =~ /<section id="([^"]*)"/g;

is(join('|', map { said($usual, $_) } sort keys %sections), '',
   'usually nothing is said');
like($usual, qr/<h3>Direct: what it probably was/, '... direct is told');

{
    my @options = ('--no-direct', '--touch', 'source', '--order', 'auto',
                   '--bootstrap', 40, '--lookback', '20d', '--half-life', '36h');
    my $page = page(@options, $log);
    my $direct = qr/^Without direct touches \(--no-direct\)/;
    my $source = qr/^A touch is told by its source/;

    for (['channels', $direct, qr/older than 20 d /],
         ['flows', $direct, $source],
         ['paths', $direct, $source, qr/older than 20 d /],
         ['attribution', $direct, $source, qr/older than 20 d /,
          qr/as many touches as/, qr/after 36 h /, qr/40 samples/],
         ['campaigns', $direct, qr/older than 20 d /],
         ['phases'], ['headline'], ['retention'])
    {
        my ($section, @want) = @$_;
        my @got = said($page, $section);

        is(scalar @got, @want, "$section: what is set is said");
        like($got[$_], $want[$_], "... $_") for 0 .. $#want;
    }

    unlike($page, qr/<h3>Direct:/, 'direct touches are not told');
    like($page, qr/Of the orders of Markov, [1-4] was chosen/,
         'the order that was chosen');

    # the numbers are those of the command
    my ($data) = journey_data('attribution', '--json', @options, $log);
    my %rows = map { $_->[0] => $_ } table($page, 'Conversions by nine models');
    my @models = qw(first last last_non_direct linear position time_decay
                    markov shapley counterfactual);
    my $same = 0;

    is((table($page, 'Conversions by nine models'))[0][0], 'Source',
       'attribution: its head');

    for my $k (0 .. $#models) {
        $same += ($rows{$_->{source}}[$k + 1] // '')
                 eq sprintf('%.2f', $_->{conversions})
            for @{ $data->{models}{$models[$k]} };
    }

    is($same, 9 * @{ $data->{models}{first} }, 'attribution: all numbers');
    cmp_ok($same, '>', 40, '... of some');

    ($data) = journey_data('paths', '--json', '--no-direct', '--touch',
                           'source', '--lookback', '20d', $log);
    %rows = map { $_->[0] => $_ } table($page, 'Paths');
    is(scalar(grep { my $path = join " \x{203a} ", @{ $data->{paths}[$_]{path} };
                     ($rows{$path}[1] // '') eq $data->{paths}[$_]{journeys} }
              0 .. 9), 10, 'paths: those of the command');

    # the picture of flows begins with sources
    my ($flows) = $page =~ m{<section id="flows".*?</section>}s ? $& : '';
    like($flows, qr/>google</, 'flows begin with sources');
    unlike($flows, qr/>(?:Organic search|Direct)</, '... not with channels');
    like($flows, qr/>Source</, '... as their heading says');
    unlike($flows, qr/>Channel</, '... not of channels');
    like($flows, qr/>Direct or unknown</, '... those without another touch');
}

{
    my $page = page('--period', 'month', '--by', 'region', '--entry', '/<a>*',
                    '--idle', '90m', '--goal', 'purchase', '--host',
                    'shop.example', '--views', '--repeats', '--order', 3,
                    $log);

    like($page, qr/by the month of their first visit/, '--period');
    like($page, qr{<caption>Regions</caption>}, '--by');
    is(join('|', said($page, 'channels')), 'Views, mails opened and ads shown, '
       . 'are touches (--views).|Entry pages are (--entry): /&lt;a&gt;*.',
       '--views and --entry');
    is(join('|', said($page, 'headline')), 'Events of these hosts alone '
       . '(--host): shop.example.|Conversions are these goals alone (--goal): '
       . 'purchase.', '--host and --goal');
    is(join('|', said($page, 'phases')),
       'A journey is dropped after 90 min without a hit (--idle).', '--idle');
    is(join('|', said($page, 'attribution')), 'Equal touches in a row stay '
       . 'several (--repeats).|Views, mails opened and ads shown, are touches '
       . '(--views).|Markov remembers 3 touches (--order).',
       '--repeats, --order');
}

# what a log holds is told as it is
{
    my $odd = spew(lines(touch('A', 0, 'email', src => '<b>_x',
                               cmp => 'spring_sale'), goal('A', 0)));
    my $page = page('--touch', 'campaign', $odd);

    like($page, qr/>spring_sale</, 'a campaign has its own name');
    unlike($page, qr/>Spring sale</, '... not one made of it');
    like(page('--touch', 'source', $odd), qr/&lt;b&gt;_x/, 'and is harmless');
}


# ---- errors ----------------------------------------------------------------

for ([['report', '--period', 'day'], qr/--period goes with --html, --json and --csv; the command for it is journey retention;/],
     [['report', '--by', 'city'], qr/--by goes with .* journey geo;/],
     [['report', '--entry', '/'], qr/--entry goes with .* journey direct;/],
     [['report', '--window', '3d'], qr/--window goes with --funnel;/],
     [['report', '--json', '--window', '3d'], qr/--window goes with --funnel;/],
     [['report', '--html', '-', '--window', '3d'],
      qr/--window goes with --funnel;/],
     [['report', '--half-life', '2d'],
      qr/--half-life goes with --model time_decay, --html, --json and --csv;/],
     [['report', '--half-life', '2d', '--model', 'first'],
      qr/--half-life goes with --model time_decay,/],
     [['report', '--html', '-', '--model', 'first'],
      qr/--html shows all models: not with --model;/],
     [['report', '--touch', 'source', '--min-visitors', 5],
      qr/--min-visitors folds channels: not with --touch;/],
     [['report', '--touch', 'medium'], qr/--touch: "medium" is none of/],
     [['report', '--paths', 'x.csv'],
      qr/unknown option "--paths" \(attribution takes it\); see journey report --help/],
     [['channels', '--touch', 'source'],
      qr/unknown option "--touch" \(report, paths and attribution take it\); see journey channels/],
     [['direct', '--no-direct'], qr/unknown option "--no-direct" \(report, channels, campaigns, paths, attribution and content take it\)/],
     [['token', '--tz=UTC'], qr/unknown option "--tz=UTC" \(report, channels, campaigns, phases, goals and \d+ others take it\)/],
     [['channels', '--lookbak', '1d'], qr/unknown option "--lookbak" \(did you mean --lookback\?\)/],
     [['channels', '--nothing-like-it'], qr/unknown option "--nothing-like-it"; see/])
{
    my ($args, $why) = @$_;
    my ($rc, $out, $err) = journey(@$args, $log);

    is($rc, 2, "@$args: usage");
    is($out, '', '... nothing is printed');
    like($err, $why, '... says why');
}

done_testing();
