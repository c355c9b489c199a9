/* SPDX-License-Identifier: Apache-2.0
 * Included first by every file of the sandbox: httpd, our module index, and the settings. */
#ifndef DYGW_SANDBOX_PRIVATE_H
#define DYGW_SANDBOX_PRIVATE_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include <apr_tables.h>

extern module AP_MODULE_DECLARE_DATA dygw_sandbox_module;
APLOG_USE_MODULE(dygw_sandbox);

/* What the directives say; one sandbox an httpd. */
typedef struct dygw_sandbox_settings_t {
    apr_table_t *clients;       /* client_key -> client_secret; empty: any pair is accepted */
    int coupons;                /* capacity */
    int token_life;             /* s */
} dygw_sandbox_settings_t;

const dygw_sandbox_settings_t *dygw_sandbox_settings(void);

#endif
