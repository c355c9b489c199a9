/* SPDX-License-Identifier: Apache-2.0
 * Whether a coupon may be used here and now, as far as Douyin shows it. It explains and advises:
 * what decides is Douyin's answer to the verify. */
#ifndef DYGW_GATEWAY_USABLE_H
#define DYGW_GATEWAY_USABLE_H

#include "gateway/gateway.h"
#include "gateway/reasons.h"

/* Where and when. */
typedef struct dygw_moment_t {
    const char *poi_id; /* NULL: unknown */
    dygw_ms_t now;
    int by_douyin; /* `now` is Douyin's clock, cut to the second; else it is this host's, by which
                    * no coupon is called expired */
    int zone;      /* of days and hours, in minutes east of UTC */
} dygw_moment_t;

/* The moment of a reply of Douyin's. date: Douyin's clock as the reply tells it; DYGW_NO_TIME: it
 * does not. */
dygw_moment_t dygw_usable_moment(dygw_ms_t date, const char *poi_id, int zone);

/* Whether the coupon cannot be used at that moment for this reason, whatever others there are. Of a
 * reason that dygw_usable_reason never tells: 0. */
int dygw_usable_is_barred(dygw_reason_e reason, const dygw_certificate_t *certificate,
                          const dygw_terms_t *terms, const dygw_moment_t *at);

/* Why the coupon cannot be used at that moment; DYGW_REASON_NONE: it can, or nothing tells that it
 * cannot. Of several reasons the one that lasts longest, so that nobody comes back in vain. */
dygw_reason_e dygw_usable_reason(const dygw_certificate_t *certificate, const dygw_terms_t *terms,
                                 const dygw_moment_t *at);

#endif
