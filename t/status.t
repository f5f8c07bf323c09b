# Copyright (C) ngx_journey_module contributors
#
# journey_status: JSON of the zone's counters, exact after what was asked for.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Master qw(load);
use Test::Nginx::Socket 'no_plan';

# One worker, so that what it has answered it has counted; t/zone.t has several.
my $nginx = Journey::Master->new(workers => 1);
my $port = $nginx->port;
my $google = 'https://www.google.com/';

spew("$nginx->{dir}/conf/keys", <<'END');
00112233445566778899aabbccddeeff
END
spew("$nginx->{dir}/conf/sources.conf", <<'END');
search  google  "Google"  google.*
spam    semalt  "Semalt"  semalt.com
END
spew("$nginx->{dir}/conf/agents.conf", <<'END');
bot    generic  "crawler"
agent  chatgpt  "ChatGPT-User"
END

my $http = <<'END';
    journey_log logs/journey.log flush=100ms;
    journey_secret keys;
    journey_sources sources.conf;
    journey_agents agents.conf;
    journey_phases { awareness / /blog/; decision /cart; }
    journey_channels { partner source=acme.example; }
    journey_session 30m;
END

my $server = <<'END';
        default_type text/html;
        journey_goal seen uri=/goal value=$arg_value currency=$arg_currency;
        journey_goal bought uri=/done completes;

        location / { return 200 "a page\n"; }
        location /asset { default_type text/css; return 200 "css\n"; }
        location /missing { return 404; }
        location /phase { journey_phase $arg_phase; return 200 "a page\n"; }
        location /who { journey_identity $arg_who; return 200 "a page\n"; }
        location /off { journey off; return 200 "a page\n"; }
        location /consent { journey_consent $arg_yes; return 200 "a page\n"; }
        location /anonymous {
            journey_profile anonymous;
            journey_identity $arg_who;
            return 200 "a page\n";
        }
        location /optout { journey_optout; }
        location /status { journey_status; }
        location /json { journey_status json; }
END

$nginx->configure(http => $http, server => $server);

my $before = time();

ok($nginx->start, 'starts') or diag($nginx->said);


# ---- the document ----------------------------------------------------------

my $anna = browser(port => $port);
my $r = $anna->get('/status');

is($r->status, 200, 'status 200');
is($r->header('Content-Type'), 'application/json', 'application/json');
is($r->header('Content-Length'), length $r->body, 'its length');
is($r->header('Cache-Control'), 'no-store', 'never stored');
ok(!defined $r->set_cookie('jny'), 'no cookie');
like($r->body, qr/\A\{.*\}\n\z/, 'one line');

my $first = eval { JSON::PP->new->utf8->decode($r->body) };
is($@, '', 'valid JSON');
is_deeply([sort keys %$first],
          [sort qw(version time started requests events visitors journeys
                   completed sessions touches bots ai_agents spam cookies_set
                   cookies_deleted continued links landings refused optouts
                   undone suppressed cookieless tokens ignored log zone
                   channels phases goals bot_reasons salts privacy)],
          'its keys');
like($first->{version}, qr/^\d+\.\d+\.\d+$/, 'version');
cmp_ok($first->{started}, '>=', $before - 1, 'started');
cmp_ok($first->{started}, '<=', $first->{time}, 'before it answers');
cmp_ok($first->{time}, '<=', time() + 1, 'time');
is($first->{requests}, 1, 'this very request');
is_deeply($first->{events}, { page => 0, prefetched => 0, goal => 0,
                              error => 0, click => 0, pixel => 0 },
          'no event');
is_deeply($first->{channels}, {}, 'no channel');
is_deeply($first->{phases}, {}, 'no phase');

my $json = $anna->get('/json');
is($json->status, 200, 'with the word json');
is_deeply([sort keys %{ JSON::PP->new->decode($json->body) }],
          [sort keys %$first], 'the same document');

$r = $anna->request('HEAD', '/status');
is($r->status, 200, 'HEAD');
is($r->body, '', 'HEAD: no body');
cmp_ok($r->header('Content-Length'), '>', 100, 'HEAD: a length');

for my $method (qw(POST PUT DELETE OPTIONS PATCH)) {
    is($anna->request($method, '/status')->status, 405, "$method: 405");
}

