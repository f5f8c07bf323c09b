package Journey::Refuse;

# Copyright (C) ngx_journey_module contributors
#
# Configurations that nginx has to refuse, many in one block:
#
#     refused([server => 'journey_session 0;', qr/between 1s and 7d/], …);
#
# Each must end with status 1 and an [emerg] that matches and names the very
# line; with "accepted" the configuration must be taken without a word.

use strict;
use warnings;

use File::Path ();
use Journey;
use Test::More ();

use base 'Exporter';

our @EXPORT = qw(refused accepted nginx_test);


# nginx -t of one line at a level: (status, output, line's number).

sub nginx_test {
    my ($level, $line, $more) = @_;
    my $dir = "$Journey::ServRoot-refuse";
    my $load = join "\n", map { "load_module $_;" }
               split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
    my $temp = join "\n", map { "${_}_temp_path $dir/tmp_$_;" }
                          qw(client_body proxy fastcgi uwsgi scgi);
    my %at = (http => '', server => '', location => '', $level => $line);
    my $text = "$load\n" . ($> == 0 ? "user root;\n" : '')
               . "pid $dir/nginx.pid;\nerror_log stderr;\nevents { }\n"
               . "http {\naccess_log off;\n$temp\n"
               . (defined $more ? "$more\n" : '')
               . "$at{http}\nserver {\nlisten unix:$dir/s;\njourney on;\n"
               . "$at{server}\nlocation / {\n$at{location}\n}\n}\n}\n";
    my $number = 1;

    File::Path::make_path($dir);
    spew("$dir/nginx.conf", $text);

    for (split /\n/, $text) {
        last if $_ eq $line;
        $number++;
    }

    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my $said = `$nginx -p $dir/ -e $dir/error.log -c $dir/nginx.conf -t 2>&1`;

    my $status = $? >> 8;

    File::Path::remove_tree($dir);
    return ($status, $said, $number);
}


sub refused {
    for my $case (@_) {
        my ($level, $line, $pattern, $more) = @$case;
        my ($status, $said, $number) = nginx_test($level, $line, $more);
        my ($emerg) = $said =~ /^(.*\[emerg\].*)$/m;

        $emerg = '' if !defined $emerg;

        Test::More::ok($status == 1 && $emerg =~ $pattern
                       && $emerg =~ m{/nginx\.conf:$number$}
                       && $said !~ /\[alert\]|runtime error|Sanitizer/,
                       "refused: $line")
            or Test::More::diag("status $status, wanted $pattern and line "
                                . "$number, nginx said: $said");
    }
}


sub accepted {
    for my $case (@_) {
        my ($level, $line, $more) = @$case;
        my ($status, $said) = nginx_test($level, $line, $more);

        Test::More::ok($status == 0 && $said !~ /\[(?:emerg|alert|error)\]/,
                       "accepted: $line")
            or Test::More::diag("status $status, nginx said: $said");
    }
}

1;
