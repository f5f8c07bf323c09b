# Copyright (C) ngx_journey_module contributors
#
# The salts of the daily hash at reloads that switch journey off: nobody needs
# them any more, and nothing may be left that looks after memory that is gone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Master qw(wait_for);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

# Under libfaketime the clock is what a file says.  It is preloaded: a binary
# that was built with AddressSanitizer would refuse that.

my ($faketime) = grep { -e } map { "$_/faketime/libfaketime.so.1" }
                 glob('/usr/lib/*-linux-gnu'), '/usr/lib';
my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

($binary) = grep { -x } map { "$_/$binary" }
            split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin'
    if $binary !~ m{/};

my $why = !defined $faketime ? 'libfaketime is not there (Debian: faketime)'
          : slurp($binary) =~ /__asan_init/
            ? 'libfaketime cannot be preloaded to AddressSanitizer' : undef;

my @env = qw(FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE TZ
             FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC);

sub server {
    my ($nginx, $journey) = @_;

    return (servers => <<"END");
    server {
        listen 127.0.0.1:@{[ $nginx->port ]};
        $journey
        default_type text/html;
        location / { return 200 ok; }
        location = /status { journey_status; }
    }
END
}

SKIP: {
    skip $why, 1 if defined $why;

    my $clock = "$Journey::ServRoot-clock";
    my $set = sub { spew("$clock.new", "\@$_[0]\n");
                    rename "$clock.new", $clock or die };

    local %ENV = (%ENV, TZ => 'UTC', LD_PRELOAD => $faketime,
                  FAKETIME_TIMESTAMP_FILE => $clock, FAKETIME_NO_CACHE => 1,
                  FAKETIME_DONT_FAKE_MONOTONIC => 1, DONT_FAKE_MONOTONIC => 1);

    my $nginx = Journey::Master->new(http => '',
                                     main => join ' ', map { "env $_;" } @env);

    $nginx->configure(server($nginx, 'journey on; journey_identity cookieless;'));

    $set->('2027-03-27 12:00:00');
    ok($nginx->start, 'started') or diag($nginx->said);
    browser(port => $nginx->port)->get('/');

    my $salts = $nginx->status->{salts};
    is($salts->{created}, 1, 'a salt');
    is($salts->{today}{day}, '2027-03-27');

    # off by mistake for a moment: visitors are who they were
    $nginx->configure(server($nginx, 'journey off;'));
    ok($nginx->reload, 'off');
    is($nginx->status->{salts}{today}{day}, '2027-03-27', 'kept for a moment');

    # nobody asks, and no salt follows it
    $set->('2027-03-27 23:59:57');
    ok($nginx->reload, 'off');
    ok(wait_for(sub { $nginx->status->{salts}{destroyed} == 1 }, 15),
       'destroyed, without a request');

    $salts = $nginx->status->{salts};
    is($salts->{today}, undef);
    is($salts->{previous}, undef);
    is($salts->{created}, 1, 'and none is made for nobody');

    # and on again
    $nginx->configure(server($nginx, 'journey on; journey_identity cookieless;'));
    ok($nginx->reload, 'on');
    browser(port => $nginx->port)->get('/');
    is($nginx->status->{salts}{today}{day}, '2027-03-28', 'another one');
    is($nginx->status->{salts}{created}, 2);

    ok($nginx->quit);
    $nginx->calm('no alarm');

    # A single process keeps the configuration before a reload for a while, and
    # has its memory no more.
    for my $second ('journey off;', 'journey on; journey_log off;') {
        my $zone = $second =~ /on/ ? 'journey_zone other:1m;' : '';

        $nginx = Journey::Master->new(http => '', master => 'off',
                                      main => join ' ', map { "env $_;" } @env);
        $nginx->configure(server($nginx, 'journey on;'));

        $set->('2027-03-27 23:59:55');
        ok($nginx->start, 'a single process') or diag($nginx->said);
        is(browser(port => $nginx->port)->get('/')->status, 200);

        my $pid = $nginx->pid;
        $nginx->configure(http => $zone, servers => <<"END");
    server { listen 127.0.0.1:@{[ $nginx->port ]}; $second }
END
        $nginx->signal('HUP');
        ok(wait_for(sub { slurp($nginx->error_log) =~ /reconfiguring/ }, 10),
           "reloaded: $zone $second");
        sleep 7;
        ok(Journey::alive($pid), 'lives on after midnight');
        ok($nginx->quit);
        $nginx->calm('no alarm');
    }

    unlink $clock;
}

run_tests();

__DATA__