is($anna->get('/status', Range => 'bytes=0-9')->status, 200,
   'a range is passed over');
is($anna->get('/status?x=1&y')->status, 200, 'arguments are passed over');
is($anna->request('GET', '/status', version => '1.0')->status, 200,
   'HTTP/1.0');
is($anna->request('GET', '/status', body => 'x' x 10000)->status, 200,
   'a body is thrown away');
is($nginx->status->{events}{page}, 0, 'none of them is a page');


# ---- what is counted -------------------------------------------------------

# What changed since the last look, without zeros, times and the log's bytes.

my $last = $nginx->status;

sub changed {
    my ($now, $before) = @_;
    my %changed;

    for my $key (keys %$now) {
        if (ref $now->{$key} eq 'ARRAY') {
            next;                       # settings do not change

        } elsif (ref $now->{$key}) {
            my $inner = changed($now->{$key}, $before->{$key} || {});
            $changed{$key} = $inner if %$inner;

        } elsif (defined $now->{$key} && $now->{$key} =~ /^\d+$/) {
            my $n = $now->{$key} - ($before->{$key} || 0);
            $changed{$key} = $n if $n != 0;
        }
    }

    return \%changed;
}


# Lines are counted as they are written, so log.lines is exact at once.

sub counts {
    my ($name, $want) = @_;
    my $now = $nginx->status;
    my $got = changed($now, $last);

    # reasons: t/bots.t; the zone's pages: t/status_exact.t
    delete @$got{qw(time started bot_reasons salts zone)};
    delete @{ $got->{log} }{qw(members bytes buffered)} if $got->{log};
    delete $got->{log} if $got->{log} && !%{ $got->{log} };
    $got->{requests}--;                     # the status itself

    is_deeply($got, $want, $name) or diag(Test::More::explain($got));
    $last = $now;
}

counts('nothing', { requests => 0 });

$anna = browser(port => $port);
$anna->get('/', Referer => $google);
counts('a new visitor', {
    requests => 1, events => { page => 1 }, visitors => { new => 1 },
    journeys => 1, sessions => 1, touches => 1, cookies_set => 1,
    channels => { organic_search => 1 }, phases => { awareness => 1 },
    log => { lines => 1 },
});

$anna->get('/cart', Referer => 'http://localhost/');
counts('the next page', {
    requests => 1, events => { page => 1 }, tokens => { valid => 1 },
    cookies_set => 1, phases => { decision => 1 }, log => { lines => 1 },
});

$anna->get('/blog/', Referer => 'http://localhost/cart');
counts('one that changes no state', {
    requests => 1, events => { page => 1 }, tokens => { valid => 1 },
    phases => { awareness => 1 }, log => { lines => 1 },
});

$anna->get('/?utm_source=acme.example&utm_medium=referral');
counts("a touch by a channel of one's own", {
    requests => 1, events => { page => 1 }, tokens => { valid => 1 },
    touches => 1, cookies_set => 1, channels => { partner => 1 },
    phases => { awareness => 1 }, log => { lines => 1 },
});

$anna->get('/done');
counts('a goal that completes', {
    requests => 1, events => { page => 1, goal => 1 },
    tokens => { valid => 1 }, completed => 1, cookies_set => 1,
    phases => { awareness => 1 }, log => { lines => 2 },
    goals => { bought => { reached => 1, completed => 1 } },
});

$anna->get('/missing');
counts("a known visitor's error", {
    requests => 1, events => { error => 1 }, tokens => { valid => 1 },
    log => { lines => 1 },
});

browser(port => $port)->get('/missing');
counts("a stranger's error is no event", { requests => 1 });

$anna->get('/asset');
$anna->request('HEAD', '/');
$anna->post('/', body => 'x');
$anna->get('/off');
counts('no pages', { requests => 4 });

$anna->get('/', 'Sec-Purpose' => 'prefetch', 'Sec-Fetch-Site' => 'same-origin',
           'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Dest' => 'document');
counts('a prefetch', {
    requests => 1, events => { prefetched => 1 }, tokens => { valid => 1 },
    log => { lines => 1 },
});


# ---- bots ------------------------------------------------------------------

