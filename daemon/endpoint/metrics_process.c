/* SPDX-License-Identifier: MIT */
/* process_*: the figures that Prometheus client libraries give about their process, read from
 * /proc. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/base/clock.h"
#include "daemon/endpoint/metrics.h"

struct process_stat {
    double cpu_seconds;
    double started; /* seconds after boot */
    double virtual_bytes;
    double resident_bytes;
};

static bool read_stat(struct process_stat *ret)
{
    char line[1024] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    unsigned long user;
    unsigned long system;
    unsigned long long start;
    unsigned long size;
    long resident;
    double ticks = (double)sysconf(_SC_CLK_TCK);

    if (!file)
        return false;
    bool complete = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    const char *after_name = complete ? strrchr(line, ')') : NULL;
    if (!after_name ||
        sscanf(after_name + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu "
               "%lu %ld",
               &user, &system, &start, &size, &resident) != 5)
        return false;
    ret->cpu_seconds = (double)(user + system) / ticks;
    ret->started = (double)start / ticks;
    ret->virtual_bytes = (double)size;
    ret->resident_bytes = (double)resident * (double)sysconf(_SC_PAGESIZE);
    return true;
}

static unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder's own */
}

static double boot_time(void)
{
    struct timespec since_boot;

    if (clock_gettime(CLOCK_BOOTTIME, &since_boot))
        return 0;
    return (double)clock_wall() / (double)USEC_PER_SEC -
           ((double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9);
}

static void metric(struct text *text, const char *name, const char *type, const char *help,
                   double value)
{
    text_append_format(text, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.17g\n", name,
                       help, name, type, name, value);
}

void metrics_render_process(struct text *text, bool openmetrics)
{
    struct process_stat stat;
    struct rlimit limit;

    if (read_stat(&stat)) {
        const char *cpu = openmetrics ? "cpu_seconds" : "cpu_seconds_total"; /* of the family */
        text_append_format(text,
                           "# HELP process_%s User and system CPU time\n# TYPE process_%s "
                           "counter\nprocess_cpu_seconds_total %.17g\n",
                           cpu, cpu, stat.cpu_seconds);
        metric(text, "start_time_seconds", "gauge", "When the process started",
               boot_time() + stat.started);
        metric(text, "virtual_memory_bytes", "gauge", "Virtual memory", stat.virtual_bytes);
        metric(text, "resident_memory_bytes", "gauge", "Resident memory", stat.resident_bytes);
    }
    metric(text, "open_fds", "gauge", "Open file descriptors", open_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric(text, "max_fds", "gauge", "Most file descriptors", (double)limit.rlim_cur);
}
