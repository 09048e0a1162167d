package component

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// A size is how much an environment asks for, and how many objects that comes to.
// benchstat compares by name: neither names nor numbers may change without a reason.
type size struct {
	name                                             string
	namespaces, apps, secrets, certificates, records int
	objects                                          int
}

var sizes = []size{
	{name: "typical", namespaces: 1, apps: 2, secrets: 2, certificates: 1, records: 1, objects: 13},
	{name: "large", namespaces: 5, apps: 50, secrets: 50, certificates: 20, records: 20, objects: 108},
}

func BenchmarkDesired(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			in := size.input()
			if got := len(intents(b, in)); got != size.objects {
				b.Fatalf("%d objects, want %d", got, size.objects)
			}
			b.ReportAllocs()
			for b.Loop() {
				intents(b, in)
			}
		})
	}
}

// BenchmarkHealth judges every object of an environment in which all is well, the
// Applications included.
func BenchmarkHealth(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			in := size.input()
			lives := size.live(b, in)
			if got, want := len(lives), size.objects+size.apps; got != want {
				b.Fatalf("%d live objects, want %d", got, want)
			}
			for _, live := range lives {
				if health := live.component.Health(in, live.key, live.object); health.State != OK {
					b.Fatalf("%s: %s: %s", live.key, health.Reason, health.Message)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, live := range lives {
					live.component.Health(in, live.key, live.object)
				}
			}
		})
	}
}

// intents are the intents of every component.
func intents(b *testing.B, in Input) []*unstructured.Unstructured {
	b.Helper()
	var all []*unstructured.Unstructured
	for _, c := range All {
		objects, err := c.Intent(in)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, objects...)
	}
	return all
}

// input is what a reconcile gathers once everything is in place: every app admitted,
// and what is live as the spec asks for it.
func (s size) input() Input {
	in := Input{
		Env: s.environment(),
		Settings: Settings{
			ArgoCDNamespace:           "argocd",
			CloudflareProxiedProperty: "external-dns.alpha.kubernetes.io/cloudflare-proxied",
		},
		LiveElements: map[string]argocd.Element{},
		LiveDomains:  map[Key][]string{},
		LiveSecrets:  map[Key]WrittenSecret{},
	}
	for _, app := range in.Env.Spec.Apps {
		in.Admitted = append(in.Admitted, app.Name)
	}
	for _, element := range elementsOf(in) {
		in.LiveElements[element[argocd.ElementName]] = element
		in.Applications = append(in.Applications, argocd.Application{Spec: applicationSpec(in.Env, element)})
	}
	in.LiveProject = &argocd.Project{
		SourceRepos: specRepositories(in.Env), Destinations: destinations(in), NamespaceResourceBlacklist: blacklist(in),
	}
	for _, c := range in.Env.Spec.Certificates {
		key := Key{Group: managedCertificateKind.Group, Kind: managedCertificateKind.Kind, Namespace: *c.Namespace, Name: c.Name}
		in.LiveDomains[key] = c.Google.Domains
	}
	return in
}

func (s size) environment() *v1alpha1.AppEnvironment {
	env := &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: "hoge-dev", UID: "6f1e2d3c-0000-4000-8000-000000000001", Generation: 3},
		Spec: v1alpha1.AppEnvironmentSpec{
			Application: "hoge",
			Environment: "dev",
			Labels:      map[string]string{"owner": "team-hoge", "cost-center": "4711"},
			Access:      []v1alpha1.Access{{Group: "team-hoge@example.com", Role: v1alpha1.RoleEdit}},
			Source: v1alpha1.Source{
				RepoURL: "https://github.com/example/hoge", TargetRevision: "development",
				Path: "deployment/k8s/manifests/{app}/overlays/{environment}",
			},
			Sync: &v1alpha1.Sync{
				Automated: &v1alpha1.Automated{Prune: new(true), SelfHeal: new(true)},
				Gate:      v1alpha1.GateSecrets,
				Options:   []string{"ApplyOutOfSyncOnly=true"},
				Retry:     &v1alpha1.Retry{Limit: 5},
			},
			Secrets: &v1alpha1.Secrets{
				Store:           v1alpha1.Store{GCPSecretManager: &v1alpha1.GCPSecretManager{ProjectID: "my-project", ServiceAccount: "app-0"}},
				RefreshInterval: &metav1.Duration{Duration: time.Hour},
			},
			DNS: &v1alpha1.DNS{},
		},
	}
	s.fill(&env.Spec)
	return env
}

