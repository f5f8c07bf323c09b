#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# scripts/matomo-sources.pl [search=|social=|ai=]FILE …
#
# Turns the public lists of Matomo (SearchEngines.yml, Socials.yml and
# AIAssistants.yml, as they are published) into a sources file on stdout:
#
#   scripts/matomo-sources.pl SearchEngines.yml Socials.yml AIAssistants.yml \
#       > /etc/nginx/journey/matomo.conf
#
#   journey_sources  journey/matomo.conf journey/sources.conf;
#
# In this order what sources.conf says wins, and the lists add the rest.  The
# kind is told by the file's name, or by the word in front of it.
#
#   the key      the name in lower case, without accents, "_" for the rest
#   www.host     host: with its subdomains, as always in these files
#   host.{}      host.*
#   {}.host      host
#
# What cannot be said in a sources file, and a host that is another's already,
# is left out and named on stderr.  A file that is not of this form is an
# error with its line; then nothing is written.
#
# Needs YAML::XS: apt-get install libyaml-libyaml-perl

use strict;
use warnings;

use Unicode::Normalize qw(NFD);

my %files = (
    'searchengines' => 'search',
    'socials'       => 'social',
    'aiassistants'  => 'ai',
);

my %owner;                  # pattern => name of whom it is
my %kind_of;                # key => kind
my $name_max = 128;         # bytes, as a value of an event
my $key_max = 64;


sub fail {
    print STDERR "matomo-sources.pl: @_\n";
    exit 1;
}

sub note { print STDERR "matomo-sources.pl: @_\n" }

sub usage {
    open my $self, '<', $0 or exit 2;

    while (<$self>) {
        next if $. < 4;
        last if !s/^# ?//;
        print STDERR $_;
    }

    exit 2;
}


# ---- a file ----------------------------------------------------------------

# The text, and the line of each name: a key that begins its line.  The parser
# keeps neither lines nor order.

sub read_file {
    my ($path) = @_;
    my %line;

    open my $in, '<:raw', $path or fail("$path: $!");
    my $text = do { local $/; <$in> };
    fail("$path: $!") if !defined $text && $!;
    close $in;
    $text //= '';
    $text =~ s/^\xef\xbb\xbf//;

    my $copy = $text;
    fail("$path: not UTF-8") if !utf8::decode($copy);

    my $number = 0;

    for (split /\n/, $copy) {
        $number++;

        my $name = /^"((?:[^"\\]|\\.)*)"\s*:(?:\s|$)/ ? $1
                   : /^'((?:[^']|'')*)'\s*:(?:\s|$)/ ? $1 =~ s/''/'/gr
                   : /^([^\s#"'\-{\[][^#]*?)\s*:(?:\s|$)/ ? $1 : next;

        fail("$path:$number: \"$name\" is there already, in line "
             . $line{$name}) if exists $line{$name};
        $line{$name} = $number;
    }

    return ($text, \%line);
}

