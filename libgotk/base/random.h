/*
 * random.h: what is made by chance, by the kernel's generator: good enough for keys.
 *
 * Never fails and may wait only while the system starts. Any thread. Rejected: OpenSSL's generator, which takes longer to
 * start than a small chart to render.
 */
#ifndef GOTK_BASE_RANDOM_H
#define GOTK_BASE_RANDOM_H

#include "libgotk/base/arena.h"

#include <stddef.h>

/* Fills `n` bytes. */
void random_bytes(void *out, size_t n);

/* A UUID of version 4 in `a`: "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx", in lower case. */
char *random_uuid(struct arena *a);

#endif
