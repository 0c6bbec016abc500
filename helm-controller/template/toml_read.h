/*
 * toml_read.h: TOML 1.1 as the Go library BurntSushi/toml 1.6.0 reads it.
 *
 * Integers become int64, floats float64, dates and times time.Time (those without a zone in the zones "datetime-local",
 * "date-local", "time-local", which are UTC), arrays []interface {}, arrays of tables []map[string]interface {}.
 */
#ifndef GOTK_HELM_TEMPLATE_TOML_READ_H
#define GOTK_HELM_TEMPLATE_TOML_READ_H

#include "helm-controller/template/value.h"
#include "libgotk/base/ctx.h"

/*
 * Reads a document. *ret is its table, or NULL when the text is no TOML: then *ret_error says so in the library's words,
 * e.g. `toml: line 2 (last key "a"): expected value but found '\n' instead` (it may hold a NUL). Fails where the library
 * itself would break off (ERR_INVALID "BUG: ..."), and with ERR_LIMIT on values nested too deeply.
 */
int toml_read(struct ctx *cx, struct strv text, struct vmap **ret, struct strv *ret_error) MUST_CHECK;

#endif
