#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# events.pl COUNT: a journey log of about COUNT events on stdout, the same for
# the same COUNT: visitors with some journeys, sessions, touches and goals,
# their events mixed in time as a log has them.

use strict;
use warnings;

my $count = shift // 1000000;
my $seed = 20260101;

sub any {
    my ($n) = @_;

    $seed = ($seed * 1103515245 + 12345) % 2147483648;
    return int($seed / 65536) % $n;
}

my @alphabet = ('A' .. 'Z', 'a' .. 'z', '0' .. '9', '-', '_');
my @channels = (
    ['organic_search', 'google', 'organic', 'www.google.com'],
    ['organic_search', 'bing', 'organic', 'www.bing.com'],
    ['organic_social', 'instagram', 'social', 'l.instagram.com'],
    ['email', 'newsletter', 'email', undef],
    ['paid_search', 'google', 'cpc', undef],
    ['referral', 'blog.example', 'referral', 'blog.example'],
    ['ai_assistant', 'chatgpt', 'ai-assistant', 'chatgpt.com'],
    ['direct', undef, undef, undef],
);
my @pages = (
    ['/', 'awareness', 1],
    (map { ["/blog/article-$_", 'awareness', 1] } 1 .. 200),
    (map { ["/products/$_", 'consideration', 2] } 1 .. 500),
    ['/cart', 'decision', 3], ['/checkout/', 'decision', 3],
    ['/account/', 'retention', 4],
);
my @countries = qw(DE AT CH FR NL GB US);
my @devices = qw(desktop mobile mobile tablet);

my $time = 1790000000000;
my @open;                               # visitors with events to come
my $written = 0;

while ($written < $count) {

    push @open, {
        v => 'c' . join('', map { $alphabet[any(64)] } 1 .. 16),
        j => 1, s => 0, new => 1, left => 1 + any(12), touches => [],
        cc => $countries[any(7)], dev => $devices[any(4)],
        fs => int($time / 86400000),
    } while @open < 2000;

    $time += any(200);

    my $i = any(scalar @open);
    my $o = $open[$i];
    my $page = $pages[any(scalar @pages)];
    my $touch = '';

    if ($o->{new} || any(6) == 0) {
        my ($ch, $src, $med, $ref) = @{$channels[any(scalar @channels)]};

        $o->{s}++;
        $o->{new} = 0;
        push @{$o->{touches}}, $ch;
        $touch = qq(,"ch":"$ch");
        $touch .= qq(,"src":"$src","med":"$med") if defined $src;
        $touch .= qq(,"ref":"$ref") if defined $ref;
        $touch .= ',"why":"' . (defined $ref ? 'referrer'
                                : defined $src ? 'utm' : 'direct') . '"';
        $touch .= qq(,"fs":$o->{fs});
    }

    my $head = qq({"t":$time,"v":"$o->{v}","j":$o->{j},"s":$o->{s},);
    my $place = qq("h":"shop.example","p":"$page->[0]",)
                . qq("ph":"$page->[1]","pn":$page->[2]);
    my $tail = qq("cc":"$o->{cc}","dev":"$o->{dev}"});

    print $head, qq("k":"page",), $place, $touch, ',"ms":', any(80), ',',
          $tail, "\n";
    $written++;

    if ($page->[2] == 3 && any(2) == 0) {
        my @w = @{$o->{touches}};
        my $wn = @w;

        splice(@w, 1, @w - 16) if @w > 16;

        print $head, qq("k":"goal",), $place,
              ',"goal":"purchase","done":1,"val":', 5 + any(20000) / 100,
              ',"cur":"EUR","w":["', join('","', @w), qq("],"wn":$wn,), $tail,
              "\n";
        $written++;
        $o->{touches} = [];
        $o->{j}++;
        $o->{new} = 1;
    }

    splice(@open, $i, 1) if --$o->{left} == 0;
}
