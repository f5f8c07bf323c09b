# Copyright (C) ngx_journey_module contributors
#
# Visitors without a cookie: who is one, that their sessions, touches and
# journeys are those of visitors with one, the salts of the day and the memory
# that holds them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Faketime;
use Journey::Master qw(wait_for);
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw(sleep time);

my $site = <<'END';
        default_type text/html;
        add_header X-Id "$journey_id";
        add_header X-Journey "$journey_identity:$journey_number:$journey_session:$journey_touches:$journey_furthest_phase";
        location / { return 200 ok; }
        location = /a.css { default_type text/css; return 200 x; }
        location = /missing { return 404; }
        location = /order { journey_goal order id=$arg_id completes; return 200 ok; }
        location = /form { default_type text/plain; return 303 /; journey_goal form; }
        location = /status { journey_status; }
END

# With an nginx of its own: options as of Journey::Master, http is added to.

sub nginx {
    my %options = @_;
    my $more = delete $options{http} || '';
    my $secret = delete $options{secret} // "$FindBin::Bin/data/test.keys";
    my $nginx = Journey::Master->new(server => $site, %options);

    $secret = "journey_secret $secret;" if $secret;

    $nginx->configure(http => <<"END");
    $secret
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    journey_log @{[ $nginx->log ]} flush=100ms;
    journey_agents $FindBin::Bin/../conf/agents.conf;
    journey_sources $FindBin::Bin/../conf/sources.conf;
    journey_phases { awareness /; decision /order; retention /account; }
    $more
END

    return $nginx;
}

sub started {
    my ($name, $nginx) = @_;

    ok($nginx->start, "$name: started") or diag($nginx->said);
    return $nginx;
}

sub cookieless { return nginx(@_, http => 'journey_identity cookieless;'); }

my @google = (Referer => 'https://www.google.com/');


# ---- who is the same, who is another ---------------------------------------

{
    my $nginx = started('who', cookieless(workers => 1));
    my %same = (agent => 'Mozilla/5.0 (X11; rv:140.0) Firefox/140.0',
                language => 'de', host => 'a.example', port => $nginx->port);
    my %ids;

    my $id = sub {
        my ($address, %more) = @_;

        return browser(%same, %more)->get('/', 'X-Real-IP' => $address)
                                    ->header('X-Id');
    };

    my $first = $id->('198.51.100.7');
    like($first, qr/^h[-\w]{16}$/, 'an id');

    for my $case (
        # the same visitor
        [1, 'once more',               '198.51.100.7'],
        [1, 'another Accept',          '198.51.100.7', accept => 'text/html'],
        [1, 'the host in capitals',    '198.51.100.7', host => 'A.example'],
        [1, 'another port',            '198.51.100.7', host => 'a.example:8080'],
        [1, 'mapped into IPv6',        '::ffff:198.51.100.7'],

        # another
        [0, 'the address beside',      '198.51.100.8'],
        [0, 'another network',         '198.51.101.7'],
        [0, 'another agent',           '198.51.100.7',
         agent => 'Mozilla/5.0 (X11; rv:141.0) Firefox/141.0'],
        [0, 'another language',        '198.51.100.7', language => 'en'],
        [0, 'no language',             '198.51.100.7', language => undef],
        [0, 'another host',            '198.51.100.7', host => 'b.example'],
        [0, 'its www',                 '198.51.100.7', host => 'www.a.example'],
        # no field runs into the next one
        [0, 'the agent longer, the language shorter', '198.51.100.7',
         agent => "$same{agent}d", language => 'e'],
    ) {
        my ($equal, $name, $address, %more) = @$case;
        my $got = $id->($address, %more);

        is($got eq $first ? 1 : 0, $equal, "the same visitor: $name");
        $ids{$got}++ if !$equal;
    }

    is(scalar(keys %ids), 8, 'and all of the others differ');

    # of IPv6 the network: 64 bits
    my $six = $id->('2001:db8:1:2::1');
    is($id->('2001:db8:1:2:ffff:ffff:ffff:ffff'), $six, 'one /64');
    is($id->('2001:0DB8:1:2:0:0:0:9'), $six);
    isnt($id->('2001:db8:1:3::1'), $six, 'the next /64');
    isnt($id->('2001:db8:2:2::1'), $six);

    is($nginx->status->{cookieless}{visitors}, 9 + 3, 'so many visitors');
    ok($nginx->quit);
    $nginx->calm('who: no alarm');
}


