/*
 * sshwire.c: a checked cursor over SSH's data types; see sshwire.h.
 */
#include "source-controller/sshwire.h"

#include "libgotk/base/str.h"

bool sshwire_uint32(struct sshwire *w, uint32_t *ret)
{
    if (w->left < 4)
        return false;
    *ret = (uint32_t)w->p[0] << 24 | (uint32_t)w->p[1] << 16 | (uint32_t)w->p[2] << 8 | w->p[3];
    w->p += 4;
    w->left -= 4;
    return true;
}

bool sshwire_string(struct sshwire *w, struct sshwire_bytes *ret)
{
    struct sshwire at = *w;
    uint32_t n;
    if (!sshwire_uint32(&at, &n) || at.left < n)
        return false;
    *ret = (struct sshwire_bytes){ at.p, n };
    *w = (struct sshwire){ at.p + n, at.left - n };
    return true;
}

bool sshwire_mpint(struct sshwire *w, struct sshwire_bytes *ret)
{
    struct sshwire at = *w;
    struct sshwire_bytes number;
    if (!sshwire_string(&at, &number) || (number.n && number.p[0] & 0x80))
        return false;
    while (number.n && number.p[0] == 0) {
        number.p++;
        number.n--;
    }
    *w = at;
    *ret = number;
    return true;
}

bool sshwire_text(struct arena *a, struct sshwire *w, const char **ret)
{
    struct sshwire at = *w;
    struct sshwire_bytes text;
    if (!sshwire_string(&at, &text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~')
            return false;
    *w = at;
    *ret = str_ndup(a, (const char *)text.p, text.n);
    return true;
}

void sshwire_put(struct buf *to, const void *data, size_t n)
{
    const unsigned char length[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                      (unsigned char)(n >> 8), (unsigned char)n };
    buf_add(to, length, sizeof(length));
    buf_add(to, data, n);
}
