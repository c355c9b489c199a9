/* SPDX-License-Identifier: Apache-2.0
 * Puts together what is declared, and checks it. */
#ifndef DYGW_CFG_DECLARE_H
#define DYGW_CFG_DECLARE_H

#include "cfg/cfg.h"

/* Fills cfg->declared with the apps and stores that are written in a server; for check_config,
 * once. has_application: DygwClientKey stands there, too. Refuses what is declared twice, and
 * stores that are not there; returns how many mistakes it has found. A file of stores that has what
 * others have is a mistake in configtest alone: else it is among cfg->declared->left_out. */
int dygw_cfg_declare(const dygw_cfg_t *cfg, int has_application, const server_rec *main_server,
                     apr_pool_t *ptemp);

/* Names an app or a store, from pool, that two servers do not declare alike; NULL: there is none.
 * `one` and `other` have been filled; or are NULL, where nothing is declared. */
const char *dygw_cfg_declared_apart(const dygw_declared_t *one, const dygw_declared_t *other,
                                    apr_pool_t *pool);

#endif
