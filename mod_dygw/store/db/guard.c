/* SPDX-License-Identifier: Apache-2.0
 * The gate and the watch. One mutex guards all of a guard; nothing blocks while it is held. */
#include "store/db/guard.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/bell.h"

#define NO_SOCKET (-1)
#define LATE      apr_time_from_sec(3) /* a look comes a second after the one before */
/* After a connection was refused. Those who wait meanwhile look that often for what became of the
 * next try, which may be another child's. */
#define TRY_PAUSE apr_time_from_msec(300)
#define TRY_LOOK  apr_time_from_msec(30)

typedef int socket_fn(void *native);

struct dygw_watched_t {
    dygw_guard_t *guard;
    int socket;      /* a descriptor of our own, or NO_SOCKET */
    int used;        /* by a unit of work */
    int dead;        /* cut */
    apr_time_t last; /* when something last began on it */
    APR_RING_ENTRY(dygw_watched_t) ring;
};

APR_RING_HEAD(watched_ring_t, dygw_watched_t);
APR_RING_HEAD(wait_ring_t, dygw_wait_t);

struct dygw_guard_t {
    dygw_bell_t bell; /* its mutex guards all of it; it rings for those at the gate */
    apr_interval_time_t limit;
    socket_fn *socket_of;
    void (*wake)(void *baton);
    void *baton;
    int max;
    int taken;               /* connections given out, and threads on their way to one */
    int known;               /* those of `watched` that are not dead */
    int alone;               /* a thread is where connections are made */
    int is_down;             /* the last such thread got none */
    apr_uint64_t tries;      /* of such threads, begun */
    apr_uint64_t failed_try; /* the last that failed */
    struct watched_ring_t watched;
    struct wait_ring_t waits;
    int sleeps;           /* the watch, until it is woken */
    int stirred;          /* something began since it last looked */
    apr_time_t looked_at; /* or was woken at */
    int was_late;         /* that look */
};

/* --- sockets --- */

/* Drivers hand out the client library's handle; the library itself is not linked here. */
static socket_fn *find_socket_fn(dygw_dialect_e dialect)
{
    static const char *const names[DYGW_DIALECTS] = { NULL, "PQsocket", "mysql_get_socket" };
    socket_fn *found = NULL;

    if (names[dialect]) {
        *(void **)&found = dlsym(RTLD_DEFAULT, names[dialect]);
    }
    return found;
}

int dygw_guard_can_cut(dygw_dialect_e dialect)
{
    return dialect == DYGW_SQLITE3 || find_socket_fn(dialect) != NULL;
}

static int socket_of(const dygw_guard_t *guard, const dygw_dbd_t *dbd)
{
    void *native = guard->socket_of ? apr_dbd_native_handle(dbd->driver, dbd->handle) : NULL;
    int number = native ? guard->socket_of(native) : NO_SOCKET;

    return number >= 0 ? fcntl(number, F_DUPFD_CLOEXEC, 0) : NO_SOCKET;
}

static void set_socket(dygw_watched_t *watched, int number)
{
    if (watched->socket != NO_SOCKET) {
        close(watched->socket);
    }
    watched->socket = number;
}

