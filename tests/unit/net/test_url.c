/* URL: parsing, refusals, masking, joining (RFC 3986, 5.4), query values. */
#include "libgotk/base/str.h"
#include "libgotk/net/url.h"
#include "tests/unit/lib/unit.h"

static void parses_all_parts(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url u;
    assert_ok(cx, url_parse(cx, "HTTPS://us%40er:p%3Aw@Git.Example.com:8443/a%20b/c?q=1&r#frag", &u));
    assert_string_equal(u.scheme, "https");
    assert_string_equal(u.user, "us@er");
    assert_string_equal(u.password, "p:w");
    assert_string_equal(u.host, "git.example.com");
    assert_string_equal(u.port, "8443");
    assert_string_equal(u.path, "/a%20b/c");
    assert_string_equal(u.query, "q=1&r");
    assert_string_equal(u.fragment, "frag");
    assert_string_equal(url_print(cx->arena, &u, true),
                        "https://us%40er:p%3Aw@git.example.com:8443/a%20b/c?q=1&r#frag");
    assert_string_equal(url_print(cx->arena, &u, false), "https://git.example.com:8443/a%20b/c?q=1&r#frag");
}

static void parses_other_forms(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url u;
    assert_ok(cx, url_parse(cx, "http://[::1]:80", &u));
    assert_string_equal(u.host, "::1");
    assert_string_equal(u.path, "");
    assert_null(u.query);
    assert_string_equal(url_print(cx->arena, &u, false), "http://[::1]:80");
    assert_ok(cx, url_parse(cx, "file:///srv/git", &u));
    assert_string_equal(u.path, "/srv/git");
    assert_ok(cx, url_parse(cx, "ssh://git@host/x", &u));
    assert_int_equal(url_port(&u), 22);
    assert_ok(cx, url_parse(cx, "http://h:/", &u));
    assert_int_equal(url_port(&u), 80);
}

static void refuses_what_is_no_url(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url u = { .host = "untouched" };
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "example.com/x", "must start with a scheme" },
        { "", "must start with a scheme" },
        { "http://", "the host is missing" },
        { "http:///x", "the host is missing" },
        { "http://user@/x", "the host is missing" },
        { "http://a b/", "a space or a control character" },
        { "http://a/\r\nHost: evil", "a space or a control character" },
        { "http://h:99999/", "the port must be a number" },
        { "http://h:+80/", "the port must be a number" },
        { "http://h:8x/", "the port must be a number" },
        { "http://[::1/", "not closed by ']'" },
        { "http://[::1]x/", "not closed by ']'" },
        { "http://h\\@evil/", "must be written as %XX" },
        { "http://[::1\\]/", "a character that is not allowed" },
        { "http://u%zz@h/", "broken %-escape" },
        { "http://u%00@h/", "broken %-escape" },
        { "http://u:%4@h/", "broken %-escape" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (url_parse(cx, rows[i].text, &u) != ERR_INVALID)
            fail_msg("'%s' was taken", rows[i].text);
        assert_error(cx, ERR_INVALID, rows[i].why);
    }
    assert_string_equal(u.host, "untouched");
}

static void an_error_never_shows_credentials(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url u;
    assert_int_equal(url_parse(cx, "https://ann:s3cret@host:port/x?token=t0ken", &u), ERR_INVALID);
    assert_null(strstr(err_message(cx), "s3cret"));
    assert_null(strstr(err_message(cx), "ann"));
    assert_null(strstr(err_message(cx), "t0ken"));
    assert_error(cx, ERR_INVALID, "https://***@host:port/x?token=***");
}

static void masks_secrets(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "https://u:p@h/x", "https://***@h/x" },
        { "https://ghp_token@h/x", "https://***@h/x" },
        { "https://u:p@ss@h/x", "https://***@h/x" },
        { "ssh://git@h/x", "ssh://git@h/x" },
        { "ssh://git:pw@h/x", "ssh://***@h/x" },
        { "https://h/@u:p", "https://h/@u:p" },
        { "cannot reach 'https://a:b@h' or http://c@i.", "cannot reach 'https://***@h' or http://***@i." },
        { "https://h/x?a=1&Token=abc&sig=x%20y#f", "https://h/x?a=1&Token=***&sig=***#f" },
        { "https://h/x?X-Amz-Signature=12&X-Amz-Date=3", "https://h/x?X-Amz-Signature=***&X-Amz-Date=3" },
        { "https://h/x?tokens=1&", "https://h/x?tokens=1&" },
        { "plain text", "plain text" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(url_mask(cx->arena, rows[i].text), rows[i].want);
}

static void joins_as_rfc_3986_says(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *ref, *want;
    } rows[] = {
        { "g", "http://a/b/c/g" },
        { "./g", "http://a/b/c/g" },
        { "g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },
        { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" },
        { "g?y", "http://a/b/c/g?y" },
        { "#s", "http://a/b/c/d;p?q#s" },
        { "g#s", "http://a/b/c/g#s" },
        { "g?y#s", "http://a/b/c/g?y#s" },
        { ";x", "http://a/b/c/;x" },
        { "", "http://a/b/c/d;p?q" },
        { ".", "http://a/b/c/" },
        { "./", "http://a/b/c/" },
        { "..", "http://a/b/" },
        { "../", "http://a/b/" },
        { "../g", "http://a/b/g" },
        { "../..", "http://a/" },
        { "../../g", "http://a/g" },
        { "../../../g", "http://a/g" },
        { "/./g", "http://a/g" },
        { "/../g", "http://a/g" },
        { "g.", "http://a/b/c/g." },
        { "..g", "http://a/b/c/..g" },
        { "./../g", "http://a/b/g" },
        { "g/./h", "http://a/b/c/g/h" },
        { "g/../h", "http://a/b/c/h" },
        { "g?y/../x", "http://a/b/c/g?y/../x" },
        { "g#s?y", "http://a/b/c/g#s?y" },
        { "https://other/x", "https://other/x" },
    };
    char *joined;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_ok(cx, url_join(cx, "http://a/b/c/d;p?q", rows[i].ref, &joined));
        assert_string_equal(joined, rows[i].want);
    }
    assert_ok(cx, url_join(cx, "https://u:p@h", "charts/x.tgz", &joined));
    assert_string_equal(joined, "https://u:p@h/charts/x.tgz");
}

static void compares_origins_and_decodes_queries(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct url a, b, c;
    assert_ok(cx, url_parse(cx, "https://h/x", &a));
    assert_ok(cx, url_parse(cx, "https://H:443/y", &b));
    assert_ok(cx, url_parse(cx, "http://h/x", &c));
    assert_true(url_same_origin(&a, &b));
    assert_false(url_same_origin(&a, &c));
    assert_string_equal(url_query_value(cx->arena, "ab=1&a=x+y%2Fz&a=2", "a"), "x y/z");
    assert_null(url_query_value(cx->arena, "a=%zz", "a"));
    assert_null(url_query_value(cx->arena, NULL, "a"));
    assert_string_equal(url_escape(cx->arena, "a b/c\xC3\xA4~"), "a%20b%2Fc%C3%A4~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(parses_all_parts),
        UNIT_TEST(parses_other_forms),
        UNIT_TEST(refuses_what_is_no_url),
        UNIT_TEST(an_error_never_shows_credentials),
        UNIT_TEST(masks_secrets),
        UNIT_TEST(joins_as_rfc_3986_says),
        UNIT_TEST(compares_origins_and_decodes_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
