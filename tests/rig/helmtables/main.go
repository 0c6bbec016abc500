// helmtables evaluates the rows of tests/golden/helm/*.jsonl with the real libraries and writes what they give back into
// the files. tests/golden/helm/README.md tells the forms of rows; run it there after adding rows:
//
//	(cd tests/rig/helmtables && TZ=UTC go run . ../../golden/helm/*.jsonl)
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"
	_ "unsafe" // for go:linkname

	"github.com/Masterminds/semver/v3"
	"github.com/gobwas/glob"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

//go:linkname helmFuncs helm.sh/helm/v4/pkg/engine.funcMap
func helmFuncs() template.FuncMap

// line is a row or, without an id, what the rows below it have in common.
type line struct {
	ID      string            `json:"id,omitempty"`
	Lex     *string           `json:"lex,omitempty"`
	Text    *string           `json:"t,omitempty"`
	TextB64 string            `json:"tB64,omitempty"`
	Parse   *string           `json:"parse,omitempty"`
	Empty   *string           `json:"empty,omitempty"`
	Data    json.RawMessage   `json:"d,omitempty"`
	Files   map[string]string `json:"files,omitempty"`
	Regex   *string           `json:"re,omitempty"`
	Strings []json.RawMessage `json:"strings,omitempty"`
	Glob    *string           `json:"glob,omitempty"`
	Version *string           `json:"version,omitempty"`
	Float   string            `json:"float,omitempty"`
	Verb    string            `json:"verb,omitempty"`
	Prec    int               `json:"prec,omitempty"`
	Want    json.RawMessage   `json:"want,omitempty"`
	WantB64 string            `json:"wantB64,omitempty"`
	Error   *string           `json:"error,omitempty"`
}

// value reads data: JSON, where whole numbers are ints, and {"$type": ...} for other types of Go.
func value(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	must(d.Decode(&v))
	return typed(v)
}

func typed(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.Atoi(v.String()); err == nil {
			return i
		}
		f, err := v.Float64()
		must(err)
		return f
	case []any:
		for i := range v {
			v[i] = typed(v[i])
		}
		return v
	case map[string]any:
		for k, e := range v {
			if strings.HasPrefix(k, "$") {
				return tagged(k, e)
			}
			v[k] = typed(e)
		}
	}
	return v
}

func tagged(tag string, v any) any {
	switch tag {
	case "$map":
		return typed(v)
	case "$int32":
		return int32(whole(v))
	case "$int64":
		return whole(v)
	case "$uint8":
		return uint8(whole(v))
	case "$uint32":
		return uint32(whole(v))
	case "$uint64":
		u, err := strconv.ParseUint(v.(json.Number).String(), 10, 64)
		must(err)
		return u
	case "$float64":
		f, err := strconv.ParseFloat(v.(string), 64)
		must(err)
		return f
	case "$complex":
		parts := v.([]any)
		return complex(tagged("$float64", parts[0]).(float64), tagged("$float64", parts[1]).(float64))
	case "$duration":
		return time.Duration(whole(v))
	case "$time":
		t, err := time.Parse(time.RFC3339Nano, v.(string))
		must(err)
		return t
	case "$bytes":
		b, err := base64.StdEncoding.DecodeString(v.(string))
		must(err)
		return b
	case "$text": // a string that is no UTF-8
		return string(tagged("$bytes", v).([]byte))
	}
	return container(tag, v)
}

func container(tag string, v any) any {
	l, _ := v.([]any)
	m, _ := v.(map[string]any)
	switch tag {
	case "$strings":
		var s []string
		for _, e := range l {
			s = append(s, e.(string))
		}
		return s
	case "$ints":
		var s []int
		for _, e := range l {
			s = append(s, int(whole(e)))
		}
		return s
	case "$strmap":
		s := map[string]string{}
		for k, e := range m {
			s[k] = e.(string)
		}
		return s
	case "$values":
		return common.Values(typed(m).(map[string]any))
	case "$nilmap":
		return map[string]any(nil)
	case "$nillist":
		return []any(nil)
	}
	log.Fatalf("unknown type %s", tag)
	return nil
}

func whole(v any) int64 {
	i, err := v.(json.Number).Int64()
	must(err)
	return i
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// put keeps a result, in base64 when it is no UTF-8.
func (l *line) put(text string, err error) {
	l.Want, l.WantB64, l.Error = nil, "", nil
	switch {
	case err != nil:
		s := err.Error()
		l.Error = &s
	case utf8.ValidString(text):
		l.Want = encode(text)
	default:
		l.WantB64 = base64.StdEncoding.EncodeToString([]byte(text))
	}
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(v))
	return bytes.TrimSpace(b.Bytes())
}

