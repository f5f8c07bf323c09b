package Journey::Master;

# Copyright (C) ngx_journey_module contributors
#
# An nginx with a master of its own, for tests of signals, of users and of
# refused starts: Test::Nginx has no say in when it begins, reloads and ends.
#
#     my $nginx = Journey::Master->new(http => …, server => …);
#     $nginx->start();
#     my @answered = load(port => $nginx->port, …);
#     $nginx->quit();
#     $nginx->calm('no alarms');
#
# The log's name is $nginx->log, the folder $nginx->dir (its prefix).

use strict;
use warnings;

use Errno ();
use File::Path ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

use Test::More ();
use Journey ();
use Journey::Clock qw(now);

use base 'Exporter';

our @EXPORT_OK = qw(load load_start load_stop load_wait
                    fold members_sound wait_for);

my $alarm = qr/^\d{4}\/\d\d\/\d\d\ \d\d:\d\d:\d\d\ \[(?:alert|emerg|crit)\]
              |runtime\ error:|(?:Address|Leak|UndefinedBehavior)Sanitizer/x;

my $number = 0;
my %masters;

# The whole name, since a binary upgrade does not look into PATH.
my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

if ($binary !~ m{/}) {
    ($binary) = grep { -x } map { "$_/$binary" }
                split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin';
    die "nginx is missing" if !defined $binary;
}


# What a failed test leaves behind ends here, by its id.

END {
    local ($?, $!, $@);

    for my $self (values %masters) {
        kill 'KILL', grep { Journey::alive($_) } $self->pids, $self->orphans;
    }
}


# new(main => …, http => …, server => …, servers => …, workers => 2,
#     user => 'root', master => 'on', port => …): server's text stands in one
# server with "journey on" unless there is a servers' text.

sub new {
    my ($class, %options) = @_;

    my $dir = $Journey::ServRoot . '/m' . ++$number;
    my $self = bless {
        dir     => $dir,
        port    => $ENV{TEST_NGINX_PORT} + ($number % 2),
        workers => 2,
        user    => 'root',
        master  => 'on',
        level   => 'info',
        %options,
    }, $class;

    File::Path::make_path("$dir/conf", "$dir/logs", "$dir/html", "$dir/tmp");
    chmod 0755, $dir;
    $self->configure();

    return $self;
}


sub dir { return $_[0]{dir}; }

sub port { return $_[0]{port}; }

sub log { return "$_[0]{dir}/logs/journey.log"; }

sub error_log { return "$_[0]{dir}/logs/error.log"; }


# Writes nginx.conf anew; options replace those of before.

sub configure {
    my ($self, %options) = @_;

    $self->{$_} = $options{$_} for keys %options;

    my $dir = $self->{dir};
    my $load = join "\n", map { "load_module $_;" }
               split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
    my $temp = join "\n    ", map { "${_}_temp_path $dir/tmp/$_;" }
                              qw(client_body proxy fastcgi uwsgi scgi);
    my $user = $> == 0 ? "user $self->{user};" : '';
    my $main = defined $self->{main} ? $self->{main} : '';
    my $after = defined $self->{after} ? $self->{after} : '';
    my $http = defined $self->{http} ? $self->{http}
               : "journey_log $dir/logs/journey.log flush=100ms;";
    my $server = defined $self->{server} ? $self->{server} : <<'END';
        location / { default_type text/html; return 200 "a page\n"; }
END
    my $servers = defined $self->{servers} ? $self->{servers} : <<"END";
    server {
        listen 127.0.0.1:$self->{port};
        server_name localhost;
        journey on;
$server
    }
END

    Journey::spew("$dir/conf/nginx.conf", <<"END");
$load
$user
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
worker_processes $self->{workers};
master_process $self->{master};
pid $dir/logs/nginx.pid;
error_log $dir/logs/error.log $self->{level};
$main
events { worker_connections 1024; }
http {
    access_log off;
    default_type text/plain;
    keepalive_requests 100000;
    $temp
    $http
$servers
}
$after
END

    return $self;
}


