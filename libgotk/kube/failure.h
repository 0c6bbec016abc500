/*
 * failure.h: from an answer of the API server to a typed error.
 *
 * The API server explains itself in a Status document; proxies and old paths answer plain text. Both become
 * the error that client-go would print. Any thread.
 */
#ifndef GOTK_KUBE_FAILURE_H
#define GOTK_KUBE_FAILURE_H

#include "libgotk/doc/doc.h"
#include "libgotk/net/http.h"

/* What was asked, for answers that do not say; fields may be NULL. */
struct failure_subject {
    const char *method; /* "GET" */
    const char *group;
    const char *plural;
    const char *name;
};

/* Puts the error for an answer outside 200-206 into cx and returns its code; *ret_status (may be NULL)
 * becomes the Status document, or NULL when there was none. */
int failure_of_answer(struct ctx *cx, const struct http_response *answer,
                      const struct failure_subject *subject, struct doc **ret_status);

/* Puts the error for a Status document (of a watch event) into cx and returns its code. */
int failure_of_status(struct ctx *cx, const struct doc *status);

/* True for a document of kind Status that reports a failure. */
bool failure_is_status(const struct doc *d);

#endif
