/*
 * peer.c: nginx and scripted TCP peers for the tests; see peer.h.
 *
 * A scripted peer is one thread that polls its listening socket and up to 64 connections. Requests are
 * remembered in malloc memory behind a lock, because the test's arena belongs to the test's thread.
 */
#include "tests/unit/lib/peer.h"

#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CONNS_MAX    64
#define REQUESTS_MAX 256
#define REQUEST_SIZE ((size_t)64 << 10)

struct peer_conn {
    int fd;
    size_t len;
    bool hung;
    char data[REQUEST_SIZE];
};

struct peer {
    const struct peer_reply *rows;
    size_t row_count;
    int listener;
    int stop[2];
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    char *requests[REQUESTS_MAX];
    size_t request_count;
    size_t connection_count;
    struct peer_conn *conns[CONNS_MAX];
};

static int listen_on_loopback(int *ret_port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, size), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &size), 0);
    *ret_port = ntohs(addr.sin_port);
    return fd;
}

int peer_free_port(void)
{
    int port;
    close(listen_on_loopback(&port));
    return port;
}

/* The length of the first whole request in the connection's buffer, or 0. */
static size_t request_length(const struct peer_conn *c)
{
    const char *end = memmem(c->data, c->len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - c->data) + 4, body = 0;
    char *text = strndup(c->data, head), *length = strcasestr(text, "content-length:");
    if (length)
        body = strtoul(length + 15, NULL, 10);
    free(text);
    return c->len >= head + body ? head + body : 0;
}

static size_t remember(struct peer *p, const char *text, size_t n)
{
    char *copy = mem_alloc(n + 1);
    memcpy(copy, text, n);
    pthread_mutex_lock(&p->lock);
    size_t i = p->request_count++;
    if (i < REQUESTS_MAX)
        p->requests[i] = copy;
    else
        mem_free(copy);
    pthread_mutex_unlock(&p->lock);
    return i;
}

static void send_all(int fd, const char *text)
{
    for (size_t n = strlen(text); n;) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        n -= (size_t)sent;
    }
}

static bool stop_within(const struct peer *p, int64_t ms)
{
    struct pollfd pfd = { .fd = p->stop[0], .events = POLLIN };
    return poll(&pfd, 1, (int)ms) > 0;
}

/* Answers one request; false when the connection is to be closed. */
static bool answer(struct peer *p, struct peer_conn *c, size_t n)
{
    size_t i = remember(p, c->data, n);
    const struct peer_reply *row = &p->rows[i < p->row_count ? i : p->row_count - 1];
    memmove(c->data, c->data + n, c->len - n);
    c->len -= n;
    if (row->delay_ms && stop_within(p, row->delay_ms))
        return false;
    if (row->text)
        send_all(c->fd, row->text);
    struct linger at_once = { .l_onoff = 1 };
    if (row->reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    c->hung = row->hang;
    return !row->close && !row->reset;
}

/* Reads and answers; false when the connection ended. */
static bool serve(struct peer *p, struct peer_conn *c)
{
    ssize_t got = recv(c->fd, c->data + c->len, sizeof(c->data) - c->len, 0);
    if (got <= 0)
        return false;
    c->len += (size_t)got;
    for (size_t n; (n = request_length(c)) > 0;)
        if (!answer(p, c, n))
            return false;
    return true;
}

static void drop(struct peer_conn **slot)
{
    close((*slot)->fd);
    mem_free(*slot);
    *slot = NULL;
}

static void take_connection(struct peer *p)
{
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pthread_mutex_lock(&p->lock);
    p->connection_count++;
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < CONNS_MAX; i++) {
        if (p->conns[i])
            continue;
        p->conns[i] = mem_alloc(sizeof(struct peer_conn));
        p->conns[i]->fd = fd;
        return;
    }
    close(fd);
}

static void *peer_main(void *arg)
{
    struct peer *p = arg;
    for (;;) {
        struct pollfd pfds[CONNS_MAX + 2] = { { .fd = p->stop[0], .events = POLLIN },
                                              { .fd = p->listener, .events = POLLIN } };
        for (size_t i = 0; i < CONNS_MAX; i++)
            pfds[i + 2] = (struct pollfd){ .fd = p->conns[i] && !p->conns[i]->hung ? p->conns[i]->fd : -1,
                                           .events = POLLIN };
        poll(pfds, CONNS_MAX + 2, -1);
        if (pfds[0].revents)
            return NULL;
        for (size_t i = 0; i < CONNS_MAX; i++)
            if (pfds[i + 2].revents && !serve(p, p->conns[i]))
                drop(&p->conns[i]);
        if (pfds[1].revents)
            take_connection(p);
    }
}

static void peer_end(void *arg)
{
    struct peer *p = arg;
    assert_int_equal(write(p->stop[1], "x", 1), 1);
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (p->conns[i])
            drop(&p->conns[i]);
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        mem_free(p->requests[i]);
    close(p->listener);
    close(p->stop[0]);
    close(p->stop[1]);
    mem_free(p);
}

