/* ssa_docs.h: documents from JSON literals for the tests of libgotk/ssa. */
#ifndef GOTK_TESTS_SSA_DOCS_H
#define GOTK_TESTS_SSA_DOCS_H

#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

/* Parses JSON written with single quotes in place of double ones. */
static inline struct doc *json_of(struct ctx *cx, const char *text)
{
    char *copy = arena_alloc(cx->arena, strlen(text) + 1);
    for (size_t i = 0; text[i]; i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, copy, strlen(copy), "test", &d));
    return d;
}

#endif
