/* SPDX-License-Identifier: Apache-2.0
 * Whether a coupon may be used here and now, as far as Douyin shows it. It explains and advises:
 * what decides is Douyin's answer to the verify. */
#ifndef DYGW_GATEWAY_USABLE_H
#define DYGW_GATEWAY_USABLE_H

#include "gateway/gateway.h"
#include "gateway/reasons.h"

/* Where and when. */
typedef struct dygw_moment_t {
    const char *poi_id;
    dygw_ms_t now;
    int by_douyin; /* `now` is Douyin's clock, cut to the second; else it is this host's, by which
                    * no coupon is called expired */
    int zone;      /* of days and hours, in minutes east of UTC */
} dygw_moment_t;

/* The moment of a reply of Douyin's, by Douyin's clock where the reply tells it. */
dygw_moment_t dygw_usable_moment(const dygw_reply_t *reply, const char *poi_id, int zone);

/* Why the coupon cannot be used at that moment; DYGW_REASON_NONE: it can, or nothing tells that it
 * cannot. Of several reasons the one that lasts longest, so that nobody comes back in vain. */
dygw_reason_e dygw_usable_reason(const dygw_certificate_t *certificate, const dygw_terms_t *terms,
                                 const dygw_moment_t *at);

#endif
