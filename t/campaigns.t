# Copyright (C) ngx_journey_module contributors
#
# journey campaigns, and --views: what was seen, clicked and visited by
# campaign, in numbers worked out by hand; and that views change nothing else.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines;
use Test::More;

my $T = 1_795_321_780_000;          # 2026-11-22T04:29:40Z
my $conf = "$FindBin::Bin/../conf";

sub ev {
    my ($at, $v, $j, $s, $k, %more) = @_;

    return { t => $T + 1000 * $at, k => $k, h => 'shop.example', p => '/',
             (defined $v ? (v => id('c', $v), j => $j, s => $s) : ()), %more };
}

sub touch { return (ch => $_[0], why => 'utm', of(@_[1 .. 3])); }

sub of {
    my ($src, $med, $cmp) = @_;

    return (($src ? (src => $src) : ()), ($med ? (med => $med) : ()),
            ($cmp ? (cmp => $cmp) : ()));
}

sub log_of { return (old(spew(member(lines(@_)))))[0]; }

my @letter = ('letter', 'email', 'november');
my @shoes = ('google', 'cpc', 'shoes');

# Nobody's views, and those of visitors.
my @views = (
    (map { ev($_, undef, 0, 0, 'pixel', p => '/mail.gif', of(@letter)) }
         1 .. 6),
    ev(50, 'A', 1, 1, 'pixel', p => '/mail.gif', of(@letter), cc => 'DE',
       dev => 'mobile', b => 'c'),
    ev(55, 'A', 1, 1, 'pixel', p => '/mail.gif', of(@letter)),
    ev(60, 'B', 1, 1, 'pixel', p => '/ad.gif', of(@shoes), trm => 'red',
       con => 'banner', cid => 'gclid'),
    ev(61, undef, 0, 0, 'pixel', p => '/ad.gif', of('adnet', 'display')),
    ev(62, undef, 0, 0, 'pixel', p => '/ad.gif', of(undef, 'display')),
    ev(63, 'B', 1, 1, 'pixel', p => '/x.gif'),
    ev(64, undef, 0, 0, 'pixel', p => '/x.gif'),

    # long after all else, of a session that was over then, and of somebody
    # of whom the log has no more
    ev(90 * 86400, 'A', 1, 2, 'pixel', p => '/mail.gif', of(@letter)),
    ev(90 * 86400, 'Z', 4, 9, 'pixel', p => '/mail.gif', of(@letter)),
);

my @rest = (
    # A: direct, then clicks the letter; in the same session a click that opens
    # no touch; buys
    ev(0, 'A', 1, 1, 'page', touch('direct')),
    ev(100_000, 'A', 1, 2, 'click', p => '/go/n', touch('email', @letter)),
    ev(100_001, 'A', 1, 2, 'page', p => '/products/'),
    ev(100_002, 'A', 1, 2, 'click', p => '/go/n'),
    ev(100_003, 'A', 1, 2, 'goal', goal => 'purchase', done => 1, val => 50,
       cur => 'EUR', w => ['direct', 'email'], wn => 2),

    # B: an ad twice, the second time by a page of another session; two tabs
    # open the same touch
    ev(200, 'B', 1, 1, 'click', p => '/go/a', touch('paid_search', @shoes)),
    ev(90_000, 'B', 1, 2, 'page', touch('paid_search', @shoes)),
    ev(90_004, 'B', 1, 2, 'page', touch('paid_search', @shoes)),
    ev(90_010, 'B', 1, 2, 'goal', goal => 'purchase', done => 1, val => 25,
       cur => 'EUR', w => ['paid_search'], wn => 2),

    # C: search without a campaign; then another campaign of the same channel
    # as the one before: the last touch has the credit
    ev(300, 'C', 1, 1, 'page', touch('organic_search', 'google', 'organic')),
    ev(310, 'C', 1, 1, 'page', touch('email', @letter)),
    ev(330, 'C', 1, 1, 'page', touch('email', 'letter', 'email', 'extra')),
    ev(340, 'C', 1, 1, 'goal', goal => 'purchase', done => 1, val => 10,
       cur => 'EUR', w => ['organic_search', 'email', 'email'], wn => 3),

    # D: a goal whose touches the log lacks
    ev(400, 'D', 1, 4, 'page', p => '/cart'),
    ev(410, 'D', 1, 4, 'goal', goal => 'purchase', done => 1, val => 5,
       cur => 'EUR', w => ['email'], wn => 1),

    # E: clicks that name a source and no campaign, or nothing at all
    ev(500, 'E', 1, 1, 'click', p => '/go/x', touch('referral', 'blog.example',
                                                   'referral')),
    ev(600, 'F', 1, 1, 'click', p => '/go/qr', touch('direct')),
);

