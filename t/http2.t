# Copyright (C) ngx_journey_module contributors
#
# HTTP/2, in the clear and over TLS, and HTTP/1.1 over TLS: the same events as
# ever, the Secure flag where it belongs, and frames that no browser sends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::INET;
use Journey;
use Journey::Master;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

# curl and openssl come with scripts/install-deps.sh; a machine whose curl or
# nginx knows no HTTP/2 runs the rest.
my $curl = `curl -V 2>/dev/null` || '';
my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $built = `PATH="\$PATH:/usr/sbin:/sbin" $binary -V 2>&1`;
my $h2 = $built =~ /--with-http_v2_module/;
my $ssl = $built =~ /--with-http_ssl_module/;

# One worker: what it has answered it has counted.
my $nginx = Journey::Master->new(workers => 1);
my $dir = $nginx->dir;
my ($plain, $tls, $clear) = map { $ENV{TEST_NGINX_PORT} + $_ } 0 .. 2;
my $http2 = $h2 ? 'http2' : '';

if ($ssl) {
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
           . " -nodes -days 2 -subj /CN=shop.example -keyout $dir/conf/key"
           . " -out $dir/conf/cert > $dir/openssl.log 2>&1") == 0
        or die 'openssl failed: ' . slurp("$dir/openssl.log");
}

my $page = 'default_type text/html; '
           . 'location / { return 200 "id=$journey_id\n"; }';
my $secure = join "\n", map {
    my ($name, $value) = @$_;
    "location /$name/ { journey_cookie jny secure=$value; return 200 x; }"
} ['auto', 'auto'], ['on', 'on'], ['off', 'off'], ['var', '$arg_secure'];

my $certificate = "ssl_certificate cert; ssl_certificate_key key;";

$nginx->configure(port => $plain, servers => <<"END");
    server {
        listen 127.0.0.1:$plain;
        server_name shop.example;
        journey on;
        $page
        $secure
        location /status { journey_status; }
    }
END

$nginx->{servers} .= <<"END" if $ssl;
    server {
        listen 127.0.0.1:$tls ssl $http2;
        server_name shop.example;
        $certificate
        journey on;
        $page
        $secure
    }
END

$nginx->{servers} .= <<"END" if $h2;
    server {
        listen 127.0.0.1:$clear http2;
        server_name shop.example;
        journey on;
        client_header_buffer_size 1k;
        large_client_header_buffers 8 128k;
        $page
        location /big { root html; }
        error_page 400 404 /error;
    }
END

spew("$dir/html/big", 'x' x 3_000_000);
$nginx->configure();
ok($nginx->start, 'starts') or diag($nginx->said);


my @agent = ('-A', 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 '
                   . 'Firefox/132.0',
             '-H', 'Accept: text/html', '-H', 'Accept-Language: en');

# (exit code, headers and body) of curl.

sub curl {
    my (@arguments) = @_;
    my $pid = open my $out, '-|';

    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        delete @ENV{grep { /_proxy$/i } keys %ENV};
        open STDERR, '>', '/dev/null';
        exec 'curl', '-s', '-i', '-k', '--max-time', 60, '--resolve',
             "shop.example:$tls:127.0.0.1", '--resolve',
             "shop.example:$clear:127.0.0.1", @agent, @arguments
            or POSIX::_exit(127);
    }

    local $/;
    my $text = <$out>;
    close $out;

    return ($? >> 8, defined $text ? $text : '');
}


my $lines = 0;

sub events_since {
    my $now = $nginx->status->{log}{lines};
    my $n = $now - $lines;

    $lines = $now;
    return $n;
}


# ---- TLS -------------------------------------------------------------------

