/*
 * secret.c: see secret.h. Every value is replaced on its own; a Secret's size bounds the work.
 */
#include "libgotk/ssa/secret.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"

#include <string.h>

#define TELLING_MIN 3

static const char *hide(struct arena *a, const char *value, const char *text)
{
    bool shown = strlen(value) >= TELLING_MIN && strstr(text, value);
    return shown ? str_replace(a, text, value, "***") : text;
}

static const char *hide_decoded(struct arena *a, const char *value, const char *text)
{
    struct ctx scratch = { .arena = a };
    char *plain;
    size_t len;
    return base64_decode(&scratch, value, &plain, &len) < 0 ? text : hide(a, plain, text);
}

/* Scalars at any depth: a value of the wrong type may be a list or an object. */
static const char *hide_all(struct arena *a, const struct doc *values, const char *text)
{
    enum doc_kind kind = doc_kind(values);
    if (kind == DOC_NUMBER)
        return hide(a, doc_literal(values), text);
    if (kind == DOC_STRING)
        return hide_decoded(a, doc_text(values), hide(a, doc_text(values), text));
    doc_each (value, values)
        text = hide_all(a, value, text);
    return text;
}

const char *secret_mask(struct arena *a, const struct doc *object, const char *text)
{
    if (!str_eq(doc_text_at(object, "kind"), "Secret") || !str_eq(doc_text_at(object, "apiVersion"), "v1"))
        return text;
    text = hide_all(a, doc_find(object, "stringData"), text);
    return hide_all(a, doc_find(object, "data"), text);
}