browser(port => $port, agent => 'a crawler')->get('/') for 1 .. 3;
counts('bots', { requests => 3, bots => 3 });

browser(port => $port, agent => 'ChatGPT-User/1.0')->get('/');
counts('an AI agent is a bot, too', { requests => 1, bots => 1,
                                      ai_agents => 1 });

browser(port => $port, agent => 'a crawler')->get('/asset');
counts("a bot's asset is nothing", { requests => 1 });


# ---- spam ------------------------------------------------------------------

my $spammed = browser(port => $port);
$spammed->get('/', Referer => 'http://semalt.com/x');
counts('spam opens a session, and a direct touch', {
    requests => 1, events => { page => 1 }, visitors => { new => 1 },
    journeys => 1, sessions => 1, touches => 1, spam => 1, cookies_set => 1,
    channels => { direct => 1 }, phases => { awareness => 1 },
    log => { lines => 1 },
});
$spammed->get('/', Referer => 'http://semalt.com/x');
counts('spam within a session', {
    requests => 1, events => { page => 1 }, tokens => { valid => 1 },
    spam => 1, phases => { awareness => 1 }, log => { lines => 1 },
});


# ---- tokens ----------------------------------------------------------------

my $token = $anna->cookies->{jny};

# Judged with a page each: as none there is, a visitor is new.
my %fresh = (
    requests => 1, events => { page => 1 }, visitors => { new => 1 },
    journeys => 1, sessions => 1, touches => 1, cookies_set => 1,
    channels => { direct => 1 }, phases => { awareness => 1 },
    log => { lines => 1 },
);

sub with_cookie {
    my ($cookie) = @_;

    return browser(port => $port)->get('/', Cookie => $cookie);
}

(my $forged = $token) =~ s/(.)$/$1 eq 'A' ? 'E' : 'A'/e;
(my $changed = $token) =~ s/^(.{8})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/e;

with_cookie("jny=$changed");
counts('a changed byte', { %fresh, tokens => { forged => 1 } });
with_cookie('jny=' . substr($token, 0, -1));
my $now = $nginx->status;
is($now->{tokens}{forged} + $now->{tokens}{malformed}
   - $last->{tokens}{forged} - $last->{tokens}{malformed}, 1,
   'a cut one is forged or malformed');
$last = $now;
with_cookie('jny=x');
counts('a word', { %fresh, tokens => { malformed => 1 } });
with_cookie('jny=');
counts('an empty one', { %fresh, tokens => { malformed => 1 } });
with_cookie('jny=' . 'A' x 4000);
counts('a long one', { %fresh, tokens => { malformed => 1 } });
with_cookie("other=1; xjny=$token; jny2=$token; JNY=$token");
counts('other names', \%fresh);
with_cookie("jny=x; jny=$changed; jny=$token; jny=y");
counts('several: up to the first that verifies', {
    requests => 1, events => { page => 1 },
    tokens => { malformed => 1, forged => 1, valid => 1 },
    phases => { awareness => 1 }, log => { lines => 1 },
    # the journey of the goal before is over: the page belongs to it still
});


# ---- what is ignored -------------------------------------------------------

sub ignored {
    my ($uri, $name, $want) = @_;

    $anna->get($uri);
    my $got = changed($nginx->status, $last);
    is_deeply($got->{ignored} || {}, $want, $name);
    $last = $nginx->status;
}

ignored('/goal?value=9.90&currency=EUR', 'a good value', {});
ignored('/goal?value=1,5', 'a bad value', { goal_values => 1 });
ignored('/goal?value=1e5&currency=eur', 'two of them', { goal_values => 2 });
ignored('/goal?value=', 'an empty one is none', {});
ignored('/phase?phase=decision', 'a phase', {});
ignored('/phase?phase=lost', 'no phase', { phases => 1 });
ignored('/phase', 'an empty one is none', {});
ignored('/who?who=cookie', 'an identity', {});
ignored('/who?who=none', 'another one', {});
ignored('/who?who=nobody', 'no identity', { identities => 1 });


# ---- what is suppressed ----------------------------------------------------

my $quiet = browser(port => $port);
my %nobody = (
    requests => 1, events => { page => 1 }, visitors => { new => 1 },
    journeys => 1, sessions => 1, touches => 1, channels => { direct => 1 },
    phases => { awareness => 1 }, log => { lines => 1 },
);

