# Copyright (C) ngx_journey_module contributors
#
# conf/sources.conf as a file: how broad it is (scripts/count-sources.sh, whose
# table the README shows), that no line says what another says, and that each
# of its patterns gives what its line says, by "journey classify".

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP;
use Test::More;

my $top = abs_path("$FindBin::Bin/..");
my $journey = abs_path($ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND}
                       || "$top/build/journey");
my $count = "$top/scripts/count-sources.sh";
my $dir = tempdir(CLEANUP => 1);

sub spew {
    my ($name, $data) = @_;

    open my $f, '>', "$dir/$name" or die "$name: $!";
    print $f $data;
    close $f or die "$name: $!";

    return "$dir/$name";
}

# kind => { keys => n, hosts => n, apps => n, aliases => n }
sub table {
    my ($head, @rows) = split /\n/, `$count @_`;
    my @names = split ' ', $head;
    my %table;

    for (@rows) {
        my ($kind, @n) = split;
        @{ $table{$kind} }{ @names[1 .. $#names] } = @n;
    }

    return \%table;
}


# ---- the counter counts right ----------------------------------------------

my $small = spew('small', <<'END');
# search no "No" no.example
search one "One, a \"b" one.example
search two Two two.* app:org.example.two "alias:two words" alias:two # x.example
  search two "Two" two.*  =three.example host.example/path#not.example
spam   bad  "Bad"  bad.**
nonsense x "X" x.example
END
my $bad = spew('odd', qq(social s "S # s" s.example s-*.**\n));
my $table = table($small, $bad);

is_deeply($table->{search}, { keys => 2, hosts => 4, apps => 1, aliases => 2 },
          'patterns of the kind search');
is_deeply($table->{spam}, { keys => 1, hosts => 1, apps => 0, aliases => 0 },
          'of the kind spam');
is_deeply($table->{social}, { keys => 1, hosts => 2, apps => 0, aliases => 0 },
          'of another file, with a mark of comments in a name');
is_deeply($table->{ai}, { keys => 0, hosts => 0, apps => 0, aliases => 0 },
          'of the kind ai: none');
is_deeply($table->{all}, { keys => 4, hosts => 7, apps => 1, aliases => 2 },
          'all');

is(system("$count $dir/none > $dir/out 2>&1") >> 8 ? 1 : 0, 1,
   'a file that is not there: an error');


# ---- conf/sources.conf is broad --------------------------------------------

my %least = (
    search   => { keys => 250, hosts => 500 },
    social   => { hosts => 250, apps => 60 },
    video    => { keys => 40 },
    shopping => { keys => 60 },
    ai       => { keys => 40 },
    email    => { keys => 110 },
    ads      => { keys => 40 },
    gateway  => { keys => 150 },
    guard    => { hosts => 100 },
    spam     => { hosts => 60 },
    all      => { apps => 60 },
);

$table = table();

for my $kind (sort keys %least) {
    for my $what (sort keys %{ $least{$kind} }) {
        cmp_ok($table->{$kind}{$what}, '>=', $least{$kind}{$what},
               "$kind: $what");
    }
}


# ---- and without idle lines ------------------------------------------------

my (%said, %line, @patterns, @long);

open my $file, '<', "$top/conf/sources.conf" or die;

while (my $line = <$file>) {
    next if $line =~ /^\s*(?:#|$)/;

    my @words = map { s/^"(.*)"$/$1/r } $line =~ /\G\s*("[^"]*"|[^\s"#]+)/g;
    my ($kind, $key, $name, @found) = @words;

    for my $pattern (@found) {
        push @{ $said{$pattern} }, "$kind $key (line $.)";
        $line{$pattern} = [$kind, $key];
        push @patterns, $pattern;
    }

    push @long, $. if length $line > 101;
}

close $file;

is_deeply(\@long, [], 'no line is long');
is_deeply([map { "$_: @{ $said{$_} }" } grep { @{ $said{$_} } > 1 }
           sort keys %said], [], 'no pattern twice');

# A host whose parent is listed for the same key says nothing, unless one of
# the patterns of first labels would take it.

my %label = map { /^([^.*]+)\.\*\*$/ ? ($1 => 1) : () } @patterns;
my @idle;
my $tld = qr/(?:com|net|org|[a-z]{2}|(?:co|com|net|org|ne|or)\.[a-z]{2})/;

for my $pattern (@patterns) {
    next if $pattern =~ m{^(?:app:|alias:|=)|/|\*\*$};

    my $key = $line{$pattern}[1];
    my ($first, $parent) = $pattern =~ /^([^.]+)\.(.*)$/;
    my @names = $pattern =~ /^(.*)\.$tld$/ ? ("$1.*") : ();

    while (!$label{$first} && $parent =~ /\./) {
        push @names, $parent, $parent =~ /^(.*)\.$tld$/ ? "$1.*" : ();
        last if grep { $line{$_} } @names;
        last if $parent !~ s/^[^.]+\.//;
    }

    my ($by) = grep { $line{$_} } @names;
    push @idle, "$pattern, by $by" if defined $by && $line{$by}[1] eq $key;
}

is_deeply(\@idle, [], 'no host that its parent covers');


# ---- each pattern gives what its line says ---------------------------------

SKIP: {
    skip 'no command: build/journey is not there', 2
        unless defined $journey && -x $journey;

    my %medium = (
        search => 'organic', social => 'social', video => 'video',
        shopping => 'shopping', ai => 'ai-assistant', email => 'email',
        ads => 'display', guard => 'referral',
    );
    my (@want, $in);

    for my $pattern (@patterns) {
        my ($kind, $key) = @{ $line{$pattern} };
        my $visit = { url => 'https://shop.example/' };

        if ($pattern =~ /^alias:(.*)/) {
            (my $name = $1) =~ s/ /+/g;
            $visit->{url} .= "?utm_source=$name";
            push @want, [$pattern, $key, undef];

        } elsif ($pattern =~ /^app:(.*)/) {
            $visit->{referrer} = "android-app://$1/";
            push @want, [$pattern, $key, $medium{$kind}];

        } else {
            (my $host = $pattern) =~ s/^=//;
            $host =~ s/-\*\.\*\*$/-x.example/;
            $host =~ s/\.\*\*$/.some.example/;
            $host =~ s{\.\*(?=/|$)}{.de};
            $visit->{referrer} = "https://$host";

            if ($kind eq 'gateway' || $kind eq 'spam') {
                push @want, [$pattern, undef, undef];
            } elsif ($kind eq 'guard') {
                $host =~ s{/.*}{};
                push @want, [$pattern, $host =~ s/^www\.//r, 'referral'];
            } else {
                push @want, [$pattern, $key, $medium{$kind}];
            }
        }

        $in .= encode_json($visit) . "\n";
    }

    my $file = spew('in', $in);
    mkdir "$dir/conf";
    spew('conf/journey.conf', "journey_sources $top/conf/sources.conf;\n");

    my @out = `$journey classify --conf $dir/conf < $file`;
    my @wrong;

    is(scalar @out, scalar @want, 'a line out for a pattern');

    for (0 .. $#want) {
        my ($pattern, $source, $medium) = @{ $want[$_] };
        my $got = decode_json($out[$_] // '{}');

        $got->{med} = undef if $pattern =~ /^alias:/;

        if (($got->{src} // '') ne ($source // '')
            || ($got->{med} // '') ne ($medium // ''))
        {
            push @wrong, "$pattern: $out[$_]";
        }
    }

    is_deeply(\@wrong, [], 'each of them is what its line says');
}

# ---- the README shows it ---------------------------------------------------

{
    open my $f, '<', "$top/README.md" or die "README.md: $!";
    my $readme = join '', <$f>;

    for my $line (grep { !/^kind/ } split /\n/, `$count`) {
        my $row = '| ' . join(' | ', split ' ', $line) . ' |';
        ok(index($readme, "$row\n") >= 0, "README: $row");
    }

    for (['classify.tsv', 'entries (referrer'], ['agents_people.tsv',
          'user agents of people'], ['agents_bots.tsv', 'of']) {
        my ($file, $words) = @$_;
        open my $cases, '<', "$top/t/data/$file" or die "$file: $!";
        my $n = grep { !/^\s*(#|$)/ } <$cases>;

        like($readme, qr/\b$n \Q$words\E/, "README: $n lines of $file");
    }
}

done_testing();
