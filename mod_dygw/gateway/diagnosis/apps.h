/* SPDX-License-Identifier: Apache-2.0
 * For gateway/diagnosis/ only: the apps that httpd.conf declares. */
#ifndef DYGW_GATEWAY_DIAGNOSIS_APPS_H
#define DYGW_GATEWAY_DIAGNOSIS_APPS_H

#include "gateway/diagnosis/diagnosis.h"

/* Writes the findings about declared apps, none where none is declared; and about hosts that
 * declare otherwise. db NULL: the database cannot be asked for what is in their way, for this
 * reason. */
void dygw_diagnose_apps(const dygw_diagnosis_t *d, dygw_db_t *db, dygw_why_e why_not);

#endif