sub command {
    my ($self, @more) = @_;
    my $out = "$self->{dir}/said";

    my $pid = fork();
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', $out or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec { $binary } $binary, '-p', "$self->{dir}/", '-e',
             "$self->{dir}/logs/error.log", '-c',
             "$self->{dir}/conf/nginx.conf", @more or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    $self->{said} = Journey::slurp($out);
    return $? == 0;
}


sub said { return $_[0]{said}; }


# nginx -t: true when it would start.

sub test { return $_[0]->command('-t'); }


# True when it runs; without a master as a daemon, too.

sub start {
    my $self = shift;

    return 0 if !$self->command();

    my $until = now() + 60;
    my $file = "$self->{dir}/logs/nginx.pid";

    while (now() < $until) {
        if (-s $file && $self->pid) {
            $masters{"$self->{dir}"} = $self;
            return 1 if $self->{master} eq 'off'
                        || $self->workers == $self->{workers};
        }

        sleep 0.02;
    }

    return 0;
}


sub pid {
    my ($self, $which) = @_;
    my $file = "$self->{dir}/logs/nginx.pid" . (defined $which ? $which : '');

    return if !-f $file;

    my ($pid) = eval { Journey::slurp($file) } =~ /(\d+)/;
    return $pid;
}


sub children {
    my $pid = shift;
    my @found;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my $line = <$in>;
        push @found, $1
            if defined $line && $line =~ /^(\d+) \(.*\) ([A-Z]) (\d+) /
               && $3 == $pid && $2 ne 'Z';
    }

    return @found;
}


# The workers of the master (of another one by its id): not a master that
# took over by USR2, which is a child, too.

sub workers {
    my ($self, $pid) = @_;

    $pid = $self->pid if !defined $pid;
    return if !defined $pid;

    return grep {
        my $line = eval { Journey::slurp("/proc/$_/cmdline") };
        defined $line && $line !~ /master process/ && $line !~ /\0-c\0/
    } children($pid);
}


sub pids {
    my $self = shift;
    my @masters = grep { defined } $self->pid, $self->pid('.oldbin');

    return @masters, map { children($_) } @masters;
}


# Workers whose master died, known by what they have open.

sub orphans {
    my $self = shift;
    my @pids = grep { $_ != $$ } map { m{(\d+)$} } glob '/proc/[0-9]*';

    return grep { $self->open_files($_, qr{^\Q$self->{dir}\E/logs/}) } @pids;
}


# Ends workers by a signal of death, and waits for as many others in their
# place (none, when the master is not there or told to stop).

sub kill_workers {
    my ($self, $signal, @pids) = @_;
    my $master = $self->pid;
    my %dead = map { $_ => 1 } @pids;

    kill $signal, @pids;

    return wait_for(sub {
        return 0 if grep { Journey::alive($_) } @pids;
        return 1 if !defined $master || !Journey::alive($master);
        return $self->workers == $self->{workers}
               && !grep { $dead{$_} } $self->workers;
    });
}


sub signal {
    my ($self, $signal, $which) = @_;
    my $pid = $self->pid($which);

    return defined $pid && kill $signal, $pid;
}


# HUP, until other workers run and the old ones are gone.

sub reload {
    my $self = shift;
    my %old = map { $_ => 1 } $self->workers;
    my $until = now() + 60;

    $self->signal('HUP');

    while (now() < $until) {
        my @now = $self->workers;

        return 1 if @now == $self->{workers} && !grep { $old{$_} } @now;
        sleep 0.02;
    }

    return 0;
}


# HUP that has to be refused: true when nginx said so.

sub reload_refused {
    my $self = shift;
    my $before = -s $self->error_log;
    my $until = now() + 60;

    $self->signal('HUP');

    while (now() < $until) {
        my $text = substr Journey::slurp($self->error_log), $before;

        if ($text =~ /\[emerg\]/) {
            $self->{said} = $text;
            return 1;
        }

        return 0 if $text =~ /start worker process/;
        sleep 0.02;
    }

    return 0;
}


# A signal that ends it: true when all processes are gone.

sub stop {
    my ($self, $signal) = @_;
    my @pids = $self->pids;
    my $until = now() + 60;

    $self->signal($signal);

    while (now() < $until) {
        if (!grep { Journey::alive($_) } @pids) {
            delete $masters{$self->{dir}};
            return 1;
        }

        sleep 0.02;
    }

    return 0;
}


