# Copyright (C) ngx_journey_module contributors
#
# No shared cache may hand one visitor's cookie to another: what becomes of
# Cache-Control when a response carries our Set-Cookie, and that it stays as
# it is when it does not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $key = '00112233445566778899aabbccddeeff';

# The Cache-Control lines that a new visitor gets, and those that he gets on
# his next page, where no cookie is sent; each as one string.
sub lines {
    my ($uri, %more) = @_;
    my $browser = browser();
    my @got;

    for my $first (1, 0) {
        my $r = $browser->get($uri, %more);

        is(defined $r->set_cookie('jny') ? 1 : 0, $first,
           "$uri: " . ($first ? 'with our cookie' : 'without'));
        push @got, join ' | ', $r->header('Cache-Control');
    }

    return @got;
}

# What a response's header becomes: each case is [as it was (a string or
# several lines), with our cookie].
sub becomes {
    my ($uri, @cases) = @_;

    for my $case (@cases) {
        my ($was, $want) = @$case;
        my @was = ref $was ? @$was : $was;
        my $n = @was;
        my ($first, $next) = lines("$uri$n", map { +"X-Line$_" => $was[$_ - 1] }
                                                 1 .. $n);

        is($first, $want, "$uri: @was");
        is($next, join(' | ', @was), "$uri: @was: left alone");
    }
}

our @cases = (
    ['max-age=60',                      'max-age=60, private'],
    ['public',                          'private'],
    ['PUBLIC',                          'private'],
    ['public, max-age=60',              'max-age=60, private'],
    ['max-age=60, public',              'max-age=60, private'],
    ['max-age=60,public,s-maxage=600',  'max-age=60, private'],
    ['S-MaxAge=600',                    'private'],
    ['s-maxage="600"',                  'private'],
    ['s-maxage',                        'private'],
    ['s-maxage=1, proxy-revalidate',    'proxy-revalidate, private'],
    ['no-cache',                        'no-cache, private'],
    ['must-revalidate, max-age=0',      'must-revalidate, max-age=0, private'],

    ['private',                         'private'],
    ['Private, max-age=60',             'Private, max-age=60'],
    ['private, public',                 'private'],
    ['public, private',                 'private'],
    ['no-store',                        'no-store'],
    ['NO-STORE',                        'NO-STORE'],
    ['no-store, public',                'no-store'],
    ['no-cache, no-store, s-maxage=3',  'no-cache, no-store'],

    # these are about fields alone
    ['private="set-cookie"',            'private="set-cookie", private'],
    ['no-cache="set-cookie", public',   'no-cache="set-cookie", private'],

    # commas and words inside quotes are no directives
    ['ext="a, public, b", max-age=1',   'ext="a, public, b", max-age=1, private'],
    ['ext="private"',                   'ext="private", private'],
    ['ext="a \", private, b"',          'ext="a \", private, b", private'],
    ['ext="no-store, x", public',       'ext="no-store, x", private'],
    ['ext="never closed, public',       'ext="never closed, public, private'],

    # names that only begin or end so
    ['publicity, s-maxages=3',          'publicity, s-maxages=3, private'],
    ['x-public, x-s-maxage=4',          'x-public, x-s-maxage=4, private'],
    ['privately, no-stored',            'privately, no-stored, private'],
    ['public-key=3',                    'public-key=3, private'],

    # what lists may look like
    [' ,, public ,, max-age=60 , ',     'max-age=60, private'],
    [',',                               'private'],
    ["public\t,\tmax-age=60",           'max-age=60, private'],
    ['max-age = 60, public ,x',         'max-age = 60, x, private'],
);

our @several = (
    [['public', 'max-age=60'],          'max-age=60, private'],
    [['max-age=60', 'public'],          'max-age=60, private'],
    [['max-age=60', 'no-cache'],        'max-age=60 | no-cache, private'],
    [['public', 's-maxage=60'],         'private'],
    [['private', 'public'],             'private'],
    [['public, max-age=1', 'private'],  'max-age=1 | private'],
    [['no-store', 'public, max-age=1'], 'no-store | max-age=1'],
    [['a', 'public'],                   'a, private'],
);

add_block_preprocessor(sub {
    my $block = shift;

    if (!defined $block->http_config) {
        $block->set_value('http_config', <<'_EOC_');
    journey_log     $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_secret  $TEST_NGINX_JOURNEY_DATA/test.keys;
_EOC_
    }
});

run_tests();

__DATA__

=== TEST 1: none becomes private
--- config
    journey on;
    default_type text/html;
    location = /page { return 200 ok; }
    location = /empty { add_header Cache-Control ""; return 200 ok; }
--- visit
is_deeply([lines('/page')], ['private', ''], 'a page');
is_deeply([lines('/')], ['private', ''], 'a file');
is_deeply([lines('/empty')], ['private', ''], 'an empty header');



=== TEST 2: by add_header
--- config
    journey on;
    default_type text/html;
    location = /1 { add_header Cache-Control $http_x_line1; return 200 ok; }
    location = /2 { add_header Cache-Control $http_x_line1;
                    add_header Cache-Control $http_x_line2; return 200 ok; }
