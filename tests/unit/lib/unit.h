/*
 * unit.h: what every unit test starts with: cmocka, a context, and assertions on errors.
 *
 * A test file is one program per module (tests/unit/<layer>/test_<module>.c). Setup gives each test a fresh context in
 * *state; teardown frees it, so that a leak or a forgotten error shows in the test that made it.
 */
#ifndef GOTK_TESTS_UNIT_H
#define GOTK_TESTS_UNIT_H

#include "libgotk/base/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka fixtures: *state becomes a struct ctx with an arena of 256 MiB, and is freed again. */
int unit_setup(void **state);
int unit_teardown(void **state);

/* The test's context. */
struct ctx *unit_cx(void **state);

/* Fails the test unless cx holds an error of `code` whose message contains `part`; then clears it. */
#define assert_error(cx, code, part) unit_assert_error((cx), (code), (part), __FILE__, __LINE__)
void unit_assert_error(struct ctx *cx, int code, const char *part, const char *file, int line);

/* Fails the test with the error's message unless `rc` is 0 or more. */
#define assert_ok(cx, rc) unit_assert_ok((cx), (rc), __FILE__, __LINE__)
void unit_assert_ok(struct ctx *cx, int rc, const char *file, int line);

/* A row of a test table with setup and teardown. */
#define UNIT_TEST(fn) cmocka_unit_test_setup_teardown(fn, unit_setup, unit_teardown)

/* The most milliseconds (or rounds) something may take: times $UNIT_SLOW where everything is slower, as under valgrind. */
int64_t unit_slow(int64_t limit);

/* A file that is looked at line by line. */
struct unit_lines {
    char *at;
    char *end;
};

/* Reads the file into cx's arena; fails the test when that cannot be done. */
struct unit_lines unit_lines(struct ctx *cx, const char *path);

/* The next line, with a NUL where its newline was and *ret_len bytes before that; NULL at the end. The last one may lack its newline. */
char *unit_next_line(struct unit_lines *lines, size_t *ret_len);

/* A fresh empty folder that is removed when the test's context goes. */
const char *unit_tmpdir(struct ctx *cx);

#endif
