/* SPDX-License-Identifier: Apache-2.0
 * Hashes against published vectors, and the seal against everything that may happen to what it
 * sealed.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "util/base64.h"
#include "util/compiler.h"
#include "util/crypto.h"

#define PURPOSE "app-secret"
#define PLAIN   "sk_test_5f0c6f0e9d1b4f2a8c7e3d2b1a0f9e8d"

/* --- hashes --- */

static void assert_sha256(const char *text, const char *expected)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(text, strlen(text), hex);
    assert_string_equal(hex, expected);
}

static void sha256_agrees_with_published_vectors(DYGW_UNUSED void **state)
{
    assert_sha256("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256("{\"poi_id\":\"7012345678901234567\",\"code\":\"123456789012\"}",
                  "682d86c28e44c1e5556f8deba257499610b5e9cb41fc9e33b70e8df0482fd8fc");
}

static void sha256_of_no_data_may_be_given_as_null(DYGW_UNUSED void **state)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void assert_hmac(const char *key, apr_size_t key_len, const char *data, const char *expected)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];

    assert_int_equal(dygw_hmac_sha256_hex(key, key_len, data, strlen(data), hex), APR_SUCCESS);
    assert_string_equal(hex, expected);
}

/* RFC 4231, cases 1, 2, 6. */
static void hmac_agrees_with_published_vectors(DYGW_UNUSED void **state)
{
    char long_key[131];

    assert_hmac("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20, "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac("Jefe", 4, "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, sizeof long_key);
    assert_hmac(long_key, sizeof long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* The message and signature of Douyin's documents. */
static void sha1_agrees_with_published_vectors(DYGW_UNUSED void **state)
{
    static const char message[] = "{\"event\":\"life_trade_certificate_notify\",\"client_key\":\"awtestkey\","
                                  "\"from_user_id\":\"\",\"content\":\"{\\\"action\\\":\\\"verify\\\","
                                  "\\\"msg_time\\\":1742975316,\\\"certificate\\\":{\\\"order_id\\\":"
                                  "\\\"1061449651423386211\\\",\\\"certificate_id\\\":\\\"7382420130108424203\\\","
                                  "\\\"account_id\\\":\\\"6943233382746834985\\\"}}\","
                                  "\"log_id\":\"202503261548358CD21E3C41F95D031744\",\"msg_id\":\"msg-1\"}";
    char hex[DYGW_SHA1_HEX_LEN + 1];

    assert_int_equal(dygw_sha1_hex("test-secret", 11, message, strlen(message), hex), APR_SUCCESS);
    assert_string_equal(hex, "6c2ffbf66eda89d062f09c67f3d3e85c7ae50a0d");
    assert_int_equal(dygw_sha1_hex("ab", 2, "c", 1, hex), APR_SUCCESS);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_int_equal(dygw_sha1_hex("", 0, "", 0, hex), APR_SUCCESS);
    assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void hmac_of_nothing_with_an_empty_key_works(DYGW_UNUSED void **state)
{
    assert_hmac("", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void hmac_agrees_with_the_contracts_signatures(DYGW_UNUSED void **state)
{
    assert_hmac(PLAIN, strlen(PLAIN),
                "POST\n/v1/open/coupons/verify\n1767225600\nb7f1c2d3e4a5968712345678\n"
                "682d86c28e44c1e5556f8deba257499610b5e9cb41fc9e33b70e8df0482fd8fc\n",
                "b3072fcd39aed657e9d7eb0fb88ef7055e01a77e45344ceb4f7e3abd1632652e");
    assert_hmac(PLAIN, strlen(PLAIN),
                "GET\n/v1/open/douyin/stores?poi_id=7012345678901234567&page=1\n1767225600\n"
                "0123456789abcdef\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
                "a34a75aff5f73e57890592ad76aeca9751d1eca85914d1ed052cccca52e5c96a");
}

static void secrets_are_equal_only_when_every_character_is(DYGW_UNUSED void **state)
{
    assert_true(dygw_equal_secret("", ""));
    assert_true(dygw_equal_secret("abc", "abc"));
    assert_false(dygw_equal_secret("abc", "abd"));
    assert_false(dygw_equal_secret("abc", "abcd"));
    assert_false(dygw_equal_secret("abc", ""));
}

/* --- random --- */

static void random_text_has_its_length_and_only_letters_and_digits(void **state)
{
    const char *a = dygw_random_text(*state, 300);
    const char *b = dygw_random_text(*state, 300);

    assert_non_null(a);
    assert_int_equal(strlen(a), 300);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 300);
    assert_string_not_equal(a, b);
    assert_string_equal(dygw_random_text(*state, 0), "");
}

static _Atomic int draws;
static _Atomic int has_random = 1;

int RAND_bytes(unsigned char *out, int len)
{
    int (*draw)(unsigned char *, int);

    *(void **)&draw = dlsym(RTLD_NEXT, "RAND_bytes");
    draws++;
    return has_random ? draw(out, len) : 0;
}

static void names_have_their_length_and_seldom_cost_a_draw(void **state)
{
    const char *last = "";

    draws = 0;
    for (int i = 0; i < 1000; i++) {
        const char *name = dygw_random_name(*state, 20);

        assert_int_equal(strlen(name), 20);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 20);
        assert_string_not_equal(name, last);
        last = name;
    }
    assert_in_range(draws, 1, 100);
}

static void secrets_are_drawn_anew_each_time(void **state)
{
    assert_non_null(dygw_random_name(*state, 20));
    draws = 0;
    assert_non_null(dygw_random_text(*state, 20));
    assert_int_equal(draws, 1);
}

static void a_number_may_be_longer_than_a_stock(DYGW_UNUSED void **state)
{
    unsigned char number[2][4096] = { { 0 } };

    assert_int_equal(dygw_random_number(number[0], sizeof(number[0])), APR_SUCCESS);
    assert_int_equal(dygw_random_number(number[1], sizeof(number[1])), APR_SUCCESS);
    assert_memory_not_equal(number[0], number[1], sizeof(number[0]));
    assert_memory_not_equal(number[0] + 4088, (unsigned char[8]){ 0 }, 8);
}

static void no_two_numbers_are_the_same_bytes(DYGW_UNUSED void **state)
{
    apr_uint64_t numbers[500];

    for (int i = 0; i < 500; i++) {
        assert_int_equal(dygw_random_number(&numbers[i], sizeof(numbers[i])), APR_SUCCESS);
        for (int before = 0; before < i; before++) {
            assert_true(numbers[i] != numbers[before]);
        }
    }
}

/* Both have what was left of the stock at the fork. */
static void a_forked_process_draws_others_than_its_parent(DYGW_UNUSED void **state)
{
    apr_uint64_t mine, of_child;
    int ends[2];
    pid_t child;

    assert_int_equal(dygw_random_number(&mine, sizeof(mine)), APR_SUCCESS);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dygw_random_number(&of_child, sizeof(of_child));
        _exit(write(ends[1], &of_child, sizeof(of_child)) == sizeof(of_child) ? 0 : 1);
    }
    assert_int_equal(dygw_random_number(&mine, sizeof(mine)), APR_SUCCESS);
    assert_int_equal(read(ends[0], &of_child, sizeof(of_child)), sizeof(of_child));
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ends[0]);
    close(ends[1]);
    assert_true(mine != of_child);
}

static void *draw_number(void *number)
{
    return dygw_random_number(number, sizeof(apr_uint64_t)) == APR_SUCCESS ? number : NULL;
}

static void each_thread_draws_others(DYGW_UNUSED void **state)
{
    apr_uint64_t numbers[8];
    pthread_t threads[8];

    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, draw_number, &numbers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        void *drawn;

        pthread_join(threads[i], &drawn);
        assert_ptr_equal(drawn, &numbers[i]);
        for (int before = 0; before < i; before++) {
            assert_true(numbers[i] != numbers[before]);
        }
    }
}

static void *draw_without_a_source(void *in)
{
    apr_uint64_t number;
    const char *name = dygw_random_name(in, 20);
    apr_status_t rv = dygw_random_number(&number, sizeof(number));

    has_random = 1;
    return !name && rv == APR_EGENERAL && draw_number(&number) ? in : NULL;
}

static void without_a_source_there_is_no_name_until_it_is_back(void **state)
{
    pthread_t thread;
    void *rv;

    has_random = 0;
    assert_int_equal(pthread_create(&thread, NULL, draw_without_a_source, *state), 0);
    pthread_join(thread, &rv);
    assert_non_null(rv);
}

/* --- base64 --- */

static void base64_has_one_spelling_of_every_value(DYGW_UNUSED void **state)
{
    unsigned char out[8];
    apr_size_t n;

    assert_int_equal(dygw_base64_decode("Zg", 2, DYGW_BASE64_URL, out, 8, &n), APR_SUCCESS);
    assert_int_equal(n, 1);
    assert_int_equal(out[0], 'f');
    assert_int_equal(dygw_base64_decode("Zh", 2, DYGW_BASE64_URL, out, 8, &n), APR_EINVAL);
    assert_int_equal(dygw_base64_decode("Z", 1, DYGW_BASE64_URL, out, 8, &n), APR_EINVAL);
    assert_int_equal(dygw_base64_decode("Zg==", 4, DYGW_BASE64_URL, out, 8, &n), APR_EINVAL);
    assert_int_equal(dygw_base64_decode("Zg==", 4, DYGW_BASE64_ANY, out, 8, &n), APR_SUCCESS);
    assert_int_equal(dygw_base64_decode("Zg=", 3, DYGW_BASE64_ANY, out, 8, &n), APR_EINVAL);
    assert_int_equal(dygw_base64_decode("Zg===", 5, DYGW_BASE64_ANY, out, 8, &n), APR_EINVAL);
    assert_int_equal(dygw_base64_decode("+/8=", 4, DYGW_BASE64_ANY, out, 8, &n), APR_SUCCESS);
    assert_int_equal(dygw_base64_decode("+/8", 3, DYGW_BASE64_URL, out, 8, &n), APR_EINVAL);
}

static void base64_refuses_what_has_no_room(DYGW_UNUSED void **state)
{
    unsigned char out[2];
    apr_size_t n;

    assert_int_equal(dygw_base64_decode("Zm9v", 4, DYGW_BASE64_URL, out, 2, &n), APR_ENOSPC);
}

static void base64_reads_what_it_writes(DYGW_UNUSED void **state)
{
    unsigned char data[64], back[64];
    char text[100];
    apr_size_t n;

    for (apr_size_t len = 0; len <= sizeof data; len++) {
        assert_int_equal(dygw_random_bytes(data, len), APR_SUCCESS);
        dygw_base64url_encode(data, len, text);
        assert_int_equal(strlen(text), dygw_base64_len(len));
        assert_int_equal(dygw_base64_decode(text, strlen(text), DYGW_BASE64_URL, back, sizeof back, &n), APR_SUCCESS);
        assert_int_equal(n, len);
        assert_memory_equal(data, back, len);
    }
}

/* --- the master key --- */

static void master_key_is_read_from_hex_and_both_base64s(DYGW_UNUSED void **state)
{
    static const char *const texts[] = {
        "fb00fffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3",
        "FB00FFFFFEFDFCFBFAF9F8F7F6F5F4F3F2F1F0EFEEEDECEBEAE9E8E7E6E5E4E3",
        "+wD///79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OM=",
        "+wD///79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OM",
        "-wD___79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OM=",
    };
    unsigned char key[DYGW_MASTER_KEY_LEN];
    char hex[DYGW_MASTER_KEY_LEN * 2 + 1];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(dygw_master_key_decode(texts[i], key), APR_SUCCESS);
        dygw_hex(key, sizeof key, hex);
        assert_string_equal(hex, texts[0]);
    }
}

static void master_key_of_another_length_is_refused(DYGW_UNUSED void **state)
{
    static const char *const texts[] = {
        "",
        "secret",
        "fb00fffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4",
        "fb00fffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4eg",
        "fb00fffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2",
        "+wD///79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi",
        "+wD///79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5O",
    };
    unsigned char key[DYGW_MASTER_KEY_LEN];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(dygw_master_key_decode(texts[i], key), APR_EINVAL);
    }
}

