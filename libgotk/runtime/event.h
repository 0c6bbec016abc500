/*
 * event.h: telling people: Kubernetes Events, and posts to notification-controller.
 *
 * A reconcile only puts a copy into a bounded queue; one thread sends. An event identical to an earlier one (object, type,
 * reason, message) raises that one's count, as client-go's recorder does; an object that talks too much
 * (25 events, then one every five minutes) is cut short in the API but not towards --events-addr. When the queue is
 * full events are dropped, counted and logged. Rejected: sending from the reconcile, which would wait for someone
 * else's outage.
 */
#ifndef GOTK_RUNTIME_EVENT_H
#define GOTK_RUNTIME_EVENT_H

#include "libgotk/doc/doc.h"
#include "libgotk/kube/client.h"

struct events;
struct metrics;
struct log_scope;

enum event_severity {
    EVENT_TRACE, /* a Normal Event in the API, nothing to --events-addr */
    EVENT_INFO,  /* Normal; severity info */
    EVENT_ERROR, /* Warning; severity error */
};

/* One event; everything is copied by event_post. */
struct event {
    const struct doc *object; /* the whole object it is about: apiVersion, kind, metadata */
    enum event_severity severity;
    const char *reason;
    const char *message;
    const struct doc
        *annotations; /* object of strings: metadata towards notification-controller; may be NULL */
};

struct events_options {
    struct kube *kube;       /* outlives the events */
    const char *controller;  /* "kustomize-controller": source.component, reportingController */
    const char *addr;        /* URL of notification-controller; NULL or "": none */
    struct metrics *metrics; /* may be NULL */
    size_t queue_max;        /* 0: 1000 */
    const struct log_scope *log;
};

/* Starts the thread; strings are copied. The caller owns *ret (events_stop). ERR_INVALID when addr is no URL. */
int events_start(struct ctx *cx, const struct events_options *options, struct events **ret) MUST_CHECK;

/* Queues an event; never waits, never fails. Annotations of the object under event.toolkit.fluxcd.io/ are added. */
void event_post(struct events *e, const struct event *event);

/* Sends what is queued for at most grace_ms, then ends the thread; NULL is allowed. */
void events_stop(struct events *e, int64_t grace_ms);

#endif
