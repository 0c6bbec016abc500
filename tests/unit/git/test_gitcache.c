/* The cache of a fetch: what is kept, what is swept away, when it is thrown out, what a repository made from it knows. */
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitcache.h"
#include "tests/unit/lib/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#define ONE  "1111111111111111111111111111111111111111"
#define TWO  "2222222222222222222222222222222222222222"
#define MAX  1000
#define PACK "pack-" ONE ".pack"

struct place {
    const char *dir;     /* of the cache */
    const char *git_dir; /* of a repository */
};

static void put(struct ctx *cx, const char *dir, const char *name, const char *text)
{
    const char *path = str_fmt(cx->arena, "%s/%s", dir, name);
    assert_ok(cx, fs_write_atomic(cx, path, text, strlen(text), 0600));
}

static const char *get(struct ctx *cx, const char *dir, const char *name)
{
    struct buf text;
    assert_ok(cx, fs_read_file(cx, str_fmt(cx->arena, "%s/%s", dir, name), 10000, &text));
    return buf_text(&text);
}

static bool has(struct ctx *cx, const char *dir, const char *name)
{
    return fs_exists(str_fmt(cx->arena, "%s/%s", dir, name));
}

static struct place make(struct ctx *cx)
{
    const char *root;
    assert_ok(cx, fs_tmpdir(cx, "gitcache", &root));
    struct place p = { str_fmt(cx->arena, "%s/cache", root), str_fmt(cx->arena, "%s/git", root) };
    assert_ok(cx, fs_mkdirs(cx, p.dir, 0700));
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/objects/pack", p.git_dir), 0700));
    return p;
}

static struct gitcache look(struct ctx *cx, const struct place *p, bool full)
{
    struct gitcache cache;
    assert_ok(cx, gitcache_open(cx, p->dir, MAX, full, &cache));
    return cache;
}

static struct gitcache_tips tips(struct ctx *cx, const char *hash)
{
    struct gitcache_tips list = { 0 };
    vec_push(cx->arena, &list, (struct gitcache_tip){ "refs/heads/main", hash });
    return list;
}

/* A cache with one pack and one tip, shallow or full. */
static struct gitcache fill(struct ctx *cx, const struct place *p, bool full)
{
    struct gitcache cache = look(cx, p, full);
    struct gitcache_tips list = tips(cx, ONE);
    put(cx, p->dir, PACK, "pack");
    if (!full)
        put(cx, p->git_dir, "shallow", ONE "\n");
    assert_ok(cx, gitcache_keep(cx, &cache, &list, p->git_dir));
    return look(cx, p, full);
}

static void what_is_kept_comes_back(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    struct gitcache cache = fill(cx, &p, false);
    struct gitcache_tips same = tips(cx, ONE), moved = tips(cx, TWO);
    struct gitcache_tips none = { 0 };
    assert_string_equal(get(cx, p.dir, "state"),
                        "gotk-git-cache 1 shallow\ntip " ONE " refs/heads/main\nshallow " ONE "\n");
    assert_int_equal(cache.tips.len, 1);
    assert_int_equal(cache.shallow.len, 1);
    assert_true(gitcache_has(&cache, &same));
    assert_false(gitcache_has(&cache, &moved));
    assert_false(gitcache_has(&cache, &none));
}

static void a_repository_made_from_it(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    struct gitcache cache = fill(cx, &p, false);
    unlink(str_fmt(cx->arena, "%s/shallow", p.git_dir));
    assert_ok(cx, gitcache_attach(cx, &cache, p.git_dir));
    assert_string_equal(get(cx, p.git_dir, "packed-refs"), ONE " refs/gotk/00000000\n");
    assert_string_equal(get(cx, p.git_dir, "shallow"), ONE "\n");
    assert_true(has(cx, p.git_dir, "objects/pack/" PACK));
}

