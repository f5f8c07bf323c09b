# Copyright (C) ngx_journey_module contributors
#
# The page of report --html in a real browser, which runs no script: it fits
# windows, telephones and paper, no text lies on another or is cut, in light
# and dark; and the policy holds.
#
# The command is $ENV{TEST_NGINX_JOURNEY_COMMAND}, else build/journey.

use strict;
use warnings;

use Encode qw(decode encode);
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw($command $dir journey spew slurp);
use List::Util qw(max min);
use Test::More;

my ($chromium) = grep { -x "$_/chromium" } split /:/, $ENV{PATH};
plan skip_all => 'no chromium' if !defined $chromium;

require Journey::Chromium;

my $browser = Journey::Chromium->new(dir => "$dir/chromium", hosts => []);
my $utf8 = JSON::PP->new->utf8;

binmode $_, ':utf8'
    for map { Test::More->builder->$_ } qw(output failure_output todo_output);

$browser->call_page('Log.enable');
$browser->call_page('Runtime.enable');


# ---- pages -----------------------------------------------------------------

sub page {
    my ($name, @args) = @_;
    my ($rc, $out, $err) = journey('report', '--html', "$dir/$name.html",
                                   @args);

    like($rc, qr/^[01]$/, "the page \"$name\"") or diag $err;
}

# A shop of two months with all there is to be drawn.
{
    my ($rc) = journey('simulate', '--visitors', 4000, '--days', 120,
                       '--seed', 5, '--output', "$dir/shop.gz");
    is($rc, 0, 'a log');
    page('shop', '--conf', "$FindBin::Bin/../conf", '--since', '2026-09-01',
         '--funnel', '/products/*,/cart,goal:purchase', "$dir/shop.gz");
    page('options', '--since', '2026-09-01', '--tz', 'Europe/Berlin',
         '--no-direct', '--touch', 'campaign', '--repeats', '--order', 'auto',
         '--bootstrap', 20, '--lookback', '36h', '--half-life', '90m',
         '--idle', '10d', '--goal', 'purchase', "$dir/shop.gz");
}

page('nothing', spew(''));

# Names that are long, and numbers that are large.
{
    my $log = '';

    for my $i (0 .. 599) {
        my %who = (v => sprintf('c%016d', $i), j => 1, s => 1,
                   h => 'a-long-name-of-a-shop.department-' . $i % 3
                        . '.example');
        my $t = 1_790_000_000_000 + $i * 7_000_000;

        $log .= $utf8->encode({ %who, t => $t, k => 'page',
            p => '/' . 'anunbrokenpath' x 20 . $i % 30,
            ph => 'a_phase_of_a_long_name_' . $i % 9, pn => 1 + $i % 9,
            ch => 'a_channel_of_a_long_name_' . $i % 20,
            src => 'w' x 90, cmp => 'W' x 80 . $i % 12, fs => 20717,
            cc => 'DE', rg => 'Region' x 8, ct => 'City' x 12 }) . "\n";
        $log .= $utf8->encode({ %who, t => $t + 3_600_000 * ($i % 50 + 1),
            k => 'goal', goal => 'a_goal_of_a_long_name' . $i % 5 . 'x' x 40,
            done => 1, val => 9_999_999_999.99, cur => 'EUR' }) . "\n"
            if $i % 2;
    }

    page('long', spew($log));
}

# Names that are no names.
{
    my $log = '';

    for my $e ('"><script>alert(1)</script>', "\x{202e}evil\x{2066}",
               "\x{1f600}" x 300, "\x{fffe}\x{10ffff}", "\x{5b57}" x 90)
    {
        $log .= $utf8->encode({ t => 1_790_000_000_000, v => 'c' . length $e,
            j => 1, s => 1, k => 'page', h => "h$e", p => "/$e", ph => "p$e",
            pn => 1, ch => "c$e", src => "s$e", cmp => "k$e" }) . "\n";
    }

    page('evil', spew($log));
}


# ---- what the browser makes of them ----------------------------------------

