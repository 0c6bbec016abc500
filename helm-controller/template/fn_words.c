/*
 * fn_words.c: Sprig's functions on words and letters: case, initials, abbreviations, wrapping. They follow the Go
 * libraries behind Sprig (goutils, xstrings) in what they take for a letter, a word and a width.
 */
#include "helm-controller/template/fn.h"
#include "libgotk/base/rune.h"

static void add_rune(struct buf *out, uint32_t rune)
{
    char utf8[4];
    buf_add(out, utf8, rune_encode(rune, utf8));
}

/* Every code point through `change`, which may keep a state; bytes that are no UTF-8 become U+FFFD. */
static int map_runes(struct exec *x, struct value s, uint32_t (*change)(uint32_t rune, bool *state),
                     bool state, struct value *ret)
{
    struct buf out = fn_buf(x);
    size_t width;
    for (size_t i = 0; i < s.len; i += width)
        add_rune(&out, change(rune_decode(s.s + i, s.len - i, &width), &state));
    return fn_take(x, &out, ret);
}

static uint32_t to_upper(uint32_t rune, bool *state UNUSED)
{
    return rune_upper(rune);
}

static uint32_t to_lower(uint32_t rune, bool *state UNUSED)
{
    return rune_lower(rune);
}

/* strings.Title: a letter behind no letter, where digits and underscores count as letters. */
static uint32_t to_title(uint32_t rune, bool *boundary)
{
    bool at_start = *boundary;
    if (rune < 0x80)
        *boundary = !(rune_is_letter(rune) || rune_is_digit(rune) || rune == '_' || rune == '\'');
    else
        *boundary = !rune_is_letter(rune) && !rune_is_digit(rune) && rune_is_space(rune);
    if (rune == '\'')
        *boundary = true;
    return at_start ? rune_title(rune) : rune;
}

static uint32_t to_untitle(uint32_t rune, bool *at_start)
{
    bool start = *at_start;
    *at_start = rune_is_space(rune);
    return start && !*at_start ? rune_lower(rune) : rune;
}

static bool is_title_case(uint32_t rune)
{
    return rune_title(rune) == rune && rune_lower(rune) != rune && rune_upper(rune) != rune;
}

static uint32_t to_swapped(uint32_t rune, bool *at_start)
{
    bool start = *at_start;
    if (rune_is_upper(rune) || is_title_case(rune)) {
        *at_start = false;
        return rune_lower(rune);
    }
    if (rune_is_lower(rune)) {
        *at_start = false;
        return start ? rune_title(rune) : rune_upper(rune);
    }
    *at_start = rune_is_space(rune);
    return rune;
}

FN(fn_upper)
{
    return map_runes(x, args[0], to_upper, false, ret);
}

FN(fn_lower)
{
    return map_runes(x, args[0], to_lower, false, ret);
}

FN(fn_title)
{
    return map_runes(x, args[0], to_title, true, ret);
}

FN(fn_untitle)
{
    return map_runes(x, args[0], to_untitle, true, ret);
}

FN(fn_swapcase)
{
    return map_runes(x, args[0], to_swapped, true, ret);
}

/* Bytes are taken for code points here, as goutils does. */
FN(fn_nospace)
{
    struct buf out = fn_buf(x);
    size_t kept = 0;
    for (size_t i = 0; i < args[0].len; i++) {
        uint32_t c = (unsigned char)args[0].s[i];
        if (rune_is_space(c))
            continue;
        add_rune(&out, c);
        kept++;
    }
    if (kept < args[0].len)
        return fn_take(x, &out, ret);
    *ret = args[0];
    return 0;
}

FN(fn_initials)
{
    struct buf out = fn_buf(x);
    bool gap = true;
    for (size_t i = 0; i < args[0].len; i++) {
        uint32_t c = (unsigned char)args[0].s[i];
        bool space = rune_is_space(c);
        if (gap && !space)
            add_rune(&out, c);
        gap = space;
    }
    return fn_take(x, &out, ret);
}

static int abbreviate(struct exec *x, struct value s, int64_t offset, int64_t width, struct value *ret)
{
    struct buf out = fn_buf(x);
    int64_t len = s.len;
    *ret = s;
    if (len <= width || len == 0)
        return 0;
    *ret = v_str("", 0);
    if (width < 4)
        return 0;
    offset = offset > len ? len : offset;
    if (len - offset < width - 3)
        offset = len - (width - 3);
    if (offset <= 4) {
        buf_add(&out, s.s, (size_t)(width - 3));
        buf_str(&out, "...");
        return fn_take(x, &out, ret);
    }
    if (width < 7)
        return 0;
    buf_str(&out, "...");
    if (offset + width - 3 < len) {
        struct value rest = v_str(s.s + offset, (size_t)(len - offset)), short_rest;
        if (abbreviate(x, rest, 0, width - 3, &short_rest) < 0)
            return err_code(x->cx);
        buf_add(&out, short_rest.s, short_rest.len);
    } else {
        buf_add(&out, s.s + len - (width - 3), (size_t)(width - 3));
    }
    return fn_take(x, &out, ret);
}

