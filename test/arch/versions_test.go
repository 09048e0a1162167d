package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// versionTable says what was tested against which release, with the releases that are pinned.
func versionTable(t *testing.T) string {
	t.Helper()
	components := "hack/components/"
	rows := []struct{ what, file, pattern, how string }{
		{"Kubernetes", components + "kubernetes/go.mod", `k8s\.io/kubernetes (v\S+)`, "everything"},
		{"Argo CD, major 3", components + "argocd/go.mod", `argo-cd/v3 (v\S+)`, "`make demo`, `make e2e`; its own types, validation, generator and health code (`test/contract/argocd-v3`); its CRDs (`test/crds`)"},
		{"Argo CD, major 2", components + "argocd-v2/go.mod", `argo-cd/v2 (v\S+)`, "`make e2e`; its own types, validation, generator and health code (`test/contract/argocd-v2`); its CRDs (`test/crds`)"},
		{"External Secrets", components + "external-secrets/go.mod", `external-secrets/external-secrets (v\S+)`, "`make demo`, `make e2e` with its fake provider; its CRDs (`test/crds`). No cloud's secret manager was asked"},
		{"External Secrets, major 1", components + "build.sh", `eso1_version=(v\S+)`, "its CRDs (`test/crds`)"},
		{"external-dns", components + "external-dns/go.mod", `sigs\.k8s\.io/external-dns (v\S+)`, "`make demo`, `make e2e` with its Cloudflare provider, against a stand-in for Cloudflare's API; its CRD (`test/crds`)"},
		{"cert-manager", components + "crds/go.mod", `cert-manager/cert-manager (v\S+)`, "its CRDs (`test/crds`); its controller is played by a fake (`test/integration`)"},
		{"GKE's managed certificates", components + "crds/go.mod", `gke-managed-certs (v\S+)`, "its CRD (`test/crds`); its controller is played by a stand-in"},
		{"Prometheus", "test/observability/go.mod", `prometheus/prometheus (v\S+)`, "its promtool and its parser of PromQL (`test/observability`)"},
		{"Prometheus Operator", components + "crds/go.mod", `prometheus-operator/prometheus-operator (v\S+)`, "its CRDs (`test/manifests`)"},
	}
	var out strings.Builder
	out.WriteString("| | release | by |\n|---|---|---|\n")
	for _, row := range rows {
		text, err := os.ReadFile(filepath.Join(root, row.file))
		if err != nil {
			t.Fatal(err)
		}
		pinned := regexp.MustCompile(row.pattern).FindSubmatch(text)
		if pinned == nil {
			t.Fatalf("%s pins no release of %s", row.file, row.what)
		}
		fmt.Fprintf(&out, "| %s | %s | %s |\n", row.what, pinned[1], row.how)
	}
	return out.String()
}
