/*
 * jsonschema_parts.h: what the files of the JSON Schema engine share; nobody else includes it.
 *
 * Two ways of seeing one document: the schema's side walks struct doc; the side of what is validated walks struct item,
 * which is made once, with members sorted and types known. A compiler holds documents (roots) by URL, the resources (parts
 * with an $id) in each of them, and compiled schemas by URL and pointer. Names of things are the library's where it has
 * them.
 */
#ifndef GOTK_HELM_JSONSCHEMA_PARTS_H
#define GOTK_HELM_JSONSCHEMA_PARTS_H

#include "libgotk/base/buf.h"
#include "libgotk/base/map.h"
#include "libgotk/base/regex.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"
#include "libgotk/helm/jsonschema.h"

#define SCHEMA_URL    "file:///values.schema.json"
#define SCHEMA_LATEST 2020
#define SCHEMA_NESTED 1000 /* levels of a document */

/* --- what is validated (jsonschema_item.c) --- */

enum schema_type {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_NUMBER = 4,
    TYPE_INTEGER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
};

struct item {
    enum schema_type type; /* TYPE_NUMBER for all numbers */
    bool truth;
    const char *key;  /* of a member */
    const char *text; /* of a string, as documents keep it; the literal of a number */
    size_t count;
    struct item *at; /* elements, or members sorted by key */
    size_t weight;   /* the steps it takes to look at all of it */
};

/* A document as items; ERR_LIMIT when it nests too deeply, and as ctx_check. */
int schema_item(struct ctx *cx, const struct doc *d, struct item **ret) MUST_CHECK;
/* The member with this key; NULL when there is none. */
const struct item *schema_item_find(const struct item *object, const char *key);
/* True when both are the same value; numbers by value, exactly, and as the library has it, a number `a` and its text. */
bool schema_item_equal(const struct item *a, const struct item *b);
/* The first element that equals an earlier one, and that one; false when all differ. *steps grows with the work. */
bool schema_item_twins(struct arena *a, const struct item *array, uint64_t *steps, size_t *ret_first,
                       size_t *ret_second);

/* --- numbers as text (jsonschema_number.c) --- */

/* Whether the library can hold the number: exponents end at a million. */
bool schema_number_fits(const char *literal);
/* Less, equal, more as -1, 0, 1; exactly. */
int schema_number_compare(const char *a, const char *b);
/* Whether it is whole: 1.0 is. */
bool schema_number_is_integer(const char *literal);
/* Whether a / b is whole; b is not zero. ERR_LIMIT for numbers of thousands of digits. */
int schema_number_divides(struct ctx *cx, const char *a, const char *b, bool *ret) MUST_CHECK;
/* The low 64 bits of a whole number. */
int64_t schema_number_int(const char *literal);
/* A hash that equal numbers share. */
uint64_t schema_number_hash(const char *literal);
/* As messages show a number: 70,000, 0.7, 1×10⁰⁶. */
const char *schema_number_english(struct arena *a, const char *literal);
/* As messages show a count: 70,000. */
const char *schema_count_english(struct arena *a, int64_t count);

/* --- compiled schemas --- */

struct schema;
struct schema_list {
    struct schema **at; /* NULL: the keyword is not there */
    size_t count;
};
struct strings {
    const char **at;
    size_t count;
};
/* One member of properties, patternProperties, dependencies, ... */
struct schema_member {
    const char *key;
    struct schema *schema; /* NULL: required instead */
    struct strings required;
    const struct regex *regex;
};
struct schema_members {
    struct schema_member *at;
    size_t count;
};
struct schema_count {
    bool set;
    int64_t value;
};
struct schema_additional {
    bool set;
    bool allowed;
    struct schema *schema; /* NULL: allowed tells */
};

struct format;

struct schema {
    const char *url;
    const char *ptr;
    const struct doc *node;
    struct schema *resource;
    struct map dynamic_anchors; /* name: struct schema; len 0 where there are none */
    int draft;
    bool is_bool;
    bool accepts;
    /* What can be said before validation of members and elements being evaluated here. */
    bool all_members_seen;
    bool all_elements_seen;
    size_t elements_seen;

