/* SPDX-License-Identifier: Apache-2.0
 * What PostgreSQL says beside its answers. It does so while the thread waits for the answer: each
 * thread hears what belongs to its own statement. */
#include "store/db/notice.h"

#include <dlfcn.h>
#include <string.h>

#include "util/compiler.h"

#define SOURCE_FUNCTION 'R' /* PG_DIAG_SOURCE_FUNCTION: no language changes it */

typedef void receiver_fn(void *arg, const void *result);
typedef receiver_fn *set_receiver_fn(void *native, receiver_fn *receiver, void *arg);
typedef char *error_field_fn(const void *result, int field);

static _Thread_local int is_alone;
static error_field_fn *error_field;

static void hear_notice(DYGW_UNUSED void *arg, const void *result)
{
    const char *function = error_field(result, SOURCE_FUNCTION);

    is_alone |= function && strcmp(function, "SyncRepWaitForLSN") == 0;
}

/* As in store/db/guard.c: the client library itself is not linked here. */
void dygw_notice_listen(const dygw_dbd_t *dbd, dygw_dialect_e dialect)
{
    set_receiver_fn *set_receiver = NULL;
    void *native = NULL;

    if (dialect == DYGW_PGSQL) {
        *(void **)&set_receiver = dlsym(RTLD_DEFAULT, "PQsetNoticeReceiver");
        *(void **)&error_field = dlsym(RTLD_DEFAULT, "PQresultErrorField");
        native = apr_dbd_native_handle(dbd->driver, dbd->handle);
    }
    if (set_receiver && error_field && native) {
        set_receiver(native, hear_notice, NULL);
    }
}

void dygw_notice_forget(void)
{
    is_alone = 0;
}

int dygw_notice_is_alone(void)
{
    return is_alone;
}
