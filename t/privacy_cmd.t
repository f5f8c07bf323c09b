# Copyright (C) ngx_journey_module contributors
#
# journey privacy: what journey_status said, in words and as JSON, whether the
# rules held, and how old the records of logs are.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey ();
use Journey::Lines;
use Journey::Master ();
use JSON::PP ();
use Test::Nginx::Socket 'no_plan';

my $json = JSON::PP->new->utf8->canonical;
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my $midnight = 1_795_305_600;           # 2026-11-22T00:00:00Z
my $day = 86_400;
my $hour = 3_600;

sub salt {
    my ($date, $created, $destroyed) = @_;

    return { day => $date, created => $created,
             defined $destroyed ? (destroyed => $destroyed) : () };
}

my %settings = (
    profile => 'exempt', identity => 'cookie', consent => $no,
    signals => ['gpc', 'dnt'], session => 1800, geo => ['country', 'region'],
    cookie => { name => 'jny', max_age => 390 * $day,
                domain => 'shop.example' },
    optout => $yes, secret => $yes, logs => ['/var/log/journey/journey.log.gz'],
);

my %status = (
    version => '0.1.0', time => $midnight + 5 * $hour,
    started => $midnight - $hour, requests => 7,
    cookies_deleted => 9, continued => 10, optouts => 3, undone => 1,
    suppressed => { optout => 12345, gpc => 4, dnt => 2, consent => 55,
                    clamped => 8 },
    cookieless => { visitors => 5, evicted => 6 },
    salts => {
        created => 3, destroyed => 2,
        today => salt('2026-11-22', $midnight - 200),
        previous => undef,
        gone => [salt('2026-11-21', $midnight - $day, $midnight + 4 * $hour),
                 salt('2026-11-20', $midnight - 2 * $day,
                      $midnight - $day + 4 * $hour + 60)],
    },
    privacy => [\%settings],
);

my $n = 0;

sub saved { return spew($json->encode({ %status, @_ }), 'status' . ++$n); }

sub said {
    my ($file, @more) = @_;
    my ($code, $out, $err) = journey('privacy', '--status', $file, @more);

    return wantarray ? ($out, $code, $err) : $out;
}

sub data {
    my ($data, $code, $err) = journey_data('privacy', '--json', '--status', @_);

    return wantarray ? ($data, $code, $err) : $data;
}

# The value beside a name.
sub value {
    my ($out, $name) = @_;

    return ($out =~ /^  \Q$name\E {2,}(.*)$/m)[0];
}


# ---- as JSON ---------------------------------------------------------------

my $file = saved();
my ($data, $code, $err) = data($file);

is("$code$err", '0', 'JSON: all is well');
is_deeply($data->{privacy}, {
    version => '0.1.0', time => 1000 * ($midnight + 5 * $hour),
    started => 1000 * ($midnight - $hour), optout => 12345, gpc => 4, dnt => 2,
    consent => 55, clamped => 8, optouts => 3, undone => 1,
    cookies_deleted => 9, continued => 10, visitors => 5, evicted => 6,
    salts_created => 3, salts_destroyed => 2, salts_held => $yes,
}, 'JSON: counts');
is_deeply($data->{settings}, [{
    profile => 'exempt', identity => 'cookie', consent => $no,
    signals => ['gpc', 'dnt'], session => 1800, geo => ['country', 'region'],
    cookie => 'jny', max_age => 390 * $day, domain => 'shop.example',
    optout => $yes, secret => $yes, logs => ['/var/log/journey/journey.log.gz'],
}], 'JSON: settings');
is_deeply($data->{salts}, [
    { day => '2026-11-22', created => 1000 * ($midnight - 200),
      destroyed => undef, due => 1000 * ($midnight + $day + 4 * $hour),
      held => $yes },
    { day => '2026-11-21', created => 1000 * ($midnight - $day),
      destroyed => 1000 * ($midnight + 4 * $hour),
      due => 1000 * ($midnight + 4 * $hour), held => $yes },
    { day => '2026-11-20', created => 1000 * ($midnight - 2 * $day),
      destroyed => 1000 * ($midnight - $day + 4 * $hour + 60),
      due => 1000 * ($midnight - $day + 4 * $hour), held => $yes },
], 'JSON: salts, a minute late at most');
is_deeply($data->{logs}, [], 'JSON: no logs');


# ---- in words --------------------------------------------------------------

my ($out) = said($file);

like($out, qr/^What nginx said at 2026-11-22 05:00:00 UTC \(module 0.1.0\)$/m,
     'text: when');
is(value($out, 'profile'),
   'exempt: audience measurement, without where visitors came from',
   'text: profile');
