#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/command.h"
#include "probes/libraries.h"

static int give_up(void)
{
    fputs("UNKNOWN - not enough memory or descriptors\n", stderr);
    return COMMAND_STATUS_UNKNOWN;
}

/* Where libevent cannot go on, e.g. for want of a descriptor, it ends the program by itself: with
 * 1, which would be a warning. */
static void on_event_fatal(int error)
{
    (void)error;
    exit(give_up());
}

int main(int argc, char **argv)
{
    /* A peer that closes while we write must be an error to handle, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    event_set_fatal_callback(on_event_fatal);
    if (libraries_start())
        return give_up();
    int status = command_main(argc, argv);
    libraries_stop();
    return status;
}
