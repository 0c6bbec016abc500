/*
 * listen.c: listening sockets from addresses as Go programs take them; the contract is in listen.h.
 *
 * Any thread, no state. Names are not resolved: what a controller listens on is a flag, and a flag must not
 * wait for DNS.
 */
#include "libgotk/net/listen.h"

#include "libgotk/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define BACKLOG 256

/* An address of either family; the port is at the same place in both. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

static struct address address_v6(struct in6_addr host, int port)
{
    return (struct address){
        .v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = host },
        .size = sizeof(struct sockaddr_in6)
    };
}

static struct address address_v4(struct in_addr host, int port)
{
    return (
        struct address){ .v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = host },
                         .size = sizeof(struct sockaddr_in) };
}

static int parse_address(struct ctx *cx, const char *text, struct address *ret)
{
    struct in_addr v4 = { 0 };
    struct in6_addr v6 = in6addr_any;
    int64_t port = 0;
    const char *colon = strrchr(text, ':');
    if (!colon || !str_to_int64(colon + 1, &port) || port < 0 || port > 65535)
        return err_fail(cx, ERR_INVALID,
                        "cannot listen on '%s': an address looks like ':9090' or '127.0.0.1:9090'", text);
    char *host = str_ndup(cx->arena, text, (size_t)(colon - text));
    size_t n = strlen(host);
    if (n > 1 && host[0] == '[' && host[n - 1] == ']')
        host = str_ndup(cx->arena, host + 1, n - 2);
    if (!*host || inet_pton(AF_INET6, host, &v6) == 1)
        *ret = address_v6(v6, (int)port);
    else if (inet_pton(AF_INET, str_eq(host, "localhost") ? "127.0.0.1" : host, &v4) == 1)
        *ret = address_v4(v4, (int)port);
    else
        return err_fail(cx, ERR_INVALID, "cannot listen on '%s': the host must be an IP address or empty",
                        text);
    return 0;
}

static int try_listen(const struct address *a)
{
    int on = 1, off = 0, fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, &a->any, a->size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

int listen_open(struct ctx *cx, const char *text, int *ret_fd)
{
    struct address a = { 0 };
    if (parse_address(cx, text, &a) < 0)
        return cx->err.code;
    int fd = try_listen(&a);
    if (fd < 0 && *text == ':' && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) { /* no IPv6 here */
        a = address_v4((struct in_addr){ htonl(INADDR_ANY) }, ntohs(a.v6.sin6_port));
        fd = try_listen(&a);
    }
    if (fd < 0)
        return err_errno(cx, "cannot listen on '%s'", text);
    *ret_fd = fd;
    return 0;
}

int listen_port(int fd)
{
    struct address a = { .size = sizeof(struct sockaddr_in6) };
    getsockname(fd, &a.any, &a.size);
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}
