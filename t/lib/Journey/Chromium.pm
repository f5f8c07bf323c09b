package Journey::Chromium;

# Copyright (C) ngx_journey_module contributors
#
# A real browser for tests: Debian's Chromium, headless, driven through the two
# pipes of its DevTools (one JSON message each, a zero byte behind it), so that
# links and buttons are clicked as by a mouse.  JavaScript is off.
#
#     my $chromium = Journey::Chromium->new(dir => $dir, hosts => ['a.test']);
#     $chromium->go('http://a.test:1984/');
#     $chromium->click('a[href="/products/"]');
#     my @cookies = $chromium->cookies;
#     $chromium->quit;
#     my @kept = Journey::Chromium::stored("$dir/profile");
#
# The folder dir/profile is the browser's: a second one with the same dir is
# the same browser, started again.  All hosts are 127.0.0.1; other names are not
# looked up.

use strict;
use warnings;

use File::Path ();
use JSON::PP ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);

use Journey ();

# A machine that does a lot else may be slow; what is slower is broken.
my $patience = 60;

my @options = qw(
    --headless --no-sandbox --disable-gpu --disable-dev-shm-usage
    --disable-quic --no-first-run --no-default-browser-check
    --disable-background-networking --disable-component-update
    --disable-sync --disable-breakpad --disable-extensions
    --disable-domain-reliability --no-pings --no-proxy-server
    --password-store=basic --use-mock-keychain
    --disable-features=HttpsUpgrades
    --ignore-certificate-errors
    --blink-settings=scriptEnabled=false
    --lang=en-GB
    --remote-debugging-pipe
);

my %running;


# What a failed test leaves behind ends here, by its id.

END {
    local ($?, $!, $@);

    $_->kill for values %running;
}


sub new {
    my ($class, %options) = @_;
    my $dir = $options{dir};
    my ($binary) = grep { -x } map { "$_/chromium" }
                   split /:/, $ENV{PATH} || '';

    die "chromium is missing: scripts/install-deps.sh --test\n"
        if !defined $binary;

    File::Path::make_path("$dir/home");

    my $self = bless { dir => $dir, buffer => '', events => [], id => 0 },
                     $class;

    $self->spawn($binary, @options, "--user-data-dir=$dir/profile",
                 '--host-resolver-rules='
                 . join(',', (map { "MAP $_ 127.0.0.1" } @{ $options{hosts} }),
                        'MAP * ~NOTFOUND'),
                 'about:blank');

    # Headless, it calls itself so, and is a bot; the version stays.
    my $version = $self->call('Browser.getVersion');

    $self->{version} = $version->{product};
    $self->{headless} = $version->{userAgent};
    ($self->{agent} = $version->{userAgent}) =~ s/HeadlessChrome/Chrome/;

    my $target = $self->call('Target.createTarget', url => 'about:blank');
    my $session = $self->call('Target.attachToTarget', flatten =>
                              JSON::PP::true(), %$target);

    $self->{session} = $session->{sessionId};
    $self->call_page('Page.enable');
    $self->call_page('DOM.enable');
    $self->call_page('Network.enable');
    $self->agent($self->{agent});

    return $self;
}


# Its end of the pipes are the descriptors 3 and 4.

sub spawn {
    my ($self, @command) = @_;

    pipe my $theirs_in, $self->{to} or die "pipe: $!";
    pipe $self->{from}, my $theirs_out or die "pipe: $!";

    my $pid = fork();
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        my @fds = map { fileno $_ } $theirs_in, $theirs_out;

        # A group of its own, to be ended as one.
        POSIX::setpgid(0, 0);

        $ENV{HOME} = "$self->{dir}/home";
        delete @ENV{grep { /^XDG_|^DBUS_|^DISPLAY$/ } keys %ENV};

        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>>', "$self->{dir}/said" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);

        POSIX::dup2($fds[$_], 100 + $_) // POSIX::_exit(126) for 0, 1;
        POSIX::dup2(100 + $_, 3 + $_) // POSIX::_exit(126) for 0, 1;
        POSIX::close($_) for 5 .. 101;

        exec { $command[0] } @command or POSIX::_exit(127);
    }

    $self->{pid} = $self->{group} = $pid;
    $running{$pid} = $self;
}


