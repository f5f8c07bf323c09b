
# Copyright (C) ngx_journey_module contributors
#
# The n-th system call of the log's writer fails, for every n there is; or the
# worker is killed right there, or in the middle of a write.  Whatever it was:
# pages are answered, each is in the log once, every member can be read, and
# the numbers of journey_status are right.
#
# The module is the one with faults (FAULTS=1 scripts/build.sh module, and
# t/fault/fault.c for the rules).  Each case is a life of an nginx of its own,
# several at once: most of it is waiting.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

BEGIN {
    require Test::More;

    my $module = $ENV{TEST_NGINX_JOURNEY_MODULE};

    $module = "$FindBin::Bin/../build/ngx_http_journey_module.so"
        if !defined $module;

    Test::More::plan(skip_all => 'faults are linked into a dynamic module')
        if $module eq '';

    my $faults = $module =~ s{([^/]*)$}{faults/$1}r;

    die "$faults is missing or older than the module: "
        . "FAULTS=1 scripts/build.sh module\n"
        if !-f $faults || (stat $faults)[9] < (stat $module)[9];

    $ENV{TEST_NGINX_JOURNEY_MODULE} = $faults;
}

use File::Path ();
use File::Temp ();
use IO::Socket::UNIX;
use Journey;
use Journey::Master;
use JSON::PP ();
use List::Util qw(min sum0);
use POSIX ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $alarm = qr/^\d{4}\/\d\d\/\d\d\ \d\d:\d\d:\d\d\ \[(?:alert|emerg|crit)\]
              |runtime\ error:|(?:Address|Leak|UndefinedBehavior)Sanitizer/x;

# What a start or a reload says when the log's file cannot be looked at.
my $refused = qr/\[emerg\].*"journey_log".*cannot be written/;

my $json = JSON::PP->new->utf8->canonical;
my $at_once = 5 * (`nproc` || 2);

# A socket's name is short, the folder of tests need not be.
my $sockets = File::Temp::tempdir(CLEANUP => 1);
my $lives = 0;


# ---- a client --------------------------------------------------------------

my $headers = "Host: localhost\r\n"
              . "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) "
              . "Gecko/20100101 Firefox/132.0\r\n"
              . "Accept: text/html\r\nAccept-Language: en\r\n\r\n";

# (code, body) of an answer that is whole; else nothing.

sub get {
    my ($life, $path) = @_;
    my $until = time() + 60;
    my $answer = '';

    while (!defined $life->{connection}) {
        return if time() >= $until;

        $life->{connection} = IO::Socket::UNIX->new(Peer => $life->{socket});
        sleep 0.01 if !defined $life->{connection};
    }

    if (defined syswrite $life->{connection},
                         "GET $path HTTP/1.1\r\n$headers")
    {
        while (!whole($answer)) {
            last if !sysread $life->{connection}, $answer, 65536,
                             length $answer;
        }
    }

    if (!whole($answer)) {
        undef $life->{connection};
        return;
    }

    my ($head, $body) = split /\r\n\r\n/, $answer, 2;

    undef $life->{connection} if $head =~ /\r\nConnection: close/i;

    return $head =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0, $body;
}


sub whole {
    my ($head, $body) = split /\r\n\r\n/, $_[0], 2;

    return defined $body && $head =~ /\r\nContent-Length: (\d+)/i
           && length $body >= $1;
}


sub pages {
    my ($life, $n) = @_;

    for (1 .. $n) {
        my $path = '/p/' . ++$life->{asked};
        my ($code) = get($life, $path);

        if (!defined $code) {
            $life->{open}{$path} = 1;
            next;
        }

        $life->{answered}{$path} = 1;
        wrong($life, "$path: $code") if $code != 200;
    }
}


# The log's numbers once no line waits, or as they are after a while.

