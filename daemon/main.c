/* SPDX-License-Identifier: MIT */
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/commands/commands.h"
#include "probes/libraries.h"

static int stop_at_start(void)
{
    fputs("UNKNOWN - not enough memory or descriptors\n", stderr);
    return COMMAND_STATUS_UNKNOWN;
}

/* libevent ends the program if it lacks memory or descriptors, with status 1, which would mean a
 * warning. */
static void on_event_fatal(int error)
{
    (void)error;
    exit(stop_at_start());
}

/* If the caller closed a standard descriptor, a socket would get its number, and a line for
 * standard error would go to a peer. /dev/null takes its place; output to it fails as it would to a
 * closed descriptor. */
static bool open_standard_files(void)
{
    static const int flags[] = {O_WRONLY, O_RDONLY, O_RDWR};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!open_standard_files())
        return COMMAND_STATUS_UNKNOWN;
    /* A peer that closes its end while we write causes an error to handle, not the end of the
     * process. */
    signal(SIGPIPE, SIG_IGN);
    event_set_fatal_callback(on_event_fatal);
    if (libraries_start())
        return stop_at_start();
    int status = command_main(argc, argv);
    libraries_stop();
    return status;
}
