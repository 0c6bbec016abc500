/*
 * fetchcommand.c: `source-controller fetch URL`: what the controller would fetch, into a folder, without a cluster.
 *
 * The same job as a reconcile's, without the archive. For CI, and to find out whether an address and its credentials work.
 */
#include "libgotk/base/fs.h"
#include "libgotk/base/gotime.h"
#include "libgotk/base/str.h"
#include "libgotk/git/gitsubmodule.h"
#include "source-controller/source.h"

#include <limits.h>

#define CACHE_MAX ((int64_t)8 << 30)

static struct {
    struct git_ref ref;
    const char *output;
    const char *username;
    const char *ca_file;
    const char *proxy;
    const char *cache;
    const char *private_key_file;
    const char *known_hosts_file;
    struct str_list kex_algos;
    struct str_list host_key_algos;
    struct str_list sparse;
    struct str_list verify_keys;
    const char *verify_mode;
    bool submodules;
    int64_t timeout_ns;
} options;

static const struct flag flags[] = {
    { .name = "branch",
      .kind = FLAG_STRING,
      .target = &options.ref.branch,
      .help = "Check out this branch." },
    { .name = "tag", .kind = FLAG_STRING, .target = &options.ref.tag, .help = "Check out this tag." },
    { .name = "semver",
      .kind = FLAG_STRING,
      .target = &options.ref.semver,
      .help = "Check out the highest tag in this `range` of versions." },
    { .name = "name",
      .kind = FLAG_STRING,
      .target = &options.ref.name,
      .help = "Check out this reference, e.g. refs/pull/1/head." },
    { .name = "commit",
      .kind = FLAG_STRING,
      .target = &options.ref.commit,
      .help = "Check out this commit." },
    { .name = "output",
      .shorthand = 'o',
      .kind = FLAG_STRING,
      .target = &options.output,
      .fallback = ".",
      .help = "The folder to put the files into; made when missing, else it must be empty." },
    { .name = "username",
      .kind = FLAG_STRING,
      .target = &options.username,
      .help = "The user name for basic authentication; the password is read from GIT_PASSWORD." },
    { .name = "ca-file",
      .kind = FLAG_STRING,
      .target = &options.ca_file,
      .help = "Authorities to trust as well." },
    { .name = "proxy",
      .kind = FLAG_STRING,
      .target = &options.proxy,
      .help = "The proxy to go through, an http://, https:// or socks5:// `URL`." },
    { .name = "cache",
      .kind = FLAG_STRING,
      .target = &options.cache,
      .help =
          "A folder of its own, made when missing, for what is fetched: the next fetch of the same address moves "
          "only what is missing." },
    { .name = "private-key-file",
      .kind = FLAG_STRING,
      .target = &options.private_key_file,
      .help =
          "The private key for an ssh address; its passphrase, if it has one, is read from GIT_PASSWORD." },
    { .name = "known-hosts-file",
      .kind = FLAG_STRING,
      .target = &options.known_hosts_file,
      .help = "The keys of ssh servers, as ssh-keyscan prints them." },
    { .name = "ssh-kex-algos",
      .kind = FLAG_LIST,
      .target = &options.kex_algos,
      .help = "Key exchange algorithms for SSH, most preferred first." },
    { .name = "ssh-hostkey-algos",
      .kind = FLAG_LIST,
      .target = &options.host_key_algos,
      .help = "Host key algorithms for SSH, most preferred first." },
    { .name = "recurse-submodules",
      .kind = FLAG_BOOL,
      .target = &options.submodules,
      .help = "Check out submodules too." },
    { .name = "sparse-checkout",
      .kind = FLAG_LIST,
      .target = &options.sparse,
      .help = "Check out only these folders." },
    { .name = "verify-key",
      .kind = FLAG_LIST,
      .target = &options.verify_keys,
      .help =
          "Verify signatures with the public keys in this `file`: authorized_keys when it is named *.sshpub, else an "
          "armored OpenPGP key ring. Nothing is checked out when none fits." },
    { .name = "verify-mode",
      .kind = FLAG_STRING,
      .target = &options.verify_mode,
      .fallback = "HEAD",
      .help = "What must be signed: HEAD, Tag or TagAndHEAD." },
    { .name = "timeout",
      .kind = FLAG_DURATION,
      .target = &options.timeout_ns,
      .fallback = "1m",
      .help = "How long the fetch may take." },
};

