// The operator: it runs until it is told to stop, and exits with 2 for a wrong command line, 1 for another failure.
package main

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/appenv/appenv-operator/internal/config"
	"github.com/appenv/appenv-operator/internal/controller"
)

func main() { os.Exit(run()) }

func run() int {
	cfg, err := config.Parse(os.Args[1:], os.Stdout)
	if errors.Is(err, config.ErrPrinted) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	log := cfg.Logger(os.Stdout)
	ctrl.SetLogger(log)
	klog.SetLogger(log.WithName("kubernetes"))
	log.Info("Starting", "build", config.Build())
	connection, err := cfg.REST()
	if err == nil {
		err = controller.Run(ctrl.SetupSignalHandler(), connection, cfg)
	}
	if err == nil {
		return 0
	}
	log.Error(err, "Ending")
	return 1
}
