/* SPDX-License-Identifier: Apache-2.0
 * Whether the master key opens what the database holds. A key that opens nothing is a mistake of
 * the configuration: nothing is sealed with it, so that all is well once the right one is there. */
#ifndef DYGW_GATEWAY_APPS_KEY_H
#define DYGW_GATEWAY_APPS_KEY_H

#include "gateway/gateway.h"

typedef struct dygw_key_watch_t {
    apr_int64_t looked_at; /* the apps version at the last look; -1: there was none */
    dygw_key_state_e told; /* what the log was told last, */
    /* and the apps that it was told of */
    char told_text[DYGW_CLOSED_APPS * (DYGW_APP_LABEL_MAX + 2) + 1];
} dygw_key_watch_t;

/* To be called after each look at the database that was answered: tries the key on the secrets of
 * all apps when these have changed, notes the outcome in the host's state, and logs it when it is
 * another than before. */
void dygw_key_turn(const dygw_ctx_t *ctx, dygw_key_watch_t *watch, apr_int64_t apps_version);

/* Whether something new may be sealed with the key. Looks at the database where nobody has done so
 * yet. */
int dygw_key_may_seal(const dygw_ctx_t *ctx);

#endif
