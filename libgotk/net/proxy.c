/*
 * proxy.c: the proxy variables of the environment; the contract is in proxy.h.
 *
 * Any thread: the environment is only read. Follows the rules of golang.org/x/net/http/httpproxy.
 */
#include "libgotk/net/proxy.h"

#include "libgotk/base/str.h"

#include <arpa/inet.h>
#include <strings.h>

/* An IP address as 16 bytes, IPv4 mapped into IPv6. */
struct address {
    unsigned char bytes[16];
    bool is_v4;
};

static bool parse_address(const char *text, struct address *ret)
{
    struct address addr = { .bytes = { [10] = 0xFF, [11] = 0xFF } };
    if (inet_pton(AF_INET, text, addr.bytes + 12) == 1)
        addr.is_v4 = true;
    else if (inet_pton(AF_INET6, text, addr.bytes) != 1)
        return false;
    *ret = addr;
    return true;
}

static bool is_loopback(const char *host)
{
    static const unsigned char v6_loopback[16] = { [15] = 1 };
    struct address addr;
    if (str_eq(host, "localhost"))
        return true;
    if (!parse_address(host, &addr))
        return false;
    return addr.is_v4 ? addr.bytes[12] == 127 : memcmp(addr.bytes, v6_loopback, 16) == 0;
}

static bool same_prefix(const struct address *a, const struct address *b, size_t bits)
{
    size_t whole = bits / 8, rest = bits % 8;
    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return !rest || (a->bytes[whole] >> (8 - rest)) == (b->bytes[whole] >> (8 - rest));
}

/* True when `entry` is a network in CIDR form; *ret_match tells whether host lies in it. */
static bool match_network(struct arena *a, const char *entry, const char *host, bool *ret_match)
{
    struct address net, addr;
    int64_t bits;
    const char *slash = strchr(entry, '/');
    if (!slash || !str_to_int64(slash + 1, &bits))
        return false;
    if (!parse_address(str_ndup(a, entry, (size_t)(slash - entry)), &net))
        return false;
    if (bits < 0 || bits > (net.is_v4 ? 32 : 128))
        return false;
    size_t prefix = (size_t)bits + (net.is_v4 ? 96 : 0);
    *ret_match = parse_address(host, &addr) && addr.is_v4 == net.is_v4 && same_prefix(&net, &addr, prefix);
    return true;
}

/* Splits "host:port", "[v6]:port" or "host" in place. */
static const char *split_port(struct arena *a, const char *entry, const char **ret_port)
{
    const char *colon = strrchr(entry, ':');
    bool several = colon && strchr(entry, ':') != colon;
    bool bracketed = *entry == '[';
    if (bracketed) {
        const char *end = strchr(entry, ']');
        if (!end)
            return entry;
        *ret_port = end[1] == ':' ? end + 2 : NULL;
        return str_ndup(a, entry + 1, (size_t)(end - entry - 1));
    }
    if (!colon || several)
        return entry;
    *ret_port = colon + 1;
    return str_ndup(a, entry, (size_t)(colon - entry));
}

/* "foo.com" matches itself and what is below, ".foo.com" and "*.foo.com" only what is below. */
static bool match_name(const char *pattern, const char *host)
{
    if (str_starts(pattern, "*."))
        pattern++;
    if (*pattern == '.')
        return str_ends(host, pattern) && strlen(host) > strlen(pattern);
    size_t n = strlen(pattern), m = strlen(host);
    return str_eq(pattern, host) || (m > n && host[m - n - 1] == '.' && str_ends(host, pattern));
}

static bool match_entry(struct arena *a, const char *entry, const char *host, int port)
{
    const char *entry_port = NULL;
    struct address wanted, addr;
    bool match;
    int64_t number = 0;
    if (match_network(a, entry, host, &match))
        return match;
    const char *name = split_port(a, entry, &entry_port);
    if (!*name || (!str_empty(entry_port) && (!str_to_int64(entry_port, &number) || number != port)))
        return false;
    if (parse_address(name, &wanted))
        return parse_address(host, &addr) && memcmp(wanted.bytes, addr.bytes, 16) == 0;
    return match_name(name, host);
}

bool proxy_is_excluded(struct arena *a, const char *no_proxy, const char *host, int port)
{
    size_t count;
    char **entries = str_split(a, str_or(no_proxy, ""), ',', &count);
    for (size_t i = 0; i < count; i++) {
        const char *entry = str_lower(a, str_trim(a, entries[i]));
        if (str_eq(entry, "*") || (*entry && match_entry(a, entry, host, port)))
            return true;
    }
    return false;
}

static const char *from_env(const char *upper, const char *lower)
{
    const char *value = getenv(upper);
    return str_empty(value) ? getenv(lower) : value;
}

static const struct {
    const char *scheme;
    int port;
} default_ports[] = { { "https://", 443 }, { "socks5://", 1080 }, { "socks5h://", 1080 } };

int proxy_default_port(const char *proxy)
{
    for (size_t i = 0; i < ARRAY_LEN(default_ports); i++)
        if (strncasecmp(proxy, default_ports[i].scheme, strlen(default_ports[i].scheme)) == 0)
            return default_ports[i].port;
    return 80;
}

const char *proxy_for_curl(struct arena *a, const char *proxy)
{
    static const char socks[] = "socks5";
    bool is_socks = strncasecmp(proxy, "socks5://", strlen("socks5://")) == 0;
    return is_socks ? str_fmt(a, "socks5h%s", proxy + strlen(socks)) : proxy;
}

/* golang.org/x/net/proxy's FromEnvironment: only SOCKS, loopback included; the proxy looks names up. */
static const char *for_ssh(struct arena *a, const struct url *u)
{
    const char *proxy = str_or(from_env("ALL_PROXY", "all_proxy"), "");
    const char *rest = strstr(proxy, "://");
    bool is_socks = str_starts(proxy, "socks5://") || str_starts(proxy, "socks5h://");
    int port = u->port ? url_port(u) : 22;
    if (!is_socks || proxy_is_excluded(a, from_env("NO_PROXY", "no_proxy"), u->host, port))
        return NULL;
    return str_fmt(a, "socks5h%s", rest);
}

const char *proxy_for(struct arena *a, const struct url *u)
{
    if (str_eq(u->scheme, "ssh"))
        return for_ssh(a, u);
    bool is_https = str_eq(u->scheme, "https");
    const char *proxy =
        is_https ? from_env("HTTPS_PROXY", "https_proxy") : from_env("HTTP_PROXY", "http_proxy");
    if (str_empty(proxy) || is_loopback(u->host))
        return NULL;
    if (proxy_is_excluded(a, from_env("NO_PROXY", "no_proxy"), u->host, url_port(u)))
        return NULL;
    return strstr(proxy, "://") ? proxy : str_fmt(a, "http://%s", proxy);
}
