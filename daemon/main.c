#include <signal.h>

#include "daemon/command.h"
#include "probes/libraries.h"

int main(int argc, char **argv)
{
    /* A peer that closes while we write must be an error to handle, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    if (libraries_start())
        return COMMAND_STATUS_UNKNOWN;
    int status = command_main(argc, argv);
    libraries_stop();
    return status;
}
