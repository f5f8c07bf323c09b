# Copyright (C) ngx_journey_module contributors
#
# journey --memory: what memory has no room for is spilled to files, and every
# number is the one that memory alone gives.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw(:DEFAULT $command $dir);
use Test::More;

my $DAY = 86_400_000;
my $START = 1_795_000_000_000;

srand 20261122;

# Logs of visitors that are joined in every way there is, in an order that has
# little to do with time: so do threads get them, a member each.

my @channels = qw(direct email organic_search paid_search referral social);
my @paths = map { ("/p/$_", "/q/$_") } 1 .. 40;
my @orders = map { "o$_" } 1 .. 150;

sub some { return $_[int rand @_]; }

sub session {
    my ($v, $j, $s, $t, %more) = @_;
    my @events;
    my $host = some('shop.example', 'shop.example', 'blog.example');
    my @phases = $host =~ /blog/ ? qw(reading writing)
                                 : qw(awareness consideration decision);

    for my $i (0 .. int rand 6) {
        my $pn = 1 + int rand @phases;

        push @events, { t => $t, k => rand() < 0.05 ? 'error' : 'page',
                        v => $v, j => $j, s => $s, h => $host,
                        p => some(@paths), ph => $phases[$pn - 1], pn => $pn,
                        ms => int rand 900, st => 200,
                        cc => some(qw(DE FR IT)), rg => some(qw(A B)), %more,
                        $i == 0 ? (ch => some(@channels), src => some(qw(x y)),
                                   cmp => some(qw(k l)), why => 'utm') : () };
        $t += int rand 100_000;
        delete $more{$_} for qw(pv fs);
    }

    if (rand() < 0.25) {
        push @events, { t => $t, k => 'goal', v => $v, j => $j, s => $s,
                        h => $host, p => '/done', goal => some(qw(buy sign)),
                        rand() < 0.7 ? (done => 1) : (),
                        val => int(rand 10_000) / 100,
                        cur => some(qw(EUR EUR USD)),
                        rand() < 0.5 ? (ord => some(@orders)) : (),
                        w => [map { some(@channels) } 1 .. 2],
                        wn => 2 + int rand 3,
                        exists $more{u} ? (u => $more{u}) : () };
    }

    return @events;
}

my @events;

for my $n (1 .. 2000) {
    my $v = id(some('c', 'c', 'h'), "n$n");
    my $t = $START + int rand 40 * $DAY;
    my $day = int($t / $DAY);
    my @user = rand() < 0.3 ? (u => id('U', int rand 200)) : ();

    for my $s (1 .. 1 + int rand 4) {
        push @events, session($v, 1 + int($s / 3), $s, $t, fs => $day,
                              $s > 1 || rand() < 0.5 ? @user : ());
        $t += int rand 5 * $DAY;
    }

    # goes on as another one, in the midst of a session
    if (rand() < 0.2) {
        my $next = id('c', "m$n");
        push @events, session($next, 1, 1, $t, pv => $v, fs => $day);
    }

    # what another system reports, of a visitor, of a user, of nobody
    for my $whose ([v => $v], @user ? [@user] : [], []) {
        next if rand() > 0.1;
        push @events, { t => $t + 1000, k => 'goal', h => 'shop.example',
                        p => '/api', goal => 'buy', done => 1, val => 5,
                        cur => 'EUR', ord => some(@orders), @$whose };
    }

    push @events, { t => $t, k => 'page', h => 'shop.example',
                    p => some(@paths), ch => 'direct', why => 'none' }
        if rand() < 0.1;
    push @events, { t => $t + 5, k => 'pixel', h => 'shop.example', p => '/m',
                    v => $v, j => 1, s => 1, src => 'x', cmp => 'k' }
        if rand() < 0.1;
    push @events, { t => $t, k => 'page', h => 'shop.example', p => '/',
                    pf => 1 } if rand() < 0.02;
}

