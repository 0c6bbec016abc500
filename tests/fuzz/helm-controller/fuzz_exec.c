/*
 * fuzz_exec.c: a template of a chart that has everything a template can ask for, rendered on values.
 *
 * Parts: the template, values.yaml; a third one is a helper's file. Whatever a stranger writes: there is an output or an error with a
 * message, within limits of time and memory. Charts with their own files are fuzz_render.c's.
 */
#include "helm-controller/capabilities.h"
#include "helm-controller/template/chartdot.h"
#include "helm-controller/template/valuesinput.h"
#include "libgotk/base/bigstack.h"
#include "libgotk/base/str.h"
#include "tests/fuzz/lib/fuzz.h"

#include <string.h>

struct rendering {
    struct ctx *cx;
    struct fuzz_part parts[3];
    size_t count;
};

static void add_file(struct ctx *cx, struct chart_files *files, const char *name, const char *text,
                     size_t len)
{
    struct chart_file file = { name, { text, len }, 0, false };
    vec_push(cx->arena, files, file);
}

static int load(struct rendering *r, struct chart **ret)
{
    static const char chart_yaml[] =
        "apiVersion: v2\nname: chart\nversion: 1.2.3\nappVersion: 4.5.6\n"
        "maintainers: [{name: A, email: a@b.c}]\nkeywords: [k]\nannotations: {a: b}\n";
    static const char toml[] = "a = 1\n[b]\nc = \"x\"\n", lines[] = "one\ntwo\n\nthree\n";
    static const char helper[] = "{{ define \"a\" }}<{{ . }}>{{ end }}";
    struct ctx *cx = r->cx;
    struct chart_files files = { 0 };
    add_file(cx, &files, "Chart.yaml", chart_yaml, strlen(chart_yaml));
    add_file(cx, &files, "config/app.toml", toml, strlen(toml));
    add_file(cx, &files, "lines.txt", lines, strlen(lines));
    add_file(cx, &files, "templates/_a.tpl", helper, strlen(helper));
    add_file(cx, &files, "templates/x.yaml", r->parts[0].text, r->parts[0].len);
    if (r->count > 2)
        add_file(cx, &files, "templates/_b.tpl", r->parts[2].text, r->parts[2].len);
    return chart_load(cx, &files, NULL, ret);
}

static struct vmap *release_of(struct arena *a)
{
    struct vmap *m = vmap_new(a);
    vmap_set_text(m, "Name", v_text("example"));
    vmap_set_text(m, "IsUpgrade", v_bool(false));
    vmap_set_text(m, "Revision", v_int(1));
    return m;
}

/* What is looked up is there unless its name is "x". */
static int look_up(struct ctx *cx, void *user, const char *const args[4], struct doc **ret)
{
    (void)user;
    if (str_eq(args[3], "y"))
        return err_fail(cx, ERR_DENIED, "y is forbidden");
    *ret = str_eq(args[3], "x") ? NULL : doc_object(cx->arena);
    if (*ret)
        doc_set_text(cx->arena, *ret, "kind", args[1]);
    return 0;
}

static void render(void *arg)
{
    struct rendering *r = arg;
    struct arena *a = r->cx->arena;
    struct vmap *top = vmap_new(a), *values;
    struct engine_files files = { 0 };
    struct engine_outputs outputs;
    struct engine_trace trace = { 0 };
    struct chart *chart;
    struct capabilities capabilities = capabilities_default(a);
    const struct engine_host host = { .lookup = look_up, .trace = &trace };
    struct strv yaml = { "", 0 };
    if (r->count > 1)
        yaml = (struct strv){ r->parts[1].text, r->parts[1].len };
    if (valuesinput_parse(r->cx, yaml, "values.yaml", &values) < 0 || load(r, &chart) < 0) {
        fuzz_that(*err_message(r->cx));
        return;
    }
    vmap_set_text(top, "Values", (struct value){ .type = V_VALUES, .map = values });
    vmap_set_text(top, "Release", v_map(release_of(a)));
    vmap_set_text(top, "Capabilities", capabilities_value(a, &capabilities));
    chartdot_files(r->cx, chart, top, &files);
    if (engine_render_on(r->cx, &files, &host, &outputs) < 0)
        fuzz_that(*err_message(r->cx));
}

static void run(struct ctx *cx, const char *text, size_t len)
{
    struct rendering r = { .cx = cx };
    r.count = fuzz_parts(cx, text, len, r.parts, ARRAY_LEN(r.parts));
    if (r.count)
        bigstack_call(render, &r);
}

