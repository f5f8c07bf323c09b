# Copyright (C) ngx_journey_module contributors
#
# What journeys are used for while visitors are there: conf/examples/ as their
# heads say to include them, and what a visitor sees of it on the first page,
# on later ones, and after a campaign; what bots see; what caches may keep.

use strict;
use warnings;

use File::Path qw(remove_tree);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Example;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $KEY = '00112233445566778899aabbccddeeff';
our $googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; '
                 . '+http://www.google.com/bot.html)';

# The examples' applications listen beside the tests' nginx.
our ($app, $other) = map { $ENV{TEST_NGINX_PORT} + $_ } 1, 2;

# Beside the server's folder, which the next block's server begins anew.
$ENV{TEST_NGINX_CACHE} = server_root() . '-cache';
$ENV{TEST_NGINX_APP} = $app;
$ENV{TEST_NGINX_OTHER} = $other;

sub of_here {
    s/127\.0\.0\.1:8001/127.0.0.1:$app/g;
    s/127\.0\.0\.1:8002/127.0.0.1:$other/g;
    s{/etc/nginx/journey\.secret}{$ENV{TEST_NGINX_JOURNEY_DATA}/test.keys}g;
}

# In the files that are included, too.
sub install_here {
    my $dir = server_root() . '/conf/journey/examples';

    for my $name (glob "$dir/*.conf") {
        local $_ = slurp($name);
        of_here();
        spew($name, $_);
    }
}

example_env($_, \&of_here) for examples();

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('post_setup_server_root', 'main::install_here();');
});

# The visitor that a cookie names.
sub id_of {
    my $browser = shift;

    return token_decode($browser->cookies->{jny} // '')->{v} // '';
}

# One header that says "private", whatever the application said.
sub is_private {
    my ($r, $name) = @_;
    my @control = $r->header('Cache-Control');

    ok(scalar(grep { /\bprivate\b/ } @control), "$name: private");
    is(scalar(grep { /\b(?:public|s-maxage)\b/ } @control), 0,
       "$name: for no shared cache");
}

sub said { return { $_[0]->body =~ /(\w+)=\[([^\]]*)\]/g }; }

no_root_location();
run_tests();

remove_tree(glob "$ENV{TEST_NGINX_CACHE}-*");

__DATA__

=== TEST 1: the application knows the visitor, from the first page on
--- http_config
    $TEST_NGINX_APPLICATION_HTTP
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    server {
        listen        127.0.0.1:$TEST_NGINX_APP;
        default_type  text/html;
        location / {
            return 200 "id=[$http_x_journey_id] session=[$http_x_journey_session] number=[$http_x_journey_number] channel=[$http_x_journey_channel] first=[$http_x_journey_first_channel] touches=[$http_x_journey_touches] furthest=[$http_x_journey_furthest_phase] host=[$http_host]";
        }
    }
--- config
    $TEST_NGINX_APPLICATION_SERVER
--- visit
my %forged = map { ("X-Journey-$_" => 'forged') }
             qw(Id Session Number Channel First-Channel Touches Furthest-Phase);
my $anna = browser(host => 'shop.example', headers => \%forged);
my $got = said($anna->get('/blog/a', Referer => 'https://www.google.com/'));

ok($anna->cookies->{jny}, 'a cookie');
is_deeply($got, { id => id_of($anna), session => 1, number => 1,
                  channel => 'organic_search', first => 'organic_search',
                  touches => 'organic_search', furthest => 'awareness',
                  host => 'shop.example' }, 'first page');

$got = said($anna->get('/cart'));
is_deeply([@$got{qw(id session channel furthest)}],
          [id_of($anna), 1, 'organic_search', 'decision'], 'second page');

$got = said($anna->get('/?utm_source=news&utm_medium=email'));
is_deeply([@$got{qw(channel first touches furthest)}],
          ['email', 'organic_search', 'organic_search>email', 'decision'],
          'after a campaign');

$got = said($anna->get('/api', Accept => '*/*'));
is_deeply([@$got{qw(id channel)}], [id_of($anna), 'email'],
          'a request that is no page');

