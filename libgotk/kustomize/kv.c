/*
 * kv.c: see kv.h. The three kinds of source are one table; each row reads one entry of its list.
 */
#include "libgotk/kustomize/kv.h"

#include "libgotk/base/map.h"
#include "libgotk/base/str.h"

#include <string.h>

static void push(struct arena *a, struct kvs *list, const char *key, const char *value, size_t len)
{
    struct kv pair = { .key = key, .value = value, .len = len };
    vec_push(a, list, pair);
}

/* The length of the white space a line starts with, as Unicode has it. */
static size_t leading_space(const char *line, size_t n)
{
    static const char *const spaces[] = {
        " ",
        "\t",
        "\v",
        "\f",
        "\r",
        "\xC2\x85",
        "\xC2\xA0",
        "\xE1\x9A\x80",
        "\xE2\x80\x80",
        "\xE2\x80\x81",
        "\xE2\x80\x82",
        "\xE2\x80\x83",
        "\xE2\x80\x84",
        "\xE2\x80\x85",
        "\xE2\x80\x86",
        "\xE2\x80\x87",
        "\xE2\x80\x88",
        "\xE2\x80\x89",
        "\xE2\x80\x8A",
        "\xE2\x80\xA8",
        "\xE2\x80\xA9",
        "\xE2\x80\xAF",
        "\xE2\x81\x9F",
        "\xE3\x80\x80",
    };
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
        size_t len = strlen(spaces[i]);
        if (n - at < len || memcmp(line + at, spaces[i], len) != 0)
            continue;
        at += len;
        i = (size_t)-1; /* from the first again */
    }
    return at;
}

/* One line of an env file: KEY=value, KEY, a comment or nothing. */
static int read_env_line(struct ctx *cx, const char *line, size_t n, int number, struct kvs *list)
{
    if (!str_is_utf8(line, n))
        return err_fail(cx, ERR_INVALID, "line %d has invalid utf8 bytes: an env file is text in UTF-8",
                        number);
    size_t blank = leading_space(line, n);
    line += blank;
    n -= blank;
    if (!n || line[0] == '#' || line[0] == '=')
        return 0;
    const char *equals = memchr(line, '=', n);
    size_t key_len = equals ? (size_t)(equals - line) : n;
    const char *value = equals ? equals + 1 : line + n;
    size_t len = n - key_len - (equals ? 1 : 0);
    push(cx->arena, list, str_ndup(cx->arena, line, key_len), str_ndup(cx->arena, value, len), len);
    return 0;
}

static int read_env(struct ctx *cx, const struct kload *l, const char *path, struct kvs *list)
{
    struct buf text;
    if (kload_read(cx, l, path, &text) < 0)
        return err_code(cx);
    const char *p = buf_text(&text);
    const char *end = p + text.len;
    if (str_starts(p, "\xEF\xBB\xBF"))
        p += 3;
    for (int number = 1; p < end; number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline ? newline : end) - p);
        size_t cut = n && p[n - 1] == '\r' ? 1 : 0;
        if (read_env_line(cx, p, n - cut, number, list) < 0)
            return err_wrap(cx, "%s", kload_show(cx->arena, l, path));
        p += n + 1;
    }
    return 0;
}

/* A literal for messages: its value may be a secret, and so may one without a key be. */
static const char *show_literal(struct arena *a, const char *source)
{
    const char *equals = strchr(source, '=');
    return equals ? str_fmt(a, "%.*s=***", (int)(equals - source), source) : "***";
}

static int read_literal(struct ctx *cx, const struct kload *l, const char *source, struct kvs *list)
{
    (void)l;
    const char *equals = strchr(source, '=');
    if (!equals || equals == source)
        return err_fail(cx, ERR_INVALID, "invalid literal source %s, expected key=value",
                        show_literal(cx->arena, source));
    const char *value = equals + 1;
    size_t n = strlen(value);
    bool quoted = n >= 2 && value[0] == value[n - 1] && (value[0] == '"' || value[0] == '\'');
    value += quoted ? 1 : 0;
    n -= quoted ? 2 : 0;
    push(cx->arena, list, str_ndup(cx->arena, source, (size_t)(equals - source)),
         str_ndup(cx->arena, value, n), n);
    return 0;
}

