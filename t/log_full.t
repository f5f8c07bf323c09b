# Copyright (C) ngx_journey_module contributors
#
# The log and a disk that is full, fails, or is not there: pages are answered as
# ever, lines wait, then the oldest make room and are counted; when there is
# space again the log goes on, and each member ever written can be read.
#
# A full disk is a small tmpfs that this test mounts, and RLIMIT_FSIZE: both
# where mounting is allowed, else the latter alone.  What was used is said.

use strict;
use warnings;

use File::Path ();
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Compress::Gzip ();
use Compress::Zlib ();
use IO::Uncompress::Gunzip ();
use Journey;
use Journey::Clock qw(middle quick took);
use Journey::Master qw(load load_start load_stop members_sound wait_for);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $dir = server_root() . '-full';
my @kinds;
my @mounts;

END {
    local ($?, $!, $@);

    system "umount -l $_" for @mounts;
    File::Path::remove_tree($dir) if Test::More->builder->is_passing;
}

my $server = <<'END';
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END


# ---- disks -----------------------------------------------------------------

# A disk is { kind, log (a name on it), full, free }; full and free are told
# the workers.

sub tmpfs {
    my ($dir, $size) = @_;

    mkdir $dir or die "mkdir $dir: $!";
    return if $> != 0 || system("mount -t tmpfs -o size=$size,mode=0755 journey "
                                . "$dir 2>/dev/null") != 0;
    push @mounts, $dir;

    return {
        kind => 'tmpfs',
        log  => "$dir/journey.log",
        full => sub {
            open my $out, '>', "$dir/filler" or die "open: $!";
            while (syswrite $out, 'x' x 4096) {}
            close $out;
        },
        free => sub { unlink "$dir/filler" or die "unlink: $!" },
    };
}


# No file may be longer than the log is; error.log is shorter, so the log has
# to have a length.

sub rlimit {
    my $dir = shift;
    my $log = "$dir/journey.log";

    mkdir $dir or die "mkdir $dir: $!";
    return if system("prlimit --pid $$ --fsize >/dev/null 2>&1") != 0;

    my $set = sub {
        my $limit = shift;

        for (@_) {
            system("prlimit --pid $_ --fsize=$limit") == 0
                or die "prlimit failed";
        }
    };

    return {
        kind => 'RLIMIT_FSIZE',
        log  => $log,
        full => sub { $set->((-s $log) . ':', @_) },
        free => sub { $set->('unlimited:', @_) },
    };
}


sub nginx {
    my ($name, $log, $params, %options) = @_;
    my $nginx = Journey::Master->new(workers => 1, server => $server,
                                     %options);

    $nginx->configure(http => "journey_log $log $params;");
    ok($nginx->start, "$name: starts") or diag($nginx->said);

    return $nginx;
}


# The pages /p/1/1 … n, one after the other on one connection: all have to be
# answered, none slowly.

