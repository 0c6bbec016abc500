/*
 * musl.h: what glibc's headers declare and musl's do not; included before every source file that is compiled for musl.
 *
 * The small executable defines these (libgotk/runtime/leanlibc.c). Rejected: conditions at each use.
 */
#ifndef GOTK_BASE_MUSL_H
#define GOTK_BASE_MUSL_H

#include <stddef.h>

typedef int __rlimit_resource_t;

struct mallinfo2 {
    size_t arena;
    size_t hblkhd;
};

/* As glibc has them; of the heap, all is in `arena`. */
struct mallinfo2 mallinfo2(void);
const char *strerrordesc_np(int number);
const char *sigabbrev_np(int number);
int close_range(unsigned first, unsigned last, int flags);

#endif
