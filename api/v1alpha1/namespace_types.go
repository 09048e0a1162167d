package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// LabelValue is the value of a label; empty is fine.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule=`!format.labelValue().validate(self).hasValue()`,message="values of labels must be letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"
type LabelValue = string

// AnnotationValue is the value of an annotation; empty is fine.
//
// +kubebuilder:validation:MaxLength=1024
// +kubebuilder:validation:XValidation:rule=`!self.matches(r'\p{C}|\{\{')`,message="values of annotations must stand on one line, without control characters and {{"
type AnnotationValue = string

// Quantity is an amount of a resource, such as 500m, 8 or 16Gi. It is bounded and
// takes no exponent: the server stores such as 1e1.5, which no client can read.
//
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:XValidation:rule=`type(self) == int ? self >= 0 : self.matches(r'^[0-9]+(\.[0-9]+)?([KMGTPE]i|[numkMGTPE])?$')`,message="quantities must be zero or more, such as 500m, 8 or 16Gi, without exponent"
type Quantity struct {
	resource.Quantity `json:",inline"`
}

// ResourceList holds a Quantity per resource.
type ResourceList map[corev1.ResourceName]Quantity

// PodSecurity is a level of the Pod Security Standards.
type PodSecurity string

// The levels of the Pod Security Standards.
const (
	PodSecurityPrivileged PodSecurity = "privileged"
	PodSecurityBaseline   PodSecurity = "baseline"
	PodSecurityRestricted PodSecurity = "restricted"
)

// NetworkPolicyMode says whether a namespace is closed to other namespaces.
type NetworkPolicyMode string

// The values of NetworkPolicyMode.
const (
	NetworkPolicyOpen     NetworkPolicyMode = "Open"     // no NetworkPolicy
	NetworkPolicyIsolated NetworkPolicyMode = "Isolated" // in from the same namespace and ingressFrom
)

// Namespace is a namespace with its guard rails.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.ingressFrom) || self.ingressFrom.size() == 0 || (has(self.networkPolicy) && self.networkPolicy == 'Isolated')`,message="ingressFrom opens an Isolated namespace only; set networkPolicy to Isolated, or remove ingressFrom"
type Namespace struct {
	// name is the name of the Namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="name of a namespace must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(default|argocd|external-secrets|cert-manager|(kube|gke|gmp)-.*)$')`,message="name of a namespace must not be one of the cluster's own (default, argocd, external-secrets, cert-manager, kube-*, gke-*, gmp-*); use one of the application's own"
	// +required
	Name string `json:"name"`

	// labels are put on the Namespace, beside spec.labels.
	// +kubebuilder:validation:MaxProperties=20
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !format.qualifiedName().validate(k).hasValue())`,message="labels of a namespace must have qualified names such as team or example.com/team as keys"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.matches(r'^([^/]*\.)?(kubernetes\.io|k8s\.io|argocd\.argoproj\.io|platform\.appenv\.dev)/'))`,message="labels of a namespace must not have keys of kubernetes.io, k8s.io, argocd.argoproj.io and platform.appenv.dev, which belong to the cluster and the operator; use a domain of your own"
	// +optional
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// annotations are put on the Namespace.
	// +kubebuilder:validation:MaxProperties=20
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !format.qualifiedName().validate(k).hasValue())`,message="annotations of a namespace must have qualified names such as team or example.com/team as keys"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.matches(r'^([^/]*\.)?(kubernetes\.io|k8s\.io|argocd\.argoproj\.io|platform\.appenv\.dev)/'))`,message="annotations of a namespace must not have keys of kubernetes.io, k8s.io, argocd.argoproj.io and platform.appenv.dev, which belong to the cluster and the operator; use a domain of your own"
	// +optional
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// podSecurity is the level of the Pod Security Standards that is enforced.
	// Unset means baseline for a namespace that the operator creates.
	// +kubebuilder:validation:Enum=privileged;baseline;restricted
	// +optional
	PodSecurity *PodSecurity `json:"podSecurity,omitempty"`

	// quota is the hard limit of a ResourceQuota. No quota when unset.
	// +kubebuilder:validation:MaxProperties=30
	// +kubebuilder:validation:XValidation:rule=`self.all(k, k in ['cpu','memory','ephemeral-storage','requests.cpu','requests.memory','requests.storage','requests.ephemeral-storage','limits.cpu','limits.memory','limits.ephemeral-storage','pods','services','services.nodeports','services.loadbalancers','replicationcontrollers','resourcequotas','secrets','configmaps','persistentvolumeclaims'] || k.matches(r'^(requests\.)?hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue()))`,message="quota must name resources of a ResourceQuota, such as requests.cpu, limits.memory, pods, count/jobs.batch or requests.nvidia.com/gpu"
	// +kubebuilder:validation:XValidation:rule=`['pods','services','services.nodeports','services.loadbalancers','replicationcontrollers','resourcequotas','secrets','configmaps','persistentvolumeclaims'].all(k, !(k in self) || !isQuantity(string(self[k])) || quantity(string(self[k])).isInteger())`,message="quota of pods and other objects must be a whole number such as 50"
	// +optional
	Quota ResourceList `json:"quota,omitempty"`

	// limits are the items of a LimitRange. No LimitRange when unset.
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule=`['Container','Pod','PersistentVolumeClaim'].all(t, self.filter(l, l.type == t).size() <= 1)`,message="limits must name each type once; merge the two"
	// +listType=atomic
	// +optional
	Limits []LimitRangeItem `json:"limits,omitempty"`

	// networkPolicy is Open (no NetworkPolicy) or Isolated (traffic comes in from
	// the same namespace and from ingressFrom only). Unset means Open.
	// +kubebuilder:validation:Enum=Open;Isolated
	// +optional
	NetworkPolicy *NetworkPolicyMode `json:"networkPolicy,omitempty"`

	// ingressFrom are the sources that an Isolated namespace also lets in.
	// +kubebuilder:validation:MaxItems=50
	// +listType=atomic
	// +optional
	IngressFrom []IngressPeer `json:"ingressFrom,omitempty"`

	// serviceAccounts are created in the namespace, with their cloud identities.
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	// +optional
	ServiceAccounts []ServiceAccount `json:"serviceAccounts,omitempty"`
}