sub pages {
    my ($name, $nginx, $what, $n) = @_;
    my ($answered, undef, $seconds) =
        load(port => $nginx->port, clients => 1, requests => $n,
             path => "/$what");
    my @took = sort { $a <=> $b } @$seconds;
    my $sum = 0;

    is(scalar keys %$answered, $n, "$name: all pages are answered");
    cmp_ok(middle(@took), '<', 0.02, sprintf "$name: most as ever (%.2f ms)",
                                             1000 * middle(@took));

    # A machine may stop now and then: without the five that took longest.
    $sum += $_ for @took[0 .. $#took - 5];
    cmp_ok($sum, '<', 1 + 0.02 * $n,
           sprintf "$name: as ever (%.2f ms each)", 1000 * $sum / $n);
    cmp_ok($took[-1], '<', 60, "$name: none hangs");

    return map { "/$what/1/$_" } 1 .. $n;
}

sub paths { return [map { $_->{p} } -f $_[0] ? journey_log($_[0]) : ()]; }

sub counted { return $_[0]->status->{log}; }

sub alerts {
    return grep { /\[alert\]/ } split /\n/, slurp($_[0]->error_log);
}

sub zcat {
    my ($name, $log) = @_;

    system("zcat < $log > /dev/null 2> $log-zcat");
    is($?, 0, "$name: zcat reads it from its begin to its end");
    unlink "$log-zcat";
}


# ---- full, and free again --------------------------------------------------

mkdir $dir or die "mkdir $dir: $!";

sub scenario {
    my ($disk) = @_;
    my $name = $disk->{kind};
    my $log = $disk->{log};

    # The timer of an hour must not be what it waits for.
    my $nginx = nginx($name, $log, 'flush=1h buffer=64k');

    # 64k hold some 430 lines; a member is made of the first 320 or so.
    my @want = pages("$name, space", $nginx, 'space', 400);
    ok(wait_for(sub { -s $log }), "$name: a member is written");

    $disk->{full}->($nginx->workers);
    my $was = @{ paths($log) };

    push @want, pages("$name, full", $nginx, 'full', 250);
    ok(wait_for(sub { counted($nginx)->{errors} }), "$name: errors counted");

    my $status = counted($nginx);
    my $there = @{ paths($log) };

    # The end of a page of memory may have been free.
    is($status->{lines}, 650, "$name: lines are counted");
    is($status->{buffered}, 650 - $there, "$name: those that wait, too");
    is($status->{dropped}, 0, "$name: none is dropped as long as there is room");
    cmp_ok($there - $was, '<', 250, "$name: it is full");
    zcat("$name, full", $log);

    $disk->{free}->($nginx->workers);
    ok(wait_for(sub { counted($nginx)->{buffered} < 320 }, 60),
       "$name: it goes on by itself");
    is_deeply(paths($log), [@want[0 .. $#{ paths($log) }]],
              "$name: all lines, in their order");

    # Full until lines have to make room.
    $disk->{full}->($nginx->workers);
    push @want, pages("$name, over-full", $nginx, 'over', 1500);

    ok(wait_for(sub { counted($nginx)->{dropped} }), "$name: some are dropped");
    $status = counted($nginx);
    $there = @{ paths($log) };
    is($status->{lines}, 2150, "$name: lines are counted all the same");
    is($status->{buffered} + $status->{dropped} + $there, 2150,
       "$name: each is written, waits, or was dropped");
    cmp_ok($status->{buffered}, '>', 320, "$name: a buffer full waits");
    zcat("$name, over-full", $log);

    $disk->{free}->($nginx->workers);
    ok(wait_for(sub { counted($nginx)->{buffered} < 320 }, 60),
       "$name: it goes on once more");

    push @want, pages("$name, at last", $nginx, 'last', 20);
    is(counted($nginx)->{dropped}, $status->{dropped},
       "$name: none is dropped any more");
    ok($nginx->quit, "$name: quits");

    my $text = slurp($nginx->error_log);
    is(scalar alerts($nginx), 1, "$name: one alert in a minute");
    like($text, qr/journey log "\S+journey\.log": write\(\) failed, lines wait /,
         "$name: that says why");
    my ($said) = $text =~ /is written again, ([1-9]\d*) lines were dropped/;
    is($said, $status->{dropped}, "$name: and how many were dropped, at the end");

    # What lacks is what was dropped: the oldest of those that waited.
    is_deeply(paths($log),
              [@want[0 .. $there - 1], @want[$there + $status->{dropped}
                                             .. $#want]],
              "$name: the oldest $status->{dropped} are missing, and no more");
    members_sound($name, $log);
    zcat("$name, at the end", $log);
}

# How soon it goes on, with a buffer of lines that wait and with more: once of
# ten times, since a machine may stop at any point.

sub soon {
    my ($disk) = @_;
    my $log = $disk->{log};

    for my $n (400, 1500) {
        my $name = "$disk->{kind}, $n lines wait";

        unlink $log;

        my $nginx = nginx($name, $log, 'flush=1h buffer=64k');
        my $pages = sub {
            load(port => $nginx->port, clients => 1, requests => $n,
                 path => '/soon');
        };

        quick(4, "$name: it goes on soon", sub {
            $pages->();
            wait_for(sub { counted($nginx)->{buffered} < 320 }, 60);
            $disk->{full}->($nginx->workers);

            my $errors = counted($nginx)->{errors};

            $pages->();
            wait_for(sub { counted($nginx)->{errors} > $errors }, 60)
                or fail("$name: it is full");
            $disk->{free}->($nginx->workers);

            my $took = took(sub {
                wait_for(sub { counted($nginx)->{buffered} < 320 }, 60);
            });

            return \$took;
        }, 10);

        ok($nginx->quit, "$name: quits");
    }
}

# Several workers under load, and a disk that is full now and then: as many lines
# lack as were counted.

sub under_load {
    my ($disk) = @_;
    my $name = "$disk->{kind}, under load";
    my $log = $disk->{log};

    unlink $log;

    my $nginx = nginx($name, $log, 'flush=200ms buffer=64k', workers => 2);
    my $load = load_start(port => $nginx->port, clients => 3, seconds => 120,
                          pause => 0.001);

    my $dropped = 0;

    for (1 .. 2) {
        wait_for(sub { -s $log });
        sleep 0.3;
        $disk->{full}->($nginx->workers);
        wait_for(sub { counted($nginx)->{dropped} > $dropped }, 30);
        $disk->{free}->($nginx->workers);
        $dropped = counted($nginx)->{dropped};
    }

    sleep 1;
    my ($answered, $open) = load_stop($load);

    is(scalar keys %$open, 0, "$name: every page is answered");
    ok(wait_for(sub { counted($nginx)->{buffered} == 0 }),
       "$name: all that waited is written");

    my $status = counted($nginx);
    my %seen;

    $seen{$_}++ for @{ paths($log) };
    is($status->{lines}, scalar keys %$answered, "$name: lines are counted");
    is(scalar(grep { $_ > 1 } values %seen), 0, "$name: no line twice");
    is(scalar(grep { !$answered->{$_} } keys %seen), 0,
       "$name: none that nobody asked for");
    is(scalar(grep { !$seen{$_} } keys %$answered), $status->{dropped},
       "$name: of " . keys(%$answered) . " lines $status->{dropped} were "
       . 'dropped, and these are missing');
    cmp_ok($status->{dropped}, '>', 0, "$name: which is some");
    ok($nginx->quit, "$name: quits");
    members_sound($name, $log);
    zcat($name, $log);
}

for my $make (\&tmpfs, \&rlimit) {
    my $disk = $make->("$dir/d" . @kinds, '1m');

    next if !defined $disk;
    push @kinds, $disk->{kind};
    scenario($disk);
    soon($disk);
    under_load($disk);
}

diag('a full disk by ' . join(' and ', @kinds))
    if "@kinds" ne 'tmpfs RLIMIT_FSIZE';
ok(scalar @kinds, 'a full disk by ' . join(' and ', @kinds));


# ---- torn, and foreign -----------------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1, server => $server);
    my $log = $nginx->log;
    my $anna = browser(port => $nginx->port);
    my ($n, $member) = (0);

    # Asks for a page; the file afterwards.
    my $page = sub {
        my $was = -s $log || 0;

        $anna->get('/torn/' . ++$n);
        wait_for(sub { (-s $log || 0) != $was && counted($nginx)->{buffered} == 0 });
        return slurp($log);
    };

    # Is it a member with this one line, and nothing more?
    my $is_member = sub {
        my ($data, $name) = @_;
        my $text = '';

        IO::Uncompress::Gunzip::gunzip(\$data, \$text, MultiStream => 0,
                                       Strict => 1);
        my $length = length $data >= 20 ? unpack 'V', substr $data, 16, 4 : 0;

        ok($length == length $data
           && $text =~ m{^\{[^\n]*"p":"/torn/$n"[^\n]*\}\n\z}, $name)
            or diag(sprintf 'length %d, JL %d, %s', length $data, $length,
                    $text);
    };

    ok($nginx->start, 'torn: starts') or diag($nginx->said);
    $member = $page->();
    $is_member->($member, 'torn: a member');

    my %torn = (
        'a byte'             => substr($member, 0, 1),
        'half a header'      => substr($member, 0, 10),
        'most of a header'   => substr($member, 0, 19),
        'a header'           => substr($member, 0, 20),
        'half a member'      => substr($member, 0, length($member) / 2),
        'most of a member'   => substr($member, 0, -1),
    );
    my %foreign = (
        'text'               => "text\n",
        'more text'          => "a line that somebody appended by mistake\n",
        'some zeros'         => "\0" x 10,
        'zeros'              => "\0" x 5000,
        'a magic that is none' => "\x1f\x8b\x08 and text",
        # Which says of itself that it is longer than the file.
        'a member with a header inside' => do {
            my $text = "{}\n" . substr($member, 0, 16) . pack('V', 1 << 20)
                       . "\n";
            my $data = pack('C v v', 1, length $text, ~length($text) & 0xffff)
                       . $text
                       . pack('V V', Compress::Zlib::crc32($text),
                              length $text);
            substr($member, 0, 16) . pack('V', 20 + length $data) . $data;
        },
        'a member without length' => do {
            my $text = "{}\n";
            IO::Compress::Gzip::gzip(\$text, \my $data);
            $data;
        },
    );

    for my $where ('behind members', 'at the begin') {
        for my $what (sort(keys %torn), sort keys %foreign) {
            my $name = "$what $where";
            my $bytes = exists $torn{$what} ? $torn{$what} : $foreign{$what};
            my $before = '';

            if ($where eq 'at the begin') {
                rename $log, "$log.1" or die "rename: $!";
                spew($log, $bytes);

            } else {
                $before = slurp($log);
                open my $out, '>>', $log or die "open: $!";
                syswrite $out, $bytes;
                close $out;
            }

            my $left = $before . (exists $torn{$what} ? '' : $bytes);
            my $now = $page->();

            is(substr($now, 0, length $left), $left,
               exists $torn{$what} ? "$name: taken back" : "$name: left alone");
            $is_member->(substr($now, length $left), "$name: and on it goes");
        }
    }

    # Such a file while no worker has it.
    ok($nginx->quit, 'torn: quits');
    my $before = slurp($log);
    spew($log, $before . $torn{'half a member'});
    ok($nginx->start, 'torn: starts again');
    my $now = $page->();
    is(substr($now, 0, length $before), $before, 'torn before the start');
    $is_member->(substr($now, length $before), 'torn before the start: goes on');

    my $status = counted($nginx);
    is_deeply([@$status{qw(lines dropped errors)}], [1, 0, 0],
              'torn: no error is counted');
    ok($nginx->quit, 'torn: quits at the end');

    my $said = () = slurp($nginx->error_log) =~ /a torn member at \d+ is taken/g;
    is($said, 2 * keys(%torn) + 1, 'torn: said each time');
    $nginx->calm('torn: no alarm');
}


# ---- not there, or not ours ------------------------------------------------

# As nobody, since root may write anywhere.

{
    my $nobody = $> == 0 && defined getpwnam 'nobody';
    my ($uid, $gid) = $nobody ? (getpwnam 'nobody')[2, 3] : ($>, $) + 0);
    my $nginx = Journey::Master->new(
        workers => 1, server => $server,
        $nobody ? (user => 'nobody ' . getgrgid $gid) : (),
        http => 'journey_log open/journey.log flush=100ms;');
    my $open = "$nginx->{dir}/open";
    my $log = "$open/journey.log";
    my $folder = sub {
        mkdir $open or die "mkdir: $!";
        chown $uid, $gid, $open;
        chmod 0750, $open;
    };
    my ($n, @want) = (0);
    my $pages = sub {
        for (1 .. 3) {
            push @want, '/' . ++$n;
            is(browser(port => $nginx->port)->get("/$n")->status, 200,
               "$_[0]: a page");
        }
    };
    my $away = sub { rename $log, "$log.1" or die "rename: $!" };

    $folder->();
    ok($nginx->start, 'not there: starts') or diag($nginx->said);

    my @cases = (
        ['a folder that is deleted',
         sub { File::Path::remove_tree($open) }, $folder],
        ['a folder that is renamed',
         sub { rename $open, "$open.1" or die "rename: $!" }, $folder],
        ['a folder that became unwritable',
         sub { $away->(); chmod 0550, $open }, sub { chmod 0750, $open }],
        ['a folder that nobody may enter',
         sub { chmod 0, $open }, sub { chmod 0750, $open }],
        ['a file that became unwritable',
         sub { $away->(); spew($log, ''); chmod 0400, $log;
               chown 0, 0, $log if $nobody },
         sub { chmod 0640, $log; chown $uid, $gid, $log }],
        ['a symbolic link',
         sub { $away->(); spew("$nginx->{dir}/target", '');
               chmod 0666, "$nginx->{dir}/target";
               symlink '../target', $log or die "symlink: $!" },
         sub { is(-s "$nginx->{dir}/target", 0, 'a symbolic link: not followed');
               unlink $log }],
        ['a folder in its place',
         sub { $away->(); mkdir $log }, sub { rmdir $log }],
    );

    if ($nobody && grep { $_ eq 'tmpfs' } @kinds) {
        push @cases, ['a disk that became read-only', sub {
            # Not while a worker has a file there open.
            $away->();
            wait_for(sub { !$nginx->open_files($_, qr{/journey\.log}) })
                for $nginx->workers;
            system("mount -t tmpfs -o mode=0755,uid=$uid,ro journey $open") == 0
                or die 'mount failed';
            push @mounts, $open;
        }, sub { system("mount -o remount,rw $open") == 0 or die 'remount' }];
    }

    for my $case (@cases) {
        my ($name, $break, $mend) = @$case;

        @want = ();
        $pages->("$name, before");
        ok(wait_for(sub { counted($nginx)->{buffered} == 0 }),
           "$name: written before");

        my $status = counted($nginx);

        @want = ();
        $break->();
        $pages->("$name, meanwhile");
        ok(wait_for(sub { counted($nginx)->{errors} > $status->{errors} }),
           "$name: it cannot be written");
        is(counted($nginx)->{buffered}, 3, "$name: lines wait");
        $mend->();
        ok(wait_for(sub { counted($nginx)->{buffered} == 0 }),
           "$name: and are written");

        my @paths = @{ paths($log) };
        is_deeply([@paths[-3 .. -1]], \@want, "$name: in order")
            if ok(@paths >= 3, "$name: to the log");
        is(counted($nginx)->{dropped}, 0, "$name: none is dropped");
    }

    my @st = stat $log;
    is(sprintf('%04o %d', $st[2] & 07777, $st[4]), "0640 $uid",
       "the last file is the workers' user's alone");
    ok($nginx->quit, 'not there: quits');
    is(scalar alerts($nginx), 1, 'not there: one alert in a minute');
}
