/*
 * ask.h: one question to a service of a cloud provider, answered in a child.
 *
 * The caller makes the request; a confined child sends it and reads the answer (JSON, XML or text), so that a stranger's
 * bytes are parsed there; what comes back is a document. A refusal is an error that says what the service said.
 */
#ifndef GOTK_CLOUD_ASK_H
#define GOTK_CLOUD_ASK_H

#include "libgotk/base/ctx.h"
#include "libgotk/doc/doc.h"

enum cloud_answer {
    CLOUD_JSON,
    CLOUD_XML,  /* doc/xml.h */
    CLOUD_TEXT, /* a string: printable ASCII on one line */
};

struct cloud_ask {
    const char *method; /* NULL: GET */
    const char *url;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    const char *body;   /* NULL: none */
    const char *bearer; /* NULL: none */
    const char *proxy;  /* NULL: as the environment says */
    bool direct;        /* never through a proxy: a service of the machine itself */
    int64_t as;         /* enum cloud_answer */
    int64_t timeout_ms; /* 0: 10 s, as upstream */
};

/* Asks. Fails with http.h's errors, and by the answer's status with "POST <url>: 400 <code>: <message>". */
int cloud_ask(struct ctx *cx, const struct cloud_ask *ask, struct doc **ret_answer) MUST_CHECK;

/* "name=value&name=value..." of NULL-terminated pairs, escaped; pairs whose value is NULL are left out. */
const char *cloud_form(struct arena *a, const char *const *pairs);

/* A number, or text that is one; false for anything else. */
bool cloud_number(const struct doc *value, int64_t *ret);

/* True for what may go into a header: printable ASCII, no space, not empty, at most 16 KiB. */
bool cloud_is_token(const char *text);

#endif
