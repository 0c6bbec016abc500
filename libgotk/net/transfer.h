/*
 * transfer.h: one HTTP exchange on one curl easy handle.
 *
 * Translates a request into curl options and curl's callbacks into a response. Internal to http.c, on its
 * thread. The struct is open because http.c, transfer.c and cause.c tell one story in three chapters.
 * Rejected: one file of 700 lines.
 */
#ifndef GOTK_NET_TRANSFER_H
#define GOTK_NET_TRANSFER_H

#include "libgotk/net/answer.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"

#include <curl/curl.h>

struct transfer {
    struct ctx *cx; /* of the caller that waits; its arena holds everything here */
    const struct http_request *req;
    struct url url;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    struct x509_store_st *trust;
    char detail[CURL_ERROR_SIZE]; /* curl's own words */
    struct answer_head head;
    struct buf body;
    size_t max_body;
    int64_t last_byte_ms;
    struct err callback_err; /* what on_data left behind */
    bool head_too_large;
    bool body_too_large;
    size_t handed_over; /* bytes that on_data or a stream got: no second try */
    bool idle_timeout;
    bool done;
    CURLcode result; /* once done */
    bool streaming;  /* body bytes wait for http_stream_read */
    size_t stream_read;
    bool paused;
};

/* Prepares `easy` for `req`; the transfer lives in cx->arena and must be ended by transfer_close. Fails with
 * ERR_INVALID (URL, header, certificate authority). */
int transfer_open(struct ctx *cx, const struct http_request *req, CURL *easy,
                  struct transfer **ret) MUST_CHECK;

/* Releases what curl and OpenSSL gave; the easy handle is reset and stays with the caller. */
void transfer_close(struct transfer *t);

/* The status of the answer as far as it is there; 0 before its head. */
long transfer_status(const struct transfer *t);

/* The answer, once curl is done without error, or of a stream whose head is complete. */
void transfer_answer(struct transfer *t, struct http_response *ret);

/* True when a stream's head is final: not informational, not a redirect that is being followed. */
bool transfer_has_head(const struct transfer *t);

/* Milliseconds until the idle timeout strikes, at least 0; `unlimited` when the request has none. */
int64_t transfer_idle_left_ms(const struct transfer *t, int64_t unlimited);

/* What the request is called in messages: `Get "https://host/path"`, secrets masked. */
const char *transfer_name(struct ctx *cx, const struct http_request *req);

/* Puts that name before the error in cx and returns its code; a tunnel has none. */
int transfer_blame(struct ctx *cx, const struct http_request *req);

#endif
