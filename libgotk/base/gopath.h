/*
 * gopath.h: paths as text, as Go's package path sees them.
 *
 * Nothing here looks at the disk. Pure functions; results live in arenas or borrow from the input. Any thread.
 */
#ifndef GOTK_BASE_GOPATH_H
#define GOTK_BASE_GOPATH_H

#include "libgotk/base/str.h"

/* path.Clean: the shortest path that means the same, "." for an empty one. Ends with a NUL that is not counted. */
struct strv gopath_clean(struct arena *a, struct strv path);
/* path.Base: the last element without trailing slashes; "." for an empty path, "/" for one of slashes alone. */
struct strv gopath_base(struct strv path);
/* path.Ext: from the last dot of the last element, "" without one. */
struct strv gopath_ext(struct strv path);

#endif
