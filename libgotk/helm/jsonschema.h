/*
 * jsonschema.h: JSON Schema, drafts 4, 6, 7, 2019-09 and 2020-12, as santhosh-tekuri/jsonschema v6 understands it.
 *
 * Charts bring a values.schema.json, and what Helm says of values that do not fit is that library's text: so verdicts,
 * words, their order and nesting are its own. Where it walks a Go map (members of an object, patterns, dependencies) its
 * order is random; here members come sorted by key and keywords as they stand in the schema. `format` is asserted up to
 * draft 7, contentEncoding and its kin never, as Helm has it.
 *
 * Schemas and values are strangers' work: depth, steps and memory are bounded. A compiled schema is immutable and lives in
 * the arena it was compiled in; any thread. Rejected: generating code from schemas, and a validator that stops at the
 * first error.
 */
#ifndef GOTK_HELM_JSONSCHEMA_H
#define GOTK_HELM_JSONSCHEMA_H

#include "libgotk/doc/doc.h"
#include "libgotk/helm/notes.h"

/* How deep schemas may be nested in each other while one value is validated, and how many steps that may take. */
#define JSONSCHEMA_DEPTH_MAX 2000
#define JSONSCHEMA_STEPS_MAX 20000000

struct jsonschema;

/* Where documents of other URLs come from. */
struct jsonschema_loader {
    /* Gives the document at `url` (http, https), or fails with what the message shall say behind the URL. */
    int (*load)(struct ctx *cx, void *user, const char *url, struct doc **ret);
    void *user;
};

/* What Helm leaves as it is; all zero is Helm's choice. */
struct jsonschema_options {
    const struct jsonschema_loader *loader; /* NULL: http and https are refused, naming the URL */
    const char *url;                        /* of the schema itself; NULL: file:///values.schema.json */
    int draft;                              /* of schemas without $schema: 4, 6, 7, 2019, 2020; 0: 2020 */
    bool assert_format;                     /* in every draft */
    struct notes *notes;                    /* told of each `urn:` once; NULL: nobody is */
};

/* One thing that is wrong, and why. */
struct jsonschema_error {
    const char *at; /* JSON pointer to the value; NULL for the head of the tree, whose message stands alone */
    const char *message;
    bool group;   /* nothing of its own: several things are wrong in one place */
    bool passing; /* a reference with one cause: shown as that cause */
    struct jsonschema_error *causes;
    struct jsonschema_error *next; /* the next cause of the same error */
};

/*
 * Compiles a schema (json_read_go reads one as Helm does); it is copied. ERR_INVALID with the library's words: a reference that leads nowhere, a bad
 * expression, a schema that does not fit its meta-schema. Documents of other URLs come from options->loader; `urn:` ones
 * accept anything, `file:` ones are never there. `options` may be NULL.
 */
int jsonschema_compile(struct ctx *cx, const struct doc *schema, const struct jsonschema_options *options,
                       struct jsonschema **ret) MUST_CHECK;

/*
 * Validates a document: *ret_error is NULL when it fits, else the tree of what is wrong, in cx's arena. Fails with ERR_LIMIT
 * beyond depth, steps or memory, and as ctx_check.
 */
int jsonschema_validate(struct ctx *cx, const struct jsonschema *schema, const struct doc *instance,
                        struct jsonschema_error **ret_error) MUST_CHECK;

/* The tree as the library prints it: "jsonschema validation failed with '...'\n- at '/age': ..."; in cx's arena. */
const char *jsonschema_error_text(struct ctx *cx, const struct jsonschema_error *error);

#endif
