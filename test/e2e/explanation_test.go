package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden texts and the list of metrics")

// explanations are what goes wrong most often. Each text in testdata/explanations names the cause and what
// to do next, and is the same on both majors of Argo CD.
var explanations = []scenario{
	{name: "explains-missing-secret-key", run: func(s *stage) {
		env := s.environment("web")
		env.Spec.Secrets = secretsFrom(sharedStore, "nobody-made-this")
		s.explains(env)
	}},
	{name: "explains-store-forbidden", run: storeForbidden},
	{name: "explains-repository-unreachable", run: func(s *stage) {
		env := s.environment("web")
		env.Spec.Source.RepoURL = "https://127.0.0.1:1/hoge.git"
		s.explains(env)
	}},
	{name: "explains-branch-missing", run: func(s *stage) {
		env := s.environment("web")
		env.Spec.Source.TargetRevision = "no-such-branch"
		s.explains(env)
	}},
	{name: "explains-kustomize-build-failing", run: func(s *stage) { s.explains(s.environment("broken")) }},
	{name: "explains-overlay-rendering-nothing", run: func(s *stage) { s.explains(s.environment("empty")) }},
	{name: "explains-image-override-naming-no-image", run: func(s *stage) {
		env := s.environment("web")
		env.Spec.Apps[0].Images = []v1alpha1.Image{{Name: "wep", NewName: new("registry.example.com/web"), NewTag: new("2.0.0")}}
		s.explains(env)
	}},
	{name: "explains-crd-absent", run: func(s *stage) {
		env := s.environment("web")
		env.Spec.Certificates = []v1alpha1.Certificate{{Name: "internal", CertManager: &v1alpha1.CertManagerCertificate{
			Domains: []string{s.domain()}, IssuerRef: v1alpha1.IssuerRef{Name: "letsencrypt"},
		}}}
		s.explains(env)
	}},
	{name: "explains-namespace-taken", run: namespaceTaken},
	{name: "explains-certificate-not-visible", run: certificateNotVisible},
	{name: "explains-quota-too-small", run: func(s *stage) {
		env := s.environment("hungry")
		env.Spec.Namespaces[0].Quota = v1alpha1.ResourceList{
			corev1.ResourceRequestsCPU: v1alpha1.Quantity{Quantity: resource.MustParse("2")},
		}
		s.explains(env)
		s.change(func(env *v1alpha1.AppEnvironment) {
			env.Spec.Namespaces[0].Quota[corev1.ResourceRequestsCPU] = v1alpha1.Quantity{Quantity: resource.MustParse("4")}
		})
		s.runs("hungry", "hungry:v1")
	}},
	{name: "explains-kind-refused-by-project", run: func(s *stage) {
		env := s.environment("refused")
		env.Spec.Sync.Retry = &v1alpha1.Retry{Limit: 0} // tried again, it would say in between that it is syncing
		s.explains(env)
		s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.NamespaceRBAC = v1alpha1.NamespaceRBACAllowed })
		s.blocked("the project permits it now: sync it in Argo CD")
		s.syncByHand("refused")
		s.runs("refused", "refused:v1")
	}},
}

// explains creates an environment and compares what it says once it has stopped changing its mind.
func (s *stage) explains(env *v1alpha1.AppEnvironment) {
	s.Helper()
	s.apply(env)
	s.says()
}

// says compares BLOCKED ON with the golden text. It may say other things on its way there, and must then
// stay with it.
func (s *stage) says() {
	s.Helper()
	file := filepath.Join("testdata", "explanations", strings.TrimPrefix(s.name, "explains-")+".txt")
	if *update {
		s.must(os.WriteFile(file, []byte(s.steady()+"\n"), 0o644))
	}
	content, err := os.ReadFile(file)
	s.must(err)
	want := strings.TrimSpace(string(content))
	s.until(func() string {
		if env := s.read(); env.Status.BlockedOn != want {
			return "\n" + want + "\nnow " + describe(env)
		}
		return ""
	})
	s.note("%s", want)
	s.never(5*time.Second, func() string {
		if env := s.read(); env.Status.BlockedOn != want {
			return "it changes its mind: " + describe(env)
		}
		return ""
	})
}

// steady is what the environment says when it has said the same for a while.
func (s *stage) steady() string {
	const long = 25 * time.Second
	said, since := "", time.Now()
	s.until(func() string {
		if now := s.read().Status.BlockedOn; now != said {
			said, since = now, time.Now()
		}
		if said == "" || time.Since(since) < long {
			return "the same words for " + long.String()
		}
		return ""
	})
	return said
}

// storeForbidden: the ClusterSecretStore serves other namespaces only.
func storeForbidden(s *stage) {
	store := fakeStore(s.name, "token")
	store.Object["spec"].(map[string]any)["conditions"] = []any{map[string]any{"namespaces": []any{"somebody-elses"}}}
	s.must(s.client.Create(s.ctx, store))
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(s.name, "token")
	s.explains(env)
	s.removed()
	s.must(s.client.Delete(s.ctx, store))
}

// namespaceTaken: somebody has a namespace of that name.
func namespaceTaken(s *stage) {
	theirs := blank(namespaces, "", s.name)
	theirs.SetLabels(map[string]string{"app.kubernetes.io/managed-by": "Helm"})
	s.must(s.client.Create(s.ctx, theirs))
	s.explains(s.environment("web"))
	s.removed()
	if s.uid(namespaces, "", s.name) != string(theirs.GetUID()) {
		s.Error("somebody else's Namespace did not stay")
	}
	s.must(s.client.Delete(s.ctx, theirs))
}

// certificateNotVisible: the test plays Google, which finds no load balancer behind the domain.
func certificateNotVisible(s *stage) {
	env := s.environment("web")
	env.Spec.Certificates = []v1alpha1.Certificate{
		{Name: "web", Google: &v1alpha1.GoogleCertificate{Domains: []string{"hoge.example.com"}}},
	}
	s.apply(env)
	s.until(func() string {
		// Whoever else plays Google here has had its turn.
		cert := s.get(managedCerts, s.name, "web")
		if cert == nil {
			return "the certificate"
		}
		if status, _, _ := unstructured.NestedString(cert.Object, "status", "certificateStatus"); status == "" {
			return "Provisioning"
		}
		return ""
	})
	s.patch(blank(managedCerts, s.name, "web"), map[string]any{"status": map[string]any{
		"certificateName": "mcrt-e2e", "certificateStatus": "Provisioning",
		"domainStatus": []any{map[string]any{"domain": "hoge.example.com", "status": "FailedNotVisible"}},
	}})
	s.says()
}