SKIP: {
    Test::More::skip('nginx without TLS or no curl', 1) if !$ssl || !$curl;

    for my $case (['auto', '', 1], ['on', '', 1], ['off', '', 0],
                  ['var', '?secure=1', 1], ['var', '?secure=0', 0],
                  ['var', '', 0])
    {
        my ($name, $args, $flag) = @$case;
        my ($code, $text) = curl('--http1.1',
                             "https://shop.example:$tls/$name/$args");

        is($code, 0, "TLS, secure=$name$args");
        my ($cookie) = $text =~ /^Set-Cookie: (jny=[^\r\n]+)/mi;
        like($cookie, $flag ? qr/; Secure(?:;|$)/ : qr/^(?!.*Secure)/,
             "TLS, secure=$name$args: the flag");
        like($cookie, qr/; HttpOnly(?:;|$)/, "TLS, secure=$name$args");
    }

    is(events_since(), 6, 'TLS: six pages');

    # Without TLS auto sets no flag, on does.
    my $anna = browser(port => $plain, host => 'shop.example');
    unlike($anna->get('/auto/')->set_cookie('jny'), qr/Secure/,
           'no TLS, secure=auto');
    like(browser(port => $plain)->get('/on/')->set_cookie('jny'),
         qr/; Secure/, 'no TLS, secure=on');
    is(events_since(), 2, 'no TLS: two pages');
}


# ---- HTTP/2 by curl --------------------------------------------------------

sub h2_tests {
    my ($what, $url, @version) = @_;

    my ($code, $text) = curl(@version, "$url/x?utm_source=n&utm_medium=email");
    is($code, 0, "$what: answered");
    like($text, qr{^HTTP/2 200}, "$what: it is HTTP/2");
    my ($token) = $text =~ /^set-cookie: jny=([-\w]+)/mi;
    ok(defined $token, "$what: a cookie");
    is(scalar(() = $text =~ /^set-cookie:/mig), 1, "$what: one");
    like($text, qr/^cache-control: private/mi, "$what: for one alone");
    like($text, qr/^id=c[-\w]{16}$/m, "$what: an id");
    is(events_since(), 1, "$what: an event");

    my ($id) = $text =~ /^id=(\S+)/m;

    # A browser splits its cookies into fields.
    ($code, $text) = curl(@version, '-H', 'Cookie: a=b', '-H',
                          "Cookie: jny=$token", '-H', 'Cookie: c=d',
                          "$url/y");
    like($text, qr/^id=\Q$id\E$/m, "$what: known by one cookie of several");
    is(events_since(), 1, "$what: an event");

    ($code, $text) = curl(@version, '-I', "$url/head");
    like($text, qr{^HTTP/2 200}, "$what: HEAD");
    is(events_since(), 0, "$what: no events");

    # curl 7.88 forgets what else it has to send in the clear, to any nginx;
    # below that is done by hand.
    return if $what eq 'h2c';

    ($code, $text) = curl(@version, '-d', 'x', "$url/post");
    like($text, qr{^HTTP/2 200}, "$what: POST");
    is(events_since(), 0, "$what: no event");

    # Several streams of one connection.
    ($code, $text) = curl(@version, map { ("$url/m/$_") } 1 .. 20);
    is(scalar(() = $text =~ m{^HTTP/2 200}mg), 20, "$what: twenty streams");
    is(events_since(), 20, "$what: twenty events");
}

SKIP: {
    Test::More::skip('nginx or curl without HTTP/2', 1)
        if !$h2 || $curl !~ /\bHTTP2\b/;

    h2_tests('h2c', "http://shop.example:$clear", '--http2-prior-knowledge');
    h2_tests('h2', "https://shop.example:$tls", '--http2') if $ssl;
}


# ---- HTTP/2 by hand --------------------------------------------------------

# HPACK without compression (RFC 7541, section 6.2.2): names and values as they
# are.

sub integer {
    my ($first, $bits, $n) = @_;
    my $max = (1 << $bits) - 1;

    return chr($first | $n) if $n < $max;

    my $text = chr($first | $max);

    for ($n -= $max; $n >= 128; $n >>= 7) {
        $text .= chr(128 | ($n & 127));
    }

    return $text . chr $n;
}


sub fields {
    my @fields = @_;
    my $text = '';

    while (my ($name, $value) = splice @fields, 0, 2) {
        $text .= "\0" . integer(0, 7, length $name) . $name
                 . integer(0, 7, length $value) . $value;
    }

    return $text;
}


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('C C N', $type, $flags, $stream) . $payload;
}


my $preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '');

my @base = (
    'user-agent' => 'Mozilla/5.0 Firefox/132.0', 'accept' => 'text/html',
    'accept-language' => 'en',
);

