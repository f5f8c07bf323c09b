# Copyright (C) ngx_journey_module contributors
#
# The command and logs that are no longer what the module wrote: damaged,
# changed while they are read, with clocks that jump and numbers out of range,
# with far too much of one thing.  Each command gives the numbers of what can
# be read, exactly, names what cannot, with its place, and ends with 1; never
# a wrong number, never a crash, in time and memory that grow with the input.
# And what the shell expects: readers that go away, full disks, Ctrl-C.
#
# ROBUST=1 adds what takes minutes and gigabytes: ten million visitors, a
# million events of one visitor through every command.
#
# The command is $ENV{JOURNEY}, else build/journey.

use strict;
use warnings;

use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Journey::Clock qw(has_read now took);
use Journey::Lines qw($command $dir journey journey_in journey_data
                      journey_start spew slurp path member foreign lines old);
use POSIX qw(mkfifo WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical;
my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $day = 86_400_000;

my $AT = qr/(?::\d+|: member at byte \d+, line \d+)/;

# Every command that counts, with what it needs.
my %COMMANDS = map { $_->[0] => [ @$_ ] }
               (map { [ $_ ] } qw(report channels campaigns phases goals paths
                                  retention content geo time direct)),
               [ 'funnel', '--funnel', '/,/products/*,goal:purchase' ],
               [ 'attribution', '--order', 4 ];

# What depends on when, or says what was wrong with the input.
sub same_numbers {
    my ($data) = @_;

    for (values %$data) {
        delete @$_{qw(bad_lines bad_members)} if ref eq 'HASH';
    }

    return $json->encode($data);
}

sub numbers {
    my ($name, @files) = @_;
    my ($data, $code, $err) = journey_data(@{ $COMMANDS{$name} }, '--json',
                                           @files);

    return (same_numbers($data), $code, $err);
}

sub ev {
    my ($t, $v, $j, $s, $k, %more) = @_;

    return { t => $T + $t, k => $k, h => 'shop.example', p => '/',
             (defined $v ? (v => $v, j => $j, s => $s) : ()), %more };
}


# ---- damage: the numbers of what can be read -------------------------------

# Visitors that never were, with all there is: touches, phases, goals, values,
# places, persons.
my ($rc, $shop, $said) = journey('simulate', '--visitors', 80, '--days', 60,
                                 '--seed', 7);
is($rc, 0, 'a log to be damaged') or BAIL_OUT($said);

my @shop = split /^/, $shop;
cmp_ok(scalar @shop, '>', 400, '... of some hundred lines');

my @broken = (
    "\n", "{\n", "{}\n", "nonsense\n", "[1,2]\n", "\xff\xfe\x00\x80\n",
    qq({"t":1}\n), qq({"k":"page"}\n), qq({"t":1,"k":"pag"}\n),
    qq({"t":1,"k":"page"\n), qq({"t":1,"k":"page"}}\n),
    qq({"t":1,"k":"page","p":"\0"}\n), qq({"t":1,"k":"page","v":7}\n),
    qq({"t":1,"k":"page","l":{"a":{"b":"c"}}}\n),
    qq({"t":1,"k":"page","zz":) . '[' x 100 . ']' x 100 . "}\n",
    qq({"t":1,"k":"page","zz":) . '{"a":' x 100 . '1' . '}' x 100 . "}\n",
    qq({"t":1,"k":"page","p":") . 'x' x 1_500_000 . qq("}\n),
    substr($shop[3], 0, 60) . "\n",
);
my $nbroken = @broken - 1;              # an empty line is no line

my (%clean, %torn);

$torn{'broken lines, plain'} = do {
    my @lines = @shop;

    splice @lines, 20 * $_ + 5, 0, $broken[$_] for 0 .. $#broken;
    [ join('', @lines), $nbroken, 0 ];
};

$torn{'broken lines, in a member'} =
    [ member(join '', @shop[0 .. 199], @broken)
      . member(join '', @shop[200 .. $#shop]), $nbroken, 0 ];

$torn{'broken lines, in another gzip'} =
    [ foreign(join '', @shop[0 .. 199], @broken, @shop[200 .. $#shop]),
      $nbroken, 0 ];

$torn{'torn members'} = do {
    my $tear = member(join '', map { $_ . rand } 1 .. 500);
    my $flip = $tear;

    substr($flip, length($flip) / 2, 1) ^= "\x10";
    [ member(join '', @shop[0 .. 99]) . substr($tear, 0, 400)
      . member(join '', @shop[100 .. 249]) . $flip . "\0" x 700
      . member(join '', @shop[250 .. $#shop]) . substr($tear, 0, 1000),
      0, 3 ];
};

$torn{'10 MB in a string'} =
    [ member(join('', @shop[0 .. 9])
             . qq({"t":$T,"k":"page","p":") . 'y' x 1e7 . qq("}\n)
             . join('', @shop[10 .. $#shop])), 1, 0 ];

my %whole;

# Other words for the same events.
$whole{'unknown keys'} = join '', map {
    s/\}$/,"zz":{"t":[1,{"v":"x"},[[[]]],null,true,-1.5e-300]},"":0,"tt":1}/r
} @shop;

$whole{'keys twice'} = join '', map {
    s/^\{/{"t":5,"k":"error","v":"cNobody","j":99,"s":99,"ch":"direct",/r
        =~ s/"ch":"direct",(?!.*"ch":)/"zz":"",/r
} @shop;

$whole{'keys in another order, with blanks'} = do {
    my $pretty = JSON::PP->new->utf8->space_before->space_after;

    join '', map { my $e = $json->decode($_);
                   my @keys = reverse sort keys %$e;
                   ' {' . join("\t, ", map { qq( "$_" : )
                                             . JSON::PP->new->allow_nonref
                                                       ->encode($e->{$_}) }
                                       @keys) . "} \r\n" } @shop;
};

$whole{'all characters escaped'} = join '', map {
    s{"((?:[^"\\]|\\.)*)"}{
        my $s = $json->allow_nonref->decode(qq("$1"));
        '"' . join('', map { sprintf '\\u%04x', ord } split //, $s) . '"'
    }ger
} @shop;

for my $name (sort keys %COMMANDS) {
    my ($want, $code) = numbers($name, spew($shop));

    is($code, 0, "$name: a sound log");
    $clean{$name} = $want;
}

for my $form (sort keys %whole) {
    my $log = spew($whole{$form});
    my @wrong = grep { my ($got, $code, $err) = numbers($_, $log);
                       $code || $got ne $clean{$_} } sort keys %COMMANDS;

    is("@wrong", '', "$form: the same numbers");
}

for my $form (sort keys %torn) {
    my ($text, $lines, $members) = @{ $torn{$form} };
    my ($log) = old(spew($text));
    my (@wrong, @silent);

    for my $name (sort keys %COMMANDS) {
        my ($got, $code, $err) = numbers($name, $log);

        push @wrong, $name if $got ne $clean{$name};
        push @silent, $name
            if $code != 1
               || (() = $err =~ /^journey: \Q$log\E$AT: (?!torn)/mg)
                  != $lines
               || (() = $err =~ /^journey: \Q$log\E: torn member at byte \d/mg)
                  != $members;
    }

    is("@wrong", '', "$form: the numbers of what is whole");
    is("@silent", '', "$form: each named with its place, exit code 1");

    my ($data) = journey_data('report', '--json', $log);
    is("@{ $data->{summary} }{qw(events bad_lines bad_members)}",
       scalar(@shop) . " $lines $members", "$form: counted");

    my ($check, $code) = journey_data('check', '--json', $log);
    is("$code $check->{check}{lines} " . @{ $check->{check}{torn} },
       '1 ' . @shop . " $members", "$form: check");

    # one visitor of it
    my ($v) = $shop[0] =~ /"v":"([^"]+)"/;
    my $mine = join '', grep { /"v":"\Q$v\E"/ } @shop;
    my ($rc, $out, $err) = journey('show', '--exact', '--json', $v, $log);
    my $shown = eval { $json->decode($out) };

    is($rc, 1, "$form: show");
    is(scalar @{ $shown->{show} || [] },
       (() = $mine =~ /\n/g), '... its lines');
}

{
    # tail goes on behind what was broken before it came (what breaks later it
    # names: t/tail.t)
    my ($log) = old(spew($torn{'broken lines, plain'}[0]));
    my $pid = journey_start(undef, 'tail', '--all', '--json', '--lines',
                            100_000, $log);
    my $until = now() + 60;

    sleep 0.05 while now() < $until
                     && (() = slurp(path('.out')) =~ /\n/g) < @shop;
    sleep 0.1;
    kill INT => $pid;
    waitpid $pid, 0;

    is($?, 0, 'tail of broken lines: ends by itself');
    is(slurp(path('.out')), $shop, '... shows the others as they are');
}


# ---- numbers out of range --------------------------------------------------

{
    my @bad = (
        [ 't' => '-1', 'not a whole number' ],
        [ 't' => '1.5', 'not a whole number' ],
        [ 't' => '1e3', 'not a whole number' ],
        [ 't' => '"5"', 'not a whole number' ],
        [ 't' => 'null', 'not a whole number' ],
        [ 't' => '9007199254740992', 'number too large' ],
        [ 't' => '281474976710656', 'number too large' ],
        [ 'pn' => '65536', 'number too large' ],
        [ 'pn' => '-1', 'not a whole number' ],
        [ 'pn' => '1e308', 'not a whole number' ],
        [ 's' => '4294967296', 'number too large' ],
        [ 'j' => '-7', 'not a whole number' ],
        [ 'wn' => '4294967296', 'number too large' ],
        [ 'ms' => '-1', 'not a whole number' ],
        [ 'st' => '99999999999999999999', 'number too large' ],
        [ 'val' => 'NaN', 'not a number' ],
        [ 'val' => '1e400', 'number too large' ],
        [ 'val' => '-1e291', 'number too large' ],
        [ 'val' => 'Infinity', 'not a number' ],
        [ 'done' => '2', 'number too large' ],
    );
    my $good = lines(ev(0, 'cA', 1, 1, 'page', ch => 'email', cc => 'DE',
                        fs => 20_779),
                     ev(1000, 'cA', 1, 1, 'goal', goal => 'purchase',
                        done => 1, val => 7, cur => 'EUR', w => ['email'],
                        wn => 1));
    my $bad = join '', map { qq({"k":"goal","t":$T,"$_->[0]":$_->[1]}\n) }
                       @bad;
    my $log = spew($good . $bad);
    my %said;

    for my $name (sort keys %COMMANDS) {
        my ($want) = numbers($name, spew($good));
        my ($got, $code, $err) = numbers($name, $log);

        is($code, 1, "numbers out of range: $name: exit code");
        is($got, $want, '... counts none of them');

        for (0 .. $#bad) {
            my $n = $_ + 3;
            $said{$_}++
                if $err =~ /^journey: \Q$log\E:$n: $bad[$_][2] at byte \d+$/m;
        }
    }

    is($said{$_}, keys %COMMANDS, "$bad[$_][0] $bad[$_][1]: $bad[$_][2]")
        for 0 .. $#bad;
}

{
    # the largest that there are, and values that sum up
    my @far = (
        ev(0, 'cA', 4294967295, 4294967295, 'page', t => 0, pn => 65535,
           ph => 'last', ms => 4294967295, st => 4294967295, fs => 4294967295,
           ch => 'email'),
        ev(0, 'cA', 4294967295, 4294967295, 'goal', t => 281474976710655,
           goal => 'g', ord => 'a', wn => 4294967295, w => ['email'],
           cur => 'EUR'),
        map { ev($_, "cB$_", 1, 1, 'goal', goal => 'g', ord => $_,
                 cur => 'EUR') } 1 .. 3,
    );
    my $text = lines(@far);

    $text =~ s/("ord":"?1"?)/$1,"val":1e290/;
    $text =~ s/("ord":"?2"?)/$1,"val":-5/;
    $text =~ s/("ord":"?3"?)/$1,"val":1e290/;
    $text =~ s/("ord":)(\d)/$1"$2"/g;

    my $log = spew($text);
    my ($r, $code, $err) = journey_data('report', '--json', $log);

    is($code, 1, 'the largest numbers: exit code');
    is(join('', grep { !/^journey: note: / } $err =~ /^.*\n/mg),
       "journey: retention: the input has more than 1500 periods; --period, "
       . "--since and --until make fewer\n", '... for this alone');
    is_deeply([ @{ $r->{summary} }{qw(events visitors sessions journeys
                                      conversions from until)} ],
              [ 5, 4, 4, 4, 4, 0, 281474976710655 ], '... are counted');
    cmp_ok(abs($r->{summary}{value} / 2e290 - 1), '<', 1e-9, '... summed');
    is_deeply([ map { [ @$_{qw(phase position journeys)} ] }
                @{ $r->{phases} } ], [ [ 'last', 65535, 1 ] ],
              '... a position');

    my @wrong = grep {
        my ($code, $out, $err) = journey(@{ $COMMANDS{$_} }, $log);
        $code > 1 || $code eq 'signal' || ($code && $err !~ /^journey: /m)
            || $out =~ /\b(?:inf|nan)\b/i
    } sort keys %COMMANDS;
    is("@wrong", '', '... in every table: exact or said');

    ($rc, my $out) = journey('report', '--html', '-', $log);
    is($rc, 0, '... and as a page');
    unlike($out, qr/[>" ](?:inf|nan|-?nan%|inf%)[<" ]/i, '... of numbers');
}


# ---- clocks ----------------------------------------------------------------

{
    # a clock that goes back within a session, and across sessions
    my @events = (
        ev(10_000, 'cA', 1, 1, 'page', p => '/b', ph => 'two', pn => 2),
        ev(0, 'cA', 1, 1, 'page', p => '/a', ph => 'one', pn => 1,
           ch => 'email'),
        ev(20_000, 'cA', 1, 1, 'goal', p => '/c', goal => 'g', done => 1,
           w => ['email'], wn => 1),
        ev(-3_600_000, 'cA', 1, 2, 'page', p => '/d', ch => 'direct'),
    );
    my ($r) = journey_data('report', '--json', spew(lines(@events)));

    is_deeply([ @{ $r->{summary} }{qw(events sessions journeys conversions
                                      from until)} ],
              [ 4, 2, 1, 1, $T - 3_600_000, $T + 20_000 ],
              'a clock that goes back: one session, one journey');
    is_deeply([ map { "$_->{path} $_->{entries} $_->{exits}" }
                sort { $a->{path} cmp $b->{path} } @{ $r->{pages} } ],
              [ '/a 1 0', '/b 0 1', '/d 1 1' ],
              '... pages in the order of their times');
    is_deeply([ map { $json->encode($_->{path}) } @{ $r->{paths} } ],
              [ '["direct","email"]' ], '... touches, too');

    # in whatever order the lines are
    my @shuffled = @events[2, 3, 0, 1];
    my ($again) = journey_data('report', '--json', spew(lines(@shuffled)));
    is(same_numbers($again), same_numbers($r), '... in any order of lines');

    # years ahead, and long ago: the ends of the data are what they are
    my @far = (@events[0 .. 2],
               ev(0, 'cB', 1, 1, 'page', t => 4_102_444_800_000,
                  ch => 'direct'),
               ev(0, 'cC', 1, 1, 'page', t => 1, ch => 'direct'));
    ($r) = journey_data('report', '--json', spew(lines(@far)));
    is_deeply([ @{ $r->{summary} }{qw(visitors sessions from until)} ],
              [ 3, 3, 1, 4_102_444_800_000 ], 'years ahead, years ago');
    ($r) = journey_data('report', '--json', '--since', '2026-11-01',
                        '--until', '2026-12-01', spew(lines(@far)));
    is_deeply([ @{ $r->{summary} }{qw(visitors events)} ], [ 1, 3 ],
              '... which --since and --until leave out');

    my $log = spew(lines(@far));
    my @failed = grep { my ($code, $out, $err) =
                            journey(@{ $COMMANDS{$_} }, $log);
                        $code > 1 || ($code == 1 && $err !~ /^journey: /m) }
                 sort keys %COMMANDS;
    is("@failed", '', '... no table fails without a word');
}


# ---- files that change while they are read ---------------------------------

my @halves = (join('', @shop[0 .. 149]), join('', @shop[150 .. 299]),
              join('', @shop[300 .. $#shop]));
my @members = map { member($_) } @halves;

# Reads a file that ends in the midst of something, for which it waits half a
# second; meanwhile, what happens.  Once more when that came later.
sub meanwhile {
    my ($path, $happens, @args) = @_;
    my $before = slurp($path);

    for (1 .. 20) {
        my $pid = journey_start(undef, @args, '--json', $path);
        my $read = has_read($pid, $path);
        my $took = took(sub { sleep 0.05; $happens->() });

        waitpid $pid, 0;
        last if $read && $took < 0.25;
        unlink $path;
        append($path, $before);
    }

    my $data = eval { $json->decode(slurp(path('.out'))) };
    my $code = $? & 127 ? "signal $?" : $? >> 8;

    return ($code, $data->{summary}, slurp(path('.err')));
}

sub append {
    my ($path, $data) = @_;

    open my $f, '>>:raw', $path or die;
    syswrite $f, $data;
    close $f;
}

{
    my $cut = length($members[1]) / 2;
    my $path = spew($members[0] . substr $members[1], 0, $cut);
    my ($code, $sum, $err) = meanwhile($path, sub {
        append($path, substr($members[1], $cut) . $members[2]);
    }, 'report');
    is("$code $sum->{events}", '0 ' . @shop, 'a file that grows: all of it');

    $path = spew($halves[0] . substr $halves[1], 0, length($halves[1]) - 30);
    ($code, $sum) = meanwhile($path, sub {
        append($path, substr($halves[1], -30));
    }, 'report');
    is("$code $sum->{events}", '0 300', '... plain, within a line');

    # cut: to nothing, and to less than was read
    for my $left (0, 100, length $members[0]) {
        $path = spew($members[0] . substr $members[1], 0, $cut);
        ($code, $sum, $err) = meanwhile($path, sub { truncate $path, $left },
                                        'report');
        is("$code $sum->{events}", '1 150', "cut to $left bytes: what was read")
            if $left < length $members[0];
        like($err, qr/^journey: \Q$path\E: torn member at byte \d+: the file was cut while it was read$/m,
             '... said') if $left < length $members[0];

        # nginx takes a half-written member back
        is("$code $sum->{events} $sum->{bad_members}", '0 150 0',
           'a torn end is taken back: nothing is lost')
            if $left == length $members[0];
    }

    $path = spew($halves[0] . 'x');
    ($code, $sum, $err) = meanwhile($path, sub { truncate $path, 0 },
                                    'report');
    is($code, 1, 'plain, cut to nothing');
    like($err, qr/cut while it was read/, '... said');

    $path = spew($members[0] . substr $members[1], 0, $cut);
    meanwhile($path, sub { truncate $path, 0 }, 'check');
    my $check = $json->decode(slurp(path('.out')));
    is("$check->{check}{lines} " . @{ $check->{check}{torn} }, '150 1',
       '... check says so, too');

    # replaced by another file: the one that was opened is read
    $path = spew($members[0] . substr $members[1], 0, $cut);
    ($code, $sum, $err) = meanwhile($path, sub {
        rename spew($members[2]), $path or die;
    }, 'report');
    is("$code $sum->{events} $sum->{bad_members}", '1 150 1',
       'replaced: the file that was opened');
    like($err, qr/torn member at byte @{[length $members[0]]}: it is cut/,
         '... and its torn end');

    # written anew in its place: nothing of either is counted twice or made up
    $path = spew($members[0] . substr $members[1], 0, $cut);
    ($code, $sum, $err) = meanwhile($path, sub {
        open my $f, '+<:raw', $path or die;
        truncate $f, 0;
        syswrite $f, foreign('x' x 10) . $members[1] . $members[2];
        close $f;
    }, 'report');
    is($code, 1, 'written anew while it is read: exit code');
    cmp_ok($sum->{events}, '>=', 150, '... what was read before counts');
    cmp_ok($sum->{events} - 150, '<=', @shop - 150, '... and whole members');
    cmp_ok($sum->{bad_members} + $sum->{bad_lines}, '>=', 1, '... said');
}

{
    # a writer that never stops: whole members, and never a bad one
    my $path = spew('');
    my $writer = fork() // die;

    if ($writer == 0) {
        open my $f, '>>:raw', $path or POSIX::_exit(1);
        my $end = time + 20;

        while (time < $end) {
            for (@members) {
                syswrite $f, $_, 200, 0;
                sleep 0.003;
                syswrite $f, $_, length($_) - 200, 200;
                sleep 0.02;
            }
        }

        POSIX::_exit(0);
    }

    my ($bad, $last, $grew) = (0, 0, 0);

    for (1 .. 15) {
        my ($data, $code) = journey_data('report', '--json', $path);
        my $n = $data->{summary}{events};

        $bad++ if $code || $n < $last
                  || !grep { $n % @shop == $_ } 0, 150, 300;
        $grew++ if $n > $last;
        $last = $n;
    }

    kill KILL => $writer;
    waitpid $writer, 0;

    is($bad, 0, 'a log that grows all the time: whole members, none bad');
    cmp_ok($grew, '>', 3, '... more and more');
}


# ---- too much of one thing -------------------------------------------------

# user and system time of children
sub spent { my (undef, undef, $user, $system) = times; $user + $system }

sub generate {
    my ($name, $n, $code) = @_;
    my $path = path($name);

    open my $f, '>:raw', $path or die;

    for (my $i = 0; $i < $n; $i += 1000) {
        print $f map { $code->($_) }
                 $i .. ($i + 1000 < $n ? $i + 999 : $n - 1);
    }

    close $f or die;
    return $path;
}

# One visitor: each third event is a touch of another campaign and source on
# another page, each third another goal.  Channels are some, as in any
# configuration: what one of many is worth takes a system of equations each.
sub one {
    my ($i) = @_;
    my $t = $T + 1000 * $i;
    my $s = 1 + int($i / 30);
    my $head = qq({"t":$t,"v":"cAAAAAAAAAAAAAAAA","j":1,"s":$s,"k":);

    return $i % 3 == 0 ? qq($head"page","h":"a","p":"/$i","ch":"c@{[$i % 20]}","src":"s$i","cmp":"m$i"}\n)
           : $i % 3 == 1 ? qq($head"page","h":"a","p":"/$i"}\n)
           : qq($head"goal","h":"a","goal":"g$i","ord":"o$i","val":1,"cur":"EUR"}\n);
}

my $large = $ENV{ROBUST} ? 1_200_000 : 300_000;
my $small = $large / 10;
my @one = (generate('one.small', $small, \&one),
           generate('one.large', $large, \&one));

for my $name ($ENV{ROBUST} ? sort keys %COMMANDS : qw(report content)) {
    my (@took, $data, $code);

    # the page of paths that all differ is 256 names a conversion: said
    for my $log (@one) {
        my $before = spent();
        ($code, my $out) = journey(@{ $COMMANDS{$name} }, '--limit', 3, $log);
        push @took, spent() - $before;
        is($code, 0, "one visitor, $name of $log");
    }

    # to be read by people: how long a machine takes is no pass or fail
    note(sprintf('%s: %d events of one visitor take %.2f s, %d take %.2f s',
                 $name, $small, $took[0], $large, $took[1]));
}

# Hosts with a phase of their own, goals in a currency of their own: clients
# decide how many there are.
for my $case (['hosts with phases', ['report', '--json', '--limit', 1],
               'page', sub { qq("h":"h$_[0]","p":"/","ph":"p$_[0]","pn":1) }],
              ['currencies', ['report', '--json', '--min-visitors', 5],
               'goal', sub { qq("h":"h","goal":"g","val":1,"cur":"E$_[0]") }])
{
    my ($what, $args, $kind, $more) = @$case;
    my @took;

    for my $n (4_000, 40_000) {
        my $log = generate("many.$n", $n, sub {
            my $v = sprintf 'c%016d', $_[0];
            my $t = $T + $_[0];
            qq({"t":$t,"v":"$v","j":1,"s":1,"k":"$kind",@{[$more->(@_)]}}\n);
        });
        my $before = spent();
        my ($code) = journey(@$args, $log);

        push @took, spent() - $before;
        is($code, 0, "$n $what: exit code");
    }

    note(sprintf('%s: 4,000 take %.2f s, 40,000 take %.2f s', $what, @took));
}

# Which hosts share a model is what their positions and phases say.
{
    my %phases = (one => [qw(p1 1 p2 2 p3 3)], two => [qw(p1 1 p2 2 p3 3)],
                  part => [qw(p2 2)], swapped => [qw(p3 1 p2 2 p1 3)],
                  moved => [qw(p1 5)], later => [qw(p7 7)]);
    my (@events, %of);

    for my $host (sort keys %phases) {
        my ($n, @rest) = (0, @{ $phases{$host} });

        while (my ($ph, $pn) = splice @rest, 0, 2) {
            push @events, { t => $T + ++$n, v => sprintf('c%016d', scalar @events),
                            j => 1, s => 1, k => 'page', h => $host, p => '/',
                            ph => $ph, pn => 0 + $pn };
        }
    }

    my ($r) = journey_data('phases', '--json', spew(lines(@events)));

    push @{ $of{$_->{host}} }, "$_->{phase} $_->{position} $_->{journeys}"
        for @{ $r->{phase_times} };
    is_deeply(\%of,
              { 'one, two, later and 1 more'
                    => ['p1 1 2', 'p2 2 3', 'p3 3 2', 'p7 7 1'],
                swapped => ['p3 1 1', 'p2 2 1', 'p1 3 1'],
                moved => ['p1 5 1'] },
              'models of hosts');
}

# Sites of as many visits are named in one order, whoever was read first.
{
    my @sites = map {
        my $log = spew(lines(map { { t => $T + 1, v => "c00000000000000$_",
                                     j => 1, s => 1, k => 'page',
                                     h => "$_.ex", p => '/' } } @$_));
        my ($code, $page) = journey('report', '--html', '-', $log);
        $page =~ m{Sites</dt><dd>(.*?)</dd>} ? $1 : $page;
    } [qw(bb cc)], [qw(cc bb)];

    is_deeply(\@sites, [('bb.ex, cc.ex') x 2], 'sites in the order of names');
}

# The rows of a table, read as text: there are many.
sub rows {
    my ($name, $log) = @_;
    my ($code, $out) = journey($name, '--csv', $log);
    my ($head, @rows) = split /\r\n/, $out =~ s/\r\n\r\n.*//sr;

    is($code, 0, "$name --csv: exit code");
    return map { [ split /,/ ] } @rows;
}

{
    my ($r, $code) = journey_data('report', '--json', '--limit', 1, $one[0]);
    my $third = $small / 3;
    my $each = $third / 20;

    is($code, 0, 'one visitor: exit code');
    is_deeply([ @{ $r->{summary} }{qw(events visitors sessions journeys
                                      conversions value)} ],
              [ $small, 1, $small / 30, 1, $third, $third ],
              '... and numbers');

    my @rows = rows('channels', $one[0]);
    is(scalar @rows, 20, '... a row for each channel');
    is((grep { "@$_[1, 2, 4 .. 6]" ne "$each 1 1 $each $each" } @rows), 0,
       '... with its touches and conversions');

    @rows = rows('campaigns', $one[0]);
    is(scalar @rows, $third, '... and each campaign');
    is((grep { "@$_[6 .. 10]" ne '1 1 1 1 1' } @rows), 0,
       '... with its visit, journey, conversion and value');

    @rows = rows('content', $one[0]);
    is(scalar @rows, 2 * $third, '... and each page');
    is((grep { $_->[3] != 1 } @rows), 0, '... visited once');

    @rows = rows('goals', $one[0]);
    is(scalar @rows, $third, '... and each goal');
    is((grep { "@$_[1 .. 4]" ne '1 0 1 EUR' } @rows), 0, '... reached once');
}

{
    # as many pages and channels, of as many visitors
    my $n = 100_000;
    my $log = generate('many', $n, sub {
        my $t = $T + 1000 * $_[0];
        sprintf(qq({"t":%d,"v":"c%016d","j":1,"s":1,"k":"page","h":"a",)
                . qq("p":"/%d","ch":"c%d","src":"s%d","fs":20779}\n), $t,
                ($_[0]) x 4);
    });

    my ($r, $code) = journey_data('report', '--json', '--limit', 1, $log);
    is($code, 0, 'as many pages and channels: exit code');
    is_deeply([ @{ $r->{summary} }{qw(events visitors sessions journeys)} ],
              [ ($n) x 4 ], '... and numbers');

    my @rows = rows('channels', $log);
    is(scalar @rows, $n, '... a row for each channel');
    is((grep { "@$_[1 .. 4]" ne '1 1 1 1' } @rows), 0, '... one of each');
    @rows = rows('content', $log);
    is(scalar @rows, $n, '... and each page');
    is((grep { $_->[3] != 1 } @rows), 0, '... visited once');
    @rows = rows('paths', $log);
    is(scalar @rows, $n, '... and each path');

    my ($rc, $out, $err) = journey('report', '--limit', 5, $log);
    is($rc, 0, '... as text');
    like($out, qr/and 99,995 more/, '... says what it leaves out');

    SKIP: {
        skip 'ROBUST=1: the page of so much', 4 if !$ENV{ROBUST};

        my $sold = generate('sold', $n, sub {
            sprintf(qq({"t":%d,"v":"c%016d","j":1,"s":1,"k":"goal","h":"a",)
                    . qq("goal":"g"}\n), $T + 1000 * $_[0] + 1, $_[0]);
        });

        ($rc, $out, $err) = journey('report', '--html', path('many.html'),
                                    $log, $sold);
        is($rc, 0, '... as a page');
        is($err, '', '... without a word');
        cmp_ok(-s path('many.html'), '<', 1 << 20, '... of at most 1 MB');
        like(slurp(path('many.html')), qr/without intervals/,
             '... says what it leaves out');
    }

    unlink $log, @one;
}

SKIP: {
    skip 'ROBUST=1: ten million visitors', 4 if !$ENV{ROBUST};

    my $n = 10_000_000;
    my $log = generate('visitors', $n, sub {
        sprintf(qq({"t":%d,"v":"c%016d","j":1,"s":1,"k":"page","h":"a",)
                . qq("p":"/","ch":"direct","fs":20779}\n),
                $T + 10 * $_[0], $_[0]);
    });
    my $said = path('time');
    my $out = `/usr/bin/time -f '%e %M' -o $said $command report --json $log`;
    my ($took, $kilobytes) = split ' ', slurp($said);
    my $r = $json->decode($out);

    diag(sprintf('%d visitors: %.1f s, %.0f MB', $n, $took,
                 $kilobytes / 1024));
    is(scalar(@{ $r->{channels} }), 1, 'ten million visitors: a channel');
    is_deeply([ @{ $r->{summary} }{qw(events visitors sessions journeys)} ],
              [ ($n) x 4 ], '... and numbers');
    is_deeply([ @{ $r->{channels}[0] }{qw(touches visitors sessions
                                          journeys)} ], [ ($n) x 4 ],
              '... of the channel, too');
    cmp_ok($kilobytes * 1024 / $n, '<', 200, '... in 200 bytes each');
    unlink $log;
}


# ---- readers that go away, disks that are full -----------------------------

my $plain = spew($shop, 'shop');
my ($visitor) = $shop[0] =~ /"v":"([^"]+)"/;
my %all = (%COMMANDS,
           check => ['check'], show => ['show', $visitor],
           simulate => ['simulate', '--visitors', 2000],
           page => ['report', '--html', '-'],
           json => ['report', '--json'], csv => ['report', '--csv']);

for my $name (sort keys %all) {
    my @args = (@{ $all{$name} }, $name eq 'simulate' ? () : $plain);

    # the exit code of a command that SIGPIPE ends is 141 in a shell, and a
    # reader that took all it wanted is no reason for a word
    my $said = path('said');
    my $codes = `bash -c '"\$@" 2>"$said" | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"' bash "$command" @{[map { "'$_'" } @args]}`;
    like($codes, qr/^(?:0|141)$/, "$name | head -n 1");
    unlike(slurp($said), qr/write|pipe/i, '... not a word of it');

    SKIP: {
        skip 'no /dev/full', 2 unless -c '/dev/full';

        my $pid = journey_start(sub { open STDOUT, '>', '/dev/full' or die },
                                @args);
        waitpid $pid, 0;
        is($? , 256, "$name > /dev/full: exit code 1");
        like(slurp(path('.err')), qr/^journey: cannot write to standard output: No space left on device$/m,
             '... said why');
    }
}

# A small disk of its own, where this machine lets have one; else the kernel's
# limit of a file's size alone.
sub leftovers {
    opendir my $d, $_[0] or die;
    return join ' ', sort grep { !/^\.\.?$/ } readdir $d;
}

my %writes = (
    'simulate --output' => ['simulate', '--visitors', 20_000, '--output',
                            'OUT'],
    'check --repair' => ['check', '--repair', 'OUT', 'BIG'],
    'report --html' => ['report', '--html', 'OUT', 'BIG'],
);

my ($big) = old(spew(join('', map { member(join '', map { s/"p":"\//"p":"\/@{[int rand 1e9]}/r } @shop) } 1 .. 30), 'big'));

for my $name (sort keys %writes) {
    my @args = map { $_ eq 'BIG' ? $big : $_ } @{ $writes{$name} };

    for my $disk ('tmpfs', 'RLIMIT_FSIZE') {
        my $folder = path("disk." . ++$_[0]);
        mkdir $folder or die;
        my @to = map { $_ eq 'OUT' ? "$folder/out" : $_ } @args;
        my $list = path('list');
        my $script = $disk eq 'tmpfs'
            ? 'mount -t tmpfs -o size=8k journey "$0" || exit 99; "$@"; code=$?; ls -A "$0" >' . $list . '; exit $code'
            : 'ulimit -f 4; "$@"; code=$?; ls -A "$0" >' . $list . '; exit $code';
        my $pid = fork() // die;

        if ($pid == 0) {
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', path('.err');
            exec(($disk eq 'tmpfs' ? ('unshare', '-m') : ()), 'bash', '-c',
                 $script, $folder, $command, @to) or die;
        }

        waitpid $pid, 0;
        my $code = $? >> 8;
        my $err = slurp(path('.err'));

        SKIP: {
            skip "no tmpfs can be mounted", 3
                if $disk eq 'tmpfs' && ($code == 99 || $err =~ /unshare/);

            is($code, 1, "$name, $disk: exit code");
            like($err, qr{/out"?: .*(?:No space left on device|File too large)},
                 '... said which, and why');
            is(slurp($list), '', '... nothing is left');
        }
    }
}


# ---- Ctrl-C ----------------------------------------------------------------

# A FIFO that gives a little and then waits: a long time of reading.
sub waiting {
    my ($n) = @_;
    my $fifo = path("fifo.$n");

    mkfifo($fifo, 0600) or die;
    return $fifo;
}

my $n = 0;

for my $signal ('INT', 'TERM', 'HUP') {
    for my $args ([ 'report' ], [ 'report', '--html', 'OUT' ],
                  [ 'attribution' ], [ 'check' ], [ 'channels', '--json' ])
    {
        my $folder = path('c.' . ++$n);
        my $fifo = waiting($n);
        mkdir $folder or die;

        my $pid = journey_start(sub { $SIG{$signal} = 'DEFAULT' },
                                (map { $_ eq 'OUT' ? "$folder/out" : $_ }
                                 @$args), $fifo);

        open my $to, '>:raw', $fifo or die;
        syswrite $to, $members[0];
        sleep 0.1;
        is(waitpid($pid, WNOHANG), 0, "@$args: reads");
        kill $signal => $pid;
        waitpid $pid, 0;
        close $to;

        is($? & 127, { INT => 2, TERM => 15, HUP => 1 }->{$signal},
           "... SIG$signal ends it, as a shell expects");
        is(leftovers($folder), '', '... nothing is left');
        is(slurp(path('.out')), '', '... nothing is printed');
    }
}

# while it writes
for my $signal ('INT', 'TERM') {
    my ($ended, $wrong) = (0, 0);
    my $folder = path("w.$signal");

    mkdir $folder or die;

    for my $i (1 .. 6) {
        my $pid = journey_start(sub { $SIG{$signal} = 'DEFAULT' },
                                'simulate', '--visitors', 20_000, '--output',
                                "$folder/out");
        sleep 0.02 * $i;
        kill $signal => $pid;
        waitpid $pid, 0;
        $ended++ if ($? & 127) == ($signal eq 'INT' ? 2 : 15);
        $wrong++ if leftovers($folder) ne '' && $? != 0;
        unlink "$folder/out";
    }

    cmp_ok($ended, '>', 0, "simulate --output: SIG$signal ends it");
    is($wrong, 0, '... and nothing is left');
}

{
    # many pictures: those that are there are whole
    my @args = ('link', '--base', 'https://shop.example/l', '--code', '--svg');
    my $folder = path('qr');

    mkdir $folder or die;

    my $pid = journey_start(sub { $SIG{INT} = 'DEFAULT' }, @args, "$folder/",
                            map { "/p/$_" } 1 .. 3000);
    my $until = now() + 60;

    sleep 0.005 while leftovers($folder) eq '' && now() < $until;
    kill INT => $pid;
    waitpid $pid, 0;

    my @torn = grep { !/^[^.].*\.svg$/ || slurp("$folder/$_") !~ m{</svg>\s*\z} }
               split / /, leftovers($folder);
    is("@torn", '', 'link --svg, interrupted: whole pictures and no others');

    $pid = fork() // die;

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', path('.err');
        exec 'bash', '-c', 'ulimit -f 1; exec "$@"', 'bash', $command, @args,
             "$folder/none.svg", '/a' or die;
    }

    waitpid $pid, 0;
    is($?, 256, 'link --svg, RLIMIT_FSIZE: exit code');
    like(slurp(path('.err')), qr/none\.svg" cannot be written: File too large/,
         '... said why');
    ok(!-e "$folder/none.svg", '... nothing is left');
}

SKIP: {
    skip 'no script(1)', 4 if system('command -v script > /dev/null') != 0;

    # on a terminal the line of progress is wiped
    for my $signal ('INT', 'TERM') {
        my $fifo = waiting("t$signal");
        my ($pidfile, $out) = (path('pid'), path("screen.$signal"));

        unlink $pidfile;
        my $screen = fork() // die;

        if ($screen == 0) {
            open STDIN, '<', '/dev/null';
            open STDOUT, '>', '/dev/null';
            $SIG{INT} = 'DEFAULT';
            exec 'script', '-q', '-f', '-c',
                 "echo \$\$ > $pidfile; exec $command report $fifo", $out
                or die;
        }

        open my $to, '>:raw', $fifo or die;

        for (1 .. 80) {
            syswrite $to, $members[$_ % 3];
            sleep 0.02;
            last if $_ > 30 && slurp($out) =~ /reading: /;
        }

        kill $signal => slurp($pidfile);
        waitpid $screen, 0;
        close $to;

        my $seen = slurp($out);
        like($seen, qr/\rreading: /, 'a terminal sees how far it is');
        like($seen =~ s/\R?Script done.*//sr, qr/\r\e\[K\s*(?:Session terminated.*)?\z/s,
             "... and SIG$signal leaves a clean line");
    }
}

done_testing();
