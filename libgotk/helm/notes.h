/*
 * notes.h: what Helm says about a chart without failing: its log lines, for whoever shows them.
 *
 * Collected in an arena by one thread; the command prints them as helm does, the controller logs them. Everything that
 * takes a struct notes * takes NULL for "nobody listens". Rejected: logging where it happens, because loading and rendering
 * run in job children, whose log is not the controller's.
 */
#ifndef GOTK_HELM_NOTES_H
#define GOTK_HELM_NOTES_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/vec.h"

enum notes_level { NOTES_INFO, NOTES_WARN, NOTES_ERROR };

struct notes_line {
    enum notes_level level;
    const char *text; /* as log/slog prints it: msg="returned non-bool value" path=sub.enabled */
};

VEC_NAMED(notes, struct notes_line);

/* Adds a message with pairs of keys and values, ended by NULL: notes_add(cx, n, NOTES_WARN, "text", "key", "value", NULL). */
void notes_add(struct ctx *cx, struct notes *n, enum notes_level level, const char *message, ...);
/* Adds a formatted message without pairs, at the level of information. */
void notes_addf(struct ctx *cx, struct notes *n, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
