# Copyright (C) ngx_journey_module contributors
#
# journey report --html: a page that is well-formed, small, harmless and tells
# the numbers of report --json, whatever the log holds.  How a browser shows it
# is t/html_browser.t's.
#
# The command is $ENV{TEST_NGINX_JOURNEY_COMMAND}, else build/journey.

use strict;
use warnings;

use Digest::SHA qw(sha256_base64);
use Encode qw(decode FB_CROAK);
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw($command $dir journey spew slurp);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

my $json = JSON::PP->new;


# ---- helpers ---------------------------------------------------------------

# The page of these arguments, which must succeed.
sub page {
    my @args = @_;
    my ($rc, $out, $err) = journey('report', '--html', "$dir/page.html", @args);

    is($rc, 0, "page of $args[-1]") or diag $err;
    is($out . $err, '', '... and nothing else is said');

    my $bytes = slurp("$dir/page.html");
    my $text = eval { decode('UTF-8', my $copy = $bytes, FB_CROAK) };

    ok(defined $text, '... is UTF-8');
    cmp_ok(length $bytes, '<=', 1_000_000, '... of a megabyte at most');

    my $wrong = ill_formed($text // '');
    is($wrong, undef, '... is well-formed');

    my $bad = harmful($text // '');
    is($bad, undef, '... has no script and asks for nothing');

    return $text;
}

# What is not well-formed (as XML is, with one root), undef if nothing.
sub ill_formed {
    my ($text) = @_;
    my (@open, $roots, %ids);

    $text =~ s/\A<!DOCTYPE html>\n// or return 'no doctype';
    return 'a control character' if $text =~ /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
    return 'a character that is none' if $text =~ /[\x{fffe}\x{ffff}]/;

    # places in bytes are known, those in characters are counted
    utf8::encode($text);

    pos($text) = 0;

    while (pos($text) < length $text) {
        if ($text =~ /\G([^<>&]+)/gc) {
            return "text outside: $1" if !@open && $1 =~ /\S/;
            next;
        }

        next if $text =~ /\G&(?:amp|lt|gt|quot|#39);/gc;
        next if @open && $open[-1] eq 'style' && $text =~ /\G>/gc;

        if ($text =~ m{\G</([a-z][a-z0-9]*)>}gc) {
            my $last = pop @open // 'nothing';
            return "</$1> closes $last" if $last ne $1;
            next;
        }

        if ($text =~ m{\G<([a-zA-Z][a-zA-Z0-9]*)}gc) {
            my ($name, %seen) = ($1);

            while ($text =~ /\G\s+([a-zA-Z][-a-zA-Z0-9]*)="([^"<]*)"/gc) {
                my ($key, $value) = ($1, $2);

                return "<$name $key twice" if $seen{$key}++;
                return "<$name $key=\"$value\""
                    if $value =~ /&(?!(?:amp|lt|gt|quot|#39);)/;
                return "two ids $value" if $key eq 'id' && $ids{$value}++;
            }

            $roots++ if !@open;
            next if $text =~ m{\G/>}gc;

            push @open, $name;
            next if $text =~ /\G>/gc;
        }

        return 'at ' . substr $text, pos($text), 60;
    }

    return "open: @open" if @open;
    return "$roots roots" if $roots != 1;

    # what is pointed at is there
    for my $id ($text =~ /(?:href="#|url\(#)([^")]*)/g) {
        return "no id $id" if !$ids{$id};
    }

    for my $list ($text =~ /aria-labelledby="([^"]*)"/g) {
        for my $id (split ' ', $list) {
            return "no id $id" if !$ids{$id};
        }
    }

    return;
}

