/* SPDX-License-Identifier: Apache-2.0
 * The look at a coupon that a caller waits for: it is asked as the background's get and query are, and
 * answered from their queues. With fake_douyin.h. */
#ifndef FAKE_LOOK_H
#define FAKE_LOOK_H

#include "fake_douyin.h"

/* How long the last look was allowed to take, in us. */
apr_interval_time_t fake_look_patience(void);

#endif
