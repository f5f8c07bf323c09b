#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# requests.pl PORT cookies N FILE   visits of N new visitors; their cookies,
#                                   one a line with the user agent, to FILE
# requests.pl PORT send FILE COUNT PATHS
#                                   COUNT requests of the visitors in FILE
#                                   over one connection; prints how many were
#                                   answered 200
# requests.pl PORT lua FILE PATHS   the same requests as a script for wrk
#
# PATHS is a list parted by commas.  Visitor, path and referring page of each
# request are drawn by a seeded generator, as a site's requests come in no
# order; every configuration that is compared gets the same bytes.

use strict;
use warnings;

use IO::Socket::INET;

my @agents = (
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
        . '(KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 '
        . '(KHTML, like Gecko) Version/17.6 Safari/605.1.15',
    'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) '
        . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 '
        . 'Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 '
        . '(KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36',
);

my @headers = (
    ['sec-ch-ua-mobile', '?0'],
    ['Upgrade-Insecure-Requests', '1'],
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,'
        . 'image/avif,image/webp,*/*;q=0.8'],
    ['Sec-Fetch-Site', 'same-origin'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-User', '?1'],
    ['Sec-Fetch-Dest', 'document'],
    ['Referer', undef],
    ['Accept-Encoding', 'gzip, deflate, br, zstd'],
    ['Accept-Language', 'de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7'],
);

my ($port, $verb, @rest) = @ARGV;
my $seed = 1;

sub any {
    my ($n) = @_;

    $seed = ($seed * 1103515245 + 12345) % 2147483648;
    return int($seed / 65536) % $n;
}


sub request {
    my ($path, $agent, $address, $cookie, $from) = @_;

    $from //= '/';

    return join("\r\n",
        "GET $path HTTP/1.1",
        'Host: shop.example',
        'Connection: keep-alive',
        "User-Agent: $agent",
        "X-Forwarded-For: $address",
        (map { "$_->[0]: " . ($_->[1] // "http://shop.example$from") }
            @headers),
        'Cookie: _ga=GA1.1.1234567890.1700000000'
            . ($cookie eq '' ? '' : "; jny=$cookie"),
        '', '');
}


sub answer {
    my ($socket) = @_;
    my ($status, $length, $cookie) = (0, 0, '');

    my $line = <$socket> // die "the connection was closed\n";
    ($status) = $line =~ m{^HTTP/1\.1 (\d+)} or die "no answer: $line";

    while (defined($line = <$socket>)) {
        last if $line eq "\r\n";
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        $cookie = $1 if $line =~ /^Set-Cookie: jny=([^;]+)/i;
    }

    read($socket, my $body, $length) == $length or die "a short answer\n";

    return ($status, $cookie);
}


sub visitors {
    my ($file) = @_;

    open(my $in, '<', $file) or die "$file: $!\n";
    my @visitors = map { chomp; [split /\t/] } <$in>;
    close($in);

    return @visitors;
}


sub dial {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 60)
        or die "127.0.0.1:$port: $!\n";
    $socket->autoflush(1);

    return $socket;
}


if ($verb eq 'cookies') {
    my ($n, $file) = @rest;
    my $socket = dial();

    open(my $out, '>', $file) or die "$file: $!\n";

    for (1 .. $n) {
        my $agent = $agents[any(scalar @agents)];
        my $address = (any(2) ? '198.51.100.' : '203.0.113.') . (1 + any(250));
        my $cookie = '';

        # as far as the phases go, so that later pages change no state

        for my $path ('/', '/products/lamp.html', '/cart.html') {
            print $socket request($path, $agent, $address, $cookie);

            my ($status, $new) = answer($socket);

            die "$path: $status\n" if $status != 200;
            $cookie = $new if $new ne '';
        }

        print $out "$cookie\t$agent\t$address\n";
    }

    close($out) or die "$file: $!\n";

} elsif ($verb eq 'send') {
    my ($file, $count, $paths) = @rest;
    my @visitors = visitors($file);
    my @paths = split /,/, $paths;
    my $socket = dial();
    my $answered = 0;

    for (1 .. $count) {
        my ($cookie, $agent, $address) = @{$visitors[any(scalar @visitors)]};

        print $socket request($paths[any(scalar @paths)], $agent, $address,
                              $cookie, $paths[any(scalar @paths)]);
        $answered++ if (answer($socket))[0] == 200;
    }

    print "$answered\n";

} elsif ($verb eq 'lua') {
    my ($file, $paths) = @rest;
    my @visitors = visitors($file);
    my @paths = split /,/, $paths;

    print "local requests = {\n";

    for (1 .. 4 * @visitors) {
        my ($cookie, $agent, $address) = @{$visitors[any(scalar @visitors)]};
        my $text = request($paths[any(scalar @paths)], $agent, $address,
                           $cookie, $paths[any(scalar @paths)]);

        $text =~ s/([\\"])/\\$1/g;
        $text =~ s/\r/\\r/g;
        $text =~ s/\n/\\n/g;
        print "\"$text\",\n";
    }

    print "}\n",
          "local i = 0\n",
          "request = function()\n",
          "    i = i % #requests + 1\n",
          "    return requests[i]\n",
          "end\n";

} else {
    die "unknown: $verb\n";
}
