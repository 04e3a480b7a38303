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