$last = $nginx->status;
$quiet->get('/', 'Sec-GPC' => 1, DNT => 1);
counts('GPC', { %nobody, suppressed => { gpc => 1 },
                cookieless => { visitors => 1 } });
browser(port => $port, agent => 'Mozilla/5.0 (X11) Firefox/135.0')
    ->get('/', DNT => 1);
counts('DNT', { %nobody, suppressed => { dnt => 1 },
                cookieless => { visitors => 1 } });
$quiet->get('/', 'Sec-GPC' => 0, DNT => 'yes');
counts('no signals', { %nobody, cookies_set => 1 });
$quiet->get('/', 'Sec-GPC' => 1);
counts('a cookie is deleted', {
    requests => 1, events => { page => 1 }, phases => { awareness => 1 },
    log => { lines => 1 }, suppressed => { gpc => 1 }, cookies_deleted => 1,
});
$quiet->get('/asset', 'Sec-GPC' => 1);
counts('no event, nothing suppressed', { requests => 1 });

$quiet->get('/consent');
counts('no consent', {
    requests => 1, events => { page => 1 }, phases => { awareness => 1 },
    log => { lines => 1 }, suppressed => { consent => 1 },
});
$quiet->get('/consent?yes=1');
counts('consent in mid-session', {
    requests => 1, events => { page => 1 }, phases => { awareness => 1 },
    log => { lines => 1 }, continued => 1, cookies_set => 1,
    cookieless => { visitors => -1 },
});
$quiet->get('/anonymous?who=cookie');
counts('beyond the profile', {
    %nobody, suppressed => { clamped => 1 }, cookies_deleted => 1,
    cookieless => { visitors => 1 },
});

$quiet->get('/optout');
counts('opted out', { requests => 1, optouts => 1, cookies_deleted => 1,
                      cookieless => { visitors => -1 } });
$quiet->get('/');
counts('what is not written', { requests => 1,
                                suppressed => { optout => 1 } });
$quiet->get('/asset');
counts('what would not have been', { requests => 1 });
$quiet->get('/optout?undo');
counts('undone', { requests => 1, undone => 1 });


# ---- a known load, with a reload in the midst ------------------------------

$last = $nginx->status;

my ($answered, $open) = load(port => $port, clients => 4, requests => 250,
                             path => '/blog/one');
is(scalar keys %$answered, 1000, 'the load was answered');
ok($nginx->reload, 'reloads');
($answered, $open) = load(port => $port, clients => 4, requests => 250,
                          path => '/blog/two');
is(scalar keys %$answered, 1000, 'again');

counts('a load, over a reload', {
    requests => 2000, events => { page => 2000 }, visitors => { new => 2000 },
    journeys => 2000, sessions => 2000, touches => 2000, cookies_set => 2000,
    channels => { direct => 2000 }, phases => { awareness => 2000 },
    log => { lines => 2000 },
});

is($last->{started}, $first->{started}, 'the zone is that of the start');

# Many looks at once see whole documents.
my $bad = 0;

for (1 .. 50) {
    $bad++ if !defined $nginx->status;
}

is($bad, 0, 'fifty looks, fifty documents');


# ---- the log's own counters ------------------------------------------------

my $status = $nginx->status_when(sub { $_[0]{log}{buffered} == 0 });

ok($nginx->quit, 'quits');
is(scalar journey_log($nginx->log), $status->{log}{lines},
   'lines: as many as in the file');
is(scalar journey_members($nginx->log), $status->{log}{members},
   'members: as many as in the file');
is(-s $nginx->log, $status->{log}{bytes}, 'bytes: as many as in the file');
is($status->{log}{errors}, 0, 'no error');
is($status->{log}{dropped}, 0, 'nothing dropped');
$nginx->calm('no alarm');


# ---- times of salts --------------------------------------------------------

