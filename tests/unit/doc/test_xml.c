/*
 * test_xml.c: XML as documents: what services answer, and what is none.
 */
#include "libgotk/doc/json.h"
#include "libgotk/doc/xml.h"
#include "tests/unit/lib/unit.h"

static const char *read_xml(struct ctx *cx, const char *text)
{
    struct doc *d = NULL;
    assert_ok(cx, xml_parse(cx, text, strlen(text), "x", &d));
    return json_text(cx->arena, d, JSON_COMPACT);
}

static void elements_become_objects(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *xml;
        const char *json;
    } rows[] = {
        { "<a/>", "{\"a\":\"\"}" },
        { "<?xml version=\"1.0\"?>\n<!-- c -->\n<a> x </a>\n", "{\"a\":\" x \"}" },
        { "<a xmlns=\"urn:x\" b = '>'>1</a>", "{\"a\":\"1\"}" },
        { "<p:a><p:b>1</p:b><c>2</c></p:a>", "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}" },
        { "<a><b>1</b> <b/> <b><c>3</c></b></a>", "{\"a\":{\"b\":[\"1\",\"\",{\"c\":\"3\"}]}}" },
        { "<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x20AC;&#x1F600;</a>",
          "{\"a\":\"<&>\\\"'A\xE2\x82\xAC\xF0\x9F\x98\x80\"}" },
        { "<a>1<![CDATA[<b>&amp;]]>2<!-- <c> -->3</a>", "{\"a\":\"1<b>&amp;23\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(read_xml(cx, rows[i].xml), rows[i].json);
}

static void what_is_no_xml_is_refused(void **state)
{
    struct ctx *cx = unit_cx(state);
    static const struct {
        const char *xml;
        const char *message;
    } rows[] = {
        { "", "x:1: an element is expected" },
        { "{\"a\":1}", "x:1: an element is expected" },
        { "<a>\n<b></a>", "x:2: an end tag fits no start tag" },
        { "<a>", "x:1: an element does not end" },
        { "<a><b>", "x:1: an element does not end" },
        { "<a></a><b/>", "x:1: something follows the document" },
        { "<a b></a>", "an attribute has no value" },
        { "<a b=c></a>", "an attribute's value is not in quotes" },
        { "<a b=\"c></a>", "an attribute's value does not end" },
        { "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "document types are not taken" },
        { "<a>&e;</a>", "an entity is unknown" },
        { "<a>a & b</a>", "an ampersand starts no entity" },
        { "<a>&#0;</a>", "a character reference names no character" },
        { "<a>&#xD800;</a>", "a character reference names no character" },
        { "<a>\xFF</a>", "it is no text in UTF-8" },
        { "<a><![CDATA[x</a>", "a CDATA section does not end" },
        { "<!-- <a/>", "a comment does not end" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct doc *d = NULL;
        assert_int_equal(xml_parse(cx, rows[i].xml, strlen(rows[i].xml), "x", &d), ERR_INVALID);
        assert_error(cx, ERR_INVALID, rows[i].message);
        err_clear(cx);
    }
}

static void depth_is_limited(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct buf text = buf_new(cx->arena, 1 << 20);
    struct doc *d;
    for (int i = 0; i < 1000; i++)
        buf_str(&text, "<a>");
    assert_int_equal(xml_parse(cx, buf_text(&text), text.len, "x", &d), ERR_LIMIT);
    err_clear(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(elements_become_objects),
        UNIT_TEST(what_is_no_xml_is_refused),
        UNIT_TEST(depth_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
