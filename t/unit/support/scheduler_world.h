/* SPDX-License-Identifier: Apache-2.0
 * The scheduler of background jobs in a fake world. Its kinds of jobs know nothing of coupons: each
 * job asks a given number of questions and then puts its rows off by a minute. For the tests of
 * gateway/background/scheduler.c; with fake_world.c, fake_store.c, fake_douyin.c and own_pool.c. */
#ifndef SCHEDULER_WORLD_H
#define SCHEDULER_WORLD_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/background/scheduler.h"

#define URGENT_SLOTS   32 /* how many jobs of settling and follow-ups run at once */
#define ENRICH_SLOTS   96 /* how many jobs of enriching run at once */
#define A_SECOND_MS    1000
#define A_LONG_TIME_MS 3600000

extern dygw_gateway_t *gateway;
extern dygw_scheduler_t *scheduler;

/* What the jobs are to do. */
extern int questions;     /* how many questions each asks */
extern int first_changed; /* of a job's rows, those before this one are left unchanged */

/* What the jobs did. */
extern int begun[DYGW_JOB_KINDS], ended[DYGW_JOB_KINDS]; /* how many jobs, by dygw_due_e */
extern int rows_seen;                                    /* how many rows the jobs were given in all */
extern int writes;                                       /* how many jobs wrote their rows */
extern int write_clash;          /* whether another had changed a row that was last to be written */
extern dygw_reply_class_e heard; /* the class of the last answer */
extern const dygw_reply_t *last_reply;

/* For cmocka: each test has a pool, a world and jobs of its own; destroy_pool ends it. */
int set_up(void **state);

/* Each adds rows that are due now: one row, `count` rows of a request each, or the `count` rows of one
 * request. */
dygw_verification_t *add_row(dygw_due_e due, apr_int64_t id);
void add_rows(dygw_due_e due, int count);
void add_group(dygw_due_e due, apr_int64_t first_id, int count);

/* Runs one turn of the scheduler, which may start jobs only where may_start is not 0; returns how many
 * jobs are under way. */
int turn(int may_start);

/* Runs turns until no job is under way and all rows that were due have had a job. */
void run_all(void);

#endif
