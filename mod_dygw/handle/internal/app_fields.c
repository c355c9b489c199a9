/* SPDX-License-Identifier: Apache-2.0
 * The members of the bodies with which an administrator creates and changes apps. */
#include "handle/internal/internal.h"

#include <string.h>

#include "util/spelling.h"

#define APP_NAME_MAX    64
#define CODE_MAX        32
#define DESCRIPTION_MAX 255
#define CLIENT_KEY_MIN  8
#define CLIENT_KEY_MAX  64
#define SECRET_MIN      16
#define SECRET_MAX      128
#define GRACE_SEC_MAX   (DYGW_APP_GRACE_MAX_MS / 1000)

static const char *const create_fields[]
    = { "name",    "code", "description", "client_key", "secret", "status", "allow_token_read",
        "poi_ids", NULL };
static const char *const change_fields[] = { "name", "description", "status", "poi_ids", NULL };
static const char *const secret_fields[] = { "secret", "grace_seconds", NULL };

static int is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80) {
        text++;
    }
    return *text == '\0';
}

static const char *read_app_secret(const dygw_fields_t *f)
{
    const char *secret = dygw_field_string(f, "secret", SECRET_MIN, SECRET_MAX);

    if (secret && !is_ascii(secret)) {
        dygw_invalid_field(f, "secret", "must be printable ASCII");
    }
    return secret;
}

static dygw_app_status_e read_app_status(const dygw_fields_t *f)
{
    dygw_app_status_e status = DYGW_APP_ACTIVE;

    if (dygw_field_given(f, "status")
        && dygw_app_status_parse(dygw_json_str(f->object, "status"), &status) != APR_SUCCESS) {
        dygw_invalid_field(f, "status", "must be active or disabled");
    }
    return status;
}

static void add_app_store(const dygw_fields_t *f, const json_t *value, apr_array_header_t *stores)
{
    const char *poi_id = json_string_value(value);

    if (!poi_id || !dygw_spelled(poi_id, 1, DYGW_POI_MAX, "_-")
        || stores->nelts == DYGW_APP_STORES_MAX) {
        dygw_invalid_field(f, "poi_ids",
                           "must be an array of at most 1000 strings, each 1 to 32 of A-Za-z0-9_-");
        return;
    }
    APR_ARRAY_PUSH(stores, const char *) = poi_id;
}

/* Reads the stores of an app. NULL, which stands for all stores, when the member is absent or null.
 * The value "" is a mistake, and is not read as absent: the app could use all stores then. */
static apr_array_header_t *read_app_stores(const dygw_fields_t *f)
{
    const json_t *list = json_object_get(f->object, "poi_ids");
    apr_array_header_t *stores;
    size_t i;

    if (!list || json_is_null(list)) {
        return NULL;
    }
    stores = apr_array_make(f->pool, 4, sizeof(const char *));
    if (!json_is_array(list)) {
        dygw_invalid_field(f, "poi_ids", "must be an array, or null for all stores");
    }
    for (i = 0; i < json_array_size(list) && f->out->code == DYGW_OK; i++) {
        add_app_store(f, json_array_get(list, i), stores);
    }
    return stores;
}

void dygw_app_fields_create(const dygw_fields_t *f, dygw_new_app_t *wanted)
{
    dygw_fields_known(f, create_fields);
    dygw_field_require(f, "name");
    wanted->name = dygw_field_string(f, "name", 1, APP_NAME_MAX);
    wanted->code = dygw_field_word(f, "code", 1, CODE_MAX);
    wanted->description = dygw_field_string(f, "description", 0, DESCRIPTION_MAX);
    wanted->client_key = dygw_field_word(f, "client_key", CLIENT_KEY_MIN, CLIENT_KEY_MAX);
    wanted->secret = read_app_secret(f);
    wanted->status = read_app_status(f);
    wanted->allow_token_read = dygw_field_bool(f, "allow_token_read", 0);
    wanted->poi_ids = read_app_stores(f);
}

/* Whether the body has this member, null included. */
static int is_field_present(const dygw_fields_t *f, const char *name)
{
    return json_object_get(f->object, name) != NULL;
}

void dygw_app_fields_change(const dygw_fields_t *f, dygw_app_change_t *change)
{
    dygw_fields_known(f, change_fields);
    if (is_field_present(f, "name")) {
        dygw_field_require(f, "name");
    }
    if (is_field_present(f, "status")) {
        dygw_field_require(f, "status");
    }
    change->name = dygw_field_string(f, "name", 1, APP_NAME_MAX);
    change->set_description = is_field_present(f, "description");
    change->description = dygw_field_string(f, "description", 0, DESCRIPTION_MAX);
    change->set_status = is_field_present(f, "status");
    change->status = read_app_status(f);
    change->set_poi_ids = is_field_present(f, "poi_ids");
    change->poi_ids = read_app_stores(f);
}

const char *dygw_app_fields_secret(const dygw_fields_t *f, apr_int64_t *grace_seconds)
{
    dygw_fields_known(f, secret_fields);
    *grace_seconds = dygw_field_int(f, "grace_seconds", 0, GRACE_SEC_MAX, 0);
    return read_app_secret(f);
}
