# Copyright (C) ngx_journey_module contributors
#
# Country, region and city: the address is the one realip leaves, and is cut
# before it is looked up (design, sections 5, 8 and 10).

use strict;
use warnings;

use FindBin;
use IO::Socket::UNIX;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

my $dir = $ENV{TEST_NGINX_SERVROOT};
my @kinds = qw(countries asn flat ipv4);

$ENV{TEST_NGINX_MMDB} = journey_mmdb();
$ENV{TEST_NGINX_GEO_SOCKET} = "$dir.sock";

for my $kind (@kinds) {
    my $file = "$dir-$kind.mmdb";
    system($^X, "$FindBin::Bin/data/make_mmdb.pl", "--$kind", $file) == 0
        or die "make_mmdb.pl --$kind failed";
    $ENV{'TEST_NGINX_MMDB_' . uc $kind} = $file;
}

spew("$dir-text.mmdb", "no mmdb at all\n");
spew("$dir-empty.mmdb", '');
spew("$dir-cut.mmdb", substr slurp(journey_mmdb()), 0, 1000);

END {
    unlink map { "$dir-$_.mmdb" } @kinds, qw(text empty cut) if defined $dir;
    unlink "$dir.sock", "$dir.mmdb" if defined $dir;
}

refused('a file that is missing',
        { http => "journey_geoip $dir-none.mmdb; # HERE" },
        qr/"journey_geoip": cannot open "\Q$dir\E-none\.mmdb": .*No such file/);
refused('a file beside nginx.conf that is missing',
        { http => 'journey_geoip none.mmdb; # HERE' },
        qr{"journey_geoip": cannot open "\S*/conf/none\.mmdb"});
refused('no mmdb', { http => "journey_geoip $dir-text.mmdb; # HERE" },
        qr/"journey_geoip": cannot open "\S*-text\.mmdb": .*MaxMind DB/);
refused('an empty file', { http => "journey_geoip $dir-empty.mmdb; # HERE" },
        qr/"journey_geoip": .*"\S*-empty\.mmdb"/);
refused('a file that is cut', { http => "journey_geoip $dir-cut.mmdb; # HERE" },
        qr/"journey_geoip": .*"\S*-cut\.mmdb"/);
refused('a file without countries',
        { http => "journey_geoip $dir-asn.mmdb; # HERE" },
        qr/"journey_geoip": "\S*-asn\.mmdb" holds no countries, it is a "Journey-Test-ASN"/);
refused('a folder', { http => 'journey_geoip /; # HERE' },
        qr/"journey_geoip": "\/" is no regular file/);
refused('twice', { http => "journey_geoip $ENV{TEST_NGINX_MMDB};\n"
                           . "journey_geoip $ENV{TEST_NGINX_MMDB}; # HERE" },
        qr/"journey_geoip" directive is duplicate/);
refused('two files', { http => 'journey_geoip a b; # HERE' },
        qr/invalid number of arguments in "journey_geoip"/);
refused('in a server', { server => 'journey_geoip a; # HERE' },
        qr/"journey_geoip" directive is not allowed here/);


# A page from each address; "cc rg ct", "-" for what is absent.

