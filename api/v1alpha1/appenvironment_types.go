package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AppEnvironment is one application in one environment: its namespaces with
// guard rails, its Argo CD project and applications, its secrets, certificates,
// DNS records and the access of its team.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=appenv
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Apps",type=string,JSONPath=`.status.appsReady`
// +kubebuilder:printcolumn:name="Secrets",type=string,JSONPath=`.status.secretsReady`
// +kubebuilder:printcolumn:name="Certs",type=string,JSONPath=`.status.certificatesReady`
// +kubebuilder:printcolumn:name="Blocked On",type=string,JSONPath=`.status.blockedOn`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.namespaces[0].name`,priority=1
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`,priority=1
// +kubebuilder:printcolumn:name="Cert Expires",type=string,JSONPath=`.status.certificateExpires`,priority=1
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`,priority=1
// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self.metadata.name).hasValue()`,message="metadata.name must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters"
// +kubebuilder:validation:XValidation:rule=`self.metadata.name != 'default'`,message="metadata.name must not be default, the name of Argo CD's own project"
type AppEnvironment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the environment should be.
	// +required
	Spec AppEnvironmentSpec `json:"spec"`

	// status is what the environment is, and what it waits for.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status AppEnvironmentStatus `json:"status,omitempty"`
}

// AppEnvironmentList is a list of AppEnvironments.
//
// +kubebuilder:object:root=true
type AppEnvironmentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AppEnvironment `json:"items"`
}

// Mode says what the operator may do for an environment.
type Mode string

// The modes of an environment.
const (
	ModeEnforce Mode = "Enforce" // write, repair, prune
	ModeObserve Mode = "Observe" // write nothing but status.plan
	ModePaused  Mode = "Paused"  // do nothing
)

// DeletionPolicy says what becomes of the children when they are no longer asked for.
type DeletionPolicy string

// The deletion policies of an environment.
const (
	DeletionPolicyDelete DeletionPolicy = "Delete" // delete what the operator created
	DeletionPolicyRetain DeletionPolicy = "Retain" // release it and leave it in place
)

// Protection says whether removals need a confirmation.
type Protection string

// The levels of protection of an environment.
const (
	ProtectionNone    Protection = "None"
	ProtectionConfirm Protection = "Confirm"
)

