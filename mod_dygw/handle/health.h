/* SPDX-License-Identifier: Apache-2.0
 * What /health says, for those who say it in other ways. */
#ifndef DYGW_HANDLE_HEALTH_H
#define DYGW_HANDLE_HEALTH_H

#include "handle/handle.h"

/* Each in a word: "ok", or what is wrong. */
typedef struct dygw_health_t {
    const char *database;
    const char *token;
    const char *worker;
    int ok;                 /* all three are */
} dygw_health_t;

/* Asks nobody: from what the background found last. */
void dygw_health_look(dygw_gateway_t *gateway, dygw_health_t *health);

#endif
