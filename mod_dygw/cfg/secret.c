/* SPDX-License-Identifier: Apache-2.0
 * Reads the secrets of directives. Messages tell where a secret was looked for, and never the
 * secret. */
#include "cfg/secret.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <http_core.h>

#include "util/log.h"

#define FILE_PREFIX    "file:"
#define EXEC_PREFIX    "exec:"
#define ENV_PREFIX     "env:"
#define MAX_SECRET_LEN 4096

#define PROGRAM_PATIENCE_US apr_time_from_sec(10)

const char dygw_secret_unread[] = "";
dygw_seal_t dygw_seal_unread;

const char dygw_secret_shuts_gateway[]
    = "; the gateway answers 503 until Apache is reloaded with it";

int dygw_cfg_is_test(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
}

int dygw_cfg_should_tell(void)
{
    return dygw_cfg_is_test() || ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

const char *dygw_cfg_tolerate(const cmd_parms *cmd, const char *message, const char *effect)
{
    if (dygw_cfg_is_test()) {
        return message;
    }
    if (dygw_cfg_should_tell()) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, NULL, DYGWNO(0350) "%s (%s:%d)%s", message,
                     cmd->directive->filename, cmd->directive->line_num, effect);
    }
    return NULL;
}

int dygw_cfg_should_warn(void)
{
    /* The first pass of a start writes to the terminal or the journal, and a restart writes to the
     * error log. Between them, the second pass of a start would repeat the warning. */
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG
           || ap_state_query(AP_SQ_CONFIG_GEN) > 1;
}

/* What follows the prefix in the argument. NULL when the argument has no such prefix. */
static const char *after_prefix(const char *arg, const char *prefix)
{
    size_t len = strlen(prefix);

    return ap_cstr_casecmpn(arg, prefix, len) == 0 ? arg + len : NULL;
}

static const char *status_text(apr_pool_t *pool, apr_status_t rv)
{
    char text[120];

    return apr_pstrdup(pool, apr_strerror(rv, text, sizeof text));
}

static const char *no_secret_in_file(cmd_parms *cmd, const char *path, const char *why)
{
    return apr_psprintf(
        cmd->pool,
        "%s: cannot read the secret file '%s' (%s): create it with the secret in one line, "
        "readable by the user that starts Apache",
        cmd->cmd->name, path, why);
}

static void warn_about_readers(cmd_parms *cmd, const char *path, const apr_finfo_t *info)
{
    if ((info->valid & APR_FINFO_PROT) && (info->protection & (APR_FPROT_GREAD | APR_FPROT_WREAD))
        && dygw_cfg_should_warn()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, NULL,
                     DYGWNO(0101) "%s (%s:%d): group or others can read %s: chmod 600 it",
                     cmd->cmd->name, cmd->directive->filename, cmd->directive->line_num, path);
    }
}

/* Cuts blanks and the end of the line off. Returns NULL, or why the text is not one line. */
static const char *cut_to_one_line(char *text, apr_size_t len)
{
    apr_size_t end;

    while (len > 0 && apr_isspace(text[len - 1])) {
        len--;
    }
    text[len] = '\0';
    if (len == 0) {
        return "it is empty";
    }
    for (end = 0; end < len; end++) {
        if (text[end] == '\n' || text[end] == '\r') {
            return "it has more than one line";
        }
        if (text[end] < ' ' || text[end] >= 0x7f) {
            return "it has characters that are not printable ASCII";
        }
    }
    return NULL;
}

static const char *read_secret_bytes(apr_file_t *file, char *text, apr_size_t *len,
                                     apr_pool_t *pool)
{
    apr_status_t rv = apr_file_read_full(file, text, MAX_SECRET_LEN + 1, len);

    if (rv != APR_SUCCESS && rv != APR_EOF) {
        return status_text(pool, rv);
    }
    return *len > MAX_SECRET_LEN ? "it is too long" : NULL;
}

static const char *read_secret_file(cmd_parms *cmd, const char *name, const char **value)
{
    const char *path = *name ? ap_server_root_relative(cmd->pool, name) : NULL;
    char text[MAX_SECRET_LEN + 2];
    const char *why = NULL;
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t len = 0;
    apr_status_t rv;

    if (path == NULL) {
        return no_secret_in_file(cmd, name, "not a path");
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ, 0, cmd->temp_pool);
    if (rv != APR_SUCCESS) {
        return no_secret_in_file(cmd, path, status_text(cmd->temp_pool, rv));
    }
    rv = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_PROT, file);
    if ((rv == APR_SUCCESS || rv == APR_INCOMPLETE) && (info.valid & APR_FINFO_TYPE)
        && info.filetype == APR_DIR) {
        why = "it is a directory";
    }
    if (!why) {
        why = read_secret_bytes(file, text, &len, cmd->temp_pool);
    }
    apr_file_close(file);
    why = why ? why : cut_to_one_line(text, len);
    if (why) {
        return no_secret_in_file(cmd, path, why);
    }
    warn_about_readers(cmd, path, &info);
    *value = apr_pstrdup(cmd->pool, text);
    return NULL;
}

/* Reads up to the end of the first line. Returns NULL, or why there is none. */
static const char *read_first_line(apr_file_t *out, char *text, apr_size_t size)
{
    apr_time_t until = apr_time_now() + PROGRAM_PATIENCE_US;
    apr_status_t rv = APR_SUCCESS;
    apr_size_t len = 0;

    while (rv == APR_SUCCESS && len < size - 1 && (len == 0 || text[len - 1] != '\n')) {
        apr_size_t one = 1;

        apr_file_pipe_timeout_set(out, until > apr_time_now() ? until - apr_time_now() : 1);
        rv = apr_file_read(out, text + len, &one);
        len += rv == APR_SUCCESS ? one : 0;
    }
    text[len] = '\0';
    if (APR_STATUS_IS_TIMEUP(rv)) {
        return "it printed nothing within 10 s";
    }
    return len > 0 && text[0] != '\n' ? cut_to_one_line(text, len)
                                      : "it cannot be run, or printed nothing";
}

