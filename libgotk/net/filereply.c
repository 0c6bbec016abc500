/*
 * filereply.c: preconditions and ranges; the contract is in filereply.h. Any thread, no state.
 */
#include "libgotk/net/filereply.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

#include <ctype.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* The length of the entity tag at `s`, or 0 when there is none. */
static size_t tag_length(const char *s)
{
    const char *start = s;
    if (s[0] == 'W' && s[1] == '/')
        s += 2;
    if (*s++ != '"')
        return 0;
    s = strchr(s, '"');
    return s ? (size_t)(s + 1 - start) : 0;
}

static bool same_tag(const char *a, size_t n, const char *etag, bool weak)
{
    bool a_weak = n > 2 && a[0] == 'W', b_weak = str_starts(etag, "W/");
    if (!weak && (a_weak || b_weak))
        return false;
    a += a_weak ? 2 : 0;
    n -= a_weak ? 2 : 0;
    etag += b_weak ? 2 : 0;
    return strlen(etag) == n && memcmp(a, etag, n) == 0;
}

bool filereply_etag_in(const char *list, const char *etag, bool weak)
{
    for (;;) {
        while (is_blank(*list))
            list++;
        if (*list == '*')
            return true;
        size_t n = tag_length(list);
        if (!n)
            return false;
        if (etag && same_tag(list, n, etag, weak))
            return true;
        list += n;
    }
}

/* True when the file was changed after the time in a header; `broken` when that is no time. */
static bool changed_since(const char *date, int64_t last_modified, bool broken)
{
    int64_t at;
    return gotime_parse_http_date(date, &at) ? last_modified > at : broken;
}

/* The status a precondition asks for, or 0: go on. */
static int precondition(const struct filereply_request *req, const struct filereply_file *file)
{
    if (req->if_match) {
        if (!filereply_etag_in(req->if_match, file->etag, false))
            return 412;
    } else if (req->if_unmodified_since &&
               changed_since(req->if_unmodified_since, file->last_modified, false)) {
        return 412;
    }
    if (req->if_none_match)
        return filereply_etag_in(req->if_none_match, file->etag, true) ? 304 : 0;
    if (req->if_modified_since && !changed_since(req->if_modified_since, file->last_modified, true))
        return 304;
    return 0;
}

/* If-Range: the range counts only when the client's copy is still current. */
static bool range_counts(const struct filereply_request *req, const struct filereply_file *file)
{
    if (!req->range)
        return false;
    if (!req->if_range)
        return true;
    if (tag_length(req->if_range))
        return file->etag && same_tag(req->if_range, tag_length(req->if_range), file->etag, false);
    int64_t at;
    return gotime_parse_http_date(req->if_range, &at) && at == file->last_modified;
}

/* Reads digits at *p; false when there are none or too many. */
static bool read_number(const char **p, int64_t *ret)
{
    int64_t value = 0;
    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); ++*p)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, **p - '0', &value))
            return false;
    *ret = value;
    return true;
}

/* Reads "bytes=a-b", "bytes=a-" or "bytes=-n"; false when the range is broken or outside the file. */
static bool read_range(const char *text, int64_t size, struct filereply *ret)
{
    int64_t first = -1, last = size - 1;
    bool has_first = read_number(&text, &first);
    if (*text++ != '-')
        return false;
    bool has_last = read_number(&text, &last);
    while (is_blank(*text))
        text++;
    if (*text || (!has_first && !has_last))
        return false;
    if (!has_first) {
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    last = last < size ? last : size - 1;
    if (first >= size || last < first)
        return false;
    *ret = (struct filereply){ .status = 206, .offset = first, .length = last - first + 1 };
    return true;
}

struct filereply filereply_decide(const struct filereply_request *req, const struct filereply_file *file)
{
    struct filereply r = { .status = precondition(req, file) };
    if (r.status)
        return r;
    r = (struct filereply){ .status = 200, .length = file->size };
    if (!range_counts(req, file) || strchr(req->range, ','))
        return r;
    if (!str_starts(req->range, "bytes=") || !read_range(req->range + 6, file->size, &r))
        return (struct filereply){ .status = 416 };
    return r;
}
