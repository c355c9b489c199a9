/* SPDX-License-Identifier: Apache-2.0
 * Hashes, random text, and the seal that encrypts stored secrets.
 *
 * OpenSSL's algorithms are fetched once in a process, because to look up an algorithm by name takes
 * a lock and costs as much as the hash of a request. The algorithms are never freed: at the end of
 * the process this would be too late, since OpenSSL ends before us. Restarts cost no memory,
 * because after the module is loaded again, OpenSSL returns the same objects. */
#include "util/crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "util/base64.h"

#define SHA1_LEN       20
#define HMAC_BLOCK_LEN 64
#define HMAC_INNER_PAD 0x36
#define HMAC_OUTER_PAD 0x5c
#define STOCK_LEN      512

static CRYPTO_ONCE fetch_once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *sha256;
static EVP_CIPHER *aes_256_gcm;

static void fetch_algorithms(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static const EVP_MD *get_sha256(void)
{
    return CRYPTO_THREAD_run_once(&fetch_once, fetch_algorithms) ? sha256 : NULL;
}

static const EVP_CIPHER *get_aes_256_gcm(void)
{
    return CRYPTO_THREAD_run_once(&fetch_once, fetch_algorithms) ? aes_256_gcm : NULL;
}

/* --- hashes --- */

void dygw_hex(const unsigned char *data, apr_size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    apr_size_t i;

    for (i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

void dygw_sha256_hex(const void *data, apr_size_t len, char *out)
{
    unsigned char hash[DYGW_SHA256_LEN];
    const EVP_MD *md = get_sha256();

    /* This fails only when there is no memory, for which httpd aborts too, or no such algorithm,
     * which dygw_crypto_check finds out at the start. */
    if (md == NULL || !EVP_Digest(data, len, hash, NULL, md, NULL)) {
        abort();
    }
    dygw_hex(hash, sizeof hash, out);
}

/* SHA-1 is rarely needed, so that its algorithm is looked up each time. */
apr_status_t dygw_sha1_hex(const char *prefix, apr_size_t prefix_len, const void *data,
                           apr_size_t len, char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char hash[EVP_MAX_MD_SIZE];
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL)
             && EVP_DigestUpdate(ctx, prefix, prefix_len) && EVP_DigestUpdate(ctx, data, len)
             && EVP_DigestFinal_ex(ctx, hash, NULL);

    EVP_MD_CTX_free(ctx);
    if (!ok) {
        return APR_EGENERAL;
    }
    dygw_hex(hash, SHA1_LEN, out);
    return APR_SUCCESS;
}

/* Computes one of the two hashes of an HMAC (RFC 2104): the hash of the padded key and data. */
static int hmac_pass(EVP_MD_CTX *ctx, const unsigned char *block, unsigned char pad,
                     const void *data, apr_size_t len, unsigned char *hash)
{
    unsigned char padded[HMAC_BLOCK_LEN];
    int i, ok;

    for (i = 0; i < HMAC_BLOCK_LEN; i++) {
        padded[i] = block[i] ^ pad;
    }
    ok = EVP_DigestInit_ex2(ctx, get_sha256(), NULL) && EVP_DigestUpdate(ctx, padded, sizeof padded)
         && EVP_DigestUpdate(ctx, data, len) && EVP_DigestFinal_ex(ctx, hash, NULL);
    OPENSSL_cleanse(padded, sizeof padded);
    return ok;
}

/* HMAC is computed here, and not by EVP_MAC, which looks up the hash by name in every call: this
 * would double the cost of a signature. */
static int hmac_sha256(const void *key, apr_size_t key_len, const void *data, apr_size_t len,
                       unsigned char hash[DYGW_SHA256_LEN])
{
    unsigned char block[HMAC_BLOCK_LEN] = { 0 };
    EVP_MD_CTX *ctx = get_sha256() ? EVP_MD_CTX_new() : NULL;
    int ok = ctx != NULL;

    if (key_len <= HMAC_BLOCK_LEN) {
        memcpy(block, key, key_len);
    }
    else {
        ok = ok && EVP_Digest(key, key_len, block, NULL, get_sha256(), NULL);
    }
    ok = ok && hmac_pass(ctx, block, HMAC_INNER_PAD, data, len, hash)
         && hmac_pass(ctx, block, HMAC_OUTER_PAD, hash, DYGW_SHA256_LEN, hash);
    OPENSSL_cleanse(block, sizeof block);
    EVP_MD_CTX_free(ctx);
    return ok;
}

apr_status_t dygw_hmac_sha256_hex(const char *key, apr_size_t key_len, const void *data,
                                  apr_size_t len, char *out)
{
    unsigned char hash[DYGW_SHA256_LEN];

    if (!hmac_sha256(key, key_len, data, len, hash)) {
        return APR_EGENERAL;
    }
    dygw_hex(hash, sizeof hash, out);
    return APR_SUCCESS;
}

apr_status_t dygw_crypto_check(void)
{
    return get_sha256() && get_aes_256_gcm() ? APR_SUCCESS : APR_EGENERAL;
}

int dygw_equal_secret(const char *a, const char *b)
{
    apr_size_t len = strlen(a);

    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

/* --- random --- */

apr_status_t dygw_random_bytes(void *out, apr_size_t len)
{
    if (len > INT_MAX) {
        return APR_EINVAL;
    }
    return RAND_bytes(out, (int)len) == 1 ? APR_SUCCESS : APR_EGENERAL;
}

/* What a thread has left of its stock. OpenSSL takes a lock of the whole process for each draw, and
 * encrypts twice what a short one needs. A process that was forked must not use what its parent
 * has. */
static _Thread_local struct {
    unsigned char bytes[STOCK_LEN];
    apr_size_t left;
    pid_t owner;
} stock;

apr_status_t dygw_random_number(void *out, apr_size_t len)
{
    const pid_t me = getpid();

    if (len > STOCK_LEN) {
        return dygw_random_bytes(out, len);
    }
    if (stock.owner != me || stock.left < len) {
        stock.left = 0;
        if (dygw_random_bytes(stock.bytes, STOCK_LEN) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        stock.owner = me;
        stock.left = STOCK_LEN;
    }
    stock.left -= len;
    memcpy(out, stock.bytes + stock.left, len);
    return APR_SUCCESS;
}

typedef apr_status_t draw_fn(void *out, apr_size_t len);

static const char *random_letters(draw_fn *draw, apr_pool_t *pool, apr_size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const unsigned letters = sizeof alphabet - 1;
    const unsigned fair = 256 - 256 % letters; /* bytes from here on would favour some letters */
    unsigned char bytes[32];
    char *text = apr_palloc(pool, len + 1);
    apr_size_t done = 0, i;

    while (done < len) {
        if (draw(bytes, sizeof bytes) != APR_SUCCESS) {
            return NULL;
        }
        for (i = 0; i < sizeof bytes && done < len; i++) {
            if (bytes[i] < fair) {
                text[done++] = alphabet[bytes[i] % letters];
            }
        }
    }
    text[len] = '\0';
    return text;
}

const char *dygw_random_text(apr_pool_t *pool, apr_size_t len)
{
    return random_letters(dygw_random_bytes, pool, len);
}

const char *dygw_random_name(apr_pool_t *pool, apr_size_t len)
{
    return random_letters(dygw_random_number, pool, len);
}

void dygw_wipe(void *data, apr_size_t len)
{
    OPENSSL_cleanse(data, len);
}

/* --- the seal: "v1.<key id>.<base64url of IV, ciphertext, tag>" --- */

#define SEAL_PREFIX  "v1."
#define KEY_ID_LEN   DYGW_KEY_ID_LEN
#define HEAD_LEN     (sizeof SEAL_PREFIX - 1 + KEY_ID_LEN + 1)
#define IV_LEN       12
#define TAG_LEN      16
#define MAX_TEXT_LEN ((apr_size_t)16 * 1024 * 1024)

apr_status_t dygw_master_key_decode(const char *text, unsigned char key[DYGW_MASTER_KEY_LEN])
{
    /* Hex comes first, because 64 hex digits are also valid base64, of 48 bytes. */
    apr_size_t len = strlen(text);
    apr_size_t i, decoded;

    if (len == (apr_size_t)DYGW_MASTER_KEY_LEN * 2) {
        for (i = 0; i < len && OPENSSL_hexchar2int((unsigned char)text[i]) >= 0; i++) {
            int digit = OPENSSL_hexchar2int((unsigned char)text[i]);

            key[i / 2] = (unsigned char)(i % 2 ? key[i / 2] | digit : digit << 4);
        }
        return i == len ? APR_SUCCESS : APR_EINVAL;
    }
    return dygw_base64_decode(text, len, DYGW_BASE64_ANY, key, DYGW_MASTER_KEY_LEN, &decoded)
                       == APR_SUCCESS
                   && decoded == DYGW_MASTER_KEY_LEN
               ? APR_SUCCESS
               : APR_EINVAL;
}

/* Writes "v1.<key id>." and a NUL to head. The key id is part of a hash: it tells keys apart, and
 * shows nothing of the key. */
static apr_status_t make_seal_head(const unsigned char *key, char head[HEAD_LEN + 1])
{
    static const char label[] = "dygw key id";
    unsigned char hash[DYGW_SHA256_LEN];

    if (!hmac_sha256(key, DYGW_MASTER_KEY_LEN, label, sizeof label - 1, hash)) {
        return APR_EGENERAL;
    }
    memcpy(head, SEAL_PREFIX, sizeof SEAL_PREFIX - 1);
    dygw_hex(hash, KEY_ID_LEN / 2, head + sizeof SEAL_PREFIX - 1);
    head[HEAD_LEN - 1] = '.';
    head[HEAD_LEN] = '\0';
    return APR_SUCCESS;
}

/* Begins to encrypt (encrypt 1) or to decrypt (0): sets the key and the IV, and authenticates head
 * and purpose. */
static int begin_gcm(EVP_CIPHER_CTX *ctx, int encrypt, const unsigned char *key,
                     const unsigned char *iv, const char *head, const char *purpose)
{
    int n;

    return get_aes_256_gcm() && EVP_CipherInit_ex2(ctx, get_aes_256_gcm(), key, iv, encrypt, NULL)
           && EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)head, (int)strlen(head))
           && EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)purpose, (int)strlen(purpose));
}

