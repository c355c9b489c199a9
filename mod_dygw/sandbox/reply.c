/* SPDX-License-Identifier: Apache-2.0
 * Douyin's envelopes: HTTP 200 whatever happens, the code on two levels, and `now` in seconds or
 * milliseconds, depending on which of its servers speaks. */
#include "sandbox/reply.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#define REPLY_SIZE_HINT     2048
#define CHINA_OFFSET_SEC    (8 * 3600)
#define LOGID_LEN           34          /* 14 digits of local time, 20 hex digits */

static const struct {
    apr_int64_t code;
    const char *text;
} texts[] = {
    { 1208, "券已核销" },
    { 1212, "查不到券信息,请确认是否为可用的券" },
    { 1221, "加密券码解密失败" },
    { 1228, "核销门店不匹配" },
    { 1229, "平台认为本次核销有风险,客服将会在48h内联系你核实,如无问题,将会自动核销完成" },
    { 1241, "次卡剩余次数不足" },
    { 1250, "券码已失效" },
    { 1263, "查询不到子履约单" },
    { 1265, "存在已撤销券" },
    { 1502, "券码/加密券码不能同时为空" },
    { 1508, "商户未授权给应用" },
    { 10002, "参数错误" },
    { 10003, "配置无效" },
    { 10013, "client_key 或 client_secret 报错" },
    { 10020, "频控" },
    { 200002, "Body反序列化错误" },
    { 2100001, "未知错误" },
    { 2100004, "系统繁忙,此时请开发者稍候再试" },
    { 2100005, "参数不合法" },
    { 2100007, "IP不在白名单，请开通权限" },
    { 2119001, "参数不合法" },
    { 2119002, "系统繁忙,请稍候再试" },
    { 2119003, "请求太过频繁,请稍后再试" },
    { 2119005, "应用未获商家授权" },
    { 2119006, "该券码用户操作转赠中,暂不支持核销" },
    { 2119007, "用户点单中,尚未支付,暂不支持核销" },
    { 2119008, "因平台管控,访问被拒绝" },
    { 2119010, "接口已下线" },
    { 2119013, "IP不在白名单，请开通权限" },
    { 2190001, "quota 已用完" },
    { 2190002, "access_token无效" },
    { 2190004, "应用未获得该能力, 请去https://open.douyin.com/申请" },
    { 2190005, "应用未获商家授权" },
    { 2190008, "access_token过期,请刷新或重新授权" },
    { 3000002, "所选门店不在商品适用门店内" },
    { 3000004, "该商家未授权" },
    { 3100101, "订单不存在" },
    { 4000001, "未传入encrypted_code或order_id" },
    { 4000002, "请使用Cursor参数查询" },
    { 45005117, "动态券码已过期,请用户重新打开订单页进行扫码或输码" },
    { 6001001, "服务器打瞌睡了,请稍后再试。" },
    { 1033000519, "没有对应凭证单信息" }
};

const char *dygw_sandbox_text_of(apr_int64_t code)
{
    for (apr_size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].code == code) {
            return texts[i].text;
        }
    }
    return "根据实际业务错误返回";
}

/* The platform's gateway speaks for tokens, permissions and what cannot be parsed; the business
 * service behind it for the rest. */
static int is_from_gateway(apr_int64_t code)
{
    return (code >= 2100000 && code < 2101000) || (code >= 2190000 && code < 2191000);
}

static char *write_number(char *out, int digits, unsigned base, apr_uint64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value /= base) {
        out[i] = "0123456789ABCDEF"[value % base];
    }
    return out + digits;
}

static void write_logid(const dygw_sandbox_call_t *call, char *out)
{
    const apr_uint64_t random = dygw_sandbox_random();
    apr_time_exp_t t;

    apr_time_exp_tz(&t, apr_time_from_msec(call->began), CHINA_OFFSET_SEC);
    out = write_number(out, 4, 10, (apr_uint64_t)t.tm_year + 1900);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_mon + 1);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_mday);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_hour);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_min);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_sec);
    out = write_number(out, 4, 16, dygw_sandbox_mix(random));
    out = write_number(out, 16, 16, random);
    *out = '\0';
}

