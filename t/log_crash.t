# Copyright (C) ngx_journey_module contributors
#
# Workers that die with lines waiting: whoever comes next writes these, once
# and in their order, whatever else happens at that moment; and journey_status
# counts them to the unit.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Journey;
use Journey::Master qw(load fold members_sound wait_for);
use MIME::Base64 ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $keys = slurp("$FindBin::Bin/data/test.keys");
my $died = qr/exited on signal (?:9|11)\b/;
my $server = <<'END';
        location / {
            default_type text/html;
            add_header X-Pid $pid;
            return 200 "a page\n";
        }
        location /status { journey_status; add_header X-Pid $pid; }
        location /held { root html; limit_rate 100; }
END


# A master whose lines wait until somebody ends or dies.

sub nginx {
    my ($name, %options) = @_;
    my $http = delete $options{http};
    my $nginx = Journey::Master->new(
        workers => 1, server => $server,
        http => defined $http ? $http : 'journey_log logs/journey.log '
                                        . 'flush=1h buffer=64k;', %options);

    spew("$nginx->{dir}/html/held", 'x' x 100_000);
    spew("$nginx->{dir}/conf/agents.conf", "bot tool \"curl\"\n");
    spew("$nginx->{dir}/conf/test.keys", $keys);
    ok($nginx->start, "$name: starts") or diag($nginx->said);

    return $nginx;
}


# HUP, while a response holds the one old worker; the new one, once it is the
# only one that listens.

sub reload_held {
    my ($nginx, $old) = @_;
    my @new;

    $nginx->signal('HUP');

    return wait_for(sub {
        my $is = eval { slurp("/proc/$old/cmdline") };

        @new = grep { $_ != $old } $nginx->workers;
        return @new == 1 && defined $is && $is =~ /shutting down/;
    }) ? $new[0] : undef;
}


# Asks for /what/1 … n; the pids that answered.

my %asked;

sub ask {
    my ($nginx, $what, $n, %options) = @_;
    my $browser = browser(port => $nginx->port, %options);
    my @pids;

    for (1 .. $n) {
        my $path = "/$what/" . ++$asked{"$nginx->{dir} $what"};
        push @pids, $browser->get($path)->header('X-Pid');
    }

    return @pids;
}

sub asked {
    my ($nginx, @what) = @_;

    return map { my $what = $_;
                 map { "/$what/$_" } 1 .. $asked{"$nginx->{dir} $what"} } @what;
}


# The paths of the lines of a file, as they stand there.

sub paths {
    my $file = shift;

    return [map { $_->{p} } -f $file ? journey_log($file) : ()];
}


# Waits until the file has exactly these, in this order.

sub holds {
    my ($name, $file, @want) = @_;

    wait_for(sub { @{ paths($file) } >= @want });
    is_deeply(paths($file), \@want, $name);
    members_sound($name, $file) if @want;
}


# What journey_status counts: buffered => 20, …

sub counts {
    my ($name, $nginx, %want) = @_;
    my $status = $nginx->status_when(sub {
        my $log = $_[0]{log};
        return !grep { $log->{$_} != $want{$_} } keys %want;
    });
    my %log = %{ $status->{log} };

    is_deeply({ map { $_ => $log{$_} } keys %want }, \%want,
              "$name: the status counts");
    return \%log;
}


# ---- kill -9, and a crash --------------------------------------------------

# (A sanitizer would take the crash for its own finding.)

for my $signal (qw(KILL SEGV)) {
    local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} ? "$ENV{ASAN_OPTIONS}," : '')
                               . 'handle_segv=0';
    my $nginx = nginx($signal, http => <<'END');
journey_log logs/journey.log flush=1h buffer=64k;
    journey_log_bots logs/bots.log flush=1h buffer=64k;
    journey_agents agents.conf;
