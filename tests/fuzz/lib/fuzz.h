/*
 * fuzz.h: what every fuzz target starts with.
 *
 * A target is one file, tests/fuzz/<layer>/fuzz_<name>.c, that defines `fuzz_target`: what to run, what to start from
 * and which words the format has. `make fuzz T=<name>` finds it, builds it with clang's libFuzzer, ASan and UBSan, and runs
 * it (tests/fuzz/run). A target says that something is wrong by crashing: fuzz_that().
 */
#ifndef GOTK_TESTS_FUZZ_H
#define GOTK_TESTS_FUZZ_H

#include "libgotk/base/ctx.h"

#include <stddef.h>

struct fuzz_target {
    /* Called with a fresh context; `text` has a NUL behind its `len` bytes. */
    void (*run)(struct ctx *cx, const char *text, size_t len);
    /*
     * NULL-terminated. A leading "=" is the seed itself; "GLOB" is each file; "GLOB/" each folder, its files as parts; "GLOB#a,b"
     * these members of each row, as parts: of a line of JSON Lines (the texts of the object "files" are parts each; behind a "!"
     * a text is written as JSON has it; "b64" is an archive, whose bytes are the seed), columns 1,2 of a line with tabs, sections of
     * a case in a .rows or .txt file ("*" are all those named as files are).
     */
    const char *const *seeds;
    const char *const *words; /* NULL-terminated: what a mutation may put in; NULL: none */
};

extern const struct fuzz_target fuzz_target;

/* Stops the process, so that libFuzzer keeps the input, unless the condition holds. */
#define fuzz_that(condition) fuzz_check((condition), #condition, __FILE__, __LINE__)
void fuzz_check(bool holds, const char *what, const char *file, int line);

/* An input of several parts: a line "=== NAME" opens each; what stands before the first has the name "". */
struct fuzz_part {
    const char *name;
    const char *text; /* NUL-terminated */
    size_t len;
};
size_t fuzz_parts(struct ctx *cx, const char *text, size_t len, struct fuzz_part *parts, size_t max);

/* A folder in memory, empty at each call. */
const char *fuzz_folder(void);
/* Writes the parts as files below `root`; those whose names are no path below it, in ASCII, are left out. */
void fuzz_write_tree(struct ctx *cx, const char *root, const struct fuzz_part *parts, size_t count);

#endif
