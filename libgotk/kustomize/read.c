/*
 * read.c: see read.h. Documents are parsed by go-yaml v3's rules. A file that is one List is opened in place; any other
 * "...List" with items is unrolled behind the other documents of its file, which is upstream's queue order.
 */
#include "libgotk/kustomize/read.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"
#include "libgotk/kustomize/reprint.h"

#include <stdlib.h>
#include <string.h>

#define MALFORMED "MalformedYAMLError"

static const int RESOURCE_RULES = YML_CORE | YML_BARE_KEYS | YML_SOURCE | YML_REPEATS;

bool read_is_malformed(const struct ctx *cx)
{
    return strstr(err_message(cx), MALFORMED);
}

/* Reads ":<number>" and moves behind it. */
static bool read_number(const char **p, long *ret)
{
    char *end = NULL;
    if (**p != ':')
        return false;
    *ret = strtol(*p + 1, &end, 10);
    bool found = end > *p + 1;
    *p = end;
    return found;
}

static bool is_indented_with_tab(const char *text, long line)
{
    for (; text && line > 1; line--) {
        const char *end = strchr(text, '\n');
        text = end ? end + 1 : NULL;
    }
    return text && text[strspn(text, " ")] == '\t';
}

/* go-yaml counts the line where the broken construct starts, from 0 unless the scanner found it. */
static int malformed(struct ctx *cx, const char *text, const char *file)
{
    static const char starts_at[] = "that starts at line ";
    const char *message = err_message(cx);
    const char *p = str_starts(message, file) ? message + strlen(file) : message;
    long line = 0;
    long column = 0;
    if (!read_number(&p, &line) || !read_number(&p, &column) || !str_starts(p, ": "))
        return err_wrap(cx, MALFORMED);
    const char *problem = p + 2;
    const char *note =
        is_indented_with_tab(text, line) ? ": a tab is in the indentation, which takes spaces only" : "";
    const char *context = strstr(problem, " while ");
    const char *starts = context ? strstr(context, starts_at) : NULL;
    if (!context)
        return err_fail(cx, ERR_INVALID,
                        MALFORMED ": yaml: line %ld: %s in File: %s (line %ld, column %ld%s)", line, problem,
                        file, line, column, note);
    long start = starts ? strtol(starts + strlen(starts_at), NULL, 10) : line;
    return err_fail(cx, ERR_INVALID,
                    MALFORMED ": yaml: line %ld: %.*s in File: %s (line %ld, column %ld,%s%s)",
                    start - !str_starts(context, " while scanning"), (int)(context - problem), problem, file,
                    line, column, context, note);
}

/* A line that starts with "---" separates documents; only white space or a comment may follow on it. */
static int check_separators(struct ctx *cx, const char *text, const char *file)
{
    const char *first = strstr(text, "\n---");
    if (text[0] == '%' && first) /* what stands before a separator is a document of its own */
        return err_fail(cx, ERR_INVALID,
                        MALFORMED ": yaml: line 1: did not find expected <document start> in File: %s",
                        str_or(file, "inline"));
    for (const char *p = first; p; p = strstr(p + 1, "\n---")) {
        const char *rest = p + 4 + strspn(p + 4, " \t\r");
        if (*rest && *rest != '\n' && *rest != '#')
            return err_fail(cx, ERR_INVALID, "invalid document separator: %.*s", (int)strcspn(p + 1, "\r\n"),
                            p + 1);
    }
    return 0;
}

static size_t count_documents(const char *text)
{
    size_t n = 1;
    for (const char *p = strstr(text, "\n---"); p; p = strstr(p + 1, "\n---"))
        n++;
    return n;
}

/* Reads what stands between separators one by one, the first document of each only: upstream never looks at what stands
 * behind it, whatever that is. */
static int parse_parts(struct ctx *cx, const char *text, const char *name, int rules, struct doc **ret_docs)
{
    struct doc *docs = doc_array(cx->arena);
    const char *start = text;
    for (const char *next = start; next; start = next + 1) {
        struct doc *part = NULL;
        next = strstr(start, "\n---");
        size_t len = next ? (size_t)(next - start) + 1 : strlen(start);
        if (yml_parse_all_as(cx, start, len, name, rules | YML_FIRST, &part) < 0)
            return err_code(cx);
        struct doc *first = doc_first(part);
        if (first) {
            doc_detach(part, first);
            doc_append(docs, first);
        }
        if (!next)
            break;
    }
    *ret_docs = docs;
    return 0;
}

/* Parts are only told apart when the text as a whole is no stream of documents. */
static int parse_documents(struct ctx *cx, const char *text, size_t len, const char *name, int rules,
                           struct doc **ret_docs)
{
    if (yml_parse_all_as(cx, text, len, name, rules, ret_docs) >= 0)
        return 0;
    struct err error = cx->err;
    if (!strstr(err_message(cx), "did not find expected <document start>"))
        return err_code(cx);
    err_clear(cx);
    if (parse_parts(cx, text, name, rules, ret_docs) >= 0)
        return 0;
    cx->err = error;
    return err_code(cx);
}

/* As Go prints a struct ResourceMeta. */
static const char *show_meta(struct arena *a, const struct resid *id)
{
    return str_fmt(a, "{{%s %s} {{%s %s} map[] map[]}}", gvk_api_version(a, id->gvk), id->gvk.kind, id->name,
                   id->ns);
}

