// Answers questions about charts and values with Helm's own packages: one JSON object a line in, one a line out.
// tests/golden/helm/charts/record asks it for the tables there. Ops: load, path, archive (charts), deps, coalesce, merge (values of
// charts), ignore, strvals, loadvalues.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sort"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	v2loader "helm.sh/helm/v4/pkg/chart/v2/loader"
	v2util "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/ignore"
	"helm.sh/helm/v4/pkg/strvals"
)

type req struct {
	Op    string
	Text  string
	Files map[string]string
	Path  string
	B64   string
	Mode  string
	Dest  map[string]any
	User  map[string]any
	Paths []string
}

type fi struct{ dir bool }

func (f fi) Name() string       { return "" }
func (f fi) Size() int64        { return 0 }
func (f fi) Mode() os.FileMode  { return 0 }
func (f fi) ModTime() time.Time { return time.Time{} }
func (f fi) IsDir() bool        { return f.dir }
func (f fi) Sys() any           { return nil }

func tree(c *chart.Chart, withValues bool) any {
	subs := []any{}
	deps := c.Dependencies()
	ds := append([]*chart.Chart{}, deps...)
	sort.SliceStable(ds, func(i, j int) bool { return ds[i].Name() < ds[j].Name() })
	for _, d := range ds {
		subs = append(subs, tree(d, withValues))
	}
	t, f := []string{}, []string{}
	for _, x := range c.Templates {
		t = append(t, x.Name)
	}
	for _, x := range c.Files {
		f = append(f, x.Name)
	}
	sort.Strings(t)
	sort.Strings(f)
	crds := []string{}
	for _, x := range c.CRDObjects() {
		crds = append(crds, x.Filename)
	}
	sort.Strings(crds)
	m := map[string]any{"metadata": c.Metadata, "lock": c.Lock, "templates": t, "files": f, "subs": subs, "schema": string(c.Schema), "crds": crds}
	if withValues {
		m["values"] = c.Values
	}
	return m
}

func load(r req) (*chart.Chart, error) {
	files := []*archive.BufferedFile{}
	names := []string{}
	for n := range r.Files {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		data := []byte(r.Files[n])
		if strings.HasPrefix(r.Files[n], "base64:") {
			data, _ = base64.StdEncoding.DecodeString(r.Files[n][7:])
		}
		files = append(files, &archive.BufferedFile{Name: n, Data: data})
	}
	return v2loader.LoadFiles(files)
}

func run(r req) (any, error) {
	switch r.Op {
	case "load":
		c, err := load(r)
		if err != nil {
			return nil, err
		}
		return tree(c, true), nil
	case "path":
		c, err := loader.Load(r.Path)
		if err != nil {
			return nil, err
		}
		if v2, ok := c.(*chart.Chart); ok {
			return tree(v2, true), nil
		}
		return "v3", nil
	case "archive":
		data, _ := base64.StdEncoding.DecodeString(r.B64)
		c, err := loader.LoadArchive(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if v2, ok := c.(*chart.Chart); ok {
			return tree(v2, true), nil
		}
		return "v3", nil
	case "coalesce", "merge":
		c, err := load(r)
		if err != nil {
			return nil, err
		}
		if r.Op == "merge" {
			v, err := util.MergeValues(c, r.User)
			return v, err
		}
		v, err := util.CoalesceValues(c, r.User)
		return v, err
	case "deps":
		c, err := load(r)
		if err != nil {
			return nil, err
		}
		if err := v2util.ProcessDependencies(c, common.Values(r.User)); err != nil {
			return nil, err
		}
		v, err := util.CoalesceValues(c, r.User)
		if err != nil {
			return nil, err
		}
		return map[string]any{"chart": tree(c, true), "values": v}, nil
	case "ignore":
		rules, err := ignore.Parse(strings.NewReader(r.Text))
		if err != nil {
			return nil, err
		}
		if r.Mode == "defaults" {
			rules.AddDefaults()
		}
		out := []bool{}
		for _, p := range r.Paths {
			dir := strings.HasSuffix(p, "/") && p != "./"
			out = append(out, rules.Ignore(strings.TrimSuffix(p, "/"), fi{dir}))
		}
		return out, nil
	case "strvals":
		dest := r.Dest
		if dest == nil {
			dest = map[string]any{}
		}
		var err error
		switch r.Mode {
		case "string":
			err = strvals.ParseIntoString(r.Text, dest)
		case "json":
			err = strvals.ParseJSON(r.Text, dest)
		case "literal":
			err = strvals.ParseLiteralInto(r.Text, dest)
		case "file":
			err = strvals.ParseIntoFile(r.Text, dest, func(rs []rune) (any, error) {
				if strings.HasPrefix(string(rs), "no") {
					return nil, fmt.Errorf("open %s: no such file or directory", string(rs))
				}
				return "<" + string(rs) + ">", nil
			})
		default:
			err = strvals.ParseInto(r.Text, dest)
		}
		if err != nil {
			return map[string]any{"left": dest}, err
		}
		return dest, nil
	case "loadvalues":
		if r.B64 != "" {
			data, _ := base64.StdEncoding.DecodeString(r.B64)
			r.Text = string(data)
		}
		return v2loader.LoadValues(strings.NewReader(r.Text))
	}
	return nil, fmt.Errorf("unknown op")
}

func main() {
	sc := bufio.NewReaderSize(os.Stdin, 1<<20)
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	var logs bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{ReplaceAttr: func(g []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	for {
		line, rerr := sc.ReadBytes('\n')
		if len(line) > 1 {
			var r req
			if err := json.Unmarshal(line, &r); err != nil {
				panic(err)
			}
			logs.Reset()
			out, err := func() (o any, e error) {
				defer func() {
					if p := recover(); p != nil {
						e = fmt.Errorf("PANIC %v", p)
					}
				}()
				return run(r)
			}()
			res := map[string]any{"out": out}
			if err != nil {
				res["err"] = err.Error()
			}
			if logs.Len() > 0 {
				res["log"] = strings.Split(strings.TrimSuffix(logs.String(), "\n"), "\n")
			}
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			enc.Encode(res)
		}
		if rerr == io.EOF {
			return
		}
	}
}
