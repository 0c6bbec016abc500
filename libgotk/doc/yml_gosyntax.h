/*
 * yml_gosyntax.h: a value as Go's %#v prints it: what go-yaml shows of a key that is none. Private to libgotk/doc.
 */
#ifndef GOTK_DOC_YML_GOSYNTAX_H
#define GOTK_DOC_YML_GOSYNTAX_H

#include "libgotk/doc/doc.h"

/* `map[interface {}]interface {}{"a":1, "b":[]interface {}{"c", interface {}(nil)}}`, at most 4 KiB of it. Whether a key or a
 * number was written otherwise than it is now (`true:`, 1e10) does not show. */
const char *yml_go_syntax(struct arena *a, const struct doc *d);

#endif