# ---- the address counts that realip finds, however late --------------------

{
    my $nginx = nginx(workers => 1);

    $nginx->configure(server => <<'END', http => <<"END2");
        default_type text/html;
        set $early $journey_id;
        location /late/ {
            set_real_ip_from 127.0.0.1;
            real_ip_header X-Real-IP;
            proxy_set_header X-Early $early;
            proxy_set_header X-Id $journey_id;
            proxy_pass http://127.0.0.1:$server_port/app/;
        }
        location /app/ {
            journey off;
            add_header X-Id "$http_x_early $http_x_id";
            return 200 ok;
        }
        location = /status { journey off; journey_status; }
END
    journey_log @{[ $nginx->log ]} flush=100ms;
    journey_identity cookieless;
END2
    started('late', $nginx);

    my @ids = map {
        browser(port => $nginx->port)->get('/late/', 'X-Real-IP' => $_)
                                     ->header('X-Id')
    } qw(198.51.100.7 198.51.100.8 198.51.100.7);

    my @early = map { (split / /)[0] } @ids;
    my @late = map { (split / /)[1] } @ids;

    like($ids[0], qr/^h[-\w]{16} h[-\w]{16}$/, 'ids');
    is($early[0], $early[1], 'before realip: the address of the proxy');
    isnt($late[0], $early[0], 'after it: the client\'s');
    isnt($late[0], $late[1], 'two addresses are two visitors');
    is($late[0], $late[2], 'and one is one');

    my @events = sort { $a->{t} <=> $b->{t} } $nginx->events(3);
    is_deeply([sort map { $_->{v} } @events], [sort @late], 'in the log, too');
    is($nginx->status->{cookieless}{visitors}, 2, 'no other state');
    ok($nginx->quit);
    $nginx->calm('late: no alarm');
}


# ---- sessions, touches, journeys, by any of four workers -------------------

{
    my $nginx = started('state', cookieless(workers => 4));
    my $anna = browser(port => $nginx->port);
    my $go = sub {
        my ($uri, $want, @more) = @_;
        my $r = $anna->get($uri, @more);

        is($r->header('X-Journey'), $want, "$uri: $want");
        is(scalar(() = $r->header('Set-Cookie')), 0, 'no cookie');
        is($r->header('Cache-Control'), undef, 'nothing for caches');
    };

    $go->('/1', 'cookieless:1:1:organic_search:awareness', @google);

    # connections go to any worker, and all of them know
    for (1 .. 40) {
        is($anna->get('/again')->header('X-Journey'),
           'cookieless:1:1:organic_search:awareness') or last;
    }

    $go->('/2', 'cookieless:1:1:organic_search:awareness',
          Referer => 'http://localhost/1');
    $go->('/3?utm_source=n&utm_medium=email',
          'cookieless:1:1:organic_search>email:awareness');
    $go->('/3?utm_source=n&utm_medium=email',
          'cookieless:1:1:organic_search>email:awareness');
    $go->('/a.css', 'cookieless:1:1:organic_search>email:awareness');
    is($anna->post('/form')->status, 303);
    $go->('/order', 'cookieless:1:1:organic_search>email:decision');
    $anna->get('/missing');
    $go->('/4', 'cookieless:1:1:organic_search>email:decision');

    my @events = sort { $a->{t} <=> $b->{t} } $nginx->events(49);
    my %v = map { $_->{v} => 1 } @events;

    is(scalar @events, 49, 'events');
    is(scalar keys %v, 1, 'of one visitor');
    is(scalar(grep { $_->{j} != 1 || $_->{s} != 1 } @events), 0,
       'one journey, one session');
    is(scalar(grep { exists $_->{fs} || exists $_->{pv} } @events), 0,
       'no day of the first visit');
    is(join(' ', map { $_->{ch} } grep { exists $_->{ch} } @events),
       'organic_search email', 'two touches');

    my ($form) = grep { ($_->{goal} || '') eq 'form' } @events;
    my ($order) = grep { ($_->{goal} || '') eq 'order' } @events;
    is_deeply($form->{w}, ['organic_search', 'email'], 'a goal knows its ways');
    is($order->{wn}, 2);
    is($order->{done}, 1);

    my ($error) = grep { $_->{k} eq 'error' } @events;
    is($error->{st}, 404, 'the error of a known visitor');

    my $status = $nginx->status_when(sub { $_[0]{events}{error} == 1 });
    is($status->{visitors}{new}, 1);
    is($status->{cookies_set}, 0);
    is($status->{completed}, 1);
    is($status->{cookieless}{visitors}, 1);

    # not of an unknown one, nor do bots and prefetches make one
    browser(port => $nginx->port, language => 'x1')->get('/missing');
    browser(port => $nginx->port, language => 'x2')->post('/form');
    browser(port => $nginx->port, agent => 'Googlebot/2.1')->get('/');
    browser(port => $nginx->port, language => 'x3')->get('/p',
        Sec_Purpose => 'prefetch', Sec_Fetch_Mode => 'navigate',
        Sec_Fetch_Dest => 'document', Sec_Fetch_Site => 'same-origin');
    # of a known one they are its own
    $anna->get('/p', Sec_Purpose => 'prefetch', Sec_Fetch_Mode => 'navigate',
               Sec_Fetch_Dest => 'document', Sec_Fetch_Site => 'same-origin');

    # by what they are: two workers' lines may be of one millisecond
    my @all = $nginx->events(52);
    my @nobody = grep { ($_->{goal} || '') eq 'form' && !defined $_->{v} }
                      @all;
    my @early = grep { $_->{pf} } @all;

    is(scalar @all, 52, 'three more');
    is(scalar @nobody, 1, 'a goal of nobody');
    is_deeply([map { $_->{pf} } @early], [1, 1], 'two prefetched pages');
    is_deeply([grep { defined } map { $_->{v} } @early], [keys %v],
              'one of them of the known visitor');
    is($nginx->status->{cookieless}{visitors}, 1, 'nobody new');

    ok($nginx->quit);
    $nginx->calm('state: no alarm');
}

