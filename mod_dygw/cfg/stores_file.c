/* SPDX-License-Identifier: Apache-2.0
 * Reads DygwStores: a file of stores, which is declared as a whole or not at all. */
#include <apr_file_io.h>
#include <apr_strings.h>

#include "cfg/sections.h"
#include "cfg/secret.h"
#include "cfg/stores_csv.h"
#include "util/compiler.h"

#define SIZE_MAX_BYTES (APR_INT64_C(64) * 1024 * 1024)

static const char *status_text(apr_status_t rv, apr_pool_t *pool)
{
    char text[120];

    return apr_pstrdup(pool, apr_strerror(rv, text, sizeof text));
}

/* Reads the file, with a NUL behind it. Returns NULL, or why it cannot be read. */
static const char *read_text(const char *path, char **text, apr_size_t *len, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    /* Looked at before it is opened: a pipe would be waited for. */
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_SIZE, pool);

    if (rv == APR_SUCCESS && info.filetype != APR_REG) {
        return "it is no file";
    }
    if (rv == APR_SUCCESS && info.size > SIZE_MAX_BYTES) {
        return "it is larger than 64 MB";
    }
    if (rv == APR_SUCCESS) {
        rv = apr_file_open(&file, path, APR_FOPEN_READ, 0, pool);
    }
    if (rv != APR_SUCCESS) {
        return status_text(rv, pool);
    }
    *text = apr_palloc(pool, (apr_size_t)info.size + 1);
    rv = apr_file_read_full(file, *text, (apr_size_t)info.size, len);
    apr_file_close(file);
    (*text)[*len] = '\0';
    return rv == APR_SUCCESS || rv == APR_EOF ? NULL : status_text(rv, pool);
}

/* Returns NULL, or what is wrong with the file. */
static const char *read_file(const cmd_parms *cmd, dygw_stores_file_t *file)
{
    char *text = NULL;
    apr_size_t len = 0;
    const char *why = read_text(file->path, &text, &len, cmd->temp_pool);

    if (why) {
        return apr_psprintf(cmd->pool,
                            "%s: cannot read the file '%s' (%s): give a CSV file of stores, "
                            "readable by the user that starts Apache",
                            cmd->cmd->name, file->path, why);
    }
    why = dygw_stores_read(text, len, file->path, file->stores, cmd->temp_pool);
    return why ? apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, why) : NULL;
}

static void leave_out(const cmd_parms *cmd, const dygw_stores_file_t *file)
{
    APR_ARRAY_PUSH(dygw_cfg_get(cmd->server)->declared->left_out, dygw_left_out_t)
        = (dygw_left_out_t){ .path = file->path, .place = file->place };
}

const char *dygw_set_stores(cmd_parms *cmd, DYGW_UNUSED void *outer, const char *arg)
{
    dygw_written_t *written = dygw_cfg_written(cmd);
    dygw_stores_file_t file = { .path = ap_server_root_relative(cmd->pool, arg) };
    const char *error;

    file.path = file.path ? file.path : arg;
    file.place = dygw_cfg_place(cmd->pool, cmd->directive);
    file.stores = apr_array_make(cmd->pool, 64, sizeof(const dygw_declared_store_t *));
    error = read_file(cmd, &file);
    if (error) {
        leave_out(cmd, &file);
        return dygw_cfg_tolerate(cmd, error,
                                 "; none of its stores is declared until Apache is reloaded with "
                                 "it");
    }
    APR_ARRAY_PUSH(written->files, dygw_stores_file_t) = file;
    return NULL;
}
