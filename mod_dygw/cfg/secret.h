/* SPDX-License-Identifier: Apache-2.0
 * The secrets of directives. */
#ifndef DYGW_CFG_SECRET_H
#define DYGW_CFG_SECRET_H

#include "cfg/module.h"

/* Reads the secret that an argument stands for: "file:/path" (a file of one line), "exec:/path
 * args" (the first line that a program prints), "env:NAME" (a variable), or the secret itself.
 * *value is from cmd->pool. Returns NULL, or a message that has the directive and the remedy, and
 * never the secret. Warns once a start about a file that others can read, and about a secret that
 * is written in the configuration. */
const char *dygw_secret_read(cmd_parms *cmd, const char *arg, const char **value);

/* Whether this pass over the configuration should warn: httpd reads the configuration twice at a
 * start, and one warning is enough. */
int dygw_cfg_should_warn(void);

#endif
