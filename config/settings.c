/* SPDX-License-Identifier: MIT */
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

const char *const profile_names[] = {[PROFILE_NONE] = "none",
                                     [PROFILE_TKE_SERVERLESS] = "tke-serverless",
                                     [PROFILE_NODE] = "node",
                                     NULL};
const char *const expect_names[] = {
    [EXPECT_ANY] = "any", [EXPECT_PRIVATE] = "private", [EXPECT_PUBLIC] = "public", NULL};
const char *const control_kind_names[] = {
    [CONTROL_VPC] = "vpc", [CONTROL_INTERNET] = "internet", NULL};
const char *const log_level_names[] = {[LOG_LEVEL_DEBUG] = "debug",
                                       [LOG_LEVEL_INFO] = "info",
                                       [LOG_LEVEL_WARN] = "warn",
                                       [LOG_LEVEL_ERROR] = "error",
                                       NULL};
const char *const log_format_names[] = {
    [LOG_FORMAT_LOGFMT] = "logfmt", [LOG_FORMAT_JSON] = "json", NULL};

const char *profile_name(enum profile profile)
{
    return profile_names[profile];
}

const char *expect_name(enum expect expect)
{
    return expect_names[expect];
}

const char *control_kind_name(enum control_kind kind)
{
    return control_kind_names[kind];
}

const char *log_level_name(enum log_level level)
{
    return log_level_names[level];
}
