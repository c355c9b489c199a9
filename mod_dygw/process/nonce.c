/* SPDX-License-Identifier: Apache-2.0
 * The table of spent nonces.
 *
 * A hash table with chains finds an entry. A wheel with a slot for each second finds the entries
 * that have expired: `swept` follows the clock, and each call empties a few of the slots in
 * between, so that time and not the size of the table decides what a call costs. Nothing else ever
 * removes an entry. Entries are kept as keyed hashes, so that nobody can choose nonces that meet in
 * one chain.
 *
 * Entries refer to each other by index, and all that is needed lies in the table: the children of
 * two generations, who have loaded the module at different addresses, use the table at the same
 * time. A child that dies in the middle of a call leaves at worst an entry that is in no chain,
 * because links are written last, and the mark `at_work` set: the next call then counts anew, and
 * takes back the entries that are in no chain.
 *
 * No app can shut out the others: an app may add a nonce while it holds less than twice what is
 * free. An app that is alone so gets two thirds of the table, which is the configured number of
 * entries; n apps get 2 / (2n + 1) each, and a new app always finds room. What an app holds is
 * counted by a hash of its key.
 *
 * When the configured size changes, a new table is made, while the generation before goes on with
 * its own. So the new generation looks into both and writes into both, as long as a nonce of the
 * older table may live.
 *
 * A clock that is set back could bring timestamps back into the window whose nonces are gone, and
 * so could a call that was held up on its way here. `forgotten` is the latest expiry of an entry
 * that was removed: a nonce that expires before that time is refused. A call compares with it after
 * it has removed what it will remove. When it was the clock before that was wrong, and ahead, this
 * would refuse everybody until that time comes: see dygw_nonces_forgive. */
#include "process/nonce.h"

#include <stdatomic.h>
#include <string.h>

#include <apr_strings.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "layouts.inc"
#include "util/crypto.h"

#define MAGIC       0x44594750u /* the same layout used otherwise gets another number */
#define KEY_LEN     16
#define HASH_LEN    16
#define WHEEL_SEC   8192 /* more than twice the longest DygwSignatureWindow */
#define MIN_BUCKETS 1024
#define SHARES      4096 /* apps that meet in one have that share together */
#define NO_ENTRY    0    /* indexes count from 1, so that zeroed memory is empty */

/* What one call does at most for those to come; more only when it needs the room. */
#define SWEEP_SLOTS    64
#define SWEEP_ENTRIES  4
#define SWEEP_TO_COUNT 10000 /* a millisecond or so */
#define SWEEP_ALL      (-1)

typedef struct entry_t {
    unsigned char hash[HASH_LEN];
    dygw_ms_t expires_at;
    apr_uint32_t next_in_bucket;
    apr_uint32_t next_in_slot; /* or the next free one */
    apr_uint32_t share;        /* in which it is counted */
    apr_uint32_t is_held;      /* while it is counted anew */
} entry_t;

typedef struct table_t {
    apr_uint32_t magic;
    apr_uint32_t entries; /* as configured: what one app may hold */
    apr_uint32_t room;    /* what all of them may */
    apr_uint32_t buckets; /* a power of two */
    apr_uint32_t first_free;
    apr_uint32_t touched;         /* entries that were ever used; those behind are free */
    apr_uint32_t held;            /* entries in a chain */
    _Atomic apr_uint32_t at_work; /* 0: the last call has come to its end */
    apr_int64_t swept;            /* s: wheel slots up to here have been emptied */
    dygw_ms_t forgotten;          /* the latest expires_at of an entry that was removed */
    dygw_ms_t reach;              /* the longest time that was left to an entry when it came */
    unsigned char key[KEY_LEN];
    apr_uint32_t shares[SHARES];   /* how many of them each has */
    apr_uint32_t wheel[WHEEL_SEC]; /* first entry that expires within that second */
    /* then the buckets, then the entries */
} table_t;

/* An app's nonce. */
typedef struct spent_t {
    unsigned char hash[HASH_LEN];
    apr_uint32_t share;
    dygw_ms_t expires_at;
} spent_t;

