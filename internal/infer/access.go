package infer

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// roles are the roles of spec.access, from the least to the most.
var roles = []v1alpha1.Role{v1alpha1.RoleView, v1alpha1.RoleEdit, v1alpha1.RoleAdmin}

// readNetworkPolicy reads networkPolicy and ingressFrom.
func (m *importer) readNetworkPolicy(namespace *v1alpha1.Namespace, path string) {
	var peers []v1alpha1.IngressPeer
	u := m.guards("NetworkPolicy", namespace.Name, path+".networkPolicy", func(spec map[string]any) (why string) {
		peers, why = ingressPeers(spec)
		return why
	})
	if u == nil {
		return
	}
	isolated := v1alpha1.NetworkPolicyIsolated
	namespace.NetworkPolicy, namespace.IngressFrom = &isolated, peers
	m.take(u, path+".networkPolicy")
}

// ingressPeers are the sources that a policy of the operator's shape lets in beside the namespace itself.
func ingressPeers(spec map[string]any) (peers []v1alpha1.IngressPeer, why string) {
	const other = "an environment's policy lets into all Pods what comes from the same namespace, and from whole namespaces and ranges of addresses"
	types, _ := texts(spec["policyTypes"])
	rules, whole := items(spec, "ingress")
	if unexpected(spec, "ingress", "policyTypes") != "" || !slices.Equal(types, []string{"Ingress"}) || len(rules) != 1 || !whole || unexpected(rules[0], "from") != "" {
		return nil, other
	}
	from, whole := items(rules[0], "from")
	own := false
	for _, peer := range from {
		selector, isOwn := peer["podSelector"].(map[string]any)
		named := fields(peer, "namespaceSelector")
		name, cidr := text(named, "matchLabels", "kubernetes.io/metadata.name"), text(peer, "ipBlock", "cidr")
		switch {
		case isOwn && len(selector) == 0 && len(peer) == 1:
			own = true
		case name != "" && len(peer) == 1 && len(named) == 1 && len(fields(named, "matchLabels")) == 1:
			peers = append(peers, v1alpha1.IngressPeer{Namespace: &name})
		case cidr != "" && len(peer) == 1 && unexpected(fields(peer, "ipBlock"), "cidr") == "":
			peers = append(peers, v1alpha1.IngressPeer{CIDR: &cidr})
		default:
			return nil, other
		}
	}
	if !own || !whole {
		return nil, other
	}
	return peers, ""
}

// readAccess reads spec.access: the roles which the same groups have in every namespace and in the project. What only
// some of them say is left, since access would say it of all.
func (m *importer) readAccess() {
	for _, role := range roles {
		var bindings []*unstructured.Unstructured
		var groups []string
		why := ""
		for _, namespace := range m.namespaces {
			u := m.named("RoleBinding", namespace, m.env.Name+"-"+string(role))
			if u == nil {
				why = "namespace " + namespace + " has no such RoleBinding"
				continue
			}
			bindings = append(bindings, u)
			bound, problem := boundGroups(u, role)
			if problem == "" && len(bindings) > 1 && !slices.Equal(bound, groups) {
				problem = "the groups are not the same in every namespace"
			}
			groups = bound
			if problem != "" {
				why = problem
			}
		}
		if project := m.named("AppProject", m.o.Settings.ArgoCDNamespace, m.project); why == "" && project != nil && !slices.Equal(grantedGroups(project, role), groups) {
			why = "the AppProject has no role " + string(role) + " that gives the same groups what an environment's gives"
		}
		m.settleAccess(role, bindings, groups, why)
	}
	for _, u := range m.of("RoleBinding", "") {
		m.leave(u, "", "access gives groups the ClusterRoles view, edit and admin, by RoleBindings that are called "+m.env.Name+"- and the role")
	}
}

func (m *importer) settleAccess(role v1alpha1.Role, bindings []*unstructured.Unstructured, groups []string, why string) {
	for _, u := range bindings {
		if why != "" {
			m.leave(u, "", "access gives a role to groups alone, in every namespace and in the AppProject; "+why)
			continue
		}
		m.take(u, fmt.Sprintf("spec.access[%d]", len(m.env.Spec.Access)))
	}
	if why != "" {
		return
	}
	for _, group := range groups {
		m.env.Spec.Access = append(m.env.Spec.Access, v1alpha1.Access{Group: group, Role: role})
	}
}

// boundGroups are the groups of a RoleBinding to one of the roles, sorted.
func boundGroups(u *unstructured.Unstructured, role v1alpha1.Role) (groups []string, why string) {
	if text(u.Object, "roleRef", "kind") != "ClusterRole" || text(u.Object, "roleRef", "name") != string(role) {
		return nil, "its roleRef is not ClusterRole " + string(role)
	}
	subjects, _ := items(u.Object, "subjects")
	for _, subject := range subjects {
		if text(subject, "kind") != "Group" {
			return nil, "its subject " + text(subject, "kind") + " " + text(subject, "name") + " is no group"
		}
		groups = append(groups, text(subject, "name"))
	}
	slices.Sort(groups)
	if len(groups) == 0 {
		return nil, "it has no subjects"
	}
	return groups, ""
}
