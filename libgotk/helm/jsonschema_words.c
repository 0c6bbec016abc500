/*
 * jsonschema_words.c: what is wrong, in the library's words.
 *
 * One row per problem; the letters behind % pick facts: g w counts got and wanted, G W numbers, n a name in quotes,
 * N names in quotes, t T m plain texts, k a type or several, v a value, V values, x positions. Any thread, no state.
 */
#include "libgotk/base/quote.h"
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define TEXT_MAX (4u << 20) /* of one message; what goes beyond is left out */

static const char *const words[] = {
    [PROBLEM_SCHEMA] = "jsonschema validation failed with %n",
    [PROBLEM_GROUP] = "validation failed",
    [PROBLEM_REFERENCE] = "validation failed",
    [PROBLEM_NOT] = "'not' failed",
    [PROBLEM_ALL_OF] = "'allOf' failed",
    [PROBLEM_ANY_OF] = "'anyOf' failed",
    [PROBLEM_NONE_OF] = "'oneOf' failed, none matched",
    [PROBLEM_TWO_OF] = "'oneOf' failed, subschemas %g, %w matched",
    [PROBLEM_FALSE] = "false schema",
    [PROBLEM_CYCLE] = "both %t and %m resolve to %T causing reference cycle",
    [PROBLEM_TYPE] = "got %t, want %k",
    [PROBLEM_ENUM] = "value must be one of %V",
    [PROBLEM_ENUM_ONE] = "value must be %V",
    [PROBLEM_ENUM_NESTED] = "'enum' failed",
    [PROBLEM_CONST] = "value must be %v",
    [PROBLEM_CONST_NESTED] = "'const' failed",
    [PROBLEM_FORMAT] = "%n is not valid %t: %m",
    [PROBLEM_MIN_PROPERTIES] = "minProperties: got %g, want %w",
    [PROBLEM_MAX_PROPERTIES] = "maxProperties: got %g, want %w",
    [PROBLEM_MIN_ITEMS] = "minItems: got %g, want %w",
    [PROBLEM_MAX_ITEMS] = "maxItems: got %g, want %w",
    [PROBLEM_ADDITIONAL_ITEMS] = "last %g additionalItem(s) not allowed",
    [PROBLEM_REQUIRED] = "missing properties %N",
    [PROBLEM_REQUIRED_ONE] = "missing property %N",
    [PROBLEM_DEPENDENCY] = "properties %N required, if %n exists",
    [PROBLEM_ADDITIONAL_PROPERTIES] = "additional properties %N not allowed",
    [PROBLEM_PROPERTY_NAME] = "invalid propertyName %n",
    [PROBLEM_UNIQUE] = "items at %g and %w are equal",
    [PROBLEM_CONTAINS] = "no items match contains schema",
    [PROBLEM_MIN_CONTAINS] = "min %w items required to match contains schema, but matched %g items at %x",
    [PROBLEM_MIN_CONTAINS_NONE] = "min %w items required to match contains schema, but none matched",
    [PROBLEM_MAX_CONTAINS] = "max %w items required to match contains schema, but matched %g items at %x",
    [PROBLEM_MIN_LENGTH] = "minLength: got %g, want %w",
    [PROBLEM_MAX_LENGTH] = "maxLength: got %g, want %w",
    [PROBLEM_PATTERN] = "%n does not match pattern %N",
    [PROBLEM_MINIMUM] = "minimum: got %G, want %W",
    [PROBLEM_MAXIMUM] = "maximum: got %G, want %W",
    [PROBLEM_EXCLUSIVE_MINIMUM] = "exclusiveMinimum: got %G, want %W",
    [PROBLEM_EXCLUSIVE_MAXIMUM] = "exclusiveMaximum: got %G, want %W",
    [PROBLEM_MULTIPLE_OF] = "multipleOf: got %G, want %W",
};

const char *schema_quoted(struct arena *a, const char *text)
{
    struct strv s = str_with_nuls(a, text);
    return quote_go(a, s.p, s.n);
}

/* %q with \" undone and ' escaped: a single quote behind a backslash stays as it is, so it gains one more. */
const char *schema_single_quoted(struct arena *a, const char *text)
{
    const char *quoted = schema_quoted(a, text);
    size_t n = strlen(quoted);
    struct buf out = buf_new(a, 2 * n + 2);
    buf_char(&out, '\'');
    for (size_t i = 1; i + 1 < n; i++) {
        if (quoted[i] == '\\' && quoted[i + 1] == '"')
            continue;
        if (quoted[i] == '\'')
            buf_char(&out, '\\');
        buf_char(&out, quoted[i]);
    }
    buf_char(&out, '\'');
    return buf_text(&out);
}

static void add_names(struct buf *out, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        buf_str(out, i ? ", " : "");
        buf_str(out, schema_single_quoted(out->arena, names->at[i]));
    }
}

static void add_types(struct buf *out, unsigned types)
{
    static const char *const names[] = {
        "null", "boolean", "number", "integer", "string", "array", "object"
    };
    const char *between = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(types & (1u << i)))
            continue;
        buf_fmt(out, "%s%s", between, names[i]);
        between = " or ";
    }
}

static void add_value(struct buf *out, const struct item *v)
{
    if (v->type == TYPE_STRING)
        buf_str(out, schema_single_quoted(out->arena, v->text));
    else if (v->type == TYPE_NUMBER)
        buf_str(out, v->text);
    else if (v->type == TYPE_BOOLEAN)
        buf_str(out, v->truth ? "true" : "false");
    else
        buf_str(out, v->type == TYPE_NULL ? "<nil>" : "value");
}

static void add_values(struct buf *out, const struct item *values)
{
    for (size_t i = 0; i < values->count; i++) {
        buf_str(out, i ? ", " : "");
        add_value(out, &values->at[i]);
    }
}

static void add_fact(struct buf *out, char letter, const struct facts *f)
{
    struct arena *a = out->arena;
    switch (letter) {
    case 'g':
        return buf_str(out, schema_count_english(a, f->got));
    case 'w':
        return buf_str(out, schema_count_english(a, f->want));
    case 'G':
        return buf_str(out, schema_number_english(a, f->got_number));
    case 'W':
        return buf_str(out, schema_number_english(a, f->want_number));
    case 'n':
        return buf_str(out, schema_single_quoted(a, f->name));
    case 'N':
        return add_names(out, &f->names);
    case 't':
        return buf_str(out, f->text);
    case 'T':
        return buf_str(out, schema_quoted(a, f->name));
    case 'm':
        return buf_str(out, f->more);
    case 'k':
        return add_types(out, f->types);
    case 'v':
        return add_value(out, f->value);
    case 'V':
        return add_values(out, f->values);
    default:
        return buf_str(out, f->indexes);
    }
}

const char *schema_words(struct arena *a, enum problem problem, const struct facts *facts)
{
    struct buf out = buf_new(a, TEXT_MAX);
    for (const char *p = words[problem]; *p; p++) {
        if (*p == '%')
            add_fact(&out, *++p, facts);
        else
            buf_char(&out, *p);
    }
    return buf_text(&out);
}
