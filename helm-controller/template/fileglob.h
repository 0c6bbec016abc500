/*
 * fileglob.h: the patterns of .Files.Glob, as gobwas/glob reads them with "/" as separator.
 *
 * `*` any run without "/", `**` any run, `?` one character but "/", `[abc]` `[a-z]` `[!a-z]`, `{a,b}`, `\` the next
 * character. Rejected: base/glob, which is Go's path.Match and knows neither `**` nor braces. One thread; arena memory.
 */
#ifndef GOTK_HELM_TEMPLATE_FILEGLOB_H
#define GOTK_HELM_TEMPLATE_FILEGLOB_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

struct fileglob;

/* NULL, with an error in cx, for a pattern that is malformed. */
const struct fileglob *fileglob_compile(struct ctx *cx, struct strv pattern);
/* Whether the whole text matches. */
bool fileglob_match(const struct fileglob *glob, struct strv text);

#endif