END
    my $bots = "$nginx->{dir}/logs/bots.log";

    ask($nginx, 'a', 20);
    ask($nginx, 'bot', 3, agent => 'curl/8.5.0');
    ok(!-s $nginx->log && !-s $bots, "$signal: all lines wait");
    counts($signal, $nginx, lines => 23, buffered => 23, dropped => 0,
           recovered => 0, members => 0, bytes => 0, errors => 0);

    ok($nginx->kill_workers($signal, $nginx->workers),
       "$signal: another worker");

    # Without a request that would wake it.
    holds("$signal: written by the next one", $nginx->log,
          asked($nginx, 'a'));
    holds("$signal: bots, too", $bots, asked($nginx, 'bot'));
    counts($signal, $nginx, lines => 23, buffered => 0, dropped => 0,
           recovered => 23, members => 2,
           bytes => (-s $nginx->log) + (-s $bots), errors => 0);

    ask($nginx, 'b', 5);
    ok($nginx->quit, "$signal: quits");
    holds("$signal: and the next lines behind them", $nginx->log,
          asked($nginx, 'a', 'b'));
    $nginx->calm("$signal: no other alarm", $died);
}

{
    # The one who took them over dies as well, before it could write them.
    my $nginx = nginx('twice');
    my $logs = "$nginx->{dir}/logs";
    my $log = "$logs/deep/journey.log";

    mkdir "$logs/deep" or die "mkdir: $!";
    $nginx->configure(http => 'journey_log logs/deep/journey.log flush=1h '
                              . 'buffer=64k;');
    ok($nginx->reload, 'twice: reload');
    ask($nginx, 'a', 10);
    rename "$logs/deep", "$logs/gone" or die "rename: $!";

    for my $n (1, 2) {
        ok($nginx->kill_workers('KILL', $nginx->workers),
           "twice: another worker, $n");
        counts("twice, $n", $nginx, lines => 10 * $n, buffered => 10 * $n,
               dropped => 0, recovered => $n == 1 ? 10 : 30);
        ask($nginx, 'a', 10);
    }

    # At once, too: the next one may be anywhere on its way.
    $nginx->kill_workers('KILL', $nginx->workers) for 1 .. 5;

    mkdir "$logs/deep" or die "mkdir: $!";
    holds('twice: written once', $log, asked($nginx, 'a'));
    counts('twice', $nginx, lines => 30, buffered => 0, dropped => 0);
    ok($nginx->quit, 'twice: quits');
    is(scalar @{ paths($log) }, 30, 'twice: nor again at the end');
    $nginx->calm('twice: no other alarm', qr/$died|journey log "/);
}


# ---- while a worker shuts down ---------------------------------------------

{
    my $nginx = nginx('shutting down');
    my ($old) = $nginx->workers;
    my $held = $nginx->held('/held');

    ask($nginx, 'a', 5);
    my $new = reload_held($nginx, $old);
    ok(defined $new, 'shutting down: both workers');
    is_deeply([ask($nginx, 'b', 2)], [$new, $new],
              'shutting down: the new one answers');

    my @waiting = asked($nginx, 'a', 'b');
    counts('shutting down', $nginx, lines => 7, buffered => 7);
    ok($nginx->kill_workers('KILL', $old), 'shutting down: the old one dies');
    ok(!-s $nginx->log, 'shutting down: all lines wait');

    ok($nginx->reload, 'shutting down: reload');
    ok(wait_for(sub { @{ paths($nginx->log) } >= @waiting }),
       'shutting down: written');
    is_deeply([sort @{ paths($nginx->log) }], [sort @waiting],
              'shutting down: each line once');
    counts('shutting down', $nginx, lines => 7, buffered => 0,
           recovered => 5);
    ok($nginx->quit, 'shutting down: quits');
    $nginx->calm('shutting down: no other alarm', $died);
}


# ---- after a reload that changed the log -----------------------------------

# The new configuration knows nothing of the old lines but that they are there:
# its workers write them, to where they belong.

{
    my $port = $ENV{TEST_NGINX_PORT};
    my %new = (
        'another buffer' => 'journey_log logs/journey.log flush=1h '
                            . 'buffer=128k;',
        'another path' => 'journey_log logs/other.log flush=1h buffer=64k;',
        'no log' => 'journey_log off;',
        'no journey' => 'journey off;',
    );
    my @masters;

    for my $name (sort keys %new) {
        my $nginx = nginx($name, port => $port++);
        my ($old) = $nginx->workers;
        my $held = $nginx->held('/held');

        push @masters, [$name, $nginx, $held];
        ask($nginx, 'a', 5);

        my $was = $server;
        $was =~ s/journey_status;/return 200 x;/ if $name eq 'no journey';
        $nginx->configure(http => $new{$name}, $name ne 'no journey' ? ()
                          : (servers => <<"END"));
    server {
        listen 127.0.0.1:$nginx->{port};
$was
    }
END
        my $new = reload_held($nginx, $old);
        ok(defined $new, "$name: both workers");
        is_deeply([ask($nginx, 'b', 2)], [$new, $new],
                  "$name: the new one answers");
        $nginx->{lines} = $name =~ /no/ && $name !~ /another/ ? 5 : 7;
        ok($nginx->kill_workers('KILL', $old), "$name: the old one dies");
    }

    for (@masters) {
        my ($name, $nginx) = @$_;
        my $other = "$nginx->{dir}/logs/other.log";
        my $lines = $nginx->{lines};

        # Within the 5 s of a log that is kept.
        holds("$name: the old lines are written, to their own path",
              $nginx->log, asked($nginx, 'a'));

        if ($name ne 'no journey') {
            counts($name, $nginx, lines => $lines, recovered => 5,
                   dropped => 0, buffered => $lines - 5);

            # Nobody needs the old segment any more: its counts stay.
            for my $n (1, 2) {
                ok($nginx->reload, "$name: reload $n");
                counts("$name, reload $n", $nginx, lines => $lines,
                       buffered => 0, dropped => 0, recovered => 5,
                       bytes => (-s $nginx->log) + (-s $other || 0));
            }

            # And back: the first log's path and buffer.
            $nginx->configure(http => 'journey_log logs/journey.log flush=1h '
                                      . 'buffer=64k;');
            ok($nginx->reload, "$name: and back");
            ask($nginx, 'c', 2);
            counts("$name, and back", $nginx, lines => $lines + 2,
                   buffered => 2, dropped => 0);
            $lines += 2;
        }

        ok($nginx->quit, "$name: quits");

        my %once;
        $once{$_}++ for @{ paths($nginx->log) }, @{ paths($other) };
        is(scalar(grep { $_ > 1 } values %once), 0, "$name: no line twice");
        is(scalar keys %once, $lines, "$name: all are there");
        $nginx->calm("$name: no other alarm", $died);
    }
}


# ---- nobody is left --------------------------------------------------------

# All die while the master cannot take notice; then it is told to go.

for my $signal (qw(QUIT TERM)) {
    my $nobody = $> == 0 && defined getpwnam 'nobody';
    my ($uid, $gid) = $nobody ? (getpwnam 'nobody')[2, 3] : ($>, $) + 0);
    my $user = $nobody ? 'nobody ' . getgrgid $gid : undef;
    my $nginx = Journey::Master->new(
        workers => 3, server => $server, defined $user ? (user => $user) : (),
        http => 'journey_log open/journey.log flush=1h buffer=64k;');
    my $file = "$nginx->{dir}/open/journey.log";

    mkdir "$nginx->{dir}/open" or die "mkdir: $!";
    chown $uid, $gid, "$nginx->{dir}/open";
    chmod 0700, "$nginx->{dir}/open";
    ok($nginx->start, "all and $signal: starts") or diag($nginx->said);
    ask($nginx, 'a', 30);

    my @pids = ($nginx->pid, $nginx->workers);
    kill 'STOP', $pids[0];
    kill 'KILL', @pids[1 .. 3];
    kill $signal, $pids[0];
    kill 'CONT', $pids[0];

    ok(wait_for(sub { !grep { Journey::alive($_) } @pids }),
       "all and $signal: all are gone");
    is_deeply([sort @{ paths($file) }], [sort(asked($nginx, 'a'))],
              "all and $signal: the master has written the lines, once");
    members_sound("all and $signal", $file);

    my @st = stat $file;
    is($st[4], $uid, "all and $signal: the file is the workers' user's");
    is($st[5], $gid, "all and $signal: and group's");
    is(sprintf('%04o', $st[2] & 07777), '0640', "all and $signal: mode 0640");
    $nginx->calm("all and $signal: no other alarm", $died);
}

