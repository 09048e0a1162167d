package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/internal/component"
)

func TestObjectsThatOthersNeedAreWrittenFirst(t *testing.T) {
	names := func(kinds ...string) []*step {
		var steps []*step
		for _, kind := range kinds {
			group := ""
			for known := range childKinds {
				if known.Kind == kind {
					group = known.Group
				}
			}
			steps = append(steps, &step{key: component.Key{Group: group, Kind: kind}})
		}
		return steps
	}
	plan := &plan{steps: names("ResourceQuota", "Namespace", "ExternalSecret", "SecretStore", "ApplicationSet")}
	var got [][]string
	for _, stage := range plan.stages() {
		var kinds []string
		for _, s := range stage {
			kinds = append(kinds, s.key.Kind)
		}
		got = append(got, kinds)
	}
	want := [][]string{{"Namespace", "SecretStore"}, {"ResourceQuota", "ExternalSecret", "ApplicationSet"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
