/*
 * fn_encoding.c: JSON, base64, base32 and hashes.
 *
 * The plain functions swallow errors as Sprig and Helm do: an empty text, or the error's text where a text is decoded.
 */
#include "helm-controller/template/convert.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/gojson.h"
#include "libgotk/base/hash.h"
#include "libgotk/doc/json.h"

#include <zlib.h>

static int print_json(struct exec *x, struct value v, int style, struct value *ret)
{
    struct doc *d;
    struct buf out = fn_buf(x);
    if (convert_to_doc(x->cx, v, false, &d) < 0)
        return err_code(x->cx);
    json_print(&out, d, style);
    return fn_take(x, &out, ret);
}

/* Without the error, which becomes an empty text. */
static int print_json_or_nothing(struct exec *x, struct value v, int style, struct value *ret)
{
    if (print_json(x, v, style, ret) >= 0)
        return 0;
    err_clear(x->cx);
    *ret = v_str("", 0);
    return 0;
}

FN(fn_to_json)
{
    return print_json_or_nothing(x, args[0], JSON_HTML_ESCAPE, ret);
}

FN(fn_must_to_json)
{
    return print_json(x, args[0], JSON_HTML_ESCAPE, ret);
}

FN(fn_to_pretty_json)
{
    return print_json_or_nothing(x, args[0], JSON_HTML_ESCAPE | JSON_INDENT, ret);
}

FN(fn_must_to_pretty_json)
{
    return print_json(x, args[0], JSON_HTML_ESCAPE | JSON_INDENT, ret);
}

FN(fn_to_raw_json)
{
    return print_json(x, args[0], JSON_COMPACT, ret);
}

FN(fn_must_from_json)
{
    if (gojson_parse(x->cx, v_view(args[0]), ret) < 0)
        return err_code(x->cx);
    *ret = value_any(*ret);
    return 0;
}

/* JSON that must be a map or a list. */
static int read_json(struct exec *x, struct value text, enum vtype wanted, struct value *ret)
{
    struct value none = { .type = (uint8_t)wanted };
    *ret = none;
    if (gojson_parse(x->cx, v_view(text), ret) < 0 && ret->type == wanted)
        return err_code(x->cx); /* malformed, or a number in it is too large */
    if (ret->type != wanted && ret->type != V_NIL)
        return fn_fail(x, "json: cannot unmarshal %s into Go value of type %s", gojson_kind(*ret),
                       value_type_name(none));
    return 0;
}

/* A map, which holds an error under "Error" beside what could be read. null makes it a nil map. */
FN(fn_from_json)
{
    int rc = read_json(x, args[0], V_MAP, ret);
    if (rc >= 0) {
        if (ret->type == V_NIL)
            *ret = v_map(NULL);
        return 0;
    }
    *ret = v_map(ret->type == V_MAP && ret->map ? ret->map : vmap_new(x->cx->arena));
    vmap_set_text(ret->map, "Error", v_text(err_message(x->cx)));
    err_clear(x->cx);
    return 0;
}

FN(fn_from_json_array)
{
    struct vlist *l = vlist_new(x->cx->arena, 1);
    int rc = read_json(x, args[0], V_LIST, ret);
    if (rc >= 0) {
        if (ret->type == V_NIL)
            *ret = v_list(V_LIST, NULL);
        return 0;
    }
    vlist_push(x->cx->arena, l, v_text(err_message(x->cx)));
    err_clear(x->cx);
    *ret = v_list(V_LIST, l);
    return 0;
}

FN(fn_b64enc)
{
    *ret = v_text(base64_encode(x->cx->arena, args[0].s, args[0].len));
    return 0;
}

FN(fn_b64dec)
{
    char *data;
    size_t len;
    if (base64_decode(x->cx, fn_terminated(x, args[0]), &data, &len) >= 0) {
        *ret = v_str(data, len);
        return 0;
    }
    *ret = v_text(err_message(x->cx));
    err_clear(x->cx);
    return 0;
}

static const char base32_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

FN(fn_b32enc)
{
    struct buf out = fn_buf(x);
    for (size_t i = 0; i < args[0].len; i += 5) {
        uint64_t bits = 0;
        size_t have = args[0].len - i < 5 ? args[0].len - i : 5;
        for (size_t j = 0; j < 5; j++)
            bits = bits << 8 | (j < have ? (unsigned char)args[0].s[i + j] : 0);
        size_t letters = (have * 8 + 4) / 5;
        for (size_t j = 0; j < 8; j++)
            buf_char(&out, j < letters ? base32_letters[(bits >> (35 - 5 * j)) & 31] : '=');
    }
    return fn_take(x, &out, ret);
}

