/*
 * buildcommand.c: `kustomize-controller build [DIR]`: what the engine makes of a folder, with the options of `kustomize build`.
 *
 * The defaults are those of `kustomize build`, so that a script only changes the program's name; the help says which two
 * options give what the controller does. What runs programs of others (Helm, functions, plugins) is refused by name when
 * it is asked for, not when it is met. Main thread, no cluster.
 */
#include "kustomize-controller/buildcommand.h"

#include "kustomize-controller/bases.h"
#include "libgotk/base/fs.h"
#include "libgotk/base/str.h"
#include "libgotk/kustomize/repospec.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define RESTRICT_ROOT "LoadRestrictionsRootOnly"
#define RESTRICT_NONE "LoadRestrictionsNone"
#define MANAGED_BY    "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL"

static struct {
    const char *output;
    const char *load_restrictor;
    const char *reorder;
    bool reorder_given;
    bool managed_by;
} options;

#define WHY_HELM                                                                                             \
    "charts are not inflated by a build: render them with `helm template` before, or make a HelmRelease of them"
#define WHY_PROGRAMS                                                                                         \
    "a build runs no programs of others: generators and transformers are the built-in ones, as in Flux"

/* Options that only mean something to a build that runs other programs: `value` is what they were given. */
static struct refusal {
    const char *name;
    const char *why;
    bool on;
    bool given;
    const char *text;
    struct str_list list;
} refusals[] = {
    { .name = "enable-helm", .why = WHY_HELM },
    { .name = "helm-command", .why = WHY_HELM },
    { .name = "helm-api-versions", .why = WHY_HELM },
    { .name = "helm-kube-version", .why = WHY_HELM },
    { .name = "helm-debug", .why = WHY_HELM },
    { .name = "enable-alpha-plugins", .why = WHY_PROGRAMS },
    { .name = "enable-exec", .why = WHY_PROGRAMS },
    { .name = "enable-star", .why = WHY_PROGRAMS },
    { .name = "network", .why = WHY_PROGRAMS },
    { .name = "network-name", .why = WHY_PROGRAMS },
    { .name = "mount", .why = WHY_PROGRAMS },
    { .name = "env", .why = WHY_PROGRAMS },
    { .name = "as-current-user", .why = WHY_PROGRAMS },
};

#define REFUSED_BOOL(i, n)                                                                                   \
    {                                                                                                        \
        .name = (n), .kind = FLAG_BOOL, .target = &refusals[i].on,                                           \
        .help = "Refused: a build runs no programs."                                                         \
    }
#define REFUSED_TEXT(i, n)                                                                                   \
    {                                                                                                        \
        .name = (n), .kind = FLAG_STRING, .target = &refusals[i].text, .given = &refusals[i].given,          \
        .help = "Refused: a build runs no programs."                                                         \
    }
#define REFUSED_LIST(i, n, c)                                                                                \
    {                                                                                                        \
        .name = (n), .shorthand = (c), .kind = FLAG_LIST, .target = &refusals[i].list,                       \
        .given = &refusals[i].given, .help = "Refused: a build runs no programs."                            \
    }

static const struct flag flags[] = {
    { .name = "load-restrictor",
      .kind = FLAG_STRING,
      .target = &options.load_restrictor,
      .fallback = RESTRICT_ROOT,
      .help = "With '" RESTRICT_NONE
              "', as in the controller, kustomizations may load files from outside their own folder." },
    { .name = "output",
      .shorthand = 'o',
      .kind = FLAG_STRING,
      .target = &options.output,
      .help = "Write to this file; when it is a folder, each object to a file of its own in it." },
    { .name = "reorder",
      .kind = FLAG_STRING,
      .target = &options.reorder,
      .given = &options.reorder_given,
      .fallback = "legacy",
      .help = "'legacy' or 'none'.",
      .deprecated = "use the new 'sortOptions' field in kustomization.yaml instead." },
    { .name = "enable-managedby-label",
      .kind = FLAG_BOOL,
      .target = &options.managed_by,
      .help = "Adds app.kubernetes.io/managed-by.",
      .deprecated =
          "The flag `enable-managedby-label` has been deprecated. Use the `managedByLabel` option in "
          "the `buildMetadata` field instead." },
    REFUSED_BOOL(0, "enable-helm"),
    REFUSED_TEXT(1, "helm-command"),
    REFUSED_LIST(2, "helm-api-versions", 0),
    REFUSED_TEXT(3, "helm-kube-version"),
    REFUSED_BOOL(4, "helm-debug"),
    REFUSED_BOOL(5, "enable-alpha-plugins"),
    REFUSED_BOOL(6, "enable-exec"),
    REFUSED_BOOL(7, "enable-star"),
    REFUSED_BOOL(8, "network"),
    REFUSED_TEXT(9, "network-name"),
    REFUSED_LIST(10, "mount", 0),
    REFUSED_LIST(11, "env", 'e'),
    REFUSED_BOOL(12, "as-current-user"),
};

static int check_refusals(struct ctx *cx)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        if (refusals[i].on || refusals[i].given)
            return err_fail(cx, ERR_UNSUPPORTED, "--%s is not supported: %s", refusals[i].name,
                            refusals[i].why);
    return 0;
}

