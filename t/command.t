# Copyright (C) ngx_journey_module contributors
#
# The command: what it counts, in numbers worked out by hand, and what it does
# with files that are cut, damaged, hostile or still growing.
#
# The command is $ENV{JOURNEY}, else build/journey.

use strict;
use warnings;

use Encode qw(decode_utf8);
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Journey::Clock qw(has_read);
use Journey::Lines qw($command $dir journey journey_in journey_data
                      journey_start path spew slurp member foreign old);
use MIME::Base64 qw(encode_base64url);
use POSIX qw(WNOHANG);
use Test::More;

my $json = JSON::PP->new;


# ---- helpers ---------------------------------------------------------------

# bytes as they are, not as characters
sub lines { return join '', map { $json->canonical->encode($_) . "\n" } @_ }

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z

sub ev {
    my ($s, $v, $j, $sess, $k, $path, $phase, %more) = @_;
    my %pn = (awareness => 1, consideration => 2, decision => 3,
              retention => 4);

    return { t => $T + 1000 * $s, k => $k, h => 'shop.example', p => $path,
             ($v ? (v => $v, j => $j, s => $sess) : ()),
             ($phase ? (ph => $phase, pn => $pn{$phase}) : ()), %more };
}

sub touch {
    my ($channel, $source) = @_;

    return (ch => $channel, ($source ? (src => $source) : ()), why => 'utm');
}


# ---- the numbers -----------------------------------------------------------

my @a = (
    # A: search, then newsletter, then buys; the thank-you page is reloaded;
    # comes back for the next journey
    ev(0,    'cA', 1, 1, 'page', '/', 'awareness',
       touch('organic_search', 'google')),
    ev(10,   'cA', 1, 1, 'page', '/products/', 'consideration'),
    ev(3600, 'cA', 1, 2, 'page', '/cart', 'decision', touch('email')),
    ev(3605, 'cA', 1, 2, 'goal', '/checkout/done', 'decision',
       goal => 'purchase', done => 1, val => 99.9, cur => 'EUR', ord => 'o1',
       w => ['organic_search', 'email'], wn => 2),
    ev(3608, 'cA', 1, 2, 'goal', '/checkout/done', 'decision',
       goal => 'purchase', done => 1, val => 99.9, cur => 'EUR', ord => 'o1',
       w => ['organic_search', 'email'], wn => 2),
    ev(7200, 'cA', 2, 3, 'page', '/account/', 'retention', touch('direct')),

    # B: two tabs at once open the same touch; a goal twice in a session
    ev(100,  'cB', 1, 1, 'page', '/', 'awareness',
       touch('paid_search', 'google')),
    ev(105,  'cB', 1, 1, 'page', '/', 'awareness',
       touch('paid_search', 'google')),
    ev(110,  'cB', 1, 1, 'page', '/products/', 'consideration'),
    ev(120,  'cB', 1, 1, 'goal', '/newsletter', undef, goal => 'newsletter'),
    ev(130,  'cB', 1, 1, 'goal', '/newsletter', undef, goal => 'newsletter'),

    # C: cookieless; leaves at an error
    ev(140,  'hC', 1, 1, 'page', '/products/', 'consideration',
       touch('direct')),
    ev(150,  'hC', 1, 1, 'error', '/nothing', undef, st => 404),

    # a goal and a pixel of nobody
    ev(160,  undef, 0, 0, 'goal', '/checkout/done', 'decision',
       goal => 'purchase', done => 1, val => 20, cur => 'EUR', ord => 'o9'),
    ev(170,  undef, 0, 0, 'pixel', '/mail.gif', undef),

    # D: buys in dollars
    ev(180,  'cD', 1, 1, 'page', '/', 'awareness', touch('email')),
    ev(190,  'cD', 1, 1, 'goal', '/checkout/done', 'decision',
       goal => 'purchase', done => 1, val => 50, cur => 'USD',
       w => ['email'], wn => 1),

    # E: the log lacks the sessions that its touches are of
    ev(200,  'cE', 1, 4, 'page', '/cart', 'decision'),
    ev(210,  'cE', 1, 4, 'goal', '/checkout/done', 'decision',
       goal => 'purchase', done => 1, val => 10, cur => 'EUR', ord => 'o5',
       w => ['paid_search', 'direct', 'direct', 'email'], wn => 4),

    # a prefetched page
    ev(220,  'cE', 1, 4, 'page', '/', 'awareness', pf => 1),

    # a bot's
    { t => $T + 230, k => 'page', h => 'shop.example', p => '/',
      bot => 'googlebot' },
);

my $want = {
    summary => {
        events => 19, visitors => 5, sessions => 7, journeys => 6,
        conversions => 4, value => 129.9, currency => 'EUR', from => $T,
        until => $T + 7_200_000, bad_lines => 0, bad_members => 0,
        hash_share => 1 / 5,
    },
    channels => [
        { channel => 'email', touches => 2, visitors => 2, sessions => 2,
          journeys => 2, conversions => 3, value => 109.9 },
        { channel => 'direct', touches => 2, visitors => 2, sessions => 2,
          journeys => 2, conversions => 0, value => 0 },
        { channel => 'organic_search', touches => 1, visitors => 1,
          sessions => 1, journeys => 1, conversions => 0, value => 0 },
        { channel => 'paid_search', touches => 1, visitors => 1,
          sessions => 1, journeys => 1, conversions => 0, value => 0 },
    ],
    campaigns => [],
    phases => [
        { phase => 'awareness', position => 1, journeys => 6, share => 1,
          completed => 0, dropped => 0, open => 0 },
        { phase => 'consideration', position => 2, journeys => 6, share => 1,
          completed => 0, dropped => 0, open => 2 },
        { phase => 'decision', position => 3, journeys => 4, share => 4 / 6,
          completed => 3, dropped => 0, open => 0 },
        { phase => 'retention', position => 4, journeys => 1, share => 0.25,
          completed => 0, dropped => 0, open => 1 },
    ],
    goals => [
        { goal => 'purchase', conversions => 3, without_visitor => 1,
          value => 129.9, currency => 'EUR' },
        { goal => 'newsletter', conversions => 1, without_visitor => 0,
          value => 0, currency => undef },
        { goal => 'purchase', conversions => 1, without_visitor => 0,
          value => 50, currency => 'USD' },
    ],
    pages => [
        { host => 'shop.example', path => '/', phase => 'awareness',
          visits => 4, entries => 3, exits => 1 },
        { host => 'shop.example', path => '/products/',
          phase => 'consideration', visits => 3, entries => 1, exits => 3 },
        { host => 'shop.example', path => '/cart', phase => 'decision',
          visits => 2, entries => 2, exits => 2 },
        { host => 'shop.example', path => '/account/', phase => 'retention',
          visits => 1, entries => 1, exits => 1 },
    ],
    paths => [
        { path => ['direct'], journeys => 2, conversions => 0, value => 0 },
        { path => ['email'], journeys => 1, conversions => 1, value => 0 },
        { path => ['organic_search', 'email'], journeys => 1,
          conversions => 1, value => 99.9 },
        { path => ['paid_search', 'direct', 'email'], journeys => 1,
          conversions => 1, value => 10 },
        { path => ['paid_search'], journeys => 1, conversions => 0,
          value => 0 },
    ],
};

