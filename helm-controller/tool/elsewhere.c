/*
 * elsewhere.c: what the small executable does not have: it fails, and is remembered; the contract is in ../elsewhere.h.
 *
 * Packed charts (libarchive), certificates and passwords (all of OpenSSL, libxcrypt), numbers of many digits (OpenSSL's). What a
 * rendering needs shows while it renders, so the first such call ends it. Rejected: to read a chart's templates beforehand for
 * names of functions (many charts mention genCA, few call it).
 */
#include "helm-controller/elsewhere.h"

#include "helm-controller/template/decimal.h"
#include "helm-controller/template/fn.h"
#include "helm-controller/template/fn_elsewhere.h"
#include "libgotk/artifact/untar.h"
#include "libgotk/helm/jsonschema_big.h"

static bool needed;

bool elsewhere_exists(void)
{
    return true;
}

bool elsewhere_needed(void)
{
    return needed;
}

static int fail(struct ctx *cx)
{
    needed = true;
    return err_fail(cx, ERR_UNSUPPORTED, "this is done by the full executable");
}

FN(fn_elsewhere)
{
    return fail(x->cx);
}

#define ROW(name, params, call) { name, params, fn_elsewhere },
static const struct function certs[] = { FN_CERTS_ROWS(ROW) };
static const struct function crypto[] = { FN_CRYPTO_ROWS(ROW) };
const struct function_table fn_certs = { certs, ARRAY_LEN(certs) };
const struct function_table fn_crypto = { crypto, ARRAY_LEN(crypto) };

int decimal_fold(struct ctx *cx, enum decimal_op op UNUSED, const double *operands UNUSED, size_t n UNUSED,
                 double *ret UNUSED)
{
    return fail(cx);
}

int schema_big_divides(struct ctx *cx, const char *a UNUSED, const char *b UNUSED, bool *ret UNUSED)
{
    return fail(cx);
}

int untar_open_bytes(struct ctx *cx, const void *data UNUSED, size_t n UNUSED, struct untar **ret UNUSED)
{
    return fail(cx);
}

/* Nothing was opened. */
int untar_next(struct ctx *cx, struct untar *u UNUSED, struct untar_entry *ret UNUSED)
{
    return fail(cx);
}

ssize_t untar_read(struct ctx *cx, struct untar *u UNUSED, void *data UNUSED, size_t n UNUSED)
{
    return fail(cx);
}
