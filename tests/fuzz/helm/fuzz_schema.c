/*
 * fuzz_schema.c: a chart's values.schema.json over values.
 *
 * Parts: the schema's text, the values as JSON; in a draft that the length picks. Whatever a stranger writes: there is a
 * verdict or an error with a message, and the same one the second time.
 */
#include "libgotk/base/str.h"
#include "libgotk/doc/json.h"
#include "libgotk/helm/chartschema.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

static const char *said(struct ctx *cx, const struct doc *schema, const struct doc *data,
                        const struct jsonschema_options *options)
{
    struct jsonschema *compiled = NULL;
    struct jsonschema_error *error = NULL;
    int rc = jsonschema_compile(cx, schema, options, &compiled);
    if (rc == 0)
        rc = jsonschema_validate(cx, compiled, data, &error);
    if (rc < 0) {
        fuzz_that(err_code(cx) == rc && *err_message(cx));
        const char *text = str_dup(cx->arena, err_message(cx));
        err_clear(cx);
        return text;
    }
    fuzz_that(!error || error->causes);
    return error ? jsonschema_error_text(cx, error) : "";
}

static void whole_chart(struct ctx *cx, const struct fuzz_part *schema, const struct doc *values)
{
    struct chartschema sub = { .name = "sub", .schema = schema->text, .schema_len = schema->len };
    struct chartschema chart = { .name = "chart",
                                 .schema = schema->text,
                                 .schema_len = schema->len,
                                 .dependencies = &sub,
                                 .dependency_count = 1 };
    if (chartschema_validate(cx, &chart, values, NULL) < 0)
        fuzz_that(*err_message(cx));
    err_clear(cx);
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    static const int drafts[] = { 4, 6, 7, 2019, 2020 };
    struct fuzz_part parts[2];
    struct doc *schema = NULL, *data = NULL;
    if (fuzz_parts(cx, text, len, parts, ARRAY_LEN(parts)) != 2)
        return;
    if (json_read_go(cx, parts[1].text, parts[1].len, &data) < 0)
        return;
    whole_chart(cx, &parts[0], data);
    if (json_read_go(cx, parts[0].text, parts[0].len, &schema) < 0)
        return;
    struct jsonschema_options options = { .draft = drafts[len % ARRAY_LEN(drafts)],
                                          .assert_format = len % 2 };
    const char *first = said(cx, schema, data, &options);
    fuzz_that(strcmp(first, said(cx, schema, data, &options)) == 0 || arena_exhausted(cx->arena));
}

static const char *const seeds[] = {
    "tests/golden/jsonschema/cases.jsonl#schema!,data!",
    NULL,
};

static const char *const words[] = {
    "\"$ref\":",
    "\"$id\":",
    "\"$schema\":",
    "\"$anchor\":",
    "\"$dynamicRef\":",
    "\"$dynamicAnchor\":",
    "\"$recursiveRef\":\"#\"",
    "\"$recursiveAnchor\":true",
    "\"$defs\":{",
    "\"definitions\":{",
    "\"allOf\":[",
    "\"anyOf\":[",
    "\"oneOf\":[",
    "\"not\":{",
    "\"if\":",
    "\"then\":",
    "\"else\":",
    "\"properties\":{",
    "\"patternProperties\":{",
    "\"additionalProperties\":",
    "\"unevaluatedProperties\":",
    "\"unevaluatedItems\":",
    "\"dependentSchemas\":{",
    "\"dependencies\":{",
    "\"propertyNames\":",
    "\"contains\":",
    "\"minContains\":",
    "\"prefixItems\":[",
    "\"items\":",
    "\"additionalItems\":",
    "\"format\":\"",
    "\"pattern\":\"",
    "\"multipleOf\":",
    "\"minimum\":",
    "\"const\":",
    "\"enum\":[",
    "\"uniqueItems\":true",
    "\"type\":",
    "\"required\":[",
    "#/definitions/",
    "#/$defs/",
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-04/schema#",
    "date-time",
    "duration",
    "hostname",
    "email",
    "ipv6",
    "json-pointer",
    "semver",
    "uri-template",
    "uuid",
    "1e308",
    "\\u0000",
    NULL,
};

const struct fuzz_target fuzz_target = { .run = run, .seeds = seeds, .words = words };
