// Command down stops everything that was started in a folder of state, named relative to the checkout,
// and removes the state but for the logs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "down:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: down STATE")
	}
	dir, err := checkout.Find(args[0])
	if err != nil {
		return err
	}
	unlock, err := stack.Lock(context.Background(), dir)
	if err != nil {
		return err
	}
	defer unlock()
	return stack.Down(dir, os.Stdout)
}