static int check_options(struct ctx *cx)
{
    if (!str_eq(options.load_restrictor, RESTRICT_ROOT) && !str_eq(options.load_restrictor, RESTRICT_NONE) &&
        !str_empty(options.load_restrictor))
        return err_fail(cx, ERR_INVALID,
                        "illegal flag value --load-restrictor %s; legal values: [" RESTRICT_ROOT
                        " " RESTRICT_NONE "]",
                        options.load_restrictor);
    if (!str_eq(options.reorder, "legacy") && !str_eq(options.reorder, "none") &&
        !str_eq(options.reorder, "unspecified"))
        return err_fail(cx, ERR_INVALID, "illegal flag value --reorder %s; legal values: [legacy none]",
                        options.reorder);
    return check_refusals(cx);
}

static enum kustomize_reorder reorder(void)
{
    if (!options.reorder_given || str_eq(options.reorder, "unspecified"))
        return KUSTOMIZE_REORDER_UNSPECIFIED;
    return str_eq(options.reorder, "none") ? KUSTOMIZE_REORDER_NONE : KUSTOMIZE_REORDER_LEGACY;
}

/* One file per object. A name that leads elsewhere is the manifest's doing, not to be followed. */
static int write_files(struct ctx *cx, const char *dir, const struct doc *files)
{
    doc_each (text, files) {
        const char *name = doc_key(text);
        if (strchr(name, '/'))
            return err_fail(cx, ERR_INVALID, "'%s' is no name for a file in %s: write to one file instead",
                            name, dir);
        const char *path = str_fmt(cx->arena, "%s/%s", dir, name);
        if (fs_write_atomic(cx, path, doc_text(text), strlen(doc_text(text)), 0644) < 0)
            return err_wrap(cx, "failed to write %s", path);
    }
    return 0;
}

/* A device or a pipe, /dev/null among them, must not be replaced by a file, and a link stays one. */
static int write_into(struct ctx *cx, const char *path, const char *text)
{
    CLEANUP(cleanup_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(cx, "open %s", path);
    return fs_write_all(cx, fd, text, strlen(text), path);
}

static int write_file(struct ctx *cx, const char *path, const char *text)
{
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return write_into(cx, path, text);
    return fs_write_atomic(cx, path, text, strlen(text), 0644);
}

static int write_output(struct ctx *cx, const struct build_output *built)
{
    const char *text = str_or(built->yaml, "");
    if (built->files)
        return write_files(cx, options.output, built->files);
    if (str_empty(options.output))
        return fputs(text, stdout) < 0 || fflush(stdout) < 0 ? err_errno(cx, "standard output") : 0;
    if (write_file(cx, options.output, text) < 0)
        return err_wrap(cx, "failed to write %s", options.output);
    return 0;
}

/* What to build: a repository by its URL, or a folder by its path. */
static int find_target(struct ctx *cx, const char *arg, const char **ret)
{
    struct repospec spec;
    char real[PATH_MAX];
    const char *path = arg ? arg : ".";
    *ret = path;
    if (repospec_find(cx, path, &spec))
        return 0;
    if (!realpath(path, real))
        return err_errno(cx, "%s", path);
    *ret = str_dup(cx->arena, real);
    return 0;
}

static int run(struct ctx *cx, const char *const *args)
{
    struct build_output built;
    struct stat st;
    const char *dir;
    const char *managed = getenv(MANAGED_BY);
    const struct build_remote *remote;
    if (args[0] && args[1])
        return err_fail(cx, ERR_INVALID, "specify one path to kustomization.yaml");
    if (check_options(cx) < 0 || find_target(cx, args[0], &dir) < 0 || bases_offer(cx, &remote) < 0)
        return err_code(cx);
    bool to_folder = !str_empty(options.output) && stat(options.output, &st) == 0 && S_ISDIR(st.st_mode);
    const struct build_input input = {
        .root = "/",
        .dir = dir,
        .remote = remote,
        .reorder = reorder(),
        .root_only = !str_eq(options.load_restrictor, RESTRICT_NONE),
        .managed_by = options.managed_by || str_eq(managed, "on"),
        .warn = true,
        .want_yaml = !to_folder,
        .want_files = to_folder,
    };
    int rc = build_run(cx, &input, &built);
    if (bases_are_elsewhere())
        return COMMAND_ELSEWHERE;
    if (rc < 0)
        return rc;
    return write_output(cx, &built);
}

const struct command build_command = {
    .name = "build",
    .usage = "build [DIR]",
    .help = "Print what the kustomization of a folder builds to, without a cluster.",
    .details =
        "DIR is a folder with a kustomization file, or the URL of a Git repository with the path of one behind it\n"
        "(https://host/org/repo//path?ref=v1); without it the current folder is built. Options and output are those of\n"
        "`kustomize build`: namespaces come first and webhooks last, unless the kustomization has sortOptions or --reorder is\n"
        "none, and files must lie below the kustomization that names them. The controller builds with --reorder none and\n"
        "--load-restrictor LoadRestrictionsNone, after laying the Kustomization's spec over the file: `diff` shows that.\n",
    .flags = flags,
    .flag_count = ARRAY_LEN(flags),
    .offline = true,
    .run = run,
};
