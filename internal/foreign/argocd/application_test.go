package argocd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// liveApplication is an Application as Argo CD writes it, with much that the operator does not read.
const liveApplication = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: app1-dev
  namespace: argocd
  uid: a1
  resourceVersion: "7"
  generation: 12
  creationTimestamp: "2026-09-01T00:00:00Z"
  labels: {platform.appenv.dev/environment: hoge-dev}
  annotations:
    platform.appenv.dev/adopt-by: hoge-dev
    notified.notifications.argoproj.io: '{"x": 1}'
  finalizers: [resources-finalizer.argocd.argoproj.io]
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, name: set, uid: s1, controller: true, blockOwnerDeletion: true}]
  managedFields: [{manager: argocd-applicationset-controller, operation: Update}]
operation: {sync: {revision: abc}, initiatedBy: {username: admin}}
spec:
  project: hoge-dev
  source: {repoURL: https://github.com/example/hoge, path: p, targetRevision: main, kustomize: {images: [a=b:c], namePrefix: x}}
  destination: {server: "https://kubernetes.default.svc", namespace: hoge}
  syncPolicy: {automated: {prune: true}, retry: {limit: 5, backoff: {duration: 5s}}}
  ignoreDifferences: [{kind: Deployment, jsonPointers: [/spec/replicas]}]
status:
  reconciledAt: "2026-09-01T00:00:20Z"
  sourceType: Kustomize
  sync:
    status: Synced
    revision: abc
    comparedTo:
      source: {repoURL: https://github.com/example/hoge, path: p, targetRevision: main}
      destination: {server: "https://kubernetes.default.svc", namespace: hoge}
  health: {status: Healthy, lastTransitionTime: "2026-09-01T00:00:00Z"}
  operationState: {phase: Succeeded, message: ok, finishedAt: "2026-09-01T00:00:10Z", syncResult: {revision: abc, resources: [{kind: Service}]}}
  conditions: [{type: OrphanedResourceWarning, message: some, lastTransitionTime: "2026-09-01T00:00:00Z"}]
  summary: {images: [a, b, c, d, e, f, g, h, i, j, k, l], externalURLs: [https://x]}
  history: [{id: 0, revision: aaa, deployedAt: "2026-09-01T00:00:00Z"}, {id: 1, revision: abc, deployedAt: "2026-09-01T00:00:00Z"}]
  resources:
  - {group: apps, version: v1, kind: Deployment, namespace: hoge, name: web, status: Synced}
  - {group: apps, version: v1, kind: Deployment, namespace: hoge, name: worker, status: Synced}
  - {version: v1, kind: Service, namespace: hoge, name: b, status: Synced}
  - {version: v1, kind: Service, namespace: hoge, name: a, status: Synced}
  - {group: rbac.authorization.k8s.io, version: v1, kind: ClusterRole, name: x, status: OutOfSync, requiresPruning: true}
`

func readLive(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(liveApplication))
	if err != nil {
		t.Fatal(err)
	}
	live := &unstructured.Unstructured{}
	if err := live.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return live
}

func TestTrimmingLeavesWhatIsRead(t *testing.T) {
	live := readLive(t)
	before, err := DecodeApplication(live)
	if err != nil {
		t.Fatal(err)
	}
	TrimApplication(live)
	after, err := DecodeApplication(live)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if before.Operation == nil || len(before.Status.Resources) != 4 || len(before.Status.Summary.Images) != 10 || len(before.Status.History) != 1 {
		t.Errorf("decoded %+v", before)
	}
	if live.GetUID() != "a1" || live.GetResourceVersion() != "7" || len(live.GetOwnerReferences()) != 1 || live.GetLabels() == nil {
		t.Errorf("the metadata is %v", live.Object["metadata"])
	}
	if diff := cmp.Diff(map[string]string{"platform.appenv.dev/adopt-by": "hoge-dev"}, live.GetAnnotations()); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func TestTrimmingLeavesTheNamesOfWhatRunsPodsAlone(t *testing.T) {
	app, err := DecodeApplication(readLive(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, resource := range app.Status.Resources {
		names = append(names, resource.Kind+" "+resource.Name)
	}
	if diff := cmp.Diff([]string{"Service ", "Deployment web", "Deployment worker", "ClusterRole "}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTrimmingDropsTheRest(t *testing.T) {
	live := readLive(t)
	TrimApplication(live)
	text, err := yaml.Marshal(live.Object)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"managedFields", "notified", "ignoreDifferences", "syncResult", "sourceType", "externalURLs", "aaa", "lastTransitionTime", "namePrefix", "initiatedBy"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%s is still there", word)
		}
	}
	// A trimmed object goes through caches, which copy it.
	live.DeepCopy()
	again := live.DeepCopy()
	TrimApplication(again)
	if diff := cmp.Diff(live, again); diff != "" {
		t.Errorf("trimming twice differs:\n%s", diff)
	}
}

func TestTrimmingMakesALargeApplicationSmall(t *testing.T) {
	live := readLive(t)
	var resources []any
	for i := range 5000 {
		resources = append(resources, map[string]any{"kind": "ConfigMap", "namespace": "hoge", "name": fmt.Sprint(i), "status": "Synced"})
	}
	if err := unstructured.SetNestedSlice(live.Object, resources, "status", "resources"); err != nil {
		t.Fatal(err)
	}
	TrimApplication(live)
	left, _, err := unstructured.NestedSlice(live.Object, "status", "resources")
	if err != nil || len(left) != 1 {
		t.Errorf("%d resources are left, error %v", len(left), err)
	}
}

func TestAnUnreadableApplicationIsLeftAsItIs(t *testing.T) {
	live := readLive(t)
	if err := unstructured.SetNestedField(live.Object, int64(1), "spec", "source"); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeApplication(live); err == nil {
		t.Error("an Application with a number for a source was read")
	}
	TrimApplication(live)
	if text(live, "spec", "project") != "hoge-dev" || len(live.GetManagedFields()) != 0 {
		t.Errorf("left %v", live.Object)
	}
}

func text(live *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(live.Object, path...)
	return value
}

func TestJudgedSinceSync(t *testing.T) {
	tests := map[string]struct {
		reconciledAt string
		operation    *OperationState
		want         bool
	}{
		"there was no sync":                   {want: true},
		"the sync has not ended":              {operation: &OperationState{Phase: "Running"}, want: true},
		"judged after the sync":               {reconciledAt: "2026-09-01T00:00:11Z", operation: &OperationState{FinishedAt: "2026-09-01T00:00:10Z"}, want: true},
		"judged in the second the sync ended": {reconciledAt: "2026-09-01T00:00:10Z", operation: &OperationState{FinishedAt: "2026-09-01T00:00:10Z"}, want: true},
		"judged before the sync ended":        {reconciledAt: "2026-09-01T00:00:09Z", operation: &OperationState{FinishedAt: "2026-09-01T00:00:10Z"}},
		"judged earlier in another time zone": {reconciledAt: "2026-09-01T05:00:09+05:00", operation: &OperationState{FinishedAt: "2026-09-01T00:00:10Z"}},
		"never judged":                        {operation: &OperationState{FinishedAt: "2026-09-01T00:00:10Z"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status := ApplicationStatus{ReconciledAt: test.reconciledAt, OperationState: test.operation}
			if got := status.JudgedSinceSync(); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestElements(t *testing.T) {
	set := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"generators": []any{
		map[string]any{"list": map[string]any{"elements": []any{
			map[string]any{"name": "app1", "namespace": "hoge"},
			map[string]any{"name": "numbers", "replicas": int64(3)}, // not as the operator writes it
			map[string]any{"namespace": "nameless"},
			"junk",
		}}},
		map[string]any{"git": map[string]any{}},
		"junk",
	}}}}
	want := map[string]Element{"app1": {"name": "app1", "namespace": "hoge"}}
	if diff := cmp.Diff(want, Elements(set)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeProject(t *testing.T) {
	live := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"sourceRepos":              []any{"https://github.com/example/hoge"},
		"clusterResourceWhitelist": []any{map[string]any{"group": "", "kind": "Node"}, map[string]any{"group": "", "kind": "PersistentVolume", "name": "a"}},
		"unknown":                  int64(1),
	}}}
	project, err := DecodeProject(live)
	want := Project{SourceRepos: []string{"https://github.com/example/hoge"}, ClusterResourceWhitelist: []GroupKind{{Kind: "Node"}}}
	if diff := cmp.Diff(want, project); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// Objects are decoded without JSON. What JSON makes of them, broken or not, must be the same.
func TestDecodingIsWhatJSONMakesOfIt(t *testing.T) {
	tried, broken := 0, 0
	live := readLive(t)
	check := func(what string) {
		t.Helper()
		var want, got Application
		data, err := json.Marshal(live.Object)
		if err != nil {
			t.Fatal(err)
		}
		wantErr, gotErr := json.Unmarshal(data, &want), decode(live.Object, &got)
		tried++
		if wantErr != nil {
			broken++
		}
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Errorf("%s: error %v, want %v", what, gotErr, wantErr)
		}
		if diff := cmp.Diff(want, got); wantErr == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("as it is")
	forEachValue(live.Object, "", func(path string, set func(any)) {
		for _, junk := range []any{nil, "", "junk", int64(-1), 1.5, 2.0, true, map[string]any{}, []any{}, []any{nil, int64(1), "x"}, map[string]any{"type": int64(3)}} {
			set(junk)
			check(fmt.Sprintf("%s is %v", path, junk))
		}
	})
	if broken < 100 || broken > tried-100 {
		t.Errorf("%d of %d objects are broken: they prove little", broken, tried)
	}
}

// forEachValue calls do for each value in turn, which is put back afterwards.
func forEachValue(value any, path string, do func(path string, set func(any))) {
	switch value := value.(type) {
	case map[string]any:
		for key, nested := range value {
			do(path+"."+key, func(v any) { value[key] = v })
			value[key] = nested
			forEachValue(nested, path+"."+key, do)
		}
	case []any:
		for i, nested := range value {
			do(fmt.Sprintf("%s[%d]", path, i), func(v any) { value[i] = v })
			value[i] = nested
			forEachValue(nested, fmt.Sprintf("%s[%d]", path, i), do)
		}
	}
}
