# Copyright (C) ngx_journey_module contributors
#
# scripts/matomo-sources.pl, on samples in the form of Matomo's lists: what it
# writes, what it says, and that "journey classify" reads and obeys it.

use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP;
use Test::More;

my $top = abs_path("$FindBin::Bin/..");
my $journey = abs_path($ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND}
                       || "$top/build/journey");
my $converter = "$top/scripts/matomo-sources.pl";
my $dir = tempdir(CLEANUP => 1);
my ($search, $social, $ai) =
    map { "$top/t/data/matomo_$_.yml" } qw(search social ai);

binmode $_, ':utf8' for Test::More->builder->output,
                        Test::More->builder->failure_output;

sub spew {
    my ($name, $data) = @_;

    utf8::encode($data) if utf8::is_utf8($data);
    open my $f, '>:raw', "$dir/$name" or die "$name: $!";
    print $f $data;
    close $f or die "$name: $!";

    return "$dir/$name";
}

sub slurp {
    open my $f, '<:utf8', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar(<$f>) // '';
}

# (exit code, output, messages)
sub convert {
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        exec $^X, $converter, @_ or die "exec: $!";
    }

    waitpid $pid, 0;

    return ($? >> 8, slurp("$dir/out"), slurp("$dir/err"));
}


# ---- what it writes --------------------------------------------------------

my ($code, $out, $err) = convert("search=$search", "social=$social",
                                 "ai=$ai");

is($code, 0, 'exit code 0');
is($out, <<'END', 'the sources');
# Made by scripts/matomo-sources.pl from Matomo's public lists.

search example_search    "Example Search"    search.example  finder.example
search worldfind         "Worldfind"         worldfind.com  worldfind.*  worldfind.example
search worldfind         "Worldfind"         images.worldfind.*  worldfind.*/pictures
search sok_finn          "Søk & Finn!"       sok.example  sok.example/Web
search l_ete_chaud       "L'Été 'chaud'"     ete.example
search 1_example         "1.example"         1.example
search u41f_43e_438_441_43a "Поиск"             poisk.example
search pals              "Pals"              find.pals.example

social pals_social       "Pals"              pals.example  pals.example/groups
social chat_chat         "Chat & Chat"       chat.example
social words_a_network   "Words: a network"  words.example

ai brainy                "Brainy"            brainy.example  pals.example/i/brainy
ai worldfind_chat        "Worldfind Chat"    chat.worldfind.example
END

my @said = split /\n/, $err;
my $left = qr/.*: left out$/;

like(shift @said, qr/matomo_search\.yml:45: "seek\.\{\}\.inside\.example" of/,
     'a country inside');
like(shift @said, qr/:45: "пример\.example" of "1\.example" is not ASCII$left/,
     'a host that is not ASCII');
like(shift @said, qr/:45: "what\.example\/find\?mode=web" .* has more$left/,
     'a query');
like(shift @said, qr/:45: "localhost" of "1\.example" is no host$left/,
     'no host');
like(shift @said,
     qr/:67: finder\.example .* for "search Example Search" already$left/,
     'a duplicate');
like(shift @said, qr/:67: nothing is left of "Nothing left"/,
     'an entry without a host');
like(shift @said, qr/matomo_social\.yml:3: "Pals" is of the kind search, too/,
     'a name of two kinds');
like(shift @said, qr/matomo_social\.yml:8: finder\.example of "Chat & Chat"/,
     'a duplicate in another file');
is("@said", '', 'no more');


# ---- the kind by the name of the file --------------------------------------

mkdir "$dir/lists";
symlink $search, "$dir/lists/SearchEngines.yml";
symlink $social, "$dir/lists/Socials.yml";
symlink $ai, "$dir/lists/AIAssistants.yml";

my ($code2, $out2) = convert(map { "$dir/lists/$_.yml" }
                             qw(SearchEngines Socials AIAssistants));

is("$code2 $out2", "0 $out", 'by the published names of the lists');

spew('lists/bom.yml', "\xef\xbb\xbfPals:\r\n  - pals.example\r\n");
($code, $out) = convert("social=$dir/lists/bom.yml");
like("$code $out", qr/^0 .*^social pals  .* pals\.example$/ms,
     'a mark of byte order, carriage returns');

