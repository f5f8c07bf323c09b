# Copyright (C) ngx_journey_module contributors
#
# The command and the module give the same answers: every case of
# t/data/classify.tsv and every user agent of t/data/agents_*.tsv goes through
# "journey classify" and, as a request of a new visitor, through nginx.

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

use Encode qw(decode);
use JSON::PP;

our $root = "$FindBin::Bin/..";
our @keys = qw(ch src med cmp cid why);

# A user agent that an in-app browser of the source would send.
sub agents {
    my %agents;

    for (split /\n/, slurp("$root/conf/agents.conf")) {
        $agents{$1} //= "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS"
                        . " X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                        . "Mobile/15E148 $2"
            if /^app\s+(\S+)\s+"([^"]+)"/;
    }

    return %agents;
}

# The cases, with the bytes that cannot stand in a request line encoded.
sub cases {
    my %agents = agents();
    my (@cases, $line);

    for (split /\n/, slurp("$root/t/data/classify.tsv")) {
        $line++;
        next if /^\s*(#|$)/;

        my ($referrer, $query, $app, @want) =
            map { $_ eq '-' ? '' : $_ } split /\t/;

        $query =~ s/([\x00-\x20\x7f])/sprintf('%%%02X', ord $1)/ge;
        die "no agent for $app\n" if $app ne '' && !exists $agents{$app};

        push @cases, {
            name => "classify.tsv:$line",
            referrer => $referrer,
            path => $query eq '' ? '/' : "/?$query",
            agent => $app eq '' ? 'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) '
                                  . 'Gecko/20100101 Firefox/131.0'
                                : $agents{$app},
            want => { map { $keys[$_] => decode('UTF-8', $want[$_]) }
                      0 .. $#keys },
        };
    }

    return @cases;
}

sub picked {
    my ($event) = @_;

    return { map { $_ => $event->{$_} // '' } @keys };
}

no_root_location();
run_tests();

__DATA__

=== TEST 1: the same cases through both
--- http_config
    include journey/journey.conf;
    journey_ignore_referrers ignored.example;
    journey_hosts own.example;
--- config
    server_name shop.example;
    journey on;
    default_type text/html;
    location / { return 200 page; }
--- visit
my @cases = main::cases();
my $json = JSON::PP->new->latin1->canonical;

cmp_ok(scalar(@cases), '>=', 400, 'cases');

my $input = join('', map {
    $json->encode({ referrer => $_->{referrer}, agent => $_->{agent},
                    url => "https://shop.example$_->{path}" }) . "\n"
} @cases);

my ($code, $out, $err) = journey_command($input, 'classify', '--conf',
                                         "$main::root/conf");
is($code, 0, "journey classify $err");

my @answers = map { decode_json($_) } split /\n/, $out;
is(scalar(@answers), scalar(@cases), 'an answer each');

for my $case (@cases) {
    my $visitor = browser(agent => $case->{agent}, host => 'shop.example');

    $visitor->get($case->{path}, $case->{referrer} eq ''
                                 ? () : (Referer => $case->{referrer}));
}

journey_log_wait(scalar @cases);
my @events = journey_log();
is(scalar(@events), scalar(@cases), 'an event each');

for my $i (0 .. $#cases) {
    my $case = $cases[$i];

    is_deeply(main::picked($answers[$i]), $case->{want},
              "$case->{name}: the command");
    is_deeply(main::picked($events[$i]), $case->{want},
              "$case->{name}: the module");
}


=== TEST 2: the same user agents through both
--- http_config
    include journey/journey.conf;
--- config
    server_name shop.example;
    journey on;
    default_type text/html;
    location / {
        add_header X-Bot $journey_bot;
        add_header X-Device $journey_device;
        return 200 page;
    }
--- visit
my $json = JSON::PP->new->latin1->canonical;
my @agents = map { (split /\t/)[0] } grep { !/^\s*(#|$)/ }
             map { split /\n/, slurp("$main::root/t/data/agents_$_.tsv") }
             qw(bots people);

# what a header cannot carry as it is
@agents = grep { $_ ne '-' && /^[\x20-\x7e]+$/ && !/^\s|\s$/ } @agents;

cmp_ok(scalar(@agents), '>=', 700, 'user agents');

my ($code, $out, $err) = journey_command(
    join('', map { $json->encode({ agent => $_, referrer => '',
                                   url => 'https://shop.example/' }) . "\n" }
             @agents),
    'classify', '--conf', "$main::root/conf");
is($code, 0, "journey classify $err");

my @answers = map { decode_json($_) } split /\n/, $out;
is(scalar(@answers), scalar(@agents), 'an answer each');
cmp_ok(scalar(grep { $_->{bot} } @answers), '>=', 400, 'bots among them');

for my $i (0 .. $#agents) {
    my $r = browser(agent => $agents[$i], host => 'shop.example')->get('/');

    is_deeply([map { $_ // '' } scalar $r->header('X-Bot'),
               scalar $r->header('X-Device')],
              [map { $answers[$i]{$_} // '' } qw(bot dev)], $agents[$i]);
}