static const char *show_place(struct arena *a, const char *file, const struct doc *d)
{
    return file && doc_line(d) ? str_fmt(a, " (%s:%d)", file, doc_line(d)) : "";
}

int read_check_names(struct ctx *cx, const struct resource *r)
{
    struct arena *a = cx->arena;
    const struct resid *id = &r->id;
    if (id->gvk.kind[0] && (id->name[0] || str_ends(id->gvk.kind, "List")))
        return 0;
    const char *place = show_place(a, r->file, r->doc);
    if (!id->gvk.kind[0] && !id->gvk.version[0] && !id->name[0])
        return err_fail(cx, ERR_INVALID, "missing Resource metadata%s", place);
    if (!id->gvk.kind[0])
        return err_fail(cx, ERR_INVALID, "missing kind in object %s%s", show_meta(a, id), place);
    return err_fail(cx, ERR_INVALID, "missing metadata.name in object %s%s", show_meta(a, id), place);
}

static int check_meta(struct ctx *cx, const struct resource *r, const char *file)
{
    if (read_check_names(cx, r) < 0)
        return err_code(cx);
    const struct doc *annotations = doc_path(r->doc, "metadata", "annotations");
    if (doc_kind(annotations) == DOC_ARRAY && doc_len(annotations)) /* kustomize panics, sooner or later */
        return err_fail(cx, ERR_INVALID, "metadata.annotations is a list and no map in object %s%s",
                        show_meta(cx->arena, &r->id), show_place(cx->arena, file, annotations));
    return 0;
}

static int add_document(struct ctx *cx, struct doc *d, const char *file, struct resources *queue)
{
    if (doc_kind(d) == DOC_NULL || ((doc_kind(d) == DOC_OBJECT || doc_kind(d) == DOC_ARRAY) && !doc_len(d)))
        return 0;
    if (doc_kind(d) != DOC_OBJECT)
        return err_fail(cx, ERR_INVALID, "missing Resource metadata%s", show_place(cx->arena, file, d));
    struct resource *r = resource_new(cx->arena, d, file);
    if (check_meta(cx, r, file) < 0)
        return err_code(cx);
    vec_push(cx->arena, queue, r);
    return 0;
}

static int add_items(struct ctx *cx, struct doc *items, const char *file, struct resources *queue)
{
    struct doc *next = NULL;
    for (struct doc *d = doc_first(items); d; d = next) {
        next = doc_next(d);
        doc_detach(items, d);
        if (add_document(cx, d, file, queue) < 0)
            return err_code(cx);
    }
    return 0;
}

/* A file that holds one List, or ResourceList, stands for its items. */
static bool is_wrapper(const struct doc *d)
{
    const char *kind = str_or(doc_text_at(d, "kind"), "");
    return (!strcmp(kind, "List") || !strcmp(kind, "ResourceList")) &&
           (doc_find(d, "items") || doc_find(d, "functionConfig"));
}

static int unroll(struct ctx *cx, struct resource *r, struct resources *queue, struct resources *ret)
{
    struct doc *items = doc_find(r->doc, "items");
    if (!str_ends(r->id.gvk.kind, "List") || !items) {
        vec_push(cx->arena, ret, r);
        return 0;
    }
    if (doc_kind(items) == DOC_NULL && reprint_items(cx, r->doc) < 0)
        return err_wrap(cx, "trouble expanding list of %s; received error", r->id.gvk.kind);
    if (doc_kind(items) == DOC_NULL)
        return 0;
    if (doc_kind(items) != DOC_ARRAY)
        return err_fail(cx, ERR_INVALID, "expected array in %s/items, but found %s%s", r->id.gvk.kind,
                        doc_kind_name(items), show_place(cx->arena, r->file, items));
    if (reprint_items(cx, r->doc) < 0)
        return err_wrap(cx, MALFORMED);
    resource_pass_json(cx->arena, r->doc, items, true);
    return add_items(cx, items, r->file, queue);
}

static int queue_documents(struct ctx *cx, struct doc *docs, size_t count, const char *file,
                           struct resources *queue)
{
    struct doc *only = doc_len(docs) == 1 && count == 1 ? doc_first(docs) : NULL;
    if (only && is_wrapper(only))
        return add_items(cx, doc_find(only, "items"), file, queue);
    return add_items(cx, docs, file, queue);
}

int read_resources(struct ctx *cx, const char *text, size_t len, const char *file, struct resources *ret)
{
    struct resources queue = { 0 };
    struct resources result = { 0 };
    struct doc *docs = NULL;
    const char *name = str_or(file, "inline");
    if (check_separators(cx, text, file) < 0)
        return err_code(cx);
    if (parse_documents(cx, text, len, name, RESOURCE_RULES, &docs) < 0)
        return malformed(cx, text, name);
    if (queue_documents(cx, docs, count_documents(text), file, &queue) < 0)
        return err_code(cx);
    for (size_t i = 0; i < queue.len; i++)
        if (unroll(cx, queue.at[i], &queue, &result) < 0)
            return err_code(cx);
    *ret = result;
    return ctx_check(cx);
}
