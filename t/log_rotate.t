# Copyright (C) ngx_journey_module contributors
#
# Rotation: by the name of the log, by USR1, by logrotate.  Every line is in the
# file of its period, and a file that is finished is never touched again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master qw(load load_start load_wait fold members_sound wait_for);
use POSIX ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};
my $died = qr/exited on signal 9\b/;
my $server = <<'END';
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END

sub stamp { return POSIX::strftime('%Y%m%d%H%M%S', gmtime int $_[0]); }

sub paths { return [map { $_->{p} } -f $_[0] ? journey_log($_[0]) : ()]; }

sub files {
    my @files = sort glob "$_[0]{dir}/logs/j-*.log";

    return @files;
}

# Pages /what/1 … n, all of one second: begins anew when it was too short.

sub of_a_second {
    my ($nginx, $what, $n) = @_;
    my $began;

    for (1 .. 10) {
        sleep 1.05 - (time() - int time());
        $began = time();
        browser(port => $nginx->port)->get("/$what/$_") for 1 .. $n;
        return $began if int(time()) == int $began;

        $nginx->quit;
        unlink files($nginx);
        $nginx->start;
    }

    fail("$what: $n pages in a second");
    return $began;
}

sub held {
    my $nginx = shift;

    return map { $nginx->open_files($_, qr{/j-\d+\.log}) } $nginx->workers;
}


# ---- idle workers ----------------------------------------------------------

# Nothing happens after these pages: they are in the file of their second when
# its worker looks for it by itself, whatever flush is.  (It is asked below.)

my $idle = Journey::Master->new(
    workers => 2, server => $server, port => $ENV{TEST_NGINX_PORT} + 2,
    http => 'journey_log logs/j-%Y%m%d%H%M%S.log flush=1h;');

ok($idle->start, 'idle: starts') or diag($idle->said);

my $idle_began = of_a_second($idle, 'idle', 6);


# ---- the name, under load --------------------------------------------------

# A second a file.  A line may be of a request that began in the second before.
# Returns what came late: a machine that stops for a moment makes that, too.

sub named {
    my $nginx = Journey::Master->new(
        workers => 3, server => $server,
        http => 'journey_log logs/j-%Y%m%d%H%M%S.log flush=150ms buffer=64k;');

    ok($nginx->start, 'name: starts') or diag($nginx->said);

    my ($last, %touched) = (int(time()) + 4);
    my $load = load_start(port => $nginx->port, clients => 4,
                          seconds => 5.5, pause => 0.003);

    # A file two seconds old is finished; remember how it was.
    while (time() < $last + 1) {
        for my $file (files($nginx)) {
            my ($stamp) = $file =~ /(\d{14})/;
            my @st = stat $file;

            $touched{$file} = "$st[1] $st[7] $st[9]"
                if !exists $touched{$file} && $stamp lt stamp(time() - 2);
        }

        sleep 0.1;
    }

    my ($answered, $open) = load_wait($load);

    ok(wait_for(sub { !held($nginx) }),
       'name: idle workers let go of the last one');
    ok(wait_for(sub { $nginx->status->{log}{buffered} == 0 }),
       'name: all is written without a request');

    my @files = files($nginx);
    my (@wrong, $n);
    my @late = map { "$_ is touched once it is finished" }
               grep { my @st = stat;
                      $touched{$_} ne "$st[1] $st[7] $st[9]" }
               sort keys %touched;

    push @late, keys(%touched) . ' files are finished meanwhile'
        if keys %touched < 2;
    push @late, keys(%$answered) . ' pages' if keys %$answered <= 500;
    push @late, 'files: ' . @files if @files < 5;
    fold('name', $answered, $open, @files);

    for my $file (@files) {
        my ($stamp) = $file =~ /(\d{14})/;

        members_sound("name, $stamp", $file);

        for my $event (journey_log($file)) {
            my $t = $event->{t} / 1000;

            $n++;
            push @late, "$file: $event->{t}"
                if stamp($t) ne $stamp && stamp($t + 0.1) ne $stamp;
        }

        # One worker's lines come in the order of their ends: a client waits
        # for each answer, so its own are in order within a worker's member.
        for my $member (Journey::journey_members($file)) {
            my ($at, $length) = @$member;
            my (%latest, $text);
            my $data = substr slurp($file), $at, $length;

            IO::Uncompress::Gunzip::gunzip(\$data, \$text);

            for my $line (split /\n/, $text) {
                my ($client, $page) = $line =~ m{"p":"/p/(\d+)/(\d+)"};

                push @wrong, "$file at $at: $page of $client"
                    if $page <= ($latest{$client} || 0);
                $latest{$client} = $page;
            }
        }
    }

    is(scalar @wrong, 0, "name: $n lines in order");
    diag($_) for @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
    ok($nginx->quit, 'name: quits');
    is(join(' ', files($nginx)), "@files", 'name: no file more at the end');
    $nginx->calm('name: no alarm');

    return @late;
}

