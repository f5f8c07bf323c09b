# Copyright (C) ngx_journey_module contributors
#
# journey check: files that are torn in every way, what is said of them, and
# what --repair makes of them.
#
# The command is $ENV{JOURNEY}, else build/journey.

use strict;
use warnings;

use Compress::Raw::Zlib;
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Compress::Gzip qw(gzip);
use Journey::Clock qw(has_read quick took);
use JSON::PP;
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);

my $journey = abs_path($ENV{JOURNEY} || $ENV{TEST_NGINX_JOURNEY_COMMAND}
                       || "$FindBin::Bin/../build/journey");

plan skip_all => 'no command: build/journey is not there'
    unless defined $journey && -x $journey;

my $dir = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical;
my $files = 0;
my $sanitized = `nm -D $journey 2>/dev/null` =~ /__asan_init/
                || ($ENV{ASAN_OPTIONS} // '') ne '';

$ENV{COLUMNS} = 100;


# ---- helpers ---------------------------------------------------------------

# An old file: nothing is going to be added to it.
sub spew {
    my ($data, $name) = @_;
    my $path = "$dir/" . ($name // 'log' . ++$files);

    open my $f, '>:raw', $path or die "$path: $!";
    print $f $data;
    close $f or die "$path: $!";
    utime 1_700_000_000, 1_700_000_000, $path or die;

    return $path;
}

sub slurp {
    my ($path) = @_;

    open my $f, '<:raw', $path or return undef;
    local $/;
    return scalar(<$f>) // '';
}

# In the child: where its input, output and errors go.
sub start {
    my ($in, @args) = @_;
    my $pid = fork() // die "fork: $!";

    return $pid if $pid;

    open STDIN, '<', $in or die;
    open STDOUT, '>', "$dir/out" or die;
    open STDERR, '>', "$dir/err" or die;
    # a shell's background job ignores SIGINT
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    exec @args or die "exec: $!";
}

sub finish {
    waitpid shift, 0;
    return $? & 127 ? "signal " . ($? & 127) : $? >> 8;
}

# (exit code, output, errors)
sub run {
    my $code = finish(start('/dev/null', $journey, @_));

    return ($code, slurp("$dir/out"), slurp("$dir/err"));
}

# (exit code, what is in "check", errors)
sub check {
    my ($code, $out, $err) = run('check', '--json', @_);
    my $data = eval { $json->decode($out)->{check} };

    fail("no JSON from @_: $out$err") unless defined $data;

    return ($code, $data, $err);
}

# The numbers that matter, as one string: exit code, members, lines, salvaged,
# broken lines, offsets of what is torn, bytes lost.
sub sum {
    my ($code, $c) = @_;

    return join ' ', $code, map({ $_ // 'null' }
                                @$c{qw(members lines salvaged bad_lines)}),
                     '[' . join(',', map { $_->{offset} } @{ $c->{torn} })
                     . ']', $c->{lost_bytes};
}

my $n = 0;

sub line {
    return sprintf '{"t":%d,"v":"cV%d","j":1,"s":1,"k":"page",'
                   . '"h":"shop.example","p":"/products/%d","ms":%d}' . "\n",
                   1_795_321_780_000 + 997 * ++$n, $n * 7919 % 1009,
                   $n * 31 % 977, $n % 60;
}

sub lines { return join '', map { line() } 1 .. shift }

# A member as the module writes it.
sub member {
    my ($text, %opt) = @_;
    my ($d) = Compress::Raw::Zlib::Deflate->new(-Level => $opt{level} // 1,
                  -WindowBits => -MAX_WBITS, -AppendOutput => 1);
    my $body = '';

    $d->deflate($text, $body);
    $d->flush($body);

    return pack('C10 v a2 v V', 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 8, 'JL', 4,
                $opt{length} // 20 + length($body) + 8)
           . $body
           . pack('V V', $opt{crc} // crc32($text), length($text) & 0xffffffff);
}

# A member as gzip writes it.
sub foreign {
    my ($text) = @_;
    my $out;

    gzip(\$text, \$out) or die;

    return $out;
}

# What gzip itself makes of a file: text, and not a complaint.
sub zcat {
    my ($path) = @_;
    my $text = `gzip -dc < '$path' 2>'$dir/zcat'`;

    return $? == 0 && slurp("$dir/zcat") eq '' ? $text : undef;
}

# Members by their JL; undef when they are not the whole of it.
sub members {
    my ($data) = @_;
    my @members;

    while (length $data) {
        return undef if substr($data, 0, 3) ne "\x1f\x8b\x08"
                        || substr($data, 12, 2) ne 'JL';
        my $len = unpack 'V', substr($data, 16, 4);
        return undef if $len < 28 || $len > length $data;
        push @members, substr $data, 0, $len, '';
    }

    return \@members;
}

sub leftovers {
    opendir my $d, $dir or die;
    return join ' ', grep { /^\.|\.journey$/ && !/^\.\.?$/ } readdir $d;
}

my $out = 'out';

sub repair {
    my ($path, @more) = @_;

    $out = "$dir/repaired" . ++$files;

    return check('--repair', $out, @more, $path);
}

my @text = map { lines(40) } 0 .. 3;
my @m = map { member($_) } @text;
my @f = map { foreign($_) } @text;


# ---- what is whole ---------------------------------------------------------

my $sound = spew(join '', @m);

is(sum(check($sound)), '0 4 160 0 0 [] 0', 'members of ours');
is(sum(check(spew(join '', @f))), '0 4 160 0 0 [] 0', 'members of others');
is(sum(check(spew($f[0] . $m[1] . $f[2]))), '0 3 120 0 0 [] 0', 'both');
is(sum(check(spew(join '', @text))), '0 0 160 0 0 [] 0', 'plain');
is(sum(check(spew($text[0] . $m[1] . $text[2]))), '0 1 120 0 0 [] 0',
   'plain lines before and behind a member');
is(sum(check(spew(''))), '0 0 0 0 0 [] 0', 'an empty file');
is(sum(check(spew("\n$text[0]\n\r\n"))), '0 0 40 0 0 [] 0', 'empty lines');
is(sum(check(spew(foreign(substr $text[0], 0, 333)
                  . foreign(substr $text[0], 333)))), '0 2 40 0 0 [] 0',
   'a line that goes over into the next member');
is((check($sound, $sound, spew($text[0])))[1]{files}, 3, 'several files');
is(join(' ', sort keys %{ (check($sound))[1] }),
   'bad_files bad_lines files lines lost_bytes members repaired salvaged torn',
   'the keys');

{
    my $code = finish(start($sound, $journey, 'check', '--json', '-'));
    is(sum($code, $json->decode(slurp("$dir/out"))->{check}),
       '0 4 160 0 0 [] 0', 'standard input');

    $code = system("cat '$sound' | '$journey' check --json - > '$dir/out'");
    is(sum($code, $json->decode(slurp("$dir/out"))->{check}),
       '0 4 160 0 0 [] 0', 'a pipe');
}


# ---- what is torn ----------------------------------------------------------

{
    my $at = length $m[0];
    my ($bad, $most) = (0, 0);

    # each byte of the header and of the trailer, some of the data
    for my $cut (1 .. 30, map({ 9 * $_ } 4 .. (length($m[1]) - 20) / 9),
                 length($m[1]) - 20 .. length($m[1]) - 1)
    {
        my ($code, $c, $err) = check(spew($m[0] . substr($m[1], 0, $cut)
                                          . $m[2], 'torn'));
        my $saved = $c->{salvaged};

        $bad++ unless $saved >= $most && $saved <= 40
                      && sum($code, $c) eq "1 2 80 $saved 0 [$at] $cut"
                      && $c->{torn}[0]{file} eq "$dir/torn"
                      && $err =~ m{^journey: \Q$dir/torn: torn member at byte $at: \E}m;
        $most = $saved;
    }

    is($bad, 0, 'a member cut at any place, others behind it');
    is($most, 40, 'and the more is there, the more is saved');

    $bad = 0;
    for my $cut (map { 23 * $_ } 1 .. (length($m[1]) - 1) / 23) {
        my ($code, $c) = check(spew($m[0] . substr($m[1], 0, $cut), 'torn'));
        $bad++ unless sum($code, $c)
                      eq "1 1 40 $c->{salvaged} 0 [$at] $cut";
    }

    is($bad, 0, 'a member cut at the end of the file');

    $bad = 0;
    for my $cut (map { 23 * $_ + 1 } 0 .. (length($m[0]) - 2) / 23) {
        my ($code, $c) = check(spew(substr($m[0], $cut) . $m[1], 'torn'));
        my $lost = length($m[0]) - $cut;
        $bad++ unless sum($code, $c) eq "1 1 40 0 0 [0] $lost";
    }

    is($bad, 0, 'a file that begins in the midst of a member');
}

# [what, data, exit code and numbers]
for (
    ['the header alone', $m[0] . substr($m[1], 0, 20),
     "1 1 40 0 0 [" . length($m[0]) . "] 20"],
    ['three bytes of a header', $m[0] . "\x1f\x8b\x08",
     "1 1 40 0 0 [" . length($m[0]) . "] 3"],
    ['two in a row', $m[0] . substr($m[1], 0, 30) . substr($m[2], 0, 25)
                     . $m[3],
     "1 2 80 0 0 [" . length($m[0]) . "," . (length($m[0]) + 30) . "] 55"],
    ['garbage between members', $m[0] . "garbage\x1f\x8b\x08\n" . $m[1],
     "1 2 80 0 0 [" . length($m[0]) . "] 11"],
    ['a member inside garbage', "\x01\x02" x 500 . $m[0] . "\xff" x 77,
     "1 1 40 0 0 [0," . (1000 + length $m[0]) . "] 1077"],
    ['a tail of NULs', $m[0] . "\0" x 5000,
     "1 1 40 0 0 [" . length($m[0]) . "] 5000"],
    ['a tail of NULs, plain', $text[0] . "\0" x 5000, "1 0 40 0 1 [] 5000"],
    ['nothing but NULs', "\0" x 5000, "1 0 0 0 1 [] 5000"],
    ['a length of 0', $m[0] . member($text[1], length => 0) . $m[2],
     "0 3 120 0 0 [] 0"],
    ['a member of others cut', $f[0] . substr($f[1], 0, 20) . $m[2],
     "1 2 80 0 0 [" . length($f[0]) . "] 20"],
) {
    my ($what, $data, $want) = @$_;

    is(sum(check(spew($data))), $want, $what);
}

{
    # the rest of a block that was never written: what came before is kept
    my $cut = int(length($m[1]) * 0.8);
    my ($code, $c) = check(spew(substr($m[1], 0, $cut) . "\0" x 3000 . $m[2]));
    my ($code2, $c2) = check(spew(substr($m[1], 0, $cut) . $m[2]));

    is($c->{salvaged}, $c2->{salvaged}, 'NULs in a member: as if it were cut');
    cmp_ok($c->{salvaged}, '>', 20, 'most of it is saved');
    is($c->{lost_bytes}, $cut + 3000, 'and the NULs are lost');
}

{
    # a length that lies; the member itself is whole
    for my $length (1, 19, 27, length($m[1]) - 1, length($m[1]) + 1,
                    length($m[1] . $m[2]), 40_000_000)
    {
        my ($code, $c) = check(spew($m[0] . member($text[1],
                                                   length => $length)
                                    . $m[2]));
        is(sum($code, $c), sprintf('1 2 80 40 0 [%d] %d', length $m[0],
                                   length $m[1]), "a length of $length");
    }

    # beyond what a member may be it is read as any gzip
    for my $length (0x7fffffff, 0xffffffff) {
        is(sum(check(spew($m[0] . member($text[1], length => $length)
                          . $m[2]))), '0 3 120 0 0 [] 0',
           "a length of $length");
    }
}

{
    # bits: whatever is saved is a line that was there
    my $bad = 0;
    my %was = map { $_ => 1 } split /^/, $text[1];

    for my $at (map { 20 + 17 * $_ } 0 .. (length($m[1]) - 21) / 17) {
        my $damaged = $m[1];
        substr($damaged, $at, 1) ^= chr(1 << $at % 8);

        my ($code, $c) = repair(spew($m[0] . $damaged . $m[2], 'torn'));
        my $text = zcat($out);
        my @kept = defined $text ? split /^/, $text : ();

        # two bits that follow the last block fill up its byte
        next if $code == 0 && $at == length($m[1]) - 9;

        my @wrong = grep { !$was{$_} } @kept[40 .. $#kept - 40];

        $bad++ unless $code == 1 && $c->{lines} == 80
                      && @kept == 80 + $c->{salvaged} && @wrong == 0;
    }

    is($bad, 0, 'a bit flipped at any place');

    # garbage instead of its rest: it may inflate to lines that are none
    my $spoilt = substr($m[1], 0, 400)
                 . join '', map { chr($_ * 7919 % 251) } 401 .. length $m[1];
    is((check(spew($m[0] . $spoilt . $m[2])))[1]{salvaged}, 0,
       'changed bytes: nothing is saved');

    # a sum that does not fit: one of the lines is wrong, nobody knows which
    my ($code, $c) = check(spew($m[0] . member($text[1], crc => 1) . $m[2]));
    is(sum($code, $c), sprintf('1 2 80 0 0 [%d] %d', length $m[0],
                               length $m[1]), 'a wrong sum: nothing is saved');
}

{
    # each is named, however many there are
    my ($code, $c, $err) = check(spew((substr($m[0], 0, 60)) x 300 . $m[1]));

    is(scalar @{ $c->{torn} }, 300, '300 torn members are all listed');
    is(scalar(() = $err =~ /: torn member at byte /g), 300,
       'and all are named');
    is(join(' ', sort keys %{ $c->{torn}[0] }), 'bytes file offset salvaged why',
       'with these keys');
    is($c->{torn}[7]{offset} . ' ' . $c->{torn}[7]{bytes}, '420 60',
       'place and length of one');
}

{
    # a pipe cannot be read twice
    my $path = spew($m[0] . substr($m[1], 0, 300) . $m[2]);
    my $code = system("cat '$path' | '$journey' check --json - > '$dir/out' "
                      . "2>'$dir/err'") >> 8;
    my $c = $json->decode(slurp("$dir/out"))->{check};

    is(sum($code, $c), sprintf('1 2 80 null 0 [%d] 300', length $m[0]),
       'a torn member in a pipe');
    is($c->{torn}[0]{salvaged}, undef, 'what can be saved is unknown');

    # but a file as standard input can, from where it stands
    my $at = length $m[0];
    $code = system("{ dd bs=$at count=1 of='$dir/skipped' status=none; "
                   . "'$journey' check --json -; } < '$path' > '$dir/out' "
                   . "2>'$dir/err'") >> 8;
    $c = $json->decode(slurp("$dir/out"))->{check};
    is(sum($code, $c), "1 1 40 $c->{salvaged} 0 [0] 300",
       'a file as standard input, from where it stands');
    cmp_ok($c->{salvaged}, '>', 0, 'a file as standard input can be');
}


# ---- broken lines ----------------------------------------------------------

{
    my $path = spew($text[0] . "nonsense\n" . $text[1] . '{"t":1}' . "\n");
    my ($code, $c, $err) = check($path);

    is(sum($code, $c), '1 0 80 0 2 [] 17', 'broken lines of a plain file');
    like($err, qr/^journey: \Q$path\E:41: not an object at byte 1$/m,
         'named with file and line');
    like($err, qr/^journey: \Q$path\E:82: no k/m, 'each of them');

    $path = spew($m[0] . member($text[1] . "nonsense\n"));
    ($code, $c, $err) = check($path);
    is(sum($code, $c), '1 2 80 0 1 [] 0', 'a broken line in a member');
    my $at = length $m[0];
    like($err, qr/^journey: \Q$path\E: member at byte $at, line 41: not an /m,
         'named with member and line');

    $path = spew($f[0] . foreign("nonsense\n" . $text[1]));
    ($code, $c, $err) = check($path);
    is(sum($code, $c), '1 2 80 0 1 [] 0', 'and in a member of others');

    ($code, $c, $err) = check(spew("x\n" x 1000), spew("y\n"));
    is($c->{bad_lines}, 1001, 'many broken lines are counted');
    like($err, qr/: and 980 more broken lines$/m, 'twenty of a file are named');
    like($err, qr/:1: not an object at byte 1\n\z/, 'and those of the next');

    ($code, $c) = check(spew($text[0] . '{"t":1,"k":"page","p":"'
                             . 'x' x 3_000_000 . "\"}\n" . $text[1]));
    is(sum($code, $c), '1 0 80 0 1 [] 3000026', 'an overlong line');

    ($code, $c) = check(spew(member($text[0] . '{"t":1,"k":"page","p":"'
                                    . 'x' x 9_000_000 . "\"}\n" . $text[1])));
    is(sum($code, $c), '1 1 80 0 1 [] 0', 'an overlong line in a member');
}

{
    my ($code, $c, $err) = check("$dir/missing", $sound, $dir);

    is("$code $c->{files} $c->{bad_files} $c->{lines}", '1 3 2 160',
       'files that cannot be read, and one that can');
    like($err, qr/missing: No such file.*\Q$dir\E: Is a directory/s,
         'they are named');
}


# ---- bombs -----------------------------------------------------------------

SKIP: {
    skip 'memory under a sanitizer tells nothing', 4 if $sanitized;

    my $zeros = "\0" x (200 << 20);
    my $line = line();
    my $many = $line x ((100 << 20) / length $line);

    for (['a bomb', member($zeros, level => 9), '1 1 0 0 1 [] 0'],
         ['a bomb of others', foreign($zeros), '1 1 0 0 1 [] 0'],
         ['a bomb with garbage behind it', member($zeros, level => 9) . 'x',
          undef],
         ['a bomb of lines', member($many, level => 9),
          '0 1 ' . length($many) / length($line) . ' 0 0 [] 0'])
    {
        my ($what, $data, $want) = @$_;
        my $path = spew($data, 'bomb');
        my $pid = start('/dev/null', 'bash', '-c',
                        'ulimit -v 400000; exec "$@"', 'bash', $journey,
                        'check', '--json', $path);
        my $code = finish($pid);
        my $c = eval { $json->decode(slurp("$dir/out"))->{check} };

        ok(defined $c && (defined $want ? sum($code, $c) eq $want
                                        : $code == 1 && $c->{members} == 1),
           "$what fits into 400 MB of addresses")
            or diag(defined $c ? sum($code, $c) : "$code " . slurp("$dir/err"));
    }
}


# ---- a file that is written meanwhile --------------------------------------

# What check says of a file to which something happens once it has read it.
# It waits for half a second: when the machine stops for longer, once more.

sub meanwhile {
    my ($there, $what, $want, $name) = @_;
    my $got;

    for (1 .. 20) {
        my $path = spew($there, 'live');

        # its time says that nothing will come; its lock says that it may
        open my $f, '>>:raw', $path or die;
        flock $f, LOCK_SH or die;

        my $pid = start('/dev/null', $journey, 'check', '--json', $path);
        has_read($pid, $path);
        sleep 0.1;              # it would have ended, did it not wait
        $what->($f);
        my $code = finish($pid);
        $got = sum($code, $json->decode(slurp("$dir/out"))->{check});
        last if $got eq $want;
    }

    is($got, $want, $name);
}

{
    # the second half of a member comes a moment later
    meanwhile($m[0] . substr($m[1], 0, 100),
              sub { syswrite $_[0], substr($m[1], 100) },
              '0 2 80 0 0 [] 0', 'a member that is being written is waited for');

    # a write that failed half-way is taken back, another one follows
    meanwhile($m[0] . substr($m[1], 0, 200), sub {
        truncate $_[0], length $m[0];
        syswrite $_[0], $m[2] . $m[3];
    }, '0 3 120 0 0 [] 0', 'a write that is taken back is no torn member');

    # taken back, and nothing follows
    meanwhile($m[0] . substr($m[1], 0, 200),
              sub { truncate $_[0], length $m[0] },
              '0 1 40 0 0 [] 0', 'nor one that is taken back for good');

    # it stays as it is: the wait ends, and the lock is left alone
    my $path = spew($m[0] . substr($m[1], 0, 200), 'live');
    open my $f, '>>:raw', $path or die;
    flock $f, LOCK_SH or die;

    my ($code, $c, $err);
    my $took = took(sub { ($code, $c, $err) = check($path) });

    like(sum($code, $c), qr/^1 1 40 \d+ 0 \[\d+\] 200$/,
         'what stays cut is torn');
    cmp_ok($took, '>', 0.3, 'but not at once');
    quick(5, 'soon', sub { check($path) }, 20);

    close $f;
    quick($sanitized ? 2 : 0.3, 'nobody has it open: at once',
          sub { check($path) });

    # other files' locks do not matter, members at work do: a writer that
    # appends all the time (it says so when it was kept from that)
    my ($torn, $stood) = (0, 1);

    for (1 .. 20) {
        last if !$stood;
        $path = spew('', 'live');
        my $writer = fork() // die;

        if ($writer == 0) {
            open my $w, '>>:raw', $path or POSIX::_exit(1);
            $w->autoflush;
            flock $w, LOCK_SH;

            my $longest = 0;

            for (1 .. 300) {
                my $half = int(length($m[1]) / 2);
                my $began = time;

                syswrite $w, substr($m[1], 0, $half);
                sleep 0.002;
                syswrite $w, substr($m[1], $half);
                $longest = time - $began if time - $began > $longest;
            }

            POSIX::_exit($longest < 0.3 ? 0 : 2);
        }

        $torn = 0;
        for (1 .. 5) {
            ($code, $c) = check($path);
            $torn += @{ $c->{torn} };
        }

        $stood = finish($writer);
        last if !$torn;
    }

    ok($stood eq '0' || !$torn, 'the writer is done');
    is($torn, 0, 'a file that grows in halves of members: none is torn');
}


# ---- repair ----------------------------------------------------------------

{
    my ($code, $c) = repair($sound);
    is(sum($code, $c), '0 4 160 0 0 [] 0', 'repair of what is whole: exit 0');
    is(slurp($out), slurp($sound), 'is a copy');
    is($c->{repaired}, $out, 'its name');

    my $damaged = $m[0] . substr($m[1], 0, 500) . $m[2] . 'garbage' . $m[3]
                  . "\0" x 999;
    my $path = spew($damaged);
    chmod 0640, $path;
    utime 1_700_000_000, 1_700_000_000, $path;
    my @before = (stat $path)[0 .. 7, 9, 10];

    ($code, $c, my $err) = repair($path);
    my $saved = $c->{salvaged};
    my $at = length $m[0];

    is(sum($code, $c), sprintf('1 3 120 %d 0 [%d,%d,%d] %d', $saved, $at,
                               length($m[0] . $m[2]) + 500,
                               length($m[0] . $m[2] . $m[3]) + 507, 1506),
       'repair of what is torn: exit 1');
    cmp_ok($saved, '>', 5, 'lines of it are saved');
    like($err, qr/ byte $at: [^;]+; 500 bytes lost, $saved lines salvaged$/m,
         'it says how many');

    my $members = members(slurp($out));
    ok($members && @$members == 4, 'four members, each with its length');
    is(join('', @$members[0, 2, 3]), $m[0] . $m[2] . $m[3],
       'those that were whole, byte for byte');
    is(zcat($out), $text[0] . join('', (split /^/, $text[1])[0 .. $saved - 1])
                   . $text[2] . $text[3], 'zcat reads it from end to end');
    is(sum(check($out)), sprintf('0 4 %d 0 0 [] 0', 120 + $saved),
       'and there is nothing wrong with it');
    is(slurp($path), $damaged, 'the source is as it was');
    is(join(' ', (stat $path)[0 .. 7, 9, 10]), join(' ', @before),
       'also its times, owner and mode');
    is((stat $out)[2] & 07777, 0640, 'the copy has its mode');
    is(join(' ', (stat $out)[4, 5]), join(' ', (stat $path)[4, 5]),
       'and its owner');
    is(leftovers(), '', 'nothing else is left');
}

{
    # the same of every kind of file: [what, data, text of the copy]
    my $broken = "nonsense\n";
    my @half = (substr($text[0], 0, 777), substr($text[0], 777));
    my $cut = substr($f[1], 0, 400);
    my ($code, $c) = check(spew($f[0] . $cut));
    my $saved = join '', (split /^/, $text[1])[0 .. $c->{salvaged} - 1];

    cmp_ok($c->{salvaged}, '>', 0, 'a cut member of others has lines');

    for (['plain lines', $text[0] . $broken . $text[1], $text[0] . $text[1],
          'plain'],
         ['a last line without newline', $text[0] . $text[1] =~ s/\n\z//r,
          $text[0] . $text[1], 'plain'],
         ['a last line that is cut', $text[0] . substr($text[1], 0, 50),
          $text[0], 'plain'],
         ['empty lines', "\n\n$text[0]\r\n\n", $text[0], 'plain'],
         ['an empty file', '', '', 'plain'],
         ['members of others', $f[0] . $f[1], $text[0] . $text[1]],
         ['a cut member of others', $f[0] . $cut . $m[2],
          $text[0] . $saved . $text[2]],
         ['a broken line in a member', $m[0] . member($text[1] . $broken
                                                      . $text[2]) . $m[3],
          join('', @text)],
         ['a broken line in a member of others',
          $f[0] . foreign($text[1] . $broken . $text[2]) . $f[3],
          join('', @text)],
         ['a line in two members', foreign($half[0]) . foreign($half[1]),
          $text[0]],
         ['a line in three members, one of them cut',
          foreign($half[0]) . foreign('') . foreign($half[1])
          . substr($f[1], 0, 400), $text[0] . $saved],
         ['a member without its last newline',
          member($text[0] =~ s/\n\z//r) . $m[1], $text[0] . $text[1]],
         ['a member of others without its last newline',
          foreign($text[0] =~ s/\n\z//r) . $m[1], $text[0] . $text[1]],
         ['half a line at the end of a member of others',
          foreign($half[0]) . $m[1],
          substr($half[0], 0, 1 + rindex $half[0], "\n") . $text[1]],
         ['plain lines, then members', $text[0] . $broken . $m[1] . $text[2],
          $text[0] . $text[1] . $text[2]],
         ['members, then plain lines', $m[0] . $text[1] . $broken . $text[2],
          $text[0] . $text[1] . $text[2]],
         ['a length that lies', $m[0] . member($text[1], length => 50)
                                . $m[2], $text[0] . $text[1] . $text[2]],
         ['NULs', "\0" x 100, '', 'plain'],
         ['much plain text behind a member', $m[0] . $text[1] x 200,
          $text[0] . $text[1] x 200],
         ['much plain text before a member', $text[1] x 200 . $m[0],
          $text[1] x 200 . $text[0]],
         ['a large torn member', substr(member($text[1] x 500), 0, -1),
          $text[1] x 500])
    {
        my ($what, $data, $want, $plain) = @$_;
        my $path = spew($data);
        my ($code, $c, $err) = repair($path);
        my $got = $plain ? slurp($out) : zcat($out);

        ok(defined $got && $got eq $want, "repair: $what")
            or diag("$code: " . sum($code, $c) . " $err");
        is($code, (check($path))[0], "$what: the exit code of a check");
        is((check($out))[0], 0, "$what: the copy is whole");
        is((check($out))[1]{lines}, $c->{lines} + $c->{salvaged},
           "$what: lines and salvaged lines");
        is(slurp($path), $data, "$what: the source is as it was");
    }

    # a member of others that is whole is copied byte for byte
    repair(spew($f[0] . substr($f[1], 0, 300) . $m[2] . $f[3]));
    is(substr(slurp($out), 0, length $f[0]), $f[0], 'a copied member');
    is(substr(slurp($out), -length $f[3]), $f[3], 'another one');
}


# ---- where the copy may not be ---------------------------------------------

{
    my $path = spew($m[0] . 'garbage');
    my $there = spew('mine');
    my $size = -s $path;

    symlink $path, "$dir/symlink" or die;
    link $path, "$dir/hardlink" or die;
    symlink "$dir/nowhere", "$dir/dangling" or die;
    mkdir "$dir/folder" or die;

    for (['the source', $path, qr/is the file to be repaired/],
         ['a symbolic link to it', "$dir/symlink",
          qr/is the file to be repaired/],
         ['a hard link to it', "$dir/hardlink", qr/is the file to be repaired/],
         ['the source by another way', "$dir/folder/../" . ($path =~ s{.*/}{}r),
          qr/is the file to be repaired/],
         ['a file that exists', $there, qr/exists/],
         ['a folder', "$dir/folder", qr/exists/],
         ['a link to nowhere', "$dir/dangling", qr/exists/])
    {
        my ($what, $to, $message) = @$_;
        my ($code, $stdout, $err) = run('check', '--repair', $to, $path);

        is("$code $stdout", '2 ', "to $what: exit 2");
        like($err, $message, "to $what: the message");
    }

    my ($code, $stdout, $err) = run('check', '--repair', $path,
                                    "$dir/symlink");
    is($code, 2, 'the source named by a link');

    is(-s $path, $size, 'the source is as it was');
    is(slurp($there), 'mine', 'the file that exists, too');
    ok(!-e "$dir/nowhere", 'nothing was made through a link');

    for ([['check'], qr/no FILE/],
         [['check', '--repair', "$dir/x"], qr/no FILE/],
         [['check', '--repair', "$dir/x", $path, $path], qr/takes one file/],
         [['check', '--repair', "$dir/x", '-'], qr/takes one file/],
         [['check', '--repair', "$dir/x", "$dir/folder"], qr/only a file/],
         [['check', '--repair'], qr/--repair needs a value/],
         [['check', '--since', '2026-01-01', $path], qr/unknown option/],
         [['report', '--repair', 'x', $path], qr/unknown option/])
    {
        my ($args, $message) = @$_;
        ($code, $stdout, $err) = run(@$args);
        is("$code $stdout", '2 ', "usage: @$args");
        like($err, $message, "usage: @$args: the message");
    }

    ($code, $stdout, $err) = run('check', '--repair', "$dir/x",
                                 "$dir/missing");
    is($code, 1, 'a missing source: exit 1');
    like($err, qr/missing: No such file/, 'it is named');
    ok(!-e "$dir/x", 'and no copy made');

    ($code, $stdout, $err) = run('check', '--repair', "$dir/no/x", $path);
    is($code, 1, 'a missing folder: exit 1');
    like($err, qr/No such file/, 'the message');
    is(leftovers(), '', 'nothing is left');
}

# a large file of which nothing can be had by chance: each line another
my $large = join '', map { member(lines(400)) } 1 .. 300;

{
    # a full disk: as seen by a process that may write no more
    my $path = spew($large, 'large');
    my $code = finish(start('/dev/null', 'bash', '-c',
                            'ulimit -f 64; exec "$@"', 'bash', $journey,
                            'check', '--repair', "$dir/full", $path));
    is($code, 1, 'no room for the copy: exit 1');
    like(slurp("$dir/err"), qr/--repair: "\Q$dir\E\/full": .*File too large/, 'the message');
    ok(!-e "$dir/full", 'no part of a copy under its name');
    is(leftovers(), '', 'nor under another');

    # a member that grows byte by byte keeps it at work, with the copy begun
    my $slow;
    my $grow = sub {
        $slow = spew($m[0] . substr($m[1], 0, 100), 'slow');
        my $pid = fork() // die;

        return $pid if $pid;

        open my $f, '>>:raw', $slow or POSIX::_exit(1);
        flock $f, LOCK_SH;

        for (1 .. 400) {
            syswrite $f, "\0";
            sleep 0.05;
        }

        POSIX::_exit(0);
    };

    # Its own file, under another name or none, is there: it has begun.  Not
    # begun, it has given up on what stopped growing.
    my $begun = sub {
        my $pid = shift;
        my $until = time + 60;

        while (time < $until) {
            return 1 if leftovers() ne ''
                        || grep { (readlink // '') =~ /^\Q$dir\E.*deleted\)$/ }
                                glob "/proc/$pid/fd/*";
            last if slurp("/proc/$pid/stat") =~ /^\d+ \(.*\) Z/;
            sleep 0.02;
        }

        return 0;
    };

    for my $signal ('INT', 'TERM', 'HUP') {
        my ($at_work, $code);

        for (1 .. 20) {
            my $grower = $grow->();
            my $pid = start('/dev/null', $journey, 'check', '--repair',
                            "$dir/killed", $slow);

            $at_work = $begun->($pid);
            kill $signal => $pid;
            $code = finish($pid);
            kill KILL => $grower;
            finish($grower);
            last if $at_work && $code =~ /^signal/;
            unlink "$dir/killed";
        }

        ok($at_work, "$signal: it is at work");
        like($code, qr/^signal/, "$signal ends it");
        ok(!-e "$dir/killed", "$signal: no part of a copy under its name");
        is(leftovers(), '', "$signal: nor under another");
    }

    # somebody else makes the file meanwhile
    my $ended;

    for (1 .. 20) {
        my $grower = $grow->();
        my $pid = start('/dev/null', $journey, 'check', '--repair',
                        "$dir/raced", $slow);

        my $begun = $begun->($pid);

        spew('mine', 'raced');
        kill KILL => $grower;
        finish($grower);
        $ended = finish($pid);
        last if $begun && $ended eq '1' && slurp("$dir/raced") eq 'mine';
        unlink "$dir/raced";
    }

    is($ended, 1, 'a file that was made meanwhile: exit 1');
    like(slurp("$dir/err"), qr/--repair: .*File exists/, 'the message');
    is(slurp("$dir/raced"), 'mine', 'it is not replaced');
    is(leftovers(), '', 'nothing is left');
}


# ---- as text ---------------------------------------------------------------

{
    my ($code, $text) = run('check', $sound);

    is($code, 0, 'text: exit 0');
    like($text, qr/^  files         1$/m, 'text: files');
    like($text, qr/^  torn members  0$/m, 'text: nothing is torn');
    unlike($text, qr/salvage|written/, 'text: no row about nothing');

    my $path = spew($large . substr($large, 0, 3000) . $m[0]);
    ($code, $text, my $err) = run('check', $path);
    is($code, 1, 'text: exit 1');
    like($text, qr/^  lines +120,040$/m, 'text: lines');
    like($text, qr/^  bytes lost +3,000$/m, 'text: what is lost');
    like($text, qr/^  lines to salvage  \d+$/m, 'text: what can be had back');
    like($err, qr/; 3,000 bytes lost, \d+ lines can be salvaged$/m,
         'text: the torn member');

    ($code, $text) = run('check', '--repair', "$dir/text", $path);
    like($text, qr/^  lines salvaged  \d+$/m, 'text: what was had back');
    like($text, qr/^  written         \Q$dir\E\/text$/m, 'text: the copy');
    unlike($text, qr/[\x00-\x09\x0b-\x1f]| $/m, 'text: no blanks, no controls');

    like((run('check', '--help'))[1], qr/--repair OUT/, 'text: help');
}

done_testing();
