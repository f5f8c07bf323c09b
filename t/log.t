# Copyright (C) ngx_journey_module contributors
#
# The journey log (design, section 8): its members, when they are written,
# where, under which name, with which rights.

use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master qw(load fold members_sound);
use POSIX ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $page = 'default_type text/html; return 200 "a page\n";';
my $tag = $ENV{TEST_NGINX_BINARY} || 'nginx';


sub journey_server {
    my ($nginx, $more) = @_;

    return "server { listen 127.0.0.1:" . $nginx->port . ";\n"
           . "server_name localhost;\njourney on;\n$more\n}\n";
}


sub wait_for {
    my ($what, $seconds) = @_;
    my $until = time() + ($seconds || 60);

    while (time() < $until) {
        return 1 if $what->();
        sleep 0.02;
    }

    return 0;
}


# The seconds from the first line's request until its file was written to: of
# how soon the test looked it knows nothing.

sub written_after {
    my $file = shift;
    my ($event) = journey_log($file);

    return (Time::HiRes::stat($file))[9] - $event->{t} / 1000;
}


# ---- members ---------------------------------------------------------------

{
    my $nginx = Journey::Master->new();

    ok($nginx->start, 'starts') or diag($nginx->said);
    ok(!-e $nginx->log, 'no file before the first event');

    my $anna = browser(port => $nginx->port);

    for my $n (1 .. 5) {
        is($anna->get("/first/$n")->status, 200, "page $n");
        sleep 0.25;
    }

    my @events = $nginx->events(5);

    is(scalar @events, 5, 'five events');
    is_deeply([map { $_->{p} } @events], [map { "/first/$_" } 1 .. 5],
              'in the order of their coming');
    cmp_ok(members_sound('several flushes', $nginx->log), '>=', 2,
           'more than one member');

    my @st = stat $nginx->log;
    is(sprintf('%04o', $st[2] & 07777), '0640', 'mode 0640');
    is($st[4], $>, 'owned by the user of the workers');

    # Others read while nginx has the file open.
    my $text = `zcat $nginx->{dir}/logs/journey.log 2>&1`;
    is($?, 0, 'zcat reads the file while nginx runs');
    is(scalar(() = $text =~ /\n/g), 5, 'zcat finds all lines');

    my ($holder) = grep { $nginx->open_files($_, qr/journey\.log$/) }
                        $nginx->workers;
    ok(defined $holder, 'a worker has it open');

    open my $file, '<', $nginx->log or die "open: $!";
    ok(!flock($file, LOCK_EX|LOCK_NB), 'a worker holds its lock');
    ok(flock($file, LOCK_SH|LOCK_NB), 'which is a shared one');
    close $file;

    ok($nginx->quit, 'quits');
    open $file, '<', $nginx->log or die "open: $!";
    ok(flock($file, LOCK_EX|LOCK_NB), 'the lock ends with the worker');
    close $file;

    # A second run appends.
    ok($nginx->start, 'starts again');
    $anna->get('/second/1');
    @events = $nginx->events(6);
    is(scalar @events, 6, 'appended');
    is($events[5]{p}, '/second/1', 'at the end');
    ok($nginx->quit, 'quits again');
    $nginx->calm('members: no alarm');
}


# ---- level -----------------------------------------------------------------

# zlib notes its effort in the header (RFC 1952, section 2.3.1, XFL).

{
    my $nginx = Journey::Master->new(workers => 1);
    my $log = "$nginx->{dir}/logs";

    $nginx->configure(http => "journey_log $log/default.log flush=100ms;",
                      servers => journey_server($nginx, <<'END'));
        location /d { default_type text/html; return 200 x; }
        location /1 { default_type text/html; return 200 x;
                      journey_log logs/1.log gzip=1 flush=100ms; }
        location /5 { default_type text/html; return 200 x;
                      journey_log logs/5.log gzip=5 flush=100ms; }
        location /9 { default_type text/html; return 200 x;
                      journey_log logs/9.log gzip=9 flush=100ms; }
END
    ok($nginx->start, 'levels: starts') or diag($nginx->said);

    my $anna = browser(port => $nginx->port);

    for my $n (1 .. 40) {
        $anna->get("/$_/$n") for qw(d 1 5 9);
    }

    ok($nginx->quit, 'levels: quits');

    for my $case (['default', 4], ['1', 4], ['5', 0], ['9', 2]) {
        my ($name, $xfl) = @$case;
        my @events = journey_log("$log/$name.log");

        is(scalar @events, 40, "level $name: all lines");
        members_sound("level $name", "$log/$name.log");
        is(ord(substr slurp("$log/$name.log"), 8, 1), $xfl,
           "level $name: zlib's effort");
    }

    $nginx->calm('levels: no alarm');
}


