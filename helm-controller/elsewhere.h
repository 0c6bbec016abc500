/*
 * elsewhere.h: what a rendering needs that only the full executable has.
 *
 * There are two of it, as of the executables: elsewhere.c finds all at hand; tool/elsewhere.c, in the small one, notes that
 * something was asked for that is not there, whereupon the command starts anew in the other.
 */
#ifndef GOTK_HELM_ELSEWHERE_H
#define GOTK_HELM_ELSEWHERE_H

#include <stdbool.h>

/* The reason of a rendering's failure that calls for the other executable. */
#define ELSEWHERE_REASON "Elsewhere"

/* True in the executable that has another: what can be read but once is left to that one. */
bool elsewhere_exists(void);

/* True when this process asked for what it does not have: whatever became of the rendering does not count. */
bool elsewhere_needed(void);

#endif
