/* Trees the differential test once built differently from kustomize (tests/golden/kustomize/trees): what it makes of them. */
#include "tests/unit/kustomize/tree.h"

#include <stdlib.h>

#define TREES   "tests/golden/kustomize/trees"
#define SECTION "=== "

/* One recorded case: see README.md beside the files. */
struct tree_case {
    const char *root;
    const char *top;
    const char *output;  /* NULL: kustomize refuses it */
    const char *refusal; /* and its message holds this */
};

/* Undoes the escapes of tests/fuzz/kdiff/record.py; the text ends where the next section starts. */
static const char *unescape(struct ctx *cx, const char *text, size_t len)
{
    struct buf out = buf_new(cx->arena, len + 1);
    for (size_t i = 0; i < len; i++) {
        char hex[] = { text[i], 0, 0 };
        if (text[i] == '\\' && text[i + 1] == 'x') {
            memcpy(hex, text + i + 2, 2);
            buf_char(&out, (char)strtol(hex, NULL, 16));
            i += 3;
        } else if (text[i] == '\\' && text[i + 1] == 'c') {
            i += 2; /* and the line break, which is not part of the text */
        } else {
            i += text[i] == '\\';
            buf_char(&out, text[i]);
        }
    }
    return buf_text(&out);
}

/* Reads one section and answers where the next one starts. */
static const char *read_section(struct ctx *cx, const char *p, struct tree_case *c)
{
    size_t head = strcspn(p, "\n");
    const char *body = p + head + 1;
    const char *next = str_starts(body, SECTION) ? body : strstr(body, "\n" SECTION);
    next = next && next != body ? next + 1 : next;
    const char *text = unescape(cx, body, next ? (size_t)(next - body) : strlen(body));
    const char *line = str_ndup(cx->arena, p, head);
    if (str_starts(line, "=== top "))
        c->top = line + strlen("=== top ");
    else if (str_starts(line, "=== file "))
        assert_ok(cx, tree_write(cx, c->root, line + strlen("=== file "), text));
    else if (!strcmp(line, "=== output"))
        c->output = text;
    else if (!strcmp(line, "=== refused"))
        c->refusal = text;
    else
        fail_msg("what is %s?", line);
    return next;
}

static struct tree_case read_case(struct ctx *cx, const char *name)
{
    struct buf text;
    struct tree_case c = { .root = unit_tmpdir(cx) };
    assert_ok(cx, fs_read_file(cx, str_fmt(cx->arena, TREES "/%s", name), (size_t)1 << 20, &text));
    for (const char *p = buf_text(&text); p && *p;)
        p = read_section(cx, p, &c);
    assert_non_null(c.top);
    assert_true(!c.output != !c.refusal);
    return c;
}

static bool case_holds(struct ctx *cx, const char *name)
{
    struct tree_case c = read_case(cx, name);
    const struct kustomize_options options = { .root = c.root, .dir = c.top };
    const char *got = tree_build(cx, &options);
    if (!c.output && got)
        print_error("%s: kustomize refuses it, we built\n%s\n", name, got);
    else if (c.output && !got)
        print_error("%s: kustomize builds it, we say: %s\n", name, err_message(cx));
    else if (!got && !strstr(err_message(cx), c.refusal))
        print_error("%s: kustomize says %s, we say: %s\n", name, c.refusal, err_message(cx));
    else if (got && strcmp(got, c.output) != 0)
        print_error("%s: wanted\n%s\ngot\n%s\n", name, c.output, got);
    else
        return true;
    return false;
}

static void builds_what_kustomize_builds(void **state)
{
    size_t count = 0;
    size_t failed = 0;
    const char **names = NULL;
    assert_ok(unit_cx(state), fs_list(unit_cx(state), TREES, &names, &count));
    for (size_t i = 0; i < count; i++) {
        void *own = NULL;
        unit_setup(&own);
        failed += !case_holds(unit_cx(&own), names[i]);
        unit_teardown(&own);
    }
    assert_true(count >= 30);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(builds_what_kustomize_builds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
