/*
 * godecode.h: YAML into what Go's structs keep of it: sigs.k8s.io/yaml on top of encoding/json.
 *
 * Fields are found whatever the case of their letters, others are dropped, numbers become text where text is wanted, a
 * value of the wrong type is an error in Go's words; decoding goes over what is there already. The result is a document
 * with the fields' own names. Pure, any thread. Rejected: doc/decode.h, which reads our own kinds and is strict about
 * other things.
 */
#ifndef GOTK_HELM_GODECODE_H
#define GOTK_HELM_GODECODE_H

#include "libgotk/doc/doc.h"

enum godecode_want {
    GODECODE_TEXT,       /* string */
    GODECODE_CLEAN_TEXT, /* the same, which Helm's validation cleans (godecode_clean) */
    GODECODE_BOOL,
    GODECODE_TEXTS,    /* []string, cleaned */
    GODECODE_TEXT_MAP, /* map[string]string */
    GODECODE_ANYTHING, /* []interface {} */
    GODECODE_STRUCTS,  /* []*inner */
    GODECODE_TIME,
};

struct godecode_struct;

struct godecode_field {
    const char *name;
    enum godecode_want want;
    bool keep; /* printed even when it is empty: there is no omitempty */
    const struct godecode_struct *inner;
};

struct godecode_struct {
    const char *package;
    const char *name;
    const struct godecode_field *fields; /* in the order of the struct */
    size_t count;
};

/*
 * Decodes the first document of `text` over `into`, an object. *ret_null tells that the text was null, or nothing. ERR_INVALID
 * "error converting YAML to JSON: yaml: line 2: ...", "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array
 * into Go struct field Metadata.name of type string".
 */
int godecode_yaml(struct ctx *cx, const char *text, size_t len, const struct godecode_struct *type,
                  struct doc *into, bool *ret_null) MUST_CHECK;

/* The object as encoding/json prints it: fields in the order of the struct, empty ones left out. */
struct doc *godecode_ordered(struct arena *a, const struct godecode_struct *type, const struct doc *d);

/* White space as blanks, and nothing that cannot be printed: what Helm does to most texts of a chart. */
const char *godecode_clean(struct arena *a, const char *text);

#endif