--- visit
# nginx cuts blanks at the ends of what a client sends
becomes('/', grep { $_->[0] !~ /^\s|\s$/ } @::cases);
becomes('/', @::several);



=== TEST 3: from an upstream
--- config
    location /app/ {
        default_type text/html;
        location = /app/1 { add_header Cache-Control $http_x_line1;
                            return 200 ok; }
        location = /app/2 { add_header Cache-Control $http_x_line1;
                            add_header Cache-Control $http_x_line2;
                            return 200 ok; }
        location = /app/three {
            add_header Cache-Control public;
            add_header Set-Cookie "cart=1";
            return 200 ok;
        }
    }
    location /shop/ {
        journey on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/app/;
    }
    location /both/ {
        journey on;
        add_header Cache-Control "public, s-maxage=9";
        proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/app/;
    }
--- visit
becomes('/shop/', grep { $_->[0] !~ /^\s|\s$/ } @::cases);
becomes('/shop/', @::several);

is_deeply([lines('/both/1', X_Line1 => 'max-age=60')],
          ['max-age=60, private', 'max-age=60 | public, s-maxage=9'],
          'upstream and add_header');
is_deeply([lines('/shop/three')], ['private', 'public'],
          'with a cookie of the upstream, which is not ours');



=== TEST 4: by expires
--- config
    journey on;
    default_type text/html;
    location = /hour  { expires 1h; return 200 ok; }
    location = /epoch { expires epoch; return 200 ok; }
    location = /max   { expires max; return 200 ok; }
    location = /both  { expires 1h; add_header Cache-Control public;
                        return 200 ok; }
    location = /store { expires 1h; add_header Cache-Control no-store;
                        return 200 ok; }
--- visit
is_deeply([lines('/hour')], ['max-age=3600, private', 'max-age=3600']);
is_deeply([lines('/epoch')], ['no-cache, private', 'no-cache']);
is_deeply([lines('/max')], ['max-age=315360000, private',
                            'max-age=315360000']);
is_deeply([lines('/both')], ['max-age=3600, private',
                             'max-age=3600 | public']);
is_deeply([lines('/store')], ['max-age=3600 | no-store',
                              'max-age=3600 | no-store']);



=== TEST 5: a 304
--- config
    journey on;
    default_type text/html;
    add_header Cache-Control "public, max-age=60";
    location = /plain.html { add_header X-A b; alias html/index.html; }
--- visit
my $when = browser()->get('/index.html')->header('Last-Modified');
my @since = ('If-Modified-Since' => $when);

is(browser()->get('/index.html', @since)->status, 304);
is_deeply([lines('/index.html', @since)],
          ['max-age=60, private', 'public, max-age=60']);
is_deeply([lines('/plain.html', @since)], ['private', '']);



=== TEST 6: a goal's response
--- config
    journey on;
    location = /page { default_type text/html; return 200 ok; }
    location = /form { add_header Cache-Control "public, max-age=60" always;
                       return 303 /; journey_goal sent completes; }
--- visit
my $anna = browser();
is($anna->post('/form')->header('Cache-Control'), 'public, max-age=60',
   'no visitor, no cookie');
$anna->get('/page');
is($anna->post('/form')->header('Cache-Control'), 'max-age=60, private');



=== TEST 7: responses without our cookie are left alone
--- config
    default_type text/html;
    add_header Cache-Control "public, s-maxage=60" always;
    location = /off  { return 200 ok; }
    location = /none { journey on; journey_identity none; return 200 ok; }
    location = /css  { journey on; default_type text/css; return 200 ok; }
    location = /gone { journey on; return 410; }
    location = /moved { journey on; return 302 /; }
    location = /own  { journey on; default_type text/css;
                       add_header Cache-Control "public, s-maxage=60";
                       add_header Set-Cookie "jny=x"; return 200 ok; }
    location = /page { journey on; return 200 ok; }
--- visit
for my $uri (qw(/off /none /css /gone /moved /own)) {
    is(browser()->get($uri)->header('Cache-Control'), 'public, s-maxage=60',
       $uri);
}

is(browser()->request('HEAD', '/page')->header('Cache-Control'),
   'public, s-maxage=60', 'HEAD');
is(browser()->get('/page')->header('Cache-Control'), 'private', 'a page');



=== TEST 8: a very long header
--- config
    journey on;
    default_type text/html;
    location = /page { add_header Cache-Control $http_x_line; return 200 ok; }
--- visit
my $long = join ',', map { "public,a$_=\"" . 'b,' x 20 . '"' } 1 .. 60;
(my $want = "$long, private") =~ s/public,//g;
$want =~ s/",a/", a/g;
my ($first) = lines('/page', X_Line => $long);
is($first, $want);



=== TEST 9: directives without blanks between them
--- config
    journey on;
    default_type text/html;
    location = /page { add_header Cache-Control $http_x_line; return 200 ok; }
--- visit
for my $n (3, 20, 2000, 2005, 2010) {
    my ($first) = lines('/page', X_Line => join ',', ('a') x $n);
    is($first, join(', ', ('a') x $n, 'private'), $n);
}
