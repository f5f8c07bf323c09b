package Journey;

# Copyright (C) ngx_journey_module contributors
#
# What every t/*.t shares, on top of Test::Nginx::Socket: an nginx of its own
# (port, folder, module, conf/ as journey/), browsers with a cookie jar, the
# journey log decoded and compared, and nginx's own alarms as failures.
#
#     use FindBin;
#     use lib "$FindBin::Bin/lib";
#     use Journey;
#     use Test::Nginx::Socket 'no_plan';
#
#     run_tests();
#
#     __DATA__
#
# The environment, all optional:
#   TEST_NGINX_BINARY           nginx to run; default: the one in PATH
#   TEST_NGINX_JOURNEY_MODULE   the .so; default build/ngx_http_journey_module.so,
#                               empty: linked into nginx statically
#   TEST_NGINX_JOURNEY_COMMAND  the command; default build/journey
#   TEST_NGINX_JOURNEY_TMP      where servers' folders go; default /tmp
#   TEST_NGINX_USE_HUP=1        reload between blocks instead of a restart

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Copy ();
use File::Find ();
use File::Path ();
use File::Spec ();
use IO::Socket::INET;
use IO::Uncompress::Gunzip ();
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

our ($Root, $ServRoot, $Failed, $Blocks, $Keep);

# Runs last, since END blocks run in the reverse order of their compilation:
# nginx has been stopped by then.
END {
    unlink("$ServRoot.mmdb") if defined $ServRoot;

    if (defined $ServRoot && -d $ServRoot) {
        if ($? == 0 && !$Keep) {
            local $?;
            File::Path::remove_tree($ServRoot);

        } else {
            print "# the server's folder is kept: $ServRoot\n";
        }
    }
}

BEGIN {
    $Root = Cwd::abs_path(File::Basename::dirname(__FILE__) . "/../..");

    # Several files run at once: each takes a block of four ports by its
    # process id and goes on to the next block while one is taken.
    if (!defined $ENV{TEST_NGINX_PORT} && !$ENV{TEST_NGINX_RANDOMIZE}) {
        my $port;

        for my $i (0 .. 50) {
            my $try = 10000 + ($$ * 4 + $i * 2004) % 20000;
            my @sockets = grep { defined } map {
                IO::Socket::INET->new(LocalAddr => '0.0.0.0', Proto => 'tcp',
                                      LocalPort => $_, Listen => 1,
                                      ReuseAddr => 1)
            } $try .. $try + 3;

            if (@sockets == 4) {
                $port = $try;
                last;
            }
        }

        die "no free port for nginx" if !defined $port;
        $ENV{TEST_NGINX_PORT} = $port;
        $ENV{TEST_NGINX_SERVER_PORT} = $port;
    }

    if (!defined $ENV{TEST_NGINX_SERVROOT}) {
        my $tmp = $ENV{TEST_NGINX_JOURNEY_TMP} || File::Spec->tmpdir();
        my $name = File::Basename::basename($0, '.t');

        File::Path::make_path($tmp);
        $ENV{TEST_NGINX_SERVROOT} =
            Cwd::abs_path($tmp) . "/journey-$name-$$";
    }

    $ServRoot = $ENV{TEST_NGINX_SERVROOT};

    if (!defined $ENV{TEST_NGINX_JOURNEY_MODULE}) {
        $ENV{TEST_NGINX_JOURNEY_MODULE} =
            "$Root/build/ngx_http_journey_module.so";
    }

    if (!defined $ENV{TEST_NGINX_JOURNEY_COMMAND}) {
        $ENV{TEST_NGINX_JOURNEY_COMMAND} = "$Root/build/journey";
    }

    my $module = $ENV{TEST_NGINX_JOURNEY_MODULE};

    if ($module ne '') {
        if (!-f $module) {
            print "Bail out!  $module is missing: run scripts/build.sh\n";
            exit 255;
        }

        $ENV{TEST_NGINX_LOAD_MODULES} =
            join ' ', grep { defined && $_ ne '' }
                           $ENV{TEST_NGINX_LOAD_MODULES}, $module;
    }

    # The default, 3 s, is too little for a machine that is busy.
    $ENV{TEST_NGINX_TIMEOUT} ||= 60;

    # With Debian's nginx the default, debug, costs most of the time.
    $ENV{TEST_NGINX_LOG_LEVEL} ||= 'info';

    # Each block has another; set here so that the name can be expanded.
    $ENV{TEST_NGINX_JOURNEY_LOG} = "$ServRoot/logs/journey.log";
    $ENV{TEST_NGINX_JOURNEY_ROOT} = $Root;
    $ENV{TEST_NGINX_JOURNEY_DATA} = "$Root/t/data";
}

