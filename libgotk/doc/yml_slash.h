/*
 * yml_slash.h: finds the escape \/ in texts in double quotes: libyaml knows it, go-yaml refuses it. Private to the YAML reader.
 */
#ifndef GOTK_DOC_YML_SLASH_H
#define GOTK_DOC_YML_SLASH_H

#include <stdbool.h>
#include <stddef.h>

/* Where a document was looked at last: libyaml counts characters, not bytes. */
struct yml_slash {
    const char *text;
    size_t len;
    size_t index; /* characters before `at` */
    size_t at;
};

/* Whether it stands between two places (in characters, not before earlier ones). */
bool yml_slash_in(struct yml_slash *s, size_t start, size_t end);

#endif
