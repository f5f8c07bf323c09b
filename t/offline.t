# Copyright (C) ngx_journey_module contributors
#
# journey import --offline: which events CSV becomes, which records are none,
# and that nobody's id is written anywhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open3 ();
use Journey::Lines;
use JSON::PP ();
use Test::More;

my $HEAD = 'time,user,visitor,kind,channel,source,medium,campaign,goal,value,'
           . 'currency,id';
my $V = id('c', 1);
my $json = JSON::PP->new->utf8;
my $keys = "$FindBin::Bin/data/test.keys";
my $conf = path('conf');

mkdir $conf or die;
spew("search google \"Google\" google.*\nsocial linkedin \"LinkedIn\" "
     . "linkedin.com alias:li\n", 'conf/sources.conf');
spew(<<'END', 'conf/journey.conf');
journey_sources  journey/sources.conf;
journey_channels {
    partner  source=acme;
    fairs    medium=fair;
}
journey_goal  purchase uri=/done completes;
journey_goal  call_booked;
END

my @with = ('--offline', '--conf', $conf, '--secret', $keys);


# ---- helpers ---------------------------------------------------------------

# A file of records behind the header.
sub csv { return spew(join('', map { "$_\n" } $HEAD, @_)); }

sub import_of {
    my ($code, $out, $err) = journey('import', @with, @_);

    return ([map { $json->decode($_) } split /\n/, $out], $code, $err, $out);
}

# A record of one column each, all others empty.
sub record {
    my %o = @_;

    return join ',', map { defined $o{$_} ? $o{$_} : '' } split /,/, $HEAD;
}

sub touch {
    return record(time => 1_767_344_400, visitor => $V, kind => 'touch', @_);
}

sub goal {
    return record(time => 1_767_344_400, kind => 'goal', goal => 'purchase',
                  @_);
}

# The one event of a record.
sub event {
    my ($record, $name) = @_;
    my ($events, $code, $err) = import_of(csv($record));

    is($code, 0, "$name: $record") or diag($err);
    is(scalar @$events, 1, "$name: an event");

    return $events->[0] || {};
}

# A record that is none, and the message.
sub bad {
    my ($record, $like, $name) = @_;
    my ($events, $code, $err) = import_of(csv(touch(channel => 'sms'),
                                              $record,
                                              touch(channel => 'email')));

    is($code, 1, "$name: exit code");
    is(join(' ', map { $_->{ch} } @$events), 'sms email',
       "$name: the others are there");
    like($err, qr/\Ajourney: \S+:3: $like\njourney: 3 records: .* 1 bad\n\z/,
         "$name: its line, and why");

    return $err;
}


# ---- events ----------------------------------------------------------------

is_deeply(event(touch(channel => 'offline', source => 'Hotline',
                      medium => 'Phone', campaign => 'Spring Sale'), 'a call'),
          { t => 1_767_344_400_000, v => $V, k => 'offline', ch => 'offline',
            src => 'hotline', med => 'phone', cmp => 'spring sale' },
          'as it was given: no rule decided');

is_deeply(event(goal(visitor => $V, value => '99.90', currency => 'EUR'),
                'a sale'),
          { t => 1_767_344_400_000, v => $V, k => 'goal', goal => 'purchase',
            done => 1, val => 99.9, cur => 'EUR' }, 'it completes');

is_deeply(event(goal(goal => 'call_booked', value => -3), 'another goal'),
          { t => 1_767_344_400_000, k => 'goal', goal => 'call_booked',
            val => -3 }, 'which does not; of nobody known');

is_deeply(event(goal(goal => 'not-there_1', currency => 'USD'), 'a third'),
          { t => 1_767_344_400_000, k => 'goal', goal => 'not-there_1',
            cur => 'USD' }, 'that the configuration does not know');