sub written {
    my $life = shift;
    my $until = time() + $life->{case}{patience};
    my $log;

    do {
        sleep 0.03;

        my (undef, $body) = get($life, '/status');
        my $status = defined $body && eval { $json->decode($body) };

        $log = $status->{log} if $status;

    } while ((!defined $log || $log->{buffered} > 0) && time() < $until);

    return $log || {};
}


# ---- a life ----------------------------------------------------------------

sub wrong {
    my ($life, @what) = @_;

    push @{$life->{wrong}}, @what;
}


sub until_true {
    my ($seconds, $what) = @_;
    my $until = time() + $seconds;

    while (time() < $until) {
        return 1 if $what->();
        sleep 0.01;
    }

    return 0;
}


sub said {
    my ($life, $pattern) = @_;
    my $log = $life->{nginx}->error_log;

    return -f $log ? grep { /$pattern/ } split /\n/, slurp($log) : ();
}


# What there is of it before it begins: the parent's, who counts folders.

sub life {
    my $case = shift;
    my $nginx = Journey::Master->new(workers => $case->{workers});
    my $log = $nginx->log;
    my $life = {
        case => $case,
        nginx => $nginx,
        socket => "$sockets/" . ++$lives,
        counts => $nginx->dir . '/counts',
        wrong => [],
        asked => 0,
        answered => {},
        open => {},
    };

    $life->{plan} = join ' ', $log, $life->{counts}, @{$case->{rules}};

    $nginx->configure(
        http => "journey_log $log buffer=64k flush=100ms;",
        servers => <<"END");
    server {
        listen unix:$life->{socket};
        server_name localhost;
        journey on;
        location / { default_type text/html; return 200 "a page\n"; }
        location = /status { journey_status; }
    }
END

    return $life;
}


sub live {
    my $life = shift;
    my ($nginx, $case) = @$life{'nginx', 'case'};

    local $ENV{JOURNEY_FAULTS} = $life->{plan};
    local $SIG{PIPE} = 'IGNORE';

    if (!$nginx->command()) {
        wrong($life, 'does not start: ' . $nginx->said)
            if $nginx->said !~ $refused;
        return;
    }

    wrong($life, 'no pid') if !until_true(60, sub { $nginx->pid });

    $_->($life) for @{$case->{phases}};

    my $pid = $nginx->pid;
    my $began = time();

    undef $life->{connection};
    kill 'QUIT', $pid;

    wrong($life, "does not quit in $case->{quit} s")
        if !until_true($case->{quit}, sub { !Journey::alive($pid) });

    $life->{quit} = time() - $began;

    judge($life);
}


# Its phases.

sub pages_written {
    my $life = shift;

    pages($life, 25);
    written($life);
}


sub renamed {
    my $life = shift;
    my $log = $life->{nginx}->log;

    if (-f $log) {
        rename $log, "$log.1" or die "rename: $!";
    }

    kill 'USR1', $life->{nginx}->pid;
    pages($life, 25);
    written($life);
}


# Without a look at every process there is, where Linux allows that.

sub workers_of {
    my $life = shift;
    my $pid = $life->{nginx}->pid;
    my $file = "/proc/$pid/task/$pid/children";

    return -f $file ? split ' ', slurp($file) : $life->{nginx}->workers;
}


sub reloaded {
    my $life = shift;
    my $nginx = $life->{nginx};
    my %old = map { $_ => 1 } workers_of($life);

    # A worker that ends does not wait for another request.
    undef $life->{connection};
    kill 'HUP', $nginx->pid;

    wrong($life, 'no reload') if !until_true(15, sub {
        my @now = workers_of($life);

        return said($life, $refused) || @now && !grep { $old{$_} } @now;
    });

    pages($life, 25);
}


# What journey_status says is what is there.

sub counted {
    my $life = shift;
    my $log = written($life);
    my ($seen) = lines_of($life);
    my $lines = sum0(values %$seen);
    my $answered = keys %{$life->{answered}};

    $life->{dropped} = $log->{dropped};

    wrong($life, 'status: ' . $json->encode($log)
                 . ", $lines lines in the files, $answered answered")
        if !defined $log->{lines}
           || $log->{lines} != $lines + $log->{buffered} + $log->{dropped}
           || $log->{lines} < $answered || $log->{lines} > $life->{asked};
}


