/* Starts tshark and sharkd once for many runs (LD_PRELOAD).
 *
 * Nine tenths of a run over a small capture are Wireshark registering its dissectors. This is loaded into the real
 * program, lets it register them and read its settings, and then waits. For each request it forks: the child takes the request's arguments
 * and files for its own and goes on as if it had just been started. So every run is a process of its own, without a
 * trace of the runs before, and all that it does after the registration is the program's own code.
 *
 * Freed memory is overwritten in a child, so that using it shows, but for large blocks: of those Wireshark's pools are made, and
 * each would be as many fresh pages. With HIK_KEEP_FREED in the environment it stays as it is: benchmarks count instructions.
 *
 * When a child has done its work, only one in FREE_ALL frees what was registered: that touches every page which the child
 * shares with its parent, so each of them is copied first.
 *
 * A request is one message on the socket whose number is in HIK_FORK_SERVER: the arguments, each with its NUL, and
 * three file descriptors for standard input, output and error. The answers are two numbers of 32 bits: the process
 * at once, and its wait status when it has ended.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#endif

#define MAX_REQUEST (1 << 17)
#define FREE_ALL    50
#define LARGE       (64 << 10)
#define FREED       0x5A

struct ws_option;
extern int ws_optind __attribute__((weak));

static int server = -1;
static int overwrites;      /* a child overwrites what it frees */
static int ready;           /* wtap_init() and epan_init() have been called */
static int child;           /* this is a run: its number; child_argc and child_argv are its arguments */
static int child_argc;
static char **child_argv;

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found) {
        fprintf(stderr, "forkserver: no %s in this Wireshark\n", name);
        _exit(99);
    }
    return found;
}

static void tell(int32_t number)
{
    if (write(server, &number, sizeof number) != sizeof number) {
        _exit(0);
    }
}

/* The child's arguments from a request; argv[0] and the arguments are kept for good. */
static void take_arguments(const char *request, size_t length)
{
    char *copy = malloc(length + 1);
    size_t at, count = 0;

    memcpy(copy, request, length);
    copy[length] = '\0';
    for (at = 0; at < length; at++) {
        count += copy[at] == '\0';
    }
    child_argv = calloc(count + 1, sizeof *child_argv);
    for (at = 0; child_argc < (int)count; at += strlen(copy + at) + 1) {
        child_argv[child_argc++] = copy + at;
    }
}

static int frees_all(void)
{
    return child % FREE_ALL == 0;
}

/* The end of a child that does not free what was registered. */
static void leave(int status, void *unused)
{
    (void)unused;
    if (!frees_all()) {
        fflush(NULL);
        _exit(status);
    }
}

/* Waits for requests and returns in the child of each; ends when the other side has closed the socket. */
static void serve(void)
{
    static char request[MAX_REQUEST];
    union { struct cmsghdr align; char bytes[CMSG_SPACE(3 * sizeof(int))]; } control;
    /* sharkd does not want to know how its children end; we do. */
    void (*handler)(int) = signal(SIGCHLD, SIG_DFL);
    int run = 0;

    tell(0);
    for (;;) {
        struct iovec part = { request, sizeof request };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                                  .msg_controllen = sizeof control.bytes };
        ssize_t length = recvmsg(server, &message, 0);
        struct cmsghdr *head = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
        int files[3], status = 0, i;
        pid_t pid;

        if (!head || head->cmsg_len != CMSG_LEN(sizeof files) || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
            _exit(length == 0 ? 0 : 99);
        }
        memcpy(files, CMSG_DATA(head), sizeof files);
        run++;
        pid = fork();
        if (pid == 0) {
            signal(SIGCHLD, handler);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (i = 0; i < 3; i++) {
                dup2(files[i], i);
            }
            for (i = 0; i < 3; i++) {
                if (files[i] > 2) {
                    close(files[i]);
                }
            }
            close(server);
            take_arguments(request, (size_t)length);
            child = run;
            on_exit(leave, NULL);
            CALLGRIND_START_INSTRUMENTATION; /* what is counted is the run, if valgrind was told not to begin before */
            return;
        }
        for (i = 0; i < 3; i++) {
            close(files[i]);
        }
        tell((int32_t)pid);
        if (pid > 0) {
            while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            }
            tell((int32_t)status);
        }
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("HIK_FORK_SERVER");

    if (!number || (strcmp(program_invocation_short_name, "tshark") && strcmp(program_invocation_short_name, "sharkd"))) {
        return; /* what changes to another user before */
    }
    server = atoi(number);
    overwrites = !getenv("HIK_KEEP_FREED");
    /* What the program starts itself is none of our business. */
    unsetenv("HIK_FORK_SERVER");
    unsetenv("LD_PRELOAD");
}

void wtap_init(int load_plugins);
void wtap_init(int load_plugins)
{
    if (!ready) {
        ((void (*)(int))real("wtap_init"))(load_plugins);
    }
}

int epan_init(void *callback, void *data, int load_plugins);
int epan_init(void *callback, void *data, int load_plugins)
{
    int done = 1;

    if (!ready) {
        done = ((int (*)(void *, void *, int))real("epan_init"))(callback, data, load_plugins) & 0xFF;
        ready = 1;
    }
    return done;
}

/* The files of settings are read once, too: conftest.py starts another server when one of them has changed. sharkd has
 * nothing to do with its arguments: it waits here. */
void *epan_load_settings(void);
void *epan_load_settings(void)
{
    static void *settings;

    if (!settings) {
        settings = ((void *(*)(void))real("epan_load_settings"))();
        if (server >= 0) {
            serve();
        }
    }
    return settings;
}

extern void __libc_free(void *block);

void free(void *block)
{
    size_t size = child && overwrites && block ? malloc_usable_size(block) : 0;

    if (size > 0 && size < LARGE) {
        memset(block, FREED, size);
        __asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler leaves it out */
    }
    __libc_free(block);
}

void epan_cleanup(void);
void epan_cleanup(void)
{
    if (frees_all()) {
        ((void (*)(void))real("epan_cleanup"))();
    }
}

void wtap_cleanup(void);
void wtap_cleanup(void)
{
    if (frees_all()) {
        ((void (*)(void))real("wtap_cleanup"))();
    }
}

/* tshark reads its arguments before it registers: it registers, reads its settings and waits before it reads the first. */
int ws_getopt_long(int argc, char *const argv[], const char *short_options, const struct ws_option *long_options, int *index);
int ws_getopt_long(int argc, char *const argv[], const char *short_options, const struct ws_option *long_options, int *index)
{
    int (*next)(int, char *const *, const char *, const struct ws_option *, int *) = real("ws_getopt_long");
    int option;

    if (server >= 0 && !ready) {
        wtap_init(1);
        if (!epan_init(NULL, NULL, 1)) {
            _exit(99);
        }
        epan_load_settings();
    }
    if (!child) {
        return next(argc, argv, short_options, long_options, index);
    }
    option = next(child_argc, child_argv, short_options, long_options, index);
    if (option == -1 && ws_optind < child_argc) {
        fprintf(stderr, "forkserver: an argument that is no option: %s\n", child_argv[ws_optind]);
        _exit(99);
    }
    return option;
}
