/*
 * sigv4.h: AWS Signature Version 4: requests in headers, URLs by presigning, and CodeCommit's passwords.
 *
 * libcurl signs requests, but neither presigns URLs nor signs without sending, which clusters and CodeCommit need; so all
 * signing is here, on one canonical request. Any thread; no state. Secrets never reach a message.
 */
#ifndef GOTK_CLOUD_SIGV4_H
#define GOTK_CLOUD_SIGV4_H

#include "libgotk/cloud/cloud.h"

#define SIGV4_EMPTY                                                                                          \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* SHA-256 of nothing */

/* Who signs for what, and when. */
struct sigv4 {
    const struct cloud_token *token;
    const char *region;
    const char *service; /* "sts", "eks", "s3", "ecr", "codecommit" */
    int64_t now;         /* unix seconds */
};

/* The headers that sign a request: X-Amz-Date, X-Amz-Security-Token (when there is a session), for "s3"
 * X-Amz-Content-Sha256, and Authorization; *ret_count of them. `payload` is the body's SHA-256 in hex, or
 * "UNSIGNED-PAYLOAD". Host alone is signed besides. */
int sigv4_headers(struct ctx *cx, const struct sigv4 *s, const char *method, const char *url,
                  const char *payload, const char *const **ret_headers, size_t *ret_count) MUST_CHECK;

/* The URL of a GET that whoever has it may make for `seconds`; it may have a query. `header` ("name: value", lower-case
 * name; NULL: none) is signed too and must be sent with it. */
int sigv4_presign(struct ctx *cx, const struct sigv4 *s, const char *url, const char *header, int seconds,
                  const char **ret_url) MUST_CHECK;

/* The password for AWS CodeCommit at `url` for fifteen minutes: time and signature. */
int sigv4_codecommit(struct ctx *cx, const struct sigv4 *s, const char *url,
                     const char **ret_password) MUST_CHECK;

#endif