my $with = log_of(@rest, @views);
my $without = log_of(@rest);

sub row {
    my ($campaign, $source, $medium, @n) = @_;
    my %row = (campaign => $campaign, source => $source, medium => $medium);

    @row{qw(views clicks click_rate visits visitors journeys conversions
            value)} = @n;

    return \%row;
}

my ($data, $code, $err) = journey_data('campaigns', '--json', $with);

is($code, 0, 'exit code');
is_deeply($data->{campaigns}, [
    row('november', 'letter', 'email', 10, 1, 0.1, 1, 2, 2, 1, 50),
    row('shoes', 'google', 'cpc', 1, 1, 1, 1, 1, 1, 1, 25),
    row(undef, undef, 'display', 1, 0, 0, 0, 0, 0, 0, 0),
    row(undef, 'adnet', 'display', 1, 0, 0, 0, 0, 0, 0, 0),
    row(undef, 'blog.example', 'referral', 0, 1, undef, 0, 1, 1, 0, 0),
    row('extra', 'letter', 'email', 0, 0, undef, 1, 1, 1, 1, 10),
], 'campaigns');
is(join(' ', keys %$data), 'campaigns', 'and no other table');
like($err, qr/^journey: note: 2 views of no campaign, medium or source$/m,
     'views that name nothing are told apart');

($data) = journey_data('report', '--json', $with);
my ($plain) = journey_data('report', '--json', $without);

is(scalar @{ $data->{campaigns} }, 6, 'report has them');
is($data->{summary}{events}, $plain->{summary}{events} + @views,
   'a view is an event');
delete @{ $_->{summary} }{qw(events until)} for $data, $plain;
delete $_->{campaigns} for $data, $plain;

# the end of the data is that of all events: the open journeys are dropped
my ($later) = journey_data('report', '--json', '--until',
                           $T / 1000 + 90 * 86400 + 1, $without);
delete @{ $later->{summary} }{qw(events until)};
delete $later->{campaigns};
is_deeply($data, $later, 'views change no other number');


# ---- --views ---------------------------------------------------------------

