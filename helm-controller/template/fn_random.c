/*
 * fn_random.c: what is made by chance: texts, numbers, UUIDs.
 */
#include "helm-controller/template/fn.h"
#include "libgotk/base/base64.h"
#include "libgotk/base/random.h"
#include "libgotk/base/rune.h"

#define LENGTH_MAX (16 << 20)

/* A number in [0, below), without bias. A reserve of bytes saves calls. */
static uint64_t below(uint64_t limit)
{
    static _Thread_local uint64_t reserve[32];
    static _Thread_local size_t left;
    uint64_t n, reach = UINT64_MAX - UINT64_MAX % limit;
    do {
        if (!left) {
            random_bytes(reserve, sizeof(reserve));
            left = ARRAY_LEN(reserve);
        }
        n = reserve[--left];
        reserve[left] = 0;
    } while (n >= reach);
    return n % limit;
}

/* `count` characters of a set; none for a count that makes no sense. */
static int characters(struct exec *x, int64_t count, const char *set, struct value *ret)
{
    struct buf out = fn_buf(x);
    if (count > LENGTH_MAX)
        return err_fail(x->cx, ERR_LIMIT, "more than %d random characters are asked for", LENGTH_MAX);
    for (int64_t i = 0; i < count; i++)
        buf_char(&out, set[below(strlen(set))]);
    return fn_take(x, &out, ret);
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

FN(fn_rand_alpha_num)
{
    return characters(x, args[0].i, LETTERS DIGITS, ret);
}

FN(fn_rand_alpha)
{
    return characters(x, args[0].i, LETTERS, ret);
}

FN(fn_rand_numeric)
{
    return characters(x, args[0].i, DIGITS, ret);
}

FN(fn_rand_ascii)
{
    char set['~' - ' ' + 2] = "";
    for (int c = ' '; c <= '~'; c++)
        set[c - ' '] = (char)c;
    return characters(x, args[0].i, set, ret);
}

FN(fn_rand_int)
{
    int64_t low = args[0].i, high = args[1].i, reach;
    if (__builtin_sub_overflow(high, low, &reach) || reach <= 0)
        return fn_fail(x, "invalid argument to Intn");
    *ret = v_int(low + (int64_t)below((uint64_t)reach));
    return 0;
}

FN(fn_rand_bytes)
{
    if (args[0].i < 0)
        return fn_fail(x, "runtime error: makeslice: len out of range");
    if (args[0].i > LENGTH_MAX)
        return err_fail(x->cx, ERR_LIMIT, "more than %d random bytes are asked for", LENGTH_MAX);
    unsigned char *bytes = arena_alloc(x->cx->arena, (size_t)args[0].i + 1);
    random_bytes(bytes, (size_t)args[0].i);
    *ret = v_text(base64_encode(x->cx->arena, bytes, (size_t)args[0].i));
    return 0;
}

FN(fn_uuid)
{
    *ret = v_text(random_uuid(x->cx->arena));
    return 0;
}

FN(fn_shuffle)
{
    size_t len = rune_count(args[0].s, args[0].len), width;
    uint32_t *runes = ARENA_ARRAY(x->cx->arena, uint32_t, len + 1);
    struct buf out = fn_buf(x);
    for (size_t i = 0, at = 0; i < args[0].len; i += width)
        runes[at++] = rune_decode(args[0].s + i, args[0].len - i, &width);
    for (size_t i = len; i > 0; i--) {
        char utf8[4];
        size_t chosen = below(i);
        buf_add(&out, utf8, rune_encode(runes[chosen], utf8));
        runes[chosen] = runes[i - 1];
    }
    return fn_take(x, &out, ret);
}

static const struct function rows[] = {
    { "randAlphaNum", "i", fn_rand_alpha_num },
    { "randAlpha", "i", fn_rand_alpha },
    { "randNumeric", "i", fn_rand_numeric },
    { "randAscii", "i", fn_rand_ascii },
    { "randInt", "ii", fn_rand_int },
    { "randBytes", "i", fn_rand_bytes },
    { "uuidv4", "", fn_uuid },
    { "shuffle", "s", fn_shuffle },
};
const struct function_table fn_random = { rows, ARRAY_LEN(rows) };
