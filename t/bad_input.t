# Copyright (C) ngx_journey_module contributors
#
# What clients send that no browser should: nginx neither falls nor complains,
# a request is one event at most, and every line of the log is valid JSON in
# valid UTF-8.

use strict;
use warnings;

use Encode ();
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use Journey;
use Journey::Clock qw(cpu);
use Journey::Master;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my @variables = map { "journey_$_" } qw(
    id number session touch channel source medium campaign first_channel
    touches phase furthest_phase goal country device bot identity rule
);
my $all = join '|', map { "\$$_" } @variables;

# Every variable is asked for before, in and after each response, those of
# requests that never came to be among them.
my $http = <<"END";
    journey_log logs/journey.log flush=100ms;
    journey_sources sources.conf;
    journey_agents agents.conf;
    journey_phases { awareness =/ /blog/; decision =/cart ~^/\\d+\$; }
    journey_channels { partner source=~^acme host=~shop; }
    journey_hosts shop.example;
    log_format journey '$all';
    large_client_header_buffers 8 128k;
    client_header_buffer_size 1k;
    client_max_body_size 1m;
    ignore_invalid_headers off;
    types { text/html html; }
END

my $server = <<"END";
        access_log logs/access.log journey;
        add_header X-Journey "$all" always;
        default_type text/html;
        error_page 400 404 405 414 /error.html;

        location / { return 200 "a page\\n"; }
        location /rewritten/ { rewrite ^ /rewritten.html last; }
        location /file/ { root html; }
        location /drop { return 444; }
        location /status { journey_status; access_log off; }
        location /early {
            if (\$journey_channel = nobody) { return 403; }
            return 200 "\$journey_touches\\n";
        }
END

my $nginx = Journey::Master->new(workers => 1);
my $port = $nginx->port;

spew("$nginx->{dir}/conf/sources.conf", <<'END');
search  google    "Google"  google.*  alias:adwords
social  facebook  "Facebook"  facebook.com  app:com.facebook.katana
email   webmail   "Webmail"  webmail.**
END
spew("$nginx->{dir}/conf/agents.conf", <<'END');
bot     generic   "crawler"
app     facebook  "FBAN/"
device  tablet    "iPad"
END
mkdir "$nginx->{dir}/html/file";
spew("$nginx->{dir}/html/file/page.html", "a page\n" x 20);
spew("$nginx->{dir}/html/error.html", "an error\n");

$nginx->configure(http => $http, server => $server);
ok($nginx->start, 'starts') or diag($nginx->said);


# ---- talking ---------------------------------------------------------------

# Sends the bytes, says that no more come, and reads to the end: the statuses
# of all answers.

sub talk {
    my ($bytes, %options) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $options{port} || $port,
        Proto => 'tcp', Timeout => 60) or die "connect: $@";
    my $data = '';

    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "no answer\n" };

    my $done = eval {
        alarm 60;

        if (!defined syswrite $socket, $bytes) { return 1 }

        shutdown $socket, 1 if !$options{open};
        while (sysread $socket, $data, 65536, length $data) {}
        1;
    };

    alarm 0;
    close $socket;
    die $@ if !$done && $@ ne "no answer\n";

    return ($data, 'hangs') if !$done;
    return ($data, $data =~ m{^HTTP/1\.1 (\d+)}mg);
}


# A browser's request; a header's value may be undef (none) or a list.

my @browser = (
    'Host'            => 'localhost',
    'User-Agent'      => 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) '
                         . 'Gecko/20100101 Firefox/132.0',
    'Accept'          => 'text/html,*/*;q=0.8',
    'Accept-Language' => 'en',
);

sub request {
    my ($uri, %more) = @_;
    my $method = delete $more{method} || 'GET';
    my $version = delete $more{version} || 'HTTP/1.1';
    my $body = delete $more{body};
    my %left = %more;
    my $text = "$method $uri $version\r\n";

    for (my $i = 0; $i < @browser; $i += 2) {
        my $name = $browser[$i];
        my $value = exists $left{$name} ? delete $left{$name}
                                        : $browser[$i + 1];
        next if !defined $value;
        $text .= "$name: $_\r\n" for ref $value ? @$value : $value;
    }

    for my $name (sort keys %left) {
        my $value = $left{$name};
        $text .= "$name: $_\r\n" for ref $value ? @$value : $value;
    }

    return "$text\r\n" . (defined $body ? $body : '');
}


my $json = JSON::PP->new->utf8;
my @expected;                   # by line of the log: [case, what it holds]
my $lines = 0;


# A case: its bytes, the statuses it must get, the events that must follow.
# A number is how many, "0-1" leaves it open; hashes are what each holds (with
# an open number: if it is there).

