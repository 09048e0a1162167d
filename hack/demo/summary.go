package main

import (
	"context"
	"fmt"

	"github.com/appenv/appenv-operator/hack/demo/internal/adopted"
	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
)

// summary shows what came of the samples, and what to try.
func (d *demo) summary(ctx context.Context) error {
	table, err := d.Cluster.Kubectl(ctx, "", "get", "appenv")
	if err != nil {
		return err
	}
	fmt.Printf("\n$ bin/kubectl --kubeconfig .demo/kubeconfig get appenv\n%s\nBlocked, and why:\n", table)
	for _, name := range sample.Names {
		state, err := sample.Read(ctx, d.Cluster, name)
		if err != nil {
			return err
		}
		if state.BlockedOn != "" {
			fmt.Printf("  %s: %s\n", name, state.BlockedOn)
		}
	}
	before, err := adopted.Before(d.Site.Dir)
	if err != nil {
		return err
	}
	now, err := adopted.Read(ctx, d.Cluster)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s adopted what a team had made by hand, as it ran:\n%s", sample.QA, adopted.Table(before, now))
	fmt.Print(try)
	return nil
}

const try = `
Certificates and the Ingress's address are played by a stand-in for Google; the rest is real.

Three things to try, after: export KUBECONFIG=$PWD/.demo/kubeconfig PATH=$PWD/bin:$PATH

1. Delete an ApplicationSet by hand: an admission policy refuses it. As somebody whom the policy exempts,
   it is deleted, and comes back, and no Application is lost.
   kubectl -n argocd delete applicationset hoge-namespace-dev-application-set
   kubectl -n argocd delete applicationset hoge-namespace-dev-application-set --as=system:serviceaccount:kube-system:generic-garbage-collector --as-group=system:masters &&
   kubectl -n argocd get applicationsets,applications

2. Give hoge-stage the secret that it lacks; the annotation makes External Secrets look at once.
   kubectl patch appenv hoge-stage --type=json -p '[{"op":"add","path":"/spec/secrets/store/fake/data/-","value":{"key":"hoge-stage-db","value":"{\"url\":\"postgres://stage\"}"}}]' &&
   sleep 1 && kubectl -n hoge-stage annotate externalsecret db-migration-env --overwrite look-again="$RANDOM" &&
   kubectl wait appenv/hoge-stage --for=condition=Ready --timeout=60s

3. Delete an environment and everything it made, in order; make demo brings it back.
   kubectl delete appenv hoge-dev

Everything keeps running; make demo again brings back what is missing and changes nothing else. Logs are in .demo/logs. Stop: make demo-down
`