# ---- messages --------------------------------------------------------------

# The next message, undef when time is up.

sub message {
    my ($self, $until) = @_;

    while ($self->{buffer} !~ /\0/) {
        my $bits = '';
        my $left = $until - time();

        return if $left <= 0;

        vec($bits, fileno $self->{from}, 1) = 1;
        next if select($bits, undef, undef, $left) <= 0;

        my $n = sysread $self->{from}, $self->{buffer}, 65536,
                        length $self->{buffer};

        die 'chromium is gone: ' . $self->said if !$n;
    }

    $self->{buffer} =~ s/^([^\0]*)\0//;
    return JSON::PP->new->utf8->decode($1);
}


# The result of a command; what happens meanwhile is kept.

sub request {
    my ($self, $method, $session, %params) = @_;
    my $id = ++$self->{id};
    my $until = time() + $patience;
    my $text = JSON::PP->new->utf8->encode({
        id => $id, method => $method, params => \%params,
        defined $session ? (sessionId => $session) : (),
    });

    local $SIG{PIPE} = 'IGNORE';

    my $n = syswrite $self->{to}, "$text\0";
    die "chromium does not listen: " . $self->said
        if !defined $n || $n <= length $text;

    while (my $message = $self->message($until)) {

        if (!defined $message->{id}) {
            push @{ $self->{events} }, $message;
            next;
        }

        next if $message->{id} != $id;

        die "$method: $message->{error}{message}\n" if $message->{error};
        return $message->{result};
    }

    die "no answer to $method within $patience s: " . $self->said;
}


sub call { my ($self, $method, @params) = @_;
           return $self->request($method, undef, @params); }

sub call_page { my ($self, $method, @params) = @_;
                return $self->request($method, $self->{session}, @params); }


# Waits for an event that came after the events were cleared.

sub event {
    my ($self, $name) = @_;
    my $until = time() + $patience;

    while (1) {
        while (my $event = shift @{ $self->{events} }) {
            return $event->{params} if $event->{method} eq $name;
        }

        my $message = $self->message($until)
            or die "no $name within $patience s: " . $self->said;
        push @{ $self->{events} }, $message;
    }
}


# ---- what a person does ----------------------------------------------------

# By the address line: there is no referrer.

sub go {
    my ($self, $url) = @_;

    $self->{events} = [];

    my $result = $self->call_page('Page.navigate', url => $url);
    die "$url: $result->{errorText}\n" if $result->{errorText};

    $self->event('Page.loadEventFired');
}


# What the selector names, and waits for the page that follows.

sub click {
    my ($self, $selector) = @_;

    $self->press($selector);
    $self->event('Page.loadEventFired');
}


# The same where no page follows (204).

sub press {
    my ($self, $selector) = @_;
    my $document = $self->call_page('DOM.getDocument');
    my $node = $self->call_page('DOM.querySelector', selector => $selector,
                                nodeId => $document->{root}{nodeId});

    die "no $selector in $document->{root}{documentURL}\n" if !$node->{nodeId};

    $self->call_page('DOM.scrollIntoViewIfNeeded', %$node);

    my $quads = $self->call_page('DOM.getContentQuads', %$node)->{quads};
    my @quad = @{ $quads->[0] };
    my %at = (x => ($quad[0] + $quad[4]) / 2, y => ($quad[1] + $quad[5]) / 2,
              button => 'left', clickCount => 1);

    $self->{events} = [];
    $self->call_page('Input.dispatchMouseEvent', %at, type => $_)
        for 'mousePressed', 'mouseReleased';
}


