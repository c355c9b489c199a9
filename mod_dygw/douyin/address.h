/* SPDX-License-Identifier: Apache-2.0
 * Which addresses belong to the public internet, for links that anybody may have made. */
#ifndef DYGW_DOUYIN_ADDRESS_H
#define DYGW_DOUYIN_ADDRESS_H

#include <sys/socket.h>

/* Whether a host on the internet can have this address. Not public are private, loopback,
 * link-local, shared (CGNAT), multicast, documentation and reserved addresses, IPv6 addresses with
 * such an IPv4 address inside, and all families but IPv4 and IPv6. */
int dygw_douyin_address_is_public(const struct sockaddr *address);

#endif
