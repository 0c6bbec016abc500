/*
 * filter.c: assembling a seccomp filter; the contract is in filter.h. No state, runs in the child.
 *
 * Neighbouring numbers with one verdict are a range. The program is a binary search over the ranges, of comparisons alone; behind
 * it a block for each call with conditions, and one return for each verdict, which all share. The kernel translates the program,
 * compiles it, and runs it once for each number, so its length counts more than anything, and how long its paths are.
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

/* Numbers with one verdict, but for one among them: a comparison more tells that one apart, where two ranges more took two. */
struct range {
    uint16_t start;
    uint16_t other; /* 0: there is none */
};

/* A jump, which is filled in when the places of all goals are known. */
struct link {
    uint16_t at;
    bool when; /* the comparison holds */
    uint16_t goal;
};

/* Goals beside the verdicts, which come first. */
#define LET_THROUGH FILTER_VERDICTS         /* a condition holds */
#define BEYOND      (FILTER_VERDICTS + 1)   /* what to make of numbers behind the table */
#define BLOCKS      (FILTER_VERDICTS + 2)   /* the conditions of a call: with its number */
#define CONDITIONS  (BLOCKS + FILTER_CALLS) /* those from one on: with its index */
#define GOALS       (CONDITIONS + FILTER_CONDITIONS_MAX)

struct program {
    const struct filter *f;
    struct sock_filter *out;
    size_t length;
    struct range ranges[FILTER_CALLS + 1];
    size_t range_count;
    struct link links[FILTER_LENGTH];
    size_t link_count;
    uint16_t places[GOALS];
};

static size_t put(struct program *p, uint16_t code, uint32_t k)
{
    ASSERT(p->length < FILTER_LENGTH);
    p->out[p->length] = (struct sock_filter){ .code = code, .k = k };
    return p->length++;
}

static void load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static void give(struct program *p, uint32_t verdict)
{
    put(p, BPF_RET | BPF_K, verdict);
}

static void set_jump(struct program *p, size_t at, bool when, size_t to)
{
    size_t distance = to - at - 1;
    ASSERT(distance <= UINT8_MAX);
    *(when ? &p->out[at].jt : &p->out[at].jf) = (uint8_t)distance;
}

static void jump(struct program *p, size_t at, bool when, size_t goal)
{
    ASSERT(p->link_count < FILTER_LENGTH);
    p->links[p->link_count++] = (struct link){ (uint16_t)at, when, (uint16_t)goal };
}

static void here(struct program *p, size_t goal)
{
    p->places[goal] = (uint16_t)p->length;
}

static uint16_t plain_verdict(const struct program *p, size_t number)
{
    return p->f->verdicts[number] & (uint8_t)~FILTER_CONDITIONS;
}

/* The first condition of a call from index `i` on; their number when there is none. */
static size_t next_condition(const struct program *p, size_t i, size_t number)
{
    while (i < p->f->count && p->f->conditions[i].number != (int)number)
        i++;
    return i;
}

static bool has_conditions(const struct program *p, size_t number)
{
    return p->f->verdicts[number] & FILTER_CONDITIONS && next_condition(p, 0, number) < p->f->count;
}

static size_t goal_of(const struct program *p, size_t number)
{
    return has_conditions(p, number) ? BLOCKS + number : plain_verdict(p, number);
}

/* ---- the search ---------------------------------------------------------------------------------------------------- */

/* Only calls as this architecture makes them. */
static void put_head(struct program *p)
{
    load(p, ARCH);
    size_t at = put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE);
    give(p, SECCOMP_RET_KILL_PROCESS);
    set_jump(p, at, true, p->length);
    load(p, NUMBER);
}

static bool are_alike(const struct program *p, size_t number, size_t other)
{
    uint8_t verdict = p->f->verdicts[number];
    return verdict == p->f->verdicts[other] && !(verdict & FILTER_CONDITIONS);
}

/* Takes a range of one number, and the one behind it, into the one in front of it where that goes on behind. */
static void join_ranges(struct program *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->range_count; kept++) {
        struct range r = p->ranges[i++];
        size_t other = i + 1 < p->range_count ? p->ranges[i].start : 0;
        if (other && p->ranges[i + 1].start == other + 1 && are_alike(p, r.start, other + 1)) {
            r.other = (uint16_t)other;
            i += 2;
        }
        p->ranges[kept] = r;
    }
    p->range_count = kept;
}

static void find_ranges(struct program *p)
{
    for (size_t n = 0; n < FILTER_CALLS; n++)
        if (n == 0 || !are_alike(p, n, n - 1))
            p->ranges[p->range_count++] = (struct range){ .start = (uint16_t)n };
    join_ranges(p);
    p->ranges[p->range_count++] = (struct range){ .start = FILTER_CALLS };
}

