/* SPDX-License-Identifier: Apache-2.0
 * The contract's codes (dygw_code_e) as callers see them: the `code` of an error body, and the HTTP
 * status that goes with it. The metrics have the same words as labels. */
#ifndef DYGW_PROCESS_CODE_H
#define DYGW_PROCESS_CODE_H

/* The word of a code, a constant. NULL: there is no such code, and so ends a list of them. */
const char *dygw_code_word(int code);

/* The HTTP status of a code that there is. */
int dygw_code_status(int code);

#endif
