/*
 * log.c: formats and writes log lines; the contract is in log.h.
 *
 * Any thread. A line grows in a struct on the stack and moves to process memory only when it is longer than usual, so
 * that logging works without a context and inside any lock. The escapes are zap's: quotes, backslashes, control
 * characters, and U+FFFD for bytes that are not UTF-8. Rejected: stdio (its lock, its buffers, its own short writes).
 */
#include "libgotk/base/log.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define LINE_USUAL 1024
#define PAIRS_MAX  32

struct line {
    char *p;
    size_t len;
    size_t cap;
    bool console; /* ": " and ", " between the fields */
    char usual[LINE_USUAL];
};

static const struct {
    const char *name;
    const char *capital;
} level_names[] = {
    [LOG_ERROR] = { "error", "ERROR" },
    [LOG_INFO] = { "info", "INFO" },
    [LOG_DEBUG] = { "debug", "DEBUG" },
    [LOG_TRACE] = { "trace", "TRACE" },
};

static struct {
    enum log_level level;
    enum log_encoding encoding;
    int fd;
} out = { LOG_INFO, LOG_JSON, STDERR_FILENO };

void log_init(enum log_level level, enum log_encoding encoding, int fd)
{
    out.level = level;
    out.encoding = encoding;
    out.fd = fd;
}

int log_parse_level(struct ctx *cx, const char *name, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (!str_eq(level_names[i].name, name))
            continue;
        *ret = (enum log_level)i;
        return 0;
    }
    return err_fail(cx, ERR_INVALID, "log level '%s' is not one of trace, debug, info, error", name);
}

int log_parse_encoding(struct ctx *cx, const char *name, enum log_encoding *ret)
{
    bool json = str_eq(name, "json");
    if (!json && !str_eq(name, "console"))
        return err_fail(cx, ERR_INVALID, "log encoding '%s' is not one of json, console", name);
    *ret = json ? LOG_JSON : LOG_CONSOLE;
    return 0;
}

bool log_enabled(enum log_level level)
{
    return level <= out.level;
}

static void line_open(struct line *l)
{
    l->p = l->usual;
    l->len = 0;
    l->cap = LINE_USUAL;
    l->console = out.encoding == LOG_CONSOLE;
}

static void line_close(struct line *l)
{
    if (l->p != l->usual)
        mem_free(l->p);
}

static void add(struct line *l, const char *s, size_t n)
{
    if (l->cap - l->len < n) {
        size_t cap = (l->len + n) * 2;
        char *p = mem_alloc_raw(cap);
        memcpy(p, l->p, l->len);
        line_close(l);
        l->p = p;
        l->cap = cap;
    }
    memcpy(l->p + l->len, s, n);
    l->len += n;
}

static void add_text(struct line *l, const char *s)
{
    add(l, s, strlen(s));
}

