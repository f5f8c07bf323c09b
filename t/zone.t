# Copyright (C) ngx_journey_module contributors
#
# journey_zone: what lives in it (counters, the key when there is no file) is
# there for all workers and over reloads, and an empty one follows where nginx
# cannot keep it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master qw(load fold);
use Test::Nginx::Socket 'no_plan';

my $server = <<'END';
        location / { default_type text/html; return 200 "a page\n"; }
        location /status { journey_status; }
END


sub config {
    my $zone = shift;

    return (defined $zone ? "journey_zone $zone;\n" : '')
           . 'journey_log logs/journey.log flush=100ms;';
}


# The status once so many pages are counted: the worker that is asked may be
# another one than the one that is about to count.

sub status_of {
    my ($nginx, $pages) = @_;

    return $nginx->status_when(sub { $_[0]{events}{page} == $pages });
}


# ---- one zone for all workers, over reloads --------------------------------

for my $zone (undef, 'journey:128k', 'other:1m') {
    my $name = defined $zone ? $zone : 'the default';
    my $nginx = Journey::Master->new(http => config($zone), server => $server);
    my $before = time();

    ok($nginx->start, "$name: starts") or diag($nginx->said);

    my $fresh = $nginx->status;
    ok(defined $fresh, "$name: a status");
    is($fresh->{events}{page}, 0, "$name: an empty zone");
    cmp_ok($fresh->{started}, '>=', $before - 1, "$name: just made");
    cmp_ok($fresh->{started}, '<=', time() + 1, "$name: and not later");

    # Without a file the key lives in the zone: the visitor stays the same.
    my $anna = browser(port => $nginx->port);
    $anna->get('/1');

    my ($answered, $open) = load(port => $nginx->port, clients => 4,
                                 requests => 100);

    is(status_of($nginx, 401)->{events}{page}, 401,
       "$name: all workers count in it");
    is($nginx->status->{tokens}{valid}, 0, "$name: no token yet");

    for my $n (1 .. 5) {
        ok($nginx->reload, "$name: reload $n");
        $anna->get("/again/$n");

        my $status = status_of($nginx, 401 + $n);

        is($status->{started}, $fresh->{started}, "$name: the same zone");
        is($status->{events}{page}, 401 + $n, "$name: it counts on");
        is($status->{visitors}{new}, 401, "$name: nobody is new");
        is($status->{tokens}{valid}, $n, "$name: the key is the same");
        is($status->{tokens}{forged}, 0, "$name: nothing is forged");
    }

    my @events = grep { $_->{p} !~ m{^/p/} } $nginx->events(406);
    my %visitors = map { $_->{v} => 1 } @events;

    is(scalar keys %visitors, 1, "$name: one visitor over five reloads");

    ok($nginx->quit, "$name: quits");

    # A restart is a new zone, and without a file a new key.
    ok($nginx->start, "$name: starts again") or diag($nginx->said);
    is($nginx->status->{events}{page}, 0, "$name: a restart empties it");
    $anna->get('/new');

    my $status = status_of($nginx, 1);
    is($status->{tokens}{forged}, 1, "$name: the old token is foreign");
    is($status->{visitors}{new}, 1, "$name: a new visitor");
    ok($nginx->quit, "$name: quits again");
    $nginx->calm("$name: no alarm");
}


# ---- another size or name at a reload --------------------------------------

{
    my $nginx = Journey::Master->new(http => config('journey:1m'),
                                     server => $server);
    ok($nginx->start, 'changes: starts') or diag($nginx->said);

    my $anna = browser(port => $nginx->port);
    my ($n, $jar) = (0, '');
    my $kept = 0;

    for my $case (['journey:1m', 1], ['journey:2m', 0], ['journey:2m', 1],
                  ['journey:128k', 0], ['other:128k', 0], ['other:128k', 1],
                  [undef, 0], [undef, 1], ['journey:32m', 1],
                  ['journey:1m', 0])
    {
        my ($zone, $same) = @$case;
        my $name = 'to ' . (defined $zone ? $zone : 'the default');

        $anna->get("/$n");
        $n++;
        $kept++;
        is(status_of($nginx, $kept)->{events}{page}, $kept,
           "before $name: counted");

        $nginx->configure(http => config($zone));
        ok($nginx->reload, "$name: reloads");

        $kept = 0 if !$same;
        is(status_of($nginx, $kept)->{events}{page}, $kept,
           "$name: " . ($same ? 'kept' : 'empty'));

        my ($answered, $open) = load(port => $nginx->port, clients => 2,
                                     requests => 20, path => "/load/$n");
        is(scalar keys %$answered, 40, "$name: it serves");
        $kept += 40;
        is(status_of($nginx, $kept)->{events}{page}, $kept,
           "$name: and counts");
    }

    ok($nginx->quit, 'changes: quits');
    is(scalar journey_log($nginx->log), $n + 40 * 10,
       'changes: no line is lost');
    $nginx->calm('changes: no alarm');
}


# ---- off and on again ------------------------------------------------------

{
    my $nginx = Journey::Master->new(http => config(), server => $server);
    my $port = $nginx->port;
    my $plain = "server { listen 127.0.0.1:$port;\n"
                . "location / { default_type text/html; return 200 x; } }";

    ok($nginx->start, 'off: starts') or diag($nginx->said);
    browser(port => $port)->get('/1');
    is(scalar $nginx->events(1), 1, 'off: a page');

    # All of it gone, then the module's words but nowhere on.
    $nginx->configure(http => '', servers => $plain);
    ok($nginx->reload, 'off: without a word of it');
    my $r = browser(port => $port)->get('/2');
    is($r->status, 200, 'off: it serves');
    ok(!defined $r->set_cookie('jny'), 'off: without a cookie');

    $nginx->configure(http => config('journey:1m'), servers => $plain);
    ok($nginx->reload, 'off: with a zone and a log that nobody needs');
    $r = browser(port => $port)->get('/3');
    is($r->status, 200, 'off: it serves on');
    ok(!defined $r->set_cookie('jny'), 'off: still without a cookie');

    $nginx->configure(http => config('journey:1m'), servers => undef);
    ok($nginx->reload, 'off: and on again');
    ok(defined browser(port => $port)->get('/4')->set_cookie('jny'),
       'on again: a cookie');
    is_deeply([map { $_->{p} } $nginx->events(2)], ['/1', '/4'],
              'on again: the log');
    ok($nginx->quit, 'off: quits');
    $nginx->calm('off: no alarm');
}

{
    # No http{} at all: exit_process and the like live with that.
    my $nginx = Journey::Master->new();
    my $text = slurp("$nginx->{dir}/conf/nginx.conf");

    $text =~ s/^http \{.*//ms;
    spew("$nginx->{dir}/conf/nginx.conf", $text);
    ok($nginx->start, 'no http{}: starts') or diag($nginx->said);
    ok($nginx->reload, 'no http{}: reloads');
    ok($nginx->quit, 'no http{}: quits');
    $nginx->calm('no http{}: no alarm');
}