use Test::More ();
use Test::Nginx::Socket ();

use base 'Exporter';

our @EXPORT = qw(
    browser journey_log journey_log_wait journey_log_raw journey_log_name
    journey_members journey_command journey_mmdb nginx_pids reload_nginx
    reopen_nginx slurp spew
);

# Every key a line may have (design, section 8).
my %known = map { $_ => 1 } qw(
    t v j s k h p ph pn ch src med cmp trm con cid ref why fs goal done val
    cur ord w wn st ms pf pv cc rg ct dev bot u l b
);

my %kinds = map { $_ => 1 } qw(page goal click pixel error offline);

# Test::Nginx repeats each alarm as a warning; here they pass or fail a test.
$SIG{__WARN__} = sub {
    warn @_ if $_[0] !~ /^WARNING: .*\[(?:alert|crit|emerg)\]/;
};

# nginx's own alarms, and a sanitizer's report that went to the error log.
my $alarm = qr/^\d{4}\/\d\d\/\d\d\ \d\d:\d\d:\d\d\ \[(?:alert|emerg|crit)\]
              |runtime\ error:|(?:Address|Leak|UndefinedBehavior)Sanitizer/x;
my $alarm_refused = qr/^\d{4}\/\d\d\/\d\d\ \d\d:\d\d:\d\d\ \[(?:alert|crit)\]
              |runtime\ error:|(?:Address|Leak|UndefinedBehavior)Sanitizer/x;


# ---- blocks ----------------------------------------------------------------

Test::Nginx::Util::add_block_preprocessor(sub {
    my $block = shift;

    $Blocks++;
    $ENV{TEST_NGINX_JOURNEY_LOG} = "$ServRoot/logs/journey-$Blocks.log";

    my $setup = $block->post_setup_server_root;
    $block->set_value('post_setup_server_root',
                      'Journey::install_conf();'
                      . (defined $setup ? $setup : ''));

    my $add = defined $block->must_die ? $alarm_refused : $alarm;

    if (defined $block->allow_alarm) {
        # What it gives is a pattern of the alarms the block is about.
        my $allowed = $block->allow_alarm;
        chomp $allowed;
        $add = qr/^(?!.*(?:$allowed))(?:$add)/;
    }

    for my $section ('no_error_log', 'no_shutdown_error_log') {
        my $pats = $block->$section;

        if (!defined $pats) {
            $pats = [];

        } elsif (!ref $pats) {
            chomp $pats;
            $pats = [split /\n+/, $pats];

        } elsif (ref $pats eq 'Regexp') {
            $pats = [$pats];
        }

        # At its end a block that must die has no log of its own any more.
        next if $section eq 'no_shutdown_error_log'
                && defined $block->must_die;

        $block->set_value($section, [@$pats, $add]);
    }

    # The refusal is what such a block expects: it need not be shown.
    $block->set_value('suppress_stderr', 1) if defined $block->must_die;

    # A reload keeps a zone of the same name: blocks must not inherit visitors.
    if ($ENV{TEST_NGINX_USE_HUP}) {
        my $http = defined $block->http_config ? $block->http_config : '';

        if ($http !~ /\bjourney_zone\b/) {
            $block->set_value('http_config',
                              "journey_zone block$Blocks:4m;\n$http");
        }
    }
});


# conf/ as an installation has it: journey/ beside nginx.conf.  Only where the
# log goes, how soon it is flushed and the zone (a block may have its own) are
# the tests' own.

sub install_conf {
    my $to = "$ServRoot/conf/journey";
    my $zone = $ENV{TEST_NGINX_USE_HUP};

    return if !-d "$Root/conf";

    File::Find::find({ no_chdir => 1, wanted => sub {
        my $name = substr $_, length "$Root/conf";

        if (-d $_) {
            File::Path::make_path("$to$name");
            return;
        }

        my $text = slurp($_);

        if (/\.conf$/) {
            $text =~ s{^(\s*)journey_log\s+[^;]*/var/log/journey/[^;]*;}
                      {$1journey_log $ENV{TEST_NGINX_JOURNEY_LOG} flush=100ms;}mg;
            $text =~ s{/var/log/journey/}{$ServRoot/logs/}g;
            $text =~ s{^\s*journey_zone\s+[^;]*;}{}mg if $zone;
        }

        spew("$to$name", $text);
    }}, "$Root/conf");
}