static void history_is_fetched_anew_when_it_is_wanted(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    fill(cx, &p, false);
    struct gitcache cache = look(cx, &p, true);
    assert_int_equal(cache.tips.len, 0);
    assert_true(cache.full);
    assert_false(has(cx, p.dir, PACK));
    fill(cx, &p, true);
    cache = look(cx, &p, false);
    assert_int_equal(cache.tips.len, 1);
    assert_true(cache.full);
}

static void what_does_not_belong_is_swept_away(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    fill(cx, &p, false);
    put(cx, p.dir, "config", "[core]");
    put(cx, p.dir, "pack-zz.idx", "");
    put(cx, p.dir, "pack_tmp_a1b2", "half a pack");
    assert_ok(cx, fs_mkdirs(cx, str_fmt(cx->arena, "%s/hooks/x", p.dir), 0700));
    assert_int_equal(symlink("/etc/passwd", str_fmt(cx->arena, "%s/pack-" TWO ".pack", p.dir)), 0);
    struct gitcache cache = look(cx, &p, false);
    const char **names;
    size_t count;
    assert_ok(cx, fs_list(cx, p.dir, &names, &count));
    assert_int_equal(count, 2);
    assert_int_equal(cache.tips.len, 1);
    assert_true(fs_exists("/etc/passwd"));
}

static void a_state_that_cannot_be_read_empties_it(void **state)
{
    static const char *const texts[] = {
        "",
        "rubbish",
        "gotk-git-cache 1 shallow\n",
        "gotk-git-cache 2 shallow\ntip " ONE " refs/heads/main\n",
        "gotk-git-cache 1 shallow\ntip 111 refs/heads/main\n",
        "gotk-git-cache 1 shallow\ntip " ONE "1 refs/heads/main\n",
        "gotk-git-cache 1 shallow\ntip " ONE " ../../x\n",
        "gotk-git-cache 1 shallow\ntip " ONE " refs/heads/main\nshallow x\n",
        "gotk-git-cache 1 shallow\ntip\n",
    };
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        put(cx, p.dir, "state", texts[i]);
        put(cx, p.dir, PACK, "pack");
        assert_int_equal(look(cx, &p, false).tips.len, 0);
        assert_false(has(cx, p.dir, PACK));
    }
}

static void too_many_packs_begin_anew(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    fill(cx, &p, false);
    for (int i = 0; i < 62; i++)
        put(cx, p.dir, str_fmt(cx->arena, "pack-%040d.pack", i), "");
    assert_int_equal(look(cx, &p, false).tips.len, 1);
    put(cx, p.dir, str_fmt(cx->arena, "pack-%040d.pack", 99), "");
    assert_int_equal(look(cx, &p, false).tips.len, 0);
    assert_false(has(cx, p.dir, PACK));
}

static void what_does_not_fit_is_not_tried_again_that_day(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct place p = make(cx);
    struct gitcache cache = fill(cx, &p, false), other;
    char large[MAX + 2];
    memset(large, 'x', sizeof(large));
    large[MAX + 1] = '\0';
    put(cx, p.dir, PACK, large);
    assert_ok(cx, gitcache_trim(cx, &cache));
    assert_null(cache.dir);
    assert_false(has(cx, p.dir, PACK));
    assert_null(look(cx, &p, false).dir);
    assert_ok(cx, gitcache_open(cx, p.dir, MAX * 2, false, &other));
    assert_non_null(other.dir);
    fill(cx, &p, false);
    put(cx, p.dir, "pack-" TWO ".pack", large); /* it fits, but changes piled up */
    cache = look(cx, &p, false);
    assert_non_null(cache.dir);
    assert_int_equal(cache.tips.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_is_kept_comes_back),
        UNIT_TEST(a_repository_made_from_it),
        UNIT_TEST(history_is_fetched_anew_when_it_is_wanted),
        UNIT_TEST(what_does_not_belong_is_swept_away),
        UNIT_TEST(a_state_that_cannot_be_read_empties_it),
        UNIT_TEST(too_many_packs_begin_anew),
        UNIT_TEST(what_does_not_fit_is_not_tried_again_that_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