struct dygw_nonces_t {
    table_t **tables; /* the first is in use; those of older generations follow */
    int count;
    EVP_MAC *siphash;
    dygw_nonces_lock_t lock;
};

/* --- layout --- */

static apr_uint32_t room_for(int entries)
{
    return (apr_uint32_t)entries + (apr_uint32_t)entries / 2;
}

static apr_uint32_t buckets_for(int entries)
{
    apr_uint32_t buckets = MIN_BUCKETS;

    while (buckets < (apr_uint32_t)entries) {
        buckets *= 2;
    }
    return buckets;
}

static apr_uint32_t *bucket_of(table_t *t, const unsigned char *hash)
{
    apr_uint32_t start;

    memcpy(&start, hash, sizeof start);
    return (apr_uint32_t *)(t + 1) + (start & (t->buckets - 1));
}

static entry_t *entry_at(table_t *t, apr_uint32_t index)
{
    return (entry_t *)((apr_uint32_t *)(t + 1) + t->buckets) + (index - 1);
}

static apr_uint32_t *slot_at(table_t *t, apr_int64_t second)
{
    return &t->wheel[second % WHEEL_SEC];
}

const char *dygw_nonces_layout(apr_pool_t *pool)
{
    return apr_psprintf(pool, DYGW_LAYOUT_NONCES "-%x-%" APR_SIZE_T_FMT "-%" APR_SIZE_T_FMT, MAGIC,
                        sizeof(table_t), sizeof(entry_t));
}

apr_size_t dygw_nonces_size(int entries)
{
    return sizeof(table_t) + buckets_for(entries) * sizeof(apr_uint32_t)
           + room_for(entries) * sizeof(entry_t);
}

apr_status_t dygw_nonces_format(void *memory, int entries)
{
    table_t *t = memory;

    memset(t, 0, sizeof(*t) + buckets_for(entries) * sizeof(apr_uint32_t));
    t->entries = (apr_uint32_t)entries;
    t->room = room_for(entries);
    t->buckets = buckets_for(entries);
    t->magic = MAGIC;
    return dygw_random_bytes(t->key, KEY_LEN);
}

static apr_status_t free_siphash(void *data)
{
    EVP_MAC_free(data);
    return APR_SUCCESS;
}

void dygw_nonces_follow(void *fresh, const void *older)
{
    table_t *t = fresh;
    const table_t *before = older;

    memcpy(t->key, before->key, KEY_LEN);
    t->forgotten = before->forgotten;
    t->reach = before->reach;
}

static int are_tables(void *const *tables, int count)
{
    int i;

    for (i = 0; i < count && ((const table_t *)tables[i])->magic == MAGIC; i++) {}
    return i == count;
}

apr_status_t dygw_nonces_attach(dygw_nonces_t **nonces, void *const *tables, int count,
                                const dygw_nonces_lock_t *lock, apr_pool_t *pool)
{
    dygw_nonces_t *made = apr_pcalloc(pool, sizeof(*made));

    made->tables = apr_pmemdup(pool, tables, count * sizeof(*tables));
    made->count = count;
    made->lock = *lock;
    made->siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    if (!made->siphash || !are_tables(tables, count)) {
        EVP_MAC_free(made->siphash);
        return APR_EINVAL;
    }
    apr_pool_cleanup_register(pool, made->siphash, free_siphash, apr_pool_cleanup_null);
    *nonces = made;
    return APR_SUCCESS;
}

/* --- finding --- */

/* Of the app, and of its nonce unless that is NULL. */
static int hash_of(const dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                   unsigned char hash[HASH_LEN])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(nonces->siphash);
    size_t len = 0;
    /* The NUL parts the two. */
    int ok = ctx && EVP_MAC_init(ctx, nonces->tables[0]->key, KEY_LEN, NULL)
             && EVP_MAC_update(ctx, (const unsigned char *)client_key, strlen(client_key) + 1)
             && (!nonce || EVP_MAC_update(ctx, (const unsigned char *)nonce, strlen(nonce)))
             && EVP_MAC_final(ctx, hash, &len, HASH_LEN) && len == HASH_LEN;

    EVP_MAC_CTX_free(ctx);
    return ok;
}

