//go:build tools

// Package tools pins External Secrets Operator, which build.sh builds into bin/.
package tools

import _ "github.com/external-secrets/external-secrets"
