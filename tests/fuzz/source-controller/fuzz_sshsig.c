/*
 * fuzz_sshsig.c: a signature of ssh-keygen and the keys that may have made it.
 *
 * Parts: the armored signature, an authorized_keys text. Nothing may verify but what a real key signed: the payload is not
 * the one of the seeds.
 */
#include "source-controller/sshsig.h"

#include "libgotk/base/str.h"
#include "source-controller/sshkey.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static void read_keys(struct ctx *cx, const char *text)
{
    struct sshkey *keys = NULL;
    size_t count = 0;
    if (sshkey_parse_lines(cx, text, &keys, &count) < 0) {
        fuzz_that(err_code(cx) == ERR_INVALID || err_code(cx) == ERR_LIMIT);
        err_clear(cx);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct sshkey again = { 0 };
        fuzz_that(str_starts(sshkey_fingerprint(cx->arena, &keys[i]), "SHA256:"));
        fuzz_that(sshkey_parse(cx, keys[i].blob, &again) == 0);
    }
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    static const char payload[] = "tree 0000\n\nwhat nobody signed\n";
    struct fuzz_part parts[2] = { { 0 } };
    const char *fingerprint = NULL;
    bool both = fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts)) == 2;
    const char *keys = both ? parts[1].text : text;
    read_keys(cx, keys);
    fuzz_that(
        sshsig_verify(cx, both ? parts[0].text : text, payload, strlen(payload), &keys, 1, &fingerprint) < 0);
    fuzz_that(!fingerprint && err_code(cx) == ERR_INVALID);
}

static const char *const seeds[] = {
    "tests/golden/sshsig/",
    "tests/golden/sshsig/*.pub",
    "tests/golden/sshsig/*.sig",
    NULL,
};

static const char *const words[] = { "-----BEGIN SSH SIGNATURE-----\n",
                                     "-----END SSH SIGNATURE-----\n",
                                     "ssh-ed25519 ",
                                     "ecdsa-sha2-nistp256 ",
                                     "sk-ssh-ed25519@openssh.com ",
                                     "ssh-rsa ",
                                     "no-pty,command=\"x\" ",
                                     "\n=== keys\n",
                                     NULL };

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