static apr_status_t identify_nonce(const dygw_nonces_t *nonces, const char *client_key,
                                   const char *nonce, dygw_ms_t expires_at, spent_t *spent)
{
    unsigned char app[HASH_LEN];

    if (!hash_of(nonces, client_key, nonce, spent->hash)
        || !hash_of(nonces, client_key, NULL, app)) {
        return APR_EGENERAL;
    }
    memcpy(&spent->share, app, sizeof spent->share);
    spent->share %= SHARES;
    spent->expires_at = expires_at;
    return APR_SUCCESS;
}

static entry_t *find_entry(table_t *t, const unsigned char *hash)
{
    apr_uint32_t index = *bucket_of(t, hash);

    while (index != NO_ENTRY && memcmp(entry_at(t, index)->hash, hash, HASH_LEN) != 0) {
        index = entry_at(t, index)->next_in_bucket;
    }
    return index != NO_ENTRY ? entry_at(t, index) : NULL;
}

/* --- removing what has expired --- */

static void leave_bucket(table_t *t, apr_uint32_t index)
{
    apr_uint32_t *link = bucket_of(t, entry_at(t, index)->hash);

    while (*link != NO_ENTRY && *link != index) {
        link = &entry_at(t, *link)->next_in_bucket;
    }
    if (*link == index) {
        *link = entry_at(t, index)->next_in_bucket;
    }
}

/* Removes the entry that *link, in its slot, points at. */
static void release_entry(table_t *t, apr_uint32_t *link)
{
    apr_uint32_t index = *link;
    entry_t *entry = entry_at(t, index);

    if (t->forgotten < entry->expires_at) {
        t->forgotten = entry->expires_at;
    }
    leave_bucket(t, index);
    t->held--;
    t->shares[entry->share]--;
    *link = entry->next_in_slot;
    atomic_signal_fence(memory_order_seq_cst); /* out of the slot, before it is free */
    entry->next_in_slot = t->first_free;
    t->first_free = index;
}

/* Removes at most *entries expired ones of the slot of a second; whether all of them are gone. What
 * belongs to another turn of the wheel stays. */
static int empty_slot(table_t *t, apr_int64_t second, dygw_ms_t now, int *entries)
{
    apr_uint32_t *link = slot_at(t, second);

    while (*link != NO_ENTRY) {
        entry_t *entry = entry_at(t, *link);

        if (entry->expires_at >= now) {
            link = &entry->next_in_slot;
        }
        else if (*entries == 0) {
            return 0;
        }
        else {
            release_entry(t, link);
            --*entries;
        }
    }
    return 1;
}

static void sweep_wheel(table_t *t, dygw_ms_t now, int slots, int entries)
{
    /* All that is in the slots up to this second has expired before now. */
    apr_int64_t due = (now - 1) / 1000;

    if (t->swept > due) {
        t->swept = due; /* the clock was set back */
    }
    else if (t->swept < due - WHEEL_SEC) {
        t->swept = due - WHEEL_SEC; /* one turn of the wheel meets every slot */
    }
    while (t->swept < due && slots != 0 && empty_slot(t, t->swept + 1, now, &entries)) {
        t->swept++;
        slots -= slots > 0;
    }
}

/* --- when a child has died at work --- */

static void count_slot(table_t *t, apr_uint32_t index)
{
    for (; index != NO_ENTRY; index = entry_at(t, index)->next_in_slot) {
        entry_at(t, index)->is_held = 1;
        t->shares[entry_at(t, index)->share]++;
        t->held++;
    }
}

/* What is in a slot is held; the other entries that were ever used are free. */
static void count_anew(table_t *t)
{
    apr_uint32_t i;

    t->held = 0;
    memset(t->shares, 0, sizeof t->shares);
    for (i = 1; i <= t->touched; i++) {
        entry_at(t, i)->is_held = 0;
    }
    for (i = 0; i < WHEEL_SEC; i++) {
        count_slot(t, t->wheel[i]);
    }
    t->first_free = NO_ENTRY;
    for (i = 1; i <= t->touched; i++) {
        if (!entry_at(t, i)->is_held) {
            entry_at(t, i)->next_in_slot = t->first_free;
            t->first_free = i;
        }
    }
}

