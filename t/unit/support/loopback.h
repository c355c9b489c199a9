/* SPDX-License-Identifier: Apache-2.0
 * A server on a free port of the loopback interface, in a thread of the test: it answers as a script
 * says and remembers what it was sent. For upstream.h, and so for the tests of douyin/. */
#ifndef DYGW_T_LOOPBACK_H
#define DYGW_T_LOOPBACK_H

#include <stddef.h>

typedef struct loopback_t loopback_t;

#define LOOPBACK_DELAY_MS 200

typedef enum {
    LOOPBACK_ANSWER,           /* sends text as it is, keeps the connection */
    LOOPBACK_ANSWER_IN_PAIRS,  /* the same, as soon as another connection waits for its answer, too */
    LOOPBACK_ANSWER_THIRD,     /* the same, as soon as three requests were read in all */
    LOOPBACK_ANSWER_LATE,      /* the same, after LOOPBACK_DELAY_MS */
    LOOPBACK_ANSWER_AND_CLOSE, /* sends text, then closes */
    LOOPBACK_DROP,             /* reads the request, closes */
    LOOPBACK_LEAVE,            /* reads the request, listens no more, closes */
    LOOPBACK_DROP_UNREAD,      /* closes before reading anything */
    LOOPBACK_HANG              /* reads the request, does nothing more */
} loopback_how_e;

typedef struct loopback_step_t {
    loopback_how_e how;
    const char *text;
} loopback_step_t;

/* Starts a server. Each request takes the next step, whatever its connection; the last step is taken
 * again and again. The steps are not copied. */
loopback_t *loopback_start(const loopback_step_t *steps, int count);
void loopback_stop(loopback_t *server);

int loopback_port(const loopback_t *server);
int loopback_connections(loopback_t *server);

/* Waits until no more than `count` of its connections are open; returns 0 when that takes longer than
 * ten seconds. */
int loopback_await_open(loopback_t *server, int count);

/* How many requests were read so far; and the text of a request, head and body, counted from 0: NULL
 * beyond the last. */
int loopback_requests(loopback_t *server);
const char *loopback_request(loopback_t *server, int i);

/* Waits until `count` requests were read; returns 0 when that takes longer than ten seconds. */
int loopback_await(loopback_t *server, int count);

/* A port on which nothing listens. */
int loopback_free_port(void);

#endif
