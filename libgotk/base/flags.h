/*
 * flags.h: the command line, in the syntax of Go's pflag, from a table of rows.
 *
 * `--x=y`, `--x y`, `--flag`, `--flag=false`, `-x y`, `--` ends the flags; other words are positional and may stand between
 * flags. Later values win, lists collect. Errors read as pflag's, and an unknown flag names the nearest known one. Runs
 * once, in main. Rejected: getopt_long, which knows neither kinds nor defaults nor the messages users know.
 *
 *     static const struct flag rows[] = {
 *         { .name = "metrics-addr", .kind = FLAG_STRING, .target = &o.metrics_addr, .fallback = ":8080",
 *           .env = "METRICS_ADDR", .help = "The address the metric endpoint binds to." },
 *         { .name = "concurrent", .kind = FLAG_INT, .target = &o.concurrent, .fallback = "4", .help = "..." },
 *     };
 */
#ifndef GOTK_BASE_FLAGS_H
#define GOTK_BASE_FLAGS_H

#include "libgotk/base/ctx.h"
#include "libgotk/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag_kind {
    FLAG_STRING,   /* target: const char * */
    FLAG_BOOL,     /* target: bool; alone it means true; as strconv.ParseBool */
    FLAG_INT,      /* target: int64_t; decimal, 0x, 0o, 0b, underscores as Go */
    FLAG_FLOAT,    /* target: double */
    FLAG_DURATION, /* target: int64_t nanoseconds; "1m30s" */
    FLAG_LIST,     /* target: struct str_list; repeated or comma-separated, "..." quotes a comma (CSV) */
    FLAG_ARRAY,    /* target: struct str_list; repeated, each taken whole; lists live in cx's arena */
};

struct flag {
    const char *name; /* without dashes */
    char shorthand;   /* 0: none */
    enum flag_kind kind;
    void *target;         /* see the kinds; set to the default before any argument is read */
    const char *fallback; /* the default as text; NULL: empty, false or 0 */
    const char *env;      /* when this variable is set and not empty its value is the default; may be NULL */
    const char *help;     /* one sentence; `word` in back-quotes names the value in the help text */
    const char
        *alone;  /* the value of the flag without one: `--wait` is `--wait=watcher`; NULL: it needs one */
    bool *given; /* set to whether the command line has the flag; may be NULL */
    const char *deprecated; /* not NULL: absent from the help, and its use prints this on stderr */
    /* More to check than the kind: fails with cx's error set, which is wrapped as an invalid argument. May be NULL. */
    int (*check)(struct ctx *cx, const char *value);
};

#define FLAGS_HELP 1 /* -h or --help was given: print flags_help and exit with 0 */

/*
 * Sets every target to its default, then reads argv[1..argc-1]. Returns 0, FLAGS_HELP, or ERR_INVALID with pflag's words:
 * `unknown flag: --metric-addr (did you mean --metrics-addr?)`, `flag needs an argument: --concurrent`,
 * `invalid argument "x" for "--concurrent" flag: strconv.ParseInt: parsing "x": invalid syntax`. *ret_args is a
 * NULL-terminated array of the positional words. Strings live in argv, the environment or cx's arena.
 */
int flags_parse(struct ctx *cx, const struct flag *rows, size_t n, int argc, char *const *argv,
                const char *const **ret_args) MUST_CHECK;

/* The rows as a text for --help, sorted by name, as pflag's FlagUsages prints them. */
char *flags_help(struct arena *a, const struct flag *rows, size_t n);

#endif