static void write_extra(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                        apr_int64_t sub_code, const char *sub_description)
{
    char logid[LOGID_LEN + 1];
    dygw_jsonw_t *w = &call->w;

    write_logid(call, logid);
    dygw_jsonw_object(w, "extra");
    dygw_jsonw_int(w, "error_code", code);
    dygw_jsonw_string(w, "description", description);
    dygw_jsonw_int(w, "sub_error_code", sub_code);
    dygw_jsonw_string(w, "sub_description", sub_description);
    dygw_jsonw_string(w, "logid", logid);
    dygw_jsonw_int(w, "now", is_from_gateway(code) ? dygw_now() : dygw_now() / 1000);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
}

static int is_token_call(const dygw_sandbox_call_t *call)
{
    return call->which <= DYGW_SANDBOX_CALL_STABLE_TOKEN;
}

void dygw_sandbox_reply_begin(dygw_sandbox_call_t *call)
{
    call->http_status = HTTP_OK;
    call->content_type = "application/json";
    call->error_code = 0;
    dygw_jsonw_init(&call->w, call->pool, REPLY_SIZE_HINT);
    dygw_jsonw_object(&call->w, NULL);
    dygw_jsonw_object(&call->w, "data");
}

void dygw_sandbox_reply_end(dygw_sandbox_call_t *call)
{
    dygw_jsonw_t *w = &call->w;
    const char *description = call->switches.description == DYGW_SANDBOX_SAY_NOTHING ? ""
                                                                                     : "success";

    dygw_jsonw_int(w, "error_code", 0);
    dygw_jsonw_string(w, "description", is_token_call(call) ? "" : description);
    dygw_jsonw_end_object(w);
    if (is_token_call(call)) {          /* these have no "extra" */
        dygw_jsonw_string(w, "message", "success");
        dygw_jsonw_end_object(w);
        return;
    }
    write_extra(call, 0, description, 0, "");
}

static void refuse_token(dygw_sandbox_call_t *call, apr_int64_t code, const char *description)
{
    dygw_jsonw_t *w = &call->w;

    dygw_jsonw_string(w, "captcha", "");
    dygw_jsonw_string(w, "desc_url", "");
    dygw_jsonw_string(w, "description", description);
    dygw_jsonw_int(w, "error_code", code);
    dygw_jsonw_end_object(w);
    dygw_jsonw_string(w, "message", "error");
    dygw_jsonw_end_object(w);
}

void dygw_sandbox_refuse_sub(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                             apr_int64_t sub_code, const char *sub_description)
{
    const char *text = description ? description : dygw_sandbox_text_of(code);

    dygw_sandbox_reply_begin(call);
    call->error_code = code;
    if (is_token_call(call)) {
        refuse_token(call, code, text);
        return;
    }
    if (call->which == DYGW_SANDBOX_CALL_PREPARE && !is_from_gateway(code)) {
        dygw_jsonw_string(&call->w, "verify_token", "");
    }
    dygw_jsonw_int(&call->w, "error_code", code);
    dygw_jsonw_string(&call->w, "description", text);
    dygw_jsonw_end_object(&call->w);
    write_extra(call, code, text, sub_code, sub_description);
}

void dygw_sandbox_refuse(dygw_sandbox_call_t *call, apr_int64_t code, const char *description)
{
    const char *text = description ? description : dygw_sandbox_text_of(code);

    dygw_sandbox_refuse_sub(call, code, text, 0, is_from_gateway(code) ? text : "");
}

void dygw_sandbox_reply_text(dygw_sandbox_call_t *call, int status, const char *type,
                             const char *text)
{
    call->http_status = status;
    call->content_type = type;
    call->error_code = 0;
    call->w.pool = call->pool;
    call->w.text = apr_pstrdup(call->pool, text);
    call->w.len = strlen(text);
}