# ---- buffer and timer ------------------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1);

    $nginx->configure(http =>
                      'journey_log logs/journey.log buffer=64k flush=1h;');
    ok($nginx->start, 'buffer: starts') or diag($nginx->said);
    ok(!-e $nginx->log, 'buffer: no file yet');

    my ($answered, $open) = load(port => $nginx->port, clients => 2,
                                 requests => 1000);

    is(keys %$answered, 2000, 'buffer: all answered');

    # Lines of about 180 bytes: five buffers and a rest.  A member is made of
    # three quarters of one.
    my @early = journey_log($nginx->log);
    my $members = members_sound('full buffers', $nginx->log);

    cmp_ok($members, '>=', 3, 'a full buffer is written before the timer');
    cmp_ok(scalar @early, '<', 2000, 'the rest waits');

    my $text = journey_log_raw($nginx->log);
    cmp_ok(length($text) / $members, '>', 47 * 1024,
           'three quarters of a buffer make a member');
    cmp_ok(length($text) / $members, '<=', 64 * 1024,
           'and not over-full');

    ok($nginx->quit, 'buffer: quits');
    fold('the rest is written at the exit', $answered, $open, $nginx->log);
    is(members_sound('and the rest', $nginx->log), $members + 1,
       'as one member more');
    $nginx->calm('buffer: no alarm');
}

{
    my $nginx = Journey::Master->new(
        workers => 1, http => 'journey_log logs/journey.log flush=1s;');

    ok($nginx->start, 'timer: starts') or diag($nginx->said);

    browser(port => $nginx->port)->get('/soon');
    ok(wait_for(sub { -s $nginx->log }), 'timer: after it');

    my $took = written_after($nginx->log);
    cmp_ok($took, '>', 0.7, sprintf 'timer: not before 1 s (%.2f)', $took);
    is(scalar journey_log($nginx->log), 1, 'timer: the line');
    ok($nginx->quit, 'timer: quits');
}

{
    # The default is 5 s: a line is not there after 3.
    my $nginx = Journey::Master->new(
        workers => 1, http => 'journey_log logs/journey.log;');

    ok($nginx->start, 'default timer: starts') or diag($nginx->said);
    browser(port => $nginx->port)->get('/later');
    ok(wait_for(sub { -s $nginx->log }), 'default timer: after 5');

    my $took = written_after($nginx->log);
    cmp_ok($took, '>', 3, sprintf 'default timer: not after 3 s (%.2f)', $took);
    ok($nginx->quit, 'default timer: quits');
}


# ---- levels of configuration -----------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 1);
    my $port = $nginx->port;

    $nginx->configure(
        http => "journey on;\njourney_log logs/http.log flush=100ms;",
        servers => <<"END");
    server {
        listen 127.0.0.1:$port;
        server_name a.example;
        default_type text/html;

        location / { return 200 "id=\$journey_id\\n"; }

        location /own/ {
            journey_log logs/own.log flush=100ms;
            location /own/inner/ { return 200 x; }
            return 200 x;
        }

        location /off/ { journey_log off; return 200 x; }

        location /none/ { journey off; return 200 "id=\$journey_id\\n"; }
    }

    server {
        listen 127.0.0.1:$port;
        server_name b.example;
        default_type text/html;
        journey_log off;

        location / { return 200 x; }
        location /http/ { journey_log logs/http.log flush=100ms;
                          return 200 x; }
    }

    server {
        listen 127.0.0.1:$port;
        server_name c.example;
        default_type text/html;
        journey_log logs/../logs/c.log flush=100ms;

        location / { return 200 x; }
    }
