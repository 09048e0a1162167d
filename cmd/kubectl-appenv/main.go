// The kubectl plugin: kubectl finds it on the PATH by its name and runs it as kubectl appenv.
package main

import (
	"os"

	"github.com/appenv/appenv-operator/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.Standard())) }
