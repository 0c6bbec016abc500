/*
 * ready.h: is an object what later objects need it to be?
 *
 * The part of kstatus that staged apply needs between its stages: definitions and classes must be current before the
 * rest is applied. One row per kind with a rule of its own, the generic rules for all others. Any thread.
 */
#ifndef GOTK_SSA_READY_H
#define GOTK_SSA_READY_H

#include "libgotk/doc/doc.h"

enum ready_state { READY_CURRENT, READY_IN_PROGRESS, READY_FAILED, READY_TERMINATING, READY_NOT_FOUND };

/* The state of a live object (NULL: not found). */
enum ready_state ready_state_of(const struct doc *live);

/* "Current", "InProgress", "Failed", "Terminating", "NotFound". */
const char *ready_state_name(enum ready_state state);

#endif
