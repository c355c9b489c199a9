/* SPDX-License-Identifier: Apache-2.0
 * The time that a body may take. A client that sends one byte now and then could hold a thread for
 * as long as it likes, because httpd's own time-outs begin anew with each byte.
 *
 * A body that has its connection to itself is read through an input filter of ours. The filter
 * stands right above the socket and below TLS, because httpd reads lines (a chunk's length,
 * trailers) and TLS records in loops that no filter above sees. It stays with the connection, and
 * passes everything on while no body of ours is read. A stream of HTTP/2 has no socket: it is never
 * waited for, and the clock is looked at between two looks at it (read.c). */
#include "handle/handle.h"

#include <http_core.h>
#include <util_filter.h>

#include <apr_poll.h>

#include "util/clock.h"

#define BODY_DEADLINE apr_time_from_sec(10)

typedef struct deadline_t {
    apr_time_t at; /* of the steady clock; 0: no body is being read */
    apr_socket_t *socket;
} deadline_t;

static ap_filter_rec_t *filter;

static apr_interval_time_t left_of(const deadline_t *deadline)
{
    return deadline->at - dygw_steady_now();
}

/* Until there is something to read, but not longer than there is time, nor than Timeout says. */
static apr_status_t wait_for_more(const deadline_t *deadline, apr_pool_t *pool)
{
    apr_pollfd_t readable = {
        .p = pool,
        .desc_type = APR_POLL_SOCKET,
        .reqevents = APR_POLLIN,
        .desc.s = deadline->socket,
    };
    apr_interval_time_t left = left_of(deadline);
    apr_interval_time_t timeout;
    apr_int32_t ready;
    apr_status_t rv;

    if (apr_socket_timeout_get(deadline->socket, &timeout) == APR_SUCCESS && timeout > 0
        && timeout < left) {
        left = timeout;
    }
    rv = left > 0 ? apr_poll(&readable, 1, &ready, left) : APR_TIMEUP;
    return APR_STATUS_IS_EINTR(rv) ? APR_SUCCESS : rv;
}

static apr_status_t read_in_time(ap_filter_t *f, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                 apr_read_type_e block, apr_off_t len)
{
    const deadline_t *deadline = f->ctx;
    apr_status_t rv;

    if (deadline->at == 0 || block == APR_NONBLOCK_READ) {
        return ap_get_brigade(f->next, brigade, mode, block, len);
    }
    do {
        if (left_of(deadline) <= 0) {
            return APR_TIMEUP;
        }
        rv = ap_get_brigade(f->next, brigade, mode, APR_NONBLOCK_READ, len);
        if (!APR_STATUS_IS_EAGAIN(rv) && (rv != APR_SUCCESS || !APR_BRIGADE_EMPTY(brigade))) {
            return rv;
        }
        rv = wait_for_more(deadline, f->c->pool);
    } while (rv == APR_SUCCESS);
    return rv;
}

void dygw_deadline_register(void)
{
    /* Above the socket's filter alone; httpd's types of filters are places, with room between them.
     * NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange) */
    filter = ap_register_input_filter("dygw-deadline", read_in_time, NULL, AP_FTYPE_NETWORK - 1);
}

static deadline_t *deadline_of(request_rec *r)
{
    conn_rec *c = r->connection;
    deadline_t *deadline = ap_get_module_config(c->conn_config, &dygw_module);

    if (!deadline) {
        deadline = apr_pcalloc(c->pool, sizeof(*deadline));
        ap_set_module_config(c->conn_config, &dygw_module, deadline);
        if (!c->master) {
            deadline->socket = ap_get_conn_socket(c);
            ap_add_input_filter_handle(filter, deadline, r, c);
        }
    }
    return deadline;
}

void dygw_deadline_begin(request_rec *r)
{
    deadline_of(r)->at = dygw_steady_now() + BODY_DEADLINE;
}

int dygw_deadline_passed(request_rec *r)
{
    return left_of(deadline_of(r)) <= 0;
}

void dygw_deadline_end(request_rec *r)
{
    deadline_of(r)->at = 0;
}

void dygw_hang_up(conn_rec *c)
{
    c->keepalive = AP_CONN_CLOSE;
    /* Otherwise httpd would wait for thirty seconds, and not for two, while the rest arrives. */
    apr_table_setn(c->notes, "short-lingering-close", "1");
}