# by time, but for some that come late
@events = map { $_->[1] } sort { $a->[0] <=> $b->[0] }
          map { [$_->{t} + (rand() < 0.1 ? rand 3 * $DAY : 0), $_] } @events;

my $text = '';
our $log = '';

while (my @some = splice @events, 0, 97) {
    $text .= lines(@some);
    $log .= member(lines(@some));
}

($log) = old(spew($log));
my ($plain) = old(spew($text));

cmp_ok(length $text, '>', 3_000_000, 'more than memory has room for');

# strace would tell how much is written; the size of the process does here
sub both {
    my ($name, @args) = @_;
    my @whole = journey(@args, $log);
    my @spilled = journey(@args, '--memory', '1M', $log);

    # where nothing else is different, the name of the file is none
    is($whole[0], 0, "$name") or diag $whole[2];
    is($spilled[0], $whole[0], "$name, spilled: exit code");
    is($spilled[1], $whole[1], "$name, spilled: output");
    is($spilled[2], $whole[2], "$name, spilled: notes");
    cmp_ok(length $whole[1], '>', 60, "$name: there is some");
}

for my $table (qw(report channels campaigns phases goals paths attribution
                  content retention geo time direct))
{
    both("$table --json", $table, '--json');
    both($table, $table);
}

both('funnel', 'funnel', '--json', '--funnel', '/p/*,/q/*,goal:buy');
both('report --csv', 'report', '--csv', '--views');
both('retention by day', 'retention', '--json', '--period', 'day');
both("$_ --min-visitors", $_, '--json', '--min-visitors', 30)
    for qw(report goals geo retention content channels paths);
both('attribution by source', 'attribution', '--json', '--touch', 'source',
     '--order', 2, '--lookback', '5d');
both('goals of one kind', 'report', '--json', '--goal', 'sign', '--currency',
     'USD');
both('one host', 'report', '--json', '--host', 'blog.example');
both('bootstrap', 'attribution', '--json', '--bootstrap', 20);

# the page, which has its own tables, and the period before
my @pages = map { my ($rc, $out) = journey('report', '--html', '-', '--since',
                                          int(($START + 20 * $DAY) / 1000),
                                          @$_, $log);
                  is($rc, 0, 'page');
                  $out =~ s/<time[^>]*>[^<]*//g;
                  $out } [], ['--memory', '1M'];
s/generated[^<]*//gi for @pages;
ok($pages[0] eq $pages[1], 'report --html, spilled');

# what is no average: one visitor with half of all events; users that join all
# visitors, one after another; goals alone, of which most orders were reported
# before; a host, a page and a currency for each event
{
    my %skewed = (
        'one visitor' => sub {
            return { t => $START + 1000 * $_[0], k => 'page', h => 'a.example',
                     p => "/$_[0]", v => $_[0] % 2 ? id('c', 'hot')
                                                   : id('c', "n$_[0]"),
                     j => 1, s => 1 + int($_[0] / 20), ch => some(@channels) };
        },
        'all joined' => sub {
            return { t => $START + 1000 * $_[0], k => $_[0] % 9 ? 'page'
                     : 'goal', h => 'a.example', p => "/$_[0]",
                     v => id('c', 'n' . int($_[0] / 2)),
                     u => id('U', int(($_[0] + 1) / 2)), j => 1, s => 1,
                     ch => some(@channels), $_[0] % 9 ? () : (goal => 'buy') };
        },
        'loose goals' => sub {
            return { t => $START + 1000 * int rand 5000, k => 'goal',
                     goal => 'buy', done => 1, h => 'a.example', p => '/',
                     val => 1 + int rand 9, cur => 'EUR',
                     ord => 'o' . int rand 2000,
                     rand() < 0.8 ? (v => id('c', 'n' . int rand 900)) : (),
                     rand() < 0.3 ? (u => id('U', int rand 400)) : () };
        },
        'many names' => sub {
            return { t => $START + 1000 * $_[0], k => 'goal', goal => 'buy',
                     done => 1, h => "h$_[0].example", p => "/$_[0]",
                     v => id('c', 'n' . int rand 4000), j => 1, s => 1,
                     ch => some(@channels), src => "s$_[0]",
                     val => 2, cur => "C$_[0]", cc => "X$_[0]" };
        });

    for my $name (sort keys %skewed) {
        local ($log) = old(spew(lines(map { $skewed{$name}->($_) }
                                       1 .. 12_000)));

        both("$name, $_", $_, '--json') for qw(report attribution);
    }
}

