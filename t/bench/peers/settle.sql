-- SPDX-License-Identifier: Apache-2.0
UPDATE dygw_verifications SET verify_status = 'success', coupon_status = 'used', verify_id = $2, verify_time = $3,
    cancelable_until = $4, confirmed_by = 'response', updated_at = $3, lease_until = 0, next_run_at = $3,
    enrichment_status = 'pending', douyin_response = $5, revision = revision + 1
WHERE id = $1 AND verify_status = 'processing'
