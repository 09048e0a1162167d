package operations

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

type environment = v1alpha1.AppEnvironment

// onTheWhole are operations on what every child of the environment has.
var onTheWhole = []operation{
	{name: "a label", do: func(env *environment) { env.Spec.Labels["example.com/tier"] = "gold" }},
	{name: "another value of a label", do: func(env *environment) { env.Spec.Labels["owner"] = "team-fuga" }},
	{name: "another group", do: func(env *environment) {
		env.Spec.Access = append(env.Spec.Access, v1alpha1.Access{Group: "on-call@example.com", Role: v1alpha1.RoleView})
	}},
	{name: "another role of a group", do: func(env *environment) { env.Spec.Access[0].Role = v1alpha1.RoleAdmin }},
	{name: "Roles in manifests", do: func(env *environment) { env.Spec.NamespaceRBAC = v1alpha1.NamespaceRBACAllowed }},
	{name: "cluster-scoped kinds in manifests", do: func(env *environment) {
		env.Spec.ClusterResources = []v1alpha1.GroupKind{{Group: "storage.k8s.io", Kind: "StorageClass"}}
	}},
	{name: "retained", alone: true, do: func(env *environment) { env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain }},
	{name: "protected", alone: true, do: func(env *environment) { env.Spec.Protection = v1alpha1.ProtectionConfirm }},
}

// first is the namespace that everything is in that names none.
func first(env *environment) *v1alpha1.Namespace { return &env.Spec.Namespaces[0] }

func amounts(pairs ...string) v1alpha1.ResourceList {
	all := v1alpha1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		all[corev1.ResourceName(pairs[i])] = v1alpha1.Quantity{Quantity: resource.MustParse(pairs[i+1])}
	}
	return all
}

// onNamespaces are operations on namespaces and their guard rails.
var onNamespaces = []operation{
	{name: "a label of a namespace", do: func(env *environment) { first(env).Labels = map[string]string{"example.com/zone": "a"} }},
	{name: "an annotation of a namespace", do: func(env *environment) {
		first(env).Annotations = map[string]string{"example.com/contact": "team-hoge"}
	}},
	{name: "another Pod security", do: func(env *environment) { first(env).PodSecurity = new(v1alpha1.PodSecurityRestricted) }},
	{name: "another quota", do: func(env *environment) { first(env).Quota = amounts("pods", "60", "count/jobs.batch", "7") }},
	{name: "other limits", do: func(env *environment) {
		first(env).Limits = []v1alpha1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Min: amounts("cpu", "10m"), DefaultRequest: amounts("cpu", "100m"),
			Default: amounts("cpu", "200m"), Max: amounts("cpu", "2"), MaxLimitRequestRatio: amounts("cpu", "4"),
		}, {Type: corev1.LimitTypePod, Max: amounts("memory", "4Gi")}}
	}},
	{name: "an open network", do: func(env *environment) {
		first(env).NetworkPolicy, first(env).IngressFrom = new(v1alpha1.NetworkPolicyOpen), nil
	}},
	{name: "other peers", do: func(env *environment) {
		if first(env).IngressFrom != nil { // it is not open
			first(env).IngressFrom = []v1alpha1.IngressPeer{{Namespace: new("ingress")}, {CIDR: new("10.0.0.0/8")}}
		}
	}},
	{name: "a ServiceAccount", do: func(env *environment) {
		first(env).ServiceAccounts = append(first(env).ServiceAccounts,
			v1alpha1.ServiceAccount{Name: "app2", AzureClientID: new("11111111-2222-3333-4444-555555555555")})
	}},
	{name: "another identity of a ServiceAccount", do: func(env *environment) {
		first(env).ServiceAccounts[0].GCPServiceAccount = new("app9@allowed-project.iam.gserviceaccount.com")
	}},
	{name: "a namespace", do: func(env *environment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{
			Name: more(env), Quota: amounts("pods", "5"), ServiceAccounts: []v1alpha1.ServiceAccount{{Name: "batch"}},
		})
	}},
}

