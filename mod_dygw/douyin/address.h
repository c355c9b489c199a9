/* SPDX-License-Identifier: Apache-2.0
 * Which addresses belong to the public internet. */
#ifndef DYGW_DOUYIN_ADDRESS_H
#define DYGW_DOUYIN_ADDRESS_H

#include <sys/socket.h>

/* Whether a host on the internet can have this address: no private, loopback, link-local, shared
 * (CGNAT), multicast, documentation or reserved one, nor such an IPv4 address inside an IPv6 one.
 * Other families than IPv4 and IPv6 are not public. */
int dygw_douyin_address_is_public(const struct sockaddr *address);

#endif
