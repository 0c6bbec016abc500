/*
 * fuzz_knownhosts.c: a known_hosts text, and the key a server presents.
 *
 * Parts: the text, the key as it came over the wire. A key that the text names for the host in plain words must be taken.
 */
#include "source-controller/knownhosts.h"

#include "libgotk/base/base64.h"
#include "libgotk/base/str.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static const struct knownhosts_host hosts[] = {
    { "github.com", 22, "known_hosts of secret 'x'" },
    { "git.example.com", 2222, "known_hosts of secret 'x'" },
    { "::1", 22, "known_hosts of secret 'x'" },
};

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct fuzz_part parts[2] = { { 0 } };
    struct knownhosts *known = NULL;
    size_t count = fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts));
    const char *key = count == 2 ? parts[1].text : text;
    size_t key_len = count == 2 ? parts[1].len : len;
    fuzz_that(*knownhosts_key_type(cx->arena, key, key_len));
    fuzz_that(str_starts(knownhosts_fingerprint(cx->arena, key, key_len), "SHA256:"));
    if (knownhosts_parse(cx, count == 2 ? parts[0].text : text, &known) < 0) {
        fuzz_that(err_code(cx) == ERR_INVALID && str_starts(err_message(cx), "knownhosts: "));
        err_clear(cx);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        fuzz_that(knownhosts_algorithms(cx->arena, known, &hosts[i]));
        if (knownhosts_check(cx, known, &hosts[i], key, key_len) < 0) {
            fuzz_that(err_code(cx) == ERR_DENIED);
            err_clear(cx);
        }
    }
}

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

static const char *const seeds[] = {
    "=github.com ssh-ed25519 " KEY "\n",
    "=# c\n@revoked *.example.com,!git.example.com,[git.example.com]:2222 ssh-ed25519 " KEY
    " comment\n=== key\nx",
    "=|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 " KEY "\n",
    "=@cert-authority * ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ==\n=== key\n" KEY,
    NULL,
};

static const char *const words[] = {
    "@revoked ", "@cert-authority ",     "|1|", "[",           "]:22", "*", "?", "!", ",", "ssh-ed25519 ",
    "ssh-rsa ",  "ecdsa-sha2-nistp256 ", KEY,   "\n=== key\n", NULL
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
