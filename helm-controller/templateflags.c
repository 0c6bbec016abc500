/*
 * templateflags.c: one row per flag of `helm template`; the contract is in templateflags.h.
 *
 * Flags that only say how a chart is downloaded, or how a release is installed, mean nothing for a local chart that is only
 * rendered: helm takes them without a word, and so do we. Flags that would do something we do not are refused.
 */
#include "helm-controller/templateflags.h"

#include "libgotk/base/quote.h"
#include "libgotk/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct templateflags templateflags;

/* What is taken and means nothing. */
static struct {
    const char *text;
    bool on;
    int64_t number;
    double real;
    struct str_list list;
} ignored;

static bool force_replace, force, force_conflicts, dry_run_given, debug_given;

static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };

#define WHY_CLUSTER  "a chart is rendered here without a cluster"
#define WHY_DOWNLOAD "charts are read from a folder or a .tgz here: fetch it first, e.g. with `helm pull`"
#define WHY_PROGRAMS "no programs of others are run here: pipe the output into the program"
#define WHY_DNS      "no names are resolved while a chart is rendered: getHostByName gives \"\""

/* clang-format off */
enum refused { DEPENDENCY_UPDATE, ENABLE_DNS, POST_RENDERER, REPO, VALIDATE, VERIFY, REFUSED_COUNT };
static struct { const char *name; const char *why; bool on, given; const char *text; } refusals[REFUSED_COUNT] = {
    [DEPENDENCY_UPDATE] = { .name = "dependency-update", .why = "dependencies must be in the chart's charts folder: run `helm dependency build` first" },
    [ENABLE_DNS] = { .name = "enable-dns", .why = WHY_DNS },
    [POST_RENDERER] = { .name = "post-renderer", .why = WHY_PROGRAMS },
    [REPO] = { .name = "repo", .why = WHY_DOWNLOAD },
    [VALIDATE] = { .name = "validate", .why = WHY_CLUSTER },
    [VERIFY] = { .name = "verify", .why = "signatures of charts are not checked here" },
};

static int check_label(struct ctx *cx, const char *value);
static int check_wait(struct ctx *cx, const char *value);
static int check_color(struct ctx *cx, const char *value);

#define NO_EFFECT          " Of no effect here."
#define TEXT(n, t, h)      { .name = (n), .kind = FLAG_STRING, .target = &templateflags.t, .help = (h) }
#define BOOL(n, t, h)      { .name = (n), .kind = FLAG_BOOL, .target = &templateflags.t, .help = (h) }
#define ARRAY(n, t, h)     { .name = (n), .kind = FLAG_ARRAY, .target = &templateflags.t, .help = (h) }
#define MOOT_TEXT(n, h)    { .name = (n), .kind = FLAG_STRING, .target = &ignored.text, .help = h NO_EFFECT }
#define MOOT_BOOL(n, h)    { .name = (n), .kind = FLAG_BOOL, .target = &ignored.on, .help = h NO_EFFECT }
#define REFUSED(n, k, t, i, h) { .name = (n), .kind = (k), .target = &refusals[i].t, .help = "Refused: " h }
#define OLD(n, t, d)       { .name = (n), .kind = FLAG_BOOL, .target = (t), .deprecated = (d) }

