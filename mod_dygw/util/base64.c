/* SPDX-License-Identifier: Apache-2.0
 * Strict base64. See base64.h. */
#include "util/base64.h"

#include <string.h>

#define BITS_PER_CHAR 6
#define BITS_PER_BYTE 8

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

apr_size_t dygw_base64_len(apr_size_t bytes)
{
    return bytes / 3 * 4 + (bytes % 3 ? bytes % 3 + 1 : 0);
}

void dygw_base64url_encode(const unsigned char *data, apr_size_t len, char *out)
{
    apr_uint32_t bits = 0;
    int held = 0;

    for (apr_size_t i = 0; i < len; i++) {
        bits = (bits << BITS_PER_BYTE | data[i]) & 0xFFFF;
        for (held += BITS_PER_BYTE; held >= BITS_PER_CHAR;) {
            held -= BITS_PER_CHAR;
            *out++ = alphabet[bits >> held & 63];
        }
    }
    if (held) {
        *out++ = alphabet[bits << (BITS_PER_CHAR - held) & 63];
    }
    *out = '\0';
}

/* Returns the 6 bits that a character stands for; -1: the character is not in the alphabet. */
static int value_of_char(char c, dygw_base64_kind_e kind)
{
    if (kind == DYGW_BASE64_ANY) {
        c = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Returns len without the padding. Where there is padding, it must be complete. */
static apr_size_t without_padding(const char *text, apr_size_t len)
{
    if (len % 4 == 0 && len > 0 && text[len - 1] == '=') {
        return text[len - 2] == '=' ? len - 2 : len - 1;
    }
    return len;
}

apr_status_t dygw_base64_decode(const char *text, apr_size_t len, dygw_base64_kind_e kind,
                                unsigned char *out, apr_size_t room, apr_size_t *decoded)
{
    apr_uint32_t bits = 0;
    int held = 0;
    apr_size_t done = 0;

    if (kind == DYGW_BASE64_ANY) {
        len = without_padding(text, len);
    }
    for (apr_size_t i = 0; i < len; i++) {
        int value = value_of_char(text[i], kind);

        if (value < 0) {
            return APR_EINVAL;
        }
        bits = (bits << BITS_PER_CHAR | (apr_uint32_t)value) & 0xFFFF;
        held += BITS_PER_CHAR;
        if (held >= BITS_PER_BYTE) {
            held -= BITS_PER_BYTE;
            if (done == room) {
                return APR_ENOSPC;
            }
            out[done++] = (unsigned char)(bits >> held);
        }
    }
    *decoded = done;
    /* A single last character, and bits that belong to no byte, would spell a value a second
     * way. */
    return len % 4 == 1 || (bits & ((1u << held) - 1)) ? APR_EINVAL : APR_SUCCESS;
}
