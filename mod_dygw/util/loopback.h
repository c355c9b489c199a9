/* SPDX-License-Identifier: Apache-2.0
 * Whether an address is this machine's own, from where nobody else can come. */
#ifndef DYGW_UTIL_LOOPBACK_H
#define DYGW_UTIL_LOOPBACK_H

#include <apr_network_io.h>

#define DYGW_LOOPBACK_NET 127 /* 127.0.0.0/8 */

static inline int dygw_is_loopback(const apr_sockaddr_t *address)
{
    const unsigned char *bytes = address->ipaddr_ptr;

    if (address->family == APR_INET) {
        return bytes[0] == DYGW_LOOPBACK_NET;
    }
#if APR_HAVE_IPV6
    if (address->family == APR_INET6) {
        const struct in6_addr *v6 = address->ipaddr_ptr;

        return IN6_IS_ADDR_LOOPBACK(v6)
               || (IN6_IS_ADDR_V4MAPPED(v6) && bytes[12] == DYGW_LOOPBACK_NET);
    }
#endif
    return 0;
}

#endif
