/*
 * doc.h: documents: trees of JSON values in an arena.
 *
 * A document is a tree of cJSON nodes allocated in an arena; only libgotk/doc includes cJSON.h, everyone else sees the
 * opaque struct doc. User manifests stay documents from Git to the API server. Differences from plain cJSON: keys
 * compare exactly, numbers keep their literal text (2^53+1 survives), every node read from a file knows its line and
 * column. A tree belongs to one thread while it is changed; a published tree is immutable and may be read by all.
 */
#ifndef GOTK_DOC_DOC_H
#define GOTK_DOC_DOC_H

#include "libgotk/base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct doc;

enum doc_kind { DOC_NULL, DOC_BOOL, DOC_NUMBER, DOC_STRING, DOC_ARRAY, DOC_OBJECT };

/* The kind of a node; DOC_NULL for a NULL pointer. */
enum doc_kind doc_kind(const struct doc *d);
/* "null", "bool", "number", "string", "array", "object": for messages. */
const char *doc_kind_name(const struct doc *d);

/* New nodes in `a`; strings are copied. A NUL inside the bytes of doc_nstring is kept as C0 80 (node.h). */
struct doc *doc_object(struct arena *a);
struct doc *doc_array(struct arena *a);
struct doc *doc_null(struct arena *a);
struct doc *doc_bool(struct arena *a, bool value);
struct doc *doc_int(struct arena *a, int64_t value);
/* A number with the given JSON literal, kept as it is. */
struct doc *doc_number(struct arena *a, const char *literal);
/* A finite number as Go's encoding/json writes a float64. */
struct doc *doc_double(struct arena *a, double value);
/* As doc_double, written in strconv's 'g' format as far as doc_source is concerned: what go-yaml makes of a float64. */
struct doc *doc_double_as_written(struct arena *a, double value);
/* As doc_double, written in strconv's 'f' format: all digits, no exponent. */
struct doc *doc_double_in_full(struct arena *a, double value);
struct doc *doc_string(struct arena *a, const char *s);
struct doc *doc_nstring(struct arena *a, const char *s, size_t n);
struct doc *doc_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A deep copy in `a`, positions included; NULL gives NULL. */
struct doc *doc_copy(struct arena *a, const struct doc *d);

/* The value under `key` of an object; NULL when absent, or when `d` is NULL or no object. */
struct doc *doc_find(const struct doc *d, const char *key);
/* The value behind several keys, e.g. doc_path(d, "spec", "template"); NULL when any step is absent. */
#define doc_path(d, ...) doc_find_path((d), (const char *const[]){ __VA_ARGS__, NULL })
struct doc *doc_find_path(const struct doc *d, const char *const *keys);

/* The text of a string node, or of a string behind keys; NULL for anything else. Borrowed from the tree. */
const char *doc_text(const struct doc *d);
#define doc_text_at(d, ...) doc_text(doc_path((d), __VA_ARGS__))
/* The literal of a number node, e.g. "1e3"; NULL for anything else. */
const char *doc_literal(const struct doc *d);
/* The integer of a number node whose literal is a whole int64; false (ret untouched) for anything else. */
bool doc_get_int(const struct doc *d, int64_t *ret_value);
/* The value of a bool node; `fallback` for anything else. */
bool doc_is_true(const struct doc *d, bool fallback);

/* Sets `key` of an object to `value` (a node of the same arena, not yet in a tree), in its old place or at the end. */
void doc_set(struct arena *a, struct doc *object, const char *key, struct doc *value);
/* doc_set for a key that the object is known not to have: doc_set looks at all members, which makes large objects slow to build. */
void doc_add(struct arena *a, struct doc *object, const char *key, struct doc *value);
/* The object under `key`, made when absent or no object. */
struct doc *doc_ensure(struct arena *a, struct doc *object, const char *key);
/* Takes `key` out of an object; false when it was not there. */
bool doc_remove(struct doc *object, const char *key);
/* Renames a key in its place; a value already under `to` goes. Nothing happens when `from` is absent. */
void doc_rename(struct arena *a, struct doc *object, const char *from, const char *to);
/* Appends to an array; inserts before position `index` (at the end when beyond); takes element `index` out. */
void doc_append(struct doc *array, struct doc *value);
void doc_insert(struct doc *array, size_t index, struct doc *value);
bool doc_remove_at(struct doc *array, size_t index);
/* Puts `value` where `old`, a child of `parent`, was (keeping its key). */
void doc_replace(struct arena *a, struct doc *parent, struct doc *old, struct doc *value);
/* Takes `child` out of `parent`. */
void doc_detach(struct doc *parent, struct doc *child);

