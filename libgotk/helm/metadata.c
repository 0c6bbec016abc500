/*
 * metadata.c: the fields of Chart.yaml and the checks on them; the contract is in metadata.h.
 */
#include "libgotk/helm/metadata.h"

#include "libgotk/base/gopath.h"
#include "libgotk/base/map.h"
#include "libgotk/base/quote.h"
#include "libgotk/base/semver.h"
#include "libgotk/helm/godecode.h"

#include <string.h>

static const struct godecode_field maintainer_fields[] = {
    { "name", GODECODE_CLEAN_TEXT, false, NULL },
    { "email", GODECODE_CLEAN_TEXT, false, NULL },
    { "url", GODECODE_CLEAN_TEXT, false, NULL },
};
static const struct godecode_struct maintainer = { "v2", "Maintainer", maintainer_fields,
                                                   ARRAY_LEN(maintainer_fields) };

static const struct godecode_field dependency_fields[] = {
    { "name", GODECODE_CLEAN_TEXT, true, NULL },
    { "version", GODECODE_CLEAN_TEXT, false, NULL },
    { "repository", GODECODE_CLEAN_TEXT, true, NULL },
    { "condition", GODECODE_CLEAN_TEXT, false, NULL },
    { "tags", GODECODE_TEXTS, false, NULL },
    { "enabled", GODECODE_BOOL, false, NULL },
    { "import-values", GODECODE_ANYTHING, false, NULL },
    { "alias", GODECODE_TEXT, false, NULL },
};
static const struct godecode_struct dependency = { "v2", "Dependency", dependency_fields,
                                                   ARRAY_LEN(dependency_fields) };

static const struct godecode_field metadata_fields[] = {
    { "name", GODECODE_CLEAN_TEXT, false, NULL },
    { "home", GODECODE_CLEAN_TEXT, false, NULL },
    { "sources", GODECODE_TEXTS, false, NULL },
    { "version", GODECODE_TEXT, false, NULL },
    { "description", GODECODE_CLEAN_TEXT, false, NULL },
    { "keywords", GODECODE_TEXTS, false, NULL },
    { "maintainers", GODECODE_STRUCTS, false, &maintainer },
    { "icon", GODECODE_CLEAN_TEXT, false, NULL },
    { "apiVersion", GODECODE_TEXT, false, NULL },
    { "condition", GODECODE_CLEAN_TEXT, false, NULL },
    { "tags", GODECODE_CLEAN_TEXT, false, NULL },
    { "appVersion", GODECODE_CLEAN_TEXT, false, NULL },
    { "deprecated", GODECODE_BOOL, false, NULL },
    { "annotations", GODECODE_TEXT_MAP, false, NULL },
    { "kubeVersion", GODECODE_CLEAN_TEXT, false, NULL },
    { "dependencies", GODECODE_STRUCTS, false, &dependency },
    { "type", GODECODE_TEXT, false, NULL },
};
static const struct godecode_struct metadata = { "v2", "Metadata", metadata_fields,
                                                 ARRAY_LEN(metadata_fields) };

static const struct godecode_field lock_fields[] = {
    { "generated", GODECODE_TIME, true, NULL },
    { "digest", GODECODE_TEXT, true, NULL },
    { "dependencies", GODECODE_STRUCTS, true, &dependency },
};
static const struct godecode_struct lock = { "v2", "Lock", lock_fields, ARRAY_LEN(lock_fields) };

static const struct godecode_field base_fields[] = { { "apiVersion", GODECODE_TEXT, false, NULL } };
static const struct godecode_struct base = { "loader", "chartBase", base_fields, ARRAY_LEN(base_fields) };

int metadata_read(struct ctx *cx, struct strv text, struct doc *into)
{
    bool null;
    return godecode_yaml(cx, text.p, text.n, &metadata, into, &null);
}

int metadata_read_lock(struct ctx *cx, struct strv text, const struct doc **ret)
{
    bool null;
    struct doc *d = doc_object(cx->arena);
    if (godecode_yaml(cx, text.p, text.n, &lock, d, &null) < 0)
        return err_code(cx);
    *ret = null ? NULL : godecode_ordered(cx->arena, &lock, d);
    return 0;
}

int metadata_read_version(struct ctx *cx, struct strv text, const char **ret)
{
    bool null;
    struct doc *d = doc_object(cx->arena);
    if (godecode_yaml(cx, text.p, text.n, &base, d, &null) < 0)
        return err_code(cx);
    *ret = str_or(doc_text(doc_find(d, "apiVersion")), "");
    return 0;
}

struct doc *metadata_ordered(struct arena *a, const struct doc *d)
{
    return godecode_ordered(a, &metadata, d);
}

/* -- validation --------------------------------------------------------------------------------------------------- */

static const char *field(const struct doc *d, const char *key)
{
    return str_or(doc_text(doc_find(d, key)), "");
}

static int invalid(struct ctx *cx, const char *message)
{
    return err_fail(cx, ERR_INVALID, "validation: %s", message);
}

/* A message with one quoted word in it. */
static int invalid_word(struct ctx *cx, const char *before, const char *word, const char *after)
{
    return err_fail(cx, ERR_INVALID, "validation: %s %s%s", before, quote_go(cx->arena, word, strlen(word)),
                    after);
}

static bool is_alias(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return s[strspn(s, allowed)] == '\0';
}

static int validate_dependencies(struct ctx *cx, const struct doc *list)
{
    struct map seen = map_new(cx->arena);
    doc_each (d, list) {
        const char *alias = field(d, "alias"), *key = str_or(alias, field(d, "name"));
        if (doc_kind(d) == DOC_NULL)
            return invalid(cx, "dependencies must not contain empty or null nodes");
        if (!is_alias(alias))
            return invalid_word(cx, "dependency", field(d, "name"),
                                " has disallowed characters in the alias");
        if (map_has(&seen, key))
            return invalid_word(cx, "more than one dependency with name or alias", key, "");
        map_set(&seen, key, d);
    }
    return 0;
}

static int validate_name(struct ctx *cx, const char *name)
{
    struct strv base_name = gopath_base((struct strv){ name, strlen(name) });
    if (!*name)
        return invalid(cx, "chart.metadata.name is required");
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return invalid_word(cx, "chart.metadata.name", name, " is not allowed");
    if (base_name.n != strlen(name))
        return invalid_word(cx, "chart.metadata.name", name, " is invalid");
    return 0;
}

static int validate_version(struct ctx *cx, const char *version)
{
    struct semver parsed;
    if (!*version)
        return invalid(cx, "chart.metadata.version is required");
    if (semver_parse(cx, version, &parsed) < 0)
        return invalid_word(cx, "chart.metadata.version", version, " is invalid");
    return 0;
}

int metadata_validate(struct ctx *cx, const struct doc *d)
{
    const char *type = field(d, "type");
    if (!*field(d, "apiVersion"))
        return invalid(cx, "chart.metadata.apiVersion is required");
    if (validate_name(cx, field(d, "name")) < 0 || validate_version(cx, field(d, "version")) < 0)
        return err_code(cx);
    if (*type && strcmp(type, "application") != 0 && strcmp(type, "library") != 0)
        return invalid(cx, "chart.metadata.type must be application or library");
    doc_each (m, doc_find(d, "maintainers"))
        if (doc_kind(m) == DOC_NULL)
            return invalid(cx, "maintainers must not contain empty or null nodes");
    return validate_dependencies(cx, doc_find(d, "dependencies"));
}
