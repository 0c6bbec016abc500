/*
 * lean.c: a heap for a process that lives a millisecond, and what else musl lacks; the contract is in lean.h.
 *
 * Blocks are cut from pieces of memory one after the other, and go to a list for their size when they are given back; nothing is
 * split or joined. Sizes are rounded up to four steps between two powers of two. Large blocks, which are chunks
 * of arenas and whole files, are mapped and unmapped. In front of each block lies its size under a seal that a stranger's
 * document cannot guess.
 */
#include "libgotk/runtime/lean.h"

#include "libgotk/base/attr.h"

#include <errno.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define ALIGN     alignof(max_align_t)
#define LARGE     ((size_t)128 << 10)
#define STEP      ((size_t)512 << 10)
#define PAGE      ((size_t)4 << 10)
#define SIZE_LOG  5 /* all blocks are larger than 1 << SIZE_LOG */
#define SIZE_LOGS 14

struct block {
    size_t size; /* with this head */
    union {
        uintptr_t seal;     /* in use */
        struct block *next; /* in a list */
    };
};

static struct {
    struct block *lists[SIZE_LOGS * 4];
    char *next;
    char *end;
    uintptr_t key;
    size_t mapped; /* in all */
} heap;

static uintptr_t seal_of(const struct block *b)
{
    return (uintptr_t)b ^ (b->size << 16) ^ heap.key;
}

/* The list for blocks of *size bytes, which is rounded up. */
static size_t list_for(size_t *size)
{
    size_t least = *size > (1 << SIZE_LOG) ? *size : (1 << SIZE_LOG) + 1,
           n = (least + ALIGN - 1) / ALIGN * ALIGN;
    size_t log = (size_t)(63 - __builtin_clzll(n - 1)), step = (size_t)1 << (log - 2);
    size_t steps = (n - 1) / step + 1; /* 5 to 8 */
    *size = steps * step;
    return (log - SIZE_LOG) * 4 + steps - 5;
}

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    heap.mapped += size;
    return p;
}

static bool grow(void)
{
    const void *noise = (const void *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)
    char *p = map(STEP);
    if (!p)
        return false;
    if (!heap.key)
        memcpy(&heap.key, noise, sizeof(heap.key));
    heap.next = p;
    heap.end = p + STEP;
    return true;
}

static struct block *cut(size_t size)
{
    if ((size_t)(heap.end - heap.next) < size && !grow())
        return NULL;
    struct block *b = (struct block *)(void *)heap.next;
    heap.next += size;
    return b;
}

static struct block *take(size_t *size)
{
    if (*size >= LARGE) {
        *size = (*size + PAGE - 1) / PAGE * PAGE;
        return map(*size);
    }
    struct block **list = &heap.lists[list_for(size)], *b = *list;
    if (!b)
        return cut(*size);
    *list = b->next;
    return b;
}

void *lean_alloc(size_t size)
{
    size_t whole = size + sizeof(struct block);
    struct block *b = size > PTRDIFF_MAX ? NULL : take(&whole);
    if (!b) {
        errno = ENOMEM;
        return NULL;
    }
    b->size = whole;
    b->seal = seal_of(b);
    return b + 1;
}

static struct block *block_of(void *p)
{
    struct block *b = (struct block *)p - 1;
    ASSERT(b->seal == seal_of(b));
    return b;
}

void lean_free(void *p)
{
    if (!p)
        return;
    struct block *b = block_of(p);
    size_t size = b->size;
    if (size > LARGE) {
        munmap(b, size);
        heap.mapped -= size;
        return;
    }
    struct block **list = &heap.lists[list_for(&size)];
    b->next = *list;
    *list = b;
}

void *lean_resize(void *old, size_t size)
{
    if (!old)
        return lean_alloc(size);
    size_t room = block_of(old)->size - sizeof(struct block);
    if (size <= room)
        return old;
    void *p = lean_alloc(size);
    if (p)
        lean_free(memcpy(p, old, room) ? old : NULL);
    return p;
}

size_t lean_mapped(void)
{
    return heap.mapped;
}

/* ---- copies -------------------------------------------------------------------------------------------------------- */

/* Any address will do for these. */
typedef char part16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t part8 __attribute__((aligned(1), may_alias));
typedef uint32_t part4 __attribute__((aligned(1), may_alias));
typedef uint16_t part2 __attribute__((aligned(1), may_alias));

