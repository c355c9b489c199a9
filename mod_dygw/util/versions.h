/* SPDX-License-Identifier: Apache-2.0
 * The oldest versions of other software that the gateway works with, and what it needs of each.
 * build/versions.c refuses to build with older versions. The version of libcurl is checked at the
 * start again, because the loader does not notice when the libcurl that it loads lacks an
 * option. */
#ifndef DYGW_UTIL_VERSIONS_H
#define DYGW_UTIL_VERSIONS_H

/* httpd 2.4.53: ap_thread_create. The numbers are the version of its interface, as in ap_mmn.h. */
#define DYGW_HTTPD_MMN       20120211
#define DYGW_HTTPD_MMN_MINOR 122
/* APR 1.7.0: apr_global_mutex_timedlock. */
#define DYGW_APR_MAJOR       1
#define DYGW_APR_MINOR       7
/* APR-util 1.3.0: apr_dbd_open_ex. */
#define DYGW_APU_MAJOR       1
#define DYGW_APU_MINOR       3
/* libcurl 7.87.0: CURLOPT_QUICK_EXIT. */
#define DYGW_LIBCURL         0x075700
/* jansson 2.11: json_error_code. */
#define DYGW_JANSSON         0x020b00
/* OpenSSL 3.0.0: EVP_MAC, EVP_CIPHER_fetch. */
#define DYGW_OPENSSL         0x30000000L

#endif
