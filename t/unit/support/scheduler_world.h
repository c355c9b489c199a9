/* SPDX-License-Identifier: Apache-2.0
 * Running jobs in a fake world: kinds of jobs that ask a question or two and put their rows off by a
 * minute. With fake_world.c, fake_store.c and fake_douyin.c. */
#ifndef SCHEDULER_WORLD_H
#define SCHEDULER_WORLD_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/background/scheduler.h"

#define URGENT_SLOTS    32
#define ENRICH_SLOTS    96
#define A_SECOND_MS     1000
#define A_LONG_TIME_MS  3600000

extern dygw_gateway_t *gateway;
extern dygw_scheduler_t *scheduler;

/* What the jobs are to do, and did; by dygw_due_e. */
extern int begun[3], ended[3], rows_seen, questions, writes, first_changed;
extern dygw_reply_class_e heard;
extern int write_clash;
extern const dygw_reply_t *last_reply;

/* For cmocka: each test has a pool, a world and jobs of its own. */
int set_up(void **state);

/* Rows that are due. */
dygw_verification_t *add_row(dygw_due_e due, apr_int64_t id);
void add_rows(dygw_due_e due, int count);
void add_group(dygw_due_e due, apr_int64_t first_id, int count);

int turn(int may_start);

/* Turns until nothing is under way and all that was due has begun. */
void run_all(void);

#endif