{
    my $nginx = started('sessions',
        nginx(workers => 2, http => 'journey_identity cookieless;'));
    my $anna = browser(port => $nginx->port);

    $anna->get('/1', @google);
    $anna->get('/order?id=1');

    # A short session from now on, in which no two have to be.
    $nginx->configure(http => $nginx->{http} . ' journey_session 1s;');
    ok($nginx->reload, 'sessions: reloaded');
    sleep 2.1;
    my $late = $anna->post('/form');
    $anna->get('/2');
    sleep 2.1;
    $anna->get('/3');

    # two workers' lines may be of one millisecond
    my @events = sort { $a->{j} <=> $b->{j} || $a->{s} <=> $b->{s}
                        || $b->{k} cmp $a->{k} } $nginx->events(6);
    is_deeply([map { [@$_{qw(k j s)}] } @events],
              [['page', 1, 1], ['page', 1, 1], ['goal', 1, 1], ['goal', 1, 1],
               ['page', 2, 2], ['page', 2, 3]],
              'sessions end, the completed journey too');
    is($events[4]{ch}, 'direct', 'a session begins with a touch');
    my %v = map { $_->{v} => 1 } @events;
    is(scalar keys %v, 1, 'of one visitor');
    is($nginx->status->{visitors}{returning}, 2, 'who came back');

    ok($nginx->quit);
    $nginx->calm('sessions: no alarm');
}


# ---- reload, upgrade, restart ----------------------------------------------

sub salts { return $_[0]->status->{salts}; }

