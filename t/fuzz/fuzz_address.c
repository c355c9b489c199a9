/* SPDX-License-Identifier: Apache-2.0
 * Which addresses are public: written as a text, or else the bytes themselves. */
#include "fuzz.h"

#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "douyin/address.h"

static int v4_is_public(const unsigned char *bytes)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };

    memcpy(&v4.sin_addr, bytes, 4);
    return dygw_douyin_address_is_public((const struct sockaddr *)&v4);
}

static int v6_is_public(const unsigned char *bytes)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    memcpy(&v6.sin6_addr, bytes, 16);
    return dygw_douyin_address_is_public((const struct sockaddr *)&v6);
}

/* From and to, both inclusive: what a shop's gateway must never be led to. */
static const struct {
    const char *from, *to;
} inside[]
    = { { "0.0.0.0", "0.255.255.255" },     { "10.0.0.0", "10.255.255.255" },     { "100.64.0.0", "100.127.255.255" },
        { "127.0.0.0", "127.255.255.255" }, { "169.254.0.0", "169.254.255.255" }, { "172.16.0.0", "172.31.255.255" },
        { "192.0.0.0", "192.0.0.255" },     { "192.168.0.0", "192.168.255.255" }, { "198.18.0.0", "198.19.255.255" },
        { "224.0.0.0", "255.255.255.255" } };

static int is_inside(const unsigned char *v4)
{
    size_t i;

    for (i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
        unsigned char from[4], to[4];

        FUZZ_ASSERT(inet_pton(AF_INET, inside[i].from, from) == 1);
        FUZZ_ASSERT(inet_pton(AF_INET, inside[i].to, to) == 1);
        if (memcmp(v4, from, 4) >= 0 && memcmp(v4, to, 4) <= 0) {
            return 1;
        }
    }
    return 0;
}

/* However it is wrapped, it is the same address. */
static void check_v4(const unsigned char *v4)
{
    unsigned char mapped[16] = { [10] = 0xff, [11] = 0xff };
    unsigned char nat64[16] = { 0x00, 0x64, 0xff, 0x9b };
    unsigned char of_6to4[16] = { 0x20, 0x02 };
    int public = v4_is_public(v4);

    memcpy(mapped + 12, v4, 4);
    memcpy(nat64 + 12, v4, 4);
    memcpy(of_6to4 + 2, v4, 4);
    FUZZ_ASSERT(!(public && is_inside(v4)));
    FUZZ_ASSERT(v6_is_public(mapped) == public && v6_is_public(nat64) == public);
    FUZZ_ASSERT(v6_is_public(of_6to4) == public);
}

/* Loopback, link-local, unique local, multicast, documentation; and what nobody was given. */
static void check_v6(const unsigned char *v6)
{
    static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    int wraps = memcmp(v6, nat64, 12) == 0 || memcmp(v6, mapped, 12) == 0;

    if (v6_is_public(v6)) {
        FUZZ_ASSERT(wraps || *v6 >> 5 == 1);
        FUZZ_ASSERT(memcmp(v6, "\x20\x01\x0d\xb8", 4) != 0);
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *text = fuzz_line(&in);
    struct sockaddr other = { .sa_family = AF_UNIX };
    unsigned char bytes[16] = { 0 };

    if (inet_pton(AF_INET, text, bytes) != 1 && inet_pton(AF_INET6, text, bytes) != 1) {
        memcpy(bytes, data, len < 16 ? len : 16);
    }
    check_v4(bytes);
    check_v4(bytes + 12);
    check_v6(bytes);
    FUZZ_ASSERT(!dygw_douyin_address_is_public(&other));
}
