/*
 * yml_dialect.c: what go-yaml reads and libyaml does not, or not alike; the contract is in yml_dialect.h. Rejected: looking for \'
 * before libyaml complains of it, since only its scanner knows what stands in double quotes.
 */
#include "libgotk/doc/yml_dialect.h"

#include <string.h>

/* Moves on to a character. */
static void go_to(struct yml_dialect_cursor *s, size_t index)
{
    for (; s->index < index && s->at < s->len; s->index++)
        for (s->at++; s->at < s->len && ((unsigned char)s->text[s->at] & 0xC0) == 0x80; s->at++)
            continue;
}

/* Whether \/ stands anywhere: most texts have none, and need not be counted through. */
static bool has_slash(struct yml_dialect_cursor *s)
{
    if (!s->looked)
        s->slashed = memmem(s->text, s->len, "\\/", 2) != NULL;
    s->looked = true;
    return s->slashed;
}

bool yml_dialect_slash_in(struct yml_dialect_cursor *s, size_t start, size_t end)
{
    if (!has_slash(s))
        return false;
    go_to(s, start);
    size_t i = s->at;
    go_to(s, end);
    for (; i + 1 < s->at; i++) {
        if (s->text[i] != '\\')
            continue;
        if (s->text[++i] == '/')
            return true;
    }
    return false;
}

const char *yml_dialect_unquote(struct arena *a, const char *text, size_t *len, size_t from)
{
    size_t n = from;
    char *copy = memcpy(arena_alloc(a, *len + 1), text, from);
    for (bool inside = true; from < *len; copy[n++] = text[from++]) {
        inside = inside && text[from] != '"';
        if (!inside || text[from] != '\\' || from + 1 == *len)
            continue;
        if (text[from + 1] != '\'')
            copy[n++] = text[from];
        from++;
    }
    copy[n] = '\0';
    *len = n;
    return copy;
}

/* The end of a run of characters other than white space and flow indicators. */
static size_t word_end(const struct yml_dialect_cursor *s, size_t i)
{
    while (i < s->len && s->text[i] && !strchr(" \t\r\n,[]{}", s->text[i]))
        i++;
    return i;
}

const char *yml_dialect_tag_comma(struct yml_dialect_cursor *s, size_t start, bool *ret_verbatim)
{
    go_to(s, start);
    size_t i = s->at;
    if (i < s->len && s->text[i] == '&')
        for (i = word_end(s, i); i < s->len && s->text[i] && strchr(" \t\r\n", s->text[i]); i++)
            continue;
    if (i + 1 >= s->len || s->text[i] != '!')
        return NULL;
    *ret_verbatim = s->text[i + 1] == '<';
    const char *end = *ret_verbatim ? memchr(s->text + i, '>', s->len - i) : NULL;
    if (*ret_verbatim)
        return end && end + 1 < s->text + s->len && end[1] == ',' ? end + 1 : NULL;
    i = word_end(s, i);
    return i < s->len && s->text[i] == ',' ? s->text + i : NULL;
}

const char *yml_dialect_into_tag(struct arena *a, const char *text, size_t len, size_t at)
{
    char *copy = memcpy(arena_alloc(a, len + 1), text, len);
    copy[len] = '\0';
    copy[at] = '_';
    return copy;
}

const char *yml_dialect_quote(struct arena *a, const char *text, size_t *len, size_t from, size_t end)
{
    char *copy = memcpy(arena_alloc(a, *len + (end - from) + 3), text, from);
    size_t n = from;
    copy[n++] = '\'';
    for (size_t i = from; i < end; i++) {
        if (text[i] == '\'')
            copy[n++] = '\'';
        copy[n++] = text[i];
    }
    copy[n++] = '\'';
    memcpy(copy + n, text + end, *len - end);
    *len = n + *len - end;
    copy[*len] = '\0';
    return copy;
}

#define MARK       "\xEF\xBB\xBF"
#define MARK_LEN   3
#define MARK_FIRST 0xEF

/* The next mark behind a line break; NULL when there is none. Most texts do not even have its first byte. */
static const char *next_mark(const char *text, const char *from, const char *end)
{
    for (const char *p = from; (p = memchr(p, MARK_FIRST, (size_t)(end - p))); p++)
        if (p > text && (p[-1] == '\n' || (p == text + MARK_LEN && memcmp(text, MARK, MARK_LEN) == 0)) &&
            end - p >= MARK_LEN && memcmp(p, MARK, MARK_LEN) == 0)
            return p;
    return NULL;
}

/* A character for private use that the text does not hold; NULL when it holds all that are tried. */
static const char *absent_character(struct arena *a, const char *text, size_t len)
{
    char *character = memcpy(arena_alloc(a, MARK_LEN + 1), "\xEE\x80\x80", MARK_LEN);
    for (int last = 0x80; last < 0xC0; last++) {
        character[2] = (char)last;
        if (!memmem(text, len, character, MARK_LEN))
            return character;
    }
    return NULL;
}

/* Whether the mark is one of nothing but an encoding: a second one at the start or, with `many`, one that begins a document
 * behind another, for kustomize takes them apart before it reads them. */
static bool goes(const char *text, const char *mark, bool many)
{
    if (mark[-1] != '\n')
        return true;
    if (!many)
        return false;
    const char *line = memrchr(text, '\n', (size_t)(mark - 1 - text));
    return line && strncmp(line + 1, "---", 3) == 0;
}

const char *yml_dialect_hide_marks(struct arena *a, const char *text, size_t *len, bool many,
                                   const char **ret_stand_in)
{
    const char *from = text, *end = text + *len, *at = next_mark(text, text, end);
    *ret_stand_in = at ? absent_character(a, text, *len) : NULL;
    if (!*ret_stand_in)
        return text;
    char *copy = arena_alloc(a, *len + 1), *w = copy;
    for (; at; from = at + MARK_LEN, at = next_mark(text, from, end)) {
        w = mempcpy(w, from, (size_t)(at - from));
        if (!goes(text, at, many))
            w = mempcpy(w, *ret_stand_in, MARK_LEN);
    }
    w = mempcpy(w, from, (size_t)(end - from));
    *w = '\0';
    *len = (size_t)(w - copy);
    return copy;
}

void yml_dialect_show_marks(char *text, size_t len, const char *stand_in)
{
    for (char *at = text; (at = memmem(at, len - (size_t)(at - text), stand_in, MARK_LEN)); at += MARK_LEN)
        memcpy(at, MARK, MARK_LEN); // NOLINT(bugprone-not-null-terminated-result): within a text
}
