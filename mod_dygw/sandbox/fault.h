/* SPDX-License-Identifier: Apache-2.0
 * What goes wrong with a call on demand: before it, in its place, or to its answer. For serve.c and
 * control.c. */
#ifndef DYGW_SANDBOX_FAULT_H
#define DYGW_SANDBOX_FAULT_H

#include <jansson.h>

#include "sandbox/call.h"

/* The control interface's names, by number. */
extern const char *const dygw_sandbox_fault_names[DYGW_SANDBOX_FAULT_KINDS];

/* Takes the fault that is due for this call out of the queue; the lock is held. */
void dygw_sandbox_fault_pick(dygw_sandbox_call_t *call);

/* Faults that take the place of the call. 1: the answer is there, nothing was done. */
int dygw_sandbox_fault_instead(dygw_sandbox_call_t *call);

/* Faults that spoil the answer to what was done. */
void dygw_sandbox_fault_after(dygw_sandbox_call_t *call);

/* Adds the fault that a control request describes; the lock is held. NULL, or what is wrong. */
const char *dygw_sandbox_fault_add(const json_t *wanted);

#endif
