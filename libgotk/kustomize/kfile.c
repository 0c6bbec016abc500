/*
 * kfile.c: see kfile.h. The rows mirror types.Kustomization of kustomize 5.8.1, deprecated fields included.
 */
#include "libgotk/kustomize/kfile.h"

#include "libgotk/base/str.h"
#include "libgotk/doc/yml.h"

#include <stdio.h>
#include <string.h>

const char *const kfile_names[] = { "kustomization.yaml", "kustomization.yml", "Kustomization", NULL };

/* clang-format off */
#define STRING(name)        { name, KSCHEMA_STRING, false, NULL, NULL }
#define BOOL(name)          { name, KSCHEMA_BOOL, false, NULL, NULL }
#define INT(name)           { name, KSCHEMA_INT, false, NULL, NULL }
#define ANY(name)           { name, KSCHEMA_ANY, false, NULL, NULL }
#define STRINGS(name)       { name, KSCHEMA_STRINGS, false, NULL, NULL }
#define MAP(name)           { name, KSCHEMA_MAP, false, NULL, NULL }
#define OBJECT(name, rows)  { name, KSCHEMA_OBJECT, false, rows, rows##_go }
#define OBJECTS(name, rows) { name, KSCHEMA_OBJECTS, false, rows, rows##_go }
#define END                 { NULL, KSCHEMA_END, false, NULL, NULL }

/* Of an embedded struct. */
#define IN_STRING(name)        { name, KSCHEMA_STRING, true, NULL, NULL }
#define IN_STRINGS(name)       { name, KSCHEMA_STRINGS, true, NULL, NULL }
#define IN_OBJECT(name, rows)  { name, KSCHEMA_OBJECT, true, rows, rows##_go }
#define IN_OBJECTS(name, rows) { name, KSCHEMA_OBJECTS, true, rows, rows##_go }

/* The Go types of these, which messages name. */
#define metadata_fields_go "ObjectMeta"
#define fieldspec_fields_go "FieldSpec"
#define label_fields_go "Label"
#define selector_fields_go "Selector"
#define patch_option_fields_go "PatchArgs"
#define patch_fields_go "Patch"
#define image_fields_go "Image"
#define replica_fields_go "Replica"
#define field_option_fields_go "FieldOptions"
#define source_fields_go "SourceSelector"
#define target_fields_go "TargetSelector"
#define replacement_fields_go "ReplacementField"
#define objref_fields_go "Target"
#define fieldref_fields_go "FieldSelector"
#define var_fields_go "Var"
#define generator_option_fields_go "GeneratorOptions"
#define configmap_fields_go "ConfigMapArgs"
#define secret_fields_go "SecretArgs"
#define helm_global_fields_go "HelmGlobals"
#define helm_chart_fields_go "HelmChart"
#define helm_inflation_fields_go "HelmChartArgs"
#define legacy_sort_fields_go "LegacySortOptions"
#define sort_fields_go "SortOptions"
#define value_target_fields_go     "Target"
#define account_fields_go          "ServiceAccount"

static const struct kschema metadata_fields[] = {
    STRING("name"), STRING("namespace"), MAP("labels"), MAP("annotations"), END,
};

#define GVK_FIELDS IN_STRING("group"), IN_STRING("version"), IN_STRING("kind")

static const struct kschema fieldspec_fields[] = {
    GVK_FIELDS, STRING("path"), BOOL("create"), END,
};

static const struct kschema label_fields[] = {
    MAP("pairs"), BOOL("includeSelectors"), BOOL("includeTemplates"), OBJECTS("fields", fieldspec_fields), END,
};

#define SELECTOR_FIELDS GVK_FIELDS, IN_STRING("name"), IN_STRING("namespace")

static const struct kschema selector_fields[] = {
    SELECTOR_FIELDS, STRING("labelSelector"), STRING("annotationSelector"), END,
};

static const struct kschema patch_option_fields[] = {
    BOOL("allowNameChange"), BOOL("allowKindChange"), END,
};