// more is a namespace beyond those of the bases.
func more(env *environment) string { return fixture.NamespaceOf(env.Name) + "-more" }

// onSync are operations on how Argo CD syncs.
var onSync = []operation{
	{name: "no pruning", do: func(env *environment) { env.Spec.Sync.Automated.Prune = new(false) }},
	{name: "no healing", do: func(env *environment) { env.Spec.Sync.Automated.SelfHeal = new(false) }},
	{name: "no gate", do: func(env *environment) { env.Spec.Sync.Gate = v1alpha1.GateNone }},
	{name: "sync options", do: func(env *environment) { env.Spec.Sync.Options = []string{"ApplyOutOfSyncOnly=true", "PruneLast=true"} }},
	{name: "retries", do: func(env *environment) { env.Spec.Sync.Retry = &v1alpha1.Retry{Limit: 7} }},
	{name: "sync windows", do: func(env *environment) {
		env.Spec.Sync.Windows = []v1alpha1.SyncWindow{
			{Kind: v1alpha1.SyncWindowAllow, Schedule: "0 22 * * *", Duration: "8h", TimeZone: new("Asia/Tokyo"), ManualSync: new(true)},
			{Kind: v1alpha1.SyncWindowDeny, Schedule: "0 0 1 1 *", Duration: "24h"},
		}
	}},
	{name: "syncs by hand", do: func(env *environment) { env.Spec.Sync.Automated = nil }},
}

// onApps are operations on what is deployed.
var onApps = []operation{
	{name: "another branch", do: func(env *environment) { env.Spec.Source.TargetRevision = "release/1.2" }},
	{name: "another path", do: func(env *environment) { env.Spec.Source.Path = "apps/{app}/{environment}" }},
	{name: "another repository", do: func(env *environment) { env.Spec.Source.RepoURL = "https://git.example.com/moved" }},
	{name: "another tag", do: func(env *environment) { app(env, "worker").Images[0].NewTag = new("1.2.4") }},
	{name: "a digest", do: func(env *environment) {
		app(env, "web").Images = []v1alpha1.Image{{
			Name: "web", Digest: new("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		}}
	}},
	{name: "another name of an image", do: func(env *environment) { app(env, "worker").Images[0].NewName = new("mirror.example.com/worker") }},
	{name: "a branch of one app", do: func(env *environment) { app(env, "web").TargetRevision = new("feature-x") }},
	{name: "a path of one app", do: func(env *environment) { app(env, "web").Path = new("web/{environment}") }},
	{name: "a repository of one app", do: func(env *environment) { app(env, "web").RepoURL = new("https://git.example.com/web") }},
	{name: "an app", do: func(env *environment) { env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "cron"}) }},
	{name: "an app in front", do: func(env *environment) { env.Spec.Apps = slices.Insert(env.Spec.Apps, 0, v1alpha1.App{Name: "api"}) }},
	{name: "apps in another order", do: func(env *environment) { slices.Reverse(env.Spec.Apps) }},
	{name: "an app in a namespace of its own", do: func(env *environment) {
		own := fixture.NamespaceOf(env.Name) + "-own"
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: own})
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "apart", Namespace: &own})
	}},
	{name: "an app less", do: func(env *environment) {
		env.Spec.Apps = slices.DeleteFunc(env.Spec.Apps, func(app v1alpha1.App) bool { return app.Name == "worker" })
	}},
}

// app is one that the bases have. Where another operation has taken it away, what is done to it has no effect.
func app(env *environment, name string) *v1alpha1.App {
	for i := range env.Spec.Apps {
		if env.Spec.Apps[i].Name == name {
			return &env.Spec.Apps[i]
		}
	}
	return &v1alpha1.App{Images: make([]v1alpha1.Image, 1)}
}