# plain text, standard input
{
    my @whole = journey('report', '--json', $plain);
    my @spilled = journey_in($text, 'report', '--json', '--memory', '1M', '-');

    is($spilled[1], $whole[1], 'plain text, standard input');
}

# that it was spilled, and that nothing is left
{
    my $folder = path('spill');
    mkdir $folder or die;

    local $ENV{TMPDIR} = "$folder/none";
    my ($rc, $out, $err) = journey('report', '--json', '--memory', '1M', $log);

    is($rc, 1, 'no folder: exit code');
    is($out, '', 'no folder: no number');
    is($err, "journey: cannot make a file in \"$folder/none\" for what exceeds"
             . " --memory: No such file or directory\n", 'no folder: said');

    ($rc, $out) = journey('report', '--json', '--memory', '1G', $log);
    is($rc, 0, 'with room none is needed');

    $ENV{TMPDIR} = $folder;
    ($rc) = journey('report', '--json', '--memory', '1M', $log);
    is($rc, 0, 'a folder');

    opendir my $d, $folder or die;
    is(join(' ', grep { !/^\./ } readdir $d), '', 'nothing is left in it');
}

# a signal: no file, and no number that is wrong
{
    my $folder = path('spill');
    local $ENV{TMPDIR} = $folder;
    my %seen;
    my ($code, $whole) = journey('report', '--json', $log);

    for my $ms (5, 20, 40, 60, 90) {
        my $pid = journey_start(sub { $SIG{TERM} = 'DEFAULT' }, 'report',
                                '--json', '--memory', '1M', $log);

        select undef, undef, undef, $ms / 1000;
        kill TERM => $pid;
        waitpid $pid, 0;

        my $out = slurp("$dir/.out");

        # what was printed before is the begin of what there is
        ok($? == 15 ? index($whole, $out) == 0 : $out eq $whole,
           "ended after $ms ms") or diag $?, $out;
        $seen{$?}++;
    }

    ok($seen{15}, 'ended while it ran');

    opendir my $d, $folder or die;
    is(join(' ', grep { !/^\./ } readdir $d), '', 'nothing is left, either');
}

# a full disk: files of more than 100 kB are refused
{
    my $pid = fork() // die;

    if ($pid == 0) {
        open STDOUT, '>', path('full.out') or die;
        open STDERR, '>', path('full.err') or die;
        exec 'sh', '-c', 'ulimit -f 200; trap "" XFSZ; exec "$@"', 'sh',
             $command, 'report', '--json', '--memory', '1M', $log or die;
    }

    waitpid $pid, 0;
    is($? >> 8, 1, 'a full disk: exit code');
    is(slurp(path('full.out')), '', 'a full disk: no number');
    like(slurp(path('full.err')),
         qr/^journey: cannot write to a file in "[^"]+" what exceeds --memory:/,
         'a full disk: said');
}

# sizes
for my $case (['1', 'is too little: 1M at least'], ['1X', 'is no size'],
              ['', 'is no size'], ['M', 'is no size'], ['-1M', 'is no size'],
              ['1MB', 'is no size'], ['9999999999', 'is no size'])
{
    my ($rc, $out, $err) = journey('report', '--memory', $case->[0], $log);

    is($rc, 2, "--memory '$case->[0]'");
    like($err, qr/--memory.*\Q$case->[1]\E/, '... why');
}

is((journey('report', '--memory', $_, $log))[0], 0, "--memory $_")
    for qw(2000000 2000k 2000K 20M 1g);

done_testing();
