/*
 * bigstack.c: a stack that is mapped for one call; the contract is in bigstack.h.
 *
 * MAP_GROWSDOWN is what makes the kernel count the mapping as a stack and not as data. Sanitizers follow threads but not
 * stacks that are switched by hand, so their builds use a thread, unless the main thread's own stack may grow as large:
 * tests/fuzz/run sees to that, for a thread per input costs more than the input. musl has no contexts: there the stack's
 * register is set, and set back, by hand (x86-64, which is all that is linked with musl).
 */
#include "libgotk/base/bigstack.h"

#include "libgotk/base/attr.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)1 << 30)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

struct errand {
    void (*fn)(void *arg);
    void *arg;
};

static void *run_errand(void *arg)
{
    const struct errand *e = arg;
    e->fn(e->arg);
    return NULL;
}

static bool has_big_stack(void)
{
    struct rlimit limit;
    return gettid() == getpid() && getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= STACK_SIZE;
}

void bigstack_call(void (*fn)(void *arg), void *arg)
{
    pthread_t thread;
    pthread_attr_t attr;
    struct errand errand = { .fn = fn, .arg = arg };
    if (has_big_stack()) {
        fn(arg);
        return;
    }
    ASSERT(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, STACK_SIZE) == 0);
    if (pthread_create(&thread, &attr, run_errand, &errand) == 0)
        pthread_join(thread, NULL);
    else
        fn(arg);
    pthread_attr_destroy(&attr);
}

#elif defined(__GLIBC__)

#include <ucontext.h>

struct errand {
    void (*fn)(void *arg);
    void *arg;
    ucontext_t caller;
    ucontext_t callee;
};

/* makecontext hands over ints only: a pointer goes in two halves. */
static void start(unsigned high, unsigned low)
{
    const struct errand *e = (const struct errand *)(((uintptr_t)high << 16 << 16) |
                                                     (uintptr_t)low); // NOLINT(performance-no-int-to-ptr)
    e->fn(e->arg);
}

static void call_on(char *stack, void (*fn)(void *arg), void *arg)
{
    struct errand e = { .fn = fn, .arg = arg };
    uintptr_t p = (uintptr_t)&e;
    ASSERT(getcontext(&e.callee) == 0);
    e.callee.uc_stack.ss_sp = stack;
    e.callee.uc_stack.ss_size = STACK_SIZE;
    e.callee.uc_link = &e.caller;
    makecontext(&e.callee, (void (*)(void))start, 2, (unsigned)(p >> 16 >> 16), (unsigned)p);
    ASSERT(swapcontext(&e.caller, &e.callee) == 0);
}

#elif defined(__x86_64__)

/* The old stack's place waits in a register that a call leaves alone; all that a call may change is named. */
static void call_on(char *stack, void (*fn)(void *arg), void *arg)
{
    __asm__ volatile("mov %%rsp, %%rbx\n\tmov %[top], %%rsp\n\tcall *%[fn]\n\tmov %%rbx, %%rsp"
                     : "+D"(arg), [fn] "+r"(fn)
                     : [top] "r"(stack + STACK_SIZE)
                     : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15", "memory", "cc");
}

#else
#error                                                                                                       \
    "bigstack.c can set the stack's register on x86-64 alone where there are no contexts: MUSL= links with glibc"
#endif

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void bigstack_call(void (*fn)(void *arg), void *arg)
{
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN, -1, 0);
    if (stack == MAP_FAILED) {
        fn(arg);
        return;
    }
    (void)madvise(stack, STACK_SIZE, MADV_NOHUGEPAGE); /* a few pages are used, as a rule */
    call_on(stack, fn, arg);
    munmap(stack, STACK_SIZE);
}

#endif