static int encrypt_text(const unsigned char *key, const char *head, const char *purpose,
                        const char *text, int len, unsigned char *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char *body = out + IV_LEN;
    int n;
    int ok = ctx && begin_gcm(ctx, 1, key, out, head, purpose)
             && EVP_CipherUpdate(ctx, body, &n, (const unsigned char *)text, len)
             && EVP_CipherFinal_ex(ctx, body + len, &n)
             && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, body + len);

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

apr_status_t dygw_seal(const dygw_seal_t *seal, const char *purpose, const char *text,
                       apr_pool_t *pool, const char **sealed)
{
    apr_size_t len = strlen(text), total = IV_LEN + len + TAG_LEN;
    unsigned char *raw;
    char head[HEAD_LEN + 1];
    char *out;

    if (len > MAX_TEXT_LEN) {
        return APR_EINVAL;
    }
    raw = apr_palloc(pool, total);
    if (make_seal_head(seal->key, head) != APR_SUCCESS
        || dygw_random_bytes(raw, IV_LEN) != APR_SUCCESS
        || !encrypt_text(seal->key, head, purpose, text, (int)len, raw)) {
        return APR_EGENERAL;
    }
    out = apr_palloc(pool, HEAD_LEN + dygw_base64_len(total) + 1);
    memcpy(out, head, HEAD_LEN);
    dygw_base64url_encode(raw, total, out + HEAD_LEN);
    *sealed = out;
    return APR_SUCCESS;
}

