#!/usr/bin/perl
# Copyright (C) ngx_journey_module contributors
#
# traffic.pl --port=N --codes=FILE --letter=FILE [--visitors=N] [--seed=N]
#            [--pause=SECONDS]
#
# Visits the demo shop as some hundred people with browsers, cookies and plans
# of their own would, and as bots do, over 127.0.0.1.  The same seed makes the
# same visits.  Prints, as "name number" lines, what it did: what nginx logs
# has to agree with it; and as "cookie value" the one of a visitor who has done
# all of it, from a poster's code by way of the newsletter to an order.
#
# FILE is what "journey link" has printed: the codes' lines of a map, in order
# those of the poster and of the note in the parcel; the newsletter's links.
#
# Everybody's sessions run in rounds.  Within a round the visitors take turns,
# a page each; between rounds lies a pause that is longer than the demo's
# journey_session, so that the next visit is a new session.

use strict;
use warnings;

use Getopt::Long;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my ($port, $visitors, $seed, $pause, $rounds) = (0, 320, 4711, 4.5, 5);
my ($codes, $letter) = ('', '');

GetOptions('port=i' => \$port, 'visitors=i' => \$visitors,
           'codes=s' => \$codes, 'letter=s' => \$letter,
           'seed=i' => \$seed, 'pause=f' => \$pause)
    && $port && $codes ne '' && $letter ne ''
    or die "usage: traffic.pl --port=N --codes=FILE --letter=FILE "
           . "[--visitors=N] [--seed=N] [--pause=SECONDS]\n";

srand $seed;
$SIG{PIPE} = 'IGNORE';

my $site = "http://shop.example";
my %count = map { $_ => 0 } qw(requests pages goals errors bots
                               clicks pixels visitors sessions
                               conversions value);
my $order = 1000;


# ---- posters and letters ---------------------------------------------------

sub lines_of {
    my ($file, $pattern) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    my @found = map { /$pattern/ ? $1 : () } <$in>;
    close $in;
    return @found;
}

my ($poster, $note) =
    lines_of($codes, qr{^# https://shop\.example(/r/\w+)$});
my %from = (l => 'newsletter');         # whose link it is, by its first word
my @letter_links = lines_of($letter, qr{^https://shop\.example(/l\?\S+)$});

die "codes or links are missing in $codes, $letter\n"
    if !defined $note || @letter_links < 3;

$from{substr $poster, 3} = 'poster';
$from{substr $note, 3} = 'parcel';

my $opened = '/open.gif?utm_source=newsletter&utm_medium=email&'
             . 'utm_campaign=week_47';


# ---- who they are ----------------------------------------------------------

# [weight, user agent, is it an app's]
my @browsers = (
    [22, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
         . '(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'],
    [18, 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like '
         . 'Gecko) Chrome/131.0.0.0 Mobile Safari/537.36'],
    [20, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) '
         . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 '
         . 'Mobile/15E148 Safari/604.1'],
    [10, 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) '
         . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 '
         . 'Safari/605.1.15'],
    [10, 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 '
         . 'Firefox/132.0'],
    [8,  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
         . '(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 '
         . 'Edg/131.0.0.0'],
    [5,  'Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 '
         . '(KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1'],
    [6,  'Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 '
         . '(KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile '
         . 'Safari/537.36'],
    [1,  'Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, '
         . 'like Gecko) 94.0.4606.31/7.0 TV Safari/537.36'],
);

my $facebook_app =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) '
    . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 '
    . '[FBAN/FBIOS;FBAV/489.0.0.46.99;FBBV/664123456]';
my $instagram_app =
    'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A; wv) '
    . 'AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 '
    . 'Chrome/130.0.6723.107 Mobile Safari/537.36 '
    . 'Instagram 358.0.0.51.97 Android';

my @bots = (
    'Mozilla/5.0 (compatible; Googlebot/2.1; '
        . '+http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0; '
        . '+http://www.bing.com/bingbot.htm)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; '
        . 'GPTBot/1.2; +https://openai.com/gptbot)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; '
        . 'ChatGPT-User/1.0; +https://openai.com/bot',
    'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)',
    'curl/8.5.0',
    'python-requests/2.32.3',
);

# What asks for the picture in a newsletter: programs for mails, and services
# that fetch pictures for their readers.
my @mail_agents = (
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 '
        . '(KHTML, like Gecko)',
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 '
        . 'Thunderbird/128.5.0',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) '
        . 'AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
    'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 '
        . '(via ggpht.com GoogleImageProxy)',
    'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html',
);

