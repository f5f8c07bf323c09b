# Copyright (C) ngx_journey_module contributors
#
# The command in the shell: --help, its examples (each is run), the manual page
# and the completion beside the tables that they are made from, "did you mean",
# and terminals: widths, colours, progress, Ctrl-C.

use strict;
use warnings;

use Cwd qw(abs_path);
use Encode qw(decode);
use FindBin;
use lib "$FindBin::Bin/lib";
use Journey::Lines qw(:DEFAULT $command $dir);
use JSON::PP ();
use POSIX ();
use Test::More;

my $root = abs_path("$FindBin::Bin/..");
my $shell = "$root/ngx_journey_module/shell";
my $pty = eval { require IO::Pty; 1 };

delete @ENV{qw(NO_COLOR COLUMNS TMPDIR)};
$ENV{TERM} = 'xterm';


# ---- helpers ---------------------------------------------------------------

sub there { return system("command -v $_[0] > /dev/null 2>&1") == 0; }

sub same_words {
    my ($got, $want, $name) = @_;
    is(join(' ', sort @$got), join(' ', sort @$want), $name);
}

# A program on a terminal of so many columns: (what it wrote, its exit code).
# out: a file for its standard output; keys: pairs of what is waited for and
# what is typed then.

sub on_terminal {
    my ($columns, $opt, @args) = @_;
    my $pty = IO::Pty->new;
    my $pid = fork();

    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        $pty->make_slave_controlling_terminal;
        my $slave = $pty->slave;

        $slave->set_winsize(24, $columns);
        open STDIN, '<&', $slave or die;
        open STDERR, '>&', $slave or die;

        if (defined $opt->{out}) {
            open STDOUT, '>', $opt->{out} or die;
        } else {
            open STDOUT, '>&', $slave or die;
        }

        $ENV{$_} = $opt->{env}{$_} for keys %{ $opt->{env} || {} };
        exec @args or POSIX::_exit(127);
    }

    $pty->close_slave;

    my $said = '';
    my @keys = @{ $opt->{keys} || [] };
    my $since = 0;

    local $SIG{ALRM} = sub { kill KILL => $pid };
    alarm 60;

    while (sysread $pty, my $buf, 65536) {
        $said .= $buf;

        while (@keys && substr($said, $since) =~ /$keys[0]/) {
            $since = length $said;
            syswrite $pty, $keys[1];
            splice @keys, 0, 2;
        }
    }

    waitpid $pid, 0;
    alarm 0;

    return ($said, $? & 127 ? 'signal ' . ($? & 127) : $? >> 8);
}