static const char *base_name(struct arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *clean = str_ndup(a, path, n);
    const char *slash = strrchr(clean, '/');
    return slash && slash[1] ? slash + 1 : clean;
}

/* Splits "key=path" or takes the file's name as the key. */
static int split_file_source(struct ctx *cx, const char *source, const char **ret_key, const char **ret_path)
{
    const char *equals = strchr(source, '=');
    if (!equals) {
        *ret_key = base_name(cx->arena, source);
        *ret_path = source;
        return 0;
    }
    if (strchr(equals + 1, '='))
        return err_fail(cx, ERR_INVALID, "source \"%s\" key name or file path contains '='", source);
    if (equals == source)
        return err_fail(cx, ERR_INVALID, "missing key name for file path \"%s\" in source \"%s\"", source + 1,
                        source);
    *ret_key = str_ndup(cx->arena, source, (size_t)(equals - source));
    *ret_path = equals + 1;
    if (!equals[1])
        return err_fail(cx, ERR_INVALID, "missing file path for key name \"%s\" in source \"%s\"", *ret_key,
                        source);
    return 0;
}

static int read_file(struct ctx *cx, const struct kload *l, const char *source, struct kvs *list)
{
    const char *key = NULL;
    const char *path = NULL;
    struct buf text;
    if (split_file_source(cx, source, &key, &path) < 0 || kload_read(cx, l, path, &text) < 0)
        return err_code(cx);
    push(cx->arena, list, key, buf_text(&text), text.len);
    return 0;
}

static const struct {
    const char *field;
    const char *title;
    int (*read)(struct ctx *cx, const struct kload *l, const char *source, struct kvs *list);
} sources[] = {
    { "envs", "env source files: ", read_env },
    { "env", "env source files: ", read_env },
    { "literals", "literal sources ", read_literal },
    { "files", "file sources: ", read_file },
};

static const char *show_source(struct arena *a, size_t row, const struct doc *source)
{
    const char *text = str_or(doc_text(source), "");
    return sources[row].read == read_literal ? show_literal(a, text) : text;
}

static const char *show_list(struct arena *a, size_t row, const struct doc *list)
{
    VEC(const char *) parts = { 0 };
    doc_each (d, list)
        vec_push(a, &parts, show_source(a, row, d));
    if (doc_text(list))
        vec_push(a, &parts, show_source(a, row, list));
    return str_fmt(a, "[%s]", str_join(a, parts.at, parts.len, " "));
}

static int read_sources(struct ctx *cx, const struct kload *l, const struct doc *args, size_t row,
                        struct kvs *list)
{
    const struct doc *entries = doc_find(args, sources[row].field);
    int rc =
        doc_text(entries) && doc_text(entries)[0] ? sources[row].read(cx, l, doc_text(entries), list) : 0;
    for (const struct doc *d = doc_first(entries); rc >= 0 && d; d = doc_next(d))
        rc = sources[row].read(cx, l, str_or(doc_text(d), ""), list);
    if (rc < 0)
        return err_wrap(cx, "loading KV pairs: %s%s", sources[row].title, show_list(cx->arena, row, entries));
    return 0;
}

static int check_unique(struct ctx *cx, const struct doc *args, const struct kvs *list)
{
    struct map seen = map_new(cx->arena);
    for (size_t i = 0; i < list->len; i++) {
        if (map_has(&seen, list->at[i].key))
            return err_fail(cx, ERR_INVALID, "configmap %s illegally repeats the key `%s`",
                            str_or(doc_text_at(args, "name"), ""), list->at[i].key);
        map_set(&seen, list->at[i].key, NULL);
    }
    return 0;
}

int kv_load(struct ctx *cx, const struct kload *l, const struct doc *args, struct kvs *ret)
{
    struct kvs list = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (read_sources(cx, l, args, i, &list) < 0)
            return err_code(cx);
    if (check_unique(cx, args, &list) < 0)
        return err_code(cx);
    *ret = list;
    return 0;
}
