//go:build tools

// Package tools pins kustomize, which build.sh builds into bin/.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