static const struct kschema patch_fields[] = {
    STRING("path"), STRING("patch"), OBJECT("target", selector_fields), OBJECT("options", patch_option_fields), END,
};

static const struct kschema image_fields[] = {
    STRING("name"), STRING("newName"), STRING("newTag"), STRING("digest"), STRING("tagSuffix"), END,
};

static const struct kschema replica_fields[] = {
    STRING("name"), INT("count"), END,
};

static const struct kschema field_option_fields[] = {
    STRING("delimiter"), INT("index"), STRING("encoding"), BOOL("create"), END,
};

static const struct kschema source_fields[] = {
    SELECTOR_FIELDS, STRING("fieldPath"), OBJECT("options", field_option_fields), END,
};

static const struct kschema target_fields[] = {
    OBJECT("select", selector_fields), OBJECTS("reject", selector_fields), STRINGS("fieldPaths"),
    OBJECT("options", field_option_fields), END,
};

static const struct kschema replacement_fields[] = {
    IN_OBJECT("source", source_fields), IN_OBJECTS("targets", target_fields), IN_STRING("sourceValue"),
    STRING("path"), END,
};

static const struct kschema objref_fields[] = {
    STRING("apiVersion"), GVK_FIELDS, STRING("name"), STRING("namespace"), END,
};

static const struct kschema fieldref_fields[] = {
    STRING("fieldPath"), END,
};

static const struct kschema var_fields[] = {
    STRING("name"), OBJECT("objref", objref_fields), OBJECT("fieldref", fieldref_fields), END,
};

static const struct kschema generator_option_fields[] = {
    MAP("labels"), MAP("annotations"), BOOL("disableNameSuffixHash"), BOOL("immutable"), END,
};

#define GENERATOR_FIELDS                                                                                     \
    IN_STRING("namespace"), IN_STRING("name"), IN_STRING("behavior"), IN_STRINGS("literals"),                \
        IN_STRINGS("files"), IN_STRINGS("envs"), IN_STRING("env"), IN_OBJECT("options", generator_option_fields)

static const struct kschema configmap_fields[] = {
    GENERATOR_FIELDS, END,
};

static const struct kschema secret_fields[] = {
    GENERATOR_FIELDS, STRING("type"), END,
};

static const struct kschema helm_global_fields[] = {
    STRING("chartHome"), STRING("configHome"), END,
};

static const struct kschema helm_chart_fields[] = {
    STRING("name"), STRING("version"), STRING("repo"), STRING("releaseName"), STRING("namespace"),
    STRING("valuesFile"), STRINGS("additionalValuesFiles"), ANY("valuesInline"), STRING("valuesMerge"),
    BOOL("includeCRDs"), BOOL("skipHooks"), STRINGS("apiVersions"), STRING("kubeVersion"),
    STRING("nameTemplate"), BOOL("skipTests"), BOOL("debug"), BOOL("devel"), END,
};

static const struct kschema helm_inflation_fields[] = {
    STRING("chartName"), STRING("chartVersion"), STRING("chartRepoUrl"), STRING("chartHome"),
    STRING("chartRepoName"), STRING("helmBin"), STRING("helmHome"), STRING("values"), ANY("valuesLocal"),
    STRING("valuesMerge"), STRING("releaseName"), STRING("releaseNamespace"), STRINGS("extraArgs"), END,
};

static const struct kschema legacy_sort_fields[] = {
    STRINGS("orderFirst"), STRINGS("orderLast"), END,
};

static const struct kschema sort_fields[] = {
    STRING("order"), OBJECT("legacySortOptions", legacy_sort_fields), END,
};

