# Copyright (C) ngx_journey_module contributors
#
# The numbers of journey_status are exact to the unit: after a known load from
# several clients to several workers, with a reload in its midst, workers killed
# with -9 between its requests, and the values of goals as sums of decimals.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use POSIX ();
use Journey;
use Journey::Master qw(wait_for);
use Journey::Prometheus qw(read_metrics);
use Test::Nginx::Socket 'no_plan';

my $clients = 4;
my $batches = 20;                       # of each client in a round

my $nginx = Journey::Master->new(workers => 3);
my $port = $nginx->port;
my $dir = $nginx->dir;

spew("$dir/conf/sources.conf", qq(search google "Google" google.*\n)
                               . qq(spam semalt "Semalt" semalt.com\n));
spew("$dir/conf/agents.conf", qq(bot generic "crawler"\n)
                              . qq(bot fetcher "fetcher"\n)
                              . qq(agent chatgpt "ChatGPT-User"\n));

$nginx->configure(http => <<'END', server => <<'END');
    journey_log logs/journey.log flush=300ms;
    journey_sources sources.conf;
    journey_agents agents.conf;
    journey_phases { awareness / /blog/; decision /cart; }
END
        default_type text/html;
        journey_goal bought uri=/done value=$arg_value currency=$arg_currency
                     completes;
        journey_goal seen uri=/seen value=$arg_value;
        location / { return 200 "a page\n"; }
        location /asset { default_type text/css; return 200 "css\n"; }
        location /missing { return 404; }
        location /phase { journey_phase $arg_phase; return 200 "a page\n"; }
        location /go { journey_redirect $arg_to; }
        location /pixel { journey_pixel; }
        location /optout { journey_optout; }
        location /off { journey off; return 200 "a page\n"; }
        location /status { journey_status; }
        location /metrics { journey_status prometheus; }
END
ok($nginx->start, 'starts') or diag($nginx->said);


# ---- a batch ---------------------------------------------------------------

# One request, on a connection of its own: whichever worker is there takes it,
# and a reload cuts none off.  Returns the head of the answer.

sub ask {
    my ($method, $uri, %headers) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 60)
        or die "connect: $!";
    my $answer = '';

    %headers = (Host => 'localhost', Accept => 'text/html',
                'Accept-Language' => 'en',
                'User-Agent' => 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) '
                                . 'Gecko/20100101 Firefox/132.0',
                Connection => 'close', %headers);
    syswrite $socket, "$method $uri HTTP/1.1\r\n"
                      . join('', map { "$_: $headers{$_}\r\n" }
                                 sort keys %headers) . "\r\n";
    1 while sysread $socket, $answer, 65536, length $answer;
    $answer =~ m{^HTTP/1\.1 \d\d\d } or die "no answer to $uri\n";

    return $answer;
}


sub cookie {
    my ($jny) = $_[0] =~ /^Set-Cookie: (jny=[^;]+)/mi or die "no cookie\n";

    return (Cookie => $jny);
}

# What the batch of client c, number n, asks for.

sub batch {
    my ($c, $n) = @_;
    my $in = 'http://localhost/';
    my %prefetch = ('Sec-Purpose' => 'prefetch',
                    'Sec-Fetch-Site' => 'same-origin',
                    'Sec-Fetch-Mode' => 'navigate',
                    'Sec-Fetch-Dest' => 'document');

    # a visitor from a search engine, up to the order
    my @cookie = cookie(ask(GET => '/blog/', Referer =>
                            'https://www.google.com/'));
    @cookie = cookie(ask(GET => '/cart', @cookie, Referer => $in));
    ask(GET => '/cart', @cookie, Referer => $in);
    ask(GET => '/blog/', @cookie, %prefetch);
    ask(GET => '/missing', @cookie, Referer => $in);
    @cookie = cookie(ask(GET => "/done?value=$c.$n&currency=EUR", @cookie,
                         Referer => $in));
    ask(GET => "/seen?value=-0.$c$n", @cookie, Referer => $in);
    ask(GET => "/seen?value=1,$n", @cookie, Referer => $in);

    # others
    ask(GET => '/', Referer => 'http://semalt.com/');
    ask(GET => '/phase?phase=none');
    ask(GET => '/go?to=/cart');
    ask(GET => '/pixel?utm_campaign=x');
    ask(GET => '/', DNT => 1, 'User-Agent' => "Mozilla/5.0 c$c n$n $$");
    ask(GET => '/', Cookie => 'jny=x');
    ask(GET => '/', Cookie => 'jny_out=1');
    ask(GET => '/optout');
    ask(GET => '/optout?undo');

    # bots
    ask(GET => '/', 'User-Agent' => 'a crawler');
    ask(GET => '/', 'User-Agent' => 'a fetcher') for 1 .. 2;
    ask(GET => '/', 'User-Agent' => 'ChatGPT-User/1.0');

    # nothing
    ask(GET => '/asset');
    ask(HEAD => '/');
    ask(GET => '/off');
    ask(POST => '/', 'Content-Length' => 0);
}

