/* SPDX-License-Identifier: Apache-2.0
 * Public addresses, after IANA's special-purpose registries for IPv4 and IPv6.
 *
 * Calls nothing. */
#include "douyin/address.h"

#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <apr.h>

#define V4(a, b, c, d) ((apr_uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define V6_LEN         16

typedef struct v4_block_t {
    apr_uint32_t start;
    int bits;
} v4_block_t;

static const v4_block_t v4_special[] = {
    { V4(0, 0, 0, 0), 8 },       /* "this network" */
    { V4(10, 0, 0, 0), 8 },      /* private */
    { V4(100, 64, 0, 0), 10 },   /* shared: carrier-grade NAT */
    { V4(127, 0, 0, 0), 8 },     /* loopback */
    { V4(169, 254, 0, 0), 16 },  /* link-local, clouds' metadata */
    { V4(172, 16, 0, 0), 12 },   /* private */
    { V4(192, 0, 0, 0), 24 },    /* protocol assignments */
    { V4(192, 0, 2, 0), 24 },    /* documentation */
    { V4(192, 88, 99, 0), 24 },  /* 6to4 relays, withdrawn */
    { V4(192, 168, 0, 0), 16 },  /* private */
    { V4(198, 18, 0, 0), 15 },   /* benchmarks */
    { V4(198, 51, 100, 0), 24 }, /* documentation */
    { V4(203, 0, 113, 0), 24 },  /* documentation */
    { V4(224, 0, 0, 0), 4 },     /* multicast */
    { V4(240, 0, 0, 0), 4 },     /* reserved, broadcast */
};

typedef struct v6_block_t {
    unsigned char start[V6_LEN];
    int bits;
} v6_block_t;

static const v6_block_t v6_global = { { 0x20 }, 3 }; /* all that is handed out is in 2000::/3 */
static const v6_block_t v6_nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };
static const v6_block_t v6_mapped = { { [10] = 0xff, [11] = 0xff }, 96 };
static const v6_block_t v6_6to4 = { { 0x20, 0x02 }, 16 };

static const v6_block_t v6_special[] = {
    { { 0x20, 0x01 }, 23 },             /* protocol assignments, Teredo, ORCHID */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x3f, 0xff }, 20 },             /* documentation */
};

/* Where the IPv4 address starts in an IPv6 address that carries one. */
#define V4_IN_6TO4    2
#define V4_AT_THE_END 12

static int v4_is_public(apr_uint32_t address)
{
    for (apr_size_t i = 0; i < sizeof v4_special / sizeof *v4_special; i++) {
        if ((address ^ v4_special[i].start) >> (32 - v4_special[i].bits) == 0) {
            return 0;
        }
    }
    return 1;
}

static int is_in_block(const unsigned char *address, const v6_block_t *block)
{
    int whole = block->bits / 8;
    int rest = block->bits % 8;

    return memcmp(address, block->start, (size_t)whole) == 0
           && (rest == 0 || (address[whole] ^ block->start[whole]) >> (8 - rest) == 0);
}

static int inner_is_public(const unsigned char *v4)
{
    return v4_is_public(V4(v4[0], v4[1], v4[2], v4[3]));
}

static int v6_is_public(const unsigned char *address)
{
    if (is_in_block(address, &v6_mapped) || is_in_block(address, &v6_nat64)) {
        return inner_is_public(address + V4_AT_THE_END);
    }
    if (is_in_block(address, &v6_6to4)) {
        return inner_is_public(address + V4_IN_6TO4);
    }
    for (apr_size_t i = 0; i < sizeof v6_special / sizeof *v6_special; i++) {
        if (is_in_block(address, &v6_special[i])) {
            return 0;
        }
    }
    return is_in_block(address, &v6_global);
}

int dygw_douyin_address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, address, sizeof v4);
        return v4_is_public(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, address, sizeof v6);
        return v6_is_public(v6.sin6_addr.s6_addr);
    }
    return 0;
}