{
    # Where even the master cannot: said, with their number.
    my $nginx = nginx('lost');
    my ($master, @workers) = ($nginx->pid, $nginx->workers);

    ask($nginx, 'a', 7);
    symlink 'elsewhere', $nginx->log or die "symlink: $!";
    kill 'STOP', $master;
    kill 'KILL', @workers;
    kill 'QUIT', $master;
    kill 'CONT', $master;
    ok(wait_for(sub { !Journey::alive($master) }), 'lost: the master ends');
    like(slurp($nginx->error_log), qr/\[alert\] .*journey\.log": 7 lines are lost/,
         'lost: as many as were');
    ok(!-e "$nginx->{dir}/logs/elsewhere", 'lost: not behind a link');
}


# ---- without a master ------------------------------------------------------

{
    # The one worker that lives has to look by itself.
    my $nginx = nginx('no master', workers => 2, http =>
                      'journey_log logs/journey.log flush=2s buffer=64k;');
    my ($master, @workers) = ($nginx->pid, $nginx->workers);
    my %of;

    ok(wait_for(sub {
        my ($pid) = ask($nginx, 'a', 1);
        $of{$pid}++;
        return keys %of == 2 && $of{$pid} >= 3;
    }, 1.5) || keys %of, 'no master: lines');

    my ($dead) = sort { $of{$b} <=> $of{$a} } keys %of;
    my ($alive) = grep { $_ != $dead } @workers;

    kill 'KILL', $master;
    ok(wait_for(sub { !Journey::alive($master) }), 'no master: it is dead');
    ok($nginx->kill_workers('KILL', $dead), 'no master: a worker is, too');

    ok(wait_for(sub { (ask($nginx, 'b', 1))[0] == $alive }),
       'no master: the other worker serves');
    my @want = (asked($nginx, 'a'), asked($nginx, 'b'));
    ok(wait_for(sub { @{ paths($nginx->log) } >= @want }),
       'no master: it writes the lines of the dead one');
    is_deeply([sort @{ paths($nginx->log) }], [sort @want],
              'no master: each once');
    counts('no master', $nginx, lines => scalar @want, buffered => 0);
    kill 'QUIT', $alive;
    ok(wait_for(sub { !Journey::alive($alive) }), 'no master: the other ends');
    is(scalar @{ paths($nginx->log) }, scalar @want, 'no master: and no more');
}

