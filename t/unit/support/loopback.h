/* SPDX-License-Identifier: Apache-2.0
 * A server on a free loopback port that answers as scripted and remembers what it was sent. */
#ifndef DYGW_T_LOOPBACK_H
#define DYGW_T_LOOPBACK_H

#include <stddef.h>

typedef struct loopback_t loopback_t;

#define LOOPBACK_DELAY_MS 200

typedef enum {
    LOOPBACK_ANSWER,            /* sends text as it is, keeps the connection */
    LOOPBACK_ANSWER_IN_PAIRS,   /* the same, when another connection waits for its answer too */
    LOOPBACK_ANSWER_THIRD,      /* the same, when three requests were read in all */
    LOOPBACK_ANSWER_LATE,       /* the same, after LOOPBACK_DELAY_MS */
    LOOPBACK_ANSWER_AND_CLOSE,  /* sends text, then closes */
    LOOPBACK_DROP,              /* reads the request, closes */
    LOOPBACK_LEAVE,             /* reads the request, listens no more, closes */
    LOOPBACK_DROP_UNREAD,       /* closes before reading anything */
    LOOPBACK_HANG               /* reads the request, does nothing more */
} loopback_how_e;

typedef struct loopback_step_t {
    loopback_how_e how;
    const char *text;
} loopback_step_t;

/* Each request takes one step, on whatever connection; the last step stays. Steps are not copied.
 */
loopback_t *loopback_start(const loopback_step_t *steps, int count);
void loopback_stop(loopback_t *server);

int loopback_port(const loopback_t *server);
int loopback_connections(loopback_t *server);

/* Waits until only `count` of its connections are open; 0 when that takes longer than ten seconds.
 */
int loopback_await_open(loopback_t *server, int count);

/* How many requests were read so far; one of them, head and body; NULL beyond the last. */
int loopback_requests(loopback_t *server);
const char *loopback_request(loopback_t *server, int i);

/* Waits until `count` requests were read; 0 when that takes longer than ten seconds. */
int loopback_await(loopback_t *server, int count);

/* A port where nothing listens. */
int loopback_free_port(void);

#endif
