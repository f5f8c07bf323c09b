#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# access.pl COUNT: an access log of about COUNT lines in the combined format on
# stdout, the same for the same COUNT: people who enter by search, campaigns,
# links or directly, view some pages with their assets and sometimes buy; bots,
# errors, forms, and what scans a site.  A day has about a million lines.

use strict;
use warnings;

use FindBin;

my $count = shift // 1000000;
my $seed = 20260101;

sub any {
    my ($n) = @_;

    $seed = ($seed * 1103515245 + 12345) % 2147483648;
    return int($seed / 65536) % $n;
}

# User agents of the tests' lists, a few of them for most visits.

sub agents {
    my ($file) = @_;
    my @agents;

    open my $in, '<', "$FindBin::Bin/../../t/data/$file" or die "$file: $!\n";

    while (<$in>) {
        chomp;
        my @fields = grep { length > 20 } split /\t/;
        push @agents, $fields[-1] if !/^#/ && @fields && $fields[-1] !~ /"/;
    }

    return @agents;
}

my @people = agents('agents_people.tsv');
my @bots = agents('agents_bots.tsv');
my @months = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);

my @entries = (
    ['https://www.google.com/', ''], ['https://www.google.de/', ''],
    ['https://www.bing.com/', ''], ['https://duckduckgo.com/', ''],
    ['https://l.instagram.com/', ''], ['https://m.facebook.com/', ''],
    ['https://chatgpt.com/', '?utm_source=chatgpt.com'],
    ['https://blog.example/2026/lamps?page=2', ''],
    ['https://www.google.com/',
     '?gclid=Cj0KCQiA1rSsBhDHARIsANB4EJaZ8nDnX0m5u1h&gad_source=1'],
    ['-', '?utm_source=newsletter&utm_medium=email&utm_campaign=2026-'],
    ['-', ''], ['-', ''], ['-', ''],
);
my @assets = (
    (map { "/assets/app-$_.js" } qw(6f1d2c main vendor)),
    '/assets/site.css', '/assets/fonts/inter.woff2', '/favicon.ico',
    (map { "/media/catalog/lamp-$_.webp" } 1 .. 400),
    (map { "/img/banner-$_.jpg?v=7" } 1 .. 20),
    '/api/cart.json', '/api/stock.json?sku=4711',
);
my @scans = (
    ['GET /wp-login.php HTTP/1.1', 404], ['GET /.env HTTP/1.1', 404],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03', 400], ['', 400],
    ['POST /xmlrpc.php HTTP/1.1', 404], ['HEAD / HTTP/1.1', 200],
    ['GET http://203.0.113.9/ HTTP/1.1', 404],
);

my $time = 1790000000;
my $written = 0;
my $stamp = '';
my $stamped = 0;
my @open;

sub line {
    my ($client, $request, $status, $referrer, $agent) = @_;

    if ($time != $stamped) {
        my @t = gmtime $time;

        $stamped = $time;
        $stamp = sprintf '%02d/%s/%d:%02d:%02d:%02d +0000', $t[3],
                         $months[$t[4]], $t[5] + 1900, @t[2, 1, 0];
    }

    print "$client - - [$stamp] \"$request\" $status ", 200 + any(60000),
          " \"$referrer\" \"$agent\"\n";
    $written++;
}

sub page {
    my $n = any(100);

    return $n < 15 ? '/' : $n < 40 ? '/blog/article-' . any(300) . '/'
           : $n < 80 ? '/products/lamp-' . any(2000) . '.html'
           : $n < 88 ? '/search?q=lamp+' . any(500)
           : $n < 94 ? '/cart' : $n < 97 ? '/checkout/' : '/account/orders';
}

while ($written < $count) {

    push @open, {
        ip => any(8) ? join('.', 5 + any(200), any(256), any(256), any(256))
                     : sprintf('2001:db8:%x:%x::%x', any(65536), any(65536),
                               any(65536)),
        agent => $people[any(any(4) ? 30 : scalar @people)],
        left => 1 + any(9), at => '',
    } while @open < 300;

    # 12 lines a second on average
    $time++ if any(2) == 0;

    if (any(4) == 0) {
        line(join('.', 66, 249, 64 + any(8), any(256)),
             'GET ' . page() . ' HTTP/1.1', any(20) ? 200 : 404, '-',
             $bots[any(any(3) ? 12 : scalar @bots)]);
        next;
    }

    if (any(30) == 0) {
        my $scan = $scans[any(scalar @scans)];

        line(join('.', 45, any(256), any(256), any(256)), @$scan, '-', '-');
        next;
    }

    my $i = any(scalar @open);
    my $o = $open[$i];
    my $path = page();
    my $referrer = "https://shop.example$o->{at}";

    if ($o->{at} eq '') {
        my $entry = $entries[any(scalar @entries)];
        my $args = $entry->[1];

        $args .= 10 + any(40) if $args =~ /-$/;
        $path =~ s/\?.*// if $args ne '';
        $path .= $args;
        $referrer = $entry->[0];
    }

    line($o->{ip}, "GET $path HTTP/2.0", any(40) ? 200 : any(2) ? 304 : 404,
         $referrer, $o->{agent});
    $o->{at} = $path;

    line($o->{ip}, 'GET ' . $assets[any(scalar @assets)] . ' HTTP/2.0',
         any(3) ? 200 : 304, "https://shop.example$path", $o->{agent})
        for 1 .. 3 + any(8);

    line($o->{ip}, 'POST /cart/add HTTP/2.0', any(2) ? 200 : 303,
         "https://shop.example$path", $o->{agent}) if any(8) == 0;

    if (--$o->{left} == 0) {
        line($o->{ip}, 'GET /checkout/done HTTP/2.0', 200,
             'https://shop.example/checkout/', $o->{agent}) if any(20) == 0;
        splice @open, $i, 1;
    }
}
