package argocd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// FuzzObjectsOfAnyShapeAreReadOrRefused: an object of Argo CD's that is not as it should be is an error at most, and
// trimming loses nothing that is read.
func FuzzObjectsOfAnyShapeAreReadOrRefused(f *testing.F) {
	whole, err := yaml.YAMLToJSON([]byte(liveApplication))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	for _, text := range []string{
		`{}`, `{"metadata":null}`, `{"metadata":"a"}`, `{"spec":[],"status":1}`, `{"status":{"conditions":[null,1,{}],"resources":null,"history":[{}]}}`,
		`{"spec":{"generators":[{"list":{"elements":[{"name":"a"},{"name":1},null]}},null,"a"]}}`, `{"spec":{"generators":{"list":1}}}`,
		`{"spec":{"clusterResourceWhitelist":[{"group":"","kind":"Node","name":"a"},null]}}`, `{"spec":{"clusterResourceWhitelist":[1]}}`,
		`{"status":{"operationState":{"syncResult":{"resources":[{"status":"SyncFailed","message":"\u0000"}]},"finishedAt":"2026-13-01T00:00:00Z"}}}`,
		`{"metadata":{"annotations":{"platform.appenv.dev/a":"1","b":2}},"status":{"history":[{"id":1e300}]}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields := map[string]any{}
		if json.Unmarshal([]byte(text), &fields) != nil || fields == nil {
			return
		}
		live := &unstructured.Unstructured{Object: fields}
		Elements(live)
		_, _ = DecodeProject(live)
		before, err := DecodeApplication(live)
		TrimApplication(live)
		after, errAfter := DecodeApplication(live)
		if (err == nil) != (errAfter == nil) {
			t.Fatalf("trimming changes whether it is read: %v, then %v", err, errAfter)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(before, after, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("trimming changes what is read (-before +after):\n%s", diff)
		}
		before.Spec.AllSources()
		before.Status.JudgedSinceSync()
		if state := before.Status.OperationState; state != nil {
			state.Failure()
			state.RanHooks()
		}
	})
}

// FuzzWindowsAreUnderstoodOrRefused: a sync window that is not as it should be is an error at most.
func FuzzWindowsAreUnderstoodOrRefused(f *testing.F) {
	for _, window := range [][3]string{
		{"0 22 * * *", "8h", "Asia/Tokyo"}, {"* * * * *", "1h30m", ""}, {"@daily", "8h", "UTC"}, {"@every 1h", "8h", "Local"}, {"* * * * * *", "8h", "../UTC"},
		{"*/0 * * * *", "-1h", "\x00"}, {"0-59/99999999999999999999 * * * *", "1e9h", "asia/tokyo"}, {"60 24 32 13 7", "", "/etc"}, {"CRON_TZ=UTC * * * * *", "1", "UTC"}, {"? ? ? ? ?", "1ns", "UTC"},
		{"0 0 30 2 *", "8h", "UTC"}, {"5-1 * * * *", "8h", "UTC"}, {"mon * * * *", "8h", "UTC"}, {"", "8h", "UTC"}, {"TZ=UTC", "8h", "UTC"},
	} {
		f.Add(window[0], window[1], window[2])
	}
	f.Fuzz(func(t *testing.T, schedule, duration, timeZone string) {
		window := SyncWindow{Kind: "deny", Schedule: schedule, Duration: duration, TimeZone: timeZone}
		if window.Validate() != nil {
			return
		}
		if _, err := time.LoadLocation(timeZone); err != nil {
			t.Errorf("an unknown time zone is accepted: %v", err)
		}
		if !window.SameTime(window) {
			t.Error("it is not at the same time as itself")
		}
	})
}
