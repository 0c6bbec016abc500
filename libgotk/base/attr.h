/*
 * attr.h: the compiler attributes and tiny macros the whole tree uses.
 *
 * Owns nothing and runs nowhere. Attributes are spelled once here so that headers stay readable and another
 * compiler needs one change. Rejected: a larger "utility" header; anything with a body lives in a module.
 */
#ifndef GOTK_BASE_ATTR_H
#define GOTK_BASE_ATTR_H

#include <stddef.h>

/* The compiler checks the arguments against the format string. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
/* Ignoring the result is a compile-time error: the function can fail. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* The variable's destructor runs when its block ends, on every way out. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define UNUSED      __attribute__((unused))
#define NORETURN    __attribute__((noreturn))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* clang-format off */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
/* clang-format on */

/* An invariant of the program, checked in release builds too: its breach is a defect, never bad input. */
#define ASSERT(cond) ((cond) ? (void)0 : attr_assert_failed(#cond, __FILE__, __LINE__))

/* Writes "assertion failed: COND (FILE:LINE)" to stderr and aborts. Called by ASSERT only. */
void attr_assert_failed(const char *cond, const char *file, int line) NORETURN;

#endif
