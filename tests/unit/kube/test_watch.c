/* The reflector: streams cut anywhere, lists and what vanished from them, trimming, too old versions, quick
 * stops. */
#include "libgotk/kube/reflector.h"
#include "tests/unit/kube/script.h"

#define EVENT(type, name, uid, version, more)                                                                \
    "{\"type\":\"" type "\",\"object\":{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name               \
    "\",\"namespace\":\"ns\",\"uid\":\"" uid "\",\"resourceVersion\":\"" version "\"" more "}}}\n"

/* What on_event was told, as text: "A one 1; M one 1>2; D one; S; ". */
struct diary {
    pthread_mutex_t lock;
    char text[4096];
};

static void write_down(struct ctx *cx, void *user, enum watch_event event, struct obj *old, struct obj *new)
{
    struct diary *d = user;
    const char *line[] = {
        [WATCH_ADDED] =
            str_fmt(cx->arena, "A %s %s; ", new ? new->name : "", new ? new->resource_version : ""),
        [WATCH_MODIFIED] = str_fmt(cx->arena, "M %s %s>%s; ", new ? new->name : "",
                                   old ? old->resource_version : "", new ? new->resource_version : ""),
        [WATCH_DELETED] = str_fmt(cx->arena, "D %s %s; ", old ? old->name : "", new ? "?" : ""),
        [WATCH_SYNCED] = "S; ",
    };
    assert_int_equal(event == WATCH_ADDED || event == WATCH_SYNCED, old == NULL);
    pthread_mutex_lock(&d->lock);
    size_t used = strlen(d->text);
    snprintf(d->text + used, sizeof(d->text) - used, "%s", line[event]);
    pthread_mutex_unlock(&d->lock);
}

static bool has_entry(struct diary *d, const char *part)
{
    pthread_mutex_lock(&d->lock);
    bool found = strstr(d->text, part) != NULL;
    pthread_mutex_unlock(&d->lock);
    return found;
}

static void wait_for_entry(struct diary *d, const char *part)
{
    for (int i = 0; i < 2000 && !has_entry(d, part); i++)
        usleep(5000);
    if (!has_entry(d, part))
        print_error("the diary is: %s\n", d->text);
    assert_true(has_entry(d, part));
}

static struct reflector fake(struct diary *diary)
{
    struct reflector r = { .o = { .on_event = write_down, .user = diary }, .store = store_open() };
    r.query.mapping = (struct kube_mapping){ "", "v1", "ConfigMap", "configmaps", true };
    return r;
}

static void streams_may_be_cut_anywhere(void **state)
{
    static const char stream[] = EVENT("ADDED", "one", "u1", "1", "") EVENT("MODIFIED", "one", "u1", "2", "")
        EVENT("MODIFIED", "one", "u1", "2", "") EVENT("BOOKMARK", "", "", "5", "")
            EVENT("DELETED", "one", "u1", "6", "") EVENT("DELETED", "never-seen", "u2", "7", "");
    struct ctx *cx = unit_cx(state);
    for (size_t step = 1; step < sizeof(stream); step += step < 40 ? 1 : 37) {
        struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
        struct reflector r = fake(&diary);
        struct feed f;
        feed_open(&f, &r);
        for (size_t at = 0; at < sizeof(stream) - 1; at += step) {
            size_t left = sizeof(stream) - 1 - at;
            assert_ok(cx, feed_data(cx, &f, stream + at, left < step ? left : step));
        }
        assert_string_equal(diary.text, "A one 1; M one 1>2; D one ; ");
        assert_string_equal(r.version, "7");
        assert_int_equal(store_len(r.store), 0);
        feed_close(&f);
        store_close(r.store);
    }
}

static void one_more_uid_is_one_more_object(void **state)
{
    static const char stream[] = EVENT("ADDED", "one", "u1", "1", "") EVENT("MODIFIED", "one", "u2", "4", "");
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct reflector r = fake(&diary);
    struct feed f;
    feed_open(&f, &r);
    assert_ok(cx, feed_data(cx, &f, stream, strlen(stream)));
    assert_string_equal(diary.text, "A one 1; D one ; A one 4; ");
    feed_close(&f);
    store_close(r.store);
}