// executed is a template alone, with Helm's functions.
func executed(text string, data any) (string, error) {
	t, err := template.New("row").Option("missingkey=zero").Funcs(helmFuncs()).Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, data)
	return out.String(), err
}

// printed is the tree a text is parsed into, printed back.
func printed(text string) (string, error) {
	t, err := template.New("row").Funcs(helmFuncs()).Parse(text)
	if err != nil || t.Tree == nil {
		return "", err
	}
	return t.Root.String(), nil
}

// isEmpty tells whether nothing would come out of a text.
func (l *line) isEmpty() {
	trees, err := parse.Parse("row", *l.Empty, "", "", helmFuncs(), map[string]any{"printf": fmt.Sprintf})
	l.put("", err)
	if err == nil {
		l.Want = encode(trees["row"] == nil || parse.IsEmptyTree(trees["row"].Root))
	}
}

// rendered is a chart of the row's files; the data are its values.
func rendered(files map[string]string, data any) (map[string]string, error) {
	var buffered []*archive.BufferedFile
	for name, text := range files {
		buffered = append(buffered, &archive.BufferedFile{Name: name, Data: []byte(text)})
	}
	c, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, top(c, data))
}

func top(c *chart.Chart, data any) common.Values {
	return common.Values{
		"Values":  data,
		"Release": map[string]any{"Name": "row", "Namespace": "default", "Service": "Helm", "Revision": 1, "IsInstall": true},
	}
}

func (l *line) render(data any) {
	out, err := rendered(l.Files, data)
	l.put("", err)
	if err == nil {
		l.Want = encode(out)
	}
}

// found is all matches of a text: "0,4,1,2 5,6": start and end of the match and of each group.
func found(re *regexp.Regexp, text string) string {
	var all []string
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, strings.Trim(strings.ReplaceAll(fmt.Sprint(m), " ", ","), "[]"))
	}
	return strings.Join(all, " ")
}

func (l *line) match(texts []json.RawMessage) {
	re, err := regexp.Compile(*l.Regex)
	l.put("", err)
	if err != nil {
		return
	}
	var want []string
	for _, s := range texts {
		want = append(want, found(re, value(s).(string)))
	}
	l.Want = encode(want)
}

func (l *line) globs(texts []json.RawMessage) {
	g, err := glob.Compile(*l.Glob, '/')
	l.put("refused", nil) // Helm shows no message
	if err != nil {
		return
	}
	var want []bool
	for _, s := range texts {
		want = append(want, g.Match(value(s).(string)))
	}
	l.Want = encode(want)
}

// strict is the printed version, as the strict reader takes it.
func strict(text string) (string, error) {
	v, err := semver.StrictNewVersion(text)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

func (l *line) float() {
	f, err := strconv.ParseFloat(l.Float, 64)
	must(err)
	l.put(strconv.FormatFloat(f, l.Verb[0], l.Prec, 64), nil)
}

func (l *line) evaluate(common *line) {
	data, texts := l.Data, l.Strings
	if len(data) == 0 {
		data = common.Data
	}
	if texts == nil {
		texts = common.Strings
	}
	switch {
	case l.Lex != nil: // the lexer is out of reach: upstream's own table
	case l.Parse != nil:
		l.put(printed(*l.Parse))
	case l.Empty != nil:
		l.isEmpty()
	case l.Files != nil:
		l.render(value(data))
	case l.Regex != nil:
		l.match(texts)
	case l.Glob != nil:
		l.globs(texts)
	case l.Version != nil:
		l.put(strict(*l.Version))
	case l.Float != "":
		l.float()
	default:
		l.put(executed(l.template(common), value(data)))
	}
}

func (l *line) template(common *line) string {
	if l.TextB64 != "" {
		b, err := base64.StdEncoding.DecodeString(l.TextB64)
		must(err)
		return string(b)
	}
	if l.Text == nil {
		return *common.Text
	}
	return *l.Text
}

func record(path string) {
	in, err := os.ReadFile(path)
	must(err)
	var out bytes.Buffer
	common := &line{}
	lines := bufio.NewScanner(bytes.NewReader(in))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		l := &line{}
		if err := json.Unmarshal(lines.Bytes(), l); err != nil {
			log.Fatal(path, ": ", lines.Text(), ": ", err)
		}
		if l.ID == "" {
			common = l
		} else {
			l.evaluate(common)
		}
		out.Write(append(encode(l), '\n'))
	}
	must(errors.Join(lines.Err(), os.WriteFile(path, out.Bytes(), 0o644)))
}

func main() {
	log.SetFlags(0)
	for _, path := range os.Args[1:] {
		record(path)
	}
}