# What could run or fetch something.
sub harmful {
    my ($text) = @_;
    my ($csp) = $text =~
        m{<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>};
    my ($style, @more) = $text =~ m{<style>(.*?)</style>}gs;

    return 'no policy' if !defined $csp;
    return 'styles' if !defined $style || @more;
    return "policy: $csp" if $csp ne "default-src 'none'; style-src "
        . "'sha256-" . sha256_base64($style) . "='; base-uri 'none'; "
        . "form-action 'none'";
    return 'the policy comes late'
        if index($text, '<style>') < index($text, 'Content-Security-Policy');

    # within tags; what is text is text
    for my $tag ($text =~ /<[^>]*>/g) {
        return $tag if $tag =~ /^<(?:script|iframe|object|embed|link|img|form|
                                    base|foreignObject|use|image|a\s(?!href="\#))
                                /xi;
        return $tag if $tag =~ /\s(?:on\w+|style|src|srcset|xlink:href)=/i;
        return $tag if $tag =~ /href="(?!#)/i || $tag =~ /url\((?!#)/i;
        return $tag if $tag =~ m{https?:|javascript:|data:}i;
    }

    return 'the style fetches' if $style =~ /url\(|\@import|expression/;

    return;
}

# A table by its caption: rows of cells, as text.
sub table {
    my ($text, $caption) = @_;
    my ($body) = $text =~
        m{<caption>\Q$caption\E</caption>(.*?)</table>}s or return;

    return map {
        [ map { s/<[^>]*>//gr } m{<t[hd][^>]*>(.*?)</t[hd]>}gs ]
    } ($body =~ m{<tr[^>]*>(.*?)</tr>}gs);
}

sub plain {
    my ($text) = @_;

    return $text =~ s/[,\x{a0}]//gr;
}

my $start = 1_790_000_000_000;

# A line of the log.
sub line {
    my (%event) = @_;

    return $json->encode({ k => 'page', h => 'shop.example', p => '/',
                           %event }) . "\n";
}


# ---- a shop ----------------------------------------------------------------

# Two weeks; each visitor i has its day, channel and way.

sub shop {
    my ($from, $visitors, $tag) = @_;
    my @channels = qw(organic_search paid_search email direct ai_assistant
                      referral display affiliates sms my_partner);
    my $log = '';

    for my $i (0 .. $visitors - 1) {
        my %who = (v => sprintf('c%s%015d', $tag, $i), j => 1, s => 1,
                   cc => (qw(DE AT CH))[$i % 3]);
        my $t = $from + ($i % 14) * 86_400_000 + $i * 1000;
        my $channel = $channels[$i * 7 % ($i % 3 + 8)];

        $log .= line(%who, t => $t, ph => 'awareness', pn => 1, fs => 20_000,
                     ch => $channel, src => "s$channel",
                     $i % 5 ? () : (cmp => 'autumn', med => 'cpc'))
            if $i % 4;
        $log .= line(%who, t => $t + 10_000, ph => 'consideration', pn => 2,
                     p => "/products/" . $i % 80,
                     $i % 4 ? () : (ch => $channel, src => "s$channel"));
        next if $i % 3;

        $log .= line(%who, s => 2, t => $t + 86_400_000, p => '/cart',
                     ph => 'decision', pn => 3, ch => 'email',
                     src => 'newsletter', cmp => 'autumn');
        next if $i % 6;

        $log .= line(%who, s => 2, t => $t + 86_460_000, k => 'goal',
                     p => '/done', goal => 'purchase', done => 1,
                     val => 10 + $i % 7 / 4, cur => 'EUR', ord => "o$tag$i",
                     w => [$channel, 'email'], wn => 2);
    }

    return $log;
}

my $shop = spew(shop($start, 600, 'A'));
my $text = page($shop);
my (undef, $report) = journey('report', '--json', $shop);
$report = $json->decode($report);
$report->{geo} = $json->decode((journey('geo', '--json', $shop))[1])->{geo};


# ---- the numbers are those of report --json --------------------------------

my %tiles = $text =~
    m{<div class="tile"><span>([^<]*)</span><b>([^<]*)</b>}g;

is(plain($tiles{Visitors}), $report->{summary}{visitors}, 'visitors');
is(plain($tiles{Sessions}), $report->{summary}{sessions}, 'sessions');
is(plain($tiles{Journeys}), $report->{summary}{journeys}, 'journeys');
is(plain($tiles{Conversions}), $report->{summary}{conversions},
   'conversions');
is(plain($tiles{"Value\x{a0}EUR"}),
   sprintf('%.2f', $report->{summary}{value}), 'value');
like($text, qr/<dt>Sites<\/dt><dd>shop\.example</, 'the host');
like($text, qr/<dt>Period<\/dt><dd>2026-09-21 14:13 UTC \x{2013} /,
     'the period');

for my $case (['Channels', 'channels',
               qw(channel touches visitors sessions journeys conversions
                  value)],
              ['Countries', 'geo',
               qw(country visitors sessions journeys conversions - value)],
              ['Goals', 'goals',
               qw(goal conversions without_visitor value currency)],
              ['Phases', 'phases', qw(phase journeys - completed dropped
                                      open)])
{
    my ($caption, $name, @keys) = @$case;
    my (undef, @rows) = table($text, $caption);

    is(@rows, @{ $report->{$name} }, "$name: every row");

    for my $row (@{ $report->{$name} }) {
        my $cells = shift @rows;
        my @want = map {
            my $value = $_ eq '-' ? '-' : $row->{$_};

            /^(?:channel|phase)$/ ? ucfirst($value =~ s/_/ /gr
                                                   =~ s/^ai /AI /r
                                                   =~ s/^sms$/SMS/r)
                : $_ eq 'value' ? sprintf('%.2f', $value) : $value
        } @keys;
        my @got = map { plain($_) } @$cells;
        $got[2] = '-' if $name eq 'phases';
        $got[5] = '-' if $name eq 'geo';

        is("@got", "@want", "$name: $want[0]");
    }
}

{
    my ($head, @rows) = table($text, 'Pages');
    my $rest = pop @rows;
    my $sum = 0;

    $sum += plain($_->[2]) for @rows, $rest;

    is(@rows, 50, 'pages: a table of fifty');
    like($rest->[0], qr/^other \(\d+.rows\)$/, '... says what is cut');
    is($rest->[0] =~ /(\d+)/ && $1, @{ $report->{pages} } - 50,
       '... and how much');
    is($sum, eval { my $n = 0; $n += $_->{visits} for @{ $report->{pages} };
                    $n }, '... whose sum holds');

    ($head, @rows) = table($text, 'Paths');
    is(plain($rows[0][1]), $report->{paths}[0]{journeys}, 'paths: journeys');
    is($rows[0][0] =~ s/ \x{203a} /,/gr,
       join(',', map { ucfirst s/_/ /gr } @{ $report->{paths}[0]{path} }),
       'paths: the channels');

    ($head, @rows) = table($text, 'Campaigns');
    is($rows[0][0], 'autumn', 'campaigns');
    is(plain($rows[0][5]), $report->{campaigns}[0]{visits}, '... visits');
}

{
    my ($head, @rows) =
        table($text, 'Visitors, sessions and conversions over time');
    my @sum = (0) x 4;

    for my $row (@rows) {
        $sum[$_] += plain($row->[$_]) for 2, 3;
    }

    is(@rows, 15, 'over time: a row for each day');
    is($rows[0][0], '2026-09-21', '... by the day');
    is($sum[2], $report->{summary}{sessions}, '... sessions');
    is($sum[3], $report->{summary}{conversions}, '... conversions');

    my $days = () = $text =~ /<title>2026-\d\d-\d\d: [\d,]+\x{a0}visitors?</g;
    is($days, 15, '... and what the pointer finds');

    my $east = page('--tz', '+12:00', $shop);
    my ($again, @east) =
        table($east, 'Visitors, sessions and conversions over time');
    is($east[0][0], '2026-09-22', '... days of --tz');
    like($east, qr/2026-09-22 02:13 \+12:00/, '... and times');
}


# ---- attribution and retention ---------------------------------------------

{
    my (undef, $out) = journey('attribution', '--json', '--bootstrap', 200, $shop);
    my $models = $json->decode($out)->{models};
    my @names = qw(first last last_non_direct linear position time_decay
                   markov shapley counterfactual);
    my ($head, @rows) = table($text, 'Conversions by nine models');
    my %rows = map { $_->[0] => $_ } @rows;

    is(@rows, @{ $models->{markov} }, 'attribution: every channel');

    for my $i (0 .. $#names) {
        my $sum = 0;
        my @wrong;

        for my $row (@{ $models->{$names[$i]} }) {
            my $name = ucfirst($row->{channel} =~ s/_/ /gr =~ s/^ai /AI /r
                                               =~ s/^sms$/SMS/r);
            my $cell = plain($rows{$name}[$i + 1] // '');
            my ($credit, $low, $high) =
                $cell =~ /^([\d.]+) ([\d.]+)\x{2013}([\d.]+)$/;

            push @wrong, "$name: $cell"
                if !defined $high
                   || abs($credit - $row->{conversions}) > 0.0051
                   || abs($low - $row->{conversions_low}) > 0.0051
                   || abs($high - $row->{conversions_high}) > 0.0051;
            $sum += $credit // 0;
        }

        is("@wrong", '', "... $names[$i], with its intervals");
        cmp_ok(abs($sum - $report->{summary}{conversions}), '<', 0.1,
               '... adds up');
    }

    # Four weeks; who first came in one of them and was back.
    my $log = '';

    for my $i (0 .. 99) {
        my %who = (v => sprintf('c%016d', $i), j => 1, p => '/');
        my $t = $start + ($i % 4) * 7 * 86_400_000;

        $log .= line(%who, s => 1, t => $t, ch => 'direct',
                     fs => int($t / 86_400_000));
        $log .= line(%who, s => 2, t => $t + 7 * 86_400_000, ch => 'direct')
            if $i % 4 < 3 && $i % 5 == 0;
    }

    my $back = spew($log);
    my $page = page($back);
    my ($body) = $page =~ m{<table class="heat".*?<tbody>(.*?)</tbody>}s;
    # of what telephones see in its place, nothing
    $body =~ s{<small class="more">.*?</small>|<span class="i">\d+</span>}{}g;

    my @heat = map { [ map { s/<[^>]*>//gr } m{<t[hd][^>]*>(.*?)</t[hd]>}gs ] }
               $body =~ m{<tr>(.*?)</tr>}gs;

    is(@heat, 4, 'retention: four weeks');
    is("$heat[0][0] $heat[0][1] $heat[0][2] $heat[0][3]",
       "2026-09-21 25 20.0\x{a0}% 0.0\x{a0}%", '... who came, who came back');

    (undef, $out) = journey('retention', '--json', $back);
    my %share = map { ("$_->{cohort} $_->{period}" => $_->{share}) }
                    @{ $json->decode($out)->{retention} };
    my @wrong;

    for my $row (@heat) {
        for my $k (1 .. $#$row - 1) {
            next if $row->[$k + 1] eq '';
            my ($share) = $row->[$k + 1] =~ /^([\d.]+)/;
            push @wrong, "$row->[0] $k"
                if abs($share - 100 * $share{"$row->[0] $k"}) > 0.051;
        }
    }

    is("@wrong", '', '... as "journey retention" has it');
}


# ---- phases and time -------------------------------------------------------

{
    # a configuration with phases, for the gaps
    mkdir "$dir/conf" or die;
    spew("journey_phases { awareness / /blog/; consideration /products/;\n"
         . "decision /cart; advocacy /reviews/; }\n", 'conf/journey.conf');

    my ($rc, $none, $err) = journey('simulate', '--visitors', 1500, '--days',
                                    90, '--seed', 7, '--output',
                                    "$dir/made.gz");
    is($rc, 0, 'a log of three months') or diag $err;

    my @conf = ('--conf', "$dir/conf");
    my @steps = ('--funnel', '/products/*,/cart,goal:purchase',
                 '--window', '30d');
    my $page = page(@conf, @steps, "$dir/made.gz");
    my $data = sub { return $json->decode((journey(@_, '--json', @conf,
                                                   "$dir/made.gz"))[1]) };

    # the funnel of steps
    my $funnel = $data->('funnel', @steps)->{funnel};
    my ($head, @rows) = table($page, 'Steps');
    is(join(' ', map { $_->[0] . '=' . plain($_->[1]) } @rows),
       join(' ', map { "$_->{name}=$_->{visitors}" } @$funnel),
       'steps: who came to them');
    like($page, qr/<a href="#steps">/, '... are a section');
    unlike($text, qr/id="steps"|#steps/, '... if they are asked for');

    # moves: the shares of those that went from a phase, and when half had
    my $phases = $data->('phases');
    my ($body) = $page =~ m{<section id="moves".*?<tbody>(.*?)</tbody>}s;
    my @names = map { $_->{phase} } @{ $phases->{phase_times} };
    my @cells = map { [ m{<t[hd][^>]*>(.*?)</t[hd]>}gs ] }
                $body =~ m{<tr>(.*?)</tr>}gs;
    my (@wrong, $moves);

    for my $move (@{ $phases->{transitions} }) {
        my ($from) = grep { $names[$_] eq $move->{from} } 0 .. $#names;
        my ($to) = grep { $names[$_] eq $move->{to} } 0 .. $#names;
        my ($share, $whole) = $cells[$from][2 + $to]
            =~ /^<span class="x">([\d.]+)\x{a0}%<\/span><span class="i">(\d+)</;

        $moves++;
        push @wrong, "$move->{from} $move->{to}"
            if abs(($share // -9) - 100 * $move->{share}) > 0.051
               || abs($whole - 100 * $move->{share}) > 0.51;
    }

    is("@wrong", '', 'moves: the share of each');
    my $filled = () = $body =~ /class="i"/g;
    is($filled, $moves, '... and no other');
    cmp_ok($moves, '>', 9, '... which are many');
    is($cells[0][-1], sprintf('%.0f s', $phases->{phase_times}[0]{median}
                                        / 1000),
       '... half go on after');

    # direct
    my $direct = $data->('direct')->{direct};
    ($head, @rows) = table($page, 'Direct touches');
    is(join(' ', map { plain("$_->[1]") } @rows),
       join(' ', map { $_->{touches} } @$direct), 'direct: touches');
    like($page, qr/Coming again<small>/, '... by what they are');

    # the curve at its marks
    my $time = $data->('time');
    my @points = @{ $time->{time} };
    my %unit = (min => 60_000, h => 3_600_000, d => 86_400_000);
    my $marks = 0;
    ($head, @rows) = table($page, 'Converted within');
    pop @rows;
    @wrong = ();

    for my $row (@rows) {
        my ($n, $unit) = $row->[0] =~ /^(\d+) (\w+)$/ or next;
        my ($point) = grep { $_->{time} <= $n * $unit{$unit} }
                      reverse @points;
        my @want = map { 100 * (1 - ($point->{$_} // $point->{left})) }
                   qw(left high low);

        $marks++;
        push @wrong, "$row->[0]: @$row, not @want"
            if grep { abs(($row->[$_ + 1] =~ /([\d.]+)/)[0] - $want[$_])
                      > 0.051 } 0 .. 2;
    }

    is("@wrong", '', 'time to conversion: the curve');
    cmp_ok($marks, '>', 5, '... at its marks');
    like($page, qr/<b>\Q@{[ $time->{time_summary}{journeys}
                            =~ s{(?<=\d)(?=\d{3}\z)}{,}r ]}\E\x{a0}journeys/,
         '... of how many');

    # the path of the line rises only, from the left edge to the right one
    my ($line) = $page =~ m{<section\ id="conversion-time".*?
                            class="line\ s0"\ d="M0\ ([^"]*)"}xs;
    my @y = ($line =~ /^([\d.]+)/, $line =~ /V([\d.]+)/g);
    is((grep { $y[$_] > $y[$_ - 1] } 1 .. $#y), 0, '... which never falls');
    like($line, qr/H1000V[\d.]+$/, '... up to the end');

    # Ten that convert after a day each: half have, and it is marked.
    my $log = '';

    for my $i (0 .. 9) {
        my %who = (v => sprintf('c%016d', $i), j => 1, s => 1);

        $log .= line(%who, t => $start + $i, ch => 'direct', fs => 20717)
              . line(%who, t => $start + $i + 86_400_000, k => 'goal',
                     goal => 'x', done => 1);
    }

    my $day = page(spew($log));
    ok($day =~ m{Half have converted after</span><b>1 d</b>}, 'a median');
    ok($day =~ m{class="mark"[^>]*/><g class="halo"><text[^>]*>half after 1 d<},
       '... is marked');
    ok(page('--min-visitors', 50, spew($log))
       =~ m{id="conversion-time".*?<p class="empty">Too few visitors}s,
       '... not of few visitors');

    # what drives away, by phase
    my %exits;

    for my $row (@{ $data->('content')->{content} }) {
        $exits{$row->{phase} // ''}[0] += $row->{exits};
        $exits{$row->{phase} // ''}[1] += $row->{exits_error};
        $exits{$row->{phase} // ''}[2] += $row->{exits_slow};
    }

    for my $phase (qw(awareness consideration)) {
        my ($li) = $page =~ m{<div class="k">\u$phase</div>(.*?)</li>}s;
        my ($n, $error, $slow) = map { plain($_ // '') } $li =~
            /([\d,]+)\x{a0}sessions\ ended\ on\ its\ pages:
             \ ([\d,]+)\x{a0}after.an.error,\ ([\d,]+)\x{a0}on/x;

        is("$n $error $slow", "@{ $exits{$phase} }",
           "why sessions end in $phase");
    }

    # gaps
    ($head, @rows) = table($page, 'Gaps');
    is(join(' ', map { $_->[0] } @rows),
       join(' ', map { ucfirst $_->{phase} }
                     @{ $data->('content')->{gaps} }), 'gaps');
    like($page, qr{Gaps: what the phases lack</h3>\n<ul}, '... are listed');

    # usage
    ($rc, undef, $err) = journey('report', @steps, "$dir/made.gz");
    is($rc, 2, '--funnel without --html: usage');
    like($err, qr/--html.*journey funnel/, '... says what to do');

    ($rc, undef, $err) = journey('report', '--html', "$dir/no.html",
                                 '--funnel', 'nothing', "$dir/made.gz");
    is($rc, 2, '--funnel of no steps: usage');
    like($err, qr/--funnel: /, '... named');
    ok(!-e "$dir/no.html", '... and no page');
}


# ---- the flows: no journey is lost -----------------------------------------

sub flows {
    my ($page) = @_;
    my (undef, @rows) = table($page, 'How journeys run');
    my (%sums, %into, %out);

    for my $row (@rows) {
        my ($between, $from, $to, $n) = @$row;

        $sums{$between} += plain($n);
        $into{$between}{$to} += plain($n);
        $out{$between}{$from} += plain($n);
    }

    return (\%sums, \%into, \%out);
}

{
    my ($sums, $into, $out) = flows($text);
    my ($one, $two, $three) = ('channel and first phase',
                               'first and furthest phase',
                               'furthest phase and end');
    my $journeys = $report->{summary}{journeys};

    is_deeply($sums, { $one => $journeys, $two => $journeys,
                       $three => $journeys }, 'flows: as many as journeys');
    is_deeply($into->{$one}, $out->{$two}, '... all that came went on');
    is_deeply($into->{$two}, $out->{$three}, '... at the next one, too');
    is($into->{$three}{"\x{2713} purchase"}, 100, '... to the goal');
    is(keys %{ $out->{$one} }, 8, '... seven channels, and the others');
    ok($out->{$one}{'Other channels'}, '... which are named so');

    for my $phase (@{ $report->{phases} }) {
        my $n = $phase->{completed} + $phase->{dropped} + $phase->{open};

        is($into->{$two}{ucfirst $phase->{phase}} // 0, $n,
           "... furthest phase $phase->{phase}, as the funnel has it");
    }

    # the wide picture: each column's nodes and what passes it
    my ($wide) = $text =~ m{<svg class="broad"(.*?)</g></svg>}s;
    my %ends = $wide =~
        /<rect class="c\d" x="885[^>]*><title>([^:<]*): ([\d,]+)/g;
    my $sum = 0;
    $sum += plain($_) for values %ends;
    is($sum, $journeys, '... the wide picture ends with all of them');
}


# ---- the period before -----------------------------------------------------

{
    my $both = spew(shop($start, 600, 'A')
                    . shop($start - 16 * 86_400_000, 300, 'B'));
    my @period = ('--since', ($start / 1000), '--until',
                  ($start / 1000 + 16 * 86_400));
    my $page = page(@period, $both);
    my %change = $page =~
        m{<div class="tile"><span>([^<]*)</span><b>[^<]*</b>(.*?)</div>}g;

    like($change{Visitors}, qr/\x{25b2} \+100\.0\x{a0}%.*before: 300/,
         'twice as many as before');
    like($change{Conversions}, qr/\+100\.0.*before: 50</, '... conversions');
    like($change{'Conversion rate'}, qr/= as before/, '... at the same rate');

    $page = page(@period, $shop);
    like($page, qr/No comparison: these files hold nothing/,
         'nothing before: said');
    unlike($page, qr/class="(?:up|down|same)"/, '... and no change shown');

    my $late = spew(shop($start, 600, 'A')
                    . shop($start - 3 * 86_400_000, 30, 'B'));
    $page = page(@period, $late);
    like($page, qr/No comparison: of the period/,
         'a log that begins in the midst of it: said');

    # what is broken is named once, though it is read twice
    my $torn = spew(slurp($both) . "no JSON\n");
    my ($rc, $out, $err) = journey('report', '--html', "$dir/torn.html", @period,
                               $torn);
    is($rc, 1, 'a broken line: exit code');
    my $n = () = $err =~ /log\d+:\d+: /g;
    is($n, 1, '... named once');
    like(slurp("$dir/torn.html"), qr/passed over: 1 broken line/,
         '... and on the page');
}


# ---- the period before, over time ------------------------------------------

# Visits of their own visitors, of 2026-10-01 on: day => number; of each day the
# first one buys.
sub days {
    my ($tag, $zone, %days) = @_;
    my ($log, $n) = ('', 0);

    local $ENV{TZ} = $zone;
    POSIX::tzset();

    for my $day (sort { $a <=> $b } keys %days) {
        my $noon = 1000 * POSIX::mktime(0, 0, 12, 1 + $day, 9, 126, 0, 0, -1);

        for my $i (0 .. $days{$day} - 1) {
            my %who = (v => sprintf('c%s%015d', $tag, $n++), j => 1, s => 1,
                       t => $noon + $i * 1000);

            $log .= line(%who, ch => 'email');
            $log .= line(%who, k => 'goal', goal => 'buy', done => 1) if !$i;
        }
    }

    delete $ENV{TZ};
    POSIX::tzset();

    return $log;
}

sub over_time {
    my ($head, @rows) = table($_[0], 'Visitors, sessions and conversions over '
                                     . 'time');

    return map { join ' ', @$_ } @rows;
}

sub in_section {
    return $_[0] =~ m{<section id="$_[1]".*?</section>}s ? $& : '';
}

{
    # the period: 8 to 15 October, of which the first and the last three days
    # are silent; the one before: 1 to 8 October
    my $log = spew(days('N', 'UTC', 8 => 4, 9 => 1, 11 => 5)
                   . days('P', 'UTC', 0 => 2, 1 => 7, 3 => 1, 6 => 3));
    my @period = ('--since', '2026-10-08', '--until', '2026-10-15');
    my $page = page(@period, $log);
    my $time = in_section($page, 'time');

    is(join("\n", over_time($page)), <<'ROWS' =~ s/\n\z//r,
2026-10-08 0 0 0 2026-10-01 2 2 1
2026-10-09 4 4 1 2026-10-02 7 7 1
2026-10-10 1 1 1 2026-10-03 0 0 0
2026-10-11 0 0 0 2026-10-04 1 1 1
2026-10-12 5 5 1 2026-10-05 0 0 0
2026-10-13 0 0 0 2026-10-06 0 0 0
2026-10-14 0 0 0 2026-10-07 3 3 1
ROWS
       'each day beside that of the period before');
    is(() = $time =~ /<path class="past" d="M71\.4 /g, 3,
       'a dashed line in each picture');
    like($time, qr{<path class="past" d="M71\.4 89\.6L214\.3 33\.6L357\.1 112\.0L500\.0 100\.8L},
         '... of its numbers, on the scale of the larger one');
    like($time, qr/the same time of the period before: 2026-10-01 00:00 UTC \x{2013} 2026-10-08 00:00 UTC/,
         '... and what it is');
    like($time, qr/<title>2026-10-09: 4\x{a0}visitors; before, from 2026-10-02: 7</,
         '... for the pointer, too');
    like($time, qr/the dashed line: 7\x{a0}visitors at most/,
         '... and for who cannot see it');
    unlike($time, qr/Compared with|No comparison/, '... what is there needs no '
           . 'excuse');
    like($page, qr/ Its first event in these files is of 2026-10-01 12:00 UTC\./,
         '... when the period before begins late, that is said');
    $page = page('--since', '2026-10-05', '--until', '2026-10-08T12:10:00Z',
                 $log);
    like($page, qr/Compared with/, '... of a gap of minutes');
    unlike($page, qr/Its first event/, '... it is not');

    # small groups: not even by the line
    $page = page(@period, '--min-visitors', 1, $log);
    like(in_section($page, 'time'), qr/<path class="past"/,
         '--min-visitors 1: the line');
    $page = page('--min-visitors', 3, @period,
                 spew(days('N', 'UTC', map { $_ => 4 } 7 .. 13)
                      . days('P', 'UTC', (map { $_ => 5 } 0, 1, 3 .. 6),
                             2 => 2)));
    $time = in_section($page, 'time');
    unlike($time, qr/class="past"/, 'too few of one day before: no line');
    like($time, qr/No line of the period before: too few visitors at a time/,
         '... and why');

    # without an end: as long as there are events, and not beyond
    $page = page('--since', '2026-10-08',
                 spew(days('N', 'UTC', 8 => 4, 9 => 1, 11 => 5)
                      . days('P', 'UTC', 2 => 20, 3 => 1, 6 => 3)));
    is(join("\n", over_time($page)), <<'ROWS' =~ s/\n\z//r,
2026-10-08 0 0 0 2026-10-03 11:59 20 20 1
2026-10-09 4 4 1 2026-10-04 11:59 1 1 1
2026-10-10 1 1 1 2026-10-05 11:59 0 0 0
2026-10-11 0 0 0 2026-10-06 11:59 0 0 0
2026-10-12 5 5 1 2026-10-07 11:59 3 3 1
ROWS
       'without --until: until the last event, and days before it begin when '
       . 'it does');

    # none to compare with
    for ([spew(days('N', 'UTC', 8 => 4, 9 => 1)), qr/No comparison: these/],
         [spew(days('N', 'UTC', 8 => 4, 5 => 1)),
          qr/No comparison: of the period/])
    {
        $page = page(@period, $_->[0]);
        $time = in_section($page, 'time');
        unlike($time, qr/class="past"|before, from/, 'nothing before: no line');
        like($time, $_->[1], '... and why');
        is((over_time($page))[0], '2026-10-09 12:00 4 4 1',
           '... the picture begins with the first event');
    }

    $time = in_section(page($log), 'time');
    unlike($time, qr/class="past"|before, from|No comparison/,
           'no period, not a word of one before');
}

# summer time ends between the two: midnight is midnight
{
    my $zone = 'Europe/Berlin';
    my $log = spew(days('N', $zone, map { $_ => 2 } 24 .. 30)
                   . days('P', $zone, map { $_ => $_ - 10 } 17 .. 23));
    my $page = page('--since', '2026-10-25', '--until', '2026-11-01', '--tz',
                    $zone, $log);

    is((over_time($page))[0], '2026-10-25 2 2 1 2026-10-18 7 7 1',
       'before the end of summer time');
    is((over_time($page))[6], '2026-10-31 2 2 1 2026-10-24 13 13 1',
       '... and behind it');
    like($page, qr/Compared with [^<]*: 2026-10-18 00:00 CEST \x{2013} 2026-10-25 00:00 CEST/,
         '... the headline alike');
    like($page, qr/before: 70</, '... of whole days');
}

# one bucket is a line across
{
    my $log = spew(line(t => 1_790_000_400_000, v => 'cAAAAAAAAAAAAAAAA', j => 1,
                        s => 1, ch => 'email')
                   . line(t => 1_789_995_700_000, v => 'cAAAAAAAAAAAAAAAB',
                          j => 1, s => 1, ch => 'email'));
    my $page = page('--since', 1_789_999_200, '--until', 1_790_002_800,
                    $log);

    like($page, qr/<path class="past" d="M0 [\d.]+H1000"/, 'a single hour')
        or diag in_section($page, 'time');
}


# ---- nothing ---------------------------------------------------------------

{
    my $page = page(spew(''));

    for my $id (qw(headline time channels flows phases moves goals paths
                   attribution conversion-time retention campaigns countries
                   pages))
    {
        like($page, qr{<section id="$id".*?<p class="empty">\w[^<]+</p>}s,
             "empty: $id says so");
    }

    is(() = $page =~ /<details/g, 0, 'empty: no table');
}


# ---- hostile ---------------------------------------------------------------

{
    my @evil = ('"><script>alert(1)</script>', "'onload='x", '</style><b>',
                "a\x01b\x1b[31m", "\x{202e}evil\x{2066}", '&lt;&#60;&amp',
                "javascript:alert(1)", "]]>", "<!--", "\x{feff}\x{200b}\x{ad}",
                "\x{1f600}" x 600, "\x{fffe}\x{10ffff}", '{{7*7}}',
                "\x{0}\x{85}\x{2028}");
    my $log = '';
    my $utf8 = JSON::PP->new->utf8;

    for my $i (0 .. $#evil) {
        my $e = $evil[$i];

        $log .= $utf8->encode({ t => $start + $i, v => sprintf('c%016d', $i),
            j => 1, s => 1, k => 'page', h => "h$e", p => "/$e", ph => "p$e",
            pn => 1, ch => "c$e", src => "s$e", med => "m$e",
            cmp => "k$e" }) . "\n";
        $log .= $utf8->encode({ t => $start + $i, v => sprintf('c%016d', $i),
            j => 1, s => 1, k => 'goal', goal => "g$e", done => 1, val => $i,
            cur => $i ? "<$i>" : 'EUR' }) . "\n";
    }

    $log =~ s/kevil/\xff\xc0\xaf/;

    my ($rc) = journey('report', '--html', "$dir/evil.html", spew($log));
    like($rc, qr/^[01]$/, 'hostile strings: no crash');

    my $page = decode('UTF-8', slurp("$dir/evil.html"), FB_CROAK);

    is(ill_formed($page), undef, '... well-formed');
    is(harmful($page), undef, '... harmless');
    like($page, qr/&quot;&gt;&lt;script&gt;alert\(1\)/, '... as text');
    unlike($page, qr/[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}-\x{200f}]/,
           '... nothing steers the direction of writing');
    like($page, qr/\x{fffd}evil\x{fffd}/, '... what is hidden is seen');
}

{
    # 10^5 pages, 300 channels, hosts of 255 bytes, many goals and models
    my $log = '';
    my $host = '\"' x 250;

    for my $i (0 .. 99_999) {
        my $k = $i % 1000;

        $log .= sprintf('{"t":%d,"v":"c%016d","j":1,"s":1,"k":"page",'
            . '"h":"%s","p":"%s","ph":"%s","pn":%d,"ch":"%s","src":"x",'
            . '"cmp":"%s"}' . "\n", $start + $i * 40_000, $i % 30_000,
            $host . $k % 50, "/$i" . '&' x 400,
            '<' x 60 . $k % 13 . '>' . $k % 7, $k % 13 + 1,
            "'" x 90 . $i % 300, '\"' x 90 . $i);
        $log .= sprintf('{"t":%d,"v":"c%016d","j":1,"s":1,"k":"goal",'
            . '"goal":"%s","done":1,"val":1,"cur":"EUR"}' . "\n",
            $start + $i * 40_000 + 1, $i % 30_000, '&' x 60 . $k)
            if $i % 10 == 0;
    }

    my $much = spew($log);
    my $page = page($much);

    cmp_ok(length $page, '>', 100_000, 'a page of much');
    unlike($page, qr/Left out: the page/, '... has room for all sections');
    like($page, qr/other \(99,9\d\d.rows\)/, '... says what it cuts');
    like($page, qr/other \(250.rows\)/, '... of channels, too');

    my ($sums) = flows($page =~ s/.*?(?=How journeys run: the numbers)//sr);
    my ($rc, $out) = journey('report', '--json', $much);
    my %all;
    $all{$_->[0]} += plain($_->[3])
        for map { @$_[1 .. $#$_] }
            map { [ table("<caption>How journeys run</caption>$_</table>",
                          'How journeys run') ] }
            $page =~ m{<caption>How journeys run</caption>(.*?)</table>}gs;
    my ($rest) = $page =~ /([\d,]+)\x{a0}journeys? began at hosts of other/;

    # its summary comes first; to decode the other 10^5 rows takes a minute
    my ($journeys) = $out =~ /^\{\s*"summary":\s*\{[^{}]*"journeys":\s*(\d+)/;
    my $want = $journeys - plain($rest // 0);
    is($all{'channel and first phase'}, $want, '... and loses no journey');
}


# ---- clocks and small groups -----------------------------------------------

{
    my $jump = spew(line(t => 1, v => 'c1', j => 1, s => 1, ch => 'direct')
                    . line(t => $start, v => 'c2', j => 1, s => 1,
                           ch => 'direct'));
    my $page = page($jump);
    my (undef, @rows) =
        table($page, 'Visitors, sessions and conversions over time');
    cmp_ok(scalar @rows, '<', 400, 'a clock that jumped: as many as fit');
    is(eval { my $n = 0; $n += plain($_->[2]) for @rows; $n }, 2,
       '... and no session is lost');

    $page = page('--min-visitors', 20, $shop);
    (undef, @rows) =
        table($page, 'Visitors, sessions and conversions over time');
    is((grep { plain($_->[1]) && plain($_->[1]) < 20 } @rows), 0,
       '--min-visitors: no row of few visitors');

    my ($sums) = flows($page);
    is($sums->{'channel and first phase'}, 600, '... and all journeys');

    my %titles = $page =~ /<title>([^<]*?): ([\d,]+)\x{a0}journeys?</g;
    my @few = grep { plain($titles{$_}) < 20 } keys %titles;
    is("@few", '', '... no flow of few journeys');

    $page = page('--min-visitors', 1000, $shop);
    like($page, qr/Too few visitors at a time to be shown/,
         '... none at all: said');
}


# ---- files -----------------------------------------------------------------

sub names { opendir my $d, $_[0] or die; my @n = sort grep { !/^\.\.?$/ }
            readdir $d; return "@n" }

{
    mkdir "$dir/f" or die;

    my ($rc, $out, $err) = journey('report', '--html', '-', $shop);
    my $text = decode('UTF-8', $out, FB_CROAK);
    is($rc, 0, 'standard output');
    is(ill_formed($text), undef, '... is the page');
    is($err, '', '... and nothing is said');

    umask 027;
    ($rc) = journey('report', '--html', "$dir/f/new.html", $shop);
    is((stat "$dir/f/new.html")[2] & 07777, 0640, 'a new file: the umask');
    umask 022;

    chmod 0604, "$dir/f/new.html";
    my $ino = (stat _)[1];
    ($rc) = journey('report', '--html', "$dir/f/new.html", $shop);
    is((stat "$dir/f/new.html")[2] & 07777, 0604, '... keeps its mode');
    isnt((stat _)[1], $ino, '... is another file');
    is(names("$dir/f"), 'new.html', '... and the only one');

    ($rc, $out, $err) = journey('report', '--html', "$dir/none/x.html", $shop);
    is($rc, 1, 'no such folder: exit code');
    like($err, qr/none\/.*No such file/, '... named');

    ($rc, $out, $err) = journey('report', '--html', "$dir/f", $shop);
    is($rc, 1, 'a folder: exit code');
    like($err, qr/no regular file/, '... named');

    ($rc, $out, $err) = journey('report', '--html', '/dev/full', $shop);
    is($rc, 1, 'a device is not replaced');
    ok(-c '/dev/full', '... it is there');

    # no room: the page that was there stays
    my $old = slurp("$dir/f/new.html");
    my $pid = fork() // die;

    if ($pid == 0) {
        open STDERR, '>', "$dir/err";
        exec 'sh', '-c', 'ulimit -f 8; exec "$@"', 'sh', $command, 'report',
             '--html', "$dir/f/new.html", $shop or die;
    }

    waitpid $pid, 0;
    isnt($?, 0, 'no room: it fails');
    ok(slurp("$dir/f/new.html") eq $old, '... the page that was there stays');
    is(names("$dir/f"), 'new.html', '... alone');

    # Ctrl-C while it reads
    my $fifo = "$dir/fifo";
    POSIX::mkfifo($fifo, 0600) or die;
    $pid = fork() // die;

    if ($pid == 0) {
        # a shell's background job ignores it
        $SIG{INT} = 'DEFAULT';
        exec $command, 'report', '--html', "$dir/f/late.html", $fifo or die;
    }

    open my $in, '>', $fifo or die;
    syswrite $in, line(t => $start, v => 'c1', j => 1, s => 1);
    sleep 0.3;
    kill 'INT', $pid;
    waitpid $pid, 0;
    close $in;
    is($? & 127, 2, 'Ctrl-C ends it');
    is(names("$dir/f"), 'new.html', '... and leaves nothing');

    for my $case (['--html', ''], ['--html', 'x', '--json'],
                  ['--html', 'x', '--csv'], ['--html', 'x', '--limit', 3],
                  ['--html'])
    {
        ($rc, $out, $err) = journey('report', $shop, @$case);
        is($rc, 2, "@$case: usage");
        like($err, qr/--html/, '... says why');
    }

    ($rc, $out, $err) = journey('channels', '--html', 'x', $shop);
    is($rc, 2, '--html of another command: usage');

    ($rc, $out, $err) = journey('report', '--html', "$dir/f/x.html", "$dir/none");
    is($rc, 1, 'a log that is not there: exit code');
    like($err, qr/none: No such file/, '... named');
}


# ---- for those who read it in other ways -----------------------------------

{
    my @levels = $text =~ /<h([1-6])/g;

    like($text, qr/<html lang="en">/, 'the language');
    is((grep { $_ == 1 } @levels), 1, 'one first heading');
    is((grep { $levels[$_] > $levels[$_ - 1] + 1 } 1 .. $#levels), 0,
       'no level of headings is left out');
    unlike($text, qr/<th(?![^>]* scope=")[ >]/, 'heads of tables say of what');
    unlike($text, qr/<table(?! class="heat" aria-labelledby)[^>]*>(?!<caption)/,
           'tables have names');

    # a picture has a name, or is told in words beside it
    my @nameless = grep { !/aria-hidden="true"|role="img"/
                          && !/^<svg (?:x|y|width="100%" height="\d+" viewBox)/ }
                   $text =~ /<svg[^>]*>/g;
    is("@nameless", '', 'pictures have names');
}


# ---- colours ---------------------------------------------------------------

sub luminance {
    my @rgb = map { hex($_) / 255 } $_[0] =~ /^#(..)(..)(..)$/ or die @_;
    my @linear = map { $_ <= 0.03928 ? $_ / 12.92
                                     : (($_ + 0.055) / 1.055) ** 2.4 } @rgb;

    return 0.2126 * $linear[0] + 0.7152 * $linear[1] + 0.0722 * $linear[2];
}

sub contrast {
    my ($one, $two) = sort { $b <=> $a } map { luminance($_) } @_;

    return ($one + 0.05) / ($two + 0.05);
}

{
    my ($style) = $text =~ m{<style>(.*?)</style>}s;
    my @themes = $style =~ /:root\{([^}]*)\}/g;
    my %colours;

    is(@themes, 3, 'light, dark, paper');

    for my $i (0 .. 2) {
        %colours = (%colours, $themes[$i] =~ /--(\w+):(#\w{6})/g);

        for my $ground (qw(bg card)) {
            cmp_ok(contrast($colours{$_}, $colours{$ground}), '>=', 4.5,
                   "theme $i: $_ on $ground can be read")
                for qw(ink soft link);
        }

        cmp_ok(contrast($colours{"c$_"}, $colours{card}), '>=', 3,
               "theme $i: colour $_ can be seen") for 0 .. 8;

        # the numbers of a heat map, on its strongest colour
        my ($heat) = $themes[$i] =~ /--heat:([\d,]+)/;
        my ($most) = sort { $b <=> $a } $style =~ /var\(--heat\),([\d.]+)/g;
        my @heat = split /,/, $heat;
        my @card = map { hex } $colours{card} =~ /#(..)(..)(..)/;
        my $mixed = sprintf '#%02x%02x%02x',
            map { $heat[$_] * $most + $card[$_] * (1 - $most) } 0 .. 2;

        cmp_ok(contrast($colours{ink}, $mixed), '>=', 4.5,
               "theme $i: numbers of a heat map can be read");
    }
}


done_testing();
