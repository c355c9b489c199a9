/* SPDX-License-Identifier: Apache-2.0
 * Faults: what goes wrong with calls because the control interface asked for it. A fault comes
 * before the call, instead of the call, or after the call, when it spoils the answer. For serve.c
 * and control.c. */
#ifndef DYGW_SANDBOX_FAULT_H
#define DYGW_SANDBOX_FAULT_H

#include <jansson.h>

#include "sandbox/call.h"

/* The names of the faults in the control interface, by dygw_sandbox_fault_e. */
extern const char *const dygw_sandbox_fault_names[DYGW_SANDBOX_FAULT_KINDS];

/* Takes the first fault for this call from the queue into call->fault. The caller holds the
 * lock. */
void dygw_sandbox_fault_pick(dygw_sandbox_call_t *call);

/* Does a fault that comes instead of the call. Returns 1 where the fault has written the answer,
 * and the call must not be done; else 0. */
int dygw_sandbox_fault_instead(dygw_sandbox_call_t *call);

/* Does a fault that spoils the answer to a call that was done. */
void dygw_sandbox_fault_after(dygw_sandbox_call_t *call);

/* Adds the fault that a control request describes to the queue. Returns NULL, or what is wrong with
 * the request. The caller holds the lock. */
const char *dygw_sandbox_fault_add(const json_t *wanted);

#endif