{
    my $nginx = started('restart', nginx(workers => 2, secret => '',
                                         http => 'journey_profile anonymous;'));
    my $anna = browser(port => $nginx->port);
    my $go = sub {
        $anna->get('/order?id=A-1', @google);
        my ($goal) = grep { $_->{k} eq 'goal' }
                     (sort { $a->{t} <=> $b->{t} }
                      $nginx->events($_[0]))[-2, -1];
        return $goal;
    };

    my $first = $go->(2);
    is(salts($nginx)->{created}, 1, 'one salt');
    is(salts($nginx)->{previous}, undef);

    ok($nginx->reload, 'reloaded');
    my $second = $go->(4);
    is($second->{v}, $first->{v}, 'a reload keeps the visitor');
    is($second->{s}, 1, 'in the same session');
    is($second->{ord}, $first->{ord}, 'and what orders are hashed with');
    is(salts($nginx)->{created}, 1, 'no other salt');
    is($nginx->status->{cookieless}{visitors}, 1);

    # the new master has a zone of its own
    $nginx->signal('USR2');
    ok(wait_for(sub { my $new = $nginx->pid; defined $new
                      && defined $nginx->pid('.oldbin')
                      && $nginx->workers($new) == 2 }), 'upgraded');
    $nginx->signal('QUIT', '.oldbin');
    ok(wait_for(sub { !defined $nginx->pid('.oldbin') }));

    my $third = $go->(6);
    isnt($third->{v}, $first->{v}, 'an upgrade makes new visitors');
    isnt($third->{ord}, $first->{ord});
    is($third->{s}, 1);
    is(salts($nginx)->{created}, 1, 'its salt is counted');
    is($nginx->status->{visitors}{new}, 1, 'and so is the visitor');

    ok($nginx->quit);
    ok($nginx->start, 'restarted');
    my $fourth = $go->(8);
    isnt($fourth->{v}, $_->{v}, 'a restart, too') for $first, $third;
    isnt($fourth->{ord}, $third->{ord});
    is(salts($nginx)->{created}, 1);

    ok($nginx->quit);
    $nginx->calm('restart: no alarm');
}


# ---- a zone that is full ---------------------------------------------------

{
    my $nginx = started('full',
        nginx(workers => 2, level => 'warn', http => <<'END'));
    journey_zone small:128k;
    journey_identity cookieless;
END
    my $go = sub {
        my ($n, $uri) = @_;

        return browser(port => $nginx->port)
               ->get($uri || '/fill',
                     'X-Real-IP' => '10.' . join('.', $n >> 16, $n >> 8 & 255,
                                                 $n & 255))
               ->header('X-Journey');
    };
    my ($n, $status) = (10);

    # 1 comes once, 2 comes back all the time
    $go->(1, '/order');
    $go->(2, '/order');

    do {
        $go->($n++) for 1 .. 50;
        $go->(2, '/again');
        $status = $nginx->status;
    } while ($status->{cookieless}{evicted} == 0 && $n < 5000);

    cmp_ok($n, '<', 1000, 'the smallest zone holds few');
    cmp_ok($status->{cookieless}{visitors}, '>', 50, 'but some');
    Test::More::note("128k hold $status->{cookieless}{visitors} visitors");

    my $holds = $status->{cookieless}{visitors};

    for (1 .. 6) {
        $go->($n++) for 1 .. 100;
        $go->(2, '/again');
    }

    $status = $nginx->status_when(
        sub { $_[0]{cookieless}{visitors} + $_[0]{cookieless}{evicted}
              == $n - 10 + 2 });
    is($status->{cookieless}{visitors}, $holds, 'it holds no more');
    is($status->{cookieless}{visitors} + $status->{cookieless}{evicted},
       $n - 10 + 2, 'each that went is counted');

    is($go->(2, '/last'), 'cookieless:1:1:direct:decision',
       'who was seen of late is known');
    is($go->(1, '/last'), 'cookieless:1:1:direct:awareness',
       'the one not seen for longest had to go');

    my @warnings = grep { /\[warn\].*"journey_zone" is full/ }
                        split /\n/, slurp($nginx->error_log);
    is(scalar @warnings, 1, 'one warning');
    unlike($warnings[0], qr/client|request|10\.\d/, 'about nobody');

    # and every page was answered and logged
    is(scalar($nginx->events($status->{log}{lines} + 2)),
       $status->{log}{lines} + 2, 'an event each');
    ok($nginx->quit);
    $nginx->calm('full: no alarm');
}


# ---- midnight and four o'clock ---------------------------------------------

