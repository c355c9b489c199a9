/* SPDX-License-Identifier: Apache-2.0
 * Places where tests stop or kill the process. See step.h. */
#include "util/step.h"

#ifdef DYGW_TEST_STEPS

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_ROOM 1024
#define LOOK_US   5000

static int make_step_path(char *path, const char *name, const char *ending)
{
    const char *directory = getenv("DYGW_TEST_STEPS");

    return directory && snprintf(path, PATH_ROOM, "%s/%s%s", directory, name, ending) < PATH_ROOM;
}

void dygw_step(const char *name)
{
    char armed[PATH_ROOM];
    char here[PATH_ROOM];
    char go[PATH_ROOM];

    if (!make_step_path(armed, name, "") || !make_step_path(here, name, ".here")
        || !make_step_path(go, name, ".go") || rename(armed, here) != 0) {
        return;
    }
    while (access(go, F_OK) != 0) {
        usleep(LOOK_US);
    }
}

#endif
