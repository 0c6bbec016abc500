/*
 * helmignore.h: the rules of .helmignore, as Helm reads them; they are not those of .gitignore.
 *
 * The first rule that says so ignores a path. A rule with "!" ignores what it does not match. "**" is refused. Matching
 * allocates nothing that lasts; any thread once the list is complete.
 */
#ifndef GOTK_HELM_HELMIGNORE_H
#define GOTK_HELM_HELMIGNORE_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

struct helmignore_rule {
    const char *pattern;
    bool negated;
    bool dirs_only;
    bool whole; /* the pattern is for the path, not for its last element */
};

VEC_NAMED(helmignore, struct helmignore_rule);

/* Appends the rules of a file's text. ERR_INVALID "double-star (**) syntax is not supported", "syntax error in pattern". */
int helmignore_parse(struct ctx *cx, struct strv text, struct helmignore *rules) MUST_CHECK;
/* Appends the rule every folder has: "templates/.?*". */
void helmignore_add_defaults(struct ctx *cx, struct helmignore *rules);
/* True when the path, relative to the chart's folder, is to be left out. */
bool helmignore_match(const struct helmignore *rules, const char *path, bool is_dir);

#endif
