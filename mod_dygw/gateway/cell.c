/* SPDX-License-Identifier: Apache-2.0
 * The shared cell: short looks under its lock. */
#include "gateway/cell.h"

#include "util/clock.h"

#define ID_EPOCH_MS         1704067200000   /* 2024-01-01T00:00:00Z */
#define ID_BITS_WITHIN_MS   12

dygw_cell_t *dygw_cell_lock(dygw_gateway_t *gateway)
{
    gateway->lock_cell(gateway->cell_baton);
    return gateway->cell;
}

void dygw_cell_unlock(dygw_gateway_t *gateway)
{
    gateway->unlock_cell(gateway->cell_baton);
}

apr_int64_t dygw_cell_next_ids(dygw_gateway_t *gateway, int count)
{
    /* The random part keeps hosts that work in the same millisecond apart. */
    apr_uint16_t within = 0;
    apr_int64_t id;
    dygw_cell_t *cell;

    dygw_random_bytes(&within, sizeof(within));
    id = ((dygw_now() - ID_EPOCH_MS) << ID_BITS_WITHIN_MS)
         + (within & ((1 << ID_BITS_WITHIN_MS) - 1));
    cell = dygw_cell_lock(gateway);
    if (id <= cell->last_id) {
        id = cell->last_id + 1;
    }
    cell->last_id = id + count - 1;
    dygw_cell_unlock(gateway);
    return id;
}

apr_int64_t dygw_cell_apps_version(dygw_gateway_t *gateway)
{
    apr_int64_t version = dygw_cell_lock(gateway)->apps_version;

    dygw_cell_unlock(gateway);
    return version;
}

void dygw_cell_raise_apps_version(dygw_gateway_t *gateway, apr_int64_t at_least)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    if (cell->apps_version < at_least) {
        cell->apps_version = at_least;
    }
    dygw_cell_unlock(gateway);
}
