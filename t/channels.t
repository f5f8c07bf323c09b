# Copyright (C) ngx_journey_module contributors
#
# From a request to its channel through the module (channels, sections 1 to
# 3), own rules, and the files of sources and agents.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Journey::Refuse;
use Test::Nginx::Socket 'no_plan';

my $rule = sub { return { http => "journey_channels {\n$_[0] # HERE\n}" } };

refused("journey_channels: $_->[0]", $rule->($_->[1]), $_->[2]) for (
    ['an unknown field', 'own sourze=acme.example;',
     qr/"own": unknown field "sourze" in condition "sourze=acme\.example"/],
    ['no field', 'own =acme.example;', qr/unknown field ""/],
    ['no condition', 'own;', qr/no condition in the rule of channel "own"/],
    ['a word without "="', 'own acme.example;',
     qr/no "=" in condition "acme\.example"/],
    ['a bad regular expression', 'own source=~a(b;',
     qr/invalid regular expression "a\(b".* at character 3/],
    ['an empty regular expression', 'own source=~;',
     qr/empty regular expression in condition "source=~"/],
    ['an empty one without case', 'own source=~*;',
     qr/empty regular expression in condition "source=~\*"/],
    ['"!=" with a regular expression', 'own source!=~a;',
     qr/"!=" takes no regular expression in condition "source!=~a"/],
    ['an unknown kind', 'own kind=searches;',
     qr/unknown kind "searches" in condition "kind=searches"/],
    ['an unknown click id', 'own click=foo;',
     qr/unknown click "foo" in condition "click=foo"/],
    ['a name in capitals', 'Own source=a;',
     qr/name "Own" is not of the form/],
    ['a name with a hyphen', 'own-channel source=a;',
     qr/name "own-channel" is not of the form/],
    ['a name that begins with a digit', '1own source=a;',
     qr/name "1own" is not of the form/],
    ['a name of 33 characters', 'o' . 'w' x 31 . 'n source=a;',
     qr/name "ow{31}n" is not 1 to 32 characters long/],
    ['a block inside', 'own source=a { };', qr/unexpected "\{"/],
);

refused('journey_channels twice',
        { http => "journey_channels { own source=a; }\n"
                  . "journey_channels { own source=b; } # HERE" },
        qr/"journey_channels" directive is duplicate/);
refused('journey_channels in a location',
        { location => 'journey_channels { own source=a; } # HERE' },
        qr/"journey_channels" directive is not allowed here/);
refused('journey_channels with a word',
        { http => 'journey_channels own { own source=a; } # HERE' },
        qr/invalid number of arguments in "journey_channels"/);
refused('journey_channels without an end',
        { http => 'journey_channels { own source=a;' },
        qr/unexpected end of file|unexpected "\{"|unknown field|no condition/);
accepted('a name of 32 characters, all the fields',
         { http => 'journey_channels { ' . 'o' x 32 . ' source=a medium!=b '
                   . 'campaign=~c term=~*d content= click=gclid kind=search '
                   . 'referrer=e host=f path=/g; }' });
accepted('an empty block inside takes the rules of the outer one away',
         { http => 'journey_channels { own source=a; }',
           server => 'journey_channels { }' });

my $file = sub {
    my ($directive, $text) = @_;
    return { http => "$directive own; # HERE", files => { own => $text } };
};

# The message names the rule file's line; nginx.conf's comes behind it.
for my $case (
    ['journey_sources', "# a\n\nsearch a \"A\" a.example\nseek b \"B\" b.example\n",
     qr/"journey_sources": unknown kind "seek" of source in \S*own:4\b/],
    ['journey_sources', "search a\n", qr/source "a" has no name in \S*own:1\b/],
    ['journey_sources', "search a \"A\"\n",
     qr/source "a" has no pattern behind its name "A" in \S*own:1\b/],
    ['journey_sources', "search A \"A\" a.example\n",
     qr/invalid key "A".* in \S*own:1\b/],
    ['journey_sources', "\nsearch a \"A\" a..example\n",
     qr/invalid pattern "a\.\.example".* in \S*own:2\b/],
    ['journey_sources', "search a \"A a.example\n",
     qr/a quote that does not end in \S*own:1\b/],
    ['journey_agents', "bot\n", qr/"journey_agents": .* in \S*own:1\b/],
    ['journey_agents', "\nrobot a \"A\"\n",
     qr/"journey_agents": .*"robot".* in \S*own:2\b/],
    ['journey_agents', "bot a \"\"\n", qr/"journey_agents": .* in \S*own:1\b/],
)
{
    my ($directive, $text, $want) = @$case;
    (my $name = $text) =~ s/\n/ /g;

    refused("$directive: $name", $file->($directive, $text), $want);
}