static void add_control(struct line *l, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char code[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    if (c == '\n')
        add(l, "\\n", 2);
    else if (c == '\r')
        add(l, "\\r", 2);
    else if (c == '\t')
        add(l, "\\t", 2);
    else
        add(l, code, sizeof(code));
}

/* The bytes at s that can go out as they are; quotes and backslashes count among them unless `quoted`. */
static size_t plain_run(const char *s, size_t left, bool quoted)
{
    size_t n = 0;
    while (n < left) {
        unsigned char c = (unsigned char)s[n];
        size_t step = str_utf8_len(s + n, left - n);
        if (c < 0x20 || !step || (quoted && (c == '"' || c == '\\')))
            break;
        n += step;
    }
    return n;
}

static void add_escaped(struct line *l, const char *s, bool quoted)
{
    for (size_t left = strlen(s); left;) {
        size_t n = plain_run(s, left, quoted);
        add(l, s, n);
        s += n;
        left -= n;
        if (!left)
            break;
        if ((unsigned char)*s >= 0x80)
            add(l, "\\ufffd", 6);
        else if ((unsigned char)*s < 0x20)
            add_control(l, (unsigned char)*s);
        else
            add(l, (const char[]){ '\\', *s }, 2);
        s++;
        left--;
    }
}

static void add_quoted(struct line *l, const char *s)
{
    add(l, "\"", 1);
    add_escaped(l, s, true);
    add(l, "\"", 1);
}

static void add_field(struct line *l, const char *key, const char *value, bool raw)
{
    if (l->p[l->len - 1] != '{')
        add_text(l, l->console ? ", " : ",");
    add_quoted(l, key);
    add_text(l, l->console ? ": " : ":");
    if (!value || raw)
        add_text(l, value ? value : "null");
    else
        add_quoted(l, value);
}

static void add_scope(struct line *l, const struct log_scope *scope)
{
    if (!scope)
        return;
    add_scope(l, scope->outer);
    for (size_t i = 0; i < scope->count; i++)
        add_field(l, scope->fields[i].key, scope->fields[i].value, scope->fields[i].raw);
}

static bool has_logger(const struct log_scope *scope)
{
    return scope && (scope->logger || has_logger(scope->outer));
}

static void add_logger(struct line *l, const struct log_scope *scope)
{
    if (scope->outer && has_logger(scope->outer)) {
        add_logger(l, scope->outer);
        if (scope->logger)
            add(l, ".", 1);
    }
    if (scope->logger)
        add_escaped(l, scope->logger, !l->console);
}

static void add_json_head(struct line *l, enum log_level level, const char *ts, const struct log_scope *scope,
                          const char *message)
{
    add_text(l, "{");
    add_field(l, "level", level_names[level].name, false);
    add_field(l, "ts", ts, false);
    if (has_logger(scope)) {
        add_text(l, ",\"logger\":\"");
        add_logger(l, scope);
        add_text(l, "\"");
    }
    add_field(l, "msg", message, false);
}

static void add_console_head(struct line *l, enum log_level level, const char *ts,
                             const struct log_scope *scope, const char *message)
{
    add_text(l, ts);
    add_text(l, "\t");
    add_text(l, level_names[level].capital);
    add_text(l, "\t");
    if (has_logger(scope)) {
        add_logger(l, scope);
        add_text(l, "\t");
    }
    add_escaped(l, message, false);
    add_text(l, "\t{");
}

/* Ends the line; a console line without fields carries no braces. */
static void add_tail(struct line *l)
{
    if (l->console && l->p[l->len - 1] == '{')
        l->len -= 2;
    else
        add(l, "}", 1);
    add(l, "\n", 1);
}

static void put(const struct line *l)
{
    for (size_t done = 0; done < l->len;) {
        ssize_t n = write(out.fd, l->p + done, l->len - done);
        if (n < 0 && errno != EINTR)
            return;
        done += n > 0 ? (size_t)n : 0;
    }
}

void log_fields(enum log_level level, const struct log_scope *scope, const char *error, const char *message,
                const struct log_field *fields, size_t count)
{
    if (!log_enabled(level))
        return;
    int saved = errno;
    struct line l;
    char ts[GOTIME_MILLI_SIZE];
    gotime_format_milli(ts, gotime_now_ns());
    line_open(&l);
    (l.console ? add_console_head : add_json_head)(&l, level, ts, scope, message);
    add_scope(&l, scope);
    for (size_t i = 0; i < count; i++)
        add_field(&l, fields[i].key, fields[i].value, fields[i].raw);
    if (error)
        add_field(&l, "error", error, false);
    add_tail(&l);
    put(&l);
    line_close(&l);
    errno = saved;
}

static void log_pairs(enum log_level level, const struct log_scope *scope, const char *error,
                      const char *message, va_list args)
{
    struct log_field fields[PAIRS_MAX];
    size_t count = 0;
    for (const char *key; count < PAIRS_MAX && (key = va_arg(args, const char *)) != NULL;)
        fields[count++] = (struct log_field){ .key = key, .value = va_arg(args, const char *) };
    log_fields(level, scope, error, message, fields, count);
}

void log_info(const struct log_scope *scope, const char *message, ...)
{
    va_list args;
    va_start(args, message);
    if (log_enabled(LOG_INFO))
        log_pairs(LOG_INFO, scope, NULL, message, args);
    va_end(args);
}

void log_debug(const struct log_scope *scope, const char *message, ...)
{
    va_list args;
    va_start(args, message);
    if (log_enabled(LOG_DEBUG))
        log_pairs(LOG_DEBUG, scope, NULL, message, args);
    va_end(args);
}

void log_trace(const struct log_scope *scope, const char *message, ...)
{
    va_list args;
    va_start(args, message);
    if (log_enabled(LOG_TRACE))
        log_pairs(LOG_TRACE, scope, NULL, message, args);
    va_end(args);
}

void log_error(const struct log_scope *scope, const char *error, const char *message, ...)
{
    va_list args;
    va_start(args, message);
    log_pairs(LOG_ERROR, scope, error, message, args);
    va_end(args);
}
