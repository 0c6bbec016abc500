/* The command line: what pflag 1.0.10 answers for the same flags and words, and what we add to it. */
#include "tests/unit/lib/unit.h"

#include "libgotk/base/flags.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"

#include <stdlib.h>
#include <string.h>

static struct options {
    const char *metrics_addr, *events_addr, *file, *old;
    int64_t concurrent, requeue, zero, ttl;
    bool all, verbose, verbose_given;
    double qps;
    struct str_list algos, none, sets;
    const char *wait;
} o;

static int check_positive(struct ctx *cx, const char *value)
{
    return str_starts(value, "-") ? err_fail(cx, ERR_INVALID, "must not be negative") : 0;
}

static const struct flag rows[] = {
    { .name = "metrics-addr",
      .kind = FLAG_STRING,
      .target = &o.metrics_addr,
      .fallback = ":8080",
      .env = "GOTK_TEST_METRICS_ADDR",
      .help = "The address the metric endpoint binds to." },
    { .name = "events-addr", .kind = FLAG_STRING, .target = &o.events_addr, .help = "The address." },
    { .name = "concurrent",
      .kind = FLAG_INT,
      .target = &o.concurrent,
      .fallback = "4",
      .help = "The number of concurrent `things` reconciles." },
    { .name = "watch-all-namespaces",
      .kind = FLAG_BOOL,
      .target = &o.all,
      .fallback = "true",
      .help = "Watch all." },
    { .name = "verbose",
      .shorthand = 'v',
      .kind = FLAG_BOOL,
      .target = &o.verbose,
      .given = &o.verbose_given,
      .help = "Talk." },
    { .name = "file", .shorthand = 'f', .kind = FLAG_STRING, .target = &o.file, .help = "A `path` to read." },
    { .name = "requeue-dependency",
      .kind = FLAG_DURATION,
      .target = &o.requeue,
      .fallback = "30s",
      .help = "The interval.",
      .check = check_positive },
    { .name = "zero", .kind = FLAG_DURATION, .target = &o.zero, .help = "Zero." },
    { .name = "ttl", .kind = FLAG_DURATION, .target = &o.ttl, .fallback = "1m", .help = "TTL." },
    { .name = "kube-api-qps", .kind = FLAG_FLOAT, .target = &o.qps, .fallback = "50", .help = "QPS." },
    { .name = "algos", .kind = FLAG_LIST, .target = &o.algos, .fallback = "a,b", .help = "Algos." },
    { .name = "none", .kind = FLAG_LIST, .target = &o.none, .help = "None." },
    { .name = "set", .kind = FLAG_ARRAY, .target = &o.sets, .help = "Sets." },
    { .name = "wait",
      .shorthand = 'w',
      .kind = FLAG_STRING,
      .target = &o.wait,
      .fallback = "hookOnly",
      .alone = "watcher",
      .help = "Wait." },
    { .name = "old", .kind = FLAG_STRING, .target = &o.old, .help = "Old.", .deprecated = "use the new one" },
};

#define WORDS_MAX 8

static const char *const *args;

static int parse(struct ctx *cx, const char *const *words)
{
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    argv[argc++] = str_dup(cx->arena, "program");
    while (argc <= WORDS_MAX && words[argc - 1]) {
        argv[argc] = str_dup(cx->arena, words[argc - 1]);
        argc++;
    }
    return flags_parse(cx, rows, ARRAY_LEN(rows), argc, argv, &args);
}

static int parse1(struct ctx *cx, const char *word)
{
    return parse(cx, (const char *const[]){ word, NULL });
}

static const char *joined(struct ctx *cx, const struct str_list *list)
{
    return str_join(cx->arena, list->at, list->len, "|");
}

static void every_target_starts_at_its_default(void **state)
{
    struct ctx *cx = unit_cx(state);
    memset(&o, 0xAA, sizeof(o));
    assert_ok(cx, parse(cx, (const char *const[]){ NULL }));
    assert_string_equal(o.metrics_addr, ":8080");
    assert_string_equal(o.events_addr, "");
    assert_int_equal(o.concurrent, 4);
    assert_true(o.all);
    assert_false(o.verbose);
    assert_false(o.verbose_given);
    assert_int_equal(o.requeue, 30 * GOTIME_SECOND);
    assert_int_equal(o.zero, 0);
    assert_true(o.qps > 49.9 && o.qps < 50.1);
    assert_string_equal(joined(cx, &o.algos), "a|b");
    assert_int_equal(o.none.len, 0);
    assert_null(args[0]);
}

static void the_environment_is_a_default(void **state)
{
    struct ctx *cx = unit_cx(state);
    setenv("GOTK_TEST_METRICS_ADDR", ":1", 1);
    assert_ok(cx, parse(cx, (const char *const[]){ NULL }));
    assert_string_equal(o.metrics_addr, ":1");
    assert_ok(cx, parse1(cx, "--metrics-addr=:2"));
    assert_string_equal(o.metrics_addr, ":2");
    setenv("GOTK_TEST_METRICS_ADDR", "", 1);
    assert_ok(cx, parse(cx, (const char *const[]){ NULL }));
    assert_string_equal(o.metrics_addr, ":8080");
    unsetenv("GOTK_TEST_METRICS_ADDR");
}

