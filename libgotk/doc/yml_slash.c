/*
 * yml_slash.c: an escape that go-yaml does not know; the contract is in yml_slash.h.
 */
#include "libgotk/doc/yml_slash.h"

/* Moves on to a character. */
static void go_to(struct yml_slash *s, size_t index)
{
    for (; s->index < index && s->at < s->len; s->index++)
        for (s->at++; s->at < s->len && ((unsigned char)s->text[s->at] & 0xC0) == 0x80; s->at++)
            continue;
}

bool yml_slash_in(struct yml_slash *s, size_t start, size_t end)
{
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