FN(fn_abbrev)
{
    if (args[0].i >= 4)
        return abbreviate(x, args[1], 0, args[0].i, ret);
    *ret = args[1];
    return 0;
}

FN(fn_abbrevboth)
{
    int64_t left = args[0].i, right = args[1].i;
    if (!(right < 4 || (left > 0 && right < 7)))
        return abbreviate(x, args[2], left, right, ret);
    *ret = args[2];
    return 0;
}

/* The last space in [from, to); SIZE_MAX when there is none. */
static size_t last_space(struct value s, size_t from, size_t to)
{
    const char *at = memrchr(s.s + from, ' ', to - from);
    return at ? (size_t)(at - s.s) : SIZE_MAX;
}

static int wrap(struct exec *x, struct value s, int64_t length, struct value line, bool break_words,
                struct value *ret)
{
    struct buf out = fn_buf(x);
    size_t width = length < 1 ? 1 : (size_t)length, offset = 0;
    while (s.len - offset > width) {
        if (s.s[offset] == ' ') {
            offset++;
            continue;
        }
        size_t at = last_space(s, offset, offset + width + 1), skip = 1;
        if (at == SIZE_MAX && break_words) {
            at = offset + width;
            skip = 0;
        } else if (at == SIZE_MAX) {
            const char *space = memchr(s.s + offset + width, ' ', s.len - offset - width);
            if (!space)
                break;
            at = (size_t)(space - s.s);
        }
        buf_add(&out, s.s + offset, at - offset);
        buf_add(&out, line.s, line.len);
        offset = at + skip;
    }
    buf_add(&out, s.s + offset, s.len - offset);
    return fn_take(x, &out, ret);
}

FN(fn_wrap)
{
    return wrap(x, args[1], args[0].i, v_text("\n"), false, ret);
}

FN(fn_wrap_with)
{
    return wrap(x, args[2], args[0].i, args[1].len ? args[1] : v_text("\n"), true, ret);
}

static bool is_connector(uint32_t rune)
{
    return rune == '-' || rune == '_' || rune_is_space(rune);
}

/* PascalCase: what stands behind a connector is upper case; a word that starts with capitals keeps only the first. */
FN(fn_camelcase)
{
    struct buf out = fn_buf(x);
    struct value s = args[0];
    size_t i = 0, width = 0;
    uint32_t r0 = 0, r1;
    bool upper = false;
    for (; i < s.len; i += width) {
        r0 = rune_decode(s.s + i, s.len - i, &width);
        if (!is_connector(r0))
            break;
        add_rune(&out, r0);
    }
    if (i >= s.len) {
        if (s.len)
            add_rune(&out, r0);
        return fn_take(x, &out, ret);
    }
    upper = rune_is_upper(r0);
    r0 = rune_upper(r0);
    for (i += width; i < s.len; i += width) {
        r1 = r0;
        r0 = rune_decode(s.s + i, s.len - i, &width);
        if (is_connector(r0) && is_connector(r1)) {
            add_rune(&out, r1);
            continue;
        }
        if (is_connector(r1)) {
            upper = rune_is_upper(r0);
            r0 = rune_upper(r0);
            continue;
        }
        upper = upper && rune_is_upper(r0);
        r0 = upper ? rune_lower(r0) : r0;
        add_rune(&out, r1);
    }
    add_rune(&out, r0);
    return fn_take(x, &out, ret);
}

/* -- snakecase and kebabcase: words are runs of a class ------------------------------------------------------ */

enum word { WORD_NONE, WORD_NUMBER, WORD_UPPER, WORD_LETTERS, WORD_CONNECTOR, WORD_PUNCT, WORD_OTHER };

/* Letters but those of Chinese, as xstrings tells them. */
static bool is_alphabet(uint32_t rune)
{
    bool chinese = (rune >= 0x3400 && rune <= 0x4D85) || (rune >= 0x4E00 && rune <= 0x9FCC) ||
                   (rune >= 0x20000 && rune <= 0x2B81D);
    return !chinese && rune_is_letter(rune);
}

static enum word class_of(uint32_t rune)
{
    if (is_connector(rune))
        return WORD_CONNECTOR;
    if (rune_is_punct(rune))
        return WORD_PUNCT;
    if (rune_is_upper(rune))
        return WORD_UPPER;
    if (is_alphabet(rune))
        return WORD_LETTERS;
    return rune_is_number(rune) ? WORD_NUMBER : WORD_OTHER;
}

/* The next code point that is valid, with the bytes up to its end; `before` at the end of the text. */
static uint32_t next_valid(struct strv s, uint32_t before, size_t *ret_bytes)
{
    size_t bytes = 0, width;
    while (bytes < s.n) {
        uint32_t rune = rune_decode(s.p + bytes, s.n - bytes, &width);
        bytes += width;
        if (rune != RUNE_ERROR) {
            *ret_bytes = bytes;
            return rune;
        }
    }
    *ret_bytes = bytes;
    return before;
}

static struct strv from(struct strv s, size_t i)
{
    return (struct strv){ s.p + i, s.n - i };
}