sub pseudo {
    my ($path, %more) = @_;
    my %fields = (':method' => 'GET', ':scheme' => 'http', ':path' => $path,
                  ':authority' => 'shop.example', %more);

    return map { defined $fields{$_} ? ($_ => $fields{$_}) : () }
           sort keys %fields;
}


# HEADERS of a stream, in pieces (CONTINUATION) where they are long.

sub headers {
    my ($stream, @fields) = @_;
    my $block = fields(@fields);
    my $first = substr $block, 0, 16_000, '';
    my $text = frame(1, 1 | ($block eq '' ? 4 : 0), $stream, $first);

    while ($block ne '') {
        my $piece = substr $block, 0, 16_000, '';
        $text .= frame(9, $block eq '' ? 4 : 0, $stream, $piece);
    }

    return $text;
}


# What nginx answers: the frames, by type.  A PING goes behind what is sent;
# after its answer nginx is silent, or closes the connection.  What may swallow
# the PING is followed by the end instead.

sub h2_talk {
    my ($bytes, %options) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $clear, Proto => 'tcp',
        Timeout => 60) or die "connect: $@";
    my $select = IO::Select->new($socket);
    my ($data, %frames) = ('');

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "no answer\n" };

    my $done = eval {
        alarm 60;
        syswrite $socket, $bytes . frame(6, 0, 0, 'journey!');
        shutdown $socket, 1 if $options{end};

        while (!$options{rude}) {
            last if !$select->can_read($frames{6} ? 0.1 : 15);
            last if !sysread $socket, $data, 65536, length $data;

            while (length $data >= 9) {
                my ($high, $low, $type, $flags, $stream) = unpack 'C n C C N',
                                                                  $data;
                my $len = $high << 16 | $low;

                last if length $data < 9 + $len;
                push @{ $frames{$type} }, [$stream, substr $data, 9, $len];
                substr $data, 0, 9 + $len, '';
            }
        }

        1;
    };

    alarm 0;
    close $socket;
    fail("h2: $@") if !$done;

    return \%frames;
}


# Streams that were answered with a status of the static table (8: 200,
# 11: 304, 12: 400, 13: 404; RFC 7541, appendix A).

sub answered {
    my ($frames, $index) = @_;

    return scalar grep { $_->[1] =~ /^(?:[\x20-\x3f])?\Q$index\E/s }
           @{ $frames->{1} || [] };
}

my ($ok, $wrong) = ("\x88", "\x8c");

