/*
 * err.c: errors as data in the context; the contract is in err.h.
 *
 * Runs on any thread, on that thread's context. Messages are at most 32 KiB, as long as a condition may be, but for those
 * of err_take.
 */
#define GOTK_ERR_ITSELF
#include "libgotk/base/err.h"

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <string.h>

#define MESSAGE_MAX 32768

static const struct {
    int code;
    const char *name;
} code_names[] = {
    { ERR_INVALID, "invalid" },
    { ERR_DENIED, "denied" },
    { ERR_UNAUTHORIZED, "unauthorized" },
    { ERR_NOT_FOUND, "not_found" },
    { ERR_EXISTS, "exists" },
    { ERR_CONFLICT, "conflict" },
    { ERR_GONE, "gone" },
    { ERR_NOT_READY, "not_ready" },
    { ERR_TIMEOUT, "timeout" },
    { ERR_CANCELED, "canceled" },
    { ERR_LIMIT, "limit" },
    { ERR_IO, "io" },
    { ERR_UNAVAILABLE, "unavailable" },
    { ERR_INTERNAL, "internal" },
    { ERR_UNSUPPORTED, "unsupported" },
};

static const struct {
    int number;
    int code;
} errno_codes[] = {
    { ENOENT, ERR_NOT_FOUND },     { ENOTDIR, ERR_NOT_FOUND }, { EEXIST, ERR_EXISTS },
    { EACCES, ERR_DENIED },        { EPERM, ERR_DENIED },      { EXDEV, ERR_DENIED },
    { ELOOP, ERR_DENIED },         { ETIMEDOUT, ERR_TIMEOUT }, { ECONNREFUSED, ERR_UNAVAILABLE },
    { EAGAIN, ERR_UNAVAILABLE },   { ENOSPC, ERR_IO },         { EINVAL, ERR_INVALID },
    { ENAMETOOLONG, ERR_INVALID },
};

/* Cut, not inside a character, where it is longer than anyone reads: a stranger may have chosen what is quoted. */
static const char *bounded(const struct ctx *cx, const char *message)
{
    size_t n = strlen(message), max = cx->message_max ? cx->message_max : MESSAGE_MAX;
    if (n <= max)
        return message;
    for (n = max - 3; n > 0 && ((unsigned char)message[n] & 0xC0) == 0x80; n--)
        ;
    return str_fmt(cx->arena, "%.*s...", (int)n, message);
}

int err_vfail(struct ctx *cx, int code, const char *fmt, va_list args)
{
    ASSERT(code < 0);
    cx->err = (struct err){ .code = code, .message = bounded(cx, str_vfmt(cx->arena, fmt, args)) };
    return code;
}

int err_fail(struct ctx *cx, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    err_vfail(cx, code, fmt, args);
    va_end(args);
    return code;
}

int err_take(struct ctx *cx, int code, const char *message)
{
    ASSERT(code < 0);
    cx->err = (struct err){ .code = code, .message = message };
    return code;
}

static int code_of_errno(int number)
{
    for (size_t i = 0; i < ARRAY_LEN(errno_codes); i++)
        if (errno_codes[i].number == number)
            return errno_codes[i].code;
    return ERR_IO;
}

int err_errno(struct ctx *cx, const char *fmt, ...)
{
    int number = errno;
    va_list args;
    va_start(args, fmt);
    err_vfail(cx, code_of_errno(number), fmt, args);
    va_end(args);
    cx->err.message = str_fmt(cx->arena, "%s: %s", cx->err.message, strerrordesc_np(number));
    return cx->err.code;
}

int err_path(struct ctx *cx, const char *operation, const char *path)
{
    int number = errno;
    const char *text = strerrordesc_np(number);
    return err_fail(cx, code_of_errno(number), "%s %s: %c%s", operation, path, *text | ' ', text + 1);
}

int err_wrap(struct ctx *cx, const char *fmt, ...)
{
    ASSERT(cx->err.code < 0);
    va_list args;
    va_start(args, fmt);
    const char *outer = str_vfmt(cx->arena, fmt, args);
    va_end(args);
    cx->err.message = bounded(cx, str_fmt(cx->arena, "%s: %s", outer, cx->err.message));
    return cx->err.code;
}

int err_reason(struct ctx *cx, const char *reason)
{
    ASSERT(cx->err.code < 0);
    cx->err.reason = str_dup(cx->arena, reason);
    return cx->err.code;
}

int err_recode(struct ctx *cx, int code)
{
    ASSERT(cx->err.code < 0 && code < 0);
    cx->err.code = code;
    return code;
}

int err_copy(struct ctx *cx, const struct err *from)
{
    cx->err = *from;
    cx->err.message = str_dup(cx->arena, from->message);
    cx->err.reason = str_dup(cx->arena, from->reason);
    return cx->err.code;
}

void err_clear(struct ctx *cx)
{
    cx->err = (struct err){ 0 };
}

const char *err_message(const struct ctx *cx)
{
    return cx->err.message ? cx->err.message : "";
}

int err_code(const struct ctx *cx)
{
    return cx->err.code;
}

const char *err_reason_of(const struct ctx *cx)
{
    return cx->err.reason;
}

const char *err_name(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(code_names); i++)
        if (code_names[i].code == code)
            return code_names[i].name;
    return "unknown";
}
