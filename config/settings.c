#include "config/settings.h"

struct settings *settings_hold(struct settings *settings)
{
    settings->references++;
    return settings;
}

void settings_release(struct settings *settings)
{
    if (settings && --settings->references == 0)
        arena_free(settings->arena);
}

const char *profile_name(enum profile profile)
{
    static const char *const names[] = {
        [PROFILE_NONE] = "none",
        [PROFILE_TKE_SERVERLESS] = "tke-serverless",
    };
    return names[profile];
}

const char *expect_name(enum expect expect)
{
    static const char *const names[] = {
        [EXPECT_ANY] = "any",
        [EXPECT_PRIVATE] = "private",
        [EXPECT_PUBLIC] = "public",
    };
    return names[expect];
}

const char *control_kind_name(enum control_kind kind)
{
    static const char *const names[] = {
        [CONTROL_VPC] = "vpc",
        [CONTROL_INTERNET] = "internet",
    };
    return names[kind];
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {
        [LOG_LEVEL_DEBUG] = "debug",
        [LOG_LEVEL_INFO] = "info",
        [LOG_LEVEL_WARN] = "warn",
        [LOG_LEVEL_ERROR] = "error",
    };
    return names[level];
}
