/* SPDX-License-Identifier: Apache-2.0
 * For store/db/db.c and store/db/session.c only: what PostgreSQL says beside its answers.
 *
 * A session that waits for its synchronous standby and is told to stop waiting answers as if all
 * were well, with a warning that the commit "might not have been replicated". The driver throws
 * warnings away, and so the client library is asked for them. */
#ifndef DYGW_STORE_DB_NOTICE_H
#define DYGW_STORE_DB_NOTICE_H

#include "store/db/source.h"

/* From now on warnings of that connection are listened to; with other databases, and a client
 * library that does not play along, nothing happens. */
void dygw_notice_listen(const dygw_dbd_t *dbd, dygw_dialect_e dialect);

/* Before a statement of this thread, and after it: was it committed without its standby? */
void dygw_notice_forget(void);
int dygw_notice_is_alone(void);

#endif