# Networks of t/data/make_mmdb.pl: [weight, prefix of an address, languages].
my @countries = (
    [40, '127.0.8.',       'de-DE,de;q=0.9,en;q=0.6'],
    [10, '198.51.100.',    'de-DE,de;q=0.9'],
    [4,  '2001:db8:1::',   'de-DE,de;q=0.9,en;q=0.6'],
    [12, '127.0.2.',       'de-AT,de;q=0.9,en;q=0.6'],
    [10, '127.0.1.',       'fr-FR,fr;q=0.9,en;q=0.5'],
    [8,  '127.0.4.',       'en-GB,en;q=0.9'],
    [3,  '2001:db8:2::',   'en-GB,en;q=0.9'],
    [6,  '127.0.5.',       'nl-NL,nl;q=0.9,en;q=0.8'],
    [5,  '127.0.6.',       'es-ES,es;q=0.9'],
    [4,  '127.0.3.',       'en-US,en;q=0.9'],
    [1,  '127.0.7.',       'ja-JP,ja;q=0.9'],
);

# Where visits come from: [weight, how willing to buy, landing pages, what the
# URL adds, referrer, an app's user agent].
my @entries = (
    [20, 0.8, 'inform', '', 'https://www.google.com/'],
    [3,  0.8, 'inform', '', 'https://www.bing.com/'],
    [3,  0.8, 'inform', '', 'https://duckduckgo.com/'],
    [2,  0.8, 'inform', '', 'https://www.ecosia.org/'],
    [8,  1.2, 'product', 'gclid=Cj0KCQiAexample', 'https://www.google.com/'],
    [4,  1.2, 'product', 'utm_source=google&utm_medium=cpc&'
                         . 'utm_campaign=winter_sale&utm_term=espresso'
                         . '&gclid=EAIaIQobChMI', 'https://www.google.com/'],
    [3,  1.1, 'product', 'utm_source=bing&utm_medium=cpc&'
                         . 'utm_campaign=winter_sale&msclkid=0a1b2c',
                         'https://www.bing.com/'],
    [4,  0.5, 'inform', 'fbclid=IwAR0example', 'https://l.facebook.com/',
         $facebook_app],
    [4,  0.5, 'inform', '', undef, $instagram_app],
    [2,  0.5, 'inform', '', 'https://www.reddit.com/'],
    [5,  0.7, 'product', 'utm_source=facebook&utm_medium=paid_social&'
                         . 'utm_campaign=look_again&fbclid=IwAR1example',
                         undef, $facebook_app],
    [3,  0.4, 'inform', 'utm_source=newsportal&utm_medium=display&'
                        . 'utm_campaign=brand', 'https://news.example/'],
    [3,  0.6, 'inform', '', 'https://www.youtube.com/'],
    [8,  1.6, 'letter', '', undef],
    [2,  1.6, 'product', '', 'https://deref-gmx.net/'],
    [4,  1.0, 'inform', 'utm_source=chatgpt.com', 'https://chatgpt.com/'],
    [2,  1.0, 'inform', '', 'https://www.perplexity.ai/'],
    [4,  0.9, 'product', '', 'https://coffee-notes.example/best-machines'],
    [3,  1.3, 'product', 'utm_source=bonuscard&utm_medium=affiliate',
                         'https://bonuscard.example/'],
    [4,  0.9, 'poster', '', undef],
    [14, 1.4, 'home', '', undef],
);

my %landing = (
    inform  => ['/', '/', '/blog/', '/blog/first-espresso', '/blog/beans',
                '/blog/water', '/guides/grinding',
                '/guides/filter-or-press'],
    product => ['/products/', '/products/aroma-one', '/products/aroma-duo',
                '/products/hand-mill', '/products/house-blend'],
    home    => ['/', '/', '/', '/products/'],
    letter  => \@letter_links,
    poster  => [$poster],
);

