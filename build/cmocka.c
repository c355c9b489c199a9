/* SPDX-License-Identifier: Apache-2.0
 * Compiled before the tests' programs, and not linked: says what is missing, where the compiler
 * would only miss a header. */
#if !__has_include(<cmocka.h>)
#error "cmocka, which the unit tests use, is missing: install its headers (Debian: libcmocka-dev)."
#endif

extern int dygw_no_empty_file;
