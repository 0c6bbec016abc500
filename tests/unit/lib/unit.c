/*
 * unit.c: fixtures and assertions shared by the unit tests; see unit.h.
 */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX ((size_t)64 << 20)

int unit_setup(void **state)
{
    struct arena *a = arena_new((size_t)256 << 20);
    struct ctx *cx = ARENA_NEW(a, struct ctx);
    cx->arena = a;
    *state = cx;
    return 0;
}

int unit_teardown(void **state)
{
    struct ctx *cx = *state;
    arena_free(cx->arena);
    return 0;
}

struct ctx *unit_cx(void **state)
{
    return *state;
}

void unit_assert_error(struct ctx *cx, int code, const char *part, const char *file, int line)
{
    if (cx->err.code != code || !strstr(err_message(cx), part)) {
        print_error("expected %s with '%s', got %s: %s\n", err_name(code), part, err_name(cx->err.code),
                    err_message(cx));
        _fail(file, line);
    }
    err_clear(cx);
}

void unit_assert_ok(struct ctx *cx, int rc, const char *file, int line)
{
    if (rc >= 0)
        return;
    print_error("unexpected error %s: %s\n", err_name(rc), err_message(cx));
    _fail(file, line);
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED,
                        struct FTW *ftw UNUSED)
{
    return remove(path);
}

static void remove_tree(void *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *unit_tmpdir(struct ctx *cx)
{
    char *path = str_fmt(cx->arena, "%s/gotk-unit-XXXXXX", str_or(getenv("TMPDIR"), "/tmp"));
    assert_non_null(mkdtemp(path));
    arena_defer(cx->arena, remove_tree, path);
    return path;
}

int64_t unit_slow(int64_t limit)
{
    int64_t times = 1;
    str_to_int64(str_or(getenv("UNIT_SLOW"), "1"), &times);
    return limit * times;
}

struct unit_lines unit_lines(struct ctx *cx, const char *path)
{
    struct buf text = { 0 };
    assert_ok(cx, fs_read_file(cx, path, LINES_MAX, &text));
    return (struct unit_lines){ text.data, text.data + text.len };
}

char *unit_next_line(struct unit_lines *lines, size_t *ret_len)
{
    char *line = lines->at;
    if (line == lines->end)
        return NULL;
    char *stop = memchr(line, '\n', (size_t)(lines->end - line));
    lines->at = stop ? stop + 1 : lines->end;
    stop = stop ? stop : lines->end;
    *stop = '\0'; /* a buffer has one behind its end */
    *ret_len = (size_t)(stop - line);
    return line;
}
