package validation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestTheLargestEnvironmentFitsTheBudget fills every list to its bound: the rules
// together must stay within what the server spends on one request, or a large
// environment could not be written although each rule allows it.
func TestTheLargestEnvironmentFitsTheBudget(t *testing.T) {
	longest := strings.Repeat("a-name-of-some-length.", 8)
	for name, edits := range map[string][]edit{
		"google": {useGoogle},
		"fake":   {set("spec.secrets.store", map[string]any{"fake": map[string]any{"data": times(100, `{key: `+longest+`%d, value: v, version: "1"}`)}})},
		"names": {
			useGoogle,
			set("spec.secrets.items", times(50, `{name: a-%[1]d, namespace: hoge-9, secretName: `+longest+`%[1]d, extract: [{key: k}]}`)),
			set("spec.certificates", times(20, `{name: c-%[1]d, namespace: hoge-9, certManager: {domains: [a.example.com], issuerRef: {name: i}, secretName: `+longest+`x%[1]d}}`)),
			set("spec.dns.records", times(100, `{name: `+longest+`r%[1]d.example.com, type: CNAME, targets: [lb.example.com], cloudflareProxied: true}`)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := largest(t, append(edits, set("metadata.name", "largest-"+name))...)
			data, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d KiB", len(data)/1024)
			if err := create(t.Context(), object, false); err != nil {
				t.Fatal(err)
			}
			apply(object, set("spec.mode", "Paused"))
			apply(object, set("spec.apps[99].targetRevision", "other"))
			if err := api.Update(t.Context(), object, client.DryRunAll); err != nil {
				t.Errorf("updating: %v", err)
			}
		})
	}
}

func largest(t *testing.T, edits ...edit) *unstructured.Unstructured {
	t.Helper()
	labels := map[string]any{}
	for i := range 20 {
		labels[fmt.Sprintf("example.com/label-%d", i)] = "a-value-of-some-length"
	}
	quota := map[string]any{}
	for i := range 30 {
		quota[fmt.Sprintf("count/things-%d.example.com", i)] = "100"
	}
	namespaces := times(10, `{name: hoge-%d, networkPolicy: Isolated}`)
	for _, namespace := range namespaces {
		fields := namespace.(map[string]any)
		fields["labels"], fields["annotations"], fields["quota"] = labels, labels, quota
		fields["limits"] = parse(`[{type: Container, min: {cpu: 1m, memory: 1Mi}, defaultRequest: {cpu: 2m}, default: {cpu: 3m}, max: {cpu: 1, memory: 1Gi}},
			{type: Pod, max: {cpu: 4}}, {type: PersistentVolumeClaim, max: {storage: 1Gi}}]`)
		fields["ingressFrom"] = times(50, `{cidr: 10.%d.0.0/16}`)
		fields["serviceAccounts"] = append(times(9, `{name: sa-%[1]d, gcpServiceAccount: sa-%[1]d@my-project.iam.gserviceaccount.com}`), parse(`{name: app1}`))
	}
	apps := times(100, `{name: a-service-%[1]d, namespace: hoge-9, repoURL: "https://github.com/example/a-repository-%[1]d", targetRevision: feature/a-%[1]d, path: "deploy/{application}/{app}/overlays/{environment}"}`)
	for _, app := range apps {
		app.(map[string]any)["images"] = times(20, `{name: image-%[1]d, newName: asia-northeast1-docker.pkg.dev/a-project/a-repository/image-%[1]d, newTag: 3f2c1ab}`)
	}
	items := times(50, `{name: a-secret-%[1]d, namespace: hoge-9, secretName: another-name-%[1]d}`)
	for _, item := range items {
		item.(map[string]any)["extract"] = times(20, `{key: hoge-dev-extract-%d, version: "3"}`)
		item.(map[string]any)["data"] = times(50, `{key: DATABASE_URL_%[1]d, remoteKey: hoge-dev-db-%[1]d, property: url}`)
	}
	filled := []edit{
		drop("spec.argocd"),
		set("spec.labels", labels), set("spec.namespaces", namespaces), set("spec.apps", apps), set("spec.secrets.items", items),
		set("spec.access", times(50, `{group: a-team-%d@example.com, role: edit}`)),
		set("spec.clusterResources", times(50, `{group: group-%d.example.com, kind: Thing}`)),
		set("spec.sync.options", times(20, `Option=a%d`)),
		set("spec.sync.windows", times(20, `{kind: deny, schedule: "0,%[1]d 0-%[1]d,22 1-15 jan-dec mon-fri", duration: 8h, timeZone: Asia/Tokyo}`)),
		set("spec.certificates", googleCertificates(20)),
		set("spec.dns.records", times(100, `{name: record-%[1]d.hoge.example.com, type: A, targets: [203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4], ttl: 300, cloudflareProxied: true}`)),
	}
	return example(t, append(filled, edits...)...)
}

// googleCertificates are n certificates with as many domains as each may have.
func googleCertificates(n int) []any {
	certificates := times(n, `{name: google-%d, namespace: hoge-9}`)
	for i, certificate := range certificates {
		certificate.(map[string]any)["google"] = map[string]any{"domains": times(50, fmt.Sprintf("name-%%d.c%d.hoge.example.com", i))}
	}
	return certificates
}
