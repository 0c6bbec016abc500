/*
 * build_many.c: builds kustomizations one after the other, for tests/fuzz/kustomize_diff.
 *
 * Each line of stdin is "ROOT<tab>FOLDER" (FOLDER below ROOT); each answer on stdout is "ok LENGTH" or "fail LENGTH", a
 * line break and that many bytes. The same engine and options as in kustomize-controller's job child, without the child:
 * a crash is what the test looks for. One thread. Rejected: a process per build, which costs more than the build.
 */
#include "libgotk/base/str.h"
#include "libgotk/kustomize/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((size_t)256 << 20)
#define OUTPUT_MAX ((size_t)64 << 20)

static void answer(const char *verdict, const char *text, size_t len)
{
    printf("%s %zu\n", verdict, len);
    fwrite(text, 1, len, stdout);
    fflush(stdout);
}

static void build_one(struct arena *arena, const char *root, const char *dir)
{
    struct ctx cx = { .arena = arena };
    struct doc *resources = NULL;
    struct buf out = buf_new(arena, OUTPUT_MAX);
    const struct kustomize_options options = { .root = root, .dir = dir, .reorder = KUSTOMIZE_REORDER_NONE };
    if (kustomize_build(&cx, &options, &resources) >= 0) {
        kustomize_print(&out, resources);
        if (buf_ok(&cx, &out, "the built YAML") >= 0) {
            answer("ok", buf_text(&out), out.len);
            return;
        }
    }
    answer("fail", err_message(&cx), strlen(err_message(&cx)));
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    CLEANUP(arena_cleanup) struct arena *arena = arena_new(MEMORY_MAX);
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        build_one(arena, line, tab + 1);
        arena_reset(arena);
    }
    free(line);
    return 0;
}
