/*
 * kschema.h: checks a document against a table of fields, as Go's strict JSON decoder would.
 *
 * One table of rows per kind of object; it decides which members there are, of which kind, and what lies below. The
 * document stays a document: the check renames members to their canonical spelling (Go compares without case) and
 * fails, or in lenient mode drops and coerces, what does not fit. Any thread. Rejected: decoding into structs; every
 * reader wants three of thirty members, and documents already give them.
 */
#ifndef GOTK_KUSTOMIZE_KSCHEMA_H
#define GOTK_KUSTOMIZE_KSCHEMA_H

#include "libgotk/doc/doc.h"

enum kschema_kind {
    KSCHEMA_END = 0,
    KSCHEMA_STRING,
    KSCHEMA_BOOL,
    KSCHEMA_INT,
    KSCHEMA_ANY,
    KSCHEMA_OBJECT,  /* .of names its members */
    KSCHEMA_STRINGS, /* list of strings */
    KSCHEMA_OBJECTS, /* list of objects */
    KSCHEMA_MAP,     /* object whose values are all strings */
};

struct kschema {
    const char *name;
    enum kschema_kind kind;
    /* Of a Go struct without a name of its own, in which lenient mode makes no strings of numbers. */
    bool embedded;
    const struct kschema *of;
    const char *go; /* the Go type of `of`, for messages; NULL: as the whole */
};

enum kschema_mode {
    KSCHEMA_STRICT, /* unknown members and wrong kinds fail */
    KSCHEMA_LENIENT, /* unknown members vanish; numbers and booleans become strings where a string is wanted, but for
                      * what is embedded and below: sigs.k8s.io/yaml loses the types there */
    KSCHEMA_YAML, /* as go-yaml v3: all of them become strings, names are spelled as they are, and lists lose nulls */
};

/* Checks the object `d` (changed in place) against `rows`. `type` is the Go type's name and `file` the file's, for
 * messages: json: unknown field "x" (file:line:column; did you mean "y"?). ERR_INVALID. A null member counts as
 * absent and is removed. */
int kschema_check(struct ctx *cx, struct doc *d, const struct kschema *rows, enum kschema_mode mode,
                  const char *type, const char *file) MUST_CHECK;

#endif