# Numbers within 1e-9, all else equal.
sub near {
    my ($got, $expected, $where) = @_;

    if (ref $expected eq 'HASH') {
        return "$where: " . join(' ', sort keys %{ $got || {} })
            unless ref $got eq 'HASH'
                   && join(' ', sort keys %$got)
                      eq join(' ', sort keys %$expected);

        for (sort keys %$expected) {
            my $diff = near($got->{$_}, $expected->{$_}, "$where.$_");
            return $diff if $diff;
        }

        return '';
    }

    if (ref $expected eq 'ARRAY') {
        return "$where: " . scalar(@{ $got || [] }) . ' rows'
            unless ref $got eq 'ARRAY' && @$got == @$expected;

        for (0 .. $#$expected) {
            my $diff = near($got->[$_], $expected->[$_], "$where\[$_]");
            return $diff if $diff;
        }

        return '';
    }

    return '' if !defined $got && !defined $expected;
    return "$where: " . ($got // 'null') . ', not ' . ($expected // 'null')
        unless defined $got && defined $expected
               && ($expected =~ /^-?[\d.]+(e-?\d+)?$/
                   ? $got =~ /^-?[\d.]+(e-?\d+)?$/
                     && abs($got - $expected) <= 1e-9
                   : $got eq $expected);
    return '';
}

sub same {
    my ($got, $expected, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(near($got, $expected, ''), '', $name);
}

my $plain = spew(lines(@a));
my ($got, $code, $err) = journey_data('report', '--json', $plain);

is($code, 0, 'report of a sound log: exit 0');
same($got->{$_}, $want->{$_}, "report: $_") for sort keys %$want;
is(join(' ', sort keys %$got),
   'attribution campaigns channels content direct geo goals markov models '
   . 'pages paths phase_times phases retention summary time time_summary '
   . 'transitions', 'report: its tables');

my $whole_report = $got;

for my $table (qw(channels campaigns phases goals paths)) {
    ($got) = journey_data($table, '--json', $plain);
    same($got->{$table}, $want->{$table}, "$table --json");
    is(join(' ', sort keys %$got), $table eq 'phases'
       ? 'phase_times phases transitions' : $table, 'and nothing else');
}

like($err, qr/besides: 50\.00 USD in 1 conversion$/m, 'the other currency');
like($err, qr/1 conversion belongs to no channel \(1 without visitor\)/,
     'the unattributed conversion');
like($err, qr/1 conversion of which the input lacks touches/,
     'the conversion whose path is its w');
like($err, qr/1 prefetched page, not counted/, 'the prefetched page');
like($err, qr/1 page of bots, not counted/, 'the page of a bot');


# ---- the same from every form of input -------------------------------------

{
    my @half = (lines(@a[0 .. 8]), lines(@a[9 .. $#a]));
    my $whole = lines(@a);

    my %forms = (
        'members of the module' => [spew(member($half[0]) . member($half[1]))],
        'one event a member' => [spew(join '', map { member(lines($_)) } @a)],
        'gzip' => [spew(foreign($whole))],
        'gzip, concatenated' => [spew(foreign($half[0]) . foreign($half[1]))],
        'gzip, a line in two members' => [spew(foreign(substr $whole, 0, 500)
                                               . foreign(substr $whole, 500))],
        'members of both kinds' => [spew(foreign($half[0])
                                         . member($half[1]))],
        'plain, then members' => [spew($half[0] . member($half[1]))],
        'members, then plain' => [spew(member($half[0]) . $half[1])],
        'two files, one compressed' => [spew($half[0]),
                                        spew(member($half[1]))],
        'files in the wrong order' => [spew(member($half[1])),
                                       spew($half[0])],
        'no newline at the end' => [spew($whole =~ s/\n\z//r)],
        'CR LF, empty lines' => [spew($whole =~ s/\n/\r\n\n/gr)],
        'empty members and files' => [spew(''), spew(member('')),
                                      spew(member($whole) . member('')),
                                      spew(foreign(''))],
    );

    for my $form (sort keys %forms) {
        my ($got, $code) = journey_data('report', '--json', @{ $forms{$form} });
        is(near($got, $whole_report, '') || $code, 0, "input: $form");
    }

    for ($whole, member($whole), foreign($whole)) {
        my ($code, $out) = journey_in($_, 'report', '--json', '-');
        same(eval { $json->decode($out) }, $whole_report,
             'input: standard input');
    }

    # keys that a later version adds
    my @later = map { { %$_, zz => { t => [1, { v => 'x' }] }, pp => undef } }
                @a;
    my ($got, $code) = journey_data('report', '--json', spew(lines(@later)));
    is(near($got, $whole_report, '') || $code, 0, 'input: unknown keys');
}

{
    my ($got, $code) = journey_data('report', '--json', spew(''));

    is($code, 0, 'an empty log is no error');
    same($got->{summary}, { events => 0, visitors => 0, sessions => 0,
                            journeys => 0, conversions => 0, value => 0,
                            currency => undef, from => undef,
                            until => undef, bad_lines => 0,
                            bad_members => 0, hash_share => undef },
         'an empty log: its summary');
    is(join(' ', sort keys %$got), join(' ', sort keys %$whole_report),
       'and all tables');
    is(join(' ', grep { ref $got->{$_} eq 'ARRAY' && @{ $got->{$_} } }
                 sort keys %$got), '', 'which are empty');
    is(scalar(grep { @$_ } values %{ $got->{models} }), 0, 'as are models');

    my ($rc, $out) = journey('report', spew(''));
    is($rc, 0, 'an empty log as text');
    like($out, qr/no touches.*no phases.*no goals.*no pages.*no paths/s,
         'an empty log says so');
}


# ---- options ---------------------------------------------------------------

sub summary {
    my ($got) = journey_data('report', '--json', @_, $plain);
    return $got->{summary};
}

is(summary('--since', '2026-11-22T05:29:40Z')->{events}, 4,
   '--since: from that moment on');
is(summary('--since', '2026-11-22T05:29:40.001Z')->{events}, 3,
   '--since: to the millisecond');
is(summary('--until', '2026-11-22T04:29:50Z')->{events}, 1,
   '--until: before that moment');
is(summary('--until', $T / 1000 + 10)->{events}, 1, '--until: Unix seconds');
is(summary('--until', '2026-11-22T04:29:50Z')->{until}, $T + 10_000,
   '--until is the end of the data');
is(summary('--since', '2026-11-22')->{events}, 19, '--since: a date');
is(summary('--until', '2026-11-22')->{events}, 0, '--until: a date');
is(summary('--until', '2026-11-22T05:29:50', '--tz', '+01:00')->{events}, 1,
   '--tz: an offset');
is(summary('--until', '2026-11-22 04:29:50+00:00', '--tz', '+01:00')
   ->{events}, 1, '--tz: a time with an offset of its own');
is(summary('--since', '2026-11-22', '--until', '2026-11-23', '--tz',
           '-04:30')->{events}, 17, '--tz: the day there');
is(summary('--since', '2026-11-22', '--until', '2026-11-23', '--tz',
           '-05:00')->{events}, 4, '--tz: another day there');

SKIP: {
    skip 'no tzdata', 1 unless -e '/usr/share/zoneinfo/Europe/Berlin';
    is(summary('--until', '2026-11-22T05:29:50', '--tz', 'Europe/Berlin')
       ->{events}, 1, '--tz: a name');
}

is(summary('--host', 'SHOP.example')->{events}, 19, '--host: any case');
is(summary('--host', 'hop.example')->{events}, 0, '--host: another');
is(summary('--host', 'x', '--host=shop.example')->{events}, 19,
   '--host: one of two; --option=value');

{
    my $s = summary('--goal', 'newsletter');
    is($s->{conversions}, 1, '--goal: one that completes nothing');

    $s = summary('--goal', 'newsletter', '--goal', 'purchase');
    is($s->{conversions}, 5, '--goal: two');

    ($got) = journey_data('goals', '--json', '--goal', 'newsletter', $plain);
    is(join(' ', map { $_->{goal} } @{ $got->{goals} }), 'newsletter',
       '--goal: the table holds it alone');

    $s = summary('--currency', 'usd');
    is("$s->{value} $s->{currency}", '50 USD', '--currency');

    $s = summary('--currency', 'CHF');
    is($s->{value}, 0, '--currency: one that is not there');

    ($got) = journey_data('channels', '--json', '--currency', 'USD', $plain);
    same($got->{channels}[0]{value}, 50, '--currency: values of channels');

    # without a goal that completes, all are conversions
    ($got) = journey_data('report', '--json',
                  spew(lines(map { { %$_, done => 0 } } @a)));
    is($got->{summary}{conversions}, 5, 'no done: every goal converts');
}

{
    ($got) = journey_data('phases', '--json', '--idle', '1h', $plain);
    same([map { [@$_{qw(completed dropped open)}] } @{ $got->{phases} }],
         [[0, 0, 0], [0, 2, 0], [3, 0, 0], [0, 0, 1]], '--idle 1h');

    ($got) = journey_data('phases', '--json', '--idle', '1h', '--until',
                  '2026-11-23', $plain);
    same([map { [@$_{qw(completed dropped open)}] } @{ $got->{phases} }],
         [[0, 0, 0], [0, 2, 0], [3, 0, 0], [0, 1, 0]],
         '--idle counts to --until');
}

{
    ($got) = journey_data('paths', '--json', '--limit', 2, $plain);

    my %rest = (path => ['other'], journeys => 0, conversions => 0,
                value => 0);

    for my $row (@{ $want->{paths} }[2 .. $#{ $want->{paths} }]) {
        $rest{$_} += $row->{$_} for qw(journeys conversions value);
    }

    cmp_ok($rest{journeys}, '>', 1, 'there are others');
    same($got->{paths}, [@{ $want->{paths} }[0, 1], \%rest],
         '--limit as JSON: the rest is one row');

    my @many = map { ev($_, "c$_", 1, 1, 'page', "/$_", undef,
                        touch("ch$_")) } 1 .. 15;
    my $many = spew(lines(@many));

    ($got) = journey_data('report', '--json', $many);
    is(scalar @{ $got->{pages} }, 15, 'JSON has all rows');

    my ($rc, $out) = journey('report', $many);
    like($out, qr/and 5 more \(--limit\)/, 'text has ten, and says so');
    like($out, qr/and 5 more \(--limit\) +5 +0 +0\.0 %$/m,
         'the paths that are left out are one row');

    ($rc, $out) = journey('report', '--limit', 15, $many);
    unlike($out, qr/more \(--limit\)/, 'text has as many as are wanted');
}


# ---- rules of counting -----------------------------------------------------

sub report_of {
    my ($got) = journey_data('report', '--json', spew(lines(@_)));
    return $got;
}

{
    # the look-back: 90 days
    my $day = 86_400;
    my $r = report_of(
        ev(0, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(80 * $day, 'cA', 1, 2, 'page', '/', undef, touch('referral')),
        ev(100 * $day, 'cA', 1, 3, 'page', '/', undef, touch('direct')),
        ev(100 * $day, 'cA', 1, 3, 'goal', '/', undef, goal => 'g',
           w => ['email', 'referral', 'direct'], wn => 3));
    same($r->{paths}, [{ path => ['referral', 'direct'], journeys => 1,
                         conversions => 1, value => 0 }],
         'touches older than 90 days are no part of the path');

    # equal neighbours, and the goal at the very moment of its page, which
    # stands behind it in the log
    $r = report_of(
        ev(5, 'cA', 1, 2, 'goal', '/', undef, goal => 'g', wn => 3),
        ev(0, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(20, 'cA', 1, 1, 'page', '/', undef, touch('email', 'x')),
        ev(5, 'cA', 1, 2, 'page', '/', undef, touch('direct')));
    same([$r->{paths}, $r->{summary}{conversions}],
         [[{ path => ['email', 'direct'], journeys => 1, conversions => 1,
             value => 0 }], 1],
         'a page comes before a goal of the same time');

    $r = report_of(
        ev(0, 'cA', 1, 1, 'page', '/', undef, touch('email', 'a')),
        ev(60, 'cA', 1, 1, 'page', '/', undef, touch('email', 'b')),
        ev(70, 'cA', 1, 1, 'page', '/', undef, touch('direct')),
        ev(80, 'cA', 1, 1, 'page', '/', undef, touch('email', 'a')));
    same($r->{paths}[0]{path}, ['email', 'direct', 'email'],
         'equal neighbours in a path are one');
    is($r->{channels}[0]{touches}, 3, 'and are touches all the same');

    # equal touches within ten seconds: once, to the millisecond
    $r = report_of(
        ev(0, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(10, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(10.001, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(12, 'cA', 1, 1, 'page', '/', undef, touch('email', 'other')),
        ev(13, 'cA', 1, 2, 'page', '/', undef, touch('email')),
        ev(13, 'cB', 1, 1, 'page', '/', undef, touch('email')));
    is($r->{channels}[0]{touches}, 5, 'equal touches within 10 s are one');

    # each conversion has the path so far
    $r = report_of(
        ev(0, 'cA', 1, 1, 'page', '/', undef, touch('email')),
        ev(1, 'cA', 1, 1, 'goal', '/', undef, goal => 'g', ord => 'a',
           val => 1),
        ev(2, 'cA', 1, 1, 'goal', '/', undef, goal => 'g', ord => 'b',
           val => 2),
        ev(50, 'cA', 1, 1, 'page', '/', undef, touch('referral')),
        ev(60, 'cA', 1, 1, 'goal', '/', undef, goal => 'g', ord => 'c',
           val => 4),
        ev(70, 'cA', 1, 1, 'page', '/', undef, touch('direct')));
    same($r->{paths},
         [{ path => ['email'], journeys => 1, conversions => 2, value => 3 },
          { path => ['email', 'referral'], journeys => 1, conversions => 1,
            value => 4 }], 'each conversion has the path so far');
    same($r->{summary}{currency}, undef, 'values without currency');
    same($r->{summary}{value}, 7, 'are summed');

    # the same order is one conversion, whoever sends it; the first counts
    $r = report_of(
        ev(9, 'cB', 1, 1, 'goal', '/', undef, goal => 'g', ord => 'a',
           val => 5, cur => 'EUR'),
        ev(3, 'cA', 1, 1, 'goal', '/', undef, goal => 'g', ord => 'a',
           val => 4, cur => 'EUR'),
        ev(3, 'cA', 1, 1, 'goal', '/', undef, goal => 'h', ord => 'a'),
        ev(4, 'cA', 1, 2, 'goal', '/', undef, goal => 'h'),
        ev(5, 'cA', 1, 3, 'goal', '/', undef, goal => 'h'),
        ev(6, 'cA', 1, 3, 'goal', '/', undef, goal => 'h', ord => 'b'),
        ev(7, undef, 0, 0, 'goal', '/', undef, goal => 'h'),
        ev(8, undef, 0, 0, 'goal', '/', undef, goal => 'h'));
    same($r->{goals},
         [{ goal => 'h', conversions => 6, without_visitor => 2, value => 0,
            currency => undef },
          { goal => 'g', conversions => 1, without_visitor => 0, value => 4,
            currency => 'EUR' }], 'orders count once, sessions too');

    # sums of money
    my $thrice = spew(lines(map { ev($_, "c$_", 1, 1, 'goal', '/', undef,
                                     goal => 'g', val => 99.9, cur => 'EUR') }
                                1 .. 3));
    like((journey('report', '--json', $thrice))[1],
         qr/"value":299\.7,/, '3 x 99.9 is printed as 299.7');

    # conversions without a value stand in the goal's first row
    $r = report_of(
        ev(1, 'cA', 1, 1, 'goal', '/', undef, goal => 'g'),
        ev(2, 'cB', 1, 1, 'goal', '/', undef, goal => 'g', val => 3,
           cur => 'CHF'),
        ev(3, 'cC', 1, 1, 'goal', '/', undef, goal => 'g', val => 4,
           cur => 'EUR'),
        ev(4, 'cD', 1, 1, 'goal', '/', undef, goal => 'g', val => 5,
           cur => 'EUR'));
    same($r->{goals},
         [{ goal => 'g', conversions => 3, without_visitor => 0, value => 9,
            currency => 'EUR' },
          { goal => 'g', conversions => 1, without_visitor => 0, value => 3,
            currency => 'CHF' }], 'a goal with and without values');

    # consent in the midst of a session: the hash goes on as a cookie, and
    # later the same hash is somebody else
    $r = report_of(
        ev(0, 'hX', 1, 1, 'page', '/', undef, touch('email')),
        ev(10, 'cX', 1, 1, 'page', '/', undef, pv => 'hX'),
        ev(20, 'cX', 1, 1, 'goal', '/', undef, goal => 'g', done => 1,
           w => ['email'], wn => 1),
        ev(30, 'hX', 1, 1, 'page', '/', undef, touch('referral')),
        ev(40, 'cY', 1, 1, 'page', '/', undef, pv => 'hX'));
    same([@{ $r->{summary} }{qw(visitors sessions journeys)}], [2, 2, 2],
         'pv joins a cookieless session to its cookie');
    same($r->{paths},
         [{ path => ['email'], journeys => 1, conversions => 1, value => 0 },
          { path => ['referral'], journeys => 1, conversions => 0,
            value => 0 }], 'and to that one only');

    # sessions and journeys that overlap in time (tabs)
    $r = report_of(
        ev(0, 'cA', 1, 1, 'page', '/a', undef, touch('email')),
        ev(1, 'cA', 2, 2, 'page', '/b', undef, touch('direct')),
        ev(2, 'cA', 1, 1, 'page', '/c', undef),
        ev(3, 'cA', 1, 1, 'goal', '/c', undef, goal => 'g', wn => 1));
    same([@{ $r->{summary} }{qw(sessions journeys)}], [2, 2], 'overlapping');
    same($r->{paths},
         [{ path => ['email'], journeys => 1, conversions => 1, value => 0 },
          { path => ['direct'], journeys => 1, conversions => 0,
            value => 0 }], 'journeys do not mix');
    same([map { [@$_{qw(path entries exits)}] } @{ $r->{pages} }],
         [['/a', 1, 0], ['/b', 1, 1], ['/c', 0, 1]], 'nor do sessions');
}

{
    # hosts with other models have a funnel each; hosts that agree share one
    my $r = report_of(
        ev(1, 'cA', 1, 1, 'page', '/', 'awareness'),
        ev(2, 'cA', 1, 1, 'page', '/', 'decision'),
        ev(2, 'cA', 1, 1, 'page', '/', 'decision'),
        ev(3, 'cB', 1, 1, 'page', '/', 'consideration',
           h => 'm.shop.example'),
        ev(4, 'cC', 1, 1, 'page', '/', undef, h => 'b2b.example',
           ph => 'attention', pn => 1),
        ev(5, 'cC', 1, 1, 'page', '/', undef, h => 'b2b.example',
           ph => 'interest', pn => 2));
    same([map { [@$_{qw(host phase position journeys)}] } @{ $r->{phases} }],
         [['shop.example, m.shop.example', 'awareness', 1, 2],
          ['shop.example, m.shop.example', 'consideration', 2, 2],
          ['shop.example, m.shop.example', 'decision', 3, 1],
          ['b2b.example', 'attention', 1, 1],
          ['b2b.example', 'interest', 2, 1]], 'a funnel for each model');
}

{
    # the number of threads and their order must not show
    my @many;

    for my $i (0 .. 3999) {
        my $v = 'c' . $i % 97;
        push @many, ev($i, $v, 1 + int($i / 2000), 1 + int($i / 300), 'page',
                       '/' . $i % 7, (qw(awareness consideration
                                         decision))[$i % 3],
                       ($i % 5 ? () : touch('ch' . $i % 4)));
        push @many, ev($i, $v, 1 + int($i / 2000), 1 + int($i / 300), 'goal',
                       '/g', undef, goal => 'g' . $i % 3, ord => "o$i",
                       val => $i, cur => (qw(EUR USD))[$i % 2]) if !($i % 11);
    }

    my $one = spew(lines(@many));
    my $split = spew(join '', map { member(lines(@many[$_ * 16 .. $_ * 16
                                                       + 15])) }
                              0 .. @many / 16 - 1);
    truncate $one, 0;
    $one = spew(lines(@many[0 .. 16 * int(@many / 16) - 1]));

    my ($expected) = journey_data('report', '--json', $one);
    my $differ = 0;

    for (1 .. 10) {
        my ($got) = journey_data('report', '--json', $split);
        $differ++ if near($got, $expected, '');
    }

    is($differ, 0, 'many members, many threads, one result');
    cmp_ok($expected->{summary}{conversions}, '>', 300, 'and it has numbers');
}


# ---- what is broken --------------------------------------------------------

{
    my $log = spew(lines($a[0]) . "nonsense\n" . lines($a[1])
                   . "{\"t\":1}\n" . "{\"t\":5,\"k\":\"page\",\n");
    my ($got, $code, $err) = journey_data('report', '--json', $log);

    is($code, 1, 'broken lines: exit 1');
    is($got->{summary}{events}, 2, 'broken lines: the others count');
    is($got->{summary}{bad_lines}, 3, 'broken lines: they are counted');
    like($err, qr/^journey: \Q$log\E:2: not an object at byte 1$/m,
         'a broken line is named with file and line');
    like($err, qr/^journey: \Q$log\E:4: no k at byte 8$/m, 'a second one');
    like($err, qr/^journey: \Q$log\E:5: /m, 'a third one');

    my $first = member(lines($a[0]));
    $log = spew($first . member(lines($a[1]) . "broken\n"));
    ($got, $code, $err) = journey_data('report', '--json', $log);
    my $at = length $first;
    like($err, qr/^journey: \Q$log\E: member at byte $at, line 2: not an /m,
         'a broken line in a member is named with the member');
    is("$code $got->{summary}{bad_lines} $got->{summary}{bad_members}",
       '1 1 0', 'a broken line in a member is no torn member');

    $log = spew(foreign(lines($a[0])) . foreign("broken\n"));
    ($got, $code, $err) = journey_data('report', '--json', $log);
    $at = length foreign(lines($a[0]));
    like($err, qr/member at byte $at, line 1: /, 'and so with other members');

    # line numbers beyond a block, and the bound of messages
    $log = spew(lines($a[0]) x 5000 . "x\n" x 30 . lines($a[1]) x 5000
                . "y\n");
    ($got, $code, $err) = journey_data('report', '--json', $log);
    is($got->{summary}{bad_lines}, 31, 'many broken lines are all counted');
    like($err, qr/:5001: /, 'the number of a line far behind');
    is(scalar(() = $err =~ /not an object/g), 20, 'twenty are named');
    like($err, qr/^journey: and 11 more$/m, 'how many more there are');

    # an overlong line is one broken line, wherever its end is
    $log = spew(lines($a[0]) . '{"t":1,"k":"page","p":"' . 'x' x 3_000_000
                . "\"}\n" . lines($a[1]) . "z\n");
    ($got, $code, $err) = journey_data('report', '--json', $log);
    is("$got->{summary}{events} $got->{summary}{bad_lines}", '2 2',
       'an overlong line is one broken line');
    like($err, qr/:4: not an object/, 'and the lines behind it are counted');

    # a NUL-filled tail, as some file systems leave it
    ($log) = old(spew(lines($a[0]) . "\0" x 1000));
    ($got, $code) = journey_data('report', '--json', $log);
    is("$code $got->{summary}{events}", '1 1', 'a tail of NULs, plain');

    ($log) = old(spew(member(lines($a[0])) . "\0" x 1000));
    ($got, $code) = journey_data('report', '--json', $log);
    is("$code $got->{summary}{events} $got->{summary}{bad_members}", '1 1 1',
       'a tail of NULs, compressed');
}

{
    my @m = map { member(lines(@$_)) } [@a[0 .. 2]], [@a[3 .. 6]],
                                       [@a[7 .. 9]];
    my ($bad, $at) = (0, length $m[0]);

    # the middle one is cut at every place, others follow
    for my $n (1 .. length($m[1]) - 1) {
        my ($got, $code, $err) =
            journey_data('report', '--json', spew($m[0] . substr($m[1], 0, $n)
                                          . $m[2], 'torn'));
        next if $code == 1 && $got->{summary}{events} == 6
                && $got->{summary}{bad_members} == 1
                && $got->{summary}{bad_lines} == 0
                && $err =~ /torn: torn member at byte $at: /;
        $bad++;
        diag("cut at $n: $code, $got->{summary}{events}: $err");
    }

    is($bad, 0, 'a member cut at any place, with others behind it');

    # the last one, at the end of a file that nobody writes to
    $bad = 0;
    for my $n (1 .. length($m[1]) - 1) {
        my ($got, $code, $err) =
            journey_data('report', '--json', old(spew($m[0] . substr($m[1], 0, $n),
                                              'torn')));
        $bad++ unless $code == 1 && $got->{summary}{events} == 3
                      && $got->{summary}{bad_members} == 1
                      && $err =~ /torn member at byte $at: /;
    }

    is($bad, 0, 'a member cut at any place, at the end');

    # the begin of the file is lost
    $bad = 0;
    for my $n (1 .. length($m[0]) - 1) {
        my ($got, $code, $err) =
            journey_data('report', '--json', spew(substr($m[0], $n) . $m[1], 'torn'));
        $bad++ unless $code == 1 && $got->{summary}{events} == 4
                      && $got->{summary}{bad_members} == 1
                      && $err =~ /torn member at byte 0: /;
    }

    is($bad, 0, 'a file that begins in the midst of a member');

    # any bit of it: never a wrong number, never another member lost
    $bad = 0;
    for my $n (0 .. length($m[1]) - 1) {
        my $damaged = $m[1];
        substr($damaged, $n, 1) ^= chr(1 << $n % 8);

        my ($got, $code) = journey_data('report', '--json',
                                spew($m[0] . $damaged . $m[2], 'torn'));
        my $sum = join ' ', @{ $got->{summary} }{qw(events bad_members)};

        # time, flags and system in the header are nobody's concern, nor are
        # the bits that fill up the last byte of the data
        next if $code == 1 && $sum eq '6 1'
                || $code == 0 && $sum eq '10 0'
                   && ($n < 20 || $n == length($m[1]) - 9);
        $bad++;
        diag("byte $n: $code, $sum");
    }

    is($bad, 0, 'a bit of a member flipped at any place');

    # two torn ones in a row are two
    my ($got) = journey_data('report', '--json',
                     spew(substr($m[0], 0, 60) . substr($m[1], 0, 80)
                          . $m[2]));
    is("$got->{summary}{events} $got->{summary}{bad_members}", '3 2',
       'two torn members in a row');

    # a length that lies
    for my $length (1, 19, length($m[1]) - 1, length($m[1]) + 1, 0x7fffffff,
                    0xffffffff)
    {
        my $lies = $m[1];
        substr($lies, 16, 4) = pack 'V', $length;
        my ($got, $code) = journey_data('report', '--json',
                                spew($m[0] . $lies . $m[2]));

        # beyond what a member may be it is read as any gzip
        is($got->{summary}{events} + 4 * $got->{summary}{bad_members}, 10,
           "a length of $length");
    }

    # garbage between members
    ($got) = journey_data('report', '--json', spew($m[0] . "garbage\x1f\x8b\x08\n"
                                           . $m[1]));
    is("$got->{summary}{events} $got->{summary}{bad_members}", '7 1',
       'garbage between members');

    # more torn ones than are named
    ($got, $code, $err) =
        journey_data('report', '--json', spew((substr($m[0], 0, 60)) x 30 . $m[1]));
    is("$got->{summary}{events} $got->{summary}{bad_members}", '4 30',
       'thirty torn members');
    like($err, qr/^journey: and 10 more$/m, 'twenty of them are named');
}

{
    # other people's gzip
    my $text = lines(@a[0 .. 5]) x 50;
    my $gz = foreign($text);

    for my $n (5, 12, length($gz) / 2, length($gz) - 9, length($gz) - 1) {
        my ($got, $code, $err) = journey_data('report', '--json',
                                      old(spew(substr $gz, 0, $n)));
        ok($code == 1 && $got->{summary}{bad_members} == 1
           && $got->{summary}{bad_lines} == 0
           && $err =~ /torn member at byte 0: /, "gzip cut at byte $n");
    }

    my ($got, $code, $err) =
        journey_data('report', '--json', spew(substr($gz, 0, length($gz) / 2)
                                      . foreign(lines(@a[6 .. 9]))));
    is($got->{summary}{bad_members}, 1, 'gzip, cut, another behind it');
    ok((grep { $_->{channel} eq 'paid_search' }
        @{ (journey_data('channels', '--json',
                 spew(substr($gz, 0, length($gz) / 2)
                      . foreign(lines(@a[6 .. 9])))))[0]{channels} }),
       'which is read');

    my $flip = $gz;
    substr($flip, -6, 1) ^= "\x01";
    ($got, $code) = journey_data('report', '--json', spew($flip));
    is("$code $got->{summary}{bad_members}", '1 1', 'gzip with a wrong sum');
}

{
    my ($code, $out, $err) = journey('report', '--json', "$dir/missing", $plain);

    is($code, 1, 'a missing file: exit 1');
    like($err, qr/\Q$dir\E\/missing: No such file/, 'a missing file is named');
    is($json->decode($out)->{summary}{events}, 19, 'the others are read');

    ($code, $out, $err) = journey('report', $dir);
    is($code, 1, 'a folder: exit 1');
    like($err, qr/Is a directory/, 'a folder is named');
}

{
    # a file that grows: the second half of a member comes a moment later
    my @m = map { member(lines(@$_)) } [@a[0 .. 2]], [@a[3 .. 6]];
    my $got;

    # it waits for half a second: when that was too short, once more
    for (1 .. 20) {
        my $path = spew($m[0] . substr($m[1], 0, 40));
        my $pid = journey_start(undef, 'report', '--json', $path);

        has_read($pid, $path);
        select undef, undef, undef, 0.1;
        open my $f, '>>:raw', $path or die;
        print $f substr($m[1], 40);
        close $f;
        waitpid $pid, 0;
        $got = "$? " . $json->decode(slurp(path('.out')))->{summary}{events};
        last if $got eq '0 7';
    }

    is($got, '0 7', 'a member that is being written is waited for');
}


# ---- text, CSV -------------------------------------------------------------

{
    my ($code, $out) = journey('report', $plain);

    is($code, 0, 'text: exit 0');
    like($out, qr/^Journeys  2026-11-22 04:29 UTC \xe2\x80\x93 2026-11-22 06:29 UTC$/m,
         'text: the period');
    like($out, qr/^ +19 +5 +7 +6 +4 +66\.7 % +129\.90  EUR$/m,
         'text: the headline');
    like($out, qr/^  email +2 +2 +2 +2 +3 +109\.90$/m, 'text: a channel');
    like($out, qr/^  decision +\xe2\x96\x88+ *[^ ]* +4 +66\.7 % +3 +0 +0$/m,
         'text: a phase with its bar');
    like($out, qr/paid_search \xe2\x80\xba direct \xe2\x80\xba email +1 +1/,
         'text: a path');
    like($out, qr/besides: 50\.00 USD/, 'text: the other currency');
    unlike($out, qr/\033/, 'text: no colours where there is no terminal');
    unlike($out, qr/ $/m, 'text: no blanks at the end of a line');

    (my $other, $out) = journey('report', '--tz', '+05:30', $plain);
    like($out, qr/2026-11-22 09:59 \+05:30/, 'text: the period in its zone');

    my $long = '/' . 'long-' x 60;
    local $ENV{COLUMNS} = 60;
    ($code, $out) = journey('report', spew(lines(
        ev(0, 'cA', 1, 1, 'page', $long, 'awareness',
           touch('a' x 50)))));
    is((grep { length(decode_utf8($_)) > 62 } split /\n/, $out), 0,
       'text: as wide as the terminal');
    like($out, qr/\xe2\x80\xa6/, 'text: what is cut ends in an ellipsis');
}

{
    # what a client could have put into a log must not reach the terminal
    my $evil = "/\x{1b}[2J\x{7}\x{0}\x{9b}31m\x{202e}\x{200b}\x{7f}\n\x{e4}";
    my $log = spew(lines(ev(0, "c\x{1b}", 1, 1, 'page',
                            Encode::encode_utf8($evil), "ph\x{1b}",
                            src => "s\x{1b}[7m", cmp => "c\x{7}\x{9b}1m",
                            h => "host\x{1b}]0;x\x{7}", pn => 1,
                            touch("ch\x{1b}[1m")),
                         ev(1, 'c', 1, 1, 'goal', '/', undef,
                            goal => "g\x{1b}[5m", val => 1, cur => "\x{1b}c!"))
                   . '{"t":1,"k":"page","p":"/' . "\xff\xfe\xc3" . '"}'
                   . "\n");

    # canonical JSON of byte strings: encode again what encode() left
    for my $name (qw(report channels campaigns phases goals paths)) {
        my ($code, $out) = journey($name, $log);
        is($code, 0, "hostile log: $name");
        unlike($out, qr/[\x00-\x09\x0b-\x1f\x7f]/, "$name: no controls");
        ok(eval { Encode::decode('UTF-8', my $copy = $out,
                                 Encode::FB_CROAK); 1 },
           "$name: valid UTF-8");
        unlike(decode_utf8($out), qr/[\x{80}-\x{9f}\x{202e}\x{200b}]/,
               "$name: nothing unseen");
    }

    my ($code, $out) = journey('report', '--json', $log);
    ok(eval { $json->decode(Encode::decode('UTF-8', $out,
                                           Encode::FB_CROAK)); 1 },
       'hostile log: valid JSON');
}

{
    my ($code, $out) = journey('goals', '--csv', $plain);
    is($out, "goal,conversions,without_visitor,value,currency\r\n"
             . "purchase,3,1,129.9,EUR\r\nnewsletter,1,0,0,\r\n"
             . "purchase,1,0,50,USD\r\n", 'CSV: goals');

    ($code, $out) = journey('paths', '--csv', '--limit', 3, $plain);
    is($out, "path,journeys,conversions,value\r\ndirect,2,0,0\r\n"
             . "email,1,1,0\r\norganic_search > email,1,1,99.9\r\n"
             . "other,2,1,10\r\n", 'CSV: paths');

    ($code, $out) = journey('phases', '--csv', $plain);
    like($out, qr/\Aphase,position,journeys,share,completed,dropped,open\r\n/,
         'CSV: phases without a host');

    ($code, $out) = journey('report', '--csv', spew(lines(
        ev(0, 'cA', 1, 1, 'page', "/a,\"b\"\nc", undef))));
    like($out, qr{^shop\.example,"/a,""b""\nc",,1,1,1\r$}m,
         'CSV: commas, quotes and newlines');
    like($out, qr/\Aevents,visitors,sessions,journeys,conversions,value,currency,from,until,bad_lines,bad_members,hash_share\r\n1,1,1,1,0,0,,/,
         'CSV: the summary first');
    is(scalar(() = $out =~ /^\r\n/mg), 15, 'CSV: empty lines between tables');
}


# ---- usage -----------------------------------------------------------------

for ([[], qr/no command/], [['reprot'], qr/unknown command "reprot"/],
     [['report'], qr/no FILE/], [['report', '--nope', $plain],
                                 qr/unknown option "--nope"/],
     [['report', '-x', $plain], qr/unknown option "-x"/],
     [['report', '--secret', 'x', $plain], qr/unknown option "--secret"/],
     [['report', $plain, '--since'], qr/--since needs a value/],
     [['report', '--json=1', $plain], qr/--json takes no value/],
     [['report', '--since', 'yesterday', $plain], qr/bad time "yesterday"/],
     [['report', '--since', '2026-02-30', $plain], qr/bad time "2026-02-30"/],
     [['report', '--since', '2026-11-22T25:00', $plain], qr/bad time/],
     [['report', '--since', '1795321780000', $plain], qr/at most 11 digits/],
     [['report', '--since', '2026-11-23', '--until', '2026-11-22', $plain],
      qr/--until is not after --since/],
     [['report', '--tz', 'Europe/Nowhere', $plain],
      qr{unknown time zone "Europe/Nowhere"}],
     [['report', '--tz', '../../etc/passwd', $plain], qr/bad time zone/],
     [['report', '--idle', '30', $plain], qr/--idle: bad span "30"/],
     [['report', '--limit', '-1', $plain], qr/--limit: bad number "-1"/],
     [['report', '--limit', '5x', $plain], qr/--limit: bad number "5x"/],
     [['report', '--conf', '/nonexistent', $plain], qr{/nonexistent}],
     [['token'], qr/needs the value of a cookie/],
     [['token', 'x'], qr/needs --secret/],
     [['classify', 'file'], qr/reads standard input/])
{
    my ($args, $message) = @$_;
    my ($code, $out, $err) = journey(@$args);

    is($code, 2, "usage: @$args: exit 2");
    like($err, $message, "usage: @$args: the message");
    is($out, '', "usage: @$args: no output");
}

for (['--help'], ['report', '--help'], ['classify', '-h'], ['--version'],
     ['report', '--version'])
{
    my ($code, $out, $err) = journey(@$_);

    ok($code == 0 && $err eq '' && length $out, "@$_");
}

like((journey('report', '--help'))[1], qr/--since TIME.*--currency.*--limit/s,
     'help names the options of the command');
unlike((journey('token', '--help'))[1], qr/--since/, 'and no others');
is((journey('report', '--json', '--', $plain))[0], 0, '-- ends the options');

SKIP: {
    skip 'no /dev/full', 2 unless -c '/dev/full';

    my $err = `$command report --json $plain 2>&1 >/dev/full`;
    is($? >> 8, 1, 'a full disk: exit 1');
    like($err, qr/cannot write to standard output: No space left on device/,
         'a full disk: the message');
}

is(`bash -c '"$command" report --json "$plain" 2>&1 >&1 | true; exit 0'`, '',
   'a reader that has gone: not a word');


# ---- classify --------------------------------------------------------------

mkdir "$dir/conf" or die;
spew(<<'END', 'conf/journey.conf');
# a folder of its own, so that its numbers are known
journey_sources  journey/sources.conf;
journey_agents   journey/agents.conf;
journey_phases {
    awareness      /;
    consideration  /products/;
    decision       =/cart;
}
journey_channels {
    partner        source=acme.example;
}
journey_hosts    blog.example;
END
spew(<<'END', 'conf/sources.conf');
search  google   "Google"    google.*
social  facebook "Facebook"  facebook.com
END
spew(<<'END', 'conf/agents.conf');
bot     googlebot  "Googlebot"
app     facebook   "FBAN/"
END

my $chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
             . '(KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

sub classify {
    my (%visit) = @_;
    my ($code, $out, $err) =
        journey('classify', '--conf', "$dir/conf",
            map { ("--$_" => $visit{$_}) } sort keys %visit);

    return eval { $json->decode($out) } // "$code $out$err";
}

is_deeply(classify(url => 'https://shop.example/products/x?a=b',
                   referrer => 'https://www.google.com/', agent => $chrome),
          { ch => 'organic_search', src => 'google', med => 'organic',
            ref => 'www.google.com', why => 'referrer', dev => 'other',
            ph => 'consideration' }, 'classify: a search');
is_deeply(classify(url => 'https://shop.example/?utm_source=nl&utm_medium='
                          . 'email&utm_campaign=x&utm_term=t&utm_content=c'),
          { ch => 'email', src => 'nl', med => 'email', cmp => 'x',
            trm => 't', con => 'c', why => 'utm', ph => 'awareness' },
          'classify: a campaign');
is(classify(url => 'https://shop.example/?gclid=1')->{cid}, 'gclid',
   'classify: a click id');
is(classify(url => 'https://shop.example/', agent => 'Googlebot/2.1')->{bot},
   'googlebot', 'classify: a bot');
is(classify(url => 'https://shop.example/',
            referrer => 'https://www.shop.example/x')->{ch}, 'direct',
   'classify: the own host is that of the URL');
is(classify(url => 'https://shop.example/',
            referrer => 'https://blog.example/x')->{ch}, 'direct',
   'classify: journey_hosts');
is_deeply([@{ classify(url => 'https://shop.example/',
                       referrer => 'https://acme.example/') }{qw(ch why)}],
          ['partner', 'rule:partner'], 'classify: an own rule');
is(classify(url => 'https://shop.example/', agent => 'x FBAN/FBIOS')->{src},
   'facebook', 'classify: an in-app browser');

for (['http://shop.example/a/../%63art', 'decision'],
     ['https://shop.example:8443/cart', 'decision'],
     ['HTTPS://u:p@SHOP.example//cart#x', 'decision'],
     ['/products/./x/..', 'consideration'],
     ['https://shop.example', 'awareness'],
     ['https://[::1]:80/cart?x', 'decision'])
{
    is(classify(url => $_->[0])->{ph}, $_->[1], "classify: $_->[0]");
}

for ('ftp://shop.example/', 'shop.example/', 'https:///x',
     'https://sh op.example/', 'https://shop.example/../x',
     'https://shop.example/%', 'https://shop.example/%00',
     'https://shop.example/%zz')
{
    my ($code, $out, $err) = journey('classify', '--conf', "$dir/conf", '--url',
                                 $_);
    is("$code $out", '2 ', "classify: $_ is refused");
    like($err, qr/URL/, "classify: $_: the message");
}

{
    my $visit = { url => 'https://shop.example/cart', agent => $chrome,
                  referrer => "https://www.google.com/\x{e4}\"\\" };
    my ($code, $out, $err) =
        journey_in(lines($visit, { url => 'x' }, {}) . "broken\n"
               . lines({ url => undef, other => [1] }) . '{"url":"/cart"}',
               'classify', '--conf', "$dir/conf");
    my @out = split /\n/, $out;

    is($code, 1, 'classify: a broken line: exit 1');
    is(scalar @out, 6, 'classify: a line out for a line in');
    is($json->decode($out[0])->{ch}, 'organic_search', 'classify: its first');
    like($out[1], qr/"error":".*URL/, 'classify: a bad URL');
    is($json->decode($out[2])->{ch}, 'direct', 'classify: nothing known');
    like($out[3], qr/"error":"not an object/, 'classify: a broken line');
    is($json->decode($out[4])->{ch}, 'direct', 'classify: null is absent');
    is($json->decode($out[5])->{ph}, 'decision',
       'classify: no newline at the end');
    like($err, qr/stdin:2: .*\n.*stdin:4: /, 'classify: the places');
}

SKIP: {
    skip 'there is a configuration', 2
        if -e '/etc/nginx/journey/journey.conf';

    my ($code, $out, $err) = journey('classify', '--url', '/');
    is($code, 2, 'classify without configuration: exit 2');
    like($err, qr/needs a configuration/, 'classify: what it needs');
}

# phases of the model that nobody reached
{
    my ($got) = journey_data('phases', '--json', '--conf', "$dir/conf",
                     spew(lines(ev(0, 'cA', 1, 1, 'page', '/',
                                   'consideration'))));
    same([map { [@$_{qw(phase position journeys)}] } @{ $got->{phases} }],
         [['awareness', 1, 1], ['consideration', 2, 1], ['decision', 3, 0]],
         '--conf completes the phases');

    ($got) = journey_data('phases', '--json', '--conf', "$dir/conf",
                  spew(lines(ev(0, 'cA', 1, 1, 'page', '/', undef,
                                ph => 'interest', pn => 2))));
    same([map { [@$_{qw(phase position)}] } @{ $got->{phases} }],
         [['interest', 2]], 'but not those of another model');
}


# ---- token -----------------------------------------------------------------

no warnings 'portable';

# SipHash-2-4 with 128 bits (Aumasson and Bernstein): 64-bit sums that wrap.
sub siphash {
    my ($key, $data) = @_;
    use integer;

    my $rotl = sub {
        my ($x, $n) = @_;
        return ($x << $n) | (($x >> (64 - $n)) & ((1 << $n) - 1));
    };
    my ($k0, $k1) = unpack 'q<2', $key;
    my @v = ($k0 ^ unpack('q<', pack 'Q<', 0x736f6d6570736575),
             $k1 ^ unpack('q<', pack 'Q<', 0x646f72616e646f6d) ^ 0xee,
             $k0 ^ unpack('q<', pack 'Q<', 0x6c7967656e657261),
             $k1 ^ unpack('q<', pack 'Q<', 0x7465646279746573));
    my $rounds = sub {
        for (1 .. $_[0]) {
            $v[0] += $v[1]; $v[1] = $rotl->($v[1], 13) ^ $v[0];
            $v[0] = $rotl->($v[0], 32);
            $v[2] += $v[3]; $v[3] = $rotl->($v[3], 16) ^ $v[2];
            $v[0] += $v[3]; $v[3] = $rotl->($v[3], 21) ^ $v[0];
            $v[2] += $v[1]; $v[1] = $rotl->($v[1], 17) ^ $v[2];
            $v[2] = $rotl->($v[2], 32);
        }
    };
    my $len = length $data;

    $data .= "\0" x (7 - $len % 8) . chr($len & 255);

    for my $m (unpack 'q<*', $data) {
        $v[3] ^= $m;
        $rounds->(2);
        $v[0] ^= $m;
    }

    $v[2] ^= 0xee;
    $rounds->(4);
    my $low = $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
    $v[1] ^= 0xdd;
    $rounds->(4);

    return pack 'q<2', $low, $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
}

is(unpack('H*', siphash(pack('C*', 0 .. 15), '')),
   'a3817f04ba25a8e66df67214c7550293', 'the test\'s own SipHash');

{
    my $key = pack 'H*', '00112233445566778899aabbccddeeff';
    my $secret = spew("# keys\n" . 'ff' x 16 . "\n" . unpack('H*', $key)
                      . "\n");
    my $number = substr siphash($key, 'key'), 0, 1;
    my $now = time;

    my $token = sub {
        my (%opt) = @_;
        my @channels = @{ $opt{channels} // [12, 15, 200] };
        my $payload = pack('C a1 a12 N a3 a3 a3 N N N C C C C*', 1, $number,
                           'abcdefghijkl', $opt{seen} // $now - 86_400,
                           substr(pack('N', 2), 1), substr(pack('N', 5), 1),
                           substr(pack('N', scalar @channels), 1),
                           $now - 600, $now - 60, 7, $opt{phase} // 0, 0, 1,
                           @channels);

        return encode_base64url($payload
                                . siphash($key, ($opt{name} // 'jny') . "\0"
                                                . $payload));
    };

    my ($got, $code, $err) = journey_data('token', '--json', '--secret', $secret,
                                  $token->());
    is($code, 0, 'token: exit 0');
    same($got, { token => {
                     valid => $JSON::PP::true,
                     v => 'c' . encode_base64url('abcdefghijkl'),
                     first_seen => ($now - 86_400) * 1000, j => 2, s => 5,
                     touches => 3, session_start => ($now - 600) * 1000,
                     last_seen => ($now - 60) * 1000,
                     completed => $JSON::PP::true,
                     channels => ['organic_search', 'email', 'unassigned'],
                     furthest_phase => undef } }, 'token: what it holds');

    my ($rc, $out) = journey('token', '--secret', $secret, $token->());
    like($out, qr/^  valid +yes\n.*^  journey \(j\) +2\n.*^  channels +organic_search \xe2\x80\xba email \xe2\x80\xba unassigned\n/ms,
         'token: as text');

    # a phase's code is a hash of its name: of all codes three are known
    ($rc, $out) = journey('token', '--json', '--secret', $secret, '--conf',
                      "$dir/conf", map { $token->(phase => $_) } 1 .. 255);
    my @phases = grep { defined } map { $json->decode($_)->{token}
                                        {furthest_phase} } split /\n/, $out;
    is(join(' ', sort @phases), 'awareness consideration decision',
       'token: phases by their codes, with --conf');

    ($rc, $out, $err) = journey('token', '--json', '--secret', $secret,
                            '--name', 'other', $token->());
    is($rc, 1, 'token: another name: exit 1');
    like($out, qr/^\{"token":\{"valid":false,"v":null,/, 'token: not valid');
    like($err, qr/the token is forged/, 'token: why');

    is((journey('token', '--secret', $secret, '--name', 'other',
            $token->(name => 'other')))[0], 0, 'token: --name');

    ($rc, $out, $err) = journey('token', '--json', '--secret', $secret,
                            $token->(seen => $now - 400 * 86_400));
    is($rc, 1, 'token: expired: exit 1');
    like($err, qr/expired/, 'token: expired');
    is($json->decode($out)->{token}{j}, 2, 'token: what an expired one holds');

    ($rc, $out, $err) = journey('token', '--json', '--secret', $secret, 'nonsense',
                            $token->());
    is($rc, 1, 'token: one of two is bad');
    is(scalar(() = $out =~ /^\{"token":/mg), 2, 'token: an object for each');

    ($rc, $out, $err) = journey('token', '--secret', "$dir/none", 'x');
    is($rc, 2, 'token: no such file of keys');
    like($err, qr/cannot open "\Q$dir\E\/none"/, 'token: it is named');
}

done_testing();