/* Of n up to twice as many bytes: the first and the last ones, which may overlap. All is read before anything is written. */
#define COPY_ENDS(part, to, from, n)                                                                         \
    do {                                                                                                     \
        part first_ = *(const part *)(from);                                                                 \
        part last_ = *(const part *)((from) + (n) - sizeof(part));                                           \
        *(part *)(to) = first_;                                                                              \
        *(part *)((to) + (n) - sizeof(part)) = last_;                                                        \
    } while (0)

static void copy_few(char *to, const char *from, size_t n)
{
    if (n >= sizeof(part8))
        COPY_ENDS(part8, to, from, n);
    else if (n >= sizeof(part4))
        COPY_ENDS(part4, to, from, n);
    else if (n >= sizeof(part2))
        COPY_ENDS(part2, to, from, n);
    else if (n)
        *to = *from;
}

/* Forwards; right also where `to` lies before `from` and they overlap. */
void *lean_copy(void *to, const void *from, size_t size)
{
    char *d = to;
    const char *s = from;
    if (size <= sizeof(part16)) {
        copy_few(d, s, size);
        return to;
    }
    char *end = d + size - sizeof(part16);
    part16 last = *(const part16 *)(s + size - sizeof(part16));
    for (; d < end; d += sizeof(part16), s += sizeof(part16))
        *(part16 *)d = *(const part16 *)s;
    *(part16 *)end = last;
    return to;
}

void *lean_move(void *to, const void *from, size_t size)
{
    char *d = to;
    const char *s = from;
    if (d <= s || d >= s + size || size <= sizeof(part16))
        return lean_copy(to, from, size);
    part16 first = *(const part16 *)s;
    size_t left = size;
    for (; left > sizeof(part16); left -= sizeof(part16))
        *(part16 *)(d + left - sizeof(part16)) = *(const part16 *)(s + left - sizeof(part16));
    *(part16 *)d = first;
    return to;
}

/* The first `size` bytes, one by one. */
static const char *find_slowly(const char *s, char c, size_t size)
{
    while (size && *s != c) {
        s++;
        size--;
    }
    return size ? s : NULL;
}

/* Sixteen bytes at once: a chart's templates are searched for line breaks and braces through and through. They are aligned, so that
 * none is on a page behind that of the byte looked for: `size` may be larger than the memory there is, as strnlen's is. */
void *lean_find(const void *from, int c, size_t size)
{
    typedef int64_t halves __attribute__((vector_size(16)));
    const char *s = from;
    const part16 wanted = (part16){ 0 } + (char)c;
    size_t few = -(uintptr_t)s % sizeof(wanted);
    few = few < size ? few : size;
    const char *found = find_slowly(s, (char)c, few);
    if (found)
        return (void *)(uintptr_t)found;
    for (s += few, size -= few; size >= sizeof(wanted); s += sizeof(wanted), size -= sizeof(wanted)) {
        halves equal = (halves)(*(const part16 *)s == wanted);
        if (equal[0] | equal[1])
            break;
    }
    found = find_slowly(s, (char)c, size < sizeof(wanted) ? size : sizeof(wanted));
    return (void *)(uintptr_t)found;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------- */

const char *lean_error_text(int number)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
        { EIO, "Input/output error" },
        { ENOMEM, "Cannot allocate memory" },
        { EBUSY, "Device or resource busy" },
        { EXDEV, "Invalid cross-device link" },
        { EMFILE, "Too many open files" },
        { ENAMETOOLONG, "File name too long" },
        { ELOOP, "Too many levels of symbolic links" },
        { EOVERFLOW, "Value too large for defined data type" },
        { EDQUOT, "Disk quota exceeded" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].number == number)
            return rows[i].text;
    return NULL;
}

const char *lean_signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } rows[] = {
        { SIGHUP, "HUP" },   { SIGINT, "INT" },   { SIGQUIT, "QUIT" }, { SIGILL, "ILL" },
        { SIGTRAP, "TRAP" }, { SIGABRT, "ABRT" }, { SIGBUS, "BUS" },   { SIGFPE, "FPE" },
        { SIGUSR1, "USR1" }, { SIGSEGV, "SEGV" }, { SIGUSR2, "USR2" }, { SIGPIPE, "PIPE" },
        { SIGALRM, "ALRM" }, { SIGTERM, "TERM" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].number == number)
            return rows[i].name;
    return NULL;
}
