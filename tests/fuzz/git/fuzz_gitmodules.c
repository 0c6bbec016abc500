/*
 * fuzz_gitmodules.c: the .gitmodules file of a repository: every submodule has a path and a url, or the text is refused.
 */
#include "libgotk/git/gitmodules.h"

#include "libgotk/base/str.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static void run(struct ctx *cx, const char *text, size_t len UNUSED)
{
    struct gitmodule *modules = NULL;
    size_t count = 0;
    if (gitmodules_parse(cx, text, &modules, &count) < 0) {
        fuzz_that(err_code(cx) == ERR_LIMIT || str_starts(err_message(cx), ".gitmodules: line "));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        fuzz_that(modules[i].name && modules[i].path && modules[i].url);
        fuzz_that(strlen(modules[i].path) <= strlen(text) && strlen(modules[i].url) <= strlen(text));
        for (size_t j = 0; j < i; j++)
            fuzz_that(!str_eq(modules[i].name, modules[j].name));
    }
}

static const char *const seeds[] = {
    "=[submodule \"a\"]\n\tpath = lib/a\n\turl = ../a.git ; a comment\n",
    "=[submodule \"a \\\"b\\\\\"]\npath=\"x # y\"  z\\\n  w\nurl = \"https://example.com/\\t\"\n[core]\n\tbare\n",
    "=[include]\n\tpath = /etc/passwd\n[submodule.lower]\n\tpath = x\n\turl = y\n",
    NULL,
};

static const char *const words[] = { "[submodule \"", "\"]\n", "path = ", "url = ", "\\\n", "\\\"", "#", ";",
                                     "\r\n",          "=",     NULL };

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
