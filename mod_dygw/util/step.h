/* SPDX-License-Identifier: Apache-2.0
 * Places in the code where tests stop or kill the process. Only builds with -DDYGW_TEST_STEPS have
 * them. When the directory $DYGW_TEST_STEPS has a file `name`, the first thread that comes to the
 * place of this name renames the file to `name.here`, and waits until there is a file `name.go`. */
#ifndef DYGW_UTIL_STEP_H
#define DYGW_UTIL_STEP_H

#ifdef DYGW_TEST_STEPS
void dygw_step(const char *name);
#else
#define dygw_step(name) ((void)0)
#endif

#endif
