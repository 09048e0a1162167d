package infer

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// ownedByProject are the fields of an AppProject's spec that the operator writes.
var ownedByProject = []string{
	"sourceRepos", "destinations", "clusterResourceWhitelist", "namespaceResourceBlacklist", "roles", "syncWindows",
}

// readProject reads clusterResources, namespaceRBAC and the sync windows. What the operator never writes stays.
func (m *importer) readProject() {
	for _, u := range m.of("AppProject", "") {
		if u.GetName() != m.project || m.project == "default" {
			m.leave(u, "", "the Applications are of AppProject "+m.project)
		}
	}
	u := m.named("AppProject", m.o.Settings.ArgoCDNamespace, m.project)
	if u == nil {
		return
	}
	m.take(u, "spec.argocd.project")
	m.origins["spec.clusterResources"], m.origins["spec.sync.windows"] = m.origins["spec.argocd.project"], m.origins["spec.argocd.project"]
	spec := fields(u.Object, "spec")
	for _, field := range sortedKeys(spec) {
		if !contains(ownedByProject, field) && !isEmpty(spec[field]) {
			m.remark(u, "spec."+field, "stays as it is: the operator writes nothing there")
		}
	}
	m.readClusterResources(u, spec)
	m.readWindows(u, spec)
	denied := deniedIn(spec)
	if !denied["Role"] && !denied["RoleBinding"] {
		m.env.Spec.NamespaceRBAC = v1alpha1.NamespaceRBACAllowed
	}
	if granted, _ := items(spec, "roles"); len(granted) > 0 && len(m.env.Spec.Access) == 0 {
		m.remark(u, "spec.roles", "stay as they are as long as the environment has no access")
	}
}

// deniedIn are the kinds of RBAC that the project denies its Applications.
func deniedIn(spec map[string]any) map[string]bool {
	denied := map[string]bool{}
	kinds, _ := items(spec, "namespaceResourceBlacklist")
	for _, kind := range kinds {
		if group := text(kind, "group"); group == "rbac.authorization.k8s.io" || group == "*" {
			denied[text(kind, "kind")] = true
		}
	}
	if denied["*"] {
		denied["Role"], denied["RoleBinding"] = true, true
	}
	return denied
}

// readClusterResources reads the cluster-scoped kinds that an environment may ask for.
func (m *importer) readClusterResources(u *unstructured.Unstructured, spec map[string]any) {
	kinds, _ := items(spec, "clusterResourceWhitelist")
	for _, kind := range kinds {
		asked := v1alpha1.GroupKind{Group: text(kind, "group"), Kind: text(kind, "kind")}
		why := ""
		switch {
		case asked.Group == "*" || asked.Kind == "*":
			why = "clusterResources takes no wildcards"
		case unexpected(kind, "group", "kind") != "":
			why = "clusterResources takes no single names"
		case asked.Kind == "Namespace" || asked.Group == "rbac.authorization.k8s.io" || asked.Group == v1alpha1.GroupVersion.Group:
			why = "clusterResources may not hold it"
		}
		if why != "" {
			m.remark(u, "spec.clusterResourceWhitelist", compact(kind)+" is not taken over: "+why)
			continue
		}
		m.env.Spec.ClusterResources = append(m.env.Spec.ClusterResources, asked)
	}
}

// readWindows reads the sync windows, all of them or none: the list is written as a whole.
func (m *importer) readWindows(u *unstructured.Unstructured, spec map[string]any) {
	windows, _ := items(spec, "syncWindows")
	var asked []v1alpha1.SyncWindow
	for i, window := range windows {
		applications, _ := texts(window["applications"])
		other := unexpected(window, "kind", "schedule", "duration", "timeZone", "manualSync", "applications")
		if other != "" || !slices.Equal(applications, []string{"*"}) {
			m.remark(u, fmt.Sprintf("spec.syncWindows[%d]", i), "an environment's windows are of all its apps, by applications [*] alone; all windows stay as they are")
			return
		}
		manual, _, _ := unstructured.NestedBool(window, "manualSync")
		asked = append(asked, v1alpha1.SyncWindow{
			Kind: v1alpha1.SyncWindowKind(text(window, "kind")), Schedule: text(window, "schedule"), Duration: text(window, "duration"),
			TimeZone: unless(text(window, "timeZone"), ""), ManualSync: ifTrue(manual),
		})
	}
	if len(asked) == 0 {
		return
	}
	if m.env.Spec.Sync == nil {
		m.env.Spec.Sync = &v1alpha1.Sync{}
	}
	m.env.Spec.Sync.Windows = asked
}

// ifTrue is true, and nil for false, the default.
func ifTrue(value bool) *bool {
	if !value {
		return nil
	}
	return &value
}

// grantedGroups are the groups that a role of the project gives what an environment's role of the name gives, sorted.
func grantedGroups(project *unstructured.Unstructured, role v1alpha1.Role) []string {
	want := component.Policies(project.GetName(), role)
	slices.Sort(want)
	all, _ := items(project.Object, "spec", "roles")
	for _, each := range all {
		if text(each, "name") != string(role) || unexpected(each, "name", "policies", "groups") != "" {
			continue
		}
		policies, _ := texts(each["policies"])
		groups, _ := texts(each["groups"])
		slices.Sort(policies)
		slices.Sort(groups)
		if slices.Equal(policies, want) {
			return groups
		}
	}
	return nil
}
