package contract

import (
	"testing"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/test/contract/golden"
)

// TestEnvironmentsHaveTheHealthOfTheirSituation runs the script where Argo CD runs it: with hardly any of
// Lua's libraries, and not at all for what is being deleted.
func TestEnvironmentsHaveTheHealthOfTheirSituation(t *testing.T) {
	overrides := lua.ResourceHealthOverrides{}
	for kind, script := range golden.HealthScripts(t) {
		overrides[kind] = v1alpha1.ResourceOverride{HealthLua: script}
	}
	golden.Healths(t, func(object map[string]any) (string, string, error) {
		verdict, err := health.GetResourceHealth(&unstructured.Unstructured{Object: object}, overrides)
		if err != nil || verdict == nil {
			return "none", "", err
		}
		return string(verdict.Status), verdict.Message, nil
	})
}