    struct schema *ref;
    struct schema *recursive_ref;
    bool recursive_anchor;
    struct schema *dynamic_ref;
    const char *dynamic_ref_anchor; /* NULL: the reference has none */
    const char *dynamic_anchor;

    unsigned types; /* 0: any */
    const struct item *constant;
    const struct item *choices; /* enum: an array */
    const struct format *format;
    struct schema_list all_of, any_of, one_of;
    struct schema *negated, *condition, *then, *otherwise;

    struct schema_count min_properties, max_properties;
    struct strings required;
    struct schema *property_names;
    struct schema_members properties; /* sorted by key */
    struct schema_members pattern_properties, dependencies, dependent_required, dependent_schemas;
    struct schema_additional additional_properties;
    struct schema *unevaluated_properties;

    struct schema_count min_items, max_items, min_contains, max_contains;
    bool unique_items;
    struct schema *contains, *items; /* items: of any draft, when it is one schema */
    struct schema_list item_list;    /* items as a list, and prefixItems */
    struct schema_additional additional_items;
    struct schema *unevaluated_items;

    struct schema_count min_length, max_length;
    const struct regex *pattern;
    const char *pattern_text;

    const char *minimum, *maximum, *exclusive_minimum, *exclusive_maximum, *multiple_of;
};

/* --- drafts and documents --- */

struct draft {
    int version;
    const char *url;
    const char *id; /* the keyword */
    const char *vocab_prefix;
    const char *const *vocabs;         /* known ones, NULL at the end */
    const char *const *default_vocabs; /* those in force without a meta-schema that tells */
};

struct dialect {
    const struct draft *draft;
    const char *const *vocabs; /* NULL: the draft's own */
};

struct resource {
    const char *ptr;
    const char *id;
    struct dialect dialect;
    struct map anchors; /* name: pointer */
    struct map dynamic; /* those of $dynamicAnchor */
};

struct root {
    const char *url;
    const struct doc *doc;
    struct map by_ptr; /* struct resource */
    struct map by_id;
    struct map seen; /* pointers whose resources are collected */
};

struct compiler {
    struct ctx *cx;
    const struct jsonschema_loader *loader;
    struct notes *notes;
    const struct draft *default_draft;
    bool assert_format;
    uint64_t *steps;            /* shared by all that is done for one schema */
    struct map docs;            /* by URL: struct doc */
    struct map roots;           /* by URL */
    struct map schemas;         /* by URL#pointer */
    VEC(struct schema *) queue; /* in order of discovery */
    size_t compiled;
    struct compiler *metas; /* of the meta-schemas; NULL in that compiler itself */
};

/* A JSON pointer one or two tokens longer, in the compiler's arena. */
const char *schema_ptr_add(struct arena *a, const char *ptr, const char *token);
/* URL#pointer, percent-encoded: how messages name a place. */
const char *schema_location(struct arena *a, const char *url, const char *ptr);
/* "..." as Go's %q. */
const char *schema_quoted(struct arena *a, const char *text);

/* --- drafts (jsonschema_draft.c) --- */

/* The draft of a version; of a $schema URL: NULL for others. */
const struct draft *schema_draft(int version);
const struct draft *schema_draft_of_url(struct arena *a, const char *url);
bool schema_has_vocab(const struct dialect *d, const char *name);
/* The text behind a URL of json-schema.org; NULL when there is none. */
const char *schema_meta_text(const char *url);

/* --- URLs (jsonschema_url.c) --- */

struct schema_url {
    const char *url;
    const char *fragment; /* decoded */
};
/* `ref` against `base`. ERR_INVALID "error in parsing ...". */
int schema_url_join(struct ctx *cx, const char *base, const char *ref, struct schema_url *ret) MUST_CHECK;
/* Splits at '#' and decodes what is behind it. */
int schema_url_split(struct ctx *cx, const char *url, struct schema_url *ret) MUST_CHECK;
/* The URL without its fragment. */
const char *schema_url_bare(struct arena *a, const char *url);
/* The node behind a pointer; fails as the library does. */
int schema_lookup(struct ctx *cx, const char *url, const char *ptr, const struct doc *d,
                  const struct doc **ret) MUST_CHECK;

