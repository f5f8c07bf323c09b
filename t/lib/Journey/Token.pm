package Journey::Token;

# Copyright (C) ngx_journey_module contributors
#
# Tokens in perl, so that a test can make the cookie of any visitor: from last
# month, from the future, forged.  Written from the layout alone, with a
# SipHash of its own; self_test() checks it against the published vectors.
#
#     my $state = token_decode($browser->cookies->{jny});
#     $state->{last_seen} -= 1800;
#     $browser->cookies->{jny} = token_encode($state, $key, 'jny');
#
# or age($browser, 1800, $key), which moves all the times of a browser's
# cookie into the past.  Keys are 32 hexadecimal digits.

use strict;
use warnings;
no warnings 'portable';                # numbers of 64 bits

use MIME::Base64 ();

use base 'Exporter';

our @EXPORT = qw(
    siphash128 token_encode token_decode token_new age base64url unbase64url
    token_self_test
);

# What a token holds before its channels.
my @fields = ([first_seen => 4], [journey => 3], [session => 3],
              [touches => 3], [session_start => 4], [last_seen => 4],
              [touch_hash => 4], [furthest => 1], [floor => 1],
              [completed => 1]);


sub base64url {
    my $text = MIME::Base64::encode_base64($_[0], '');

    $text =~ tr{+/=}{-_}d;
    return $text;
}


sub unbase64url {
    my $text = shift;

    $text =~ tr{-_}{+/};
    return MIME::Base64::decode_base64($text . '=' x (-length($text) % 4));
}


sub rotate {
    use integer;                        # 64 bits that wrap
    my ($x, $n) = @_;

    return ($x << $n) | (($x >> (64 - $n)) & ((1 << $n) - 1));
}


sub rounds {
    use integer;
    my ($v, $n) = @_;
    my ($a, $b, $c, $d) = @$v;

    for (1 .. $n) {
        $a = $a + $b; $b = rotate($b, 13) ^ $a; $a = rotate($a, 32);
        $c = $c + $d; $d = rotate($d, 16) ^ $c;
        $a = $a + $d; $d = rotate($d, 21) ^ $a;
        $c = $c + $b; $b = rotate($b, 17) ^ $c; $c = rotate($c, 32);
    }

    @$v = ($a, $b, $c, $d);
}


# SipHash-2-4 with 128 bits of output (Aumasson and Bernstein).

sub siphash128 {
    my ($key, $data) = @_;
    my ($k0, $k1) = unpack 'q< q<', pack 'H32', $key;
    my @v = ($k0 ^ 0x736f6d6570736575, $k1 ^ 0x646f72616e646f6d ^ 0xee,
             $k0 ^ 0x6c7967656e657261, $k1 ^ 0x7465646279746573);
    my $length = length $data;

    # zeros up to the last byte of a word, which is the length
    $data .= "\0" x (7 - $length % 8) . chr($length & 0xff);

    for my $word (unpack 'q<*', $data) {
        $v[3] ^= $word;
        rounds(\@v, 2);
        $v[0] ^= $word;
    }

    my $mac = '';

    for my $last (0xee, 0xdd) {
        $v[$last == 0xee ? 2 : 1] ^= $last;
        rounds(\@v, 4);
        $mac .= pack 'Q<', $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
    }

    return $mac;
}


sub key_number { return ord siphash128($_[0], 'key'); }


# A state that has just begun its first session.

sub token_new {
    my %more = @_;
    my $now = time;

    return {
        version => 1, id => pack('H24', 'a' x 24), first_seen => $now,
        journey => 1, session => 1, touches => 1, session_start => $now,
        last_seen => $now, touch_hash => 0, furthest => 0, floor => 0,
        completed => 0, channels => [1], %more
    };
}


sub token_encode {
    my ($state, $key, $name) = @_;
    my $payload = chr($state->{version})
                  . chr(defined $state->{key_number} ? $state->{key_number}
                                                     : key_number($key))
                  . $state->{id};

    for my $field (@fields) {
        my ($word, $size) = @$field;
        $payload .= substr pack('N', $state->{$word}), 4 - $size;
    }

    $payload .= pack 'C*', @{ $state->{channels} };

    return base64url($payload . siphash128($key, "$name\0$payload"));
}


# What a token holds, without asking whose it is; undef when it is none.

sub token_decode {
    my $data = unbase64url($_[0]);
    my %state;

    return if length $data < 58;

    # no key number: who encodes it again signs with a key of his own
    $state{version} = ord $data;
    $state{id} = substr $data, 2, 12;
    $state{mac} = substr $data, -16;

    my $at = 14;

    for my $field (@fields) {
        my ($word, $size) = @$field;

        $state{$word} = unpack 'N', "\0" x (4 - $size) . substr $data, $at,
                                                                 $size;
        $at += $size;
    }

    $state{channels} = [unpack 'C*', substr $data, $at, -16];
    $state{v} = 'c' . base64url($state{id});

    return \%state;
}


# As if the browser had made its last visit so many seconds earlier.

sub age {
    my ($browser, $seconds, $key, $name) = @_;

    $name = 'jny' if !defined $name;

    my $state = token_decode($browser->cookies->{$name});

    $state->{$_} -= $seconds for qw(first_seen session_start last_seen);
    $browser->cookies->{$name} = token_encode($state, $key, $name);

    return $state;
}


# The vectors of the reference implementation: key 00 01 … 0f, data 00 01 ….

sub token_self_test {
    my $key = '000102030405060708090a0b0c0d0e0f';
    my %vectors = (
        0  => 'a3817f04ba25a8e66df67214c7550293',
        1  => 'da87c1d86b99af44347659119b22fc45',
        15 => '5493e99933b0a8117e08ec0f97cfc3d9',
    );

    for my $n (keys %vectors) {
        my $mac = unpack 'H*', siphash128($key, pack 'C*', 0 .. $n - 1);
        return 0 if $mac ne $vectors{$n};
    }

    return 1;
}

1;