{
    my $salts = $first->{salts};
    my ($day, $month, $year) = (gmtime $salts->{today}{created})[3, 4, 5];
    my $today = sprintf '%04d-%02d-%02d', $year + 1900, $month + 1, $day;

    is_deeply([sort keys %$salts], [qw(created destroyed gone previous today)],
              'salts: their keys');
    is($salts->{created}, 1, 'salts: one was made');
    is($salts->{destroyed}, 0, 'salts: none has gone');
    is_deeply($salts->{gone}, [], 'salts: none');
    is($salts->{previous}, undef, 'salts: none of yesterday');
    is_deeply([sort keys %{ $salts->{today} }], [qw(created day)],
              'salts: no key');

    is($salts->{today}{day}, $today, 'salts: of its day');
    cmp_ok($salts->{today}{created}, '>=', $before - 1,
           'salts: made just now');
    cmp_ok($salts->{today}{created}, '<=', $first->{time},
           'salts: and not later');
    is_deeply($status->{salts}, $salts, 'salts: the same after a reload');
}


# ---- settings in force -----------------------------------------------------

my $coder = JSON::PP->new->canonical;
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);

sub in_force {
    my ($name, $got, @want) = @_;

    is(join("\n", sort map { $coder->encode($_) } @$got),
       join("\n", sort map { $coder->encode($_) } @want), $name);
}

{
    my $jny = { name => 'jny', max_age => 390 * 86400 };
    my %all = (profile => undef, identity => 'cookie', consent => $no,
               signals => ['gpc', 'dnt'], session => 1800, geo => [],
               cookie => $jny, optout => $yes, secret => $yes,
               logs => ["$nginx->{dir}/logs/journey.log"]);

    in_force('settings: one for all locations with the same',
             $first->{privacy}, \%all, { %all, identity => 'variable' },
             { %all, consent => $yes },
             { %all, profile => 'anonymous', identity => 'variable',
               cookie => undef });
}

{
    my $own = Journey::Master->new(workers => 1);
    my $mmdb = journey_mmdb();
    my $name = qq(it is \\"quoted\\" \\\\ \xc3\xa9\xff\t.log);

    $own->configure(http => "journey_geoip $mmdb;", server => <<"END");
        journey_log "logs/$name";
        journey_log_bots logs/bots.log;
        location / { journey_cookie __Host-x max_age=395d; return 200 x; }
        location /same { journey_cookie __Host-x max_age=395d; return 200 x; }
        location /a { journey_profile anonymous; journey_log off;
                      journey_log_bots off; journey_signals gpc; }
        location /e { journey_profile exempt; journey_log logs/e.log;
                      journey_cookie d domain=example.org; }
        location /n { journey_identity none; journey_signals off;
                      journey_session 1h; }
        location /c { journey_profile consent; journey_consent \$arg_c; }
        location /off { journey off; journey_cookie hidden; }
        location /out { journey_optout; journey off; }
        location /status { journey_status; journey off; }
END
    ok($own->start, 'all kinds: starts') or diag($own->said);

    my $document = $own->status;
    ok(defined $document, 'all kinds: valid JSON');

    my $dir = "$own->{dir}/logs";
    my %all = (profile => undef, identity => 'cookie', consent => $no,
               signals => ['gpc', 'dnt'], session => 1800,
               geo => [qw(country region city)], optout => $yes, secret => $no,
               logs => [qq($dir/it is "quoted" \\ \x{e9}\x{fffd}\t.log),
                        "$dir/bots.log"]);
    my $jny = { name => 'jny', max_age => 390 * 86400 };

    in_force('settings: all kinds', $document->{privacy},
        { %all, cookie => { name => '__Host-x', max_age => 395 * 86400 } },
        { %all, profile => 'anonymous', identity => 'cookieless', logs => [],
          cookie => undef, geo => ['country'], signals => ['gpc'] },
        { %all, profile => 'exempt', logs => ["$dir/e.log", "$dir/bots.log"],
          geo => ['country', 'region'],
          cookie => { name => 'd', max_age => 390 * 86400,
                      domain => 'example.org' } },
        { %all, identity => 'none', cookie => undef, signals => [],
          session => 3600 },
        { %all, profile => 'consent', consent => $yes, cookie => $jny },
        { %all, cookie => $jny });              # of the server itself
    ok($own->quit, 'all kinds: quits');
}


# ---- without a "journey on" ------------------------------------------------