/* Whether a code point goes on a word of a class that has begun. */
static bool continues(enum word class, uint32_t rune)
{
    enum word now = class_of(rune);
    if (class == WORD_UPPER)
        return is_alphabet(rune) && !rune_is_upper(rune);
    if (class == WORD_PUNCT)
        return rune_is_punct(rune); /* connectors are, too */
    if (class == WORD_NUMBER)
        return rune_is_number(rune);
    return now == class;
}

/* Capitals in a row are a word; the last one belongs to the letters behind it. */
static size_t capitals_len(struct strv s, size_t len)
{
    size_t bytes = 0, last = 0;
    uint32_t rune = 'A';
    while (len < s.n) {
        rune = next_valid(from(s, len), rune, &bytes);
        if (!rune_is_upper(rune))
            break;
        last = bytes;
        len += bytes;
    }
    return len < s.n && is_alphabet(rune) ? len - last : len;
}

/* Takes the next word off *s. */
static enum word take_word(struct strv *s, struct strv *ret)
{
    size_t bytes = 0, len;
    uint32_t rune = next_valid(*s, RUNE_ERROR, &len);
    enum word class = WORD_NONE;
    if (s->n && rune != RUNE_ERROR) {
        class = class_of(rune);
        uint32_t after = next_valid(from(*s, len), rune, &bytes);
        if (class == WORD_UPPER && len < s->n && rune_is_upper(after))
            len = capitals_len(*s, len);
        else
            for (; len < s->n && continues(class, after) && bytes;
                 after = next_valid(from(*s, len), after, &bytes))
                len += bytes;
    }
    *ret = (struct strv){ s->p, len };
    *s = from(*s, len);
    return class;
}

static void add_word(struct buf *out, enum word class, struct strv word, char connector)
{
    size_t width;
    if (class != WORD_UPPER && class != WORD_CONNECTOR) {
        buf_add(out, word.p, word.n);
        return;
    }
    for (size_t i = 0; i < word.n; i += width) {
        uint32_t rune = rune_decode(word.p + i, word.n - i, &width);
        if (is_connector(rune))
            buf_char(out, connector);
        else
            add_rune(out, rune_is_upper(rune) ? rune_lower(rune) : rune);
    }
}

static bool joins(enum word class)
{
    return class == WORD_CONNECTOR || class == WORD_PUNCT;
}

/* Letters and numbers in a row stay together behind a number. */
static enum word add_run(struct buf *out, enum word class, struct strv *word, struct strv *rest,
                         char connector)
{
    while (class == WORD_LETTERS || class == WORD_NUMBER) {
        add_word(out, class, *word, connector);
        class = take_word(rest, word);
    }
    if (class != WORD_NONE && !joins(class))
        buf_char(out, connector);
    return class;
}

/* A number behind a word: it starts a word of its own when letters follow, else it ends this one. */
static enum word add_number(struct buf *out, struct strv *word, struct strv *rest, char connector)
{
    struct strv number = *word;
    enum word class = take_word(rest, word);
    if (class != WORD_LETTERS) {
        add_word(out, WORD_NUMBER, number, connector);
        if (!joins(class))
            buf_char(out, connector);
        return class;
    }
    buf_char(out, connector);
    add_word(out, WORD_NUMBER, number, connector);
    return add_run(out, class, word, rest, connector);
}

static int lower_case(struct exec *x, struct value s, char connector, struct value *ret)
{
    struct buf out = fn_buf(x);
    struct strv rest = v_view(s), word;
    enum word class = take_word(&rest, &word);
    while (rest.n > 0) {
        enum word before = class;
        struct strv last = word;
        if (class != WORD_CONNECTOR)
            add_word(&out, class, word, connector);
        class = take_word(&rest, &word);
        if (before == WORD_NUMBER)
            class = add_run(&out, class, &word, &rest, connector);
        else if (before == WORD_CONNECTOR)
            add_word(&out, before, last, connector);
        else if (before != WORD_PUNCT && class != WORD_NUMBER && !joins(class))
            buf_char(&out, connector);
        else if (before != WORD_PUNCT && class == WORD_NUMBER && rest.n > 0)
            class = add_number(&out, &word, &rest, connector);
    }
    add_word(&out, class, word, connector);
    return fn_take(x, &out, ret);
}

FN(fn_snakecase)
{
    return lower_case(x, args[0], '_', ret);
}

FN(fn_kebabcase)
{
    return lower_case(x, args[0], '-', ret);
}

static const struct function rows[] = {
    { "upper", "s", fn_upper },
    { "lower", "s", fn_lower },
    { "title", "s", fn_title },
    { "untitle", "s", fn_untitle },
    { "swapcase", "s", fn_swapcase },
    { "nospace", "s", fn_nospace },
    { "initials", "s", fn_initials },
    { "abbrev", "is", fn_abbrev },
    { "abbrevboth", "iis", fn_abbrevboth },
    { "wrap", "is", fn_wrap },
    { "wrapWith", "iss", fn_wrap_with },
    { "camelcase", "s", fn_camelcase },
    { "snakecase", "s", fn_snakecase },
    { "kebabcase", "s", fn_kebabcase },
};
const struct function_table fn_words = { rows, ARRAY_LEN(rows) };
