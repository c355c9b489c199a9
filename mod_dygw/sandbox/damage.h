/* SPDX-License-Identifier: Apache-2.0
 * What happens to answers on their way: scissors, other programs' encodings, gateways that compress
 * unasked. For the faults of these names (fault.c). */
#ifndef DYGW_SANDBOX_DAMAGE_H
#define DYGW_SANDBOX_DAMAGE_H

#include "sandbox/call.h"

/* Damages the texts that only decorate in the answer as it stands, in the way that the fault names
 * (surrogate, cut, control, nul, bom). */
void dygw_sandbox_damage(dygw_sandbox_call_t *call);

/* Whether there is such a way. */
int dygw_sandbox_can_damage(const char *how);

/* Has the answer compressed, whatever was asked for. */
void dygw_sandbox_compress(const dygw_sandbox_call_t *call);

/* Whether this httpd can: it is mod_deflate's work. */
int dygw_sandbox_can_compress(void);

#endif
