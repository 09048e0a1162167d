package config

import (
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// REST is the connection to the API server, without a limit on the client's side: the server's
// priority and fairness is the limit.
func (c Config) REST() (*rest.Config, error) {
	connection, err := c.connection()
	if err != nil {
		return nil, err
	}
	connection.QPS = -1
	connection.UserAgent = "appenv-operator/" + Build().Version
	return connection, nil
}

func (c Config) connection() (*rest.Config, error) {
	if c.Kubeconfig == "" {
		connection, err := rest.InClusterConfig()
		if err == nil {
			return connection, nil
		}
		if !errors.Is(err, rest.ErrNotInCluster) {
			return nil, fmt.Errorf("reading the Pod's own account: %w", err)
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	connection, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading how to reach the API server: %w; give --kubeconfig, or run in a Pod", err)
	}
	return connection, nil
}
