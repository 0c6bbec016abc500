/*
 * fuzz_strvals.c: --set and its kin in every mode, over values that are there already.
 *
 * What was set must be a table that can be written and copied, whatever came in; errors have a message.
 */
#include "helm-controller/template/chartvalues.h"
#include "helm-controller/template/convert.h"
#include "helm-controller/template/strvals.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static int read_path(struct ctx *cx, void *user, const char *path, struct strv *ret)
{
    (void)user;
    if (*path == 'n')
        return err_fail(cx, ERR_NOT_FOUND, "open %s: no such file or directory", path);
    *ret = (struct strv){ path, strlen(path) };
    return 0;
}

/* Its copies end with it: lists of 65,536 elements, each a megabyte, are allowed. */
static void check(struct ctx *cx, struct vmap *values, int rc)
{
    struct vmap *copy;
    struct doc *written;
    fuzz_that(rc >= 0 || *err_message(cx));
    err_clear(cx);
    struct arena_mark mark = arena_mark(cx->arena);
    if (chartvalues_copy(cx, values, &copy) < 0 || convert_to_doc(cx, v_map(values), true, &written) < 0)
        fuzz_that(err_code(cx) == ERR_LIMIT);
    else
        fuzz_that(value_deep_equal(v_map(values), v_map(copy)));
    err_clear(cx);
    arena_release(cx->arena, mark);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    static const enum strvals_mode modes[] = { STRVALS_TYPED, STRVALS_STRINGS, STRVALS_JSON,
                                               STRVALS_LITERAL };
    struct vmap *all = vmap_new(cx->arena);
    struct strv s = { text, len };
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        struct vmap *values = vmap_new(cx->arena);
        check(cx, values, strvals_parse(cx, s, modes[i], values));
        check(cx, all, strvals_parse(cx, s, modes[i], all));
    }
    check(cx, all, strvals_parse_files(cx, s, read_path, NULL, all));
}

static const char *const seeds[] = {
    "tests/golden/helm/charts/strvals.jsonl#text",
    "=a.b[0].c=1,d={x,y},e=null",
    "=a={\"b\":[1,2]},c[1][2]=\"x\"",
    "=a[65536]=1",
    "=a[65537]=1",
    NULL,
};

static const char *const words[] = { "[0]", "]", "={", "}", ",", ".", "=", "\\", "null", "true", NULL };

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