/* --- the seal --- */

static dygw_seal_t seal_with(unsigned char key, int old_key)
{
    dygw_seal_t seal;

    memset(&seal, 0, sizeof seal);
    memset(seal.key, key, sizeof seal.key);
    if (old_key >= 0) {
        memset(seal.old_key, old_key, sizeof seal.old_key);
        seal.has_old = 1;
    }
    return seal;
}

static const char *sealed_by(const dygw_seal_t *seal, const char *text, apr_pool_t *pool)
{
    const char *sealed = NULL;

    assert_int_equal(dygw_seal(seal, PURPOSE, text, pool, &sealed), APR_SUCCESS);
    return sealed;
}

static void what_was_sealed_opens_again(void **state)
{
    static const char *const texts[] = { "", "x", PLAIN, "\xE9\x97\xA8\xE5\xBA\x97" };
    dygw_seal_t seal = seal_with(1, -1);
    const char *text;
    int used_old = -1;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *sealed = sealed_by(&seal, texts[i], *state);

        assert_int_equal(dygw_unseal(&seal, PURPOSE, sealed, *state, &text, &used_old), APR_SUCCESS);
        assert_string_equal(text, texts[i]);
        assert_int_equal(used_old, 0);
        assert_int_equal(dygw_unseal(&seal, PURPOSE, sealed, *state, &text, NULL), APR_SUCCESS);
    }
}

