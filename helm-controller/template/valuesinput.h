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

/* A file that can be read but once, or by this process alone, and what was in it. */
struct valuesinput_stream {
    const char *path; /* "-": the standard input */
    struct strv text;
};

VEC_NAMED(valuesinput_streams, struct valuesinput_stream);

/* What stands on the command line, each list in its order. */
struct valuesinput {
    struct str_list files;        /* -f, --values: one path each */
    struct str_list json;         /* --set-json */
    struct str_list sets;         /* --set */
    struct str_list set_strings;  /* --set-string */
    struct str_list set_files;    /* --set-file */
    struct str_list set_literals; /* --set-literal */
    struct valuesinput_streams
        streams; /* read already, for a job has none of them; each is empty the second time */
};

/*
 * All of them, later ones winning: first the files, then --set-json, --set, --set-string, --set-file and --set-literal,
 * whatever their order on the command line. ERR_INVALID with Helm's words: "failed to parse FILE: ...", "failed parsing --set
 * data: ..."; ERR_UNSUPPORTED for files at a URL.
 */
int valuesinput_merge(struct ctx *cx, struct valuesinput *in, struct vmap **ret) MUST_CHECK;

/* Which of the files of --values and --set-file are streams, each once: "-", and what is no file on a disk, such as a pipe. */
struct str_list valuesinput_stream_paths(struct ctx *cx, const struct str_list *files,
                                         const struct str_list *set_files);

/* All of a stream, at most 64 MiB. */
int valuesinput_read_stream(struct ctx *cx, const char *path, struct strv *ret) MUST_CHECK;

/* The documents of a text of YAML merged into one table, the later ones winning: ERR_INVALID "cannot unmarshal yaml
 * document: ...". `name` is for messages of ours. */
int valuesinput_parse(struct ctx *cx, struct strv text, const char *name, struct vmap **ret) MUST_CHECK;

/* `from` over `into`, table by table; tables of `from` may become part of `into`. */
void valuesinput_overlay(struct vmap *into, const struct vmap *from);

#endif
