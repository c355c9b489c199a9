/* SPDX-License-Identifier: Apache-2.0
 * Writes findings as JSON. */
#include "gateway/diagnosis/finding.h"

#define CLOCK_BAD_MS 60000

static const char *const check_words[] = {
    [DYGW_CHECK_UPSTREAM] = "upstream",
    [DYGW_CHECK_CONNECTION] = "douyin_connection",
    [DYGW_CHECK_DOUYIN_CLOCK] = "douyin_clock",
    [DYGW_CHECK_SECRET] = "secret",
    [DYGW_CHECK_TOKEN] = "token",
    [DYGW_CHECK_ADDRESS] = "address",
    [DYGW_CHECK_AUTHORISATION] = "authorisation",
    [DYGW_CHECK_ACCOUNTS] = "accounts",
    [DYGW_CHECK_SCOPE_CERTIFICATE] = "scope_certificate",
    [DYGW_CHECK_SCOPE_STORE] = "scope_store",
    [DYGW_CHECK_SCOPE_ORDER] = "scope_order",
    [DYGW_CHECK_SCOPE_BILLING] = "scope_billing",
    [DYGW_CHECK_SCOPE_LEDGER] = "scope_ledger",
    [DYGW_CHECK_STORE] = "store",
    [DYGW_CHECK_DECLARED_STORE] = "declared_store",
    [DYGW_CHECK_DECLARED_STORES] = "declared_stores",
    [DYGW_CHECK_DECLARED_FILE] = "declared_file",
    [DYGW_CHECK_DATABASE] = "database",
    [DYGW_CHECK_DATABASE_CLOCK] = "database_clock",
    [DYGW_CHECK_SCHEMA] = "schema",
    [DYGW_CHECK_CONNECTIONS] = "connections",
    [DYGW_CHECK_MASTER_KEY] = "master_key",
    [DYGW_CHECK_WORKER] = "worker",
    [DYGW_CHECK_NONCES] = "nonces",
    [DYGW_CHECK_POOL] = "pool",
    [DYGW_CHECK_DECLARED_APP] = "declared_app",
    [DYGW_CHECK_DECLARED_APPS] = "declared_apps",
    [DYGW_CHECK_DECLARED_HOST] = "declared_host",
};

