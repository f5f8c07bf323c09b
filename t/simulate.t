# Copyright (C) ngx_journey_module contributors
#
# journey simulate: the same bytes for the same seed; lines that are what the
# module would have written, by a second reading of the rules; what is planted
# is there; and models of attribution find the order of the channels' worth
# that the last touch misses.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use JSON::PP ();
use Test::More;

my $conf = "$FindBin::Bin/../conf";
my $DAY = 86_400_000;
my $UNTIL = 1_793_491_200_000;          # 2026-11-01

sub simulate { return journey('simulate', @_); }

# One line, quickly; what it gives is compared with a reader of JSON below.
sub event {
    my ($line) = @_;
    my %e;

    $e{w} = [$1 =~ /"([^"]*)"/g] if $line =~ s/,"w":\[([^\]]*)\]//;
    $e{l} = { $1 =~ /"([^"]*)":"([^"]*)"/ } if $line =~ s/,"l":\{([^}]*)\}//;

    while ($line =~ /"(\w+)":(?:"([^"]*)"|([-.0-9]+))/g) {
        $e{$1} = defined $2 ? $2 : 0 + $3;
    }

    return \%e;
}



# ---- the same seed, the same bytes -----------------------------------------

my @small = ('--visitors', 2000, '--days', 60, '--seed', 7);
my ($code, $text, $said) = simulate(@small);

is($code, 0, 'a log');
my ($n, $visitors, $sessions, $touches, $purchases) =
    $said =~ /^journey: (\d+) events: (\d+) visitors, (\d+) sessions, (\d+) touches, (\d+) purchases; [\d.]+ s, \d+ events a second$/;
