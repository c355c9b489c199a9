/* SPDX-License-Identifier: Apache-2.0
 * The health of a gateway, as /health and the metrics tell it. */
#ifndef DYGW_HANDLE_HEALTH_H
#define DYGW_HANDLE_HEALTH_H

#include "handle/handle.h"

/* The state of each part in a word: "ok", or what is wrong. The words are constants. */
typedef struct dygw_health_t {
    const char *database;
    const char *token;
    const char *worker;
    const char *clock; /* NULL: it is right, as far as anybody knows */
    int ok;            /* nothing is wrong */
} dygw_health_t;

/* Neither the database nor Douyin is asked: the background of this host has looked, and left what
 * it found in the host's shared state. */
void dygw_health_look(dygw_gateway_t *gateway, dygw_health_t *health);

#endif
