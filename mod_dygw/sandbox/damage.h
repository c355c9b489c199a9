/* SPDX-License-Identifier: Apache-2.0
 * Damages answers as it happens on their way: texts that are cut, wrong encodings, answers that are
 * compressed although nobody asked for this. For the faults of these names (fault.c). */
#ifndef DYGW_SANDBOX_DAMAGE_H
#define DYGW_SANDBOX_DAMAGE_H

#include "sandbox/call.h"

/* Damages the answer of a call in the way that its fault names (surrogate, cut, control, nul, bom).
 * Only texts for people are damaged, as titles: no ids, codes or numbers. */
void dygw_sandbox_damage(dygw_sandbox_call_t *call);

/* Whether `how` is such a way. */
int dygw_sandbox_can_damage(const char *how);

/* Makes httpd compress the answer, whatever the client accepts. */
void dygw_sandbox_compress(const dygw_sandbox_call_t *call);

/* Whether this httpd can compress, which needs mod_deflate. */
int dygw_sandbox_can_compress(void);

#endif