sub quit { return $_[0]->stop('QUIT'); }


# No alarm in the error log but those that match the pattern.

sub calm {
    my ($self, $name, $allowed) = @_;
    my @lines = grep { $_ =~ $alarm && !(defined $allowed && /$allowed/) }
                     split /\n/, Journey::slurp($self->error_log);

    Test::More::is(scalar @lines, 0, $name);
    Test::More::diag($_) for @lines[0 .. ($#lines < 9 ? $#lines : 9)];
}


sub events {
    my ($self, $n, $file) = @_;

    return Journey::journey_log_wait($n, defined $file ? $file : $self->log);
}


# How many files with that name a worker has open.

sub open_files {
    my ($self, $pid, $pattern) = @_;

    return grep { defined && /$pattern/ }
           map { readlink } glob "/proc/$pid/fd/*";
}


# journey_status of a location, decoded; undef when it is no JSON.  An answer
# may be here before its worker has counted it, when another worker is asked:
# with more than one, ask until the numbers are there.

sub status {
    my ($self, $uri) = @_;
    my $browser = Journey::browser(port => $self->{port}, agent => 'status',
                                   accept => 'application/json');
    my $response = $browser->get(defined $uri ? $uri : '/status');

    return eval { JSON::PP->new->utf8->decode($response->body) };
}


# The status as soon as the test says yes to it, or the last one after 30 s.

sub status_when {
    my ($self, $test, $uri) = @_;
    my $until = now() + 30;

    while (1) {
        my $status = $self->status($uri);

        return $status if !defined $status || $test->($status)
                          || now() >= $until;
        sleep 0.02;
    }
}


# True as soon as the test says yes.  The limit is there for what hangs: it
# costs nothing where all is well, and less than 30 s is no measure of a machine
# that may be busy.

sub wait_for {
    my ($test, $seconds) = @_;
    my $until = now() + (defined $seconds ? $seconds : 60);

    while (1) {
        return 1 if $test->();
        return 0 if now() >= $until;
        sleep 0.02;
    }
}


# A response that does not end before its connection is closed: it keeps a
# worker that is shutting down.  Returns the socket, once the worker is there.

sub held {
    my ($self, $uri) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Proto => 'tcp',
        Timeout => 60) or die "connect: $@";

    syswrite $socket, "GET $uri HTTP/1.1\r\nHost: localhost\r\n\r\n";
    die "no answer to $uri" if !sysread $socket, my $answer, 4096;

    return $socket;
}


# ---- load ------------------------------------------------------------------

# load(port => …, clients => 4, requests => 500, seconds => …, path => …):
# each client asks for /p/CLIENT/N, one after the other, with keepalive; for so
# many seconds, or until load_stop(), but 400 requests at least.
# Returns two hashes by path: what was answered 200 completely, and what was
# sent without an answer; and how many seconds each took, in their order.

sub load { return load_wait(load_start(@_)); }


sub load_start {
    my %options = (clients => 4, requests => 1e9, seconds => 60, path => '/p',
                   pause => 0, headers => '', @_);
    my @children;

    for my $client (1 .. $options{clients}) {
        my $file = "$Journey::ServRoot/load-$$-" . ++$number;
        my $pid = fork();

        unlink "$file-stop";

        die "fork: $!" if !defined $pid;

        if ($pid == 0) {
            my $done = eval { load_client($client, $file, %options); 1 };
            warn $@ if !$done;
            POSIX::_exit($done ? 0 : 1);
        }

        push @children, [$pid, $file];
    }

    return \@children;
}


sub load_stop {
    my $children = shift;

    Journey::spew("$_->[1]-stop", '') for @$children;
    return load_wait($children);
}


sub load_wait {
    my $children = shift;
    my (%answered, %open, @seconds);

    for my $child (@$children) {
        my ($pid, $file) = @$child;

        waitpid $pid, 0;
        Test::More::is($?, 0, 'a client of the load ran to its end')
            if $? != 0;

        for my $line (split /\n/, Journey::slurp($file)) {
            my ($done, $path, $took) = split / /, $line;
            $done ? $answered{$path}++ : $open{$path}++;
            push @seconds, $took;
        }

        unlink $file, "$file-stop";
    }

    return (\%answered, \%open, \@seconds);
}


sub load_client {
    my ($client, $file, %options) = @_;
    my $until = time() + $options{seconds};
    my $headers = "Host: localhost\r\n"
                  . "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) "
                  . "Gecko/20100101 Firefox/132.0\r\n"
                  . "Accept: text/html\r\nAccept-Language: en\r\n"
                  . $options{headers} . "\r\n";
    my $socket;

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "the load hangs\n" };
    alarm $options{seconds} + 60;

    open my $out, '>', $file or die "open $file: $!";

    for my $n (1 .. $options{requests}) {
        last if $n > 400 && (time() >= $until || -e "$file-stop");

        if (!defined $socket) {
            for (1 .. 200) {
                $socket = IO::Socket::INET->new(
                    PeerAddr => '127.0.0.1', PeerPort => $options{port},
                    Proto => 'tcp', Timeout => 60);
                last if defined $socket || $options{once};
                sleep 0.02;
            }

            last if !defined $socket;
            setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
        }

        my $path = "$options{path}/$client/$n";
        my $answer = '';
        my $sent = now();

        if (defined syswrite $socket, "GET $path HTTP/1.1\r\n$headers") {
            while ($answer !~ /\r\n\r\n/ || !whole($answer)) {
                last if !sysread $socket, $answer, 65536, length $answer;
            }
        }

        my $done = $answer =~ m{^HTTP/1\.1 200 } && whole($answer);

        printf $out "%d %s %.6f\n", $done ? 1 : 0, $path, now() - $sent;

        if (!$done || $answer =~ /\r\nConnection: close\r\n/i) {
            close $socket;
            undef $socket;
        }

        sleep $options{pause} if $options{pause};
    }

    close $out or die "close $file: $!";
}