for my $directive (qw(journey_sources journey_agents)) {
    refused("$directive: a file that is missing",
            { http => "$directive missing-file; # HERE" },
            qr{"$directive": .*conf/missing-file".*No such file});
    refused("$directive: a folder",
            { http => "$directive . ; # HERE" }, qr/"$directive": /);
    refused("$directive in a server",
            { server => "$directive own; # HERE" },
            qr/"$directive" directive is not allowed here/);
    refused("$directive: the second of two files is wrong",
            { http => "$directive good bad; # HERE",
              files => { good => $directive =~ /sources/
                                 ? "search a \"A\" a.example\n"
                                 : "bot a \"Aaa\"\n",
                         bad => "# nothing\nwrong\n" } },
            qr/"$directive": .* in \S*bad:2\b/);
}


# Visits, each of a new visitor: [URI, headers, what is wanted].  A key that
# is wanted as undef has to be absent.

sub entries {
    my (@cases) = @_;

    for my $case (@cases) {
        my ($uri, $headers) = @$case;
        browser(host => 'shop.example', %{ $headers->{browser} || {} })
            ->get($uri, map { $_ => $headers->{$_} }
                        grep { $_ ne 'browser' } keys %$headers);
    }

    my @events = journey_log_wait(scalar @cases);

    is(scalar @events, scalar @cases, 'one event each');

    for my $i (0 .. $#cases) {
        my ($uri, $headers, $want) = @{ $cases[$i] };
        my $name = join ' ', $uri, map { "$_: $headers->{$_}" }
                                   grep { !ref $headers->{$_} } keys %$headers;
        my $bad = Journey::event_differs($events[$i] || {}, $want);

        ok(!defined $bad, substr $name, 0, 100)
            or diag("$bad\n" . Journey::encode($events[$i]));
    }
}

sub from { return { Referer => $_[0] } }

no_root_location();
run_tests();

__DATA__

=== TEST 1: every channel
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
    journey_agents journey/agents.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $utm = sub {
    my ($source, $medium, $campaign) = @_;
    return "/?utm_source=$source&utm_medium=$medium"
           . (defined $campaign ? "&utm_campaign=$campaign" : '');
};
my @cases = (
    ['/', {}, 'direct'],
    [$utm->('google', 'x', 'cross-network'), {}, 'cross_network'],
    [$utm->('amazon', 'cpc'), {}, 'paid_shopping'],
    [$utm->('google', 'cpc'), {}, 'paid_search'],
    [$utm->('facebook', 'paid_social'), {}, 'paid_social'],
    [$utm->('youtube', 'cpv'), {}, 'paid_video'],
    [$utm->('acme', 'banner'), {}, 'display'],
    [$utm->('acme', 'cpc'), {}, 'paid_other'],
    ['/', from('https://www.amazon.co.uk/'), 'organic_shopping'],
    ['/', from('https://m.facebook.com/'), 'organic_social'],
    ['/', from('https://www.youtube.com/'), 'organic_video'],
    ['/', from('https://chatgpt.com/'), 'ai_assistant'],
    ['/', from('https://www.google.de/'), 'organic_search'],
    ['/', from('https://blog.example/'), 'referral'],
    ['/', from('https://mail.google.com/'), 'email'],
    [$utm->('acme', 'affiliate'), {}, 'affiliates'],
    [$utm->('acme', 'audio'), {}, 'audio'],
    [$utm->('acme', 'sms'), {}, 'sms'],
    [$utm->('acme', 'web-push'), {}, 'push'],
    [$utm->('acme', 'qr'), {}, 'offline'],
    [$utm->('acme', 'whatever'), {}, 'unassigned'],
);
entries(map { [$_->[0], $_->[1], { ch => $_->[2], k => 'page' }] } @cases);

my $status = Journey::decode(browser()->get('/status')->body);
is_deeply($status->{channels}, { map { $_->[2] => 1 } @cases },
          'and each is counted once');


=== TEST 2: source, medium, why: campaign, click id, referrer, app, agent, direct
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
    journey_agents journey/agents.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $google = from('https://www.google.com/');
my $instagram = { browser => { agent => 'Mozilla/5.0 (iPhone; CPU iPhone OS '
    . '17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) '
    . 'Mobile/15E148 Instagram 335.0.8.29.95' } };

entries(
    ['/', {}, { ch => 'direct', src => undef, med => undef, cmp => undef,
                ref => undef, cid => undef, why => 'direct' }],
    ['/', $google, { ch => 'organic_search', src => 'google',
                     med => 'organic', ref => 'www.google.com',
                     why => 'referrer', cid => undef, cmp => undef }],
    ['/', from('https://www.blog.example/p?q#f'),
     { ch => 'referral', src => 'blog.example', med => 'referral',
       ref => 'www.blog.example', why => 'referrer' }],
    ['/', from('android-app://com.google.android.gm/'),
     { ch => 'email', med => 'email', why => 'app',
       ref => 'com.google.android.gm' }],
    ['/', from('android-app://org.unknown.app'),
     { ch => 'referral', src => 'org.unknown.app', why => 'app' }],
    ['/', $instagram, { ch => 'organic_social', src => 'instagram',
                        med => 'social', ref => undef, why => 'agent',
                        dev => 'mobile' }],
    ['/', { %$instagram, %$google }, { src => 'google', why => 'referrer' }],
    ['/?utm_source=Acme&utm_medium=Letter&utm_campaign=A+b%2Fc&utm_term=Red'
     . '&utm_content=Top', $google,
     { ch => 'unassigned', src => 'acme', med => 'letter', cmp => 'a b/c',
       trm => 'red', con => 'top', ref => 'www.google.com', why => 'utm' }],
    ['/?utm_medium=cpc', $google,
     { ch => 'paid_search', src => 'google', med => 'cpc', why => 'utm' }],
    ['/?utm_campaign=spring', {}, { ch => 'unassigned', src => undef,
                                    cmp => 'spring', why => 'utm' }],
    ['/?utm_id=42', $google, { cmp => '42', src => 'google',
                               ch => 'organic_search' }],
    ['/?mtm_source=acme&mtm_medium=email', {},
     { ch => 'email', src => 'acme', why => 'utm' }],
    ['/?pk_campaign=a&pk_source=b', {}, { src => 'b', cmp => 'a' }],
    ['/?ref=acme.example', {}, { src => 'acme.example', why => 'utm' }],
    ['/?ref=https%3A%2F%2Fwww.acme.example%2Fpath', {},
     { src => 'acme.example' }],
    ['/?utm_source=fb', {}, { ch => 'organic_social', src => 'facebook' }],
    ['/?utm_source=google-ads', {}, { ch => 'paid_search', src => 'google',
                                      med => 'cpc' }],
    ['/?gclid=SECRETID', {}, { ch => 'paid_search', src => 'google',
                               med => 'cpc', cid => 'gclid',
                               why => 'click' }],
    ['/?gclid=SECRETID&utm_source=google&utm_medium=display', {},
     { ch => 'display', med => 'display', cid => 'gclid', why => 'utm' }],
    ['/?gclid=SECRETID', from('https://www.youtube.com/'),
     { ch => 'paid_video', src => 'youtube', cid => 'gclid' }],
    ['/?fbclid=SECRETID', {}, { ch => 'organic_social', src => 'facebook',
                                med => 'social', cid => 'fbclid' }],
    ['/?fbclid=SECRETID&utm_medium=paid', {},
     { ch => 'paid_social', src => 'facebook', cid => 'fbclid' }],
    ['/?srsltid=SECRETID', {}, { ch => 'organic_shopping', src => 'google',
                                 med => 'organic', cid => 'srsltid' }],
    ['/?dclid=SECRETID', {}, { ch => 'display', cid => 'dclid' }],
    ['/?msclkid=SECRETID', {}, { ch => 'paid_search', src => 'bing' }],
    ['/?ttclid=SECRETID', {}, { ch => 'paid_social', src => 'tiktok' }],
    ['/?twclid=SECRETID', {}, { ch => 'paid_social', src => 'x' }],
    ['/?li_fat_id=SECRETID', {}, { ch => 'paid_social', src => 'linkedin' }],
    ['/?yclid=SECRETID', {}, { ch => 'paid_search', src => 'yandex' }],
    ['/?gclid=', {}, { ch => 'direct', cid => undef }],
    ['/?utm_source=&utm_medium=(not%20set)&utm_campaign=null', $google,
     { ch => 'organic_search', cmp => undef }],
    ['/?utm_source=first&utm_source=second&utm_medium=email', {},
     { src => 'first' }],
);

unlike(journey_log_raw(), qr/SECRETID/i, 'the value of a click id is nowhere');


=== TEST 3: campaign values as they are logged
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $c = sub { return ["/?utm_source=a&utm_medium=email&utm_campaign=$_[0]",
                      {}, { cmp => $_[1], ch => 'email' }] };
entries(
    $c->('Spring+Sale%202026', 'spring sale 2026'),
    $c->('%C3%84pfel', "\x{c4}pfel"),
    $c->('a%26b%3Dc', 'a&b=c'),
    $c->('100%', '100%'),
    $c->('%zz%4', '%zz%4'),
    $c->('%22quoted%22%5C', '"quoted"\\'),
    $c->('bad%ff%c3', 'bad??'),
    $c->('a%00b%0d%0ac', 'a b  c'),
    $c->('anna%40example.com', undef),
    $c->('anna@example.com', undef),
    $c->('x' x 300 . '%40', undef),
    $c->('y' x 100, 'y' x 100),
    $c->('y' x 101, 'y' x 100),
    $c->('z' . '%C3%A4' x 60, 'z' . "\x{e4}" x 49),
    $c->('%F0%9F%98%80' x 25, "\x{1f600}" x 25),
    $c->('a' . '%F0%9F%98%80' x 25, 'a' . "\x{1f600}" x 24),
    $c->('%20%20in%20%20', 'in'),
    $c->('', undef),
    ['/?utm_source=anna%40example.com&utm_medium=email', {},
     { ch => 'email', src => undef }],
    ['/?utm_source=' . 's' x 300 . '&utm_medium=email', {},
     { src => 's' x 100 }],
    ['/?UTM_SOURCE=Caps&Utm_Medium=EMAIL', {}, { src => 'caps',
                                                 ch => 'email' }],
    ['/?utm%5Fsource=coded&utm_medium=email', {}, { src => 'coded' }],
    ['/?' . 'a=b&' x 1500 . 'utm_source=late&utm_medium=email', {},
     { src => 'late' }],
);

# 23 events, 3 mail addresses, in no line.
unlike(journey_log_raw(), qr/anna/, 'no mail address');
is(() = journey_log_raw() =~ /\@/g, 0, 'no @ at all');


=== TEST 4: of a referrer the host alone is kept, whatever is sent
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $long = join '.', ('a' x 60) x 4;

entries(
    ['/', from('https://Other.Example:8443/PRIVATE?PRIVATE#PRIVATE'),
     { ref => 'other.example', src => 'other.example' }],
    ['/', from('https://user:PRIVATE@other.example/'),
     { ref => 'other.example' }],
    ['/', from('https://other.example.'), { ref => 'other.example' }],
    ['/', from('//other.example/PRIVATE'), { why => 'direct' }],
    ['/', from('ftp://other.example/PRIVATE'), { why => 'direct' }],
    ['/', from('PRIVATE'), { why => 'direct' }],
    ['/', from(''), { why => 'direct' }],
    ['/', from('about:blank'), { why => 'direct' }],
    ['/', from('javascript:PRIVATE()'), { why => 'direct' }],
    ['/', from('https://' . $long . '/'), { src => substr($long, 0, 100),
                                            ref => substr($long, 0, 100) }],
    ['/', from('https://other.example/' . 'PRIVATE' x 1100),
     { ref => 'other.example' }],
    ['/', from("https://other.example/PRIVATE\xff\xfe"),
     { ref => 'other.example' }],
    ['/', from("https://oth\xffer.example/PRIVATE"), { k => 'page' }],
    ['/', from('https://192.0.2.77:8080/PRIVATE'), { k => 'page' }],
    ['/', from('https://[2001:db8::1]/PRIVATE'), { k => 'page' }],
    ['/', from('https://xn--bcher-kva.example/'),
     { src => 'xn--bcher-kva.example' }],
);

unlike(journey_log_raw(), qr/PRIVATE/i, 'neither path, query nor user');


=== TEST 5: own rules come first, in order, all conditions of one hold
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
    journey_channels {
        partner    source=ACME.example;
        offline    medium=~^(qr|print)$;
        brand      campaign=~*^Brand- source=google;
        terms      term=red content!=top;
        ads        click=gclid medium!=display;
        sea        kind=search medium=cpc;
        magazine   referrer=~(^|\.)magazine\.example$;
        landing    path=~^/lp/;
        special    host=special.example;
        nothing    source= campaign=nothing;
        partner    source=second.example;
    }
--- config
    server_name shop.example special.example;
    journey on;
    location / { default_type text/html; return 200 x; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $own = sub {
    my ($uri, $headers, $channel, %more) = @_;
    return [$uri, $headers, { ch => $channel, why => "rule:$channel", %more }];
};
entries(
    $own->('/', from('https://acme.example/'), 'partner',
           src => 'acme.example', med => 'referral'),
    $own->('/?utm_source=acme.example', {}, 'partner'),
    ['/', from('https://notacme.example/'), { ch => 'referral',
                                              why => 'referrer' }],
    $own->('/?utm_source=a&utm_medium=QR', {}, 'offline', med => 'qr'),
    ['/?utm_source=a&utm_medium=qr-code', {}, { ch => 'offline',
                                                why => 'utm' }],
    $own->('/?utm_source=google&utm_medium=cpc&utm_campaign=BRAND-x', {},
           'brand'),
    $own->('/?utm_source=google&utm_medium=cpc&utm_campaign=x-brand-', {},
           'sea'),
    $own->('/?utm_source=a&utm_term=red', {}, 'terms'),
    $own->('/?utm_source=a&utm_term=RED&utm_content=side', {}, 'terms'),
    ['/?utm_source=a&utm_term=red&utm_content=Top', {},
     { ch => 'unassigned', why => 'utm' }],
    $own->('/?gclid=1', {}, 'ads', cid => 'gclid'),
    ['/?gclid=1&utm_source=google&utm_medium=display', {},
     { ch => 'display', why => 'utm' }],
    $own->('/', from('https://www.magazine.example/'), 'magazine'),
    ['/', from('https://amagazine.example/'), { ch => 'referral' }],
    $own->('/lp/x', {}, 'landing', src => undef),
    ['/x/lp/', {}, { ch => 'direct' }],
    $own->('/lp/x', from('https://acme.example/'), 'partner'),
    ['/', { browser => { host => 'Special.Example:81' } },
     { ch => 'special', why => 'rule:special' }],
    $own->('/?utm_campaign=nothing', {}, 'nothing'),
    ['/?utm_campaign=nothing&utm_source=any', {}, { ch => 'unassigned' }],
    $own->('/', from('https://second.example/'), 'partner'),
);

my $status = Journey::decode(browser()->get('/status')->body);
is($status->{channels}{partner}, 4, 'own channels are counted by name');
is($status->{channels}{landing}, 1);


=== TEST 6: the rules of a server replace those of http
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_channels { outer source=one.example; outer source=two.example; }
    server {
        listen $TEST_NGINX_PORT;
        server_name inner.example;
        journey on;
        journey_channels { inner source=one.example; }
        location / { default_type text/html; return 200 x; }
    }
    server {
        listen $TEST_NGINX_PORT;
        server_name empty.example;
        journey on;
        journey_channels { }
        location / { default_type text/html; return 200 x; }
    }
--- config
    server_name outer.example;
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $at = sub { return ['/', { browser => { host => $_[0] },
                              Referer => "https://$_[1]/" },
                       { ch => $_[2] }] };
entries(
    $at->('outer.example', 'one.example', 'outer'),
    $at->('outer.example', 'two.example', 'outer'),
    $at->('inner.example', 'one.example', 'inner'),
    $at->('inner.example', 'two.example', 'referral'),
    $at->('empty.example', 'one.example', 'referral'),
);


=== TEST 7: own channels in the goal's list, whatever the server
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_channels { partner source=acme.example; offline medium=qr; }
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; add_header X-Touches $journey_touches;
                 add_header X-Rule $journey_rule; }
    location /goal { return 200 x; journey_goal reached; }
--- visit
my $anna = browser(host => 'shop.example');
my $r = $anna->get('/', Referer => 'https://acme.example/');
is($r->header('X-Touches'), 'partner');
is($r->header('X-Rule'), 'rule:partner');
$anna->get('/?utm_source=poster&utm_medium=qr');
$r = $anna->get('/', Referer => 'https://other.example/');
is($r->header('X-Touches'), 'partner>offline>referral');
is($r->header('X-Rule'), 'referrer');
$anna->get('/goal');
--- journey_log
{"ch":"partner"}
{"ch":"offline"}
{"ch":"referral"}
{"k":"page","ch":null}
{"k":"goal","w":["partner","offline","referral"],"wn":3}


=== TEST 8: several files of sources; the later entry wins
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources one two;
    journey_sources three;
--- post_setup_server_root
my $conf = Test::Nginx::Util::server_root() . '/conf';
Journey::spew("$conf/one", "search  aaa  \"Aaa\"  aaa.example  alias:ay\n"
                  . "social  bbb  \"Bbb\"  bbb.example\n"
                  . "video   own  \"Own\"  tube.example\n");
Journey::spew("$conf/two", "# corrects the first\nemail   bbb  \"Bbb\"  bbb.example\n"
                  . "ai      bot  \"Bot\"  ask.aaa.example  aaa.example/ask\n");
Journey::spew("$conf/three", "shopping  ccc  \"Ccc\"  tube.example  =exact.example\n"
                    . "search  star  \"Star\"  star.*\n");
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $is = sub { return ['/', from("https://$_[0]"), { src => $_[1],
                                                     ch => $_[2] }] };
entries(
    $is->('aaa.example', 'aaa', 'organic_search'),
    $is->('www.aaa.example/', 'aaa', 'organic_search'),
    $is->('ask.aaa.example/', 'bot', 'ai_assistant'),
    $is->('aaa.example/ask', 'bot', 'ai_assistant'),
    $is->('aaa.example/ask?', 'bot', 'ai_assistant'),
    $is->('aaa.example/asking', 'aaa', 'organic_search'),
    $is->('bbb.example/', 'bbb', 'email'),
    $is->('tube.example/', 'ccc', 'organic_shopping'),
    $is->('exact.example/', 'ccc', 'organic_shopping'),
    $is->('www.exact.example/', 'exact.example', 'referral'),
    $is->('star.co.uk/', 'star', 'organic_search'),
    $is->('star.example.org/', 'star.example.org', 'referral'),
    $is->('notaaa.example/', 'notaaa.example', 'referral'),
    $is->('aaa.example.org/', 'aaa.example.org', 'referral'),
    ['/?utm_source=ay', {}, { src => 'aaa', ch => 'organic_search' }],
);


=== TEST 9: without any file every host is a plain referral
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
entries(['/', from('https://www.google.com/'),
         { src => 'google.com', ch => 'referral' }],
        ['/?gclid=1', {}, { src => 'google', ch => 'paid_search' }]);


=== TEST 10: spam: dropped and counted, or a plain referral
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources spam;
--- post_setup_server_root
Journey::spew(Test::Nginx::Util::server_root() . '/conf/spam',
     "spam buttons \"Buttons\" buttons.example\n");
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; }
    location /kept { journey_drop_spam off; return 200 x; }
    location /status { journey_status; default_type text/plain; }
--- visit
my $anna = browser(host => 'shop.example');
my @spam = (Referer => 'https://www.buttons.example/');

$anna->get('/', @spam);
$anna->get('/inside', @spam);
$anna->get('/campaign?utm_source=a&utm_medium=email', @spam);
$anna->get('/kept', @spam);

my $status = Journey::decode($anna->get('/status')->body);
is($status->{spam}, 3);
--- journey_log
{"p":"/","ch":"direct","ref":null,"src":null}
{"p":"/inside","ch":null}
{"p":"/campaign","ch":"email","src":"a","ref":null}
{"p":"/kept","ch":"referral","src":"buttons","ref":"www.buttons.example"}


=== TEST 11: several files of agents; later entries win
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources sources;
    journey_agents one two;
--- post_setup_server_root
my $conf = Test::Nginx::Util::server_root() . '/conf';
Journey::spew("$conf/sources", "social  net  \"Net\"  net.example\n");
Journey::spew("$conf/one", "bot  robo  \"RoboReader\"\nbot  other  \"Changed/\"\n"
                  . "app  net   \"NetApp/\"\ndevice mobile \"Phoney\"\n");
Journey::spew("$conf/two", "agent  ask  \"AskForMe\"\nbot  changed  \"Changed/\"\n");
--- config
    journey on;
    location / {
        default_type text/html;
        add_header X-Bot $journey_bot;
        add_header X-Device $journey_device;
        return 200 x;
    }
--- visit
my $bot = sub { return scalar browser(agent => "Mozilla/5.0 $_[0]",
                                      host => 'shop.example')
                              ->get('/')->header('X-Bot') };
is($bot->('RoboReader 1'), 'robo');
is($bot->('roboreader 1'), 'robo', 'in either case');
is($bot->('Changed/2'), 'changed');
is($bot->('AskForMe'), 'ai_agent');
is($bot->('NetApp/1 Phoney'), undef);
is($bot->('Googlebot'), undef, 'conf/agents.conf is not in force');
--- journey_log
{"ch":"organic_social","src":"net","why":"agent","dev":"mobile"}
{"ch":"direct","dev":"~."}


=== TEST 12: a page inside a session opens a touch when it comes from outside and differs
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    journey_sources journey/sources.conf;
--- config
    journey on;
    location / { default_type text/html; return 200 x; }
--- visit
my $anna = browser(host => 'shop.example');
my @google = (Referer => 'https://www.google.com/');

$anna->get('/1', @google);
$anna->get('/2', @google);
$anna->get('/3', Referer => 'https://google.de/search?q=x');
$anna->get('/4', Referer => 'https://shop.example/1');
$anna->get('/5');
$anna->get('/6?utm_source=letter&utm_medium=email');
$anna->get('/7?utm_source=letter&utm_medium=email&utm_term=other');
$anna->get('/8?utm_source=letter&utm_medium=email&utm_campaign=c');
$anna->get('/9', @google);
$anna->get('/10?gclid=x');
$anna->get('/11?gclid=y');
$anna->get('/12?utm_term=alone');
$anna->get('/13?q=utm_source');
--- journey_log
{"p":"/1","ch":"organic_search","fs":"~."}
{"p":"/2","ch":null,"fs":null,"src":null,"ref":null,"why":null}
{"p":"/3","ch":null}
{"p":"/4","ch":null}
{"p":"/5","ch":null}
{"p":"/6","ch":"email","s":1,"fs":null}
{"p":"/7","ch":null,"trm":null}
{"p":"/8","ch":"email","cmp":"c","s":1}
{"p":"/9","ch":"organic_search","s":1}
{"p":"/10","ch":"paid_search","cid":"gclid","s":1}
{"p":"/11","ch":null,"cid":null}
{"p":"/12","ch":null}
{"p":"/13","ch":null}
