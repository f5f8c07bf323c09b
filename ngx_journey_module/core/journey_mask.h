
/*
 * Copyright (C) ngx_journey_module contributors
 *
 * Masking of what may be personal in a path that is logged.
 */


#ifndef JOURNEY_MASK_H
#define JOURNEY_MASK_H


#include "journey_record.h"


/*
 * Returns the path as it may be logged: at most JOURNEY_PATH_MAX bytes, cut at
 * a character's boundary.  path is normalised and decoded once; its bytes may
 * be anything.  When nothing is masked, the result points into path; else
 * into buf, which is the caller's and has JOURNEY_PATH_MAX bytes.  There is no
 * error, no allocation, and the time is linear in path->len.
 *
 * What is masked, the first rule that fits wins (":email" over the others):
 *
 * ":email"  an e-mail address: a local part, "@", a domain.
 *     The local part is a run of letters, digits, bytes above 0x7f (RFC 6531)
 *     and . ! # $ % & ' * + - = ? ^ _ ` { | } ~ (RFC 5322, atext without "/"),
 *     or a quoted string within a segment.  It begins where the run does:
 *     "/mailto:anna@x.de" is "/mailto::email", "/a,b@c.d" is "/a,:email",
 *     "/to=anna@x.de" is "/:email", since "=" stands in addresses (VERP).
 *     "@" may still be encoded, however often (%40, %2540, …), or be one of
 *     the wide forms of East Asian keyboards (U+FF20, U+FE6B).
 *     The domain is labels of letters, digits, "-", "_", bytes above 0x7f,
 *     joined by ".", each of these encoded or not; one label at least begins
 *     with a letter or a byte above 0x7f.  It needs no dot ("anna@intranet").
 *     A label of "v" and a digit, or of a digit, names a version and makes no
 *     domain: "lodash@4.17.21" and "text@v0.3.1" stay, as do "/@handle" and
 *     "/@@view", which have no local part; "react@latest" and "logo@2x.png"
 *     are taken for addresses.  "[…]" is a domain too (RFC 5321, 4.1.3).
 *     What follows at once as "@domain" goes with it.
 *
 * ":token"  a UUID: 8, 4, 4, 4 and 12 hexadecimal digits of any case, joined
 *     by "-".  Braces around it stay; letters and digits that touch it go.
 *     Or a whole run of 20 or more ASCII letters and digits, with at least one
 *     of each: keys, IBANs, a UUID without hyphens.  "-" and "_" end a run, so
 *     that a slug of many words stays, and so do the shorter pieces of a
 *     base64url token that has them inside.
 *
 * ":n"  9 or more ASCII digits in a row, wherever they stand:
 *     "/IMG_20240101123456.jpg" is "/IMG_:n.jpg".  Digits that are parted are
 *     not in a row: "+49-170-1234567" stays.
 *
 * The path is masked before it is cut, so that no half address is left.  A
 * mask that does not fit whole is left out, with what follows.
 *
 * Source: what the log promises about "p" (design, sections 8 and 10).
 */
journey_str_t journey_mask(const journey_str_t *path, u_char *buf);


#endif /* JOURNEY_MASK_H */
