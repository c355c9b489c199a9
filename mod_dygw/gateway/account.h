/* SPDX-License-Identifier: Apache-2.0
 * Whose coupons they are: the merchant's root account at Douyin. One application serves all
 * merchants that have authorised it; each declared store belongs to one of them, and a store that
 * is not declared to DygwAccountId. */
#ifndef DYGW_GATEWAY_ACCOUNT_H
#define DYGW_GATEWAY_ACCOUNT_H

#include "gateway/gateway.h"

/* The account of a store. NULL: none is configured for it; or it is not declared, and may be one of
 * a file of stores that could not be read: another merchant's name would be sent, and recorded. */
const char *dygw_account_of_poi(const dygw_gateway_t *gateway, const char *poi_id);

/* What was recorded of a verification: its account and store (NULL: none), and its poi_id. */
typedef struct dygw_recorded_t {
    const char *account_id;
    const char *store;
    const char *poi_id;
} dygw_recorded_t;

/* The account of a verification: the one that was recorded with it; where none was, that of its
 * store. What was recorded for a store that was not declared was DygwAccountId: where that is not
 * the gateway's any more it has been corrected, and what is configured now counts. NULL: none. */
const char *dygw_account_recorded(const dygw_gateway_t *gateway, const dygw_recorded_t *recorded);
const char *dygw_account_of(const dygw_gateway_t *gateway, const dygw_verification_t *v);

/* Sets the account of a verify. A repetition has to be the same to the byte, and so goes by what
 * was recorded, whatever was configured since. The body names the account only where the store was
 * declared: older versions have sent it in the header alone. */
void dygw_account_of_verify(const dygw_gateway_t *gateway, const dygw_verification_t *v,
                            dygw_question_t *question);

/* Whether it is one of the gateway's accounts. */
int dygw_account_is_ours(const dygw_gateway_t *gateway, const char *account_id);

/* All accounts of the gateway, each once, DygwAccountId first: of const char *, from pool. */
apr_array_header_t *dygw_accounts(const dygw_gateway_t *gateway, apr_pool_t *pool);

#endif
