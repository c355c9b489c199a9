/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_declarations, and the rows of hosts in dygw_leases: which hosts there are, and which
 * apps each of them declares in its httpd.conf. A host is live while its row is renewed. */
#ifndef DYGW_STORE_DECLARATION_H
#define DYGW_STORE_DECLARATION_H

#include <string.h>

#include <apr_tables.h>

#include "store/db/db.h"

/* How long a host is live after its row was renewed, and how long its row is kept afterwards. */
#define DYGW_HOST_TTL_MS  APR_INT64_C(60000)
#define DYGW_HOST_KEPT_MS APR_INT64_C(86400000)

/* The longest name of a host: what dygw_leases.name has room for behind "host:". */
#define DYGW_HOST_MAX 59

typedef struct dygw_host_row_t {
    const char *host;
    const char *digest; /* of all that it declares; NULL: it has declared nothing yet */
    int is_live;        /* by the database's clock */
    int is_forgotten;   /* it has not been live for DYGW_HOST_KEPT_MS */
} dygw_host_row_t;

typedef struct dygw_declaration_t {
    const char *host; /* which declares it; only when it was read */
    int is_live;      /* that host; likewise */
    const char *client_key;
    const char *code;
    const char *fingerprint;
    const char *declared_in; /* "file:line" on that host */
} dygw_declaration_t;

/* All hosts, live or not, by their names: dygw_host_row_t. From pool. */
apr_status_t dygw_store_hosts(dygw_db_t *db, apr_array_header_t **hosts, apr_pool_t *pool);

/* The row of a host among those that were read; NULL: it has none. */
static inline const dygw_host_row_t *dygw_host_row(const apr_array_header_t *hosts,
                                                   const char *host)
{
    int i;

    for (i = 0; i < hosts->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(hosts, i, dygw_host_row_t).host, host) == 0) {
            return &APR_ARRAY_IDX(hosts, i, dygw_host_row_t);
        }
    }
    return NULL;
}

/* Lets a host be live for DYGW_HOST_TTL_MS from now on, by the database's clock. APR_NOTFOUND: it
 * has no row. */
apr_status_t dygw_store_host_renew(dygw_db_t *db, const char *host);

/* The same, and replaces what the host declares by `declarations` (dygw_declaration_t), in one
 * transaction. `digest` stands for all of them. */
apr_status_t dygw_store_host_declares(dygw_db_t *db, const char *host, const char *digest,
                                      const apr_array_header_t *declarations);

/* Removes a host that is forgotten, with what it declared. One that is not: nothing is done. */
apr_status_t dygw_store_host_forget(dygw_db_t *db, const char *host);

/* What all hosts declare, live or not, host by host: dygw_declaration_t. From pool. */
apr_status_t dygw_store_declarations(dygw_db_t *db, apr_array_header_t **declarations,
                                     apr_pool_t *pool);

/* *live: how many live hosts declare an app with this client_key, or with this code (NULL: none).
 * Within a transaction, too. */
apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code,
                                            int *live);

#endif
