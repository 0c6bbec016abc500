/*
 * valuesinput.h: the values a user gives: files and the --set family, merged as the helm command does.
 *
 * Everything lives in the context's arena. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_VALUESINPUT_H
#define GOTK_HELM_TEMPLATE_VALUESINPUT_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"
#include "libgotk/base/vec.h"

/* What stands on the command line, each list in its order. */
struct valuesinput {
    struct str_list files;        /* -f, --values: one path each */
    struct str_list json;         /* --set-json */
    struct str_list sets;         /* --set */
    struct str_list set_strings;  /* --set-string */
    struct str_list set_files;    /* --set-file */
    struct str_list set_literals; /* --set-literal */
    struct strv standard_input;   /* when it was read already: a job has none of its own */
};

/*
 * All of them, later ones winning: first the files, then --set-json, --set, --set-string, --set-file and --set-literal,
 * whatever their order on the command line. A path "-" is the standard input, which is empty the second time. ERR_INVALID with Helm's words: "failed to parse
 * FILE: ...", "failed parsing --set data: ..."; ERR_UNSUPPORTED for files at a URL.
 */
int valuesinput_merge(struct ctx *cx, struct valuesinput *in, struct vmap **ret) MUST_CHECK;

/* All of the standard input, at most 256 MiB. */
int valuesinput_read_stdin(struct ctx *cx, struct strv *ret) MUST_CHECK;

/* The documents of a text of YAML merged into one table, the later ones winning: ERR_INVALID "cannot unmarshal yaml
 * document: ...". `name` is for messages of ours. */
int valuesinput_parse(struct ctx *cx, struct strv text, const char *name, struct vmap **ret) MUST_CHECK;

/* `from` over `into`, table by table; tables of `from` may become part of `into`. */
void valuesinput_overlay(struct vmap *into, const struct vmap *from);

#endif
