// Command etcd is the store below the test control plane: etcd's own entry point, nothing else.
// It exists because etcd's server module publishes no main package that a wrapper can build.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