# ---- running ---------------------------------------------------------------

my $run_test_helper = $Test::Nginx::Util::RunTestHelper;

$Test::Nginx::Util::RunTestHelper = sub {
    my ($block, $dry_run, $repeated) = @_;
    my $name = $block->name;

    if (defined $block->request || defined $block->raw_request
        || defined $block->pipelined_requests)
    {
        $run_test_helper->($block, $dry_run, $repeated);

    } elsif (!defined $block->visit) {
        Test::Nginx::Util::bail_out("$name - neither request nor visit");
    }

    if (defined $block->visit && !$dry_run) {
        my $code = $block->visit;

        Test::More::note("$name - visit");

        my $done = eval "package main;\n#line 1 \"visit of $name\"\n"
                        . "$code\n;1";

        if (!$done) {
            Test::More::fail("$name - visit ran to its end");
            Test::More::diag($@);
        }

        # What the visit caused is the runner's to judge, too.
        $Test::Nginx::Util::CheckErrorLog->($block, undef, $dry_run,
                                            $repeated, 0)
            if !defined $block->request && !defined $block->raw_request
               && !defined $block->pipelined_requests;
    }

    if (defined $block->journey_log && !$dry_run) {
        check_journey_log($name, $block->journey_log);
    }
};


sub check_journey_log {
    my ($name, $section) = @_;
    my @want;

    for my $line (ref $section ? @$section : split /\n/, $section) {
        next if !ref $line && $line =~ /^\s*(?:#.*)?$/;
        push @want, ref $line ? $line : decode($line);
    }

    my @got = journey_log_wait(scalar @want);
    my $same = @got == @want;

    Test::More::is(scalar @got, scalar @want, "$name - events in the log");

    for my $i (0 .. $#want) {
        last if $i > $#got;
        my $difference = event_differs($got[$i], $want[$i]);

        Test::More::ok(!defined $difference,
                       "$name - event " . ($i + 1))
            or do { Test::More::diag($difference); $same = 0 };
    }

    if (!$same) {
        Test::More::diag("the log: " . encode($_)) for @got;
    }
}


# Only the keys that are wanted are compared.  null: the key must be absent;
# "~REGEX": must match; anything else: must be equal.

sub event_differs {
    my ($got, $want) = @_;

    for my $key (sort keys %$want) {
        my $w = $want->{$key};
        my $g = $got->{$key};

        if (!defined $w) {
            return "$key should be absent, got " . encode($g)
                if exists $got->{$key};
            next;
        }

        return "$key is absent" if !exists $got->{$key};

        if (!ref $w && $w =~ /^~(.*)/s) {
            my $re = $1;
            return "$key: " . encode($g) . " does not match $re"
                if ref $g || $g !~ /$re/;
            next;
        }

        return "$key: got " . encode($g) . ", want " . encode($w)
            if encode($g) ne encode($w) && !(number($g) && number($w)
                                             && $g == $w);
    }

    return;
}


sub number {
    my $value = shift;

    return !ref $value && $value =~ /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
}


# The wrapper stays in place of the original for everyone who imports it.
{
    my $run_tests = \&Test::Nginx::Util::run_tests;
    my $wrapped = sub () {
        $run_tests->();
        finish();
    };

    no warnings 'redefine';
    *Test::Nginx::Util::run_tests = $wrapped;
    *Test::Nginx::Socket::run_tests = $wrapped;
}


# The last nginx has to go by itself, and without an alarm.

sub finish {
    my @pids = nginx_pids();
    my $last = $Test::Nginx::Util::PrevBlock;

    if (@pids) {
        kill 'QUIT', $pids[0];

        my $until = Time::HiRes::time() + 60;
        my $alive = 1;

        while ($alive && Time::HiRes::time() < $until) {
            $alive = grep { alive($_) } @pids;
            Time::HiRes::sleep(0.02) if $alive;
        }

        Test::More::ok(!$alive, "nginx exits when told to");
        kill 'KILL', grep { alive($_) } @pids;
    }

    if (defined $last && !defined $last->must_die
        && !defined $last->allow_alarm && -f "$ServRoot/logs/error.log")
    {
        my @lines = grep { $_ =~ $alarm }
                         split /\n/, slurp("$ServRoot/logs/error.log");

        Test::More::is(scalar @lines, 0, "no alarm in the last error.log");
        Test::More::diag($_) for @lines;
    }
}


sub alive {
    my $pid = shift;

    return 0 if !kill 0, $pid;
    open my $in, '<', "/proc/$pid/stat" or return 0;
    my $stat = <$in>;
    return !defined $stat || $stat !~ /^\d+ \(.*\) Z/;
}


# ---- for visits ------------------------------------------------------------

sub browser { return Journey::Browser->new(@_); }


# nginx's processes: the first is the one that takes signals.

sub nginx_pids {
    my $file = "$ServRoot/logs/nginx.pid";

    return if !-f $file;

    my ($pid) = slurp($file) =~ /(\d+)/ or return;
    my @pids = ($pid);

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my $line = <$in>;
        push @pids, $1
            if defined $line
               && $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $pid;
    }

    return @pids;
}