# Channels that follow.
for (['email', source => 'news', medium => 'email'],
     ['organic_social', source => 'li', src => 'linkedin'],
     ['organic_search', source => 'www.google.com', medium => 'organic',
      src => 'google'],
     ['unassigned', campaign => 'x'],
     ['partner', source => 'ACME', src => 'acme', why => 'rule:partner'],
     ['fairs', source => 'expo', medium => 'Fair', why => 'rule:fairs'],
     ['offline', medium => 'print'])
{
    my ($channel, %o) = @$_;
    my %want = (src => $o{src} || lc($o{source} || ''),
                med => lc($o{medium} || ''), cmp => $o{campaign} || '');
    my $why = delete $o{why} || 'utm';
    my $got;

    delete $o{src};
    $got = event(touch(%o), $channel);
    is_deeply($got, { t => $got->{t}, v => $V, k => 'offline', why => $why,
                      ch => $channel, map { $want{$_} ? ($_ => $want{$_}) : () }
                                      keys %want }, "the channel is $channel");
}

is(event(touch(channel => $_, source => 'acme'), 'an own channel')->{ch}, $_,
   'is taken as it stands') for qw(fairs partner direct unassigned audio);

# As a link's values are.
my $long = 'x' x 99 . "\xc3\xa4\xc3\xa4";
is_deeply(event(touch(channel => 'sms', source => 'anna@shop.example',
                      medium => '(not set)', campaign => $long), 'values'),
          { t => 1_767_344_400_000, v => $V, k => 'offline', ch => 'sms',
            cmp => 'x' x 99 }, 'no address, nothing absent, 100 bytes');
is(event(touch(channel => 'sms', campaign => "\"a \"\"b\"\", c\""),
         'quotes')->{cmp}, 'a "b", c', 'as CSV has them');
is(event(touch(channel => 'sms', campaign => "\"a\nb\""), 'a line')->{cmp},
   'a b', 'no line ends');
is(event(touch(channel => 'sms', source => "a\xff\xfeb"), 'no UTF-8')->{src},
   'a??b', 'is mended');


# ---- times -----------------------------------------------------------------

for (['2026-01-02T09:00:00Z', 1_767_344_400_000],
     ['2026-01-02T10:00:00+01:00', 1_767_344_400_000],
     ['2026-01-02t03:30:00-05:30', 1_767_344_400_000],
     ['2026-01-02 09:00:00.25Z', 1_767_344_400_250],
     ['2026-01-02T09:00:00.123456789z', 1_767_344_400_123],
     ['2026-01-02T09:00Z', 1_767_344_400_000],
     ['2024-02-29T23:59:59Z', 1_709_251_199_000],
     ['1767344400', 1_767_344_400_000],
     ['1767344400.5', 1_767_344_400_500],
     ['1767344400.0019', 1_767_344_400_001],
     ['0', 0], ['99999999999.999', 99_999_999_999_999])
{
    is(event(touch(channel => 'sms', time => $_->[0]), 'time')->{t}, $_->[1],
       "time $_->[0]");
}

bad(touch(channel => 'sms', time => $_), qr/time .+ is neither a date and .+/,
    "time \"$_\"")
    for ('', '2026-01-02', '2026-01-02T09:00:00', '2026-01-02T09:00:00+0100',
         '2026-01-02T09:00:00 Z', '2026-02-30T09:00:00Z',
         '2026-01-02T25:00:00Z', '2026-01-02T09:00:00CET',
         '1969-12-31T00:00:00Z',
         '02.01.2026 09:00', '1767344400000', '-5', '1767344400.', '.5',
         '1e9', ' 1767344400', '1767344400,5' =~ s/,/;/r, "1\0", 'Z' x 40,
         '2026-01-02T09:00:00' . '0' x 200 . 'Z');


# ---- who -------------------------------------------------------------------

my $secret = 'anna.schmidt-4711';
my ($events, $code, $err, $out) =
    import_of(csv(touch(channel => 'sms', user => $secret),
                  touch(channel => 'sms', user => $secret, visitor => ''),
                  touch(channel => 'sms', user => 'b', visitor => ''),
                  goal(user => $secret)));

is($code, 0, 'users');

