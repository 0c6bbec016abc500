// Builds kustomizations with the real kustomize as Flux calls it, one after the other in one process.
//
// Each line of stdin is a folder; each answer on stdout is "ok LENGTH" or "fail LENGTH", a line break and that many
// bytes: what the build printed, or its error. The options are those of fluxcd/pkg: no load restriction, no order of
// its own, built-in plugins only, and the built-in schema stays under a kustomization's own. A process for each build
// costs four times as much.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

const builtinSchema = "v1.21.2"

// What one build can leave behind for the next is its schema.
func resetSchema() {
	openapi.ResetOpenAPI()
	_ = openapi.Schema()
}

func build(folder string) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered from kustomize build panic: %v", r)
		}
	}()
	options := &krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone,
		PluginConfig:     types.DisabledPluginConfig(),
	}
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

func answer(out *bufio.Writer, folder string) error {
	text, err := build(folder)
	verdict := "ok"
	if err != nil {
		verdict, text = "fail", []byte(err.Error())
	}
	if openapi.GetSchemaVersion() != builtinSchema {
		resetSchema()
	}
	fmt.Fprintf(out, "%s %d\n", verdict, len(text))
	out.Write(text)
	return out.Flush()
}

func main() {
	log.SetOutput(io.Discard)
	os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	resetSchema()
	out := bufio.NewWriter(os.Stdout)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := answer(out, strings.TrimSpace(in.Text())); err != nil {
			os.Exit(1)
		}
	}
}
