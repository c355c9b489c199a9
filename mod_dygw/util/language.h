/* SPDX-License-Identifier: Apache-2.0
 * Which language somebody reads, by the header Accept-Language (RFC 9110, 12.5.4). */
#ifndef DYGW_UTIL_LANGUAGE_H
#define DYGW_UTIL_LANGUAGE_H

/* Whether a header prefers English to Chinese; NULL: there is none, and Chinese it is. What cannot
 * be read in it is passed over. Of two that are liked as much, the one that is named first. */
int dygw_prefers_english(const char *header);

#endif
