/*
 * render.c: the parent's side of the render job; the contract is in render.h.
 *
 * The child may read every file: a command's chart may hold symbolic links, and its values lie anywhere.
 */
#include "helm-controller/render.h"

#include "helm-controller/renderparts.h"
#include "libgotk/base/str.h"

#include <stdint.h>

#define MEMORY_MAX  ((size_t)1 << 30)
#define OUTPUT_MAX  ((size_t)512 << 20)
#define TIMEOUT_MS  300000
#define CPU_SECONDS 30 /* the largest charts take one */

const struct job render_job = { .name = "rendering the chart", .run = render_in_child };

static void put_list(struct arena *a, struct doc *d, const char *key, const struct str_list *list)
{
    struct doc *words = doc_array(a);
    for (size_t i = 0; i < list->len; i++)
        doc_append_text(a, words, list->at[i]);
    doc_set(a, d, key, words);
}

static struct doc *input_document(struct arena *a, const struct render_input *in)
{
    struct doc *d = doc_object(a);
    doc_set_text(a, d, "chart", in->chart);
    doc_set_text(a, d, "release", in->release);
    doc_set_text(a, d, "namespace", in->ns);
    doc_set_text(a, d, "kubeVersion", in->kube_version);
    put_list(a, d, "apiVersions", &in->api_versions);
    put_list(a, d, "valuesFiles", &in->values_files);
    put_list(a, d, "setJson", &in->set_json);
    put_list(a, d, "set", &in->set);
    put_list(a, d, "setString", &in->set_string);
    put_list(a, d, "setFile", &in->set_file);
    put_list(a, d, "setLiteral", &in->set_literal);
    put_list(a, d, "labels", &in->labels);
    if (in->streams)
        doc_set(a, d, "streams", doc_copy(a, in->streams));
    doc_set_bool(a, d, "isUpgrade", in->is_upgrade);
    doc_set_bool(a, d, "skipSchemaValidation", in->skip_schema_validation);
    doc_set_bool(a, d, "includeCrds", in->include_crds);
    doc_set_bool(a, d, "wantFiles", in->want_files);
    doc_set_bool(a, d, "mayLookUp", in->cluster != NULL);
    return d;
}

/* A question of the child: render_ask. */
static int answer(struct ctx *cx, void *user, const struct doc *question, struct doc **ret_answer)
{
    const struct render_cluster *cluster = user;
    const char *args[RENDER_LOOKUP_ARGS];
    struct doc *found = NULL;
    size_t n = 0;
    doc_each (word, question)
        if (n < ARRAY_LEN(args))
            args[n++] = str_or(doc_text(word), "");
    if (n < ARRAY_LEN(args))
        return err_fail(cx, ERR_INTERNAL, "lookup: a question of %zu words", n);
    if (cluster->lookup(cx, cluster->user, args, &found) < 0)
        return err_code(cx);
    *ret_answer = doc_object(cx->arena);
    if (found)
        doc_set(cx->arena, *ret_answer, "found", found);
    return 0;
}

int render_run(struct ctx *cx, const struct render_input *input, struct render_output *ret)
{
    static const char *const everything[] = { "/", NULL };
    const struct job_limits limits = {
        .memory_max = MEMORY_MAX,
        .cpu_seconds = CPU_SECONDS,
        .timeout_ms = TIMEOUT_MS,
        .output_max = OUTPUT_MAX,
        .read_dirs = everything,
    };
    struct buf output = buf_new(cx->arena, OUTPUT_MAX);
    void *cluster = (void *)(uintptr_t)input->cluster;
    if (job_run(cx, &render_job, &limits, input_document(cx->arena, input), cluster ? answer : NULL, cluster,
                &output) < 0)
        return err_code(cx);
    return render_read(cx, (struct strv){ buf_text(&output), output.len }, ret);
}
