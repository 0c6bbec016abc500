/* Credential plugins: what they print, and what becomes of those that do not end. */
#include "libgotk/base/str.h"
#include "libgotk/doc/doc.h"
#include "libgotk/kube/execplugin.h"
#include "tests/unit/lib/unit.h"

#define PATIENCE_MS 300

/* The exec section of a kubeconfig that runs a line of shell. */
static struct doc *section_of(struct arena *a, const char *line)
{
    struct doc *section = doc_object(a), *args = doc_array(a);
    doc_append_text(a, args, "-c");
    doc_append_text(a, args, line);
    doc_set_text(a, section, "apiVersion", "client.authentication.k8s.io/v1");
    doc_set_text(a, section, "command", "/bin/sh");
    doc_set(a, section, "args", args);
    return section;
}

static void reads_what_is_printed(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct exec_credential credential;
    const char *line =
        "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t\"}}'";
    assert_ok(cx, execplugin_run(cx, section_of(cx->arena, line), &credential));
    assert_string_equal(credential.token, "t");
    assert_int_equal(credential.expires_ns, 0);
}

static void what_goes_wrong_is_told(void **state)
{
    static const struct {
        const char *line;
        const char *message;
    } rows[] = {
        { "exit 3", "executable /bin/sh failed with exit code 3" },
        { "kill -9 $$", "executable /bin/sh failed with exit code 137" },
        { "echo nonsense", "decoding stdout" },
        { "echo '{\"apiVersion\":\"v2\"}'", "plugin returned version v2" },
        { "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\"}'",
          "didn't return a token or cert/key pair" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exec_credential credential;
        assert_true(execplugin_run(cx, section_of(cx->arena, rows[i].line), &credential) < 0);
        if (!strstr(err_message(cx), rows[i].message))
            fail_msg("%s: %s", rows[i].line, err_message(cx));
        err_clear(cx);
    }
}

/* Neither one that keeps its output open nor one that closes it may hold the caller beyond its time. */
static void one_that_does_not_end_is_ended(void **state)
{
    static const char *const lines[] = { "sleep 20", "exec >&-; sleep 20" };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct exec_credential credential;
        int64_t began_ms = ctx_now_ms();
        cx->deadline_ms = began_ms + PATIENCE_MS;
        assert_int_equal(execplugin_run(cx, section_of(cx->arena, lines[i]), &credential), ERR_TIMEOUT);
        assert_true(ctx_now_ms() - began_ms < 10000);
        err_clear(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_what_is_printed),
        UNIT_TEST(what_goes_wrong_is_told),
        UNIT_TEST(one_that_does_not_end_is_ended),
    };
    return cmocka_run_group_tests_name("execplugin", tests, NULL, NULL);
}
