// Renders template snippets with the real Helm engine, one after the other in one process.
//
// Each request on stdin is "LENGTH LENGTH", a line break, a template and values in YAML of that many bytes; each answer on
// stdout is "ok LENGTH" or "fail LENGTH", a line break and that many bytes: what the snippet printed, or the render's
// error. The chart and the release are those of corpus/templates: one template, no cluster. The library's panics come back
// as errors; what ends a Go process (a stack of 1 GB, say) ends this one.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
)

const chartYAML = `apiVersion: v2
name: chart
version: 1.2.3
appVersion: "4.5.6"
description: Chart for engine cases
type: application
kubeVersion: ">=1.20.0-0"
home: https://example.com/home
icon: https://example.com/icon.png
keywords:
- alpha
- beta
sources:
- https://example.com/src
maintainers:
- name: Ann
  email: ann@example.com
- name: Bob
  url: https://example.com/bob
annotations:
  category: demo
  note: "1"
`

func capabilities() *common.Capabilities {
	kube, _ := common.ParseKubeVersion("v1.36.0")
	caps := &common.Capabilities{
		KubeVersion: *kube,
		APIVersions: common.VersionSet{"v1", "v1/Pod", "apps/v1", "apps/v1/Deployment", "batch/v1", "networking.k8s.io/v1",
			"policy/v1", "rbac.authorization.k8s.io/v1"},
	}
	caps.HelmVersion.Version = "v4.2"
	caps.HelmVersion.GoVersion = "go1.26.8"
	caps.HelmVersion.KubeClientVersion = "v1.36"
	return caps
}

func render(template, values []byte) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	user, err := loader.LoadValues(strings.NewReader(string(values)))
	if err != nil {
		return "", err
	}
	c, err := loader.LoadFiles([]*archive.BufferedFile{
		{Name: "Chart.yaml", Data: []byte(chartYAML)},
		{Name: "config/app.toml", Data: []byte("a = 1\n[b]\nc = \"x\"\n")},
		{Name: "config/lines.txt", Data: []byte("one\ntwo\n\nthree\n")},
		{Name: "templates/x.yaml", Data: template},
	})
	if err != nil {
		return "", err
	}
	if err := chartutil.ProcessDependencies(c, user); err != nil {
		return "", err
	}
	release := common.ReleaseOptions{Name: "example", Namespace: "default", Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(c, user, release, capabilities())
	if err != nil {
		return "", err
	}
	out, err := new(engine.Engine).Render(c, top)
	return out["chart/templates/x.yaml"], err
}

func answer(in *bufio.Reader, out *bufio.Writer) error {
	var templateLen, valuesLen int
	if _, err := fmt.Fscanf(in, "%d %d\n", &templateLen, &valuesLen); err != nil {
		return err
	}
	template, values := make([]byte, templateLen), make([]byte, valuesLen)
	if _, err := io.ReadFull(in, template); err != nil {
		return err
	}
	if _, err := io.ReadFull(in, values); err != nil {
		return err
	}
	text, err := render(template, values)
	verdict := "ok"
	if err != nil {
		verdict, text = "fail", err.Error()
	}
	fmt.Fprintf(out, "%s %d\n%s", verdict, len(text), text)
	return out.Flush()
}

func main() {
	log.SetOutput(io.Discard)
	debug.SetMaxStack(64 << 20)
	out := bufio.NewWriter(os.Stdout)
	in := bufio.NewReader(os.Stdin)
	for answer(in, out) == nil {
	}
}
