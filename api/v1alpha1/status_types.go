package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// AppEnvironmentStatus is what an environment is and what it waits for. It holds
// no timestamps but those of conditions and teardown, and no text that changes
// while nothing happens.
type AppEnvironmentStatus struct {
	// observedGeneration is the generation of spec that this status was computed for; -1 before the first.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions holds one condition per component, then Ready, and Reconciling,
	// Stalled and Suspended while they are true.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// blockedOn names the first thing that keeps the environment from Ready, why,
	// and what to do. Empty when Ready. At most 384 characters.
	// +optional
	BlockedOn string `json:"blockedOn,omitempty"`

	// appsReady counts the ready apps, as in 2/2.
	// +optional
	AppsReady string `json:"appsReady,omitempty"`
	// secretsReady counts the ready secrets, as in 1/1.
	// +optional
	SecretsReady string `json:"secretsReady,omitempty"`
	// certificatesReady counts the ready certificates, as in 1/1.
	// +optional
	CertificatesReady string `json:"certificatesReady,omitempty"`
	// revision is the Git revision that the apps are synced to; several are joined by a comma.
	// +optional
	Revision string `json:"revision,omitempty"`
	// certificateExpires is the earliest expiry of a certificate, in RFC 3339.
	// +optional
	CertificateExpires string `json:"certificateExpires,omitempty"`

	// apps is the state of each app.
	// +listType=atomic
	// +optional
	Apps []AppStatus `json:"apps,omitempty"`
	// secrets is the state of each secret.
	// +listType=atomic
	// +optional
	Secrets []SecretStatus `json:"secrets,omitempty"`
	// certificates is the state of each certificate.
	// +listType=atomic
	// +optional
	Certificates []CertificateStatus `json:"certificates,omitempty"`

	// admittedApps are the apps that passed the gate once. They are never held back again.
	// +listType=atomic
	// +optional
	AdmittedApps []string `json:"admittedApps,omitempty"`

	// dnsNames are the DNS names of which the environment has a record, or is about to
	// have one. An environment that asks for one of another's gets NameTaken.
	// +listType=atomic
	// +optional
	DNSNames []string `json:"dnsNames,omitempty"`

	// pendingRemovals are removals that wait for a confirmation, ready to paste.
	// +listType=atomic
	// +optional
	PendingRemovals []string `json:"pendingRemovals,omitempty"`

	// plan is what the operator would do, in mode Observe.
	// +kubebuilder:validation:MaxItems=200
	// +listType=atomic
	// +optional
	Plan []PlannedAction `json:"plan,omitempty"`

	// protection is the protection in force.
	// +optional
	Protection Protection `json:"protection,omitempty"`

	// teardown is the step that the deletion of the environment has reached.
	// +optional
	Teardown *Teardown `json:"teardown,omitempty"`

	// children are the objects that belong to the environment. An entry is written
	// before its object is created; nothing without an entry is ever deleted.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=500
	// +optional
	Children []Child `json:"children,omitempty"`
}

// ChildState is the state of a child.
type ChildState string

// The states of a child, from best to worst.
const (
	ChildReady          ChildState = "Ready"
	ChildProgressing    ChildState = "Progressing"
	ChildFailing        ChildState = "Failing"
	ChildStalled        ChildState = "Stalled"
	ChildDeleting       ChildState = "Deleting"       // no longer asked for, on its way out
	ChildPendingRemoval ChildState = "PendingRemoval" // no longer asked for, waits for a confirmation
)

// Origin says how a child came to the environment.
type Origin string

// The origins of a child.
const (
	OriginCreated Origin = "created"
	OriginAdopted Origin = "adopted"
)