# As the module: "-" is no user, and what is too long or holds control
# characters is none.
is((import_of(csv(touch(channel => 'sms', user => '-'))))[0][0]{u}, undef,
   'a user "-" is nobody');
like((import_of(csv(touch(channel => 'sms', user => '-', visitor => ''))))[2],
     qr/a touch needs a visitor or a user/, 'and names nobody');
like((import_of(csv(touch(channel => 'sms', user => 'u' x 257))))[2],
     qr/the user is none: it is longer than 256 bytes/, 'a user too long');

is(join(' ', map { defined $_->{v} ? 1 : 0 } @$events), '1 0 0 0',
   'a visitor or none');
is(scalar(grep { $_->{u} =~ /^[-\w]{16}$/ } @$events), 4, 'hashes');
ok($events->[0]{u} eq $events->[1]{u} && $events->[0]{u} eq $events->[3]{u},
   'one user');
isnt($events->[0]{u}, $events->[2]{u}, 'another one');
unlike($out . $err, qr/anna|schmidt|4711/, 'whose id is written nowhere');

# The same that the other commands look for.
my $log = spew($out);
is(join(' ', (journey('show', '--user', $secret, '--secret', $keys, $log))[1]
             =~ /^    user \(keyed hash\) +(\S+)$/mg),
   join(' ', ($events->[0]{u}) x 3), 'journey show finds them');

# The last key counts, whatever signs.
my @lines = grep { /^[0-9a-f]{32}/ } split /\n/, slurp($keys);
my $other = spew(join("\n", 'f' x 32, 'e' x 32, $lines[-1]) . "\n", 'more');
is((journey('import', '--offline', '--conf', $conf, '--secret', $other,
            csv(touch(channel => 'sms', user => $secret), goal(id => 'A'))))[1],
   (journey('import', '--offline', '--conf', $conf, '--secret', $keys,
            csv(touch(channel => 'sms', user => $secret), goal(id => 'A'))))[1],
   'other keys before the last one');

for my $wrong ('anna@x.example', '4711', substr($V, 1), "x$V", $V . 'A',
               'd' . substr($V, 1), 'c' . '=' x 16)
{
    unlike(bad(touch(channel => 'sms', visitor => $wrong),
               qr/the visitor is none: .+/, 'no visitor'), qr/\Q$wrong\E/,
           'and not said');
}

is(event(touch(channel => 'sms', visitor => id('h', 3)), 'a hash')->{v},
   id('h', 3), 'a visitor without a cookie');
bad(touch(channel => 'sms', visitor => ''),
    qr/a touch needs a visitor or a user/, 'nobody');


# ---- ids -------------------------------------------------------------------

($events, $code, $err, $out) =
    import_of(csv(goal(id => 'A-1001', value => 1),
                  goal(id => 'A-1002', value => 2),
                  goal(id => 'A-1001', value => 3),
                  touch(channel => 'sms', id => 'A-1001'),
                  touch(channel => 'sms', id => 'A-1001'),
                  goal(goal => 'call_booked', id => 'A-1002'),
                  goal(id => 'a-1001', value => 4), goal(value => 5),
                  goal(value => 5)),
              csv(goal(id => 'A-1002', value => 6),
                  goal(id => 'A-1003', value => 7)));