# HUP, and waits until workers of the new configuration run (needs a master).

sub reload_nginx {
    my @old = nginx_pids();
    my $until = Time::HiRes::time() + 60;

    kill 'HUP', $old[0] or return 0;

    while (Time::HiRes::time() < $until) {
        Time::HiRes::sleep(0.05);
        my %old = map { $_ => 1 } @old[1 .. $#old];
        my @new = nginx_pids();
        my @workers = @new[1 .. $#new];

        return 1 if @workers && !grep { $old{$_} } @workers;
    }

    return 0;
}


sub reopen_nginx {
    my ($pid) = nginx_pids();

    my $done = kill 'USR1', $pid;
    Time::HiRes::sleep(0.15);
    return $done;
}


sub journey_log_name { return $ENV{TEST_NGINX_JOURNEY_LOG}; }


# The text of a journey log, plain or gzip members.

sub journey_log_raw {
    my $file = @_ ? shift : journey_log_name();

    return '' if !-f $file;

    my $data = slurp($file);
    return $data if $data !~ /^\x1f\x8b/;

    my $text = '';
    IO::Uncompress::Gunzip::gunzip(\$data, \$text, MultiStream => 1)
        or Test::More::fail("gunzip of $file: "
                            . $IO::Uncompress::Gunzip::GunzipError);
    return $text;
}


# The events of a journey log.  Every line has to be what the schema says.

sub journey_log {
    my $file = @_ ? shift : journey_log_name();
    my @events;

    for my $line (split /\n/, journey_log_raw($file)) {
        my $event = eval { decode($line) };
        my $bad = !defined $event ? "no JSON: $@" : schema_error($event);

        if (defined $bad) {
            Test::More::fail("a line of the journey log is valid");
            Test::More::diag("$bad: $line");
            next;
        }

        push @events, $event;
    }

    return @events;
}


sub schema_error {
    my $event = shift;
    my $k = defined $event->{k} ? $event->{k} : '';

    for my $key (keys %$event) {
        return "unknown key $key" if !$known{$key};
        return "$key is null" if !defined $event->{$key};
        return "$key is empty" if !ref $event->{$key} && $event->{$key} eq '';
    }

    return "k is wrong" if !$kinds{$k};
    return "t is no time in ms" if !defined $event->{t}
                                   || $event->{t} !~ /^1\d{12}$/;
    return "v, j and s do not go together"
        if (grep { exists $event->{$_} } qw(v j s)) % 3;
    return "v is wrong" if exists $event->{v}
                           && $event->{v} !~ /^[ch][-\w]{16}$/;
    return "p is missing" if $k ne 'offline' && !exists $event->{p};
    return "a goal without name" if $k eq 'goal' && !exists $event->{goal};
    return "ch without why" if exists $event->{ch} && !exists $event->{why};
    return "ch of a source without src"
        if exists $event->{ch} && $event->{ch} ne 'direct'
           && $event->{why} !~ /^rule:/         # of a path or host alone
           && !grep { exists $event->{$_} } qw(src med cmp);
    return;
}


# Waits until the log holds n events (60 s at most, as all that waits here: a
# limit for what hangs, on a machine that is busy, too), and a little longer
# for one too many.

sub journey_log_wait {
    my ($n, $file) = @_;
    my $until = Time::HiRes::time() + 60;
    my $count = -1;

    $file = journey_log_name() if !defined $file;

    while (Time::HiRes::time() < $until) {
        $count = eval { () = journey_log_raw($file) =~ /\n/g };
        last if defined $count && $count >= $n;
        Time::HiRes::sleep(0.03);
    }

    Time::HiRes::sleep(0.3);

    return journey_log($file);
}


# The members of a gzip log: [offset, length from the "JL" field, or undef].

sub journey_members {
    my $file = @_ ? shift : journey_log_name();
    my $data = -f $file ? slurp($file) : '';
    my ($at, @members) = (0);

    while ($at + 20 <= length $data) {
        my ($id, $method, $flags) = unpack 'n C C', substr $data, $at, 4;

        last if $id != 0x1f8b || !($flags & 4);

        my $extra = substr $data, $at + 12,
                           unpack 'v', substr $data, $at + 10, 2;
        my $len;

        while (length $extra >= 4) {
            my ($name, $size) = unpack 'a2 v', $extra;
            $len = unpack 'V', substr $extra, 4, 4
                if $name eq 'JL' && $size == 4;
            $extra = substr $extra, 4 + $size;
        }

        push @members, [$at, $len];
        last if !$len;
        $at += $len;
    }

    return @members;
}


# Runs the command: (exit code, stdout, stderr).

sub journey_command {
    my ($input, @args) = @_;
    my $base = "$ServRoot-command";

    spew("$base.in", defined $input ? $input : '');

    my $pid = fork();
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', "$base.in" or POSIX::_exit(126);
        open STDOUT, '>', "$base.out" or POSIX::_exit(126);
        open STDERR, '>', "$base.err" or POSIX::_exit(126);
        exec { $ENV{TEST_NGINX_JOURNEY_COMMAND} }
             $ENV{TEST_NGINX_JOURNEY_COMMAND}, @args or POSIX::_exit(127);
    }

    waitpid $pid, 0;

    my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my @result = ($code, slurp("$base.out"), slurp("$base.err"));

    unlink "$base.in", "$base.out", "$base.err";
    return @result;
}


# The small mmdb of t/data, written once for each run of a file.

sub journey_mmdb {
    my $file = "$ServRoot.mmdb";

    if (!-f $file) {
        system($^X, "$Root/t/data/make_mmdb.pl", $file) == 0
            or die "t/data/make_mmdb.pl failed";
    }

    return $file;
}


sub slurp {
    my $file = shift;

    open my $in, '<:raw', $file or die "open $file: $!";
    local $/;
    my $data = <$in>;
    return defined $data ? $data : '';
}


sub spew {
    my ($file, $data) = @_;

    open my $out, '>:raw', $file or die "open $file: $!";
    print $out $data;
    close $out or die "close $file: $!";
}


sub decode { return JSON::PP->new->utf8->decode($_[0]); }

sub encode {
    return 'null' if !defined $_[0];
    return JSON::PP->new->utf8->canonical->allow_nonref->encode($_[0]);
}


# ---- a browser -------------------------------------------------------------

package Journey::Browser;

use strict;
use warnings;

use IO::Socket::INET;

my $chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) '
             . 'AppleWebKit/537.36 (KHTML, like Gecko) '
             . 'Chrome/131.0.0.0 Safari/537.36';


