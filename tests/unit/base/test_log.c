/* Log lines: the bytes are those of fluxcd/pkg/runtime/logger for the same calls, time apart. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/gotime.h"
#include "libgotk/base/log.h"
#include "libgotk/base/str.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static void capture(enum log_level level, enum log_encoding encoding)
{
    assert_int_equal(pipe(ends), 0);
    log_init(level, encoding, ends[1]);
}

/* What was written since capture(), with the time replaced by T. */
static const char *captured(struct arena *a)
{
    char raw[65536];
    close(ends[1]);
    ssize_t n = read(ends[0], raw, sizeof(raw) - 1);
    assert_true(n >= 0);
    raw[n] = '\0';
    close(ends[0]);
    log_init(LOG_INFO, LOG_JSON, 2);
    for (char *p = raw; (p = strstr(p, "20")) != NULL; p++)
        if (p[4] == '-' && p[10] == 'T' && p[23] == 'Z') {
            int64_t ns;
            assert_true(gotime_parse_rfc3339(str_ndup(a, p, 24), &ns));
            p[0] = 'T';
            memmove(p + 1, p + 24, strlen(p + 24) + 1);
        }
    return str_dup(a, raw);
}

static const struct log_scope setup = { .logger = "setup" };
static const struct log_scope scope_a = { .logger = "a" };
static const struct log_scope scope_ab = { .outer = &scope_a, .logger = "b" };
static const struct log_field object_fields[] = {
    { "controller", "kustomization", false },
    { "Kustomization", "{\"name\":\"n\",\"namespace\":\"ns\"}", true },
};
static const struct log_scope object = { .fields = object_fields, .count = 2 };
static const struct log_field run_fields[] = { { "reconcileID", "1-2", false } };
static const struct log_scope run = { .outer = &object, .fields = run_fields, .count = 1 };

static void say_all(void)
{
    log_info(&setup, "starting manager", NULL);
    log_info(NULL, "nofields", NULL);
    log_debug(&scope_ab,
              "x <&> \" \\ \n\r\t\b\x01\x7f \xC3\xA9 bad\xff\xc3"
              "end",
              "key", "<&>\"\xff\xE2\x80\xA8", NULL);
    log_error(&run, "boom \"x\"", "Reconciler error", "revision", "main@sha1:x", "nil", (char *)NULL, NULL);
    log_error(NULL, NULL, "nilerr", NULL);
    log_trace(NULL, "tr", NULL);
}

static void json_lines_are_zaps(void **state)
{
    capture(LOG_TRACE, LOG_JSON);
    say_all();
    assert_string_equal(
        captured(unit_cx(state)->arena),
        "{\"level\":\"info\",\"ts\":\"T\",\"logger\":\"setup\",\"msg\":\"starting manager\"}\n"
        "{\"level\":\"info\",\"ts\":\"T\",\"msg\":\"nofields\"}\n"
        "{\"level\":\"debug\",\"ts\":\"T\",\"logger\":\"a.b\",\"msg\":\"x <&> \\\" \\\\ "
        "\\n\\r\\t\\u0008\\u0001\x7f \xC3\xA9 bad\\ufffd\\ufffdend\",\"key\":\"<&>\\\"\\ufffd\xE2\x80\xA8\"}\n"
        "{\"level\":\"error\",\"ts\":\"T\",\"msg\":\"Reconciler error\",\"controller\":\"kustomization\","
        "\"Kustomization\":{\"name\":\"n\",\"namespace\":\"ns\"},\"reconcileID\":\"1-2\","
        "\"revision\":\"main@sha1:x\",\"nil\":null,\"error\":\"boom \\\"x\\\"\"}\n"
        "{\"level\":\"error\",\"ts\":\"T\",\"msg\":\"nilerr\"}\n"
        "{\"level\":\"trace\",\"ts\":\"T\",\"msg\":\"tr\"}\n");
}

