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
