/* SPDX-License-Identifier: Apache-2.0
 * What several calls show of a coupon, which Douyin calls a certificate. */
#ifndef DYGW_DOUYIN_CERTIFICATE_H
#define DYGW_DOUYIN_CERTIFICATE_H

#include "douyin/douyin.h"

/* Reads a coupon as prepare, get and query show it; encrypted_code is NULL where the answer has
 * none. The texts are the item's own, or in pool. */
void dygw_douyin_read_certificate(dygw_certificate_t *certificate, const json_t *item,
                                  apr_pool_t *pool);

/* A number of uses of a times card, at least 0 and fit for an int; 0 when absent. */
int dygw_douyin_read_times(const json_t *card, const char *key);

/* A number that is for comparing only: one that does not fit an int is as good as the largest. */
int dygw_douyin_read_small(const json_t *object, const char *key, int fallback);

/* Whether the coupon is a times card, as far as its sku tells. */
int dygw_douyin_is_times_card(const json_t *sku);

/* The verify_id of an object that has one; NULL also for "0", with which Douyin says that there is
 * none. */
const char *dygw_douyin_verify_id(const json_t *verify, apr_pool_t *pool);

/* Fen paid for one use of a times card, where an item tells of it; else -1. */
apr_int64_t dygw_douyin_amount_of_use(const json_t *item);

#endif
