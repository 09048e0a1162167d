package status

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

var (
	policyKey  = component.Key{Group: "networking.k8s.io", Kind: "NetworkPolicy", Name: "hoge-dev"}
	accountKey = component.Key{Kind: "ServiceAccount", Name: "app0"}
	roleKey    = component.Key{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding", Name: "hoge-dev-edit"}
)

// BenchmarkCompute is the status of an environment in which all is well and was
// well before, and of one whose last app is not.
func BenchmarkCompute(b *testing.B) {
	for _, size := range []size{
		{name: "typical", namespaces: 1, apps: 2, secrets: 2, certificates: 1, findings: 14},
		{name: "large", namespaces: 5, apps: 50, secrets: 50, certificates: 20, findings: 153},
	} {
		r := size.report()
		if got := len(r.Findings); got != size.findings {
			b.Fatalf("%s: %d findings, want %d", size.name, got, size.findings)
		}
		r.Env.Status = Compute(r)
		b.Run(size.name, func(b *testing.B) { compute(b, r, metav1.ConditionTrue) })
		r.judge(appKey(size.apps-1), component.Failing, v1alpha1.ReasonDegraded, "Argo CD judges it Degraded; look at its Pods and their Events")
		b.Run(size.name+"/degraded", func(b *testing.B) { compute(b, r, metav1.ConditionFalse) })
	}
}

func compute(b *testing.B, r Report, want metav1.ConditionStatus) {
	b.Helper()
	got := Compute(r)
	if ready := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Status != want {
		b.Fatalf("Ready is %v, want %s", ready, want)
	}
	if len(got.Children) != len(r.Children) || len(got.Apps) != len(r.Env.Spec.Apps) || got.Apps[0].Health != "Healthy" {
		b.Fatalf("%d children, %d apps: %v", len(got.Children), len(got.Apps), got.Apps[0])
	}
	b.ReportAllocs()
	for b.Loop() {
		Compute(r)
	}
}

// A size is how much an environment holds. benchstat compares by name: names and
// numbers may not change without a reason.
type size struct {
	name                                    string
	namespaces, apps, secrets, certificates int
	findings                                int
}

// report is that every object of the environment is well.
func (s size) report() Report {
	env := &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: "hoge-dev", UID: envUID, Generation: 3, CreationTimestamp: metav1.NewTime(created)},
		Spec:       v1alpha1.AppEnvironmentSpec{Application: "hoge", Environment: "dev", Secrets: &v1alpha1.Secrets{}},
	}
	r := Report{Env: env, Now: later, Protection: v1alpha1.ProtectionNone}
	r.hold(projectKey, setKey, dnsKey)
	for i := range s.namespaces {
		name := s.namespace(i)
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: name})
		r.hold(component.Key{Kind: "Namespace", Name: name}, in(name, quotaKey), in(name, policyKey), in(name, accountKey), in(name, roleKey), in(name, storeKey))
	}
	for i := range s.apps {
		app := v1alpha1.App{Name: fmt.Sprintf("app%d", i)}
		env.Spec.Apps, r.Admitted = append(env.Spec.Apps, app), append(r.Admitted, app.Name)
		r.hold(appKey(i))
	}
	for i := range s.secrets {
		key := named(fmt.Sprintf("app%d-env", i), in(s.namespace(i), secretKey))
		env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, v1alpha1.SecretItem{Name: key.Name, Namespace: &key.Namespace})
		r.hold(key)
	}
	for i := range s.certificates {
		key := named(fmt.Sprintf("web%d", i), in(s.namespace(i), certificateKey))
		env.Spec.Certificates = append(env.Spec.Certificates, v1alpha1.Certificate{Name: key.Name, Namespace: &key.Namespace})
		r.hold(key)
	}
	return r
}

// hold adds objects that are well, and their entries on record if they are children.
func (r *Report) hold(keys ...component.Key) {
	for i, key := range keys {
		f := finding(key)
		if f.Component == "" {
			f.Component = "namespaces"
		}
		r.Findings = append(r.Findings, f)
		if key.Kind != "Application" {
			c := child(key)
			c.UID = types.UID(fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", 100*len(r.Children)+i))
			r.Children = append(r.Children, c)
		}
	}
}

// namespace is the one that the i-th of something is in.
func (s size) namespace(i int) string {
	return fmt.Sprintf("hoge-%d", i%s.namespaces)
}

func in(namespace string, key component.Key) component.Key {
	key.Namespace = namespace
	return key
}

func named(name string, key component.Key) component.Key {
	key.Name = name
	return key
}

func appKey(i int) component.Key {
	return named(fmt.Sprintf("hoge-app%d-dev", i), app1Key)
}
