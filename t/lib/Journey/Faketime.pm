package Journey::Faketime;

# Copyright (C) ngx_journey_module contributors
#
# nginx with a clock of the test's: what it says is in a file, which
# libfaketime reads each time it is asked.
#
#     SKIP: {
#         my $clock = Journey::Faketime->new("$Journey::ServRoot-clock");
#         skip $clock->{why}, 1 if defined $clock->{why};
#         local %ENV = (%ENV, $clock->env);
#         ... nginx(main => $clock->main) ...
#         $clock->set('2027-03-27 12:00:00');
#
# libfaketime is preloaded: a binary that was built with AddressSanitizer would
# refuse that.

use strict;
use warnings;

use Journey;

my @names = qw(FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE TZ
               FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC);


sub new {
    my ($class, $file) = @_;
    my ($library) = grep { -e } map { "$_/faketime/libfaketime.so.1" }
                    glob('/usr/lib/*-linux-gnu'), '/usr/lib';
    my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

    ($binary) = grep { -x } map { "$_/$binary" }
                split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin'
        if $binary !~ m{/};

    my $why = !defined $library ? 'libfaketime is not there (Debian: faketime)'
              : Journey::slurp($binary) =~ /__asan_init/
                ? 'libfaketime cannot be preloaded to AddressSanitizer' : undef;

    return bless { file => $file, library => $library, why => $why }, $class;
}


# The environment of nginx, and what its configuration says to keep it.

sub env {
    my ($self) = @_;

    return (TZ => 'UTC', LD_PRELOAD => $self->{library},
            FAKETIME_TIMESTAMP_FILE => $self->{file}, FAKETIME_NO_CACHE => 1,
            FAKETIME_DONT_FAKE_MONOTONIC => 1, DONT_FAKE_MONOTONIC => 1);
}

sub main { return join ' ', map { "env $_;" } @names; }


sub set {
    my ($self, $time) = @_;

    Journey::spew("$self->{file}.new", "\@$time\n");
    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!";
}


1;
