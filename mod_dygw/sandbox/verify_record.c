/* SPDX-License-Identifier: Apache-2.0
 * The call verify_record/query: the verifications of a range of time, the oldest first, in pages.
 * With the switch record_delay_ms, a verification, or its cancel, is not in them before so long
 * after. serve.c calls it. */
#include <string.h>

#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

#define SIZE_MAX_DOCUMENTED 20
#define CHINA_OFFSET_MS     APR_INT64_C(28800000) /* 8 h */
#define DAY_MS              APR_INT64_C(86400000)

/* Which verifications are asked for, and copies of those that are found. */
typedef struct record_page_t {
    const char *poi_ids; /* separated by commas; NULL: all stores */
    dygw_ms_t from, to;  /* `to` is not included */
    dygw_ms_t shown;     /* what happened after this is not in the records yet */
    apr_uint32_t after;  /* the cursor: only verifications from this index on */
    int size;
    int count;
    apr_int64_t total;
    struct {
        apr_uint32_t index;
        dygw_sandbox_verification_t verification;
        dygw_sandbox_coupon_t coupon;
        dygw_sandbox_order_t order;
    } record[SIZE_MAX_DOCUMENTED];
} record_page_t;

/* Returns the index of the first verification at the time t or later. */
static apr_uint32_t first_record_at(dygw_ms_t t)
{
    apr_uint32_t low = 0, high = dygw_sandbox_state()->verifications;

    while (low < high) {
        const apr_uint32_t middle = low + (high - low) / 2;

        if (dygw_sandbox_verification(middle)->at < t) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

/* Whether a store is in a list separated by commas. Brackets and quotes are skipped, because some
 * clients send them. NULL: any store is. */
static int is_store_listed(const char *list, const char *name)
{
    const apr_size_t len = strlen(name);
    const char *at = list;

    if (!list) {
        return 1;
    }
    while (*(at += strspn(at, ",[]\" ")) != '\0') {
        const apr_size_t item = strcspn(at, ",[]\" ");

        if (item == len && memcmp(at, name, len) == 0) {
            return 1;
        }
        at += item;
    }
    return 0;
}

static void add_record(record_page_t *page, apr_uint32_t index,
                       const dygw_sandbox_verification_t *v)
{
    page->record[page->count].index = index;
    page->record[page->count].verification = *v;
    if (v->cancelled_at > page->shown) {
        page->record[page->count].verification.cancelled_at = DYGW_NO_TIME;
    }
    page->record[page->count].coupon = *dygw_sandbox_coupon(v->coupon);
    page->record[page->count].order = *dygw_sandbox_order(dygw_sandbox_coupon(v->coupon)->order);
    page->count++;
}

static const dygw_sandbox_order_t *order_of_record(const dygw_sandbox_verification_t *v)
{
    return dygw_sandbox_order(dygw_sandbox_coupon(v->coupon)->order);
}

static void collect_records(const dygw_sandbox_call_t *call, record_page_t *page)
{
    const apr_uint32_t last = first_record_at(page->to <= page->shown ? page->to : page->shown + 1);
    const int is_any = page->poi_ids == NULL && dygw_sandbox_state()->accounts.count == 1;
    apr_uint32_t i;

    for (i = first_record_at(page->from); i < last; i++) {
        const dygw_sandbox_verification_t *v = dygw_sandbox_verification(i);

        if (is_any && page->count == page->size) {
            page->total += last - i; /* all the rest count, and none is shown */
            return;
        }
        if (is_store_listed(page->poi_ids, v->poi_id)
            && dygw_sandbox_caller_owns(call, order_of_record(v))) {
            page->total++;
            if (i >= page->after && page->count < page->size) {
                add_record(page, i, v);
            }
        }
    }
}

static void write_record(dygw_sandbox_call_t *call, const record_page_t *page, int i)
{
    const dygw_sandbox_verification_t *v = &page->record[i].verification;
    const dygw_sandbox_order_t *order = &page->record[i].order;
    const int unit = call->switches.times_in_ms ? 1 : 1000;
    const int is_cancelled = v->cancelled_at != DYGW_NO_TIME;
    const int can_cancel = dygw_sandbox_can_cancel(call, v);
    dygw_jsonw_t *w = &call->w;
    char text[DYGW_SANDBOX_ID_LEN + 1];

    dygw_jsonw_object(w, NULL);
    dygw_sandbox_id(DYGW_SANDBOX_ID_VERIFY, page->record[i].index, text);
    dygw_jsonw_string(w, "cursor", text);
    dygw_jsonw_string(w, "verify_id", text);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, v->coupon, text);
    dygw_jsonw_string(w, "certificate_id", text);
    dygw_jsonw_int(w, "verify_time", v->at / unit);
    dygw_jsonw_bool(w, "can_cancel", can_cancel);
    dygw_jsonw_int(w, "verify_type", v->type);
    dygw_jsonw_int(w, "status", is_cancelled ? 2 : 1);
    dygw_jsonw_int(w, "cancel_time", is_cancelled ? v->cancelled_at / unit : 0);
    dygw_jsonw_int(w, "certificate_status", page->record[i].coupon.status);
    if (!is_cancelled && !can_cancel) {
        dygw_sandbox_code(v->coupon, text);
        dygw_jsonw_string(w, "code", text);
    }
    dygw_sandbox_write_amount(w, "amount", order, 0);
    dygw_sandbox_write_sku(w, "sku", order);
    dygw_sandbox_write_times_amount(w, order, v->serial);
    dygw_jsonw_end_object(w);
}

static dygw_ms_t today_began(dygw_ms_t now)
{
    return now - (now + CHINA_OFFSET_MS) % DAY_MS;
}

/* Reads the request. Returns 0 where the call is refused; then the answer is written. */
static int read_record_query(dygw_sandbox_call_t *call, record_page_t *page)
{
    const char *cursor = dygw_sandbox_param(call, "cursor");
    const apr_int64_t size = dygw_sandbox_param_int(call, "size", -1);
    const apr_int64_t from = dygw_sandbox_param_int(call, "start_time", 0);
    const apr_int64_t to = dygw_sandbox_param_int(call, "end_time", 0);
    apr_uint32_t last = DYGW_SANDBOX_NONE;

    memset(page, 0, sizeof *page);
    if (cursor && strcmp(cursor, "0") != 0) {
        last = dygw_sandbox_id_index(DYGW_SANDBOX_ID_VERIFY, cursor);
        cursor = last == DYGW_SANDBOX_NONE ? NULL : cursor;
    }
    if (!cursor || !dygw_sandbox_param(call, "account_id") || size < 1 || size > SIZE_MAX_DOCUMENTED
        || from < 0 || to < 0) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return 0;
    }
    page->after = last + 1; /* NONE + 1 is 0 */
    page->size = (int)size;
    page->poi_ids = dygw_sandbox_param(call, "poi_ids");
    page->from = from ? from * 1000 : today_began(call->began);
    page->to = to ? to * 1000 : APR_INT64_MAX;
    page->shown = call->switches.record_delay_ms ? call->began - call->switches.record_delay_ms
                                                 : APR_INT64_MAX - 1;
    return 1;
}

void dygw_sandbox_verify_record(dygw_sandbox_call_t *call)
{
    record_page_t page;

    if (!read_record_query(call, &page)) {
        return;
    }
    dygw_sandbox_lock();
    collect_records(call, &page);
    dygw_sandbox_unlock();
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_int(&call->w, "total", page.total);
    dygw_sandbox_begin_list(call, "records");
    for (int i = 0; i < page.count; i++) {
        write_record(call, &page, i);
    }
    dygw_jsonw_end_array(&call->w);
    dygw_sandbox_reply_end(call);
}
