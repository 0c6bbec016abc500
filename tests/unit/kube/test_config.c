/* Configuration: kubeconfigs as YAML and JSON, their files, lists of them, what is refused, and a pod's
 * mount. */
#include "libgotk/base/str.h"
#include "libgotk/doc/doc.h"
#include "libgotk/kube/config.h"
#include "tests/unit/lib/unit.h"

#include <sys/stat.h>

#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
#define CONTEXTS                                                                                             \
    "contexts:\n- name: main\n  context: {cluster: c, user: u, namespace: team}\n"                           \
    "- name: other\n  context: {cluster: d}\n"
#define CLUSTERS                                                                                             \
    "clusters:\n- name: c\n  cluster:\n    server: https://10.0.0.1:6443/\n"                                 \
    "    certificate-authority-data: Q0EgUEVN\n    tls-server-name: kubernetes\n    proxy-url: http://p:1\n" \
    "- name: d\n  cluster: {server: 'http://localhost:8001', insecure-skip-tls-verify: true}\n"

static const char *write_file(struct ctx *cx, const char *dir, const char *name, const char *text)
{
    const char *path = str_fmt(cx->arena, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
    return path;
}

static int parse(struct ctx *cx, const char *text, const char *context, int flags, struct kube_config *ret)
{
    return kube_config_parse(cx, text, strlen(text), "/etc/kube/conf", context, flags, ret);
}

static void reads_cluster_and_user_of_the_current_context(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct kube_config c;
    assert_ok(cx, parse(cx,
                        HEAD CONTEXTS CLUSTERS
                        "users:\n- name: u\n  user: {token: abc, as: jane, as-groups: [a, b], "
                        "client-certificate-data: Q0VSVA==, client-key-data: S0VZ}\n",
                        NULL, 0, &c));
    assert_string_equal(c.server, "https://10.0.0.1:6443");
    assert_string_equal(c.ns, "team");
    assert_string_equal(c.ca_pem, "CA PEM");
    assert_string_equal(c.server_name, "kubernetes");
    assert_string_equal(c.proxy_url, "http://p:1");
    assert_string_equal(c.token, "abc");
    assert_string_equal(c.cert_pem, "CERT");
    assert_string_equal(c.key_pem, "KEY");
    assert_string_equal(c.impersonate_user, "jane");
    assert_string_equal(c.impersonate_groups[1], "b");
    assert_null(c.impersonate_groups[2]);
    assert_false(c.insecure);
    assert_null(c.token_file);
}

static void another_context_may_have_no_user(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct kube_config c;
    assert_ok(cx, parse(cx, HEAD CONTEXTS CLUSTERS, "other", 0, &c));
    assert_string_equal(c.server, "http://localhost:8001");
    assert_true(c.insecure);
    assert_null(c.token);
    assert_null(c.ns);
}

static void reads_json(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct kube_config c;
    assert_ok(
        cx,
        parse(cx,
              "{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"x\","
              "\"user\":\"x\"}}],\"clusters\":[{\"name\":\"x\",\"cluster\":{\"server\":\"127.0.0.1:6443\"}}],"
              "\"users\":[{\"name\":\"x\",\"user\":{\"username\":\"n\",\"password\":\"p\"}}]}",
              NULL, 0, &c));
    assert_string_equal(c.server, "https://127.0.0.1:6443");
    assert_string_equal(c.username, "n");
    assert_string_equal(c.password, "p");
}

static void names_what_is_missing(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *part;
    } rows[] = {
        { "contexts: []\n", ERR_INVALID, "/etc/kube/conf: current-context is not set; 'contexts' is empty" },
        { "current-context: nope\n" CONTEXTS, ERR_NOT_FOUND,
          "context \"nope\" does not exist; 'contexts' has: main, other" },
        { HEAD CONTEXTS, ERR_NOT_FOUND, "cluster \"c\" does not exist; 'clusters' is empty" },
        { HEAD CONTEXTS CLUSTERS, ERR_NOT_FOUND, "user \"u\" does not exist" },
        { HEAD CONTEXTS "clusters: [{name: c, cluster: {}}]\n", ERR_INVALID,
          "cluster \"c\": server is missing" },
        { HEAD CONTEXTS
          "clusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: '!!'}}]\n",
          ERR_INVALID, "cluster \"c\": certificate-authority-data: illegal base64" },
        { HEAD CONTEXTS
          "clusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: Q0E=, "
          "insecure-skip-tls-verify: true}}]\n",
          ERR_INVALID, "exclude each other" },
        { "[1, 2]", ERR_INVALID, "/etc/kube/conf: not a kubeconfig" },
        { "a: [", ERR_INVALID, "/etc/kube/conf:" },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kube_config c = { .server = "untouched" };
        assert_true(parse(cx, rows[i].text, NULL, 0, &c) < 0);
        assert_error(cx, rows[i].code, rows[i].part);
        assert_string_equal(c.server, "untouched");
    }
}

