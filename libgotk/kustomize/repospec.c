/*
 * repospec.c: see repospec.h. Read in the order of an address: query, scheme, user, host, then where the repository ends
 * and the path in it begins. Oddities are kept on purpose: who named a repository so with kustomize must get the same.
 */
#include "libgotk/kustomize/repospec.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/kload.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_SCHEME "file://"
#define SSH_SCHEME  "ssh://"
#define TIMEOUT_MS  27000
#define ORG_REPO    2 /* segments of a path that make a repository when nothing says where it ends */

static bool starts_ignoring_case(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- the query ---------------------------------------------------------------------------------------------------- */

struct query {
    const char *ref;
    const char *version;
    const char *timeout;
    const char *submodules;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int lower = tolower((unsigned char)c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decodes in place; false for a broken escape. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        bool escaped = *p == '%';
        int high = escaped ? hex_digit(p[1]) : 0;
        int low = escaped && high >= 0 ? hex_digit(p[2]) : 0;
        if (high < 0 || low < 0)
            return false;
        *to++ = (char)(escaped ? high * 16 + low : *p == '+' ? ' ' : *p);
        p += escaped ? 2 : 0;
    }
    *to = '\0';
    return true;
}

/* The first value of a name counts. */
static void keep_value(struct query *q, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } rows[] = { { "ref", &q->ref },
                 { "version", &q->version },
                 { "timeout", &q->timeout },
                 { "submodules", &q->submodules } };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!strcmp(rows[i].name, name) && !*rows[i].to)
            *rows[i].to = value;
}

/* False for a query that is broken anywhere: then none of it counts. */
static bool split_query(struct arena *a, const char *text, struct query *ret)
{
    size_t n = 0;
    char **pairs = str_split(a, text, '&', &n);
    struct query q = { 0 };
    for (size_t i = 0; i < n; i++) {
        char *equals = strchr(pairs[i], '=');
        char *value = equals ? equals + 1 : pairs[i] + strlen(pairs[i]);
        if (strchr(pairs[i], ';'))
            return false;
        if (equals)
            *equals = '\0';
        if (!unescape(pairs[i]) || !unescape(value))
            return false;
        keep_value(&q, pairs[i], value);
    }
    *ret = q;
    return true;
}

/* Whole seconds, or a duration; anything else, and nothing above zero, is the default. */
static int64_t parse_timeout(struct ctx *cx, const char *text)
{
    char *end = NULL;
    long seconds = strtol(text, &end, 10);
    int64_t ns = 0;
    struct err kept = cx->err;
    if (!*text)
        return TIMEOUT_MS;
    if (!*end && !isspace((unsigned char)*text))
        return seconds > 0 && seconds < INT_MAX ? seconds * 1000 : TIMEOUT_MS;
    if (gotime_parse_duration(cx, text, &ns) < 0 || ns <= 0)
        ns = TIMEOUT_MS * GOTIME_MS;
    cx->err = kept;
    return ns / GOTIME_MS;
}

/* As strconv.ParseBool, true for all else. */
static bool parse_submodules(const char *text)
{
    static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (!strcmp(text, no[i]))
            return false;
    return true;
}

static void parse_query(struct ctx *cx, const char *text, struct repospec *spec)
{
    struct query q = { 0 };
    spec->ref = "";
    spec->timeout_ms = TIMEOUT_MS;
    spec->submodules = true;
    if (!split_query(cx->arena, text, &q))
        return;
    spec->ref = str_empty(q.ref) ? str_or(q.version, "") : q.ref;
    spec->timeout_ms = parse_timeout(cx, str_or(q.timeout, ""));
    spec->submodules = parse_submodules(str_or(q.submodules, ""));
}

/* ---- the host ----------------------------------------------------------------------------------------------------- */

/* The scheme in front of *text, in lower case, which it moves behind; "" for none. */
static const char *take_scheme(const char **text)
{
    static const char *const schemes[] = { SSH_SCHEME, "https://", "http://", FILE_SCHEME };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (starts_ignoring_case(*text, schemes[i])) {
            *text += strlen(schemes[i]);
            return schemes[i];
        }
    return "";
}

/* "git@" in front of *text, which it moves behind; "" for none. */
static const char *take_user(struct arena *a, const char **text)
{
    const char *p = *text;
    if (!isalpha((unsigned char)*p))
        return "";
    while (isalnum((unsigned char)*p) || *p == '-')
        p++;
    if (*p != '@')
        return "";
    const char *user = str_ndup(a, *text, (size_t)(p + 1 - *text));
    *text = p + 1;
    return user;
}