static void a_seal_is_printable_and_never_the_same_twice(void **state)
{
    dygw_seal_t seal = seal_with(1, -1);
    const char *a = sealed_by(&seal, PLAIN, *state);
    const char *b = sealed_by(&seal, PLAIN, *state);

    assert_string_not_equal(a, b);
    assert_int_equal(strncmp(a, b, strlen("v1.01234567.")), 0);
    assert_int_equal(strncmp(a, "v1.", 3), 0);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), strlen(a));
    assert_null(strstr(a, PLAIN));
}

static void a_seal_does_not_open_for_another_purpose(void **state)
{
    dygw_seal_t seal = seal_with(1, -1);
    const char *sealed = sealed_by(&seal, PLAIN, *state);
    const char *text;

    assert_int_equal(dygw_unseal(&seal, "access-token", sealed, *state, &text, NULL), APR_EINVAL);
    assert_int_equal(dygw_unseal(&seal, "", sealed, *state, &text, NULL), APR_EINVAL);
    assert_int_equal(dygw_unseal(&seal, PURPOSE "x", sealed, *state, &text, NULL), APR_EINVAL);
}

static void a_seal_does_not_open_with_another_key(void **state)
{
    dygw_seal_t seal = seal_with(1, -1), other = seal_with(2, -1);
    const char *sealed = sealed_by(&seal, PLAIN, *state);
    const char *text;

    assert_int_equal(dygw_unseal(&other, PURPOSE, sealed, *state, &text, NULL), APR_EINVAL);
}