static void refuses_programs_and_halves(void **state)
{
    static const struct {
        const char *user;
        int code;
        const char *part;
    } rows[] = {
        { "{exec: {command: aws}}", ERR_UNSUPPORTED, "user \"u\": exec is not supported" },
        { "{auth-provider: {name: oidc}}", ERR_UNSUPPORTED, "user \"u\": auth-provider is not supported" },
        { "{client-certificate-data: Q0VSVA==}", ERR_INVALID, "client-certificate needs client-key" },
        { "{as: x, as-user-extra: {a: [b]}}", ERR_UNSUPPORTED, "as-user-extra" },
        { "{client-certificate: gone.pem, client-key: k.pem}", ERR_NOT_FOUND,
          "user \"u\": client-certificate: " },
    };
    struct ctx *cx = unit_cx(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kube_config c;
        const char *text =
            str_fmt(cx->arena, "%susers:\n- name: u\n  user: %s\n", HEAD CONTEXTS CLUSTERS, rows[i].user);
        assert_true(parse(cx, text, NULL, 0, &c) < 0);
        assert_error(cx, rows[i].code, rows[i].part);
    }
}

#define FOREIGN_CLUSTER                                                                                      \
    "clusters:\n- name: c\n  cluster: {server: 'https://x:6443/path', certificate-authority: /etc/shadow,\n" \
    "    insecure-skip-tls-verify: true, tls-server-name: y, proxy-url: 'http://p'}\n"
#define FOREIGN_USER                                                                                          \
    "users:\n- name: u\n  user: {tokenFile: /etc/shadow, client-certificate: /x, client-key: /y, as: root,\n" \
    "    as-groups: [g], as-user-extra: {a: [b]}, exec: {command: sh}, auth-provider: {name: x}, token: t,\n" \
    "    username: n, password: p}\n"

/* What names files, runs programs, skips checks or acts as others is left out; the rest stays. */
static void a_strangers_config_is_cut_down(void **state)
{
    struct ctx *cx = unit_cx(state);
    struct kube_config c;
    const char *text = HEAD CONTEXTS FOREIGN_CLUSTER FOREIGN_USER;
    assert_ok(cx, parse(cx, text, NULL, KUBE_CONFIG_FOREIGN, &c));
    assert_null(c.ca_pem);
    assert_null(c.cert_pem);
    assert_null(c.key_pem);
    assert_null(c.token_file);
    assert_null(c.impersonate_user);
    assert_null(c.impersonate_groups);
    assert_false(c.insecure);
    assert_string_equal(c.server, "https://x:6443/path");
    assert_string_equal(c.server_name, "y");
    assert_string_equal(c.proxy_url, "http://p");
    assert_string_equal(c.token, "t");
    assert_string_equal(c.username, "n");
    assert_ok(cx, parse(cx, text, NULL, KUBE_CONFIG_FOREIGN | KUBE_CONFIG_ALLOW_INSECURE, &c));
    assert_true(c.insecure);
    assert_null(c.exec);
    assert_ok(cx, parse(cx, text, NULL, KUBE_CONFIG_FOREIGN | KUBE_CONFIG_ALLOW_EXEC, &c));
    assert_string_equal(doc_text_at(c.exec, "command"), "sh");
}

static void kubeconfig_lists_and_relative_paths(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx);
    struct kube_config c;
    write_file(cx, dir, "ca.pem", "PEM OF THE CA\n");
    const char *one =
        write_file(cx, dir, "one",
                   "current-context: main\ncontexts: [{name: main, context: {cluster: c, user: u}}]\n"
                   "users: [{name: u, user: {tokenFile: token}}]\n");
    const char *two =
        write_file(cx, dir, "two",
                   "current-context: ignored\nusers: [{name: u, user: {token: ignored}}]\n"
                   "clusters: [{name: c, cluster: {server: 'https://x', certificate-authority: ca.pem}}]\n");
    setenv("KUBECONFIG", str_fmt(cx->arena, "%s:%s/absent::%s", one, dir, two), 1);
    assert_ok(cx, kube_config_load(cx, &c));
    assert_string_equal(c.ca_pem, "PEM OF THE CA\n");
    assert_string_equal(c.token_file, str_fmt(cx->arena, "%s/token", dir));
    assert_null(c.token);
    setenv("KUBECONFIG", str_fmt(cx->arena, "%s/absent", dir), 1);
    assert_true(kube_config_load(cx, &c) < 0);
    assert_error(cx, ERR_NOT_FOUND, "absent");
    unsetenv("KUBECONFIG");
}

static void a_pod_finds_its_mount(void **state)
{
    struct ctx *cx = unit_cx(state);
    const char *dir = unit_tmpdir(cx);
    struct kube_config c;
    unsetenv("KUBERNETES_SERVICE_HOST");
    assert_true(kube_config_in_cluster(cx, dir, &c) < 0);
    assert_error(cx, ERR_NOT_FOUND, "not in a cluster");
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_true(kube_config_in_cluster(cx, dir, &c) < 0);
    assert_error(cx, ERR_NOT_FOUND, "needs a service account");
    write_file(cx, dir, "token", "t");
    write_file(cx, dir, "ca.crt", "CA");
    write_file(cx, dir, "namespace", "flux-system\n");
    assert_ok(cx, kube_config_in_cluster(cx, dir, &c));
    assert_string_equal(c.server, "https://[fd00::1]:443");
    assert_string_equal(c.ns, "flux-system");
    assert_string_equal(c.ca_pem, "CA");
    assert_string_equal(c.token_file, str_fmt(cx->arena, "%s/token", dir));
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_cluster_and_user_of_the_current_context),
        UNIT_TEST(another_context_may_have_no_user),
        UNIT_TEST(reads_json),
        UNIT_TEST(names_what_is_missing),
        UNIT_TEST(refuses_programs_and_halves),
        UNIT_TEST(a_strangers_config_is_cut_down),
        UNIT_TEST(kubeconfig_lists_and_relative_paths),
        UNIT_TEST(a_pod_finds_its_mount),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
