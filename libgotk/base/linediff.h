/*
 * linediff.h: two texts as a unified diff, as `diff -u` prints it.
 *
 * The longest common subsequence of lines, found by a table after what both share at their ends is set aside. A middle too
 * large for the table is shown as replaced whole. Rejected: running diff(1), which confined and small images do not have.
 * Pure functions; any thread.
 */
#ifndef GOTK_BASE_LINEDIFF_H
#define GOTK_BASE_LINEDIFF_H

#include "libgotk/base/buf.h"

/* Appends the hunks ("@@ -1,3 +1,4 @@", then lines that begin with ' ', '-' or '+') that turn `before` into `after`, with
 * three lines around each change; nothing when the texts are equal. */
void linediff_unified(struct buf *out, const char *before, const char *after);

#endif