static void a_seal_of_the_old_key_opens_and_says_so(void **state)
{
    dygw_seal_t before = seal_with(1, -1), after = seal_with(2, 1);
    const char *text;
    int used_old = -1;

    assert_int_equal(dygw_unseal(&after, PURPOSE, sealed_by(&before, PLAIN, *state), *state, &text, &used_old),
                     APR_SUCCESS);
    assert_string_equal(text, PLAIN);
    assert_int_equal(used_old, 1);
}

static void a_new_seal_is_made_with_the_new_key(void **state)
{
    dygw_seal_t both = seal_with(2, 1), only_new = seal_with(2, -1), only_old = seal_with(1, -1);
    const char *sealed = sealed_by(&both, PLAIN, *state);
    const char *text;

    assert_int_equal(dygw_unseal(&only_new, PURPOSE, sealed, *state, &text, NULL), APR_SUCCESS);
    assert_int_equal(dygw_unseal(&only_old, PURPOSE, sealed, *state, &text, NULL), APR_EINVAL);
}

static void a_seal_that_was_changed_anywhere_does_not_open(void **state)
{
    static const char replacements[] = "Aa0-_.=+/ ";
    dygw_seal_t seal = seal_with(1, 2);
    const char *sealed = sealed_by(&seal, PLAIN, *state);
    const char *text;

    for (size_t i = 0; i < strlen(sealed); i++) {
        char *changed = apr_pstrdup(*state, sealed);

        for (int bit = 0; bit < 8; bit++) {
            changed[i] = (char)(sealed[i] ^ (1 << bit));
            assert_int_equal(dygw_unseal(&seal, PURPOSE, changed, *state, &text, NULL), APR_EINVAL);
        }
        for (const char *c = replacements; *c; c++) {
            changed[i] = *c;
            if (*c != sealed[i]) {
                assert_int_equal(dygw_unseal(&seal, PURPOSE, changed, *state, &text, NULL), APR_EINVAL);
            }
        }
    }
}

static void a_seal_that_was_cut_or_lengthened_does_not_open(void **state)
{
    dygw_seal_t seal = seal_with(1, -1);
    const char *sealed = sealed_by(&seal, PLAIN, *state);
    const char *text;

    for (size_t len = 0; len < strlen(sealed); len++) {
        assert_int_equal(dygw_unseal(&seal, PURPOSE, apr_pstrndup(*state, sealed, len), *state, &text, NULL),
                         APR_EINVAL);
    }
    for (const char *c = "A=."; *c; c++) {
        assert_int_equal(dygw_unseal(&seal, PURPOSE, apr_psprintf(*state, "%s%c", sealed, *c), *state, &text, NULL),
                         APR_EINVAL);
    }
}

