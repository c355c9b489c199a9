/* SPDX-License-Identifier: Apache-2.0
 * Compiled before everything else, and not linked: says which library's headers are too old, where
 * the compiler would only miss a name. */
#include <ap_mmn.h>
#include <apr_version.h>
#include <apu_version.h>
#include <curl/curlver.h>
#include <jansson.h>
#include <openssl/opensslv.h>

#include "util/versions.h"

#if !AP_MODULE_MAGIC_AT_LEAST(DYGW_HTTPD_MMN, DYGW_HTTPD_MMN_MINOR)
#error "Apache httpd is too old: 2.4.53 or later is needed. Install it, or give APXS= another apxs."
#endif

#if APR_MAJOR_VERSION != DYGW_APR_MAJOR || APR_MINOR_VERSION < DYGW_APR_MINOR
#error "This APR will not do: 1.7.0 or a later 1.x is needed. Install it, and an httpd on it."
#endif

#if APU_MAJOR_VERSION != DYGW_APU_MAJOR || APU_MINOR_VERSION < DYGW_APU_MINOR
#error "This APR-util will not do: 1.3.0 or a later 1.x is needed. Install it, and an httpd on it."
#endif

#if LIBCURL_VERSION_NUM < DYGW_LIBCURL
#error "libcurl is too old: 7.87.0 or later is needed. Install it with its headers."
#endif

#if JANSSON_VERSION_HEX < DYGW_JANSSON
#error "jansson is too old: 2.11 or later is needed. Install it with its headers."
#endif

#if OPENSSL_VERSION_NUMBER < DYGW_OPENSSL
#error "OpenSSL is too old: 3.0.0 or later is needed. Install it with its headers."
#endif
