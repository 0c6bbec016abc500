/*
 * engine.h: Helm's engine: a chart's templates as one set, rendered file by file.
 *
 * What is here needs no cluster and no chart on disk: the caller brings texts and data. One thread, all memory of the
 * context's arena; a chart that recurses needs a large stack (bigstack_call).
 */
#ifndef GOTK_HELM_TEMPLATE_ENGINE_H
#define GOTK_HELM_TEMPLATE_ENGINE_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/vec.h"
#include "libgotk/doc/doc.h"

struct engine_file {
    const char *name; /* CHART/templates/FILE, with charts/SUB for subcharts */
    struct strv text;
    const char *base_path; /* CHART/templates */
    struct vmap *data;     /* what its dot is: shared by the files of a chart; "Template" is set here */
    bool mapped;           /* text is a file's, as in struct chart_file */
};

VEC_NAMED(engine_files, struct engine_file);

struct engine_output {
    const char *name;
    struct strv text;
};

VEC_NAMED(engine_outputs, struct engine_output);

/*
 * Renders all files but partials (whose names start with "_"), in Helm's order: deepest first, then from the end of the
 * alphabet. ERR_INVALID with Helm's text: "parse error at (F:L): ...", "execution error at (F:L:C): ..." for fail and
 * required, and for others Helm's blocks of lines or Go's one line.
 */
int engine_render(struct ctx *cx, const struct engine_files *files, struct engine_outputs *ret) MUST_CHECK;
/* Where a rendering failed, for whoever explains it; all NULL when no template was running. */
struct engine_trace {
    const char *file;   /* the file being printed */
    const char *places; /* from there to the mistake: "a/templates/x.yaml:12:5 -> a/templates/_h.tpl:4:11" */
    const char *node;   /* what was evaluated: ".Values.a.b" */
    const char *message;
    const char *near; /* of a template that is not there: one that is, and is spelled alike; else NULL */
};

/* What a rendering may ask of the world outside. */
struct engine_host {
    /* `lookup`: the object of that name, the list of all when it is "", NULL when there is none; fails with the text of
     * the API server. NULL: nothing is ever there. */
    int (*lookup)(struct ctx *cx, void *user, const char *const args[4], struct doc **ret);
    void *user;
    struct engine_trace *trace; /* filled when the rendering fails; may be NULL */
};

/* As engine_render for templates that may look things up. */
int engine_render_on(struct ctx *cx, const struct engine_files *files, const struct engine_host *host,
                     struct engine_outputs *ret) MUST_CHECK;
/* The text without every literal "<no value>", which is what Go prints for nothing. */
struct strv engine_without_no_value(struct arena *a, struct strv text);

#endif