# browser(agent => …, language => …, accept => …, host => …, headers => {…},
#         address => …, from => …): headers go with every request; undef leaves
# one out.  It asks nginx at "address", by its own address "from".

sub new {
    my ($class, %options) = @_;

    return bless {
        agent    => $chrome,
        language => 'en-GB,en;q=0.9',
        accept   => 'text/html,application/xhtml+xml,application/xml;q=0.9,'
                    . '*/*;q=0.8',
        host     => Test::Nginx::Util::server_name() || 'localhost',
        headers  => {},
        cookies  => {},
        %options
    }, $class;
}


sub cookies { return $_[0]->{cookies}; }

sub get { my $self = shift; return $self->request('GET', @_); }

sub post { my $self = shift; return $self->request('POST', @_); }


# request(METHOD, URI, Name => value …): a body as "body", HTTP/1.0 by
# version => '1.0'.  Names are headers' names; an array gives several lines.

sub request {
    my ($self, $method, $uri, %more) = @_;
    my $version = delete $more{version} || '1.1';
    my $body = delete $more{body};
    my %headers = (
        'Host'            => $self->{host},
        'User-Agent'      => $self->{agent},
        'Accept'          => $self->{accept},
        'Accept-Language' => $self->{language},
        %{ $self->{headers} },
    );
    my %lower = map { lc $_ => $_ } keys %headers;

    for my $name (keys %more) {
        (my $header = $name) =~ tr/_/-/;
        delete $headers{$lower{lc $header}} if defined $lower{lc $header};
        $headers{$header} = $more{$name};
    }

    my $text = "$method $uri HTTP/$version\r\n";

    for my $name (sort { ($b eq 'Host') <=> ($a eq 'Host') || $a cmp $b }
                  keys %headers)
    {
        my $value = $headers{$name};
        next if !defined $value;
        $text .= "$name: $_\r\n" for ref $value ? @$value : $value;
    }

    my $jar = $self->{cookies};

    if (%$jar && !grep { lc $_ eq 'cookie' } keys %headers) {
        $text .= 'Cookie: ' . join('; ', map { "$_=$jar->{$_}" }
                                         sort keys %$jar) . "\r\n";
    }

    if (defined $body || $method eq 'POST') {
        $body = '' if !defined $body;
        $text .= 'Content-Length: ' . length($body) . "\r\n";
        $text .= "Content-Type: application/x-www-form-urlencoded\r\n"
            if !grep { lc $_ eq 'content-type' } keys %headers;
    }

    $text .= "Connection: close\r\n\r\n";
    $text .= $body if defined $body;

    return $self->raw($text);
}