sub open_page {
    my ($file, $width, $theme, $media) = @_;

    $browser->call_page('Emulation.setDeviceMetricsOverride',
                        width => $width, height => 900,
                        deviceScaleFactor => 1, mobile => JSON::PP::true());
    $browser->call_page('Emulation.setEmulatedMedia', media => $media // '',
                        features => [{ name => 'prefers-color-scheme',
                                       value => $theme }]);

    my (@said, @events);
    my $loaded = 0;

    $browser->{events} = [];
    $browser->call_page('Page.navigate', url => "file://$file");

    while (!$loaded) {
        push @events, splice @{ $browser->{events} };
        $loaded = grep { $_->{method} eq 'Page.loadEventFired' } @events;

        if (!$loaded) {
            my $message = $browser->message(time() + 60)
                or die "$file does not load\n";
            push @events, $message;
        }
    }

    my $metrics = $browser->call_page('Page.getLayoutMetrics');

    for my $event (@events, @{ $browser->{events} }) {
        push @said, $event->{params}{entry}{text}
            if $event->{method} eq 'Log.entryAdded';
        push @said, $event->{method}
            if $event->{method} eq 'Runtime.exceptionThrown'
               || $event->{method} eq 'Network.requestWillBeSent'
                  && $event->{params}{request}{url} ne "file://$file";
    }

    return ($metrics->{cssContentSize}{width}, "@said");
}

