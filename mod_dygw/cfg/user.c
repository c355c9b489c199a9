/* SPDX-License-Identifier: Apache-2.0
 * The User that children run as: what root does in the User's place, and what keeps the User from
 * SQLite's files. */
#include "cfg/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unixd.h>

#include <apr_strings.h>
#include <apr_user.h>

#include "cfg/cfg.h"
#include "util/log.h"

/* --- root and the User --- */

/* As httpd does for a child: by the name, as several may have one number. */
static int take_groups(apr_pool_t *pool)
{
    const char *given = ap_unixd_config.user_name;
    char *name = given && *given != '#' ? apr_pstrdup(pool, given) : NULL;

    if (!name && apr_uid_name_get(&name, ap_unixd_config.user_id, pool) != APR_SUCCESS) {
        return setgroups(1, &ap_unixd_config.group_id) == 0;
    }
    return initgroups(name, ap_unixd_config.group_id) == 0;
}

int dygw_user_become(dygw_root_t *root, apr_pool_t *pool)
{
    root->became = 0;
    if (geteuid() != 0) {
        return 1;
    }
    root->group = getegid();
    root->count = getgroups(0, NULL);
    root->groups = apr_palloc(pool, sizeof(gid_t) * ((size_t)root->count + 1));
    root->count = getgroups(root->count, root->groups);
    if (take_groups(pool) && setegid(ap_unixd_config.group_id) == 0
        && seteuid(ap_unixd_config.user_id) == 0) {
        root->became = 1;
        return 1;
    }
    /* What was done of it is undone: nothing has been taken from root that is needed for it. */
    (void)!setegid(root->group);
    (void)!setgroups((size_t)root->count, root->groups);
    return 0;
}

int dygw_user_leave(const dygw_root_t *root, const server_rec *server)
{
    if (!root->became
        || (seteuid(0) == 0 && setegid(root->group) == 0
            && setgroups((size_t)root->count, root->groups) == 0)) {
        return 1;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, errno, server,
                 DYGWNO(0642) "root cannot become root again");
    return 0;
}

/* --- SQLite's files --- */

static int may_use(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static const char *directory_fault(const char *dir, int is_root, apr_pool_t *pool)
{
    const char *above = dygw_cfg_directory_of(dir, pool);
    struct stat info;

    if (stat(dir, &info) == 0) {
        return !S_ISDIR(info.st_mode) ? apr_psprintf(pool, "%s is no directory: make it one", dir)
               : may_use(dir, W_OK | X_OK)
                   ? NULL
                   : apr_psprintf(pool,
                                  "the User that children run as may not write to the directory "
                                  "%s, and SQLite has to: chown it",
                                  dir);
    }
    if (errno != ENOENT) {
        return apr_psprintf(pool,
                            "the User that children run as cannot reach the directory %s: look at "
                            "the directories above it",
                            dir);
    }
    if (stat(above, &info) != 0) {
        return apr_psprintf(pool,
                            "the directory %s does not exist: create it, writable by the User that "
                            "children run as",
                            dir);
    }
    return is_root || may_use(above, W_OK | X_OK)
               ? NULL
               : apr_psprintf(pool,
                              "the directory %s does not exist, and cannot be made in %s: create "
                              "it, writable by the User that children run as",
                              dir, above);
}

/* Root gives a file to the User that has one name only and is no link. */
static int is_given(const struct stat *info)
{
    return S_ISREG(info->st_mode) && info->st_nlink == 1;
}

static const char *file_fault(const char *file, int is_root, apr_pool_t *pool)
{
    struct stat info;

    if (lstat(file, &info) != 0 || (is_root && is_given(&info))) {
        return NULL;
    }
    if (stat(file, &info) == 0 && !S_ISREG(info.st_mode)) {
        return apr_psprintf(pool, "%s is no file: give the path of SQLite's file", file);
    }
    return may_use(file, R_OK | W_OK) || errno == ENOENT
               ? NULL
               : apr_psprintf(pool,
                              "the User that children run as may not write to %s: chown it (a link "
                              "is not followed, and a file with another name is not given away)",
                              file);
}

const char *dygw_user_fault(const char *path, apr_pool_t *pool)
{
    static const char *const suffixes[] = { DYGW_SQLITE_SUFFIXES };
    int is_root = geteuid() == 0;
    const char *fault;
    dygw_root_t root;
    size_t i;

    if (!dygw_user_become(&root, pool)) {
        return NULL;
    }
    fault = directory_fault(dygw_cfg_directory_of(path, pool), is_root, pool);
    for (i = 0; !fault && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        fault = file_fault(apr_pstrcat(pool, path, suffixes[i], NULL), is_root, pool);
    }
    if (!dygw_user_leave(&root, NULL)) {
        return "root cannot become root again";
    }
    return fault;
}

void dygw_user_make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd >= 0) {
        close(fd);
    }
}
