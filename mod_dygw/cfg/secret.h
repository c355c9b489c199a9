/* SPDX-License-Identifier: Apache-2.0
 * Secrets in directives. */
#ifndef DYGW_CFG_SECRET_H
#define DYGW_CFG_SECRET_H

#include "cfg/module.h"

/* Reads what a secret argument stands for: "file:/path" (one line), "exec:/path args" (its first
 * line), "env:NAME", or the value itself; *value is from cmd->pool. Returns NULL, or a message that
 * has the directive and the remedy but never the value. Warns, once a start, about files that
 * others can read and values written in the configuration. */
const char *dygw_secret_read(cmd_parms *cmd, const char *arg, const char **value);

/* Whether this pass over the configuration should warn: httpd reads it twice at a start. */
int dygw_cfg_should_warn(void);

#endif