static const struct {
    const char *text;
    int64_t value;
    const char *why; /* NULL: accepted */
} ints[] = {
    { "0", 0, NULL },
    { "1_000", 1000, NULL },
    { "0x1F", 31, NULL },
    { "0X1f", 31, NULL },
    { "010", 8, NULL },
    { "0b101", 5, NULL },
    { "0o17", 15, NULL },
    { "0_7", 7, NULL },
    { "0x_1", 1, NULL },
    { "-5", -5, NULL },
    { "+5", 5, NULL },
    { "9223372036854775807", INT64_MAX, NULL },
    { "-9223372036854775808", INT64_MIN, NULL },
    { "9223372036854775808", 0, "value out of range" },
    { "99999999999999999999", 0, "value out of range" },
    { "", 0, "invalid syntax" },
    { "-", 0, "invalid syntax" },
    { "x", 0, "invalid syntax" },
    { "_1", 0, "invalid syntax" },
    { "1_", 0, "invalid syntax" },
    { "1__0", 0, "invalid syntax" },
    { "08", 0, "invalid syntax" },
    { "0x", 0, "invalid syntax" },
    { "5.0", 0, "invalid syntax" },
    { " 5", 0, "invalid syntax" },
    { "--1", 0, "invalid syntax" },
    { "1e3", 0, "invalid syntax" },
};

static void reads_integers_as_go(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(ints); i++) {
        int rc = parse1(cx, str_fmt(cx->arena, "--concurrent=%s", ints[i].text));
        if (ints[i].why) {
            assert_true(rc < 0);
            assert_error(cx, ERR_INVALID,
                         str_fmt(cx->arena,
                                 "invalid argument \"%s\" for \"--concurrent\" flag: strconv.ParseInt: "
                                 "parsing \"%s\": %s",
                                 ints[i].text, ints[i].text, ints[i].why));
            continue;
        }
        assert_ok(cx, rc);
        assert_int_equal(o.concurrent, ints[i].value);
    }
}

static const struct {
    const char *words[WORDS_MAX];
    const char *error; /* NULL: accepted, with the values below */
    const char *algos, *file, *args;
} lines[] = {
    { { "--algos", "x,y", "--algos=z" }, NULL, "x|y|z", "", "" },
    { { "--algos=" }, NULL, "", "", "" },
    { { "--algos=\"a,b\",c" }, NULL, "a,b|c", "", "" },
    { { "--algos=\"a\"\"b\"" }, NULL, "a\"b", "", "" },
    { { "--algos=a," }, NULL, "a|", "", "" },
    { { "--algos=," }, NULL, "|", "", "" },
    { { "-vf", "p" }, NULL, "a|b", "p", "" },
    { { "-fv" }, NULL, "a|b", "v", "" },
    { { "-vfp" }, NULL, "a|b", "p", "" },
    { { "-f=p" }, NULL, "a|b", "p", "" },
    { { "build", "--file", "p", "DIR", "-v" }, NULL, "a|b", "p", "build|DIR" },
    { { "a", "--", "--file" }, NULL, "a|b", "", "a|--file" },
    { { "-" }, NULL, "a|b", "", "-" },
    { { "--verbose", "false" }, NULL, "a|b", "", "false" },
    { { "--file", "--verbose" }, NULL, "a|b", "--verbose", "" },
    { { "--algos=a\"b" }, "invalid argument \"a\\\"b\" for \"--algos\" flag: parse error", "", "", "" },
    { { "--algos=\"a" },
      "parse error on line 1, column 3: extraneous or missing \" in quoted-field",
      "",
      "",
      "" },
    { { "--algos=\"a\"b" }, "parse error on line 1, column 3: extraneous or missing \"", "", "", "" },
    { { "--algos=a,b\"c" }, "parse error on line 1, column 4: bare \" in non-quoted field", "", "", "" },
    { { "--algos=\n\"a\nb" }, "record on line 2; parse error on line 3, column 2: extraneous", "", "", "" },
    { { "--algos=\"a\n" }, "parse error on line 1, column 4: extraneous", "", "", "" },
    { { "--algos=\n" }, "invalid argument \"\\n\" for \"--algos\" flag: EOF", "", "", "" },
    { { "--algos=\n\np,q\nr" }, NULL, "p|q", "", "" },
    { { "--algos=p,\"q\r\nr\"\r\ns" }, NULL, "p|q\nr", "", "" },
    { { "--algos=p,q\r" }, NULL, "p|q", "", "" },
    { { "-x" }, "unknown shorthand flag: 'x' in -x", "", "", "" },
    { { "-f" }, "flag needs an argument: 'f' in -f", "", "", "" },
    { { "--file" }, "flag needs an argument: --file", "", "", "" },
    { { "--=x" }, "bad flag syntax: --=x", "", "", "" },
    { { "---x" }, "bad flag syntax: ---x", "", "", "" },
    { { "--kube-api-qps=x" }, "strconv.ParseFloat: parsing \"x\": invalid syntax", "", "", "" },
    { { "--verbose=maybe" },
      "invalid argument \"maybe\" for \"-v, --verbose\" flag: strconv.ParseBool: parsing \"maybe\": invalid "
      "syntax",
      "",
      "",
      "" },
    { { "--ttl=5" },
      "invalid argument \"5\" for \"--ttl\" flag: time: missing unit in duration \"5\"",
      "",
      "",
      "" },
    { { "--requeue-dependency=-1s" },
      "invalid argument \"-1s\" for \"--requeue-dependency\" flag: must not be negative",
      "",
      "",
      "" },
    { { "--metric-addr=:1" }, "unknown flag: --metric-addr (did you mean --metrics-addr?)", "", "", "" },
    { { "--concurent", "2" }, "unknown flag: --concurent (did you mean --concurrent?)", "", "", "" },
    { { "--something-else" }, "unknown flag: --something-else (--help lists the flags)", "", "", "" },
};

