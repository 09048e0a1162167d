package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/overlay"
)

var quotaTooSmallRule = Rule{
	ID: "quota-too-small", Severity: Error, NeedsRepository: true,
	Summary: "The apps of a namespace ask for more than its quota has.",
	Explanation: `The last Pods or objects would be refused: "exceeded quota". The sum is the least that the manifests need: one Pod of a
DaemonSet, the replicas of others or the least number of what scales them, none of what is suspended, and of all CronJobs the
greatest only, for they may never run together; a rolling update needs room for one more. Volumes, Services and whatever
else the quota counts are counted as they are in the manifests. Raise the quota, or ask for less.`,
	check: func(set *Set, report reporter) {
		forEachQuota(set, func(env *Environment, i int, content content) {
			namespace := env.Env.Spec.Namespaces[i]
			quota := quotaOf(namespace)
			asked := content.sum(namespace)
			for _, name := range slices.Sorted(maps.Keys(quota)) {
				total, counted := asked[name]
				limit := quota[name]
				if counted && total.Cmp(limit) > 0 {
					report(env, fmt.Sprintf("spec.namespaces[%d].quota[%s]", i, spelling(namespace, name)), "the apps of namespace %s ask for %s of %s, the quota is %s",
						namespace.Name, total.String(), name, limit.String())
				}
			}
		})
	},
}

var quotaWithoutRequestRule = Rule{
	ID: "quota-without-request", Severity: Error, NeedsRepository: true,
	Summary: "A quota counts what containers do not ask for.",
	Explanation: `Where a quota has requests.cpu, limits.memory or the like, Kubernetes refuses every Pod with a container that has no such
value: "must specify". Set it in the manifests, or give the namespace default and defaultRequest under limits.`,
	check: func(set *Set, report reporter) {
		forEachQuota(set, func(env *Environment, i int, content content) {
			namespace := env.Env.Spec.Namespaces[i]
			requests, limits := defaultsOf(namespace)
			names := countedResources(quotaOf(namespace))
			for _, workload := range content.workloads {
				if missing := workload.Unasked(names, requests, limits); len(missing) > 0 {
					report(env, index("spec.namespaces", i)+".quota", "%s %s has a container without %s, which the quota of namespace %s counts; its Pods would be refused",
						workload.Object.GetKind(), workload.Object.GetName(), join(missing), namespace.Name)
				}
			}
		})
	},
}

// content is what the apps have in a namespace.
type content struct {
	counted   []corev1.ResourceList // beside the Pods
	workloads []overlay.Workload
}

// forEachQuota goes through the namespaces with a quota, and what is in them.
func forEachQuota(set *Set, visit func(env *Environment, namespace int, content content)) {
	for _, env := range set.Valid() {
		for n, namespace := range env.Env.Spec.Namespaces {
			if len(namespace.Quota) == 0 {
				continue
			}
			var found content
			for i, app := range env.Env.Spec.Apps {
				o := set.Overlays[env][app.Name]
				if o == nil {
					continue
				}
				for _, object := range o.Objects {
					if !set.clusterScoped(env, object) && namespaceOf(env, i, object) == namespace.Name {
						found.counted = append(found.counted, o.Counted(object))
					}
				}
				for _, workload := range o.Workloads() {
					if namespaceOf(env, i, workload.Object) == namespace.Name {
						found.workloads = append(found.workloads, workload)
					}
				}
			}
			visit(env, n, found)
		}
	}
}

// quotaOf are the quantities under their full names: cpu is requests.cpu.
func quotaOf(namespace v1alpha1.Namespace) corev1.ResourceList {
	quota := corev1.ResourceList{}
	for name, value := range namespace.Quota {
		quantity, err := resource.ParseQuantity(value.String())
		if err != nil {
			continue
		}
		name := fullName(name)
		if other, twice := quota[name]; !twice || quantity.Cmp(other) < 0 { // cpu and requests.cpu: both hold
			quota[name] = quantity
		}
	}
	return quota
}

func fullName(name corev1.ResourceName) corev1.ResourceName {
	if name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage {
		return "requests." + name
	}
	return name
}

// spelling is the key of the quota as the user wrote it.
func spelling(namespace v1alpha1.Namespace, name corev1.ResourceName) string {
	for _, key := range slices.Sorted(maps.Keys(namespace.Quota)) {
		if fullName(key) == name {
			return string(key)
		}
	}
	return string(name)
}

// countedResources are the quota's keys that Kubernetes wants every container to have a value for.
func countedResources(quota corev1.ResourceList) []string {
	var names []string
	for name := range quota {
		prefix, what, _ := strings.Cut(string(name), ".")
		if (prefix == "requests" || prefix == "limits") && (what == "cpu" || what == "memory") {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return names
}

// sum is what the Pods and objects ask for at least, under the names of quotas.
func (c content) sum(namespace v1alpha1.Namespace) corev1.ResourceList {
	requests, limits := defaultsOf(namespace)
	sum, greatest := corev1.ResourceList{}, corev1.ResourceList{}
	for _, workload := range c.workloads {
		each := workload.Requests(requests, limits)
		each[corev1.ResourcePods] = *resource.NewQuantity(1, resource.DecimalSI)
		each["count/pods"] = each[corev1.ResourcePods]
		for name, quantity := range each {
			quantity.Mul(workload.Pods)
			if workload.Object.GetKind() != "CronJob" {
				overlay.AddTo(sum, corev1.ResourceList{name: quantity})
			} else if known := greatest[name]; quantity.Cmp(known) > 0 {
				greatest[name] = quantity
			}
		}
	}
	overlay.AddTo(sum, greatest)
	for _, counted := range c.counted {
		overlay.AddTo(sum, counted)
	}
	return sum
}

// defaultsOf are what the namespace's LimitRange gives containers that ask for nothing: the API server makes of max a
// default, of that a default request, and else of min (SetDefaults_LimitRangeItem).
func defaultsOf(namespace v1alpha1.Namespace) (requests, limits corev1.ResourceList) {
	requests, limits = corev1.ResourceList{}, corev1.ResourceList{}
	fill := func(list corev1.ResourceList, values v1alpha1.ResourceList) {
		for name, value := range values {
			if quantity, err := resource.ParseQuantity(value.String()); err == nil {
				list[name] = quantity // the last one wins
			}
		}
	}
	for _, item := range namespace.Limits {
		if item.Type == corev1.LimitTypeContainer {
			fill(limits, item.Max)
			fill(limits, item.Default)
			fill(requests, item.Min)
			fill(requests, item.Max)
			fill(requests, item.Default)
			fill(requests, item.DefaultRequest)
		}
	}
	return requests, limits
}

func join(names []string) string { return strings.Join(names, ", ") }