sub plain { return $_[0] =~ s/\e\[[0-9;]*[mK]//gr =~ s/\r//gr; }


# ---- what the command says of itself ---------------------------------------

my ($code, $list, $err) = journey('help', '--list');
is($code, 0, 'help --list');

my (@commands, %about, %group, %arguments, %takes, %examples, @options, %value,
    %words);

for (split /\n/, $list) {
    my ($kind, @f) = split /\t/, $_, -1;

    if ($kind eq 'command') {
        push @commands, $f[0];
        @{$group{$f[0]}}{qw(title)} = $f[1];
        ($arguments{$f[0]}, $about{$f[0]}) = @f[2, 3];

    } elsif ($kind eq 'takes') {
        $takes{$f[0]} = [split / /, $f[1]];

    } elsif ($kind eq 'example') {
        push @{$examples{$f[0]}}, [$f[1]];

    } elsif ($kind eq 'line') {
        push @{$examples{$f[0]}[-1]}, $f[1];

    } elsif ($kind eq 'option') {
        push @options, $f[0];
        $value{$f[0]} = $f[1];

    } elsif ($kind eq 'words') {
        $words{$f[0]} = [split / /, $f[1]];
    }
}

cmp_ok(scalar @commands, '>', 20, 'there are commands');
cmp_ok(scalar @options, '>', 60, 'and options');

my $help = (journey('--help'))[1];

is((journey('help'))[1], $help, 'journey help');
is((grep { length(decode('UTF-8', $_)) > 80 } split /\n/, $help), 0,
   'no line is longer than 80 columns');
is(join(' ', grep { $help !~ /^  \Q$_\E +\S/m } @commands), '',
   'all commands are there');
is(join(' ', grep { $group{$_}{title} eq 'More' } @commands), '',
   'each in a group');
like($help, qr/^Exit status:\n  0 .*\n  1 .*\n(?: .*\n)*  2 /m, 'exit status');
like($help, qr/^  \Q$_\E +\S/m, "the environment: $_")
    for qw(COLUMNS NO_COLOR TMPDIR TZ);

for my $c (@commands) {
    my ($code, $out, $err) = journey($c, '--help');

    is("$code$err", '0', "$c --help");
    is((journey('help', $c))[1], $out, "help $c");
    is((grep { length(decode('UTF-8', $_)) > 80 } split /\n/, $out), 0,
       "$c: no line is longer than 80 columns");
    same_words([$out =~ /^  --([\w-]+)/mg], $takes{$c}, "$c: its options");

    my @shown = $out =~ /^  # (.+)/mg;
    is(join('|', @shown), join('|', map { $_->[0] } @{$examples{$c}}),
       "$c: its examples");
    cmp_ok(scalar @shown, '>=', 2, "$c: two of them at least");
    cmp_ok(scalar @shown, '<=', 4, "$c: and not too many");
}

# Its options are understood, and no others: what is wrong is named first.
{
    my ($unknown, $accepted) = ('', '');

    for my $c (@commands) {
        my %own = map { $_ => 1 } @{$takes{$c}};

        for my $o (grep { $_ ne 'help' && $_ ne 'version' } @options) {
            next if !$own{$o} && $c ne 'report' && $c ne 'token';

            my ($code, $out, $err) =
                journey($c, $value{$o} eq '' ? "--$o" : "--$o=x", '--nope');
            my $knows = $err !~ /unknown option "--\Q$o\E/;

            $unknown .= " $c --$o" if $own{$o} && !$knows;
            $accepted .= " $c --$o" if !$own{$o} && $knows;
        }
    }

    is($unknown, '', 'options that --help names are known');
    is($accepted, '', 'and others are not');
}

# Words: each is accepted, others are not; and what has words says so.
{
    my %of;

    for my $c (@commands) {
        $of{$_} = $c for @{$takes{$c}};
    }

    for my $o (sort keys %words) {
        my @bad = grep {
            (journey($of{$o}, "--$o", $_, '--nope'))[2]
                !~ /unknown option "--nope"/ } @{$words{$o}};

        is("@bad", '', "--$o: its words");
    }

    # of --without the parser accepts any
    same_words([(journey('simulate', '--effects'))[1]
                =~ /"channel":"(\w+)"/g], $words{without},
               '--without: the channels that there are');

    my @closed = grep {
        $value{$_} ne '' && (journey($of{$_}, "--$_", 'zzz', '--nope'))[2]
            =~ /is neither|is none of|unknown model|is not from 1 to 4/ }
        @options;

    is(join(' ', grep { !$words{$_} } @closed), '',
       'options with words name them');
}

($code, my $out, $err) = journey('--version');
like($out, qr/\Ajourney \d+\.\d+\.\d+\nzlib \d.*OpenSSL \d.*PCRE2 \d/s,
     '--version');
is("$code$err", '0', 'no more');
is((journey('tail', '--version'))[1], $out, 'of any command');

for ([['reprot'], 'report'], [['chanels'], 'channels'], [['attr'], 'attribution'],
     [['help', 'fnnel'], 'funnel'], [['xyzzy'], undef], [['-'], undef],
     [['help', 'x' x 500], undef], [[''], undef])
{
    my ($args, $meant) = @$_;
    my ($code, $out, $err) = journey(@$args);
    my $name = substr "@$args", 0, 20;

    is("$code$out", '2', "$name: usage");
    like($err, defined $meant ? qr/unknown command ".*" \(did you mean $meant\?\)/
                              : qr/unknown command "[^(]*; see/,
         "$name: did you mean");
}

for (['--jsn', '--json'], ['--hosts=x', '--host'], ['--sicne', '--since'],
     ['--min', '--min-visitors'], ['-json', '--json'], ['--zzz', undef],
     ['--', undef], ['-x', undef], ['--' . 'x' x 500, undef])
{
    my ($arg, $meant) = @$_;
    my ($code, $out, $err) = journey('channels', $arg);
    my $name = substr $arg, 0, 20;

    is("$code$out", '2', "$name: usage");
    like($err, defined $meant ? qr/\(did you mean \Q$meant\E\?\)/
                              : qr/\A[^(]*(?:; see| \(- is)/,
         "$name: did you mean");
}

is((journey('help', 'report', 'paths'))[0], 2, 'help of one command only');


# ---- every example is run --------------------------------------------------

my $var = path('var');
mkdir $_ or die "$_: $!" for $var, "$var/bin";
symlink $command, "$var/bin/journey" or die;
symlink "$root/conf", "$var/conf" or die;

journey('simulate', '--visitors', 200, '--days', 60, '--until', '2026-12-01',
        '--output', "$var/journey.log.gz");
spew("path,conversions,value,null\nemail > direct,3,30,5\ndirect,2,10,9\n",
     'var/paths.csv');
spew(qq(time,user,visitor,kind,channel,source,medium,campaign,goal,value,)
     . qq(currency,id\n2026-11-22T10:15:00+01:00,4711,,touch,offline,hotline,)
     . qq(phone,,,,,call-88\n), 'var/calls.csv');
spew(qq(192.0.2.1 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512 )
     . qq("https://www.google.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) )
     . qq(Gecko/20100101 Firefox/132.0"\n), 'var/access.log');
spew(JSON::PP->new->encode({ version => '1', time => 1, started => 1,
                             privacy => [{}], salts => { today => {
                                 day => '2026-11-22', created => 1 } } }),
     'var/status.json');

# A process of that name, for --pid.
symlink '/bin/sleep', "$var/bin/nginx" or die;
my $nginx = fork();
die "fork: $!" if !defined $nginx;

if ($nginx == 0) {
    exec "$var/bin/nginx", 300 or POSIX::_exit(127);
}

spew("$nginx\n", 'var/nginx.pid');

for my $c (@commands) {
    for my $example (@{$examples{$c}}) {
        my ($about, @lines) = @$example;
        my $line = join "\n", @lines;
        my $here = "$var/here";

        is((grep { length > 76 } @lines), 0, "$c: $about: fits");

        system('rm', '-rf', $here);
        mkdir $here or die;
        mkdir "$here/logs" or die;
        system('cp', "$var/journey.log.gz", "$here/logs/") == 0 or die;
        system('cp', map({ "$var/$_" } qw(paths.csv calls.csv status.json
                                          nginx.pid access.log)),
               $here) == 0 or die;

        $line =~ s{/var/log/journey/}{logs/}g;
        $line =~ s{/var/log/nginx/}{}g;
        $line =~ s{/etc/nginx/journey\.secret}{$root/t/data/test.keys}g;
        $line =~ s{/etc/nginx/journey\b}{$root/conf}g;
        $line =~ s{/run/}{}g;
        $line =~ s{^(\s*)journey (classify|import|content)}
                  {$1journey $2 --conf $root/conf}mg if $line !~ /--conf/;
        my ($said, $code);
        my $want = $c eq 'token' ? 1 : 0;

        # one that would go on is ended: later, when it had not yet begun
        for my $seconds (1, 5, 20) {
            (my $run = $line) =~ s{^journey\ tail}
                {timeout --preserve-status -s INT $seconds journey tail}x;
            spew("cd $here || exit 99\nPATH=$var/bin:\$PATH\n"
                 . "curl() { cat status.json; }\nset -o pipefail\n$run\n",
                 'var/run.sh');
            $said = `bash $var/run.sh 2>&1`;
            $code = $? >> 8;
            last if $code == $want || $run eq $line;
        }

        is($code, $want, "$c: $about: runs")
            or diag("$line\n$said");
        unlike($said, qr/unknown (?:option|command)|; see journey/,
               "$c: $about: is understood");
    }
}

kill TERM => $nginx;
waitpid $nginx, 0;


# ---- the manual page -------------------------------------------------------

my $listed = spew($list, 'list');
my $man = `awk -f $shell/fill.awk $listed $shell/journey.1.in`;
is($?, 0, 'the page is made');
unlike($man, qr/@[A-Z]+@/, 'all of it');
unlike($man, qr/[^\x00-\x7f]/, 'in ASCII');

my $page = spew($man, 'journey.1');
my $text = $man =~ s/\\&|\\f[BIR]//gr =~ s/\\-/-/gr =~ s/\\e/\\/gr
           =~ s/\\\(aq/'/gr =~ s/\\\(ti/~/gr =~ s/\\\(ha/^/gr =~ s/\\\(ga/`/gr;

for my $section ('NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'OPTIONS',
                 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'SEE ALSO')
{
    like($text, qr/^\.SH \Q$section\E$/m, "it has $section");
}

my ($said_commands, $said_options) =
    $text =~ /^\.SH COMMANDS\n(.*)^\.SH OPTIONS\n(.*?)^\.SH/ms;

same_words([$said_commands =~ /^journey (\w+) \[OPTION/mg], \@commands,
           'its commands');
same_words([$said_options =~ /^--([\w-]+)/mg], \@options, 'its options');

for my $c (@commands) {
    my ($its) = $said_commands =~ /^(journey \Q$c\E \[OPTION.*?)(?:^\.TP|\z)/ms;
    my @logs = $its =~ /Options: those of logs/ ? @{$takes{goals}} : ();

    same_words([@logs, $its =~ /^\.B --([\w-]+)/mg], $takes{$c},
               "$c: its options");

    for (map { @$_[1 .. $#$_] } @{$examples{$c}}) {
        ok(index($its, $_) >= 0, "$c: an example") or diag($_);
    }
}

SKIP: {
    skip('no man', 1) if !there('man') || `man --version 2>&1` !~ /man 2/;
    is(`MANWIDTH=80 man --warnings -E UTF-8 -l $page 2>&1 > /dev/null`, '',
       'groff has no warning');
}

SKIP: {
    skip('no mandoc', 1) if !there('mandoc');
    is(`mandoc -T lint -W style $page`, '', 'neither has mandoc');
}

SKIP: {
    my $built = $command =~ s{/journey\z}{/journey.1}r;

    skip('not built here', 1) if !-e $built;
    is(slurp($built), $man, 'it is built beside the command');
}


# ---- completion ------------------------------------------------------------

my $completion = spew(scalar `awk -f $shell/fill.awk $listed \\
                              $shell/journey.bash.in`, 'journey.bash');

unlike(slurp($completion), qr/@[A-Z]+@/, 'the completion is made');

# Each case is the words of a line, the last being completed; "=" is a word of
# its own, as readline has it.

my @cases;

sub completes {
    my ($words, $want, $name) = @_;
    push @cases, [$words, $want, $name || "completion: @$words"];
}

completes([''], [@commands, 'help', '--help', '--version']);
completes(['at'], ['attribution']);
completes(['--'], ['--help', '--version']);
completes(['help', 'pr'], [qw(prune privacy)]);
completes([$_, '-'], [map { "--$_" } @{$takes{$_}}]) for @commands;
completes(['report', '--ht'], ['--html']);
completes(['report', 'x.log', '--json', '--li'], ['--limit']);
completes(['nonsense', '-'], []);
completes(['report', ''], []);
completes(['report', '--', '--'], []);
completes(['attribution', '--since', '--'], []);
completes(['attribution', '--no-direct', '--ht'], []);
completes(['attribution', '--no-direct', '--touc'], ['--touch']);

for my $o (sort keys %words) {
    my ($c) = grep { my $c = $_; grep { $_ eq $o } @{$takes{$c}} } @commands;

    completes([$c, "--$o", ''], $words{$o});
    completes([$c, "--$o", '='], $words{$o});
    completes([$c, 'x', "--$o", '=', substr($words{$o}[-1], 0, 1)],
              [grep { substr($_, 0, 1) eq substr $words{$o}[-1], 0, 1 }
                    @{$words{$o}}]);
}

# of another command it is no option: its word is none of ours
completes(['goals', '--touch', ''], []);
completes(['report', '--html', 'pa'], []);

{
    my $script = ". $completion\n";

    for (@cases) {
        my @words = map { "'$_'" } 'journey', @{$_->[0]};

        $script .= 'COMP_WORDS=(' . join(' ', @words) . ")\n"
                   . 'COMP_CWORD=' . $#words . "\n_journey\n"
                   . 'echo "${COMPREPLY[*]}"' . "\n";
    }

    my $file = spew($script . "complete -p journey\n", 'cases.sh');
    my @got = split /\n/, `bash --norc --noprofile -u $file 2>&1`, -1;

    same_words([split ' ', $got[$_]], $cases[$_][1], $cases[$_][2])
        for 0 .. $#cases;
    like($got[@cases], qr/\Acomplete .*-F _journey journey\z/, 'it is in place');
}

SKIP: {
    skip('no shellcheck', 1) if !there('shellcheck');
    is(`shellcheck $completion 2>&1`, '', 'shellcheck finds nothing');
}

# With readline: words, options, files with blanks, folders only.
SKIP: {
    skip('no IO::Pty', 5) if !$pty;

    my $here = path('typed');
    mkdir $_ or die for $here, "$here/one folder";
    spew('', 'typed/one log.gz');

    my $typed = sub {
        my ($line) = @_;
        my ($said) = on_terminal(200, { keys => [
            qr/ready> \z/, "journey() { printf 'got:%s\\n' \"\$@\"; }\n",
            qr/ready> \z/, "$line\t",
            qr/\Q@{[ substr $line, -3 ]}\E\S/, "\n",
            qr/got:.*ready> \z/s, "exit\n" ],
            env => { PS1 => 'ready> ', HISTFILE => '' } },
            'bash', '-c', "cd $here; exec bash --noprofile --rcfile "
                          . spew("PS1='ready> '\n. $completion\n"
                                 . "bind 'set bell-style none'\n"
                                 . "bind 'set enable-bracketed-paste off'\n",
                                 'rc'), '-i');

        return join '|', $said =~ /^got:(.*?)\r$/mg;
    };

    is($typed->('journey attr'), 'attribution', 'readline: a command');
    is($typed->('journey geo --by ci'), 'geo|--by|city', 'a word');
    is($typed->('journey geo --by=ci'), 'geo|--by=city', 'behind =');
    is($typed->('journey check one\ l'), 'check|one log.gz', 'a file');
    is($typed->('journey report --conf one'), 'report|--conf|one folder/',
       'a folder, and no file');
}

SKIP: {
    skip('no IO::Pty, or no zsh', 2) if !$pty || !there('zsh');

    my $zsh = path('zsh');
    mkdir $zsh or die;
    spew("PS1='ready> '\nautoload -Uz compinit bashcompinit\n"
         . "compinit -D -u\nbashcompinit\n. $completion\n"
         . "journey() { printf 'got:%s\\n' \"\$@\"; }\n", 'zsh/.zshrc');

    for (['journey attr', 'attribution'], ['journey geo --by ci', 'city']) {
        my ($line, $want) = @$_;
        my ($said) = on_terminal(200, { env => { ZDOTDIR => $zsh }, keys => [
            qr/ready> /, "$line\t", qr/\Q$want\E/, "\n",
            qr/got:.*ready> /s, "exit\n" ] }, 'zsh', '-i');

        like($said, qr/got:\Q$want\E\r$/m, "zsh: $line");
    }
}


# ---- tables on terminals ---------------------------------------------------

my $log = "$var/journey.log.gz";
my $hostile = spew(lines(map { +{
    t => 1795321780000 + $_ * 60000, v => id('c', $_), j => 1, s => 1,
    k => 'page', h => 'shop.example', ph => 'awareness', pn => 1,
    p => '/' . join('', map { chr } 0x5546, 0x54c1, 0x301, 0x1f600, 0xe1b,
                    0xe35, 0x202e, 0x1b, 0x9b, 0x200d, 0x66) x $_,
    ch => 'organic_search', src => 'go' . "e\x{301}" x $_, med => 'organic',
    cmp => chr(0x3042) x (4 * $_) } } 1 .. 4) =~ s/[^\x00-\xff]/?/gr);

my @tables = (['report'], ['channels'], ['campaigns'], ['phases'], ['goals'],
              ['paths'], ['attribution'], ['content'], ['retention'], ['geo'],
              ['geo', '--by', 'region'], ['time'], ['direct'],
              ['attribution', '--bootstrap', 10, '--model', 'markov'],
              ['funnel', '--funnel', '/products/*,/cart,goal:purchase'],
              ['check']);

# Columns of a line as the terminal has it; of the characters above.
sub columns {
    my $line = decode('UTF-8', $_[0]);
    my $wide = () = $line =~ /[\x{3042}\x{5546}\x{54c1}\x{1f600}]/g;
    my $none = () = $line =~ /\p{Mn}/g;

    return length($line) + $wide - $none;
}

for my $columns (200, 80, 60, 40) {
    my (@wide, @ends, $lost);

    for my $table (@tables) {
        local $ENV{COLUMNS} = $columns;

        for my $file ($log, $hostile) {
            my ($code, $out) = journey(@$table, $file);
            my @lines = split /\n/, $out;

            push @wide, "@$table" if grep { columns($_) > $columns } @lines;
            push @ends, "@$table" if grep { / \z/ } @lines;
        }
    }

    is("@wide", '', "$columns columns: no line is longer");
    is("@ends", '', "$columns columns: none ends in blanks");
}

# All numbers that there are in one piece are there in parts.
{
    my %got;

    for my $columns (200, 40) {
        local $ENV{COLUMNS} = $columns;
        $got{$columns} = join ' ', sort((journey('geo', $log))[1]
                                        =~ /(\d[\d.,]*(?: %)?)/g);
    }

    is($got{40}, $got{200}, 'parts of a table lose nothing');
    like($got{40}, qr/ %/, 'units stay');
}

SKIP: {
    skip('no IO::Pty', 20) if !$pty;

    for my $columns (200, 80, 60, 40) {
        my ($said, $code) = on_terminal($columns, {}, $command, 'report', $log);
        my @lines = split /\n/, plain($said);

        is($code, 0, "a terminal of $columns columns");
        is((grep { columns($_) > $columns } @lines), 0, 'nothing wraps');
        like($said, qr/\e\[1mChannels\e\[0m\r?\n/, 'colours');

        ($said) = on_terminal($columns, {}, $command, 'privacy', '--status',
                              "$var/status.json", $log, $log);
        is((grep { columns($_) > $columns } split /\n/, plain($said)), 0,
           'nor does it in privacy');
        like($said, qr/\bFile\b/, 'to its end');
    }

    for (['NO_COLOR', '1', 0], ['NO_COLOR', '', 1], ['TERM', 'dumb', 0],
         ['COLUMNS', '200', 1])
    {
        my ($name, $value, $colours) = @$_;
        my ($said, $code) = on_terminal(60, { env => { $name => $value } },
                                        $command, 'report', $log);

        is($said =~ /\e\[\d*m/ ? 1 : 0, $colours, "$name='$value': colours");
        is((grep { columns($_) > 60 } split /\n/, plain($said)), 0,
           'the terminal says how wide it is, no variable');
    }
}

unlike((journey('report', $log))[1], qr/\e/, 'no colours into a file');
unlike(`TERM=xterm $command report $log | cat`, qr/\e/, 'nor into a pipe');


# ---- progress --------------------------------------------------------------

# A file that takes a while: some text, and later the rest.
my $plain = path('plain.log');
system("zcat $log > $plain") == 0 or die;
my $slow = "{ head -n 200 $plain; sleep 0.4; tail -n +201 $plain; sleep 0.4; "
           . "head -n 1 $plain; }";

SKIP: {
    skip('no IO::Pty', 20) if !$pty;

    my $sh = sub {
        my ($columns, $env, $line) = @_;
        return on_terminal($columns, { out => path('out'), env => $env },
                           'bash', '-c', $line);
    };

    for (["report -", 'events'], ["check -", 'lines'],
         ["attribution --json -", 'events'])
    {
        my ($args, $what) = @$_;
        my ($said, $code) = $sh->(80, {}, "$slow | $command $args");

        like($said, qr/\A(?:\rreading: [\d,]+ $what\e\[K)+\r\e\[K/,
             "$args: progress, which is erased");
        is($code, 0, 'all is well');
    }

    my ($said) = $sh->(80, { TERM => 'dumb' }, "$slow | $command report -");
    is($said, '', 'none on a dumb terminal');

    ($said) = $sh->(80, {}, "$slow | $command report - 2> " . path('err'));
    is(slurp(path('err')), '', 'none into a file');

    # a bar, in the width there is; simulate, import and erase
    my $access = path('access');
    my $one = slurp("$var/access.log");
    spew($one x 200000, 'access');

    for my $columns (80, 30, 12) {
        ($said) = $sh->($columns, {},
            "cat $access $access > $access.2; "
            . "$command import --conf $root/conf --own-host shop.example "
            . "$access.2 $access.2 $access.2 > /dev/null");

        my @shown = split /\r|\n/, plain($said =~ s/\r/\n/gr);
        @shown = grep { /^reading|^rea/ } @shown;

        SKIP: {
            skip('too quick', 2) if !@shown;
            is((grep { columns($_) >= $columns } @shown), 0,
               "$columns columns: the bar fits");
            like($said, $columns == 80 ? qr/\[#* *\] +\d+ %/ : qr/reading/,
                 'it is one');
        }
    }

    unlink "$access.2", $access;

    ($said) = $sh->(80, {}, "$command simulate --visitors 120000 > /dev/null");
    SKIP: {
        skip('too quick', 1) if $said !~ /\r(?!\r*\n)/;
        like($said, qr/\rwriting: [\d,]+ events\e\[K.*\r\e\[Kjourney: /s,
             'simulate: progress');
    }

    ($said) = on_terminal(80, {}, $command, 'simulate', '--visitors', 2000);
    unlike($said, qr/writing/, 'simulate: none among its lines');

    # Ctrl-C
    ($said, my $code) = on_terminal(80, { out => '/dev/null',
        keys => [qr/reading: /, "\x03"] }, 'bash', '-c',
        "stty noflsh; trap '' INT; { head -n 200 $plain; sleep 0.4; head -n 1 $plain; "
        . "sleep 5; } | ( trap - INT; exec $command report - )");

    # the terminal may write ^C before or behind, and does not throw away what
    # comes too soon after it
    like($said, qr/reading: .*\r\e\[K(?:\^C)?\z/s, 'Ctrl-C leaves a clean line')
        or diag($said =~ s/\e/^[/gr);
}

done_testing();
