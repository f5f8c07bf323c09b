#!/usr/bin/env perl
# Copyright (C) ngx_journey_module contributors
#
# t/data/make_mmdb.pl [--countries | --asn | --flat | --ipv4] FILE
#
# Writes a small mmdb file for tests and the demo (libmaxmind-db-writer-perl):
# networks that are reserved for documentation, and loopback, so that a demo on
# 127.0.0.0/8 has countries to show.  Which network has what is in the table
# below; the tests rely on it.
#
#   --countries  countries alone, as GeoLite2-Country
#   --asn        numbers of autonomous systems: a file without countries
#   --flat       country_code as a string of its own, as IPinfo has it
#   --ipv4       a tree for IPv4 alone

use strict;
use warnings;
use utf8;

use Getopt::Long;
use MaxMind::DB::Writer::Tree;

my %opt;

GetOptions(\%opt, 'countries', 'asn', 'flat', 'ipv4') && @ARGV == 1
    or die "usage: $0 [--countries | --asn | --flat | --ipv4] FILE\n";

my $long = 'Krung Thep Maha Nakhon ' . ('กรุงเทพ' x 5);

# network, country, region, city

my @places = (
    ['127.0.0.0/8',          'DE', undef, undef],
    ['127.0.1.0/24',         'FR', 'IDF', 'Paris'],
    ['127.0.2.0/24',         'AT', '9',   'Wien'],
    ['127.0.3.0/24',         'US', 'CA',  'San José'],
    ['127.0.4.0/24',         'GB', 'ENG', 'London'],
    ['127.0.5.0/24',         'NL', 'NH',  'Amsterdam'],
    ['127.0.6.0/24',         'ES', 'MD',  'Madrid'],
    ['127.0.7.0/24',         'JP', '13',  'Tokyo'],
    ['198.51.100.0/24',      'DE', 'BE',  'Berlin'],
    ['203.0.113.0/25',       'FR', 'IDF', 'Paris'],
    ['203.0.113.128/25',     'CH', 'ZH',  'Zürich'],    # behind the cut
    ['192.0.2.0/24',         undef, undef, undef],      # no country
    ['198.18.0.0/16',        'TH', '10',  $long],
    ['198.19.0.0/16',        'Germany', 'a region too long', undef],
    ['2001:db8:1::/48',      'DE', 'BY',  'München'],
    ['2001:db8:2::/48',      'GB', 'SCT', 'Edinburgh'],
    ['2001:db8:2:8000::/49', 'IE', undef, undef],       # behind the cut
    ['2001:db8:3::/48',      undef, undef, undef],
);

my %types = (
    country => 'map', city => 'map', iso_code => 'utf8_string',
    names => 'map', en => 'utf8_string', de => 'utf8_string',
    subdivisions => ['array', 'map'], continent => 'map',
    code => 'utf8_string', country_code => 'utf8_string',
    autonomous_system_number => 'uint32',
    autonomous_system_organization => 'utf8_string',
);

my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version            => $opt{ipv4} ? 4 : 6,
    record_size           => 24,
    database_type         => $opt{asn} ? 'Journey-Test-ASN'
                           : $opt{countries} ? 'Journey-Test-Country'
                           : 'Journey-Test-City',
    languages             => ['en'],
    description           => { en => 'Networks for documentation' },
    map_key_type_callback => sub { $types{ $_[0] } },
    merge_strategy        => 'none',

    # documentation networks and loopback are what this file is about
    remove_reserved_networks => 0,

    # 192.0.2.1 and ::ffff:192.0.2.1 find the same
    $opt{ipv4} ? () : (alias_ipv6_to_ipv4 => 1),
);

for my $place (@places) {
    my ($network, $country, $region, $city) = @$place;
    my %data = (continent => { code => 'EU' });

    next if $opt{ipv4} && $network =~ /:/;

    if ($opt{asn}) {
        %data = (autonomous_system_number => 64496,
                 autonomous_system_organization => 'Example Networks');

    } elsif ($opt{flat}) {
        %data = $country ? (country_code => $country) : ();

    } else {
        $data{country} = { iso_code => $country,
                           names => { en => "Country $country" } }
            if $country;

        if (!$opt{countries}) {
            $data{subdivisions} = [{ iso_code => $region }] if $region;
            $data{city} = { names => { en => $city, de => "de: $city" } }
                if $city;
        }
    }

    $tree->insert_network($network, \%data);
}

open my $out, '>:raw', $ARGV[0] or die "$ARGV[0]: $!\n";
$tree->write_tree($out);
close $out or die "$ARGV[0]: $!\n";
