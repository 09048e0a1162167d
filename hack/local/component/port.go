package component

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// Ports are the listeners' ports by name.
type Ports map[string]int

// listeners are all that need a port of their own.
var listeners = []string{
	"etcd", "etcd-peer", "kube-apiserver", "kwok", "redis",
	"argocd-repo-server", "argocd-repo-server-metrics", "argocd-application-controller",
	"argocd-applicationset-metrics", "argocd-applicationset-probe", "argocd-applicationset-webhook",
	"external-secrets", "cloudflare", "external-dns", "operator-metrics", "operator-probe",
}

// LoadPorts reads the ports that an earlier run chose.
func LoadPorts(file string) (Ports, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	ports := Ports{}
	if err := json.Unmarshal(content, &ports); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return ports, nil
}

// ChoosePorts finds a free port for each listener and writes them down.
func ChoosePorts(file string) (Ports, error) {
	// Below the range from which the kernel takes ports for outgoing connections, so that none is
	// lost between here and its listener.
	const lowest, highest = 20000, 32000
	ports := Ports{}
	candidate := lowest + rand.IntN(highest-lowest)
	for _, name := range listeners {
		for attempt := 0; ports[name] == 0; attempt++ {
			if attempt > highest-lowest {
				return nil, errors.New("no free port")
			}
			candidate++
			if candidate > highest {
				candidate = lowest
			}
			if free(candidate) {
				ports[name] = candidate
			}
		}
	}
	content, err := json.MarshalIndent(ports, "", "  ")
	if err != nil {
		return nil, err
	}
	return ports, os.WriteFile(file, content, 0o644)
}

// free says whether nobody listens on a port, on any address: Argo CD's application controller
// knows no other.
func free(port int) bool {
	address, err := net.ResolveTCPAddr("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return false
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