sub case {
    my ($name, $bytes, $statuses, @events) = @_;
    my ($data, @got) = talk($bytes);
    my $status = $nginx->status;

    if (!defined $status) {
        fail("$name: nginx answers after it");
        return;
    }

    my $n = $status->{log}{lines} - $lines;
    $lines = $status->{log}{lines};

    if (ref $statuses eq 'Regexp') {
        like("@got", $statuses, "$name: answer");
    } else {
        is("@got", $statuses, "$name: answer");
    }

    if (@events && !ref $events[0]) {
        my ($least, $most) = split /-/, $events[0];

        $most = $least if !defined $most;
        ok($n >= $least && $n <= $most, "$name: $events[0] events")
            or diag("got $n");
        push @expected, map { [$name, $events[$_]] } 1 .. $n;

    } else {
        is($n, scalar @events, "$name: events");
        push @expected, map { [$name, $events[$_ - 1]] } 1 .. $n;
    }

    return $data;
}


# ---- the path --------------------------------------------------------------

my $bad = "\x{fffd}";

case('as it should be', request('/blog/'), '200',
     { k => 'page', p => '/blog/', h => 'localhost', ph => 'awareness' });
case('an encoded NUL', request('/a%00b'), '400', 0);
case('a NUL', request("/a\0b"), '400', 0);
case('bytes that are no UTF-8', request('/%ff%fe'), '200',
     { p => "/$bad$bad" });
case('the same, not encoded', request("/\xff\xfe/x"), '200',
     { p => "/$bad$bad/x" });
case('an overlong slash', request('/%c0%af'), '200', { p => "/$bad$bad" });
case('a surrogate', request('/%ed%a0%80'), '200', { p => qr/^\/$bad+$/ });
case('beyond Unicode', request('/%f4%90%80%80'), '200',
     { p => qr/^\/$bad+$/ });
case('a character cut off', request('/%e2%82'), '200',
     { p => qr/^\/$bad+$/ });
case('a character cut off before more', request('/%e2%82x%c3'), '200',
     { p => qr/^\/${bad}+x$bad$/ });
case('UTF-8', request('/%e2%82%ac%f0%9f%98%80'), '200',
     { p => "/\x{20ac}\x{1f600}" });
case('what JSON escapes', request('/%22%5c%01%0a%0d%09%7f%1b'), '200',
     { p => "/\"\\\x01\n\r\t\x7f\x1b" });
case('a path of 600 bytes', request('/' . 'x' x 600), '200',
     { p => '/' . 'x' x 511 });
case('cut between characters', request('/' . '%e2%82%ac' x 300), '200',
     { p => '/' . "\x{20ac}" x 170 });
case('cut between characters, without a rest', request('/a' . '%c3%a4' x 300),
     '200', { p => '/a' . "\x{e4}" x 255 });
case('512 wrong bytes', request('/' . '%ff' x 2000), '200',
     { p => qr/^\/$bad+$/ });
case('100 kB of path', request('/' . 'y' x 100_000), '200',
     { p => '/' . 'y' x 511 });
case('too much of it', request('/' . 'y' x 140_000), '414', 0);
case('dots', request('/a/../b/./c//d'), '200', { p => '/b/c/d' });
case('dots above the root', request('/../../etc/passwd'), '400', 0);
case('encoded dots', request('/%2e%2e/%2e%2e/etc/passwd'), '400', 0);
case('wrong percents', request('/%zz'), '400', 0);
case('a percent alone', request('/x%'), '400', 0);
case('a space', request('/a b'), '400', 0);
case('a fragment', request('/a#b'), '200', { p => '/a' });
case('an asterisk', request('*'), '400', 0);
case('nothing', request(''), '400', 0);
case('a word', request('index.html'), '400', 0);
case('many slashes', request('/' x 10_000), '200', { p => '/' });
case('digits', request('/12345'), '200', { p => '/12345', ph => 'decision' });


# ---- arguments -------------------------------------------------------------

sub entry {
    my ($name, $args, $want) = @_;

    case($name, request("/blog/?$args"), '200',
         { p => '/blog/', j => 1, s => 1, %$want });
}

entry('a campaign', 'utm_source=news&utm_medium=email&utm_campaign=may',
      { ch => 'email', src => 'news', med => 'email', cmp => 'may' });
entry('no campaign', 'x=1&y=2', { ch => 'direct', src => undef });
entry('an encoded NUL in it', 'utm_source=a%00b&utm_medium=email',
      { src => qr/^a/ });
entry('no UTF-8', 'utm_source=%ff%c3%28&utm_medium=%e2%82&utm_campaign=%f5',
      { ch => qr/./ });
entry('UTF-8', 'utm_source=news&utm_medium=email&utm_campaign=%e2%82%ac',
      { cmp => "\x{20ac}" });
entry('what JSON escapes',
      'utm_source=n&utm_medium=email&utm_campaign=%22%5c%5c%22',
      { cmp => '"\\\\"' });
entry('control characters',
      'utm_source=n&utm_medium=email&utm_campaign=a%0a%0d%01%1fb',
      { cmp => qr/^a.*b$/s });
