/*
 * knownhosts.c: reads and asks a known_hosts text; see knownhosts.h.
 *
 * A key counts when any line for the host holds it, as in OpenSSH; fluxcd/pkg/ssh looks at the first line of each type only,
 * so that a second, newer key of a type is refused there.
 */
#include "source-controller/knownhosts.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <string.h>

#define SSH_PORT  22
#define LINES_MAX 10000

enum marker { PLAIN, REVOKED, AUTHORITY };

struct line {
    enum marker marker;
    const char *patterns;
    const char *type;
    const char *key;
    size_t key_len;
};

VEC_NAMED(lines, struct line);

struct knownhosts {
    struct lines lines;
};

/* Best first. `key` is the type of the key, `offer` what is asked for. */
static const struct {
    const char *key;
    const char *offer;
} algorithms[] = {
    { "ssh-ed25519", "ssh-ed25519" },
    { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" },
    { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
    { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
    { "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com" },
    { "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com" },
    { "ssh-rsa", "rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
};

const char *knownhosts_key_type(struct arena *a, const void *key, size_t len)
{
    const unsigned char *p = key;
    size_t n = len >= 4 ? (size_t)p[2] << 8 | p[3] : 0;
    bool fits = len >= 4 && p[0] == 0 && p[1] == 0 && n > 0 && n <= len - 4 && n <= 64;
    for (size_t i = 4; fits && i < n + 4; i++)
        fits = p[i] > ' ' && p[i] <= '~';
    return fits ? str_ndup(a, (const char *)key + 4, n) : "unknown";
}

const char *knownhosts_fingerprint(struct arena *a, const void *key, size_t len)
{
    unsigned char digest[32];
    hash_sha256(key, len, digest);
    char *text = base64_encode(a, digest, sizeof(digest));
    text[strcspn(text, "=")] = '\0';
    return str_fmt(a, "SHA256:%s", text);
}

/* The next word of a line, which it is cut off from; "" at the end. */
static const char *next_word(struct arena *a, const char **line)
{
    const char *start = *line + strspn(*line, " \t");
    size_t n = strcspn(start, " \t");
    *line = start + n;
    return str_ndup(a, start, n);
}

static int parse_line(struct ctx *cx, const char *text, struct line *ret)
{
    struct arena *a = cx->arena;
    char *key;
    struct line line = { PLAIN, next_word(a, &text), NULL, NULL, 0 };
    if (*line.patterns == '@') {
        line.marker = str_eq(line.patterns, "@revoked") ? REVOKED : AUTHORITY;
        line.patterns = next_word(a, &text);
    }
    const char *type = next_word(a, &text), *encoded = next_word(a, &text);
    if (str_empty(type))
        return err_fail(cx, ERR_INVALID, "missing host pattern");
    if (str_empty(encoded))
        return err_fail(cx, ERR_INVALID, "missing key type pattern");
    if (base64_decode(cx, encoded, &key, &line.key_len) < 0)
        return cx->err.code;
    line.key = key;
    line.type = knownhosts_key_type(a, key, line.key_len);
    if (str_eq(line.type, "unknown"))
        return err_fail(cx, ERR_INVALID, "ssh: short read: the key is cut off");
    *ret = line;
    return 0;
}

int knownhosts_parse(struct ctx *cx, const char *text, struct knownhosts **ret)
{
    size_t count;
    char **texts = str_split(cx->arena, text, '\n', &count);
    struct knownhosts *k = ARENA_NEW(cx->arena, struct knownhosts);
    if (count > LINES_MAX)
        return err_fail(cx, ERR_LIMIT, "knownhosts: more than %d lines", LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct line line;
        const char *trimmed = str_trim(cx->arena, texts[i]);
        if (*trimmed == '\0' || *trimmed == '#')
            continue;
        if (parse_line(cx, trimmed, &line) < 0)
            return err_wrap(cx, "knownhosts: line %zu", i + 1);
        vec_push(cx->arena, &k->lines, line);
    }
    *ret = k;
    return 0;
}

/* '*' and '?' have no regard for dots. Without recursion: a pattern is a stranger's. */
static bool wildcard(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* "host", "[host]:port" or "host:port" of a pattern; an IPv6 address without brackets has no port. */
static bool pattern_matches(struct arena *a, const char *pattern, const struct knownhosts_host *host)
{
    const char *name = pattern, *end = *pattern == '[' ? strchr(pattern, ']') : NULL;
    const char *colon = end ? end + 1 : strchr(pattern, ':');
    int64_t port = SSH_PORT;
    bool address = !end && colon && strchr(colon + 1, ':');
    if (end)
        name = str_ndup(a, pattern + 1, (size_t)(end - pattern - 1));
    else if (colon && !address)
        name = str_ndup(a, pattern, (size_t)(colon - pattern));
    if (colon && !address && *colon == ':' && !str_to_int64(colon + 1, &port))
        return false;
    return port == host->port && wildcard(str_lower(a, name), host->name);
}

static bool patterns_match(struct arena *a, const char *patterns, const struct knownhosts_host *host)
{
    size_t count;
    bool matched = false;
    char **all = str_split(a, patterns, ',', &count);
    for (size_t i = 0; i < count; i++) {
        bool negated = *all[i] == '!';
        if (*all[i] == '\0' || !pattern_matches(a, all[i] + negated, host))
            continue;
        if (negated)
            return false;
        matched = true;
    }
    return matched;
}

/* "|1|salt|hash": HMAC-SHA1 of the host as it would be written. */
static bool hash_matches(struct arena *a, const char *pattern, const struct knownhosts_host *host)
{
    struct ctx cx = { .arena = a };
    size_t count, salt_len, hash_len;
    char *salt, *hash;
    const char *wanted,
        *name = host->port == SSH_PORT ? host->name : str_fmt(a, "[%s]:%d", host->name, host->port);
    char **parts = str_split(a, pattern, '|', &count);
    if (count != 4 || !str_eq(parts[1], "1") || base64_decode(&cx, parts[2], &salt, &salt_len) < 0 ||
        base64_decode(&cx, parts[3], &hash, &hash_len) < 0)
        return false;
    if (hash_hmac_hex(&cx, "sha1", salt, salt_len, name, strlen(name), &wanted) < 0)
        return false;
    return str_eq(wanted, hash_to_hex(a, hash, hash_len));
}

static bool line_matches(struct arena *a, const struct line *line, const struct knownhosts_host *host)
{
    return *line->patterns == '|' ? hash_matches(a, line->patterns, host)
                                  : patterns_match(a, line->patterns, host);
}

/* True when a key of this type is known, for `host` (NULL: for any). */
static bool knows_type(struct arena *a, const struct knownhosts *k, const struct knownhosts_host *host,
                       const char *type)
{
    for (size_t i = 0; i < k->lines.len; i++) {
        const struct line *line = &k->lines.at[i];
        if (line->marker == PLAIN && str_eq(line->type, type) && (!host || line_matches(a, line, host)))
            return true;
    }
    return false;
}

static const char *offers(struct arena *a, const struct knownhosts *k, const struct knownhosts_host *host)
{
    const char *list = "";
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (knows_type(a, k, host, algorithms[i].key))
            list = str_fmt(a, "%s%s%s", list, *list ? "," : "", algorithms[i].offer);
    return list;
}

const char *knownhosts_algorithms(struct arena *a, const struct knownhosts *k,
                                  const struct knownhosts_host *host)
{
    const char *list = offers(a, k, host);
    return *list ? list : offers(a, k, NULL);
}

static bool same_key(const struct line *line, const void *key, size_t len)
{
    return line->key_len == len && memcmp(line->key, key, len) == 0;
}

/* "ssh-ed25519 SHA256:..., ssh-rsa SHA256:..." of what is known for the host; "" for nothing. */
static const char *known_keys(struct arena *a, const struct knownhosts *k, const struct knownhosts_host *host)
{
    const char *list = "";
    for (size_t i = 0; i < k->lines.len; i++) {
        const struct line *line = &k->lines.at[i];
        if (line->marker == PLAIN && line_matches(a, line, host))
            list = str_fmt(a, "%s%s%s %s", list, *list ? ", " : "", line->type,
                           knownhosts_fingerprint(a, line->key, line->key_len));
    }
    return list;
}

static int refuse(struct ctx *cx, const struct knownhosts *k, const struct knownhosts_host *host,
                  const void *key, size_t len)
{
    struct arena *a = cx->arena;
    const char *known = known_keys(a, k, host);
    const char *presented = str_fmt(a, "host '%s' port %d presented the %s key %s", host->name, host->port,
                                    knownhosts_key_type(a, key, len), knownhosts_fingerprint(a, key, len));
    if (!*known)
        return err_fail(
            cx, ERR_DENIED,
            "knownhosts: key is unknown (%s, and %s has no line for this host: if its owner confirms the "
            "fingerprint, add what `ssh-keyscan -p %d %s` prints)",
            presented, host->source, host->port, host->name);
    return err_fail(
        cx, ERR_DENIED,
        "knownhosts: key mismatch (%s, but %s has %s for it: either the server's key was replaced, then update "
        "known_hosts, or someone is in between)",
        presented, host->source, known);
}

int knownhosts_check(struct ctx *cx, const struct knownhosts *k, const struct knownhosts_host *host,
                     const void *key, size_t len)
{
    bool known = false;
    for (size_t i = 0; i < k->lines.len; i++) {
        const struct line *line = &k->lines.at[i];
        if (!same_key(line, key, len))
            continue;
        if (line->marker == REVOKED)
            return err_fail(cx, ERR_DENIED, "knownhosts: key is revoked (%s by a @revoked line of %s)",
                            knownhosts_fingerprint(cx->arena, key, len), host->source);
        known = known || (line->marker == PLAIN && line_matches(cx->arena, line, host));
    }
    return known ? 0 : refuse(cx, k, host, key, len);
}
