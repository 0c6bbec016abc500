/* Proxy: the environment's variables, NO_PROXY's forms, loopback. */
#include "libgotk/net/proxy.h"
#include "tests/unit/lib/unit.h"

static void no_proxy_knows_names_addresses_and_networks(void **state)
{
    struct arena *a = unit_cx(state)->arena;
    static const struct {
        const char *list, *host;
        int port;
        bool excluded;
    } rows[] = {
        { "", "a.com", 80, false },
        { "*", "a.com", 80, true },
        { "a.com", "a.com", 443, true },
        { "a.com", "x.a.com", 443, true },
        { "a.com", "xa.com", 443, false },
        { ".a.com", "a.com", 443, false },
        { ".a.com", "x.a.com", 443, true },
        { "*.a.com", "x.a.com", 443, true },
        { "*.a.com", "a.com", 443, false },
        { "b.org, A.COM", "a.com", 443, true },
        { "a.com:8443", "a.com", 8443, true },
        { "a.com:8443", "a.com", 443, false },
        { ".svc,.cluster.local", "notification-controller.flux-system.svc", 80, true },
        { "10.96.0.0/12", "10.96.0.1", 443, true },
        { "10.96.0.0/12", "10.112.0.1", 443, false },
        { "10.0.0.7", "10.0.0.7", 443, true },
        { "10.0.0.7:80", "10.0.0.7", 443, false },
        { "fd00::/8", "fd12::1", 443, true },
        { "fd00::/8", "fe80::1", 443, false },
        { "0.0.0.0/0", "::1", 443, false },
        { "[fd00::1]:443", "fd00::1", 443, true },
        { ":80,,", "a.com", 80, false },
        { "10.0.0.0/40", "10.0.0.1", 80, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (proxy_is_excluded(a, rows[i].list, rows[i].host, rows[i].port) != rows[i].excluded)
            fail_msg("NO_PROXY '%s' host %s:%d", rows[i].list, rows[i].host, rows[i].port);
    }
}

static const char *proxy_of(struct ctx *cx, const char *url)
{
    struct url u;
    assert_ok(cx, url_parse(cx, url, &u));
    return proxy_for(cx->arena, &u);
}

static void the_scheme_picks_the_variable(void **state)
{
    struct ctx *cx = unit_cx(state);
    setenv("HTTP_PROXY", "plain:3128", 1);
    setenv("https_proxy", "https://secure:3129", 1);
    setenv("ALL_PROXY", "socks5://all", 1);
    setenv("NO_PROXY", "direct.org", 1);
    assert_string_equal(proxy_of(cx, "http://a.com"), "http://plain:3128");
    assert_string_equal(proxy_of(cx, "https://a.com"), "https://secure:3129");
    assert_null(proxy_of(cx, "https://direct.org"));
    assert_null(proxy_of(cx, "http://localhost:8080"));
    assert_null(proxy_of(cx, "http://127.9.9.9"));
    assert_null(proxy_of(cx, "http://[::1]"));
    unsetenv("HTTP_PROXY");
    assert_null(proxy_of(cx, "http://a.com"));
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("NO_PROXY");
}

static void ssh_goes_through_socks_only(void **state)
{
    struct ctx *cx = unit_cx(state);
    setenv("ALL_PROXY", "socks5://u:p@all:1080", 1);
    setenv("NO_PROXY", "direct.org,odd.org:2222", 1);
    assert_string_equal(proxy_of(cx, "ssh://git@a.com/x"), "socks5h://u:p@all:1080");
    assert_string_equal(proxy_of(cx, "ssh://127.0.0.1/x"), "socks5h://u:p@all:1080");
    assert_null(proxy_of(cx, "ssh://direct.org/x"));
    assert_null(proxy_of(cx, "ssh://odd.org:2222/x"));
    assert_non_null(proxy_of(cx, "ssh://odd.org/x"));
    setenv("ALL_PROXY", "http://all:3128", 1);
    assert_null(proxy_of(cx, "ssh://a.com/x"));
    unsetenv("ALL_PROXY");
    assert_null(proxy_of(cx, "ssh://a.com/x"));
    unsetenv("NO_PROXY");
}

static void curl_is_told_what_go_means(void **state)
{
    static const struct {
        const char *proxy, *told;
        int port;
    } rows[] = {
        { "http://p", "http://p", 80 },
        { "p", "p", 80 },
        { "HTTP://u:p@p", "HTTP://u:p@p", 80 },
        { "https://p", "https://p", 443 },
        { "socks5://u:p@p", "socks5h://u:p@p", 1080 },
        { "SOCKS5://p:9", "socks5h://p:9", 1080 },
        { "socks5h://p", "socks5h://p", 1080 },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(proxy_for_curl(cx->arena, rows[i].proxy), rows[i].told);
        assert_int_equal(proxy_default_port(rows[i].proxy), rows[i].port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(no_proxy_knows_names_addresses_and_networks),
        UNIT_TEST(the_scheme_picks_the_variable),
        UNIT_TEST(ssh_goes_through_socks_only),
        UNIT_TEST(curl_is_told_what_go_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