sub pages_last { pages($_[0], 25); }


# How often each path is in the files; what is wrong with them.

sub lines_of {
    my $life = shift;
    my @files = grep { -s } glob $life->{nginx}->log . '*';
    my $torn = $life->{case}{torn};
    my (%seen, @wrong);

    for my $file (@files) {
        my $text = `exec gzip -cd < $file 2>&1`;
        my $end = 0;

        # Where nothing can be taken back, a member at the end stays torn.
        my $sound = $? == 0
                    || $torn && $text =~ s/\ngzip: [^\n]+ end of file\n\z//;

        push @wrong, "zcat $file: " . substr $text, -200 if !$sound;
        $text =~ s/[^\n]+\z// if $torn;

        for my $line (split /\n/, $text) {
            $line =~ m{^\{.*"p":"([^"]+)".*\}$} ? $seen{$1}++
            : push @wrong, "a line of $file: $line";
        }

        for my $member (journey_members($file)) {
            $end = $member->[0] + ($member->[1] || 0);
        }

        push @wrong, "$file: members end at $end of " . -s $file
            if $end != -s $file && !$torn;
    }

    return \%seen, \@wrong;
}


sub judge {
    my $life = shift;
    my $case = $life->{case};
    my ($seen, $wrong) = lines_of($life);
    my ($waits, $killed) = (0, 0);
    my @missing = grep { !$seen->{$_} } sort keys %{$life->{answered}};
    my @twice = grep { $seen->{$_} > 1 } sort keys %$seen;
    my @strange = grep { !$life->{answered}{$_} && !$life->{open}{$_} }
                       sort keys %$seen;
    my $lost = sum0(map { / (\d+) lines (?:are|could not .* they are) lost/ }
                        said($life, 'are lost$'));
    my $dropped = $case->{drops} ? $life->{dropped} : 0;

    wrong($life, @$wrong);
    wrong($life, @twice . ' lines more than once: '
                 . "@twice[0 .. min(9, $#twice)]") if @twice;
    wrong($life, "nobody asked for @strange") if @strange;
    wrong($life, @missing . " pages are not in the log, $lost said to be lost,"
                 . " $dropped dropped: @missing[0 .. min(9, $#missing)]")
        if @missing != $lost + $dropped;
    wrong($life, keys(%{$life->{open}}) . ' pages not answered')
        if keys %{$life->{open}} > ($case->{kills} ? 1 : 0);

    for my $line (said($life, $alarm)) {
        if ($line =~ /\[alert\] .*lines wait in memory(?: \(\d+: .*\))?$/) {
            $waits++;

        } elsif ($case->{kills} && $line =~ /worker process \d+ exited on signal 9/) {
            $killed++;

        } elsif ($line !~ $refused
                 && (!defined $case->{alarms} || $line !~ $case->{alarms}))
        {
            wrong($life, $line);
        }
    }

    wrong($life, "$waits alerts in a minute") if $waits > 1;
    wrong($life, "$killed workers were killed") if $killed > 1;

    $life->{lost} = $lost;
    $life->{missing} = \@missing;
    $life->{killed} = $killed;
    $life->{alerts} = $waits;
}


# ---- cases -----------------------------------------------------------------

# How often each call was made, and failed by the rules (see fault_count_t).

sub counts {
    my $file = shift;
    my @fields = -f $file ? unpack '(Z16 Q Q)*', slurp($file) : ();
    my %counts;

    while (my ($name, $calls, $fired) = splice @fields, 0, 3) {
        $counts{$name} = { calls => $calls, fired => $fired };
    }

    return \%counts;
}


# Runs them, some at once; returns of each what its life was like.