// LimitRangeItem bounds the objects of one type, and what Containers get by default.
//
// +kubebuilder:validation:XValidation:rule=`[has(self.min) && self.min.size() > 0, has(self.defaultRequest) && self.defaultRequest.size() > 0, has(self.default) && self.default.size() > 0, has(self.max) && self.max.size() > 0, has(self.maxLimitRequestRatio) && self.maxLimitRequestRatio.size() > 0].exists(b, b)`,message="limits must set min, max, default, defaultRequest or maxLimitRequestRatio in each entry; remove the entry otherwise"
// +kubebuilder:validation:XValidation:rule=`self.type == 'Container' || (!has(self.default) && !has(self.defaultRequest))`,message="limits must set default and defaultRequest for type Container only"
// +kubebuilder:validation:XValidation:rule=`self.type != 'PersistentVolumeClaim' || (has(self.min) && 'storage' in self.min) || (has(self.max) && 'storage' in self.max)`,message="limits must set min or max of storage for type PersistentVolumeClaim"
// +kubebuilder:validation:XValidation:rule=`[!has(self.min) || self.min.all(k, k in ['cpu','memory','ephemeral-storage','storage'] || k.matches(r'^hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue())), !has(self.defaultRequest) || self.defaultRequest.all(k, k in ['cpu','memory','ephemeral-storage','storage'] || k.matches(r'^hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue())), !has(self.default) || self.default.all(k, k in ['cpu','memory','ephemeral-storage','storage'] || k.matches(r'^hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue())), !has(self.max) || self.max.all(k, k in ['cpu','memory','ephemeral-storage','storage'] || k.matches(r'^hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue())), !has(self.maxLimitRequestRatio) || self.maxLimitRequestRatio.all(k, k in ['cpu','memory','ephemeral-storage','storage'] || k.matches(r'^hugepages-[0-9]+[KMG]i$') || (k.contains('/') && !format.qualifiedName().validate(k).hasValue()))].all(b, b)`,message="limits must name resources such as cpu, memory, ephemeral-storage, storage or nvidia.com/gpu"
// +kubebuilder:validation:XValidation:rule=`['cpu','memory','ephemeral-storage','storage'].all(r, ((has(self.min) && r in self.min && isQuantity(string(self.min[r])) ? [quantity(string(self.min[r])).asApproximateFloat()] : []) + (has(self.defaultRequest) && r in self.defaultRequest && isQuantity(string(self.defaultRequest[r])) ? [quantity(string(self.defaultRequest[r])).asApproximateFloat()] : []) + (has(self.default) && r in self.default && isQuantity(string(self.default[r])) ? [quantity(string(self.default[r])).asApproximateFloat()] : []) + (has(self.max) && r in self.max && isQuantity(string(self.max[r])) ? [quantity(string(self.max[r])).asApproximateFloat()] : [])).isSorted())`,message="limits must go up from min over defaultRequest and default to max"
// +kubebuilder:validation:XValidation:rule=`!has(self.maxLimitRequestRatio) || self.maxLimitRequestRatio.all(k, !isQuantity(string(self.maxLimitRequestRatio[k])) || !quantity(string(self.maxLimitRequestRatio[k])).isLessThan(quantity('1')))`,message="maxLimitRequestRatio must be 1 or more, such as 4"
type LimitRangeItem struct {
	// type is Container, Pod or PersistentVolumeClaim.
	// +kubebuilder:validation:Enum=Container;Pod;PersistentVolumeClaim
	// +required
	Type corev1.LimitType `json:"type"`
	// max is the most that one object may use, per resource.
	// +kubebuilder:validation:MaxProperties=10
	// +optional
	Max ResourceList `json:"max,omitempty"`
	// min is the least that one object must ask for, per resource.
	// +kubebuilder:validation:MaxProperties=10
	// +optional
	Min ResourceList `json:"min,omitempty"`
	// default is the limit of a Container that sets none.
	// +kubebuilder:validation:MaxProperties=10
	// +optional
	Default ResourceList `json:"default,omitempty"`
	// defaultRequest is the request of a Container that sets none.
	// +kubebuilder:validation:MaxProperties=10
	// +optional
	DefaultRequest ResourceList `json:"defaultRequest,omitempty"`
	// maxLimitRequestRatio is how many times its request a limit may be at most, per resource.
	// +kubebuilder:validation:MaxProperties=10
	// +optional
	MaxLimitRequestRatio ResourceList `json:"maxLimitRequestRatio,omitempty"`
}