my @products = map { "/products/$_" } qw(aroma-one aroma-duo hand-mill
    steel-kettle press-pot cup-set house-blend decaf);


sub chance { return rand() < $_[0]; }

sub any { return $_[int rand @_]; }

sub weighted {
    my @list = @_;
    my $sum = 0;

    $sum += $_->[0] for @list;
    my $x = rand $sum;

    for my $item (@list) {
        return $item if ($x -= $item->[0]) < 0;
    }

    return $list[-1];
}


sub new_visitor {
    my $country = weighted(@countries);

    return {
        agent    => weighted(@browsers)->[1],
        address  => $country->[1] . (1 + int rand 250),
        language => $country->[2],
        gpc      => chance(0.04),
        likes    => 0.4 + rand 0.6,
        first    => int rand 3,
        bought   => 0,
        cookies  => {},
    };
}


# ---- what they do ----------------------------------------------------------

# One session: a list of steps [method, path, arguments, referrer]; an
# undefined referrer is the page before.

sub plan_session {
    my $visitor = shift;
    my $entry = weighted(@entries);
    my $agent = $entry->[5];
    my @steps;

    if ($visitor->{bought} && chance(0.6)) {
        # Someone who has bought comes back to the account, or scans the code
        # of the note in the parcel.
        push @steps, ['GET', chance(0.25) ? $note : '/account/', '', ''];
        push @steps, ['GET', any('/account/orders', '/help/descaling',
                                 '/account/subscription')] if chance(0.8);
        push @steps, ['POST', '/newsletter/join'] if chance(0.2);
        push @steps, ['GET', '/reviews/'] if chance(0.4);

        if (chance(0.35)) {
            push @steps, ['GET', '/reviews/new'], ['POST', '/reviews/send'];
        }

        push @steps, ['GET', '/friends'] if chance(0.2);
        return (\@steps, undef) if chance(0.6);

        push @steps, ['GET', any(@products)];

    } else {
        my ($path, $args) = split /\?/, any(@{ $landing{$entry->[2]} });

        push @steps, ['OPEN', chance(0.15) ? 'browser' : 'mail']
            if $entry->[2] eq 'letter' && chance(0.8);
        push @steps, ['GET', $path, defined $args ? $args : $entry->[3],
                      defined $entry->[4] ? $entry->[4] : ''];
    }

    my $will = $entry->[1] * $visitor->{likes}
               * (1 + 0.5 * $visitor->{visits});

    push @steps, ['GET', any('/blog/', '/blog/beans', '/guides/',
                             '/guides/grinding')] if chance(0.35);

    return (\@steps, $agent) if !chance(0.5 * $will + 0.1);

    push @steps, ['GET', '/products/'] if chance(0.6);
    push @steps, ['GET', any(@products)] for 0 .. int rand 3;
    push @steps, ['GET', '/compare'] if chance(0.25);
    push @steps, ['GET', '/products/aroma-zero'] if chance(0.05);  # is gone

    return (\@steps, $agent) if !chance(0.3 * $will);

    push @steps, ['GET', '/cart'];
    return (\@steps, $agent) if !chance(0.7);

    push @steps, ['GET', '/checkout/address'], ['GET', '/checkout/payment'];
    return (\@steps, $agent) if !chance(0.75);

    # The browser comes back from the bank, as a POST or with its referrer.
    my $value = any(qw(24.90 39.00 119.00 349.50 12.50));

    $order++;
    push @steps, ['POST', '/checkout/done',
                  "order=A-$order&value=$value&currency=EUR",
                  chance(0.5) ? undef : 'https://www.paypal.com/'];

    return (\@steps, $agent);
}


# The visitor who does all of it: [steps] by round.

sub plan_example {
    my $round = shift;
    my ($path, $args) = split /\?/, $letter_links[0];

    return (
        [['GET', $poster, '', ''], ['GET', '/products/hand-mill']],
        [['OPEN', 'browser'], ['GET', $path, $args, ''], ['GET', '/cart'],
         ['GET', '/checkout/payment'],
         ['POST', '/checkout/done', 'order=A-1000&value=119.00&currency=EUR']],
    )[$round];
}


