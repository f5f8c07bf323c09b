# Copyright (C) ngx_journey_module contributors
#
# Every file under conf/ is one that nginx starts with: a whole configuration
# as it is, anything else by "include" at the level it is for, a rule file by
# its directive.

use strict;
use warnings;

use File::Find ();
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey;
use Test::Nginx::Socket 'no_plan';

my $root = $ENV{TEST_NGINX_JOURNEY_ROOT};
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $dir = server_root();
my $load = join "\n", map { "load_module $_;" }
           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
my $user = $> == 0 ? 'user root;' : '';


sub test_nginx {
    my ($name, $text) = @_;

    spew("$dir/conf/nginx.conf", $text);

    my $said = `$nginx -p $dir/ -e $dir/logs/error.log \\
                -c $dir/conf/nginx.conf -t 2>&1`;

    ok($? == 0 && $said !~ /\[(?:alert|emerg|crit|error)\]/, $name)
        or diag($said);
}


# A configuration around what is tested.

sub around {
    my ($http, $server) = @_;
    my $temp = join "\n", map { "${_}_temp_path $dir/tmp_$_;" }
                          qw(client_body proxy fastcgi uwsgi scgi);

    return "$load\n$user\npid $dir/logs/test.pid;\nevents { }\n"
           . "http {\naccess_log off;\n$temp\n$http\n"
           . "server { listen 127.0.0.1:$ENV{TEST_NGINX_PORT};\n"
           . "journey on;\n$server\n} }\n";
}


make_path("$dir/logs", "$dir/conf", "$dir/html");
Journey::install_conf();

my @files;

File::Find::find({ no_chdir => 1, wanted => sub {
    push @files, substr $_, length "$root/conf/" if -f $_;
}}, "$root/conf");

cmp_ok(scalar @files, '>', 8, 'conf/ has files');

my %seen;
my $journey = 'include journey/journey.conf;';

for my $file (sort @files) {
    my $text = slurp("$dir/conf/journey/$file");
    (my $bare = $text) =~ s/^\s*#.*//mg;
    my ($word) = $bare =~ /([^\s;{]+)/;

    if ($file eq 'examples/logrotate') {
        # Not nginx's: t/log_rotate.t gives it to logrotate.
        like($bare, qr/^\S+ \{/m, "$file is logrotate's");

    } elsif ($file !~ /\.conf$/) {
        fail("$file is no configuration");

    } elsif ($bare =~ /^\s*http\s*\{/m) {
        # A whole nginx.conf: only what belongs to a machine is changed.
        $bare =~ s/^\s*(?:load_module|user|pid|error_log)\b[^;]*;//mg;
        $bare =~ s/\blisten\s+[^;]*;/listen 127.0.0.1:$ENV{TEST_NGINX_PORT};/g;
        $bare =~ s{/(?:etc|usr/share|var/log)/nginx/}{$dir/logs/}g;
        test_nginx("$file as it is", "$load\n$user\npid $dir/logs/test.pid;\n"
                                     . $bare);
        $seen{whole}++;

    } elsif ($file =~ m{(?:^|/)(sources|agents)[^/]*$}) {
        my $directive = "journey_$1";

        test_nginx("$file by $directive",
                   around("$directive journey/$file;", ''));
        $seen{rules}++;

    } elsif ($file eq 'journey.conf') {
        test_nginx("$file in http{}", around("include journey/$file;", ''));
        $seen{main}++;

    } elsif ($bare =~ /^\s*(?:server|map|upstream|geo)\b[^;]*\{/m) {
        test_nginx("$file in http{}",
                   around("$journey include journey/$file;", ''));
        $seen{http}++;

    } else {
        test_nginx("$file in server{}",
                   around($journey, "include journey/$file;"));
        $seen{server}++;

        # A phase model serves a whole site as well.
        if ($file =~ m{^phases/}) {
            test_nginx("$file in http{}", around("include journey/$file;", ''));
            $seen{phases}++;
        }
    }
}

ok($seen{main}, 'journey.conf was tested');
is($seen{rules}, 2, 'both rule files were tested');
is($seen{phases}, 6, 'six phase models were tested');
is(scalar(grep { m{^privacy/} } @files), 3, 'three profiles were tested');

# A wrong file would have been seen.
spew("$dir/conf/journey/wrong.conf", "journey_phases { ; }\n");
my $said = do {
    spew("$dir/conf/nginx.conf", around($journey, 'include journey/wrong.conf;'));
    `$nginx -p $dir/ -e $dir/logs/error.log -c $dir/conf/nginx.conf -t 2>&1`;
};
isnt($?, 0, 'a wrong file is refused');
like($said, qr/wrong\.conf:1/, 'and named');