sub whole {
    my ($head, $body) = split /\r\n\r\n/, $_[0], 2;

    return 0 if !defined $body;
    return length $body >= $1 if $head =~ /\r\nContent-Length: (\d+)/i;
    return 1;
}


# The lines of several files against what was sent: each answered one exactly
# once, each other at most once, and nothing else.

sub fold {
    my ($name, $answered, $open, @files) = @_;
    my (%seen, @wrong);

    for my $file (@files) {
        $seen{$_->{p}}++ for Journey::journey_log($file);
    }

    for my $path (sort keys %$answered) {
        my $n = delete $seen{$path} || 0;
        push @wrong, "$path: $n lines" if $n != 1;
    }

    for my $path (sort keys %$open) {
        my $n = delete $seen{$path} || 0;
        push @wrong, "$path (not answered): $n lines" if $n > 1;
    }

    push @wrong, map { "$_: nobody asked for it" } sort keys %seen;

    Test::More::is(scalar @wrong, 0,
                   "$name: " . keys(%$answered) . " answered, each once");
    Test::More::diag($_) for @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];

    return !@wrong;
}


# Every member of a log: its length is right and it inflates alone to whole
# lines.  Returns their number.

sub members_sound {
    my ($name, $file) = @_;
    my $data = -f $file ? Journey::slurp($file) : '';
    my @members = Journey::journey_members($file);
    my ($end, @wrong) = (0);

    for my $member (@members) {
        my ($at, $len) = @$member;

        if (!defined $len || $at + $len > length $data) {
            push @wrong, "at $at: length " . (defined $len ? $len : 'absent');
            last;
        }

        my $piece = substr $data, $at, $len;
        my $text = '';
        my $z = IO::Uncompress::Gunzip->new(\$piece, MultiStream => 0,
                                            Strict => 1);

        while (defined $z && ($z->read($text, 1 << 20, length $text) || 0) > 0)
        {
            # to the end of the member
        }

        push @wrong, "at $at: does not inflate alone"
            if !defined $z || $z->error || length ($z->trailingData || '');
        push @wrong, "at $at: no whole lines" if $text !~ /\n\z/;

        $end = $at + $len;
    }

    push @wrong, "the last member ends at $end, the file at " . length $data
        if !@wrong && $end != length $data;

    Test::More::is(scalar @wrong, 0, "$name: each of " . scalar(@members)
                                     . " members is sound by its JL");
    Test::More::diag($_) for @wrong;

    return scalar @members;
}

1;
