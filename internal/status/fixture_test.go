package status

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

const (
	envUID     = "0a1b2c3d-0000-4000-8000-000000000001"
	strangeUID = "ffffffff-0000-4000-8000-00000000000f"
)

var (
	created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later   = created.Add(time.Hour)

	namespaceKey   = component.Key{Kind: "Namespace", Name: "hoge"}
	quotaKey       = component.Key{Kind: "ResourceQuota", Namespace: "hoge", Name: "hoge-dev"}
	projectKey     = component.Key{Group: "argoproj.io", Kind: "AppProject", Namespace: "argocd", Name: "hoge-dev"}
	storeKey       = component.Key{Group: "external-secrets.io", Kind: "SecretStore", Namespace: "hoge", Name: "hoge-dev"}
	secretKey      = component.Key{Group: "external-secrets.io", Kind: "ExternalSecret", Namespace: "hoge", Name: "app1-env"}
	setKey         = component.Key{Group: "argoproj.io", Kind: "ApplicationSet", Namespace: "argocd", Name: "hoge-dev"}
	app1Key        = component.Key{Group: "argoproj.io", Kind: "Application", Namespace: "argocd", Name: "hoge-app1-dev"}
	app2Key        = component.Key{Group: "argoproj.io", Kind: "Application", Namespace: "argocd", Name: "hoge-app2-dev"}
	certificateKey = component.Key{Group: "networking.gke.io", Kind: "ManagedCertificate", Namespace: "hoge", Name: "web"}
	dnsKey         = component.Key{Group: "externaldns.k8s.io", Kind: "DNSEndpoint", Namespace: "hoge", Name: "hoge-dev"}
)

// wellReport is about an environment of two apps, one secret and one certificate,
// without DNS, in which all is well. Generation 3 has just been processed.
func wellReport() Report {
	env := &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: "hoge-dev", UID: envUID, Generation: 3, CreationTimestamp: metav1.NewTime(created)},
		Spec: v1alpha1.AppEnvironmentSpec{
			Application: "hoge", Environment: "dev",
			Namespaces:   []v1alpha1.Namespace{{Name: "hoge"}},
			Apps:         []v1alpha1.App{{Name: "app2"}, {Name: "app1"}},
			Secrets:      &v1alpha1.Secrets{Items: []v1alpha1.SecretItem{{Name: "app1-env"}}},
			Certificates: []v1alpha1.Certificate{{Name: "web"}},
		},
		Status: v1alpha1.AppEnvironmentStatus{ObservedGeneration: -1},
	}
	r := Report{Env: env, Now: later, Admitted: []string{"app1", "app2"}}
	for _, key := range []component.Key{namespaceKey, quotaKey, projectKey, storeKey, secretKey, setKey, app1Key, app2Key, certificateKey} {
		r.Findings = append(r.Findings, finding(key))
		if key.Kind != "Application" {
			r.Children = append(r.Children, child(key))
		}
	}
	return r
}

// finding is that the object is well.
func finding(key component.Key) Finding {
	f := Finding{Key: key}
	switch key.Kind {
	case "Namespace", "ResourceQuota":
		f.Component = "namespaces"
	case "AppProject":
		f.Component = "project"
	case "SecretStore":
		f.Component = "secrets"
	case "ExternalSecret":
		f.Component = "secrets"
		f.Secret = &v1alpha1.SecretStatus{Name: key.Name, Namespace: key.Namespace, Ready: true}
	case "ApplicationSet":
		f.Component = "applications"
	case "Application":
		f.Component = "applications"
		f.App = &v1alpha1.AppStatus{
			Name: strings.Split(key.Name, "-")[1], Application: key.Name, Sync: "Synced", Health: "Healthy",
			Revision: "3f2c1ab9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5",
		}
	case "ManagedCertificate":
		f.Component = "certificates"
		f.Certificate = &v1alpha1.CertificateStatus{
			Name: key.Name, Namespace: key.Namespace, Ready: true, Status: "Active", Expires: "2026-04-01T00:00:00Z",
		}
	case "DNSEndpoint":
		f.Component = "dns"
	}
	return f
}

func child(key component.Key) v1alpha1.Child {
	version := "v1"
	if key.Group != "" {
		version = key.Group + "/v1"
	}
	return v1alpha1.Child{APIVersion: version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name, UID: "u-1", Origin: v1alpha1.OriginCreated}
}

// judge makes the finding about an object say something else.
func (r *Report) judge(key component.Key, state component.State, reason, message string) {
	for i := range r.Findings {
		if r.Findings[i].Key == key {
			r.Findings[i].State, r.Findings[i].Reason, r.Findings[i].Message = state, reason, message
			return
		}
	}
	panic("no finding about " + key.String())
}

// before makes the status that this report gives the previous one of the next,
// as it would come back from the API server.
func (r *Report) before(t *testing.T, next Report) Report {
	t.Helper()
	next.Env.Status = stored(t, Compute(*r))
	return next
}

// stored is the status after a trip through JSON.
func stored(t *testing.T, s v1alpha1.AppEnvironmentStatus) v1alpha1.AppEnvironmentStatus {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&s)
	if err != nil {
		t.Fatal(err)
	}
	back := v1alpha1.AppEnvironmentStatus{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// drop removes the findings of a component.
func (r *Report) drop(name string) {
	var kept []Finding
	for _, f := range r.Findings {
		if f.Component != name {
			kept = append(kept, f)
		}
	}
	r.Findings = kept
}

// row is the row of an app.
func (r *Report) row(key component.Key) *v1alpha1.AppStatus {
	for i := range r.Findings {
		if r.Findings[i].Key == key {
			return r.Findings[i].App
		}
	}
	panic("no finding about " + key.String())
}