entry('the value of an injection',
      'utm_source=n&utm_medium=email&utm_campaign=%22,%22k%22:%22goal',
      { k => 'page', cmp => '","k":"goal' });
entry('markup', 'utm_source=n&utm_medium=email&utm_campaign='
                . '%3Cscript%3Ealert(1)%3C/script%3E',
      { cmp => qr/script/i });

for my $len (99, 100, 101, 1000, 20_000) {
    my $want = $len > 100 ? 100 : $len;

    entry("a value of $len bytes",
          'utm_source=n&utm_medium=email&utm_campaign=' . 'c' x $len
          . '&utm_term=' . 't' x $len . '&utm_content=' . 'o' x $len,
          { cmp => 'c' x $want, trm => 't' x $want, con => 'o' x $want });
}

entry('100 bytes end in a character',
      'utm_source=n&utm_medium=email&utm_campaign=' . '%e2%82%ac' x 40,
      { cmp => "\x{20ac}" x 33 });
entry('a source and a medium of 5 kB',
      'utm_source=' . 's' x 5000 . '&utm_medium=' . 'm' x 5000,
      { src => 's' x 100, med => 'm' x 100 });
entry('an address for a campaign',
      'utm_source=n&utm_medium=email&utm_campaign=anna%40mail.example',
      { cmp => undef, src => 'n' });
entry('an address for a term, not encoded',
      'utm_source=n&utm_medium=email&utm_term=anna@mail.example',
      { trm => undef });
entry('an address behind 200 bytes',
      'utm_source=n&utm_medium=email&utm_content=' . 'x' x 200 . '@y',
      { con => undef });
entry('signs alone', '&&&===&%&%%&%zz&=&;;;', { ch => 'direct' });
entry('names alone', 'utm_source&utm_medium&utm_campaign', { ch => 'direct' });
entry('empty values', 'utm_source=&utm_medium=&utm_campaign=&gclid=',
      { ch => 'direct' });
entry('half percents', 'utm_source=n%&utm_medium=email%4&utm_campaign=%u0041',
      { cmp => qr/./ });
entry('encoded twice', 'utm_source=n&utm_medium=email&utm_campaign='
                       . '%2525' x 1000, { cmp => qr/^.{1,100}$/ });
entry('plus signs', 'utm_source=n&utm_medium=email&utm_campaign=a+b++c',
      { cmp => qr/^a b/ });
entry('encoded names', '%75tm_source=n&utm%5fmedium=email', { k => 'page' });
entry('names in capitals', 'UTM_SOURCE=n&Utm_Medium=email', { k => 'page' });
entry('the same name 5000 times', 'utm_medium=email'
      . join('', map { "&utm_source=s$_" } 1 .. 5000), { src => qr/^s\d+$/ });
entry('a click id of 8 kB', 'gclid=' . 'x' x 8000,
      { cid => 'gclid', src => 'google' });
entry('all click ids', 'gclid=1&fbclid=2&msclkid=3&ttclid=4&gbraid=5&wbraid=6'
      . '&twclid=7&li_fat_id=8&mc_eid=9&yclid=10', { cid => qr/./ });

{
    my $args = join '&', map { "p$_=v" } 1 .. 10_000;
    my $before = cpu($nginx->workers);

    # 64 kB and more, the campaign at the very end.
    entry('10,000 parameters',
          "$args&utm_source=n&utm_medium=email&utm_campaign=last",
          { cmp => 'last' });
    cmp_ok(cpu($nginx->workers) - $before, '<', 2,
           '10,000 parameters: in no time');
}

entry('30,000 ampersands', '&' x 30_000 . 'utm_source=n', { src => 'n' });


# ---- referrers -------------------------------------------------------------

sub referred {
    my ($name, $referer, $want, $status) = @_;

    case($name, request('/blog/', Referer => $referer), $status || '200',
         ref $want ? { p => '/blog/', %$want } : $want);
}

my $google = 'https://www.google.com/';

referred('a search engine', $google,
         { ch => 'organic_search', src => 'google', ref => 'www.google.com' });
referred('8 kB of referrer', $google . 'x' x 8000,
         { src => 'google', ref => 'www.google.com' });
referred('100 kB of referrer', $google . '?q=' . 'x' x 100_000,
         { src => 'google' });
referred('a NUL', "https://www.goo\0gle.com/", '0', '400');
referred('no UTF-8', "https://\xff\xfe.example/\xff", { k => 'page' });
referred('no UTF-8 in its path', "${google}\xff\xfe\xc0",
         { src => 'google' });
referred('control characters', "https://www.google.com\x01/\x02",
         '0-1', qr/^(?:200|400)$/);
referred('a host of 300 bytes', 'https://' . 'a' x 300 . '.example/',
         { k => 'page' });
referred('a host of 8 kB', 'https://' . 'a.' x 4000 . 'example/',
         { k => 'page' });
referred('a name, a password, a port',
         'https://anna:secret@news.example:8443/x',
         { k => 'page', ref => qr/^(?!.*(?:anna|secret|@))/ });
