# Copyright (C) ngx_journey_module contributors
#
# conf/phases/: each model has the phases of its source in their order, and
# each pattern of it classifies a page.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

my %models = (
    'aida' => [qw(attention interest desire action)],
    'five' => [qw(awareness consideration decision retention advocacy)],
    'five-purchase' => [qw(attention information purchase delivery loyalty)],
    'four' => [qw(awareness consideration decision deployment)],
    'seven' => [qw(pre_awareness awareness consideration preference purchase
                   after_sale loyalty)],
    'moments-of-truth' => [qw(stimulus zero first second ultimate)],
);

# A page of each phase that a visitor would expect there.
my %pages = (
    'aida' => [qw(/ /category/shoes /products/shoe-1 /cart)],
    'five' => [qw(/blog/news-1 /products/shoe-1 /checkout/address
                  /account/orders /reviews/new)],
    'five-purchase' => [qw(/ /products/shoe-1 /checkout /tracking/4711
                           /account)],
    'four' => [qw(/blog/x /case-studies/acme /pricing /docs/api)],
    'seven' => [qw(/blog/x / /category/shoes /products/shoe-1 /checkout
                   /returns/new /account)],
    'moments-of-truth' => [qw(/landing/spring /reviews /products/shoe-1
                              /support /reviews/new)],
);

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};

is(join(' ', sort map { /([^\/]+)\.conf$/ } glob "$root/conf/phases/*.conf"),
   join(' ', sort keys %models), 'conf/phases has these models');

# Its phases, in order, each with its patterns.

sub model {
    my $text = slurp("$root/conf/phases/$_[0].conf");

    $text =~ s/^\s*#.*//mg;
    my ($block) = $text =~ /^journey_phases\s*\{(.*)^\}/ms or return;

    return map { my ($name, @patterns) = split; [$name, @patterns] }
           grep { /\S/ } split /;/, $block;
}

for my $name (sort keys %models) {
    is_deeply([map { $_->[0] } model($name)], $models{$name},
              "$name: the phases in order");
    is(scalar @{ $pages{$name} }, scalar @{ $models{$name} }, 'a page each');
}


# Asks for a page of every phase and of every pattern, through a server of the
# model's name.

sub classify {
    my $name = shift;
    my @model = model($name);
    my @uris;

    push @uris, [$pages{$name}[$_], $models{$name}[$_], $_ + 1]
        for 0 .. $#model;

    for my $i (0 .. $#model) {
        my ($phase, @patterns) = @{ $model[$i] };

        cmp_ok(scalar @patterns, '>', 0, "$name: $phase has patterns");

        # A prefix as it is: it is the longest for itself; an exact one, too.
        push @uris, map { [/^=?(\/.*)/, $phase, $i + 1] }
                    grep { !/^~/ } @patterns;
    }

    my $before = @{[ journey_log_wait(0) ]};
    my $anna = browser(host => "$name.example");

    $anna->get($_->[0]) for @uris;

    my @events = journey_log_wait($before + @uris);
    my @wrong;

    is(scalar @events, $before + @uris, "$name: an event each");

    for my $i (0 .. $#uris) {
        my ($uri, $phase, $position) = @{ $uris[$i] };
        my $event = $events[$before + $i];

        push @wrong, "$uri: " . Journey::encode($event)
            if $event->{p} ne $uri || !exists $event->{ph}
               || $event->{ph} ne $phase || $event->{pn} != $position;
    }

    is(scalar @wrong, 0, "$name: " . @uris . ' pages are of their phases')
        or diag(join "\n", @wrong);
}

sub classify_all { classify($_) for sort keys %models; }


# One server for each: what a model says in http is tested by conf.t.

$ENV{TEST_NGINX_PRESETS} = join ' ', map {
    "server { listen $ENV{TEST_NGINX_PORT}; server_name $_.example; "
    . "journey on; default_type text/html; include journey/phases/$_.conf; "
    . "location / { return 200 x; } }"
} sort keys %models;

no_root_location();
run_tests();

__DATA__

=== TEST 1: every model at once, each in its server
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    $TEST_NGINX_PRESETS
--- config
    journey on;
--- visit
classify_all();


=== TEST 2: a funnel down to the last phase, in http
--- http_config
    journey_log $TEST_NGINX_JOURNEY_LOG flush=100ms;
    include journey/phases/five.conf;
--- config
    journey on;
    default_type text/html;
    location / { return 200 x; add_header X-Furthest $journey_furthest_phase; }
    location /checkout/done { return 200 x; journey_goal purchase completes; }
--- visit
my $anna = browser();
my @seen = map { scalar $anna->get($_)->header('X-Furthest') }
               qw(/ /products/1 /blog/2 /cart /account /reviews/new /);
is_deeply(\@seen, [qw(awareness consideration consideration decision retention
                      advocacy advocacy)]);