/* Whoever died at work left the mark. */
static void begin_work(dygw_nonces_t *nonces)
{
    int i;

    nonces->lock.take(nonces->lock.baton);
    for (i = 0; i < nonces->count; i++) {
        if (atomic_exchange(&nonces->tables[i]->at_work, 1)) {
            count_anew(nonces->tables[i]);
        }
    }
}

static void end_work(dygw_nonces_t *nonces)
{
    int i;

    for (i = 0; i < nonces->count; i++) {
        atomic_store(&nonces->tables[i]->at_work, 0);
    }
    nonces->lock.release(nonces->lock.baton);
}

/* --- spending --- */

static apr_uint32_t take_free_entry(table_t *t)
{
    apr_uint32_t index = t->first_free;

    if (index != NO_ENTRY) {
        t->first_free = entry_at(t, index)->next_in_slot;
    }
    else if (t->touched < t->room) {
        index = ++t->touched;
    }
    return index;
}

static int has_share(const table_t *t, const spent_t *spent)
{
    return t->shares[spent->share] < 2 * (t->room - t->held);
}

/* The compiler must not write a link before what it leads to. */
static apr_status_t insert_entry(table_t *t, const spent_t *spent)
{
    apr_uint32_t index = take_free_entry(t);
    apr_uint32_t *slot = slot_at(t, (spent->expires_at + 999) / 1000);
    apr_uint32_t *bucket = bucket_of(t, spent->hash);
    entry_t *entry;

    if (index == NO_ENTRY) {
        return APR_ENOSPC;
    }
    entry = entry_at(t, index);
    memcpy(entry->hash, spent->hash, HASH_LEN);
    entry->expires_at = spent->expires_at;
    entry->share = spent->share;
    entry->next_in_slot = *slot;
    entry->next_in_bucket = *bucket;
    t->held++;
    t->shares[spent->share]++;
    atomic_signal_fence(memory_order_seq_cst);
    *slot = index;
    atomic_signal_fence(memory_order_seq_cst);
    *bucket = index;
    return APR_SUCCESS;
}

static int is_spent(table_t *t, const spent_t *spent, dygw_ms_t now)
{
    const entry_t *entry = find_entry(t, spent->hash);

    if (entry && entry->expires_at < now) {
        sweep_wheel(t, now, SWEEP_ALL, SWEEP_ALL); /* only waits for its turn to go */
        entry = find_entry(t, spent->hash);
    }
    return entry != NULL;
}

static dygw_ms_t first_expiry(table_t *t)
{
    apr_int64_t second = t->swept + 1;

    while (*slot_at(t, second) == NO_ENTRY && second < t->swept + WHEEL_SEC) {
        second++;
    }
    return second * 1000;
}

static int is_forgotten(const table_t *t, const spent_t *spent)
{
    return spent->expires_at <= t->forgotten;
}

static int refuses_nonce(table_t *t, const spent_t *spent, dygw_ms_t now)
{
    sweep_wheel(t, now, SWEEP_SLOTS, SWEEP_ENTRIES);
    return is_spent(t, spent, now) || is_forgotten(t, spent);
}

