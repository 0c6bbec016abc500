/* What is given back after the start: less is resident, and all still works. */
#include "libgotk/runtime/footprint.h"

#include "libgotk/base/hash.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "tests/unit/lib/unit.h"

#include <stdio.h>

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &resident), 2);
    fclose(f);
    return resident;
}

static void less_is_resident_and_all_works(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct http *http = http_open(); /* a library that is large */
    long before = resident_pages();
    assert_true(footprint_forget_start() > 1 << 20);
    assert_true(resident_pages() < before);
    assert_string_equal(hash_sha1_hex(cx->arena, "abc", 3), "a9993e364706816aba3e25717850c26c9cd0d89d");
    struct http_response answer;
    struct http_request req = { .url = "http://127.0.0.1:1/" };
    cx->http = http;
    assert_int_equal(http_do(cx, &req, &answer), ERR_UNAVAILABLE);
    err_clear(cx);
    cx->http = NULL;
    http_close(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT_TEST(less_is_resident_and_all_works) };
    return cmocka_run_group_tests_name("footprint", tests, NULL, NULL);
}
