# Copyright (C) ngx_journey_module contributors
#
# journey import: the same requests give the same events as the module's, and
# whatever else an access log holds, it is counted, named or passed over.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master qw(wait_for);
use Test::Nginx::Socket 'no_plan';

use File::Path qw(make_path remove_tree);
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use POSIX qw(strftime WNOHANG);
use Time::HiRes qw(sleep time);

my $root = "$FindBin::Bin/..";
my $dir = server_root() . '-import';
my $json = JSON::PP->new->utf8->canonical;
my $files = 0;

make_path($dir);
END { remove_tree($dir) if defined $dir }

my $chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
             . '(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
my $firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 '
              . 'Firefox/140.0';
my $iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) '
             . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 '
             . 'Mobile/15E148 Safari/604.1';
my $googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; '
                . '+http://www.google.com/bot.html)';
my $chatgpt = 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; '
              . 'ChatGPT-User/1.0; +https://openai.com/bot';
my $google = 'https://www.google.com/';

my $rules = <<"END";
journey_sources $root/conf/sources.conf;
journey_agents $root/conf/agents.conf;
journey_phases {
    awareness /; consideration /products/; decision =/cart /checkout/;
    retention /account/;
}
END

my $goals = <<'END';
journey_goal signup uri=/signup;
journey_goal purchase uri=/checkout/done uri=~^/thanks/ completes;
journey_goal purchase uri=/checkout/done;
journey_goal download uri=/files/guide.pdf;
END


# ---- helpers ---------------------------------------------------------------

