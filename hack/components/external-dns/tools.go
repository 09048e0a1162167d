//go:build tools

// Package tools pins external-dns, which build.sh builds into bin/.
package tools

import _ "sigs.k8s.io/external-dns"
