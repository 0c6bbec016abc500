/*
 * leanlibc.c: the names under which musl and libraries look for what lean.h has; with glibc, nothing.
 *
 * libyaml, PCRE2 and libcrypto are the distribution's archives, compiled for glibc. Of a C library they use memory, strings and
 * formatted text, which are the same for both, and the forms of these that check sizes, which are here. OpenSSL's SHA-256 asks
 * the processor for its instructions before main, which takes as long as a hundred digests of a kustomization: it is told here
 * that there are none. Should a library come to need more, the executable does not link.
 */
#ifndef __GLIBC__
#include "libgotk/runtime/lean.h"

#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>

int __sprintf_chk(char *out, int flag, size_t room, const char *format, ...);
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void OPENSSL_cleanse(void *p, size_t size);
extern unsigned OPENSSL_ia32cap_P[4];

void *malloc(size_t size)
{
    return lean_alloc(size);
}

void *calloc(size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole))
        whole = SIZE_MAX;
    void *p = lean_alloc(whole);
    return p ? memset(p, 0, whole) : NULL;
}

struct mallinfo2 mallinfo2(void)
{
    return (struct mallinfo2){ .arena = lean_mapped() };
}

void *realloc(void *old, size_t size)
{
    return lean_resize(old, size);
}

void free(void *p)
{
    lean_free(p);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return lean_copy(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    return lean_move(to, from, size);
}

void *memchr(const void *from, int c, size_t size)
{
    return lean_find(from, c, size);
}

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    if (size > room)
        abort();
    return lean_copy(to, from, size);
}

int __sprintf_chk(char *out, int flag, size_t room, const char *format, ...)
{
    va_list args;
    (void)flag;
    va_start(args, format);
    int n = vsnprintf(out, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room)
        abort();
    return n;
}

unsigned OPENSSL_ia32cap_P[4];

void OPENSSL_cleanse(void *p, size_t size)
{
    explicit_bzero(p, size);
}

const char *strerrordesc_np(int number)
{
    const char *text = lean_error_text(number);
    return text ? text : strerror(number);
}

const char *sigabbrev_np(int number)
{
    return lean_signal_name(number);
}

int close_range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}
#endif
