/* The small executable's heap and copies do what malloc and memcpy do, and its texts are glibc's. */
#include "libgotk/runtime/lean.h"
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define ROUNDS  20000
#define HELD    200
#define LARGEST ((size_t)400 << 10)

/* Small sizes mostly, now and then one that is mapped. */
static size_t random_size(void)
{
    size_t most = rand() % 50 ? 300 : rand() % 4 ? 20000 : LARGEST;
    return (size_t)rand() % most;
}

static void fill(unsigned char *p, size_t size, unsigned char with)
{
    if (p)
        memset(p, with, size);
}

static void check(const unsigned char *p, size_t size, unsigned char with)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(p[i], with);
}

static void blocks_are_apart_and_keep_what_is_in_them(void **state UNUSED)
{
    static struct {
        unsigned char *p;
        size_t size;
    } held[HELD];
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = (size_t)rand() % HELD, size = random_size();
        unsigned char mark = (unsigned char)(i + 1);
        if (held[i].p)
            check(held[i].p, held[i].size < 64 ? held[i].size : 64, mark);
        if (held[i].p && rand() % 2) {
            size_t kept = size < held[i].size ? size : held[i].size;
            held[i].p = lean_resize(held[i].p, size);
            check(held[i].p, kept, mark);
        } else {
            lean_free(held[i].p);
            held[i].p = lean_alloc(size);
        }
        assert_non_null(held[i].p);
        assert_int_equal((uintptr_t)held[i].p % 16, 0);
        held[i].size = size;
        fill(held[i].p, size, mark);
    }
    for (size_t i = 0; i < HELD; i++) {
        check(held[i].p, held[i].size, (unsigned char)(i + 1));
        lean_free(held[i].p);
    }
}

static void what_is_given_back_is_used_again(void **state UNUSED)
{
    lean_free(lean_alloc(48 << 10));
    size_t before = lean_mapped();
    assert_true(before > 0);
    for (int i = 0; i < 1000; i++) {
        void *few = lean_alloc(20), *many = lean_alloc(48 << 10), *mapped = lean_alloc(LARGEST);
        lean_free(mapped);
        lean_free(few);
        lean_free(many);
    }
    assert_int_equal(lean_mapped(), before);
}

static void too_much_is_refused(void **state UNUSED)
{
    char *kept = lean_alloc(3);
    memcpy(kept, "ab", 3);
    errno = 0;
    assert_null(lean_alloc(SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
    assert_null(lean_alloc(PTRDIFF_MAX - 100));
    assert_null(lean_resize(kept, SIZE_MAX - 8));
    assert_string_equal(kept, "ab");
    lean_free(kept);
    lean_free(NULL);
}

static void give_back_twice(void)
{
    void *p = lean_alloc(100);
    lean_free(p);
    lean_free(p);
}

static void write_before_the_start(void)
{
    char *p = lean_alloc(100);
    memset(p - 12, 'x', 4);
    lean_free(p);
}

static void assert_aborts(void (*act)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void misuse_ends_the_process(void **state UNUSED)
{
    assert_aborts(give_back_twice);
    assert_aborts(write_before_the_start);
}

static void copies_are_those_of_the_c_library(void **state UNUSED)
{
    char ours[700], theirs[700];
    srand(2);
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = (size_t)rand() % (rand() % 3 ? 40 : 300);
        size_t from = (size_t)rand() % 350,
               to = rand() % 2 ? from + (size_t)rand() % 40 : (size_t)rand() % 350;
        for (size_t i = 0; i < sizeof(ours); i++)
            ours[i] = theirs[i] = (char)rand();
        assert_ptr_equal(lean_move(ours + to, ours + from, size), ours + to);
        memmove(theirs + to, theirs + from, size);
        assert_memory_equal(ours, theirs, sizeof(ours));
        memcpy(theirs, ours + 350, size);
        assert_ptr_equal(lean_copy(ours, ours + 350, size), ours);
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

static void a_byte_is_found_where_the_c_library_finds_it(void **state UNUSED)
{
    char text[300];
    srand(3);
    for (int round = 0; round < ROUNDS; round++) {
        size_t from = (size_t)rand() % 20, size = (size_t)rand() % (sizeof(text) - from);
        int kinds = rand() % 2 ? 256 : 3, wanted = rand() % kinds;
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (char)(rand() % kinds);
        if (rand() % 2)
            memset(text, wanted + 1, size); /* nothing in it: what stands behind does not count */
        assert_ptr_equal(lean_find(text + from, wanted + 256 * (rand() % 2), size),
                         memchr(text + from, wanted, size));
    }
}

/* As strnlen asks: the size is more than there is, the byte is the last one of a page, and nothing lies behind it. */
static void nothing_is_read_behind_the_byte(void **state UNUSED)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(munmap(pages + page, page), 0);
    memset(pages, 'x', page - 1);
    for (size_t at = 1; at < 70; at++)
        assert_ptr_equal(lean_find(pages + page - at, 0, 4096), pages + page - 1);
    munmap(pages, page);
}

static void texts_are_those_of_glibc(void **state UNUSED)
{
    int errors = 0, signals = 0;
    for (int i = 1; i < 134; i++) {
        const char *text = lean_error_text(i);
        if (text)
            assert_string_equal(text, strerrordesc_np(i));
        errors += text != NULL;
    }
    for (int i = 1; i < SIGRTMIN; i++) {
        const char *name = lean_signal_name(i);
        if (name)
            assert_string_equal(name, sigabbrev_np(i));
        signals += name != NULL;
    }
    assert_true(errors > 5 && signals > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_apart_and_keep_what_is_in_them),
        cmocka_unit_test(what_is_given_back_is_used_again),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(misuse_ends_the_process),
        cmocka_unit_test(copies_are_those_of_the_c_library),
        cmocka_unit_test(a_byte_is_found_where_the_c_library_finds_it),
        cmocka_unit_test(nothing_is_read_behind_the_byte),
        cmocka_unit_test(texts_are_those_of_glibc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