is(value($out, 'visitors known by'), 'a cookie', 'text: identity');
is(value($out, 'waits for consent'), 'no', 'text: consent');
is(value($out, 'objections honoured'),
   'Global Privacy Control (Sec-GPC), Do Not Track (DNT)', 'text: signals');
is(value($out, 'cookie'),
   'jny, for 390 days from the first visit, never extended', 'text: cookie');
is(value($out, 'cookie sent to'), 'shop.example and its subdomains',
   'text: domain');
is(value($out, 'session ends after'), '30 minutes without a page',
   'text: session');
is(value($out, 'place logged, at most'), 'country, region', 'text: geo');
is(value($out, 'opting out'), 'there is an address for it (journey_optout)',
   'text: opt-out');
is(value($out, 'keys'), 'of a file (journey_secret)', 'text: secret');
is(value($out, 'written to'), '/var/log/journey/journey.log.gz', 'text: logs');
like($out, qr/^Measured with less .*, since 2026-11-21 23:00:00 UTC$/m,
     'text: since');
is(value($out, 'not written: the browser opted out') =~ s/ //gr, '12,345',
   'text: opted out');

my %counts = ('without a cookie: Global Privacy Control' => 4,
              'without a cookie: Do Not Track' => 2,
              'without a cookie: no consent' => 55,
              'without a cookie: the profile allows none' => 8,
              'opt-outs' => 3, 'opt-outs undone' => 1,
              'cookies taken back' => 9,
              'sessions that went on with a cookie after consent' => 10,
              'visitors without a cookie in memory now' => 5,
              'forgotten early, for lack of memory' => 6);

