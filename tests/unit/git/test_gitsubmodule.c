/* Submodules: reading .gitmodules, resolving addresses, who is sent credentials; sparse paths. */
#include "libgotk/base/buf.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitmodules.h"
#include "libgotk/git/gitsubmodule.h"
#include "tests/unit/lib/unit.h"

static const struct {
    const char *text;
    const char *want; /* "name|path|url" of each, joined by spaces */
} files[] = {
    { "", "" },
    { "[submodule \"a\"]\n\tpath = a\n\turl = https://h/a.git\n", "a|a|https://h/a.git" },
    { "[submodule \"a\"] path=x\n[Submodule \"b\"]\nPATH = y # c\nurl=u;c\n[submodule \"a\"]\nurl = v",
      "a|x|v b|y|u" },
    { "[submodule \"a\\\"b\\\\c\"]\npath = \"p # q\"; c\nurl = x\\\ny\n", "a\"b\\c|p # q|xy" },
    { "[submodule \"a\"]\npath = a\npath = b\nurl = \" u \"  \nbranch = main\nshallow\n", "a|b| u " },
    { "[submodule \"no-url\"]\npath = a\n[submodule \"no-path\"]\nurl = a\n", "" },
    { "[core]\npath = a\nurl = b\n[submodule]\npath = a\nurl = b\n[include]\npath = /etc/passwd\n", "" },
    { "\r\n  ; c\r\n[submodule \"a\"]\r\npath = a\r\nurl = u\r\n", "a|a|u" },
};

static void files_are_read(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct gitmodule *list;
        size_t n;
        const char *got = "";
        assert_ok(cx, gitmodules_parse(cx, files[i].text, &list, &n));
        for (size_t j = 0; j < n; j++)
            got = str_fmt(cx->arena, "%s%s%s|%s|%s", got, j ? " " : "", list[j].name, list[j].path,
                          list[j].url);
        assert_string_equal(got, files[i].want);
    }
}

static const struct {
    const char *text;
    const char *message;
} broken[] = {
    { "[submodule \"a", "line 1: a quoted name does not end" },
    { "[submodule \"a\"\npath = x", "line 1: a section does not end with ']'" },
    { "[submodule", "does not end with ']'" },
    { "\n\n= x", "line 3: neither a section nor a value" },
    { "[submodule \"a\"]\npath = \"x", "line 2: a quoted value does not end" },
    { "[submodule \"a\"]\npath = \\x", "line 2: an escape that is none" },
    { "[submodule \"a\"]\npath = x\\", "line 2: an escape that is none" },
};

static void broken_files_say_where(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct gitmodule *list;
        size_t n;
        assert_true(gitmodules_parse(cx, broken[i].text, &list, &n) < 0);
        assert_error(cx, ERR_INVALID, broken[i].message);
    }
}

static void too_many_are_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = buf_new(cx->arena, (size_t)1 << 20);
    struct gitmodule *list;
    size_t n;
    for (int i = 0; i < 1001; i++)
        buf_fmt(&text, "[submodule \"%d\"]\n", i);
    assert_int_equal(gitmodules_parse(cx, buf_text(&text), &list, &n), ERR_LIMIT);
    err_clear(cx);
}

#define BASE "https://git.example.com/team/app.git"

static const struct {
    const char *url;
    const char *want; /* NULL: refused */
} urls[] = {
    { "https://other/x.git", "https://other/x.git" },
    { "http://other/x", "http://other/x" },
    { "ssh://git@host/x", "ssh://git@host/x" },
    { "git@github.com:org/x.git", "ssh://git@github.com/org/x.git" },
    { "github.com:/org/x.git", "ssh://github.com/org/x.git" },
    { "../lib.git", "https://git.example.com/team/lib.git" },
    { "../../lib.git", "https://git.example.com/lib.git" },
    { "../../../../../lib.git", "https://git.example.com/lib.git" },
    { "./sub/../lib", "https://git.example.com/team/app.git/lib" },
    { "..", "https://git.example.com/team" },
    { "../a?b", "https://git.example.com/team/a?b" },
    { "/srv/git/x.git", NULL },
    { "file:///srv/git/x.git", NULL },
    { "ext::sh -c id", "ssh://ext/:sh -c id" },
    { "git://host/x", NULL },
    { "https://[::1/x", NULL },
};