/* Where the host ends: behind a slash, or behind a colon before any slash where that may stand for it. */
static const char *end_of_host(const char *text, bool scp)
{
    const char *slash = strchr(text, '/');
    const char *colon = scp ? strchr(text, ':') : NULL;
    if (colon && (!slash || (colon > text && colon < slash)))
        slash = colon;
    return slash ? slash + 1 : NULL;
}

/* Fills the host; *ret_rest is what follows it. */
static int parse_host(struct ctx *cx, const char *text, struct repospec *spec, const char **ret_rest)
{
    const char *scheme = take_scheme(&text);
    const char *start = text;
    const char *user = take_user(cx->arena, &text);
    bool github = starts_ignoring_case(text, "github.com/") || starts_ignoring_case(text, "github.com:");
    bool scp = !*scheme && (*user || github);
    if (!*scheme && !scp)
        return err_fail(cx, ERR_INVALID, "failed to parse scheme");
    if (!strcmp(scheme, FILE_SCHEME)) {
        spec->host = scheme;
        *ret_rest = start;
        return 0;
    }
    const char *end = end_of_host(text, scp);
    const char *host = end ? str_ndup(cx->arena, text, (size_t)(end - text)) : text;
    *ret_rest = end ? end : "";
    if (github && (*user || !strcmp(scheme, SSH_SCHEME)))
        spec->host = str_fmt(cx->arena, "%sgithub.com:", user);
    else if (github)
        spec->host = "https://github.com/";
    else
        spec->host = str_fmt(cx->arena, "%s%s%s", scheme, user, host);
    if (!*host)
        return err_fail(cx, ERR_INVALID, "failed to parse host segment");
    return 0;
}

/* ---- the path ----------------------------------------------------------------------------------------------------- */

/* The length of the first `count` segments; -1 when there are fewer. */
static long segments_end(const char *text, int count)
{
    const char *p = text;
    for (int i = 1; i <= count; i++) {
        p += strcspn(p, "/");
        if (i < count && !*p)
            return -1;
        p += i < count;
    }
    return p - text;
}

/* Where the repository ends and where the path in it begins, by what marks it; false when nothing does. */
static bool find_mark(const char *text, const char **ret_end, const char **ret_path)
{
    const char *mark = strstr(text, "_git/");
    if (mark) {
        *ret_end = *ret_path = mark + 5 + strcspn(mark + 5, "/");
        *ret_path += **ret_path == '/';
        return true;
    }
    if ((mark = strstr(text, "//"))) {
        *ret_end = mark;
        *ret_path = mark + 2;
        return true;
    }
    if (!(mark = strstr(text, ".git")))
        return false;
    *ret_end = *ret_path = mark + 4;
    return true;
}

static bool exits_repo(struct arena *a, const char *path)
{
    const char *below = path + (*path == '/');
    const char *clean = *below == '/' || !*below ? "." : kload_join(a, ".", below);
    return !strcmp(clean, "..") || str_starts(clean, "../");
}

static int parse_path(struct ctx *cx, const char *text, struct repospec *spec)
{
    const char *end = NULL, *path = NULL;
    long length = !strcmp(spec->host, FILE_SCHEME) ? (long)strlen(text) : segments_end(text, ORG_REPO);
    if (!find_mark(text, &end, &path) && length >= 0) {
        end = text + length;
        path = end + (*end == '/');
    }
    if (!end || end == text)
        return err_fail(cx, ERR_INVALID, "failed to parse repo path segment");
    if (exits_repo(cx->arena, path))
        return err_fail(cx, ERR_INVALID, "url path exits repo: %s", text);
    spec->repo = str_ndup(cx->arena, text, (size_t)(end - text));
    spec->path = path + (*path == '/');
    return 0;
}

int repospec_parse(struct ctx *cx, const char *text, struct repospec *ret)
{
    struct repospec spec = { .raw = text };
    const char *rest = NULL;
    size_t n = strcspn(text, "?");
    if (text[0] == '/')
        return err_fail(cx, ERR_INVALID, "uri looks like abs path: %s", text);
    const char *query = text[n] ? text + n + 1 : "", *address = text[n] ? str_ndup(cx->arena, text, n) : text;
    spec.forced = starts_ignoring_case(address, "git::");
    if (parse_host(cx, address + (spec.forced ? strlen("git::") : 0), &spec, &rest) < 0 ||
        parse_path(cx, rest, &spec) < 0)
        return err_code(cx);
    parse_query(cx, query, &spec);
    *ret = spec;
    return 0;
}

bool repospec_find(struct ctx *cx, const char *text, struct repospec *ret)
{
    struct err kept = cx->err;
    bool found = repospec_parse(cx, text, ret) >= 0;
    cx->err = kept;
    return found;
}

const char *repospec_url(struct arena *a, const struct repospec *spec)
{
    return str_fmt(a, "%s%s", spec->host, spec->repo);
}
