//go:build tools

// Package tools pins Argo CD of major version 2, which build.sh builds into bin/.
package tools

import _ "github.com/argoproj/argo-cd/v2/cmd"
