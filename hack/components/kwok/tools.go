//go:build tools

// Package tools pins kwok, which build.sh builds into bin/.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