# What it calls itself from now on.

sub agent {
    my ($self, $agent) = @_;

    $self->call_page('Network.setUserAgentOverride', userAgent => $agent,
                     acceptLanguage => 'en-GB,en');
}


# Headers that go with every request, as an extension would add them.

sub headers {
    my ($self, %headers) = @_;

    $self->call_page('Network.setExtraHTTPHeaders', headers => \%headers);
}


# ---- what there is on the device -------------------------------------------

# All cookies of all hosts, as the browser has them in memory.

sub cookies {
    my $self = shift;

    return @{ $self->call('Storage.getCookies')->{cookies} };
}


# Bytes that an origin keeps elsewhere than in cookies and the HTTP cache.

sub usage {
    my ($self, $origin) = @_;

    return $self->call_page('Storage.getUsageAndQuota',
                            origin => $origin)->{usage};
}


# All cookies as a browser that has ended left them in its folder.

sub stored {
    my $profile = shift;
    my ($file) = grep { -f } map { "$profile/Default/$_" }
                 'Cookies', 'Network/Cookies';

    die "no file of cookies in $profile\n" if !defined $file;

    my $sql = 'select host_key, name, path, is_httponly, is_secure, samesite,'
              . ' is_persistent, expires_utc, top_frame_site_key from cookies';

    open my $in, '-|', 'sqlite3', '-readonly', '-json', $file, $sql
        or die "sqlite3: $!: scripts/install-deps.sh --test\n";
    local $/;
    my $json = <$in>;
    close $in or die "sqlite3 failed on $file\n";

    # Nothing at all is printed of no rows.
    my $rows = defined $json && $json =~ /\S/
               ? JSON::PP->new->utf8->decode($json) : [];

    return map {
        my $row = $_;
        {
            domain => $row->{host_key}, name => $row->{name},
            path => $row->{path}, partition => $row->{top_frame_site_key},
            httpOnly => $row->{is_httponly}, secure => $row->{is_secure},
            session => !$row->{is_persistent},
            sameSite => { -1 => '', 0 => 'None', 1 => 'Lax', 2 => 'Strict' }
                        ->{$row->{samesite}},
            # microseconds since 1601
            expires => $row->{expires_utc} / 1e6 - 11_644_473_600,
        }
    } @$rows;
}


# ---- its end ---------------------------------------------------------------

# Its processes that live: those of its group, and what names its folder.

sub pids {
    my $self = shift;
    my @found;

    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $group) =
            (eval { Journey::slurp($stat) } // '')
            =~ /^(\d+) \(.*\) (\S) \d+ (\d+) / or next;
        my $line = eval { Journey::slurp("/proc/$pid/cmdline") } // '';

        push @found, $pid
            if $state ne 'Z' && $pid != $$
               && ($group == $self->{group}
                   || $line =~ /\Q--user-data-dir=$self->{dir}\E\//);
    }

    return @found;
}


# True when all of it goes by itself.

sub quit {
    my $self = shift;
    my $until = time() + $patience;

    eval { $self->call('Browser.close') };

    while (time() < $until) {
        if (defined $self->{pid} && waitpid($self->{pid}, POSIX::WNOHANG()) > 0)
        {
            delete $running{delete $self->{pid}};
        }

        return 1 if !defined $self->{pid} && !$self->pids;
        sleep 0.05;
    }

    $self->kill;
    return 0;
}


sub kill {
    my $self = shift;

    if (defined $self->{pid}) {
        CORE::kill('KILL', -$self->{pid});
        waitpid $self->{pid}, 0;
        delete $running{delete $self->{pid}};
    }

    CORE::kill('KILL', $_) for $self->pids;
}


# The end of what it said, for a message.

sub said {
    my $self = shift;
    my $text = eval { Journey::slurp("$self->{dir}/said") } // '';

    return length $text > 2000 ? substr $text, -2000 : $text;
}

1;
