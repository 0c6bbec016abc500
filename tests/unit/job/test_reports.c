/* What a sanitizer has to say of a job reaches the log: no limit of the sandbox keeps it. */
#include "libgotk/base/fs.h"
#include "libgotk/base/mem.h"
#include "libgotk/base/str.h"
#include "libgotk/job/confine.h"
#include "libgotk/job/job.h"
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS 1
#else
#define ADDRESS 0
#endif
#define THREADS (CONFINE_HAS_SANITIZER && !ADDRESS)

static int do_overflow(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                       struct buf *out UNUSED)
{
    volatile size_t end = 8;
    volatile char *block = mem_alloc(8);
    block[end] = 'x';
    return 0;
}

static int do_undefined(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                        struct buf *out)
{
    volatile int most = INT32_MAX;
    buf_fmt(out, "%d", most + 1);
    return 0;
}

static int counted;

static void *count(void *arg)
{
    for (int i = 0; i < 1000; i++)
        counted++;
    return arg;
}

static int do_race(struct ctx *cx UNUSED, struct job_side *side UNUSED, const struct doc *input UNUSED,
                   struct buf *out UNUSED)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, count, NULL) == 0) {
        count(NULL);
        pthread_join(thread, NULL);
    }
    return 0;
}

static const struct job overflow_job = { .name = "overflow", .run = do_overflow };
static const struct job undefined_job = { .name = "undefined", .run = do_undefined };
static const struct job race_job = { .name = "race", .run = do_race, .network = true };
static const struct job *const jobs[] = { &overflow_job, &undefined_job, &race_job };

/* Runs a job whose stderr, which is the zygote's, is a file; returns what is in there. */
static const char *written_by(struct ctx *cx, const struct job *job)
{
    struct buf out, text;
    const char *path = str_fmt(cx->arena, "%s/stderr", unit_tmpdir(cx));
    int before = dup(STDERR_FILENO), file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    assert_ok(cx, job_init(cx, jobs, ARRAY_LEN(jobs), JOB_SANDBOX_ON));
    dup2(before, STDERR_FILENO);
    close(before);
    close(file);
    if (job_run(cx, job, NULL, doc_object(cx->arena), NULL, NULL, &out) < 0)
        err_clear(cx);
    job_exit();
    assert_ok(cx, fs_read_file(cx, path, 1 << 20, &text));
    return buf_text(&text);
}

static void assert_written(struct ctx *cx, const struct job *job, const char *const parts[])
{
    const char *text = written_by(cx, job);
    for (; *parts; parts++)
        if (!strstr(text, *parts))
            fail_msg("'%s' is not in the report of %s:\n%s", *parts, job->name, text);
}

static void wrong_writes_are_told(void **state)
{
    static const char *const parts[] = { "ERROR: AddressSanitizer: heap-buffer-overflow", "SUMMARY", NULL };
    if (!ADDRESS)
        skip();
    assert_written(unit_cx(state), &overflow_job, parts);
}

static void undefined_behaviour_is_told(void **state)
{
    static const char *const parts[] = { "runtime error: signed integer overflow", NULL };
    if (!ADDRESS)
        skip();
    assert_written(unit_cx(state), &undefined_job, parts);
}

static void races_are_told(void **state)
{
    static const char *const parts[] = { "WARNING: ThreadSanitizer: data race", "SUMMARY", NULL };
    if (!THREADS)
        skip();
    assert_written(unit_cx(state), &race_job, parts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT_TEST(wrong_writes_are_told),
        UNIT_TEST(undefined_behaviour_is_told),
        UNIT_TEST(races_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
