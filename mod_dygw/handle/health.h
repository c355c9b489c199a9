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
    const char *key;
    const char *clock; /* NULL: it is right, as far as anybody knows */
    int ok;            /* nothing is wrong */
    int is_sandbox;    /* Douyin is not Douyin; that is no failure */
} dygw_health_t;

/* Neither the database nor Douyin is asked: the background of this host has looked, and left what
 * it found in the host's shared state. */
void dygw_health_look(dygw_gateway_t *gateway, dygw_health_t *health);

/* A check of a request: refuses it while it is certain that the database cannot be used, so that
 * nobody is kept waiting, and nothing is tried on a database that may be another application's. */
void dygw_health_admit(dygw_call_t *call, dygw_result_t *out);

#endif