($code, $out) = convert("social=" . spew('empty.yml', "{}\n"));
is($code, 0, 'an empty mapping');
unlike($out, qr/^[^#\n]/m, 'no source');


# ---- what is not of the form -----------------------------------------------

sub wrong {
    my ($name, $kind, $text, $what) = @_;
    my $file = spew('wrong.yml', $text);
    my ($code, $out, $err) = convert("$kind=$file");

    is("$code $out", '1 ', "$name: exit code 1, nothing written");
    like($err, qr/^matomo-sources\.pl: \Q$file\E$what/, "$name: the message");
    is(($err =~ tr/\n//), 1, "$name: one line");
}

wrong('no end of a list', 'social', "A:\n  - a.example\nB: [b.example\nC:\n",
      qr/:\d+: not YAML: did not find expected/);
wrong('odd indentation', 'search', "A:\n  - urls:\n      - a\n    - b\n",
      qr/:4: not YAML/);
wrong('a tabulator', 'social', "A:\n\t- a.example\n", qr/:2: not YAML/);
wrong('a list', 'social', "- a.example\n", qr/:1: one mapping/);
wrong('a word', 'social', "a.example\n", qr/:1: one mapping/);
wrong('nothing', 'social', '', qr/:1: one mapping/);
wrong('two documents', 'social', "A:\n  - a.example\n---\nB:\n  - b.example\n",
      qr/:1: one mapping/);
wrong('a host that is no list', 'social', "A:\n  - a.example\n\nB: b.example\n",
      qr/:4: "B": a list is expected/);
wrong('no host', 'social', "A:\n  - a.example\nB:\n", qr/:3: "B": a list/);
wrong('an empty list', 'ai', "A: []\n", qr/:1: "A": a list/);
wrong('an empty host', 'ai', "A:\n  - ''\n", qr/:1: "A": a host/);
wrong('a mapping as host', 'social', "A:\n  - urls:\n      - a.example\n",
      qr/:1: "A": a host is expected/);
wrong('hosts where engines have mappings', 'search', "# x\nA:\n  - a.example\n",
      qr/:2: "A": a mapping with "urls"/);
wrong('an engine without urls', 'search', "A:\n  - params: [q]\n",
      qr/:1: "A": a mapping with "urls"/);
wrong('urls that are no list', 'search', "A:\n  - urls: a.example\n",
      qr/:1: "A": "urls" is no list/);
wrong('a name twice', 'social', "A:\n  - a.example\nB:\n  - b.example\n"
      . "A:\n  - c.example\n", qr/:5: "A" is there already, in line 1/);
wrong('an object', 'social', "A: !!perl/hash:X\n  b: c\n", qr/:1: "A": a list/);
wrong('no UTF-8', 'social', "A\xff:\n  - a.example\n", qr/: not UTF-8/);
wrong('a name of 130 bytes', 'social', 'A' x 130 . ":\n  - a.example\n",
      qr/:1: "A+" is longer than 128 bytes/);
wrong('a name like a pattern', 'social', "a.*:\n  - a.example\n",
      qr/:1: "a\.\*" would be read as a pattern/);

($code, $out, $err) = convert("$dir/lists/Others.yml");
is("$code $out", '1 ', 'a list of no known name: exit code 1');
like($err, qr/Others\.yml: which list is it\?/, 'and what is missing');

($code, $out, $err) = convert("search=$dir/none.yml");
is("$code $out", '1 ', 'no file: exit code 1');
like($err, qr/none\.yml: No such file/, 'and its name');

for ([], ['--help'], ['-x', $search]) {
    ($code, $out, $err) = convert(@$_);
    is("$code $out", '2 ', "usage: @$_");
    like($err, qr/^scripts\/matomo-sources\.pl \[search=/, 'the help');
}


# ---- the command obeys it --------------------------------------------------

SKIP: {
    skip 'no command: build/journey is not there', 1
        unless defined $journey && -x $journey;

    mkdir "$dir/conf";
    (undef, $out) = convert("search=$search", "social=$social", "ai=$ai");
    spew('conf/matomo.conf', $out);
    spew('conf/journey.conf', "journey_sources $dir/conf/matomo.conf"
         . " $top/conf/sources.conf;\n");

    my @cases = (
        ['https://www.search.example/', 'organic_search', 'example_search'],
        ['https://finder.example/', 'organic_search', 'example_search'],
        ['https://www.worldfind.co.uk/', 'organic_search', 'worldfind'],
        ['https://fr.worldfind.example/', 'organic_search', 'worldfind'],
        ['https://images.worldfind.de/', 'organic_search', 'worldfind'],
        ['https://sok.example/Web/x', 'organic_search', 'sok_finn'],
        ['https://poisk.example/', 'organic_search',
         'u41f_43e_438_441_43a'],
        ['https://1.example/', 'organic_search', '1_example'],
        ['https://find.pals.example/', 'organic_search', 'pals'],
        ['https://m.pals.example/', 'organic_social', 'pals_social'],
        ['https://pals.example/groups/1', 'organic_social', 'pals_social'],
        ['https://pals.example/i/brainy', 'ai_assistant', 'brainy'],
        ['https://chat.worldfind.example/', 'ai_assistant', 'worldfind_chat'],
        ['https://notpals.example/', 'referral', 'notpals.example'],
        ['https://www.google.com/', 'organic_search', 'google'],
    );
    my $in = spew('in', join '', map {
        encode_json({ url => 'https://shop.example/', referrer => $_->[0] })
        . "\n" } @cases);
    my @out = `$journey classify --conf $dir/conf < $in`;

    is(scalar @out, scalar @cases, 'a line out for a line in');

    for (@cases) {
        my $got = decode_json(shift(@out) // '{}');

        is("$got->{ch} $got->{src}", "$_->[1] $_->[2]", $_->[0]);
    }
}

done_testing();
