// record writes what santhosh-tekuri/jsonschema says of schemas and values, for the tables beside this folder.
//
//	go run . suite SUITE DRAFT       the official test suite's groups of one draft, one a line
//	go run . remotes SUITE           the documents that the suite's references lead to
//	go run . cases < cases.in.jsonl  {"schema", "data"} as Helm validates them
//
// A text whose words come in another order from run to run (Go's maps) is written as a sorted list of words.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const runs = 64

// What upstream's own test of the suite leaves out.
var skipped = []string{"ecmascript-regex.json", "zeroTerminatedFloats.json", "idn-email.json", "idn-hostname.json"}

var drafts = map[string]*jsonschema.Draft{
	"draft4": jsonschema.Draft4, "draft6": jsonschema.Draft6, "draft7": jsonschema.Draft7,
	"draft2019-09": jsonschema.Draft2019, "draft2020-12": jsonschema.Draft2020,
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func parse(raw json.RawMessage) any {
	return must(jsonschema.UnmarshalJSON(bytes.NewReader(raw)))
}

type loader func(string) (any, error)

func (l loader) Load(url string) (any, error) { return l(url) }

type setup struct {
	url     string
	draft   *jsonschema.Draft
	formats bool
	loader  jsonschema.URLLoader
}

// said is nil, a text, or a sorted list of words.
func said(say func() error) (result any) {
	var first string
	for i := range runs {
		text, failed := told(say)
		if !failed {
			return nil
		}
		if i == 0 {
			first, result = text, text
		} else if text != first {
			words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n,", r) })
			slices.Sort(words)
			result = words
		}
	}
	return result
}

func told(say func() error) (text string, failed bool) {
	defer func() {
		if r := recover(); r != nil {
			text, failed = fmt.Sprintf("unable to validate schema: %s", r), true
		}
	}()
	if err := say(); err != nil {
		return err.Error(), true
	}
	return "", false
}

func (s setup) compile(schema json.RawMessage) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	if s.draft != nil {
		c.DefaultDraft(s.draft)
	}
	if s.formats {
		c.AssertFormat()
	}
	c.UseLoader(s.loader)
	if err := c.AddResource(s.url, parse(schema)); err != nil {
		return nil, err
	}
	return c.Compile(s.url)
}

func write(v any) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	os.Stdout.Write(out.Bytes())
}

func compact(raw json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func suite(dir, draft string) {
	remotes := loader(func(url string) (any, error) {
		rest, ok := strings.CutPrefix(url, "http://localhost:1234/")
		if !ok {
			return nil, errors.New("no internet")
		}
		return parse(must(os.ReadFile(filepath.Join(dir, "remotes", rest)))), nil
	})
	root := filepath.Join(dir, "tests", draft)
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" || slices.Contains(skipped, filepath.Base(path)) {
			return err
		}
		file := strings.TrimSuffix(must(filepath.Rel(root, path)), ".json")
		optional := strings.HasPrefix(file, "optional/")
		if file == "optional/content" { // Helm does not assert content
			return nil
		}
		var groups []struct {
			Schema json.RawMessage
			Tests  []struct {
				Data  json.RawMessage
				Valid bool
			}
		}
		if err := json.Unmarshal(must(os.ReadFile(path)), &groups); err != nil {
			return err
		}
		s := setup{"http://testsuites.com/schema.json", drafts[draft], optional, jsonschema.SchemeURLLoader{"http": remotes, "https": remotes}}
		for _, g := range groups {
			tests := []any{}
			for _, t := range g.Tests {
				value := parse(t.Data)
				tests = append(tests, []any{compact(t.Data), t.Valid, said(func() error {
					sch, err := s.compile(g.Schema)
					if err != nil {
						return err
					}
					return sch.Validate(value)
				})})
			}
			write(map[string]any{"file": file, "schema": compact(g.Schema), "tests": tests})
		}
		return nil
	})
}

func remotes(dir string) {
	root := filepath.Join(dir, "remotes")
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		write(map[string]any{"url": "http://localhost:1234/" + must(filepath.Rel(root, path)), "schema": compact(must(os.ReadFile(path)))})
		return nil
	})
}

// As helm 4.2.4 sets the library up, but that nothing is fetched.
func cases() {
	nowhere := loader(func(string) (any, error) {
		return nil, errors.New("schemas of other hosts are not fetched; copy it into values.schema.json")
	})
	anything := loader(func(string) (any, error) { return true, nil })
	s := setup{"file:///values.schema.json", nil, false, jsonschema.SchemeURLLoader{
		"file": jsonschema.FileLoader{}, "http": nowhere, "https": nowhere, "urn": anything}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var c struct{ Schema, Data json.RawMessage }
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			panic(fmt.Sprintf("%v: %s", err, in.Text()))
		}
		var data any
		if err := json.Unmarshal(c.Data, &data); err != nil { // numbers are float64, as in Helm's values
			panic(err)
		}
		write(map[string]any{"schema": compact(c.Schema), "data": compact(c.Data), "says": said(func() error {
			sch, err := s.compile(c.Schema)
			if err != nil {
				return err
			}
			return sch.Validate(data)
		})})
	}
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "suite":
		suite(os.Args[2], os.Args[3])
	case len(os.Args) == 3 && os.Args[1] == "remotes":
		remotes(os.Args[2])
	case len(os.Args) == 2 && os.Args[1] == "cases":
		cases()
	default:
		fmt.Fprintln(os.Stderr, "usage: record suite SUITE DRAFT | remotes SUITE | cases")
		os.Exit(2)
	}
}