is($code, 0, 'ids that come again are no fault');
is(join(' ', map { $_->{val} // $_->{k} } @$events),
   '1 2 offline 4 5 5 7', 'count once, over all files, in order');
is($err, "journey: 11 records: 1 touches, 6 goals (6 of them complete a "
   . "journey), 4 repeated, 0 bad\n", 'and are counted');
is(scalar(grep { exists $_->{ord} } @$events), 4, 'ord: of goals with one');
unlike($out . $err, qr/100[123]/, 'the ids are written nowhere');

# A record that is wrong has not been there.
($events, $code) = import_of(csv(goal(id => 'B', value => 'x'),
                                 goal(id => 'B', value => 8)));
is(join(' ', map { $_->{val} } @$events), 8, 'a bad one takes no id');


# ---- without keys, without configuration -----------------------------------

my $none = csv(touch(channel => 'sms'), touch(channel => 'sms', user => 'u-77'),
               goal(id => 'o-88'), touch(channel => 'partner'),
               touch(source => 'google'), goal());

SKIP: {
    skip 'this machine has a configuration', 6
        if -e '/etc/nginx/journey/journey.conf';

    ($code, $out, $err) = journey('import', '--offline', $none);
    is($code, 1, 'without either');
    is(join(' ', map { my $e = $json->decode($_); $e->{k} . ($e->{done} // '') }
                 split /\n/, $out), 'offline goal', 'what can be is written');
    like($err, qr/:3: a user needs --secret.*\n.*:4: an id needs --secret/,
         'what needs the keys');
    like($err, qr/:5: channel "partner" is not built in, and .*--conf DIR/,
         'what needs the configuration');
    like($err, qr/:6: without a channel a touch needs a conf.*--conf DIR/,
         'to find a channel');
    unlike($err, qr/u-77|o-88/, 'no id is said');
}

($code, $out, $err) = journey('import', '--offline', '--conf', $conf, $none);
is($code, 1, 'without keys');
is(($err =~ /needs --secret/g), 1, 'users and ids are bad records');
is($out =~ tr/\n//, 4, 'the others are written');


# ---- records that are none -------------------------------------------------

bad(record(time => 1, visitor => $V, kind => $_, channel => 'sms'),
    qr/kind .* is neither touch nor goal/, "kind \"$_\"")
    for ('', 'page', 'Touch', 'touch ');
bad(touch(channel => $_), qr/channel .+ is neither built in nor .+/,
    "channel \"$_\"")
    for ('Offline', 'nobody', 'x' x 100, "a\tb");
bad(touch(channel => 'sms', goal => 'purchase'), qr/a touch has no goal .+/,
    'a touch with a goal');
bad(touch(channel => 'sms', value => 5), qr/a touch has no goal and no value/,
    'with a value');
bad(touch(), qr/a touch needs a channel, a source, .+/, 'a touch of nothing');
bad(touch(source => 'a@b.example'), qr/a touch needs a channel, .+/,
    'of an address alone');
bad(goal(visitor => $V, goal => ''), qr/a goal needs its name/, 'no name');
bad(goal(goal => $_), qr/goal ".+" is not of the form .+/, "goal \"$_\"")
    for ('Purchase', '1st', 'a b', 'x' x 65, "p\xc3\xa4");
bad(goal($_ => 'x'), qr/a goal has no channel, source, .+/, "with $_")
    for qw(channel source medium campaign);
bad(goal(value => $_), qr/value ".+" is no decimal .+/, "value \"$_\"")
    for ('1.299.00', '12e3', '5 EUR', 'nan', '1.', '.5', '9' x 13);
bad(goal(value => '"1,5"'), qr/value "1,5" is no decimal .+/, 'a comma');
bad(goal(value => 5, currency => $_), qr/currency ".+" is not three .+/,
    "currency \"$_\"") for ('eur', 'EU', 'EURO', 'E R');
bad('a,b', '2 fields, not 12', 'too few');
bad(touch() . ',', '13 fields, not 12', 'too many');
bad('"a', 'a quote is not closed', 'an open quote');
bad('a"b"' . ',' x 11, 'a quote stands in a field .+', 'a quote within');

# What a message says can be read and obeys nobody.
unlike(bad(touch(channel => "\e[31mred\x07\x9b"),
           qr/channel "\?\[31mred\?\?" .+/, 'a terminal'),
       qr/[\e\x07\x9b]/, 'is told nothing');
unlike(bad(goal(goal => 'anna@x.example'), qr/goal \(it has an \@ .+/,
           'an address'), qr/anna/, 'is not said');

# Twenty are named.
($events, $code, $err) = import_of(csv((touch()) x 25));
is(($err =~ s/^journey: \S+:\d+: a touch needs.*\n//mgr),
   "journey: and 5 more such records\njourney: 25 records: 0 touches, 0 goals "
   . "(0 of them complete a journey), 0 repeated, 25 bad\n", 'twenty-five');

# The line is that on which the record begins.
($events, $code, $err) =
    import_of(csv(touch(channel => 'sms', campaign => "\"a\nb\nc\""), '',
                  touch(), touch(channel => 'sms', campaign => "\"a\n\""),
                  touch(channel => "\"x\ny\"")));
is(join(' ', $err =~ /:(\d+): /g), '6 9', 'lines of records, not of files');


# ---- headers ---------------------------------------------------------------

sub header {
    my ($header, $want, $name) = @_;
    my $file = spew("$header\n" . touch(channel => 'sms') . "\n");
    my ($code, $out, $err) = journey('import', @with, $file);

    is("$code $out", '1 ', "$name: nothing is written");
    is($err, "journey: $file:1: $want\n", "$name: and said why");
}

header($HEAD =~ s/,goal,/,/r, 'column "goal" is missing', 'one less');
header("$HEAD,phone", 'column "phone" is not known', 'one more');
header("$HEAD,id", 'column "id" stands there twice', 'one twice');
header($HEAD =~ s/user/User/r, 'column "User" is not known', 'in capitals');
header($HEAD =~ tr/,/;/r,
       'column "time;user;visitor;kind;channel;source;me..." is not known',
       'semicolons');
header(touch(channel => 'sms'), 'column "1767344400" is not known',
       'no header');
header('"time', 'a quote is not closed', 'an open quote');

for (['', 'there is no header'],
     ["\xff\xfet\0", 'it is UTF-16, and UTF-8 is understood'])
{
    my $file = spew($_->[0]);
    ($code, $out, $err) = journey('import', @with, $file);
    is("$code $out$err", "1 journey: $file:1: $_->[1]\n", $_->[1]);
}

# In any order.
my @columns = reverse split /,/, $HEAD;
my %value = (time => 1_767_344_400, visitor => $V, kind => 'goal',
             goal => 'purchase', value => '12.50', currency => 'CHF');
($events, $code) = import_of(spew(
    join(',', @columns) . "\r\n"
    . join(',', map { defined $value{$_} ? $value{$_} : '' } @columns)
    . "\r\n"));
is_deeply($events, [{ t => 1_767_344_400_000, v => $V, k => 'goal',
                      goal => 'purchase', done => 1, val => 12.5,
                      cur => 'CHF' }], 'columns in another order');
($events, $code) = import_of(spew("\xef\xbb\xbf" . join(',',
    map { "\"$_\"" } split /,/, $HEAD) . "\r\n"
    . touch(channel => 'sms') . "\r\n"));
is(scalar @$events, 1, 'a byte order mark, quotes and CR LF');

# A wrong one stops at once: of what comes behind nothing is written.
my $first = csv(touch(channel => 'sms'));
my $wrong = spew("x\n1\n");
my $target = path('not-there.gz');
($code, $out, $err) = journey('import', @with, '--output', $target, $first,
                              $wrong, $first);
is($code, 1, 'a wrong header of the second file');
ok(!-e $target, 'no output then');
is($err, "journey: $wrong:1: column \"x\" is not known\n", 'one message');


# ---- files -----------------------------------------------------------------

# Output as gzip members, plain lines, standard input, gzip in.
my @records = map { touch(channel => 'sms', time => 1_767_000_000 + $_,
                          campaign => "c$_") } 1 .. 3000;
my $many = csv(@records);
($code, $out, $err) = journey('import', @with, $many);
is($out =~ tr/\n//, 3000, 'plain lines');

$target = path('offline.log.gz');
($code, my $said, $err) = journey('import', @with, '--output', $target, $many);
is("$code $said", '0 ', 'a file');
is(text($target), $out, 'has the same lines');
is((journey('check', $target))[0], 0, 'and is whole');
cmp_ok(scalar(starts($target)), '>', 0, 'of members as the module writes them');
is((journey('import', @with, '--output', $target, $many))[0], 2,
   'it is not written over');

is((journey('import', @with, spew(foreign(slurp($many)))))[1], $out,
   'gzip is told by content');

my $pid = IPC::Open3::open3(my $in, my $from, undef,
                            $ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND}
                            || "$FindBin::Bin/../build/journey",
                            'import', @with, '-');
print $in "$HEAD\n" . touch(channel => 'sms') . "\n";
close $in;
is(scalar(grep { /^\{"t"/ } <$from>), 1, 'standard input');
waitpid $pid, 0;

# What cannot be read.
my $gone = path('gone.csv');
($code, $out, $err) = journey('import', @with, $first, $gone);
is("$code $out$err", "1 journey: $gone: No such file or directory\n",
   'a file that is not there: nothing is written');

my $cut = spew(substr(foreign(slurp($many)), 0, -2000));
($code, $out, $err) = journey('import', @with, $cut, $first);
is($code, 1, 'a gzip file that is cut');
like($err, qr/^journey: \Q$cut\E:\d+: the gzip member is cut$/m, 'is named');
like($out, qr/"cmp":"c500"/, 'its whole lines are read');
like($out, qr/\A(?:\{.*\}\n)+\z/, 'whole ones alone');
like($out, qr/"v":"$V","k":"offline","ch":"sms"\}\n\z/, 'and the next file');


# ---- usage -----------------------------------------------------------------

for ([['--offline'], qr/no FILE/],
     [['--offline', '--own-host', 'x.example', $first], qr/--own-host is for/],
     [['--offline', '-', '-'], qr/can be read once/],
     [['--offline', '--secret', path('gone'), $first], qr/--secret: .*gone/],
     [['--offline', '--conf', path('gone'), $first], qr/gone/],
     [['--offline=1', $first], qr/--offline takes no value/],
     [['--secret', $keys, '--own-host', 'x.example', $first],
      qr/--secret is for import --offline/])
{
    ($code, $out, $err) = journey('import', @{ $_->[0] });
    is("$code $out", '2 ', "usage: @{ $_->[0] }");
    like($err, $_->[1], 'and why');
}


# ---- as it is documented ---------------------------------------------------

my ($example) = slurp("$FindBin::Bin/../README.md") =~ /^```csv\n(.*?)^```/ms;
($events, $code, $err) = import_of(spew($example));
is($code, 0, 'the example of README.md') or diag($err);
is(join(' ', map { $_->{k} . ($_->{ch} ? " $_->{ch}" : '') } @$events),
   'offline offline offline unassigned goal', 'its events');
is($events->[0]{u}, $events->[1]{u}, 'its user');


# ---- and what a report makes of it -----------------------------------------

# The order that the site reports: under the same key the same ord.
($events) = import_of(csv(goal(id => 'A-1', time => 1_767_344_500,
                               visitor => $V, value => 10, currency => 'EUR')));
my $site = spew(lines({ t => 1_767_344_400_000, v => $V, j => 1, s => 1,
                        k => 'page', h => 'shop.example', p => '/',
                        ch => 'email', why => 'utm' },
                      { t => 1_767_344_450_000, v => $V, j => 1, s => 1,
                        k => 'goal', h => 'shop.example', p => '/done',
                        goal => 'purchase', done => 1, val => 10, cur => 'EUR',
                        ord => $events->[0]{ord}, w => ['email'], wn => 1 }));
(undef, undef, undef, $out) =
    import_of(csv(goal(id => 'A-1', time => 1_767_344_500, visitor => $V,
                       value => 10, currency => 'EUR'),
                  goal(id => 'A-1', visitor => '', value => 10),
                  touch(channel => 'offline', time => '1767344420')));
my $offline = spew($out);
my ($data) = journey_data('report', '--json', $site, $offline, $offline);
is(join(' ', map { $data->{summary}{$_} }
             qw(visitors sessions journeys conversions value)), '1 1 1 1 10',
   'an order counts once, be the file imported twice');
is(join(' ', map { join('>', @{ $_->{path} }) . " $_->{conversions}" }
             @{ $data->{paths} }), 'email>offline 1', 'with the call');

done_testing();
