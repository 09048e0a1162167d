package controller

// The operator's permissions, from which config/rbac/role.yaml is generated. Each is here because
// some code asks for it: no wildcard, no Secrets, no update where a patch does.

// Environments: read them, hold their deletion by a finalizer, and report on them.
//
// +kubebuilder:rbac:groups=platform.appenv.dev,resources=appenvironments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=platform.appenv.dev,resources=appenvironments/status,verbs=patch

// Namespaces and what guards them. Their names are the environments' choice, so the role is cluster-wide.
//
// +kubebuilder:rbac:groups="",resources=namespaces;resourcequotas;limitranges;serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete

// Access of teams. Without bind, the API server lets the operator grant only what it holds itself.
//
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=rolebindings,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=clusterroles,resourceNames=view;edit;admin,verbs=bind

// Secrets: External Secrets holds them; the operator reads no Secret.
//
// +kubebuilder:rbac:groups=external-secrets.io,resources=externalsecrets;secretstores,verbs=get;list;watch;create;patch;delete

// Certificates, of GKE and of cert-manager.
//
// +kubebuilder:rbac:groups=networking.gke.io,resources=managedcertificates,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=get;list;watch;create;patch;delete

// DNS records.
//
// +kubebuilder:rbac:groups=externaldns.k8s.io,resources=dnsendpoints,verbs=get;list;watch;create;patch;delete

// Argo CD, in its own namespace only. Applications are made by the ApplicationSet controller: the
// operator removes an owner reference from them (patch) and deletes what a teardown leaves behind.
//
// +kubebuilder:rbac:groups=argoproj.io,namespace=argocd,roleName=argocd-manager-role,resources=appprojects;applicationsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=argoproj.io,namespace=argocd,roleName=argocd-manager-role,resources=applications,verbs=get;list;watch;patch;delete

// Optional APIs: which are installed, now and later. Only metadata is asked for.
//
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=list;watch

// Admission policies: whether they are installed, to say so at start.
//
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings,resourceNames=appenv-environment;appenv-crd;appenv-deletion;appenv-ownership,verbs=get

// Events: the operator's own, and those in which External Secrets says why a secret fails.
//
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",resources=events,verbs=list

// Leader election, in the operator's own namespace; it records who leads by an Event of the old kind.
//
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=appenv-system,roleName=leader-election-role,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=appenv-system,roleName=leader-election-role,resources=events,verbs=create;patch

// Metrics: who asks for them, and whether that one may.
//
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
