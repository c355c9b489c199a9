/* SPDX-License-Identifier: Apache-2.0
 * What mod_status shows of the gateways. */
#ifndef DYGW_HANDLE_STATUS_H
#define DYGW_HANDLE_STATUS_H

/* For register_hooks: registers a section of the status page. Without mod_status nothing happens.
 */
void dygw_status_register(void);

#endif
