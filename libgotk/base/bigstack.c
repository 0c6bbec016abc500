/*
 * bigstack.c: a stack that is mapped for one call; the contract is in bigstack.h.
 *
 * MAP_GROWSDOWN is what makes the kernel count the mapping as a stack and not as data. Sanitizers follow threads but not
 * stacks that are switched by hand, so their builds use a thread, unless the main thread's own stack may grow as large:
 * tests/fuzz/run sees to that, for a thread per input costs more than the input.
 */
#include "libgotk/base/bigstack.h"

#include "libgotk/base/attr.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)1 << 30)

struct errand {
    void (*fn)(void *arg);
    void *arg;
    ucontext_t caller;
    ucontext_t callee;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

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

#else

/* makecontext hands over ints only: a pointer goes in two halves. */
static void start(unsigned high, unsigned low)
{
    const struct errand *e = (const struct errand *)(((uintptr_t)high << 16 << 16) |
                                                     (uintptr_t)low); // NOLINT(performance-no-int-to-ptr)
    e->fn(e->arg);
}

void bigstack_call(void (*fn)(void *arg), void *arg)
{
    struct errand e = { .fn = fn, .arg = arg };
    uintptr_t p = (uintptr_t)&e;
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN, -1, 0);
    if (stack == MAP_FAILED || getcontext(&e.callee) < 0) {
        fn(arg);
        return;
    }
    (void)madvise(stack, STACK_SIZE, MADV_NOHUGEPAGE); /* a few pages are used, as a rule */
    e.callee.uc_stack.ss_sp = stack;
    e.callee.uc_stack.ss_size = STACK_SIZE;
    e.callee.uc_link = &e.caller;
    makecontext(&e.callee, (void (*)(void))start, 2, (unsigned)(p >> 16 >> 16), (unsigned)p);
    ASSERT(swapcontext(&e.caller, &e.callee) == 0);
    munmap(stack, STACK_SIZE);
}

#endif
