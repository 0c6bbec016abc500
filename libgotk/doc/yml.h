/*
 * yml.h: YAML text to documents and back (libyaml owns the prefix yaml_).
 *
 * Reads what go-yaml v3 reads, resolving plain scalars as it does (YAML 1.2 core plus 1.1 booleans only where it does);
 * merge keys and anchors are expanded within a limit; duplicate keys are refused. Writes what sigs.k8s.io/yaml writes:
 * sorted keys, its quoting and folding. Every node knows line and column. Any thread.
 */
#ifndef GOTK_DOC_YML_H
#define GOTK_DOC_YML_H

#include "libgotk/base/buf.h"
#include "libgotk/doc/doc.h"

/* How text is read. */
enum yml_rules {
    YML_CORE = 0, /* go-yaml v3: what kustomize reads resources and patches with */
    /* sigs.k8s.io/yaml: yes, no, on, off, y and n are booleans, timestamps stay as written, a merge overrides
     * what stands before it: kustomization files, kubeconfigs, Helm values */
    YML_11 = 1,
    YML_LAST_WINS = 2, /* a repeated key replaces the earlier one instead of being refused */
    YML_BARE_KEYS =
        4,          /* keys that are no strings, at the top level null alone, are marked: see doc_bare_key */
    YML_SOURCE = 8, /* nodes remember how they were written: doc_style, doc_source */
    YML_FIRST = 16, /* only the first document is read; what stands behind it need not be YAML */
    YML_GO_ERRORS = 32, /* messages are go-yaml's: "yaml: line 2: did not find expected key" */
    YML_REPEATS = 64,   /* a repeated key stays as a second member, which doc_find passes by */
    YML_DEEP = 128, /* as deep as go-yaml goes, not 1000 levels: for readers on a large stack (bigstack.h) */
};

/* Parses a stream of at most one document as go-yaml v3; an empty stream gives a DOC_NULL node.
 * Messages start with "name:line:column: ". Trees live in cx->arena. ERR_INVALID, ERR_LIMIT. */
int yml_parse(struct ctx *cx, const char *text, size_t len, const char *name,
              struct doc **ret_doc) MUST_CHECK;

/* Parses a stream of documents into a DOC_ARRAY; documents that are empty or only comments are left out. */
int yml_parse_all(struct ctx *cx, const char *text, size_t len, const char *name,
                  struct doc **ret_docs) MUST_CHECK;

/* As the two above under `rules` (enum yml_rules, or'ed). */
int yml_parse_as(struct ctx *cx, const char *text, size_t len, const char *name, int rules,
                 struct doc **ret_doc) MUST_CHECK;
int yml_parse_all_as(struct ctx *cx, const char *text, size_t len, const char *name, int rules,
                     struct doc **ret_docs) MUST_CHECK;

/* Fails for a text that, written as a key without quotes, kustomize reads as something else than a string: it cannot print
 * such a map. ERR_INVALID "json: unsupported type: map[interface {}]interface {}: ...". */
int yml_check_key(struct ctx *cx, const char *key) MUST_CHECK;

/* True when go-yaml v2 would read the text, of one line, as a document that is no string: a number, but also a map or null.
 * kustomize puts such texts between quotes. Times count as strings. */
bool yml_is_no_text(struct ctx *cx, const char *text);

/* True when go-yaml v3 writes a string, of one line, between quotes. */
bool yml_is_quoted(const char *s);

/* What sigs.k8s.io/yaml makes of a number or a bool (read with YML_11 and YML_SOURCE) where a Go struct has a string: 1.10 is
 * "1.1", 1000000.0 "1e+06". The text of a string; NULL for any other node. */
const char *yml_as_text(struct arena *a, const struct doc *d);

/* The type go-yaml v3 gives the plain text; NONE for a string. */
enum doc_tag yml_tag(const char *text);

/* The node go-yaml v3 makes of a plain scalar with this text, which it knows as YML_SOURCE would have it. */
struct doc *yml_plain(struct arena *a, const char *text);

/* `text`, which `from` was read from, with the values of `to` where they differ: quotes, flow style, and comments stay, as
 * go-yaml v3 keeps them in a node that is changed and written again. NULL when the two are not of one shape, or the text has
 * anchors or tags. In cx->arena. */
const char *yml_restyle(struct ctx *cx, const char *text, const struct doc *from, const struct doc *to);

/* Appends the document as sigs.k8s.io/yaml's Marshal writes it (keys sorted, ends with a newline). */
void yml_print(struct buf *out, const struct doc *d);

/* As go-yaml v3's encoder with an indent of two writes it: sequences are indented under their key, lines are not folded,
 * digits come before letters in keys, and numbers are printed as their literals are. */
void yml_print_pretty(struct buf *out, const struct doc *d);
/* As yml_print with members in document order. */
void yml_print_ordered(struct buf *out, const struct doc *d);

#endif