// Child is an object that belongs to the environment.
type Child struct {
	// apiVersion of the object.
	APIVersion string `json:"apiVersion"`
	// kind of the object.
	Kind string `json:"kind"`
	// namespace of the object; empty for a cluster-scoped one.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name of the object.
	Name string `json:"name"`
	// uid of the object; empty until its creation has been seen to succeed.
	// +optional
	UID types.UID `json:"uid,omitempty"`
	// origin is created or adopted.
	// +optional
	Origin Origin `json:"origin,omitempty"`
	// state of the object.
	// +optional
	State ChildState `json:"state,omitempty"`
	// reason for the state, in one word; empty when Ready.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// AppStatus is the state of an app.
type AppStatus struct {
	// name of the app in spec.apps.
	Name string `json:"name"`
	// application is the name of the Argo CD Application.
	// +optional
	Application string `json:"application,omitempty"`
	// sync is Argo CD's sync status: Synced, OutOfSync or Unknown.
	// +optional
	Sync string `json:"sync,omitempty"`
	// health is Argo CD's health status, where it can be trusted; else Unknown or Progressing.
	// +optional
	Health string `json:"health,omitempty"`
	// revision is the Git commit that is deployed.
	// +optional
	Revision string `json:"revision,omitempty"`
	// images are those Argo CD found running, at most 10.
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	// +optional
	Images []string `json:"images,omitempty"`
	// message says why the app is not ready. At most 256 characters.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
}

// SecretStatus is the state of a secret.
type SecretStatus struct {
	// name of the ExternalSecret.
	Name string `json:"name"`
	// namespace of the ExternalSecret.
	Namespace string `json:"namespace"`
	// ready says whether the Secret holds the current values.
	Ready bool `json:"ready"`
	// reason in one word.
	// +optional
	Reason string `json:"reason,omitempty"`
	// message says why the secret is not ready. At most 256 characters.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
}

// CertificateStatus is the state of a certificate.
type CertificateStatus struct {
	// name of the certificate.
	Name string `json:"name"`
	// namespace of the certificate.
	Namespace string `json:"namespace"`
	// ready says whether the certificate serves.
	Ready bool `json:"ready"`
	// status is the issuer's own word, such as Provisioning or Active.
	// +optional
	Status string `json:"status,omitempty"`
	// domains is the state of each domain.
	// +listType=atomic
	// +optional
	Domains []DomainStatus `json:"domains,omitempty"`
	// expires is when the certificate expires, in RFC 3339.
	// +optional
	Expires string `json:"expires,omitempty"`
	// message says why the certificate is not ready. At most 256 characters.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
}

// DomainStatus is the state of a domain of a certificate.
type DomainStatus struct {
	// name of the domain.
	Name string `json:"name"`
	// status is the issuer's own word, such as FailedNotVisible.
	// +optional
	Status string `json:"status,omitempty"`
}

// PlannedActionType is something the operator does to an object.
type PlannedActionType string

// What the operator does to objects.
const (
	ActionCreate  PlannedActionType = "Create"
	ActionAdopt   PlannedActionType = "Adopt"   // take over, by consent
	ActionUpdate  PlannedActionType = "Update"  // change fields
	ActionRelease PlannedActionType = "Release" // give up and leave in place
	ActionDelete  PlannedActionType = "Delete"
	ActionRefuse  PlannedActionType = "Refuse" // leave alone, and say why
)

// PlannedAction is what the operator would do to an object.
type PlannedAction struct {
	// object is kind, namespace and name.
	Object string `json:"object"`
	// action is Create, Adopt, Update, Release, Delete or Refuse.
	Action PlannedActionType `json:"action"`
	// fields are the paths that would change, at most 20.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Fields []string `json:"fields,omitempty"`
	// message says why an object would be refused. At most 256 characters.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
}

// Teardown is the step that a deletion has reached.
type Teardown struct {
	// step is one of dns, applications, project, certificates, secrets, namespaces.
	// +kubebuilder:validation:Enum=dns;applications;project;certificates;secrets;namespaces
	Step string `json:"step"`
	// since is when the step began.
	Since metav1.Time `json:"since"`
}