// fill spreads what the spec lists over its namespaces.
func (s size) fill(spec *v1alpha1.AppEnvironmentSpec) {
	for i := range s.namespaces {
		spec.Namespaces = append(spec.Namespaces, namespaceOf(i))
	}
	for i := range s.apps {
		name := fmt.Sprintf("app-%d", i)
		spec.Apps = append(spec.Apps, v1alpha1.App{
			Name: name, Namespace: &spec.Namespaces[i%s.namespaces].Name,
			Images: []v1alpha1.Image{{Name: name, NewName: new("asia-northeast1-docker.pkg.dev/p/r/" + name), NewTag: new("3f2c1ab")}},
		})
	}
	for i := range s.secrets {
		spec.Secrets.Items = append(spec.Secrets.Items, v1alpha1.SecretItem{
			Name: fmt.Sprintf("app-%d-env", i), Namespace: &spec.Namespaces[i%s.namespaces].Name,
			Extract: []v1alpha1.RemoteSecret{{Key: fmt.Sprintf("hoge-dev-app-%d", i), Version: new("3")}},
			Data:    []v1alpha1.SecretKey{{Key: "DATABASE_URL", RemoteKey: "hoge-dev-db", Property: new("url")}},
		})
	}
	for i := range s.certificates {
		spec.Certificates = append(spec.Certificates, v1alpha1.Certificate{
			Name: fmt.Sprintf("web-%d", i), Namespace: &spec.Namespaces[i%s.namespaces].Name,
			Google: &v1alpha1.GoogleCertificate{Domains: []string{fmt.Sprintf("web-%d.dev.example.com", i)}},
		})
	}
	for i := range s.records {
		spec.DNS.Records = append(spec.DNS.Records, v1alpha1.DNSRecord{
			Name: fmt.Sprintf("web-%d.dev.example.com", i), Type: v1alpha1.RecordTypeA, Targets: []string{"203.0.113.10"},
			TTL: new(int64(300)), CloudflareProxied: new(false),
		})
	}
}

func namespaceOf(i int) v1alpha1.Namespace {
	quantity := func(s string) v1alpha1.Quantity { return v1alpha1.Quantity{Quantity: resource.MustParse(s)} }
	return v1alpha1.Namespace{
		Name:          fmt.Sprintf("hoge-%d", i),
		Quota:         v1alpha1.ResourceList{"requests.cpu": quantity("8"), "requests.memory": quantity("16Gi"), "pods": quantity("50")},
		NetworkPolicy: new(v1alpha1.NetworkPolicyIsolated),
		IngressFrom:   []v1alpha1.IngressPeer{{Namespace: new("monitoring")}, {CIDR: new("35.191.0.0/16")}, {CIDR: new("130.211.0.0/22")}},
		ServiceAccounts: []v1alpha1.ServiceAccount{
			{Name: "app-0", GCPServiceAccount: new("app-0@my-project.iam.gserviceaccount.com")},
			{Name: "app-1", GCPServiceAccount: new("app-1@my-project.iam.gserviceaccount.com")},
		},
	}
}

// A liveObject is an object of a component as the cluster holds it.
type liveObject struct {
	component Component
	key       Key
	object    *unstructured.Unstructured
}

// live is every object of the environment with the status that means all is well.
func (s size) live(b *testing.B, in Input) []liveObject {
	b.Helper()
	var all []liveObject
	for _, c := range All {
		objects, err := c.Intent(in)
		if err != nil {
			b.Fatal(err)
		}
		if c.Observed != nil {
			for _, element := range elementsOf(in) {
				objects = append(objects, liveApplication(b, in, element))
			}
		}
		for _, u := range objects {
			u.SetGeneration(2)
			if status := wellStatus[u.GetKind()]; status != nil {
				u.Object["status"] = status(u)
			}
			if u.GetKind() == applicationKind.Kind {
				argocd.TrimApplication(u) // as the cache does
			}
			all = append(all, liveObject{c, KeyOf(u), u})
		}
	}
	return all
}

