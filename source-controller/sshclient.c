/*
 * sshclient.c: one command on an SSH server, with libssh; see sshclient.h.
 *
 * Blocking calls in slices of a second, so that the deadline is seen; the socket is made by our own HTTP client's connector,
 * which knows proxies and says what failed as for any other address.
 */
#include "source-controller/sshclient.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "libgotk/net/http.h"
#include "libgotk/net/url.h"
#include "source-controller/knownhosts.h"

#include <libssh/libssh.h>
#include <openssl/crypto.h>
#include <unistd.h>

#define SLICE_MS      1000
#define COMPLAINT_MAX ((size_t)4096)

struct sshclient {
    ssh_session session;
    ssh_channel channel;
    struct buf complaint;
};

static void cleanup_key(ssh_key *key)
{
    ssh_key_free(*key);
}

/* libssh's words, as far as they are fit to be shown. */
static const char *words(struct ctx *cx, struct sshclient *c)
{
    const char *text = ssh_get_error(c->session);
    bool shown = !str_empty(text) && str_is_utf8(text, strlen(text));
    return shown ? url_mask(cx->arena, str_trim(cx->arena, text)) : "the connection broke off";
}

static int broken(struct ctx *cx, struct sshclient *c, const char *what)
{
    if (ctx_check(cx) < 0)
        return err_wrap(cx, "%s", what);
    return err_fail(cx, ERR_UNAVAILABLE, "%s: %s", what, words(cx, c));
}

static void set(struct sshclient *c, enum ssh_options_e option, const void *value)
{
    ASSERT(ssh_options_set(c->session, option, value) == 0);
}

/* A list of algorithms; libssh drops those it does not know and fails when none is left. */
static int set_algorithms(struct ctx *cx, struct sshclient *c, enum ssh_options_e option, const char *list,
                          const char *origin)
{
    if (str_empty(list) || ssh_options_set(c->session, option, list) == 0)
        return 0;
    return err_fail(cx, ERR_INVALID, "%s names no algorithm that is known here: %s", origin, list);
}

/* libssh refuses names with characters that a shell would heed. */
static int set_user(struct ctx *cx, struct sshclient *c, const char *user)
{
    if (ssh_options_set(c->session, SSH_OPTIONS_USER, user) == 0)
        return 0;
    return err_fail(cx, ERR_INVALID,
                    "ssh: the user name '%s' cannot be used: it holds a character that is not allowed", user);
}

/* Nothing is read from the account's or the system's configuration. Host and port stay unsaid: the socket is ours, and
 * libssh refuses names that may well be there, such as a_b. */