END
    ok($nginx->start, 'levels: starts') or diag($nginx->said);

    my %browsers = map { $_ => browser(port => $port, host => "$_.example") }
                       qw(a b c);
    my $r = $browsers{a}->get('/x');

    like($r->body, qr/^id=c[-\w]{16}$/m, 'journey on: an id');
    $browsers{a}->get($_) for '/own/y', '/own/inner/z';

    my $bert = browser(port => $port, host => 'a.example');
    $r = $bert->get('/off/1');
    is($r->status, 200, 'log off');
    ok(defined $r->set_cookie('jny'), 'log off, journey on: a cookie');

    my $carl = browser(port => $port, host => 'a.example');
    $r = $carl->get('/none/1');
    ok(!defined $r->set_cookie('jny'), 'journey off: no cookie');
    is($r->body, "id=\n", 'journey off: no id');

    $browsers{b}->get($_) for '/quiet', '/http/loud';
    $browsers{c}->get('/c');

    # One log, whoever names it.
    my @files = map { $nginx->open_files($_, qr/http\.log$/) }
                    $nginx->workers;
    cmp_ok(scalar @files, '<=', 1, 'one path is opened once');

    ok($nginx->quit, 'levels: quits');

    is_deeply([map { "$_->{h}$_->{p}" }
               journey_log("$nginx->{dir}/logs/http.log")],
              ['a.example/x', 'b.example/http/loud'],
              'the outer log has what no inner one takes');
    is_deeply([map { $_->{p} } journey_log("$nginx->{dir}/logs/own.log")],
              ['/own/y', '/own/inner/z'],
              "a location's own log, inherited further in");
    is_deeply([map { $_->{p} } journey_log("$nginx->{dir}/logs/c.log")],
              ['/c'], "a server's own log");
    is(scalar(members_sound('http.log', "$nginx->{dir}/logs/http.log")), 1,
       'two servers, one log: one member');
    $nginx->calm('levels: no alarm');
}

{
    # Not a word of a log: it runs, and writes nothing.
    my $nginx = Journey::Master->new(workers => 1, http => '');

    ok($nginx->start, 'no journey_log: starts') or diag($nginx->said);
    my $r = browser(port => $nginx->port)->get('/');
    ok(defined $r->set_cookie('jny'), 'no journey_log: a cookie');
    ok($nginx->quit, 'no journey_log: quits');
    is_deeply([grep { !/(?:error\.log|nginx\.pid)$/ }
                    glob "$nginx->{dir}/logs/*"], [],
              'no journey_log: no file');
    $nginx->calm('no journey_log: no alarm');
}


# ---- names that follow the clock -------------------------------------------

{
    my $nginx = Journey::Master->new(
        workers => 2,
        http => 'journey_log logs/j-%Y%m%d%H%M%S.log flush=1h;');

    # UTC, whatever the machine's zone is.
    local $ENV{TZ} = 'Asia/Kolkata';
    ok($nginx->start, 'periods: starts') or diag($nginx->said);

    my ($answered, $open) = load(port => $nginx->port, clients => 3,
                                 requests => 100000, seconds => 4.2,
                                 pause => 0.005);
    my @old = glob "$nginx->{dir}/logs/j-*.log";

    cmp_ok(keys %$answered, '>', 300, 'periods: pages');
    ok($nginx->quit, 'periods: quits');

    my @files = glob "$nginx->{dir}/logs/j-*.log";

    cmp_ok(scalar @files, '>=', 4, 'periods: a file for each second');
    cmp_ok(scalar @old, '>=', 3,
           'periods: written when the period ends, not by the timer');

    fold('periods', $answered, $open, @files);

    my @wrong;

    for my $file (@files) {
        my ($stamp) = $file =~ /j-(\d{14})\.log$/;

        members_sound("period $stamp", $file);

        for my $event (journey_log($file)) {
            my $want = POSIX::strftime('%Y%m%d%H%M%S',
                                       gmtime int($event->{t} / 1000));
            push @wrong, "t $event->{t} in $file" if $want ne $stamp;
        }
    }

    is(scalar @wrong, 0, 'periods: every line in the file of its second');
    diag($_) for @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
    $nginx->calm('periods: no alarm');
}

