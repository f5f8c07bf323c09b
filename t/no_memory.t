# Copyright (C) ngx_journey_module contributors
#
# Memory that runs out: each allocation of a report fails once, those of
# libraries among them.  The command ends with a word, never by a signal, or
# prints what it always does, and leaves no page that is not whole.
#
# The command is $ENV{TEST_NGINX_JOURNEY_COMMAND}, else build/journey.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw($command $dir journey spew slurp lines id);
use Test::More;

my $source = spew(<<'C', 'fail.c');
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static unsigned long  calls, at;

static int
fails(void)
{
    static int  known;
    char       *value;

    if (!known) {
        known = 1;
        value = getenv("FAIL_AT");
        at = value ? strtoul(value, NULL, 10) : 0;
    }

    if (++calls != at) {
        return 0;
    }

    errno = ENOMEM;

    return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }

void *
calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}

__attribute__((destructor)) static void
count(void)
{
    char  text[32];
    int   n;

    if (getenv("FAIL_COUNT")) {
        n = snprintf(text, sizeof(text), "allocations: %lu\n", calls);
        (void) !write(2, text, n);
    }
}
C

plan(skip_all => 'no compiler, or another C library')
    if system("cc -shared -fPIC -O1 -w -o $dir/fail.so $source 2>/dev/null");

# The status of a run of which allocation number $at fails; 0: none.
sub run {
    my ($at, @args) = @_;
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        $ENV{LD_PRELOAD} = "$dir/fail.so";
        $at ? ($ENV{FAIL_AT} = $at) : ($ENV{FAIL_COUNT} = 1);
        exec $command, @args or die;
    }

    waitpid $pid, 0;
    return $?;
}

my $start = 1_795_000_000_000;
my @events;

for my $i (0 .. 9) {
    my %who = (v => id('c', $i), j => 1, s => 1, h => 'shop.example');
    my $t = $start + $i * 7_200_000;

    push @events, { %who, t => $t, k => 'page', p => "/p/$i", ph => 'look',
                    pn => 1, ch => $i % 2 ? 'email' : 'direct', cc => 'DE' };
    push @events, { %who, t => $t + 60_000, k => 'goal', p => '/done',
                    goal => 'buy', done => 1, val => 5, cur => 'EUR' }
        if $i % 3 == 0;
}

my $log = spew(lines(@events));
my $page = "$dir/page.html";

# What was made, but for the moment at which it was; undef for no page.
sub made {
    return if !-e $page && !-s "$dir/out";

    return slurp("$dir/out")
           . (-e $page ? slurp($page) =~ s{<dt>Made</dt><dd>[^<]*}{}r : '');
}

my ($code, undef, $err) = journey('report', $log);
die "report: $code $err" if $code;

if (run(0, 'report', $log) != 0) {

    # one with a sanitizer, which has an allocator of its own
    plan(skip_all => 'memory of this command cannot be made to fail');
}

for (['report', '--html', $page], ['report', '--json'], ['report'],
     ['attribution', '--bootstrap', 5], ['attribution', '--json'], ['time'])
{
    my @command = (@$_, $log);
    my $name = "@$_[0, 1 .. $#$_]" =~ s/ \Q$page\E//r;

    unlink $page;
    is(run(0, @command), 0, $name);

    my $good = made();
    my ($all) = slurp("$dir/err") =~ /^allocations: (\d+)$/m;

    cmp_ok($all // 0, '>', 100, '... allocations are counted');

    my (@signals, @silent, @other);
    my $told = 0;

    for my $n (1 .. $all) {
        unlink $page;

        my $code = run($n, @command);

        push @signals, "$n: " . ($code & 127) if $code & 127;
        # a page may lack the models, and says so then
        push @other, $n
            if ($code == 0 || -e $page) && made() ne $good
               && !($code == 256 && slurp($page)
                                    =~ m{>Left out: it could.*</html>\n\z}s);

        if ($code == 256) {
            $told++;
            push @silent, $n if slurp("$dir/err") !~ /^journey: /m;
        }
    }

    is("@signals", '', '... no signal ends it, whichever fails');
    is("@silent", '', '... what fails is said');
    is("@other", '', '... else it is the same, and no page a part');
    cmp_ok($told, '>', 50, '... memory did run out');
}

done_testing();