static int configure(struct ctx *cx, struct sshclient *c, const struct sshclient_target *target,
                     const char *host_key_algos)
{
    static const int no = 0;
    long seconds = (long)(ctx_left_ms(cx, (int64_t)60000) / 1000) + 1;
    const char *origin = target->host_key_algos ? "--ssh-hostkey-algos" : "known_hosts";
    c->session = ssh_new();
    ASSERT(c->session);
    set(c, SSH_OPTIONS_PROCESS_CONFIG, &no);
    set(c, SSH_OPTIONS_SSH_DIR, "/nonexistent");
    set(c, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
    set(c, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set(c, SSH_OPTIONS_TIMEOUT, &seconds);
    if (set_user(cx, c, target->user) < 0)
        return cx->err.code;
    if (set_algorithms(cx, c, SSH_OPTIONS_KEY_EXCHANGE, target->kex_algos, "--ssh-kex-algos") < 0)
        return cx->err.code;
    return set_algorithms(cx, c, SSH_OPTIONS_HOSTKEYS, host_key_algos, origin);
}

static int shake_hands(struct ctx *cx, struct sshclient *c, const struct sshclient_target *target)
{
    int fd = -1;
    if (http_tunnel(cx, target->host, target->port, target->proxy, &fd) < 0)
        return cx->err.code;
    set(c, SSH_OPTIONS_FD, &fd); /* libssh closes it */
    if (ssh_connect(c->session) != SSH_OK)
        return broken(cx, c, "ssh: handshake failed");
    return 0;
}

static int check_host(struct ctx *cx, struct sshclient *c, const struct knownhosts *known,
                      const struct knownhosts_host *host)
{
    CLEANUP(cleanup_key) ssh_key key = NULL;
    char *text = NULL, *blob = NULL;
    size_t len = 0;
    if (ssh_get_server_publickey(c->session, &key) != SSH_OK ||
        ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
        return broken(cx, c, "ssh: handshake failed");
    int rc = base64_decode(cx, text, &blob, &len);
    ssh_string_free_char(text);
    if (rc < 0 || knownhosts_check(cx, known, host, blob, len) < 0)
        return err_wrap(cx, "ssh: handshake failed");
    return 0;
}

static void wipe(char *secret)
{
    if (secret)
        OPENSSL_cleanse(secret, strlen(secret));
}

static int read_key(struct ctx *cx, const struct sshclient_target *target, ssh_key *ret)
{
    bool locked = !str_empty(target->passphrase);
    /* never NULL: that would ask on a terminal */
    int rc = ssh_pki_import_privkey_base64(target->identity, str_or(target->passphrase, ""), NULL, NULL, ret);
    wipe(target->identity);
    wipe(target->passphrase);
    if (rc == SSH_OK)
        return 0;
    return err_fail(cx, ERR_INVALID, "ssh: the key 'identity' of %s cannot be read%s: %s", target->source,
                    locked ? " with its 'password'" : "",
                    locked ? "is the passphrase right?"
                           : "it must be a private key in PEM or OpenSSH format (ed25519, ECDSA or RSA)");
}

/* "ssh-ed25519 SHA256:..." of our own key. */
static const char *describe_key(struct ctx *cx, ssh_key key)
{
    char *text = NULL, *blob = NULL;
    size_t len = 0;
    const char *description = "";
    if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK)
        return description;
    if (base64_decode(cx, text, &blob, &len) >= 0)
        description = str_fmt(cx->arena, "%s key %s", knownhosts_key_type(cx->arena, blob, len),
                              knownhosts_fingerprint(cx->arena, blob, len));
    ssh_string_free_char(text);
    return description;
}

static int sign_in(struct ctx *cx, struct sshclient *c, const struct sshclient_target *target)
{
    CLEANUP(cleanup_key) ssh_key key = NULL;
    if (read_key(cx, target, &key) < 0)
        return cx->err.code;
    int rc = ssh_userauth_publickey(c->session, NULL, key);
    if (rc == SSH_AUTH_SUCCESS)
        return 0;
    if (rc != SSH_AUTH_DENIED && rc != SSH_AUTH_PARTIAL && !ssh_is_connected(c->session))
        return broken(cx, c, "ssh: handshake failed");
    return err_fail(
        cx, ERR_UNAUTHORIZED,
        "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no "
        "supported methods remain (the server does not take the %s of %s for user '%s': is it registered "
        "there?)",
        describe_key(cx, key), target->source, target->user);
}

static int start(struct ctx *cx, struct sshclient *c, const char *command)
{
    c->channel = ssh_channel_new(c->session);
    if (!c->channel || ssh_channel_open_session(c->channel) != SSH_OK)
        return broken(cx, c, "ssh: no session");
    if (ssh_channel_request_exec(c->channel, command) != SSH_OK)
        return broken(cx, c, "ssh: the server runs no command");
    return 0;
}

static int connect_and_start(struct ctx *cx, struct sshclient *c, const struct sshclient_target *target,
                             const char *command)
{
    struct knownhosts *known;
    const struct knownhosts_host host = { target->host, target->port,
                                          str_fmt(cx->arena, "known_hosts of %s", target->source) };
    if (knownhosts_parse(cx, target->known_hosts, &known) < 0)
        return cx->err.code;
    const char *algorithms =
        target->host_key_algos ? target->host_key_algos : knownhosts_algorithms(cx->arena, known, &host);
    if (configure(cx, c, target, algorithms) < 0 || shake_hands(cx, c, target) < 0 ||
        check_host(cx, c, known, &host) < 0 || sign_in(cx, c, target) < 0)
        return cx->err.code;
    return start(cx, c, command);
}

static void close_deferred(void *client)
{
    sshclient_close(client);
}

int sshclient_open(struct ctx *cx, const struct sshclient_target *target, const char *command,
                   struct sshclient **ret)
{
    struct sshclient *c = ARENA_NEW(cx->arena, struct sshclient);
    c->complaint = buf_new(cx->arena, COMPLAINT_MAX);
    arena_defer(cx->arena, close_deferred, c);
    int rc = connect_and_start(cx, c, target, command);
    wipe(target->identity); /* also when it was not needed */
    wipe(target->passphrase);
    if (rc < 0) {
        sshclient_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

int sshclient_write(struct ctx *cx, struct sshclient *c, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        uint32_t piece = n > 32768 ? 32768 : (uint32_t)n;
        int written = ssh_channel_write(c->channel, p, piece);
        if (written < 0)
            return broken(cx, c, "ssh: cannot send");
        if (ctx_check(cx) < 0)
            return cx->err.code;
        p += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Keeps what the command complains about; past the limit it is dropped. */
static void collect_complaint(struct sshclient *c)
{
    char text[1024];
    for (int n; (n = ssh_channel_read_nonblocking(c->channel, text, sizeof(text), 1)) > 0;)
        buf_add(&c->complaint, text, (size_t)n);
}

int sshclient_read(struct ctx *cx, struct sshclient *c, void *data, size_t size, size_t *ret_n)
{
    uint32_t most = size > 1 << 20 ? 1 << 20 : (uint32_t)size;
    for (;;) {
        int n = ssh_channel_read_timeout(c->channel, data, most, 0, SLICE_MS);
        collect_complaint(c);
        *ret_n = n > 0 ? (size_t)n : 0;
        if (n > 0 || (n == 0 && ssh_channel_is_eof(c->channel)))
            return 0;
        if (n != 0 && n != SSH_AGAIN)
            return broken(cx, c, "ssh: cannot receive");
        if (ctx_check(cx) < 0)
            return cx->err.code;
    }
}

const char *sshclient_complaint(struct ctx *cx, struct sshclient *c)
{
    collect_complaint(c);
    const char *text = str_trim(cx->arena, buf_text(&c->complaint));
    return str_is_utf8(text, strlen(text)) ? text : "";
}

void sshclient_close(struct sshclient *c)
{
    if (!c || !c->session)
        return;
    if (c->channel)
        ssh_channel_free(c->channel);
    if (ssh_is_connected(c->session))
        ssh_disconnect(c->session);
    ssh_free(c->session);
    c->session = NULL;
    c->channel = NULL;
}
