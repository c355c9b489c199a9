/* SPDX-License-Identifier: Apache-2.0
 * What mod_status shows of the gateways. */
#ifndef DYGW_HANDLE_STATUS_H
#define DYGW_HANDLE_STATUS_H

/* Registers for mod_status's optional hook: without that module nothing comes of it. */
void dygw_status_register(void);

#endif
