//go:build tools

// Package tools pins kro, which build.sh builds into bin/.
package tools

import _ "github.com/kubernetes-sigs/kro/cmd/controller"
