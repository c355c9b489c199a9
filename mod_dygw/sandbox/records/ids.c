/* SPDX-License-Identifier: Apache-2.0
 * Computes ids from indexes, and back. Of the records this file uses the salt only. */
#include "sandbox/records/ids.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_base64.h>
#include <apr_time.h>

#include "util/base64.h"

#define ROUNDS        4
#define ID_BASE       APR_UINT64_C(7000000000000000000)
#define ID_BITS       60 /* 7e18 + 2^60 has 19 digits and fits into 63 bits */
#define CODE_BASE     APR_UINT64_C(100000000000)
#define CODE_BITS     36
#define KEY_BITS      60
#define TOKEN_BITS    60
#define TOKEN_HEX     15 /* TOKEN_BITS in hex digits */
#define CIPHER_BYTES  64 /* gives 88 characters with "==" at the end */
#define CIPHER_PREFIX 18 /* bytes that are always the same, as in Douyin's texts */

/* Each kind of id has a permutation of its own, which is its domain. The enums of ids.h are domains
 * too. */
enum { DOMAIN_CODE = 21, DOMAIN_KEY, DOMAIN_VERIFY_TOKEN, DOMAIN_CHECK, DOMAIN_ACCESS_TOKEN };

apr_uint64_t dygw_sandbox_mix(apr_uint64_t x)
{
    x += APR_UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * APR_UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * APR_UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

apr_uint64_t dygw_sandbox_random(void)
{
    static apr_uint64_t calls;

    return dygw_sandbox_mix(__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED)
                            ^ (apr_uint64_t)apr_time_now() << 20 ^ (apr_uint64_t)getpid());
}

apr_uint32_t dygw_sandbox_hash(apr_uint32_t start, const char *text)
{
    apr_uint64_t h = start;

    for (; *text; text++) {
        h = dygw_sandbox_mix(h ^ (unsigned char)*text);
    }
    return (apr_uint32_t)h;
}

static apr_uint64_t round_key(int domain, int round)
{
    return dygw_sandbox_mix(dygw_sandbox_state()->salt + (apr_uint64_t)(domain * ROUNDS + round));
}

/* A Feistel network over an even number of bits. */
static apr_uint64_t permute(int domain, int bits, apr_uint64_t x)
{
    const int half = bits / 2;
    const apr_uint64_t mask = (APR_UINT64_C(1) << half) - 1;
    apr_uint64_t left = x >> half, right = x & mask;

    for (int i = 0; i < ROUNDS; i++) {
        apr_uint64_t next = left ^ (dygw_sandbox_mix(right ^ round_key(domain, i)) & mask);

        left = right;
        right = next;
    }
    return left << half | right;
}

static apr_uint64_t unpermute(int domain, int bits, apr_uint64_t x)
{
    const int half = bits / 2;
    const apr_uint64_t mask = (APR_UINT64_C(1) << half) - 1;
    apr_uint64_t left = x >> half, right = x & mask;

    for (int i = ROUNDS - 1; i >= 0; i--) {
        apr_uint64_t before = right ^ (dygw_sandbox_mix(left ^ round_key(domain, i)) & mask);

        right = left;
        left = before;
    }
    return left << half | right;
}

static apr_uint32_t as_index(apr_uint64_t x)
{
    return x < DYGW_SANDBOX_NONE ? (apr_uint32_t)x : DYGW_SANDBOX_NONE;
}

/* --- decimal --- */

