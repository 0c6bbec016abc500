/*
 * toml_print.h: values as TOML, as the Go library BurntSushi/toml writes them.
 *
 * Plain members first, tables behind them, both sorted; nested tables are indented by two. One thread.
 */
#ifndef GOTK_HELM_TEMPLATE_TOML_PRINT_H
#define GOTK_HELM_TEMPLATE_TOML_PRINT_H

#include "helm-controller/template/value.h"
#include "libgotk/base/buf.h"

/* Appends the value. ERR_INVALID with Go's words, e.g. "toml: cannot encode array with nil element"; what was written
 * before stays in `out`. */
int toml_print(struct ctx *cx, struct buf *out, struct value v) MUST_CHECK;

/* Appends one part of a key: bare where it can be, else in quotes. */
void toml_print_key(struct buf *out, struct strv key);

#endif