sub places {
    my (@addresses) = @_;
    my $before = @{[ journey_log_wait(0) ]};

    browser(headers => { 'X-Forwarded-For' => $_ })->get('/') for @addresses;

    my @events = journey_log_wait($before + @addresses);

    is(scalar @events, $before + @addresses, 'an event each');

    return map { my $event = $_;
                 join ' ', map { defined $event->{$_} ? $event->{$_} : '-' }
                               qw(cc rg ct) } @events[$before .. $#events];
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: country, region and city of the client's address
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; journey_goal g;
                 add_header X-Country "<$journey_country>" always; }
    location /error { return 404; }
--- visit
# A socket's own address, without realip: all of 127.0.0.0/8 is this machine.
sub from_address {
    my ($address, $uri) = @_;
    my $socket = IO::Socket::INET->new(
        LocalAddr => $address, PeerAddr => '127.0.0.1',
        PeerPort => Test::Nginx::Util::server_port()) or die "connect: $@";

    print $socket "GET $uri HTTP/1.0\r\nHost: a.example\r\n"
                  . "Accept: text/html\r\nAccept-Language: de\r\n\r\n";
    return join '', <$socket>;
}

like(from_address('127.0.0.1', '/'), qr/X-Country: <DE>/);
like(from_address('127.0.3.7', '/'), qr/X-Country: <US>/);

my $anna = browser();
$anna->get('/');
is($anna->get('/error')->status, 404);
--- journey_log
{"k":"page","cc":"DE","rg":null,"ct":null}
{"k":"goal","cc":"DE"}
{"k":"page","cc":"US","rg":"CA","ct":"San José"}
{"k":"goal","cc":"US","rg":"CA","ct":"San José"}
{"k":"page","cc":"DE"}
{"k":"goal","cc":"DE"}
{"k":"error","cc":"DE"}


=== TEST 2: behind a proxy: the address that realip leaves
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is_deeply([places(qw(198.51.100.1 203.0.113.9 127.0.2.1 192.0.2.1 8.8.8.8
                     198.19.1.1), 'nonsense', '')],
          ['DE BE Berlin', 'FR IDF Paris', 'AT 9 Wien', '- - -', '- - -',
           '- - -', 'DE - -', 'DE - -']);
unlike(journey_log_raw(), qr/\d+\.\d+\.\d+\.\d+/, 'no address in the log');


=== TEST 3: the address is cut first: IPv4 to its /24, IPv6 to its /48
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
# The file has 203.0.113.128/25 in Zürich and 2001:db8:2:8000::/49 in Ireland.
is_deeply([places(qw(203.0.113.1 203.0.113.129 203.0.113.255))],
          [('FR IDF Paris') x 3], 'IPv4');
is_deeply([places(qw(2001:db8:2:: 2001:db8:2:8000::1 2001:db8:2:ffff::1))],
          [('GB SCT Edinburgh') x 3], 'IPv6');
is_deeply([places('2001:db8:1::1', '2001:db8:3::1', '2001:db8:4::1',
                  '::ffff:198.51.100.7', '::ffff:203.0.113.200',
                  '[2001:db8:1::1]:99')],
          ["DE BY M\x{fc}nchen", '- - -', '- - -', 'DE BE Berlin',
           'FR IDF Paris', "DE BY M\x{fc}nchen"], 'others');


=== TEST 4: the address is realip's in every variable, too
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    default_type text/html;
    set $early $journey_country;
    location / { return 200 "$early $journey_country $remote_addr"; }
--- visit
my $anna = browser(headers => { 'X-Forwarded-For' => '198.51.100.1' });
is($anna->get('/')->body, 'DE DE 198.51.100.1');
is(browser(headers => { 'X-Forwarded-For' => '127.0.7.1' })->get('/')->body,
   'JP JP 127.0.7.1');
--- journey_log
{"cc":"DE","rg":"BE"}
{"cc":"JP","ct":"Tokyo"}


=== TEST 5: realip in a location comes late: what was asked before is asked again
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    default_type text/html;
    location / {
        set_real_ip_from 127.0.0.1;
        set $early $journey_country;
        add_header X-Early $early;
        add_header X-Country $journey_country;
        try_files /index.html =404;
    }
--- visit
my $r = browser(headers => { 'X-Forwarded-For' => '127.0.7.1' })->get('/');
is($r->header('X-Early'), 'DE');
is($r->header('X-Country'), 'JP');
--- journey_log
{"cc":"JP","rg":"13","ct":"Tokyo"}


=== TEST 6: a file of countries alone, a flat one, one for IPv4: no region, no city
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB_COUNTRIES;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is_deeply([places(qw(198.51.100.1 2001:db8:1::1 192.0.2.1))],
          ['DE - -', 'DE - -', '- - -']);


=== TEST 7: a flat file
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB_FLAT;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is_deeply([places(qw(198.51.100.1 127.0.1.1 192.0.2.1))],
          ['DE - -', 'FR - -', '- - -']);


=== TEST 8: a file for IPv4 knows no other address
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB_IPV4;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
is_deeply([places(qw(198.51.100.1 2001:db8:1::1 ::ffff:198.51.100.1))],
          ['DE BE Berlin', '- - -', 'DE BE Berlin']);


=== TEST 9: without a file there is no country
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html;
                 return 200 x; add_header X-Country "<$journey_country>"; }
--- visit
is(browser()->get('/')->header('X-Country'), '<>');
--- journey_log
{"k":"page","cc":null,"rg":null,"ct":null}


=== TEST 10: a unix socket has no country, unless realip knows the client
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    set_real_ip_from unix:;
    real_ip_header X-Forwarded-For;
    server {
        listen unix:$TEST_NGINX_GEO_SOCKET;
        journey on;
        location / { default_type text/html;
                     return 200 "<$journey_country>"; }
    }
--- config
    journey on;
--- visit
for my $more ('', "X-Forwarded-For: 198.51.100.1\r\n") {
    my $socket = IO::Socket::UNIX->new(Peer => $ENV{TEST_NGINX_GEO_SOCKET})
        or die "connect: $!";
    print $socket "GET / HTTP/1.0\r\nAccept: text/html\r\n$more"
                  . "Host: a.example\r\nAccept-Language: de\r\n\r\n";
    like(join('', <$socket>), $more eq '' ? qr/<>$/ : qr/<DE>$/);
}

# HTTP/1.0 without Host, at a server without a name, on a socket.
my $socket = IO::Socket::UNIX->new(Peer => $ENV{TEST_NGINX_GEO_SOCKET})
    or die "connect: $!";
print $socket "GET / HTTP/1.0\r\nAccept: text/html\r\n"
              . "Accept-Language: de\r\n\r\n";
like(join('', <$socket>), qr/<>$/);
--- journey_log
{"k":"page","cc":null,"rg":null}
{"k":"page","cc":"DE","ct":"Berlin"}
{"k":"page","cc":null,"h":"localhost"}


=== TEST 11: a city's name is cut at a character
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_geoip $TEST_NGINX_MMDB;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my ($place) = places('198.18.0.1');
like($place, qr/^TH 10 Krung Thep Maha Nakhon \x{e01}\x{e23}/);

my $city = substr $place, 6;
utf8::encode($city);
cmp_ok(length $city, '<=', 100);
cmp_ok(length $city, '>', 60);