/* --- documents and resources (jsonschema_root.c) --- */

/* The document at a URL, walked and checked. */
int schema_root(struct compiler *k, const char *url, struct root **ret) MUST_CHECK;
/* Sees to it that what lies at a pointer is known as a schema. */
int schema_root_ensure(struct compiler *k, struct root *r, const char *ptr,
                       const struct doc *node) MUST_CHECK;
/* The innermost resource around a pointer. */
struct resource *schema_root_resource(const struct root *r, const char *ptr);
/* The pointer a fragment stands for, within a resource. */
int schema_root_fragment(struct ctx *cx, const struct root *r, const struct resource *res,
                         const char *fragment, const char **ret) MUST_CHECK;
/* The document at a URL. */
int schema_load(struct compiler *k, const char *url, const struct doc **ret) MUST_CHECK;

/* --- compiling (jsonschema_compile.c, jsonschema_keywords.c) --- */

struct compiling {
    struct compiler *k;
    struct schema *s;
    const struct doc *object;
    struct root *root;
    const struct resource *resource;
};

/* A compiler in cx's arena. */
struct compiler *schema_compiler(struct ctx *cx, const struct jsonschema_options *o, uint64_t *steps);
/* The schema at a place, to be compiled in its turn; `node` may be NULL. */
struct schema *schema_enqueue(struct compiler *k, const char *url, const char *ptr, const struct doc *node);
/* Compiles what is queued, and what that leads to. */
int schema_compile_all(struct compiler *k) MUST_CHECK;
/* The schema that schemas of a dialect must fit. */
int schema_meta(struct compiler *k, const struct dialect *d, const struct schema **ret) MUST_CHECK;
/* Reads all keywords of an object. */
int schema_read_keywords(struct compiling *c) MUST_CHECK;
/* Calls fn for every place below `object` where a draft has schemas. */
int schema_each_below(struct compiler *k, const struct doc *object, const char *ptr, int version,
                      int (*fn)(struct compiler *k, const struct doc *d, const char *ptr, void *user),
                      void *user) MUST_CHECK;

/* --- formats (jsonschema_format.c) --- */

struct format {
    const char *name;
    /* NULL when the text is fine, else what is wrong. An error in cx stands for a limit that was passed. */
    const char *(*check)(struct ctx *cx, struct strv text);
};
/* The format; NULL for names that are not known. */
const struct format *schema_format(const char *name);

/* --- words (jsonschema_words.c) --- */

enum problem {
    PROBLEM_SCHEMA,
    PROBLEM_GROUP,
    PROBLEM_REFERENCE,
    PROBLEM_NOT,
    PROBLEM_ALL_OF,
    PROBLEM_ANY_OF,
    PROBLEM_NONE_OF,
    PROBLEM_TWO_OF,
    PROBLEM_FALSE,
    PROBLEM_CYCLE,
    PROBLEM_TYPE,
    PROBLEM_ENUM,
    PROBLEM_ENUM_ONE,
    PROBLEM_ENUM_NESTED,
    PROBLEM_CONST,
    PROBLEM_CONST_NESTED,
    PROBLEM_FORMAT,
    PROBLEM_MIN_PROPERTIES,
    PROBLEM_MAX_PROPERTIES,
    PROBLEM_MIN_ITEMS,
    PROBLEM_MAX_ITEMS,
    PROBLEM_ADDITIONAL_ITEMS,
    PROBLEM_REQUIRED,
    PROBLEM_REQUIRED_ONE,
    PROBLEM_DEPENDENCY,
    PROBLEM_ADDITIONAL_PROPERTIES,
    PROBLEM_PROPERTY_NAME,
    PROBLEM_UNIQUE,
    PROBLEM_CONTAINS,
    PROBLEM_MIN_CONTAINS,
    PROBLEM_MIN_CONTAINS_NONE,
    PROBLEM_MAX_CONTAINS,
    PROBLEM_MIN_LENGTH,
    PROBLEM_MAX_LENGTH,
    PROBLEM_PATTERN,
    PROBLEM_MINIMUM,
    PROBLEM_MAXIMUM,
    PROBLEM_EXCLUSIVE_MINIMUM,
    PROBLEM_EXCLUSIVE_MAXIMUM,
    PROBLEM_MULTIPLE_OF,
};

