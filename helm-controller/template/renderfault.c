/*
 * renderfault.c: Helm's wording of errors; the contract is in renderfault.h.
 *
 * Helm reads Go's text again: it cuts each error of the chain into place, function and message and prints them as a
 * block. If any error of the chain is no template error, Go's one line stands. These are its rules, oddities included.
 */
#include "helm-controller/template/renderfault.h"

#include "libgotk/base/rune.h"

#include <string.h>

#define TRACE_MAX  ((size_t)1 << 16)
#define PLACES_MAX 30 /* of templates that include each other without end, the first tell enough */

/* What a template error's text was cut into; parts may be "". */
struct cut {
    const char *location;
    const char *function;
    const char *message;
};

static const char *after_last(const char *s, const char *what)
{
    const char *last = s;
    for (const char *at = s; (at = strstr(at, what)); at++)
        last = at + strlen(what);
    return last;
}

int renderfault_parse(struct ctx *cx)
{
    struct arena *a = cx->arena;
    const char *text = err_message(cx), *first = strstr(text, ": ");
    if (!first)
        return err_code(cx);
    const char *location = first + 2, *end = strstr(location, ": ");
    location = end ? str_ndup(a, location, (size_t)(end - location)) : location;
    return err_fail(cx, err_code(cx), "parse error at (%s): %s", location, after_last(text, ": "));
}

/* Without a chained error behind " template:". */
static const char *without_chained(struct arena *a, const char *message)
{
    const char *chained = strstr(message, " template:");
    return chained ? str_ndup(a, message, (size_t)(chained - message)) : message;
}

/* PLACE: executing "NAME" at <NODE>: MESSAGE; false when it is not of this form. */
static bool cut_executing(struct arena *a, const char *text, struct cut *ret)
{
    const char *executing = strstr(text, ": executing ");
    const char *name = executing ? executing + strlen(": executing ") : NULL;
    if (!name || *name != '"')
        return false;
    const char *quote = strchr(name + 1, '"');
    if (!quote || !str_starts(quote + 1, " at <"))
        return false;
    const char *node = quote + 1 + strlen(" at <"), *end = strstr(node, ">: ");
    if (!end)
        return false;
    *ret = (struct cut){
        .location = str_ndup(a, text, (size_t)(executing - text)),
        .function =
            str_fmt(a, "executing %.*s at <%.*s>:", (int)(quote + 1 - name), name, (int)(end - node), node),
        .message = without_chained(a, end + strlen(">: ")),
    };
    return true;
}

/* PLACE: MESSAGE */
static bool cut_simple(struct arena *a, const char *text, struct cut *ret)
{
    const char *message = after_last(text, ": ");
    if (message == text)
        return false;
    *ret = (struct cut){
        .location = str_ndup(a, text, (size_t)(message - 2 - text)),
        .function = "",
        .message = without_chained(a, message),
    };
    return true;
}

static bool cut(struct arena *a, const char *text, struct cut *ret)
{
    if (!str_starts(text, "template: "))
        return false;
    const char *rest = text + strlen("template: ");
    if (str_starts(rest, "no template ")) {
        *ret = (struct cut){ "", "", text };
        return true;
    }
    return cut_executing(a, rest, ret) || cut_simple(a, rest, ret);
}

static bool same_cut(const struct cut *a, const struct cut *b)
{
    return str_eq(a->location, b->location) && str_eq(a->function, b->function) &&
           str_eq(a->message, b->message);
}

static void print_cut(struct buf *out, const struct cut *c)
{
    if (*c->location)
        buf_fmt(out, "%s\n  ", c->location);
    if (*c->function)
        buf_fmt(out, "%s\n    ", c->function);
    if (*c->message)
        buf_fmt(out, "%s\n", c->message);
}

/* Without white space at both ends, Unicode's too. */
static const char *trimmed(struct arena *a, struct strv s)
{
    size_t width;
    while (s.n && rune_is_space(rune_decode(s.p, s.n, &width))) {
        s.p += width;
        s.n -= width;
    }
    while (s.n && rune_is_space(rune_decode_last(s.p, s.n, &width)))
        s.n -= width;
    return str_ndup(a, s.p, s.n);
}