/* What the server has not got yet it need not get any more: the connection is reset, not ended. */
static void cut_connection(dygw_watched_t *watched)
{
    static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (watched->socket != NO_SOCKET) {
        setsockopt(watched->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        shutdown(watched->socket, SHUT_RDWR);
        set_socket(watched, NO_SOCKET);
    }
    if (!watched->dead) {
        watched->dead = 1;
        watched->guard->known--;
    }
}

/* --- connections --- */

static apr_status_t forget_watched(void *data)
{
    dygw_watched_t *watched = data;
    dygw_guard_t *guard = watched->guard;

    dygw_bell_lock(&guard->bell);
    set_socket(watched, NO_SOCKET);
    guard->known -= !watched->dead;
    APR_RING_REMOVE(watched, ring);
    dygw_bell_unlock(&guard->bell);
    return APR_SUCCESS;
}

dygw_watched_t *dygw_guard_watch(dygw_guard_t *guard, apr_pool_t *pool)
{
    dygw_watched_t *watched;

    if (!guard) {
        return NULL;
    }
    watched = apr_pcalloc(pool, sizeof(*watched));
    watched->guard = guard;
    watched->socket = NO_SOCKET;
    dygw_bell_lock(&guard->bell);
    APR_RING_INSERT_HEAD(&guard->watched, watched, dygw_watched_t, ring);
    guard->known++;
    dygw_bell_unlock(&guard->bell);
    apr_pool_cleanup_register(pool, watched, forget_watched, apr_pool_cleanup_null);
    return watched;
}

void dygw_wait_use(dygw_wait_t *wait, dygw_watched_t *watched, const dygw_dbd_t *dbd)
{
    dygw_guard_t *guard = wait->guard;
    int number;

    if (!guard) {
        return;
    }
    number = watched ? socket_of(guard, dbd) : NO_SOCKET;
    dygw_bell_lock(&guard->bell);
    if (wait->watched) {
        wait->watched->used = 0;
    }
    wait->watched = watched;
    if (watched) {
        set_socket(watched, number);
        watched->used = 1;
        watched->last = wait->since ? wait->since : dygw_steady_now();
        guard->known += watched->dead;
        watched->dead = 0;
    }
    dygw_bell_unlock(&guard->bell);
}

/* --- waits --- */

static void begin_wait_at(dygw_wait_t *wait, apr_time_t since)
{
    dygw_guard_t *guard = wait->guard;
    int wake;

    dygw_bell_lock(&guard->bell);
    wait->since = since;
    if (wait->watched) {
        wait->watched->last = since;
    }
    APR_RING_INSERT_HEAD(&guard->waits, wait, dygw_wait_t, ring);
    guard->stirred = 1;
    wake = guard->sleeps;
    if (wake) {
        guard->sleeps = 0;
        guard->looked_at = since;
    }
    dygw_bell_unlock(&guard->bell);
    if (wake) {
        guard->wake(guard->baton);
    }
}

void dygw_wait_begin(dygw_wait_t *wait)
{
    if (wait->guard) {
        begin_wait_at(wait, dygw_steady_now());
    }
}

int dygw_wait_end(dygw_wait_t *wait)
{
    dygw_guard_t *guard = wait->guard;
    int was_cut;

    if (!guard) {
        return 0;
    }
    dygw_bell_lock(&guard->bell);
    APR_RING_REMOVE(wait, ring);
    wait->since = 0;
    was_cut = wait->cut;
    wait->cut = 0;
    dygw_bell_unlock(&guard->bell);
    return was_cut;
}

static void end_wait(dygw_guard_t *guard, dygw_wait_t *wait)
{
    dygw_watched_t *watched = NULL;

    wait->cut = 1;
    if (wait->watched) {
        cut_connection(wait->watched);
    }
    APR_RING_FOREACH (watched, &guard->watched, dygw_watched_t, ring) {
        if (!watched->used && watched->last < wait->since) {
            cut_connection(watched);
        }
    }
}

apr_interval_time_t dygw_guard_limit(const dygw_guard_t *guard)
{
    return guard ? guard->limit : 0;
}

/* A process that stood still looks late, and so do its threads at what has come meanwhile: they are
 * given until the next look. Only once: a machine may be so busy that each look is late. */
int dygw_guard_look(dygw_guard_t *guard)
{
    apr_time_t now = dygw_steady_now();
    dygw_wait_t *wait = NULL;
    int is_late;
    int again;

    dygw_bell_lock(&guard->bell);
    is_late = !guard->was_late && now - guard->looked_at > LATE;
    guard->was_late = is_late;
    guard->looked_at = now;
    APR_RING_FOREACH (wait, &guard->waits, dygw_wait_t, ring) {
        if (!is_late && !wait->cut && now - wait->since >= guard->limit) {
            end_wait(guard, wait);
        }
    }
    again = !APR_RING_EMPTY(&guard->waits, dygw_wait_t, ring) || guard->stirred;
    guard->stirred = 0;
    guard->sleeps = !again;
    dygw_bell_unlock(&guard->bell);
    return again;
}

/* --- the gate --- */

static void note_refusal(const dygw_db_source_t *source, apr_time_t began, int is_refused)
{
    dygw_db_shared_t *shared = source->shared;

    if (shared && is_refused) {
        shared->refused_try = began;
        shared->refused_at = dygw_steady_now();
    }
    else if (shared && shared->refused_at != 0) {
        shared->refused_at = 0;
    }
}

/* Has a try failed, of any child of this host, that began after `came_at`? */
static int was_refused_since(const dygw_db_source_t *source, apr_time_t came_at)
{
    return source->shared && source->shared->refused_try > came_at;
}

static int is_refused_lately(const dygw_db_source_t *source)
{
    return source->shared && source->shared->refused_at != 0;
}

/* After a refusal one thread of the host tries again, when the pause is over. */
static int may_try_again(const dygw_db_source_t *source)
{
    apr_int64_t refused_at = source->shared ? source->shared->refused_at : 0;
    apr_time_t now = dygw_steady_now();

    return refused_at == 0
           || (now - refused_at >= TRY_PAUSE
               && atomic_compare_exchange_strong(&source->shared->refused_at, &refused_at, now));
}

/* When a thread came to the gate. */
typedef struct arrival_t {
    apr_uint64_t tries; /* that had begun */
    apr_time_t at;
} arrival_t;

/* May a thread pass? Where it may have to make a connection, it is alone there. APR_INCOMPLETE: not
 * yet. */
static apr_status_t may_pass_gate(const dygw_db_source_t *source, const arrival_t *came,
                                  int is_counted, int *alone)
{
    dygw_guard_t *guard = source->guard;

    if (guard->failed_try > came->tries || was_refused_since(source, came->at)) {
        return APR_EGENERAL;
    }
    if (!is_counted && guard->taken >= guard->max) {
        return APR_EBUSY;
    }
    if (!is_counted && guard->taken < guard->known) {
        return APR_SUCCESS;
    }
    if (guard->alone || !may_try_again(source)) {
        return APR_INCOMPLETE;
    }
    *alone = guard->alone = 1;
    guard->tries++;
    return APR_SUCCESS;
}

/* is_counted: the thread has passed once before, in vain. */
static apr_status_t pass_gate(const dygw_db_source_t *source, apr_time_t until, int is_counted,
                              int *alone)
{
    dygw_guard_t *guard = source->guard;
    arrival_t came = { .at = dygw_steady_now() };
    apr_status_t rv;
    apr_time_t now;

    *alone = 0;
    dygw_bell_lock(&guard->bell);
    came.tries = guard->tries;
    while ((rv = may_pass_gate(source, &came, is_counted, alone)) != APR_SUCCESS
           && rv != APR_EGENERAL && (now = dygw_steady_now()) < until) {
        apr_interval_time_t patience = until - now;

        if (is_refused_lately(source) && patience > TRY_LOOK) {
            patience = TRY_LOOK;
        }
        dygw_bell_wait(&guard->bell, patience);
    }
    guard->taken += rv == APR_SUCCESS && !is_counted;
    dygw_bell_unlock(&guard->bell);
    return rv;
}

/* rv: whether the thread has got a connection; is_alone: whether others wait for that. */
static void leave_gate(const dygw_db_source_t *source, apr_time_t began, apr_status_t rv,
                       int is_alone)
{
    dygw_guard_t *guard = source->guard;

    if (is_alone) {
        note_refusal(source, began, rv != APR_SUCCESS);
    }
    dygw_bell_lock(&guard->bell);
    if (is_alone) {
        guard->alone = 0;
        guard->is_down = rv != APR_SUCCESS;
        if (rv != APR_SUCCESS) {
            guard->failed_try = guard->tries;
        }
    }
    guard->taken -= rv != APR_SUCCESS;
    dygw_bell_ring(&guard->bell);
    dygw_bell_unlock(&guard->bell);
}

/* Is it worth to ask the pool, or to ask it again? Once it has let somebody in, the server is taken
 * to be there: then the pool has dead connections to lose. */
static int lets_in(const dygw_db_source_t *source, int *has_let_in, apr_pool_t *pool)
{
    if (!*has_let_in) {
        *has_let_in = !source->knock || source->knock(source->baton, pool) == APR_SUCCESS;
    }
    return *has_let_in;
}

static apr_status_t try_to_open(dygw_db_source_t *source, int tries, apr_pool_t *pool,
                                dygw_dbd_t *dbd)
{
    apr_time_t until = dygw_steady_now() + DYGW_OPEN_PATIENCE;
    int has_let_in = 0;

    if (source->guard && source->guard->is_down && !lets_in(source, &has_let_in, pool)) {
        return APR_EGENERAL;
    }
    do {
        if (source->open(source->baton, pool, dbd) == APR_SUCCESS) {
            return APR_SUCCESS;
        }
    } while (--tries > 0 && dygw_steady_now() < until && lets_in(source, &has_let_in, pool));
    return APR_EGENERAL;
}

static apr_status_t watched_open(dygw_db_source_t *source, dygw_wait_t *wait, apr_time_t since,
                                 int tries, apr_pool_t *pool, dygw_dbd_t *dbd)
{
    apr_status_t rv;

    begin_wait_at(wait, since);
    rv = try_to_open(source, tries, pool, dbd);
    dygw_wait_end(wait);
    return rv;
}

apr_status_t dygw_guard_take(dygw_db_source_t *source, dygw_wait_t *wait, apr_pool_t *pool,
                             dygw_dbd_t *dbd)
{
    dygw_guard_t *guard = wait->guard;
    apr_time_t since = dygw_steady_now();
    apr_time_t began;
    apr_status_t rv;
    int alone;

    if (!guard) {
        return try_to_open(source, source->max_opens, pool, dbd);
    }
    rv = pass_gate(source, since + guard->limit, 0, &alone);
    if (rv != APR_SUCCESS) {
        return rv == APR_EBUSY ? rv : APR_EGENERAL;
    }
    if (!alone) {
        rv = watched_open(source, wait, since, 1, pool, dbd);
        if (rv == APR_SUCCESS) {
            return APR_SUCCESS;
        }
        rv = pass_gate(source, since + guard->limit, 1, &alone);
    }
    began = dygw_steady_now();
    if (rv == APR_SUCCESS) {
        rv = watched_open(source, wait, since, source->max_opens, pool, dbd);
    }
    leave_gate(source, began, rv, alone);
    return rv == APR_SUCCESS ? rv : APR_EGENERAL;
}

void dygw_guard_give(dygw_db_source_t *source, dygw_wait_t *wait, dygw_dbd_t *dbd)
{
    dygw_guard_t *guard = wait->guard;

    dygw_wait_use(wait, NULL, dbd);
    source->close(source->baton, dbd);
    if (guard) {
        dygw_bell_lock(&guard->bell);
        guard->taken--;
        dygw_bell_ring(&guard->bell);
        dygw_bell_unlock(&guard->bell);
    }
}

apr_status_t dygw_guard_create(dygw_guard_t **guard, const dygw_guard_config_t *config,
                               apr_pool_t *pool)
{
    dygw_guard_t *made = apr_pcalloc(pool, sizeof(*made));

    made->max = config->max;
    made->limit = config->limit;
    made->wake = config->wake;
    made->baton = config->baton;
    made->socket_of = find_socket_fn(config->dialect);
    made->sleeps = 1;
    APR_RING_INIT(&made->watched, dygw_watched_t, ring);
    APR_RING_INIT(&made->waits, dygw_wait_t, ring);
    *guard = made;
    return dygw_bell_init(&made->bell, pool);
}