static apr_status_t look_in_tables(dygw_nonces_t *nonces, const spent_t *spent, dygw_ms_t now)
{
    int i;

    for (i = 0; i < nonces->count; i++) {
        if (refuses_nonce(nonces->tables[i], spent, now)) {
            return APR_EEXIST;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t enter_nonce(table_t *t, const spent_t *spent, dygw_ms_t now)
{
    if (!has_share(t, spent)) {
        sweep_wheel(t, now, SWEEP_ALL, SWEEP_ALL);
    }
    if (is_forgotten(t, spent)) {
        return APR_EEXIST;
    }
    return has_share(t, spent) ? insert_entry(t, spent) : APR_ENOSPC;
}

/* An older generation has to know what this one accepts, whatever the app's share there. Where its
 * table is full it accepts nothing itself. */
static void tell_older(table_t *t, const spent_t *spent, dygw_ms_t now)
{
    if (insert_entry(t, spent) == APR_ENOSPC) {
        sweep_wheel(t, now, SWEEP_ALL, SWEEP_ALL);
        (void)insert_entry(t, spent);
    }
}

static apr_status_t spend_nonce(dygw_nonces_t *nonces, const spent_t *spent, dygw_ms_t now,
                                dygw_ms_t *free_at)
{
    apr_status_t rv = look_in_tables(nonces, spent, now);
    int i;

    if (rv == APR_SUCCESS) {
        rv = enter_nonce(nonces->tables[0], spent, now);
    }
    if (rv == APR_SUCCESS && nonces->tables[0]->reach < spent->expires_at - now) {
        nonces->tables[0]->reach = spent->expires_at - now;
    }
    for (i = 1; i < nonces->count && rv == APR_SUCCESS; i++) {
        tell_older(nonces->tables[i], spent, now);
    }
    if (rv == APR_ENOSPC && free_at) {
        *free_at = first_expiry(nonces->tables[0]);
    }
    return rv;
}

apr_status_t dygw_nonces_spend(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                               dygw_ms_t now, dygw_ms_t expires_at, dygw_ms_t *free_at)
{
    spent_t spent;
    apr_status_t rv = identify_nonce(nonces, client_key, nonce, expires_at, &spent);

    if (rv == APR_SUCCESS) {
        begin_work(nonces);
        rv = spend_nonce(nonces, &spent, now, free_at);
        end_work(nonces);
    }
    return rv;
}

apr_status_t dygw_nonces_look(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                              dygw_ms_t now, dygw_ms_t expires_at)
{
    spent_t spent;
    apr_status_t rv = identify_nonce(nonces, client_key, nonce, expires_at, &spent);

    if (rv == APR_SUCCESS) {
        begin_work(nonces);
        rv = look_in_tables(nonces, &spent, now);
        end_work(nonces);
    }
    return rv;
}

/* What expires later than an entry can that comes now was removed by the clock before. */
void dygw_nonces_forgive(dygw_nonces_t *nonces, dygw_ms_t now)
{
    const dygw_ms_t latest = now + nonces->tables[0]->reach;
    int i;

    begin_work(nonces);
    for (i = 0; i < nonces->count; i++) {
        if (nonces->tables[i]->forgotten > latest) {
            nonces->tables[i]->forgotten = latest;
        }
    }
    end_work(nonces);
}

void dygw_nonces_count(dygw_nonces_t *nonces, dygw_ms_t now, int *held, int *capacity)
{
    table_t *t = nonces->tables[0];

    begin_work(nonces);
    sweep_wheel(t, now, SWEEP_ALL, SWEEP_TO_COUNT);
    *held = (int)t->held;
    *capacity = (int)t->entries;
    end_work(nonces);
}

const char *dygw_nonce_request_key(const char *client_key, const char *nonce, apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    apr_size_t key_len = strlen(client_key) + 1; /* the NUL parts the two */
    apr_size_t nonce_len = strlen(nonce);
    char *text = apr_palloc(pool, key_len + nonce_len + 1);

    memcpy(text, client_key, key_len);
    memcpy(text + key_len, nonce, nonce_len + 1);
    dygw_sha256_hex(text, key_len + nonce_len, hex);
    return hex;
}

void dygw_nonce_key(const char *client_key, const char *nonce, char out[33])
{
    char parts[2 * DYGW_SHA256_HEX_LEN + 1], whole[DYGW_SHA256_HEX_LEN + 1];

    dygw_sha256_hex(client_key, strlen(client_key), parts);
    dygw_sha256_hex(nonce, strlen(nonce), parts + DYGW_SHA256_HEX_LEN);
    dygw_sha256_hex(parts, sizeof parts - 1, whole);
    memcpy(out, whole, 32);
    out[32] = '\0';
}