sub file {
    my ($text, $name) = @_;
    my $path = "$dir/" . ($name // 'log' . ++$files);

    spew($path, $text);
    return $path;
}

# A folder for --conf.
sub conf {
    my ($text) = @_;
    my $conf = "$dir/conf" . ++$files;

    make_path($conf);
    spew("$conf/journey.conf", $text // $rules . $goals);

    return $conf;
}

our $conf = conf();
my $T = 1795327200;                     # 2026-11-22T06:00:00Z

# line(SECONDS after $T, PATH, …): a page of one client, unless more is said.
sub line {
    my ($s, $path, %o) = @_;
    my $time = strftime('%d/%b/%Y:%H:%M:%S +0000', gmtime($T + $s));

    return ($o{vhost} ? "$o{vhost} " : '') . ($o{ip} // '203.0.113.7') . ' - '
           . ($o{user} // '-') . " [" . ($o{time} // $time) . '] "'
           . ($o{request} // "GET $path HTTP/1.1") . '" ' . ($o{st} // 200)
           . ' 17 "' . ($o{ref} // '-') . '" "' . ($o{ua} // $chrome) . '"'
           . ($o{more} // '') . ($o{end} // "\n");
}

sub imported {
    my ($input, @args) = @_;

    return journey_command($input, 'import', '--conf', $conf, '--own-host',
                           'shop.example', @args);
}

sub decoded { return map { $json->decode($_) } split /\n/, $_[0] }

# The events of a log given on standard input, which has to be a good one.
sub events {
    my ($text, @args) = @_;
    my ($code, $out, $err) = imported($text, @args, '-');

    is($code, 0, 'exit code') or diag($err);
    return decoded($out);
}

# Visitors by letters in the order in which they come.
sub lettered {
    my (%letters, $next);

    $next = 'A';

    for my $ev (@_) {
        $ev->{v} = $letters{$ev->{v}} //= $next++ if defined $ev->{v};
    }

    return @_;
}

# "A1.1 page /" for each event, and what opened a touch.
sub brief {
    my $text = join '', map {
        ($_->{v} ? "$_->{v}$_->{j}.$_->{s} " : '')
        . "$_->{k} $_->{p}" . ($_->{goal} ? " $_->{goal}" : '')
        . ($_->{ch} ? " $_->{ch}" : '') . "\n"
    } lettered(@_);

    return $text;
}

sub summary {
    my ($err) = @_;
    my %n;

    $n{$2} //= $1 while $err =~ /(\d+)\ (lines|pages|goals|errors|of\ bots
                                      |AI\ agents|assets|others|bad|visitors
                                      |sessions|touches)\b/xg;
    return \%n;
}


# ---- usage -----------------------------------------------------------------

{
    my $log = file(line(0, '/'));

    for my $case (
        ['no own host', qr/--own-host/, '--conf', $conf, $log],
        ['a bad own host', qr/--own-host: .*"a\/b"/,
         '--conf', $conf, '--own-host', 'a/b', $log],
        ['no file', qr/no FILE/, '--conf', $conf, '--own-host', 'a.example'],
        ['a bad configuration', qr/journey\.conf:1/,
         '--conf', conf("journey_session x;\n"), '--own-host', 'a.example',
         $log],
        ['standard input twice', qr/once/, '--conf', $conf, '--own-host',
         'a.example', '-', '-'],
        ['an option of others', qr/unknown option "--json"/, '--conf', $conf,
         '--own-host', 'a.example', '--json', $log],
    ) {
        my ($name, $said, @args) = @$case;
        my ($code, $out, $err) = journey_command('', 'import', @args);

        is($code, 2, "$name: exit code");
        is($out, '', "$name: nothing is imported");
        like($err, $said, "$name: it is said");
    }

    SKIP: {
        skip('this machine has a configuration', 2)
            if -e '/etc/nginx/journey/journey.conf';

        my ($code, $out, $err) = journey_command('', 'import', '--own-host',
                                                 'a.example', $log);
        is($code, 2, 'no configuration');
        like($err, qr/import needs a configuration/, 'it is said');
    }

    my ($code, $out, $err) = imported('', $log, "$dir/none");

    is($code, 1, 'a file that is not there');
    is($out, '', 'nothing is imported then');
    like($err, qr/journey: \Q$dir\E\/none: No such file/, 'it is named');

    ($code, $out, $err) = imported('', $dir);
    is($code, 1, 'a folder');
    like($err, qr/\Q$dir\E: Is a directory/, 'it is named');
}


# ---- what is a page --------------------------------------------------------

{
    my ($code, $out, $err) = imported(join('',
        line(0, '/?utm_source=newsletter&utm_medium=email'),
        line(1, '/style.css?v=1'), line(1, '/a.JPG'), line(1, '/api/x.json'),
        line(2, '/products/a%20b//c/../d?x=1', ref => 'https://shop.example/'),
        line(3, '/products/v1.5', st => 304),
        line(4, '/part', st => 206),
        line(5, '/redirect', st => 302), line(5, '/x', st => 101),
        line(6, '/', request => 'HEAD / HTTP/1.1'),
        line(6, '/', request => 'POST /form HTTP/1.1'),
        line(6, '/', request => 'OPTIONS * HTTP/1.1'),
        line(7, '/gone', st => 404), line(7, '/gone.png', st => 404),
        line(7, '/broken', st => 500), line(7, '/', st => 499),
        line(8, '/gone', st => 404, ip => '198.51.100.1'),
        line(9, '/', ua => $googlebot), line(9, '/', ua => $chatgpt),
        line(9, '/a.css', ua => $googlebot),
        line(9, '/gone', ua => $googlebot, st => 404),
        line(10, '/', request => 'GET /'),
        line(11, '/', request => ''), line(11, '/', request => '-'),
        line(11, '/', request => '\x16\x03\x01', st => 400),
        line(12, '/', request => 'GET http://shop.example/abs HTTP/1.1'),
        line(12, '/', request => 'GET http://proxy.example/abs HTTP/1.1'),
        line(13, '/', request => 'GET /../../etc/passwd HTTP/1.1', st => 400),
        line(14, '/index.php'), line(14, '/index.html'),
        line(15, '/?utm_source=newsletter&utm_medium=email'),
    ), '-');

    is($code, 0, 'a log of all kinds');
    is(brief(decoded($out)), <<'END', 'its events');
A1.1 page / email
A1.1 page /products/a b/d
A1.1 page /products/v1.5
A1.1 page /part
A1.1 error /gone
A1.1 error /broken
A1.1 error /
A1.1 page /abs
A1.1 page /index.php
A1.1 page /index.html
A1.1 page /
END
    is_deeply(summary($err), {
        lines => 31, pages => 8, goals => 0, errors => 3, 'of bots' => 2,
        'AI agents' => 1, assets => 5, others => 13, bad => 0, visitors => 1,
        sessions => 1, touches => 1,
    }, 'the summary');

    my @events = decoded($out);

    like($events[0]{v}, qr/^h[-\w]{16}$/, 'an id of the day');
    delete $_->{v} for @events;

    is_deeply($events[0], {
        t => $T * 1000, j => 1, s => 1, k => 'page', h => 'shop.example',
        p => '/', ph => 'awareness', pn => 1, ch => 'email',
        src => 'newsletter', med => 'email', why => 'utm', dev => 'desktop',
    }, 'a touch: each key');
    is_deeply($events[2], {
        t => ($T + 3) * 1000, j => 1, s => 1, k => 'page',
        h => 'shop.example', p => '/products/v1.5', ph => 'consideration',
        pn => 2, st => 304, dev => 'desktop',
    }, 'a page: each key');
    is_deeply($events[4], {
        t => ($T + 7) * 1000, j => 1, s => 1, k => 'error',
        h => 'shop.example', p => '/gone', st => 404, dev => 'desktop',
    }, 'an error: each key');
}


# ---- goals -----------------------------------------------------------------

{
    my $log = join '',
        line(0, '/', ref => $google),
        line(1, '/signup', request => 'POST /signup HTTP/1.1', st => 303),
        line(2, '/signup', request => 'HEAD /signup HTTP/1.1'),
        line(2, '/signup', st => 302), line(2, '/signup', st => 304),
        line(3, '/files/guide.pdf'), line(3, '/files/guide.pdf', st => 404),
        line(4, '/checkout/done?order=1'),
        line(5, '/after'),
        line(6, '/signup', request => 'PUT /signup HTTP/1.1',
             ip => '198.51.100.9'),
        line(7, '/checkout/done', ua => $googlebot),
        line(4000, '/back'),
        line(9000, '/thanks/4711', request => 'POST /thanks/4711 HTTP/1.1');

    my @events = events($log);

    is(brief(map { {%$_} } @events), <<'END', 'goals');
A1.1 page / organic_search
A1.1 goal /signup signup
A1.1 page /signup
A1.1 goal /files/guide.pdf download
A1.1 page /checkout/done
A1.1 goal /checkout/done purchase
A1.1 page /after
goal /signup signup
A2.2 page /back direct
A2.2 goal /thanks/4711 purchase
END

    my ($goal) = grep { ($_->{goal} // '') eq 'purchase' } @events;
    my $v = delete $goal->{v};

    is_deeply($goal, {
        t => ($T + 4) * 1000, j => 1, s => 1, k => 'goal',
        h => 'shop.example', p => '/checkout/done', ph => 'decision', pn => 3,
        goal => 'purchase', done => 1, w => ['organic_search'], wn => 1,
        dev => 'desktop',
    }, 'a goal: each key');
    is($v, $events[0]{v}, 'it is the visitor\'s');

    # what depends on a variable is not reached
    local $conf = conf($rules . 'journey_goal any;'
                       . 'journey_goal some uri=/a if=$arg_x;'
                       . 'journey_goal valued uri=/a value=$arg_v id=$arg_i '
                       . 'currency=EUR;');

    is(brief(events(line(0, '/a?x=1&v=3'))),
       "A1.1 page /a direct\nA1.1 goal /a valued\n",
       'of those with variables');
}


# ---- who is who ------------------------------------------------------------

{
    my @same = ('203.0.113.7', '203.0.113.7', '::ffff:203.0.113.7');
    my @six = ('2001:db8:1:2::1', '2001:DB8:1:2:ffff::9');
    my @other = ('203.0.113.8', '2001:db8:1:3::1', 'host.example', 'unix:',
                 'other.example');
    my @events = events(join '', map({ line(0, '/', ip => $_) } @same, @six,
                                     @other, 'host.example'),
                        line(0, '/', ua => $firefox),
                        line(0, '/', ua => '-'));
    my $letters = join '', map { $_->{v} } lettered(@events);

    is($letters, 'AAABBCDEFGEHI', 'by address, IPv6 by its network, and agent');

    my ($code, $one) = imported(line(0, '/'), '-');
    my ($code2, $two) = imported(line(0, '/'), '-');

    isnt((decoded($one))[0]{v}, (decoded($two))[0]{v},
         'another run, another salt');
}

# Midnight: a session goes on under the old salt, one that has ended does not,
# and the next one of somebody who was here before midnight is somebody new.
{
    my $night = 18 * 3600;              # 2026-11-23T00:00:00Z
    my $at = sub { line($night + $_[0], $_[1], ip => $_[2] // '203.0.113.7',
                        @_[3 .. $#_]) };

    is(brief(events(join '',
        $at->(-3600, '/b1', '198.51.100.1'),
        $at->(-600, '/a1'), $at->(-1, '/a2'), $at->(0, '/a3'),
        $at->(60, '/b2', '198.51.100.1'),
        $at->(1700, '/a4'), $at->(3000, '/a5'),
        $at->(3100, '/gone', undef, st => 404),
        $at->(9000, '/a6'), $at->(9010, '/a7'))), <<'END', 'midnight');
A1.1 page /b1 direct
B1.1 page /a1 direct
B1.1 page /a2
B1.1 page /a3
C1.1 page /b2 direct
B1.1 page /a4
B1.1 page /a5
B1.1 error /gone
D1.1 page /a6 direct
D1.1 page /a7
END

    # a session that never ends goes on until 04:00
    is(brief(events(join '', map { $at->($_ * 1200, '/') } -1 .. 14)),
       "A1.1 page / direct\n" . "A1.1 page /\n" x 12
       . "B1.1 page / direct\n" . "B1.1 page /\n" x 2, 'the old salt ends');

    # the next day in one's own zone is not the next day
    is(brief(events(join '',
        line(0, '/a', time => '22/Nov/2026:23:50:00 +0100'),
        line(0, '/b', time => '23/Nov/2026:00:50:00 +0100'),
        line(0, '/c', time => '23/Nov/2026:00:10:00 +0000'),
        line(0, '/d', time => '22/Nov/2026:20:05:00 -0430'))), <<'END',
A1.1 page /a direct
A1.2 page /b direct
A1.2 page /c
A1.2 page /d
END
       'time zones');
}

# Sessions: as everywhere else, by what passed since the last sixth.
is(brief(events(join '',
    line(0, '/', ref => $google), line(1000, '/'), line(2799, '/'),
    line(4599, '/'), line(4600, '/', ref => 'https://chatgpt.com/'),
    line(4601, '/', ref => 'https://chatgpt.com/'),
    line(4602, '/', ref => 'https://www.shop.example/'))), <<'END',
A1.1 page / organic_search
A1.1 page /
A1.1 page /
A1.2 page / direct
A1.2 page / ai_assistant
A1.2 page /
A1.2 page /
END
   'sessions and touches');

{
    local $conf = conf($rules . 'journey_session 10m;');

    is(brief(events(line(0, '/') . line(599, '/') . line(1199, '/'))),
       "A1.1 page / direct\nA1.1 page /\nA1.2 page / direct\n",
       'journey_session of the configuration');
}


# ---- lines that are written otherwise --------------------------------------

{
    my @events = events(join '',
        line(0, '/', user => 'anna maria [x]', ref => $google),
        line(1, '/caf%C3%A9', user => '\x22quoted\x22'),
        line(2, '/', user => '""', end => "\r\n"),
        line(3, '/a?utm_source=n&utm_campaign=%22s\xC3\xA4le\x22',
             more => ' "10.0.0.9" 0.003 shop'),
        line(4, '/\xC3\xA4/\"q\"'),
        line(5, '/last', end => ''));

    is(brief(map { {%$_} } @events), <<"END", 'escapes, users, fields behind');
A1.1 page / organic_search
A1.1 page /caf\xe9
A1.1 page /
A1.1 page /a unassigned
A1.1 page /\xe4/"q"
A1.1 page /last
END
    is($events[3]{cmp}, "\"s\xe4le\"", 'a campaign in escapes');

    # agents, too: nginx writes \x22 where Apache writes \"
    is(brief(events(line(0, '/1', ua => $chrome . ' \x22q\x22 \x5C') .
                    line(0, '/2', ua => $chrome . ' \"q\" \\\\'))),
       "A1.1 page /1 direct\nA1.1 page /2\n", 'one user agent, two servers');

    # vhost_combined
    @events = events(join '',
        line(0, '/', vhost => 'shop.example:443', ref => $google),
        line(1, '/', vhost => 'WWW.shop.example:443',
             ref => 'https://shop.example/'),
        line(2, '/', vhost => 'other.example:80',
             ref => 'https://shop.example/'),
        line(3, '/', vhost => 'shop.example:443', ip => '2001:db8::1'),
        line(4, '/', vhost => 'bad_host!:443'), line(5, '/'));

    is(join(' ', map { "$_->{h}:$_->{v}" . ($_->{ch} ? ":$_->{ch}" : '') }
                 lettered(@events)),
       'shop.example:A:organic_search www.shop.example:B:direct '
       . 'other.example:C:direct shop.example:D:direct '
       . 'shop.example:A shop.example:A',
       'virtual hosts, which are other visitors');

    # every own host is internal
    is(brief(events(line(0, '/', ref => 'https://b.example/')
                    . line(1, '/', ref => 'https://x.b.example/'),
                    '--own-host', 'b.example')),
       "A1.1 page / direct\nA1.1 page /\n", 'a second own host');
}

# What the logs must not hold is not held.
{
    my ($code, $out, $err) = imported(
        line(0, '/mail/anna@shop.example?token=abc', user => 'secretuser',
             ref => 'https://blog.example/private?x=secretarg',
             ua => "$chrome secretagent") . "203.0.113.7 broken secretline\n",
        '-');

    is($code, 1, 'one line is bad');
    unlike("$out$err", qr/203\.0\.113|secret|private|token|Chrome/,
           'no address, user, agent, query, nor what the referrer adds');
    like($out, qr{"p":"/mail/:email"}, 'paths are masked');
}


# ---- lines that are none ---------------------------------------------------

{
    my $log = file(line(0, '/') . "nonsense\n\n"
                   . line(0, '/', time => '31/Feb/2026:00:00:00 +0000')
                   . line(1, '/long' . 'x' x 300_000)
                   . "\0\xff\n" . line(2, '/x' . 'y' x 200_000)
                   . line(3, '/end'));
    my ($code, $out, $err) = imported('', $log);

    is($code, 1, 'bad lines');
    is(join(' ', map { length $_->{p} } decoded($out)), '1 512 4',
       'the others are imported');
    like($err, qr/^journey:\ \Q$log\E:2:\ no\ line\ of\ the\ combined\ format\n
                   journey:\ \Q$log\E:3:\ no\ line\ of\ the\ combined\ format\n
                   journey:\ \Q$log\E:4:\ bad\ time\n
                   journey:\ \Q$log\E:5:\ the\ line\ is\ too\ long\n
                   journey:\ \Q$log\E:6:\ no\ line\ of\ the\ combined\ format\n
                   journey:\ 8\ lines:\ 3\ pages.*,\ 5\ bad\n/x,
         'each is named');

    ($code, $out, $err) = imported("x\n" x 70 . line(0, '/') . 'x' x 1_000_000,
                                 '-');
    is($code, 1, 'many of them');
    is(scalar(() = $err =~ /^journey: stdin:\d+: /mg), 20, 'some are named');
    like($err, qr/^journey: and 51 more such lines$/m, 'the others counted');

    ($code, $out, $err) = imported('', '-');
    is($code, 0, 'an empty log');
    is($out, '', 'has no events');
    like($err, qr/^journey: 0 lines: 0 pages/, 'it is said');
}


# ---- files -----------------------------------------------------------------

sub gz {
    my ($text) = @_;
    my $out;

    gzip(\$text, \$out) or die;
    return $out;
}

{
    # a rotated log, the last file of which is compressed
    my $old = file(gz(line(0, '/1', ref => $google) . line(10, '/2')),
                   'access.log.2.gz');
    my $mid = file(line(20, '/3') . line(1500, '/4'), 'access.log.1');
    my $new = file(gz(line(3000, '/5')) . gz(line(3001, '/6') . '2')
                   . gz(substr(line(3002, '/7'), 1)) . "\0" x 512,
                   'access.log');

    # a line may begin in one member and end in the next one
    for my $order ([$old, $mid, $new], [$new, $mid, $old], [$mid, $new, $old])
    {
        my ($code, $out, $err) = imported('', @$order);

        is(brief(decoded($out)), <<'END', 'files by their time');
A1.1 page /1 organic_search
A1.1 page /2
A1.1 page /3
A1.1 page /4
A1.1 page /5
A1.1 page /6
A1.1 page /7
END
        is($code, 0, 'members of gzip are one text');
    }

    # two servers of one site, and a pipe beside them
    my $one = file(join('', map { line($_ * 900, "/a$_") } 0 .. 3));
    my $two = file(join('', map { line($_ * 900 + 300, "/b$_") } 0 .. 3));
    my $three = join('', map { line($_ * 900 + 600, "/c$_") } 0 .. 3);
    my $want = join '', map { "A1.1 page /a$_\nA1.1 page /b$_\n"
                              . "A1.1 page /c$_\n" } 0 .. 3;

    $want =~ s/\n/ direct\n/;

    for my $order ([$one, $two, '-'], ['-', $two, $one]) {
        my ($code, $out, $err) = imported($three, @$order);

        is(brief(decoded($out)), $want, 'files of one time are merged');
    }

    # lines are a bit out of order where workers write them
    is(brief(events(line(10, '/1', ref => $google) . line(5, '/2')
                    . line(1805, '/3') . line(8, '/4') . line(1900, '/5'))),
       "A1.1 page /1 organic_search\n"
       . join('', map { "A1.1 page /$_\n" } 2 .. 5), 'out of order');

    # an older log behind a younger one, in one stream
    my ($code, $out, $err) = imported(line(3 * 86400, '/1')
                                    . line(3 * 86400 + 1, '/2')
                                    . line(0, '/3') . line(1, '/4')
                                    . line(3 * 86400 + 2, '/5'), '-');

    is($code, 0, 'an older log in one stream');
    is(brief(decoded($out)), <<'END', 'visitors begin anew');
A1.1 page /1 direct
A1.1 page /2
B1.1 page /3 direct
B1.1 page /4
C1.1 page /5 direct
END
    like($err, qr/^journey: stdin:3: older than a line before it/m,
         'it is said');

    # damage
    my $cut = file(substr(gz(join '', map { line($_, "/$_/" . rand) }
                                          0 .. 999), 0, -200));

    ($code, $out, $err) = imported('', $cut, $mid);
    is($code, 1, 'a file that is cut');
    like($err, qr/^journey: \Q$cut\E: behind line \d+: it is cut$/m, 'named');
    like($err, qr/, 0 bad\n/, 'the line that was cut with it is none');
    cmp_ok(scalar(decoded($out)), '>', 800, 'the rest is imported');
    like($out, qr{"p":"/4"}, 'and the next file');

    my $damaged = gz(line(0, '/') x 2000);
    substr($damaged, 60, 3) = 'xxx';

    ($code, $out, $err) = imported($damaged, '-');
    is($code, 1, 'a damaged one');
    like($err, qr/^journey: stdin: behind line \d+: its data are damaged$/m);

    ($code, $out, $err) = imported(gz(line(0, '/')) . "text\n", '-');
    is($code, 1, 'text behind gzip');
    like($err, qr/behind line 1: something that is not gzip follows$/m);
    is(scalar(decoded($out)), 1, 'what is before it is imported');
}


# ---- a file for the output -------------------------------------------------

{
    my $log = file(join '', map { line($_, "/$_", ref => $google) } 0 .. 5000);
    my $out = "$dir/journey.log.gz";
    my ($code, $said, $err) = imported('', '--output', $out, $log);

    is($code, 0, '--output');
    is($said, '', 'nothing on standard output');
    is(scalar(journey_log($out)), 5001, 'all events are in the file');
    is((stat $out)[2] & 07777, 0600, 'which is its owner\'s');
    cmp_ok(scalar(journey_members($out)), '>', 1, 'in members');

    ($code, $said, $err) = journey_command('', 'check', '--json', $out);
    is($code, 0, 'journey check finds it whole');

    ($code, $said, $err) = journey_command('', 'report', '--conf', $conf,
                                           '--json', $out);
    is($code, 0, 'journey report reads it');
    is($json->decode($said)->{channels}[0]{channel}, 'organic_search');
    is($json->decode($said)->{summary}{events}, 5001);

    my $before = slurp($out);

    ($code, $said, $err) = imported('', '--output', $out, $log);
    is($code, 2, 'a file that exists');
    like($err, qr/--output: "\Q$out\E" exists/, 'it is said');
    is(slurp($out), $before, 'and stays');

    ($code, $said, $err) = imported('', '--output', "$dir/no/x", $log);
    is($code, 1, 'a folder that does not exist');
    like($err, qr/--output: /, 'it is said');

    ($code, $said, $err) = imported('', '--output', "$dir/x.gz", $log,
                                  "$dir/none");
    is($code, 1, 'a file that is not there');
    ok(!-e "$dir/x.gz", 'there is no output');

    # ended half-way: no file, nor what it was meanwhile
    mkdir "$dir/ended" or die;
    pipe my $in, my $to or die;
    my $pid = fork() // die;

    if ($pid == 0) {
        close $to;
        open STDIN, '<&', $in or die;
        open STDERR, '>', '/dev/null' or die;
        # a shell's background job ignores it
        $SIG{INT} = 'DEFAULT';
        exec $ENV{TEST_NGINX_JOURNEY_COMMAND}, 'import', '--conf', $conf,
             '--own-host', 'shop.example', '--output', "$dir/ended/x.gz", '-'
            or die;
    }

    close $in;
    $to->autoflush(1);
    print $to line($_, '/' . rand) for 0 .. 30000;

    sleep 0.3;
    kill 'INT', $pid;
    waitpid $pid, 0;

    is($? & 127, 2, 'SIGINT ends it');
    opendir my $d, "$dir/ended" or die;
    is(join(' ', grep { !/^\.\.?$/ } readdir $d), '', 'nothing is left');

    # a full disk, and a reader that goes away
    ($code, $said, $err) = full($log);
    is($code, 1, 'a full disk: exit code');
    like($err, qr/^journey: cannot write to standard output: No space left on device$/m,
         'it is said');
    unlike($err, qr/lines a second/, 'no summary');
}

sub full {
    my ($log) = @_;
    my $err = "$dir/err";
    my $pid = fork() // die;

    if ($pid == 0) {
        open STDOUT, '>', '/dev/full' or die;
        open STDERR, '>', $err or die;
        exec $ENV{TEST_NGINX_JOURNEY_COMMAND}, 'import', '--conf', $conf,
             '--own-host', 'shop.example', $log or die;
    }

    waitpid $pid, 0;
    return ($? >> 8, '', slurp($err));
}

{
    my $log = file(join '', map { line($_, "/$_") } 0 .. 50000);
    my $got = `"$ENV{TEST_NGINX_JOURNEY_COMMAND}" import --conf "$conf" \\
               --own-host shop.example "$log" 2>"$dir/err" | head -n 1`;

    like($got, qr/"k":"page"/, 'a reader that wants one line');
    is(slurp("$dir/err"), '', 'gets no complaint');
}


# ---- progress --------------------------------------------------------------

SKIP: {
    skip('no script(1)', 3) if system('command -v script > /dev/null') != 0;

    my $log = file(join('', map { line($_, "/$_.css") } 0 .. 3000) x 200,
                   'large');
    my $said = `script -q -e -c '"$ENV{TEST_NGINX_JOURNEY_COMMAND}" import \\
                --conf "$conf" --own-host shop.example "$log" "$log" "$log" \\
                > /dev/null' /dev/null < /dev/null`;

    is($?, 0, 'on a terminal');
    like($said, qr/journey: 1800600 lines: 0 pages/, 'a summary');

    # it is quick: the first sign of life comes after a quarter of a second
    skip('too quick for a bar', 1) if $said !~ /reading/;
    like($said, qr/\rreading: \[#* *\] +\d+ %, [\d,]+ lines.*\r\e\[K/s,
         'a bar, which is erased');
}


# ---- beside the module -----------------------------------------------------
#
# What a log cannot tell makes the difference, and nothing else: a page is told
# by its name, not by its type; prefetches look like visits; headers besides
# referrer and user agent are unknown (Accept-Language separates no visitors,
# a missing Accept tells no bots); ms; times are whole seconds.

sub nginx_of_both {
    my $nginx = Journey::Master->new(workers => 1);
    my ($own, $port) = ($nginx->dir, $nginx->port);

    $nginx->configure(http => <<"END", servers => <<"SERVERS");
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    journey_log @{[ $nginx->log ]} flush=100ms;
    journey_identity cookieless;
    journey_session 6s;
    journey_hosts shop.example;
    $rules
    $goals
    log_format vhost '\$host:\$server_port \$remote_addr - \$remote_user '
                     '[\$time_local] "\$request" \$status \$body_bytes_sent '
                     '"\$http_referer" "\$http_user_agent"';
END
    server {
        listen 127.0.0.1:$port;
        server_name shop.example;
        journey on;
        access_log $own/logs/access.log combined;
        access_log $own/logs/vhost.log vhost;
        root $own/html;
        default_type text/html;
        location / { return 200 ok; }
        location /static/ { }
        location /plain { default_type text/plain; return 200 ok; }
        location ~ \\.css\$ { default_type text/css; return 200 x; }
        location ~ \\.json\$ { default_type application/json; return 200 1; }
        location ~ \\.pdf\$ { default_type application/pdf; return 200 1; }
        location /gone { return 404; }
        location /broken { return 503; }
        location /moved { return 302 /; }
        location /signup { return 303 /; }
    }
    server {
        listen 127.0.0.1:$port;
        server_name www.shop.example;
        journey on;
        access_log $own/logs/access.log combined;
        access_log $own/logs/vhost.log vhost;
        location / { default_type text/html; return 200 ok; }
    }
SERVERS

    make_path("$own/html/static");
    spew("$own/html/static/page.html", '<p>a page that is a file' x 20);

    return $nginx;
}

sub strip {
    my ($ms, @events) = @_;

    for (@events) {
        delete $_->{ms};
        $_->{t} = int($_->{t} / 1000);
    }

    return lettered(@events);
}

{
    my $nginx = nginx_of_both();
    my (@clients, $n);

    ok($nginx->start, 'nginx of both starts') or diag($nginx->said);

    for my $agent ($chrome, $firefox, $iphone,
                   'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) '
                   . "AppleWebKit/605.1.15 \"q\" \\ \xc3\xa4",
                   "$iphone [FBAN/FBIOS;FBAV/450.0]", $googlebot, $chatgpt,
                   'curl/8.5.0')
    {
        for my $address ('203.0.113.' . ++$n, "2001:db8:$n\::1") {
            push @clients, browser(agent => $agent, port => $nginx->port,
                                   host => 'shop.example', language => undef,
                                   headers => { 'X-Real-IP' => $address });
        }
    }

    my @visits = (
        ['/', Referer => 'https://www.google.com/search?q=a'],
        ['/?utm_source=Newsletter&utm_medium=email&utm_campaign=S%C3%B6mmer'],
        ['/products/lamp?gclid=abc', Referer => 'https://www.google.de/'],
        ['/', Referer => 'android-app://com.google.android.gm/'],
        ['/blog/x', Referer => "https://b\xc3\xa4d.example/\"x\\"],
        ['/', Referer => 'https://shop.example/'],
        ['/?utm_source=chatgpt.com', Referer => 'https://chatgpt.com/'],
        ['/cart', Referer => 'https://www.paypal.com/checkout'],
        ['/%70roducts/../account/%20x//y?a=%22', Referer => ''],
        ["/products/\xc3\xa4?utm_campaign=\"q\"&utm_source=x",
         Referer => 'https://old.blog.example:8443/p?x'],
        ['/anna@shop.example/0123456789012345'],
        ['/static/page.html'], ['/static/style.css'], ['/x.css'],
        ['/api/a.json'], ['/gone'], ['/broken'], ['/moved'],
        ['/files/guide.pdf'], ['/checkout/done?o=1'], ['/thanks/1'],
    );
    my $round = sub {
        my ($from) = @_;
        my $i = $from;

        for my $client (@clients) {
            for (0 .. 5) {
                $client->get(@{ $visits[$i++ % @visits] });
            }

            $i += 4;
        }
    };

    $round->(0);
    $round->(5);

    my $modified = $clients[0]->get('/static/page.html')
                              ->header('Last-Modified');

    is($clients[0]->get('/static/page.html', 'If-Modified-Since' => $modified)
                  ->status, 304, 'a page from the cache');
    is($clients[0]->get('/static/page.html', Range => 'bytes=0-9')->status,
       206, 'a part of a page');
    $clients[1]->request('HEAD', '/signup');
    $clients[2]->post('/signup', body => 'x=1');
    $clients[3]->post('/form', body => 'x=1');
    $clients[1]->get('/', Host => 'www.shop.example',
                     Referer => 'https://shop.example/');
    $clients[1]->raw("GET /09\r\n");
    browser(port => $nginx->port, host => 'shop.example', language => undef,
            headers => { 'X-Real-IP' => '198.51.100.99' })
        ->post('/signup', body => 'x=1');

    sleep 8;
    $round->(9);
    $nginx->quit;

    my @module = strip(0, journey_log($nginx->log));
    my $logs = $nginx->dir . '/logs';

    local $conf = conf($rules . $goals . 'journey_session 6s;');

    my ($code, $out, $err) = imported('', "$logs/vhost.log");

    is($code, 0, 'its access log');

    my @import = strip(1, decoded($out));
    my $wrong = 0;

    cmp_ok(scalar @module, '>', 120, 'the module logged so many events');
    is(scalar @import, scalar @module, 'as many are imported');

    for my $i (0 .. $#module) {
        # the second in which a request ends may be the next one
        my $late = ($import[$i]{t} // 0) - delete $module[$i]{t};

        delete $import[$i]{t};

        my ($a, $b) = map { $json->encode($_ // {}) } $module[$i], $import[$i];

        next if $a eq $b && ($late == 0 || $late == 1);
        next if $wrong++ > 4;
        diag("module: $a\nimport: $b ($late s late)");
    }

    is($wrong, 0, 'and each is the same');

    my %seen = map { $_->{k} . ($_->{ch} // '') => 1 } @module;

    is(join(' ', sort grep { /^(?:page|goal|error)$/ } keys %seen),
       'error goal page', 'of each kind');
    cmp_ok(scalar(grep { /^page./ } keys %seen), '>', 5, 'many channels');
    cmp_ok(scalar(grep { ($_->{s} // 0) == 2 } @module), '>', 10,
           'second sessions');
    cmp_ok(scalar(grep { !$_->{v} } @module), '>', 0,
           'goals without a visitor');

    # without virtual hosts: the same, but for the one page of www
    ($code, $out, $err) = imported('', "$logs/access.log");
    my @combined = strip(1, decoded($out));

    is(scalar @combined, scalar @module, 'combined: as many events');
    is(scalar(grep { $_->{h} ne 'shop.example' } @combined), 0,
       'all of the first own host');
    is(scalar(grep { $_->{ch} } @combined) + 1,
       scalar(grep { $_->{ch} } @module),
       'and as many touches, but for the first of www');

    $nginx->calm('no alarms');
}

{
    my $nginx = nginx_of_both();

    ok($nginx->start, 'nginx of both starts') or diag($nginx->said);

    my %same = (agent => $chrome, port => $nginx->port, host => 'shop.example',
                headers => { 'X-Real-IP' => '203.0.113.7' });

    browser(%same, language => 'de')->get('/1');
    browser(%same, language => 'fr')->get('/2');
    browser(%same, language => 'de')->get('/plain');
    browser(%same, language => 'de')->get('/3', 'Sec-Purpose' => 'prefetch',
        'Sec-Fetch-Site' => 'same-origin', 'Sec-Fetch-Mode' => 'navigate',
        'Sec-Fetch-Dest' => 'document');
    browser(%same, language => undef, accept => undef)->get('/4');
    browser(%same, language => 'de')->get('/gone', Accept => '*/*');
    $nginx->quit;

    is(brief(journey_log($nginx->log)), <<'END', 'what the module knows');
A1.1 page /1 direct
B1.1 page /2 direct
A1.1 page /3
END
    is(brief(events(slurp($nginx->dir . '/logs/access.log'))), <<'END',
A1.1 page /1 direct
A1.1 page /2
A1.1 page /plain
A1.1 page /3
A1.1 page /4
A1.1 error /gone
END
       'and an access log does not tell');

    $nginx->calm('no alarms');
}