static void reads_command_lines_as_pflag(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        int rc = parse(cx, lines[i].words);
        if (lines[i].error) {
            assert_true(rc < 0);
            assert_error(cx, ERR_INVALID, lines[i].error);
            continue;
        }
        assert_ok(cx, rc);
        size_t n = 0;
        while (args[n])
            n++;
        assert_string_equal(joined(cx, &o.algos), lines[i].algos);
        assert_string_equal(o.file, lines[i].file);
        assert_string_equal(str_join(cx->arena, args, n, "|"), lines[i].args);
    }
}

static void booleans_durations_and_floats(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *const words[] = { "--watch-all-namespaces=F", "--verbose", "--ttl", "1h30m",
                                  "--kube-api-qps=1e2",       NULL };
    assert_ok(cx, parse(cx, words));
    assert_false(o.all);
    assert_true(o.verbose && o.verbose_given);
    assert_int_equal(o.ttl, 90 * GOTIME_MINUTE);
    assert_true(o.qps > 99.9 && o.qps < 100.1);
}

static void words_may_be_left_out_and_lists_taken_whole(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_ok(
        cx, parse(cx, (const char *const[]){ "--set=a=1,b=2", "--set", "c", "--set=", "--wait", "x", NULL }));
    assert_string_equal(joined(cx, &o.sets), "a=1,b=2|c|");
    assert_string_equal(o.wait, "watcher");
    assert_string_equal(args[0], "x");
    assert_ok(cx, parse1(cx, "--wait=legacy"));
    assert_string_equal(o.wait, "legacy");
    assert_ok(cx, parse(cx, (const char *const[]){ "-wv", NULL }));
    assert_string_equal(o.wait, "watcher");
    assert_true(o.verbose);
    assert_ok(cx, parse(cx, (const char *const[]){ NULL }));
    assert_string_equal(o.wait, "hookOnly");
    assert_int_equal(o.sets.len, 0);
}

static void help_is_asked_for(void **state)
{
    struct ctx *cx = unit_cx(state);
    assert_int_equal(parse1(cx, "--help"), FLAGS_HELP);
    assert_int_equal(parse1(cx, "-h"), FLAGS_HELP);
    assert_int_equal(parse1(cx, "-vh"), FLAGS_HELP);
}

static void help_reads_as_pflags(void **state)
{
    assert_string_equal(
        flags_help(unit_cx(state)->arena, rows, ARRAY_LEN(rows)),
        "      --algos strings                 Algos. (default [a,b])\n"
        "      --concurrent things             The number of concurrent things reconciles. (default 4)\n"
        "      --events-addr string            The address.\n"
        "  -f, --file path                     A path to read.\n"
        "      --kube-api-qps float32          QPS. (default 50)\n"
        "      --metrics-addr string           The address the metric endpoint binds to. (default \":8080\")\n"
        "      --none strings                  None.\n"
        "      --requeue-dependency duration   The interval. (default 30s)\n"
        "      --set stringArray               Sets.\n"
        "      --ttl duration                  TTL. (default 1m0s)\n"
        "  -v, --verbose                       Talk.\n"
        "  -w, --wait string[=\"watcher\"]       Wait. (default \"hookOnly\")\n"
        "      --watch-all-namespaces          Watch all. (default true)\n"
        "      --zero duration                 Zero.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_target_starts_at_its_default),
        UNIT_TEST(the_environment_is_a_default),
        UNIT_TEST(reads_integers_as_go),
        UNIT_TEST(reads_command_lines_as_pflag),
        UNIT_TEST(booleans_durations_and_floats),
        UNIT_TEST(words_may_be_left_out_and_lists_taken_whole),
        UNIT_TEST(help_is_asked_for),
        UNIT_TEST(help_reads_as_pflags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