const struct flag templateflags_rows[TEMPLATEFLAGS_COUNT] = {
    { .name = "namespace", .shorthand = 'n', .kind = FLAG_STRING, .target = &templateflags.ns, .env = "HELM_NAMESPACE",
      .help = "The release's namespace; without it that of the kubeconfig's context, or 'default'." },
    { .name = "values", .shorthand = 'f', .kind = FLAG_LIST, .target = &templateflags.values, .help = "A YAML file with values, '-' for the standard input; later ones win." },
    ARRAY("set", set, "Values as a.b=1,c={x,y}."),
    ARRAY("set-file", set_file, "Values from files: key=path."),
    ARRAY("set-json", set_json, "Values in JSON: key={\"a\": 1}, or a whole object."),
    ARRAY("set-literal", set_literal, "One value, taken as it is: key=text."),
    ARRAY("set-string", set_string, "Values as for --set that stay strings."),
    { .name = "api-versions", .shorthand = 'a', .kind = FLAG_LIST, .target = &templateflags.api_versions, .help = "Further versions for .Capabilities.APIVersions." },
    TEXT("kube-version", kube_version, "The version for .Capabilities.KubeVersion."),
    { .name = "show-only", .shorthand = 's', .kind = FLAG_ARRAY, .target = &templateflags.show_only, .help = "Print only what comes of this template; may hold * and ?." },
    TEXT("output-dir", output_dir, "Write each template's output to a file of its own below this folder."),
    BOOL("release-name", release_name, "Put a folder named after the release between the two."),
    BOOL("include-crds", include_crds, "Print the chart's crds folder too."),
    BOOL("is-upgrade", is_upgrade, "Set .Release.IsUpgrade instead of .Release.IsInstall."),
    BOOL("no-hooks", no_hooks, "Leave hooks out."),
    BOOL("skip-tests", skip_tests, "Leave test hooks out."),
    BOOL("skip-schema-validation", skip_schema_validation, "Do not hold the values against values.schema.json."),
    TEXT("name-template", name_template, "A template that makes the release's name."),
    { .name = "generate-name", .shorthand = 'g', .kind = FLAG_BOOL, .target = &templateflags.generate_name, .help = "Accepted without a NAME." },
    { .name = "labels", .shorthand = 'l', .kind = FLAG_LIST, .target = &templateflags.labels, .check = check_label, .help = "Labels of the release, key=value." },
    { .name = "debug", .kind = FLAG_BOOL, .target = &templateflags.debug, .given = &debug_given, .help = "Print also what is no valid YAML, and more messages." },
    { .name = "dry-run", .kind = FLAG_STRING, .target = &templateflags.dry_run, .fallback = "client", .alone = "unset", .given = &dry_run_given, .help = "'client'; 'server' is refused." },
    { .name = "kubeconfig", .kind = FLAG_STRING, .target = &templateflags.kubeconfig, .env = "KUBECONFIG", .help = "Where the namespace comes from." },
    { .name = "kube-context", .kind = FLAG_STRING, .target = &templateflags.kube_context, .env = "HELM_KUBECONTEXT", .help = "The context there." },
    TEXT("version", version, "The version of a chart to fetch." NO_EFFECT),
    BOOL("devel", devel, "Pre-releases of a chart to fetch." NO_EFFECT),

    REFUSED("dependency-update", FLAG_BOOL, on, DEPENDENCY_UPDATE, "dependencies must be there."),
    REFUSED("enable-dns", FLAG_BOOL, on, ENABLE_DNS, "no names are resolved."),
    REFUSED("post-renderer", FLAG_STRING, text, POST_RENDERER, "no programs are run."),
    REFUSED("repo", FLAG_STRING, text, REPO, "charts are local."),
    REFUSED("verify", FLAG_BOOL, on, VERIFY, "signatures are not checked."),
    { .name = "validate", .kind = FLAG_BOOL, .target = &refusals[VALIDATE].on, .given = &refusals[VALIDATE].given, .deprecated = "use '--dry-run=server' instead" },

    MOOT_BOOL("create-namespace", "Create the namespace."),
    MOOT_TEXT("description", "The release's description."),
    MOOT_BOOL("disable-openapi-validation", "Do not hold manifests against the cluster's schemas."),
    { .name = "force-conflicts", .kind = FLAG_BOOL, .target = &force_conflicts, .help = "Take fields from other managers." NO_EFFECT },
    { .name = "force-replace", .kind = FLAG_BOOL, .target = &force_replace, .help = "Replace objects." NO_EFFECT },
    OLD("force", &force, "use --force-replace instead"),
    MOOT_BOOL("replace", "Use the name of a deleted release again."),
    MOOT_BOOL("rollback-on-failure", "Undo an installation that fails."),
    OLD("atomic", &ignored.on, "use --rollback-on-failure instead"),
    { .name = "server-side", .kind = FLAG_BOOL, .target = &ignored.on, .fallback = "true", .help = "Apply on the server." NO_EFFECT },
    MOOT_BOOL("skip-crds", "Do not install CRDs."),
    MOOT_BOOL("take-ownership", "Adopt objects of others."),
    { .name = "timeout", .kind = FLAG_DURATION, .target = &ignored.number, .fallback = "5m0s", .help = "The time for each operation." NO_EFFECT },
    { .name = "wait", .kind = FLAG_STRING, .target = &ignored.text, .fallback = "hookOnly", .alone = "watcher", .check = check_wait, .help = "Wait until all is ready." NO_EFFECT },
    MOOT_BOOL("wait-for-jobs", "Wait for Jobs too."),
    OLD("hide-notes", &ignored.on, "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    OLD("render-subchart-notes", &ignored.on, "this flag has no effect for 'helm template' and will be removed in Helm 5"),
    MOOT_TEXT("ca-file", "Authorities for the chart's download."),
    MOOT_TEXT("cert-file", "A certificate for the chart's download."),
    MOOT_TEXT("key-file", "A key for the chart's download."),
    MOOT_BOOL("insecure-skip-tls-verify", "Trust any server at the chart's download."),
    MOOT_TEXT("keyring", "Keys for --verify."),
    MOOT_BOOL("pass-credentials", "Send credentials to all domains."),
    { .name = "post-renderer-args", .kind = FLAG_ARRAY, .target = &ignored.list, .help = "What --post-renderer is given." NO_EFFECT },
    MOOT_TEXT("password", "A password for the chart's download."),
    MOOT_TEXT("username", "A name for the chart's download."),
    MOOT_BOOL("plain-http", "Download without TLS."),
    { .name = "burst-limit", .kind = FLAG_INT, .target = &ignored.number, .fallback = "100", .help = "Requests at once." NO_EFFECT },
    { .name = "qps", .kind = FLAG_FLOAT, .target = &ignored.real, .help = "Requests a second." NO_EFFECT },
    { .name = "color", .kind = FLAG_STRING, .target = &ignored.text, .fallback = "auto", .check = check_color, .help = "Colours." NO_EFFECT },
    { .name = "colour", .kind = FLAG_STRING, .target = &ignored.text, .fallback = "auto", .check = check_color, .help = "Colours." NO_EFFECT },
    MOOT_TEXT("content-cache", "Where downloads are kept."),
    MOOT_TEXT("kube-apiserver", "The API server."),
    { .name = "kube-as-group", .kind = FLAG_ARRAY, .target = &ignored.list, .help = "Groups to act as." NO_EFFECT },
    MOOT_TEXT("kube-as-user", "Whom to act as."),
    MOOT_TEXT("kube-ca-file", "The API server's authority."),
    MOOT_BOOL("kube-insecure-skip-tls-verify", "Trust any API server."),
    MOOT_TEXT("kube-tls-server-name", "The API server's name."),
    MOOT_TEXT("kube-token", "A token for the API server."),
    MOOT_TEXT("registry-config", "Credentials of registries."),
    MOOT_TEXT("repository-cache", "Where repositories' indexes are kept."),
    MOOT_TEXT("repository-config", "The list of repositories."),
};
/* clang-format on */

static int check_label(struct ctx *cx, const char *value)
{
    if (!strchr(value, '='))
        return err_fail(cx, ERR_INVALID, "%s must be formatted as key=value", value);
    return 0;
}

static int check_wait(struct ctx *cx, const char *value)
{
    static const char *const known[] = { "watcher", "hookOnly", "legacy", "true", "false" };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(known[i], value))
            return 0;
    return err_fail(cx, ERR_INVALID, "invalid wait input %s. Valid inputs are watcher, hookOnly, and legacy",
                    quote_go(cx->arena, value, strlen(value)));
}

