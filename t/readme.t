# Copyright (C) ngx_journey_module contributors
#
# README.md and CHANGELOG.md beside the code: nginx starts with every
# configuration of README.md, and every directive, variable, channel, key,
# command and option is in both or in neither.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use JSON::PP;
use Test::Nginx::Socket 'no_plan';

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $module = $ENV{TEST_NGINX_JOURNEY_MODULE};
my $dir = server_root() . "-readme";
my $readme = slurp("$root/README.md");
my $http = "$root/ngx_journey_module/http";
my $core = "$root/ngx_journey_module/core";

my %known;                              # sections by their headings
my @sections = split /^(#{2,3} .+)\n/m, $readme;

shift @sections;

while (my ($heading, $text) = splice @sections, 0, 2) {
    $heading =~ s/^#+ //;
    fail("the heading \"$heading\" comes twice") if exists $known{$heading};
    $known{$heading} = $text;
}

sub section {
    my $name = shift;

    die "README.md has no section \"$name\"\n" if !exists $known{$name};
    return $known{$name};
}


# Tables: the cells of their rows, without the heads.

sub rows {
    my @rows;

    for (split /\n/, $_[0]) {
        next if !/^\s*\|(.*)\|\s*$/;
        push @rows, [map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, $1, -1];
    }

    return grep { $_->[0] =~ /`/ } @rows;
}

sub words { return $_[0] =~ /`([^`]+)`/g; }

sub same {
    my ($documented, $real, $name) = @_;
    my %one = map { $_ => 1 } @$documented;
    my %two = map { $_ => 1 } @$real;
    my @lacks = grep { !$one{$_} } sort keys %two;
    my @invents = grep { !$two{$_} } sort keys %one;

    ok(!@lacks, "$name: nothing is missing in README.md")
        or diag("missing: @lacks");
    ok(!@invents, "$name: nothing in README.md is invented")
        or diag("invented: @invents");
    cmp_ok(scalar keys %two, '>', 1, "$name: the code has some");
}


# ---- configurations --------------------------------------------------------

my $load = join "\n", map { "load_module $_;" }
           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';

sub config {
    my ($main, $http, $server, $location) = @_;
    my $temp = join "\n", map { "${_}_temp_path $dir/tmp_$_;" }
                          qw(client_body proxy fastcgi uwsgi scgi);
    my $user = $> == 0 ? 'user root;' : '';

    return "$main\n$user\npid $dir/logs/test.pid;\nevents { }\n"
           . "http {\naccess_log off;\n$temp\n$http\n"
           . "server { listen 127.0.0.1:$ENV{TEST_NGINX_PORT};\n"
           . "server_name other.example;\njourney on;\n$server\n"
           . "location /test-of-readme { $location }\n} }\n";
}


# Exit code 0 and no complaint, and what nginx said.

sub starts {
    spew("$dir/conf/nginx.conf", config(@_));

    my $said = `$nginx -p $dir/ -e $dir/logs/error.log \\
                -c $dir/conf/nginx.conf -t 2>&1`;

    return ($? == 0 && $said !~ /\[(?:alert|emerg|crit|error)\]/, $said);
}


# Only what belongs to a machine is changed.

sub of_here {
    my $text = shift;
    my $geo = journey_mmdb();

    $text =~ s/\blisten\s+[^;]*;/listen 127.0.0.1:$ENV{TEST_NGINX_PORT};/g;
    $text =~ s{/usr/share/GeoIP/[^;]*;}{$geo;}g;
    $text =~ s{/var/log/(?:nginx|journey)/}{$dir/logs/}g;
    $text =~ s{/etc/nginx/}{$dir/conf/}g;
    $text =~ s{load_module [^;]*;}{load_module $module;}g;

    return $text;
}

make_path("$dir/logs", "$dir/conf", "$dir/html");

{
    local $Journey::ServRoot = $dir;
    local $ENV{TEST_NGINX_JOURNEY_LOG} = "$dir/logs/journey.log";
    Journey::install_conf();
}

spew("$dir/conf/journey.secret", slurp("$root/t/data/test.keys"));
spew("$dir/conf/journey-own-sources.conf", "search own \"Own\" own.example\n");
spew("$dir/conf/journey-own-agents.conf", "bot own \"OwnBot\"\n");

my %levels;
my $fences = () = $readme =~ /^\s*```nginx$/mg;

while ($readme =~ /^<!-- nginx: (\w+)(?:, after: (.*?))?(, secret)? -->\n```nginx\n(.*?)^```$/msg) {
    my ($level, $after, $secret, $text) = ($1, $2, $3, of_here($4));
    my @parts = ($load, '', '', '');
    my %place = (main => 0, http => 1, server => 2);
    my ($first) = $text =~ /^(.*?)\s*$/m;
    my $name = "$level: $first";

    $levels{$level}++;

    if ($level eq 'main' && $module eq '') {
        pass("$name: linked in, nothing is loaded");
        next;
    }

    $parts[0] = '' if $level eq 'main';
    $parts[1] = of_here(defined $after ? $after : '');
    $parts[1] .= "journey_secret $dir/conf/journey.secret;" if $secret;
    $parts[$place{$level}] .= "\n$text";

    my ($good, $said) = starts(@parts);
    ok($good, $name) or diag($said);

    if ($level ne 'main') {
        # A wrong one would have been seen.
        $parts[$place{$level}] .= "\njourney_nonsense on;";
        ($good, $said) = starts(@parts);
        ok(!$good && $said =~ /journey_nonsense/, "$name, and a wrong line");
    }
}

my $tested = 0;
$tested += $_ for values %levels;
is($tested, $fences, 'every configuration of README.md has a mark');
cmp_ok($levels{$_} || 0, '>', 1, "configurations for $_")
    for qw(main http server);


# ---- directives ------------------------------------------------------------

my %contexts;
my $table = slurp("$http/ngx_http_journey_module.c");

while ($table =~ /\{ ngx_string\("(\w+)"\),\s+([A-Z_|0-9]+),/g) {
    my ($name, $flags) = ($1, $2);

    $flags = 'MAIN_CONF SRV_CONF LOC_CONF' if $flags =~ /JOURNEY_ALL/;
    $contexts{$name} = join ', ', ($flags =~ /MAIN_CONF/ ? 'http' : ()),
                                  ($flags =~ /SRV_CONF/ ? 'server' : ()),
                                  ($flags =~ /LOC_CONF/ ? 'location' : ());
}

same([grep { /^journey(_|$)/ } keys %known], [keys %contexts], 'directives');

for my $name (sort keys %contexts) {
    my $text = section($name);
    my ($syntax) = $text =~ /^Syntax:\s+(\w+)/m;
    my ($default) = $text =~ /^Default:\s+(.+)$/m;
    my ($context) = $text =~ /^Context:\s+(.+)$/m;

    is($syntax, $name, "$name: its syntax");
    is($context, $contexts{$name}, "$name: its context");

    next if !defined $default || $default eq "\xe2\x80\x94";

    like($default, qr/^$name .*;$/, "$name: its default");
    next if $name eq 'journey';             # the server around says it

    my ($good, $said) = starts($load, $context =~ /http/ ? $default : '', '',
                               $context =~ /location/ ? $default : '');
    ok($good, "$name: its default can be written") or diag($said);
}


# ---- variables, channels, words --------------------------------------------

my @variables = slurp("$http/ngx_http_journey_variables.c")
                =~ /\{ ngx_string\("(journey_\w+)"\)/g;

same([map { words($_->[0]) } rows(section('Variables'))],
     [map { "\$$_" } @variables], 'variables');

my ($rules) = slurp("$core/journey_channel.c")
              =~ /journey_channel_rules\[\] = \{(.*?)^\};/ms;

is(join(' ', map { words($_->[0]) } rows(section('Channels'))),
   join(' ', map { lc } $rules =~ /\{ JOURNEY_CHANNEL_(\w+),/g),
   'channels in the order of their rules');

my $sources = slurp("$core/journey_source.c");
my ($kinds) = $sources =~ /journey_kind_names\[.*?\{(.*?)^\};/ms;

same([map { words($_->[0]) }
      grep { $_->[0] !~ /[.=:]/ && $_->[0] ne '`host`' }
      rows(section('sources.conf'))],
     [grep { $_ ne '' } $kinds =~ /journey_string\("(\w*)"\)/g],
     'kinds of sources');

my ($fields) = slurp("$core/journey_channel_rule.c")
               =~ /journey_fields\[.*?\{(.*?)^\};/ms;

same([map { words($_->[0]) } rows(section('journey_channels'))],
     [$fields =~ /journey_string\("(\w+)"\)/g], 'fields of conditions');

my ($clicks) = slurp("$core/journey_query.c")
               =~ /journey_click_names\[.*?\{(.*?)^\};/ms;

same([map { words($_->[0]) } rows(section('Source, medium, campaign'))],
     [grep { $_ ne '' } $clicks =~ /journey_string\("(\w*)"\)/g],
     'click ids');


# ---- the log ---------------------------------------------------------------

my $record = slurp("$core/journey_record.c");
my @keys = ($record =~ /journey_put_(?:str|num)\(p, "(\w+)"/g,
            $record =~ /\\"(\w+)\\":/g);
my $log = section('The log');
same([map { words($_->[0]) } rows($log)], \@keys, 'keys of the log');

my ($names) = $record =~ /journey_kind_names\[.*?\{(.*?)^\};/ms;
my ($written) = map { $_->[1] } grep { $_->[0] eq '`k`' } rows($log);

same([words($written)],
     [grep { $_ ne '' } $names =~ /journey_string\("(\w*)"\)/g],
     'kinds of events');

my ($example) = $log =~ /^```json\n(.*?)^```/ms;
my @events = map { JSON::PP->new->utf8->decode($_) } split /\n/, $example;

is(Journey::schema_error($_), undef, "an example: $_->{k}") for @events;
is(join(' ', sort map { $_->{k} } @events), 'error goal page',
   'an example of each kind');


# ---- the command -----------------------------------------------------------

my $usage = (journey_command(undef, 'help', '--list'))[1];
my @commands = $usage =~ /^command\t(\w+)/mg;
my $command = section('The command');
my %options = ('--help' => 1);

same([map { (words($_->[0]))[0] =~ /^(\w+)/ }
      grep { $_->[0] !~ /--/ } rows($command)], \@commands, 'commands');

for (@commands) {
    my ($code, $out) = journey_command(undef, $_, '--help');

    is($code, 0, "journey $_ --help");
    $options{$_} = 1 for $out =~ /^  (--\w+)/mg;
}

same([map { map { /^(--\w+)/ } words($_->[0]) } rows($command)],
     [keys %options], 'options');

# Keys of the JSON: of the example's lines, and of an empty token.
spew("$dir/logs/example.log", $example);
my ($code, $out, $err) = journey_command(undef, 'report', '--json',
                                         "$dir/logs/example.log");
is($code, 0, 'the report of the example') or diag($err);

my $report = JSON::PP->new->utf8->decode($out);
is($report->{summary}{$_}, 1, "the example has 1 of $_")
    for qw(visitors sessions journeys conversions);

for my $table ('content', 'retention', 'geo --by city',
               'funnel --funnel /*,goal:*')
{
    ($code, $out) = journey_command(undef, split(/ /, $table),
                                    '--json', '--conf',
                                    "$root/conf", "$dir/logs/example.log");
    is($code, 0, "the $table of the example");
    %$report = (%$report, %{ JSON::PP->new->utf8->decode($out) });
}

($code, $out) = journey_command(undef, 'token', '--json', '--secret',
                                "$root/t/data/test.keys", 'none');
$report->{token} = JSON::PP->new->utf8->decode($out)->{token};

($code, $out) = journey_command(undef, 'link', '--json', '--code', '--base',
                                'https://shop.example/r', '/');
is($code, 0, 'link --json');
$report->{link} = JSON::PP->new->utf8->decode($out)->{link};

# A direct touch, which the example has none of.
spew("$dir/logs/direct.log", JSON::PP->new->encode({
    t => 1, v => 'cAAAAAAAAAAAAAAAA', j => 1, s => 1, k => 'page',
    h => 'shop.example', p => '/', ch => 'direct' }) . "\n");
($code, $out) = journey_command(undef, 'direct', '--json',
                                "$dir/logs/direct.log");
is($code, 0, 'a direct touch');
$report->{direct} = JSON::PP->new->utf8->decode($out)->{direct};

# A log with a torn member.
spew("$dir/logs/torn.log.gz", "\x1f\x8b\x08");
($code, $out) = journey_command(undef, 'check', '--json',
                                "$dir/logs/torn.log.gz");
is($code, 1, 'the check of a torn log');
$report->{check} = JSON::PP->new->utf8->decode($out)->{check};
$report->{torn} = $report->{check}{torn};

for my $edit (['erase', 'cAAAAAAAAAAAAAAAA'],
              ['prune', '--older-than', '9999y'])
{
    ($code, $out) = journey_command(undef, @$edit, '--json',
                                    "$dir/logs/example.log");
    is($code, 0, "$edit->[0] --json");

    my $said = JSON::PP->new->utf8->decode($out);
    $report->{$_} = $said->{$_} for keys %$said;
}

# A status with one of each.
spew("$dir/logs/status.json", JSON::PP->new->encode({
    version => '1', time => 1, started => 1, privacy => [{}],
    salts => { today => { day => '2026-11-22', created => 1 } } }));
($code, $out) = journey_command(undef, 'privacy', '--json', '--status',
                                "$dir/logs/status.json",
                                "$dir/logs/example.log");
is($code, 0, 'privacy --json');

{
    my $said = JSON::PP->new->utf8->decode($out);
    $report->{$_} = $said->{$_} for keys %$said;
}

($code, $out, $err) = journey_command(undef, 'attribution', '--json',
                                      '--order', 'auto', '--bootstrap', '9',
                                      "$dir/logs/example.log");
is($code, 0, 'attribution --json') or diag($err);

{
    my $said = JSON::PP->new->utf8->decode($out);
    $report->{$_} = $said->{$_} for keys %$said;
    $report->{$_} = $said->{markov}{$_} for qw(fits removal);
    $report->{credits} = $said->{models}{markov};
}

my %documented = map { (words($_->[0]))[0] => [words($_->[1])] }
                 rows(section('JSON'));
same([keys %documented], [keys %$report], 'tables of the JSON');

for my $name (sort keys %$report) {
    my $row = ref $report->{$name} eq 'ARRAY' ? $report->{$name}[0]
                                              : $report->{$name};
    my @real = keys %$row;

    push @real, 'host'                          # with several models
        if $name =~ /^(?:phases|transitions|phase_times)$/;
    same($documented{$name}, \@real, "keys of $name");
}


# ---- what is named is there ------------------------------------------------

my %anchors;

for (keys %known) {
    (my $anchor = lc) =~ s/[^\w -]//g;
    $anchors{$anchor =~ s/ /-/gr} = 1;
}

my @links = $readme =~ /\]\(#([^)]+)\)/g;
cmp_ok(scalar @links, '>', 20, 'README.md has links');
is(join(' ', grep { !$anchors{$_} } @links), '', 'each leads to a heading');
is(join(' ', grep { !-e "$root/$_" } $readme =~ /\]\(([A-Z][\w.]+)\)/g), '',
   'each names a file');

my @files = grep { !/[*<]/ }
            ($readme =~ m{`((?:conf|scripts|t|ngx_journey_module)/[^`\s]*)},
             $readme =~ m{^((?:scripts|t)/\S+\.\w+)}mg,
             map { "ngx_journey_module/$_" }
                 $readme =~ m{`((?:core|http|report)/\w[^`\s]*)`}g);
is(join(' ', grep { !-e "$root/$_" } @files), '', 'files that are named');

same([map { "conf/$_" } $readme =~ m{`(examples/\S+)`}g],
     [map { substr $_, length "$root/" } glob "$root/conf/examples/*"],
     'examples');

same([map { "conf/$_" } $readme =~ m{`(privacy/\S+)`}g],
     [map { substr $_, length "$root/" } glob "$root/conf/privacy/*"],
     'profiles');

my ($models) = $readme =~ /`conf\/phases\/` has six models\s+(.*?)\n\n/s;
same([grep { !/\./ } words($models)],
     [map { /([^\/]+)\.conf$/ } glob "$root/conf/phases/*"], 'phase models');


# ---- the version -----------------------------------------------------------

my ($version) = slurp("$http/ngx_http_journey_module.h")
                =~ /NGX_HTTP_JOURNEY_VERSION\s+"(.*?)"/;
my ($latest) = slurp("$root/CHANGELOG.md")
               =~ /^## \[(\d[\d.]+)\] - \d{4}-\d\d-\d\d$/m;

is($latest, $version, 'CHANGELOG.md knows the version');
like($readme, qr/This is version \Q$version\E\./, 'so does README.md');
like((journey_command(undef, '--version'))[1], qr/\Ajourney \Q$version\E\n/,
     'and the command');


remove_tree($dir, journey_mmdb()) if Test::More->builder->is_passing;


# ---- live counters ---------------------------------------------------------

our @counters = rows(section('Live counters'));
our @metrics = rows(section('Prometheus'));

no_root_location();
run_tests();

__DATA__

=== TEST 1: journey_status has the keys that are documented, and no others
--- http_config
    include journey/journey.conf;
--- config
    journey on;
    journey_cookie jny domain=localhost;
    default_type text/html;
    location / { return 200 x; }
    location = /status { journey_status; }
    location = /metrics { journey_status prometheus; }
--- visit
sub all_keys {
    return map { ref $_ eq 'HASH' ? (keys %$_, all_keys(values %$_))
                 : ref $_ eq 'ARRAY' ? all_keys(@$_) : () } @_;
}

browser()->get('/', Referer => 'https://www.google.com/');
browser(agent => 'curl/8.5.0')->get('/');

my $status = decode_json(browser()->get('/status')->body);
my %nested = map { $_ => 1 } grep { ref $status->{$_} } keys %$status;

# named by the configuration
is(join(' ', sort keys %{ $status->{channels} }), 'organic_search');
is(join(' ', sort keys %{ $status->{bot_reasons} }), 'tool');
ok($status->{phases}{awareness});
delete @nested{qw(channels phases goals bot_reasons privacy)};

my %keys;
my %privacy = map { $_ => 1 } all_keys($status->{privacy});

for (@::counters) {
    my ($cell, $text) = @$_;
    my ($key) = words($cell);

    if (exists $privacy{$key}) {

        # of the second table, with the names of objects within
        delete @privacy{$key, ref $status->{privacy}[0]{$key} eq 'HASH'
                              ? words($text) : ()};
        next;
    }

    $keys{$_} = 1 for words($cell);

    if (delete $nested{$key}) {
        is(join(' ', sort(words($text))),
           join(' ', sort(keys %{{ map { $_ => 1 }
                                   all_keys($status->{$key}) }})),
           "the keys of $key");
    }
}

is(join(' ', sort keys %keys), join(' ', sort keys %$status), 'all keys');
is(join(' ', keys %nested), '', 'no object without its keys');
is(join(' ', keys %privacy), '', 'all keys of the settings in force');

# the other format: names, and their labels
my $text = browser()->get('/metrics')->body;
my %labels = map { $_ => {} } $text =~ /^# TYPE (\w+) /mg;

while ($text =~ /^(\w+)\{(.*)\} /mg) {
    my $metric = $1;

    $labels{$metric}{$_} = 1 for $2 =~ /(\w+)="/g;
}

# no goal had a value here
$labels{$_} = { goal => 1, currency => 1 }
    for grep { /^journey_goal_value_/ } keys %labels;
$labels{$_} = { goal => 1 } for grep { /^journey_goals_/ } keys %labels;

is(join("\n", sort map { join ' ', words($_->[0]), sort(words($_->[1])) }
              @::metrics),
   join("\n", sort map { join ' ', $_, sort keys %{ $labels{$_} } }
              keys %labels), 'metrics with their labels');

for (@::metrics) {
    my ($metric) = words($_->[0]);

    is($_->[2] =~ /\bgauge\b|^1$/ ? 'gauge' : 'counter',
       ($text =~ /^# TYPE \Q$metric\E (\w+)$/m)[0], "$metric: its type");
}
