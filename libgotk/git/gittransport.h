/*
 * gittransport.h: libgit2's smart HTTP protocol over our own HTTP client, or over SSH when the program has it.
 *
 * libgit2 speaks Git (references, negotiation, packs) and hands every request to this subtransport, which sends it with
 * libgotk/net: one TLS stack, one proxy rule, one way to cancel, and messages in Flux's words. Lives in the child of a
 * fetch, one per remote. Rejected: libgit2's own HTTP, whose TLS (mbedTLS in Debian) neither adds an authority to the
 * system's nor sends client certificates, and which cannot be cancelled while it waits.
 */
#ifndef GOTK_GIT_GITTRANSPORT_H
#define GOTK_GIT_GITTRANSPORT_H

#include "libgotk/base/buf.h"
#include "libgotk/git/gitauth.h"
#include "libgotk/net/tls.h"

/* Not git2.h: it declares a member named like a banned function. */
#include <git2/remote.h>
#include <git2/sys/transport.h>

struct gittransport;

/* What a program that speaks SSH adds (gittransport_new's way for ssh addresses). */
struct gittransport_ssh {
    /* A stream for the listing of refs or for the request behind it; `last` is the one given before for this remote, which may
     * be given again, or NULL. Its subtransport is set by the caller. */
    git_smart_subtransport_stream *(*stream)(struct gittransport *t, bool listing,
                                             git_smart_subtransport_stream *last);
    void (*close)(struct gittransport *t);
};

struct gittransport {
    struct ctx *cx;
    const char *base;    /* the repository's URL without userinfo; follows a redirect of the first request */
    struct gitauth auth; /* forgotten when that redirect leads to another host */
    const char *proxy;   /* NULL: as the environment says */
    struct tls tls;
    bool is_ssh;
    const struct gittransport_ssh *ssh; /* NULL: ssh addresses are refused */
    struct sshclient *connection;       /* of an ssh address, once there is one; its maker's */
    struct buf
        refs; /* the answer of info/refs: a second remote of this transport is not sent the question again */
    bool listed;
    size_t received; /* bytes of all answers, for messages */
};

/* Reads the system's roots; before children are forked, so that they find them read (5 ms of CPU per fetch). */
void gittransport_warm(void);

/* Prepares a transport for `url`. Fails with ERR_INVALID when it is no URL, ERR_UNSUPPORTED when its scheme is none of http,
 * https and ssh. */
int gittransport_init(struct ctx *cx, const char *url, const struct gitauth *auth, const char *proxy,
                      struct gittransport *ret) MUST_CHECK;

/* The git_remote_callbacks.transport callback; `payload` is a struct gittransport that outlives the remote. When an
 * operation on the remote fails because of HTTP or SSH, the error is in the transport's cx. */
int gittransport_new(git_transport **ret, git_remote *owner, void *payload);

/* Makes the transport ready for another remote after one that failed on the way. */
void gittransport_reset(struct gittransport *t);

/* Ends what connection there is, after the last remote. */
void gittransport_close(struct gittransport *t);

#endif
