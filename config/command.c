/* SPDX-License-Identifier: MIT */
#include "config/command.h"

#define TARGETS                                                                         \
    "TARGET is an instance name (acme-prod), a HOST[:PORT], or an image reference\n"    \
    "(acme-prod.tencentcloudcr.com/team/app:1.4). Without one, the targets come from\n" \
    "TCR_PROBE_TARGETS or the file.\n"
#define STATUSES                                                           \
    "0 ok, 1 warning, 2 failure, 3 unknown or usage error. With several\n" \
    "targets the worst counts, in the order failure, unknown, warning, ok.\n"

const struct command_words command_table[COMMAND_COUNT] = {
    [COMMAND_CHECK] =
        {"check",
         "[OPTIONS] TARGET...",
         "run once, print a report",
         "Probes every target once, prints a report, and exits with its status.\n" TARGETS,
         STATUSES,
         {"tcr-probe check --profile tke-serverless --expect private acme-prod",
          "tcr-probe check --format json registry.example.com:5000 > report.json"},
         OPERANDS_TARGETS,
         true},
    [COMMAND_RUN] =
        {"run",
         "[OPTIONS] [TARGET...]",
         "run as a daemon: watch, log, publish",
         "Probes every target again and again, logs changes, and serves a status page,\n"
         "JSON and metrics.\n" TARGETS,
         "0 after SIGTERM or SIGINT, 3 if it cannot start.\n",
         {"tcr-probe run --config /etc/tcr-probe/tcr-probe.yaml",
          "tcr-probe run --listen 0.0.0.0:9447 --profile tke-serverless acme-prod"},
         OPERANDS_TARGETS,
         true},
    [COMMAND_WAIT] =
        {"wait",
         "[OPTIONS] TARGET...",
         "block until every target works",
         "Probes every target until each is ok or warn, and tells the progress. Use it\n"
         "as an init container.\n" TARGETS,
         "0 once every target is ok or warn, 2 or 3 as for check when the\n"
         "time is over.\n",
         {"tcr-probe wait --timeout 5m acme-prod",
          "tcr-probe wait --expect private --format json acme-prod"},
         OPERANDS_TARGETS,
         true},
    [COMMAND_EXPLAIN] =
        {"explain",
         "[OPTIONS] [TEXT]",
         "explain a pull error, or a cause",
         "Explains a pull error: TEXT, or standard input, which may be a whole\n"
         "`kubectl describe pod`, the JSON of kubectl get pod -o json, or a log of any\n"
         "length. TEXT may also be the id of a cause. Uses no network.\n",
         "0 if the error is recognised, 3 if not, or after a usage error.\n",
         {"kubectl describe pod web-0 | tcr-probe explain", "tcr-probe explain nat_missing"},
         OPERANDS_TEXT,
         false},
    [COMMAND_DIAGNOSE] =
        {"diagnose",
         "[OPTIONS] [NAMESPACE/]POD",
         "tell why a pod has no image",
         "Tells why a pod's images cannot be pulled. Reads the pod, its pull events, its\n"
         "pull secrets and annotations from the cluster in which this program runs,\n"
         "checks exactly those images, and compares the check with the pull's error.\n"
         "POD - reads the output of kubectl get pod -o json from standard input; it has\n"
         "no keys, so only the network is judged.\n",
         "0 ok, 1 warning, 2 failure, as check for the pod's images;\n"
         "3 unknown, a right is missing, or a usage error.\n",
         {"kubectl get pod web-0 -o json | tcr-probe diagnose -", "tcr-probe diagnose shop/web-0"},
         OPERANDS_POD,
         false},
    [COMMAND_HEALTHCHECK] =
        {"healthcheck",
         "[OPTIONS]",
         "ask the local daemon's /livez",
         "Asks the daemon on this machine for /livez, for images that have no other\n"
         "program to ask with.\n",
         "0 healthy, 1 not healthy, 3 usage error.\n",
         {"tcr-probe healthcheck", "tcr-probe healthcheck --listen 127.0.0.1:9447"},
         OPERANDS_NONE,
         false},
    [COMMAND_CONFIG] =
        {"config",
         "[OPTIONS] [TARGET...]",
         "check and print the configuration",
         "Checks the configuration as run would read it, and prints the effective one\n"
         "as YAML.\n" TARGETS,
         "0 if run would take the configuration, 3 if not.\n",
         {"tcr-probe config --config /etc/tcr-probe/tcr-probe.yaml",
          "tcr-probe config --profile tke-serverless acme-prod > tcr-probe.yaml"},
         OPERANDS_TARGETS,
         true},
    [COMMAND_HELP] = {.name = "help",
                      .help = "list the commands, or the options of one",
                      .operands = OPERANDS_COMMAND},
    [COMMAND_VERSION] = {.name = "version", .help = "print the version"},
};

void command_list(unsigned commands, struct text *text)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (!(commands & (1u << i)) || !command_table[i].arguments)
            continue;
        bool first = !(commands & ((1u << i) - 1));
        bool last = !(commands >> (i + 1) & (FOR_ALL >> (i + 1)));
        text_append_format(text, "%s%s", first ? "" : last ? " and " : ", ", command_table[i].name);
    }
}