{
    # One process that is all.  (After a HUP, it accepts no connection: nginx's
    # own limit.  That which is open serves on, with its configuration.)
    my $nginx = nginx('one process', master => 'off', level => 'crit');
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $nginx->port, Timeout => 60)
                 or die "connect: $@";
    my $get = sub {
        my $answer = '';

        syswrite $socket, "GET $_[0] HTTP/1.1\r\nHost: localhost\r\n"
                          . "Accept: text/html\r\nAccept-Language: en\r\n"
                          . "User-Agent: Mozilla/5.0 (X11; rv:132.0) "
                          . "Gecko/20100101 Firefox/132.0\r\n\r\n";

        while ($answer !~ /\r\n\r\n/ || !Journey::Master::whole($answer)) {
            sysread $socket, $answer, 65536, length $answer or last;
        }

        return (split /\r\n\r\n/, $answer, 2)[1];
    };
    my @want = map { "/a/$_" } 1 .. 12;
    my $n = 0;

    for my $buffer (qw(128k 64k 96k)) {
        $get->($want[$n++]) for 1 .. 4;
        is(Journey::decode($get->('/status'))->{log}{buffered}, $n,
           "one process: $n lines wait");
        $nginx->configure(http => 'journey_log logs/journey.log flush=1h '
                                  . "buffer=$buffer;");
        $nginx->signal('HUP');
        sleep 0.3;
    }

    ok($nginx->quit, 'one process: quits');
    holds('one process: each line once', $nginx->log, @want);
    $nginx->calm('one process: no alarm');
}


