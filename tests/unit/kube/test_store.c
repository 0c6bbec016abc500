/* Objects and stores: what an object keeps and costs, references, removal under collisions, indexes, threads.
 * */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/kube/store.h"
#include "tests/unit/lib/unit.h"

#include <malloc.h>
#include <pthread.h>

static struct obj *make(struct ctx *cx, const char *ns, const char *name, const char *version,
                        const char *source)
{
    struct doc *d = NULL;
    struct obj_index index = { "source", source };
    const char *text =
        str_fmt(cx->arena,
                "{\"apiVersion\":\"a/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"%s\","
                "\"namespace\":\"%s\",\"uid\":\"u-%s\",\"resourceVersion\":\"%s\",\"generation\":7}}",
                name, ns, name, version);
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return obj_new(cx, d, &index, source ? 1 : 0);
}

static void an_object_keeps_identity_and_text(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct obj *o CLEANUP(obj_cleanup) = make(cx, "ns", "n", "42", "GitRepository/x");
    struct doc *d = NULL;
    assert_string_equal(o->api_version, "a/v1");
    assert_string_equal(o->kind, "Thing");
    assert_string_equal(o->ns, "ns");
    assert_string_equal(o->name, "n");
    assert_string_equal(o->uid, "u-n");
    assert_string_equal(o->resource_version, "42");
    assert_int_equal(o->generation, 7);
    assert_false(o->deleting);
    assert_int_equal(o->text_len, strlen(o->text));
    assert_ok(cx, obj_doc(cx, o, &d));
    assert_string_equal(doc_text_at(d, "metadata", "uid"), "u-n");
    assert_true(obj_has_index(o, "source", "GitRepository/x"));
    assert_false(obj_has_index(o, "source", "GitRepository/y"));
    assert_false(obj_has_index(o, "other", "GitRepository/x"));
}

static void an_object_without_metadata_has_empty_fields(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct obj *o CLEANUP(obj_cleanup) = obj_new(cx, doc_object(cx->arena), NULL, 0);
    assert_string_equal(o->ns, "");
    assert_string_equal(o->name, "");
    assert_string_equal(o->text, "{}");
    assert_int_equal(o->generation, 0);
}

static void an_object_costs_little_more_than_its_text(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct obj *o CLEANUP(obj_cleanup) = make(cx, "ns", "n", "42", "GitRepository/x");
    assert_true(malloc_usable_size(o) < o->text_len + 320);
}

static void put_get_replace_remove(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct store *s = store_open();
    struct obj *first = make(cx, "ns", "n", "1", NULL);
    struct obj *second = make(cx, "ns", "n", "2", NULL);
    assert_null(store_put(s, first));
    struct obj *old = store_put(s, second);
    assert_ptr_equal(old, first);
    obj_unref(old);
    assert_int_equal(atomic_load(&first->refs), 1);
    assert_int_equal(store_len(s), 1);
    assert_null(store_get(s, "other", "n"));
    struct obj *got = store_get(s, "ns", "n");
    assert_ptr_equal(got, second);
    obj_unref(got);
    obj_unref(store_remove(s, "ns", "n"));
    assert_null(store_remove(s, "ns", "n"));
    assert_int_equal(store_len(s), 0);
    assert_int_equal(atomic_load(&second->refs), 1);
    store_close(s);
    obj_unref(first);
    obj_unref(second);
}

static void survives_growth_and_removal(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct store *s = store_open();
    for (int i = 0; i < 3000; i++) {
        struct obj *o CLEANUP(obj_cleanup) =
            make(cx, i % 2 ? "a" : "b", str_fmt(cx->arena, "n%d", i), "1", NULL);
        assert_null(store_put(s, o));
    }
    for (int i = 0; i < 3000; i += 3)
        obj_unref(store_remove(s, i % 2 ? "a" : "b", str_fmt(cx->arena, "n%d", i)));
    assert_int_equal(store_len(s), 2000);
    for (int i = 0; i < 3000; i++) {
        struct obj *o CLEANUP(obj_cleanup) = store_get(s, i % 2 ? "a" : "b", str_fmt(cx->arena, "n%d", i));
        assert_int_equal(o == NULL, i % 3 == 0);
        if (o)
            assert_string_equal(o->name, str_fmt(cx->arena, "n%d", i));
    }
    store_close(s);
}

static int count_up(struct ctx *cx, void *user, struct obj *o)
{
    int *n = user;
    if (++*n == 100)
        return err_fail(cx, ERR_LIMIT, "stopped at %s", o->name);
    return 0;
}

static void walks_all_or_by_index(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct store *s = store_open();
    for (int i = 0; i < 150; i++) {
        struct obj *o CLEANUP(obj_cleanup) =
            make(cx, "ns", str_fmt(cx->arena, "n%d", i), "1", i % 5 ? "even" : "odd one");
        assert_null(store_put(s, o));
    }
    int n = 0;
    assert_ok(cx, store_each_indexed(cx, s, "source", "odd one", count_up, &n));
    assert_int_equal(n, 30);
    n = 0;
    assert_int_equal(store_each(cx, s, count_up, &n), ERR_LIMIT);
    assert_error(cx, ERR_LIMIT, "stopped at n");
    store_close(s);
}

