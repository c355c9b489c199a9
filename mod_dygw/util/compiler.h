/* SPDX-License-Identifier: Apache-2.0
 * What the compilers know and C11 does not. */
#ifndef DYGW_UTIL_COMPILER_H
#define DYGW_UTIL_COMPILER_H

/* Marks a parameter that the type of a callback has, but this callback does not use. */
#define DYGW_UNUSED __attribute__((unused))

#endif
