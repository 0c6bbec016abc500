/*
 * cond.h: the conditions of a status document, by Flux's rules.
 *
 * Conditions live where they are written: in the "conditions" array of the status a run is working on. Setting one follows
 * fluxcd/pkg/runtime/conditions: the message is cut to 32768 bytes, lastTransitionTime moves only when status, reason or
 * message change, observedGeneration always follows, and the array stays sorted (Stalled, Reconciling, Ready, then the
 * newest generation first, then by type). Any thread, on a document of its own. Rejected: an array of structs that is
 * encoded at the end; a document keeps the conditions of others as they are.
 */
#ifndef GOTK_RUNTIME_COND_H
#define GOTK_RUNTIME_COND_H

#include "libgotk/doc/doc.h"

#define COND_READY       "Ready"
#define COND_RECONCILING "Reconciling"
#define COND_STALLED     "Stalled"

enum cond_status { COND_UNKNOWN, COND_TRUE, COND_FALSE };

/* Whose conditions are written: a status object in `arena`, and the generation that is being observed. */
struct cond_target {
    struct arena *arena;
    struct doc *status;
    int64_t generation;
};

/* One condition as it was read; strings are borrowed from the document, "" when absent. */
struct cond {
    const char *type;
    enum cond_status status;
    const char *reason;
    const char *message;
    const char *last_transition_time;
    int64_t observed_generation;
};

/* "Unknown", "True" or "False". */
const char *cond_status_name(enum cond_status status);

/* Reads the condition `type` of a status (NULL: none); false, and *ret untouched, when absent. */
bool cond_find(const struct doc *status, const char *type, struct cond *ret);

/* True when the condition is there. */
bool cond_has(const struct doc *status, const char *type);

/* True when the condition is there and has this status. An absent condition has none. */
bool cond_is(const struct doc *status, const char *type, enum cond_status wanted);

/* Reason and message of a condition; "" when absent. */
const char *cond_reason(const struct doc *status, const char *type);
const char *cond_message(const struct doc *status, const char *type);

/* Sets a condition by the rules above. */
void cond_set(struct cond_target *to, const char *type, enum cond_status status, const char *reason,
              const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Takes a condition out. */
void cond_remove(struct cond_target *to, const char *type);

/* Reconciling=True, and Stalled goes. */
void cond_reconciling(struct cond_target *to, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Stalled=True, and Reconciling goes. */
void cond_stalled(struct cond_target *to, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Reconciling=True; also Ready=Unknown when something differs (`drift`) or Ready is absent or Unknown already. What the
 * source kinds call progressive status. */
void cond_progress(struct cond_target *to, bool drift, const char *reason, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

enum cond_polarity {
    COND_POSITIVE, /* True is good */
    COND_NEGATIVE, /* True is bad */
    COND_BIPOLAR,  /* as positive; when False it decides Ready whatever the others say */
};

/* One condition Ready depends on; a table of them is in order of priority. */
struct cond_rule {
    const char *type;
    enum cond_polarity polarity;
};

struct cond_summary {
    const struct cond_rule *rules;
    size_t count;
};

/* Computes Ready from the conditions of the table: the worst group (True negative, False positive, True positive, False
 * negative, Unknown) decides its status, the first of that group in table order its reason and message. With none of them
 * present Ready stays as it is. */
void cond_summarize(struct cond_target *to, const struct cond_summary *summary);

/* Gives conditions of `status` that say the same as in `published` (status, reason, message) their old transition time
 * back: between the two they may have said something that nobody ever saw. */
void cond_settle(struct arena *a, struct doc *status, const struct doc *published);

#endif
