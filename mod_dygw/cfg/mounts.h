/* SPDX-License-Identifier: Apache-2.0
 * What configtest says of the places where our handlers are mounted. */
#ifndef DYGW_CFG_MOUNTS_H
#define DYGW_CFG_MOUNTS_H

#include "cfg/module.h"

/* Refuses handlers that begin as ours and are none; warns of places where a handler of ours cannot
 * work, of plain http, of /internal for everybody, and of an operator that anybody can name.
 * Returns how many mistakes it has found; warnings are none. */
int dygw_cfg_check_mounts(apr_pool_t *pool, const server_rec *main_server);

#endif