SKIP: {
    Test::More::skip('nginx without HTTP/2', 1) if !$h2;

    my $one = sub {
        my ($name, $n, $index, @fields) = @_;
        my $frames = h2_talk($preface . headers(1, @fields));

        is(answered($frames, $index), 1, "$name: its status")
            if defined $index;
        my $got = events_since();
        ok($got >= (split /-/, $n)[0] && $got <= (split /-/, $n)[-1],
           "$name: $n events") or diag("got $got");
        return $frames;
    };

    $one->('by hand', 1, $ok, pseudo('/hand'), @base);
    my $frames = h2_talk($preface . frame(1, 4, 1, fields(
        pseudo('/post', ':method' => 'POST'), @base)) . frame(0, 1, 1, 'x=y'));
    is(answered($frames, $ok), 1, 'POST: its status');
    is(events_since(), 0, 'POST: no event');

    $one->('HEAD', 0, $ok, pseudo('/hand', ':method' => 'HEAD'), @base);
    $one->('cookies in crumbs', 1, $ok, pseudo('/crumbs'), @base,
           map { (cookie => "c$_=x") } 1 .. 50);
    $one->('a NUL in a value', '0', undef, pseudo('/nul'), @base,
           referer => "https://a\0b.example/");
    $one->('a line feed in a value', '0', undef, pseudo('/lf'), @base,
           referer => "https://a.example/\r\nx: y");
    $one->('no UTF-8 in values', 1, $ok, pseudo("/\xff\xc3"),
           @base, referer => "https://\xff.example/\xff",
           cookie => "jny=\xff");
    $one->('a NUL in the path', '0', undef, pseudo("/a\0b"), @base);
    $one->('an encoded NUL', '0', $wrong, pseudo('/a%00b'), @base);
    $one->('no path', '0', undef, pseudo(undef, ':path' => undef), @base);
    $one->('an empty path', '0', undef, pseudo(''), @base);
    $one->('no method', '0', undef, pseudo('/', ':method' => undef), @base);
    $one->('no authority, no host', '0-1', undef,
           pseudo('/', ':authority' => undef), @base);
    $one->('a host for the authority', '1', $ok,
           pseudo('/host', ':authority' => undef), host => 'Shop.Example:80',
           @base);
    $one->('both, not the same', '0-1', undef, pseudo('/both'),
           host => 'other.example', @base);
    $one->('a name in capitals', '0-1', undef, pseudo('/x'), @base,
           'X-Upper' => 'y');
    $one->('an unknown pseudo header', '0', undef, pseudo('/x'),
           ':nonsense' => 'x', @base);
    $one->('a pseudo header at the end', '0-1', undef, ':method' => 'GET',
           ':scheme' => 'http', @base, ':path' => '/late',
           ':authority' => 'shop.example');
    $one->('CONNECT', '0', undef, ':method' => 'CONNECT',
           ':authority' => 'shop.example:443');
    $one->('8 kB of referrer', 1, $ok, pseudo('/ref'), @base,
           referer => 'https://www.google.com/' . 'x' x 8000);
    $one->('60 kB of forged cookies', 1, $ok, pseudo('/cookies'), @base,
           cookie => 'jny=' . 'A' x 96 . '; ' x 1, cookie => 'jny=x; ' x 8000);
    $one->('headers too long', '0', undef, pseudo('/long'), @base,
           'x-long' => 'x' x 400_000);

    # A hundred streams in one write; half of them are taken back at once.
    my @streams = map { 2 * $_ + 1 } 0 .. 99;
    $frames = h2_talk($preface . join '', map {
        headers($_, pseudo("/s/$_"), @base) } @streams);

    is(answered($frames, $ok), 100, 'a hundred streams');
    is(events_since(), 100, 'a hundred events');

    h2_talk($preface . join('', map {
        headers($_, pseudo("/r/$_"), @base)
        . frame(3, 0, $_, pack 'N', 8) } @streams), rude => 1);
    sleep 0.3;
    cmp_ok(events_since(), '<=', 100, 'streams taken back: one event at most');

    # Bodies that nobody waits for.
    h2_talk($preface . join('', map {
        headers($_, pseudo('/big'), @base) } @streams[0 .. 19]), rude => 1);
    sleep 0.3;
    cmp_ok(events_since(), '<=', 20, 'bodies cut off: one event at most');

    # Frames of nonsense.
    srand 7;

    for my $n (1 .. 200) {
        my $block = headers(1, pseudo('/n'), @base);

        for (1 .. 1 + int rand 6) {
            substr $block, int rand length $block, 1, chr int rand 256;
        }

        h2_talk($preface . $block, $n % 2 ? 'rude' : 'end', 1);
    }

    sleep 0.3;
    cmp_ok(events_since(), '<=', 200, 'nonsense: one event a stream at most');

    h2_talk("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . "\xff" x 5000, end => 1);
    h2_talk("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", end => 1);
    cmp_ok(events_since(), '<=', 1, 'no HTTP/2 at all');

    $frames = h2_talk($preface . headers(1, pseudo('/alive'), @base));
    is(answered($frames, $ok), 1, 'alive');
    is(events_since(), 1, 'alive: an event');
}

ok($nginx->quit, 'quits');

my @events = journey_log($nginx->log);
is(scalar @events, $lines, 'every line is valid, and was counted');

SKIP: {
    Test::More::skip('nginx without HTTP/2', 1) if !$h2;

    my %by = map { $_->{p} => $_ } @events;

    is($by{'/hand'}{h}, 'shop.example', 'the authority is the host');
    is($by{'/host'}{h}, 'shop.example', 'or the host is, in small letters');
    is($by{'/ref'}{ref}, 'www.google.com', 'the referrer');
    ok(exists $by{"/\x{fffd}\x{fffd}"}, 'no UTF-8: mended');
    is(scalar(grep { /^\/s\/\d+$/ } keys %by), 100, 'a line for each stream');

    my ($x) = grep { $_->{p} eq '/x' && ($_->{src} || '') eq 'n' } @events;
    is($x->{ch}, 'email', 'h2c: the campaign') if $curl =~ /\bHTTP2\b/;
}

$nginx->calm('no alarm');
