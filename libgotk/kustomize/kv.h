/*
 * kv.h: key/value pairs from literals, files and env files, as generators take them.
 *
 * Values may hold any bytes. One build, one thread.
 */
#ifndef GOTK_KUSTOMIZE_KV_H
#define GOTK_KUSTOMIZE_KV_H

#include "libgotk/base/vec.h"
#include "libgotk/kustomize/kload.h"

struct kv {
    const char *key;
    const char *value; /* NUL-terminated too */
    size_t len;
};

VEC_NAMED(kvs, struct kv);

/* Reads the envs, then the literals, then the files of generator arguments. A key that comes twice is ERR_INVALID. */
int kv_load(struct ctx *cx, const struct kload *l, const struct doc *args, struct kvs *ret) MUST_CHECK;

#endif