{
    my $alone = Journey::Master->new(workers => 1);
    my $own = $alone->port;

    $alone->configure(http => '', servers => <<"END");
    server {
        listen 127.0.0.1:$own;
        default_type text/html;
        location / { return 200 "a page\\n"; }
        location /status { journey_status; }
    }
END
    ok($alone->start, 'alone: starts') or diag($alone->said);

    my $bert = browser(port => $own);
    is($bert->get('/')->status, 200, 'alone: a page');

    my $document = $alone->status;
    ok(defined $document, 'alone: a document');
    is($document->{requests}, 0, 'alone: nothing is counted');
    is($document->{events}{page}, 0, 'alone: no page');
    is_deeply($document->{privacy}, [], 'alone: no settings are in force');
    is_deeply($document->{salts}, { created => 0, destroyed => 0, gone => [],
                                    today => undef, previous => undef },
              'alone: no salts');
    ok($alone->reload, 'alone: reloads');
    ok(defined $alone->status, 'alone: a document after it');
    ok($alone->quit, 'alone: quits');
    $alone->calm('alone: no alarm');
}


# ---- many settings, and long names -----------------------------------------

{
    # As much as can be said: nothing is cut.
    my $many = Journey::Master->new(workers => 1);
    my $deep = 'logs/' . "\x01" x 100;
    my $long = '&' x 60;

    $many->configure(server => join "\n",
        'location /status { journey_status; }',
        map { my $domain = join '.', ('d' x 50) x 4, "s$_";
              my $name = $long . sprintf '%04d', $_;

              "location /l$_ { journey_session ${_}s; "
              . "journey_cookie $name domain=$domain; "
              . "journey_log '$deep$_'; journey_log_bots '${deep}b$_'; }"
        } 1 .. 50);
    ok($many->start, 'many settings: starts') or diag($many->said);

    my $document = $many->status;
    ok(defined $document, 'many settings: a document');
    is(scalar @{ $document->{privacy} }, 51, 'many settings: all of them');
    is(scalar(grep { $_->{session} != 1800
                     && ($_->{logs}[1] !~ /b\d+$/ || @{ $_->{logs} } != 2) }
              @{ $document->{privacy} }), 0, 'many settings: with their logs');
    ok($many->quit, 'many settings: quits');

    # A byte of a name is up to six in JSON.
    my $name = 'logs/' . "\x01" x 240;

    $many->configure(server => join "\n",
        'location /status { journey_status; }',
        map { "location /l$_ { journey_log '$name$_' buffer=64k; "
              . "journey_log_bots '${name}b$_' buffer=64k; }" } 1 .. 80);
    ok($many->start, 'many logs: starts') or diag($many->said);
    $document = $many->status;
    ok(defined $document, 'many logs: a document');

    my %logs = map { /(b?\d+)$/ && length($_) > 245 ? ($1 => 1) : () }
               map { @{ $_->{logs} } } @{ $document->{privacy} };

    is(scalar keys %logs, 160, 'many logs: all of them');
    ok($many->quit, 'many logs: quits');
}


# ---- many names ------------------------------------------------------------

{
    # As many channels and phases as there can be: the document has room.
    my $many = Journey::Master->new(workers => 1);
    my $rules = join "\n", map { 'c' . 'x' x 28 . sprintf('%03d', $_)
                                 . " source=s$_;" } 1 .. 120;
    my $phases = join "\n", map { 'p' . 'y' x 28 . sprintf('%03d', $_)
                                  . " =/$_;" } 1 .. 120;

    $many->configure(
        http => "journey_channels { $rules }\njourney_phases { $phases }",
        server => <<'END');
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END
    ok($many->start, 'many names: starts') or diag($many->said);
    browser(port => $many->port)->get("/$_?utm_source=s$_&utm_medium=m")
        for 1 .. 120;

    my $document = $many->status;
    ok(defined $document, 'many names: a document') or diag(
        browser(port => $many->port)->get('/status')->body);
    is(scalar keys %{ $document->{channels} }, 120, 'many names: channels');
    is(scalar keys %{ $document->{phases} }, 120, 'many names: phases');
    is(scalar(grep { $_ != 1 } values %{ $document->{channels} },
              values %{ $document->{phases} }), 0, 'many names: each once');
    ok($many->quit, 'many names: quits');
    $many->calm('many names: no alarm');
}
