# Copyright (C) ngx_journey_module contributors
#
# What a directive must not be given: the start is refused with a message that
# names the directive, the value, the file and the line.  Values at the bounds
# are taken.  (Goals, phases, channels, hosts, cookies and keys have such tables
# in their own files, the paths of journey_log in log.t.)

use strict;
use warnings;

use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master;
use Test::Nginx::Socket 'no_plan';

my $nginx = Journey::Master->new(workers => 1);
my $dir = $nginx->dir;
my $keys = "$dir/conf/keys";

spew($keys, "00112233445566778899aabbccddeeff\n");
spew("$dir/conf/sources.conf", "search google \"Google\" google.*\n");
spew("$dir/conf/agents.conf", "bot generic \"crawler\"\n");


# A text at a level; it stands in a file of its own, so that the line is known.

sub test_at {
    my ($level, $text, $more) = @_;
    my %at = map { $_ => '' } qw(main http server location if server_if
                                 limit_except);

    die "no level $level" if !exists $at{$level};
    spew("$dir/conf/bad.conf", "#\n#\n$text\n");
    $at{$level} = 'include bad.conf;';
    $more = '' if !defined $more;

    my $port = $nginx->port;

    $nginx->configure(main => $at{main}, http => <<"HTTP", servers => <<"END");
        $more
        $at{http}
HTTP
    server {
        listen 127.0.0.1:$port;
        $at{server}

        if (\$arg_x) {
            set \$y 1;
            $at{server_if}
        }

        location / {
            journey on;
            $at{location}
            limit_except GET {
                deny all;
                $at{limit_except}
            }

            if (\$arg_x) {
                set \$y 1;
                $at{if}
            }
        }
    }
END

    return $nginx->test;
}