// AppEnvironmentSpec is the desired state of an environment.
//
// +kubebuilder:validation:XValidation:rule=`self.apps.all(a, !has(a.namespace) || self.namespaces.exists(n, n.name == a.namespace))`,message="namespace of an app must be the name of one of namespaces; add it there, or leave it out for the first",fieldPath=".apps"
// +kubebuilder:validation:XValidation:rule=`!has(self.secrets) || !has(self.secrets.items) || self.secrets.items.all(i, !has(i.namespace) || self.namespaces.exists(n, n.name == i.namespace))`,message="namespace of a secret must be the name of one of namespaces; add it there, or leave it out for the first",fieldPath=".secrets.items"
// +kubebuilder:validation:XValidation:rule=`!has(self.certificates) || self.certificates.all(c, !has(c.namespace) || self.namespaces.exists(n, n.name == c.namespace))`,message="namespace of a certificate must be the name of one of namespaces; add it there, or leave it out for the first",fieldPath=".certificates"
// +kubebuilder:validation:XValidation:rule=`has(self.argocd) && has(self.argocd.applicationName) ? self.apps.all(a, size(self.argocd.applicationName.replace('{app}', a.name).replace('{application}', self.application).replace('{environment}', self.environment)) <= 63) : self.apps.all(a, size(self.application) + size(a.name) + size(self.environment) <= 61)`,message="the name of an Application ({application}-{app}-{environment} unless argocd.applicationName says otherwise) must have at most 63 characters: shorten the app's name or set argocd.applicationName",fieldPath=".apps"
// +kubebuilder:validation:XValidation:rule=`has(self.argocd) && has(self.argocd.project) ? has(oldSelf.argocd) && has(oldSelf.argocd.project) && self.argocd.project == oldSelf.argocd.project : !(has(oldSelf.argocd) && has(oldSelf.argocd.project))`,message="argocd.project is immutable, set or unset: changing it would delete every Application; create a new AppEnvironment instead"
// +kubebuilder:validation:XValidation:rule=`has(self.argocd) && has(self.argocd.applicationSet) ? has(oldSelf.argocd) && has(oldSelf.argocd.applicationSet) && self.argocd.applicationSet == oldSelf.argocd.applicationSet : !(has(oldSelf.argocd) && has(oldSelf.argocd.applicationSet))`,message="argocd.applicationSet is immutable, set or unset: changing it would delete every Application; create a new AppEnvironment instead"
// +kubebuilder:validation:XValidation:rule=`has(self.argocd) && has(self.argocd.applicationName) ? has(oldSelf.argocd) && has(oldSelf.argocd.applicationName) && self.argocd.applicationName == oldSelf.argocd.applicationName : !(has(oldSelf.argocd) && has(oldSelf.argocd.applicationName))`,message="argocd.applicationName is immutable, set or unset: changing it would delete every Application; create a new AppEnvironment instead"
// +kubebuilder:validation:XValidation:rule=`!has(self.secrets) || !has(self.secrets.store.gcpSecretManager) || !has(self.secrets.items) || self.secrets.items.all(i, self.namespaces.exists(n, (has(i.namespace) ? i.namespace == n.name : n.name == self.namespaces[0].name) && has(n.serviceAccounts) && n.serviceAccounts.exists(s, s.name == self.secrets.store.gcpSecretManager.serviceAccount)))`,message="serviceAccount of gcpSecretManager must stand in serviceAccounts of every namespace that has secrets; add it there",fieldPath=".secrets.store"
// +kubebuilder:validation:XValidation:rule=`!has(self.secrets) || !has(self.secrets.store.azureKeyVault) || !has(self.secrets.items) || self.secrets.items.all(i, self.namespaces.exists(n, (has(i.namespace) ? i.namespace == n.name : n.name == self.namespaces[0].name) && has(n.serviceAccounts) && n.serviceAccounts.exists(s, s.name == self.secrets.store.azureKeyVault.serviceAccount && has(s.azureClientID))))`,message="serviceAccount of azureKeyVault must stand, with its azureClientID, in serviceAccounts of every namespace that has secrets; add it there",fieldPath=".secrets.store"
// +kubebuilder:validation:XValidation:rule=`!has(self.secrets) || !has(self.secrets.items) || self.namespaces.all(n, self.secrets.items.all(i, !(has(i.namespace) ? i.namespace == n.name : n.name == self.namespaces[0].name) || self.secrets.items.exists_one(o, (has(o.namespace) ? o.namespace == n.name : n.name == self.namespaces[0].name) && (has(o.secretName) ? (has(i.secretName) ? o.secretName == i.secretName : o.secretName == i.name) : (has(i.secretName) ? o.name == i.secretName : o.name == i.name)))))`,message="two secrets must not write the same Secret of a namespace; give one of them another secretName",fieldPath=".secrets.items"
// +kubebuilder:validation:XValidation:rule=`!has(self.certificates) || self.namespaces.all(n, self.certificates.all(c, !has(c.certManager) || !(has(c.namespace) ? c.namespace == n.name : n.name == self.namespaces[0].name) || self.certificates.exists_one(o, has(o.certManager) && (has(o.namespace) ? o.namespace == n.name : n.name == self.namespaces[0].name) && (has(o.certManager.secretName) ? (has(c.certManager.secretName) ? o.certManager.secretName == c.certManager.secretName : o.certManager.secretName == c.name) : (has(c.certManager.secretName) ? o.name == c.certManager.secretName : o.name == c.name)))))`,message="two certificates must not write the same Secret of a namespace; give one of them another secretName",fieldPath=".certificates"
// +kubebuilder:validation:XValidation:rule=`!has(self.secrets) || !has(self.secrets.items) || !has(self.certificates) || self.namespaces.all(n, self.certificates.all(c, !has(c.certManager) || !(has(c.namespace) ? c.namespace == n.name : n.name == self.namespaces[0].name) || !self.secrets.items.exists(i, (has(i.namespace) ? i.namespace == n.name : n.name == self.namespaces[0].name) && (has(i.secretName) ? (has(c.certManager.secretName) ? i.secretName == c.certManager.secretName : i.secretName == c.name) : (has(c.certManager.secretName) ? i.name == c.certManager.secretName : i.name == c.name)))))`,message="a certificate and a secret must not write the same Secret of a namespace; give one of them another secretName",fieldPath=".certificates"
// +kubebuilder:validation:XValidation:rule=`!has(self.dns) || !has(self.certificates) || self.dns.records.all(r, !has(r.cloudflareProxied) || !r.cloudflareProxied || self.certificates.all(c, !has(c.google) || !(r.name in c.google.domains)))`,message="a domain of a google certificate must not have a proxied record, since Google never issues it then; unset cloudflareProxied, or use certManager",fieldPath=".dns.records"
type AppEnvironmentSpec struct {
	// application is the name of the application. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="application must be a DNS label such as hoge: lower-case letters, digits and '-', at most 63 characters"
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message="application is immutable; create a new AppEnvironment instead"
	// +required
	Application string `json:"application"`

	// environment is the name of the environment, such as dev, stage or prod. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="environment must be a DNS label such as dev: lower-case letters, digits and '-', at most 63 characters"
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message="environment is immutable; create a new AppEnvironment instead"
	// +required
	Environment string `json:"environment"`

	// mode says what the operator may do: Enforce writes and repairs, Observe only
	// reports what it would do, Paused does nothing.
	// +kubebuilder:default=Enforce
	// +kubebuilder:validation:Enum=Enforce;Observe;Paused
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// deletionPolicy says what becomes of children that are no longer asked for:
	// Delete removes what the operator created, Retain releases it.
	// +kubebuilder:default=Delete
	// +kubebuilder:validation:Enum=Delete;Retain
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// protection Confirm makes every removal wait for a confirmation.
	// +kubebuilder:default=None
	// +kubebuilder:validation:Enum=None;Confirm
	// +optional
	Protection Protection `json:"protection,omitempty"`

	// labels are put on every child.
	// +kubebuilder:validation:MaxProperties=20
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !format.qualifiedName().validate(k).hasValue())`,message="labels must have qualified names such as team or example.com/team as keys"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.matches(r'^([^/]*\.)?(kubernetes\.io|k8s\.io|argocd\.argoproj\.io|platform\.appenv\.dev)/'))`,message="labels must not have keys of kubernetes.io, k8s.io, argocd.argoproj.io and platform.appenv.dev, which belong to the cluster and the operator; use a domain of your own"
	// +optional
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// namespaces are the environment's namespaces. The first one is the default of
	// everything that names none, and its name is immutable.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:XValidation:rule=`self[0].name == oldSelf[0].name`,message="the first namespace is immutable: keep it first; create a new AppEnvironment to move to another one"
	// +listType=map
	// +listMapKey=name
	// +required
	Namespaces []Namespace `json:"namespaces"`

	// access gives groups a role in every namespace and in the Argo CD project.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=group
	// +listMapKey=role
	// +optional
	Access []Access `json:"access,omitempty"`

	// source is where the applications' manifests come from, unless an app says otherwise.
	// +required
	Source Source `json:"source"`

	// apps are the applications that Argo CD deploys: the elements of the ApplicationSet.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=name
	// +required
	Apps []App `json:"apps"`

	// sync says how Argo CD syncs the applications. Unset means by hand.
	// +optional
	Sync *Sync `json:"sync,omitempty"`

	// argocd overrides the names of the Argo CD objects. Immutable, set or unset.
	// +optional
	ArgoCD *ArgoCD `json:"argocd,omitempty"`

	// clusterResources are the cluster-scoped kinds that the applications' manifests
	// may hold (AppProject.spec.clusterResourceWhitelist). None when unset.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=group
	// +listMapKey=kind
	// +optional
	ClusterResources []GroupKind `json:"clusterResources,omitempty"`

	// namespaceRBAC says whether the applications' manifests may hold Roles and RoleBindings.
	// +kubebuilder:default=Denied
	// +kubebuilder:validation:Enum=Denied;Allowed
	// +optional
	NamespaceRBAC NamespaceRBAC `json:"namespaceRBAC,omitempty"`

	// secrets are pulled by External Secrets Operator.
	// +optional
	Secrets *Secrets `json:"secrets,omitempty"`

	// certificates are the TLS certificates of the environment.
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +optional
	Certificates []Certificate `json:"certificates,omitempty"`

	// dns holds the environment's records, written by external-dns.
	// +optional
	DNS *DNS `json:"dns,omitempty"`
}