/* Makes the scalar `d` one with `peer`: when another scalar takes the place of one of them (doc_set, doc_replace), all
 * get its value. Copies are on their own again; doc_unshare takes one out. */
void doc_share(struct doc *peer, struct doc *d);
void doc_unshare(struct doc *d);

/* Children in order: the first, the last, the next after, the key of an object's child (NULL in arrays), how many
 * (counts them: O(n)), the i-th. */
struct doc *doc_first(const struct doc *d);
struct doc *doc_last(const struct doc *d);
struct doc *doc_next(const struct doc *child);
const char *doc_key(const struct doc *child);
size_t doc_len(const struct doc *d);
struct doc *doc_at(const struct doc *array, size_t index);
#define doc_each(child, parent) for (struct doc *child = doc_first(parent); child; child = doc_next(child))

/* An object's children sorted by key bytes, as a NULL-terminated array in `a`. */
struct doc **doc_sorted(struct arena *a, const struct doc *object);

/* True when both trees hold the same values; key order does not count, numbers compare by value. */
bool doc_equal(const struct doc *a, const struct doc *b);

/* Where the node was read from, 1-based; 0 when it was made by code. A member of an object is where its key is.
 * Columns count bytes in JSON, characters in YAML. */
int doc_line(const struct doc *d);
int doc_column(const struct doc *d);
/* For nodes read with YML_SOURCE: how a node was written: maps and lists between braces and
 * brackets count as quoted; true unless it was plain; and the text a plain number, bool,
 * null or timestamp was written as ("" for a null that was not written at all), NULL for any other node. */
enum doc_style {
    DOC_STYLE_PLAIN,
    DOC_STYLE_QUOTED,
    DOC_STYLE_LITERAL,
    DOC_STYLE_FOLDED,
};
enum doc_style doc_style(const struct doc *d);
void doc_set_style(struct doc *d, enum doc_style style);
bool doc_quoted(const struct doc *d);
/* The type a scalar was first given, which it keeps (copies do, too) when it takes another text: YAML's tag. NONE: that
 * of its value. Whoever sets it sees to it that no text of another type is printed. */
enum doc_tag {
    DOC_TAG_NONE,
    DOC_TAG_ANY,
    DOC_TAG_INT,
    DOC_TAG_FLOAT,
    DOC_TAG_BOOL,
    DOC_TAG_NULL,
    DOC_TAG_TIME,
};
/* The second member of a key that is in an object twice, as YML_REPEATS reads it; NULL. */
struct doc *doc_repeated(const struct doc *object);
/* Marks an object's child, and whatever takes its place, as one whose key stands without quotes: one that looks like a number
 * is none that JSON could have, and kustomize's printer refuses it. */
void doc_set_bare_key(struct doc *child);
bool doc_bare_key(const struct doc *child);
/* Has YAML printers keep the order of an object's members. Copies forget it. */
void doc_keep_order(struct doc *object);
enum doc_tag doc_tag(const struct doc *d);
void doc_set_tag(struct doc *d, enum doc_tag tag);
const char *doc_source(const struct doc *d);
/* Sets what doc_source says of a scalar. */
void doc_set_source(struct arena *a, struct doc *d, const char *written);
void doc_set_position(struct doc *d, int line, int column);

/* Builders: set or append plain values in one call. A NULL string is not set at all. */
void doc_set_text(struct arena *a, struct doc *object, const char *key, const char *s);
void doc_set_bool(struct arena *a, struct doc *object, const char *key, bool value);
void doc_set_int(struct arena *a, struct doc *object, const char *key, int64_t value);
void doc_append_text(struct arena *a, struct doc *array, const char *s);

#endif
