/* Inventory ids both ways, stale entries, change set text. */
#include "libgotk/ssa/inventory.h"
#include "tests/unit/ssa/ssa_docs.h"

static const struct {
    const char *object;
    const char *id;
    const char *v;
} rows[] = {
    { "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'podinfo'}}", "_podinfo__Namespace", "v1" },
    { "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'a.b','namespace':'n'}}",
      "n_a.b_apps_Deployment", "v1" },
    { "{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','metadata':{'name':'system:x:y'}}",
      "_system__x__y_rbac.authorization.k8s.io_ClusterRole", "v1" },
    { "{'apiVersion':'batch/v1beta1','kind':'CronJob','metadata':{'name':'c','namespace':'n'}}",
      "n_c_batch_CronJob", "v1beta1" },
};

static void writes_ids_as_upstream(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(inventory_id(cx->arena, json_of(cx, rows[i].object)), rows[i].id);
}

static void reads_ids_back(void **state)
{
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct inventory_entry entry = { .id = rows[i].id, .v = rows[i].v };
        struct doc *object = NULL;
        assert_ok(cx, inventory_object(cx, &entry, &object));
        assert_true(doc_equal(object, json_of(cx, rows[i].object)));
    }
}

static void refuses_malformed_ids(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const char *const bad[] = { "", "a", "a_b", "a_b_c", "____", "n_name_group_" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct inventory_entry entry = { .id = bad[i], .v = "v1" };
        struct doc *object;
        assert_int_equal(inventory_object(cx, &entry, &object), ERR_INVALID);
        assert_error(cx, ERR_INVALID, "unable to parse stored object metadata");
    }
}

static void finds_what_left_the_set(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct changes set = { 0 };
    change_add(cx->arena, &set, json_of(cx, rows[0].object), CHANGE_UNCHANGED);
    change_add(cx->arena, &set, json_of(cx, rows[1].object), CHANGE_CREATED);
    change_add(cx->arena, &set, json_of(cx, rows[1].object), CHANGE_CREATED);
    struct inventory *now = inventory_of_changes(cx->arena, &set);
    assert_int_equal(now->entries_count, 3);
    struct inventory_entry entries[] = { { rows[1].id, "v1beta1" }, { rows[2].id, "v1" } };
    struct inventory old = { entries, 2 };
    struct inventory *stale = inventory_stale(cx->arena, &old, now);
    assert_int_equal(stale->entries_count, 1);
    assert_string_equal(stale->entries[0].id, rows[2].id);
    inventory_append(cx->arena, now, entries, 2);
    assert_int_equal(now->entries_count, 4);
    assert_int_equal(inventory_stale(cx->arena, NULL, now)->entries_count, 0);
}

static void prints_change_sets(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct changes set = { 0 };
    assert_string_equal(change_text(cx->arena, &set, false), "");
    change_add(cx->arena, &set, json_of(cx, rows[0].object), CHANGE_UNCHANGED);
    change_add(cx->arena, &set, json_of(cx, rows[1].object), CHANGE_CREATED);
    change_add(cx->arena, &set, json_of(cx, rows[3].object), CHANGE_CONFIGURED);
    assert_string_equal(change_text(cx->arena, &set, true),
                        "Deployment/n/a.b created\nCronJob/n/c configured");
    assert_string_equal(change_text(cx->arena, &set, false),
                        "Namespace/podinfo unchanged\nDeployment/n/a.b created\nCronJob/n/c configured");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(writes_ids_as_upstream),  UNIT_TEST(reads_ids_back),     UNIT_TEST(refuses_malformed_ids),
        UNIT_TEST(finds_what_left_the_set), UNIT_TEST(prints_change_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