sub run_lives {
    my @lives = map {
        life({ workers => 1, rules => [], patience => 30, quit => 60,
               phases => [\&pages_written, \&renamed, \&reloaded, \&counted,
                          \&pages_last], %$_ })
    } @_;
    my @waiting = 0 .. $#lives;
    my (%running, @results);

    while (@waiting || %running) {

        while (@waiting && keys %running < $at_once) {
            my $i = shift @waiting;
            my $pid = fork();

            die "fork: $!" if !defined $pid;

            if ($pid == 0) {
                life_of_child($lives[$i]);
                POSIX::_exit(0);
            }

            $running{$pid} = $i;
        }

        my $i = delete $running{waitpid -1, 0};

        next if !defined $i;

        my $life = $lives[$i];
        my $nginx = $life->{nginx};

        $results[$i] = {
            %{$json->decode(slurp("$life->{counts}.json"))},
            counts => counts($life->{counts}),
            name => "@{$life->{case}{rules}}",
            log => $nginx->error_log,
        };

        # Hundreds of folders: those stay that have something to tell.
        File::Path::remove_tree($nginx->dir) if !@{$results[$i]{wrong}};
    }

    return @results;
}


sub life_of_child {
    my $life = shift;

    eval {
        local $SIG{ALRM} = sub { die "hangs\n" };

        alarm 60;
        live($life);
        alarm 0;
        1;

    } or wrong($life, "$@");

    kill 'KILL', grep { Journey::alive($_) } $life->{nginx}->pids;

    spew("$life->{counts}.json", $json->encode({
        map { $_ => $life->{$_} }
            qw(wrong lost dropped missing killed alerts quit asked)
    }));
}


