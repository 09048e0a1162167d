// Package crd is the CustomResourceDefinition that the operator serves, for programs that judge
// AppEnvironments without a cluster.
package crd

import _ "embed"

// AppEnvironments is the generated CustomResourceDefinition, as YAML: what config/default installs, without
// what the overlay adds to it.
//
//go:embed bases/platform.appenv.dev_appenvironments.yaml
var AppEnvironments []byte
