// The kubectl plugin: kubectl finds it on the PATH by its name and runs it as kubectl appenv.
package main

import (
	"os"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/appenv/appenv-operator/internal/cli"
)

func main() {
	log.SetLogger(logr.Discard()) // diff makes the operator's pass, and nobody has asked for its log
	os.Exit(cli.Main(os.Args[1:], cli.Standard()))
}
