/* SPDX-License-Identifier: MIT */
/* The calls that a confined process may and may not make, each in a child of its own. */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/system/confine.h"

/* Runs `child` confined; its status is that of the child's last word. */
static int confined(int (*child)(enum confinement confinement))
{
    int status = 0;
    pid_t process = fork();

    if (process == 0)
        _exit(child(confine()));
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int gains_nothing(enum confinement confinement)
{
    (void)confinement;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
               ? 0
               : 1;
}

static int still_works(enum confinement confinement)
{
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    int ends = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    void *memory = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char byte;

    (void)confinement;
    bool works = file >= 0 && read(file, &byte, 1) == 1 && ends >= 0 && memory != MAP_FAILED;
    close(file);
    close(ends);
    return works && munmap(memory, 1 << 20) == 0 ? 0 : 1;
}

static int starts_no_program(enum confinement confinement)
{
    char *arguments[] = {(char[]){"true"}, NULL};

    if (confinement != CONFINEMENT_FULL)
        return 77;
    execv("/bin/true", arguments);
    if (errno != EPERM)
        return 1;
    return fork() < 0 && errno == EPERM && chmod("/", 0) < 0 && errno == EPERM ? 0 : 1;
}

/* Makes the kernel look as if it had no seccomp filters. */
static bool forbid_filters(void)
{
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void a_kernel_without_filters_is_enough(void **state)
{
    int status = 0;
    pid_t process = fork();

    (void)state;
    if (process == 0) {
        if (!forbid_filters())
            _exit(77);
        enum confinement confinement = confine();
        _exit(confinement == CONFINEMENT_NO_CALLS
                  ? gains_nothing(confinement) | still_works(confinement)
                  : 1);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* this kernel is one */
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void process_gains_nothing(void **state)
{
    (void)state;
    assert_int_equal(confined(gains_nothing), 0);
}

static void what_the_daemon_needs_still_works(void **state)
{
    (void)state;
    assert_int_equal(confined(still_works), 0);
}

static void no_program_can_be_started(void **state)
{
    int status = confined(starts_no_program);

    (void)state;
    if (status == 77)
        skip(); /* built without the filter: a sanitizer, or no libseccomp */
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_gains_nothing),
        cmocka_unit_test(what_the_daemon_needs_still_works),
        cmocka_unit_test(no_program_can_be_started),
        cmocka_unit_test(a_kernel_without_filters_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
