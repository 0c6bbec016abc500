/*
 * tar.c: USTAR and PAX headers; the contract is in tar.h.
 *
 * Which of the two a name gets, how it is split and how the PAX record is named follow archive/tar's Writer. No state.
 */
#include "libgotk/artifact/tar.h"

#include "libgotk/base/str.h"

#include <string.h>

#define NAME_SIZE   100
#define PREFIX_SIZE 155

/* A header block as POSIX lays it out. */
struct block {
    char name[NAME_SIZE];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char linkname[100];
    char magic[6];
    char version[2];
    char user[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[PREFIX_SIZE];
    char padding[12];
};

static const char zeros[TAR_BLOCK];

/* Octal digits and a NUL that fill the field. */
static void put_octal(char *field, size_t size, uint64_t value)
{
    field[size - 1] = '\0';
    for (size_t i = size - 1; i > 0; i--, value >>= 3)
        field[i - 1] = (char)('0' + (value & 7));
}

static void put_name(char *field, size_t size, const char *text, size_t n)
{
    memcpy(field, text, n < size ? n : size);
}

static struct block new_block(char type, int64_t size)
{
    struct block b = { .type = type };
    _Static_assert(sizeof(struct block) == TAR_BLOCK, "a tar header is one block");
    put_octal(b.mode, sizeof(b.mode), 0);
    put_octal(b.uid, sizeof(b.uid), 0);
    put_octal(b.gid, sizeof(b.gid), 0);
    put_octal(b.size, sizeof(b.size), (uint64_t)size);
    put_octal(b.mtime, sizeof(b.mtime), 0);
    memcpy(b.magic, "ustar", 6);
    memcpy(b.version, "00", 2);
    return b;
}

static void put_block(struct buf *out, struct block *b)
{
    unsigned sum = 0;
    memset(b->checksum, ' ', sizeof(b->checksum));
    for (size_t i = 0; i < sizeof(*b); i++)
        sum += ((const unsigned char *)b)[i];
    put_octal(b->checksum, sizeof(b->checksum) - 1, sum);
    buf_add(out, b, sizeof(*b));
}

static bool is_ascii(const char *s)
{
    while (*s && (unsigned char)*s < 0x80)
        s++;
    return !*s;
}

/* Copies without what is not ASCII. */
static char *to_ascii(struct arena *a, const char *s)
{
    char *copy = arena_alloc(a, strlen(s) + 1), *w = copy;
    for (; *s; s++)
        if ((unsigned char)*s < 0x80)
            *w++ = *s;
    return copy;
}

/* Where a long ASCII name can be cut into prefix and name; NULL when it cannot. */
static const char *split_point(const char *name)
{
    size_t len = strlen(name), limit = len > PREFIX_SIZE + 1 ? PREFIX_SIZE + 1 : len;
    const char *slash = memrchr(name, '/', limit);
    if (!slash || slash == name || !slash[1] || strlen(slash + 1) > NAME_SIZE)
        return NULL;
    return slash;
}

/* "<length> path=<name>\n", the length counting itself. */
static char *path_record(struct arena *a, const char *name)
{
    size_t rest = strlen(" path=\n") + strlen(name), length = rest + 1;
    for (size_t digits = 1, more = 10; length >= more; digits++, more *= 10)
        length = rest + digits + 1;
    return str_fmt(a, "%zu path=%s\n", length, name);
}

/* "dir/PaxHeaders.0/file", cut to what a header holds. */
static char *pax_name(struct arena *a, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash ? slash + 1 : name;
    char *full = to_ascii(a, str_fmt(a, "%.*sPaxHeaders.0/%s", (int)(file - name), name, file));
    if (strlen(full) > NAME_SIZE)
        full[NAME_SIZE] = '\0';
    for (size_t n = strlen(full); n && full[n - 1] == '/';)
        full[--n] = '\0';
    return full;
}

static void put_pax(struct buf *out, const char *name)
{
    const char *record = path_record(out->arena, name), *title = pax_name(out->arena, name);
    struct block b = new_block('x', (int64_t)strlen(record));
    put_name(b.name, NAME_SIZE, title, strlen(title));
    put_block(out, &b);
    buf_str(out, record);
    buf_add(out, zeros, tar_padding((int64_t)strlen(record)));
}

void tar_put_header(struct buf *out, const struct tar_entry *entry)
{
    size_t len = strlen(entry->name);
    bool ascii = is_ascii(entry->name);
    const char *cut = ascii && len > NAME_SIZE ? split_point(entry->name) : NULL;
    const char *name = ascii ? entry->name : to_ascii(out->arena, entry->name);
    struct block b = new_block(entry->is_dir ? '5' : '0', entry->size);
    ASSERT(entry->size >= 0 && entry->size <= TAR_SIZE_MAX);
    if (!ascii || (len > NAME_SIZE && !cut))
        put_pax(out, entry->name);
    if (cut)
        put_name(b.prefix, PREFIX_SIZE, entry->name, (size_t)(cut - entry->name));
    name = cut ? cut + 1 : name;
    put_name(b.name, NAME_SIZE, name, strlen(name));
    put_octal(b.mode, sizeof(b.mode), entry->mode & 07777);
    put_octal(b.device_major, sizeof(b.device_major), 0);
    put_octal(b.device_minor, sizeof(b.device_minor), 0);
    put_block(out, &b);
}

size_t tar_padding(int64_t size)
{
    return (size_t)(-size & (TAR_BLOCK - 1));
}

void tar_put_end(struct buf *out)
{
    buf_add(out, zeros, TAR_BLOCK);
    buf_add(out, zeros, TAR_BLOCK);
}