ok(defined $n, 'and what it holds is said') or diag($said);
is(($text =~ tr/\n//), $n, 'as many lines as events');
cmp_ok($n, '>', 5000, 'which are some');

{
    local $ENV{TZ} = 'Asia/Tokyo';
    local $ENV{LC_ALL} = 'de_DE.UTF-8';

    is((simulate(@small))[1], $text, 'again: the same bytes');
}

# These bytes are the same on every machine, and change with the model alone.
is(md5_hex($text), 'bb538eadd6144154e22072396c66086b', 'as they always were');

isnt((simulate(@small[0 .. 3], '--seed', 8))[1], $text, 'another seed');
is((simulate(@small, '--until', '2026-11-01'))[1], $text, 'the default end');

{
    my ($code, $early) = simulate(@small, '--until', '2026-10-31T12:30:00Z');
    my ($last) = sort { $b <=> $a } $early =~ /"t":(\d+)/g;

    is($code, 0, 'another end');
    cmp_ok($last, '<', $UNTIL - $DAY / 2 + 1_800_000, 'nothing is behind it');
    cmp_ok($last, '>', $UNTIL - $DAY, 'but much before');
}

my $file = path('small.log.gz');
($code, my $out, $said) = simulate(@small, '--output', $file);
is($code, 0, '--output');
is($out, '', 'nothing on standard output');
is(text($file), $text, 'the same lines in a file');
cmp_ok(scalar starts($file), '>', 1, 'of members with their lengths');

my $before = slurp($file);
($code, $out, $said) = simulate(@small, '--output', $file);
is($code, 2, 'a file that is there is left alone');
like($said, qr/^journey: --output: "\Q$file\E" exists$/, 'as is said');
ok(slurp($file) eq $before, 'as it was');

my ($check, $ccode) = journey_data('check', '--json', old($file));
is($ccode, 0, 'journey check finds all well');
is($check->{check}{lines}, $n, 'every line');
is($check->{check}{bad_lines}, 0, 'none is broken');

is((simulate('--visitors', 0))[1], '', 'nobody: an empty log');

{
    my ($code, $one, $said) = simulate('--visitors', 300, '--days', 1);

    is($code, 0, 'one day');
    cmp_ok(($one =~ tr/\n//), '>', 300, 'has lines');
    is((grep { $_ < $UNTIL - $DAY || $_ >= $UNTIL } $one =~ /"t":(\d+)/g) + 0,
       0, 'of that day');
}


# ---- what is refused -------------------------------------------------------

for (['--days', 0, qr/^journey: --days: "0" is not from 1 to 3660$/],
     ['--days', 3661, qr/^journey: --days: "3661" is not from 1 to 3660$/],
     ['--days', 'x', qr/^journey: --days: bad number "x"$/],
     ['--visitors', '-1', qr/^journey: --visitors: bad number "-1"$/],
     ['--seed', '', qr/^journey: --seed: bad number ""$/],
     ['--without', 'emial', qr/^journey: --without: "emial" is no channel of the simulation$/],
     ['--until', '1970-02-01', qr/^journey: --until: not all of the 90 days before it are from 1970 to 2099$/],
     ['--until', '2105-01-01', qr/^journey: --until: not all/],
     ['file.log', '-', qr/^journey: simulate takes no FILE, but --output$/])
{
    my ($one, $two, $why) = @$_;
    my ($code, $out, $err) = simulate($one, $two);

    is($code, 2, "$one $two");
    is($out, '', 'no lines');
    like($err, $why, 'why');
}

# more than is gathered before it is written, and less
for (3000, 50) {
    my $pid = journey_start(sub { open STDOUT, '>', '/dev/full' or die },
                            'simulate', '--visitors', $_);
    waitpid $pid, 0;
    is($? >> 8, 1, "$_ visitors, a full disk");
    is(slurp(path('.err')), "journey: cannot write to standard output: "
       . "No space left on device\n", 'is told, and nothing else');
}


# ---- every line ------------------------------------------------------------

my @events = map { event($_) } split /\n/, $text;
my @lines = split /\n/, $text;

is_deeply([map { event($_) } @lines[0 .. 199]],
          [map { JSON::PP->new->utf8->decode($_) } @lines[0 .. 199]],
          'lines are read as JSON is');

# Workers write in turn.
{
    my ($late, $most, $last) = (0, 0, 0);

    for (@events) {
        $late++ if $_->{t} < $last;
        $most = $last - $_->{t} if $last - $_->{t} > $most;
        $last = $_->{t} if $_->{t} > $last;
    }

    cmp_ok($late, '>', 0, 'lines are not sorted');
    cmp_ok($most, '<=', 5000, 'but come within a turn of the workers');
}

# The rules of sessions, touches and journeys, once more.
my (%state, %merged, %wrong, %seen);
my $TIMEOUT = 1800;
my $place = 0;

$_->{place} = $place++ for @events;
my @sorted = sort { $a->{t} <=> $b->{t} || $a->{place} <=> $b->{place} }
             @events;

sub wrong { my ($what, $e) = @_; push @{ $wrong{$what} }, $e->{place} + 1; }

for my $e (@sorted) {
    my $k = $e->{k};
    my $now = int($e->{t} / 1000);

    $seen{$k}++;

    if (!exists $e->{v}) {
        wrong('only views are without a visitor', $e) if $k ne 'pixel';
        next;
    }

    if (exists $e->{pv}) {
        $seen{pv}++;
        wrong('consent leads to a cookie', $e)
            if $e->{v} !~ /^c/ || $e->{pv} !~ /^h/ || !$state{$e->{pv}}
               || $state{$e->{v}};
        wrong('consent says first seen', $e) if !exists $e->{fs};
        $state{$e->{v}} = delete $state{$e->{pv}};
        $merged{$e->{pv}} = $e->{v};
    }

    my $s = $state{$e->{v}} ||= { j => 0, s => 0, touches => [], begin => $now };

    if ($k eq 'page' || $k eq 'click') {
        my $ended = !$s->{s} || ($now > $s->{last}
                                 && $now - $s->{last} >= $TIMEOUT);
        my $touch = $ended;

        if ($ended) {
            if (!$s->{s} || $s->{done}) {
                $s->{j}++;
                $s->{touches} = [];
                $s->{done} = 0;
            }

            $s->{s}++;
            $s->{last} = $now;

            # a hash of the day begins its visits on that day
            wrong('a hash lives for a day', $e)
                if $e->{v} =~ /^h/
                   && int($now / 86400) != int($s->{begin} / 86400);
            wrong('no first seen without a cookie', $e)
                if $e->{v} =~ /^h/ && exists $e->{fs};
            wrong('first seen begins a session', $e)
                if $e->{v} =~ /^c/ && !exists $e->{fs};

        } elsif (exists $e->{fs} && !exists $e->{pv}) {
            wrong('first seen within a session', $e);
        }

        my $from = join '|', map { defined $e->{$_} ? $e->{$_} : '' }
                                 qw(src med cmp);

        if (exists $e->{ch} && !$ended) {
            $seen{within}++;
            wrong('the same entry opens no touch', $e)
                if $from eq $s->{from} || $e->{ch} eq 'direct';
            $touch = 1;
        }

        wrong('a session begins with a touch', $e) if $touch != exists $e->{ch};

        if ($touch) {
            push @{ $s->{touches} }, $e->{ch};
            $s->{from} = $from;
        }
    }

    if ($k eq 'goal') {
        my @w = @{ $s->{touches} };

        splice @w, 1, @w - 16 if @w > 16;
        wrong('w are the touches so far', $e) if "@w" ne "@{ $e->{w} }";
        wrong('wn is their number', $e) if $e->{wn} != @{ $s->{touches} };
        $s->{done} = 1 if $e->{done};
        wrong('the goals', $e)
            if $e->{goal} eq 'purchase'
               ? $e->{p} ne '/checkout/done' || !$e->{done} || !$e->{val}
                 || $seen{"order $e->{ord}"}++ || $e->{val} !~ /^\d+(\.\d\d?)?$/
                 || $e->{cur} ne ($e->{cc} eq 'CH' ? 'CHF' : 'EUR')
               : $e->{p} ne '/newsletter/thanks' || $e->{done} || $e->{val};
    }

    $s->{last} = $now
        if $k =~ /^(page|click|goal)$/ && $now > $s->{last}
           && ($now - $s->{last}) * 6 >= $TIMEOUT;

    wrong('j', $e) if $e->{j} != $s->{j};
    wrong('s', $e) if $e->{s} != $s->{s};
    wrong('fs', $e)
        if exists $e->{fs} && $e->{fs} != int($s->{begin} / 86400);

    if ($k eq 'error') {
        wrong('a status of errors', $e) if $e->{st} !~ /^(404|500|503)$/;
        wrong('an error has no phase', $e) if exists $e->{ph};
    }

    wrong('phases and positions', $e)
        if exists $e->{ph}
           && ($seen{"phase $e->{ph}"} ||= $e->{pn}) != $e->{pn};
    wrong('a page takes time', $e) if $k eq 'page' && !$e->{ms};
    wrong('touches have a reason', $e)
        if $k ne 'pixel' && exists $e->{ch} != exists $e->{why};
    wrong('host and place', $e)
        if $e->{h} ne 'shop.example' || $e->{cc} !~ /^[A-Z]{2}$/ || !$e->{dev};
}

is(join('; ', map { "$_: lines @{ $wrong{$_} }[0 .. 0]" } sort keys %wrong),
   '', 'every line is what the rules make of it');

cmp_ok($seen{$_} || 0, '>', 10, "there are some of $_")
    for qw(page goal click pixel error pv within);

is((grep { exists $_->{ch} } @events) + 0, $touches, 'touches');
is((grep { $_->{done} } @events) + 0, $purchases, 'purchases');

{
    my (%v, %vs, %users);

    for (grep { exists $_->{v} } @events) {
        my $v = $merged{$_->{v}} || $_->{v};

        $v{$v} = 1;
        $vs{"$v $_->{s}"} = 1;
        $users{$_->{u}}{$v} = 1 if exists $_->{u};
    }

    is(scalar keys %v, $visitors, 'visitors');
    is(scalar keys %vs, $sessions, 'sessions');
    cmp_ok((grep { keys %$_ > 1 } values %users) + 0, '>', 3,
           'users with two browsers');

    my ($report, $code) = journey_data('report', '--json', old($file));

    is($code, 0, 'report');
    is($report->{summary}{events}, $n, 'finds the events');
    is($report->{summary}{sessions}, $sessions, 'the sessions');
    is($report->{summary}{conversions}, $purchases, 'the purchases');

    my $sum = 0;
    $sum += $_->{touches} for @{ $report->{channels} };
    is($sum, $touches, 'and the touches');
    is(join(' ', map { $_->{phase} } @{ $report->{phases} }),
       'awareness consideration decision retention advocacy', 'the phases');
}

# The entries are what the module would have made of the requests.
{
    my %entries;

    for my $e (grep { exists $_->{ch} && $_->{k} ne 'pixel' } @events) {
        my %entry = map { $_ => $e->{$_} }
                    grep { exists $e->{$_} } qw(ch src med cmp cid ref why);
        $entries{JSON::PP->new->canonical->encode(\%entry)} = \%entry;
    }

    my @keys = sort keys %entries;
    my $asked = '';

    for (map { $entries{$_} } @keys) {
        my @args = ($_->{cid} ? "$_->{cid}=x" : ());

        push @args, "utm_source=$_->{src}", "utm_medium=$_->{med}",
                    ($_->{cmp} ? "utm_campaign=$_->{cmp}" : ())
            if $_->{why} eq 'utm';

        $asked .= JSON::PP->new->canonical->encode({
            referrer => $_->{ref} ? "https://$_->{ref}/" : '',
            url => 'https://shop.example/?' . join('&', @args),
            agent => 'Mozilla/5.0 (X11; rv:132.0) Firefox/132.0' }) . "\n";
    }

    my $name = spew($asked);
    my $pid = journey_start(sub { open STDIN, '<', $name or die }, 'classify',
                            '--conf', $conf);
    waitpid $pid, 0;

    my @answers = map {
        my $a = JSON::PP->new->utf8->decode($_);
        delete @$a{qw(dev ph)};
        JSON::PP->new->canonical->encode($a);
    } split /\n/, slurp(path('.out'));

    cmp_ok(scalar @keys, '>', 25, 'there are many entries');
    is_deeply(\@answers, \@keys, 'as classify has them');
}


# ---- what is planted -------------------------------------------------------

my ($effects, $ecode) = journey_data('simulate', '--effects');
is($ecode, 0, '--effects');
is(join(' ', sort keys %$effects), 'effects model pages', 'three tables');

my %effect = map { $_->{channel} => $_ } @{ $effects->{effects} };
my %model = %{ $effects->{model} };
my %kind = map { $_->{kind} => $_ } @{ $effects->{pages} };
my $first = 0;

$first += $_->{first} for values %effect;
is(sprintf('%.3f', $first), '1.000', 'shares of first visits');
is($effect{direct}{logit} + $effect{direct}{lift}, 0, 'direct does nothing');

# A larger one: those lines that matter, of each visit the pages.
my @large = ('--visitors', 60000, '--seed', 3);
my $large = path('large.log.gz');
my (%share, %hours, %left, %slow, %visit, %tail, %touched, %paths);
my ($pages, $errors) = (0, 0);

($code, $out, $said) = simulate(@large, '--output', $large);
is($code, 0, 'a larger log');
my ($all) = $said =~ /(\d+) purchases/;

# Visits end in their last page or error; lines of one visitor are in order.
sub ended {
    my $last = delete $tail{$_[0]} or return;

    $left{$last->[0]}[1]++;
    $slow{$last->[1]}[1]++ if $last->[2];
}

{
    open my $f, '-|', 'gzip', '-dc', $large or die;

    while (<$f>) {
        my ($v, $j, $s) = /"v":"(\S{17})","j":(\d+),"s":(\d+)/ or next;
        my ($k) = /"k":"(\w+)"/;

        next if $k eq 'pixel' || $k eq 'click' && !/"ch":/;

        if (my ($ch) = /"ch":"(\w+)"/) {
            $share{$ch}++ if $j == 1 && $s == 1 && $v =~ /^c/
                             && !$visit{$v}++;
            push @{ $paths{"$v $j"}[0] }, $ch;
            $touched{"$v $j"}{$ch} = 1;
            $hours{int(/"t":(\d+)/ && $1 / 3_600_000) % 24}++;
        }

        if ($k eq 'goal') {
            $paths{"$v $j"}[1] = 1 if /"done":1/;
            next;
        }

        next if $k eq 'click';

        ended($v) if ($tail{$v} || [])->[3] && $tail{$v}[3] != $s;

        my ($p) = /"p":"([^"]*)"/;
        my $what = $k eq 'error' ? (/"st":404/ ? '404' : '5xx') : $p;

        $pages++ if $k eq 'page' && $tail{$v};
        $errors++ if $k eq 'error';

        my $is_slow = $k eq 'page' && /"ms":(\d+)/ && $1 >= 2000 ? 1 : 0;

        $left{$what}[0]++;
        $slow{$is_slow}[0]++ if $k eq 'page';
        $tail{$v} = [$what, $is_slow, $k eq 'page', $s];
    }

    close $f;
    ended($_) for keys %tail;
}

sub near {
    my ($value, $planted, $margin, $name) = @_;

    cmp_ok(abs($value - $planted), '<=', $margin,
           sprintf '%s: %.3f, planted %.3f', $name, $value, $planted);
}

my $firsts = 0;
$firsts += $_ for values %share;

# what would have been a first visit by affiliates is counted there, too
near($share{$_} / $firsts, $effect{$_}{first}, 0.02, "first visits by $_")
    for sort keys %effect;

cmp_ok($hours{20}, '>', 5 * $hours{3}, 'a day has its curve');
near($errors / ($pages + $errors), $model{error}, 0.002, 'errors');
near($left{404}[1] / $left{404}[0], $model{error_exit}, 0.03,
     'visits that a 404 ends');
near($left{'5xx'}[1] / $left{'5xx'}[0], $model{error_server_exit}, 0.03,
     'visits that a 5xx ends');
near($slow{1}[0] / ($slow{0}[0] + $slow{1}[0]), $model{slow}, 0.003,
     'slow answers');

my $fast = $slow{0}[1] / $slow{0}[0];
near($slow{1}[1] / $slow{1}[0], $fast + (1 - $fast) * $model{slow_exit}, 0.03,
     'visits that a slow answer ends');

near($left{$kind{$_}{path}}[1] / $left{$kind{$_}{path}}[0],
     $kind{$_}{exits} + (1 - $kind{$_}{exits}) * $model{slow}
                        * $model{slow_exit}, 0.03, "exits of $_")
    for qw(offer newsletter subscribed);
cmp_ok($left{'/lp/spring-offer'}[1] / $left{'/lp/spring-offer'}[0], '>', 0.95,
       'the dead end is one');


# ---- the truth, and who finds it -------------------------------------------

my @marketing = grep { $_ ne 'direct' } sort keys %effect;
my %truth = map {
    my ($code, $out, $said) = simulate(@large, '--without', $_, '--output',
                                       path("without-$_.gz"));
    unlink path("without-$_.gz");
    ($_ => $all - ($said =~ /(\d+) purchases/)[0]);
} @marketing, 'direct';

is($truth{direct}, 0, 'nothing is missing without direct');
cmp_ok($truth{$_}, '>', 0, "$_ brought $truth{$_} purchases") for @marketing;
cmp_ok($truth{affiliates}, '<', $all / 100,
       'affiliates bring nearly nothing that would not come anyway');

sub order { my %of = @_; return join ' ', sort { $of{$b} <=> $of{$a} } @marketing; }

my $truth = order(%truth);

# Conversion rates of journeys that a channel touched, one look without any
# model: the order of what a touch adds, where it is far apart.
{
    my (%with, %bought);

    for my $journey (keys %touched) {
        for (keys %{ $touched{$journey} }) {
            $with{$_}++;
            $bought{$_}++ if $paths{$journey}[1];
        }
    }

    my %rate = map { $_ => ($bought{$_} || 0) / $with{$_} } keys %with;

    is(join(' ', sort { $rate{$b} <=> $rate{$a} }
                 qw(email paid_search organic_search referral display)),
       'email paid_search organic_search referral display',
       'journeys touched by what adds more convert more often')
        or diag(join ' ', map { sprintf '%s %.3f', $_, $rate{$_} } keys %rate);
}

# Last touch and Shapley by hand, with direct left out.
{
    my (%last, %shapley);

    for (values %paths) {
        my ($touches, $converted) = @$_;
        my @path = grep { $_ ne 'direct' } @{ $touches || [] };

        next if !$converted || !@path;

        my %distinct = map { $_ => 1 } @path;
        $last{$path[-1]}++;
        $shapley{$_} += 1 / keys %distinct for keys %distinct;
    }

    is(order(%shapley), $truth, 'shares among those who took part find the '
       . 'order of the truth');
    isnt(order(%last), $truth, 'the last touch does not');

    my %place;
    @place{split ' ', order(%last)} = 1 .. @marketing;
    is((split ' ', $truth)[3], 'display', 'display is the fourth');
    cmp_ok($place{display}, '>', 5, 'which the last touch puts far behind');
}

# So do the models of the command.
{
    my %order;
    my ($models, $code) = journey_data('attribution', '--json', '--no-direct',
                                       '--order', 1, $large);

    is($code, 0, 'attribution');

    for my $model (keys %{ $models->{models} }) {
        $order{$model} = order(map { $_->{channel} => $_->{conversions} }
                               @{ $models->{models}{$model} });
    }

    is($order{$_}, $truth, "$_ finds the order of the truth")
        for qw(markov shapley counterfactual);
    isnt($order{$_}, $truth, "$_ does not")
        for qw(first last last_non_direct);

    # With direct among them: what it is given is what others brought.
    ($models) = journey_data('attribution', '--json', $large);
    $models = $models->{models};

    my %direct = map {
        my ($row) = grep { $_->{channel} eq 'direct' } @{ $models->{$_} };
        ($_ => $row->{conversions});
    } qw(last shapley);

    cmp_ok($direct{last}, '>', $all / 10,
           'the last touch gives direct, which brought nothing, much');
    cmp_ok($direct{shapley}, '<', 0.85 * $direct{last}, 'Shapley less of it');
}

done_testing();
