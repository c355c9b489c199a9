/* SPDX-License-Identifier: Apache-2.0
 * Whose coupons they are: the merchant's root account at Douyin. One application serves all
 * merchants that have authorised it; each declared store belongs to one of them, and a store that
 * is not declared to DygwAccountId. */
#ifndef DYGW_GATEWAY_ACCOUNT_H
#define DYGW_GATEWAY_ACCOUNT_H

#include "gateway/gateway.h"

/* The account of a store; NULL: none is configured for it. */
const char *dygw_account_of_poi(const dygw_gateway_t *gateway, const char *poi_id);

/* The account of a verification: the one that was recorded with it, or, where none was, that of its
 * store. NULL: none. */
const char *dygw_account_of(const dygw_gateway_t *gateway, const dygw_verification_t *v);

/* Whether it is one of the gateway's accounts. */
int dygw_account_is_ours(const dygw_gateway_t *gateway, const char *account_id);

/* All accounts of the gateway, each once, DygwAccountId first: of const char *, from pool. */
apr_array_header_t *dygw_accounts(const dygw_gateway_t *gateway, apr_pool_t *pool);

#endif