{
    # An idle worker lets go of the file of a past period.
    my $nginx = Journey::Master->new(
        workers => 1, http => 'journey_log logs/i-%s.log flush=100ms;');

    ok($nginx->start, 'idle: starts') or diag($nginx->said);

    my ($worker) = $nginx->workers;
    my $open;

    # A second that ends before the flush is over before its file was seen.
    for (1 .. 10) {
        Time::HiRes::sleep(1.02 - (Time::HiRes::time() - int(time())));
        unlink glob "$nginx->{dir}/logs/i-*.log";
        browser(port => $nginx->port)->get('/1');
        $open = wait_for(sub {
            $nginx->open_files($worker, qr/i-\d+\.log/)
        }, 0.7);
        last if $open;
    }

    ok($open, 'idle: open at first');
    ok(wait_for(sub { !$nginx->open_files($worker, qr/i-\d+\.log/) }),
       'idle: closed when the period is over');

    # An idle worker makes no files.
    my @files = glob "$nginx->{dir}/logs/i-*.log";
    is(scalar @files, 1, 'idle: one file');
    ok($nginx->quit, 'idle: quits');
    is(scalar(my @after = glob "$nginx->{dir}/logs/i-*.log"), 1,
       'idle: none at the exit');
    $nginx->calm('idle: no alarm');
}

{
    # A period's folder that is not there: counted, the next line is tried.
    my $nginx = Journey::Master->new(workers => 1);

    $nginx->configure(
        http => 'journey_log logs/deep/journey.log flush=100ms;',
        servers => journey_server($nginx,
            "location / { $page } location /status { journey_status; }"));
    mkdir "$nginx->{dir}/logs/deep" or die "mkdir: $!";
    ok($nginx->start, 'no folder: starts') or diag($nginx->said);

    my $anna = browser(port => $nginx->port);
    $anna->get('/before');
    is(scalar $nginx->events(1, "$nginx->{dir}/logs/deep/journey.log"), 1,
       'no folder: written before');

    rename "$nginx->{dir}/logs/deep", "$nginx->{dir}/logs/gone"
        or die "rename: $!";
    $anna->get("/without/$_") for 1 .. 3;
    sleep 0.5;
    $anna->get("/without/$_") for 4 .. 5;
    sleep 0.5;

    my $status = $nginx->status_when(sub { $_[0]{log}{errors} >= 2 });
    is($status->{log}{buffered}, 5, 'no folder: five lines wait');
    is($status->{log}{dropped}, 0, 'no folder: none is lost');
    cmp_ok($status->{log}{errors}, '>=', 2, 'no folder: errors counted');
    is($anna->get('/still')->status, 200, 'no folder: pages go on');
    mkdir "$nginx->{dir}/logs/deep" or die "mkdir: $!";
    $anna->get('/after');

    my @events = $nginx->events(7, "$nginx->{dir}/logs/deep/journey.log");
    is_deeply([map { $_->{p} } @events],
              [(map { "/without/$_" } 1 .. 5), '/still', '/after'],
              'no folder: all is written when it is there again');

    my @alerts = grep { /\[alert\]/ } split /\n/, slurp($nginx->error_log);
    is(scalar @alerts, 1, 'no folder: one alert in a minute');
    like($alerts[0], qr{journey log ".*deep/journey\.log": open\(\) failed, lines wait },
         'no folder: that names the file');
    ok($nginx->quit, 'no folder: quits');
}


# ---- refused starts --------------------------------------------------------

# refused(NAME, HTTP, PATTERN, more configuration): neither -t nor a start.

