# Copyright (C) ngx_journey_module contributors
#
# Nothing of the journey log is lost and nothing is there twice, whatever
# signals come while pages are served: each path is asked for once, each that
# was answered has one line.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Journey;
use Journey::Clock qw(now quick);
use Journey::Master qw(load_start load_stop load_wait fold members_sound);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $seconds = 3;


# A load of three clients on two workers; what happens meanwhile.

sub under_load {
    my ($nginx, $what, %options) = @_;
    my $for = delete $options{seconds} || $seconds;
    my $load = load_start(port => $nginx->port, clients => 3, seconds => 300,
                          pause => 0.001, %options);
    my $began = now();

    sleep 0.4;
    $what->();
    sleep $for - (now() - $began) if now() - $began < $for;

    return load_stop($load);
}


sub enough {
    my ($name, $answered, $n) = @_;

    cmp_ok(scalar keys %$answered, '>=', $n || 1000, "$name: enough pages");
}


sub sound {
    my ($name, @files) = @_;

    for my $file (@files) {
        cmp_ok(members_sound($name, $file), '>=', 1, "$name: members");
    }
}


# Lines that were dropped, once they are so many.

sub waiting {
    my ($nginx, $n) = @_;

    return $nginx->status_when(sub { $_[0]{log}{buffered} == $n })
                 ->{log}{buffered};
}


# ---- a rename, with USR1 and without ---------------------------------------

for my $signal ('USR1', undef) {
    my $name = defined $signal ? 'rename and USR1' : 'rename alone';
    my $nginx = Journey::Master->new();
    my $log = $nginx->log;

    ok($nginx->start, "$name: starts") or diag($nginx->said);

    my ($answered, $open) = under_load($nginx, sub {
        for my $n (1 .. 4) {
            rename $log, "$log.$n" or fail("$name: rename: $!");
            $nginx->signal($signal) if defined $signal;
            sleep 0.5;
        }
    });

    enough($name, $answered);
    is(scalar keys %$open, 0, "$name: every page was answered");
    sleep 0.5;

    # All is in the files while nginx still runs, and the old ones are final.
    my @files = ($log, map { "$log.$_" } 1 .. 4);

    fold($name, $answered, $open, @files);
    sound($name, @files);

    my @held = grep { /journey\.log\.\d/ }
               map { $nginx->open_files($_, qr/journey\.log/) }
               $nginx->workers;
    is(scalar @held, 0, "$name: no worker has an old file open");

    # An idle log goes its way, too: without a line no new file is made.
    rename $log, "$log.5" or fail("rename: $!");
    $nginx->signal($signal) if defined $signal;
    sleep 0.4;
    ok(!-e $log, "$name: no line, no file");
    @held = map { $nginx->open_files($_, qr/journey\.log/) } $nginx->workers;
    is(scalar @held, 0, "$name: an idle worker lets go");

    browser(port => $nginx->port)->get('/last');
    my @events = $nginx->events(1);
    is_deeply([map { $_->{p} } @events], ['/last'], "$name: a new file");

    ok($nginx->quit, "$name: quits");
    fold("$name, at the end", $answered, $open, @files[1 .. 4], "$log.5");
    $nginx->calm("$name: no alarm");
}


# ---- a file that is taken away ---------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1);
    my $anna;

    ok($nginx->start, 'unlink: starts') or diag($nginx->said);
    $anna = browser(port => $nginx->port);
    $anna->get('/before');
    is(scalar $nginx->events(1), 1, 'unlink: before');
    unlink $nginx->log or fail("unlink: $!");
    $anna->get('/after');
    is_deeply([map { $_->{p} } $nginx->events(1)], ['/after'],
              'unlink: a new file');

    # Another file in its place, an empty one of logrotate's "create".
    rename $nginx->log, $nginx->log . '.1' or fail("rename: $!");
    spew($nginx->log, '');
    $anna->get('/created');
    is_deeply([map { $_->{p} } $nginx->events(1)], ['/created'],
              'create: the new file is written to');
    is(scalar journey_log($nginx->log . '.1'), 1, 'create: the old is not');
    ok($nginx->quit, 'unlink: quits');
    $nginx->calm('unlink: no alarm');
}

