//go:build tools

// Package tools pins Argo CD, which build.sh builds into bin/.
package tools

import _ "github.com/argoproj/argo-cd/v3/cmd"