SKIP: {
    my $clock = Journey::Faketime->new("$Journey::ServRoot-clock");
    skip $clock->{why}, 1 if defined $clock->{why};

    my $set = sub { $clock->set(@_) };

    local %ENV = (%ENV, $clock->env);

    my $nginx = nginx(workers => 2,
                      main => $clock->main,
                      http => 'journey_identity cookieless;
                               journey_session 1h;');
    my ($anna, $bert) = map { browser(port => $nginx->port, language => $_) }
                            qw(a b);
    my $id = sub { return $_[0]->get('/x')->header('X-Id'); };

    $set->('2027-03-27 23:59:55');
    started('midnight', $nginx);

    my ($one, $two) = ($id->($anna), $id->($bert));
    is(salts($nginx)->{today}{day}, '2027-03-27', 'the salt of the day');
    is(salts($nginx)->{previous}, undef);

    # nobody asks: a timer makes tomorrow's salt
    ok(wait_for(sub { salts($nginx)->{created} == 2 }),
       'midnight: another salt, without a request');
    my $salts = salts($nginx);
    is($salts->{today}{day}, '2027-03-28');
    is($salts->{today}{created}, 1806192000, 'on the stroke');
    is($salts->{previous}{day}, '2027-03-27', 'the one of before is kept');
    is($salts->{destroyed}, 0);

    is($id->($anna), $one, 'a session goes on across midnight');
    is($anna->get('/x')->header('X-Journey'), 'cookieless:1:1:direct:awareness');
    isnt($id->(browser(port => $nginx->port, language => 'c')), $one);

    # a session that has ended begins a new visitor
    $set->('2027-03-28 00:50:00');
    is($id->($anna), $one, 'still the same session');
    $set->('2027-03-28 01:20:00');
    isnt($id->($bert), $two, 'ended since midnight: another visitor');
    is($bert->get('/x')->header('X-Journey'),
       'cookieless:1:1:direct:awareness', 'who has no past');

    for my $time ('01:40', '02:30', '03:20') {
        $set->("2027-03-28 $time:00");
        is($id->($anna), $one, "at $time");
    }

    # at four the old salt goes, by the timer again: other workers, since it
    # does not see the clock jump
    $set->('2027-03-28 03:59:56');
    is($id->($anna), $one, 'a moment before four');
    ok($nginx->reload, 'reloaded');
    is(salts($nginx)->{destroyed}, 0);
    ok(wait_for(sub { salts($nginx)->{destroyed} == 1 }),
       'at four it is destroyed, without a request');
    $salts = salts($nginx);
    is($salts->{previous}, undef);
    is($salts->{gone}[0]{day}, '2027-03-27');
    is($salts->{gone}[0]{destroyed}, 1806206400, 'on the stroke');
    isnt($id->($anna), $one, 'and its visitors with it');

    # what was kept of those of yesterday alone goes, too
    my @events = sort { $a->{t} <=> $b->{t} } $nginx->events(13);
    my %v = map { $_->{v} => 1 } @events;
    is(scalar keys %v, 5, 'ids: two of each, one of one');
    is(scalar(grep { $_->{v} eq $one } @events), 8, 'Anna across midnight');
    ok($nginx->quit);

    $set->('2027-03-27 23:59:50');
    started('expiry', $nginx);

    # many, so that they cannot go in one turn
    my $visitors = 5000;

    for my $tens (1 .. $visitors / 100) {
        $anna->raw(join '', map {
            my $close = $_ == 100 ? "Connection: close\r\n" : '';
            my $n = $tens * 100 + $_;

            "GET /x HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
            . "Accept-Language: $n\r\nUser-Agent: $anna->{agent}\r\n"
            . "$close\r\n"
        } 1 .. 100);
    }

    is($nginx->status_when(sub { $_[0]{cookieless}{visitors} == $visitors })
       ->{cookieless}{visitors}, $visitors, 'many visitors');
    $set->('2027-03-28 03:59:57');
    ok($nginx->reload, 'reloaded');
    is($nginx->status->{cookieless}{visitors}, $visitors, 'kept until four');
    $set->('2027-03-28 04:00:01');
    ok($nginx->reload, 'reloaded');
    ok(wait_for(sub { $nginx->status->{cookieless}{visitors} == 0 }),
       'not longer, without a request');

    # days in which nobody asked
    $set->('2027-04-02 12:00:00');
    $id->($anna);
    $salts = salts($nginx);
    is($salts->{today}{day}, '2027-04-02');
    is($salts->{previous}, undef, 'a salt of days ago serves nobody');

    ok($nginx->quit);
    $nginx->calm('midnight: no alarm');
    unlink $clock;
}
