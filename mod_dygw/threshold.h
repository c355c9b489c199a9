/* SPDX-License-Identifier: Apache-2.0
 * What httpd does with a request for one of our places before its handler has it, and what of that
 * our places are kept out of. */
#ifndef DYGW_THRESHOLD_H
#define DYGW_THRESHOLD_H

/* Registers the hooks. */
void dygw_threshold_register(void);

#endif
