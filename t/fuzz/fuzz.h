/* SPDX-License-Identifier: Apache-2.0
 * What all fuzzers have in common. A fuzzer is fuzz_NAME.c, which claims something about every
 * input; its seeds are the texts in corpus/NAME.txt, its words those of NAME.dict. It is linked with what
 * it needs out of everything; functions that it plays itself are named in a line "wraps: f g", and
 * stand there as __wrap_f. */
#ifndef DYGW_FUZZ_H
#define DYGW_FUZZ_H

#include <apr_pools.h>

#include "util/clock.h"
#include "util/log.h"

/* The time that it is while an input is looked at: 2026-01-01T00:00:00Z. */
#define FUZZ_NOW APR_INT64_C(1767225600000)

/* One input of len bytes, with none behind them. What is allocated from pool is gone afterwards,
 * and has to be. */
void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool);

/* Before the first input, where a fuzzer has it; pool stays. */
void fuzz_start(apr_pool_t *pool);

/* A claim: where it is wrong the input is a finding. */
#define FUZZ_ASSERT(claim) ((claim) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #claim))
__attribute__((noreturn)) void fuzz_fail(const char *file, int line, const char *claim);

extern const dygw_log_t fuzz_log;

/* --- taking an input apart --- */

typedef struct fuzz_input_t {
    const char *data;
    apr_size_t len;
    apr_pool_t *pool;
} fuzz_input_t;

/* The next byte; 0 at the end. */
int fuzz_byte(fuzz_input_t *in);

/* The next line without its end, NUL ended; "" at the end. */
const char *fuzz_line(fuzz_input_t *in);

/* What is left, NUL ended. */
const char *fuzz_rest(const fuzz_input_t *in);

/* --- what can be said of texts, by other means than the module's --- */

/* Well-formed UTF-8. */
int fuzz_is_utf8(const char *text, apr_size_t len);

/* NULL, or not empty, UTF-8, and no longer than max characters. */
int fuzz_is_absent_or_text(const char *text, apr_size_t max);

/* Whether text is of min..max bytes, each of them one of `of`. */
int fuzz_consists(const char *text, apr_size_t min, apr_size_t max, const char *of);
#define FUZZ_DIGITS  "0123456789"
#define FUZZ_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

#endif