static void bad_lines_end_the_watch(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *part;
    } rows[] = {
        { "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"too old\",\"reason\":\"Expired\","
          "\"code\":410}}\n",
          ERR_GONE, "too old" },
        { "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"later\",\"code\":503}}\n",
          ERR_UNAVAILABLE, "later" },
        { "{\"type\":\"EXPLODED\",\"object\":{}}\n", ERR_INVALID, "unknown type \"EXPLODED\"" },
        { "{\"type\":\"ADDED\"}\n", ERR_INVALID, "unknown type \"ADDED\"" },
        { "<html>\n", ERR_INVALID, "watch event:1:1" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
        struct reflector r = fake(&diary);
        struct feed f;
        feed_open(&f, &r);
        assert_int_equal(feed_data(cx, &f, rows[i].line, strlen(rows[i].line)), rows[i].code);
        assert_error(cx, rows[i].code, rows[i].part);
        assert_string_equal(diary.text, "");
        feed_close(&f);
        store_close(r.store);
    }
}

static void drop_data(struct arena *a, struct doc *object)
{
    (void)a;
    doc_remove(object, "data");
}

static void index_by_data(struct watch_index *to, const struct doc *object)
{
    if (doc_text_at(object, "data", "source"))
        watch_index_add(to, "source", doc_text_at(object, "data", "source"));
}

static void stores_no_more_than_asked(void **state)
{
    static const char line[] =
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"one\",\"managedFields\":[{\"manager\":\"x\"}],\"uid\":"
        "\"u\"},\"data\":{\"source\":\"git\"}}}\n";
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct reflector r = fake(&diary);
    struct feed f;
    r.o.keep = drop_data;
    r.o.index = index_by_data;
    feed_open(&f, &r);
    assert_ok(cx, feed_data(cx, &f, line, strlen(line)));
    struct obj *o CLEANUP(obj_cleanup) = store_get(r.store, NULL, "one");
    assert_string_equal(
        o->text,
        "{\"metadata\":{\"name\":\"one\",\"uid\":\"u\"},\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}");
    assert_true(obj_has_index(o, "source", "git"));
    feed_close(&f);
    store_close(r.store);
}

static void metadata_only_drops_what_the_server_sent_too_much(void **state)
{
    static const char line[] =
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\","
        "\"metadata\":{\"name\":\"one\"},\"data\":{\"secret\":\"x\"},\"type\":\"Opaque\"}}\n";
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct reflector r = fake(&diary);
    struct feed f;
    r.query.metadata_only = true;
    feed_open(&f, &r);
    assert_ok(cx, feed_data(cx, &f, line, strlen(line)));
    struct obj *o CLEANUP(obj_cleanup) = store_get(r.store, "", "one");
    assert_string_equal(o->text,
                        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"one\"}}");
    feed_close(&f);
    store_close(r.store);
}

#define LIST  "GET /api/v1/configmaps?limit=500"
#define WATCH "GET /api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion="
#define ITEM(name, version)                                                                                  \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"uid\":\"u-" name                            \
    "\",\"resourceVersion\":\"" version "\"}}"

static struct reflector *start(struct ctx *cx, struct kube *k, struct diary *diary)
{
    struct reflector_options options = {
        .api_version = "v1", .kind = "ConfigMap", .on_event = write_down, .user = diary
    };
    struct reflector *r = NULL;
    assert_ok(cx, reflector_start(cx, k, &options, &r));
    return r;
}

static void lists_watches_and_lists_again(void **state)
{
    static const struct script_row rows[] = {
        SCRIPT_DISCOVERY,
        { LIST " ", 200, SCRIPT_JSON,
          "{\"metadata\":{\"resourceVersion\":\"10\",\"continue\":\"next\"},\"items\":[" ITEM("a", "1") "]}",
          false, 1 },
        { LIST "&continue=next ", 200, SCRIPT_JSON,
          "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[" ITEM("b", "2") "]}", false, 1 },
        { WATCH "10&timeoutSeconds=", 200, SCRIPT_JSON, EVENT("MODIFIED", "a", "u-a", "11", ""), false, 1 },
        { WATCH "11&", 410, SCRIPT_JSON,
          "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"too old\",\"reason\":\"Expired\",\"code\":410}",
          false, 1 },
        { LIST " ", 200, SCRIPT_JSON,
          "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" ITEM("b", "2") "," ITEM("c", "15") "]}",
          false, 1 },
        { WATCH "20&", 200, SCRIPT_JSON, EVENT("DELETED", "b", "u-b", "21", ""), true, 1 },
    };
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    struct reflector *r = start(cx, k, &diary);
    assert_ok(cx, reflector_wait_synced(cx, r));
    assert_true(reflector_synced(r));
    wait_for_entry(&diary, "D b");
    assert_string_equal(diary.text, "A a 1; A b 2; S; M a 1>11; A c 15; D a ; S; D b ; ");
    assert_int_equal(store_len(reflector_store(r)), 1);
    int64_t began = ctx_now_ms();
    reflector_stop(r);
    assert_in_range(ctx_now_ms() - began, 0, unit_slow(5000)); /* 100 on an idle machine */
    kube_close(k);
    script_stop(s);
}

