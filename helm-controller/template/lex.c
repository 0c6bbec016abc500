/*
 * lex.c: the tokens of a template; the contract is in lex.h.
 *
 * The rules, oddities included, are Go's: a trim marker needs a space on its inner side, a number may be scanned that is
 * none (the parser notices), "break" and "continue" are always keywords because no function has such a name. Rejected: a
 * table-driven lexer; the grammar has two states and the rules read best as code.
 */
#include "helm-controller/template/lex.h"

#include "libgotk/base/quote.h"
#include "libgotk/base/rune.h"

#include <string.h>

#define LEFT_DELIM    "{{"
#define RIGHT_DELIM   "}}"
#define LEFT_COMMENT  "/*"
#define RIGHT_COMMENT "*/"
#define DELIM_LEN     2
#define TRIM_LEN      2 /* the marker and the space beside it */
#define END_OF_TEXT   UINT32_MAX

static const struct {
    const char *word;
    enum token_kind kind;
} keywords[] = {
    { ".", TOKEN_DOT },
    { "block", TOKEN_BLOCK },
    { "break", TOKEN_BREAK },
    { "continue", TOKEN_CONTINUE },
    { "define", TOKEN_DEFINE },
    { "else", TOKEN_ELSE },
    { "end", TOKEN_END },
    { "if", TOKEN_IF },
    { "range", TOKEN_RANGE },
    { "nil", TOKEN_NIL },
    { "template", TOKEN_TEMPLATE },
    { "with", TOKEN_WITH },
    { "true", TOKEN_BOOL },
    { "false", TOKEN_BOOL },
};

