/* SPDX-License-Identifier: Apache-2.0
 * What a part of a diagnosis finds, as the caller of /diagnosis reads it. */
#ifndef DYGW_T_DIAGNOSING_H
#define DYGW_T_DIAGNOSING_H

#include "gateway/diagnosis/diagnosis.h"
#include "util/json.h"

/* The checks that the part makes: an array, from d->pool. */
json_t *diagnosing(dygw_diagnosis_t *d, void (*part)(const dygw_diagnosis_t *d));

/* "state reason", or the state alone; fails the test when there is no check of that name. */
const char *diagnosing_verdict(const json_t *checks, const char *name, apr_pool_t *pool);

/* A text or number of its detail. */
const char *diagnosing_detail(const json_t *checks, const char *name, const char *key,
                              apr_pool_t *pool);

#endif