# All that is laid out: each node its name, class, box and parent; text its
# lines.
sub layout {
    my @styles = qw(break-inside background-color);
    my $snapshot = $browser->call_page('DOMSnapshot.captureSnapshot',
                                       computedStyles => \@styles);
    my $strings = $snapshot->{strings};
    my $document = $snapshot->{documents}[0];
    my ($nodes, $layout) = @$document{qw(nodes layout)};
    my @nodes;

    for my $i (0 .. $#{ $nodes->{parentIndex} }) {
        my %attributes = map { $strings->[$_] } @{ $nodes->{attributes}[$i] };
        my $parent = $nodes->{parentIndex}[$i];

        $nodes[$i] = { name => lc $strings->[$nodes->{nodeName}[$i]],
                       class => $attributes{class} // '',
                       parent => $parent < 0 ? undef : $nodes[$parent] };
    }

    my (@texts, @boxes);

    for my $i (0 .. $#{ $layout->{nodeIndex} }) {
        my $node = $nodes[$layout->{nodeIndex}[$i]];

        $node->{box} //= $layout->{bounds}[$i];
        $node->{style} = { map { ($styles[$_]
            => $strings->[$layout->{styles}[$i][$_] // -1]) } 0 .. $#styles }
            if @{ $layout->{styles}[$i] };
    }

    my $lines = $document->{textBoxes};

    for my $i (0 .. $#{ $lines->{layoutIndex} }) {
        my $at = $lines->{layoutIndex}[$i];

        # its places are those of UTF-16
        my $text = decode('UTF-16LE',
            substr(encode('UTF-16LE', $strings->[$layout->{text}[$at]]),
                   2 * $lines->{start}[$i], 2 * $lines->{length}[$i]));

        push @texts, { text => $text, box => $lines->{bounds}[$i],
                       at => $at, node => $nodes[$layout->{nodeIndex}[$at]] }
            if $text =~ /\S/;
    }

    return (\@nodes, \@texts);
}

# The nearest one around it of that name, or class with a dot.
sub around {
    my ($node, $name) = @_;

    for (my $up = $node; defined $up; $up = $up->{parent}) {
        return $up if $name =~ /^\.(.*)/ ? " $up->{class} " =~ / \Q$1\E /
                                         : $up->{name} eq $name;
    }

    return;
}

# Texts that lie on each other, by more than their lines' spacing.
sub overlaps {
    my @texts = sort { $a->{box}[1] <=> $b->{box}[1] } @{ $_[0] };
    my @found;

    for my $i (0 .. $#texts) {
        my ($x, $y, $w, $h) = @{ $texts[$i]{box} };

        for my $k ($i + 1 .. $#texts) {
            my ($x2, $y2, $w2, $h2) = @{ $texts[$k]{box} };

            last if $y2 > $y + $h - 4;
            push @found, "\"$texts[$i]{text}\" \"$texts[$k]{text}\""
                if min($x + $w, $x2 + $w2) - max($x, $x2) > 1.5
                   && min($y + $h, $y2 + $h2) - $y2 > 4
                   && $texts[$i]{text} ne '*' && $texts[$k]{text} ne '*';
        }
    }

    return @found;
}

# Texts that leave their section, or the box that cells or pictures give them.
sub outside {
    my @found;

    for my $text (@{ $_[0] }) {
        my ($x, $y, $w, $h) = @{ $text->{box} };
        my $frame = around($text->{node}, '.scroll') ? undef
                    : around($text->{node}, 'svg')
                      ? around($text->{node}, 'figure')
                    : around($text->{node}, 'li')
                      // around($text->{node}, 'section');

        # that of a list stands beside it
        next if $text->{text} =~ /^\x{2022}\s*$/;
        next if !defined $frame || !defined $frame->{box};
        push @found, "\"$text->{text}\""
            if $x < $frame->{box}[0] - 1.5
               || $x + $w > $frame->{box}[0] + $frame->{box}[2] + 1.5;
    }

    return @found;
}

for my $name (qw(shop options long evil nothing)) {
    for my $case ([1280, 'light'], [390, 'dark'], [390, 'light'],
                  [1280, 'dark'], [695, 'dark', 'print'])
    {
        my ($width, $theme, $media) = @$case;
        my $where = "$name, $width, $theme" . ($media ? ", $media" : '');

        # what the colours do not change is not measured twice
        next if $name ne 'shop' && ($theme eq 'dark') == ($width == 1280)
                && !$media;

        my ($content, $said) = open_page("$dir/$name.html", $width, $theme,
                                         $media);

        is($said, '', "$where: no complaint, no request");
        cmp_ok($content, '<=', $width, '... fits the width');

        my ($nodes, $texts) = layout();

        cmp_ok(scalar @$texts, '>', 30, '... has text');
        is(join("\n", overlaps($texts)), '', '... none of it on another');
        is(join("\n", outside($texts)), '', '... none of it outside');

        my ($body) = grep { $_->{name} eq 'body' && $_->{style} } @$nodes;
        my $light = (($body->{style}{'background-color'} =~ /(\d+)/)[0] > 200);
        is($light ? 'light' : 'dark', $media ? 'light' : $theme,
           '... has the colours');

        if ($name eq 'shop') {
            my @tables = grep { $_->{class} eq 'heat' && $_->{box} } @$nodes;
            my @wide = grep {
                $_->{box}[2] > around($_, '.scroll')->{box}[2] + 1
            } @tables;

            is(@tables, 2, '... and maps');
            is(@wide, 0, '... which need no scrolling');
        }

        if ($media) {
            my @cut = grep {
                ($_->{name} =~ /^(?:figure|tr)$/ || $_->{class} =~ /\btile\b/
                 || $_->{name} eq 'li' && $_->{parent}{class} =~ /\brows\b/)
                && $_->{box} && $_->{style}
                && $_->{style}{'break-inside'} ne 'avoid'
            } @$nodes;
            my @shown = grep { $_->{class} eq 'data' && $_->{box} } @$nodes;

            is(@cut, 0, '... is cut where it may be');
            is(@shown, 0, '... and prints no button');
        }
    }
}

# Paper: as many pages as pictures ask for, none of them for a line.
{
    my $pdf = $browser->call_page('Page.printToPDF', paperWidth => 8.27,
                                  paperHeight => 11.69,
                                  preferCSSPageSize => JSON::PP::true());
    cmp_ok(length $pdf->{data}, '>', 1000, 'a page of nothing is printed');
}

# What the policy is for: another style is refused.
{
    my $page = slurp("$dir/shop.html");
    $page =~ s/<style>/<style>body{display:none}/ or die;
    my (undef, $said) = open_page(spew($page, 'other.html'), 390, 'light');
    like($said, qr/Content Security Policy/, 'another style is refused');
}

ok($browser->quit, 'the browser ends');

done_testing();