const struct kschema kfile_fields[] = {
    IN_STRING("apiVersion"),
    IN_STRING("kind"),
    OBJECT("metadata", metadata_fields),
    MAP("openapi"),
    STRING("namePrefix"),
    STRING("nameSuffix"),
    STRING("namespace"),
    MAP("commonLabels"),
    OBJECTS("labels", label_fields),
    MAP("commonAnnotations"),
    STRINGS("patchesStrategicMerge"),
    OBJECTS("patchesJson6902", patch_fields),
    OBJECTS("patches", patch_fields),
    OBJECTS("images", image_fields),
    OBJECTS("imageTags", image_fields),
    OBJECTS("replacements", replacement_fields),
    OBJECTS("replicas", replica_fields),
    OBJECTS("vars", var_fields),
    OBJECT("sortOptions", sort_fields),
    STRINGS("resources"),
    STRINGS("components"),
    STRINGS("crds"),
    STRINGS("bases"),
    OBJECTS("configMapGenerator", configmap_fields),
    OBJECTS("secretGenerator", secret_fields),
    OBJECT("helmGlobals", helm_global_fields),
    OBJECTS("helmCharts", helm_chart_fields),
    OBJECTS("helmChartInflationGenerator", helm_inflation_fields),
    OBJECT("generatorOptions", generator_option_fields),
    STRINGS("configurations"),
    STRINGS("generators"),
    STRINGS("transformers"),
    STRINGS("validators"),
    STRINGS("buildMetadata"),
    END,
};

#define PLUGIN_FIELDS STRING("apiVersion"), STRING("kind"), OBJECT("metadata", metadata_fields)
#define FIELD_SPECS   OBJECTS("fieldSpecs", fieldspec_fields)

const struct kschema kfile_patch_sm_config[] = {
    PLUGIN_FIELDS, STRINGS("paths"), STRING("patches"), END,
};

const struct kschema kfile_patch_config[] = {
    PLUGIN_FIELDS, STRING("path"), STRING("patch"), OBJECT("target", selector_fields),
    OBJECT("options", patch_option_fields), END,
};

const struct kschema kfile_patch_json_config[] = {
    PLUGIN_FIELDS, STRING("path"), STRING("jsonOp"), OBJECT("target", selector_fields), END,
};

const struct kschema kfile_namespace_config[] = {
    PLUGIN_FIELDS, FIELD_SPECS, BOOL("unsetOnly"), STRING("setRoleBindingSubjects"), END,
};

const struct kschema kfile_names_config[] = {
    PLUGIN_FIELDS, FIELD_SPECS, STRING("prefix"), STRING("suffix"), END,
};

const struct kschema kfile_labels_config[] = {
    PLUGIN_FIELDS, FIELD_SPECS, MAP("labels"), MAP("annotations"), END,
};

const struct kschema kfile_replicas_config[] = {
    PLUGIN_FIELDS, FIELD_SPECS, OBJECT("replica", replica_fields), END,
};

const struct kschema kfile_images_config[] = {
    PLUGIN_FIELDS, FIELD_SPECS, OBJECT("imageTag", image_fields), END,
};

const struct kschema kfile_replace_config[] = {
    PLUGIN_FIELDS, OBJECTS("replacements", replacement_fields), END,
};

const struct kschema kfile_replacement[] = {
    OBJECT("source", source_fields), OBJECTS("targets", target_fields), STRING("sourceValue"), END,
};

static const struct kschema value_target_fields[] = {
    OBJECT("selector", selector_fields), STRING("fieldPath"), INT("filePathPosition"), END,
};

const struct kschema kfile_valueadd_config[] = {
    PLUGIN_FIELDS, STRING("value"), OBJECTS("targets", value_target_fields), STRING("targetFilePath"), END,
};

const struct kschema kfile_value_targets[] = {
    OBJECTS("targets", value_target_fields), END,
};

static const struct kschema account_fields[] = {
    STRING("name"), STRING("namespace"), STRING("projectId"), END,
};

const struct kschema kfile_generator_config[] = {
    PLUGIN_FIELDS, GENERATOR_FIELDS, IN_STRING("type"), IN_STRING("cloud"),
    IN_OBJECT("kubernetesService", account_fields), IN_OBJECT("serviceAccount", account_fields), END,
};
/* clang-format on */