/* What the words of a problem are made of; each uses some of it. */
struct facts {
    int64_t got, want;
    const char *got_number, *want_number;
    const char *name, *text, *more;
    struct strings names;
    unsigned types;
    const struct item *values; /* an array */
    const struct item *value;
    const char *indexes;
};
const char *schema_words(struct arena *a, enum problem problem, const struct facts *facts);
/* 'text' in single quotes, as messages quote. */
const char *schema_single_quoted(struct arena *a, const char *text);

/* --- validating (jsonschema_validate.c) --- */

/* With `k` and `root`, what is validated is itself a schema, and parts of it may follow other dialects. */
struct schema_run {
    struct ctx *cx;
    uint64_t *steps;
    int depth;
    int rc; /* once negative, all comes to an end; the error is in cx */
    struct compiler *k;
    const struct root *root;
};

/* A value's place: keys and indexes up to the root. */
struct place {
    const struct place *up;
    const char *key; /* NULL: index tells */
    size_t index;
};

/* Members or elements not yet evaluated, as bits; none of interest when `left` is 0. */
struct uneval {
    uint64_t *bits;
    size_t left;
};

/* The schemas that led here. */
struct scope {
    const struct schema *s;
    const char *keyword; /* of a reference; NULL where the schema lies below its parent */
    size_t vid;          /* tells values apart */
    const struct scope *up;
};

/* One schema that looks at one value. */
struct frame {
    struct schema_run *run;
    const struct schema *s;
    const struct schema *meta; /* while schemas are validated: what a schema must fit */
    const struct item *v;
    const struct place *at;
    struct scope scope;
    struct uneval uneval;
    bool quiet; /* only asked yes or no */
    struct jsonschema_error *errors;
    struct jsonschema_error **tail;
    size_t count;
};

/* The tree of what is wrong, its head with the message of the whole; NULL when all is well or run->rc is negative. */
struct jsonschema_error *schema_check(struct schema_run *run, const struct schema *s,
                                      const struct schema *meta, const struct item *v);
/* The same value under another schema, reached by a keyword (NULL: it lies below). */
struct jsonschema_error *frame_check_self(struct frame *f, const struct schema *s, const char *keyword,
                                          bool quiet);
/* The i-th member or element of the value under a schema; messages tell `told` as an element's index. */
struct jsonschema_error *frame_check_child(struct frame *f, const struct schema *s, size_t i, size_t told);
/* A new error in this frame's place. */
struct jsonschema_error *frame_error(const struct frame *f, enum problem problem, const struct facts *facts,
                                     struct jsonschema_error *causes);
/* Takes an error into the frame; NULL is none. */
void frame_add(struct frame *f, struct jsonschema_error *e);
/* True when there is no use in going on. */
bool frame_stopped(const struct frame *f);
/* Counts work; sets run->rc beyond the limits. */
void frame_step(const struct frame *f, size_t steps);
void frame_seen(struct frame *f, size_t i);
#define FRAME_ADD(f, problem, ...)                                                                           \
    frame_add((f), frame_error((f), (problem), &(const struct facts){ __VA_ARGS__ }, NULL))

/* Keywords of one type of value (jsonschema_values.c). */
void frame_check_object(struct frame *f);
void frame_check_array(struct frame *f);
void frame_check_string(struct frame *f);
void frame_check_number(struct frame *f);

#endif