/* The output folder as an absolute path, made when missing. */
static int open_output(struct ctx *cx, const char **ret_dir)
{
    char path[PATH_MAX];
    const char **names;
    size_t count;
    if (fs_mkdirs(cx, options.output, 0755) < 0)
        return cx->err.code;
    if (!realpath(options.output, path))
        return err_errno(cx, "%s", options.output);
    if (fs_list(cx, path, &names, &count) < 0)
        return cx->err.code;
    if (count > 0)
        return err_fail(cx, ERR_EXISTS, "%s is not empty: name an empty or a new folder with --output", path);
    *ret_dir = str_dup(cx->arena, path);
    return 0;
}

/* A file named by a flag; NULL when the flag is not given. */
static int read_flag_file(struct ctx *cx, const char *flag, const char *path, const char **ret)
{
    struct buf text;
    *ret = NULL;
    if (str_empty(path))
        return 0;
    if (fs_read_file(cx, path, (size_t)1 << 20, &text) < 0)
        return err_wrap(cx, "--%s", flag);
    *ret = buf_text(&text);
    return 0;
}

static int read_ssh(struct ctx *cx, const struct url *url, struct gitauth *ret)
{
    const char *identity, *known_hosts;
    if (read_flag_file(cx, "private-key-file", options.private_key_file, &identity) < 0 ||
        read_flag_file(cx, "known-hosts-file", options.known_hosts_file, &known_hosts) < 0)
        return cx->err.code;
    if (!identity || !known_hosts)
        return err_fail(cx, ERR_INVALID, "an ssh address needs --private-key-file and --known-hosts-file");
    if (gitauth_from_key(cx, url, identity, known_hosts, getenv("GIT_PASSWORD"), "the command line", ret) < 0)
        return cx->err.code;
    if (options.kex_algos.len)
        ret->kex_algos = str_join(cx->arena, options.kex_algos.at, options.kex_algos.len, ",");
    if (options.host_key_algos.len)
        ret->host_key_algos = str_join(cx->arena, options.host_key_algos.at, options.host_key_algos.len, ",");
    return 0;
}

static int read_auth(struct ctx *cx, const char *address, struct gitauth *ret)
{
    struct url url;
    if (url_parse(cx, address, &url) < 0)
        return cx->err.code;
    if (str_eq(url.scheme, "ssh"))
        return read_ssh(cx, &url, ret);
    if (gitauth_decode(cx, &url, NULL, ret) < 0)
        return cx->err.code;
    if (!str_empty(options.username)) {
        ret->user = options.username;
        ret->password = getenv("GIT_PASSWORD");
        ret->hint = "with --username and GIT_PASSWORD";
    }
    return read_flag_file(cx, "ca-file", options.ca_file, &ret->ca_pem);
}

static int read_proxy(struct ctx *cx, const char **ret)
{
    struct url url;
    if (str_empty(options.proxy))
        return 0;
    if (gitauth_proxy_url(cx, options.proxy, &url) < 0)
        return err_wrap(cx, "--proxy");
    *ret = url_print(cx->arena, &url, true);
    return 0;
}