func liveApplication(b *testing.B, in Input, element argocd.Element) *unstructured.Unstructured {
	b.Helper()
	spec := applicationSpec(in.Env, element)
	u, err := object(applicationKind, in.Settings.ArgoCDNamespace, element[argocd.ElementApplication], map[string]any{"spec": spec})
	if err != nil {
		b.Fatal(err)
	}
	return u
}

const revision = "1111111111111111111111111111111111111111"

// wellStatus is what the controllers of others write once all is well, by kind.
var wellStatus = map[string]func(u *unstructured.Unstructured) map[string]any{
	"Namespace":     func(*unstructured.Unstructured) map[string]any { return map[string]any{"phase": "Active"} },
	"ResourceQuota": func(u *unstructured.Unstructured) map[string]any { return u.Object["spec"].(map[string]any) },
	"SecretStore": func(*unstructured.Unstructured) map[string]any {
		return map[string]any{"capabilities": "ReadWrite", "conditions": conditions("Ready", "True")}
	},
	"ExternalSecret": func(*unstructured.Unstructured) map[string]any {
		return map[string]any{
			"refreshTime": "2026-09-01T00:00:00Z", "syncedResourceVersion": "2-0123456789abcdef", "conditions": conditions("Ready", "True"),
		}
	},
	"ApplicationSet": func(*unstructured.Unstructured) map[string]any {
		return map[string]any{"conditions": conditions("ErrorOccurred", "False")}
	},
	"Application": applicationStatus,
	"ManagedCertificate": func(u *unstructured.Unstructured) map[string]any {
		domains, _, _ := unstructured.NestedStringSlice(u.Object, "spec", "domains")
		return map[string]any{
			"certificateStatus": "Active", "certificateName": "mcrt-1", "expireTime": "2026-11-30T02:35:23.000-08:00",
			"domainStatus": []any{map[string]any{"domain": domains[0], "status": "Active"}},
		}
	},
	"DNSEndpoint": func(*unstructured.Unstructured) map[string]any { return map[string]any{"observedGeneration": int64(2)} },
}

func conditions(kind, status string) []any {
	return []any{map[string]any{"type": kind, "status": status, "reason": "Reported", "message": "as it should be"}}
}

// applicationStatus names every object of the app twice, as Argo CD does: as it is,
// and as the last sync left it.
func applicationStatus(u *unstructured.Unstructured) map[string]any {
	spec := u.Object["spec"].(map[string]any)
	images, _, _ := unstructured.NestedStringSlice(spec, "source", "kustomize", "images")
	_, image, _ := strings.Cut(images[0], "=")
	var resources, synced []any
	for _, of := range []Key{{Kind: "Service"}, {Kind: "ConfigMap"}, {Group: "apps", Kind: "Deployment"}, {Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}, {Group: "networking.k8s.io", Kind: "Ingress"}} {
		resources = append(resources, map[string]any{
			"group": of.Group, "kind": of.Kind, "namespace": "hoge-0", "name": "app", "version": "v1", "status": syncedStatus,
			"health": map[string]any{"status": "Healthy"},
		})
		synced = append(synced, map[string]any{
			"group": of.Group, "kind": of.Kind, "namespace": "hoge-0", "name": "app", "version": "v1", "status": syncedStatus,
			"hookPhase": "Running", "syncPhase": "Sync", "message": "serverside-applied",
		})
	}
	return map[string]any{
		"reconciledAt": "2026-09-01T00:10:00Z",
		"sync": map[string]any{
			"status": syncedStatus, "revision": revision,
			"comparedTo": map[string]any{"source": spec["source"], "destination": spec["destination"]},
		},
		"health": map[string]any{"status": "Healthy"},
		"operationState": map[string]any{
			"phase": "Succeeded", "startedAt": "2026-09-01T00:00:00Z", "finishedAt": "2026-09-01T00:00:10Z",
			"syncResult": map[string]any{"revision": revision, "resources": synced},
		},
		"history":   []any{map[string]any{"revision": revision}},
		"summary":   map[string]any{"images": []any{image}},
		"resources": resources,
	}
}
