/* SPDX-License-Identifier: Apache-2.0
 * Finds the account of a call, and refuses calls that are for a wrong one. Which code says that
 * depends on the call; Douyin's documents say nothing of a header and a parameter that differ, so
 * that the sandbox, where mistakes are to be found, refuses that. */
#include "sandbox/caller.h"

#include <string.h>

#include "sandbox/records/codes.h"
#include "sandbox/reply.h"
#include "util/json.h"

/* --- which account a call names --- */

/* Reads header, parameter and store. Returns the poi_id; NULL: the call has none. */
static const char *read_caller(dygw_sandbox_call_t *call)
{
    const char *header = apr_table_get(call->r->headers_in, DYGW_SANDBOX_ACCOUNT_HEADER);
    const char *error;
    const json_t *body;

    call->account_header = header && *header ? header : NULL;
    if (call->r->method_number != M_POST) {
        call->account_id = dygw_sandbox_param(call, "account_id");
        return dygw_sandbox_param(call, "poi_id");
    }
    body = dygw_json_parse(call->body, call->body_len, DYGW_JSON_LENIENT, call->pool, &error);
    call->account_id = dygw_json_id(body, "account_id", call->pool);
    return dygw_json_id(body, "poi_id", call->pool);
}

/* Whether there is one account only, for which any id is taken. The caller holds the lock. */
static int is_alone(void)
{
    return dygw_sandbox_state()->accounts.count == 1;
}

/* Returns NULL, or what is wrong with the account that is named. The caller holds the lock. */
static const char *problem_of_caller(const dygw_sandbox_call_t *call)
{
    if (call->account_header && call->account_id && !is_alone()
        && strcmp(call->account_header, call->account_id) != 0) {
        return DYGW_SANDBOX_ACCOUNT_HEADER "与account_id不一致";
    }
    if (call->switches.need_account && !call->account_header && !call->account_id) {
        return "缺少" DYGW_SANDBOX_ACCOUNT_HEADER "或account_id";
    }
    return NULL;
}

/* Fills in call->account. Returns whether that account has authorised the application; a call of
 * which the account is not known yet passes. The caller holds the lock. */
static int find_caller(dygw_sandbox_call_t *call, const char *poi_id)
{
    const dygw_sandbox_accounts_t *accounts = &dygw_sandbox_state()->accounts;
    const char *named = call->account_header ? call->account_header : call->account_id;

    if (named) {
        call->account = is_alone() ? 0 : dygw_sandbox_account_find(accounts, named);
    }
    else {
        call->account = poi_id ? dygw_sandbox_store_account(accounts, poi_id) : DYGW_SANDBOX_NONE;
    }
    return call->account == DYGW_SANDBOX_NONE ? !named
                                              : accounts->account[call->account].authorised;
}

/* --- refusing --- */

static void refuse_unauthorised(dygw_sandbox_call_t *call)
{
    const apr_int64_t code = call->which == DYGW_SANDBOX_CALL_PREPARE ? DYGW_SANDBOX_NOT_AUTHORISED
                             : call->which == DYGW_SANDBOX_CALL_STORES
                                 ? DYGW_SANDBOX_SHOP_UNAUTHORISED
                                 : DYGW_SANDBOX_APP_UNAUTHORISED;

    dygw_sandbox_refuse(call, code, NULL);
}

/* Answers as if the coupon did not exist for the account. */
static void answer_nothing_found(dygw_sandbox_call_t *call)
{
    switch (call->which) {
    case DYGW_SANDBOX_CALL_PREPARE:
        dygw_sandbox_reply_begin(call);
        dygw_jsonw_string(&call->w, "verify_token", "");
        dygw_sandbox_write_no_list(call, "certificates");
        dygw_sandbox_reply_end(call);
        break;
    case DYGW_SANDBOX_CALL_CANCEL:
        dygw_sandbox_refuse(call, DYGW_SANDBOX_REFUSED, "核销记录不存在");
        break;
    default:
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NOT_FOUND, NULL);
        break;
    }
}

int dygw_sandbox_caller_admit(dygw_sandbox_call_t *call)
{
    const char *poi_id = read_caller(call);
    const char *problem;
    int is_authorised;

    dygw_sandbox_lock();
    problem = problem_of_caller(call);
    is_authorised = find_caller(call, poi_id);
    dygw_sandbox_unlock();
    if (problem) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, problem);
    }
    else if (!is_authorised) {
        refuse_unauthorised(call);
    }
    return !problem && is_authorised;
}

int dygw_sandbox_caller_owns(const dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order)
{
    return call->account == DYGW_SANDBOX_NONE || call->account == order->account;
}

int dygw_sandbox_caller_may(dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order)
{
    if (!order) {
        return 1;
    }
    if (!dygw_sandbox_caller_owns(call, order)) {
        if (call->switches.wrong_account == DYGW_SANDBOX_ACCOUNT_EMPTY) {
            answer_nothing_found(call);
        }
        else {
            refuse_unauthorised(call);
        }
        return 0;
    }
    if (!dygw_sandbox_order_account(order)->authorised) {
        refuse_unauthorised(call);
        return 0;
    }
    return 1;
}