sub refused_at {
    my ($level, $text, $pattern, $more) = @_;
    (my $short = $text) =~ s/\s+/ /g;
    my $name = "$level: " . substr $short, 0, 60;
    my $line = 3 + ($text =~ tr/\n//);

    if (test_at($level, $text, $more)) {
        fail("$name is refused");
        return;
    }

    # The last line of the text, or an earlier one where the pattern says so.
    my $at = ref $pattern eq 'ARRAY' ? $pattern->[1] : 3;
    my $re = ref $pattern eq 'ARRAY' ? $pattern->[0] : $pattern;

    like($nginx->said,
         qr{\[emerg\] .*(?:$re).* in \Q$dir\E/conf/bad\.conf:$at$}m, $name);
}


sub accepted_at {
    my ($level, $text, $more) = @_;
    (my $short = $text) =~ s/\s+/ /g;

    ok(test_at($level, $text, $more), "$level: " . substr($short, 0, 60))
        or diag($nginx->said);
}


# The frame itself is sound, and a wrong word in it is seen.
accepted_at('http', '');
refused_at('http', 'journey_nonsense on;',
           qr/unknown directive "journey_nonsense"/);


# ---- how many arguments ----------------------------------------------------

# directive: fewest, most (undef: any number), the level it can stand at.
my %arguments = (
    journey                  => [1, 1, 'http'],
    journey_log              => [1, undef, 'http'],
    journey_log_bots         => [1, undef, 'http'],
    journey_zone             => [1, 1, 'http'],
    journey_secret           => [1, 1, 'http'],
    journey_identity         => [1, 1, 'http'],
    journey_cookie           => [1, undef, 'http'],
    journey_session          => [1, 1, 'http'],
    journey_sources          => [1, undef, 'http'],
    journey_agents           => [1, undef, 'http'],
    journey_phase            => [1, 1, 'location'],
    journey_goal             => [1, undef, 'location'],
    journey_page             => [1, 1, 'location'],
    journey_hosts            => [1, undef, 'http'],
    journey_ignore_referrers => [1, undef, 'http'],
    journey_drop_spam        => [1, 1, 'http'],
    journey_types            => [1, undef, 'http'],
    journey_geoip            => [1, 1, 'http'],
    journey_status           => [0, 1, 'location'],
);

for my $name (sort keys %arguments) {
    my ($least, $most, $level) = @{ $arguments{$name} };
    my $wrong = qr/invalid number of arguments in "$name" directive/;

    refused_at($level, "$name;", $wrong) if $least > 0;
    refused_at($level, "$name" . ' a' x ($most + 1) . ';', $wrong)
        if defined $most;
    refused_at($level, "$name a { }",
               qr/directive "$name" is not terminated by ";"/);
}

for my $name (qw(journey_channels journey_phases)) {
    refused_at('http', "$name;", qr/directive "$name" has no opening "\{"/);
    refused_at('http', "$name five { }",
               qr/invalid number of arguments in "$name" directive/);
}


# ---- where they may stand --------------------------------------------------

my %values = (
    journey => 'on', journey_log => 'logs/x.log', journey_zone => 'j:1m',
    journey_log_bots => 'logs/bots.log',
    journey_secret => $keys, journey_identity => 'cookie',
    journey_cookie => 'jny', journey_session => '30m',
    journey_sources => "$dir/conf/sources.conf",
    journey_agents => "$dir/conf/agents.conf", journey_phase => '$arg_p',
    journey_goal => 'x', journey_page => '$uri',
    journey_hosts => 'shop.example',
    journey_ignore_referrers => 'pay.example', journey_drop_spam => 'on',
    journey_types => 'text/plain', journey_geoip => journey_mmdb(),
    journey_status => 'json',
);

my %http_only = map { $_ => 1 } qw(journey_zone journey_sources
                                   journey_agents);

# These two may move to more levels than http: not judged in server.
my %open = map { $_ => 1 } qw(journey_secret journey_geoip);

for my $name (sort keys %values) {
    my $text = "$name $values{$name};";
    my $wrong = qr/"$name" directive is not allowed here/;

    refused_at($_, $text, $wrong) for qw(main if server_if limit_except);

    if ($name eq 'journey_status') {
        refused_at($_, $text, $wrong) for qw(http server);
        accepted_at('location', $text);

    } elsif ($http_only{$name}) {
        refused_at($_, $text, $wrong) for qw(server location);
        accepted_at('http', $text);

    } elsif ($open{$name}) {
        accepted_at('http', $text);

    } else {
        # journey stands in the frame's location already.
        accepted_at($_, $text)
            for 'http', 'server', $name eq 'journey' ? () : 'location';
    }
}

my %blocks = (
    journey_channels => "partner source=acme.example;",
    journey_phases   => "awareness /;",
);

for my $name (sort keys %blocks) {
    my $text = "$name { $blocks{$name} }";

    refused_at($_, $text, qr/"$name" directive is not allowed here/)
        for qw(main location if server_if limit_except);
    accepted_at($_, $text) for qw(http server);
}


# ---- twice -----------------------------------------------------------------

for my $name (qw(journey journey_log journey_log_bots journey_zone
                 journey_secret journey_identity journey_cookie journey_session
                 journey_phase journey_page journey_drop_spam journey_geoip))
{
    my $level = $name eq 'journey_phase' || $name eq 'journey_page'
                ? 'location' : 'http';

    refused_at($level, "$name $values{$name};\n$name $values{$name};",
               [qr/"$name" directive is duplicate/, 4]);
}

for my $name (sort keys %blocks) {
    my $text = "$name { $blocks{$name} }";

    refused_at('http', "$text\n$text",
               [qr/"$name" directive is duplicate/, 4]);
}


# ---- values ----------------------------------------------------------------

for my $value (qw(yes 1 ON! true $arg_x)) {
    refused_at('http', "journey $value;",
               qr/invalid value "\Q$value\E" in "journey" directive/);
    refused_at('server', "journey_drop_spam $value;",
               qr/invalid value "\Q$value\E" in "journey_drop_spam"/);
}

accepted_at('http', "$_;") for 'journey on', 'journey off', 'journey ON';

for my $value ('0', '-1', '', 'soon', '8d', '604801s', '1y', '30x',
               '10s 5m', '9999999999999999999s', '500ms', '$arg_s')
{
    refused_at('http', qq(journey_session "$value";),
               qr/invalid\ time\ "\Q$value\E"\ of\ "journey_session":
                  \ between\ 1s\ and\ 7d/x);
}

accepted_at('http', "journey_session $_;") for qw(1s 30 30m 7d 604800 1h30m);

for my $parameter (
    qw(gzip=0 gzip=10 gzip= gzip=a gzip=-1 gzip=1.5 gzip=01x gzip gzip=on
       buffer= buffer=1k buffer=63k buffer=0 buffer=-1 buffer=x buffer=65535
       buffer=65m buffer=64g buffer=99999999999999999999 buffer
       flush= flush=0 flush=99ms flush=2h flush=1d flush=-1 flush=x flush
       flush=99999999999999999999
       GZIP=1 level=3 if=$arg_x main $arg_x on off format=json),
    '""')
{
    (my $quoted = $parameter) =~ s/"//g;
    refused_at('http', "journey_log logs/x.log $parameter;",
               qr/invalid parameter "\Q$quoted\E" of "journey_log":/);
}

refused_at('http', 'journey_log logs/x.log gzip=3 buffer=1k flush=1s;',
           qr/invalid parameter "buffer=1k" of "journey_log"/);
refused_at('server', 'journey_log off gzip=1;',
           qr/invalid parameter "gzip=1" of "journey_log": "off" takes none/);

accepted_at('http', "journey_log logs/x.log $_;")
    for qw(gzip=1 gzip=9 buffer=64k buffer=16m buffer=65536 flush=100ms
           flush=1h flush=3600s), '', 'gzip=6 flush=10s buffer=1m';
accepted_at('http', 'journey_log off;');

for my $zone ('', ':', 'journey', ':1m', 'journey:', 'journey:0', 'journey:1k',
              'journey:127k', 'journey:x', 'journey:-1m', 'journey:1m:2m',
              'journey: 1m', 'journey:99999999999999999999')
{
    refused_at('http', qq(journey_zone "$zone";),
               qr/(?:size of )?zone "\Q$zone\E" of "journey_zone"/);
}

accepted_at('http', "journey_zone $_;")
    for qw(journey:128k other:1m j:131072 a-b_c:32m);

refused_at('http', "limit_req_zone \$uri zone=journey:1m rate=1r/s;\n"
                   . "journey_zone journey:1m;",
           [qr/zone "journey" is already declared for a different use/, 4]);

for my $format (qw(htm Prometheus xml JSON on $arg_f), '""') {
    (my $quoted = $format) =~ s/"//g;
    refused_at('location', "journey_status $format;",
               qr/invalid format "\Q$quoted\E" of "journey_status"/);
}

accepted_at('location', "journey_status$_;")
    for '', ' json', ' prometheus', ' html';

refused_at('http', 'journey_geoip missing.mmdb;',
           qr{"journey_geoip": .*missing\.mmdb});
refused_at('http', 'journey_geoip conf/nginx.conf;',
           qr{"journey_geoip": .*nginx\.conf});
refused_at('http', 'journey_secret missing;', qr{"journey_secret": .*missing});
refused_at('http', 'journey_sources missing;',
           qr{"journey_sources": .*missing});
refused_at('http', 'journey_agents missing;', qr{"journey_agents": .*missing});

# Blocks that do not end, or do not begin.
for my $name (sort keys %blocks) {
    test_at('http', "$name { $blocks{$name}");
    like($nginx->said, qr/\[emerg\] unexpected end of file, expecting "\}"/,
         "$name without an end");
    refused_at('http', "$name { $_ }", qr/unexpected "\{"/)
        for "$blocks{$name} { x y; }", 'x y { z; }';
}

# A variable that nobody has.
for my $text ('journey_page $nobody;', 'journey_phase $nobody;',
              'journey_goal x value=$nobody;', 'journey_identity $nobody;',
              'journey_cookie jny secure=$nobody;')
{
    ok(!test_at('location', $text), "$text is refused");
    like($nginx->said, qr/\[emerg\] unknown "nobody" variable/,
         "$text: the variable is named");
}