sub load {
    my ($path) = @_;
    my ($text, $line) = read_file($path);

    no warnings 'once';
    local $YAML::XS::LoadBlessed = 0;
    my @documents = eval { YAML::XS::Load($text) };

    if ($@) {
        my ($at) = $@ =~ /\bline: (\d+)/;
        my ($what) = $@ =~ /The problem:\s*(.*?)\s*(?:\n\s*\n|$)/s;

        fail("$path:" . ($at // 1) . ': not YAML: ' . ($what // $@));
    }

    fail("$path:1: one mapping of names is expected")
        if @documents != 1 || ref $documents[0] ne 'HASH';

    return ($documents[0], $line);
}


# ---- names and hosts -------------------------------------------------------

sub plain {
    my ($name) = @_;

    # letters that have no parts
    $name =~ s/\x{df}/ss/g;
    $name =~ tr/\x{e6}\x{f8}\x{142}\x{131}\x{111}/aolid/;
    $name =~ tr/\x{c6}\x{d8}\x{141}\x{130}\x{110}/AOLID/;
    $name = lc NFD($name);
    $name =~ s/\p{Mn}//g;

    return $name;
}

sub key_of {
    my ($name, $kind, $where) = @_;
    my $key = plain($name);

    $key =~ s/[^a-z0-9]+/_/g;
    $key =~ s/^_+|_+$//g;
    $key = substr($key, 0, $key_max - 7);

    if ($key eq '') {
        # a name of another alphabet
        $key = join '_', map { sprintf '%x', ord } split //, $name;
        $key = 'u' . substr($key, 0, $key_max - 8);
    }

    if (($kind_of{$key} // $kind) ne $kind) {
        note("$where: \"$name\" is of the kind $kind_of{$key}, too: its key"
             . " here is ${key}_$kind");
        $key .= "_$kind";
    }

    $kind_of{$key} = $kind;

    return $key;
}

# The pattern, or undef and why there is none.

sub pattern_of {
    my ($url) = @_;
    my $pattern = lc $url;

    $pattern =~ s{^https?://}{};
    my ($host, $path) = $pattern =~ m{^([^/]*)(.*)$}s;
    $path = substr($url, length($url) - length($path)) if $path ne '';
    $path =~ s{/+$}{};

    return (undef, 'is not ASCII') if $pattern =~ /[^\x21-\x7e]/;

    # the country as a subdomain: all subdomains are taken
    $host =~ s/^(?:www\.|\{\}\.)+//;
    my $star = $host =~ s/\.\{\}$//;

    return (undef, 'has {} inside') if "$host$path" =~ /[{}]/;
    return (undef, 'has more than host and path') if $path =~ /[?#*;"\\]/;
    return (undef, 'is no host')
        if length $host > 253
           || $host !~ /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?
                         (?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*$/x
           || (!$star && $host !~ /\./) || grep { length > 63 } split /\./, $host;

    return $host . ($star ? '.*' : '') . $path;
}


# ---- an entry --------------------------------------------------------------

# The hosts of a name: a list, or a list of mappings with "urls".

sub urls_of {
    my ($name, $value, $kind, $where) = @_;
    my @urls;

    fail("$where: \"$name\": a list is expected")
        if ref $value ne 'ARRAY' || @$value == 0;

    for my $item (@$value) {
        if ($kind ne 'search') {
            push @urls, $item;
            next;
        }

        fail("$where: \"$name\": a mapping with \"urls\" is expected")
            if ref $item ne 'HASH' || !exists $item->{urls};
        fail("$where: \"$name\": \"urls\" is no list")
            if ref $item->{urls} ne 'ARRAY' || @{ $item->{urls} } == 0;
        push @urls, @{ $item->{urls} };
    }

    for my $url (@urls) {
        fail("$where: \"$name\": a host is expected in its list")
            if !defined $url || ref $url || $url !~ /\S/;
    }

    return @urls;
}

sub lines_of {
    my ($name, $key, $kind, @patterns) = @_;
    my @lines;
    my $head = sprintf('%-24s %-19s ', "$kind $key", qq("$name"));
    my $rest = '';

    for (@patterns) {
        if ($rest ne '' && length("$head$rest  $_") > 98) {
            push @lines, "$head$rest\n";
            $rest = '';
        }

        $rest .= ($rest eq '' ? '' : '  ') . $_;
    }

    return (@lines, "$head$rest\n");
}

sub entry {
    my ($name, $value, $kind, $where) = @_;
    my @patterns;

    # what the parser of sources files would not take in a name
    (my $said = $name) =~ tr/"\\/'\//;
    fail("$where: \"$name\" has a control character")
        if $said =~ /[\x00-\x1f\x7f]/;
    fail("$where: \"$name\" would be read as a pattern")
        if $said =~ /(?:\.\*|\*\*)$|^(?:app|alias):/;
    fail("$where: \"$name\" is longer than $name_max bytes")
        if do { utf8::encode(my $bytes = $said); length $bytes > $name_max };

    for my $url (urls_of($name, $value, $kind, $where)) {
        my ($pattern, $why) = pattern_of($url);

        if (!defined $pattern) {
            note("$where: \"$url\" of \"$name\" $why: left out");

        } elsif (!exists $owner{$pattern}) {
            $owner{$pattern} = "$kind $name";
            push @patterns, $pattern;

        } elsif ($owner{$pattern} ne "$kind $name") {
            note("$where: $pattern of \"$name\" is listed for"
                 . " \"$owner{$pattern}\" already: left out");
        }
    }

    if (@patterns == 0) {
        note("$where: nothing is left of \"$name\"");
        return;
    }

    return lines_of($said, key_of($name, $kind, $where), $kind, @patterns);
}


# ---- the run ---------------------------------------------------------------

usage() if @ARGV == 0 || grep { /^-/ } @ARGV;
eval { require YAML::XS } or
    fail('YAML::XS is missing: apt-get install libyaml-libyaml-perl');
binmode STDOUT, ':utf8';
binmode STDERR, ':utf8';

my @out = ("# Made by scripts/matomo-sources.pl from Matomo's public lists.\n");

for my $file (@ARGV) {
    my ($kind, $path) = $file =~ /^(search|social|ai)=(.*)$/s;

    if (!defined $kind) {
        $path = $file;
        my ($base) = lc($path) =~ m{([^/]*?)(?:\.ya?ml)?$};
        $kind = $files{$base} or
            fail("$path: which list is it? say search=, social= or ai="
                 . " in front of it");
    }

    my ($names, $line) = load($path);

    push @out, "\n";

    for my $name (sort { ($line->{$a} // 0) <=> ($line->{$b} // 0)
                         || $a cmp $b } keys %$names)
    {
        push @out, entry($name, $names->{$name}, $kind,
                         "$path:" . ($line->{$name} // 1));
    }
}

print @out;
close STDOUT or fail("cannot write: $!");