/* Puts an object in that names others, "ns/x" each, under the index "needs"; NULL ends the list. */
static void put_needing(struct ctx *cx, struct store *s, const char *name, const char *const *needs)
{
    struct obj_index index[4];
    struct doc *d = doc_object(cx->arena), *metadata = doc_ensure(cx->arena, d, "metadata");
    size_t n = 0;
    doc_set_text(cx->arena, metadata, "name", name);
    doc_set_text(cx->arena, metadata, "namespace", "ns");
    index[n++] = (struct obj_index){ "other", "ns/d" };
    for (; *needs; needs++)
        index[n++] = (struct obj_index){ "needs", *needs };
    struct obj *o CLEANUP(obj_cleanup) = obj_new(cx, d, index, n);
    assert_null(store_put(s, o));
}

static void finds_the_shortest_way(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *way;
    } rows[] = {
        { "ns/a", "ns/c", "ns/a -> ns/b -> ns/c" },
        { "ns/b", "ns/c", "ns/b -> ns/c" },
        { "ns/b", "ns/b", "ns/b -> ns/c -> ns/b" },
        { "ns/self", "ns/self", "ns/self -> ns/self" },
        { "ns/a", "ns/gone", "ns/a -> ns/gone" },
        { "ns/a", "ns/a", NULL },
        { "ns/d", "ns/a", NULL },
        { "ns/gone", "ns/a", NULL },
        { "nonsense", "ns/a", NULL },
    };
    struct ctx *cx = unit_cx(state);
    struct store *s = store_open();
    put_needing(cx, s, "a", (const char *const[]){ "ns/gone", "ns/b", NULL });
    put_needing(cx, s, "b", (const char *const[]){ "ns/self", "ns/c", NULL });
    put_needing(cx, s, "c", (const char *const[]){ "ns/self", "ns/b", NULL });
    put_needing(cx, s, "d", (const char *const[]){ "nonsense", "", NULL });
    put_needing(cx, s, "self", (const char *const[]){ "ns/self", NULL });
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *way = store_way(cx->arena, s, "needs", rows[i].from, rows[i].to);
        if (!str_eq(way, rows[i].way))
            fail_msg("row %zu: %s", i, str_or(way, "no way"));
    }
    store_close(s);
}

/* Each names all others: the ways are beyond counting, the objects are not. */
static void meets_each_object_once(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct store *s = store_open();
    struct obj_index index[40];
    for (size_t i = 0; i < ARRAY_LEN(index); i++)
        index[i] = (struct obj_index){ "needs", str_fmt(cx->arena, "ns/n%zu", i) };
    for (size_t i = 0; i < ARRAY_LEN(index); i++) {
        struct doc *d = doc_object(cx->arena);
        doc_set_text(cx->arena, doc_ensure(cx->arena, d, "metadata"), "name", index[i].value + 3);
        doc_set_text(cx->arena, doc_ensure(cx->arena, d, "metadata"), "namespace", "ns");
        struct obj *o CLEANUP(obj_cleanup) = obj_new(cx, d, index, ARRAY_LEN(index));
        assert_null(store_put(s, o));
    }
    size_t before = arena_used(cx->arena);
    assert_null(store_way(cx->arena, s, "needs", "ns/n0", "ns/outside"));
    assert_true(arena_used(cx->arena) - before < 64 << 10);
    store_close(s);
}

struct racer {
    struct store *store;
    atomic_bool stop;
    atomic_int wrong;
};

static void *read_all_the_time(void *arg)
{
    struct racer *r = arg;
    while (!atomic_load(&r->stop)) {
        struct obj *o = store_get(r->store, "ns", "n7");
        if (o && (o->text[0] != '{' || strcmp(o->name, "n7") != 0))
            atomic_fetch_add(&r->wrong, 1);
        obj_unref(o);
    }
    return NULL;
}

static void readers_and_one_writer(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct racer r = { .store = store_open() };
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &r), 0);
    for (int i = 0; i < 2000; i++) {
        const char *name = str_fmt(cx->arena, "n%d", i % 20);
        struct obj *o CLEANUP(obj_cleanup) = make(cx, "ns", name, "1", NULL);
        obj_unref(store_put(r.store, o));
        if (i % 3 == 0)
            obj_unref(store_remove(r.store, "ns", name));
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&r.wrong), 0);
    store_close(r.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_object_keeps_identity_and_text),
        UNIT_TEST(an_object_without_metadata_has_empty_fields),
        UNIT_TEST(an_object_costs_little_more_than_its_text),
        UNIT_TEST(put_get_replace_remove),
        UNIT_TEST(survives_growth_and_removal),
        UNIT_TEST(walks_all_or_by_index),
        UNIT_TEST(finds_the_shortest_way),
        UNIT_TEST(meets_each_object_once),
        UNIT_TEST(readers_and_one_writer),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
