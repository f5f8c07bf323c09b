# Copyright (C) ngx_journey_module contributors
#
# journey_status in its other formats, prometheus and html, held against the
# JSON of the same moment.

use strict;
use warnings;

use Digest::SHA qw(sha256_base64);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Journey;
use Journey::Master qw(wait_for);
use Journey::Prometheus qw(read_metrics);
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';


# ---- the reader is strict --------------------------------------------------

{
    my $good = qq(# HELP a_total A.\n# TYPE a_total counter\n)
               . qq(a_total{x="1\\\\\\"\\n",y=""} 1.5\na_total{x="2"} 2e3\n)
               . qq(# HELP b B.\n# TYPE b gauge\nb -1\n);
    my ($metrics, @errors) = read_metrics($good);

    is("@errors", '', 'the reader: a good text');
    is_deeply([sort keys %{ $metrics->{a_total}{series} }],
              ['x="1\\\\\\"\\n",y=""', 'x="2"'], 'the reader: its series');

    for my $case (['no line feed', sub { s/\n\z// }],
                  ['no HELP', sub { s/# HELP b.*\n// }],
                  ['no TYPE', sub { s/# TYPE b.*\n// }],
                  ['a counter without _total', sub { s/b gauge/b counter/ }],
                  ['a gauge with it', sub { s/l counter/l gauge/ }],
                  ['a series twice', sub { s/x="2"/x="1\\\\\\"\\n",y=""/ }],
                  ['a metric in two pieces', sub { s/\z/a_total{x="3"} 1\n/ }],
                  ['a metric twice', sub { $_ .= $_ }],
                  ['an open quote', sub { s/"2"/"2/ }],
                  ['a wrong escape', sub { s/"2"/"\\t"/ }],
                  ['a bare quote', sub { s/"2"/"2"2"/ }],
                  ['a label twice', sub { s/y=/x=/ }],
                  ['a comma at the end', sub { s/"2"/"2",/ }],
                  ['no number', sub { s/2e3/2e/ }],
                  ['hexadecimal', sub { s/2e3/0x10/ }],
                  ['a counter below 0', sub { s/2e3/-2/ }],
                  ['a blank too many', sub { s/b -1/b  -1/ }],
                  ['a carriage return', sub { s/\n/\r\n/ }],
                  ['a wrong name', sub { s/\bb\b/b-c/g }])
    {
        local $_ = $good;
        $case->[1]->();
        isnt($_, $good, "the reader, $case->[0]: changed");
        cmp_ok(scalar(() = (read_metrics($_))[1 .. 9]), '>', 0,
               "the reader, $case->[0]: an error")
            if defined((read_metrics($_))[1]) || fail("accepted: $case->[0]");
    }
}


# ---- the directive ---------------------------------------------------------

for my $format (qw(Json JSON prometheus: text xml htm html5 off on), '""') {
    (my $said = $format) =~ s/"//g;
    refused([location => "journey_status $format;",
             qr/invalid format "\Q$said\E" of "journey_status": it is "json", "prometheus" or "html" in /]);
}

refused([location => 'journey_status json html;',
         qr/invalid number of arguments in "journey_status" directive/],
        [server => 'journey_status html;',
         qr/"journey_status" directive is not allowed here/]);
accepted([location => 'journey_status;'],
         map { [location => "journey_status $_;"] } qw(json prometheus html));


# ---- a site ----------------------------------------------------------------

my $nginx = Journey::Master->new(workers => 1);
my $port = $nginx->port;
my $dir = $nginx->dir;

spew("$dir/conf/sources.conf", qq(search google "Google" google.*\n));
spew("$dir/conf/agents.conf", join '', qq(bot generic "crawler"\n),
     map { qq(bot bot-$_ "xbot$_."\n) } 1 .. 40);

my $own = join ' ', map { "own_$_ source=s$_;" } 1 .. 30;

$nginx->configure(http => <<"END", server => <<'END');
    journey_log logs/sub/journey.log flush=100ms buffer=64k;
    journey_sources sources.conf;
    journey_agents agents.conf;
    journey_channels { $own }
    journey_phases { awareness / /blog/; decision /cart; retention /account; }
END
        default_type text/html;
        journey_goal bought uri=/done value=$arg_value currency=$arg_currency
                     completes;
        journey_goal seen uri=/seen;
        journey_goal everything uri=/html uri=/status uri=/metrics;
        location / { return 200 "a page\n"; }
        location /status { journey_status; }
        location /metrics { journey_status prometheus; }
        location /html { journey_status html; }
        location /deny { deny all; journey_status html; }
        location /missing { return 404; }
END

mkdir "$dir/logs/sub";
chmod 0777, "$dir/logs/sub";
ok($nginx->start, 'starts') or diag($nginx->said);

sub fetch { return browser(port => $port, agent => 'watch')->get(@_); }

sub metrics {
    my ($metrics, @errors) = read_metrics(fetch('/metrics')->body);

    is("@errors", '', "$_[0]: the format");
    return $metrics;
}


# Tags that are closed in their order, and what is text.

sub html {
    my ($name, $html) = @_;
    my (@open, @wrong);
    my %void = map { $_ => 1 } qw(meta br rect);
    my $rest = $html;

    $rest =~ s/\A<!DOCTYPE html>\n// or push @wrong, 'no doctype';
    $rest =~ s/<style>(.*?)<\/style>//s or push @wrong, 'no style';

    while ($rest =~ /<(\/?)([a-z0-9]+)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>|([<>"&][^;<>]{0,20};?)/g) {
        my ($end, $tag, $attributes, $odd) = ($1, $2, $3, $5);

        if (defined $odd) {
            push @wrong, "odd: $odd" if $odd !~ /^&(?:amp|lt|gt|quot|#39);$/;

        } elsif ($end) {
            my $last = pop @open;
            push @wrong, "</$tag> of " . ($last // 'nothing')
                if !defined $last || $last ne $tag;

        } elsif (!$void{$tag}) {
            push @open, $tag;
        }

        push @wrong, "an attribute: $attributes"
            if defined $attributes && $attributes =~ / (?:style|on\w+|src)=/;
    }

    push @wrong, "open: @open" if @open;
    push @wrong, 'JavaScript' if $html =~ /<script|javascript:/i;
    is(join('; ', @wrong), '', "$name: well-formed");
}


# The rows of a table by their heading: [name, number, …] each.

sub table {
    my ($html, $heading) = @_;
    my ($section) = $html =~ /<section[^>]*><h2>\Q$heading\E<\/h2>(.*?)<\/section>/s;

    return if !defined $section;

    return map { [map { s/<svg.*?<\/svg>//gr =~ s/<br>/ /gr }
                      /<t[hd](?: scope="row")?>(.*?)<\/t[hd]>/gs] }
           $section =~ /<tr[^>]*>(<th scope="row">.*?)<\/tr>/gs;
}


# ---- empty -----------------------------------------------------------------

{
    my $page = fetch('/html')->body;

    html('empty', $page);
    ok($page =~ qr/No touches yet\./, 'empty: touches');
    ok($page =~ qr/No bots yet\./, 'empty: bots');
    ok($page =~ qr/<dt>Value<\/dt><dd>0<\/dd><dd>no goal had a value</,
       'empty: no value');
    ok($page !~ qr/class="alert"/, 'empty: no alert');

    is_deeply([table($page, 'Pages by phase')],
              [map { [$_, '0', '0.0%'] } qw(awareness decision retention)],
              'empty: phases in the order of the model');
    is_deeply([table($page, 'Goals')],
              [map { [$_, '0', '0', ''] } qw(bought everything seen)],
              'empty: goals that were never reached');

    # From the first look on rate() has something to start from.
    my $metrics = metrics('empty');

    is($metrics->{journey_touches_total}{series}{qq(channel="$_")}, 0,
       "empty: channel $_") for qw(email direct organic_search own_1 own_30);
    is($metrics->{journey_phase_pages_total}{series}{qq(phase="$_")}, 0,
       "empty: phase $_") for qw(awareness decision retention);
    is($metrics->{journey_goals_reached_total}{series}{qq(goal="$_")}, 0,
       "empty: goal $_") for qw(bought seen);
    is($metrics->{journey_events_total}{series}{qq(kind="$_")}, 0,
       "empty: kind $_") for qw(page prefetched goal error click pixel);
}


# ---- HTTP ------------------------------------------------------------------

for my $case (['/metrics', 'text/plain; version=0.0.4; charset=utf-8'],
              ['/html', 'text/html; charset=utf-8'],
              ['/status', 'application/json'])
{
    my ($uri, $type) = @$case;
    my $r = fetch($uri);

    is($r->status, 200, "$uri: 200");
    is($r->header('Content-Type'), $type, "$uri: type");
    is($r->header('Cache-Control'), 'no-store', "$uri: never stored");
    is($r->header('Content-Length'), length $r->body, "$uri: length");
    is($r->set_cookie('jny'), undef, "$uri: no cookie");

    my $csp = $r->header('Content-Security-Policy');

    if ($uri eq '/html') {
        my ($style) = $r->body =~ /<style>(.*?)<\/style>/s;

        like($csp, qr/^default-src 'none'; style-src 'sha256-\Q@{[
             sha256_base64($style) ]}\E='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
             'html: the policy names the hash of the style');

    } else {
        is($csp, undef, "$uri: no policy");
    }

    my $head = browser(port => $port)->request('HEAD', $uri);

    is($head->status, 200, "$uri: HEAD");
    is($head->body, '', "$uri: HEAD has no body");
    is($head->header('Content-Type'), $type, "$uri: HEAD has the type");
    is(browser(port => $port)->request($_, $uri)->status, 405,
       "$uri: $_ is 405") for qw(POST PUT DELETE OPTIONS);
    is(browser(port => $port)->get($uri, 'Sec-Fetch-Mode' => 'navigate',
                                   'Sec-Fetch-Dest' => 'document')->status,
       200, "$uri: a browser's navigation");
}

is(fetch('/deny')->status, 403, 'allow and deny hold');

# A browser that watches is no visitor, and reaches no goal.
{
    my $status = $nginx->status;

    is($status->{events}{page}, 0, 'whoever watches is no page');
    is($status->{events}{goal}, 0, 'and no goal');
    is($status->{visitors}{new}, 0, 'and no visitor');
}

# A visitor whose watching is refused has no error either.
my $anna = browser(port => $port);
$anna->get('/', Referer => 'https://www.google.com/');
$anna->request('POST', '/html');
is($nginx->status->{events}{error}, 0, '405 is no error event');


# ---- refresh ---------------------------------------------------------------

for my $case (['/html', 1], ['/html?', 1], ['/html?refresh=10', 1],
              ['/html?refresh=00', 1], ['/html?refresh=', 1],
              ['/html?refresh="><script>', 1], ['/html?refresh=0', 0],
              ['/html?x=1&refresh=0&y', 0])
{
    my ($uri, $refreshed) = @$case;
    my $page = fetch($uri)->body;

    html($uri, $page);
    is($page =~ /<meta http-equiv="refresh" content="10">/ ? 1 : 0,
       $refreshed, "$uri: refreshed or not");
    ok($page =~ ($refreshed ? qr/<a href="\?refresh=0">pause<\/a>/
                            : qr/<a href="\?refresh=10">resume<\/a>/),
       "$uri: the other way");
}


# ---- the numbers -----------------------------------------------------------

for my $i (1 .. 30) {
    browser(port => $port)->get("/?utm_source=s$i&utm_medium=m")
        for 1 .. 1 + $i % 3;
}

browser(port => $port, agent => "Mozilla/5.0 (compatible; xbot$_.0)")->get('/')
    for map { ($_) x (1 + $_ % 4) } 1 .. 40;

$anna->get('/cart');
$anna->get('/done?value=99.90&currency=EUR');
$anna->get('/done?value=-10.000001&currency=EUR');
$anna->get('/done?value=1234567.5&currency=USD');
$anna->get('/done?value=0.1');
$anna->get('/seen');
$anna->get('/missing');
browser(port => $port)->get('/', DNT => 1);
browser(port => $port)->get('/blog/', Cookie => 'jny=x');

ok(wait_for(sub { $nginx->status->{log}{buffered} == 0 }), 'the log is written');

my $status = $nginx->status;
my $metrics = metrics('numbers');

is($status->{goals}{bought}{reached}, 4, 'JSON: a goal');
is_deeply($status->{goals}{seen},
          { reached => 1, completed => 0, values => {} },
          'JSON: a goal without a value');

my $text = fetch('/status')->body;
like($text, qr/"bought":\{"reached":4,"completed":1,"values":\{"":0\.1,"EUR":89\.899999,"USD":1234567\.5\}\}/,
     'JSON: values, exactly');

# What JSON has, the other has, and nothing is elsewhere.
my %want = (
    journey_build_info => { qq(version="$status->{version}") => 1 },
    journey_start_time_seconds => { '' => $status->{started} },
    journey_requests_total => { '' => $status->{requests} + 1 },
    journey_journeys_total => { '' => $status->{journeys} },
    journey_journeys_completed_total => { '' => $status->{completed} },
    journey_sessions_total => { '' => $status->{sessions} },
    journey_bots_total => { '' => $status->{bots} },
    journey_ai_agents_total => { '' => $status->{ai_agents} },
    journey_spam_total => { '' => $status->{spam} },
    journey_cookies_set_total => { '' => $status->{cookies_set} },
    journey_cookies_deleted_total => { '' => $status->{cookies_deleted} },
    journey_sessions_continued_total => { '' => $status->{continued} },
    journey_redirects_refused_total => { '' => $status->{refused} },
    journey_optouts_total => { '' => $status->{optouts} },
    journey_optouts_undone_total => { '' => $status->{undone} },
    journey_cookieless_visitors => { '' => $status->{cookieless}{visitors} },
    journey_cookieless_evicted_total =>
        { '' => $status->{cookieless}{evicted} },
    journey_log_lines_total => { '' => $status->{log}{lines} },
    journey_log_members_total => { '' => $status->{log}{members} },
    journey_log_bytes_total => { '' => $status->{log}{bytes} },
    journey_log_buffered_lines => { '' => $status->{log}{buffered} },
    journey_log_dropped_lines_total => { '' => $status->{log}{dropped} },
    journey_log_recovered_lines_total => { '' => $status->{log}{recovered} },
    journey_log_errors_total => { '' => $status->{log}{errors} },
    journey_log_unslotted_workers_total =>
        { '' => $status->{log}{unslotted} },
    journey_zone_bytes => { '' => $status->{zone}{bytes} },
    journey_zone_used_bytes => { '' => $status->{zone}{used} },
    journey_salts_created_total => { '' => $status->{salts}{created} },
    journey_salts_destroyed_total => { '' => $status->{salts}{destroyed} },
    journey_salt_created_timestamp_seconds =>
        { 'salt="today"' => $status->{salts}{today}{created} },
    journey_goal_value_total => {
        'goal="bought",currency=""' => '0.1',
        'goal="bought",currency="EUR"' => '99.9',
        'goal="bought",currency="USD"' => '1234567.5' },
    journey_goal_value_deducted_total => {
        'goal="bought",currency=""' => 0,
        'goal="bought",currency="EUR"' => '10.000001',
        'goal="bought",currency="USD"' => 0 },
    journey_goals_reached_total => { map {
        (qq(goal="$_") => $status->{goals}{$_}{reached})
    } keys %{ $status->{goals} } },
    journey_goals_completed_total => { map {
        (qq(goal="$_") => $status->{goals}{$_}{completed})
    } keys %{ $status->{goals} } },
);

my %labelled = (events => ['events', 'kind'], visitors => ['visitors', 'kind'],
                links => ['links', 'result'],
                landings => ['landings', 'result'],
                suppressed => ['suppressed', 'reason'],
                tokens => ['tokens', 'result'], ignored => ['ignored', 'what'],
                bot_reasons => ['bot_reasons', 'reason']);

for my $key (keys %labelled) {
    my ($metric, $label) = @{ $labelled{$key} };

    $want{"journey_${metric}_total"} = { map {
        (qq($label="$_") => $status->{$key}{$_})
    } keys %{ $status->{$key} } };
}

# Those of 0 are only here.
for my $case (['channels', 'touches', 'channel'],
              ['phases', 'phase_pages', 'phase'])
{
    my ($key, $metric, $label) = @$case;
    my $series = $metrics->{"journey_${metric}_total"}{series};

    $want{"journey_${metric}_total"} = { %$series, map {
        (qq($label="$_") => $status->{$key}{$_})
    } keys %{ $status->{$key} } };
    is(join(' ', grep { $series->{$_} != 0
                        && !/^$label="(\w+)"$/ || $series->{$_} != 0
                        && !exists $status->{$key}{/"(\w+)"/ ? $1 : ''} }
                      keys %$series), '', "$metric: all others are 0");
}

{
    my $sum = 0;

    $sum += $_ for values %{ $metrics->{journey_touches_total}{series} };
    is($sum, $status->{touches}, 'touches: their sum is the total of JSON');
}

is(join(' ', sort keys %$metrics), join(' ', sort keys %want),
   'all metrics, and no others');

for my $metric (sort keys %want) {
    is_deeply($metrics->{$metric}{series}, $want{$metric}, $metric)
        or diag(Test::More::explain($metrics->{$metric}{series}));
}

# Each counter of JSON is one of the table above.
my %known = map { $_ => 1 } qw(
    version time started requests journeys completed sessions touches bots
    ai_agents spam cookies_set cookies_deleted continued refused optouts undone
    cookieless log zone goals channels phases salts privacy), keys %labelled;
is(join(' ', grep { !$known{$_} } sort keys %$status), '',
   'no key of JSON without a metric');

SKIP: {
    my ($promtool) = grep { -x } map { "$_/promtool" }
                     split /:/, $ENV{PATH} || '';

    skip 'no promtool', 1 if !defined $promtool;

    open my $out, '|-', $promtool, 'check', 'metrics' or die "promtool: $!";
    print $out fetch('/metrics')->body;
    ok(close $out, 'promtool check metrics');
}


# ---- the page --------------------------------------------------------------

{
    my $page = fetch('/html?refresh=0')->body;
    my $now = $nginx->status;

    html('page', $page);
    cmp_ok(length $page, '<', 100_000, 'its size');

    my @channels = table($page, 'Touches by channel');
    my $sum = 0;

    is(scalar @channels, 25, 'channels: 24, and a row of the rest');
    like($channels[24][0], qr/^\d+ more channels$/, 'channels: said so');
    $sum += $_->[1] for @channels;
    is($sum, $status->{touches}, 'channels: nothing is missing');
    is(($channels[24][0] =~ /(\d+)/)[0] + 24,
       scalar keys %{ $status->{channels} }, 'channels: as many');
    is(join(' ', map { $_->[1] } @channels[0 .. 23]),
       join(' ', (sort { $b <=> $a } values %{ $status->{channels} })[0 .. 23]),
       'channels: the largest first');

    my @reasons = table($page, 'Bots by reason');
    $sum = 0;
    $sum += $_->[1] for @reasons;
    is($sum, $status->{bots}, 'bots: nothing is missing');
    is($reasons[12][0], keys(%{ $status->{bot_reasons} }) - 12
                        . ' more reasons', 'bots: said so');

    is_deeply([table($page, 'Goals')],
        [['bought', 4, 1, "0.10 EUR 89.899999 USD 1,234,567.50"],
         ['seen', 1, 0, ''], ['everything', 0, 0, '']], 'goals');

    my %tiles = $page =~ /<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g;
    my $events = 0;

    $events += $_ for values %{ $status->{events} };
    is_deeply(\%tiles, {
        Requests => $now->{requests} - 1, Events => $events,
        Sessions => $status->{sessions},
        'New visitors' => $status->{visitors}{new}, Conversions => 1,
        Value => 'USD 1,234,567.50' }, 'tiles');

    for my $case (['Events', 'events'], ['Visitors', 'visitors'],
                  ['Suppressed', 'suppressed'], ['Cookies received', 'tokens'],
                  ['Ignored', 'ignored'], ['Visitors handed over', 'links'],
                  ['Landings answered by a redirect', 'landings'],
                  ['Visitors without a cookie', 'cookieless'])
    {
        my ($heading, $key) = @$case;
        my @rows = table($page, $heading);

        is(join(' ', sort map { $_->[1] } @rows),
           join(' ', sort values %{ $status->{$key} }), "page: $key");
    }

    my %log = map { $_->[0] => $_->[1] } table($page, 'Journey log');
    is($log{lines}, $status->{log}{lines}, 'page: lines');
    is($log{'members written'}, $status->{log}{members}, 'page: members');
    like($log{'bytes written'}, qr/^\d+(?:\.\d KiB| bytes)$/, 'page: bytes');

    my %else = map { $_->[0] => $_->[1] } table($page, 'All else');
    is($else{'cookies set'}, $status->{cookies_set}, 'page: cookies');
    is($else{'touches opened'}, $status->{touches}, 'page: touches');
    is(scalar keys %else, scalar(grep { !ref $status->{$_} } keys %$status) - 3,
       'page: every number that is in no object');

    my ($size, $used) = table($page, 'Shared memory');
    is_deeply([$size->[0], $used->[0]], ['size', 'in use'], 'page: memory');
    like($used->[2], qr/^\d+\.\d%$/, 'page: its share');
    cmp_ok($status->{zone}{used}, '<', $status->{zone}{bytes}, 'zone: used');
    cmp_ok($status->{zone}{bytes}, '<=', 32 * 1024 * 1024, 'zone: its size');
    cmp_ok($status->{zone}{bytes}, '>', 31 * 1024 * 1024, 'zone: most of it');

    ok($page =~ qr/Counted since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, for \d+ s; now it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC;/,
       'page: since and now');
}


# ---- a log that cannot be written ------------------------------------------

rename "$dir/logs/sub", "$dir/logs/away" or die "rename: $!";
browser(port => $port)->get('/blog/' . 'a/page/' x 60 . $_) for 1 .. 300;
ok(wait_for(sub { my $log = $nginx->status->{log};
                  $log->{dropped} > 0 && $log->{errors} > 0 }),
   'lines are dropped');

{
    my $page = fetch('/html')->body;
    my $log = $nginx->status->{log};

    html('dropped', $page);
    ok($page =~ /<p class="alert">Events are lost: $log->{dropped} lines /,
       'the page says so');
    ok($page =~ /<tr class="bad"><th scope="row">lines dropped<\/th><td>$log->{dropped}</,
       'in red');
    ok($page =~ /<tr class="bad"><th scope="row">failed appends</,
       'and failed appends');
    is(metrics('dropped')->{journey_log_dropped_lines_total}{series}{''},
       $log->{dropped}, 'the metric says so');
}

rename "$dir/logs/away", "$dir/logs/sub" or die "rename: $!";
ok($nginx->quit, 'quits');


# ---- names that are taken away ---------------------------------------------

{
    my $other = Journey::Master->new(workers => 1);
    my $configure = sub {
        $other->configure(http => "journey_channels { $_[0] source=acme; }\n"
                                  . "journey_phases { $_[1] /; }",
                          server => <<'END');
        default_type text/html;
        location / { return 200 x; }
        location /status { journey_status; }
        location /metrics { journey_status prometheus; }
        location /html { journey_status html; }
END
    };

    $configure->('old', 'first');
    ok($other->start, 'removed: starts') or diag($other->said);
    browser(port => $other->port)->get('/?utm_source=acme&utm_medium=m')
        for 1 .. 3;
    is($other->status->{channels}{old}, 3, 'removed: there at first');

    $configure->('new', 'second');
    ok($other->reload, 'removed: reloads');
    browser(port => $other->port)->get('/?utm_source=acme&utm_medium=m');

    my $now = $other->status;
    is_deeply($now->{channels}, { new => 1, '(removed)' => 3 },
              'removed: touches are kept');
    is_deeply($now->{phases}, { second => 1, '(removed)' => 3 },
              'removed: pages are kept');

    my ($metrics, @errors) =
        read_metrics(browser(port => $other->port)->get('/metrics')->body);
    is("@errors", '', 'removed: the format');
    is($metrics->{journey_touches_total}{series}{'channel="(removed)"'}, 3,
       'removed: a metric');

    my $page = browser(port => $other->port)->get('/html')->body;
    html('removed', $page);
    is_deeply([table($page, 'Pages by phase')],
              [['second', 1, '25.0%'], ['(removed)', 3, '75.0%']],
              'removed: last in the page');
    ok($other->quit, 'removed: quits');
}


# ---- as much as there can be -----------------------------------------------

{
    my $many = Journey::Master->new(workers => 1);
    my $reasons = join '', map { 'bot ' . sprintf('%s%04d', 'b' x 60, $_)
                                 . qq( "x${_}y"\n) } 1 .. 1100;
    my $rules = join ' ', map { 'c' . 'x' x 28 . sprintf('%03d', $_)
                                . " source=s$_;" } 1 .. 190;
    my $phases = join ' ', map { 'p' . 'y' x 28 . sprintf('%03d', $_)
                                 . " =/$_;" } 1 .. 250;
    my $goals = join "\n", map { sprintf 'journey_goal g%03d uri==/%d '
                                 . 'value=$arg_v currency=$arg_c;', $_, $_ }
                           1 .. 300;
    my $long = 'g' . 'z' x 60;

    spew("$many->{dir}/conf/agents.conf", $reasons);
    $many->configure(http => "journey_agents agents.conf;\n"
                             . "journey_channels { $rules }\n"
                             . "journey_phases { $phases }",
                     server => "$goals\n" . <<"END");
        journey_goal other uri=/other;
        location / { default_type text/html; return 200 "a page\\n"; }
        location /status { journey_status; }
        location /metrics { journey_status prometheus; }
        location /html { journey_status html; }
END
    ok($many->start, 'many: starts') or diag($many->said);

    my $at = $many->port;
    my $to = browser(port => $at);

    $to->get("/$_?utm_source=s$_&utm_medium=m"
             . ($_ > 250 ? '&v=9999999.999999&c=EUR' : '')) for 1 .. 300;
    $to->get('/other');
    browser(port => $at, agent => "Mozilla/5.0 x${_}y")->get('/')
        for 1 .. 1100;

    # as many currencies as the letters have
    $to->get("/1?v=1&c=$_") for map { "X$_" } ('AA' .. 'JZ');

    my $status = $many->status;
    ok(defined $status, 'many: JSON');

    is(keys(%{ $status->{goals} }), 257, 'many: goals');
    is($status->{goals}{other}{reached}, 45,
       'many: those without room, and one of that name, are other');
    is($status->{goals}{other}{values}{EUR} * 1000000, 44 * 9999999999999,
       'many: with their values');

    my ($sums, $summed) = (0, 0);

    for my $goal (values %{ $status->{goals} }) {
        $sums += keys %{ $goal->{values} };
    }

    is($sums, 256, 'many: sums by goal and currency');
    is($status->{ignored}{goal_sums}, 6 + 1 + 260 - 256,
       'many: values without a sum are counted');

    # 24,000 bytes of names
    is(keys(%{ $status->{bot_reasons} }), 375 + 1, 'many: reasons');
    is($status->{bot_reasons}{other}, 1100 - 375, 'many: the rest');

    my $text = browser(port => $at)->get('/metrics')->body;
    my ($metrics, @errors) = read_metrics($text);

    is("@errors", '', 'many: the format');
    is(keys(%{ $metrics->{journey_bot_reasons_total}{series} }), 376,
       'many: a series for each reason');
    is($metrics->{journey_bot_reasons_total}{series}{'reason="other"'},
       725, 'many: the rest is one');
    is(keys(%{ $metrics->{journey_goals_reached_total}{series} }), 257,
       'many: and for each goal');
    is(keys(%{ $metrics->{journey_phase_pages_total}{series} }), 250,
       'many: and for each phase');

    my $page = browser(port => $at)->get('/html')->body;
    html('many', $page);
    is(scalar(table($page, 'Goals')), 25, 'many: goals in the page');
    ok($page =~ qr/233 more goals/, 'many: the others are said');
    is(scalar(table($page, 'Pages by phase')), 250, 'many: all phases');
    ok($page =~ qr/and \d+ more currencies/, 'many: currencies');
    Test::More::note('bytes: JSON ' . length(browser(port => $at)
        ->get('/status')->body) . ', prometheus ' . length($text)
        . ', html ' . length($page));

    ok($many->reload, 'many: reloads');
    is_deeply($many->status->{goals}, $status->{goals}, 'many: all are kept');
    ok($many->quit, 'many: quits');
    $many->calm('many: no alarm');
}
