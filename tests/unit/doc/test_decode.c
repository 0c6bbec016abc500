/* Field tables: every kind both ways, what is left out, and errors with their path. */
#include "libgotk/doc/decode.h"
#include "libgotk/doc/json.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

struct port {
    const char *name;
    int64_t number;
};

struct point {
    int64_t x;
    int64_t y;
};

struct thing {
    const char *name;
    bool enabled;
    bool kept;
    int64_t count;
    struct point at;
    struct point *maybe;
    const struct port *ports;
    size_t ports_count;
    const char *const *tags;
    size_t tags_count;
    const struct doc *values;
};

static const struct field port_fields[] = {
    FIELD(struct port, name, "name", FIELD_REQUIRED),
    FIELD(struct port, number, "number", 0),
    FIELD_END,
};

static const struct field point_fields[] = {
    FIELD(struct point, x, "x", 0),
    FIELD(struct point, y, "y", 0),
    FIELD_END,
};

static const struct field thing_fields[] = {
    FIELD(struct thing, name, "name", FIELD_REQUIRED),
    FIELD(struct thing, enabled, "enabled", 0),
    FIELD(struct thing, kept, "kept", FIELD_KEEP_EMPTY),
    FIELD(struct thing, count, "count", 0),
    FIELD_STRUCT(struct thing, at, "at", 0, point_fields),
    FIELD_POINTER(struct thing, maybe, "maybe", 0, point_fields),
    FIELD_LIST(struct thing, ports, ports_count, "ports", 0, port_fields),
    FIELD_STRING_LIST(struct thing, tags, tags_count, "tags", 0),
    FIELD(struct thing, values, "values", 0),
    FIELD_END,
};

static struct doc *read_json(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, json_parse(cx, text, strlen(text), "test", &d));
    return d;
}

static void decodes_and_encodes_every_kind(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *text =
        "{\"name\":\"n\",\"enabled\":true,\"kept\":false,\"count\":9007199254740993,"
        "\"at\":{\"x\":1},\"maybe\":{},\"ports\":[{\"name\":\"a\",\"number\":80},{\"name\":\"b\"}],"
        "\"tags\":[\"t\",\"\"],\"values\":{\"any\":[1.50]}}";
    struct thing t = { 0 };
    assert_ok(cx, decode_struct(cx, read_json(cx, text), thing_fields, "", &t));
    assert_string_equal(t.name, "n");
    assert_true(t.enabled && t.count == 9007199254740993);
    assert_int_equal(t.at.x, 1);
    assert_non_null(t.maybe);
    assert_int_equal(t.ports_count, 2);
    assert_int_equal(t.ports[0].number, 80);
    assert_string_equal(t.ports[1].name, "b");
    assert_int_equal(t.tags_count, 2);
    assert_string_equal(t.tags[0], "t");
    assert_string_equal(json_text(cx->arena, encode_struct(cx->arena, thing_fields, &t), 0), text);
}

static void leaves_out_what_is_empty(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct thing t = { 0 };
    const char *text = "{\"name\":\"\",\"count\":null,\"unknown\":[1],\"tags\":[],\"values\":null}";
    assert_ok(cx, decode_struct(cx, read_json(cx, text), thing_fields, "", &t));
    assert_int_equal(t.tags_count, 0);
    assert_null(t.maybe);
    assert_null(t.values);
    const struct doc *out = encode_struct(cx->arena, thing_fields, &t);
    assert_string_equal(json_text(cx->arena, out, 0), "{\"name\":\"\",\"kept\":false}");
}

static void names_the_path_of_what_is_wrong(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "{}", "spec.name: required, but missing" },
        { "{\"name\":null}", "spec.name: required, but missing" },
        { "{\"name\":1}", "spec.name: expected a string, got number" },
        { "{\"name\":\"n\",\"enabled\":\"true\"}", "spec.enabled: expected true or false, got string" },
        { "{\"name\":\"n\",\"count\":1.5}", "spec.count: expected a whole number, got number" },
        { "{\"name\":\"n\",\"count\":9223372036854775808}", "spec.count: expected a whole number" },
        { "{\"name\":\"n\",\"at\":[]}", "spec.at: expected an object, got array" },
        { "{\"name\":\"n\",\"maybe\":{\"y\":{}}}", "spec.maybe.y: expected a whole number, got object" },
        { "{\"name\":\"n\",\"ports\":{}}", "spec.ports: expected a list, got object" },
        { "{\"name\":\"n\",\"ports\":[{\"name\":\"a\"},{}]}", "spec.ports[1].name: required, but missing" },
        { "{\"name\":\"n\",\"ports\":[null]}", "spec.ports[0]: expected an object, got null" },
        { "{\"name\":\"n\",\"tags\":[\"a\",null]}", "spec.tags[1]: expected a string, got null" },
        { "[]", "spec: expected an object, got array" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct thing t = { 0 };
        assert_int_equal(decode_struct(cx, read_json(cx, rows[i].text), thing_fields, "spec", &t),
                         ERR_INVALID);
        assert_error(cx, ERR_INVALID, rows[i].error);
    }
    struct thing t = { 0 };
    assert_int_equal(decode_struct(cx, NULL, thing_fields, "", &t), ERR_INVALID);
    assert_error(cx, ERR_INVALID, "(document): expected an object, got null");
    assert_int_equal(decode_struct(cx, read_json(cx, "{}"), thing_fields, "", &t), ERR_INVALID);
    assert_string_equal(err_message(cx), "name: required, but missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(decodes_and_encodes_every_kind),
        UNIT_TEST(leaves_out_what_is_empty),
        UNIT_TEST(names_the_path_of_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
