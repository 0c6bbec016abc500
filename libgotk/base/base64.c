/*
 * base64.c: RFC 4648; the contract is in base64.h.
 *
 * Decodes in groups of four characters as Go's decodeQuantum does, so that the same inputs are refused at the same
 * byte. Any thread, no state.
 */
#include "libgotk/base/base64.h"

#include <stdbool.h>
#include <string.h>

struct alphabet {
    const char *digits;
    bool padded;
};

static const struct alphabet standard = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                          true };
static const struct alphabet url = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                                     false };

static char *encode(struct arena *a, const struct alphabet *abc, const unsigned char *p, size_t n)
{
    char *out = arena_alloc_raw(a, (n + 2) / 3 * 4 + 1), *w = out;
    for (; n; p += 3) {
        size_t take = n < 3 ? n : 3;
        unsigned bits = (unsigned)p[0] << 16 | (take > 1 ? (unsigned)p[1] << 8 : 0) | (take > 2 ? p[2] : 0);
        for (size_t i = 0; i < 4; i++)
            if (i <= take)
                *w++ = abc->digits[bits >> (18 - 6 * i) & 63];
            else if (abc->padded)
                *w++ = '=';
        n -= take;
    }
    *w = '\0';
    return out;
}

char *base64_encode(struct arena *a, const void *data, size_t n)
{
    return encode(a, &standard, data, n);
}

char *base64_encode_url(struct arena *a, const void *data, size_t n)
{
    return encode(a, &url, data, n);
}

static void skip_breaks(const char *s, size_t *at)
{
    while (s[*at] == '\n' || s[*at] == '\r')
        (*at)++;
}

static int refuse(struct ctx *cx, size_t at)
{
    return err_fail(cx, ERR_INVALID, "illegal base64 data at input byte %zu", at);
}

/* The padding behind `count` digits of the last group, whose first '=' is at *at; nothing may follow it. */
static int take_padding(struct ctx *cx, const char *s, size_t *at, size_t count)
{
    size_t first = (*at)++;
    if (count < 2)
        return refuse(cx, first);
    skip_breaks(s, at);
    if (count == 2 && s[*at] != '=')
        return refuse(cx, s[*at] ? *at - 1 : *at);
    if (count == 2)
        (*at)++;
    skip_breaks(s, at);
    return s[*at] ? refuse(cx, *at) : 0;
}

/* Up to four digits at *at into *bits, left-aligned in 24 bits; returns how many (0: the end), or an error. */
static int take_group(struct ctx *cx, const struct alphabet *abc, const char *s, size_t *at, unsigned *bits)
{
    *bits = 0;
    for (unsigned count = 0; count < 4; count++) {
        skip_breaks(s, at);
        const char *digit = s[*at] ? strchr(abc->digits, s[*at]) : NULL;
        if (digit) {
            *bits |= (unsigned)(digit - abc->digits) << (18 - 6 * count);
            (*at)++;
        } else if (!s[*at]) {
            return count == 0 || (count > 1 && !abc->padded) ? (int)count : refuse(cx, *at - count);
        } else if (s[*at] == '=' && abc->padded) {
            int rc = take_padding(cx, s, at, count);
            return rc < 0 ? rc : (int)count;
        } else {
            return refuse(cx, *at);
        }
    }
    return 4;
}

static int decode(struct ctx *cx, const struct alphabet *abc, const char *text, char **ret_data,
                  size_t *ret_len)
{
    char *out = arena_alloc_raw(cx->arena, strlen(text) / 4 * 3 + 4);
    size_t at = 0, len = 0;
    for (int count = 4; count == 4;) {
        unsigned bits;
        count = take_group(cx, abc, text, &at, &bits);
        if (count < 0)
            return count;
        for (int i = 0; i + 1 < count; i++, bits <<= 8)
            out[len++] = (char)(bits >> 16 & 255);
    }
    out[len] = '\0';
    *ret_data = out;
    *ret_len = len;
    return 0;
}

int base64_decode(struct ctx *cx, const char *text, char **ret_data, size_t *ret_len)
{
    return decode(cx, &standard, text, ret_data, ret_len);
}

int base64_decode_url(struct ctx *cx, const char *text, char **ret_data, size_t *ret_len)
{
    return decode(cx, &url, text, ret_data, ret_len);
}
