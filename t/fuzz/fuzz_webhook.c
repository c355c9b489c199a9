/* SPDX-License-Identifier: Apache-2.0
 * Douyin's messages: the header Msg-Id in the first line ("abc*": abc ten times), then the body. The
 * table of messages is played.
 * wraps: dygw_db_open dygw_db_close dygw_store_webhook_insert dygw_host_left_work */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/settle/webhook.h"
#include "store/webhook.h"
#include "util/compiler.h"
#include "util/json.h"

#define ID_MAX     64
#define MSG_ID_MAX 128

static int inserts, open_units, is_sale;
static int works;
static apr_status_t insert_gives;

apr_status_t __wrap_dygw_db_open(dygw_db_t **db, dygw_db_source_t *source, const dygw_log_t *log, apr_pool_t *pool);
apr_status_t __wrap_dygw_db_open(DYGW_UNUSED dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source,
                                 DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED apr_pool_t *pool)
{
    open_units++;
    return APR_SUCCESS;
}

void __wrap_dygw_db_close(dygw_db_t *db);
void __wrap_dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
    open_units--;
}

void __wrap_dygw_host_left_work(dygw_gateway_t *gateway);
void __wrap_dygw_host_left_work(DYGW_UNUSED dygw_gateway_t *gateway)
{
    works++;
}

/* What a table can hold. */
apr_status_t __wrap_dygw_store_webhook_insert(dygw_db_t *db, dygw_webhook_t *message);
apr_status_t __wrap_dygw_store_webhook_insert(DYGW_UNUSED dygw_db_t *db, dygw_webhook_t *message)
{
    const char *c;

    FUZZ_ASSERT(open_units == 1);
    FUZZ_ASSERT(message->msg_id && *message->msg_id && strlen(message->msg_id) <= MSG_ID_MAX);
    for (c = message->msg_id; *c; c++) {
        FUZZ_ASSERT(*c > ' ' && *c <= '~');
    }
    FUZZ_ASSERT(message->certificate_id && fuzz_is_absent_or_text(message->certificate_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(message->order_id, ID_MAX));
    FUZZ_ASSERT(fuzz_is_absent_or_text(message->account_id, ID_MAX));
    FUZZ_ASSERT(!message->action || fuzz_is_utf8(message->action, strlen(message->action)));
    FUZZ_ASSERT(message->msg_time == DYGW_NO_TIME || message->msg_time > 0);
    FUZZ_ASSERT(message->received_at == FUZZ_NOW && message->event);
    FUZZ_ASSERT(message->sale_look_at == 0 || message->sale_look_at > FUZZ_NOW);
    is_sale = message->sale_look_at > 0;
    inserts++;
    message->records = insert_gives == APR_SUCCESS;
    return insert_gives;
}

static dygw_code_e receive(const char *msg_id, const char *body, apr_size_t len, apr_pool_t *pool, const char **answer)
{
    static dygw_gateway_t gateway = { .account_id = "7014065493820573710" };
    dygw_result_t out = { 0 };

    inserts = works = 0;
    dygw_webhook_receive(&(dygw_ctx_t){ &gateway, &fuzz_log, pool }, msg_id, body, len, answer, &out);
    FUZZ_ASSERT(inserts <= 1 && open_units == 0);
    FUZZ_ASSERT(works == (inserts && insert_gives == APR_SUCCESS && !is_sale));
    return out.code;
}

static const char *msg_id_of(const char *line, apr_pool_t *pool)
{
    apr_size_t len = strlen(line);
    const char *id = "";
    int i;

    if (len == 0 || line[len - 1] != '*') {
        return line;
    }
    for (i = 0; i < 10; i++) {
        id = apr_pstrcat(pool, id, apr_pstrmemdup(pool, line, len - 1), NULL);
    }
    return id;
}

/* A check is answered with what it brought, and anything else with nothing. */
static void check_answer(const char *answer, int is_check, apr_pool_t *pool)
{
    const char *error;
    const json_t *said = dygw_json_parse(answer, strlen(answer), DYGW_JSON_STRICT, pool, &error);

    FUZZ_ASSERT(json_is_object(said));
    FUZZ_ASSERT(json_object_size(said) == (is_check ? 1 : 0));
    FUZZ_ASSERT(!is_check || json_object_get(said, "challenge"));
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *msg_id = msg_id_of(fuzz_line(&in), pool);
    const char *body = fuzz_rest(&in);
    const char *answer = NULL, *again = NULL;
    const char *error;
    int is_check = dygw_webhook_is_url_check(body, in.len, pool);
    dygw_code_e code;

    insert_gives = APR_SUCCESS;
    code = receive(*msg_id ? msg_id : NULL, body, in.len, pool, &answer);
    FUZZ_ASSERT((code == DYGW_INVALID_JSON) == !dygw_json_parse(body, in.len, DYGW_JSON_LENIENT, pool, &error));
    FUZZ_ASSERT(code == DYGW_OK || code == DYGW_INVALID_JSON);
    check_answer(answer, is_check, pool);
    insert_gives = APR_EEXIST;
    FUZZ_ASSERT(receive(msg_id, body, in.len, pool, &again) == code && strcmp(answer, again) == 0);
    insert_gives = APR_EGENERAL;
    code = receive(msg_id, body, in.len, pool, &again);
    FUZZ_ASSERT((code == DYGW_DATABASE_UNAVAILABLE) == (inserts == 1));
}
