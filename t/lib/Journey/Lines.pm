package Journey::Lines;

# Copyright (C) ngx_journey_module contributors
#
# Journey logs made by hand, for tests of what the command does to lines: one
# folder for each test, gone at its end.
#
#     my $log = spew(member(lines($one, $two)) . member(lines($three)));
#     my ($code, $out, $err) = journey('erase', $id, $log);
#     is(text($log), lines($one, $three));

use strict;
use warnings;

use Compress::Raw::Zlib;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use IO::Compress::Gzip qw(gzip);
use IO::Uncompress::Gunzip ();
use JSON::PP ();
use Test::More ();

use base 'Exporter';

our @EXPORT = qw(journey journey_in journey_data journey_start spew slurp path
                 lines member foreign text starts id old);
our @EXPORT_OK = qw($command $dir);

our $command = abs_path($ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND}
                       || "$FindBin::Bin/../build/journey");

Test::More::plan(skip_all => 'no command: build/journey is not there')
    if !defined $command || !-x $command;

our $dir = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->utf8;
my $files = 0;

$ENV{COLUMNS} = 100;
delete $ENV{TZ};


sub path { return "$dir/$_[0]"; }

sub spew {
    my ($data, $name) = @_;
    my $path = path(defined $name ? $name : 'log' . ++$files);

    open my $f, '>:raw', $path or die "$path: $!";
    print $f $data;
    close $f or die "$path: $!";

    return $path;
}

sub slurp {
    open my $f, '<:raw', $_[0] or die "$_[0]: $!";
    local $/;
    my $data = <$f>;
    return defined $data ? $data : '';
}


# Runs in the background: its process.  before is run in it first.

sub journey_start {
    my ($before, @args) = @_;

    return begin('/dev/null', $before, @args);
}

sub begin {
    my ($input, $before, @args) = @_;
    my $pid = fork();

    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', $input or die;
        open STDOUT, '>', "$dir/.out" or die;
        open STDERR, '>', "$dir/.err" or die;
        $before->() if defined $before;
        exec $command, @args or die "exec: $!";
    }

    return $pid;
}


# (exit code, output, errors)

sub journey { return end(journey_start(undef, @_)); }


# The same; its standard input is a string.

sub journey_in {
    my ($input, @args) = @_;

    return end(begin(spew($input, '.in'), undef, @args));
}

sub end {
    waitpid $_[0], 0;
    my $code = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;

    return ($code, slurp("$dir/.out"), slurp("$dir/.err"));
}


# (JSON, exit code, errors)

sub journey_data {
    my ($code, $out, $err) = journey(@_);
    my $data = eval { $json->decode($out) };

    Test::More::fail("JSON from @_: $out$err") if !defined $data;

    return ($data, $code, $err);
}


# An id of a visitor: the letter, then as many of the others.

sub id {
    my ($letter, $n) = @_;

    return $letter . substr(('A' x 16) . $n, -16);
}

sub lines { return join '', map { $json->canonical->encode($_) . "\n" } @_; }


# A member as the module writes it; length: what it says of itself.

sub member {
    my ($text, %opt) = @_;
    my ($d) = Compress::Raw::Zlib::Deflate->new(-Level => 1,
                  -WindowBits => -MAX_WBITS, -AppendOutput => 1);
    my $body = '';

    $d->deflate($text, $body);
    $d->flush($body);

    return pack('C10 v a2 v V', 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 8, 'JL', 4,
                defined $opt{length} ? $opt{length} : 20 + length($body) + 8)
           . $body . pack('V V', crc32($text), length $text);
}


# A member as gzip writes it.

sub foreign {
    my ($text) = @_;
    my $out;

    gzip(\$text, \$out, -Time => 0) or die;
    return $out;
}


# What zcat says of a file of members, or the file.

sub text {
    my $data = slurp($_[0]);

    return $data if $data !~ /^\x1f\x8b/;

    my $text = '';
    my $z = IO::Uncompress::Gunzip->new(\$data, MultiStream => 1) or die;

    while (($z->read($text, 1 << 20, length $text) || 0) > 0) {
        # to its end
    }

    Test::More::fail("$_[0] is whole") if $z->error;

    return $text;
}


# Where the members of ours begin and how long they are by their header.

sub starts {
    my $data = slurp($_[0]);
    my ($at, @found) = (0);

    while ($at + 20 <= length $data
           && substr($data, $at, 3) eq "\x1f\x8b\x08"
           && substr($data, $at + 12, 2) eq 'JL')
    {
        my $len = unpack 'V', substr $data, $at + 16, 4;

        push @found, [$at, $len, substr $data, $at, $len];
        $at += $len;
    }

    Test::More::fail("$_[0]: not all of it is members") if $at != length $data;

    return @found;
}


# Nothing is going to be added to it: nobody waits for more.

sub old {
    utime 1_700_000_000, 1_700_000_000, @_ or die;

    return @_;
}

1;
