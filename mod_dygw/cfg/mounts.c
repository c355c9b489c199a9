/* SPDX-License-Identifier: Apache-2.0
 * What configtest says of the places where our handlers are mounted. Httpd does not know handlers
 * before a request wants one, nor which modules decide about access: so this looks at the
 * configuration as it was written. In doubt it says nothing. */
#include "cfg/mounts.h"

#include <string.h>

#include <apr_fnmatch.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "cfg/cfg.h"
#include "cfg/reach.h"
#include "cfg/secret.h"
#include "cfg/tree.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/spelling.h"

#define PREFIX   "dygw"
#define INTERNAL "dygw-internal"

static const char *const handlers[] = { DYGW_HANDLERS, "dygw-sandbox", NULL };

/* A <Location> with a plain path and a handler of ours. */
typedef struct mount_t {
    const ap_directive_t *section;
    const ap_directive_t *directive; /* SetHandler */
    const char *handler;
    const char *path;
} mount_t;

typedef struct check_t {
    apr_pool_t *pool;
    const server_rec *main_server; /* its log; virtual hosts have none yet */
    const server_rec *server;
    const char *where;
    apr_hash_t *told; /* the mounts (directive) that were warned of, in whichever server first */
    int mistakes;
} check_t;

#define warn(check, ...) \
    do { \
        if (dygw_cfg_should_warn()) { \
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, (check)->main_server, __VA_ARGS__); \
        } \
    } while (0)

/* --- words --- */

/* A handler that a directive names, in small letters as httpd takes it, if it begins as ours do.
 * NULL: another one, or an expression. */
static const char *handler_of(const ap_directive_t *node, apr_pool_t *pool)
{
    char *name;

    if (!dygw_tree_is(node, "SetHandler") && !dygw_tree_is(node, "AddHandler")) {
        return NULL;
    }
    name = apr_pstrdup(pool, dygw_tree_argument(node, pool));
    ap_str_tolower(name);
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && !strchr(name, '%') ? name : NULL;
}

/* The path of a <Location> with a plain path, without a slash at the end; NULL: it is another
 * section. */
static const char *plain_path(const ap_directive_t *node, apr_pool_t *pool)
{
    const char *path
        = node && dygw_tree_is(node, "<Location") ? dygw_tree_argument(node, pool) : "";
    apr_size_t len = strlen(path);

    if (*path != '/' || apr_fnmatch_test(path)) {
        return NULL;
    }
    return path[len - 1] == '/' ? apr_pstrmemdup(pool, path, len - 1) : path;
}

static void check_handler(check_t *check, const ap_directive_t *node, const char *handler,
                          const ap_directive_t *section)
{
    if (!dygw_is_one_of(handler, handlers)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, check->main_server,
                     DYGWNO(0130) "%s %s (%s:%d): there is no such handler; did you mean %s?",
                     node->directive, handler, node->filename, node->line_num,
                     dygw_nearest(handler, handlers));
        check->mistakes++;
    }
    else if (!dygw_tree_is(node, "SetHandler") || !plain_path(section, check->pool)) {
        warn(check,
             DYGWNO(0131) "%s %s (%s:%d) works only as SetHandler directly inside a <Location> "
                          "with a plain path: here each request is answered 500",
             node->directive, handler, node->filename, node->line_num);
    }
}

/* Nodes that an <IfModule> has brought do not always know their parent. */
static void check_words(check_t *check, const ap_directive_t *node, const ap_directive_t *section)
{
    for (; node; node = node->next) {
        const char *handler = handler_of(node, check->pool);

        if (handler) {
            check_handler(check, node, handler, section);
        }
        check_words(check, node->first_child, node);
    }
}

/* --- the mounts of a server --- */

static void add_mounts(apr_array_header_t *mounts, const ap_directive_t *section)
{
    apr_pool_t *pool = mounts->pool;

    for (; section; section = section->next) {
        const char *path = plain_path(section, pool);

        for (const ap_directive_t *node = path ? section->first_child : NULL; node;
             node = node->next) {
            const char *handler = handler_of(node, pool);

            if (handler && dygw_tree_is(node, "SetHandler")) {
                APR_ARRAY_PUSH(mounts, mount_t) = (mount_t){ section, node, handler, path };
            }
        }
    }
}

