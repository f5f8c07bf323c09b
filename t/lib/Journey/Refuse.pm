package Journey::Refuse;

# Copyright (C) ngx_journey_module contributors
#
# What nginx says of a configuration, without starting it: for tables of wrong
# values, where a block of Test::Nginx each would take a second.
#
#     refused('name', { http => "…", server => "… # HERE", location => "…" },
#             qr/what it says/);
#     accepted('name', { http => "…" });
#
# The line with the mark "# HERE" is the one that the message has to name.
# Files beside nginx.conf, by name: files => { 'own-sources' => "…" }.
#
# Single lines, many in one call, where the line itself is the name:
#
#     refused([server => 'journey_session 0;', qr/between 1s and 7d/], …);
#     accepted([server => 'journey_session 1s;'], …);
#
# A further element is what stands before it at the http level.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use Journey;
use Test::More ();
use Test::Nginx::Util ();

use base 'Exporter';

our @EXPORT = qw(refused accepted nginx_test);

my $made;

END {
    if ($made && $? == 0) {
        local $?;
        remove_tree(Test::Nginx::Util::server_root() . "-refused");
    }
}


sub configuration {
    my $part = shift;
    my $dir = Test::Nginx::Util::server_root() . '-refused';
    my $load = join ' ', map { "load_module $_;" }
               split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
    my $temp = join ' ', map { "${_}_temp_path $dir/tmp_$_;" }
                         qw(client_body proxy fastcgi uwsgi scgi);
    my ($http, $server, $location) =
        map { defined $part->{$_} ? $part->{$_} : '' }
            qw(http server location);

    my $user = $> == 0 ? 'user root;' : '';

    return "$load $user pid $dir/logs/nginx.pid; events { }\n"
           . "http {\naccess_log off; $temp\n$http\n"
           . "server {\nlisten 127.0.0.1:$ENV{TEST_NGINX_PORT};\n"
           . "journey on; journey_log $dir/logs/journey.log;\n"
           . "$server\nlocation /x {\n$location\n}\n}\n}\n";
}


# (exit code is 0, what nginx said, the text of its configuration)

sub judge {
    my $part = shift;
    my $dir = Test::Nginx::Util::server_root() . '-refused';
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my $text = configuration($part);
    my $files = $part->{files} || {};

    if (!$made++) {
        make_path("$dir/logs", "$dir/conf");
        chmod 0777, "$dir/logs";
    }

    spew("$dir/conf/$_", $files->{$_}) for keys %$files;
    spew("$dir/conf/nginx.conf", $text);

    my $said = `$nginx -p $dir/ -e $dir/logs/error.log \\
                -c $dir/conf/nginx.conf -t 2>&1`;

    return ($? == 0, $said, $text);
}


# A single line: what judge() takes, for a line at a level.

sub line_part {
    my ($level, $line, $more) = @_;
    my %part = ($level => $line);

    if (defined $more) {
        $part{http} = defined $part{http} ? "$more\n$part{http}" : $more;
    }

    return \%part;
}


# nginx -t of one line at a level: (status, what nginx said, the line's number).

sub nginx_test {
    my ($level, $line, $more) = @_;
    my ($good, $said, $text) = judge(line_part($level, $line, $more));

    return ($good ? 0 : 1, $said, line_number($text, $line));
}


# Where a text stands in the configuration: the number of its first line.

sub line_number {
    my ($text, $what) = @_;
    my $at = index($text, $what);

    return $at < 0 ? undef : 1 + (substr($text, 0, $at) =~ tr/\n//);
}


sub accepted {
    if (ref $_[0]) {
        accepted("accepted: $_->[1]", line_part(@$_)) for @_;
        return;
    }

    my ($name, $part) = @_;
    my ($good, $said) = judge($part);

    Test::More::ok($good && $said !~ /\[(?:alert|emerg|crit|error)\]
                                      |Sanitizer/x, $name)
        or Test::More::diag($said);
}


sub refused {
    if (ref $_[0]) {
        for my $case (@_) {
            my ($level, $line, $want, $more) = @$case;

            refused("refused: $line", line_part($level, $line, $more), $want,
                    $line);
        }
        return;
    }

    my ($name, $part, $want, $mark) = @_;
    my ($good, $said, $text) = judge($part);
    my $line = line_number($text, defined $mark ? "\n$mark\n" : '# HERE');

    if (defined $mark) {
        defined $line or die "the configuration lacks the line: $mark\n";
        $line++;
    }

    my ($emerg, @more) = grep { /\[emerg\]/ } split /\n/, $said;

    my $right = !$good && defined $emerg && !@more && $emerg =~ $want
                && $said !~ /\[(?:alert|crit)\]|Sanitizer|runtime error/
                && (!defined $line || $emerg =~ /nginx\.conf:$line$/);

    Test::More::ok($right, $name)
        or Test::More::diag("wanted: $want"
                            . (defined $line ? " in line $line" : '')
                            . "\ngot: $said");
}

1;