referred('the own host as a name', 'https://localhost@evil.example/',
         { k => 'page', ref => qr/^(?!localhost)/ });
referred('quotes', 'https://a"b\\c.example/"', { k => 'page' });

for my $referer ('', ' ', '-', 'x', '/', '//', '///', ':', '://', 'http:',
                 'http:/', 'http://', 'https://', 'https:///', 'http://:80/',
                 'http://@/', 'http://[', 'http://[]/', 'http://[::1]/',
                 'http://[::1', 'http://127.0.0.1/', 'http://.', 'http://..',
                 'http://a', 'http://.a/', 'http://a..b/', 'http://%',
                 'http://%00/', 'http://a%2fb/', 'javascript:alert(1)',
                 'data:text/html,x', 'about:blank', 'file:///etc/passwd',
                 'android-app://', 'android-app://com.facebook.katana/',
                 'android-app:///x', 'HTTP://WWW.GOOGLE.COM/', 'ftp://a.b/c',
                 "http://\xc3\xa4.example/", 'http://xn--4ca.example/',
                 'http://webmail.', 'http://webmail.x/', 'http://google.',
                 'http://google.com.', 'http://google.com:', 'null')
{
    referred("referrer '$referer'", $referer, { k => 'page', j => 1 });
}

case('two referrers', request('/x', Referer => [$google, 'https://a.example/']),
     qr/^(?:200|400)$/, '0-1');


# ---- user agents -----------------------------------------------------------

for my $case (['none', undef], ['an empty one', ''], ['a NUL', "a\0b"],
              ['no UTF-8', "\xff\xfe\x80"], ['8 kB', 'Mozilla ' x 1000],
              ['100 kB of half tokens', 'crawle' x 16_000],
              ['quotes', '"\\"'], ['two', ['Mozilla/5.0', 'crawler']])
{
    my ($name, $agent) = @$case;

    case("user agent: $name", request('/ua', 'User-Agent' => $agent),
         qr/^(?:200|400)$/, '0-1');
}

case('a long user agent that is a bot after all',
     request('/ua', 'User-Agent' => 'x' x 50_000 . 'crawler'), '200', 0);

for my $name ('Accept', 'Accept-Language', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest',
              'Sec-Fetch-Site', 'Sec-Purpose', 'Purpose', 'X-Moz',
              'Sec-CH-UA-Mobile', 'X-Forwarded-For', 'Sec-GPC')
{
    for my $value ('', ' ', "\xff", 'x' x 5000, '"', 'text/html' x 500) {
        case("$name: " . substr($value, 0, 20), request('/h', $name => $value),
             '200', '0-1');
    }

    case("$name twice", request('/h', $name => ['a', 'b']), '200', '0-1');
}


# ---- cookies ---------------------------------------------------------------

my $anna = browser(port => $port);
$anna->get('/first');
my $token = $anna->cookies->{jny};
like($token, qr/^[-\w]{60,140}$/, 'a token');

my $status = $nginx->status;
push @expected, map { ['the first'] } 1 .. $status->{log}{lines} - $lines;
$lines = $status->{log}{lines};

sub cookie {
    my ($name, $cookie, $want, $status) = @_;

    case($name, request('/c', Cookie => $cookie), $status || '200', $want);
}

my $new = { p => '/c', s => 1, fs => qr/^\d+$/ };
my $known = { p => '/c', s => 1, fs => undef };

cookie('the good one', "jny=$token", $known);
cookie('a NUL', "jny=$token\0", '0', '400');
cookie('no UTF-8', "jny=\xff\xfe; \xff=\xff", $new);
cookie('no UTF-8 before the good one', "\xff\xfe; jny=$token", $known);

for my $cookie ('', ' ', ';', ';;;;', '; ; ;', '=', '=;=', 'jny', 'jny=',
                'jny=;', ' jny = x', 'jny==', 'jny==x', 'jny;jny;', '"jny=x"',
                'jny="', "jny=\"$token\"", "jny=$token$token", "jny=.$token",
                "jny=" . substr($token, 1), "jny=" . 'A' x 140,
                'jny=' . 'A' x 141, 'jny=' . '_' x 64, "xjny=$token",
                "jny=$token,jny=x", "$token", "jny=\t$token=", 'jny=%00',
                'a' x 60_000, 'jny=' . 'A' x 60_000)
{
    cookie("cookie '" . substr($cookie, 0, 30) . "'", $cookie, $new);
}

for my $cookie ("a=b;jny=$token", "a=b ;  jny=$token  ; c", "jny=x;jny=$token",
                "jny=$token;jny=$token", "\tjny=$token", ";;jny=$token",
                "jny=" . substr($token, 0, -1) . "; jny=$token")
{
    cookie("cookie '" . substr($cookie, 0, 30) . "' holds the good one",
           $cookie, $known);
}

