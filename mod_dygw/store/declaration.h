/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_declarations: which apps each host declares in its httpd.conf. What a host has there
 * counts as long as its row "host:" in dygw_leases is renewed: the host is live. */
#ifndef DYGW_STORE_DECLARATION_H
#define DYGW_STORE_DECLARATION_H

#include "store/db/db.h"

/* How many live hosts declare an app that has this client_key or this code (may be NULL). */
apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code,
                                            int *live);

#endif
