/* Starts tshark and sharkd once for many runs (LD_PRELOAD).
 *
 * Nine tenths of a run over a small capture are Wireshark registering its dissectors. This is loaded into the real
 * program, lets it register them and read its settings, and then waits. For each request it forks: the child takes the
 * arguments and files of a run for its own and goes on as if it had just been started.
 *
 * Most of what is left of a run are the pages that a child touches for the first time. So a child of tshark that has read
 * its capture and closed it goes back to where it takes its arguments, and waits for the next run: one that differs in the
 * capture, the filter and the fields alone. That the program's own variables and stack are what they were then is done here;
 * libwireshark has closed the capture and is ready for the next, as it is in Wireshark and sharkd. A run that complains ends
 * as the program ends it, and so does a child's last.
 *
 * Freed memory is overwritten in a child, so that using it shows, but for large blocks: of those Wireshark's pools are made, and
 * each would be as many fresh pages. With HIK_KEEP_FREED in the environment it stays as it is: benchmarks count instructions.
 *
 * When a child has done its work, only one in FREE_ALL, and each in its last of RUNS, frees what was registered: that touches
 * every page which the child shares with its parent, so each of them is copied first.
 *
 * The socket whose number is in HIK_FORK_SERVER takes two kinds of messages. FORK_ONE or FORK_MANY with a file descriptor
 * makes a child, and is answered with its number; one without a file descriptor holds the number of a child, and is answered
 * with its wait status when it has ended. The child takes runs on the socket that it was given: the arguments, each with its
 * NUL, and three file descriptors for standard input, output and error. It answers 0 when it is ready for another one, and
 * closes the socket when it ends. Numbers have 32 bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#endif

#define MAX_REQUEST (1 << 17)
#define FORK_ONE    '1'
#define FORK_MANY   '*'
#define RUNS        100
#define FREE_ALL    50
#define LARGE       (64 << 10)
#define FREED       0x5A
#if defined(__x86_64__)
#define COPY R_X86_64_COPY
#elif defined(__aarch64__)
#define COPY R_AARCH64_COPY
#endif

struct ws_option;
extern int ws_optind __attribute__((weak)), ws_optreset __attribute__((weak));
extern void *__libc_stack_end;

static int server = -1;     /* where messages come from: of a child, runs */
static int overwrites;      /* a child overwrites what it frees */
static int ready;           /* wtap_init() and epan_init() have been called */
static int child;           /* this process makes runs: its number; child_argc and child_argv are the arguments */
static int runs;            /* so many has it begun */
static int many;            /* it may make more than one */
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

/* A message and its file descriptors. Returns the message's length, 0 at the end. */
static size_t receive(char *message, size_t size, int *files, size_t *count)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(3 * sizeof(int))]; } control;
    struct iovec part = { message, size };
    struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
    ssize_t length = recvmsg(server, &head, 0);
    struct cmsghdr *first = length > 0 ? CMSG_FIRSTHDR(&head) : NULL;

    if (length < 0 || (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        _exit(99);
    }
    *count = first ? (first->cmsg_len - CMSG_LEN(0)) / sizeof *files : 0;
    if (first) {
        memcpy(files, CMSG_DATA(first), *count * sizeof *files);
    }
    return (size_t)length;
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
    for (child_argc = 0, at = 0; child_argc < (int)count; at += strlen(copy + at) + 1) {
        child_argv[child_argc++] = copy + at;
    }
}

/* The next run of this child. */
static void take_run(void)
{
    static char request[MAX_REQUEST];
    int files[3], i;
    size_t count, length = receive(request, sizeof request, files, &count);

    if (length == 0 || count != 3) {
        _exit(length == 0 ? 0 : 99);
    }
    for (i = 0; i < 3; i++) {
        dup2(files[i], i);
        close(files[i]);
    }
    take_arguments(request, length);
    runs++;
    CALLGRIND_START_INSTRUMENTATION; /* what is counted is the run, if valgrind was told not to begin before */
}

static int frees_all(void)
{
    return child % FREE_ALL == 0 || runs == RUNS;
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

/* Waits for messages and returns in each child, with its first run; ends when the other side has closed the socket. */
static void serve(void)
{
    /* sharkd does not want to know how its children end; we do. */
    void (*handler)(int) = signal(SIGCHLD, SIG_DFL);
    int forks = 0;

    tell(0);
    for (;;) {
        union { char kind; int32_t number; } message;
        int files[3], status = 0;
        size_t count, length = receive((char *)&message, sizeof message, files, &count);
        pid_t pid;

        if (length == 0) {
            _exit(0);
        }
        if (count == 0 && length == sizeof message.number) {
            while (waitpid(message.number, &status, 0) < 0 && errno == EINTR) {
            }
            tell((int32_t)status);
            continue;
        }
        if (count != 1) {
            _exit(99);
        }
        forks++;
        pid = fork();
        if (pid == 0) {
            signal(SIGCHLD, handler);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(server);
            server = fcntl(files[0], F_DUPFD_CLOEXEC, 3);
            close(files[0]);
            child = forks;
            many = message.kind == FORK_MANY;
            take_run();
            on_exit(leave, NULL);
            return;
        }
        close(files[0]);
        tell((int32_t)pid);
    }
}

/* ---- another run in the same process ---------------------------------------------------------------------------- */

#ifdef COPY
/* Where tshark takes its arguments, and what it knew there: its own variables, and its stack down to there. */
static ucontext_t place;
static struct area { char *at, *kept; size_t size; } variables, stack;

static const ElfW(Dyn) *dynamic; /* what the program tells the linker */
static ElfW(Addr) base;

/* Variables of libraries that lie among the program's own: they stay as they are. */
static void keep_copies(void)
{
    const ElfW(Rela) *relocations = NULL;
    const ElfW(Sym) *symbols = NULL;
    const ElfW(Dyn) *entry;
    size_t size = 0, i;

    for (entry = dynamic; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_RELA) {
            relocations = (const ElfW(Rela) *)entry->d_un.d_ptr;
        } else if (entry->d_tag == DT_RELASZ) {
            size = entry->d_un.d_val;
        } else if (entry->d_tag == DT_SYMTAB) {
            symbols = (const ElfW(Sym) *)entry->d_un.d_ptr;
        }
    }
    for (i = 0; i < size / sizeof *relocations; i++) {
        char *at = (char *)base + relocations[i].r_offset;

        if (ELF64_R_TYPE(relocations[i].r_info) == COPY && at >= variables.at && at < variables.at + variables.size) {
            memcpy(variables.kept + (at - variables.at), at, symbols[ELF64_R_SYM(relocations[i].r_info)].st_size);
        }
    }
}