$got = said(browser(agent => $::googlebot, headers => \%forged)
            ->get('/', Referer => 'https://www.google.com/'));
is(join('', @$got{qw(id session number channel first touches furthest)}), '',
   'nothing of a bot, nothing forged');

# nginx would tell an underscore from a hyphen, most applications would not
$got = said(browser()->raw(<<"_END_" =~ s/\n/\r\n/gr));
GET /api HTTP/1.1
Host: localhost
User-Agent: x
X_Journey_Id: forged
Connection: close

_END_
is($got->{id}, '', 'no underscore gets through');



=== TEST 2: the application knows the visitor, by FastCGI
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    location / {
        fastcgi_param  HTTP_X_JOURNEY_CHANNEL  $journey_channel;
        fastcgi_param  HTTP_X_JOURNEY_ID       $journey_id;
        fastcgi_pass   127.0.0.1:$TEST_NGINX_OTHER;
    }
--- visit
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
                                   LocalPort => $::other, ReuseAddr => 1)
    or die "listen: $!";
my $ask = sub {
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        eval {
            browser(@_)->get('/?utm_source=a&utm_medium=email',
                             'X-Journey-Channel' => 'forged',
                             'X-Journey-Id' => 'forged',
                             'X-Other' => 'through');
        };
        POSIX::_exit(0);
    }

    my $socket = $listen->accept();
    my $data = '';

    1 while $data !~ /HTTP_X_OTHERthrough/
            && sysread $socket, $data, 65536, length $data;
    close $socket;
    waitpid $pid, 0;
    return $data;
};

my $data = $ask->();
like($data, qr/HTTP_X_JOURNEY_CHANNELemail/, 'the channel');
like($data, qr/HTTP_X_JOURNEY_IDc[-\w]{16}/, 'the visitor');
unlike($data, qr/forged/, 'nothing forged');

$data = $ask->(agent => $::googlebot);
like($data, qr/HTTP_X_JOURNEY_CHANNEL/, 'a bot');
unlike($data, qr/forged/, 'nothing forged by a bot');



=== TEST 3: the application's word
--- http_config
    $TEST_NGINX_APPLICATION_HTTP
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
    absolute_redirect off;
    server {
        listen        127.0.0.1:$TEST_NGINX_APP;
        default_type  text/html;
        location = /buy {
            add_header  X-Journey-Goal "purchase; value=99.90; currency=EUR; id=A-1001; completes";
            return      303 /thanks;
        }
        location = /welcome {
            add_header  X-Journey-Phase retention;
            add_header  X-Journey-User  4711;
            return      200 "furthest=[$http_x_journey_furthest_phase]";
        }
        location / { return 200 ok; }
    }
--- config
    $TEST_NGINX_APPLICATION_SERVER
--- visit
my $anna = browser(headers => { 'X-Journey-Goal' => 'forged; completes' });
my @seen = $anna->get('/products/lamp?utm_source=a&utm_medium=email');

push @seen, $anna->post('/buy');
is($seen[-1]->status, 303);
is($seen[-1]->header('Location'), '/thanks');
push @seen, $anna->get('/thanks');
push @seen, $anna->get('/welcome');
is(said($seen[-1])->{furthest}, 'consideration',
   'what the application will say, it does not know yet');
push @seen, $anna->get('/next');

unlike(join('', map { $_->{raw} } @seen), qr/X-Journey|forged/i,
       'the client sees nothing of it');
--- journey_log
{"k":"page","p":"/products/lamp","ch":"email","u":null}
{"k":"goal","p":"/buy","goal":"purchase","val":99.9,"cur":"EUR","ord":"~^[-\\w]{16,}$","done":1,"w":["email"]}
{"k":"page","p":"/thanks"}
{"k":"page","p":"/welcome","ph":"retention","u":"~^[-\\w]{16,}$"}
{"k":"page","p":"/next"}