# ---- how they ask ----------------------------------------------------------

sub ask {
    my ($who, $method, $target, %more) = @_;
    my $socket = $more{socket};
    my $head = "$method $target HTTP/1.1\r\nHost: shop.example\r\n"
               . "User-Agent: $who->{agent}\r\n"
               . "X-Forwarded-For: $who->{address}\r\n";

    $head .= "Accept: $more{accept}\r\n" if defined $more{accept};
    $head .= "Accept-Language: $who->{language}\r\n"
        if defined $who->{language};
    $head .= "Accept-Encoding: gzip, deflate\r\n";
    $head .= "Referer: $more{referrer}\r\n" if $more{referrer};
    $head .= "Sec-GPC: 1\r\n" if $who->{gpc};
    $head .= "Upgrade-Insecure-Requests: 1\r\n" if $more{page};

    my $jar = $who->{cookies};
    $head .= 'Cookie: ' . join('; ', map { "$_=$jar->{$_}" } sort keys %$jar)
             . "\r\n" if defined $jar && %$jar;

    $head .= "Origin: $site\r\nContent-Length: 0\r\n" if $method eq 'POST';
    $head .= "Connection: keep-alive\r\n\r\n";

    print $socket $head or die "write: $!\n";
    $count{requests}++;

    # The answer: its head, then as many bytes as the head says.
    my $data = '';

    while (index($data, "\r\n\r\n") < 0) {
        sysread $socket, $data, 16384, length $data
            or die "no answer to $method $target\n";
    }

    my ($lines, $body) = split /\r\n\r\n/, $data, 2;
    my ($status) = $lines =~ m{^HTTP/1\.1 (\d+)} or die "no HTTP: $lines\n";
    my ($length) = $lines =~ /^Content-Length: (\d+)/mi;
    my ($type) = $lines =~ /^Content-Type: ([^;\r\n]+)/mi;
    my ($location) = $lines =~ /^Location: ([^\r\n]+)/mi;

    die "no length in the answer to $method $target\n"
        if !defined $length && $status != 304;

    while (length $body < ($length || 0)) {
        sysread $socket, $body, 16384, length $body or die "cut answer\n";
    }

    if (defined $jar) {
        while ($lines =~ /^Set-Cookie: ([^=]+)=([^;\r\n]*)/mgi) {
            $jar->{$1} = $2;
        }
    }

    return ($status, defined $type ? $type : '', $location);
}


sub connection {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port, Timeout => 10)
        or die "127.0.0.1:$port: $@\n";

    $socket->autoflush(1);
    return $socket;
}


my $page_accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,'
                  . 'image/avif,image/webp,*/*;q=0.8';

# A newsletter is opened: mostly by a program for mails or a mail service, which
# bring no cookie; or in the browser, on its page at news.shop.example, whose
# requests to the shop bring it, being of the same site.

sub open_letter {
    my ($visitor, $where) = @_;
    my $who = $visitor;
    my $socket = connection();

    if ($where ne 'browser') {
        $who = {
            agent   => any(@mail_agents),
            address => '127.0.8.' . (1 + int rand 250),
        };
    }

    my ($status, $type) =
        ask($who, 'GET', $opened, socket => $socket,
            accept => 'image/avif,image/webp,image/png,*/*;q=0.8',
            referrer => $where eq 'browser' ? 'https://news.shop.example/'
                                            : '');

    die "$opened: $status $type\n" if $status != 200 || $type ne 'image/gif';

    $count{pixels}++;
    close $socket;
}


# One step of a visitor's session: the page, what follows a redirect, and now
# and then what a page needs besides.

