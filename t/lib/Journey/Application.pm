package Journey::Application;

# Copyright (C) ngx_journey_module contributors
#
# An application behind nginx, which says what a request asks it to say:
#
#     use Journey::Application;       # before run_tests(): it listens by then
#
#     proxy_pass    http://127.0.0.1:$TEST_NGINX_APP_HTTP;
#     fastcgi_pass  127.0.0.1:$TEST_NGINX_APP_FASTCGI;    # QUERY_STRING
#     uwsgi_pass    127.0.0.1:$TEST_NGINX_APP_UWSGI;      # QUERY_STRING
#     scgi_pass     127.0.0.1:$TEST_NGINX_APP_SCGI;       # QUERY_STRING
#
#     $browser->get('/x?' . say_query('X-Journey-Goal: a', 'X-Other: b'));
#     $browser->get('/x?status=404&' . say_query(…));
#     $browser->get('/x?flood=500');  # so many goals, a line each
#     $browser->get('/x?hints=1&' . say_query(…));    # in a 103, too (HTTP)
#
# Over HTTP the request's header X-App says more: a status to answer with
# nothing else, or "until FILE" to wait until that is there.  The body is the number of the
# answer.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();

use base 'Exporter';

our @EXPORT = qw(say_query);

my ($pid, $answers, %sockets) = (undef, 0);

for my $protocol (qw(http fastcgi uwsgi scgi)) {
    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp',
        Listen => 64) or die "listen: $@";

    $sockets{$protocol} = $socket;
    $ENV{'TEST_NGINX_APP_' . uc $protocol} = $socket->sockport;
}

$pid = fork();
die "fork: $!" if !defined $pid;

if ($pid == 0) {
    $SIG{TERM} = sub { POSIX::_exit(0) };
    $SIG{PIPE} = 'IGNORE';
    $SIG{CHLD} = 'IGNORE';
    serve();
    POSIX::_exit(0);
}

close $_ for values %sockets;

END {
    if ($pid) {
        local $?;
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}


# The query that makes the application say these lines of a header.

sub say_query {
    return 'say=' . join '', map { sprintf '%%%02x', ord }
                             split //, join "\n", @_;
}


sub serve {
    my $select = IO::Select->new(values %sockets);

    while (getppid() != 1) {
        for my $ready ($select->can_read(1)) {
            my ($protocol) = grep { $sockets{$_} == $ready } keys %sockets;
            my $connection = $ready->accept or next;

            # What is slow keeps nobody else.
            $answers++;
            my $child = fork();
            next if !defined $child || $child;

            local $SIG{ALRM} = sub { POSIX::_exit(1) };
            alarm 60;
            my %on = (http => \&http, fastcgi => \&fastcgi,
                      uwsgi => \&uwsgi, scgi => \&scgi);
            eval { $on{$protocol}->($connection) };
            shutdown $connection, 1;
            POSIX::_exit(0);
        }
    }
}


# What a query asks for: (status, header with its end, body).

sub answer {
    my $query = shift;
    my %arg = map { /^(\w+)=(.*)/s ? ($1 => $2) : () } split /&/, $query;
    my @lines = split /\n/, (defined $arg{say} ? $arg{say} : '')
                            =~ s/%([0-9a-f]{2})/chr hex $1/ger;

    push @lines, map { "X-Journey-Goal: goal$_" } 1 .. $arg{flood}
        if $arg{flood};
    push @lines, 'Content-Type: text/html'
        if !grep { /^content-type:/i } @lines;
    push @lines, "Content-Length: " . length $answers
        if ($arg{status} || 200) != 304;

    return ($arg{status} || 200, join("\r\n", @lines) . "\r\n\r\n", $answers);
}


sub bytes {
    my ($connection, $n) = @_;
    my $data = '';

    while (length $data < $n) {
        sysread $connection, $data, $n - length $data, length $data
            or die "closed\n";
    }

    return $data;
}


sub http {
    my $connection = shift;
    my $request = '';

    while ($request !~ /\r\n\r\n/) {
        sysread $connection, $request, 65536, length $request or return;
    }

    my ($method, $query) = $request =~ /^(\S+) [^?\s]*(?:\?(\S*))?/;
    my ($more) = $request =~ /\r\nX-App: *(.*?)\r\n/i;
    $query = '' if !defined $query;
    my ($status, $head, $body) = answer($query);

    print $connection "HTTP/1.1 103 Early Hints\r\n" . $head =~ s/^Con.*\n//mgr
        if $query =~ /\bhints=1/;

    if (defined $more && $more =~ /^\d+$/) {
        ($status, $head, $body) = ($more, "Content-Length: 0\r\n\r\n", '');
        $head = "\r\n" if $more == 304;

    } elsif (defined $more && $more =~ /^until (\S+)$/) {
        select undef, undef, undef, 0.02 while !-e $1;  # or the alarm
    }

    $body = '' if $method eq 'HEAD' || $status == 304;
    print $connection "HTTP/1.1 $status Said\r\nConnection: close\r\n"
                      . $head . $body;
}


sub fastcgi {
    my $connection = shift;
    my ($params, $id) = ('', 1);

    while (1) {
        my (undef, $type, $request, $len, $padding) =
            unpack 'C C n n C', bytes($connection, 8);
        my $data = $len ? bytes($connection, $len) : '';

        bytes($connection, $padding) if $padding;
        $id = $request;
        $params .= $data if $type == 4;
        last if $type == 5 && $len == 0;
    }

    my %param;

    while (length $params) {
        my @len = map {
            my $n = unpack 'C', $params;

            $n = unpack('N', $params) & 0x7fffffff if $n & 0x80;
            substr $params, 0, $n > 127 ? 4 : 1, '';
            $n;
        } 1, 2;
        my $name = substr $params, 0, $len[0], '';

        $param{$name} = substr $params, 0, $len[1], '';
    }

    my ($status, $head, $body) = answer($param{QUERY_STRING});

    $body = "Status: $status Said\r\n$head$body";
    print $connection pack('C C n n C C', 1, 6, $id, length $body, 0, 0), $body,
                      pack('C C n n C C', 1, 6, $id, 0, 0, 0),
                      pack('C C n n C C', 1, 3, $id, 8, 0, 0), "\0" x 8;
}


sub uwsgi {
    my $connection = shift;
    my (undef, $len) = unpack 'C v C', bytes($connection, 4);
    my $params = bytes($connection, $len);
    my %param = unpack '(v/a)*', $params;
    my ($status, $head, $body) = answer($param{QUERY_STRING});

    print $connection "HTTP/1.1 $status Said\r\n$head$body";
}


sub scgi {
    my $connection = shift;
    my $len = '';

    while ($len !~ s/:$//) {
        $len .= bytes($connection, 1);
    }

    my ($params) = bytes($connection, $len + 1) =~ /^(.*)\0,$/s;
    my %param = split /\0/, $params, -1;
    my ($status, $head, $body) = answer($param{QUERY_STRING});

    print $connection "Status: $status Said\r\n$head$body";
}

1;
