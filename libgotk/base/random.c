/*
 * random.c: bytes and UUIDs by chance; the contract is in random.h.
 */
#include "libgotk/base/random.h"

#include "libgotk/base/attr.h"
#include "libgotk/base/str.h"

#include <errno.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
    for (char *p = out; n > 0;) {
        ssize_t got = getrandom(p, n, 0);
        ASSERT(got > 0 || errno == EINTR);
        p += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
}

char *random_uuid(struct arena *a)
{
    unsigned char b[16];
    random_bytes(b, sizeof(b));
    b[6] = (b[6] & 0x0F) | 0x40; /* version 4 */
    b[8] = (b[8] & 0x3F) | 0x80; /* RFC 9562's variant */
    return str_fmt(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                   b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