/* As ap_get_exec_line, which would wait for ever: nobody is served meanwhile. */
static const char *run_for_line(const char *program, const char *const *argv, char *text,
                                apr_pool_t *pool)
{
    apr_proc_t *process = apr_pcalloc(pool, sizeof *process);
    apr_procattr_t *attributes;
    const char *why;

    if (apr_procattr_create(&attributes, pool) != APR_SUCCESS
        || apr_procattr_io_set(attributes, APR_FULL_BLOCK, APR_CHILD_BLOCK, APR_FULL_BLOCK)
               != APR_SUCCESS
        || apr_procattr_cmdtype_set(attributes, APR_PROGRAM) != APR_SUCCESS
        || apr_proc_create(process, program, argv, NULL, attributes, pool) != APR_SUCCESS) {
        return "it cannot be run";
    }
    apr_file_close(process->in);
    why = read_first_line(process->out, text, MAX_SECRET_LEN + 1);
    apr_file_close(process->out);
    apr_pool_note_subprocess(pool, process, why ? APR_KILL_ALWAYS : APR_KILL_AFTER_TIMEOUT);
    return why;
}

static const char *run_secret_program(cmd_parms *cmd, const char *line, const char **value)
{
    char **argv = NULL;
    const char *program = NULL;
    const char *why = "the command line is malformed";
    char text[MAX_SECRET_LEN + 1];

    if (apr_tokenize_to_argv(line, &argv, cmd->temp_pool) == APR_SUCCESS && argv[0]) {
        program = ap_server_root_relative(cmd->temp_pool, argv[0]);
    }
    if (program) {
        why = run_for_line(program, (const char *const *)argv, text, cmd->temp_pool);
    }
    if (why) {
        /* The message names no argument of the program: arguments may be secret. */
        return apr_psprintf(
            cmd->pool,
            "%s: no secret from the program %s (%s): give the absolute path of one that prints the "
            "secret as its first line",
            cmd->cmd->name, program ? program : "of exec:", why);
    }
    *value = apr_pstrdup(cmd->pool, text);
    return NULL;
}

static const char *read_secret_variable(cmd_parms *cmd, const char *name, const char **value)
{
    const char *found = getenv(name);
    char *text = apr_pstrdup(cmd->pool, found ? found : "");
    const char *why = found ? cut_to_one_line(text, strlen(text)) : "it is not set";

    if (why) {
        return apr_psprintf(
            cmd->pool,
            "%s: no secret in the environment variable '%s' (%s): set it where Apache is started "
            "(/etc/apache2/envvars on Debian)",
            cmd->cmd->name, name, why);
    }
    *value = text;
    return NULL;
}

/* "flie:/etc/secret" is a typing error and no secret. */
static int looks_like_a_prefix(const char *arg)
{
    const char *c = arg;

    while (apr_isalpha(*c)) {
        c++;
    }
    return c > arg && c[0] == ':' && c[1] == '/';
}

static const char *take_secret_itself(cmd_parms *cmd, const char *arg, const char **value)
{
    char *text = apr_pstrdup(cmd->pool, arg);
    const char *why = cut_to_one_line(text, strlen(text));

    if (!why && looks_like_a_prefix(arg)) {
        why = "it looks like a source that does not exist";
    }
    if (why) {
        return apr_psprintf(
            cmd->pool,
            "%s: the secret is not usable (%s): write file:/path, exec:/path, env:NAME or the "
            "secret itself",
            cmd->cmd->name, why);
    }
    if (dygw_cfg_should_warn()) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, NULL,
            DYGWNO(0102) "%s (%s:%d): the secret is written in the configuration, where mod_info "
                         "and -D DUMP_CONFIG show it: use file:/path, exec:/path or env:NAME",
            cmd->cmd->name, cmd->directive->filename, cmd->directive->line_num);
    }
    *value = text;
    return NULL;
}

static int is_outside(const char *arg)
{
    return after_prefix(arg, FILE_PREFIX) || after_prefix(arg, EXEC_PREFIX)
           || after_prefix(arg, ENV_PREFIX);
}

const char *dygw_secret_tolerate(const cmd_parms *cmd, const char *arg, const char *message,
                                 const char *effect, int *unread)
{
    *unread = 0;
    if (!message || !is_outside(arg)) {
        return message;
    }
    message = dygw_cfg_tolerate(cmd, message, effect);
    *unread = !message;
    return message;
}

static const char *read_secret(cmd_parms *cmd, const char *arg, const char **value)
{
    const char *rest;

    if ((rest = after_prefix(arg, FILE_PREFIX)) != NULL) {
        return read_secret_file(cmd, rest, value);
    }
    if ((rest = after_prefix(arg, EXEC_PREFIX)) != NULL) {
        return run_secret_program(cmd, rest, value);
    }
    if ((rest = after_prefix(arg, ENV_PREFIX)) != NULL) {
        return read_secret_variable(cmd, rest, value);
    }
    return take_secret_itself(cmd, arg, value);
}

const char *dygw_secret_read(cmd_parms *cmd, const char *arg, const char *effect,
                             const char **value)
{
    int unread;
    const char *message
        = dygw_secret_tolerate(cmd, arg, read_secret(cmd, arg, value), effect, &unread);

    if (unread) {
        *value = dygw_secret_unread;
    }
    return message;
}
