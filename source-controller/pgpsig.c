/*
 * pgpsig.c: librnp, loaded when needed; see pgpsig.h.
 *
 * One function of the library is one row. Its results end with the block they are used in. librnp accepts a set of
 * signatures only when all are good; any good one counts here, as upstream, hence the walk over all.
 */
#include "source-controller/pgpsig.h"

#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/base/vec.h"

#include <dlfcn.h>
#include <pthread.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <string.h>

#define LIBRARY    "librnp.so.0"
#define ID_DIGITS  16
#define BEGIN_RING "-----BEGIN PGP PUBLIC KEY BLOCK-----"

static struct rnp {
    __typeof__(rnp_ffi_create) *ffi_create;
    __typeof__(rnp_ffi_destroy) *ffi_destroy;
    __typeof__(rnp_input_from_memory) *input_from_memory;
    __typeof__(rnp_input_destroy) *input_destroy;
    __typeof__(rnp_import_keys) *import_keys;
    __typeof__(rnp_op_verify_detached_create) *op_verify_detached_create;
    __typeof__(rnp_op_verify_execute) *op_verify_execute;
    __typeof__(rnp_op_verify_destroy) *op_verify_destroy;
    __typeof__(rnp_op_verify_get_signature_count) *op_verify_get_signature_count;
    __typeof__(rnp_op_verify_get_signature_at) *op_verify_get_signature_at;
    __typeof__(rnp_op_verify_signature_get_status) *op_verify_signature_get_status;
    __typeof__(rnp_op_verify_signature_get_key) *op_verify_signature_get_key;
    __typeof__(rnp_key_handle_destroy) *key_handle_destroy;
    __typeof__(rnp_key_is_sub) *key_is_sub;
    __typeof__(rnp_key_get_fprint) *key_get_fprint;
    __typeof__(rnp_key_get_primary_fprint) *key_get_primary_fprint;
    __typeof__(rnp_buffer_destroy) *buffer_destroy;
    __typeof__(rnp_get_public_key_count) *get_public_key_count;
} rnp;

#define ROW(name)                                                                                            \
    {                                                                                                        \
        "rnp_" #name, offsetof(struct rnp, name)                                                             \
    }
static const struct {
    const char *symbol;
    size_t at;
} rows[] = {
    ROW(ffi_create),
    ROW(ffi_destroy),
    ROW(input_from_memory),
    ROW(input_destroy),
    ROW(import_keys),
    ROW(op_verify_detached_create),
    ROW(op_verify_execute),
    ROW(op_verify_destroy),
    ROW(op_verify_get_signature_count),
    ROW(op_verify_get_signature_at),
    ROW(op_verify_signature_get_status),
    ROW(op_verify_signature_get_key),
    ROW(key_handle_destroy),
    ROW(key_is_sub),
    ROW(key_get_fprint),
    ROW(key_get_primary_fprint),
    ROW(buffer_destroy),
    ROW(get_public_key_count),
};

static const char *load_failure; /* set once; NULL: loaded */

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < ARRAY_LEN(rows); i++) {
        void *found = dlsym(library, rows[i].symbol);
        if (!found)
            load_failure = rows[i].symbol;
        memcpy((char *)&rnp + rows[i].at, &found, sizeof(found));
    }
    if (!library)
        load_failure = LIBRARY;
}

static int need_library(struct ctx *cx)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (load_failure)
        return err_fail(cx, ERR_UNSUPPORTED,
                        "OpenPGP signatures cannot be verified: %s is missing (install librnp)",
                        load_failure);
    return 0;
}

const char *const *pgpsig_needs(struct arena *a)
{
    static const char *const paths[] = { "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache" };
    VEC(const char *) there = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if (fs_exists(paths[i]))
            vec_push(a, &there, paths[i]);
    vec_push(a, &there, NULL);
    return there.at;
}

static void cleanup_ffi(rnp_ffi_t *ffi)
{
    if (*ffi)
        rnp.ffi_destroy(*ffi);
}

static void cleanup_input(rnp_input_t *input)
{
    if (*input)
        rnp.input_destroy(*input);
}

static void cleanup_op(rnp_op_verify_t *op)
{
    if (*op)
        rnp.op_verify_destroy(*op);
}

static void cleanup_key(rnp_key_handle_t *key)
{
    if (*key)
        rnp.key_handle_destroy(*key);
}

static int failed(struct ctx *cx, const char *what)
{
    return err_fail(cx, ERR_INTERNAL, "librnp: %s", what);
}

static int open_input(struct ctx *cx, const void *data, size_t n, rnp_input_t *ret)
{
    if (rnp.input_from_memory(ret, data, n, false) != RNP_SUCCESS)
        return failed(cx, "cannot read from memory");
    return 0;
}

