/*
 * renderwire.c: how a rendering goes through the pipe: a line of JSON, then all texts in the order in which it tells of them.
 *
 * Manifests are megabytes; as JSON strings they would be escaped, copied and read again.
 */
#include "helm-controller/renderparts.h"
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"

#define PIECE ((size_t)64 << 10)

/* -- writing ------------------------------------------------------------------------------------------------------ */

static void put_length(struct arena *a, struct doc *d, struct strv text)
{
    doc_set_int(a, d, "len", (int64_t)text.n);
}

static struct doc *files_doc(struct arena *a, const struct manifest_files *files)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < files->len; i++) {
        struct doc *d = doc_object(a);
        doc_set_text(a, d, "name", files->at[i].name);
        put_length(a, d, files->at[i].text);
        doc_append(list, d);
    }
    return list;
}

static struct doc *log_doc(struct arena *a, const struct notes *log)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < log->len; i++) {
        struct doc *d = doc_object(a);
        doc_set_int(a, d, "level", log->at[i].level);
        doc_set_text(a, d, "text", log->at[i].text);
        doc_append(list, d);
    }
    return list;
}

static struct doc *plain_doc(struct arena *a, const struct manifests *m)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < m->plain.len; i++) {
        struct doc *d = doc_object(a);
        doc_set_text(a, d, "name", m->plain.at[i].name);
        doc_set_text(a, d, "apiVersion", m->plain.at[i].api_version);
        doc_set_text(a, d, "kind", m->plain.at[i].kind);
        put_length(a, d, m->plain.at[i].text);
        doc_append(list, d);
    }
    return list;
}

static struct doc *words_doc(struct arena *a, const struct str_list *words)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < words->len; i++)
        doc_append_text(a, list, words->at[i]);
    return list;
}

static struct doc *hook_doc(struct arena *a, const struct manifest_hook *hook)
{
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "path", hook->path);
    doc_set_text(a, d, "name", hook->name);
    doc_set_text(a, d, "kind", hook->kind);
    doc_set_int(a, d, "weight", hook->weight);
    doc_set(a, d, "events", words_doc(a, &hook->events));
    doc_set(a, d, "deletePolicies", words_doc(a, &hook->delete_policies));
    doc_set(a, d, "outputLogPolicies", words_doc(a, &hook->output_log_policies));
    put_length(a, d, hook->text);
    return d;
}

static struct doc *hooks_doc(struct arena *a, const struct manifests *m)
{
    struct doc *list = doc_array(a);
    for (size_t i = 0; i < m->hooks.len; i++)
        doc_append(list, hook_doc(a, &m->hooks.at[i]));
    return list;
}

static struct doc *header_of(struct arena *a, const struct render_output *r)
{
    struct doc *d = doc_object(a);
    doc_set(a, d, "log", log_doc(a, &r->log));
    doc_set_text(a, d, "error", r->error);
    doc_set_text(a, d, "hints", r->hints);
    doc_set_bool(a, d, "rendered", r->rendered);
    doc_set(a, d, "files", files_doc(a, &r->files));
    doc_set(a, d, "crds", files_doc(a, &r->crds));
    doc_set(a, d, "manifests", plain_doc(a, &r->manifests));
    doc_set(a, d, "hooks", hooks_doc(a, &r->manifests));
    doc_set_int(a, d, "notesLen", (int64_t)r->notes.n);
    return d;
}

/* The texts on their way to the parent. */
struct sending {
    struct ctx *cx;
    struct job_side *side;
    struct buf *out;
};

static int put(const struct sending *to, struct strv text)
{
    for (size_t n; text.n; text.p += n, text.n -= n) {
        n = text.n < PIECE ? text.n : PIECE;
        buf_add(to->out, text.p, n);
        if (job_flush(to->cx, to->side, to->out) < 0)
            return err_code(to->cx);
    }
    return 0;
}

static int send_files(const struct sending *to, const struct manifest_files *files)
{
    for (size_t i = 0; i < files->len; i++)
        if (put(to, files->at[i].text) < 0)
            return err_code(to->cx);
    return 0;
}

static int send_manifests(const struct sending *to, const struct manifests *m)
{
    for (size_t i = 0; i < m->plain.len; i++)
        if (put(to, m->plain.at[i].text) < 0)
            return err_code(to->cx);
    for (size_t i = 0; i < m->hooks.len; i++)
        if (put(to, m->hooks.at[i].text) < 0)
            return err_code(to->cx);
    return 0;
}

static size_t length_of(const struct render_output *r)
{
    size_t n = r->notes.n;
    for (size_t i = 0; i < r->files.len; i++)
        n += r->files.at[i].text.n;
    for (size_t i = 0; i < r->crds.len; i++)
        n += r->crds.at[i].text.n;
    for (size_t i = 0; i < r->manifests.plain.len; i++)
        n += r->manifests.plain.at[i].text.n;
    for (size_t i = 0; i < r->manifests.hooks.len; i++)
        n += r->manifests.hooks.at[i].text.n;
    return n;
}

