/* SPDX-License-Identifier: Apache-2.0
 * What a part of a diagnosis finds, as a caller of /internal/v1/diagnosis reads it in JSON. For the
 * tests of gateway/diagnosis/. */
#ifndef DYGW_T_DIAGNOSING_H
#define DYGW_T_DIAGNOSING_H

#include "gateway/diagnosis/diagnosis.h"
#include "util/json.h"

/* Runs the part, and returns the checks that it wrote: a JSON array, which lives as long as the pool
 * of d->ctx. */
json_t *diagnosing(dygw_diagnosis_t *d, void (*part)(const dygw_diagnosis_t *d));

/* The verdict of a check: "state reason", or "state" where it has no reason. The test fails when
 * there is no check of that name. */
const char *diagnosing_verdict(const json_t *checks, const char *name, apr_pool_t *pool);

/* A value of the detail of that check, as text. */
const char *diagnosing_detail(const json_t *checks, const char *name, const char *key, apr_pool_t *pool);

#endif
