//go:build tools

// Package tools pins the modules whose CRDs build.sh copies into bin/crds and of which nothing is built.
package tools

import (
	_ "github.com/GoogleCloudPlatform/gke-managed-certs/pkg/apis/networking.gke.io/v1"
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
)