int render_write(struct ctx *cx, struct job_side *side, struct buf *out, const struct render_output *r)
{
    const struct sending to = { cx, side, out };
    buf_room(out, 2 * PIECE); /* a buffer that grows leaves as much behind */
    json_print(out, header_of(cx->arena, r), JSON_COMPACT);
    buf_char(out, '\n');
    if (job_expect(cx, side, out->len + length_of(r)) < 0)
        return err_code(cx);
    if (send_files(&to, &r->files) < 0 || send_files(&to, &r->crds) < 0 ||
        send_manifests(&to, &r->manifests) < 0)
        return err_code(cx);
    return put(&to, r->notes);
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

struct reader {
    struct ctx *cx;
    const char *p;
    const char *end;
    bool broken;
};

/* The next text, as long as the node says. */
static struct strv take(struct reader *r, const struct doc *length)
{
    int64_t n = -1;
    if (!doc_get_int(length, &n) || n < 0 || n > r->end - r->p) {
        r->broken = true;
        return (struct strv){ r->p, 0 };
    }
    struct strv text = { r->p, (size_t)n };
    r->p += n;
    return text;
}

static const char *text_at(const struct doc *d, const char *key)
{
    return str_or(doc_text_at(d, key), "");
}

static void read_files(struct reader *r, const struct doc *list, struct manifest_files *ret)
{
    doc_each (d, list) {
        struct manifest_file file = { text_at(d, "name"), take(r, doc_find(d, "len")) };
        vec_push(r->cx->arena, ret, file);
    }
}

static void read_log(struct reader *r, const struct doc *list, struct notes *ret)
{
    doc_each (d, list) {
        int64_t level = NOTES_INFO;
        doc_get_int(doc_find(d, "level"), &level);
        struct notes_line line = { (enum notes_level)level, text_at(d, "text") };
        vec_push(r->cx->arena, ret, line);
    }
}

static struct str_list read_words(struct reader *r, const struct doc *list)
{
    struct str_list words = { 0 };
    doc_each (word, list)
        vec_push(r->cx->arena, &words, str_or(doc_text(word), ""));
    return words;
}

static void read_plain(struct reader *r, const struct doc *list, struct manifests *ret)
{
    doc_each (d, list) {
        struct manifest m = {
            .name = text_at(d, "name"),
            .text = take(r, doc_find(d, "len")),
            .api_version = text_at(d, "apiVersion"),
            .kind = text_at(d, "kind"),
        };
        vec_push(r->cx->arena, &ret->plain, m);
    }
}

static void read_hooks(struct reader *r, const struct doc *list, struct manifests *ret)
{
    doc_each (d, list) {
        struct manifest_hook hook = {
            .path = text_at(d, "path"),
            .text = take(r, doc_find(d, "len")),
            .name = text_at(d, "name"),
            .kind = text_at(d, "kind"),
            .events = read_words(r, doc_find(d, "events")),
            .delete_policies = read_words(r, doc_find(d, "deletePolicies")),
            .output_log_policies = read_words(r, doc_find(d, "outputLogPolicies")),
        };
        doc_get_int(doc_find(d, "weight"), &hook.weight);
        vec_push(r->cx->arena, &ret->hooks, hook);
    }
}

int render_read(struct ctx *cx, struct strv text, struct render_output *ret)
{
    const char *line = text.n ? memchr(text.p, '\n', text.n) : NULL;
    struct doc *d;
    if (!line)
        return err_fail(cx, ERR_INTERNAL, "the output of the rendering makes no sense");
    if (json_parse(cx, text.p, (size_t)(line - text.p), "the rendering's output", &d) < 0)
        return err_code(cx);
    struct reader r = { cx, line + 1, text.p + text.n, false };
    struct render_output out = {
        .error = doc_text_at(d, "error"),
        .hints = doc_text_at(d, "hints"),
        .rendered = doc_is_true(doc_find(d, "rendered"), false),
    };
    read_log(&r, doc_find(d, "log"), &out.log);
    read_files(&r, doc_find(d, "files"), &out.files);
    read_files(&r, doc_find(d, "crds"), &out.crds);
    read_plain(&r, doc_find(d, "manifests"), &out.manifests);
    read_hooks(&r, doc_find(d, "hooks"), &out.manifests);
    out.notes = take(&r, doc_find(d, "notesLen"));
    if (r.broken)
        return err_fail(cx, ERR_INTERNAL, "the output of the rendering makes no sense");
    *ret = out;
    return 0;
}
