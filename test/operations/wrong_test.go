package operations

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// What is not there, or is somebody else's.
const (
	noBranch       = "nobody-pushed-this"
	noPath         = "nobody/made/this"
	noRepository   = "https://git.example.com/nobody-made-this"
	takenNamespace = "it-somebodys"
	theOther       = "the-other" // an environment
	notVisible     = "not-visible"
)

// wrong are operations that the API server accepts and that cannot work.
var wrong = []operation{
	{name: "a branch that nobody pushed", says: `has no revision "` + noBranch + `"`, do: func(env *environment) {
		env.Spec.Source.TargetRevision = noBranch
		app(env, "web").TargetRevision = nil // or nobody might ask for it
	}},
	{name: "a path that does not exist", says: "path " + noPath + " does not exist", do: func(env *environment) {
		app(env, "web").Path = new(noPath)
	}},
	{name: "a repository that does not exist", says: "repository " + noRepository + " cannot be read", do: func(env *environment) {
		app(env, "web").RepoURL = new(noRepository)
	}},
	{name: "a new app of a branch that nobody pushed", says: `has no revision "` + noBranch + `"`, do: func(env *environment) {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "lost", TargetRevision: new(noBranch)})
	}},
	{name: "a repository that is not allowed", says: "--allowed-repositories", do: func(env *environment) {
		env.Spec.Source.RepoURL = "https://elsewhere.example.com/hoge"
	}},
	{name: "somebody's namespace", says: "Namespace " + takenNamespace + ": kubectl annotate --overwrite namespace " + takenNamespace + " " + v1alpha1.AnnotationAdoptBy + "=RUN", do: func(env *environment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: takenNamespace})
	}},
	{name: "another environment's namespace", says: "Namespace it-" + theOther + ": the name is held by AppEnvironment " + theOther, do: func(env *environment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: fixture.NamespaceOf(theOther)})
	}},
	{name: "a reserved namespace", says: "--reserved-namespaces", do: func(env *environment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "platform-own"})
	}},
	{name: "a namespace that is not allowed", says: "--allowed-namespaces", do: func(env *environment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "elsewhere-" + env.Name})
	}},
	{name: "an identity that is not allowed", says: "--allowed-google-service-accounts", do: func(env *environment) {
		first(env).ServiceAccounts = append(first(env).ServiceAccounts,
			v1alpha1.ServiceAccount{Name: "thief", GCPServiceAccount: new("owner@elsewhere.iam.gserviceaccount.com")})
	}},
	{name: "a secret that nobody made", says: `ExternalSecret it-RUN/lost: key "RUN-lost" not found; add it to spec.secrets.store.fake.data`, do: func(env *environment) {
		if env.Spec.Secrets == nil {
			env.Spec.Secrets = fixture.FakeSecrets(env.Name, "env")
		}
		asked(env, v1alpha1.SecretItem{Name: "lost", Extract: []v1alpha1.RemoteSecret{{Key: env.Name + "-lost"}}})
	}},
	{name: "a property that nobody made", says: `ExternalSecret it-RUN/halved: key "RUN-env" (property "NOBODY") not found; add it to spec.secrets.store.fake.data`, do: func(env *environment) {
		if env.Spec.Secrets == nil {
			env.Spec.Secrets = fixture.FakeSecrets(env.Name, "env")
		}
		asked(env, v1alpha1.SecretItem{Name: "halved", Data: []v1alpha1.SecretKey{
			{Key: "A", RemoteKey: env.Name + "-env", Property: new("NOBODY")},
		}})
	}},
	{name: "a store that does not exist", says: "cannot be read: could not get ClusterSecretStore", do: func(env *environment) {
		otherStore(env, v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: "shared-nowhere"}})
	}},
	{name: "a store that is not allowed", says: "--allowed-cluster-secret-stores", do: func(env *environment) {
		otherStore(env, v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: "elsewhere"}})
	}},
	{name: "a store of Google that does not have it", says: "not found; create it in Secret Manager project allowed-project", do: func(env *environment) {
		otherStore(env, v1alpha1.Store{GCPSecretManager: &v1alpha1.GCPSecretManager{
			ProjectID: "allowed-project", ServiceAccount: "app1", Location: new("asia-northeast1"),
			ClusterName: new("shared-dev"), ClusterLocation: new("asia-northeast1-a"), ClusterProjectID: new("cluster-project"),
		}})
	}},
	{name: "a vault of Azure that does not have it", says: "not found; create it in Key Vault https://example.vault.azure.net", do: func(env *environment) {
		first(env).ServiceAccounts[0].AzureClientID = new("11111111-2222-3333-4444-555555555555")
		otherStore(env, v1alpha1.Store{AzureKeyVault: &v1alpha1.AzureKeyVault{
			VaultURL: "https://example.vault.azure.net", TenantID: "aaaaaaaa-2222-3333-4444-555555555555", ServiceAccount: "app1",
		}})
	}},
	{name: "a certificate for a domain that leads elsewhere", says: "FailedNotVisible", do: func(env *environment) {
		certified(env, v1alpha1.Certificate{Name: notVisible, Google: &v1alpha1.GoogleCertificate{Domains: []string{env.Name + ".lost.example.com"}}})
	}},
}

// otherStore has the secrets of an environment come from elsewhere, as far as they are in the first namespace, where
// the ServiceAccount is.
func otherStore(env *environment, store v1alpha1.Store) {
	if env.Spec.Secrets == nil {
		env.Spec.Secrets = fixture.FakeSecrets(env.Name, "env")
	}
	env.Spec.Secrets.Store = store
	for i := range env.Spec.Secrets.Items {
		env.Spec.Secrets.Items[i].Namespace = nil
	}
}

// prepare makes what wrong operations run into.
func prepare(t *testing.T) {
	for _, what := range []string{noBranch, noPath, noRepository} {
		plane.ArgoCD.Lack(what)
	}
	plane.CreateForeign(t, taken)
	plane.Create(t, fixture.Small(theOther))
	plane.WaitReady(t, theOther)
}

// untouched holds what is somebody else's to what it was, and the namespaces to what was in them.
func untouched(t *testing.T) {
	t.Helper()
	if live := plane.Get(t, namespaceGVK, client.ObjectKey{Name: takenNamespace}); live.GetResourceVersion() != taken.GetResourceVersion() {
		t.Errorf("Namespace %s was written to", takenNamespace)
	}
	for _, name := range []string{takenNamespace, theOther} {
		objects, err := plane.Belongings(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range objects {
			if owner := u.GetLabels()[v1alpha1.LabelEnvironment]; owner != "" && (name == takenNamespace || owner != theOther) {
				t.Errorf("%s %s/%s is of environment %s", u.GetKind(), u.GetNamespace(), u.GetName(), owner)
			}
		}
	}
}

// taken is somebody's Namespace as it was made.
var taken = fixture.Foreign(namespaceGVK, client.ObjectKey{Name: takenNamespace}, nil)

var namespaceGVK = corev1.SchemeGroupVersion.WithKind("Namespace")