sub refused {
    my ($name, $http, $pattern, %more) = @_;
    my $prepare = delete $more{prepare};
    my $nginx = Journey::Master->new(%more);

    spew("$nginx->{dir}/conf/bad.conf", "# one\n$http\n");
    $nginx->configure(http => "include bad.conf;\n"
                              . (defined $more{http} ? $more{http} : ''));
    $prepare->($nginx) if defined $prepare;

    (my $re = $pattern) =~ s/DIR/\Q$nginx->{dir}\E/g;

    ok(!$nginx->test, "$name: -t refuses");
    like($nginx->said, qr/\[emerg\] .*$re/, "$name: and says why");

    if ($nginx->start) {
        fail("$name: the start is refused");
        $nginx->quit;

    } else {
        like($nginx->said, qr/\[emerg\] .*$re/, "$name: nor does it start");
    }

    return $nginx;
}

my $at = qr{ in DIR/conf/bad\.conf:2};

for my $case (
    ['a variable', 'logs/$host.log', 'variables are not supported'],
    ['syslog', 'syslog:server=127.0.0.1', 'syslog is not supported'],
    ['a folder by its name', 'logs/', 'it names no file'],
    ['an empty path', '""', 'it names no file'],
    ['%N', 'logs/%N.log', 'a conversion of strftime that cannot'],
    ['% at the end', 'logs/x%', 'a conversion of strftime that cannot'],
    ['%c has spaces and colons', 'logs/%c', 'a conversion of strftime that'],
    ['%D has slashes', 'logs/%D', 'a conversion of strftime that cannot'],
    ['%E', 'logs/%Ey', 'a conversion of strftime that cannot'],
) {
    my ($name, $path, $why) = @$case;
    (my $quoted = $path) =~ s/"//g;

    refused($name, "journey_log $path;",
            qr{invalid path "\Q$quoted\E" of "journey_log": $why.*$at});
}

refused('a path too long', 'journey_log logs/' . 'x' x 3000 . ';',
        qr{too long path of "journey_log": "[^"]*x{500}.*$at});

refused('a folder', 'journey_log logs/folder;',
        qr{"journey_log" "DIR/logs/folder" .*no regular file$at},
        prepare => sub { mkdir "$_[0]{dir}/logs/folder" });