/* A text without line breaks being decoded. */
struct base32 {
    const char *text;
    size_t len;
    size_t at;
};

/* What is behind the `=` that was just taken as letter `have` of its block: *ret_bad is SIZE_MAX when it is right. */
static size_t check_padding(const struct base32 *b, size_t have)
{
    size_t left = b->len - b->at;
    if (left + have < 7)
        return b->len;
    for (size_t k = 0; k < 7 - have; k++)
        if (left > k && b->text[b->at + k] != '=')
            return b->at + k - 1;
    return have == 1 || have == 3 || have == 6 ? b->at - 1 : SIZE_MAX;
}

/* Up to eight letters; the count of them, with *ret_bad where the text is wrong (SIZE_MAX: nowhere). */
static size_t take_block(struct base32 *b, uint64_t *ret_bits, bool *ret_end, size_t *ret_bad)
{
    *ret_bad = SIZE_MAX;
    *ret_bits = 0;
    for (size_t have = 0; have < 8; have++) {
        if (b->at == b->len) {
            *ret_bad = b->len - have;
            return have;
        }
        char c = b->text[b->at++];
        if (c == '=' && have >= 2 && b->len - b->at < 8) {
            *ret_end = true;
            *ret_bad = check_padding(b, have);
            return have;
        }
        const char *letter = c ? strchr(base32_letters, c) : NULL;
        if (!letter) {
            *ret_bad = b->at - 1;
            return have;
        }
        *ret_bits |= (uint64_t)(letter - base32_letters) << (35 - 5 * have);
    }
    return 8;
}

FN(fn_b32dec)
{
    struct buf out = fn_buf(x);
    char *s = arena_alloc(x->cx->arena, args[0].len + 1);
    struct base32 b = { .text = s };
    bool end = false;
    for (size_t i = 0; i < args[0].len; i++)
        if (args[0].s[i] != '\n' && args[0].s[i] != '\r')
            s[b.len++] = args[0].s[i];
    while (b.at < b.len && !end) {
        uint64_t bits;
        size_t bad, letters = take_block(&b, &bits, &end, &bad);
        if (bad != SIZE_MAX) {
            *ret = v_text(str_fmt(x->cx->arena, "illegal base32 data at input byte %zu", bad));
            return 0;
        }
        for (size_t j = 0; j < letters * 5 / 8; j++)
            buf_char(&out, (char)(bits >> (32 - 8 * j)));
    }
    return fn_take(x, &out, ret);
}

FN(fn_sha1sum)
{
    *ret = v_text(hash_sha1_hex(x->cx->arena, args[0].s, args[0].len));
    return 0;
}

FN(fn_sha256sum)
{
    *ret = v_text(hash_sha256_hex(x->cx->arena, args[0].s, args[0].len));
    return 0;
}

FN(fn_sha512sum)
{
    *ret = v_text(hash_sha512_hex(x->cx->arena, args[0].s, args[0].len));
    return 0;
}

FN(fn_adler32sum)
{
    unsigned long sum = adler32_z(1, (const unsigned char *)args[0].s, args[0].len);
    *ret = v_text(str_fmt(x->cx->arena, "%lu", sum));
    return 0;
}

static const struct function rows[] = {
    { "toJson", "a", fn_to_json },
    { "mustToJson", "a", fn_must_to_json },
    { "toPrettyJson", "a", fn_to_pretty_json },
    { "mustToPrettyJson", "a", fn_must_to_pretty_json },
    { "toRawJson", "a", fn_to_raw_json },
    { "mustToRawJson", "a", fn_to_raw_json },
    { "fromJson", "s", fn_from_json },
    { "mustFromJson", "s", fn_must_from_json },
    { "fromJsonArray", "s", fn_from_json_array },
    { "b64enc", "s", fn_b64enc },
    { "b64dec", "s", fn_b64dec },
    { "b32enc", "s", fn_b32enc },
    { "b32dec", "s", fn_b32dec },
    { "sha1sum", "s", fn_sha1sum },
    { "sha256sum", "s", fn_sha256sum },
    { "sha512sum", "s", fn_sha512sum },
    { "adler32sum", "s", fn_adler32sum },
};
const struct function_table fn_encoding = { rows, ARRAY_LEN(rows) };