static const char *const why_words[] = {
    [DYGW_WHY_NONE] = NULL,
    [DYGW_WHY_PROXY_NOT_RESOLVED] = "proxy_not_resolved",
    [DYGW_WHY_NOT_RESOLVED] = "not_resolved",
    [DYGW_WHY_NOT_CONNECTED] = "not_connected",
    [DYGW_WHY_CONNECT_TIMEOUT] = "connect_timeout",
    [DYGW_WHY_PROXY_REFUSED] = "proxy_refused",
    [DYGW_WHY_CA_FILE_UNREADABLE] = "ca_file_unreadable",
    [DYGW_WHY_CERTIFICATE_UNTRUSTED] = "certificate_untrusted",
    [DYGW_WHY_CERTIFICATE_EXPIRED] = "certificate_expired",
    [DYGW_WHY_TLS_FAILED] = "tls_failed",
    [DYGW_WHY_TIMEOUT] = "timeout",
    [DYGW_WHY_CONNECTION_BROKEN] = "connection_broken",
    [DYGW_WHY_UNREADABLE] = "unreadable",
    [DYGW_WHY_SERVER_ERROR] = "server_error",
    [DYGW_WHY_NO_ANSWER] = "no_answer",
    [DYGW_WHY_BUSY] = "busy",
    [DYGW_WHY_REFUSED] = "refused",
    [DYGW_WHY_NOT_UNDERSTOOD] = "not_understood",
    [DYGW_WHY_TOKEN_REFUSED] = "token_refused",
    [DYGW_WHY_ADDRESS_REFUSED] = "address_refused",
    [DYGW_WHY_NOT_AUTHORISED] = "not_authorised",
    [DYGW_WHY_NO_PERMISSION] = "no_permission",
    [DYGW_WHY_PUNISHED] = "punished",
    [DYGW_WHY_TAKEN_DOWN] = "taken_down",
    [DYGW_WHY_NOT_ASKED] = "not_asked",
    [DYGW_WHY_NO_TOKEN] = "no_token",
    [DYGW_WHY_NO_ACCOUNT] = "no_account",
    [DYGW_WHY_NO_DATABASE] = "no_database",
    [DYGW_WHY_NO_SCHEMA] = "no_schema",
    [DYGW_WHY_NO_SERVER] = "no_server",
    [DYGW_WHY_IN_DATABASE] = "in_database",
    [DYGW_WHY_LEFT_OUT] = "left_out",
    [DYGW_WHY_CLOCK_OFF] = "clock_off",
    [DYGW_WHY_MISSING] = "missing",
    [DYGW_WHY_EXPIRED] = "expired",
    [DYGW_WHY_UNKNOWN_STORE] = "unknown_store",
    [DYGW_WHY_OTHER_ACCOUNT] = "other_account",
    [DYGW_WHY_UNREACHABLE] = "unreachable",
    [DYGW_WHY_FOREIGN] = "foreign",
    [DYGW_WHY_FILES] = "files",
    [DYGW_WHY_DAMAGED] = "damaged",
    [DYGW_WHY_READONLY] = "readonly",
    [DYGW_WHY_UNWRITABLE] = "unwritable",
    [DYGW_WHY_SLOW] = "slow",
    [DYGW_WHY_BEHIND] = "behind",
    [DYGW_WHY_TOO_MANY] = "too_many",
    [DYGW_WHY_WRONG_KEY] = "wrong_key",
    [DYGW_WHY_CLOSED_SECRET] = "closed_secret",
    [DYGW_WHY_OLD_KEY] = "old_key",
    [DYGW_WHY_STALLED] = "stalled",
    [DYGW_WHY_TOO_SMALL] = "too_small",
    [DYGW_WHY_NEARLY_FULL] = "nearly_full",
    [DYGW_WHY_SANDBOX] = "sandbox",
    [DYGW_WHY_MORE] = "more",
    [DYGW_WHY_CONFLICT] = "conflict",
    [DYGW_WHY_UNREADABLE_SECRET] = "unreadable_secret",
    [DYGW_WHY_DIFFERS] = "differs",
};

static const char *const state_words[] = {
    [DYGW_PASS] = "pass",
    [DYGW_WARN] = "warn",
    [DYGW_FAIL] = "fail",
    [DYGW_SKIPPED] = "skipped",
};

void dygw_finding(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                  dygw_why_e why)
{
    dygw_jsonw_t *w = &findings->w;

    findings->count[state]++;
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "name", check_words[check]);
    dygw_jsonw_string(w, "state", state_words[state]);
    dygw_jsonw_string(w, "reason", why_words[why]);
    dygw_jsonw_object(w, "detail");
}

void dygw_finding_end(dygw_findings_t *findings)
{
    dygw_jsonw_end_object(&findings->w);
    dygw_jsonw_end_object(&findings->w);
}

void dygw_finding_plain(dygw_findings_t *findings, dygw_check_e check, dygw_finding_e state,
                        dygw_why_e why)
{
    dygw_finding(findings, check, state, why);
    dygw_finding_end(findings);
}

int dygw_finding_is_nearly_full(int part, int whole)
{
    return part > whole / 5 * 4;
}

dygw_finding_e dygw_finding_of_clock(dygw_ms_t difference, dygw_ms_t well_ms)
{
    dygw_ms_t apart = difference < 0 ? -difference : difference;

    return apart <= well_ms ? DYGW_PASS : apart <= CLOCK_BAD_MS ? DYGW_WARN : DYGW_FAIL;
}
