package overlay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// A Workload is an object that makes Pods.
type Workload struct {
	Object *unstructured.Unstructured
	// Pods is how many Pods it makes: its replicas, or the least number of what scales it, or as many as a Job runs at a
	// time. 1 for a DaemonSet, whose number of Pods is the number of nodes, and 0 for what is suspended.
	Pods int64
	// Pod is the spec of each.
	Pod corev1.PodSpec
}

// podPaths are where kinds keep the spec of their Pods.
var podPaths = map[string][]string{
	"Pod":     {"spec"},
	"CronJob": {"spec", "jobTemplate", "spec", "template", "spec"},
}

// defaultPodPath is where all others keep it, Deployments and Argo Rollouts alike.
var defaultPodPath = []string{"spec", "template", "spec"}

// Workloads are the objects that make Pods. An object whose spec of a Pod cannot be read is left out: see Unreadable.
func (o *Overlay) Workloads() []Workload {
	workloads, _ := o.pods()
	return workloads
}

// An UnreadablePod is an object whose spec of a Pod the API server would refuse.
type UnreadablePod struct {
	Object *unstructured.Unstructured
	Err    error
}

// Unreadable are the objects that would make Pods if their spec could be read.
func (o *Overlay) Unreadable() []UnreadablePod {
	_, unreadable := o.pods()
	return unreadable
}

func (o *Overlay) pods() (workloads []Workload, unreadable []UnreadablePod) {
	for _, object := range o.Objects {
		path, special := podPaths[object.GetKind()]
		if !special {
			path = defaultPodPath
		}
		fields, ok, err := unstructured.NestedMap(object.Object, path...)
		if err != nil || !ok || fields["containers"] == nil {
			continue
		}
		workload := Workload{Object: object}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &workload.Pod); err != nil {
			unreadable = append(unreadable, UnreadablePod{object, located(fields, err)})
			continue
		}
		workload.Pods = o.replicas(object)
		workloads = append(workloads, workload)
	}
	return workloads, unreadable
}

// located names the container that keeps the spec of a Pod from being read, where it is one.
func located(fields map[string]any, err error) error {
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := fields[list].([]any)
		for i, each := range containers {
			container, _ := each.(map[string]any)
			data, failure := json.Marshal(container)
			if failure == nil {
				failure = json.Unmarshal(data, &corev1.Container{})
			}
			if failure != nil {
				return fmt.Errorf("%s[%d]: %w", list, i, failure)
			}
		}
	}
	return err
}

// replicas is how many Pods an object makes at least while nothing is wrong: what is suspended makes none, and what is
// scaled by something else has the least number of that.
func (o *Overlay) replicas(object *unstructured.Unstructured) int64 {
	job := []string{"spec"}
	switch object.GetKind() {
	case "CronJob":
		job = []string{"spec", "jobTemplate", "spec"}
		fallthrough
	case "Job":
		suspended, _, _ := unstructured.NestedBool(object.Object, "spec", "suspend")
		if suspended {
			return 0
		}
		parallel := number(object, 1, append(slices.Clone(job), "parallelism")...)
		return min(parallel, number(object, parallel, append(slices.Clone(job), "completions")...))
	}
	for _, scaler := range o.Objects {
		target, _, _ := unstructured.NestedStringMap(scaler.Object, "spec", "scaleTargetRef")
		here, there := object.GetNamespace(), scaler.GetNamespace() // either may be left out
		if target["name"] != object.GetName() || cmp.Or(target["kind"], "Deployment") != object.GetKind() || cmp.Or(here, there) != cmp.Or(there, here) {
			continue
		}
		switch scaler.GetKind() {
		case "HorizontalPodAutoscaler":
			return number(scaler, 1, "spec", "minReplicas")
		case "ScaledObject": // of KEDA
			return number(scaler, 0, "spec", "minReplicaCount")
		}
	}
	return number(object, 1, "spec", "replicas")
}

// number is a number at a path of an object, or otherwise where there is none.
func number(object *unstructured.Unstructured, otherwise int64, path ...string) int64 {
	if number, ok, err := unstructured.NestedInt64(object.Object, path...); ok && err == nil {
		return number
	}
	return otherwise
}

func (w Workload) containers() []corev1.Container {
	return append(append([]corev1.Container(nil), w.Pod.InitContainers...), w.Pod.Containers...)
}

// Images are the images of the workload's containers.
func (w Workload) Images() []string {
	var images []string
	for _, container := range w.containers() {
		images = append(images, container.Image)
	}
	return images
}

