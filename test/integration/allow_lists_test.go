package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// The operator of these tests runs with fixture.TestConfig's allow-lists.
func TestWhatTheAllowListsForbidStallsAndTheRestGoesOn(t *testing.T) {
	cases := map[string]struct {
		environment string
		ask         func(*v1alpha1.AppEnvironment)
		reason      string
		condition   string
		says        []string
		forbidden   []child
	}{
		"a repository": {
			"list-repository",
			func(env *v1alpha1.AppEnvironment) {
				env.Spec.Apps[1].RepoURL = ptr.To("https://elsewhere.example.net/x")
			},
			v1alpha1.ReasonNotAllowed, "", []string{"https://elsewhere.example.net/x", "--allowed-repositories"},
			[]child{{fixture.ApplicationGVK, application("list-repository", "worker")}},
		},
		"a namespace": {
			"list-namespace",
			func(env *v1alpha1.AppEnvironment) {
				env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "other-namespace"})
			},
			v1alpha1.ReasonNotAllowed, v1alpha1.ConditionNamespacesReady, []string{"other-namespace", "--allowed-namespaces"},
			[]child{{namespaceGVK, cluster("other-namespace")}},
		},
		"a reserved namespace": {
			"list-reserved",
			func(env *v1alpha1.AppEnvironment) {
				env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "platform-shared"})
			},
			v1alpha1.ReasonNamespaceReserved, v1alpha1.ConditionNamespacesReady, []string{"platform-shared"},
			[]child{{namespaceGVK, cluster("platform-shared")}},
		},
		"a Google service account": {
			"list-account",
			func(env *v1alpha1.AppEnvironment) {
				env.Spec.Namespaces[0].ServiceAccounts[0].GCPServiceAccount = ptr.To("app1@other-project.iam.gserviceaccount.com")
			},
			v1alpha1.ReasonNotAllowed, v1alpha1.ConditionNamespacesReady, []string{"app1@other-project.iam.gserviceaccount.com"},
			[]child{{serviceAccountGVK, inside("list-account", "app1")}},
		},
		"a ClusterSecretStore": {
			"list-store",
			func(env *v1alpha1.AppEnvironment) {
				env.Spec.Secrets.Store = v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: "private"}}
			},
			v1alpha1.ReasonNotAllowed, v1alpha1.ConditionSecretsReady, []string{"private", "--allowed-cluster-secret-stores"},
			[]child{{fixture.ExternalSecretGVK, inside("list-store", "env")}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := fixture.Full(c.environment)
			c.ask(env)
			plane.Run(t, env)
			checks := []func(*v1alpha1.AppEnvironment) error{
				fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, c.reason),
				fixture.Has(v1alpha1.ConditionCertificatesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
				fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
				fixture.BlockedOn(c.says...),
			}
			if c.condition != "" {
				checks = append(checks, fixture.Has(c.condition, metav1.ConditionFalse, c.reason))
			}
			plane.WaitFor(t, c.environment, checks...)
			for _, child := range c.forbidden {
				if live := plane.Find(t, child.GroupVersionKind, child.ObjectKey); live != nil {
					t.Errorf("%s %s was created", child.Kind, child.ObjectKey)
				}
			}
		})
	}
}

func TestWhatTheAllowListsPermitWorks(t *testing.T) {
	t.Parallel()
	store := fixture.New(fixture.ClusterSecretStoreGVK)
	store.SetName("shared-fake")
	store.Object["spec"] = map[string]any{"provider": map[string]any{"fake": map[string]any{
		"data": []any{map[string]any{"key": "permitted-env", "value": `{"A":"1"}`}}}}}
	plane.Create(t, store)
	env := fixture.Full("permitted")
	env.Spec.Secrets.Store = v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: store.GetName()}}
	plane.RunReady(t, env)
	if live := plane.Find(t, fixture.SecretStoreGVK, inside("permitted", "permitted")); live != nil {
		t.Error("a store was created, though the environment refers to one")
	}
}
