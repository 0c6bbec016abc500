/*
 * fuzz.c: libFuzzer's entry points, and what the targets share; see fuzz.h.
 *
 * Called with --about the program prints its seeds and words and ends: tests/fuzz/run asks so. The arena of a run is
 * small, so that what would need a gigabyte from a large input already meets its limit with a small one.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define ARENA_MAX ((size_t)64 << 20)
/* Under the sanitizers, which make everything several times slower. What takes long although it is small grows too fast. */
#define CPU_SECONDS       20
#define SMALL             4096
#define SMALL_CPU_SECONDS 6

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct ctx *running; /* for messages */

static void run_late(int signal UNUSED)
{
    fuzz_check(false, "a run ends in time", __FILE__, __LINE__);
}

static void print_list(const char *title, const char *const *list)
{
    for (; list && *list; list++)
        printf("%s %s%c", title, *list, 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    signal(SIGVTALRM, run_late);
    if (*argc != 2 || strcmp((*argv)[1], "--about") != 0)
        return 0;
    print_list("seed", fuzz_target.seeds);
    print_list("word", fuzz_target.words);
    exit(0);
}

/* libFuzzer's -timeout counts the time of others too. */
static void limit_cpu(int seconds)
{
    struct itimerval timer = { .it_value.tv_sec = seconds };
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_MAX);
    struct ctx cx = { .arena = arena };
    running = &cx;
    limit_cpu(len < SMALL ? SMALL_CPU_SECONDS : CPU_SECONDS);
    fuzz_target.run(&cx, str_ndup(arena, (const char *)data, len), len);
    limit_cpu(0);
    return 0;
}

void fuzz_check(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s; the last error is: %s\n", file, line, what,
            running ? err_message(running) : "");
    abort();
}

/* The next line that starts with "=== ", or NULL. */
static const char *find_mark(const char *text, const char *end)
{
    for (const char *line = text; end - line >= 4;) {
        if (!memcmp(line, "=== ", 4))
            return line;
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        line = line_end ? line_end + 1 : end;
    }
    return NULL;
}

size_t fuzz_parts(struct ctx *cx, const char *text, size_t len, struct fuzz_part *parts, size_t max)
{
    const char *end = text + len, *name = "", *at = text;
    size_t count = 0;
    while (count < max) {
        const char *mark = find_mark(at, end);
        size_t n = (size_t)((mark ? mark : end) - at);
        if (n || *name)
            parts[count++] = (struct fuzz_part){ name, str_ndup(cx->arena, at, n), n };
        if (!mark)
            break;
        const char *line_end = memchr(mark, '\n', (size_t)(end - mark));
        name = str_ndup(cx->arena, mark + 4, (size_t)((line_end ? line_end : end) - mark - 4));
        at = line_end ? line_end + 1 : end;
    }
    return count;
}

static char folder[64];

static int remove_below(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *at)
{
    return at->level ? remove(path) : 0;
}

static void remove_folder(void)
{
    nftw(folder, remove_below, 16, FTW_DEPTH | FTW_PHYS);
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "%s/gotk-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
        return folder;
    }
    nftw(folder, remove_below, 16, FTW_DEPTH | FTW_PHYS);
    return folder;
}

/* Stays below the folder, in names a file system takes. */
static bool is_path(const char *path)
{
    return path[0] && path[0] != '/' && strlen(path) < 128 && !strstr(path, "..") && !strstr(path, "//") &&
           path[strlen(path) - 1] != '/' &&
           strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") == strlen(path);
}

void fuzz_write_tree(struct ctx *cx, const char *root, const struct fuzz_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_path(parts[i].name))
            continue;
        const char *path = str_fmt(cx->arena, "%s/%s", root, parts[i].name);
        const char *dir = str_ndup(cx->arena, path, (size_t)(strrchr(path, '/') - path));
        if (fs_mkdirs(cx, dir, 0755) < 0 || fs_write_atomic(cx, path, parts[i].text, parts[i].len, 0644) < 0)
            err_clear(cx); /* a file where another part wants a folder */
    }
}