// ImageNames are the images, without tag and digest, that Kustomize's overrides look at: those of every list that is
// called containers or initContainers, wherever it stands, but in definitions of kinds. Sorted, without doubles.
func (o *Overlay) ImageNames() []string {
	var names []string
	for _, object := range o.Objects {
		if object.GetKind() != "CustomResourceDefinition" {
			names = append(names, imagesIn(object.Object)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func imagesIn(value any) []string {
	var names []string
	switch value := value.(type) {
	case []any:
		for _, entry := range value {
			names = append(names, imagesIn(entry)...)
		}
	case map[string]any:
		for key, below := range value {
			if containers, ok := below.([]any); ok && (key == "containers" || key == "initContainers") {
				for _, container := range containers {
					fields, _ := container.(map[string]any)
					if image, _ := fields["image"].(string); image != "" {
						name, _ := SplitImage(image)
						names = append(names, name)
					}
				}
			}
			names = append(names, imagesIn(below)...)
		}
	}
	return names
}

// SplitImage is an image's name and its tag. The tag of an image that is named by its digest is the digest.
func SplitImage(image string) (name, tag string) {
	if name, digest, found := strings.Cut(image, "@"); found {
		return name, digest
	}
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		return image[:colon], image[colon+1:]
	}
	return image, ""
}

// ServiceAccount is the name of the account that the Pods run as.
func (w Workload) ServiceAccount() string {
	switch {
	case w.Pod.ServiceAccountName != "":
		return w.Pod.ServiceAccountName
	case w.Pod.DeprecatedServiceAccount != "":
		return w.Pod.DeprecatedServiceAccount
	}
	return "default"
}

// Requests are what one Pod asks for and may use at most, as the scheduler and quotas count it: the sum of its
// containers, or what its greatest init container takes, and the overhead. The defaults are what a
// LimitRange gives to containers without. Names are those of quotas, such as requests.cpu.
func (w Workload) Requests(requestDefaults, limitDefaults corev1.ResourceList) corev1.ResourceList {
	total, initial, sidecars := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for _, container := range w.Pod.InitContainers {
		asked := counted(container, requestDefaults, limitDefaults)
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			AddTo(sidecars, asked)
			greater(initial, sidecars)
			continue
		}
		sum := sidecars.DeepCopy()
		AddTo(sum, asked)
		greater(initial, sum)
	}
	AddTo(total, sidecars)
	for _, container := range w.Pod.Containers {
		AddTo(total, counted(container, requestDefaults, limitDefaults))
	}
	greater(total, initial)
	if w.Pod.Resources != nil { // what the Pod asks for as a whole counts in place of what its containers do
		for name, quantity := range counted(corev1.Container{Resources: *w.Pod.Resources}, nil, nil) {
			total[name] = quantity
		}
	}
	for name, quantity := range w.Pod.Overhead {
		AddTo(total, corev1.ResourceList{"requests." + name: quantity, "limits." + name: quantity})
	}
	return total
}

// counted are a container's requests and limits under the names that quotas have. A limit without request is the request, too.
func counted(container corev1.Container, requestDefaults, limitDefaults corev1.ResourceList) corev1.ResourceList {
	all := corev1.ResourceList{}
	for name, quantity := range limitDefaults {
		all["limits."+name] = quantity
	}
	for name, quantity := range requestDefaults {
		all["requests."+name] = quantity
	}
	for name, quantity := range container.Resources.Limits {
		all["limits."+name] = quantity
		all["requests."+name] = quantity
	}
	for name, quantity := range container.Resources.Requests {
		all["requests."+name] = quantity
	}
	return all
}

// AddTo adds quantities to a sum.
func AddTo(sum, more corev1.ResourceList) {
	for name, quantity := range more {
		total := sum[name]
		total.Add(quantity)
		sum[name] = total
	}
}

// greater raises each of the quantities to the other's.
func greater(list, other corev1.ResourceList) {
	for name, quantity := range other {
		if mine, ok := list[name]; !ok || mine.Cmp(quantity) < 0 {
			list[name] = quantity
		}
	}
}

// Unasked are the names, as in quotas, of the quotas's keys for which a container of the Pod has no value. Kubernetes
// refuses such a Pod.
func (w Workload) Unasked(quota []string, requestDefaults, limitDefaults corev1.ResourceList) []string {
	if w.Pod.Resources != nil {
		return nil // Kubernetes does not look at the containers then
	}
	var missing []string
	for _, name := range quota {
		for _, container := range w.containers() {
			if _, ok := counted(container, requestDefaults, limitDefaults)[corev1.ResourceName(name)]; !ok {
				missing = append(missing, name)
				break
			}
		}
	}
	return missing
}
