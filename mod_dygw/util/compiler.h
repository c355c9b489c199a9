/* SPDX-License-Identifier: Apache-2.0
 * What C11 has no word for. */
#ifndef DYGW_UTIL_COMPILER_H
#define DYGW_UTIL_COMPILER_H

/* A parameter that a callback's type wants and this callback does not. */
#define DYGW_UNUSED __attribute__((unused))

#endif
