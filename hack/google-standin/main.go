// Command google-standin plays what only Google can do and what therefore cannot run here: GKE's
// load balancer, which gives Ingresses an address, and GKE's managed certificates. It is a stand-in
// for tests and the demo, nothing more; it says so in every line that it logs.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	log.SetPrefix("stand-in for Google: ")
	kubeconfig := flag.String("kubeconfig", "", "the cluster's kubeconfig")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	return newStandIn(client).run(ctx)
}