/* Where to halve the numbers of the ranges from `first` up to, not including, `end`. The kernel runs the program once for each of
 * them in advance. */
static size_t middle_of(const struct program *p, size_t first, size_t end)
{
    size_t last = end < p->range_count ? p->ranges[end].start : FILTER_CALLS, middle = first + 1;
    while (middle + 1 < end && p->ranges[middle].start < (p->ranges[first].start + last) / 2)
        middle++;
    return middle;
}

/* Searches the ranges from `first` up to, not including, `end`, which is where the jump at `from` leads. */
static void put_search(struct program *p, size_t first, size_t end, size_t from,
                       bool when) // NOLINT(misc-no-recursion)
{
    const struct range *r = &p->ranges[first];
    if (end - first == 1 && !r->other) {
        jump(p, from, when, r->start == FILTER_CALLS ? BEYOND : goal_of(p, r->start));
        return;
    }
    if (p->length - 1 > from)
        set_jump(p, from, when, p->length);
    if (end - first == 1) {
        size_t at = put(p, BPF_JMP | BPF_JEQ | BPF_K, r->other);
        jump(p, at, true, goal_of(p, r->other));
        jump(p, at, false, goal_of(p, r->start));
        return;
    }
    size_t middle = middle_of(p, first, end);
    size_t at = put(p, BPF_JMP | BPF_JGE | BPF_K, p->ranges[middle].start);
    put_search(p, first, middle, at, false);
    put_search(p, middle, end, at, true);
}

static void put_beyond(struct program *p)
{
    here(p, BEYOND);
#ifdef FOREIGN_FROM
    jump(p, put(p, BPF_JMP | BPF_JGE | BPF_K, FOREIGN_FROM), false, 0);
    jump(p, put(p, BPF_JMP | BPF_JEQ | BPF_K, SKIPPED), true, 0);
    give(p, SECCOMP_RET_KILL_PROCESS);
#else
    give(p, p->f->returns[0]);
#endif
}

/* ---- conditions ---------------------------------------------------------------------------------------------------- */

static size_t argument_at(const struct filter_condition *c)
{
    return ARGS + (size_t)c->arg * sizeof(uint64_t);
}

/* Loads half of an argument under the mask. */
static void load_half(struct program *p, size_t offset, uint32_t mask)
{
    load(p, offset);
    if (mask != UINT32_MAX)
        put(p, BPF_ALU | BPF_AND | BPF_K, mask);
}

/* Conditions on one argument with one mask, and one upper half: the upper half, then each lower one. */
static void put_alike(struct program *p, const struct filter_condition *first, size_t count, size_t otherwise)
{
    load_half(p, argument_at(first) + (4 - LOW), (uint32_t)(first->mask >> 32));
    jump(p, put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(first->value >> 32)), false, otherwise);
    load_half(p, argument_at(first) + LOW, (uint32_t)first->mask);
    for (size_t i = 0; i < count; i++)
        jump(p, put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)first[i].value), true, LET_THROUGH);
    jump(p, p->length - 1, false, otherwise);
}

static bool alike(const struct filter_condition *a, const struct filter_condition *b)
{
    return a->number == b->number && a->arg == b->arg && a->mask == b->mask &&
           a->value >> 32 == b->value >> 32;
}

static void put_block(struct program *p, size_t number)
{
    const struct filter_condition *c = p->f->conditions;
    size_t next = 0;
    here(p, BLOCKS + number);
    for (size_t i = next_condition(p, 0, number); i < p->f->count; i = next) {
        here(p, CONDITIONS + i);
        size_t n = 1;
        while (i + n < p->f->count && alike(&c[i], &c[i + n]))
            n++;
        next = next_condition(p, i + n, number);
        put_alike(p, &c[i], n, next < p->f->count ? CONDITIONS + next : plain_verdict(p, number));
    }
}

size_t filter_assemble(const struct filter *f, struct sock_filter *out)
{
    struct program p = { .f = f, .out = out };
    ASSERT(f->count <= FILTER_CONDITIONS_MAX);
    put_head(&p);
    find_ranges(&p);
    put_search(&p, 0, p.range_count, p.length - 1, false);
    put_beyond(&p);
    for (size_t number = 0; number < FILTER_CALLS; number++)
        if (has_conditions(&p, number))
            put_block(&p, number);
    for (size_t verdict = 0; verdict < FILTER_VERDICTS; verdict++) {
        here(&p, verdict);
        give(&p, f->returns[verdict]);
    }
    here(&p, LET_THROUGH);
    give(&p, SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < p.link_count; i++)
        set_jump(&p, p.links[i].at, p.links[i].when, p.places[p.links[i].goal]);
    return p.length;
}
