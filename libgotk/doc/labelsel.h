/*
 * labelsel.h: Kubernetes label selectors: "app=web,tier in (a, b),!legacy".
 *
 * Parsed once, matched often. Follows apimachinery's labels.Parse: requirements joined by commas, all must hold.
 * Any thread once parsed.
 */
#ifndef GOTK_DOC_LABELSEL_H
#define GOTK_DOC_LABELSEL_H

#include "libgotk/doc/doc.h"

struct labelsel;

/* Parses; an empty text selects everything. ERR_INVALID names the part that could not be read. */
int labelsel_parse(struct ctx *cx, const char *text, struct labelsel **ret) MUST_CHECK;

/* True when the map of labels (NULL: none) fulfils every requirement. */
bool labelsel_matches(const struct labelsel *s, const struct doc *labels);

#endif