static void addresses_are_resolved(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        const char *got = NULL;
        int rc = gitsubmodule_url(cx, BASE, urls[i].url, &got);
        if (urls[i].want) {
            assert_ok(cx, rc);
            assert_string_equal(got, urls[i].want);
        } else {
            assert_int_equal(rc, ERR_INVALID);
            err_clear(cx);
        }
    }
}

static const struct {
    const char *url;
    bool sent;
} hosts[] = {
    { "https://git.example.com/other.git", true },   { "https://GIT.example.com:443/x", true },
    { "https://git.example.com:8443/x", false },     { "http://git.example.com/x", false },
    { "https://evil.example.com/x", false },         { "https://git.example.com.evil.com/x", false },
    { "https://git.example.com@evil.com/x", false }, { "https://evil/git.example.com", false },
};

static void credentials_stay_on_their_host(void **state)
{
    const struct gitauth mine = { .user = "u",
                                  .password = "p",
                                  .bearer = "b",
                                  .ca_pem = "ca",
                                  .cert_pem = "c",
                                  .key_pem = "k",
                                  .hint = "h" };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct gitauth got;
        assert_ok(cx, gitsubmodule_auth(cx, BASE, hosts[i].url, &mine, &got));
        assert_int_equal(str_eq(got.password, "p") && got.bearer && got.key_pem && got.cert_pem,
                         hosts[i].sent);
        assert_int_equal(got.password || got.bearer || got.key_pem || got.cert_pem, hosts[i].sent);
        assert_string_equal(got.ca_pem, "ca");
    }
}

static void a_key_is_for_all_hosts_it_knows(void **state)
{
    const struct gitauth key = { .user = "me", .identity = "k", .known_hosts = "h" },
                         token = { .bearer = "b" };
    struct ctx *cx = unit_cx(state);
    struct gitauth got;
    assert_ok(cx, gitsubmodule_auth(cx, "ssh://me@a/x", "ssh://b/x", &key, &got));
    assert_string_equal(got.user, "git");
    assert_string_equal(got.identity, "k");
    assert_ok(cx, gitsubmodule_auth(cx, "ssh://me@a/x", "https://a/x", &key, &got));
    assert_null(got.identity);
    assert_true(gitsubmodule_auth(cx, BASE, "ssh://git.example.com/x", &token, &got) < 0);
    assert_error(cx, ERR_INVALID, "has no key");
}

static void sparse_entries_cover_what_is_below(void **state)
{
    const char *entries[] = { "./apps/", "infra/prod" };
    const char *all[] = { "apps", "./" };
    struct ctx *cx = unit_cx(state);
    const struct gitsparse some = { entries, 2 }, none = { NULL, 0 }, everything = { all, 2 };
    assert_true(gitsparse_covers(cx->arena, &some, "apps"));
    assert_true(gitsparse_covers(cx->arena, &some, "apps/x/y"));
    assert_true(gitsparse_covers(cx->arena, &some, "infra/prod/z"));
    assert_false(gitsparse_covers(cx->arena, &some, "apps2"));
    assert_false(gitsparse_covers(cx->arena, &some, "infra"));
    assert_true(gitsparse_covers(cx->arena, &none, "x") && gitsparse_covers(cx->arena, &everything, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(files_are_read),
        UNIT_TEST(broken_files_say_where),
        UNIT_TEST(too_many_are_refused),
        UNIT_TEST(addresses_are_resolved),
        UNIT_TEST(credentials_stay_on_their_host),
        UNIT_TEST(a_key_is_for_all_hosts_it_knows),
        UNIT_TEST(sparse_entries_cover_what_is_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