# What a batch counts, goals' values apart.
my %each = (
    requests => 25,
    events => { page => 10, prefetched => 1, goal => 3, error => 1,
                click => 1, pixel => 1 },
    visitors => { new => 6, returning => 0 },
    journeys => 6, completed => 1, sessions => 6, touches => 6,
    channels => { organic_search => 1, direct => 5 },
    phases => { awareness => 8, decision => 2 },
    bots => 4, ai_agents => 1,
    bot_reasons => { generic => 1, fetcher => 2, ai_agent => 1 },
    spam => 1,
    cookies_set => 7,
    cookies_deleted => 1,
    continued => 0,
    links => { taken => 0, ignored => 0 },
    landings => { kept => 0, taken => 0, lost => 0 },
    refused => 0,
    optouts => 1, undone => 1,
    suppressed => { optout => 1, gpc => 0, dnt => 1, consent => 0,
                    clamped => 0 },
    cookieless => { visitors => 1, evicted => 0 },
    tokens => { valid => 7, malformed => 1, forged => 0, future => 0,
                expired => 0 },
    ignored => { goal_values => 1, phases => 1, identities => 0, goals => 0,
                 orders => 0, users => 0, goal_sums => 0 },
);

my $lines = 10 + 1 + 3 + 1 + 1 + 1;


# ---- the load --------------------------------------------------------------

my ($done, $watched) = (0, 0);
my (%eur, %none);                       # in millionths

sub crowd {
    my ($from) = @_;
    my @children;

    for my $c (1 .. $clients) {
        my $pid = fork();
        die "fork: $!" if !defined $pid;

        if ($pid == 0) {
            my $good = eval {
                local $SIG{ALRM} = sub { die "the load hangs\n" };
                alarm 60;
                batch($c, $_) for $from .. $from + $batches - 1;
                1;
            };

            warn $@ if !$good;
            POSIX::_exit($good ? 0 : 1);
        }

        push @children, $pid;

        for my $n ($from .. $from + $batches - 1) {
            $eur{sum} += $c * 1000000 + "$n" * 10 ** (6 - length $n);
            $none{sum} += "$c$n" * 10 ** (6 - length "$c$n");
        }
    }

    $done += $clients * $batches;
    return @children;
}

sub gone {
    my $good = 1;

    for my $pid (@_) {
        waitpid $pid, 0;
        $good = 0 if $? != 0;
    }

    ok($good, 'the clients were answered');
}

sub status {
    $watched++;
    return $nginx->status;
}


# An answer may be here before its worker has counted it.

sub quiet {
    my $status;

    wait_for(sub {
        $status = status();
        return $status->{log}{lines} == $done * $lines
               && $status->{requests} == $done * $each{requests} + $watched
               && $status->{cookies_deleted} == $done;
    });

    return $status;
}

sub scaled {
    my ($each, $n) = @_;

    return ref $each ? { map { ($_ => scaled($each->{$_}, $n)) } keys %$each }
                     : $each * $n;
}

sub decimal {
    my $n = shift;
    my $sign = $n < 0 ? '-' : '';

    $n = abs $n;
    return $sign . (sprintf('%d.%06d', $n / 1000000, $n % 1000000)
                    =~ s/\.?0+$//r);
}

sub exact {
    my $name = shift;
    my $status = quiet();
    my $want = scaled(\%each, $done);

    $want->{requests} += $watched;
    is_deeply({ map { ($_ => $status->{$_}) } keys %$want }, $want,
              "$name: " . $done * $each{requests} . ' requests, each number')
        or diag(Test::More::explain($status));

    is_deeply({ map { my $goal = $status->{goals}{$_};
                      ($_ => [$goal->{reached}, $goal->{completed}]) }
                keys %{ $status->{goals} } },
              { bought => [$done, $done], seen => [2 * $done, 0] },
              "$name: goals by name");

    # the text, not a number that Perl has read
    $watched++;
    my $text = browser(port => $port, agent => 'status')->get('/status')->body;
    my ($bought) = $text =~ /"bought":\{[^}]*"values":\{"EUR":([^}]*)\}/;
    my ($seen) = $text =~ /"seen":\{[^}]*"values":\{"":([^}]*)\}/;

    is($bought, decimal($eur{sum}), "$name: the value of a goal");
    is($seen, decimal(- $none{sum}), "$name: values below 0");

    is($status->{log}{lines}, $done * $lines, "$name: lines");
    is($status->{log}{$_}, 0, "$name: no $_") for qw(dropped errors unslotted);

    my $more = join ' ', grep { !exists $want->{$_} } sort keys %$status;
    is($more, 'goals log privacy salts started time version zone',
       "$name: no number is left out");
}