/* Deprecated fields and what stands in their place; the last column is upstream's remark. */
static const struct {
    const char *field;
    const char *instead;
    const char *remark;
} deprecated[] = {
    { "bases", "resources", "" },
    { "commonLabels", "labels", "" },
    { "imageTags", "images", "" },
    { "patchesJson6902", "patches", "" },
    { "patchesStrategicMerge", "patches", "" },
    { "vars", "replacements", "[EXPERIMENTAL] " },
};

void kfile_warn(const struct doc *d, void (*warn)(void *user, const char *line), void *user)
{
    for (size_t i = 0; warn && i < ARRAY_LEN(deprecated); i++) {
        char line[256];
        if (!doc_find(d, deprecated[i].field))
            continue;
        snprintf(
            line, sizeof(line),
            "# Warning: '%s' is deprecated. Please use '%s' instead. %sRun 'kustomize edit fix' to update your "
            "Kustomization automatically.",
            deprecated[i].field, deprecated[i].instead, deprecated[i].remark);
        warn(user, line);
    }
}

static bool is_component(const struct doc *d)
{
    return str_eq(doc_text_at(d, "kind"), "Component");
}

static void fill_type(struct arena *a, struct doc *d)
{
    if (str_empty(doc_text_at(d, "kind")))
        doc_set_text(a, d, "kind", "Kustomization");
    if (str_empty(doc_text_at(d, "apiVersion")))
        doc_set_text(a, d, "apiVersion", is_component(d) ? KFILE_COMPONENT_VERSION : KFILE_VERSION);
}

static int check_type(struct ctx *cx, const struct doc *d, const char *dir)
{
    const char *kind = str_or(doc_text_at(d, "kind"), "");
    const char *version = is_component(d) ? KFILE_COMPONENT_VERSION : KFILE_VERSION;
    bool bad_kind = strcmp(kind, "Kustomization") != 0 && !is_component(d);
    bool bad_version = !str_eq(doc_text_at(d, "apiVersion"), version);
    if (!bad_kind && !bad_version)
        return 0;
    const char *first = bad_kind ? "\nkind should be Kustomization or Component" : "";
    const char *second =
        bad_version ? str_fmt(cx->arena, "\napiVersion for %s should be %s", kind, version) : "";
    return err_fail(cx, ERR_INVALID, "Failed to read kustomization file under %s:%s%s", dir, first, second);
}

/* Nothing but kind and apiVersion: an empty list or map that is written down counts as something, "" does not. */
static bool is_empty(const struct doc *d)
{
    doc_each (member, d) {
        const char *key = doc_key(member);
        if (!strcmp(key, "kind") || !strcmp(key, "apiVersion") || str_eq(doc_text(member), ""))
            continue;
        return false;
    }
    return true;
}

int kfile_check(struct ctx *cx, struct doc *d, const char *file, const char *dir)
{
    if (kschema_check(cx, d, kfile_fields, KSCHEMA_STRICT, "Kustomization", file) < 0)
        return err_wrap(cx, "invalid Kustomization");
    fill_type(cx->arena, d);
    if (is_empty(d))
        return err_fail(cx, ERR_INVALID,
                        "kustomization.yaml is empty (%s): it needs at least one field, e.g. resources",
                        file);
    return check_type(cx, d, dir);
}

int kfile_parse(struct ctx *cx, const char *text, size_t len, const char *file, const char *dir,
                struct doc **ret)
{
    struct doc *docs = NULL;
    if (yml_parse_all_as(cx, text, len, file, YML_11 | YML_LAST_WINS | YML_FIRST, &docs) < 0)
        return err_wrap(cx, "invalid Kustomization: yaml");
    struct doc *d = doc_first(docs) ? doc_first(docs) : doc_object(cx->arena);
    if (kfile_check(cx, d, file, dir) < 0)
        return err_code(cx);
    *ret = d;
    return 0;
}