{
    my @late = named();

    for (1 .. 4) {
        @late = named() if @late;
    }

    is(scalar @late, 0, 'name: a file a second, with the lines of its second, '
                        . 'and untouched once it is finished');
    diag($_) for @late[0 .. ($#late < 9 ? $#late : 9)];
}


# ---- what cannot be written at the boundary --------------------------------

{
    # A folder stands in the way of some seconds' files: the lines go to a file
    # of later, all of them.
    my $nginx = Journey::Master->new(workers => 1, server => $server,
        http => 'journey_log logs/j-%Y%m%d%H%M%S.log flush=1h buffer=64k;');
    my $logs = "$nginx->{dir}/logs";

    ok($nginx->start, 'late: starts') or diag($nginx->said);
    sleep 1.05 - (time() - int time());

    my $now = time();

    mkdir "$logs/j-" . stamp($now + $_) . '.log' for 0 .. 60;
    my ($answered) = load(port => $nginx->port, clients => 1, requests => 350,
                          path => '/late');
    is(scalar keys %$answered, 350, 'late: pages');

    ok(wait_for(sub { $nginx->status->{log}{errors} }),
       'late: they cannot be written');
    ok(wait_for(sub { time() > $now + 2 }), 'late: other periods');
    rmdir $_ for grep { -d } files($nginx);
    ok(wait_for(sub { $nginx->status->{log}{buffered} == 0 }),
       'late: written once it can be');

    my @all = map { @{ paths($_) } } files($nginx);
    is_deeply(\@all, [map { "/late/1/$_" } 1 .. 350], 'late: once, in order');
    is($nginx->status->{log}{dropped}, 0, 'late: none is dropped');
    ok($nginx->quit, 'late: quits');
    $nginx->calm('late: no other alarm', qr/journey log "/);
}


# ---- what a dead worker left -----------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1, server => $server,
        http => 'journey_log logs/j-%Y%m%d%H%M%S.log flush=1h;');

    ok($nginx->start, 'dead: starts') or diag($nginx->said);

    of_a_second($nginx, 'dead', 5);
    kill 'STOP', $nginx->pid;
    kill 'KILL', $nginx->workers;
    is(scalar(files($nginx)), 0, 'dead: nothing is written yet');

    # Its second is long over when the next one comes.
    sleep 1.1;
    my $next = time();
    kill 'CONT', $nginx->pid;

    ok(wait_for(sub { my @files = files($nginx); @files && -s $files[0] }),
       'dead: the next one writes');
    my @files = files($nginx);
    is(scalar @files, 1, 'dead: one file');
    my ($stamp) = $files[0] =~ /(\d{14})/;
    cmp_ok($stamp, '>=', stamp($next), 'dead: that of its own time');
    is_deeply(paths($files[0]), [map { "/dead/$_" } 1 .. 5],
              'dead: all lines, in order');
    ok($nginx->quit, 'dead: quits');
    $nginx->calm('dead: no other alarm', $died);
}


# ---- logrotate -------------------------------------------------------------

# conf/examples/logrotate itself, but for the folder, under load.

{
    my $tool = (grep { -x } '/usr/sbin/logrotate', '/sbin/logrotate')[0];
    ok(defined $tool, 'logrotate is installed (scripts/install-deps.sh --test)');

    my $nobody = $> == 0 && defined getpwnam 'nobody';
    my ($uid, $gid) = $nobody ? (getpwnam 'nobody')[2, 3] : ($>, $) + 0);
    my $nginx = Journey::Master->new(
        server => $server, $nobody ? (user => 'nobody ' . getgrgid $gid) : (),
        http => 'journey_log journey/journey.log.gz flush=100ms;');
    my $folder = "$nginx->{dir}/journey";
    my $log = "$folder/journey.log.gz";
    my $text = slurp("$root/conf/examples/logrotate");

    # As the installation makes it.
    mkdir $folder or die "mkdir: $!";
    chown $uid, $gid, $folder;
    chmod 02750, $folder;

    is($text =~ s{^/var/log/journey/}{$folder/}mg, 1, 'logrotate: the folder');
    spew("$nginx->{dir}/logrotate", $text);
    chmod 0644, "$nginx->{dir}/logrotate";

    my $rotate = sub {
        my $said = `$tool @_ -s $nginx->{dir}/state $nginx->{dir}/logrotate 2>&1`;
        is($?, 0, "logrotate @_") or diag($said);
        is($said, '', "logrotate @_: has nothing to say");
    };

    my @days = map { POSIX::strftime('%Y-%m-%d', gmtime(time() - 86400 * $_)) }
               0 .. 20;

    ok($nginx->start, 'logrotate: starts') or diag($nginx->said);
    my $load = load_start(port => $nginx->port, clients => 3, seconds => 3,
                          pause => 0.003);

    wait_for(sub { -s $log });
    $rotate->();
    is(scalar(my @none = glob "$folder/journey-*"), 0,
       'logrotate: not before a month is over');

    for my $n (1 .. 3) {
        sleep 0.5;
        $rotate->('-f');

        # Of today, in the machine's zone; and once more on the same day.
        my ($rotated) = glob "$folder/journey-*.log.gz";
        like($rotated, qr{/journey-\d{4}-\d\d-\d\d\.log\.gz$},
             "logrotate, $n: its name");
        rename $rotated, "$folder/kept-$n.log.gz" or die "rename: $!";
    }

    my ($answered, $open) = load_wait($load);
    ok(wait_for(sub { $nginx->status->{log}{buffered} == 0 }),
       'logrotate: all is written');

    my @files = glob "$folder/*.log.gz";
    is(scalar @files, 4, 'logrotate: four files');
    cmp_ok(scalar keys %$answered, '>', 300, 'logrotate: enough pages');
    is(scalar keys %$open, 0, 'logrotate: every page is answered');
    fold('logrotate', $answered, $open, @files);
    members_sound('logrotate', $_) for @files;
    is(scalar(grep { !-s } @files), 0, 'logrotate: none is empty');

    my @st = stat $log;
    is(sprintf('%04o %d', $st[2] & 07777, $st[4]), "0640 $uid",
       'logrotate: the new file is made by the worker');
    is(join(' ', map { $nginx->open_files($_, qr/kept-/) } $nginx->workers),
       '', 'logrotate: no worker has an old file open');

    # Thirteen are kept, the oldest go.
    spew("$folder/journey-$_.log.gz", 'old') for @days[1 .. 20];
    $rotate->('-f');
    is(scalar(my @kept = glob "$folder/journey-*.log.gz"), 13,
       'logrotate: keeps thirteen');
    ok(!-e "$folder/journey-$days[20].log.gz", 'logrotate: not the oldest');
    ok($nginx->quit, 'logrotate: quits');
    $nginx->calm('logrotate: no alarm');
}


# ---- the idle ones, by now -------------------------------------------------

{
    my $file;

    ok(wait_for(sub {
        $file = (files($idle))[0];
        return defined $file && @{ paths($file) } >= 6
    }), 'idle: finished by itself, soon after its end');

    my @files = files($idle);
    is("@files", "$idle->{dir}/logs/j-" . stamp($idle_began) . '.log',
       'idle: one file, that of the second');
    is_deeply([sort @{ paths($files[0]) }], [map { "/idle/$_" } 1 .. 6],
              'idle: each line once');

    my @st = stat $files[0];
    cmp_ok($st[9] - $idle_began, '<', 60, sprintf 'idle: %.1f s after it began',
                                                 $st[9] - $idle_began);
    ok(wait_for(sub { !held($idle) }), 'idle: no worker has it open');
    is($idle->status->{log}{buffered}, 0, 'idle: nothing waits');
    ok($idle->quit, 'idle: quits');
    is(scalar(files($idle)), 1, 'idle: no file more at the end');
    is((stat $files[0])[9], $st[9], 'idle: it is not touched any more');
    $idle->calm('idle: no alarm');
}
