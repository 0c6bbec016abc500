/*
 * valuesfile.c: values as YAML; the contract is in valuesfile.h.
 */
#include "libgotk/helm/valuesfile.h"

#include "libgotk/doc/yml.h"

#define YAML_RULES (YML_11 | YML_LAST_WINS | YML_GO_ERRORS)

static void merge_tables(struct arena *a, struct doc *into, const struct doc *from)
{
    doc_each (member, from) {
        struct doc *old = doc_find(into, doc_key(member));
        if (doc_kind(old) == DOC_OBJECT && doc_kind(member) == DOC_OBJECT)
            merge_tables(a, old, member);
        else
            doc_set(a, into, doc_key(member), doc_copy(a, member));
    }
}

int valuesfile_parse(struct ctx *cx, struct strv text, const char *name, struct doc **ret)
{
    struct doc *docs, *values = doc_object(cx->arena);
    if (yml_parse_all_as(cx, text.p, text.n, name, YAML_RULES, &docs) < 0) {
        err_wrap(cx, "error converting YAML to JSON");
        return err_wrap(cx, "cannot unmarshal yaml document");
    }
    doc_each (d, docs)
        merge_tables(cx->arena, values, d);
    *ret = values;
    return 0;
}
