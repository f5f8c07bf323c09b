# Copyright (C) ngx_journey_module contributors
#
# journey tail: every line once, whole, soon, in whatever way the log grows, is
# renamed, cut or damaged; and nothing of it steers a terminal.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey ();
use Journey::Clock qw(quick took);
use Journey::Lines;
use Journey::Master qw(load_start load_wait wait_for);
use JSON::PP ();
use POSIX ();
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $command = $ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND};
my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my ($n, %running) = (0);

$ENV{TZ} = 'UTC';

END { local $?; kill 'KILL', keys %running if %running; }


# ---- helpers ---------------------------------------------------------------

sub ev {
    my ($at, $k, %more) = @_;

    return { t => $T + 1000 * $at, k => $k, h => 'shop.example', p => "/$at",
             v => id('c', $at), j => 1, s => 1, %more };
}

# Touches /1, /2 …
sub touches {
    return map { ev($_, 'page', ch => 'email', src => 'letter', med => 'email',
                    why => 'utm') } @_;
}

sub append {
    my ($file, $data) = @_;

    open my $f, '>>:raw', $file or die "$file: $!";
    syswrite $f, $data;
    close $f or die "$file: $!";
}

# A running tail: its output grows in a file.
sub tail {
    my @args = @_;
    my $self = { out => path('out' . ++$n), err => path("err$n") };

    $self->{pid} = fork();
    die "fork: $!" if !defined $self->{pid};

    if ($self->{pid} == 0) {
        %running = ();
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', $self->{out} or die;
        open STDERR, '>', $self->{err} or die;
        exec $command, 'tail', @args or die "exec: $!";
    }

    $running{ $self->{pid} } = 1;

    # it has looked for its files once it watches them
    wait_for(sub { -e "/proc/$self->{pid}/fd"
                   && grep { (readlink($_) // '') =~ /inotify/ }
                           glob "/proc/$self->{pid}/fd/*" });
    return $self;
}

sub said { return slurp($_[0]{out}); }

# The paths that it has printed.
sub paths { return join ' ', said($_[0]) =~ m{/(\w+)(?: \(\w+\))?$}mg; }

sub soon {
    my ($tail, $paths, $name) = @_;

    wait_for(sub { paths($tail) eq $paths });
    is(paths($tail), $paths, $name) or diag(slurp($tail->{err}));
}

# Ends it by a signal: (exit code, errors).
sub ends {
    my ($tail, $signal) = @_;

    kill $signal || 'INT', $tail->{pid};
    waitpid $tail->{pid}, 0;
    delete $running{ $tail->{pid} };

    return ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8,
            slurp($tail->{err}));
}

sub ended {
    my ($tail, $name) = @_;

    is(join(' ', ends($tail)), '0 ', "$name: ends in silence");
}


# ---- what a line says ------------------------------------------------------

my @kinds = (
    ev(1, 'page', p => '/products/', ph => 'consideration', pn => 2,
       v => 'cSJBiXSDE-3rgHpRx', ch => 'organic_search', src => 'google',
       med => 'organic', why => 'referrer'),
    ev(2, 'page', p => '/quiet'),
    ev(3, 'click', p => '/go/n', ch => 'email', src => 'letter',
       med => 'email', cmp => 'november', why => 'utm'),
    ev(4, 'click', p => '/go/again'),
    { t => $T + 5000, k => 'pixel', h => 'shop.example', p => '/mail.gif',
      src => 'letter', med => 'email' },
    { t => $T + 6000, k => 'offline', v => 'cSJBiXSDE-3rgHpRx',
      ch => 'offline', src => 'call', med => 'offline' },
    ev(7, 'error', p => '/lost', st => 404),
    ev(8, 'goal', p => '/done', goal => 'purchase', done => 1, val => 1299.9,
       cur => 'EUR', w => [qw(email direct organic_search)], wn => 3),
    ev(9, 'goal', p => '/done', goal => 'signup',
       w => [('email') x 15, 'direct'], wn => 99),
    ev(10, 'page', p => '/prefetched', pf => 1, ch => 'direct'),
    ev(11, 'page', p => '/bot', bot => 'googlebot', ch => 'direct'),
);

{
    my $log = spew(member(lines(@kinds)));
    my $tail = tail('--lines', 50, '--tz', 'Europe/Berlin', $log);
    my $want = <<'END';
2026-11-22 CET
05:29:41  cSJBiXS  touch    organic_search  google / organic  →  /products/ (consideration)
05:29:43  cAAAAAA  click    email           letter / email / november  →  /go/n
05:29:44  cAAAAAA  click    /go/again
05:29:45  -        pixel    letter / email  →  /mail.gif
05:29:46  cSJBiXS  offline  offline         call / offline
05:29:48  cAAAAAA  goal     purchase 1,299.90 EUR  email > direct > organic_search  completes
05:29:49  cAAAAAA  goal     signup  email > email > email > email > email > email > email > email > email > email > email > email > email > email > email > … > direct
END

    wait_for(sub { said($tail) =~ /signup/ });
    is(said($tail), $want, 'a line for each that counts');
    append($log, member(lines(ev(90_000, 'page', p => '/next', ch => 'direct'))));
    wait_for(sub { said($tail) =~ /next/ });
    like(said($tail), qr/^2026-11-23 CET\n06:29:40  cAAAAAA  touch    direct /m,
         'another day has a line of its own');
    unlike(said($tail), qr/\e/, 'no colours where there is no terminal');
    ended($tail, 'kinds');

    $tail = tail('--lines', 50, '--all', '--tz', '+02:00', $log);
    wait_for(sub { said($tail) =~ /next/ });
    like(said($tail), qr/^2026-11-22 \+02:00\n06:29:41 /, '--tz');
    like(said($tail), qr/^06:29:42  cAAAAAA  page     \/quiet$/m,
         '--all: pages');
    like(said($tail), qr/^06:29:47  cAAAAAA  error    404  \/lost$/m,
         '--all: errors');
    like(said($tail), qr/  prefetched  direct .*\/prefetched$/m,
         '--all: prefetched pages');
    like(said($tail), qr/  bot      googlebot  .*\/bot$/m, '--all: bots');
    ended($tail, '--all');

    $tail = tail($log);
    wait_for(sub { said($tail) =~ /next/ });
    like(said($tail), qr/^2026-11-22 UTC\n04:29:41 /,
         'the zone of this machine');
    ended($tail, 'zone');

    $tail = tail('--lines', 3, $log);
    wait_for(sub { said($tail) =~ /next/ });
    is(scalar(() = said($tail) =~ /^\d\d:/mg), 3, '--lines');
    ended($tail, '--lines');

    $tail = tail('--lines', 0, $log);
    append($log, member(lines(ev(90_001, 'page', p => '/end',
                                 ch => 'direct'))));
    soon($tail, 'end', '--lines 0');
    ended($tail, '--lines 0');

    $tail = tail('--since', $T / 1000 + 8, $log);
    wait_for(sub { said($tail) =~ m{/end$}m });
    like(said($tail), qr/\A2026.*\n04:29:48 .*\n04:29:49 .*\n2026.*\n.*next\n.*\/end\n\z/,
         '--since');
    ended($tail, '--since');
}

{
    my $log = spew(lines(touches(1), ev(2, 'page', ch => 'direct')));
    my $tail = tail($log);

    wait_for(sub { said($tail) =~ m{/2$}m });
    unlike(said($tail), qr/shop\.example/, 'one host is not named');
    append($log, lines(ev(3, 'page', ch => 'direct', h => 'blog.example'),
                       ev(4, 'page', ch => 'direct'),
                       ev(5, 'goal', goal => 'signup')));
    wait_for(sub { said($tail) =~ /signup/ });
    like(said($tail), qr{ blog\.example/3\n.* shop\.example/4\n.*signup  shop\.example\n},
         'two are');
    ended($tail, 'hosts');

    $tail = tail('--host', 'blog.example', $log);
    wait_for(sub { said($tail) =~ m{/3$}m });
    is(paths($tail), '3', '--host');
    ended($tail, '--host');
}


# ---- how logs grow ---------------------------------------------------------

# Members, and one that comes in pieces.
for my $form ('ours', 'gzip', 'plain') {
    my $made = $form eq 'ours' ? \&member : $form eq 'gzip' ? \&foreign
               : sub { return $_[0] };
    my $log = spew($made->(lines(touches(1 .. 30))));
    my $tail = tail('--lines', 2, $log);

    soon($tail, '29 30', "$form: the end of what is there");

    my $last = 30;

    quick(1, "$form: soon", sub {
        append($log, $made->(lines(touches($last + 1, $last + 2))));
        $last += 2;
        soon($tail, join(' ', 29 .. $last), "$form: what is appended");
    });

    my $piece = $made->(lines(touches($last + 1)));

    for my $byte (split //, $piece) {
        append($log, $byte);
        sleep 0.004;
    }

    append($log, $made->(lines(touches($last + 2))));
    soon($tail, join(' ', 29 .. $last + 2), "$form: byte by byte");
    ended($tail, $form);
}

{
    # The end is torn when it begins, and for a while.
    my $torn = member(lines(touches(3, 4)));
    my $log = spew(member(lines(touches(1, 2))) . substr($torn, 0, 60));
    my $tail = tail($log);

    soon($tail, '1 2', 'torn: nothing of it');
    sleep 0.7;
    append($log, substr $torn, 60, 20);
    sleep 0.7;
    is(paths($tail), '1 2', 'torn: still nothing');
    append($log, substr $torn, 80);
    soon($tail, '1 2 3 4', 'torn: all once it is whole');

    # Who could not write all of it takes it back; another one writes there.
    my $size = -s $log;
    append($log, substr $torn, 0, 50);
    sleep 0.7;
    truncate $log, $size or die;
    append($log, member(lines(touches(5))));
    soon($tail, '1 2 3 4 5', 'taken back');

    # Who dies half-way leaves it, and others go on.
    append($log, substr $torn, 0, 50);
    append($log, member(lines(touches(6))));
    soon($tail, '1 2 3 4 5 6', 'left behind: the next one is found');

    my $damaged = member(lines(touches(7)));
    substr $damaged, 40, 4, 'xxxx';
    append($log, $damaged . member(lines(touches(8))));
    soon($tail, '1 2 3 4 5 6 8', 'damaged: the next one is found');

    append($log, "rubbish\n" x 3);
    sleep 2.5;
    append($log, member(lines(touches(9))));
    soon($tail, '1 2 3 4 5 6 8 9', 'rubbish: the next one is found');

    my ($code, $err) = ends($tail, 'TERM');
    is($code, 0, 'SIGTERM: 0');
    is(scalar(() = $err =~ /^journey: \S+: torn at byte \d+$/mg), 3,
       'three were torn, and it is said') or diag($err);
}

{
    my $log = spew(lines(touches(1)) . "{\"t\":1,\n" . lines(touches(2)));
    my $tail = tail($log);

    soon($tail, '1 2', 'a broken line is passed over');
    append($log, '{"t":"x\u001b[31m"}' . "\n" . '{' x 3_000_000);
    sleep 0.7;
    append($log, "\n" . lines(touches(3)));
    soon($tail, '1 2 3', 'one that never seems to end, too');

    my ($code, $err) = ends($tail);
    like($err, qr/\Ajourney: \S+: a line that cannot be read: [ -~]+\njourney: \S+: torn at byte \d+\n\z/,
         'only new ones are told');
}


# ---- names -----------------------------------------------------------------

{
    my $log = spew(member(lines(touches(1))), 'rotated.log');
    my $tail = tail($log);

    soon($tail, '1', 'rename: before');

    # the rest of the old file is read before the new one
    append($log, member(lines(touches(2))));
    rename $log, "$log.1" or die;
    append("$log.1", member(lines(touches(3))));
    spew(member(lines(touches(4))), 'rotated.log');
    soon($tail, '1 2 3 4', 'rename: the old one first');
    sleep 0.7;
    append("$log.1", member(lines(touches(5))));
    soon($tail, '1 2 3 4 5', 'rename: a late line of the old one');
    append($log, member(lines(touches(6))));
    soon($tail, '1 2 3 4 5 6', 'rename: the new one');

    # copytruncate
    truncate $log, 0 or die;
    sleep 0.7;
    append($log, member(lines(touches(7))));
    soon($tail, '1 2 3 4 5 6 7', 'cut to nothing');

    open my $f, '>:raw', $log or die;       # as long as it was, at once
    syswrite $f, member(lines(touches(8))) . member(lines(touches(9, 10)));
    close $f;
    soon($tail, '1 2 3 4 5 6 7 8 9 10', 'written anew, and longer');

    unlink $log or die;
    sleep 0.7;
    spew(member(lines(touches(11))), 'rotated.log');
    soon($tail, '1 2 3 4 5 6 7 8 9 10 11', 'removed and made again');
    ended($tail, 'rename');
}

for my $how ('folder', 'pattern', 'strftime') {
    my $dir = path("logs-$how");
    my $arg = $how eq 'folder' ? $dir : $how eq 'pattern' ? "$dir/j-*"
              : "$dir/j-%Y-%m-%d.log";

    mkdir $dir or die;
    spew(member(lines(touches(1))), "logs-$how/j-2026-11-20.log");
    old(path("logs-$how/j-2026-11-20.log"));
    spew(member(lines(touches(2))), "logs-$how/j-2026-11-21.log");
    spew("nothing\n", "logs-$how/.hidden");

    my $tail = tail('--lines', 10, $arg);
    soon($tail, '1 2', "$how: all files");

    spew(member(lines(touches(3))), "logs-$how/j-2026-11-22.log");
    soon($tail, '1 2 3', "$how: a new file is read from its begin");
    append(path("logs-$how/j-2026-11-20.log"), member(lines(touches(4))));
    soon($tail, '1 2 3 4', "$how: an old one goes on");

    # what gets to its name by a rename is no new log; neither is a copy
    spew(member(lines(touches(1))), "moved$how");
    rename path("moved$how"), "$dir/j-2026-11-19.log" or die;
    spew(member(lines(touches(2))), "logs-$how/j-2026-11-21.log.1");
    spew(foreign(lines(touches(2))), "logs-$how/j-2026-11-21.log.gz");
    rename "$dir/j-2026-11-22.log", "$dir/j-2026-11-23.log" or die;
    sleep 1.2;
    append("$dir/j-2026-11-23.log", member(lines(touches(5))));
    soon($tail, '1 2 3 4 5', "$how: copies are not read again");
    append("$dir/j-2026-11-19.log", member(lines(touches(6))));
    soon($tail, '1 2 3 4 5 6', "$how: but what is added to one is");
    ended($tail, $how);
}


# ---- JSON, terminals, hostile lines ----------------------------------------

my @hostile = (
    ev(1, 'page', p => "/\x{1b}[2J\x{7}\x{9b}31m\x{202e}\x{7f}\x{e4}",
       v => "c\x{1b}[5m", ph => "ph\x{1b}", pn => 1, h => "h\x{1b}]0;x\x{7}",
       ch => "ch\x{1b}[1m", src => "s\x{9b}1m", med => "\x{85}",
       cmp => "\x{d}\x{a}x"),
    ev(2, 'goal', goal => "g\x{1b}[5m", val => 1e280, cur => "\x{1b}c!",
       w => ["a\x{1b}[3m", "b\x{8}"], wn => 2),
);

sub harmless {
    my ($out, $name) = @_;

    unlike($out, qr/[\x00-\x09\x0b-\x1f\x7f]/, "$name: no controls");
    unlike($out, qr/\xc2[\x80-\x9f]|\xe2\x80\xae/, "$name: none of Unicode's");
}

{
    my $log = spew(lines(@hostile));
    append($log, "{\"t\":$T,\"k\":\"page\",\"ch\":\"\xff\xc3\",\"p\":\"/"
                 . "\x1b[31m\"}\n");
    append($log, "{\"t\":$T,\"k\":\"page\",\"ch\":\"\xff\xc3\","
                 . "\"p\":\"/last\"}\n");

    my $tail = tail($log);
    wait_for(sub { said($tail) =~ /goal/ });
    harmless(said($tail), 'hostile');
    is(scalar(() = said($tail) =~ /\n/g), 4, 'hostile: a line each');
    ended($tail, 'hostile');

    $tail = tail('--json', '--lines', 2, $log);
    wait_for(sub { said($tail) =~ /goal/ });
    is(said($tail), lines(@hostile), 'JSON: the lines as they are');
    ended($tail, 'JSON');
}

SKIP: {
    skip 'no script(1) here', 10 if system('script --version > /dev/null 2>&1');

    my $log = spew(lines(@hostile, touches(3), $kinds[0]));
    my $shown = sub {
        my ($env, $columns, @args) = @_;
        my $out = path('typescript');

        my $text = '';

        # longer when a busy machine lets it say nothing
        for my $seconds (1.5, 5, 20) {
            unlink $out;
            system("stty -F /dev/null cols 80 2> /dev/null; "
                   . "TERM=xterm $env script -qec 'stty cols $columns rows 24; "
                   . "timeout $seconds $command tail @args $log' $out"
                   . " > /dev/null < /dev/null 2>&1");
            $text = slurp($out);
            last if $text =~ /cSJBiXS/;
        }

        $text =~ s/^Script (?:started|done).*\n//mg;
        $text =~ s/\r\n/\n/g;
        return $text;
    };

    my $text = $shown->('', 200);
    my $plain = $text =~ s/\e\[[\d;]*m//gr;

    like($text, qr/\e\[\d+mcSJBiXS\e\[0m/, 'terminal: visitors have colours');
    is(($text =~ /(\e\[\d+m)cSJBiXS/)[0],
       ($shown->('', 100) =~ /(\e\[\d+m)cSJBiXS/)[0],
       'terminal: the same each time');
    harmless($plain, 'terminal');
    like($plain, qr/google \/ organic  \xe2\x86\x92  \S*\/products\/ \(consideration\)$/m,
         'terminal: wide enough');

    my $narrow = $shown->('', 40) =~ s/\e\[[\d;]*m//gr;
    is((sort { $b <=> $a } map { length Encode::decode('UTF-8', $_) }
        split /\n/, $narrow)[0], 40, 'terminal: cut to its width');
    like($narrow, qr/\xe2\x80\xa6$/m, 'terminal: and marked');

    unlike($shown->('NO_COLOR=1', 200), qr/\e/, 'terminal: NO_COLOR');
    harmless($shown->('', 200, '--json'), 'terminal: JSON');
}


# ---- how it ends -----------------------------------------------------------

{
    my $log = spew(lines(touches(1)));

    # the reader goes: noticed without a line more
    pipe my $read, my $write or die;
    my $pid = fork() // die;

    if ($pid == 0) {
        %running = ();
        close $read;
        open STDOUT, '>&', $write or die;
        open STDERR, '>', path('pipe') or die;
        close $write;
        exec $command, 'tail', $log or die;
    }

    $running{$pid} = 1;
    close $write;
    like(scalar <$read> . <$read>, qr{/1$}, 'a pipe');
    close $read;

    my $done = 0;
    wait_for(sub { $done ||= waitpid($pid, POSIX::WNOHANG()) == $pid });
    ok($done, 'it ends with its reader');
    is($?, 0, 'with 0') if $done;
    delete $running{$pid} if $done;
    is(slurp(path('pipe')), '', 'and in silence');

    for (['no such file', 1, qr/No such file/, path('nothing')],
         ['a device', 1, qr/neither a file nor a folder/, '/dev/null'],
         ['standard input', 2, qr/cannot be followed/, '-'],
         ['no file', 2, qr/no FILE/],
         ['a bad number', 2, qr/--lines: bad number/, '--lines', 'x', $log],
         ['an option of others', 2, qr/unknown option/, '--until', 1, $log])
    {
        my ($name, $code, $says, @args) = @$_;
        my ($got, $out, $err) = journey('tail', @args);

        is($got, $code, "$name: exit code");
        like($err, $says, "$name: is said");
        is($out, '', "$name: no output");
    }

    SKIP: {
        skip 'no /dev/full', 2 if !-e '/dev/full';
        is(system("$command tail $log > /dev/full 2> " . path('full')) >> 8,
           1, 'a full disk: 1');
        like(slurp(path('full')), qr/cannot write to standard output: No space/,
             'a full disk: why');
    }
}


# ---- memory ----------------------------------------------------------------

{
    my $log = spew('');
    my $tail = tail('--lines', 0, $log);
    my @many = touches(1 .. 2000);

    append($log, member(lines(@many))) for 1 .. 40;
    wait_for(sub { (() = said($tail) =~ /\n/g) >= 80_000 }, 60);
    is(scalar(() = said($tail) =~ /^\d/mg), 80_000 + 1, 'many lines');

    my ($peak) = slurp("/proc/$tail->{pid}/status") =~ /VmHWM:\s+(\d+) kB/;
    cmp_ok($peak, '<', 40_000, 'in little memory')
        if (`nm -D $command 2>/dev/null` !~ /__asan_init/);
    ended($tail, 'many');
}


# ---- beside nginx ----------------------------------------------------------

{
    my $nginx = Journey::Master->new(workers => 3);

    ok($nginx->start, 'nginx: starts') or diag($nginx->said);
    Journey::browser(port => $nginx->port)->get('/first');
    wait_for(sub { -s $nginx->log });

    my $tail = tail('--json', '--all', '--lines', 0, $nginx->log);
    my $watch = tail('--lines', 0, $nginx->log);
    my $load = load_start(port => $nginx->port, clients => 3, seconds => 3,
                          pause => 0.002);

    sleep 1;
    rename $nginx->log, $nginx->log . '.1' or die;
    sleep 1;
    rename $nginx->log, $nginx->log . '.2' or die;
    $nginx->signal('USR1');

    my ($answered, $open) = load_wait($load);

    my $visits = 0;

    quick(1.1, 'nginx: within a second of the flush', sub {
        my $page = '/campaign' . ++$visits;

        Journey::browser(port => $nginx->port)->get(
            "$page?utm_source=letter&utm_medium=email");

        my $took = took(sub { wait_for(sub { said($watch) =~ /$page$/m }) });

        like(said($watch), qr{  touch    email           letter / email  \xe2\x86\x92  $page$}m,
             'nginx: a touch');
        return \$took;
    });

    wait_for(sub { my %seen = map { $_ => 1 } said($tail) =~ /"p":"([^"]+)"/g;
                   !grep { !$seen{$_} } keys %$answered });

    my %seen;
    $seen{$_}++ for grep { m{^/p/} } said($tail) =~ /"p":"([^"]+)"/g;

    is(scalar(grep { !$seen{$_} } keys %$answered), 0,
       'nginx: ' . keys(%$answered) . ' pages of three workers, two renames')
        or diag(slurp($tail->{err}));
    is(scalar(grep { $_ != 1 } values %seen), 0, 'nginx: each once');
    ended($_, 'nginx') for $tail, $watch;
    ok($nginx->quit, 'nginx: quits');
    $nginx->calm('nginx: no alarm');
}
