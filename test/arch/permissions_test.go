package arch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// A grant is any of the RBAC objects in config.
type grant struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Rules    []rbacv1.PolicyRule `json:"rules"`
	RoleRef  rbacv1.RoleRef      `json:"roleRef"`
	Subjects []rbacv1.Subject    `json:"subjects"`
}

// lines are what a grant allows, one thing each.
func (g grant) lines() []string {
	of := strings.TrimSpace(g.Kind + " " + strings.TrimPrefix(g.Metadata.Namespace+"/"+g.Metadata.Name, "/"))
	var all []string
	for _, subject := range g.Subjects {
		all = append(all, fmt.Sprintf("%s: %s %s/%s has %s %s", of, subject.Kind, subject.Namespace, subject.Name, g.RoleRef.Kind, g.RoleRef.Name))
	}
	for _, rule := range g.Rules {
		may := of + ": " + strings.Join(rule.Verbs, ",") + " "
		for _, url := range rule.NonResourceURLs {
			all = append(all, may+url)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				line := may + strings.TrimSuffix(resource+"."+group, ".")
				if len(rule.ResourceNames) > 0 {
					line += " named " + strings.Join(rule.ResourceNames, ",")
				}
				all = append(all, line)
			}
		}
	}
	return all
}

// TestPermissionsAreThoseOfTheSnapshot makes every change of what somebody may do a line in a review.
func TestPermissionsAreThoseOfTheSnapshot(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "config", "rbac", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(root, "config", "prometheus", "discovery.yaml"))
	var lines []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
			var g grant
			if err := decoder.Decode(&g); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			lines = append(lines, g.lines()...)
		}
	}
	if len(lines) < 30 {
		t.Fatalf("found only %d permissions", len(lines))
	}
	slices.Sort(lines)
	got := strings.Join(slices.Compact(lines), "\n") + "\n"
	snapshot := filepath.Join("testdata", "permissions.txt")
	if *update {
		if err := os.WriteFile(snapshot, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("somebody may do something else than before (-%s +now); go test ./test/arch -update writes it:\n%s", snapshot, diff)
	}
}