refused('a folder that is missing', 'journey_log missing/journey.log;',
        qr{"DIR/missing/journey\.log" cannot be written: .*$at .*\(2:});
refused('a file for a folder', 'journey_log conf/nginx.conf/journey.log;',
        qr{"journey_log" "DIR/conf/nginx\.conf/journey\.log".*$at});
refused('a symbolic link', 'journey_log logs/link.log;',
        qr{"journey_log" "DIR/logs/link\.log" .*symbolic link$at},
        prepare => sub { spew("$_[0]{dir}/logs/real.log", '');
                         symlink "real.log", "$_[0]{dir}/logs/link.log" });
refused('a dangling link', 'journey_log logs/link.log;',
        qr{"journey_log" "DIR/logs/link\.log" .*symbolic link$at},
        prepare => sub { symlink "nowhere", "$_[0]{dir}/logs/link.log" });
refused('a pipe', 'journey_log logs/pipe;',
        qr{"journey_log" "DIR/logs/pipe" .*no regular file$at},
        prepare => sub { POSIX::mkfifo("$_[0]{dir}/logs/pipe", 0666) });
refused('a device', 'journey_log /dev/null;',
        qr{"journey_log" "/dev/null" .*no regular file$at});

refused('the same path, another level',
        "journey_log logs/j.log;\nserver { journey_log logs/j.log gzip=2; }",
        qr{"journey_log"\ "DIR/logs/j\.log"\ has\ other\ parameters\ in
           \ DIR/conf/bad\.conf:2\ in\ DIR/conf/bad\.conf:3}x);
refused('the same path, another buffer',
        "journey_log logs/j.log buffer=64k;\n"
        . "server { journey_log logs/j.log buffer=128k; }",
        qr{other parameters in DIR/conf/bad\.conf:2 in .*bad\.conf:3});
refused('the same path, another flush',
        "journey_log logs/j.log flush=1s;\n"
        . "server { journey_log logs/j.log flush=2s; }",
        qr{other parameters in DIR/conf/bad\.conf:2 in .*bad\.conf:3});

# With another log, whichever comes first, at any level, by any spelling.
my $other = qr{"DIR/logs/[^"]*" of "journey_log" .*another log's.*$at};

refused('an access_log after it',
        "journey_log logs/x.log;\naccess_log logs/x.log;", $other);
refused('an access_log before it',
        "access_log logs/x.log; journey_log logs/x.log;",
        qr{"DIR/logs/x\.log" of "journey_log" .*another log's.*:2});
refused("a server's access_log",
        "journey_log logs/x.log;\nserver { access_log logs/x.log; }",
        $other);
refused('an error_log of http', "journey_log logs/x.log;\n"
        . "error_log logs/x.log;", $other);
refused('an error_log before http', 'journey_log logs/x.log;', $other,
        main => 'error_log logs/x.log;');
refused('an error_log after http', 'journey_log logs/x.log;', $other,
        after => 'error_log logs/x.log;');
refused('an access_log, spelled otherwise',
        "journey_log logs/x.log;\naccess_log logs/../logs//x.log;", $other);
refused('an access_log with a buffer',
        "journey_log logs/x.log;\n"
        . "access_log logs/x.log combined buffer=32k flush=1s;", $other);
refused('a hard link of the error_log', 'journey_log logs/x.log;', $other,
        prepare => sub { spew($_[0]->error_log, '');
                         link $_[0]->error_log, "$_[0]{dir}/logs/x.log" });
refused('the access_log of this second', 'journey_log logs/%Y.log;',
        qr{"DIR/logs/%Y\.log" of "journey_log" .*another log's.*$at},
        main => 'error_log logs/' . POSIX::strftime('%Y', gmtime) . '.log;');

# A parent that is a link is no trap, it is how many machines have /var/log.
{
    my $nginx = Journey::Master->new(
        http => 'journey_log l/j.log flush=100ms;');

    symlink 'logs', "$nginx->{dir}/l" or die "symlink: $!";
    ok($nginx->start, 'a folder that is a link: starts')
        or diag($nginx->said);
    browser(port => $nginx->port)->get('/');
    is(scalar $nginx->events(1, "$nginx->{dir}/logs/j.log"), 1,
       'a folder that is a link: written');
    ok($nginx->quit, 'a folder that is a link: quits');
}


# ---- the worker's user -----------------------------------------------------

SKIP: {
    skip 'the rights of another user need root', 1 if $> != 0;
    skip 'no user nobody', 1 if !defined getpwnam 'nobody';

    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    my $user = 'nobody ' . getgrgid $gid;

    # The folder, then the file, are root's alone.
    refused('a folder that nobody may not write',
            'journey_log logs/journey.log;',
            qr{"journey_log"\ "DIR/logs/journey\.log"\ cannot\ be\ written:
               \ the\ worker's\ user\ may\ not\ make\ files\ in\ its\ folder
               .*$at.*\(13:}x, user => $user);
    refused('a folder that nobody may not enter',
            'journey_log closed/journey.log;',
            qr{"journey_log" "DIR/closed/journey\.log".*$at.*\(13:},
            user => $user,
            prepare => sub { mkdir "$_[0]{dir}/closed", 0700 });
    refused("a file that is root's", 'journey_log open/journey.log;',
            qr{"journey_log" "DIR/open/journey\.log".*may not read and write it$at},
            user => $user,
            prepare => sub { mkdir "$_[0]{dir}/open";
                             chmod 0777, "$_[0]{dir}/open";
                             spew("$_[0]{dir}/open/journey.log", '');
                             chmod 0644, "$_[0]{dir}/open/journey.log" });

    my $nginx = Journey::Master->new(
        user => $user, http => 'journey_log open/journey.log flush=100ms;');
    my $file = "$nginx->{dir}/open/journey.log";

    mkdir "$nginx->{dir}/open" or die "mkdir: $!";
    chown $uid, -1, "$nginx->{dir}/open";
    chmod 0700, "$nginx->{dir}/open";

    my $before = ids('self');
    ok($nginx->start, "nobody's own folder: starts") or diag($nginx->said);
    is(ids($nginx->pid), $before,
       'the look with the rights of nobody leaves the master as it was');

    my $anna = browser(port => $nginx->port);
    $anna->get('/1');
    is(scalar $nginx->events(1, $file), 1, "nobody's own folder: written");

    my @st = stat $file;
    is($st[4], $uid, "nobody's file");
    is(sprintf('%04o', $st[2] & 07777), '0640', "nobody's file: mode 0640");

    # A reload with a log that nobody may not write is refused, the old
    # workers serve on; then a good one is taken.
    my %workers = map { $_ => 1 } $nginx->workers;

    $nginx->configure(http => 'journey_log logs/x.log flush=100ms;');
    ok($nginx->reload_refused, 'reload: refused');
    like($nginx->said, qr{"journey_log" "\Q$nginx->{dir}\E/logs/x\.log".*in },
         'reload: the reason');
    is(ids($nginx->pid), $before, 'reload: the master is as it was');
    is(scalar(grep { $workers{$_} } $nginx->workers), 2,
       'reload: the old workers');
    $anna->get('/2');
    is(scalar $nginx->events(2, $file), 2, 'reload: the old log');

    $nginx->configure(http => 'journey_log open/journey.log flush=150ms;');
    ok($nginx->reload, 'reload: a good one');
    $anna->get('/3');
    is(scalar $nginx->events(3, $file), 3, 'reload: written on');
    ok($nginx->quit, "nobody's own folder: quits");
    $nginx->calm("nobody's own folder: no other alarm", qr/journey_log/);

    # A master with more groups than most.
    my $many = Journey::Master->new(user => $user);
    chmod 0777, "$many->{dir}/logs";

    my $own = $);
    $) = join ' ', 0, 0, 70001 .. 70100;
    $before = ids('self');
    ok($many->start, 'a hundred groups: starts') or diag($many->said);
    $) = $own;

    like($before, qr/\b70100\b/, 'a hundred groups');
    is(ids($many->pid), $before, 'a hundred groups: kept');
    my ($worker) = $many->workers;
    unlike(ids($worker), qr/\b70100\b/, "a hundred groups: not the worker's");
    ok($many->quit, 'a hundred groups: quits');
}


sub ids {
    my $pid = shift;

    return join '', grep { /^(?:Uid|Gid|Groups):/ }
           split /^/, slurp("/proc/$pid/status");
}


# ---- a bad reload ----------------------------------------------------------

{
    my $nginx = Journey::Master->new();

    ok($nginx->start, 'bad reload: starts') or diag($nginx->said);

    my $anna = browser(port => $nginx->port);
    my %workers = map { $_ => 1 } $nginx->workers;
    my $n = 0;

    POSIX::mkfifo("$nginx->{dir}/logs/pipe", 0666) or die "mkfifo: $!";
    $anna->get('/' . ++$n);

    for my $case (
        ['a wrong parameter', 'journey_log logs/journey.log gzip=0;',
         qr/invalid parameter "gzip=0" of "journey_log"/],
        ['a pipe', 'journey_log logs/pipe;', qr/no regular file/],
        ['a missing folder', 'journey_log missing/x.log;',
         qr/cannot be written/],
        ["another log's path", "journey_log logs/x.log;\n"
                               . "access_log logs/x.log;",
         qr/another log's/],
        ['a zone that is too small', 'journey_zone journey:1k;',
         qr/invalid size of zone "journey:1k" of "journey_zone"/],
    ) {
        my ($name, $http, $pattern) = @$case;

        $nginx->configure(http => $http);
        ok($nginx->reload_refused, "bad reload, $name: refused");
        like($nginx->said, $pattern, "bad reload, $name: the reason");
        is(scalar(grep { $workers{$_} } $nginx->workers), 2,
           "bad reload, $name: the old workers");

        my $r = $anna->get('/' . ++$n);
        is($r->status, 200, "bad reload, $name: they answer");
        is(scalar $nginx->events($n), $n, "bad reload, $name: and log");
    }

    ok($nginx->quit, 'bad reload: quits');
    is(scalar journey_log($nginx->log), $n, 'bad reload: nothing doubled');
    my @sessions = grep { exists $_->{ch} } journey_log($nginx->log);
    is(scalar @sessions, 1, 'bad reload: one visitor, one key all the time');
    $nginx->calm('bad reload: no alarm but the refusals', qr/\[emerg\]/);
}
