# Copyright (C) ngx_journey_module contributors
#
# The salts of the daily hash at reloads that switch journey off: nobody needs
# them any more, and nothing may be left that looks after memory that is gone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Faketime;
use Journey::Master qw(wait_for);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

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
    my $clock = Journey::Faketime->new("$Journey::ServRoot-clock");
    skip $clock->{why}, 1 if defined $clock->{why};

    my $set = sub { $clock->set(@_) };

    local %ENV = (%ENV, $clock->env);

    my $nginx = Journey::Master->new(http => '',
                                     main => $clock->main);

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
    ok(wait_for(sub { $nginx->status->{salts}{destroyed} == 1 }),
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
                                      main => $clock->main);
        $nginx->configure(server($nginx, 'journey on;'));

        $set->('2027-03-27 23:59:55');
        ok($nginx->start, 'a single process') or diag($nginx->said);
        is(browser(port => $nginx->port)->get('/')->status, 200);

        my $pid = $nginx->pid;
        $nginx->configure(http => $zone, servers => <<"END");
    server { listen 127.0.0.1:@{[ $nginx->port ]}; $second }
END
        $nginx->signal('HUP');
        ok(wait_for(sub { slurp($nginx->error_log) =~ /reconfiguring/ }),
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