static bool is_space(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_alphanumeric(uint32_t c)
{
    return c != END_OF_TEXT && (c == '_' || rune_is_letter(c) || rune_is_digit(c));
}

static bool starts(const struct lexer *l, size_t at, const char *with)
{
    size_t n = strlen(with);
    return at <= l->len && l->len - at >= n && memcmp(l->text + at, with, n) == 0;
}

static bool has_left_trim(const struct lexer *l, size_t at)
{
    return l->len - at >= TRIM_LEN && l->text[at] == '-' && is_space((unsigned char)l->text[at + 1]);
}

static bool has_right_trim(const struct lexer *l, size_t at)
{
    return l->len - at >= TRIM_LEN && is_space((unsigned char)l->text[at]) && l->text[at + 1] == '-';
}

/* Whether a right delimiter is at `at`, with or without a trim marker. */
static bool at_right_delim(const struct lexer *l, size_t at, bool *ret_trim)
{
    *ret_trim = has_right_trim(l, at) && starts(l, at + TRIM_LEN, RIGHT_DELIM);
    return *ret_trim || starts(l, at, RIGHT_DELIM);
}

static uint32_t count_lines(const struct lexer *l, size_t from, size_t to)
{
    uint32_t n = 0;
    for (const char *p = l->text + from, *end = l->text + to; p < end; p++)
        n += *p == '\n';
    return n;
}

static uint32_t next(struct lexer *l)
{
    size_t width = 1;
    if (l->pos >= l->len) {
        l->at_end = true;
        return END_OF_TEXT;
    }
    uint32_t c = (unsigned char)l->text[l->pos];
    if (c >= 0x80)
        c = rune_decode(l->text + l->pos, l->len - l->pos, &width);
    l->pos += width;
    l->line += c == '\n';
    return c;
}

static void backup(struct lexer *l)
{
    size_t width = 1;
    if (l->at_end || l->pos == 0)
        return;
    uint32_t c = (unsigned char)l->text[l->pos - 1];
    if (c >= 0x80)
        c = rune_decode_last(l->text, l->pos, &width);
    l->pos -= width;
    l->line -= c == '\n';
}

static uint32_t peek(struct lexer *l)
{
    uint32_t c = next(l);
    backup(l);
    return c;
}

static bool accept(struct lexer *l, const char *set)
{
    uint32_t c = next(l);
    if (c < 0x80 && c != 0 && strchr(set, (int)c))
        return true;
    backup(l);
    return false;
}

static void accept_run(struct lexer *l, const char *set)
{
    while (accept(l, set))
        continue;
}

/* Forgets what was passed over without next(). */
static void ignore(struct lexer *l)
{
    l->line += count_lines(l, l->start, l->pos);
    l->start = l->pos;
    l->start_line = l->line;
}

static struct token take(struct lexer *l, enum token_kind kind)
{
    struct token t = { kind, (uint32_t)l->start, l->start_line, { l->text + l->start, l->pos - l->start } };
    l->start = l->pos;
    l->start_line = l->line;
    return t;
}

static struct token fail(struct lexer *l, const char *message)
{
    struct token t = { TOKEN_ERROR, (uint32_t)l->start, l->start_line, { message, strlen(message) } };
    l->start = l->pos = l->len = 0;
    l->failed = true;
    l->in_action = false;
    return t;
}

static struct token fail_rune(struct lexer *l, const char *what, uint32_t c)
{
    /* Beyond the end Go prints its -1, which is no code point. */
    if (c == END_OF_TEXT)
        return fail(l, str_fmt(l->arena, "%s U+FFFFFFFFFFFFFFFF", what));
    return fail(l, str_fmt(l->arena, "%s %s", what, quote_rune_name(l->arena, c)));
}

/* The text up to the next action, its end trimmed when that asks for it. Empty texts are no token. */
static bool take_text(struct lexer *l, size_t end, struct token *ret)
{
    size_t trimmed = end;
    if (end < l->len && has_left_trim(l, end + DELIM_LEN))
        while (trimmed > l->start && is_space((unsigned char)l->text[trimmed - 1]))
            trimmed--;
    l->line += count_lines(l, l->start, trimmed);
    l->pos = trimmed;
    *ret = take(l, TOKEN_TEXT);
    l->pos = end;
    ignore(l);
    return ret->value.n > 0;
}

static void skip_space(struct lexer *l)
{
    while (l->pos < l->len && is_space((unsigned char)l->text[l->pos]))
        l->pos++;
}

/* Passes over a comment, whose left marker is at pos; a message when it does not end well. */
static const char *pass_comment(struct lexer *l)
{
    bool trim;
    size_t from = l->pos + strlen(LEFT_COMMENT);
    const char *end = memmem(l->text + from, l->len - from, RIGHT_COMMENT, strlen(RIGHT_COMMENT));
    if (!end)
        return "unclosed comment";
    l->pos = (size_t)(end - l->text) + strlen(RIGHT_COMMENT);
    if (!at_right_delim(l, l->pos, &trim))
        return "comment ends before closing delimiter";
    l->pos += trim ? TRIM_LEN + DELIM_LEN : DELIM_LEN;
    if (trim)
        skip_space(l);
    ignore(l);
    return NULL;
}

/* The next "{{"; NULL when there is none. It is looked for by its first half, which is rare, and found fast. */
static const char *find_left_delim(const struct lexer *l)
{
    const char *p = l->text + l->pos, *end = l->text + l->len;
    while (p < end && (p = memchr(p, *LEFT_DELIM, (size_t)(end - p)))) {
        if (end - p >= DELIM_LEN && memcmp(p, LEFT_DELIM, DELIM_LEN) == 0)
            return p;
        p++;
    }
    return NULL;
}

/* Outside of actions: text, then the delimiter that opens one. Comments vanish. */
static struct token lex_text(struct lexer *l)
{
    for (;;) {
        struct token t;
        const char *delim = find_left_delim(l);
        if (take_text(l, delim ? (size_t)(delim - l->text) : l->len, &t))
            return t;
        if (!delim)
            return take(l, TOKEN_EOF);
        size_t behind = l->pos + DELIM_LEN;
        size_t marker = has_left_trim(l, behind) ? TRIM_LEN : 0;
        if (starts(l, behind + marker, LEFT_COMMENT)) {
            l->pos = behind + marker;
            ignore(l);
            const char *message = pass_comment(l);
            if (message)
                return fail(l, message);
            continue;
        }
        l->pos = behind;
        t = take(l, TOKEN_LEFT_DELIM);
        l->pos += marker;
        ignore(l);
        l->in_action = true;
        l->paren_depth = 0;
        return t;
    }
}

static struct token lex_right_delim(struct lexer *l)
{
    bool trim;
    at_right_delim(l, l->pos, &trim);
    if (trim) {
        l->pos += TRIM_LEN;
        ignore(l);
    }
    l->pos += DELIM_LEN;
    struct token t = take(l, TOKEN_RIGHT_DELIM);
    if (trim) {
        skip_space(l);
        ignore(l);
    }
    l->in_action = false;
    return t;
}

/* A run of white space, of which the last one may belong to a trimming delimiter. */
static struct token lex_space(struct lexer *l)
{
    size_t n = 0;
    for (; l->pos < l->len && is_space((unsigned char)l->text[l->pos]); n++)
        next(l);
    if (has_right_trim(l, l->pos - 1) && starts(l, l->pos - 1 + TRIM_LEN, RIGHT_DELIM)) {
        backup(l);
        if (n == 1)
            return lex_right_delim(l);
    }
    return take(l, TOKEN_SPACE);
}

/* Whether a word may end here. */
static bool at_terminator(struct lexer *l)
{
    switch (l->pos < l->len ? l->text[l->pos] : ' ') {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '.':
    case ',':
    case '|':
    case ':':
    case ')':
    case '(':
        return true;
    default:
        return starts(l, l->pos, RIGHT_DELIM);
    }
}

static enum token_kind kind_of_word(struct strv word)
{
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        if (*keywords[i].word == *word.p && strlen(keywords[i].word) == word.n &&
            memcmp(keywords[i].word, word.p, word.n) == 0)
            return keywords[i].kind;
    return TOKEN_IDENTIFIER;
}

static bool is_plain_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The rest of a word; its first characters were read. */
static struct token lex_word(struct lexer *l, enum token_kind kind)
{
    uint32_t c;
    while (l->pos < l->len && is_plain_letter(l->text[l->pos]))
        l->pos++;
    while (is_alphanumeric(c = next(l)))
        continue;
    backup(l);
    if (!at_terminator(l))
        return fail_rune(l, "bad character", c);
    if (kind == TOKEN_IDENTIFIER)
        kind = kind_of_word((struct strv){ l->text + l->start, l->pos - l->start });
    return take(l, kind);
}

/* Behind a '.' or '$'. */
static struct token lex_field_or_variable(struct lexer *l, enum token_kind kind)
{
    if (at_terminator(l))
        return take(l, kind == TOKEN_VARIABLE ? TOKEN_VARIABLE : TOKEN_DOT);
    return lex_word(l, kind);
}

/* Passes over what means nothing within quotes. */
static void skip_plain(struct lexer *l, uint32_t quote)
{
    while (l->pos < l->len && (unsigned char)l->text[l->pos] != quote && l->text[l->pos] != '\\' &&
           l->text[l->pos] != '\n')
        l->pos++;
}

/* A quoted string or character, behind its first quote. */
static struct token lex_quoted(struct lexer *l, uint32_t quote, enum token_kind kind,
                               const char *unterminated)
{
    for (;;) {
        skip_plain(l, quote);
        uint32_t c = next(l);
        if (c == quote)
            return take(l, kind);
        if (c == '\\' && quote != '`')
            c = next(l);
        if (c == END_OF_TEXT || (c == '\n' && quote != '`'))
            return fail(l, unterminated);
    }
}

static bool scan_number(struct lexer *l)
{
    const char *digits = "0123456789_";
    accept(l, "+-");
    if (accept(l, "0")) {
        if (accept(l, "xX"))
            digits = "0123456789abcdefABCDEF_";
        else if (accept(l, "oO"))
            digits = "01234567_";
        else if (accept(l, "bB"))
            digits = "01_";
    }
    size_t base = strlen(digits) - 1;
    accept_run(l, digits);
    if (accept(l, "."))
        accept_run(l, digits);
    if ((base == 10 && accept(l, "eE")) || (base == 22 && accept(l, "pP"))) {
        accept(l, "+-");
        accept_run(l, "0123456789_");
    }
    accept(l, "i");
    if (!is_alphanumeric(peek(l)))
        return true;
    next(l);
    return false;
}

static struct token lex_number(struct lexer *l)
{
    bool good = scan_number(l);
    enum token_kind kind = TOKEN_NUMBER;
    uint32_t sign = peek(l);
    if (good && (sign == '+' || sign == '-')) {
        good = scan_number(l) && l->text[l->pos - 1] == 'i';
        kind = TOKEN_COMPLEX;
    }
    if (good)
        return take(l, kind);
    return fail(l, str_fmt(l->arena, "bad number syntax: %s",
                           quote_go(l->arena, l->text + l->start, l->pos - l->start)));
}

static struct token lex_paren(struct lexer *l, uint32_t c)
{
    l->paren_depth += c == '(' ? 1 : -1;
    if (l->paren_depth < 0)
        return fail(l, "unexpected right paren");
    return take(l, c == '(' ? TOKEN_LEFT_PAREN : TOKEN_RIGHT_PAREN);
}

/* What starts with a punctuation mark of its own; any other character is told apart below. */
static struct token lex_other(struct lexer *l, uint32_t c)
{
    switch (c) {
    case '=':
        return take(l, TOKEN_ASSIGN);
    case ':':
        return next(l) == '=' ? take(l, TOKEN_DECLARE) : fail(l, "expected :=");
    case '|':
        return take(l, TOKEN_PIPE);
    case '"':
        return lex_quoted(l, c, TOKEN_STRING, "unterminated quoted string");
    case '`':
        return lex_quoted(l, c, TOKEN_RAW_STRING, "unterminated raw quoted string");
    case '\'':
        return lex_quoted(l, c, TOKEN_RUNE, "unterminated character constant");
    case '$':
        return lex_field_or_variable(l, TOKEN_VARIABLE);
    case '(':
    case ')':
        return lex_paren(l, c);
    default:
        if (c < 0x80 && rune_is_print(c))
            return take(l, TOKEN_CHAR);
        return fail_rune(l, "unrecognized character in action:", c);
    }
}

static struct token lex_action(struct lexer *l)
{
    bool trim;
    if (at_right_delim(l, l->pos, &trim))
        return l->paren_depth == 0 ? lex_right_delim(l) : fail(l, "unclosed left paren");
    uint32_t c = next(l);
    if (c == END_OF_TEXT)
        return fail(l, "unclosed action");
    if (is_space(c)) {
        backup(l);
        return lex_space(l);
    }
    uint32_t after = l->pos < l->len ? (unsigned char)l->text[l->pos] : '0';
    if (c == '.' && !(after >= '0' && after <= '9'))
        return lex_field_or_variable(l, TOKEN_FIELD);
    if (c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9')) {
        backup(l);
        return lex_number(l);
    }
    if (is_alphanumeric(c)) {
        backup(l);
        return lex_word(l, TOKEN_IDENTIFIER);
    }
    return lex_other(l, c);
}

struct lexer lex_new(struct arena *a, const char *text, size_t len)
{
    return (struct lexer){ .arena = a, .text = text, .len = len, .line = 1, .start_line = 1 };
}

struct token lex_next(struct lexer *l)
{
    if (l->failed)
        return (struct token){ TOKEN_EOF, 0, l->start_line, { "EOF", 3 } };
    return l->in_action ? lex_action(l) : lex_text(l);
}

const char *token_text(struct arena *a, const struct token *t)
{
    if (t->kind == TOKEN_EOF)
        return "EOF";
    if (t->kind == TOKEN_ERROR)
        return str_ndup(a, t->value.p, t->value.n);
    if (t->kind > TOKEN_KEYWORD)
        return str_fmt(a, "<%.*s>", (int)t->value.n, t->value.p);
    if (t->value.n <= 10)
        return quote_go(a, t->value.p, t->value.n);
    size_t end = 0, width;
    for (int runes = 0; runes < 10 && end < t->value.n; runes++, end += width)
        rune_decode(t->value.p + end, t->value.n - end, &width);
    return str_fmt(a, "%s...", quote_go(a, t->value.p, end));
}