/* Reads a key ring into a store of its own; a ring without a usable key is ERR_INVALID. */
static int open_ring(struct ctx *cx, const char *ring, rnp_ffi_t *ret)
{
    CLEANUP(cleanup_ffi) rnp_ffi_t ffi = NULL;
    CLEANUP(cleanup_input) rnp_input_t input = NULL;
    size_t keys = 0;
    if (!strstr(ring, BEGIN_RING))
        return err_fail(cx, ERR_INVALID, "unable to read armored key ring: no armored public key in it");
    if (rnp.ffi_create(&ffi, "GPG", "GPG") != RNP_SUCCESS)
        return failed(cx, "cannot be set up");
    if (open_input(cx, ring, strlen(ring), &input) < 0)
        return cx->err.code;
    if (rnp.import_keys(ffi, input, RNP_LOAD_SAVE_PUBLIC_KEYS | RNP_LOAD_SAVE_PERMISSIVE, NULL) !=
            RNP_SUCCESS ||
        rnp.get_public_key_count(ffi, &keys) != RNP_SUCCESS || keys == 0)
        return err_fail(cx, ERR_INVALID, "unable to read armored key ring: it cannot be parsed");
    *ret = ffi;
    ffi = NULL;
    return 0;
}

/* The id of the primary key a signature was made under; NULL when it is not good. */
static const char *signer_of(struct arena *a, rnp_op_verify_signature_t signature)
{
    CLEANUP(cleanup_key) rnp_key_handle_t key = NULL;
    char *fingerprint = NULL;
    bool sub = false;
    if (rnp.op_verify_signature_get_status(signature) != RNP_SUCCESS ||
        rnp.op_verify_signature_get_key(signature, &key) != RNP_SUCCESS ||
        rnp.key_is_sub(key, &sub) != RNP_SUCCESS)
        return NULL;
    rnp_result_t rc =
        sub ? rnp.key_get_primary_fprint(key, &fingerprint) : rnp.key_get_fprint(key, &fingerprint);
    if (rc != RNP_SUCCESS || !fingerprint)
        return NULL;
    size_t n = strlen(fingerprint);
    const char *id = str_dup(a, n > ID_DIGITS ? fingerprint + n - ID_DIGITS : fingerprint);
    rnp.buffer_destroy(fingerprint);
    return id;
}

/* The key of the ring that made the signature; *ret is NULL when none did. */
static int find_signer(struct ctx *cx, rnp_ffi_t ring, const char *armored, const void *data, size_t n,
                       const char **ret)
{
    CLEANUP(cleanup_input) rnp_input_t payload = NULL;
    CLEANUP(cleanup_input) rnp_input_t signature = NULL;
    CLEANUP(cleanup_op) rnp_op_verify_t op = NULL;
    size_t count = 0;
    *ret = NULL;
    if (open_input(cx, data, n, &payload) < 0 || open_input(cx, armored, strlen(armored), &signature) < 0)
        return cx->err.code;
    if (rnp.op_verify_detached_create(&op, ring, payload, signature) != RNP_SUCCESS)
        return failed(cx, "cannot verify");
    rnp_result_t ignored = rnp.op_verify_execute(op);
    (void)ignored; /* each signature says it for itself */
    if (rnp.op_verify_get_signature_count(op, &count) != RNP_SUCCESS)
        return 0;
    for (size_t i = 0; i < count && !*ret; i++) {
        rnp_op_verify_signature_t one;
        if (rnp.op_verify_get_signature_at(op, i, &one) == RNP_SUCCESS)
            *ret = signer_of(cx->arena, one);
    }
    return 0;
}

static int try_ring(struct ctx *cx, const char *ring, const char *armored, const void *data, size_t n,
                    const char **ret_signer)
{
    CLEANUP(cleanup_ffi) rnp_ffi_t ffi = NULL;
    if (open_ring(cx, ring, &ffi) < 0)
        return cx->err.code;
    return find_signer(cx, ffi, armored, data, n, ret_signer);
}

int pgpsig_verify(struct ctx *cx, const char *armored, const void *data, size_t n, const char *const *rings,
                  size_t count, const char **ret_key_id)
{
    const char *unreadable = NULL, *signer = NULL;
    bool tried = false;
    if (need_library(cx) < 0)
        return cx->err.code;
    for (size_t i = 0; i < count && !signer; i++) {
        if (ctx_check(cx) < 0)
            return cx->err.code;
        if (try_ring(cx, rings[i], armored, data, n, &signer) >= 0) {
            tried = true;
            continue;
        }
        if (cx->err.code != ERR_INVALID)
            return cx->err.code;
        unreadable = str_or(unreadable, err_message(cx));
        err_clear(cx);
    }
    if (!signer && !tried && unreadable)
        return err_fail(cx, ERR_INVALID, "%s", unreadable);
    if (!signer)
        return err_fail(cx, ERR_INVALID,
                        "unable to verify payload with any of the given key rings: no matching key");
    *ret_key_id = signer;
    return 0;
}
