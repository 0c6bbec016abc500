/*
 * decode.h: documents to structs and back, by a table of fields.
 *
 * A struct has one table of rows; each row names the JSON member, the C member and its kind, and is used both ways.
 * Unknown members are ignored when decoding (the API server has pruned them) and kept by callers that patch. The kind
 * of a plain member is derived from its C type, so that a wrong type does not compile. Any thread.
 *
 *     static const struct field spec_fields[] = {
 *         FIELD(struct spec, interval, "interval", FIELD_REQUIRED),     // const char *, bool, int64_t by type
 *         FIELD_STRUCT(struct spec, source_ref, "sourceRef", FIELD_REQUIRED, source_ref_fields),
 *         FIELD_LIST(struct spec, depends_on, depends_on_count, "dependsOn", 0, depends_on_fields, struct depends_on),
 *         FIELD_END,
 *     };
 */
#ifndef GOTK_DOC_DECODE_H
#define GOTK_DOC_DECODE_H

#include "libgotk/doc/doc.h"

enum field_kind {
    FIELD_KIND_END = 0,
    FIELD_KIND_STRING,      /* const char *; NULL when absent */
    FIELD_KIND_BOOL,        /* bool; false when absent */
    FIELD_KIND_INT,         /* int64_t; 0 when absent */
    FIELD_KIND_STRUCT,      /* embedded struct; zeroed when absent */
    FIELD_KIND_POINTER,     /* struct *; NULL when absent */
    FIELD_KIND_LIST,        /* struct array + count */
    FIELD_KIND_STRING_LIST, /* const char ** + count */
    FIELD_KIND_DOC,         /* const struct doc *: kept as it is (maps, free-form values) */
};

enum field_flags {
    FIELD_REQUIRED = 1,   /* decoding fails without it; encoding always writes it */
    FIELD_KEEP_EMPTY = 2, /* encoding writes "", false and 0 too (no omitempty) */
};

struct field {
    const char *name;
    enum field_kind kind;
    int flags;
    size_t offset;
    size_t count_offset;        /* lists: where the size_t count is */
    size_t size;                /* of the element or pointed-to struct */
    const struct field *fields; /* of the nested struct */
};

/* clang-format off */
#define FIELD_KIND_OF(type, member) _Generic(((type *)0)->member, \
    const char *: FIELD_KIND_STRING, bool: FIELD_KIND_BOOL, int64_t: FIELD_KIND_INT, const struct doc *: FIELD_KIND_DOC)
#define FIELD(type, member, json, flag) \
    { .name = (json), .kind = FIELD_KIND_OF(type, member), .flags = (flag), .offset = offsetof(type, member) }
#define FIELD_STRUCT(type, member, json, flag, table) \
    { .name = (json), .kind = FIELD_KIND_STRUCT, .flags = (flag), .offset = offsetof(type, member), \
      .size = sizeof(((type *)0)->member), .fields = (table) }
#define FIELD_POINTER(type, member, json, flag, table) \
    { .name = (json), .kind = FIELD_KIND_POINTER, .flags = (flag), .offset = offsetof(type, member), \
      .size = sizeof(*((type *)0)->member), .fields = (table) }
#define FIELD_LIST(type, member, count, json, flag, table) \
    { .name = (json), .kind = FIELD_KIND_LIST, .flags = (flag), .offset = offsetof(type, member), \
      .count_offset = offsetof(type, count), .size = sizeof(*((type *)0)->member), .fields = (table) }
#define FIELD_STRING_LIST(type, member, count, json, flag) \
    { .name = (json), .kind = FIELD_KIND_STRING_LIST, .flags = (flag), .offset = offsetof(type, member), \
      .count_offset = offsetof(type, count), .size = sizeof(const char *) }
#define FIELD_END { .name = NULL, .kind = FIELD_KIND_END }
/* clang-format on */

/* Fills *ret_struct (zeroed by the caller) from an object; strings and sub-documents are borrowed from `d`, arrays and
 * pointed-to structs live in cx->arena. A value of the wrong kind or a missing required member is ERR_INVALID, named
 * by its path: "spec.sourceRef.kind: expected a string, got number". `where` heads the path; may be "". */
int decode_struct(struct ctx *cx, const struct doc *d, const struct field *fields, const char *where,
                  void *ret_struct) MUST_CHECK;

/* The object for a struct: members in table order; absent ones left out (see field_flags). */
struct doc *encode_struct(struct arena *a, const struct field *fields, const void *from);

#endif