static void write_decimal(apr_uint64_t value, int digits, char *out)
{
    out[digits] = '\0';
    while (digits--) {
        out[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* Reads a number of exactly so many digits. Returns 0 where text is none. */
static int read_decimal(const char *text, int digits, apr_uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        if (!text || text[i] < '0' || text[i] > '9') {
            return 0;
        }
        *value = *value * 10 + (apr_uint64_t)(text[i] - '0');
    }
    return text[digits] == '\0';
}

static apr_uint32_t index_in(int domain, int bits, apr_uint64_t base, apr_uint64_t value)
{
    if (value < base || (value - base) >> bits != 0) {
        return DYGW_SANDBOX_NONE;
    }
    return as_index(unpermute(domain, bits, value - base));
}

void dygw_sandbox_id(dygw_sandbox_id_e kind, apr_uint32_t index, char *out)
{
    write_decimal(ID_BASE + permute(kind, ID_BITS, index), DYGW_SANDBOX_ID_LEN, out);
}

apr_uint32_t dygw_sandbox_id_index(dygw_sandbox_id_e kind, const char *text)
{
    apr_uint64_t value;

    return read_decimal(text, DYGW_SANDBOX_ID_LEN, &value) ? index_in(kind, ID_BITS, ID_BASE, value)
                                                           : DYGW_SANDBOX_NONE;
}

void dygw_sandbox_code(apr_uint32_t index, char *out)
{
    write_decimal(CODE_BASE + permute(DOMAIN_CODE, CODE_BITS, index), DYGW_SANDBOX_CODE_LEN, out);
}

apr_uint32_t dygw_sandbox_code_index(const char *text)
{
    apr_uint64_t value;

    return read_decimal(text, DYGW_SANDBOX_CODE_LEN, &value)
               ? index_in(DOMAIN_CODE, CODE_BITS, CODE_BASE, value)
               : DYGW_SANDBOX_NONE;
}

/* --- the short link's key: base64url digits --- */

static const char key_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void dygw_sandbox_key(apr_uint32_t index, char *out)
{
    apr_uint64_t x = permute(DOMAIN_KEY, KEY_BITS, index);

    for (int i = 0; i < DYGW_SANDBOX_KEY_LEN; i++, x >>= 6) {
        out[i] = key_digits[x & 63];
    }
    out[DYGW_SANDBOX_KEY_LEN] = '\0';
}

apr_uint32_t dygw_sandbox_key_index(const char *text)
{
    apr_uint64_t x = 0;

    if (!text || strlen(text) != DYGW_SANDBOX_KEY_LEN) {
        return DYGW_SANDBOX_NONE;
    }
    for (int i = DYGW_SANDBOX_KEY_LEN - 1; i >= 0; i--) {
        const char *digit = strchr(key_digits, text[i]);

        if (!digit) {
            return DYGW_SANDBOX_NONE;
        }
        x = x << 6 | (apr_uint64_t)(digit - key_digits);
    }
    return as_index(unpermute(DOMAIN_KEY, KEY_BITS, x));
}

/* --- encrypted codes and object ids --- */

/* In base64 these are "CgwIARDhJxjLLyABKAESLgos" and "I0ZwZEZpb2U1N0pjQVZxS2NJ", with which
 * Douyin's texts begin. */
static const unsigned char prefixes[2][CIPHER_PREFIX + 1] = {
    "\x0A\x0C\x08\x01\x10\xE1\x27\x18\xCB\x2F\x20\x01\x28\x01\x12\x2E\x0A\x2C",
    "#FpdFioe57JcAVqKcI",
};

static void put_word(unsigned char *out, apr_uint64_t word, int bytes)
{
    for (int i = 0; i < bytes; i++, word >>= 8) {
        out[i] = (unsigned char)word;
    }
}

static apr_uint64_t get_word(const unsigned char *in)
{
    apr_uint64_t word = 0;

    for (int i = 7; i >= 0; i--) {
        word = word << 8 | in[i];
    }
    return word;
}

/* The text is base64 of the prefix, the permuted index, and bytes that depend on the index. Bytes
 * 27 to 29 become a group of base64 that starts with "+/", and "==" stands at the end: so each text
 * has +, / and =, and a client that forgets percent-encoding is found out. */
void dygw_sandbox_cipher(dygw_sandbox_cipher_e kind, apr_uint32_t index, char *out)
{
    const int word = 8;
    const int plus_slash = 27;
    unsigned char bytes[CIPHER_BYTES + 8];
    apr_uint64_t hidden = permute(kind, 64, index);
    apr_uint64_t filler = hidden;

    memcpy(bytes, prefixes[kind - DYGW_SANDBOX_CIPHER_CODE], CIPHER_PREFIX);
    put_word(bytes + CIPHER_PREFIX, hidden, word);
    for (int at = CIPHER_PREFIX + word; at < CIPHER_BYTES; at += word) {
        filler = dygw_sandbox_mix(filler ^ round_key(kind, ROUNDS));
        put_word(bytes + at, filler, word);
    }
    bytes[plus_slash] = 0xFB;
    bytes[plus_slash + 1] |= 0xF0;
    bytes[CIPHER_BYTES - 2] = 0x1A;
    bytes[CIPHER_BYTES - 1] = 0x00;
    apr_base64_encode_binary(out, bytes, CIPHER_BYTES);
}

apr_uint32_t dygw_sandbox_cipher_index(dygw_sandbox_cipher_e kind, const char *text)
{
    unsigned char bytes[CIPHER_BYTES];
    char again[DYGW_SANDBOX_CIPHER_LEN + 1];
    apr_size_t len;
    apr_uint32_t index;

    if (!text
        || dygw_base64_decode(text, strlen(text), DYGW_BASE64_ANY, bytes, sizeof bytes, &len)
               != APR_SUCCESS
        || len != sizeof bytes) {
        return DYGW_SANDBOX_NONE;
    }
    index = as_index(unpermute(kind, 64, get_word(bytes + CIPHER_PREFIX)));
    if (index == DYGW_SANDBOX_NONE) {
        return index;
    }
    dygw_sandbox_cipher(kind, index, again);
    return strcmp(text, again) == 0 ? index : DYGW_SANDBOX_NONE;
}

/* --- verify tokens: version 4 UUIDs that contain the order and the number --- */

/* Where the eight bytes of the permuted pair go: not where the version and variant bits are. */
static const int uuid_bytes[8] = { 0, 1, 2, 3, 4, 5, 9, 10 };

void dygw_sandbox_verify_token(apr_uint32_t order, apr_uint32_t number, char *out)
{
    unsigned char b[16];
    apr_uint64_t pair = permute(DOMAIN_VERIFY_TOKEN, 64, (apr_uint64_t)order << 32 | number);
    apr_uint64_t check = dygw_sandbox_mix(pair ^ round_key(DOMAIN_CHECK, 0));

    put_word(b + 6, check, 8);
    put_word(b + 11, dygw_sandbox_mix(check), 5);
    for (int i = 0; i < 8; i++, pair >>= 8) {
        b[uuid_bytes[i]] = (unsigned char)pair;
    }
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    (void)snprintf(out, DYGW_SANDBOX_UUID_LEN + 1,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_uuid(const char *text, unsigned char *b)
{
    if (!text || strlen(text) != DYGW_SANDBOX_UUID_LEN) {
        return 0;
    }
    for (int i = 0; i < 16; i++, text += 2) {
        int high, low;

        text += *text == '-';
        high = hex_value(text[0]);
        low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0) {
            return 0;
        }
        b[i] = (unsigned char)(high << 4 | low);
    }
    return 1;
}

int dygw_sandbox_verify_token_read(const char *text, apr_uint32_t *order, apr_uint32_t *number)
{
    unsigned char b[16];
    char again[DYGW_SANDBOX_UUID_LEN + 1];
    apr_uint64_t pair = 0;

    if (!read_uuid(text, b)) {
        return 0;
    }
    for (int i = 7; i >= 0; i--) {
        pair = pair << 8 | b[uuid_bytes[i]];
    }
    pair = unpermute(DOMAIN_VERIFY_TOKEN, 64, pair);
    *order = (apr_uint32_t)(pair >> 32);
    *number = (apr_uint32_t)pair;
    dygw_sandbox_verify_token(*order, *number, again);
    return strcmp(text, again) == 0;
}

/* --- access tokens --- */

void dygw_sandbox_access_token(apr_uint32_t number, char *out)
{
    static const char hex[] = "0123456789abcdef";
    apr_uint64_t x = permute(DOMAIN_ACCESS_TOKEN, TOKEN_BITS, number);

    memcpy(out, "clt.", 4);
    for (int i = 4; i < DYGW_SANDBOX_TOKEN_LEN; i++, x >>= 4) {
        if ((i - 4) % TOKEN_HEX == 0 && i > 4) {
            x = dygw_sandbox_mix(round_key(DOMAIN_ACCESS_TOKEN, ROUNDS + i) ^ number);
        }
        out[i] = hex[x & 15];
    }
    out[DYGW_SANDBOX_TOKEN_LEN] = '\0';
}

apr_uint32_t dygw_sandbox_access_token_number(const char *text)
{
    char again[DYGW_SANDBOX_TOKEN_LEN + 1];
    apr_uint64_t x = 0;
    apr_uint32_t number;

    if (!text || strlen(text) != DYGW_SANDBOX_TOKEN_LEN) {
        return DYGW_SANDBOX_NONE;
    }
    for (int i = TOKEN_HEX - 1; i >= 0; i--) {
        int digit = hex_value(text[4 + i]);

        if (digit < 0) {
            return DYGW_SANDBOX_NONE;
        }
        x = x << 4 | (apr_uint64_t)digit;
    }
    number = as_index(unpermute(DOMAIN_ACCESS_TOKEN, TOKEN_BITS, x));
    if (number == DYGW_SANDBOX_NONE) {
        return number;
    }
    dygw_sandbox_access_token(number, again);
    return strcmp(text, again) == 0 ? number : DYGW_SANDBOX_NONE;
}
