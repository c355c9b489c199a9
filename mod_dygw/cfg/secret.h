/* SPDX-License-Identifier: Apache-2.0
 * The secrets of directives. */
#ifndef DYGW_CFG_SECRET_H
#define DYGW_CFG_SECRET_H

#include "cfg/module.h"

#include "util/crypto.h"

/* What stands for a secret, and for a master key, that could not be read: the gateway does not
 * start with it. They are known by their addresses. */
extern const char dygw_secret_unread[];
extern dygw_seal_t dygw_seal_unread;

/* Whether this is configtest. It refuses whatever it can see to be wrong; a start or a restart goes
 * on without the gateway where the configuration itself is right: a file, a program or a database
 * must not end the rest of httpd. */
int dygw_cfg_is_test(void);

/* Whether this pass should tell what it tolerates: not the first one of a start, which comes before
 * the error log is open. configtest has that one alone. */
int dygw_cfg_should_tell(void);

/* message tells what is wrong outside of the configuration. In configtest it is returned. Else it
 * is logged once a start, with the directive's place and what follows from it, and NULL is
 * returned. */
const char *dygw_cfg_tolerate(const cmd_parms *cmd, const char *message, const char *effect);

/* The same for the argument of a secret; `message` about an argument that is the secret itself is
 * always returned. *unread: what is wrong is tolerated, and there is no secret. */
const char *dygw_secret_tolerate(const cmd_parms *cmd, const char *arg, const char *message,
                                 const char *effect, int *unread);

/* The effect of a secret without which the gateway must not start. */
extern const char dygw_secret_shuts_gateway[];

/* Reads the secret that an argument stands for: "file:/path" (a file of one line), "exec:/path
 * args" (the first line that a program prints), "env:NAME" (a variable), or the secret itself.
 * *value is from cmd->pool. Returns NULL, or a message that has the directive and the remedy, and
 * never the secret; where that is tolerated, NULL, and *value is dygw_secret_unread, of which
 * `effect` tells what follows. Warns once a start about a file that others can read, and about a
 * secret that is written in the configuration. */
const char *dygw_secret_read(cmd_parms *cmd, const char *arg, const char *effect,
                             const char **value);

/* Whether this pass over the configuration should warn: httpd reads the configuration twice at a
 * start, and one warning is enough. */
int dygw_cfg_should_warn(void);

#endif