cookie('two header lines', ['a=b; jny=x', "jny=$token"], $known);

# Forged ones of full length, as many as fit: each is looked at, in no time.
{
    (my $forged = $token) =~ s/^(.{20})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/e;
    my $n = int(64 * 1024 / (length($forged) + 6));

    for my $case (["$n forged tokens", "jny=$forged; " x $n, $n, 'forged'],
                  ['10,000 empty ones', 'jny=;' x 10_000, 10_000, 'malformed'],
                  ['9,000 of one letter', 'jny=A;' x 9000, 9000, 'malformed'])
    {
        my ($name, $cookie, $count, $kind) = @$case;
        my $before = $nginx->status->{tokens}{$kind};
        my $cpu = cpu($nginx->workers);

        cookie($name, $cookie . 'x=y', $new);

        my $took = cpu($nginx->workers) - $cpu;

        cmp_ok($took, '<', 1, sprintf '%s: %.3f s', $name, $took);
        is($nginx->status->{tokens}{$kind} - $before, $count,
           "$name: all looked at");

        cookie("$name, the good one last", $cookie . "jny=$token", $known);
    }

    # Several header lines of that kind.
    my $cpu = cpu($nginx->workers);
    cookie('6 × 64 kB of forged tokens', [("jny=$forged; " x $n) x 6], $new);
    cmp_ok(cpu($nginx->workers) - $cpu, '<', 3,
           '6 × 64 kB: in no time, too');
}


# ---- hosts -----------------------------------------------------------------

case('HTTP/1.1 without a host', request('/h', Host => undef), '400', 0);
case('HTTP/1.0 without a host', request('/h', Host => undef,
                                        version => 'HTTP/1.0'),
     '200', { h => 'localhost', p => '/h' });
case('HTTP/1.0 with a host', request('/h', Host => 'shop.example',
                                     version => 'HTTP/1.0'),
     '200', { h => 'shop.example' });
case('an empty host', request('/h', Host => ''), qr/^(?:200|400)$/, '0-1');
case('two hosts', request('/h', Host => ['a.example', 'b.example']), '400', 0);

for my $case (['Shop.EXAMPLE', 'shop.example'],
              ['shop.example:8080', 'shop.example'],
              ['shop.example.', qr/^shop\.example\.?$/],
              ['shop.example:', 'shop.example'], ['[::1]', qr/::1/],
              ['[2001:db8::1]:8080', qr/2001:db8::1/],
              ['127.0.0.1', '127.0.0.1'], ['a_b', 'a_b'],
              ['x' x 300 . '.example', qr/^x{200,255}/],
              [join('.', ('y' x 60) x 10), qr/^y{60}\./])
{
    my ($host, $h) = @$case;

    case('host ' . substr($host, 0, 30), request('/h', Host => $host), '200',
         { h => $h });
}