is(value($out, $_) =~ s/ //gr, $counts{$_}, "text: $_") for sort keys %counts;

like($out, qr/^\ \ 2026-11-22\ \ 2026-11-21\ 23:56:40\ UTC
              \ \ 2026-11-23\ 04:00:00\ UTC\ \ it\ exists\ +yes$/mx,
     'text: a salt that exists');
like($out, qr/^\ \ 2026-11-21\ \ 2026-11-21\ 00:00:00\ UTC
              \ \ 2026-11-22\ 04:00:00\ UTC\ \ 2026-11-22\ 04:00:00\ UTC
              \ \ yes$/mx, 'text: one that does not');
like($out, qr/^  3 made and 2 destroyed in all$/m, 'text: numbers of salts');
like($out, qr/The rule held/, 'text: the rule');
like($out, qr/no log was given/, 'text: no log');
like(said($file, '--tz', '+02:00'), qr/said at 2026-11-22 07:00:00 \+02:00/,
     'text: another zone');

# Other settings, in words.
sub words {
    my ($name, $key, $want, %more) = @_;

    is(value(scalar said(saved(privacy => [{ %settings, %more }])), $key),
       $want, $name);
}

words('no profile', 'profile', 'none: the bounds are those of each directive',
      profile => undef);
words('anonymous', 'profile', 'anonymous: no identifier on the device',
      profile => 'anonymous');
words('consent', 'waits for consent', 'yes', consent => $yes);
words('cookieless', 'visitors known by',
      'a hash of the day, nothing on the device', identity => 'cookieless');
words('variable', 'visitors known by',
      'what the site decides for each request', identity => 'variable');
words('nobody', 'visitors known by', 'nothing: requests are not joined',
      identity => 'none');
words('no signals', 'objections honoured', 'none but the opt-out',
      signals => []);
words('one signal', 'objections honoured', 'Do Not Track (DNT)',
      signals => ['dnt']);
words('no cookie', 'cookie', 'none, but that of an opt-out', cookie => undef);
words('no domain', 'cookie sent to', 'the host that set it',
      cookie => { name => 'x', max_age => 60 });
words('no place', 'place logged, at most', 'none', geo => []);
words('no opt-out', 'opting out', 'there is no address for it', optout => $no);
words('no secret', 'keys', 'in memory alone, until nginx stops',
      secret => $no);
words('no log', 'written to', 'no log', logs => []);
words('two logs', 'written to', '/a, /b', logs => ['/a', '/b']);
words("another version's word", 'profile', 'strict', profile => 'strict');

my %spans = (60 => '1 minute', 3600 => '1 hour', 5400 => '1 hour 30 minutes',
             1 => '1 second', 90061 => '1 day 1 hour 1 minute 1 second',
             172800 => '2 days');

words("span $_", 'session ends after', "$spans{$_} without a page",
      session => 0 + $_) for sort keys %spans;

$out = said(saved(privacy => [\%settings, { %settings, session => 60 }]));
like($out, qr/^Settings in force, 1 of 2$/m, 'two settings: the first');
like($out, qr/^Settings in force, 2 of 2$/m, 'two settings: the second');
like(said(saved(privacy => [])), qr/none: nothing is measured/, 'no settings');

# What a terminal would obey is not printed.
unlike(said(saved(privacy => [{ %settings, logs => ["/a\e[2J\x{202e}\n/b"],
                                profile => "\e]0;x" }])),
       qr/\e|\xe2\x80\xae|^\/b/m, 'no control characters');


# ---- the rule of salts -----------------------------------------------------

sub held {
    my ($name, $want, $time, %salts) = @_;
    my $file = saved(time => $time, salts => {
        created => 2, destroyed => 1, today => undef, previous => undef,
        gone => [], %salts });
    my ($data, $code, $err) = data($file);
    my $late = defined $want && !$want;

    is(defined $want ? $data->{privacy}{salts_held} ? 1 : 0
                     : defined $data->{privacy}{salts_held} ? 'told' : undef,
       $want, "$name: JSON");
    is($code, $late ? 1 : 0, "$name: exit code");
    like($err, $late ? qr/^journey: \S+: 1 of \d salts? ?outlived 04:00 UTC/
                     : qr/^\z/, "$name: standard error");

    my $out = said($file);
    like($out, !defined $want ? qr/none were made/
               : $late ? qr/The rule did NOT hold: 1 outlived/
               : qr/The rule held/, "$name: text");
}

my $due = $midnight + 4 * $hour;

held('none', undef, $due);
held('in time', 1, $due, gone => [salt('2026-11-21', 1, $due)]);
held('a minute late', 1, $due + $hour,
     gone => [salt('2026-11-21', 1, $due + 60)]);
held('more', 0, $due + $hour, gone => [salt('2026-11-21', 1, $due + 61)]);
held('still there, in time', 1, $due + 60,
     previous => salt('2026-11-21', 1));
held('still there, late', 0, $due + 61, previous => salt('2026-11-21', 1),
     today => salt('2026-11-22', 1));
held('nobody called', 0, $due + $day + 61, today => salt('2026-11-22', 1));
held('the leap day', 1, 1_835_481_600 + 4 * $hour,        # 2028-03-01
     gone => [salt('2028-02-29', 1, 1_835_481_600 + 4 * $hour)]);


# ---- logs ------------------------------------------------------------------

my $now = time();
my $month = 30 * $day;

sub ev {
    my ($t, $basis, %more) = @_;

    return { t => 1000 * $t + 1, v => id('c', 'x'), j => 1, s => 1,
             k => 'page', h => 'x', p => '/', $basis ? (b => $basis) : (),
             %more };
}

my $young = spew(member(lines(ev($now - 40, 'e'), ev($now - 30, 'a')))
                 . member(lines(ev($now - 50, 'c'), ev($now - 20)))
                 . foreign(lines(ev($now - 10, 'c'))));
my $plain = spew(lines(ev($now - 24 * $month, 'e'), ev($now - 27 * $month),
                       ev($now - 26 * $month, 'a')));
my $empty = spew('');
old($young, $plain, $empty);

($data, $code, $err) = data($file, $young, $plain, $empty);
is("$code$err", '0', 'logs: all is well');
is_deeply($data->{logs}, [
    { file => $young, records => 5, exempt => 1, anonymous => 1, consent => 2,
      none => 1, oldest => 1000 * ($now - 50) + 1,
      newest => 1000 * ($now - 10) + 1, old => 0, old_exempt => 0,
      unreadable => 0, torn => 0 },
    { file => $plain, records => 3, exempt => 1, anonymous => 1, consent => 0,
      none => 1, oldest => 1000 * ($now - 27 * $month) + 1,
      newest => 1000 * ($now - 24 * $month) + 1, old => 2, old_exempt => 0,
      unreadable => 0, torn => 0 },
    { file => $empty, records => 0, exempt => 0, anonymous => 0, consent => 0,
      none => 0, oldest => undef, newest => undef, old => 0, old_exempt => 0,
      unreadable => 0, torn => 0 },
], 'logs: what they hold');

$out = said($file, $young);
like($out, qr/^ +5 +1 +1 +2 +1  \d{4}-\d\d-\d\d  \d{4}-\d\d-\d\d +0  \Q$young\E$/m,
     'logs: text');
like(said($file, $empty), qr/^ +0 +0 +0 +0 +0  \S+ +\S+ +0  \Q$empty\E$/m,
     'logs: text of an empty one');
like($out, qr/No record is older than 25 months/, 'logs: none is old');
like(said($file, $plain), qr/Older than 25 months: 2, of the profile exempt, which allows no longer: 0$/m,
     'logs: old ones of other profiles');

# The very months, not days: to the day before and after.
{
    my ($d, $m, $y) = (gmtime)[3, 4, 5];
    my $then = sub { POSIX::mktime(@_) };
    local $ENV{TZ} = 'UTC';
    POSIX::tzset();
    my $last = POSIX::mktime(0, 0, 0, 0, $m - 25 + 1, $y);  # of that month
    my $limit = POSIX::mktime((gmtime)[0, 1, 2], $d, $m - 25, $y);
    $limit = $last + ((gmtime)[2] * 60 + (gmtime)[1]) * 60 + (gmtime)[0]
        if $limit > $last + $day;

    my $log = spew(lines(ev($limit - 60, 'e'), ev($limit + 600, 'e')));
    old($log);
    my ($data, $code, $err) = data($file, $log);

    is($code, 1, 'exempt: too old is exit code 1');
    is($data->{logs}[0]{old_exempt}, 1, 'exempt: a minute too old');
    like($err, qr/^journey: \S+: 1 records of the profile exempt are older than 25 months: journey prune --older-than 25mo$/,
         'exempt: what to do');
    like(said($file, $log), qr/allows no longer: 1\s+\(journey prune/,
         'exempt: text');

    # And it helps.
    is((journey('prune', '--older-than', '25mo', $log))[0], 0, 'pruned');
    is((data($file, $log))[1], 0, 'and all is well');
}

# What cannot be read is said, and the rest is counted.
my $member = member(lines(ev($now - 3, 'e')));
my $torn = spew(substr($member, 0, -9) . $member);
my $bad = spew(lines(ev($now - 5, 'e')) . "no JSON\n" . lines(ev($now, 'e')));
old($torn, $bad);

($data, $code, $err) = data($file, $torn, $bad, path('none'));
is($code, 1, 'broken: exit code');
is_deeply([map { [@$_{qw(records torn unreadable)}] } @{ $data->{logs} }],
          [[1, 1, 0], [2, 0, 1], [0, 0, 0]], 'broken: counted');
like($err, qr/^journey: \Q$torn\E: torn member at byte 0: /m, 'broken: torn');
like($err, qr/^journey: \Q$bad\E:2: /m, 'broken: a line');
like($err, qr/^journey: \S+none: No such file/m, 'broken: no file');
like(said($file, $torn, $bad),
     qr/Not readable, so of unknown age: 2 lines and pieces/, 'broken: text');


# ---- a status that is none -------------------------------------------------

sub bad {
    my ($name, $text, $want) = @_;
    my $file = spew($text, 'bad' . ++$n);
    my ($code, $out, $err) = journey('privacy', '--status', $file);

    is("$code$out", '1', "$name: exit code, and nothing printed");
    like($err, qr/^journey: \Q$file\E: $want$/, "$name: named with its file");
}

my $whole = $json->encode(\%status);

bad('empty', '', qr/not an object at byte 1/);
bad('no JSON', "<html>\n", qr/not an object at byte 1/);
bad('an array', '[]', qr/not an object at byte 1/);
bad('cut', substr($whole, 0, -20), qr/.* at byte \d+/);
bad('cut before its end', substr($whole, 0, -1), qr/.* at byte \d+/);
bad('two', $whole . $whole, qr/something behind the end at byte \d+/);
bad('a NUL behind it', "$whole\0", qr/something behind the end at byte \d+/);
bad('foreign', '{"a":1}',
    qr/JSON, but no answer of journey_status: .*/);
bad('an older module', $json->encode({ version => '0.1.0', time => 1,
                                       started => 1, requests => 5 }),
    qr/.*the module is older than this command/);

my %wrong = (
    time => 'now', started => -1, version => 1, suppressed => [],
    cookieless => 1, salts => [], privacy => {}, continued => 1.5,
    optouts => 'x',
);

for my $key (sort keys %wrong) {
    bad("a wrong $key", $json->encode({ %status, $key => $wrong{$key} }),
        qr/.* at byte \d+/);
}

for my $salt ({ day => '2026-11-22' }, { created => 1 },
              { day => '22.11.2026', created => 1 },
              { day => '2026-13-41', created => 1 })
{
    bad('a wrong salt ' . $json->encode($salt),
        $json->encode({ %status, salts => { %{ $status{salts} },
                                            today => $salt } }),
        qr/a salt without "(?:day|created)" at byte \d+/);
}

bad('gone, but not destroyed', $json->encode({ %status, salts => {
    gone => [{ day => '2026-11-20', created => 1 }] } }),
    qr/a salt that is gone without "destroyed" at byte \d+/);
bad('nested too deeply', '{"x":' . '[' x 1000 . ']' x 1000 . '}',
    qr/value nested too deeply at byte \d+/);
bad('too many', '{"privacy":[' . join(',', ('{}') x 70_000) . ']}',
    qr/too many values at byte \d+/);

# Every cut is an error, or the whole; none is a crash.
my @codes = map { (journey('privacy', '--status',
                           spew(substr($whole, 0, $_), 'cut')))[0] }
            map { 37 * $_ } 0 .. (length $whole) / 37;
is(scalar(grep { $_ ne 1 } @codes), 0, 'cut anywhere: exit code 1');

($code, $out, $err) = journey('privacy', '--status', path('nothing'));
is($code, 1, 'no file: exit code');
like($err, qr/^journey: \S+nothing: No such file or directory$/, 'no file');
($code, $out, $err) = journey('privacy', '--status', path('.'));
like("$code$err", qr/^1journey: .*directory$/i, 'a folder');


# ---- other versions --------------------------------------------------------

$data = data(saved(new => { a => [1, { b => undef }] }, privacy => [
    { %settings, more => [], cookie => { name => 'x', max_age => 1,
                                         partitioned => $yes } }]));
is($data->{settings}[0]{cookie}, 'x', 'unknown keys are passed over');

my $few = spew($json->encode({ version => '9', time => 1, started => 1,
                               salts => {}, privacy => [{}] }), 'few');
($data, $code, $err) = data($few);
is("$code$err", 0, 'missing keys: no error');
is(scalar(grep { defined } @{ $data->{privacy} }{
       grep { !/^(?:version|time|started)$/ } keys %{ $data->{privacy} } }), 0,
   'missing keys are unknown, not 0');
is(scalar(grep { defined } values %{ $data->{settings}[0] }), 0,
   'missing settings are unknown');
$out = said($few);
is(value($out, $_) =~ s/^ +//r, 'unknown', "missing in words: $_")
    for 'opt-outs', 'waits for consent', 'opting out', 'keys', 'written to';

# Blanks, and other orders: jq and browsers write so.
is_deeply(scalar data(spew(JSON::PP->new->utf8->pretty->encode(\%status), 'pretty')),
          scalar data(saved()), 'pretty-printed JSON');


# ---- usage -----------------------------------------------------------------

($code, $out, $err) = journey('privacy');
is($code, 2, 'no --status: exit code');
like($err, qr/privacy needs --status FILE/, 'no --status');
($code, $out, $err) = journey('privacy', '--status', '-', '-');
is($code, 2, 'stdin twice: exit code');
is((journey('privacy', '--csv', '--status', $file))[0], 2, 'no CSV');

my $pid = journey_start(sub { open STDIN, '<', $file or die },
                        'privacy', '--json', '--status', '-');
waitpid $pid, 0;
is($? >> 8, 0, 'the status by standard input');
is_deeply($json->decode(slurp(path('.out'))), scalar data(saved()),
          'the same');


# ---- of a running nginx ----------------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1);

    $nginx->configure(http => <<'END', server => <<'END');
        journey_log logs/journey.log flush=100ms;
        journey_profile anonymous;
END
        default_type text/html;
        location / { return 200 "a page\n"; }
        location = /optout { journey_optout; }
        location = /status { journey off; journey_status; }
END
    ok($nginx->start, 'nginx starts') or diag($nginx->said);

    my $browser = Journey::browser(port => $nginx->port);

    $browser->get("/$_") for 1 .. 5;
    $browser->get('/optout');
    $browser->get("/$_") for 6 .. 8;

    my $file = spew($browser->get('/status')->body, 'real');
    ok($nginx->quit, 'nginx quits');

    my ($data, $code, $err) = data($file, $nginx->log);

    is("$code$err", 0, 'real: all is well');
    is($data->{privacy}{optout}, 3, 'real: what was not written');
    is($data->{privacy}{salts_held}, $yes, 'real: the rule held');
    is($data->{privacy}{visitors}, 0, 'real: nobody is left in memory');
    is($data->{logs}[0]{anonymous}, 5, 'real: the records');
    is($data->{settings}[0]{profile}, 'anonymous', 'real: the profile');
    is($data->{settings}[0]{cookie}, undef, 'real: no cookie');
    is($data->{settings}[0]{logs}[0], $nginx->log, 'real: the log');
    unlike(said($file, $nginx->log), qr/unknown/, 'real: all is known');
}
