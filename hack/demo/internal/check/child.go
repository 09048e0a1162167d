package check

import "k8s.io/apimachinery/pkg/runtime/schema"

// freshName is the environment of fresh.yaml, its namespace, and most of its children.
const freshName = "check-fresh"

// child is a child of the environment of fresh.yaml, and how to tamper with it.
type child struct {
	target
	kind   string
	change string   // a merge patch of a field that the operator owns
	path   []string // the field
}

func resource(group, version, name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: name}
}

var (
	namespaces      = resource("", "v1", "namespaces")
	applications    = resource("argoproj.io", "v1alpha1", "applications")
	applicationSets = resource("argoproj.io", "v1alpha1", "applicationsets")
	appProjects     = resource("argoproj.io", "v1alpha1", "appprojects")
	externalSecrets = resource("external-secrets.io", "v1", "externalsecrets")
)

// held are the kinds that the admission policies let nobody delete by hand.
var held = []schema.GroupVersionResource{namespaces, appProjects, applicationSets}

// children is every child, one of each kind that the operator can own; the Namespace is last, since
// it takes the others in it along.
var children = []child{
	{
		kind: "ResourceQuota", target: target{resource("", "v1", "resourcequotas"), freshName, freshName},
		change: `{"spec":{"hard":{"pods":"1"}}}`, path: []string{"spec", "hard"},
	},
	{
		kind: "LimitRange", target: target{resource("", "v1", "limitranges"), freshName, freshName},
		change: `{"spec":{"limits":[{"type":"Container","default":{"cpu":"1m"}}]}}`, path: []string{"spec", "limits"},
	},
	{
		kind: "NetworkPolicy", target: target{resource("networking.k8s.io", "v1", "networkpolicies"), freshName, freshName},
		change: `{"spec":{"ingress":[]}}`, path: []string{"spec", "ingress"},
	},
	{
		kind: "ServiceAccount", target: target{resource("", "v1", "serviceaccounts"), freshName, "app1"},
		change: `{"metadata":{"annotations":{"iam.gke.io/gcp-service-account":"intruder"}}}`,
		path:   []string{"metadata", "annotations", "iam.gke.io/gcp-service-account"},
	},
	{
		kind: "RoleBinding", target: target{resource("rbac.authorization.k8s.io", "v1", "rolebindings"), freshName, freshName + "-edit"},
		change: `{"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"intruder"}]}`, path: []string{"subjects"},
	},
	{
		kind: "AppProject", target: target{appProjects, "argocd", freshName},
		change: `{"spec":{"sourceRepos":["https://example.com/intruder"]}}`, path: []string{"spec", "sourceRepos"},
	},
	{
		kind: "SecretStore", target: target{resource("external-secrets.io", "v1", "secretstores"), freshName, freshName},
		change: `{"spec":{"provider":{"fake":{"data":[{"key":"intruder","value":"x"}]}}}}`, path: []string{"spec", "provider"},
	},
	{
		kind: "ExternalSecret", target: target{externalSecrets, freshName, "app1-env"},
		change: `{"spec":{"refreshInterval":"7h"}}`, path: []string{"spec", "refreshInterval"},
	},
	{
		kind: "ApplicationSet", target: target{applicationSets, "argocd", freshName},
		change: `{"spec":{"goTemplateOptions":[]}}`, path: []string{"spec", "goTemplateOptions"},
	},
	{
		// Not its domains: those are never edited, by nobody's wish.
		kind: "ManagedCertificate", target: target{resource("networking.gke.io", "v1", "managedcertificates"), freshName, "web"},
		change: `{"metadata":{"labels":{"owner":"intruder"}}}`, path: []string{"metadata", "labels", "owner"},
	},
	{
		kind: "Certificate", target: target{resource("cert-manager.io", "v1", "certificates"), freshName, "internal"},
		change: `{"spec":{"dnsNames":["intruder.example.com"]}}`, path: []string{"spec", "dnsNames"},
	},
	{
		kind: "DNSEndpoint", target: target{resource("externaldns.k8s.io", "v1alpha1", "dnsendpoints"), freshName, freshName},
		change: `{"spec":{"endpoints":[{"dnsName":"intruder.hoge.example.com","recordType":"A","targets":["203.0.113.66"]}]}}`, path: []string{"spec", "endpoints"},
	},
	{
		kind: "Namespace", target: target{namespaces, "", freshName},
		change: `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`,
		path:   []string{"metadata", "labels", "pod-security.kubernetes.io/enforce"},
	},
}
