package Journey::Example;

# Copyright (C) ngx_journey_module contributors
#
# conf/examples/, as their heads say to include them.  example(NAME) gives the
# lines of http{} and of server{}; with it example_env() fills
# $TEST_NGINX_NAME_HTTP and $TEST_NGINX_NAME_SERVER for a test's sections.

use strict;
use warnings;

use Journey;
use base 'Exporter';

our @EXPORT = qw(examples example example_env);


sub folder { return "$ENV{TEST_NGINX_JOURNEY_ROOT}/conf/examples"; }

sub examples { return map { m{([^/]+)\.conf$} } glob folder() . '/*.conf'; }


# The lines that are indented in the head, of http{} and of server{}.

sub example {
    my $name = shift;
    my ($head) = slurp(folder() . "/$name.conf") =~ /^((?:#.*\n)+)/;
    my ($http, $server) =
        $head =~ /^# In http\{\}:\n(.*)^# In server\{\}[^\n]*:\n(.*)/ms;

    die "$name.conf does not say where to include it\n" if !defined $server;

    for ($http, $server) {
        $_ = join '', map { /^#     (.*\n)/ ? $1 : () } split /^/;
    }

    return ($http, $server);
}


# example_env(NAME, sub { … }): what belongs to a machine is changed in $_.

sub example_env {
    my ($name, $change) = @_;
    my $key = uc($name) =~ s/-/_/gr;
    my ($http, $server) = example($name);

    if ($change) {
        $change->() for $http, $server;
    }

    $ENV{"TEST_NGINX_${key}_HTTP"} = $http;
    $ENV{"TEST_NGINX_${key}_SERVER"} = $server;
    return ($http, $server);
}

1;