// IngressPeer is a source of traffic: exactly one of its fields is set.
//
// +kubebuilder:validation:XValidation:rule=`has(self.namespace) != has(self.cidr)`,message="ingressFrom must set exactly one of namespace and cidr in each entry"
type IngressPeer struct {
	// namespace lets in every Pod of that namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="namespace of ingressFrom must be a DNS label such as monitoring: lower-case letters, digits and '-', at most 63 characters"
	// +optional
	Namespace *string `json:"namespace,omitempty"`
	// cidr lets in a range of addresses, such as 35.191.0.0/16 (Google's load
	// balancers come from addresses, not from namespaces).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=43
	// +kubebuilder:validation:XValidation:rule=`isCIDR(self) && cidr(self) == cidr(self).masked()`,message="cidr must be a range written by its first address, such as 35.191.0.0/16"
	// +optional
	CIDR *string `json:"cidr,omitempty"`
}

// ServiceAccount is a Kubernetes service account with its cloud identity.
type ServiceAccount struct {
	// name is the name of the ServiceAccount.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="name of a service account must be a DNS name such as app1: lower-case letters, digits, '-' and '.'"
	// +kubebuilder:validation:XValidation:rule=`self != 'default'`,message="name of a service account must not be default, which Kubernetes makes itself; name one of the application's own"
	// +required
	Name string `json:"name"`
	// gcpServiceAccount is the Google service account it acts as (GKE Workload
	// Identity), such as app1@my-project.iam.gserviceaccount.com.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?@([a-z0-9][-a-z0-9]*\.)+gserviceaccount\.com$')`,message="gcpServiceAccount must be the e-mail of a Google service account, such as app1@my-project.iam.gserviceaccount.com"
	// +optional
	GCPServiceAccount *string `json:"gcpServiceAccount,omitempty"`
	// azureClientID is the client ID of the Azure identity it acts as (Azure
	// Workload Identity), a UUID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')`,message="azureClientID must be a UUID such as 11111111-2222-3333-4444-555555555555"
	// +optional
	AzureClientID *string `json:"azureClientID,omitempty"`
}