=== TEST 4: another start page and another upstream for paid channels
--- http_config
    $TEST_NGINX_SPLIT_BY_CHANNEL_HTTP
    server {
        listen        127.0.0.1:$TEST_NGINX_APP;
        default_type  text/html;
        add_header    Cache-Control "public, max-age=600";
        location / { return 200 "shop $http_host"; }
    }
    server {
        listen        127.0.0.1:$TEST_NGINX_OTHER;
        default_type  text/html;
        add_header    Cache-Control "public, max-age=600";
        location / { return 200 campaigns; }
    }
--- config
    $TEST_NGINX_SPLIT_BY_CHANNEL_SERVER
    default_type text/html;
    location /blog/ { return 200 ok; }
--- user_files
>>> index.html
index
>>> landing/offer.html
offer
>>> landing/facts.html
facts
--- visit
my $gclid = '?gclid=abc';
my $is = sub {
    my ($r, $want, $name) = @_;

    is($r->body =~ s/\s+$//r, $want, $name);
    is_private($r, $name);
};

my $anna = browser(host => 'shop.example');
$is->($anna->get("/products/lamp$gclid"), 'campaigns', 'paid, first page');
$is->($anna->get('/products/desk'), 'campaigns', 'paid, second page');
$is->($anna->get('/'), 'offer', 'paid, start page');
$is->($anna->get('/', Referer => 'https://chatgpt.com/'), 'facts',
      'an assistant, in the same session');
$is->($anna->get('/products/desk'), 'shop shop.example', 'and its upstream');
$is->($anna->get('/?utm_source=n&utm_medium=email'), 'index',
      'a start page that is not there');

$is->(browser()->get("/$gclid"), 'offer', 'paid, start page first');
$is->(browser()->get('/'), 'index', 'direct');
$is->(browser()->get('/products/a'), 'shop localhost', 'direct, upstream');

my $bot = browser(agent => $::googlebot);
$is->($bot->get("/$gclid"), 'index', 'a bot');
$is->($bot->get("/products/a$gclid"), 'shop localhost', 'a bot, upstream');



=== TEST 5: nginx's cache keeps the pools apart, and visitors
--- http_config
    $TEST_NGINX_SPLIT_BY_CHANNEL_HTTP
    proxy_cache_path $TEST_NGINX_CACHE-pages keys_zone=pages:1m;
    proxy_cache_path $TEST_NGINX_CACHE-wrong keys_zone=wrong:1m;
    server {
        listen        127.0.0.1:$TEST_NGINX_APP;
        default_type  text/html;
        add_header    Cache-Control "max-age=600";
        location / { return 200 shop; }
    }
    server {
        listen        127.0.0.1:$TEST_NGINX_OTHER;
        default_type  text/html;
        add_header    Cache-Control "max-age=600";
        location / { return 200 campaigns; }
    }
--- config
    journey      on;
    add_header   X-Cache $upstream_cache_status;
    location /products/ {
        proxy_cache  pages;
        proxy_pass   http://$journey_pool;
    }
    location /wrong/ {
        proxy_cache      wrong;
        proxy_cache_key  $request_uri;
        proxy_pass       http://$journey_pool;
    }
--- visit
my $ask = sub {
    my ($uri, $channel) = @_;
    my $browser = browser();

    $browser->get('/wrong/first?utm_source=a&utm_medium=' . $channel);
    my $r = $browser->get($uri);
    return join(' ', $r->body, $r->header('X-Cache')), $browser, $r;
};

my ($said, $anna) = $ask->('/products/a', 'cpc');
is($said, 'campaigns MISS');
my ($bert, $cleo, $r);
($said, $bert) = $ask->('/products/a', 'email');
is($said, 'shop MISS', 'another pool is another entry');
($said, $cleo, $r) = $ask->('/products/a', 'cpc');
is($said, 'campaigns HIT');
is(($ask->('/products/a', 'email'))[0], 'shop HIT');

# the page of a new visitor from the cache, with a cookie of his own
my $dora = browser();
$r = $dora->get('/products/a');
is(join(' ', $r->body, $r->header('X-Cache')), 'shop HIT');
is_private($r, 'with a cookie');
is(scalar(keys %{{ map { id_of($_) => 1 } $anna, $bert, $cleo, $dora }}), 4,
   'four visitors');

# a key that does not name the pool
is(($ask->('/wrong/a', 'cpc'))[0], 'campaigns MISS');
is(($ask->('/wrong/a', 'email'))[0], 'campaigns HIT', 'hands it to others');



=== TEST 6: a variant stays with the visitor, from the first page on
--- http_config
    $TEST_NGINX_AB_TEST_HTTP
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    $TEST_NGINX_AB_TEST_SERVER
    default_type text/html;
    location / { return 200 x; }
--- user_files
>>> offer/a.html
a
>>> offer/b.html
b
--- visit
my (%count, %variant);

for my $n (1 .. 20) {
    my $browser = browser();
    my @bodies;

    for my $uri ('/offer', '/offer', '/else', '/offer?utm_source=a') {
        my $r = $browser->get($uri, 'User-Agent' => "$browser->{agent} $n");

        is_private($r, "visitor $n, $uri") if $uri ne '/else';
        push @bodies, $r->body =~ s/\s+$//r if $uri ne '/else';
        $variant{id_of($browser)} = $bodies[0];
    }

    is("@bodies[1 .. 2]", "$bodies[0] $bodies[0]", "visitor $n stays at it");
    $count{$bodies[0]}++;

    # a new session, a month later
    age($browser, 30 * 86400, $::KEY);
    is($browser->get('/offer')->body =~ s/\s+$//r, $bodies[0],
       "visitor $n comes back to it");
}

is(join(' ', sort keys %count), 'a b', 'both are drawn');
is(scalar keys %variant, 20, 'twenty visitors');

my @events = journey_log_wait(100);
is(scalar @events, 100);
is(scalar(grep { $_->{l}{offer} ne $variant{$_->{v}} } @events), 0,
   'each event tells the variant');



=== TEST 7: where there is no id, one for all, or by address and user agent
--- http_config
    $TEST_NGINX_AB_TEST_HTTP
    split_clients "$journey_id" $alone {
        50%  a;
        *    b;
    }
--- config
    journey on;
    journey_profile anonymous;
    default_type text/html;
    location = /both { return 200 "$alone$journey_offer"; }
    location = /exempt {
        journey_profile exempt;
        return 200 "$alone$journey_offer";
    }
    location = /out { journey_optout; }
--- visit
for my $uri ('/both', '/exempt') {
    my (%alone, %offer);

    for my $n (1 .. 24) {
        my $browser = browser(agent => "Mozilla/5.0 (X11; Linux) Firefox/$n.0");
        my ($alone, $offer) = split //, $browser->get($uri)->body;

        $alone{$alone}++;
        $offer{$offer}++;
        is($browser->get($uri)->body, "$alone$offer", "$uri: visitor $n stays");
    }

    is(scalar keys %alone, 1, "$uri: \$journey_id alone gives one to all");
    is(join(' ', sort keys %offer), 'a b', "$uri: the recipe draws");
}

my %offer = map { substr(browser(agent => "Googlebot/2.1 $_")->get('/both')
                         ->body, 1) => 1 } 1 .. 24;
is(join(' ', sort keys %offer), 'a b', 'bots');



=== TEST 8: a redirect by variant draws anew
--- http_config
    $TEST_NGINX_AB_TEST_HTTP
--- config
    journey on;
    default_type text/html;
    location = /offer { return 302 /offer/$journey_offer; }
    location /offer/ { return 200 $journey_offer; }
--- visit
my $differ = 0;

for (1 .. 24) {
    my $browser = browser();
    my $r = $browser->get('/offer');

    is($r->set_cookie('jny'), undef, 'no cookie');
    my ($drawn) = $r->header('Location') =~ m{/offer/(.)$};
    $differ++ if $browser->get("/offer/$drawn")->body ne $drawn;
}

cmp_ok($differ, '>', 0, 'some are drawn otherwise');



=== TEST 9: a map without "volatile" keeps what it saw first
--- http_config
    include journey/journey.conf;
    map $journey_furthest_phase $with {
        volatile;
        default    new;
        retention  customer;
    }
    map $journey_furthest_phase $without {
        default    new;
        retention  customer;
    }
    server {
        listen        127.0.0.1:$TEST_NGINX_APP;
        default_type  text/html;
        add_header    X-Journey-Phase retention;
        location / { return 200 "$http_x_with $http_x_without"; }
    }
--- config
    journey on;
    location / {
        proxy_set_header  X-With $with;
        proxy_set_header  X-Without $without;
        proxy_pass        http://127.0.0.1:$TEST_NGINX_APP;
        add_header        X-With $with;
        add_header        X-Without $without;
    }
--- visit
my $anna = browser();
my $r = $anna->get('/blog/');

is($r->body, 'new new', 'before the header');
is($r->header('X-With'), 'customer', 'from the header on, volatile');
is($r->header('X-Without'), 'new', 'from the header on, kept');

$r = $anna->get('/blog/');
is($r->body, 'customer customer', 'the next page, before the header');



=== TEST 10: content by phase: the first page, and bots
--- http_config
    $TEST_NGINX_SPLIT_BY_PHASE_HTTP
--- config
    $TEST_NGINX_SPLIT_BY_PHASE_SERVER
    default_type text/html;
    location / { return 200 x; }
--- user_files
>>> start/new.html
new
>>> start/customer.html
customer
>>> index.html
index
--- visit
my $anna = browser();
is($anna->get('/')->body, "new\n", 'the very first page');
$anna->get('/account/');
is($anna->get('/')->body, "customer\n");
$anna->get('/?utm_source=a&utm_medium=email');
is($anna->get('/')->body, "customer\n", 'after a campaign');
is_private($anna->get('/'), 'customer');

my $bot = browser(agent => $::googlebot);
$bot->get('/account/');
my $r = $bot->get('/');
is($r->body, "new\n", 'a bot is always new');
is_private($r, 'a bot');



=== TEST 11: a poster, a newsletter that is opened and clicked
--- http_config
    $TEST_NGINX_LINKS_HTTP
--- config
    $TEST_NGINX_LINKS_SERVER
    default_type text/html;
    server_name shop.example;
    location / { return 200 x; }
--- visit
my $anna = browser(host => 'shop.example');
my $r = $anna->get('/r/k7m2xq');

is($r->status, 302);
my ($landing) = $r->header('Location') =~ m{^http://shop\.example(?::\d+)?(/.*)};
is($landing, '/products/?utm_source=poster&utm_medium=qr&utm_campaign=spring');
ok($r->set_cookie('jny'), 'the scan begins the journey');
$anna->get($landing);
is($anna->get('/r/unknown')->status, 404);

# in a mail program, and by a service that fetches images for its readers
for my $agent ('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) '
               . 'AppleWebKit/605.1.15 (KHTML, like Gecko)',
               'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 '
               . '(via ggpht.com GoogleImageProxy)')
{
    browser(host => 'shop.example', agent => $agent, accept => 'image/*')
        ->get('/open.gif?utm_source=newsletter&utm_medium=email&'
              . 'utm_campaign=spring');
}

my ($code, $link, $err) = journey_command(undef, 'link',
    '--secret', "$ENV{TEST_NGINX_JOURNEY_DATA}/test.keys",
    '--base', 'https://shop.example/l', '--source', 'newsletter',
    '--medium', 'email', '--campaign', 'spring',
    'https://shop.example/products/lamp');

is($code, 0, 'journey link') or diag($err);
my ($uri) = $link =~ m{^https://shop\.example(/l\S+)$}m;
$r = $anna->get($uri);
is($r->status, 302, 'a signed link');
like($r->header('Location'), qr{^https://shop\.example/products/lamp\?});
$anna->get($r->header('Location') =~ s{^https://shop\.example}{}r);
is($anna->get($uri =~ s/lamp/desk/r)->status, 404, 'not with another target');

journey_log_wait(6);
($code, my $out) = journey_command(undef, 'campaigns', '--json',
                                   journey_log_name());
my %row = map { $_->{source} => $_ }
          @{ JSON::PP::decode_json($out)->{campaigns} };

is_deeply([@{ $row{newsletter} }{qw(views clicks)}], [2, 1], 'newsletter');
is_deeply([@{ $row{poster} }{qw(views clicks)}], [0, 1], 'poster');
--- journey_log
{"k":"click","p":"/r/k7m2xq","ch":"offline","src":"poster","cmp":"spring","s":1}
{"k":"page","p":"/products/","ch":null,"s":1}
{"k":"pixel","p":"/open.gif","v":null,"cmp":"spring"}
{"k":"pixel","p":"/open.gif","v":null,"cmp":"spring"}
{"k":"click","p":"/l","ch":"email","src":"newsletter","cmp":"spring","s":1}
{"k":"page","p":"/products/lamp","ch":null,"s":1}



=== TEST 12: from one own site to the other
--- http_config
    $TEST_NGINX_TWO_SITES_HTTP
    server {
        listen        $TEST_NGINX_SERVER_PORT;
        server_name   blog.example;
        $TEST_NGINX_TWO_SITES_SERVER
        default_type  text/html;
        location / { return 200 x; }
    }
    server {
        listen        $TEST_NGINX_SERVER_PORT;
        server_name   shop.example;
        $TEST_NGINX_TWO_SITES_SERVER
        default_type  text/html;
        location / { return 200 x; }
    }
--- config
    location = /x { return 204; }
--- visit
my $blog = browser(host => 'blog.example');
my $shop = browser(host => 'shop.example');
my $go = sub {
    my ($from, $uri, $to) = @_;
    my $r = $from->get($uri);

    is($r->status, 302, "$uri");
    my ($path) = $r->header('Location') =~ m{^https://$to->{host}(/.*)};
    return $to->get($path, Referer => "https://$from->{host}/");
};

$blog->get('/?utm_source=a&utm_medium=email');
$go->($blog, '/to-shop', $shop);
is(id_of($shop), id_of($blog), 'the same visitor');
$shop->get('/products/');
$go->($shop, '/to-blog', $blog);
is(id_of($shop), id_of($blog), 'and back');

# without a cookie there is nothing to hand over; no touch is lost
my $bert = browser(host => 'blog.example');
is($bert->get('/to-shop')->header('Location'), 'https://shop.example/?');
--- journey_log
{"k":"page","h":"blog.example","ch":"email","s":1}
{"k":"page","h":"shop.example","p":"/","ch":null,"s":1,"j":1}
{"k":"page","h":"shop.example","p":"/products/","ch":null,"s":1}
{"k":"page","h":"blog.example","p":"/","ch":null,"s":1}



=== TEST 13: live numbers, for this machine, and no visit
--- http_config
    $TEST_NGINX_LIVE_HTTP
    journey_secret $TEST_NGINX_JOURNEY_DATA/test.keys;
--- config
    $TEST_NGINX_LIVE_SERVER
    default_type text/html;
    location = / { return 200 x; }
--- visit
my $anna = browser();
$anna->get('/', Referer => 'https://www.google.com/');

my %type = ('/journey' => 'text/html', '/journey/metrics' => 'text/plain',
            '/journey/status' => 'application/json');

for my $uri (sort keys %type) {
    my $r = $anna->get($uri, Referer => 'https://partner.example/');

    is($r->status, 200, $uri);
    like($r->header('Content-Type'), qr/^\Q$type{$uri}\E(?:;|$)/, 'its type');
    is($r->header('Set-Cookie'), undef, 'no cookie');
    like(join(',', $r->header('Cache-Control')), qr/\bno-store\b/, 'not kept');
    like($r->body, qr/organic_search/, 'the channel');
    is(browser(from => '127.0.0.3')->get($uri)->status, 403, 'for us alone');
}

unlike($anna->get('/journey')->body, qr/<script/i, 'no script');
like($anna->get('/journey/metrics')->body,
     qr/^# TYPE (journey_log_dropped_lines_total) counter\n\1 0$/m,
     'what the alarm asks for');
--- journey_log
{"k":"page","p":"/","ch":"organic_search"}