sub take_step {
    my ($visitor, $step) = @_;
    my ($method, $path, $args, $referrer) = @$step;

    if ($method eq 'OPEN') {
        open_letter($visitor, $path);
        return;
    }

    my $socket = connection();
    my $target = $path . (defined $args && $args ne '' ? "?$args" : '');

    $referrer = $visitor->{page} if !defined $referrer;

    my ($status, $type, $location) =
        ask($visitor, $method, $target, socket => $socket, page => 1,
            accept => $page_accept, referrer => $referrer);

    if ($status == 302) {
        my ($from) = $path =~ m{^/(?:r/)?(\w+)};

        $count{clicks}++;
        $count{"clicks_$from{$from}"}++;

    } elsif ($status == 303) {
        $count{goals}++;                        # order, signup, review

        if ($path eq '/checkout/done') {
            $count{conversions}++;
            $count{value} += $1 if $target =~ /[?&]value=([\d.]+)/;
            $visitor->{bought} = 1;
        }
    }

    if ($status == 302 || $status == 303) {
        $location =~ s{^https?://[^/]+}{};
        $target = $location;
        ($path) = split /\?/, $target;

        ($status, $type) =
            ask($visitor, 'GET', $target, socket => $socket, page => 1,
                accept => $page_accept, referrer => $referrer);
    }

    if ($status == 200 && $type eq 'text/html') {
        $count{pages}++;

    } elsif ($status == 404) {
        # Only of a visitor that nginx knows it is an event.
        $count{errors}++;
    }

    $visitor->{page} = $site . $target;

    if (!$visitor->{styled}++) {
        ask($visitor, 'GET', '/assets/shop.css', socket => $socket,
            accept => 'text/css,*/*;q=0.1', referrer => $visitor->{page});
        ask($visitor, 'GET', '/assets/logo.png', socket => $socket,
            accept => 'image/avif,image/webp,*/*;q=0.8',
            referrer => $visitor->{page});
    }

    if ($path =~ m{^/products/.} && chance(0.3)) {
        ask($visitor, 'GET', '/api/stock.json', socket => $socket,
            accept => '*/*', referrer => $visitor->{page});
    }

    close $socket;
}


sub bot_visits {
    my $agent = shift;
    my $bot = {
        agent => $agent, address => '192.0.2.' . (1 + int rand 250),
    };
    my $socket = connection();

    for (1 .. 3 + int rand 6) {
        ask($bot, 'GET', any('/', '/blog/', '/guides/', $poster,
                             @letter_links, @products),
            socket => $socket,
            accept => $agent =~ /^Mozilla/ ? $page_accept : '*/*');
        $count{bots}++;
    }

    close $socket;
}


sub begin_session {
    my ($visitor, $steps) = @_;

    $count{visitors}++ if !$visitor->{visits}++;
    $count{sessions}++;
    $visitor->{page} = '';

    return [$visitor, $steps];
}


# ---- the rounds ------------------------------------------------------------

my @people = map { new_visitor() } 1 .. $visitors;

my $example = $people[0];

@$example{qw(agent gpc)} = ($browsers[2][1], 0);

for my $round (0 .. $rounds - 1) {
    my @active;

    # Many read the newsletter, and do no more.
    open_letter(undef, 'mail') for 1 .. 12 + int rand 12;

    for my $visitor (@people) {
        my ($steps, $app);

        if ($visitor == $example) {
            $steps = plan_example($round) or next;
            push @active, begin_session($visitor, $steps);
            next;
        }

        next if $round < $visitor->{first};

        $visitor->{visits} = 0 if !defined $visitor->{visits};
        next if $visitor->{visits}
                && !chance($visitor->{bought} ? 0.5 : 0.42);

        ($steps, $app) = plan_session($visitor);

        # An app's browser keeps cookies of its own: another visitor, who
        # stays one.
        if (defined $app && $visitor->{agent} ne $app) {
            next if $visitor->{visits};
            $visitor->{agent} = $app;
        }

        push @active, begin_session($visitor, $steps);
    }

    my $began = time;

    while (@active) {
        my @left;

        for my $session (@active) {
            my ($visitor, $steps) = @$session;

            take_step($visitor, shift @$steps);
            push @left, $session if @$steps;
        }

        @active = @left;
        sleep 0.05;
    }

    bot_visits($_) for @bots;

    printf STDERR "round %d of %d: %d sessions so far, %.1f s\n",
           $round + 1, $rounds, $count{sessions}, time - $began;

    sleep $pause if $round < $rounds - 1;
}

printf "%s %.10g\n", $_, $count{$_} for sort keys %count;
print "cookie $example->{cookies}{jny}\n";