/* A virtual host has those of the main server as well. */
static apr_array_header_t *mounts_of(const server_rec *server, apr_pool_t *pool)
{
    apr_array_header_t *mounts = apr_array_make(pool, 4, sizeof(mount_t));

    add_mounts(mounts, ap_conftree);
    if (server->is_virtual) {
        add_mounts(mounts, dygw_tree_first(server));
    }
    return mounts;
}

static int is_internal(const mount_t *mount)
{
    return strcmp(mount->handler, INTERNAL) == 0;
}

/* --- the sections that hold for a mount --- */

static int is_matched(const char *pattern, const char *path, apr_pool_t *pool)
{
    const ap_regex_t *regex = ap_pregcomp(pool, pattern, AP_REG_EXTENDED);

    return regex
           && (ap_regexec(regex, path, 0, NULL, 0) == 0
               || ap_regexec(regex, apr_pstrcat(pool, path, "/", NULL), 0, NULL, 0) == 0);
}

static int is_below(const char *path, const char *section)
{
    apr_size_t len = strlen(section);

    return strncmp(path, section, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether a section may hold for all of a mount. An <If> may. */
static int may_hold(const ap_directive_t *section, const mount_t *mount, apr_pool_t *pool)
{
    const char *path = plain_path(section, pool);
    const char *args = section->args;

    if (path) {
        return is_below(mount->path, path);
    }
    if (dygw_tree_is(section, "<LocationMatch")) {
        return is_matched(dygw_tree_argument(section, pool), mount->path, pool);
    }
    if (!dygw_tree_is(section, "<Location")) {
        return ap_cstr_casecmpn(section->directive, "<If", 3) == 0
               || ap_cstr_casecmpn(section->directive, "<Else", 5) == 0;
    }
    if (*ap_getword_conf(pool, &args) == '~') {
        char *pattern = ap_getword_conf(pool, &args);

        pattern[strcspn(pattern, ">")] = '\0';
        return is_matched(pattern, mount->path, pool);
    }
    return apr_fnmatch(dygw_tree_argument(section, pool), mount->path, 0) == APR_SUCCESS;
}

typedef int directive_test_fn(const ap_directive_t *node, apr_pool_t *pool);

static int has_any(const ap_directive_t *node, directive_test_fn *test, apr_pool_t *pool)
{
    while (node && !test(node, pool) && !has_any(node->first_child, test, pool)) {
        node = node->next;
    }
    return node != NULL;
}

static int holds_in(const ap_directive_t *node, const mount_t *mount, directive_test_fn *test,
                    apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (may_hold(node, mount, pool) && has_any(node->first_child, test, pool)) {
            return 1;
        }
    }
    return 0;
}

/* Whether a directive of that kind may hold for a mount. */
static int holds(const check_t *check, const mount_t *mount, directive_test_fn *test)
{
    return holds_in(ap_conftree, mount, test, check->pool)
           || (check->server->is_virtual
               && holds_in(dygw_tree_first(check->server), mount, test, check->pool));
}

/* --- what is looked for --- */

static int decides_access(const ap_directive_t *node, DYGW_UNUSED apr_pool_t *pool)
{
    static const char *const names[]
        = { "Require", "<RequireAll", "<RequireAny", "<RequireNone",   "Order",
            "Allow",   "Deny",        "SSLRequire",  "SSLVerifyClient" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (dygw_tree_is(node, names[i])) {
            return 1;
        }
    }
    return 0;
}

static int authenticates(const ap_directive_t *node, apr_pool_t *pool)
{
    return (dygw_tree_is(node, "AuthType")
            && ap_cstr_casecmp(dygw_tree_argument(node, pool), "None") != 0)
           || dygw_tree_is(node, "SSLUserName");
}

static int refuses_plain(const ap_directive_t *node, apr_pool_t *pool)
{
    return dygw_tree_is(node, "SSLRequireSSL")
           || (dygw_tree_is(node, "Require")
               && ap_cstr_casecmp(dygw_tree_argument(node, pool), "ssl") == 0);
}

static int wants_certificate(const server_rec *server, apr_pool_t *pool)
{
    const ap_directive_t *node = dygw_tree_setting(server, "SSLVerifyClient");

    return node && ap_cstr_casecmp(dygw_tree_argument(node, pool), "require") == 0;
}

/* --- warnings --- */

static void check_plain(const check_t *check, const apr_array_header_t *mounts)
{
    const char *address = dygw_reach_plain(check->server, check->main_server, check->pool);

    for (int i = 0; address && i < mounts->nelts; i++) {
        const mount_t *mount = &APR_ARRAY_IDX(mounts, i, mount_t);

        if (strcmp(mount->handler, "dygw-health") != 0 && !holds(check, mount, refuses_plain)) {
            warn(check,
                 DYGWNO(0132) "%s (%s:%d) is to be had over plain http at %s in %s: who is on the "
                              "way reads coupon codes, tokens and secrets. Mount it inside a "
                              "<VirtualHost> with SSLEngine on, or, where a proxy in front speaks "
                              "https, Listen on 127.0.0.1 or name the proxy with RemoteIPHeader",
                 mount->path, mount->directive->filename, mount->directive->line_num, address,
                 check->where);
            return;
        }
    }
}

/* This and the next return whether there is something to say. */
static int check_access(const check_t *check, const mount_t *mount)
{
    int is_open
        = !holds(check, mount, decides_access) && !wants_certificate(check->server, check->pool);

    if (is_open) {
        warn(check,
             DYGWNO(0133) "%s (%s:%d) has no Require in %s: whoever reaches it administers the "
                          "gateway, for <Directory> and .htaccess do not hold there. Add `Require "
                          "local`, or users or certificates, to its <Location>",
             mount->path, mount->directive->filename, mount->directive->line_num, check->where);
    }
    return is_open;
}

/* Who writes DygwOperatorHeader down has decided. */
static int check_operator(const check_t *check, const mount_t *mount)
{
    const ap_directive_t *proxy
        = dygw_reach_proxy(check->server, check->main_server, mount->path, check->pool);
    int asks
        = holds(check, mount, authenticates) || dygw_tree_setting(check->server, "SSLUserName");

    if (dygw_cfg_get(check->server)->operator_header) {
        return 0;
    }
    if (asks) {
        warn(check,
             DYGWNO(0134) "Apache authenticates at %s (%s:%d) in %s, and whom it does not ask may "
                          "name himself in X-XTJ-UID all the same: set `DygwOperatorHeader none`",
             mount->path, mount->directive->filename, mount->directive->line_num, check->where);
    }
    else if (proxy) {
        warn(
            check,
            DYGWNO(0135) "%s (%s:%d) in %s is behind a proxy (%s, %s:%d), and whoever gets through "
                         "names himself in X-XTJ-UID: have Apache authenticate and set "
                         "`DygwOperatorHeader none`; where the proxy itself sets that header, "
                         "write `DygwOperatorHeader X-XTJ-UID`",
            mount->path, mount->directive->filename, mount->directive->line_num, check->where,
            proxy->directive, proxy->filename, proxy->line_num);
    }
    return asks || proxy;
}

static void check_server(const check_t *check)
{
    const apr_array_header_t *mounts = mounts_of(check->server, check->pool);

    check_plain(check, mounts);
    for (int i = 0; i < mounts->nelts; i++) {
        const mount_t *mount = &APR_ARRAY_IDX(mounts, i, mount_t);

        if (is_internal(mount) && !apr_hash_get(check->told, &mount->directive, sizeof(void *))
            && check_access(check, mount) + check_operator(check, mount) > 0) {
            apr_hash_set(check->told, &mount->directive, sizeof(void *), mount);
        }
    }
}

int dygw_cfg_check_mounts(apr_pool_t *pool, const server_rec *main_server)
{
    check_t check = { .pool = pool, .main_server = main_server, .told = apr_hash_make(pool) };

    check_words(&check, ap_conftree, NULL);
    for (const server_rec *s = main_server; s; s = s->next) {
        check.server = s;
        check.where = dygw_cfg_where(pool, s);
        if (dygw_cfg_get(s)->client_key) {
            check_server(&check);
        }
    }
    return check.mistakes;
}
