/*
 * sshwire.h: reads the data types of SSH (RFC 4251, section 5) from bytes that a stranger sent.
 *
 * A cursor over borrowed bytes: every read checks what is left, and one that fails leaves the cursor where it was. Pure
 * functions, no allocation, any thread.
 */
#ifndef GOTK_SOURCE_SSHWIRE_H
#define GOTK_SOURCE_SSHWIRE_H

#include "libgotk/base/buf.h"

struct sshwire {
    const unsigned char *p;
    size_t left;
};

/* A run of bytes, borrowed from what is read. */
struct sshwire_bytes {
    const unsigned char *p;
    size_t n;
};

/* Each returns false when there are not enough bytes. An mpint that is negative is refused; its leading zeros go. */
bool sshwire_uint32(struct sshwire *w, uint32_t *ret);
bool sshwire_string(struct sshwire *w, struct sshwire_bytes *ret);
bool sshwire_mpint(struct sshwire *w, struct sshwire_bytes *ret);

/* Reads a string that must be printable ASCII, and copies it. */
bool sshwire_text(struct arena *a, struct sshwire *w, const char **ret);

/* Appends a string with its length in front. */
void sshwire_put(struct buf *to, const void *data, size_t n);

#endif
