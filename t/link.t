# Copyright (C) ngx_journey_module contributors
#
# journey link: signed links and codes, which nginx reads and follows; QR codes
# as pictures and as text, which a reader of its own makes out; what is refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Barcode::ZBar ();
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use Journey;
use Journey::Refuse;
use Journey::Token;
use Test::Nginx::Socket 'no_plan';

our $KEY = '00112233445566778899aabbccddeeff';
our $keys = "$ENV{TEST_NGINX_JOURNEY_DATA}/test.keys";
our $dir = server_root() . '-link';
our @signed = ('--secret', $keys, '--base', 'https://shop.example/r');
our @coded = ('--code', '--base', 'https://shop.example/r/');

make_path($dir);

END {
    if (defined $dir && $? == 0) {
        local $?;
        remove_tree($dir);
    }
}

sub made { return journey_command($_[0], 'link', @_[1 .. $#_]); }

sub escape {
    my $text = shift;

    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

sub signature {
    my ($url, $key) = @_;

    return base64url(substr siphash128($key // $KEY, "link\0$url"), 0, 12);
}

# The links of --json, and what was said.
sub links {
    my ($code, $out, $err) = made(@_, '--json');

    return (JSON::PP::decode_json($out)->{link}, $code, $err);
}


# ---- pictures --------------------------------------------------------------

# What a reader of QR codes sees in rows of "1" (dark) and "0".
sub scan {
    my @rows = @_;
    my $scale = 4;
    my $raw = '';

    for my $row (@rows) {
        my $line = join '', map { ($_ ? "\x00" : "\xff") x $scale }
                            split //, $row;
        $raw .= $line x $scale;
    }

    my $image = Barcode::ZBar::Image->new();
    $image->set_format('Y800');
    $image->set_size($scale * length $rows[0], $scale * @rows);
    $image->set_data($raw);

    my $scanner = Barcode::ZBar::ImageScanner->new();
    $scanner->parse_config('enable');
    $scanner->scan_image($image);

    return join ' ', map { $_->get_data() } $image->get_symbols();
}

# The rows of an SVG: its one path, drawn as the standard says, on white.
sub rows_of_svg {
    my $svg = shift;
    my ($side) = $svg =~ /viewBox="0 0 (\d+) \1"/ or return;
    my @paths = $svg =~ /<path d="([^"]*)"\/>/g;
    my @rows = map { [(0) x $side] } 1 .. $side;

    return if @paths != 1
              || $svg !~ /<rect width="$side" height="$side" fill="#fff"\/>/;

    for (split /z\s*/, $paths[0]) {
        my ($x, $y, $w, $h, $back) = /^M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)$/
            or return;

        return if $w != $back || $x + $w > $side || $y + $h > $side;

        for my $row ($y .. $y + $h - 1) {
            $rows[$row][$_]++ for $x .. $x + $w - 1;
        }
    }

    return map { join '', @$_ } @rows;
}

# The rows of half blocks; light is what is drawn unless dark is.
sub rows_of_text {
    my ($text, $dark) = @_;
    my %halves = (' ' => '00', "\x{2580}" => '10', "\x{2584}" => '01',
                  "\x{2588}" => '11');
    my @rows;

    utf8::decode($text);

    for (split /\n/, $text) {
        my @cells = map { $halves{$_} // return } split //;

        push @rows, join('', map { substr $_, 0, 1 } @cells),
                    join('', map { substr $_, 1, 1 } @cells);
    }

    tr/01/10/ for $dark ? () : @rows;
    return @rows;
}

# Nothing dark within four modules of an edge.
sub quiet {
    my @rows = @_;
    my $n = grep { !/1/ } @rows[0 .. 3], @rows[-4 .. -1];

    return $n == 8 && !grep { !/^0000.*0000$/ } @rows;
}


# ---- signed links ----------------------------------------------------------

my ($code, $out, $err) = made(undef, @signed, 'https://partner.example/offer');
is($code, 0, 'signed: exit code');
is($err, '', 'signed: nothing is said');
is($out, 'https://shop.example/r?u=https%3A%2F%2Fpartner.example%2Foffer&s='
         . signature('https://partner.example/offer') . "\n",
   'signed: the link');

($code, $out) = made(undef, @signed, '--source', 'newsletter', '--medium',
                    'email', '--campaign', "spring & caf\xc3\xa9", '--term',
                    'a=b', '--content', '#1', '/a?b=1&c="%20\'#d+e');
is($out, 'https://shop.example/r?u=' . escape('/a?b=1&c="%20\'#d+e') . '&s='
         . signature('/a?b=1&c="%20\'#d+e')
         . '&utm_source=newsletter&utm_medium=email'
         . '&utm_campaign=spring%20%26%20caf%C3%A9&utm_term=a%3Db'
         . "&utm_content=%231\n",
   'signed: values are encoded, behind what is signed');

spew("$dir/keys", "# new\n" . 'ab' x 16 . "\n$KEY\n");
($code, $out) = made(undef, '--secret', "$dir/keys", '--base',
                    'http://shop.example:8080', '/a');
is($out, 'http://shop.example:8080/?u=%2Fa&s=' . signature('/a') . "\n",
   'signed: by the last key; a base without a path gets one');

my ($links) = links(undef, @signed, '/a', 'https://b.example/');
is_deeply($links, [map { { url => 'https://shop.example/r?u=' . escape($_)
                                  . '&s=' . signature($_),
                           target => $_, signature => signature($_),
                           code => undef, map => undef, svg => undef } }
                       '/a', 'https://b.example/'],
          'signed: as JSON');


# ---- codes -----------------------------------------------------------------

($code, $out, $err) = made(undef, @coded, '--source', 'poster', '--medium',
                          'qr', '/products/?utm_medium=print&a=1#top',
                          'https://partner.example/', 'https://b.example/x',
                          'https://partner.example:81/',
                          'https://Shop.example');
is($code, 0, 'codes: exit code');
is($err, '', 'codes: nothing is said');
is((grep { !/^(?:#.*|"\w+"  "[^"]+";|)$/ } split /\n/, $out)[0], undef,
   'codes: all is a line of a map, or a comment');
like($out, qr/^# In http.*map \$code \$target \{ include FILE; \}
              .*\Qlocation ~ "^\/r\/(?<code>\w+)\E\$"\ \{
              \ journey_redirect\ \$target\ to=partner\.example
              \ to=b\.example;\ \}$/xms,
     'codes: where the lines belong, and the hosts to be named');

my @map = $out =~ /^"(\w+)"  "(.*)";$/mg;
is($map[1], '/products/?utm_medium=print&a=1&utm_source=poster#top',
   'codes: the campaign, but not what the target names itself');
is($map[3], 'https://partner.example/?utm_source=poster&utm_medium=qr',
   'codes: the campaign in a target without a query');
is(join(' ', $out =~ m{^# https://shop\.example/r/(\w+)$}mg),
   join(' ', @map[0, 2, 4, 6, 8]), 'codes: the links to them');

for (['https://shop.example/q.r/go', '/q\.r/go/'], ['https://go.example', '/'],
     ['https://go.example/', '/'])
{
    my ($base, $path) = @$_;

    ($code, $out) = made(undef, '--code', '--base', $base, '/a');
    like($out, qr/location ~ "\^\Q$path\E\(\?<code>/, "$base: its location");
    $base =~ s{/?$}{/};
    like($out, qr/^# \Q$base\E[a-z2-9]{6}\n/m, "$base: the link");
}

# Traps of nginx's configuration and of its map.
my %traps = (
    '/a$host?b=$uri'       => '/a%24host?b=%24uri',
    '/"{};#a"'             => '/%22{};#a%22',
    "/it's"                => "/it's",
    '/?a=\\"'              => '/?a=%5C%22',
    '/?a=<b>'              => '/?a=%3Cb%3E',
    "/caf\xc3\xa9"         => '/caf%C3%A9',
    'https://[::1]:81/$'   => 'https://[::1]:81/%24',
);
my @traps = sort keys %traps;

($links, $code) = links(undef, @coded, @traps);
is($code, 0, 'traps: exit code');

for my $i (0 .. $#traps) {
    my $link = $links->[$i];
    utf8::encode($link->{$_}) for qw(target map);

    is($link->{target}, $traps{$traps[$i]}, "trap: $traps[$i]");
    is($link->{map}, "\"$link->{code}\"  \"$link->{target}\";",
       "its line: $traps[$i]");
    is($link->{url}, "https://shop.example/r/$link->{code}",
       "its link: $traps[$i]");
}

# Many: different, of the alphabet alone, each letter as often as any other:
# of 600,000 letters 22,222, give or take 5.5 standard deviations.
($code, $out) = made(join('', map { "/$_\n" } 1 .. 100_000), @coded, '-');
my @codes = $out =~ /^"(\w+)"/mg;
is(scalar @codes, 100_000, 'codes: 100,000 of standard input');

my (%codes, %letters);
$codes{$_}++ for @codes;
$letters{$_}++ for map { split // } @codes;

is(scalar keys %codes, 100_000, 'codes: all of them differ');
is(join('', sort keys %letters), '23456789bcdfghjkmnpqrstvwxz',
   'codes: no vowels, and none of 0, 1 and l');
is((grep { abs($letters{$_} - 600_000 / 27) > 800 } keys %letters)[0], undef,
   'codes: each letter is as likely');
is((grep { length != 6 } @codes)[0], undef, 'codes: 6 letters');
like($out, qr{^"$codes[-1]"  "/100000";\n\z}m, 'codes: in their order');

for my $n (4, 10, 32) {
    ($links) = links(undef, @coded, '--length', $n, '/a');
    is(length $links->[0]{code}, $n, "codes: $n letters");
}

my ($one) = links(undef, @coded, '--length', 10, '/a');
my ($two) = links(undef, @coded, '--length', 10, '/a');
isnt($one->[0]{code}, $two->[0]{code}, 'codes: another run has others');


# ---- standard input --------------------------------------------------------

($links, $code, $err) = links("# posters\n/a\n\n  \n/b\r\n/c \t\n//evil\n"
                              . "https://d.example/#x", @signed, '-', '/e');
is(join(' ', map { $_->{target} } @$links), '/a /b /c https://d.example/#x /e',
   'stdin: targets; comments and empty lines are none');
is($code, 1, 'stdin: one is none');
like($err, qr{^journey: stdin:7: "//evil" is no target: }, 'stdin: its line');
is(scalar(() = $err =~ /\n/g), 1, 'stdin: no other');

($links, $code) = links('', @coded, '-');
is_deeply([$links, $code], [[], 0], 'stdin: nothing');

($code, $out) = made('', @coded, '-');
is_deeply([$code, $out], [0, ''], 'stdin: nothing, as text');


# ---- what is refused -------------------------------------------------------

for my $target ('//evil.example', '/\\evil', 'shop.example', 'javascript:a',
                'https:evil', 'https://a@b.example/', "/a\nb", '/a b',
                "/\e[31m", 'https://caf' . "\xc3\xa9" . '.example/', '',
                '/' . 'a' x 4096)
{
    for my $how (\@signed, \@coded) {
        ($code, $out, $err) = made(undef, @$how, $target);

        (my $name = substr $target, 0, 20) =~ s/[^ -~]/./g;
        is("$code$out", '1', "refused: $name");
        like($err, qr/^journey: "[^\n\e]*" is no target: [^\n]*\n\z/,
             "said: $name");
    }
}

($code, $out, $err) = made(undef, @signed, '/a' . '"' x 4000);
is("$code$out", '1', 'a link that is too long for a request');
like($err, qr/is too long for a link: a request takes no more than 8000/,
     'said so');

($code, $out, $err) = made(undef, @coded, '/a' . '"' x 1400);
is("$code$out", '1', 'a line that is too long for nginx');
like($err, qr/is too long for a link: nginx's map takes no more than 4000/,
     'said so');

($code, $out, $err) = made(undef, @coded, '--svg', "$dir/", '/a' . 'b' x 3980);
is($code, 0, 'the longest line, and a picture of its code');

my @usage = (
    [[@signed], qr/link needs a TARGET/],
    [['--secret', $keys, '/a'], qr/link needs --base URL/],
    [['--base', 'https://a.example/', '/a'], qr/link needs --secret FILE/],
    [[@signed, '--code', '/a'], qr/not both/],
    [[@signed, '--length', 6, '/a'], qr/--length with --code/],
    [[@coded, '--length', 3, '/a'], qr/--length: "3" is not from 4 to 32/],
    [[@coded, '--length', 33, '/a'], qr/--length: "33" is not from/],
    [[@coded, '--length', 'x', '/a'], qr/--length: bad number "x"/],
    [[@coded, '--level', 'M', '/a'], qr/--level with --qr or --svg/],
    [[@coded, '--qr', '--level', 'X', '/a'], qr/"X" is none of L, M, Q/],
    [[@coded, '--qr', '--level', 'MM', '/a'], qr/"MM" is none of L, M, Q/],
    [[@coded, '--qr', '--level', '', '/a'], qr/"" is none of L, M, Q/],
    [[@coded, '--qr', '--json', '/a'], qr/with --json there is --svg/],
    [[@coded, '--svg', '', '/a'], qr/name of a file for --svg/],
    [[@coded, '--svg', "$dir/x.svg", '/a', '/b'], qr/needs a folder/],
    [[@coded, '--svg', "$dir/x.svg", '-'], qr/needs a folder/],
    [[@coded, '--source', '', '/a'], qr/--source would count as absent/],
    [[@coded, '--medium', 'a@b', '/a'], qr/--medium would count as absent/],
    [[@coded, '--term', '(none)', '/a'], qr/--term would count as absent/],
    [[@coded, '--campaign', 'x' x 101, '/a'], qr/--campaign is longer than/],
    [[@coded, '--csv', '/a'], qr/unknown option "--csv"/],
    [['--secret', "$dir/none", '--base', 'https://a.example/', '/a'],
     qr/--secret: cannot open/],
    [['--secret', "$dir/bad", '--base', 'https://a.example/', '/a'],
     qr/--secret: .* in \S+:1$/m],
    map { my $base = $_; [['--code', '--base', $base, '/a'], qr/--base/] }
        '', '/r', '//a.example/', 'a.example', 'ftp://a.example/',
        'https://a@b.example/', 'https://a.example/r?a', 'https://a.example/#',
        'https://a.example/%20/', 'https://a.example/(a)/',
        'https://a.example/a"/', 'https://a.example/$a/',
);

spew("$dir/bad", "hello\n");

for (@usage) {
    my ($args, $said) = @$_;

    ($code, $out, $err) = made(undef, @$args);

    my $name = join ' ', map { s/\Q$dir\E|\Q$keys\E/~/gr } @$args;
    is("$code$out", '2', "usage: $name");
    like($err, $said, "said: $name");
    unlike($err, qr/hello/, "no secret: $name");
}

ok(!-e "$dir/x.svg", 'no picture was left');


# ---- QR codes --------------------------------------------------------------

{
    my @sizes;

    for my $level (qw(L M Q H)) {
        my $file = "$dir/level-$level.svg";

        ($links, $code, $err) = links(undef, @coded, '--svg', $file,
                                      '--level', $level, '/a');
        is($code, 0, "level $level: exit code") or diag($err);
        is($links->[0]{svg}, $file, "level $level: the name of the file");

        my @rows = rows_of_svg(slurp($file));
        is(scan(@rows), $links->[0]{url}, "level $level: is read back");
        ok(quiet(@rows), "level $level: quiet zone");
        push @sizes, scalar @rows;
    }

    cmp_ok($sizes[0], '<', $sizes[3], 'level H needs more than L');

    # The longest that fits, by its own bytes.
    for my $length (10, 100, 500, 1200) {
        my $target = '/' . join '', map { chr(97 + $_ * 7 % 26) } 1 .. $length;
        my $file = "$dir/length-$length.svg";

        ($links) = links(undef, @signed, '--svg', $file, '--source',
                         "caf\xc3\xa9", $target);
        is(scan(rows_of_svg(slurp($file))), $links->[0]{url},
           "$length bytes: are read back");
    }

    ($code, $out) = made(undef, @signed, '--qr', '/a?b=1&c=2');
    my ($url, $text) = $out =~ /^(\S+)\n(.*)/s;
    my @rows = rows_of_text($text);
    is(scan(@rows), $url, 'text: is read back');
    ok(quiet(@rows), 'text: quiet zone');

    ($code, $out) = made(undef, @coded, '--qr', '/a', '/b');

    for (split /\n\n/, $out =~ s/^.*?\n\n//sr) {
        my ($url, $map, $text) = /^# (\S+)\n(".*";)\n(.*)\n?/s;

        $text =~ s/^# //gm;
        is(scan(rows_of_text($text)), $url, 'text beside a map: is read back');
    }

    is((grep { !/^(?:#.*|"\w+"  "[^"]+";|)$/ } split /\n/, $out)[0], undef,
       'text beside a map: is a comment in it');

    # In a terminal: black on white, whatever its colours are.
    my $command = join ' ', map { "'$_'" } $ENV{TEST_NGINX_JOURNEY_COMMAND},
                                           'link', @signed, '--qr', '/a';
    $out = do {
        local $ENV{TERM} = 'xterm-256color';
        local $ENV{NO_COLOR} = '';
        local $ENV{SHELL} = '/bin/sh';
        `script -q -e -c "$command" /dev/null < /dev/null`;
    };
    $out =~ s/\r//g;
    ($url, $text) = $out =~ /^(\S+)\n(.*)/s;
    is((grep { !/^\e\[38;5;16;48;5;231m[^\e]*\e\[0m$/ } split /\n/, $text)[0],
       undef, 'terminal: colours, in each line, and no longer');
    $text =~ s/\e\[[\d;]*m//g;
    is(scan(rows_of_text($text, 1)), $url, 'terminal: is read back');
}

# A picture says what it is, and is XML.
($links) = links(undef, @signed, '--svg', "$dir/title.svg", '--source', "a'b",
                 '/a?b=1&c=2');
my $svg = slurp("$dir/title.svg");
like($svg, qr{\A<svg\ xmlns="http://www\.w3\.org/2000/svg"[^<>]*>\n
              <title>[^<>]*</title>\n<rect\ [^<>]*/>\n<path\ [^<>]*/>\n
              </svg>\n\z}x,
     'SVG: a title, white, one path');
my ($title) = $svg =~ m{<title>(.*)</title>};
is((grep { $_ ne 'amp' } $title =~ /&(\w*);?/g)[0], undef,
   'SVG: the title is escaped');
is($title =~ s/&amp;/&/gr, $links->[0]{url}, 'SVG: the title is the link');

# A folder: a name for each.
mkdir "$dir/many";
($links) = links(undef, @coded, '--svg', "$dir/many/", '/a', '/b');
is_deeply([map { $_->{svg} } @$links],
          [map { "$dir/many/$_->{code}.svg" } @$links],
          'a folder: pictures have the name of their codes');
is(scalar(() = glob "$dir/many/*"), 2, 'a folder: they are there');

($links) = links(undef, @signed, '--svg', "$dir/many/", '/a', '//', '/b');
is_deeply([map { $_->{svg} } @$links], ["$dir/many/1.svg", "$dir/many/2.svg"],
          'a folder: those of signed links are counted');

# Nothing is written over.
spew("$dir/there.svg", 'mine');
($code, $out, $err) = made(undef, @coded, '--svg', "$dir/there.svg", '/a');
is("$code$out", '1', 'a file that is there: the link is left out');
like($err, qr/"\S+there\.svg" cannot be written: File exists/, 'it is said');
is(slurp("$dir/there.svg"), 'mine', 'and nothing is changed');

($code, $out, $err) = made(undef, @coded, '--svg', "$dir/none/", '/a');
is("$code$out", '1', 'a folder that is not there');
like($err, qr/"\S+none\/\w+\.svg" cannot be written: No such file/, 'said so');

($code, $out, $err) = made(undef, @signed, '--svg', "$dir/long.svg",
                          '--level', 'H', '/' . 'a' x 1300);
is("$code$out", '1', 'too long for a QR code');
like($err, qr/level H: its link has 1\d\d\d bytes \(--code makes short/,
     'said so');
ok(!-e "$dir/long.svg", 'and no picture is left');

($code, $out, $err) = made("/a\n/" . 'a' x 3000 . "\n/b\n", @signed, '--qr',
                           '-');
is($code, 1, 'too long for a QR code, among others');
is(scalar(() = $out =~ /^https:/mg), 2, 'the others are made');
like($err, qr/^journey: stdin:2: "\/aaa/, 'its line');


# ---- nginx -----------------------------------------------------------------

# The lines of the map as they were printed, and the location that is printed
# with them.
($code, $out) = made(undef, @coded, '--source', 'poster', '--medium', 'qr',
                    @traps, 'https://partner.example/offer?a=1',
                    '/a' . 'b' x 3900, '/print?utm_source=own');
spew("$dir/links.map", $out);

our %leads = $out =~ /^"(\w+)"  "(.*)";$/mg;
our ($location) = $out =~ /^#\s+(location .*)$/m;

is(scalar keys %leads, @traps + 3, 'nginx: all are in the map');
accepted('the lines of a map', {
    http => "map \$code \$target { include $dir/links.map; }",
    server => $location });

($code, $out) = made(join('', map { "/$_\n" } 1 .. 5000), @coded, '--length',
                     32, '-');
spew("$dir/many.map", $out);
accepted('5000 lines with the longest codes', {
    http => "map \$code \$target { include $dir/many.map; }",
    server => $location });

our @links = map { s{^https://shop\.example}{}r }
             map { $_->{url} }
             @{ (links(undef, @signed, '--source', 'newsletter', '--medium',
                       'email', '--campaign', 'spring & co',
                       'https://partner.example/offer?utm_source=own&a=1#top',
                       '/a$b?c="d"', "/caf\xc3\xa9"))[0] };

add_block_preprocessor(sub {
    my $block = shift;

    $block->set_value('http_config', <<"_EOC_");
    include journey/journey.conf;
    journey_secret $keys;
    map_hash_bucket_size 64;
    map \$code \$target { include $dir/links.map; }
_EOC_

    $block->set_value('config', <<"_EOC_");
    journey on;
    absolute_redirect off;
    $location
    location = /r { journey_redirect ""; }
_EOC_
});

no_root_location();
run_tests();

__DATA__

=== TEST 1: codes lead where their lines say
--- visit
for my $code (sort keys %::leads) {
    my $r = browser()->get("/r/$code");

    is($r->status, 302, "$code: 302");
    is($r->header('Location'), $::leads{$code},
       "$code: " . substr $::leads{$code}, 0, 50);
}

my ($code) = grep { $::leads{$_} =~ /offer/ } keys %::leads;
is(browser()->get('/r/' . uc $code)->status, 302, 'typed in upper case');
is(browser()->get('/r/nosuch')->status, 404, 'an unknown code');
is(browser()->get("/r/$code/")->status, 404, 'more than a code');

my @clicks = grep { $_->{k} eq 'click' } journey_log_wait(11);
is(scalar @clicks, 11, 'clicks');
is((grep { $_->{med} ne 'qr' } @clicks)[0], undef, 'with their medium');
is(join(' ', sort map { $_->{src} } @clicks), 'own' . ' poster' x 10,
   'and their source');



=== TEST 2: signed links lead where they say
--- visit
my @to = map {
    my $r = browser()->get($_);
    is($r->status, 302, substr $_, 0, 50);
    $r->header('Location')
} @::links;

my $campaign = 'utm_medium=email&utm_campaign=spring%20%26%20co';

is($to[0], "https://partner.example/offer?utm_source=own&a=1&$campaign#top",
   'signed: another host');
is($to[1], "/a\$b?c=%22d%22&utm_source=newsletter&$campaign",
   'signed: a path');
is($to[2], "/caf%C3%A9?utm_source=newsletter&$campaign",
   'signed: bytes beyond ASCII');

(my $forged = $::links[0]) =~ s/offer/other/;
is(browser()->get($forged)->status, 404, 'changed');
--- journey_log
{"k":"click","p":"/r","ch":"email","src":"newsletter","med":"email","cmp":"spring & co"}
{"k":"click","p":"/r","ch":"email","src":"newsletter","med":"email","cmp":"spring & co"}
{"k":"click","p":"/r","ch":"email","src":"newsletter","med":"email","cmp":"spring & co"}
