#!/usr/bin/perl
# Copyright (C) ngx_journey_module contributors
#
# shop.pl DIR: writes the demo shop, some thirty static pages, into DIR.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use MIME::Base64 qw(decode_base64);

my $dir = shift or die "usage: shop.pl DIR\n";

# What the shop has to say, by the phase of the customer journey.
my @pages = (
    # awareness
    ['/',                       'Kettle & Cup: coffee at home'],
    ['/blog/',                  'The coffee journal'],
    ['/blog/first-espresso',    'Your first espresso'],
    ['/blog/beans',             'Where beans come from'],
    ['/blog/water',             'Why water matters'],
    ['/guides/',                'Guides'],
    ['/guides/grinding',        'Grinding: how fine is fine'],
    ['/guides/filter-or-press', 'Filter or press?'],

    # consideration
    ['/products/',              'All products'],
    ['/products/aroma-one',     'Aroma One, the small machine'],
    ['/products/aroma-duo',     'Aroma Duo, two circuits'],
    ['/products/hand-mill',     'Hand mill'],
    ['/products/steel-kettle',  'Steel kettle'],
    ['/products/press-pot',     'Press pot'],
    ['/products/cup-set',       'A set of four cups'],
    ['/products/house-blend',   'House blend, 1 kg'],
    ['/products/decaf',         'Decaf, 500 g'],
    ['/compare',                'Machines compared'],

    # decision
    ['/cart',                   'Your cart'],
    ['/checkout/address',       'Where to send it'],
    ['/checkout/payment',       'How to pay'],
    ['/checkout/thanks',        'Thank you'],

    # retention
    ['/account/',               'Your account'],
    ['/account/orders',         'Your orders'],
    ['/account/subscription',   'Beans every month'],
    ['/help/',                  'Help'],
    ['/help/descaling',         'Descaling step by step'],
    ['/newsletter/thanks',      'You are on the list'],

    # advocacy
    ['/reviews/',               'What others say'],
    ['/reviews/new',            'Write a review'],
    ['/reviews/thanks',         'Thank you for your review'],
    ['/friends',                'Bring a friend'],
);


sub write_file {
    my ($name, $data) = @_;

    make_path(dirname("$dir$name"));
    open my $out, '>:raw', "$dir$name" or die "$dir$name: $!\n";
    print $out $data;
    close $out or die "$dir$name: $!\n";
}


my $menu = join "\n", map { "<a href=\"$_->[0]\">$_->[1]</a>" }
           grep { $_->[0] =~ m{^/(?:|blog/|guides/|products/|cart|account/
                                  |help/|reviews/)$}x } @pages;

for my $page (@pages) {
    my ($path, $title) = @$page;
    (my $text = $title) =~ s/&/&amp;/g;
    (my $links = $menu) =~ s/&/&amp;/g;
    my $more = '';

    if ($path eq '/checkout/payment') {
        $more = '<form method="post" action="/checkout/done?order=A-1&amp;'
                . 'value=24.90&amp;currency=EUR"><button>Buy</button></form>';

    } elsif ($path eq '/reviews/new') {
        $more = '<form method="post" action="/reviews/send">'
                . '<button>Send</button></form>';

    } elsif ($path eq '/account/') {
        $more = '<form method="post" action="/newsletter/join">'
                . '<button>Our newsletter, please</button></form>';
    }

    my $name = $path =~ m{/$} ? $path . 'index.html' : "$path.html";

    write_file($name, <<"END");
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$text</title>
<link rel="stylesheet" href="/assets/shop.css">
</head>
<body>
<nav><img src="/assets/logo.png" alt="" width="16" height="16">
$links
</nav>
<main><h1>$text</h1>
<p>A page of the demo shop.</p>
$more</main>
</body>
</html>
END
}

write_file('/assets/shop.css', <<'END');
body { font: 1rem/1.5 sans-serif; margin: 2rem auto; max-width: 44rem }
nav a { margin-right: 1rem }
END

write_file('/assets/logo.png', decode_base64(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'
    . 'YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='));

write_file('/api/stock.json', "{\"aroma-one\":12}\n");