# Newer versions of nginx refuse these.
for my $case (["sh\"op", qr/^sh"op$/], ["\xff.example", qr/^$bad\.example$/],
              ["\xc3\xa4.example", "\x{e4}.example"])
{
    my ($host, $h) = @$case;

    case('host ' . substr($host, 0, 30), request('/h', Host => $host),
         qr/^(?:200|400)$/, '0-1', { h => $h });
}

case("host $_", request('/h', Host => $_), '400', 0)
    for 'a..b', '.', '..', 'a/b', "a\0b", '[]x/';
case("host $_", request('/h', Host => $_), qr/^(?:200|400)$/, '0-1')
    for '[::1', '[', ']', '@', ':', ':80', '%', '\\', '<', 'a,b', '..:80';

case('a host of the form of an attack',
     request('/h', Host => "x' OR 1=1"), qr/^(?:200|400)$/, '0-1');


# ---- forms of requests -----------------------------------------------------

case('HTTP/0.9', "GET /nine\r\n", '', 0);
case('HTTP/0.9 of garbage', "GET \xff\xff\r\n", qr/^(?:400)?$/, 0);
case('another version', request('/v', version => 'HTTP/1.9'), '200',
     { p => '/v' });
case('version 2', request('/v', version => 'HTTP/2.0'), qr/^505|^400/, 0);
case('version 0', request('/v', version => 'HTTP/0.1'), qr/./, '0-1');
case('no version', request('/v', version => 'HTTP/'), qr/^400/, 0);
case('absolute', request('http://other.example/abs?utm_source=n'), '200',
     { h => 'other.example', p => '/abs', src => 'n' });
case('absolute, without a path', request('http://other.example'), '200',
     { h => 'other.example', p => '/' });
case('absolute, with arguments only', request('http://other.example?x'),
     qr/^(?:200|400)$/, '0-1');
case('absolute, https', request('https://Other.Example:443/abs'), '200',
     { h => 'other.example', p => '/abs' });
case('OPTIONS *', request('*', method => 'OPTIONS'), '400', 0);
case('CONNECT', request('other.example:443', method => 'CONNECT'),
     qr/^(?:400|405)$/, 0);

for my $method (qw(HEAD POST PUT DELETE OPTIONS PATCH PROPFIND MKCOL LOCK
                   TRACE))
{
    case($method, request('/m', method => $method, 'Content-Length' => 0),
         $method eq 'TRACE' ? '405' : '200', 0);
}

case('a method in small letters', request('/m', method => 'get'), '400', 0);
case('a method of 5 kB', request('/m', method => 'G' x 5000),
     qr/^(?:200|400)$/, 0);
case('an unknown method', request('/m', method => 'JOURNEY'),
     qr/^(?:200|400|405)$/, 0);
case('405', request('/file/page.html', method => 'POST',
                    'Content-Length' => 1, body => 'x'), '405', 0);
case('a file', request('/file/page.html'), '200', { p => '/file/page.html' });
case('404', request('/file/missing.html'), '404', 0);
case('404 of a known visitor', request('/file/missing.html',
                                       Cookie => "jny=$token"), '404',
     { k => 'error', st => 404, p => '/file/missing.html', ch => undef });
case('444', request('/drop'), '', 0);
case('444 of a known visitor', request('/drop', Cookie => "jny=$token"), '',
     0);
case('rewritten', request('/rewritten/x'), '200', { p => '/rewritten/x' });
case('a variable in the rewrite phase', request('/early'), '200',
     { p => '/early' });

case('chunked', request('/m', method => 'POST', 'Transfer-Encoding' =>
                        'chunked', body => "3\r\nabc\r\n0\r\n\r\n"), '200', 0);
case('chunked, wrongly', request('/file/page.html', method => 'POST',
                                 'Transfer-Encoding' => 'chunked',
                                 body => "zz\r\nabc\r\n"),
     qr/^(?:400|405)/, 0);
case('chunked and a length', request('/m', 'Transfer-Encoding' => 'chunked',
                                     'Content-Length' => 3,
                                     body => "0\r\n\r\n"),
     qr/^(?:200|400)/, '0-1');
case('a GET with a body', request('/body', 'Content-Length' => 5,
                                  body => 'hello'), '200', { p => '/body' });
case('a length that is none', request('/m', 'Content-Length' => 'x'), '400',
     0);
case('a length below nothing', request('/m', 'Content-Length' => -1), '400',
     0);
case('a body too large', request('/m', method => 'POST',
                                 'Content-Length' => 99_999_999),
     '413', 0);
case('Expect', request('/expect', Expect => '100-continue'),
     qr/^(?:100 )?200$/, { p => '/expect' });
case('Expect with a body', request('/expect', Expect => '100-continue',
                                   method => 'POST', 'Content-Length' => 2,
                                   body => 'ab'), qr/200$/, 0);
case('Range', request('/file/page.html', Range => 'bytes=0-3'), '206',
     { k => 'page', st => 206 });
case('several ranges', request('/file/page.html', Range => 'bytes=0-1,5-6'),
     '206', '0-1');
# The range filter makes a 416 of it when the cookie is on its way already.
case('a range beyond', request('/file/page.html', Range => 'bytes=9999-'),
     '416', { st => 416 });
case('a range of nonsense', request('/file/page.html', Range => 'x' x 9000),
     '200', { k => 'page', st => undef });

my ($page) = talk(request('/file/page.html'));
my ($modified) = $page =~ /^Last-Modified: ([^\r]+)/mi;
my ($etag) = $page =~ /^ETag: ([^\r]+)/mi;

$status = $nginx->status;
push @expected, map { ['a page for its date'] }
                1 .. $status->{log}{lines} - $lines;
$lines = $status->{log}{lines};

case('304 by date', request('/file/page.html',
                            'If-Modified-Since' => $modified), '304',
     { k => 'page', st => 304 });
case('304 by tag', request('/file/page.html', 'If-None-Match' => $etag),
     '304', { k => 'page', st => 304 });
case('304 to a script', request('/file/page.html', Accept => '*/*',
                                'If-None-Match' => $etag), '304', 0);
case('412', request('/file/page.html', 'If-Match' => '"x"'), '412', 0);
case('412 of a known visitor', request('/file/page.html', 'If-Match' => '"x"',
                                       Cookie => "jny=$token"), '412',
     { k => 'error', st => 412 });
case('412 by date', request('/file/page.html', 'If-Unmodified-Since' =>
                            'Mon, 01 Jan 1990 00:00:00 GMT'), '412', 0);
case('a date of nonsense', request('/file/page.html',
                                   'If-Modified-Since' => "\xff" x 100),
     '200', { k => 'page', st => undef });

case('garbage', "\x00\x01\x02\xff" x 100 . "\r\n\r\n", '400', 0);
case('TLS', "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" . "\x5a" x 160,
     '400', 0);
case('the preface of HTTP/2', "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", qr/^[45]\d\d/,
     0);
case('PROXY protocol', "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" . request('/p'),
     '400', 0);
case('empty lines first', "\r\n\r\n\r\n" . request('/empty'), '200',
     { p => '/empty' });
case('only line feeds', "GET /lf HTTP/1.1\nHost: localhost\nAccept: text/html\n"
                        . "User-Agent: Mozilla/5.0 Firefox/132.0\n"
                        . "Accept-Language: en\n\n", '200', { p => '/lf' });
case('an end in mid-line', 'GET /cut HTTP/1.1', '', 0);
case('an end in mid-header', "GET /cut HTTP/1.1\r\nHost: local", '', 0);
case('nothing at all', '', '', 0);
case('a header without a name', "GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n"
                                . "\r\n", qr/^(?:200|400)$/, 0);
case('a folded header', "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n"
                        . "\r\n", qr/^(?:200|400)$/, 0);
case('5,000 headers', request('/many', map { ("X-$_" => 'y') } 1 .. 900),
     qr/^(?:200|400)$/, '0-1');
case('a header of 120 kB', request('/long', 'X-Long' => 'z' x 120_000), '200',
     { p => '/long' });
case('a header too long', request('/long', 'X-Long' => 'z' x 140_000), '400',
     0);

# Keepalive and pipelining: as many events as pages, in order.
case('three by keepalive', request('/k/1') . request('/k/2') . request('/k/3'),
     '200 200 200', map { { p => "/k/$_" } } 1 .. 3);
case('a hundred at once', join('', map { request("/l/$_") } 1 .. 100),
     join(' ', (200) x 100), map { { p => "/l/$_" } } 1 .. 100);
case('pages, a post, an error, a page',
     request('/n/1')
     . request('/n/2', method => 'POST', 'Content-Length' => 3, body => 'abc')
     . request('/file/missing') . request('/n/3') . "GARBAGE\r\n\r\n"
     . request('/n/4'),
     '200 200 404 200 400', { p => '/n/1' }, { p => '/n/3' });


# ---- all of it, together ---------------------------------------------------

is(browser(port => $port)->get('/last')->status, 200, 'alive');
$lines++;
push @expected, ['the last', { p => '/last' }];

my @workers = $nginx->workers;
my $text = Encode::decode('UTF-8', join('', map { "$_\n" } do {
    $nginx->status_when(sub { $_[0]{log}{buffered} == 0 });
    sleep 0.5;
    split /\n/, journey_log_raw($nginx->log);
}), sub { fail(sprintf 'a byte that is no UTF-8: %02x', $_[0]); '?' });

my @events = journey_log($nginx->log);

is(scalar @events, $lines, 'as many lines as were counted');
is(scalar @expected, $lines, 'as many as were expected');
unlike($text, qr/[\x00-\x09\x0b-\x1f]/, 'no control character in a line');

for my $i (0 .. $#expected) {
    my ($name, $want) = @{ $expected[$i] };
    next if !defined $want || $i > $#events;

    my @wrong;

    for my $key (sort keys %$want) {
        my $got = $events[$i]{$key};
        my $w = $want->{$key};

        if (!defined $w) {
            push @wrong, "$key is there: $got" if defined $got;
        } elsif (!defined $got) {
            push @wrong, "$key is absent";
        } elsif (ref $w ? $got !~ $w : $got ne $w) {
            push @wrong, "$key: $got";
        }
    }

    ok(!@wrong, "$name: the event")
        or diag(Encode::encode('UTF-8', join "\n", @wrong,
                               $json->canonical->encode($events[$i])));
}

for my $event (@events) {
    my @long = grep { defined $event->{$_}
                      && length Encode::encode('UTF-8', $event->{$_}) > 100 }
               qw(ch src med cmp trm con cid ref why);
    my @at = grep { defined $event->{$_} && $event->{$_} =~ /\@/ }
             qw(ch src med cmp trm con cid ref why);

    fail("@long of $event->{p}: longer than 100 bytes") if @long;
    fail("@at of $event->{p}: holds an address") if @at;
    fail('a path longer than 512 bytes')
        if length Encode::encode('UTF-8', $event->{p}) > 512 * 3;
}

# The access log holds a line for each, its variables among them.
cmp_ok(-s "$nginx->{dir}/logs/access.log", '>', 10_000,
       'every variable was asked for');

is_deeply([sort $nginx->workers], [sort @workers], 'no worker fell');
ok($nginx->quit, 'quits');
$nginx->calm('no alarm');


# ---- chance ----------------------------------------------------------------

{
    my $seed = $ENV{TEST_NGINX_JOURNEY_SEED} || 20_260_101;
    my $fuzz = Journey::Master->new();

    $port = $fuzz->port;
    spew("$fuzz->{dir}/conf/$_", slurp("$nginx->{dir}/conf/$_"))
        for 'sources.conf', 'agents.conf';
    $fuzz->configure(http => $http, server => $server);
    ok($fuzz->start, 'chance: starts') or diag($fuzz->said);
    my @before = sort $fuzz->workers;

    srand $seed;
    Test::More::note("chance: TEST_NGINX_JOURNEY_SEED=$seed");

    my @names = ('Host', 'User-Agent', 'Accept', 'Accept-Language', 'Referer',
                 'Cookie', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest',
                 'Sec-Fetch-Site', 'Sec-Purpose', 'Purpose', 'X-Moz',
                 'Sec-CH-UA-Mobile', 'Range', 'If-None-Match', 'Expect',
                 'Connection', 'Content-Length', 'Transfer-Encoding');
    my @values = (
        'localhost', 'shop.example:80', '[::1]', 'Mozilla/5.0 Firefox/132.0',
        'text/html', '*/*', 'en', $google, 'http://localhost/x',
        "jny=$token", 'jny=x; jny=', 'navigate', 'document', 'iframe',
        'same-origin', 'prefetch', 'prefetch;prerender', '?1', '?0',
        'bytes=0-1', '"x"', '100-continue', 'close', 'keep-alive', '0', '1',
        'chunked', 'android-app://com.facebook.katana/', 'crawler', 'FBAN/iPad',
        'https://webmail.x.example/', 'https://user@google.com:x/',
    );
    my @paths = ('/', '/blog/', '/cart', '/123', '/file/page.html',
                 '/file/missing', '/drop', '/early', '/rewritten/x', '/%ff',
                 '/a/../b', '/x?utm_source=n&utm_medium=email', '/y?gclid=1',
                 '/z?utm_campaign=%e2%82&fbclid=', '/w?%&=&&utm_term=a@b');
    my @pieces = ("\0", "\xff", "\xc3", '%00', '%', '&', '=', ';', ',', ' ',
                  "\t", '"', '\\', '/', ':', '@', '[', ']', '.', '..', "\x7f",
                  'A' x 200, '%e2%82%ac' x 30, 'utm_source=', 'jny=', 'http://',
                  "\r\n", "\n", "\r", "\r\n\r\n", 'GET / HTTP/1.1', '?', '#');

    my $pick = sub { return $_[0][int rand @{ $_[0] }] };
    my $mutate = sub {
        my $s = shift;

        for (1 .. int rand 4) {
            my $at = int rand(1 + length $s);
            my $how = int rand 6;

            if ($how == 0) {
                substr $s, $at, 0, $pick->(\@pieces);
            } elsif ($how == 1) {
                substr $s, $at, 1, chr int rand 256 if $at < length $s;
            } elsif ($how == 2) {
                substr $s, $at, int rand 8, '';
            } elsif ($how == 3) {
                $s = substr $s, 0, $at;
            } elsif ($how == 4) {
                $s .= substr $s, $at;
            } else {
                substr $s, $at, 0, join '', map { chr int rand 256 }
                                            1 .. int rand 12;
            }
        }

        return $s;
    };

    my (%answers, $hung);

    for my $n (1 .. 2000) {
        my $uri = $pick->(\@paths);
        my %headers;

        $uri = $mutate->($uri) if rand() < 0.4;

        for (1 .. int rand 5) {
            my $value = $pick->(\@values);
            $value = $mutate->($value) if rand() < 0.6;
            $headers{$pick->(\@names)} = rand() < 0.1 ? [$value, $value]
                                                      : $value;
        }

        my $bytes = request($uri, method => rand() < 0.85 ? 'GET'
                                            : $pick->([qw(HEAD POST PUT X)]),
                            %headers);

        $bytes = $mutate->($bytes) if rand() < 0.15;
        $bytes .= $bytes if rand() < 0.05;

        my ($data, @statuses) = talk($bytes);

        $hung++ if grep { $_ eq 'hangs' } @statuses;
        $answers{$_}++ for @statuses ? $statuses[0] : 'none';
    }

    Test::More::note("chance: $answers{$_} × $_") for sort keys %answers;
    is($hung, undef, 'chance: no answer is waited for in vain');
    cmp_ok($answers{200} || 0, '>', 200, 'chance: many reach a page');
    cmp_ok($answers{400} || 0, '>', 100, 'chance: many do not');

    is(browser(port => $port)->get('/alive')->status, 200, 'chance: alive');
    is_deeply([sort $fuzz->workers], \@before, 'chance: no worker fell');

    my $counted = $fuzz->status;
    cmp_ok($counted->{log}{lines}, '<=', $counted->{requests},
           'chance: one event a request at most');
    cmp_ok($counted->{log}{lines}, '>', 100, 'chance: there are events');

    ok($fuzz->quit, 'chance: quits');

    my $raw = journey_log_raw($fuzz->log);
    my $valid = eval { Encode::decode('UTF-8', my $copy = $raw,
                                      Encode::FB_CROAK()); 1 };
    ok($valid, 'chance: valid UTF-8') or diag($@);
    is(scalar journey_log($fuzz->log), $counted->{log}{lines},
       'chance: every line is valid');
    $fuzz->calm('chance: no alarm');
}