# ---- more workers than slots -----------------------------------------------

{
    my $nginx = nginx('34 workers', workers => 34);
    my $port = $nginx->port;
    my %of;

    # Its own socket for each: all get some connections.
    $nginx->configure(servers => <<"END");
    server {
        listen 127.0.0.1:$port reuseport;
        journey on;
$server
    }
END
    ok($nginx->quit, '34 workers: stops');
    ok($nginx->start, '34 workers: starts with sockets of their own');
    counts('34 workers', $nginx, unslotted => 2, lines => 0);

    $of{$_}++ for ask($nginx, 'a', 400);

    my @own = map { split /\n/ }
              grep { /lines wait in this worker's own memory/ }
              split /^/, slurp($nginx->error_log);
    my @poor = grep { $of{$_} } map { /\] (\d+)#/ } @own[-2, -1];

    cmp_ok(scalar @poor, '>=', 1, '34 workers: one without a slot has lines');
    counts('34 workers', $nginx, lines => 400, buffered => 400, dropped => 0,
           members => 0);

    # Those who died leave slots, which those that come next take.
    my ($rich) = grep { my $pid = $_; !grep { $_ == $pid } @poor } keys %of;
    ok($nginx->kill_workers('KILL', $rich), '34 workers: one with a slot dies');
    counts('34 workers', $nginx, lines => 400, buffered => 400 - $of{$rich},
           dropped => 0, recovered => $of{$rich});

    ok($nginx->quit, '34 workers: quits');
    is_deeply([sort @{ paths($nginx->log) }], [sort(asked($nginx, 'a'))],
              '34 workers: nothing is lost');
    members_sound('34 workers', $nginx->log);
    $nginx->calm('34 workers: no other alarm', $died);
}


# ---- other numbers of workers ----------------------------------------------

{
    my $nginx = nginx('1, 4, 2 workers');
    my $n = 0;

    for my $workers (1, 4, 2) {
        if ($workers > 1) {

            # They die, and the master hears of both at once.
            my ($master, @old) = ($nginx->pid, $nginx->workers);

            $nginx->configure(workers => $workers);
            kill 'STOP', $master;
            kill 'KILL', @old;
            wait_for(sub { !grep { Journey::alive($_) } @old });
            kill 'HUP', $master;
            kill 'CONT', $master;

            # Those who came for the dead go at once, for those of the reload.
            ok(wait_for(sub {
                my ($since) = slurp($nginx->error_log)
                              =~ /.*#\d+: reconfiguring(.*)/s or return 0;
                my @new = $since =~ /start worker process (\d+)/g;

                return @new == $workers
                       && join(' ', sort { $a <=> $b } $nginx->workers)
                          eq join(' ', sort { $a <=> $b } @new);
            }, 15), "$workers workers: there");
            counts("$workers workers", $nginx, lines => $n, buffered => 0,
                   recovered => $n, dropped => 0);
        }

        ask($nginx, 'a', 20);
        $n += 20;
        counts("$workers workers", $nginx, lines => $n, buffered => 20,
               dropped => 0);
    }

    ok($nginx->quit, '1, 4, 2 workers: quits');
    is_deeply([sort @{ paths($nginx->log) }], [sort(asked($nginx, 'a'))],
              '1, 4, 2 workers: each line once');
    members_sound('1, 4, 2 workers', $nginx->log);
    $nginx->calm('1, 4, 2 workers: no other alarm', $died);
}




# ---- another binary --------------------------------------------------------

# Workers of both masters die; the old master goes.  All the time visitors come
# who have no cookie: each gets an id that nobody else has.

{
    my $nginx = nginx('USR2', workers => 2, http => <<'END');
journey_log logs/journey.log flush=1h buffer=64k;
    journey_secret test.keys;
END
    my $old = $nginx->pid;
    my (%answered, %open);

    my $visit = sub {
        my ($done, $cut) = load(port => $nginx->port, clients => 2,
                                requests => 400, path => "/$_[0]");
        %answered = (%answered, %$done);
        %open = (%open, %$cut);
    };

    $visit->('before');
    ok($nginx->reload, 'USR2: a reload before');
    $visit->('reloaded');

    my @old = $nginx->workers;
    $nginx->signal('USR2');
    ok(wait_for(sub {
        my $pid = $nginx->pid;
        return defined $pid && $pid != $old && $nginx->pid('.oldbin')
               && $nginx->workers == 2;
    }), 'USR2: both masters');

    # Idle: a page is logged after its answer, and before its client's end.
    my $said = -s $nginx->error_log;
    $visit->('both');
    ok(wait_for(sub {
        2 == (() = substr(slurp($nginx->error_log), $said)
                   =~ /closed keepalive connection/g);
    }), 'USR2: all is logged');

    my @new = $nginx->workers;
    kill 'KILL', @old, @new;
    ok(wait_for(sub {
        my %now = map { $_ => 1 } $nginx->workers, $nginx->workers($old);
        return keys %now == 4 && !grep { $now{$_} } @old, @new;
    }), 'USR2: other workers of both');
    $visit->('killed');

    my @gone = ($old, $nginx->workers($old));
    kill 'QUIT', $old;
    ok(wait_for(sub { !grep { Journey::alive($_) } @gone }),
       'USR2: the old master goes');
    $visit->('alone');

    my $status = browser(port => $nginx->port)->get('/status')->body;
    ok($nginx->quit, 'USR2: quits');
    is(scalar keys %open, 0, 'USR2: every page was answered');
    fold('USR2', \%answered, \%open, $nginx->log);
    members_sound('USR2', $nginx->log);
    $nginx->calm('USR2: no other alarm', $died);

    my %ids = map { $_->{v} => 1 } journey_log($nginx->log);
    is(scalar keys %ids, scalar keys %answered, 'USR2: no id comes twice');

    # Each file that was written, and what the status tells.
    my %texts = (status => $status,
                 map { $_ => /journey\.log$/ ? journey_log_raw($_) : slurp($_) }
                     grep { -f } glob "$nginx->{dir}/logs/*");
    my @found;

    cmp_ok(scalar keys %texts, '>=', 3, 'keys: texts to look into');

    for my $key ($keys =~ /^([0-9a-f]{32})\b/mg) {
        my $bytes = pack 'H*', $key;
        my $base64 = MIME::Base64::encode_base64($bytes, '');

        for my $form ($key, uc $key, $bytes, $base64 =~ s/=+$//r,
                      $base64 =~ tr{+/}{-_}r =~ s/=+$//r)
        {
            push @found, grep { index($texts{$_}, $form) >= 0 } keys %texts;
        }
    }

    is("@found", '', 'keys: in no log and no status');
}


# ---- what a core dump holds ------------------------------------------------

{
    my $nginx = nginx('dumps', http => <<'END');
journey_log logs/journey.log flush=1h buffer=64k;
    journey_log_bots logs/bots.log flush=1h buffer=128k;
END
    ok($nginx->reload, 'dumps: reload');
    $nginx->configure(workers => 2);
    ok($nginx->reload, 'dumps: another worker');

    # The zone, and a segment of 32 slots for each log.
    for my $pid ($nginx->pid, $nginx->workers) {
        my %shared;

        for (split /^(?=[0-9a-f]+-[0-9a-f]+ )/m, slurp("/proc/$pid/smaps")) {
            next if !m{^\S+ \S+s .*/dev/zero};

            my ($size) = /^Size:\s+(\d+) kB/m;
            my ($flags) = /^VmFlags:(.*)/m;
            $shared{$size} = $flags if $size >= 1024;
        }

        cmp_ok(scalar keys %shared, '>=', 3, 'dumps: three zones');
        is(scalar(grep { !/\bdd\b/ } values %shared), 0,
           'dumps: they stay out of them');
    }

    ok($nginx->quit, 'dumps: quits');
}