struct peer *peer_start(struct ctx *cx, const struct peer_reply *rows, size_t count)
{
    struct peer *p = mem_alloc(sizeof(*p));
    p->rows = rows;
    p->row_count = count;
    p->listener = listen_on_loopback(&p->port);
    pthread_mutex_init(&p->lock, NULL);
    assert_int_equal(pipe2(p->stop, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
    arena_defer(cx->arena, peer_end, p);
    return p;
}

int peer_port(const struct peer *p)
{
    return p->port;
}

size_t peer_requests(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->request_count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

size_t peer_connections(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    size_t n = p->connection_count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

const char *peer_request(struct peer *p, size_t i)
{
    assert_true(i < peer_requests(p) && i < REQUESTS_MAX);
    pthread_mutex_lock(&p->lock);
    const char *text = p->requests[i];
    pthread_mutex_unlock(&p->lock);
    return text;
}

const char *peer_url(struct ctx *cx, const struct peer *p, const char *path)
{
    return str_fmt(cx->arena, "http://127.0.0.1:%d%s", p->port, path);
}

static int start_program(const char *const *argv)
{
    pid_t parent = getpid(), pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void end_program(void *arg)
{
    int pid = *(int *)arg;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int peer_spawn(struct ctx *cx, const char *const *argv)
{
    int *pid = ARENA_NEW(cx->arena, int);
    *pid = start_program(argv);
    arena_defer(cx->arena, end_program, pid);
    return *pid;
}

void peer_run(const char *const *argv)
{
    int status = 0, pid = start_program(argv);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (status)
        fail_msg("%s ended with status %d", argv[0], status);
}

char *peer_slurp(struct ctx *cx, const char *dir, const char *name)
{
    struct stat st;
    int fd = open(str_fmt(cx->arena, "%s/%s", dir, name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *text = arena_alloc(cx->arena, (size_t)st.st_size + 1);
    assert_int_equal(read(fd, text, (size_t)st.st_size), st.st_size);
    close(fd);
    return text;
}

void peer_spill(struct ctx *cx, const char *dir, const char *name, const void *data, size_t n)
{
    int fd = open(str_fmt(cx->arena, "%s/%s", dir, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
}

static const char nginx_head[] =
    "daemon off; master_process off; pid @DIR@/pid; error_log @DIR@/error.log;\n"
    "events { worker_connections 256; }\n"
    "http { access_log off; client_body_temp_path @DIR@/t1; proxy_temp_path @DIR@/t2;\n"
    "fastcgi_temp_path @DIR@/t3; uwsgi_temp_path @DIR@/t4; scgi_temp_path @DIR@/t5;\n"
    "default_type application/octet-stream;\n";

static void wait_for_port(int port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
        close(fd);
        if (rc == 0)
            return;
        poll(NULL, 0, 20);
    }
    fail_msg("nothing listens on port %d", port);
}

void peer_nginx(struct ctx *cx, const char *dir, const char *servers, int *ports, size_t port_count)
{
    char *text = str_fmt(cx->arena, "%s%s}\n", nginx_head, servers);
    for (size_t i = 0; i < port_count; i++) {
        ports[i] = peer_free_port();
        const char *name = str_fmt(cx->arena, "@PORT%zu@", i);
        text = str_replace(cx->arena, text, name, str_fmt(cx->arena, "%d", ports[i]));
    }
    text = str_replace(cx->arena, text, "@DIR@", dir);
    peer_spill(cx, dir, "nginx.conf", text, strlen(text));
    const char *conf = str_fmt(cx->arena, "%s/nginx.conf", dir),
               *log = str_fmt(cx->arena, "%s/error.log", dir);
    peer_spawn(cx, (const char *const[]){ "/usr/sbin/nginx", "-e", log, "-p", dir, "-c", conf, NULL });
    wait_for_port(ports[0]);
}

void peer_certificates(struct ctx *cx, const char *dir)
{
    static const char script[] =
        "cd \"$1\" && exec >certs.log 2>&1 && set -e\n"
        "new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj \"$2\" \"${@:3}\"; }\n"
        "sign() { openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $1.pem \"${@:2}\"; }\n"
        "new ca /CN=ca -x509 -days 30 -out ca.pem\n"
        "new ca2 /CN=ca2 -x509 -days 30 -out ca2.pem\n"
        "echo 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:api.test' >ext\n"
        "for n in server old; do new $n /CN=$n -out $n.csr; done\n"
        "sign server -days 30 -extfile ext\n"
        "sign old -days 0 -extfile ext\n"
        "new bare /CN=localhost -out bare.csr; sign bare -days 30\n"
        "new client /CN=ann -out client.csr; sign client -days 30\n";
    peer_run((const char *const[]){ "/bin/bash", "-c", script, "bash", dir, NULL });
    (void)cx;
}