/* The keys of --verify-key, for the child that found a signature. */
static int give_keys(struct ctx *cx, void *user UNUSED, const struct doc *request, struct doc **ret_answer)
{
    struct gitverify_keys keys = { .pgp = ARENA_ARRAY(cx->arena, const char *, options.verify_keys.len + 1),
                                   .ssh = ARENA_ARRAY(cx->arena, const char *, options.verify_keys.len + 1) };
    *ret_answer = doc_object(cx->arena);
    if (!doc_find(request, "publicKeys"))
        return 0;
    for (size_t i = 0; i < options.verify_keys.len; i++) {
        const char *text, *path = options.verify_keys.at[i];
        if (read_flag_file(cx, "verify-key", path, &text) < 0)
            return cx->err.code;
        if (str_ends(path, GITVERIFY_SSH_SUFFIX))
            keys.ssh[keys.ssh_count++] = str_or(text, "");
        else
            keys.pgp[keys.pgp_count++] = str_or(text, "");
    }
    *ret_answer = encode_struct(cx->arena, gitverify_keys_fields, &keys);
    return 0;
}

static int choose_tree(struct ctx *cx, struct gitfetch_request *req)
{
    const struct str_list *sparse = &options.sparse;
    const char **paths = ARENA_ARRAY(cx->arena, const char *, sparse->len + 1);
    for (size_t i = 0; i < sparse->len; i++)
        paths[i] = sparse->at[i];
    req->clone.sparse = (struct gitsparse){ paths, sparse->len };
    req->clone.submodules = options.submodules ? GITSUBMODULE_DEPTH : 0;
    if (options.verify_keys.len == 0)
        return 0;
    req->on_question = give_keys;
    req->verify = gitverify_mode(options.verify_mode);
    if (!str_eq(req->verify, options.verify_mode))
        return err_fail(cx, ERR_INVALID, "--verify-mode: '%s' is none of HEAD, Tag and TagAndHEAD",
                        options.verify_mode);
    return 0;
}

/* The cache's folder as an absolute path, made when missing; one that holds anything else is refused. */
static int open_cache(struct ctx *cx, struct gitclone_request *req)
{
    char path[PATH_MAX];
    const char **names;
    size_t count;
    if (str_empty(options.cache))
        return 0;
    if (fs_mkdirs(cx, options.cache, 0700) < 0)
        return err_wrap(cx, "--cache");
    if (!realpath(options.cache, path))
        return err_errno(cx, "--cache: %s", options.cache);
    if (fs_list(cx, path, &names, &count) < 0)
        return err_wrap(cx, "--cache");
    for (size_t i = 0; i < count; i++)
        if (!str_starts(names[i], "pack") && !str_eq(names[i], "state"))
            return err_fail(cx, ERR_EXISTS, "--cache: %s holds '%s': name an empty or a new folder", path,
                            names[i]);
    req->cache_dir = str_dup(cx->arena, path);
    req->cache_max = CACHE_MAX;
    return 0;
}

static int run(struct ctx *cx, const char *const *args)
{
    struct gitfetch_request req = { .timeout_ns = options.timeout_ns };
    struct gitfetch_result result;
    if (!args[0] || args[1])
        return err_fail(cx, ERR_INVALID, "usage: source-controller fetch URL [--branch NAME] [--output DIR]");
    req.clone.url = args[0];
    req.clone.ref = options.ref;
    if (choose_tree(cx, &req) < 0 || read_proxy(cx, &req.clone.proxy) < 0 ||
        read_auth(cx, args[0], &req.clone.auth) < 0 || open_output(cx, &req.clone.tree_dir) < 0 ||
        open_cache(cx, &req.clone) < 0 || gitfetch_run(cx, &req, &result) < 0)
        return cx->err.code;
    if (result.clone.empty)
        return err_fail(cx, ERR_NOT_FOUND, "git repository is empty");
    if (req.verify)
        fprintf(stderr, "%s\n", gitverify_message(cx->arena, &result.verified));
    printf("%s\n", result.clone.revision);
    return 0;
}

const struct command fetch_command = {
    .name = "fetch",
    .usage = "fetch URL",
    .help = "Fetch a Git repository into a folder and print its revision, without a cluster.",
    .flags = flags,
    .flag_count = ARRAY_LEN(flags),
    .run = run,
};
