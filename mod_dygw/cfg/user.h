/* SPDX-License-Identifier: Apache-2.0
 * The User that children run as, and root acting as the User for a moment. */
#ifndef DYGW_CFG_USER_H
#define DYGW_CFG_USER_H

#include <sys/types.h>

#include "cfg/module.h"

/* What root was before it became the User. */
typedef struct dygw_root_t {
    int became; /* 0: this process is not root's, or could not become the User */
    gid_t group;
    gid_t *groups;
    int count;
} dygw_root_t;

/* Root works as the User from here on, with the User's groups, as a child does; another user stays
 * what it is. From pool. 0: root cannot, and is root still. */
int dygw_user_become(dygw_root_t *root, apr_pool_t *pool);

/* Root is root again. 0: it cannot be, logged: httpd must not go on. */
int dygw_user_leave(const dygw_root_t *root, const server_rec *server);

/* The names of SQLite's files, after the path of the database; and for whom the start makes the
 * directory: the User alone. */
#define DYGW_SQLITE_SUFFIXES       "", "-wal", "-shm"
#define DYGW_SQLITE_DIRECTORY_MODE (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE)

/* What keeps the User from working with SQLite's file, as far as stat() and access() can tell, with
 * the remedy; NULL: nothing. What the start mends by itself is no fault: a file or a directory that
 * is not there yet, where it can be made, and files that root gives to the User. From pool. */
const char *dygw_user_fault(const char *path, apr_pool_t *pool);

/* Makes SQLite's file, empty, where there is none: for its owner alone, while SQLite would let all
 * users of the machine read it. What cannot be made is left to SQLite. */
void dygw_user_make_file(const char *path);

#endif
