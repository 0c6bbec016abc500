/*
 * jsonschema_draft.c: the drafts of JSON Schema, and what they are called.
 *
 * One row per draft. Vocabularies count from 2019-09 on. Any thread, no state.
 */
#include "libgotk/helm/jsonschema_parts.h"

#include <string.h>

#define BEFORE_VOCABULARIES 2019

static const char *const none[] = { NULL };
static const char *const vocabs_2019[] = { "core",   "applicator", "validation", "meta-data",
                                           "format", "content",    NULL };
static const char *const default_2019[] = { "core", "applicator", "validation", NULL };
static const char *const vocabs_2020[] = { "core",      "applicator",        "unevaluated",      "validation",
                                           "meta-data", "format-annotation", "format-assertion", "content",
                                           NULL };
static const char *const default_2020[] = { "core", "applicator", "unevaluated", "validation", NULL };

/* clang-format off */
static const struct draft drafts[] = {
    { 4, "http://json-schema.org/draft-04/schema", "id", "", none, none },
    { 6, "http://json-schema.org/draft-06/schema", "$id", "", none, none },
    { 7, "http://json-schema.org/draft-07/schema", "$id", "", none, none },
    { 2019, "https://json-schema.org/draft/2019-09/schema", "$id",
      "https://json-schema.org/draft/2019-09/vocab/", vocabs_2019, default_2019 },
    { 2020, "https://json-schema.org/draft/2020-12/schema", "$id",
      "https://json-schema.org/draft/2020-12/vocab/", vocabs_2020, default_2020 },
};
/* clang-format on */
#define DRAFTS (sizeof(drafts) / sizeof(drafts[0]))

const struct draft *schema_draft(int version)
{
    for (size_t i = 0; i < DRAFTS; i++)
        if (drafts[i].version == version)
            return &drafts[i];
    return NULL;
}

static const char *behind_scheme(const char *url)
{
    if (str_starts(url, "http://"))
        return url + strlen("http://");
    return str_starts(url, "https://") ? url + strlen("https://") : url;
}

const struct draft *schema_draft_of_url(struct arena *a, const char *url)
{
    const char *hash = strchr(url, '#'), *bare = behind_scheme(schema_url_bare(a, url));
    if (hash && hash[1])
        return NULL;
    if (strcmp(bare, "json-schema.org/schema") == 0)
        return schema_draft(SCHEMA_LATEST);
    for (size_t i = 0; i < DRAFTS; i++)
        if (strcmp(behind_scheme(drafts[i].url), bare) == 0)
            return &drafts[i];
    return NULL;
}

bool schema_has_vocab(const struct dialect *d, const char *name)
{
    if (!name || strcmp(name, "core") == 0 || d->draft->version < BEFORE_VOCABULARIES)
        return true;
    for (const char *const *v = d->vocabs ? d->vocabs : d->draft->default_vocabs; *v; v++)
        if (strcmp(*v, name) == 0)
            return true;
    return false;
}