// NamespaceRBAC says whether an application's manifests may hold Roles and RoleBindings.
type NamespaceRBAC string

// The values of NamespaceRBAC.
const (
	NamespaceRBACDenied  NamespaceRBAC = "Denied"
	NamespaceRBACAllowed NamespaceRBAC = "Allowed"
)

// Role is one of the three roles a group can have in an environment.
type Role string

// The roles. In the namespaces they are the ClusterRoles of the same name; in the
// Argo CD project view may get applications and logs, edit may also sync, admin
// may also run actions.
const (
	RoleView  Role = "view"
	RoleEdit  Role = "edit"
	RoleAdmin Role = "admin"
)

// Access gives a group a role.
type Access struct {
	// group is the name of the group, as the identity provider gives it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule=`self.matches(r"^[^\p{C}\p{Zl}\p{Zp},'\x22\x60\\{}]+$")`,message="group must not contain commas, quotes, backslashes, braces, newlines or other control characters; write the name as the identity provider gives it"
	// +kubebuilder:validation:XValidation:rule=`self == self.trim()`,message="group must not begin or end with a space"
	// +kubebuilder:validation:XValidation:rule=`!self.startsWith('system:') && !self.startsWith('role:') && !self.startsWith('proj:')`,message="group must not begin with system:, role: or proj:, which Kubernetes and Argo CD keep for themselves; name a group of the identity provider"
	// +required
	Group string `json:"group"`
	// role is view, edit or admin.
	// +kubebuilder:validation:Enum=view;edit;admin
	// +required
	Role Role `json:"role"`
}

// GroupKind names a kind of Kubernetes objects.
//
// +kubebuilder:validation:XValidation:rule=`self.kind != 'Namespace'`,message="clusterResources must not hold Namespace: the operator makes the namespaces; list them under namespaces"
// +kubebuilder:validation:XValidation:rule=`self.group != 'rbac.authorization.k8s.io'`,message="clusterResources must not hold RBAC kinds; give rights under access"
// +kubebuilder:validation:XValidation:rule=`self.group != 'platform.appenv.dev'`,message="clusterResources must not hold AppEnvironment: whoever writes one can make Argo CD deploy anything"
type GroupKind struct {
	// group is the API group; empty for the core group.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self == '' || !format.dns1123Subdomain().validate(self).hasValue()`,message="group of a cluster resource must be an API group such as apiextensions.k8s.io, or empty for the core group; wildcards are refused"
	// +kubebuilder:default=""
	// +optional
	Group string `json:"group"`
	// kind is the kind, as in a manifest.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Z][A-Za-z0-9]*$')`,message="kind of a cluster resource must be a kind as in a manifest, such as CustomResourceDefinition; wildcards are refused"
	// +required
	Kind string `json:"kind"`
}