static void a_failing_server_is_asked_again(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api", 503, NULL, "", false, 2 },
        SCRIPT_DISCOVERY,
        { LIST " ", 200, SCRIPT_JSON, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}", false, 0 },
        { WATCH "1", 200, SCRIPT_JSON, "", true, 0 },
    };
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    struct reflector *r = start(cx, k, &diary);
    cx->deadline_ms = ctx_now_ms() + 200;
    assert_int_equal(reflector_wait_synced(cx, r), ERR_TIMEOUT);
    assert_error(cx, ERR_TIMEOUT, "waiting for the first list of ConfigMap");
    cx->deadline_ms = ctx_now_ms() + 10000;
    assert_ok(cx, reflector_wait_synced(cx, r));
    wait_for_entry(&diary, "S; ");
    reflector_cancel(r);
    reflector_stop(r);
    kube_close(k);
    script_stop(s);
}

/* What one watch of a server that does as `row` says comes to. */
static int watch_once(struct ctx *cx, const struct script_row *row)
{
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct script *s = script_start(row, 1);
    struct reflector r = fake(&diary);
    s->cut_ms = 1200;
    r.k = script_client(cx, s, (struct kube_config){ 0 });
    relist_set_version(&r, "1");
    int rc = feed_watch(cx, &r);
    kube_close(r.k);
    script_stop(s);
    store_close(r.store);
    return rc;
}

static void a_stream_cut_late_is_renewed_but_a_server_that_never_answered_is_told_of(void **state)
{
    static const struct script_row cut = { WATCH "1", 200, NULL, " ", true, 0 };
    static const struct script_row mute = { WATCH "1", 0, NULL, NULL, false, 0 };
    struct ctx *cx = unit_cx(state);
    assert_ok(cx, watch_once(cx, &cut));
    assert_int_equal(watch_once(cx, &mute), ERR_UNAVAILABLE);
    assert_error(cx, ERR_UNAVAILABLE, "failed to watch configmaps");
}

static void a_kind_may_be_installed_later(void **state)
{
    static const struct script_row rows[] = {
        { "GET /api ", 200, SCRIPT_AGGREGATED, SCRIPT_APIS, false, 2 }, /* no core group in it */
        SCRIPT_DISCOVERY,
        { LIST " ", 404, NULL, "404 page not found\n", false, 2 }, /* known, but not served yet */
        { LIST " ", 200, SCRIPT_JSON,
          "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[" ITEM("a", "1") "]}", false, 0 },
        { WATCH "1", 200, SCRIPT_JSON, "", true, 0 },
    };
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    int64_t began = ctx_now_ms();
    struct reflector *r = start(cx, k, &diary);
    cx->deadline_ms = ctx_now_ms() + 10000;
    assert_ok(cx, reflector_wait_synced(cx, r));
    wait_for_entry(&diary, "S; A a 1; S; ");
    assert_in_range(ctx_now_ms() - began, 0,
                    unit_slow(4000)); /* 2200 on an idle machine; at our usual pace 12000 */
    assert_requested(s, "GET /api ", 3);
    reflector_stop(r);
    kube_close(k);
    script_stop(s);
}

static void stops_while_it_waits(void **state)
{
    static const struct script_row rows[] = { { "GET /api", 503, NULL, "", false, 0 } };
    struct ctx *cx = unit_cx(state);
    struct diary diary = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct script *s = script_start(rows, ARRAY_LEN(rows));
    struct kube *k = script_client(cx, s, (struct kube_config){ 0 });
    struct reflector *r = start(cx, k, &diary);
    usleep(300000);
    int64_t began = ctx_now_ms();
    reflector_stop(r);
    assert_in_range(ctx_now_ms() - began, 0, unit_slow(5000)); /* 100 on an idle machine */
    kube_close(k);
    script_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(streams_may_be_cut_anywhere),
        UNIT_TEST(one_more_uid_is_one_more_object),
        UNIT_TEST(bad_lines_end_the_watch),
        UNIT_TEST(stores_no_more_than_asked),
        UNIT_TEST(metadata_only_drops_what_the_server_sent_too_much),
        UNIT_TEST(lists_watches_and_lists_again),
        UNIT_TEST(a_failing_server_is_asked_again),
        UNIT_TEST(a_stream_cut_late_is_renewed_but_a_server_that_never_answered_is_told_of),
        UNIT_TEST(a_kind_may_be_installed_later),
        UNIT_TEST(stops_while_it_waits),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