sub by {
    my ($table, $key, $value) = @_;

    return join ' ', sort map { ($_->{$key} // '-') . "=$_->{$value}" }
                     @$table;
}

sub paths {
    my ($table) = @_;

    return join ' ', sort map {
        join('>', @{ $_->{path} }) . "=$_->{journeys},$_->{conversions}"
    } @$table;
}

($data) = journey_data('report', '--json', '--views', '--conf', $conf, $with);

# A's two views within 10 seconds are one touch; the one after 90 days is one
# more; Z has one; B's is of paid_search, in the session of its click
is(by($data->{channels}, 'channel', 'touches'),
   'direct=2 email=6 organic_search=1 paid_search=3 referral=1',
   '--views: touches');
is(by($plain->{channels}, 'channel', 'touches'),
   'direct=2 email=3 organic_search=1 paid_search=2 referral=1',
   'without it');
is($data->{summary}{visitors}, $plain->{summary}{visitors} + 1,
   '--views: somebody who did no more than see');
is($data->{summary}{conversions}, $plain->{summary}{conversions},
   '--views: conversions');
is(paths($data->{paths}),
   'direct=1,0 direct>email=1,1 email=2,1 organic_search>email=1,1 '
   . 'paid_search=1,1 referral=1,0', '--views: paths');
is(by($data->{campaigns}, 'campaign', 'visits'),
   '-=0 -=0 -=0 extra=1 november=1 shoes=1', '--views: a view is no visit');

my ($november) = grep { ($_->{campaign} // '') eq 'november' }
                 @{ $data->{campaigns} };
is_deeply($november,
          row('november', 'letter', 'email', 10, 1, 0.1, 1, 3, 3, 1, 50),
          '--views: who saw is one of the visitors');

# a view between two touches, and the last one before a goal
my $between = log_of(
    ev(0, 'A', 1, 1, 'page', touch('direct')),
    ev(10, 'A', 1, 1, 'pixel', of(@letter)),
    ev(20, 'A', 1, 1, 'page', touch('organic_search', 'google', 'organic')),
    ev(30, 'A', 1, 1, 'pixel', of(@shoes)),
    ev(40, 'A', 1, 1, 'goal', goal => 'signup', done => 1, val => 7,
       cur => 'EUR', w => ['direct', 'organic_search'], wn => 2));

($data, $code, $err) = journey_data('report', '--json', '--views', '--conf',
                                    $conf, $between);
is_deeply($data->{paths}, [{ path => [qw(direct email organic_search
                                         paid_search)],
                             journeys => 1, conversions => 1, value => 7 }],
          '--views: in the order of time');
is((grep { $_->{channel} eq 'paid_search' } @{ $data->{channels} })[0]{value},
   7, '--views: the credit is the last view\'s');
unlike($err, qr/lacks touches/, 'w is not looked for more than it has');

# one that names nothing is nobody's still; and the mail that is opened later
# is not why the session before it ended
my @error = (ev(0, 'A', 1, 1, 'page', touch('direct')),
             ev(9, 'A', 1, 1, 'error', st => 404));

($data) = journey_data('report', '--json', '--views', '--conf', $conf,
    log_of(@error, ev(20, 'A', 1, 1, 'pixel', of(@letter)),
           ev(30, 'Z', 1, 1, 'pixel'), ev(40, 'A', 1, 1, 'pixel', u => 'ann')));
is(join(' ', @{ $data->{summary} }{qw(events visitors sessions journeys)}),
   '5 1 1 1', '--views: one that names nothing is nobody\'s');
is($data->{content}[0]{exits_error}, 1,
   '--views: it is none of a session\'s hits');

# w tells of one more touch than the log has: a view is not taken for it
my $lacking = log_of(
    ev(10, 'A', 1, 3, 'pixel', of(@letter)),
    ev(20, 'A', 1, 3, 'page', touch('organic_search', 'google', 'organic')),
    ev(40, 'A', 1, 3, 'goal', goal => 'signup', done => 1,
       w => ['direct', 'organic_search'], wn => 2));

($data, $code, $err) = journey_data('paths', '--json', '--views', '--conf',
                                    $conf, $lacking);
is_deeply($data->{paths}[0]{path}, [qw(direct organic_search)],
          '--views: no touch that the log lacks');
like($err, qr/1 conversion of which the input lacks touches/, 'it is said');

# without a configuration: the built-in rules; with one: its own
($data) = journey_data('paths', '--json', '--views', $between)
    if !-e '/etc/nginx/journey/journey.conf';
is_deeply($data->{paths}[0]{path}, [qw(direct email organic_search
                                       paid_other)],
          '--views: no table, no search engine')
    if !-e '/etc/nginx/journey/journey.conf';

mkdir path('conf') or die;
spew("journey_channels {\n    letters source=letter campaign=november;\n"
     . "}\n", 'conf/journey.conf');
($data) = journey_data('paths', '--json', '--views', '--conf', path('conf'),
                       $between);
is_deeply($data->{paths}[0]{path}, [qw(direct letters organic_search
                                       paid_other)],
          '--views: own rules');

# a view that names nothing is no touch, and none of direct at that
($data) = journey_data('channels', '--json', '--views', log_of(
    ev(0, 'A', 1, 1, 'page', touch('email', @letter)),
    ev(50, 'A', 1, 1, 'pixel')));
is(by($data->{channels}, 'channel', 'touches'), 'email=1',
   '--views: a view of nothing');

# a channel that a pixel claims to have
($data) = journey_data('report', '--json', log_of(
    ev(0, 'A', 1, 1, 'page', touch('email', @letter)),
    ev(50, undef, 0, 0, 'pixel', touch('direct', @shoes))));
is(by($data->{channels}, 'channel', 'touches'), 'email=1',
   'a pixel has no channel');
is(by($data->{campaigns}, 'campaign', 'views'), 'november=0 shoes=1',
   'and is a view all the same');


# ---- options and forms -----------------------------------------------------

($data) = journey_data('campaigns', '--json', '--limit', 1, $with);
is(by($data->{campaigns}, 'campaign', 'views'), 'november=10', '--limit');

($data) = journey_data('campaigns', '--json', '--until', $T / 1000 + 60,
                       $with);
is(by($data->{campaigns}, 'campaign', 'views'), 'november=8', '--until');

($data) = journey_data('campaigns', '--json', '--host', 'other.example',
                       $with);
is_deeply($data->{campaigns}, [], '--host');

($data) = journey_data('campaigns', '--json', '--goal', 'nothing', $with);
is((grep { $_->{conversions} != 0 } @{ $data->{campaigns} }), 0, '--goal');

my $out;
($code, $out) = journey('campaigns', '--csv', '--limit', 2, $with);
is($out, "campaign,source,medium,views,clicks,click_rate,visits,visitors,"
         . "journeys,conversions,value\r\n"
         . "november,letter,email,10,1,0.1,1,2,2,1,50\r\n"
         . "shoes,google,cpc,1,1,1,1,1,1,1,25\r\n", 'CSV');

($code, $out) = journey('campaigns', $with);
like($out, qr/^Campaigns\n  Campaign +Source +Views +Clicks +Rate +Visits +Journeys +Conversions +Value EUR\n  november +letter \/ email +10 +1 +10\.0 % +1 +2 +1 +50\.00\n/,
     'text');
like($out, qr/^  extra +letter \/ email +0 +0 +\xe2\x80\x93 +1 /m,
     'text: no rate without views');
cmp_ok((sort { $b <=> $a } map { length } map { s/\xe2\x80.//gr }
        split /\n/, $out)[0], '<=', 100, 'text: as wide as others');

($code, $out) = journey('report', $with);
like($out, qr/^Channels\n.*^Campaigns\n.*^Phases\n/ms, 'text: in the report');

my @many = map { ev($_, "M$_", 1, 1, 'page', touch('email', 'letter', 'email',
                                                  "c$_")) } 1 .. 30;
($code, $out) = journey('report', log_of(@many));
is(scalar(() = $out =~ /^  c\d+ +letter/mg), 10, 'text: ten rows in a report');
like($out, qr/and 20 more \(--limit\)/, 'and how many more');
($data) = journey_data('report', '--json', log_of(@many));
is(scalar @{ $data->{campaigns} }, 30, 'JSON: all');

($code, $out) = journey('report', log_of(
    ev(0, 'A', 1, 1, 'page', touch('organic_search', 'google', 'organic')),
    ev(9, undef, 0, 0, 'pixel')));
unlike($out, qr/Campaigns/, 'no campaign, no word of them');
($code, $out) = journey('campaigns', log_of(ev(0, 'A', 1, 1, 'page')));
is($out, "Campaigns\n  no campaigns\n", 'who asks for them is answered');


# ---- small groups ----------------------------------------------------------

my @groups = (
    (map { ev($_, "L$_", 1, 1, 'click', touch('email', @letter)) } 1 .. 20),
    (map { ev($_, undef, 0, 0, 'pixel', of(@letter)) } 1 .. 40),
    (map { ev($_, "S$_", 1, 1, 'page', touch('paid_search', @shoes)) } 1 .. 9),
    (map { ev($_, "X$_", 1, 1, 'page', touch('email', 'x', 'email', 'few')) }
         1 .. 3),
    (map { ev($_, undef, 0, 0, 'pixel', of('y', 'display', 'seen')) }
         1 .. 50),
    ev(400, 'X1', 1, 1, 'goal', goal => 'signup', done => 1, val => 3,
       cur => 'EUR', w => ['email'], wn => 1),
);

($data) = journey_data('campaigns', '--json', '--min-visitors', 5,
                       log_of(@groups));
is_deeply($data->{campaigns}, [
    row('november', 'letter', 'email', 40, 20, 0.5, 0, 20, 20, 0, 0),
    row('other', undef, undef, 50, 0, 0, 12, 12, 12, 1, 3),
], '--min-visitors: too few, seen by nobody known, and one more of them');

($data) = journey_data('campaigns', '--json', '--min-visitors', 3,
                       log_of(@groups));
is(by($data->{campaigns}, 'campaign', 'visitors'),
   'november=20 other=3 shoes=9', '--min-visitors: together they are enough');

($code, $out) = journey('campaigns', '--min-visitors', 5, log_of(@groups));
like($out, qr/^  \(fewer .* +50 +0 +0\.0 % +12 +12 +1/m,
     '--min-visitors: text');
unlike($out, qr/few\b|seen|shoes/, 'without their names');

done_testing();