/* The chain as blocks; NULL when some error of it is none of a template. */
static const char *blocks(struct exec *x)
{
    struct arena *a = x->cx->arena;
    struct cut last = { NULL, NULL, NULL }, now;
    struct buf out = buf_new(a, EXEC_OUTPUT_MAX);
    for (const struct fault *f = x->fault; f; f = f->inner) {
        if (!cut(a, f->text, &now))
            return NULL;
        if (!same_cut(&last, &now))
            print_cut(&out, &now);
        last = now;
    }
    return trimmed(a, (struct strv){ buf_text(&out), out.len });
}

int renderfault_exec(struct exec *x)
{
    struct ctx *cx = x->cx;
    int code = err_code(cx);
    if (!x->fault || !str_starts(x->fault->text, "template: ") ||
        strstr(x->fault->text, "template: no template ") == x->fault->text)
        return code;
    const char *text = x->fault->text, *location = strstr(text, ": ") + 2, *rest = strstr(location, ": ");
    if (!rest)
        return err_fail(cx, code, "execution error in (%s): %s", location, text);
    const char *warning = strstr(rest, RENDERFAULT_START), *end = NULL;
    for (const char *at = warning; at && (at = strstr(at, RENDERFAULT_END)); at++)
        end = at;
    if (end) {
        const char *from = warning + strlen(RENDERFAULT_START);
        return err_fail(cx, code, "execution error at (%.*s): %.*s", (int)(rest - location), location,
                        (int)(end - from), from);
    }
    const char *block = blocks(x);
    return block ? err_take(cx, code, block) : code;
}

/* The place, node and message of one error of a template; false when it is none. */
static bool read_place(struct arena *a, const char *text, const char **ret_place, struct engine_trace *ret)
{
    static const char start[] = "template: ", executing[] = ": executing ";
    const char *middle = strstr(text, executing), *node = middle ? strstr(middle, " at <") : NULL;
    const char *end = node ? strstr(node, ">: ") : NULL;
    if (!str_starts(text, start) || !end)
        return false;
    const char *place = text + strlen(start);
    node += strlen(" at <");
    *ret_place = str_ndup(a, place, (size_t)(middle - place));
    ret->node = str_ndup(a, node, (size_t)(end - node));
    ret->message = end + strlen(">: ");
    return true;
}

/* Places one after the other; one that calls itself stands once. */
struct places {
    struct buf text;
    const char *last;
    size_t count; /* of those that stand there, or would */
    size_t times; /* the last one in a row */
};

static void end_repeats(struct places *p)
{
    if (p->times > 1 && p->count <= PLACES_MAX)
        buf_fmt(&p->text, " (%zu times)", p->times);
    p->times = 0;
}

static void add_place(struct places *p, const char *place)
{
    if (!str_eq(place, p->last)) {
        end_repeats(p);
        if (p->count++ < PLACES_MAX)
            buf_fmt(&p->text, "%s%s", p->text.len ? " -> " : "", place);
        p->last = place;
    }
    p->times++;
}

/* For `no template "a.nme"` or `template "a.nme" not defined`: a definition of almost that name. */
static const char *near_template(struct exec *x, const char *message)
{
    const char *start = message ? strstr(message, "template \"") : NULL, *name, *end, *near = NULL;
    if (!start || (!strstr(start, "\" associated with") && !strstr(start, "\" not defined")))
        return NULL;
    name = start + strlen("template \"");
    end = strchr(name, '"');
    for (const struct template_set *set = x->set; set && !near; set = set->parent) {
        const char **names = map_sorted_keys(&set->trees, x->cx->arena);
        size_t n = 0;
        while (names[n])
            n++;
        near = str_nearest(str_ndup(x->cx->arena, name, (size_t)(end - name)), names, n);
    }
    return near;
}

void renderfault_trace(struct exec *x, const char *file, struct engine_trace *ret)
{
    struct places places = { .text = buf_new(x->cx->arena, TRACE_MAX) };
    const char *place;
    *ret = (struct engine_trace){ .file = file };
    for (const struct fault *f = x->fault; f; f = f->inner)
        if (read_place(x->cx->arena, f->text, &place, ret))
            add_place(&places, place);
    end_repeats(&places);
    if (places.count > PLACES_MAX)
        buf_fmt(&places.text, " -> ... (%zu in all)", places.count);
    ret->places = buf_text(&places.text);
    ret->near = near_template(x, ret->message);
}