/* Decrypts raw (IV, ciphertext, tag) into text, which has room for raw_len bytes. On an error text
 * is empty. */
static apr_status_t decrypt_text(const unsigned char *key, const char *head, const char *purpose,
                                 unsigned char *raw, apr_size_t raw_len, char *text)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = (int)(raw_len - IV_LEN - TAG_LEN), n;
    int ok = ctx && begin_gcm(ctx, 0, key, raw, head, purpose)
             && EVP_CipherUpdate(ctx, (unsigned char *)text, &n, raw + IV_LEN, len)
             && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, raw + IV_LEN + len)
             && EVP_CipherFinal_ex(ctx, (unsigned char *)text + len, &n);

    EVP_CIPHER_CTX_free(ctx);
    text[ok ? len : 0] = '\0';
    return ok ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t dygw_unseal(const dygw_seal_t *seal, const char *purpose, const char *sealed,
                         apr_pool_t *pool, const char **text, int *used_old)
{
    const unsigned char *keys[] = { seal->key, seal->has_old ? seal->old_key : NULL };
    apr_size_t len = strlen(sealed), room, raw_len;
    unsigned char *raw;
    char head[HEAD_LEN + 1];
    char *out;

    if (len <= HEAD_LEN || len > MAX_TEXT_LEN * 2) {
        return APR_EINVAL;
    }
    room = len - HEAD_LEN;
    raw = apr_palloc(pool, room);
    if (dygw_base64_decode(sealed + HEAD_LEN, room, DYGW_BASE64_URL, raw, room, &raw_len)
            != APR_SUCCESS
        || raw_len < IV_LEN + TAG_LEN) {
        return APR_EINVAL;
    }
    out = apr_palloc(pool, raw_len);
    for (int i = 0; i < 2 && keys[i]; i++) {
        if (make_seal_head(keys[i], head) == APR_SUCCESS && strncmp(head, sealed, HEAD_LEN) == 0
            && decrypt_text(keys[i], head, purpose, raw, raw_len, out) == APR_SUCCESS) {
            *text = out;
            if (used_old) {
                *used_old = i;
            }
            return APR_SUCCESS;
        }
    }
    return APR_EINVAL;
}

