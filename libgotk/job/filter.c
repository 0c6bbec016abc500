/*
 * filter.c: assembling a seccomp filter; the contract is in filter.h. No state, runs in the child.
 *
 * Neighbouring numbers with one verdict are a range. The program is a binary search over the ranges, of comparisons alone; behind
 * it one return for each verdict, which all ranges share, and a block for each call with conditions. The kernel translates the
 * program and compiles it, so its length counts more than anything.
 */
#include "libgotk/job/filter.h"

#include "libgotk/base/attr.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define FOREIGN_FROM 0x40000000 /* the numbers of x32 */
#define SKIPPED      UINT32_MAX /* what a debugger makes of a call that is not to be done: unknown, not foreign */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#error "filter.c does not know this architecture's name in <linux/audit.h>: one line more"
#endif

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARCH   offsetof(struct seccomp_data, arch)
#define ARGS   offsetof(struct seccomp_data, args)
#define LOW    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)

/* A jump of the search, to be filled in once its goal is there. */
struct link {
    uint16_t at;
    bool when;     /* the comparison holds */
    uint16_t goal; /* a verdict, or BLOCKS and a number */
};

#define BLOCKS 256

struct program {
    const struct filter *f;
    struct sock_filter *out;
    size_t length;
    uint16_t starts[FILTER_CALLS + 1]; /* of the ranges */
    size_t ranges;
    struct link links[FILTER_LENGTH];
    size_t link_count;
};

static size_t put(struct program *p, uint16_t code, uint32_t k, size_t when, size_t otherwise)
{
    ASSERT(p->length < FILTER_LENGTH && when <= UINT8_MAX && otherwise <= UINT8_MAX);
    p->out[p->length] = (struct sock_filter){ code, (uint8_t)when, (uint8_t)otherwise, k };
    return p->length++;
}

static void load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void give(struct program *p, uint32_t verdict)
{
    put(p, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Only calls as this architecture makes them. */
static void put_head(struct program *p)
{
    load(p, ARCH);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    give(p, SECCOMP_RET_KILL_PROCESS);
    load(p, NUMBER);
#ifdef FOREIGN_FROM
    put(p, BPF_JMP | BPF_JGE | BPF_K, FOREIGN_FROM, 0, 2);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SKIPPED, 1, 0);
    give(p, SECCOMP_RET_KILL_PROCESS);
#endif
}

static uint8_t verdict_at(const struct program *p, size_t number)
{
    return number < FILTER_CALLS ? p->f->verdicts[number] : 0;
}

static void find_ranges(struct program *p)
{
    for (size_t n = 0; n <= FILTER_CALLS; n++) { /* the last one is all that lies beyond */
        uint8_t verdict = verdict_at(p, n);
        if (n == 0 || verdict != verdict_at(p, n - 1) || (verdict & FILTER_CONDITIONS))
            p->starts[p->ranges++] = (uint16_t)n;
    }
}

static void set_jump(struct program *p, size_t at, bool when, size_t to)
{
    size_t distance = to - at - 1;
    ASSERT(distance <= UINT8_MAX);
    *(when ? &p->out[at].jt : &p->out[at].jf) = (uint8_t)distance;
}

/* Searches the ranges from `first` up to, not including, `end`, which is where the jump at `from` leads. */
static void put_search(struct program *p, size_t first, size_t end, size_t from,
                       bool when) // NOLINT(misc-no-recursion)
{
    if (end - first == 1) {
        size_t number = p->starts[first];
        uint8_t verdict = verdict_at(p, number);
        size_t goal = verdict & FILTER_CONDITIONS ? BLOCKS + number : verdict;
        ASSERT(p->link_count < FILTER_LENGTH);
        p->links[p->link_count++] = (struct link){ (uint16_t)from, when, (uint16_t)goal };
        return;
    }
    size_t middle = first + (end - first) / 2;
    size_t at = put(p, BPF_JMP | BPF_JGE | BPF_K, p->starts[middle], 0, 0);
    if (at > from)
        set_jump(p, from, when, at);
    put_search(p, first, middle, at, false);
    put_search(p, middle, end, at, true);
}

static void fill_in(struct program *p, size_t goal)
{
    for (size_t i = 0; i < p->link_count; i++)
        if (p->links[i].goal == goal)
            set_jump(p, p->links[i].at, p->links[i].when, p->length);
}

/* ---- conditions ---------------------------------------------------------------------------------------------------- */

static size_t argument_at(const struct filter_condition *c)
{
    return ARGS + (size_t)c->arg * sizeof(uint64_t);
}

/* Loads half of an argument under the mask; returns how many instructions that took. */
static size_t load_half(struct program *p, size_t offset, uint32_t mask)
{
    load(p, offset);
    if (mask == UINT32_MAX)
        return 1;
    put(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    return 2;
}

/* Conditions on one argument with one mask, and one upper half: an upper half, then each lower one. */
static void put_alike(struct program *p, const struct filter_condition *first, size_t count)
{
    size_t loads = (uint32_t)first->mask == UINT32_MAX ? 1 : 2;
    load_half(p, argument_at(first) + (4 - LOW), (uint32_t)(first->mask >> 32));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(first->value >> 32), 0, loads + count + 1);
    load_half(p, argument_at(first) + LOW, (uint32_t)first->mask);
    for (size_t i = 0; i < count; i++)
        put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)first[i].value, count - 1 - i, i + 1 == count ? 1 : 0);
    give(p, SECCOMP_RET_ALLOW);
}

static bool alike(const struct filter_condition *a, const struct filter_condition *b)
{
    return a->number == b->number && a->arg == b->arg && a->mask == b->mask &&
           a->value >> 32 == b->value >> 32;
}

static void put_block(struct program *p, size_t number)
{
    const struct filter_condition *c = p->f->conditions;
    for (size_t i = 0, n = 1; i < p->f->count; i += n) {
        for (n = 1; i + n < p->f->count && alike(&c[i], &c[i + n]);)
            n++;
        if (c[i].number == (int)number)
            put_alike(p, &c[i], n);
    }
    give(p, p->f->returns[p->f->verdicts[number] & ~FILTER_CONDITIONS]);
}

size_t filter_assemble(const struct filter *f, struct sock_filter *out)
{
    struct program p = { .f = f, .out = out };
    put_head(&p);
    find_ranges(&p);
    ASSERT(p.ranges > 1);
    put_search(&p, 0, p.ranges, p.length, false);
    for (size_t verdict = 0; verdict < FILTER_VERDICTS; verdict++) {
        fill_in(&p, verdict);
        give(&p, f->returns[verdict]);
    }
    for (size_t number = 0; number < FILTER_CALLS; number++) {
        if (!(f->verdicts[number] & FILTER_CONDITIONS))
            continue;
        fill_in(&p, BLOCKS + number);
        put_block(&p, number);
    }
    return p.length;
}
