package e2e

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// refresh is how often External Secrets reads the stores.
const refresh = 5 * time.Second

var secrets = []scenario{
	{name: "secret-created-later", run: secretCreatedLater},
	{name: "store-broken-while-live", run: storeBrokenWhileLive},
	{name: "secret-of-another-type", run: secretOfAnotherType},
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

// secretOfAnotherType: Kubernetes lets no Secret change its type. Whether the Secret was there before, with another
// type, or the type in the spec changes: the environment says what to do, and it helps.
func secretOfAnotherType(s *stage) {
	const basic = "example.com/basic"
	s.must(s.addKey(s.ctx, sharedStore, "typed"))
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(sharedStore, "typed")
	s.apply(env)
	s.ready()
	before := s.secret("env")

	asks := func(secretName string, secretType *string) {
		s.change(func(env *v1alpha1.AppEnvironment) {
			item := &env.Spec.Secrets.Items[0]
			item.SecretName, item.Type = &secretName, secretType
		})
	}
	asks("env", new(basic))
	s.note("%s", s.blocked("ExternalSecret "+s.name+"/env", "Secret env keeps its type Opaque"))
	if now := s.secret("env"); now.UID != before.UID || now.Type != corev1.SecretTypeOpaque {
		s.Errorf("the Secret is another one, of type %s", now.Type)
	}
	asks("env", nil)
	s.ready()

	// A Secret that somebody made.
	s.must(s.client.Create(s.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.name, Name: "renamed"}}))
	asks("renamed", new(basic))
	s.note("%s", s.blocked("ExternalSecret "+s.name+"/env", "kubectl delete secret -n "+s.name+" renamed lets External Secrets make it again", "it has another type"))
	asks("renamed", nil)
	s.ready()
	asks("another", new(basic))
	s.ready()
	if now := s.secret("another"); now.Type != basic {
		s.Errorf("the Secret has type %s, want %s", now.Type, basic)
	}
	s.removed()
}

// secretValue is a value of a Secret; empty when it does not exist.
func (s *stage) secretValue(name, key string) string {
	s.Helper()
	return string(s.secret(name).Data[key])
}

// secret reads a Secret of the environment; an empty one when it does not exist.
func (s *stage) secret(name string) *corev1.Secret {
	s.Helper()
	secret := &corev1.Secret{}
	err := s.client.Get(s.ctx, client.ObjectKey{Namespace: s.name, Name: name}, secret)
	s.must(client.IgnoreNotFound(err))
	return secret
}
