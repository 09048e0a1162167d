package e2e

import (
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// refresh is how often External Secrets reads the stores.
const refresh = 5 * time.Second

var secrets = []scenario{
	{name: "secret-created-later", run: secretCreatedLater},
	{name: "store-broken-while-live", run: storeBrokenWhileLive},
}

// secretCreatedLater: no Application before its secret; then the gate opens by itself.
func secretCreatedLater(s *stage) {
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(sharedStore, "created-later")
	s.apply(env)
	s.note("%s", s.blocked(`key "created-later" not found`, "create it in the store behind ClusterSecretStore shared"))
	if s.get(applicationSets, argoNamespace, s.name) != nil {
		s.Error("there is an ApplicationSet before the secret")
	}
	s.must(s.addKey(s.ctx, sharedStore, "created-later"))
	s.runs("web", "web:v1")
}

// storeBrokenWhileLive: first its key goes, then the store itself does not serve the namespace any more. The
// applications stay, and the environment says what is wrong in External Secrets' own words; it recovers by itself.
func storeBrokenWhileLive(s *stage) {
	store := fakeStore(s.name, "token")
	s.must(s.client.Create(s.ctx, store))
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(s.name, "token")
	s.apply(env)
	s.ready()
	application := s.uid(applications, argoNamespace, s.application("web"))

	s.patch(store, map[string]any{"spec": map[string]any{"provider": map[string]any{"fake": map[string]any{"data": []any{}}}}})
	s.note("%s", s.blocked("ExternalSecret "+s.name+"/env", `key "token" not found`))
	s.storeFails(application, `key "token" not found`)
	s.must(s.addKey(s.ctx, s.name, "token"))
	s.ready()

	s.patch(store, map[string]any{"spec": map[string]any{"conditions": []any{map[string]any{"namespaces": []any{"somebody-elses"}}}}})
	s.note("%s", s.blocked("ExternalSecret "+s.name+"/env", "is not allowed from namespace"))
	s.storeFails(application, `is not allowed from namespace "`+s.name+`"`, "keeps its last values")
	s.patch(store, map[string]any{"spec": map[string]any{"conditions": nil}})
	s.ready()
	s.removed()
	s.must(s.client.Delete(s.ctx, blank(clusterStores, "", s.name)))
}

// storeFails is when SecretsReady says so in the given words, and nobody but the secrets suffers: the
// Application, its workload and the Secret stay as they are.
func (s *stage) storeFails(application string, words ...string) {
	s.Helper()
	env := s.read()
	secretsReady := apimeta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionSecretsReady)
	if secretsReady.Status != "False" || secretsReady.Reason != v1alpha1.ReasonStoreFailing {
		s.Errorf("SecretsReady is %s, %s; want False, %s", secretsReady.Status, secretsReady.Reason, v1alpha1.ReasonStoreFailing)
	}
	for _, word := range words {
		if !strings.Contains(secretsReady.Message, word) {
			s.Errorf("SecretsReady says %q, without %q", secretsReady.Message, word)
		}
	}
	s.note("SecretsReady: %s", secretsReady.Message)
	if !isTrue(env, v1alpha1.ConditionApplicationsReady) {
		s.Errorf("the applications are blamed: %s", describe(env))
	}
	s.never(2*refresh, func() string {
		if s.secretValue("env", "TOKEN") != "value of token" {
			return "the Secret lost its value"
		}
		return ""
	})
	if now := s.uid(applications, argoNamespace, s.application("web")); now != application || s.image("web") == "" {
		s.Errorf("the Application did not stay: %s, then %s", application, now)
	}
}
