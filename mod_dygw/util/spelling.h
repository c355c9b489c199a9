/* SPDX-License-Identifier: Apache-2.0
 * How names, keys and nonces may be spelled. */
#ifndef DYGW_UTIL_SPELLING_H
#define DYGW_UTIL_SPELLING_H

#include <apr.h>

/* Whether text is min..max characters, each an ASCII letter, a digit or one of `others`. */
int dygw_spelled(const char *text, apr_size_t min, apr_size_t max, const char *others);

/* Whether text is one of `words` (NULL ended). */
int dygw_is_one_of(const char *text, const char *const *words);

/* The one of `words` (NULL ended, one at least) that is least to be changed to make it of text. */
const char *dygw_nearest(const char *text, const char *const *words);

/* Whether text is `len` lowercase hex digits. */
int dygw_is_hex(const char *text, apr_size_t len);

/* Whether valid UTF-8 text has control characters, including U+0080 to U+009F. */
int dygw_has_controls(const char *text);

/* Returns how many bytes the first character of valid UTF-8 text has, if it is white space of any
 * script, or is invisible like a zero-width space or a byte order mark; else 0. */
apr_size_t dygw_blank(const char *text);
/* The same for a hyphen or a minus sign of any script. */
apr_size_t dygw_hyphen(const char *text);

/* Takes both out of valid UTF-8 text: scanners, input methods and clipboards add them. */
void dygw_drop_joints(char *text);

/* Whether text is valid UTF-8 of min..max characters without control characters. */
int dygw_is_printable(const char *text, apr_size_t min, apr_size_t max);

#endif
