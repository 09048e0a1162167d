package component

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// A Replacer does the same, and takes longer to make than to use.
func TestExpandReplacesAsAReplacerDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"{app}", "{application}", "{environment}", "{", "}", "app", "application", "environment", "-", "/", "{unknown}", "{App}"}
	text := func() string {
		var out strings.Builder
		for range random.IntN(8) {
			out.WriteString(pieces[random.IntN(len(pieces))])
		}
		return out.String()
	}
	for range 5000 {
		env := &v1alpha1.AppEnvironment{Spec: v1alpha1.AppEnvironmentSpec{Application: text(), Environment: text()}}
		app, pattern := text(), text()
		want := strings.NewReplacer("{app}", app, "{application}", env.Spec.Application, "{environment}", env.Spec.Environment).Replace(pattern)
		if got := expand(env, app, pattern); got != want {
			t.Fatalf("%q with app %q, application %q, environment %q: %q, want %q", pattern, app, env.Spec.Application, env.Spec.Environment, got, want)
		}
	}
}