static const char
    *const
        seeds[] = {
            "tests/golden/helm/snippets.jsonl#template,valuesYaml",
            "tests/golden/helm/sprig.jsonl#t",
            "tests/golden/helm/exec.jsonl#t",
            "tests/golden/helm/helm.jsonl#t",
            "../shared/corpus/templates/16-nondeterministic.jsonl#template",
            "../shared/corpus/templates/*.jsonl#template,valuesYaml",
            "../shared/corpus/templates/*.jsonl#template,values",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $t.Add 1 }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $d := (toDate \"2006\" \"2020\").Sub (toDate \"2006-01-02 15:04\" \"2019-03-04 05:06\") }}{{ $t.Add $d }}{{ $t.AddDate 1 2 -3 }}{{ $t.After (now) }}{{ $t.Before $t }}{{ $t.Compare $t }}{{ $t.Equal (now) }}{{ $t.Sub $t }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $t.Year }}{{ $t.Month }}{{ $t.Day }}{{ $t.Hour }}{{ $t.Minute }}{{ $t.Second }}{{ $t.Nanosecond }}{{ $t.YearDay }}{{ $t.Weekday }}{{ $t.Month.String }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $t.Unix }}{{ $t.UnixMicro }}{{ $t.UnixMilli }}{{ $t.UnixNano }}{{ $t.IsZero }}{{ $t.IsDST }}{{ $t.UTC }}{{ $t.Local }}{{ $t.Location }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $t.In $t.Location }}{{ $t.Location.String }}{{ $t.String }}{{ $t.GoString }}{{ $t.Format \"Mon Jan _2 .000 MST Z07:00\" }}{{ printf \"%v %d %q %#v %s\" $t $t $t $t $t }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $t.MarshalJSON }}{{ $t.MarshalText }}{{ $t.MarshalBinary }}{{ $t.GobEncode }}{{ $t.AppendFormat (b64dec \"YQ==\" | toString | .Files.GetBytes) \"2006\" }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $b := .Files.GetBytes \"lines.txt\" }}{{ $t.AppendFormat $b \"2006\" }}{{ $t.AppendText $b }}{{ $t.AppendBinary $b }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ $d := (toDate \"2006\" \"2020\").Sub (toDate \"2006-01-02 15:04\" \"2019-03-04 05:06\") }}{{ $t.Round $d }}{{ $t.Truncate $d }}{{ eq $t $t }}{{ deepEqual $t (now) }}{{ dict \"t\" $t | toYaml }}{{ list $t | toJson }}{{ kindOf $t }}{{ typeOf $t }}",
            "={{ $d := (toDate \"2006\" \"2020\").Sub (toDate \"2006-01-02 15:04\" \"2019-03-04 05:06\") }}{{ $d.Abs }}{{ $d.Hours }}{{ $d.Minutes }}{{ $d.Seconds }}{{ $d.Milliseconds }}{{ $d.Microseconds }}{{ $d.Nanoseconds }}{{ $d.String }}{{ $d.Round $d }}{{ $d.Truncate $d }}",
            "={{ $t := toDate \"2006-01-02 15:04:05\" \"2024-02-29 23:59:58\" }}{{ ago $t }}{{ date \"2006\" $t }}{{ dateInZone \"Mon\" $t \"Europe/Paris\" }}{{ dateModify \"-1.5h\" $t }}{{ durationRound \"2400h\" }}{{ htmlDate $t }}{{ unixEpoch (now) }}{{ duration \"95\" }}",
            "={{ $v := semver \"1.2.3-a.1+b\" }}{{ $v.Major }}{{ $v.Minor }}{{ $v.Patch }}{{ $v.Prerelease }}{{ $v.Metadata }}{{ $v.Original }}{{ $v.String }}{{ $v.IncMajor }}{{ $v.IncMinor }}{{ $v.IncPatch }}{{ $v }}",
            "={{ $v := semver \"1.2.3-a.1+b\" }}{{ $w := semver \"2\" }}{{ $v.Compare $w }}{{ $v.Equal $w }}{{ $v.LessThan $w }}{{ $v.LessThanEqual $v }}{{ $v.GreaterThan $w }}{{ $v.GreaterThanEqual $v }}{{ eq $v $v }}",
            "={{ $v := semver \"1.2.3-a.1+b\" }}{{ ($v.SetPrerelease \"x\").String }}{{ ($v.SetMetadata \"y\").Major }}{{ ($v.IncMajor).Minor }}{{ toJson $v }}{{ printf \"%#v %d\" $v $v }}{{ semverCompare \"^1.2 || ~2.x, >=3 <4\" \"1.2.9\" }}",
            "={{ .Values.YAML }}{{ .Values.AsMap }}{{ .Values.Table \"a\" }}{{ .Values.PathValue \"a.b\" }}\n=== values\na: {b: 1}\n",
            "={{ .Capabilities.Copy }}{{ .Capabilities.KubeVersion.String }}{{ .Capabilities.HelmVersion.GoVersion }}{{ .Capabilities.APIVersions.Has \"v1\" }}{{ .Values.Encode . }}",
            "={{ .Capabilities.Copy.KubeVersion.GitVersion }}{{ .Chart.Maintainers }}{{ (index .Chart.Maintainers 0).Name }}{{ .Chart.Annotations.a }}{{ toYaml .Chart }}{{ .Chart | toJson }}{{ .Subcharts }}",
            "={{ .Files.Glob \"**.t*\" }}{{ (.Files.Glob \"*\").AsConfig }}{{ (.Files.Glob \"c*/*\").AsSecrets }}{{ range .Files.Lines \"lines.txt\" }}{{ . }}{{ end }}{{ .Files.Get \"config/app.toml\" | fromToml }}{{ range $k, $v := .Files }}{{ $k }}{{ end }}",
            "={{ randAlpha 3 }}{{ randAlphaNum 3 }}{{ randAscii 3 }}{{ randNumeric 3 }}{{ randBytes 3 }}{{ randInt 1 9 }}{{ shuffle \"abc\" }}{{ uuidv4 }}{{ now }}{{ hello }}",
            "={{ atoi \"7\" }}{{ plural \"a\" \"b\" 2 }}{{ substr 1 2 \"abc\" }}{{ substr -1 2 \"abc\" }}{{ abbrevboth 5 10 \"1234 5678 9123\" }}{{ seq 1 2 9 }}{{ untilStep 3 9 2 }}{{ getHostByName \"localhost\" }}",
            "={{ derivePassword 1 \"long\" \"p\" \"u\" \"s\" }}{{ encryptAES \"k\" \"x\" }}{{ decryptAES \"k\" (encryptAES \"k\" \"x\") }}{{ htpasswd \"u\" \"p\" }}{{ sha512sum \"a\" }}{{ bcrypt \"p\" }}",
            "={{ genPrivateKey \"ed25519\" }}{{ genPrivateKey \"ecdsa\" }}{{ $k := genPrivateKey \"ecdsa\" }}{{ $ca := genCAWithKey \"ca\" 1 $k }}{{ $ca.Cert }}{{ (genSignedCertWithKey \"a\" (list \"1.2.3.4\") (list \"a.b\") 1 $ca $k).Cert }}",
            "={{ $k := genPrivateKey \"ecdsa\" }}{{ $c := genSelfSignedCertWithKey \"a\" nil (list \"x\") 1 $k }}{{ buildCustomCert ($c.Cert | b64enc) ($c.Key | b64enc) }}",
            "={{ printf \"%U %#U %x %X %o %O %b %c %e %g %t %p %T %+d % x %08.3f %-5s| %*d %[1]d %!\" 65 66 \"a\" \"b\" 8 8 2 67 1.5 1.5 true . 1 2 \"ab\" 3.14159 \"s\" 4 5 }}{{ printf \"%0x\" (list \"a\") }}{{ printf \"%v\" nil }}",
            "={{ lookup \"v1\" \"Pod\" \"ns\" \"a\" }}{{ (lookup \"v1\" \"Pod\" \"\" \"x\").items }}{{ lookup \"v1\" \"Pod\" \"\" \"y\" }}",
            "={{ include \"a\" 1 }}{{ include \"b\" . }}\n=== values\n{}\n=== helper\n{{ define \"b\" }}{{ template \"a\" . }}{{ end }}",
            NULL,
        };

static const char *const words[] = {
    "{{",
    "}}",
    "{{ range .Values.l }}",
    "{{ end }}",
    "{{ include \"a\" . }}",
    "{{ tpl .Values.s . }}",
    "| toYaml",
    "| fromYaml",
    "| toJson",
    "| fromJson",
    "| toToml",
    "| fromToml",
    "printf \"%v\"",
    "printf \"%q\"",
    "regexReplaceAll",
    "semverCompare",
    "toDate",
    "date",
    "dict",
    "list",
    "merge",
    "set",
    "dig",
    "slice",
    "index",
    "until",
    "repeat",
    "indent",
    "b64dec",
    "urlParse",
    "wrap",
    "toDate \"2006-01-02\" \"2020-01-02\"",
    "semver \"1.2.3-a+b\"",
    "genPrivateKey \"ecdsa\"",
    "lookup",
    "now",
    ".Files.",
    ".Capabilities.",
    ".Chart.",
    ".Values.",
    "=== values\n",
    NULL,
};

const struct fuzz_target fuzz_target = { run, seeds, words };