static void console_lines_are_zaps_and_stay_one_line(void **state)
{
    capture(LOG_TRACE, LOG_CONSOLE);
    say_all();
    assert_string_equal(
        captured(unit_cx(state)->arena),
        "T\tINFO\tsetup\tstarting manager\n"
        "T\tINFO\tnofields\n"
        "T\tDEBUG\ta.b\tx <&> \" \\ \\n\\r\\t\\u0008\\u0001\x7f \xC3\xA9 bad\\ufffd\\ufffdend\t"
        "{\"key\": \"<&>\\\"\\ufffd\xE2\x80\xA8\"}\n"
        "T\tERROR\tReconciler error\t{\"controller\": \"kustomization\", \"Kustomization\": "
        "{\"name\":\"n\",\"namespace\":\"ns\"}, \"reconcileID\": \"1-2\", \"revision\": \"main@sha1:x\", "
        "\"nil\": null, \"error\": \"boom \\\"x\\\"\"}\n"
        "T\tERROR\tnilerr\n"
        "T\tTRACE\ttr\n");
}

static void levels_hide_what_is_more_detailed(void **state)
{
    static const struct {
        enum log_level level;
        const char *printed;
    } rows[] = { { LOG_ERROR, "e" }, { LOG_INFO, "ei" }, { LOG_DEBUG, "eid" }, { LOG_TRACE, "eidt" } };
    struct arena *a = unit_cx(state)->arena;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        capture(rows[i].level, LOG_CONSOLE);
        log_error(NULL, NULL, "e", NULL);
        log_info(NULL, "i", NULL);
        log_debug(NULL, "d", NULL);
        log_trace(NULL, "t", NULL);
        const char *text = captured(a);
        for (const char *c = "eidt"; *c; c++)
            assert_int_equal(strstr(text, str_fmt(a, "\t%c\n", *c)) != NULL,
                             strchr(rows[i].printed, *c) != NULL);
    }
}

static void a_long_value_is_one_line(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    char *value = arena_alloc(a, 20001);
    memset(value, '\n', 20000);
    capture(LOG_INFO, LOG_JSON);
    log_info(NULL, "long", "value", value, NULL);
    const char *text = captured(a);
    assert_int_equal(strlen(text), strlen("{'level':'info','ts':'T','msg':'long','value':''}\n") + 40000);
    assert_int_equal(strchr(text, '\n') - text, (ptrdiff_t)strlen(text) - 1);
}

static void parses_the_names_of_levels_and_encodings(void **state)
{
    struct ctx *cx = unit_cx(state);
    enum log_level level = LOG_ERROR;
    enum log_encoding encoding = LOG_JSON;
    assert_ok(cx, log_parse_level(cx, "trace", &level));
    assert_int_equal(level, LOG_TRACE);
    assert_ok(cx, log_parse_encoding(cx, "console", &encoding));
    assert_int_equal(encoding, LOG_CONSOLE);
    assert_true(log_parse_level(cx, "warn", &level) < 0);
    assert_error(cx, ERR_INVALID, "log level 'warn' is not one of trace, debug, info, error");
    assert_true(log_parse_encoding(cx, "xml", &encoding) < 0);
    assert_error(cx, ERR_INVALID, "log encoding 'xml' is not one of json, console");
}

static void *log_a_lot(void *name)
{
    for (int i = 0; i < 100; i++)
        log_info(NULL, name, "key", "a value that makes the line longer than a word or two", NULL);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    pthread_t threads[4];
    char names[4][2] = { "p", "q", "r", "s" };
    capture(LOG_INFO, LOG_CONSOLE);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, log_a_lot, names[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    size_t count;
    char **lines = str_split(a, captured(a), '\n', &count);
    assert_int_equal(count, 401);
    for (size_t i = 0; i < 400; i++) {
        assert_true(str_starts(lines[i], "T\tINFO\t"));
        assert_string_equal(lines[i] + 8,
                            "\t{\"key\": \"a value that makes the line longer than a word or two\"}");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(json_lines_are_zaps),
        UNIT_TEST(console_lines_are_zaps_and_stay_one_line),
        UNIT_TEST(levels_hide_what_is_more_detailed),
        UNIT_TEST(a_long_value_is_one_line),
        UNIT_TEST(parses_the_names_of_levels_and_encodings),
        UNIT_TEST(lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