{
    # What turned into a link or a pipe while nginx runs is not written to,
    # and holds nobody up.
    my $nginx = Journey::Master->new(workers => 1, server => <<'END');
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END
    my $log = $nginx->log;

    ok($nginx->start, 'link: starts') or diag($nginx->said);

    my $anna = browser(port => $nginx->port);

    symlink "$nginx->{dir}/elsewhere", $log or fail("symlink: $!");
    $anna->get('/link');
    sleep 0.4;
    ok(!-e "$nginx->{dir}/elsewhere", 'link: not followed');
    is(waiting($nginx, 1), 1, 'link: the line waits');

    # in its place at once: a worker would make the file anew
    POSIX::mkfifo("$log-pipe", 0666) or fail("mkfifo: $!");
    rename "$log-pipe", $log or fail("rename: $!");
    $anna->get('/pipe');
    sleep 0.4;

    my @beside;

    quick(2, 'pipe: at once', sub {
        push @beside, '/beside';
        is($anna->get('/beside')->status, 200, 'pipe: pages go on');
    });

    sleep 0.4;
    is(waiting($nginx, 2 + @beside), 2 + @beside, 'pipe: the lines wait');
    unlink $log;

    $anna->get('/free');
    is_deeply([map { $_->{p} } $nginx->events(3 + @beside)],
              ['/link', '/pipe', @beside, '/free'],
              'pipe: gone, nothing is lost');
    ok($nginx->quit, 'pipe: quits');
    $nginx->calm('link and pipe: no other alarm', qr/journey log "/);
}


# ---- reloads ---------------------------------------------------------------

{
    my $nginx = Journey::Master->new(server => <<'END');
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END
    ok($nginx->start, 'HUP: starts') or diag($nginx->said);

    my %workers = map { $_ => 1 } $nginx->workers;
    my $master = $nginx->pid;

    my ($answered, $open) = under_load($nginx, sub {
        for my $n (1 .. 5) {
            # Each with other buffers: the log is another object each time.
            $nginx->configure(http => 'journey_log logs/journey.log '
                                      . 'flush=' . (100 + 10 * $n) . "ms;");
            ok($nginx->reload, "HUP $n: other workers");
        }
    }, seconds => 5);

    is($nginx->pid, $master, 'HUP: the master stays');
    is(scalar(grep { $workers{$_} } $nginx->workers), 0,
       'HUP: no worker of the first');
    enough('HUP', $answered);

    sleep 0.3;
    my $status = $nginx->status;
    is($status->{log}{dropped}, 0, 'HUP: nothing dropped');

    ok($nginx->quit, 'HUP: quits');
    my @events = journey_log($nginx->log);
    fold('HUP', $answered, $open, $nginx->log);
    sound('HUP', $nginx->log);
    is($status->{log}{lines}, scalar @events, 'HUP: counted over reloads');
    $nginx->calm('HUP: no alarm');
}

{
    # A long flush: lines that wait when their worker is told to go.
    my $nginx = Journey::Master->new(
        http => 'journey_log logs/journey.log flush=1h buffer=16m;');

    ok($nginx->start, 'HUP with full hands: starts') or diag($nginx->said);

    my ($answered, $open) = under_load($nginx, sub {
        ok($nginx->reload, 'HUP with full hands') for 1 .. 2;
    });

    enough('HUP with full hands', $answered);

    my @early = journey_log($nginx->log);
    cmp_ok(scalar @early, '<', scalar keys %$answered,
           'HUP with full hands: the last workers still hold theirs');
    cmp_ok(scalar @early, '>', 0,
           'HUP with full hands: the first ones wrote at their exit');
    ok($nginx->quit, 'HUP with full hands: quits');
    fold('HUP with full hands', $answered, $open, $nginx->log);
    sound('HUP with full hands', $nginx->log);
    $nginx->calm('HUP with full hands: no alarm');
}

{
    # One process, no master: the old configuration's lines are its own.
    # (nginx closes its old error_log at once, and old connections still write
    # to that descriptor, which may be the journey log's by then: only crit.)
    my $nginx = Journey::Master->new(
        master => 'off', workers => 1, level => 'crit',
        http => 'journey_log logs/journey.log flush=1h;');

    ok($nginx->start, 'one process: starts') or diag($nginx->said);

    my ($answered, $open) = under_load($nginx, sub {
        for my $n (1 .. 3) {
            $nginx->signal('HUP');
            sleep 0.6;
        }

        sleep 0.4;
    });

    enough('one process', $answered);
    ok($nginx->quit, 'one process: quits');
    fold('one process', $answered, $open, $nginx->log);
    sound('one process', $nginx->log);
    $nginx->calm('one process: no alarm');
}


# ---- the end ---------------------------------------------------------------

# TERM is nginx's fast exit: connections are cut off, but what was answered
# has been logged by then, and is written as with QUIT.

for my $signal (qw(QUIT TERM INT)) {
    my $nginx = Journey::Master->new(
        http => 'journey_log logs/journey.log flush=1h;');

    ok($nginx->start, "$signal: starts") or diag($nginx->said);

    my ($answered, $open) = under_load($nginx, sub {
        sleep 1;
        ok($nginx->stop($signal), "$signal: all processes go");
    }, once => 1);

    enough($signal, $answered, 500);
    fold($signal, $answered, $open, $nginx->log);
    sound($signal, $nginx->log);
    $nginx->calm("$signal: no alarm");
}


# ---- another binary --------------------------------------------------------

{
    my $nginx = Journey::Master->new();

    ok($nginx->start, 'USR2: starts') or diag($nginx->said);

    my $old = $nginx->pid;
    my @old = ($old, $nginx->workers);
    my $new;

    my ($answered, $open) = under_load($nginx, sub {
        $nginx->signal('USR2');

        my $until = time() + 60;

        while (time() < $until) {
            $new = $nginx->pid;
            last if defined $new && $new != $old
                    && $nginx->pid('.oldbin') && $nginx->workers == 2;
            sleep 0.05;
        }

        isnt($new, $old, 'USR2: another master');
        is(scalar $nginx->workers($old), 2, 'USR2: the old workers serve on');

        # Both write to one file for a while.
        sleep 0.5;
        ok(kill('QUIT', $old), 'USR2: QUIT to the old master');

        $until = time() + 60;
        sleep 0.05 while time() < $until && grep { Journey::alive($_) } @old;

        is(scalar(grep { Journey::alive($_) } @old), 0,
           'USR2: the old ones are gone');
        is(scalar $nginx->workers, 2, 'USR2: the new workers');
    }, seconds => 5);

    enough('USR2', $answered);
    ok($nginx->quit, 'USR2: quits');
    fold('USR2', $answered, $open, $nginx->log);
    sound('USR2', $nginx->log);
    $nginx->calm('USR2: no alarm');
}


# ---- clients that go, and requests that are none ---------------------------

{
    my $nginx = Journey::Master->new();
    my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 512,
                                       Proto => 'tcp') or die "listen: $@";
    my $deaf = $silent->sockport;

    $nginx->configure(server => <<"END");
        client_header_buffer_size 1k;
        large_client_header_buffers 2 4k;
        location / { default_type text/html; return 200 "a page\\n"; }
        location /slow { proxy_pass http://127.0.0.1:$deaf; }
        location /big { default_type text/html; root html; }
        location /file { default_type text/html; root html; }
        location /drop { return 444; }
        location /status { journey_status; }
END
    mkdir "$nginx->{dir}/html/$_" for qw(big file);
    spew("$nginx->{dir}/html/big/page.html", 'x' x 8_000_000);
    spew("$nginx->{dir}/html/file/page.html", 'a page');

    ok($nginx->start, 'floods: starts') or diag($nginx->said);

    my $headers = "Host: localhost\r\nUser-Agent: Mozilla/5.0 (X11; "
                  . "rv:132.0) Gecko/20100101 Firefox/132.0\r\n"
                  . "Accept: text/html\r\nAccept-Language: en\r\n";
    my $long = 'x' x 6000;
    my %floods = (
        499 => "GET /slow/N HTTP/1.1\r\n$headers\r\n",
        400 => "GET / HTTP/1.1\r\nBad Header\x01\r\n\r\n",
        'garbage' => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        'no host' => "GET /N HTTP/1.1\r\n\r\n",
        405 => "POST /file/page.html HTTP/1.1\r\n$headers"
               . "Content-Length: 0\r\n\r\n",
        414 => "GET /$long HTTP/1.1\r\n$headers\r\n",
        431 => "GET /N HTTP/1.1\r\n${headers}X-Long: $long\r\n\r\n",
        444 => "GET /drop/N HTTP/1.1\r\n$headers\r\n",
        'cut off' => "GET /N HTTP/1.1\r\nHost: loc",
    );

    # Half of them reset the connection, half close it.
    my $flood = sub {
        my ($text, $times, $wait) = @_;
        my @answers;

        local $SIG{PIPE} = 'IGNORE';
        local $SIG{ALRM} = sub { die "no answer\n" };

        for my $n (1 .. $times) {
            my $socket = IO::Socket::INET->new(
                PeerAddr => '127.0.0.1', PeerPort => $nginx->port,
                Proto => 'tcp', Timeout => 60) or next;
            (my $request = $text) =~ s/N /$n /;

            syswrite $socket, $request;

            if ($wait) {
                my $data = '';
                alarm 60;
                eval { while (sysread $socket, $data, 65536, length $data) {} };
                alarm 0;
                push @answers, $data =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'none';

            } else {
                sleep 0.001;
                setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
                    if $n % 2;
            }

            close $socket;
        }

        return @answers;
    };

    # What is answered how, first.
    my %status = (400 => 400, 'no host' => 400, 405 => 405, 414 => 414,
                  431 => 400, garbage => 400, 444 => 'none');

    for my $kind (sort keys %status) {
        my $text = $floods{$kind};
        $text .= "\r\n\r\n" if $kind eq 'garbage';
        $text =~ s/\r\n\r\n$/\r\nConnection: close\r\n\r\n/;

        is_deeply([$flood->($text, 3, 1)], [($status{$kind}) x 3],
                  "floods: $kind answers $status{$kind}");
    }

    my $load = load_start(port => $nginx->port, clients => 2, seconds => 4,
                          pause => 0.001);

    $flood->($floods{$_}, 150) for sort keys %floods;

    my ($answered, $open) = load_wait($load);

    # Pages whose body was not waited for: one line at most.
    my $text = "GET /big/page.html HTTP/1.1\r\n$headers\r\n";
    $flood->($text, 40);

    sleep 0.5;
    is(browser(port => $nginx->port)->get('/alive')->status, 200,
       'floods: it lives');

    ok($nginx->quit, 'floods: quits');

    my (@rest, %count);

    for my $event (journey_log($nginx->log)) {
        if ($event->{p} =~ m{^/p/}) {
            $count{$event->{p}}++;
        } else {
            push @rest, $event->{p};
        }
    }

    enough('floods', $answered, 500);
    is(scalar(grep { ($count{$_} || 0) != 1 } keys %$answered), 0,
       'floods: every page beside them has one line');
    is(scalar(grep { $_ ne '/alive' && $_ ne '/big/page.html' } @rest), 0,
       'floods: no event of what was never answered or no page')
        or diag(join ' ', @rest[0 .. ($#rest < 19 ? $#rest : 19)]);
    cmp_ok(scalar(grep { $_ eq '/big/page.html' } @rest), '<=', 40,
           'floods: at most one of a page that was cut off');
    sound('floods', $nginx->log);
    $nginx->calm('floods: no alarm');
}
