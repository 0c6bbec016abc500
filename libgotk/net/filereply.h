/*
 * filereply.h: what part of a file a request gets: all, a range, or the word that it has not changed.
 *
 * The rules of RFC 9110 (sections 13 and 14) for one range, as Go's http.ServeContent applies them. Pure
 * functions, internal to the server. Rejected: several ranges in one answer, which no client of artifacts
 * asks for: they get the whole file.
 */
#ifndef GOTK_NET_FILEREPLY_H
#define GOTK_NET_FILEREPLY_H

#include <stdbool.h>
#include <stdint.h>

/* The request headers that matter; NULL when absent. */
struct filereply_request {
    const char *if_match;
    const char *if_none_match;
    const char *if_modified_since;
    const char *if_unmodified_since;
    const char *if_range;
    const char *range;
};

struct filereply_file {
    int64_t size;
    int64_t last_modified; /* unix seconds */
    const char *etag;      /* with quotes; NULL: none */
};

struct filereply {
    int status;     /* 200, 206, 304, 412 or 416 */
    int64_t offset; /* what to send with 200 and 206 */
    int64_t length;
};

/* Decides about a GET or HEAD. */
struct filereply filereply_decide(const struct filereply_request *req, const struct filereply_file *file);

/* True when the list of an If-Match or If-None-Match header holds `etag` or "*"; weak tags match when `weak`.
 */
bool filereply_etag_in(const char *list, const char *etag, bool weak);

#endif