gone(crowd(1));
exact('several workers');

{
    my @children = crowd(100);

    sleep 0.3;
    ok($nginx->reload, 'reloads in the midst of it');
    gone(@children);
    exact('over a reload');
}

for my $turn (1 .. 3) {
    my ($worker) = ($nginx->workers)[$turn - 1];

    ok($nginx->kill_workers('KILL', $worker), "worker $turn of 3 is killed");
    exact("after kill $turn");
    gone(crowd(1000 * $turn));
    exact("and $turn more load");
}

# All at once, with lines that wait for their file.
gone(crowd(5000));
quiet();
ok($nginx->kill_workers('KILL', $nginx->workers), 'all workers are killed');
exact('after the death of all');
ok($nginx->reload, 'reloads once more');
exact('at the end');


# ---- the other format, and the log -----------------------------------------

ok(wait_for(sub { status()->{log}{buffered} == 0 }), 'all is in the file');

{
    my $status = status();
    my ($metrics, @errors) =
        read_metrics(browser(port => $port, agent => 'status')
                     ->get('/metrics')->body);

    $watched++;
    is("@errors", '', 'prometheus: the format');
    is($metrics->{journey_events_total}{series}{'kind="page"'},
       10 * $done, 'prometheus: pages');
    is($metrics->{journey_goal_value_total}{series}
       {'goal="bought",currency="EUR"'}, decimal($eur{sum}),
       'prometheus: values');
    is($metrics->{journey_goal_value_deducted_total}{series}
       {'goal="seen",currency=""'}, decimal($none{sum}),
       'prometheus: values below 0');

    cmp_ok($status->{zone}{used}, '<=', $status->{zone}{bytes}, 'zone');

    ok($nginx->quit, 'quits');

    my @events = journey_log($nginx->log);
    my %kinds;

    $kinds{$_->{pf} ? 'prefetched' : $_->{k}}++ for @events;
    is(scalar @events, $status->{log}{lines}, 'lines: those of the file');
    is_deeply(\%kinds, $status->{events}, 'events: those of the file');
    is(scalar journey_members($nginx->log), $status->{log}{members},
       'members: those of the file');
    is(-s $nginx->log, $status->{log}{bytes}, 'bytes: those of the file');
    $nginx->calm('no alarm but the deaths', qr/exited on signal 9/);
}


# ---- values that a sum cannot take, and the zone's pages -------------------

{
    my $other = Journey::Master->new(workers => 2);
    my $at = $other->port;

    $other->configure(http => 'journey_zone own:1m;', server => <<'END');
        default_type text/html;
        journey_goal bought uri=/done value=$arg_value currency=$arg_currency;
        location / { return 200 "a page\n"; }
        location /cookieless { journey_identity cookieless; return 200 x; }
        location /status { journey_status; }
END
    ok($other->start, 'sums: starts') or diag($other->said);

    browser(port => $at)->get("/done?value=$_&currency=EUR")
        for (999999999999) x 12, '0.01';
    browser(port => $at)->get("/done?value=$_&currency=USD")
        for (-999999999999) x 12, '0.07';

    my $all = $other->status_when(sub { $_[0]{events}{goal} == 26 });
    my $text = browser(port => $at)->get('/status')->body;

    ok($text =~ /"values":\{"EUR":8999999999991\.01,"USD":-8999999999990\.93\}/,
       'sums: up to where they go') or diag($text);
    is($all->{goals}{bought}{reached}, 26, 'sums: all goals are counted');
    is($all->{ignored}{goal_sums}, 6, 'sums: what is in none is counted');

    # pages of the zone are taken as visitors come
    my $before = $other->status->{zone};

    browser(port => $at, agent => "Mozilla/5.0 (X11) Firefox/$_.0")
        ->get('/cookieless') for 1 .. 400;

    my $after = $other->status_when(
        sub { $_[0]{cookieless}{visitors} == 400 })->{zone};

    is($after->{bytes}, $before->{bytes}, 'zone: its size stays');
    cmp_ok($after->{bytes}, '>', 900_000, 'zone: nearly all of 1m');
    cmp_ok($after->{bytes}, '<', 1_048_576, 'zone: but for its own pages');

    my $taken = $after->{used} - $before->{used};
    cmp_ok($taken, '>=', 400 * 100, 'zone: visitors take pages');
    cmp_ok($taken, '<=', 400 * 300, 'zone: not too many');
    is($taken % 4096, 0, 'zone: whole ones');
    ok($other->quit, 'sums: quits');
    $other->calm('sums: no alarm');
}
