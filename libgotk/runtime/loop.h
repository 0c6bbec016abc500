/*
 * loop.h: the loop thread: messages from other threads, timers, signals.
 *
 * The main thread runs one libuv loop. Others reach what it owns only by posting messages, which run on it in the order they
 * were posted. After each batch of messages and each timer it takes one turn of the owner's. It never blocks. Only loop.c
 * knows libuv.
 */
#ifndef GOTK_RUNTIME_LOOP_H
#define GOTK_RUNTIME_LOOP_H

#include "libgotk/base/ctx.h"

struct loop;

/* The head of a message; the poster owns its memory until run() is called, run() from then on. */
struct loop_message {
    struct loop_message *next;
    void (*run)(void *user, struct loop_message *message);
};

struct loop_options {
    void *user;               /* handed to all that follows */
    void (*turn)(void *user); /* after each batch of messages and when the turn timer is due */
    void (*signalled)(void *user, int number); /* SIGTERM or SIGINT came */
    void (*expired)(void *user);               /* the time of loop_expire_in is over */
    void (*lost)(void *user);                  /* lost_fd polls as readable; called once */
    int lost_fd; /* something the process needs ends; 0 or less: nothing to watch */
};

/* Opens the loop and takes over SIGTERM and SIGINT; the caller owns *ret (loop_close). */
int loop_open(struct ctx *cx, const struct loop_options *options, struct loop **ret) MUST_CHECK;
void loop_close(struct loop *l);

/* Runs until loop_stop; on the thread that opened it. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Runs the messages that are left after the loop has ended, without turns. Same thread. */
void loop_drain(struct loop *l);

/* Has message->run called on the loop thread. Any thread, also before loop_run. */
void loop_post(struct loop *l, struct loop_message *message);

/* Takes a turn in `ms` milliseconds, replacing an earlier wish; -1: none. Loop thread. */
void loop_turn_in(struct loop *l, int64_t ms);

/* Calls expired() in `ms` milliseconds. Loop thread. */
void loop_expire_in(struct loop *l, int64_t ms);

/* How late the last turn timer was, in milliseconds. Loop thread. */
int64_t loop_lag_ms(const struct loop *l);

#endif