apr_uint32_t dygw_seal_id(const dygw_seal_t *seal)
{
    const unsigned char *keys[] = { seal->key, seal->has_old ? seal->old_key : NULL };
    apr_uint32_t id = 0;
    char head[HEAD_LEN + 1];
    int i;
    apr_size_t n;

    for (i = 0; i < 2 && keys[i] && make_seal_head(keys[i], head) == APR_SUCCESS; i++) {
        for (n = 0; n < HEAD_LEN; n++) {
            id = id * 31 + (unsigned char)head[n];
        }
    }
    return id;
}

int dygw_sealed_by_another_key(const dygw_seal_t *seal, const char *sealed)
{
    const unsigned char *keys[] = { seal->key, seal->has_old ? seal->old_key : NULL };
    char head[HEAD_LEN + 1];
    int i;

    for (i = 0; i < 2 && keys[i]; i++) {
        if (make_seal_head(keys[i], head) == APR_SUCCESS && strncmp(head, sealed, HEAD_LEN) == 0) {
            return 0;
        }
    }
    return strncmp(sealed, SEAL_PREFIX, sizeof SEAL_PREFIX - 1) == 0;
}

/* --- fingerprints: "<key id>.<HMAC>" --- */

apr_status_t dygw_seal_fingerprint(const dygw_seal_t *seal, const char *purpose, const void *data,
                                   apr_size_t len, char *out)
{
    char head[HEAD_LEN + 1];
    unsigned char derived[DYGW_SHA256_LEN];
    unsigned char hash[DYGW_SHA256_LEN];
    int ok = make_seal_head(seal->key, head) == APR_SUCCESS
             && hmac_sha256(seal->key, DYGW_MASTER_KEY_LEN, purpose, strlen(purpose), derived)
             && hmac_sha256(derived, sizeof derived, data, len, hash);

    OPENSSL_cleanse(derived, sizeof derived);
    if (!ok) {
        return APR_EGENERAL;
    }
    memcpy(out, head + sizeof SEAL_PREFIX - 1, KEY_ID_LEN + 1);
    dygw_hex(hash, (DYGW_FINGERPRINT_LEN - KEY_ID_LEN - 1) / 2, out + KEY_ID_LEN + 1);
    return APR_SUCCESS;
}

int dygw_fingerprints_comparable(const char *a, const char *b)
{
    return strncmp(a, b, KEY_ID_LEN + 1) == 0;
}