sub fine {
    my ($result, $name) = @_;
    my @wrong = @{$result->{wrong}};

    is(scalar @wrong, 0, $name);
    diag($_) for @wrong[0 .. min(5, $#wrong)];
    diag("see $result->{log}") if @wrong;
}


# [call, about, rules of n, options …]: a case for every n, until there is no
# n-th call.  Lives differ a little, since timers do.

sub every {
    my ($usual, @series) = @_;
    my @open = map {
        my ($call, $about, $rules, %options) = @$_;

        { call => $call, about => $about, rules => $rules, n => 0,
          options => \%options, ahead => ($usual->{$call} || 0) + 1 }
    } @series;

    while (@open) {
        my (@cases, @of);

        for my $series (@open) {
            my $only = $series->{options}{only};

            for my $n ($only ? @$only
                       : $series->{n} + 1 .. $series->{n} + $series->{ahead})
            {
                $series->{n} = $n;

                push @cases, { rules => [split ' ', $series->{rules}->($n)],
                               %{$series->{options}} };
                push @of, [$series, $n];
            }

            $series->{ahead} = 3;
        }

        for my $result (run_lives(@cases)) {
            my ($series, $n) = @{shift @of};

            fine($result, "$series->{about}: $result->{name}");

            my $fired = $result->{counts}{$series->{call}}{fired} || 0;

            if ($fired >= ($series->{options}{needs} || 1)) {
                $series->{last} = $n;

                is($result->{alerts}, 1, '... and an alert says so')
                    if $series->{options}{alerts};

            } else {
                $series->{done} = 1;
            }

            if ($series->{options}{only}) {
                cmp_ok($fired, '>', 0, '... that happened');
                $series->{done} = 1;
            }
        }

        for my $series (grep { $_->{done} && !$_->{options}{only} } @open) {
            cmp_ok($series->{last} || 0, '>', 0, "$series->{about}: each of "
                   . ($series->{last} || 0) . " calls of $series->{call}");
        }

        @open = grep { !$_->{done} } @open;

        die "there is no end of calls" if grep { $_->{n} > 300 } @open;
    }
}


sub by_turns {
    my ($call, @errors) = @_;

    return sub { "$call:$_[0]=" . $errors[$_[0] % @errors] };
}


# ---- without faults --------------------------------------------------------

my ($life) = run_lives({});
my %usual = map { $_ => $life->{counts}{$_}{calls} } keys %{$life->{counts}};

fine($life, 'a life without faults');

for my $call (qw(open fstat lstat flock fcntl pread write close alloc trylock
                 deflateInit deflateReset deflate))
{
    cmp_ok($usual{$call}, '>', 0, "calls of $call are counted");
}


# ---- once ------------------------------------------------------------------

my $memory = qr/no memory to write it/;

sub fails {
    my ($call, $errors, %options) = @_;

    return [$call, 'fails', sub { "$call:$_[0]=" . $errors->[$_[0] % @$errors] },
            %options];
}

every(\%usual,
    fails('open', [qw(ENOSPC EACCES EROFS ENOENT EDQUOT EMFILE EINTR)],
          alerts => 1),
    fails('open', [qw(ELOOP EIO ENOMEM)], alerts => 1),
    fails('fstat', [qw(EIO)], alerts => 1),
    fails('lstat', [qw(ENOENT EIO EACCES)]),
    fails('flock', [qw(EWOULDBLOCK ENOLCK)]),
    fails('flock', [qw(ENOLCK EWOULDBLOCK)]),
    fails('fcntl', [qw(EAGAIN EACCES)]),
    fails('fcntl', [qw(ENOLCK)]),
    fails('pread', [qw(EIO EINTR)], alerts => 1),
    fails('write', [qw(ENOSPC EIO EDQUOT)], alerts => 1),
    fails('write', [qw(EROFS EFBIG)], alerts => 1),
    fails('write', [qw(EINTR)]),
    fails('write', ['short,1', 'short,19', 'short,-1']),
    fails('write', ['short,0']),
    fails('close', [qw(EIO EINTR)]),
    fails('alloc', [qw(ENOMEM)], alarms => $memory),
    fails('trylock', [qw(EBUSY)]),
    fails('deflateInit', [qw(ENOMEM)], alarms => $memory),
    fails('deflateReset', [qw(ENOMEM)], alerts => 1),
    fails('deflate', [qw(ENOMEM)], alerts => 1),
);


# ---- a member that is torn, and taken back or not --------------------------

# The call after a short write fails; bytes change with n.

sub torn {
    my ($about, $bytes, $more, %options) = @_;

    return ['write', $about, sub {
        my $n = shift;

        return "write:$n=short," . $bytes->[$n % @$bytes] . ' write:' . ($n + 1)
               . "=EIO $more";
    }, needs => 2, %options];
}

every(\%usual,
    torn('torn', [1, 19], '', alerts => 1),
    torn('torn', [20, -1], '', alerts => 1),
    torn('torn, and not taken back', [1, 19], 'ftruncate:1=EIO', alerts => 1),
    torn('torn, and not taken back', [20, -1], 'ftruncate:1=EIO', alerts => 1),
    torn('torn, and not taken back twice', [30], 'ftruncate:1-2=EIO',
         alerts => 1),
);


# ---- workers that die ------------------------------------------------------

sub dies {
    my ($call, $about, $actions, $more, %options) = @_;

    return [$call, "killed $about", sub {
        return "$call:$_[0]=" . $actions->[$_[0] % @$actions] . " $more";
    }, kills => 1, %options];
}

every(\%usual,
    (map { dies($_, 'before it', ['die'], '') }
         qw(open fstat lstat flock fcntl pread write close alloc trylock
            deflateInit deflateReset deflate)),
    (map { dies($_, 'after it', ['died'], '') } qw(open fcntl write)),
    dies('write', 'in it', ['die,1', 'die,20', 'die,60', 'die,-1'], ''),
    dies('write', 'in it', ['die,19', 'die,0', 'die,-8', 'die,-9'], ''),
    dies('write', 'in it, a torn end stays', ['die,50', 'die,5'],
         'ftruncate:1=EIO'),
    torn('killed as it is taken back', [50], 'ftruncate:1=die', kills => 1),
    torn('killed as it was taken back', [50], 'ftruncate:1=died', kills => 1),

    # Whether a dead worker's member is in the file cannot be seen at once.
    dies('write', 'after it, no file for the next', ['died'],
         'openat:1=EMFILE'),
    dies('write', 'after it, no files nor folder for the next', ['died'],
         'openat:1-3=EMFILE opendir:1-3=EMFILE', alarms => qr/cannot be seen/),
    (map {
        my $n = $_;

        (['pread', 'killed after a write, no read for the next', sub {
            return "write:$n=died pread:$_[0]=EIO";
        }, kills => 1],
        ['fstat', 'killed after a write, no look for the next', sub {
            return "write:$n=died fstat:$_[0]=EIO";
        }, kills => 1])
    } 1, 2),
);


# ---- to the end ------------------------------------------------------------

# From the n-th call on all of them fail, and nginx ends while they do: what
# could not be written is reported.

sub for_ever {
    my ($call, $error, %options) = @_;
    my $more = delete $options{more} || '';

    return [$call, 'for ever', sub { "$call:$_[0]-=$error $more" },
            patience => 0.2, alarms => qr/\d+ lines are lost$/, %options];
}

my @no_memory = (
    alarms => $memory, drops => 1,
    phases => [\&pages_written, \&renamed, \&reloaded, \&counted]
);

every(\%usual,
    for_ever('open', 'ENOENT'),
    for_ever('write', 'ENOSPC'),
    for_ever('fcntl', 'EAGAIN'),
    for_ever('deflate', 'ENOMEM'),
    for_ever('alloc', 'ENOMEM', @no_memory),
    for_ever('deflateInit', 'ENOMEM', @no_memory),
    for_ever('fstat', 'EIO', only => [1, 3, 6]),
    for_ever('lstat', 'EACCES', only => [1, 2, 5]),
    for_ever('fcntl', 'ENOLCK', only => [1, 4]),
    for_ever('flock', 'EWOULDBLOCK', only => [1, 3]),
    for_ever('flock', 'ENOLCK', only => [1]),
    for_ever('pread', 'EIO', only => [1]),
    for_ever('write', 'EINTR', only => [1, 3]),
    for_ever('write', 'short,0', only => [1, 3]),
    for_ever('close', 'EIO', only => [1]),
    for_ever('trylock', 'EBUSY', only => [1, 2]),
    for_ever('deflateReset', 'ENOMEM', only => [1, 3]),
    for_ever('write', 'EIO', only => [1, 2, 4], more => 'trylock:1-=EBUSY'),
    for_ever('write', 'EIO', only => [1, 3], more => 'deflateInit:3-=ENOMEM'),
    for_ever('write', 'ENOSPC', only => [1, 4], workers => 3),
    for_ever('ftruncate', 'EIO', only => [1], torn => 1,
             more => 'write:2=short,9 write:3-=EIO'),
);


# ---- for a while, and more lines than there is room for ---------------------

# The oldest lines make room, and are counted.

sub pages_many { pages($_[0], 700); }

my @for_a_while = (
    { rules => ['write:1-25=ENOSPC'] },
    { rules => ['open:1-25=EROFS'] },
    { rules => ['fcntl:1-1500=EAGAIN'] },
    { rules => ['deflate:1-25=ENOMEM'] },
);

for my $result (run_lives(map {
    { %$_, drops => 1, patience => 20,
      phases => [\&pages_many, \&counted] }
} @for_a_while)) {
    my @missing = @{$result->{missing}};

    fine($result, "for a while: $result->{name}");
    cmp_ok(scalar @missing, '>', 0, "... " . @missing . ' lines were dropped');
    is($result->{alerts}, 1, '... and an alert says so');

    my %numbers = map { m{(\d+)$} ? ($1 => 1) : () } @missing;
    my $first = (sort { $a <=> $b } keys %numbers)[0];

    is(scalar(grep { $numbers{$_} } $first .. $first + @missing - 1),
       scalar @missing, '... the oldest, one after the other');
}
