/* SPDX-License-Identifier: MIT */
#include "daemon/system/secrecy.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void secrecy_begin(void)
{
    struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

void secrecy_keep(const struct settings *settings)
{
    for (size_t i = 0; settings && i < settings->target_count; i++) {
        if (!settings->targets[i].docker_config_count)
            continue;
        secrecy_begin();
        return;
    }
}