# Sends bytes as they are and reads to the end of the connection.  No two of
# these are of one millisecond: their lines may be those of two workers, and are
# put in order by time.

my $answered = 0;

sub raw {
    my ($self, $text) = @_;
    my $data = '';
    my $pause = $answered + 0.0011 - Time::HiRes::time();

    Time::HiRes::sleep($pause) if $pause > 0 && $pause < 0.002;

    my $socket = IO::Socket::INET->new(
        PeerAddr => $self->{address} || '127.0.0.1',
        ($self->{from} ? (LocalAddr => $self->{from}) : ()),
        PeerPort => $self->{port} || Test::Nginx::Util::server_port(),
        Proto    => 'tcp', Timeout => 60);

    die "connect: $@" if !defined $socket;

    local $SIG{ALRM} = sub { die "no answer within 60 s\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm 60;

    $socket->autoflush(1);
    print $socket $text;

    while (1) {
        my $n = sysread $socket, $data, 65536, length $data;
        last if !$n;
    }

    alarm 0;
    close $socket;
    $answered = Time::HiRes::time();

    my $response = Journey::Response->parse($data);

    for my $line (@{ $response->{headers}{'set-cookie'} || [] }) {
        my ($name, $value, $rest) = $line =~ /^([^=;]+)=([^;]*)(.*)/ or next;

        if ($value eq '' || $rest =~ /;\s*max-age=0*(?:;|$)/i
            || $rest =~ /;\s*expires=[^;]*\b1970\b/i)
        {
            delete $self->{cookies}{$name};

        } else {
            $self->{cookies}{$name} = $value;
        }
    }

    return $response;
}


package Journey::Response;

use strict;
use warnings;


sub parse {
    my ($class, $data) = @_;
    my ($head, $body) = split /\r\n\r\n/, $data, 2;
    my ($first, @lines) = split /\r\n/, defined $head ? $head : '';
    my %headers;

    for my $line (@lines) {
        my ($name, $value) = split /:\s*/, $line, 2;
        push @{ $headers{lc $name} }, $value;
    }

    $body = '' if !defined $body;

    if (grep { /chunked/i } @{ $headers{'transfer-encoding'} || [] }) {
        my $plain = '';

        while ($body =~ s/^([0-9a-fA-F]+)[^\r\n]*\r\n//) {
            my $size = hex $1;
            last if $size == 0;
            $plain .= substr $body, 0, $size + 2, '';
            substr $plain, -2, 2, '';
        }

        $body = $plain;
    }

    my ($status) = defined $first ? $first =~ m{^HTTP/\S+ (\d+)} : ();

    return bless {
        status  => defined $status ? $status : '',
        headers => \%headers,
        body    => $body,
        raw     => $data,
    }, $class;
}


sub status { return $_[0]->{status}; }

sub body { return $_[0]->{body}; }


# The values of a header: all in a list, the first as a scalar.

sub header {
    my ($self, $name) = @_;
    my @values = @{ $self->{headers}{lc $name} || [] };

    return wantarray ? @values : $values[0];
}


# The Set-Cookie line of that name, undef without one.

sub set_cookie {
    my ($self, $name) = @_;

    return (grep { /^\Q$name\E=/ } $self->header('Set-Cookie'))[0];
}

1;