/* The program's variables: what may be written of it, but for what only the linker wrote. */
static int find_variables(struct dl_phdr_info *info, size_t size, void *unused)
{
    char *begin = NULL, *end = NULL;
    int i;

    (void)size;
    (void)unused;
    base = info->dlpi_addr;
    for (i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        char *at = (char *)base + part->p_vaddr;

        if (part->p_type == PT_LOAD && (part->p_flags & PF_W)) {
            begin = begin ? begin : at;
            end = at + part->p_memsz;
        } else if (part->p_type == PT_GNU_RELRO) {
            begin = at + part->p_memsz;
        } else if (part->p_type == PT_DYNAMIC) {
            dynamic = (const ElfW(Dyn) *)at;
        }
    }
    variables.at = begin;
    variables.size = (size_t)(end - begin);
    return 1; /* the first is the program */
}

static void keep(struct area *area)
{
    area->kept = area->kept ? area->kept : malloc(area->size);
    memcpy(area->kept, area->at, area->size);
}

/* Where every run of this child begins. */
__attribute__((noinline)) static void remember(void)
{
    getcontext(&place);
    if (!stack.kept) {
        dl_iterate_phdr(find_variables, NULL);
        keep(&variables);
        stack.at = (char *)__builtin_frame_address(0) - 1024; /* what this function itself has on the stack, and more */
        stack.size = (size_t)((char *)__libc_stack_end - stack.at);
        keep(&stack);
    }
    ws_optind = 1;
    ws_optreset = 1;
}

/* On another stack. */
static void go_back(void)
{
    keep_copies();
    memcpy(variables.at, variables.kept, variables.size);
    memcpy(stack.at, stack.kept, stack.size);
    setcontext(&place);
}

/* The tables and statistics that a run was asked for, and what belongs to them: they go as they do in Wireshark when a window is
 * closed, but for those that the run has taken away itself. */
enum { TABLES = 100 };
static void *tables[TABLES];
static size_t tables_count;

int *register_tap_listener(const char *tap, void *data, const char *filter, unsigned flags, void *reset, void *packet, void *draw,
                           void *finish);
int *register_tap_listener(const char *tap, void *data, const char *filter, unsigned flags, void *reset, void *packet, void *draw,
                           void *finish)
{
    /* Of those without an end, stock's table of expert information is the only one that a run of many may ask for. */
    if (many && (finish || strcmp(tap, "expert") == 0)) {
        if (tables_count == TABLES) {
            fprintf(stderr, "Err: a run asks for more than %d tables (forkserver.c).\n", TABLES);
            abort();
        }
        tables[tables_count++] = data;
    }
    return ((int *(*)(const char *, void *, const char *, unsigned, void *, void *, void *, void *))real("register_tap_listener"))(
        tap, data, filter, flags, reset, packet, draw, finish);
}

void remove_tap_listener(void *data);
void remove_tap_listener(void *data)
{
    for (size_t i = 0; i < tables_count; i++) {
        if (tables[i] == data) {
            tables[i] = tables[--tables_count];
            break;
        }
    }
    ((void (*)(void *))real("remove_tap_listener"))(data);
}

/* What -z can name is registered when the arguments have been looked at, and once is enough. */
void register_all_tap_listeners(void *all);
void register_all_tap_listeners(void *all)
{
    if (runs <= 1) {
        ((void (*)(void *))real("register_all_tap_listeners"))(all);
    }
}

void register_stat_tap_ui(void *ui, void *data);
void register_stat_tap_ui(void *ui, void *data)
{
    if (runs <= 1) {
        ((void (*)(void *, void *))real("register_stat_tap_ui"))(ui, data);
    }
}

/* Takes the next run, unless this is the end. */
static void again(void)
{
    static char other[64 << 10];
    static ucontext_t context;

    fflush(NULL);
    if (!many || runs == RUNS || lseek(2, 0, SEEK_END) != 0) {
        return;
    }
    while (tables_count > 0) {
        remove_tap_listener(tables[tables_count - 1]);
    }
    tell(0);
    take_run();
    getcontext(&context);
    context.uc_stack.ss_sp = other;
    context.uc_stack.ss_size = sizeof other;
    makecontext(&context, go_back, 0);
    setcontext(&context);
}
#else
static void remember(void)
{
}

static void again(void)
{
}
#endif

/* ---- what is called instead of the program's and the libraries' own -------------------------------------------- */

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
 * nothing to do with its arguments: it waits here, and its children make one run. */
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
    /* The capture is closed, and all is printed. */
    if (child) {
        again();
    }
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
        remember();
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