static int check_color(struct ctx *cx, const char *value)
{
    if (str_eq(value, "auto") || str_eq(value, "always") || str_eq(value, "never"))
        return 0;
    return err_fail(cx, ERR_INVALID, "invalid color mode %s: must be one of: never, auto, always",
                    quote_go(cx->arena, value, strlen(value)));
}

static int exclude(struct ctx *cx, const char *a, const char *b)
{
    bool sorted = strcmp(a, b) < 0;
    return err_fail(
        cx, ERR_INVALID,
        "if any flags in the group [%s %s] are set none of the others can be; [%s %s] were all set", a, b,
        sorted ? a : b, sorted ? b : a);
}

/* --dry-run as helm reads it: a word, or the boolean it once was. */
static int check_dry_run(struct ctx *cx)
{
    const char *v = templateflags.dry_run;
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False", "none" };
    if (str_eq(v, "unset"))
        fputs("level=WARN msg=\"--dry-run is deprecated and should be replaced with '--dry-run=client'\"\n",
              stderr);
    if (str_eq(v, "client") || str_eq(v, "unset"))
        return 0;
    if (str_eq(v, "server"))
        return err_fail(cx, ERR_UNSUPPORTED, "--dry-run=server is not supported: " WHY_CLUSTER);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (str_eq(no[i], v))
            return err_fail(cx, ERR_INVALID,
                            "invalid dry-run value (\"%s\"). Must be \"server\" or \"client\"", v);
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (str_eq(yes[i], v)) {
            fprintf(stderr,
                    "level=WARN msg=\"boolean '--dry-run=%s' flag is deprecated and must be replaced with "
                    "'--dry-run=client'\"\n",
                    v);
            return 0;
        }
    return err_fail(cx, ERR_INVALID,
                    "invalid dry-run value (%s). Must be \"none\", \"server\", or \"client\"",
                    quote_go(cx->arena, v, strlen(v)));
}

/* What is no boolean counts as false there. */
static void take_environment(void)
{
    for (size_t i = 0; i < ARRAY_LEN(yes) && !debug_given; i++)
        templateflags.debug = templateflags.debug || str_eq(getenv("HELM_DEBUG"), yes[i]);
}

int templateflags_check(struct ctx *cx)
{
    take_environment();
    if (force_replace && force_conflicts)
        return exclude(cx, "force-replace", "force-conflicts");
    if (force && force_conflicts)
        return exclude(cx, "force", "force-conflicts");
    if (refusals[VALIDATE].given && dry_run_given)
        return exclude(cx, "validate", "dry-run");
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (refusals[i].on || !str_empty(refusals[i].text))
            return err_fail(cx, ERR_UNSUPPORTED, "--%s is not supported: %s", refusals[i].name,
                            refusals[i].why);
    return check_dry_run(cx);
}
