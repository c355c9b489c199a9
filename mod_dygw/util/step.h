/* SPDX-License-Identifier: Apache-2.0
 * Places where tests stop or kill us. Only builds with -DDYGW_TEST_STEPS have them: there, when
 * the directory $DYGW_TEST_STEPS holds a file `name`, the first to come by makes it `name.here` and
 * waits until `name.go` is there. */
#ifndef DYGW_UTIL_STEP_H
#define DYGW_UTIL_STEP_H

#ifdef DYGW_TEST_STEPS
void dygw_step(const char *name);
#else
#define dygw_step(name) ((void)0)
#endif

#endif