/* --- fingerprints --- */

static const char *fingerprint(const dygw_seal_t *key, const char *purpose, const char *data)
{
    static char out[4][DYGW_FINGERPRINT_LEN + 1];
    static int next;
    char *now = out[next++ % 4];

    assert_int_equal(dygw_seal_fingerprint(key, purpose, data, strlen(data), now), APR_SUCCESS);
    assert_int_equal(strlen(now), DYGW_FINGERPRINT_LEN);
    return now;
}

static void fingerprints_are_equal_when_all_is(DYGW_UNUSED void **state)
{
    const dygw_seal_t seal = seal_with(1, -1);
    const char *one = fingerprint(&seal, PURPOSE, PLAIN);

    assert_string_equal(fingerprint(&seal, PURPOSE, PLAIN), one);
    assert_string_not_equal(fingerprint(&seal, "another", PLAIN), one);
    assert_string_not_equal(fingerprint(&seal, PURPOSE, "another"), one);
    assert_int_equal(strspn(one, "0123456789abcdef"), DYGW_KEY_ID_LEN);
    assert_int_equal(one[DYGW_KEY_ID_LEN], '.');
    assert_int_equal(strspn(one + DYGW_KEY_ID_LEN + 1, "0123456789abcdef"), 40);
}

static void fingerprints_are_comparable_when_the_first_master_key_is_the_same(DYGW_UNUSED void **state)
{
    const dygw_seal_t seal = seal_with(1, -1);
    dygw_seal_t other = seal_with(1, 9);
    const char *one = fingerprint(&seal, PURPOSE, PLAIN);

    assert_string_equal(fingerprint(&other, PURPOSE, PLAIN), one);
    assert_true(dygw_fingerprints_comparable(fingerprint(&seal, PURPOSE, "another"), one));
    other.key[0] ^= 1;
    assert_false(dygw_fingerprints_comparable(fingerprint(&other, PURPOSE, PLAIN), one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_published_vectors),
        cmocka_unit_test(sha256_of_no_data_may_be_given_as_null),
        cmocka_unit_test(sha1_agrees_with_published_vectors),
        cmocka_unit_test(hmac_agrees_with_published_vectors),
        cmocka_unit_test(hmac_of_nothing_with_an_empty_key_works),
        cmocka_unit_test(hmac_agrees_with_the_contracts_signatures),
        cmocka_unit_test(secrets_are_equal_only_when_every_character_is),
        cmocka_unit_test_setup_teardown(random_text_has_its_length_and_only_letters_and_digits, make_pool,
                                        destroy_pool),
        cmocka_unit_test_setup_teardown(names_have_their_length_and_seldom_cost_a_draw, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(secrets_are_drawn_anew_each_time, make_pool, destroy_pool),
        cmocka_unit_test(a_number_may_be_longer_than_a_stock),
        cmocka_unit_test(no_two_numbers_are_the_same_bytes),
        cmocka_unit_test(a_forked_process_draws_others_than_its_parent),
        cmocka_unit_test(each_thread_draws_others),
        cmocka_unit_test_setup_teardown(without_a_source_there_is_no_name_until_it_is_back, make_pool, destroy_pool),
        cmocka_unit_test(base64_has_one_spelling_of_every_value),
        cmocka_unit_test(base64_refuses_what_has_no_room),
        cmocka_unit_test(base64_reads_what_it_writes),
        cmocka_unit_test(master_key_is_read_from_hex_and_both_base64s),
        cmocka_unit_test(master_key_of_another_length_is_refused),
        cmocka_unit_test_setup_teardown(what_was_sealed_opens_again, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_is_printable_and_never_the_same_twice, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_does_not_open_for_another_purpose, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_does_not_open_with_another_key, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_of_the_old_key_opens_and_says_so, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_new_seal_is_made_with_the_new_key, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_that_was_changed_anywhere_does_not_open, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(a_seal_that_was_cut_or_lengthened_does_not_open, make_pool, destroy_pool),
        cmocka_unit_test(fingerprints_are_equal_when_all_is),
        cmocka_unit_test(fingerprints_are_comparable_when_the_first_master_key_is_the_same),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("util_crypto", tests, NULL, NULL);
}
