/* Filters for system calls: the program that comes of a table says, for every call, what the table says. */
#include "libgotk/job/filter.h"
#include "libgotk/job/syscalls.h"
#include "tests/unit/lib/unit.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

#define ROUNDS  300
#define CALLS   2000
#define OUTSIDE 40

/* What the kernel makes of a program. */
static uint32_t run_program(const struct sock_filter *p, size_t length, const struct seccomp_data *d)
{
    uint32_t a = 0;
    for (size_t i = 0; i < length; i++) {
        const struct sock_filter *f = &p[i];
        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_in_range(f->k, 0, sizeof(*d) - sizeof(a));
            memcpy(&a, (const char *)d + f->k, sizeof(a));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= f->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            i += a == f->k ? f->jt : f->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            i += a >= f->k ? f->jt : f->jf;
            break;
        case BPF_RET | BPF_K:
            return f->k;
        default:
            fail_msg("instruction %zu has code %x", i, f->code);
        }
    }
    fail_msg("the program ends without a verdict");
    return 0;
}

static uint32_t expected(const struct filter *f, const struct seccomp_data *d)
{
    uint8_t verdict = d->nr >= 0 && d->nr < FILTER_CALLS ? f->verdicts[d->nr] : 0;
    for (size_t i = 0; (verdict & FILTER_CONDITIONS) && i < f->count; i++) {
        const struct filter_condition *c = &f->conditions[i];
        if (c->number == d->nr && (d->args[c->arg] & c->mask) == c->value)
            return SECCOMP_RET_ALLOW;
    }
    return f->returns[verdict & ~FILTER_CONDITIONS];
}

static uint64_t random_value(void)
{
    static const uint64_t few[] = { 0, 1, 2, 3, 0x5401, UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX };
    return few[(size_t)rand() % ARRAY_LEN(few)];
}

static struct filter random_filter(struct filter_condition *conditions, size_t most)
{
    static const uint64_t masks[] = { UINT64_MAX, 0xf, 0x10000, 0, 0xf00000000 };
    struct filter f = { .returns = { SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 1,
                                     SECCOMP_RET_KILL_PROCESS },
                        .conditions = conditions };
    f.verdicts[rand() % FILTER_CALLS] = 1; /* a table says something */
    for (int ranges = rand() % 90; ranges > 0; ranges--) {
        int from = rand() % FILTER_CALLS, verdict = rand() % 4;
        for (int n = from; n < FILTER_CALLS && n < from + rand() % 20; n++)
            f.verdicts[n] = (uint8_t)verdict;
    }
    for (size_t n = (size_t)rand() % (most + 1); n > 0; n--) {
        struct filter_condition *c = &conditions[f.count];
        bool more = f.count && rand() % 2; /* of the same call */
        *c = (struct filter_condition){ more ? c[-1].number : rand() % FILTER_CALLS, rand() % 6,
                                        masks[(size_t)rand() % ARRAY_LEN(masks)], 0 };
        c->value = random_value() & c->mask;
        f.verdicts[c->number] |= FILTER_CONDITIONS;
        f.count++;
    }
    return f;
}

static void programs_say_what_their_tables_say(void **state UNUSED)
{
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct filter_condition conditions[12];
        struct sock_filter program[FILTER_LENGTH];
        struct filter f = random_filter(conditions, ARRAY_LEN(conditions));
        size_t length = filter_assemble(&f, program);
        for (int i = 0; i < CALLS; i++) {
            struct seccomp_data d = { .nr = rand() % (FILTER_CALLS + OUTSIDE) - 1, .arch = NATIVE };
            if (f.count && rand() % 2)
                d.nr = conditions[(size_t)rand() % f.count].number;
            for (size_t k = 0; k < ARRAY_LEN(d.args); k++)
                d.args[k] = random_value();
            assert_int_equal(run_program(program, length, &d), expected(&f, &d));
        }
    }
}

/* As the job's own table says, read by hand. */
static void jobs_may_call_what_they_need(void **state UNUSED)
{
    const uint64_t own = (uint64_t)getpid();
    const struct {
        int number;
        uint64_t args[6];
        uint32_t plain;
        uint32_t network;
    } rows[] = {
        { SYS_read, { 0 }, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
        { SYS_execve, { 0 }, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS },
        { SYS_socket, { 2 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW },
        { SYS_socket, { 1 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 38 },
        { SYS_connect, { 0 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW },
        { SYS_fcntl, { 0, 3 }, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
        { SYS_fcntl, { 0, 8 }, SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ERRNO | 38 },
        { SYS_fcntl, { 0, ((uint64_t)1 << 32) + 3 }, SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ERRNO | 38 },
        { SYS_sendto, { 0, 0, 0, 0, 0 }, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
        { SYS_sendto, { 0, 0, 0, 0, 1 }, SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ALLOW },
        { SYS_clone, { 0 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 1 },
        { SYS_clone, { 0x10000 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW },
        { SYS_tgkill, { own }, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
        { SYS_tgkill, { own + 1 }, SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ERRNO | 38 },
        { SYS_tkill, { own }, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
        { SYS_tkill, { own + 1 }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 1 },
        { SYS_kill, { own }, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 1 },
        { SYS_mount, { 0 }, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS },
        { FILTER_CALLS + 7, { 0 }, SECCOMP_RET_ERRNO | 38, SECCOMP_RET_ERRNO | 38 },
#if defined(__x86_64__)
        { 0x40000000 | SYS_read, { 0 }, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS }, /* x32's */
#endif
    };
    for (int network = 0; network <= 1; network++) {
        struct sock_filter program[FILTER_LENGTH];
        size_t length = syscalls_program(network, program);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct seccomp_data d = { .nr = rows[i].number, .arch = NATIVE };
            memcpy(d.args, rows[i].args, sizeof(d.args));
            assert_int_equal(run_program(program, length, &d), network ? rows[i].network : rows[i].plain);
            d.arch = FOREIGN;
            assert_int_equal(run_program(program, length, &d), SECCOMP_RET_KILL_PROCESS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(programs_say_what_their_tables_say),
        UNIT_TEST(jobs_may_call_what_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
