package v1alpha1

// Every condition type and every reason of an AppEnvironment stands in this file,
// with the sentence a user needs. Component conditions and Ready are always
// present; Reconciling, Stalled and Suspended only while they are true (kstatus).

// Condition types, in the order in which they stand in status.conditions.
const (
	// ConditionNamespacesReady: namespaces, quotas, limits, network policies, service accounts and access are in place.
	ConditionNamespacesReady = "NamespacesReady"
	// ConditionProjectReady: the Argo CD AppProject is in place.
	ConditionProjectReady = "ProjectReady"
	// ConditionSecretsReady: every secret holds the current values of its store.
	ConditionSecretsReady = "SecretsReady"
	// ConditionApplicationsReady: every app is deployed and healthy.
	ConditionApplicationsReady = "ApplicationsReady"
	// ConditionCertificatesReady: every certificate is issued and serves.
	ConditionCertificatesReady = "CertificatesReady"
	// ConditionDNSReady: external-dns has read the current records. It does not prove that they resolve.
	ConditionDNSReady = "DNSReady"

	// ConditionReady: the environment is what its spec asks for, and works.
	ConditionReady = "Ready"
	// ConditionReconciling: the operator, or something it waits for, is still at work; nothing needs a human yet.
	ConditionReconciling = "Reconciling"
	// ConditionStalled: it will not get better by itself; blockedOn says what to do.
	ConditionStalled = "Stalled"
	// ConditionSuspended: the operator changes nothing, because spec.mode says so.
	ConditionSuspended = "Suspended"
)

// Reasons of a condition that is as it should be.
const (
	// ReasonReady: everything the condition speaks of is in place and works.
	ReasonReady = "Ready"
	// ReasonNotRequested: the spec asks for nothing of this component.
	ReasonNotRequested = "NotRequested"
	// ReasonObserving: mode Observe; status.plan lists what the operator would do.
	ReasonObserving = "Observing"
	// ReasonPaused: mode Paused; the operator does nothing until mode changes.
	ReasonPaused = "Paused"
)

// Reasons of something that is on its way: Ready False and Reconciling True.
const (
	// ReasonProgressing: being created, updated or rolled out.
	ReasonProgressing = "Progressing"
	// ReasonWaitingForNamespace: it belongs into a namespace that is not there or not ours yet.
	ReasonWaitingForNamespace = "WaitingForNamespace"
	// ReasonWaitingForProject: applications wait for the AppProject.
	ReasonWaitingForProject = "WaitingForProject"
	// ReasonWaitingForSecrets: new apps wait until every secret has been synced once.
	ReasonWaitingForSecrets = "WaitingForSecrets"
	// ReasonSecretNotSynced: External Secrets has not been able to sync the secret yet.
	ReasonSecretNotSynced = "SecretNotSynced"
	// ReasonAwaitingSync: the app is synced by hand, and never has been; sync it in Argo CD.
	ReasonAwaitingSync = "AwaitingSync"
	// ReasonOutOfSync: Argo CD has not yet synced the app to what Git and the spec ask for.
	ReasonOutOfSync = "OutOfSync"
	// ReasonStale: Argo CD has not yet judged the app as it is now.
	ReasonStale = "Stale"
	// ReasonAPINotInstalled: the cluster does not serve a kind that the spec needs; install its controller.
	ReasonAPINotInstalled = "APINotInstalled"
	// ReasonRetrying: the API server or a webhook did not accept a write; the operator tries again.
	ReasonRetrying = "Retrying"
	// ReasonTerminating: the object, or its namespace, is being deleted.
	ReasonTerminating = "Terminating"
	// ReasonPruning: something the spec no longer asks for is on its way out.
	ReasonPruning = "Pruning"
	// ReasonTearingDown: the environment is being deleted; status.teardown names the step.
	ReasonTearingDown = "TearingDown"
)

// Reasons of something that works no longer: Ready False, neither Reconciling nor Stalled.
const (
	// ReasonDegraded: Argo CD judges the app Degraded.
	ReasonDegraded = "Degraded"
	// ReasonPodsRefused: the API server refuses the app's Pods: a quota, a limit, Pod Security.
	ReasonPodsRefused = "PodsRefused"
	// ReasonSyncFailed: Argo CD's last sync of the app failed, or it cannot compare it with Git.
	ReasonSyncFailed = "SyncFailed"
	// ReasonNoResources: the app's path renders no manifests, so there is nothing to be healthy.
	ReasonNoResources = "NoResources"
	// ReasonImageNotUsed: an image override of the app names no image of its manifests, so the old image runs.
	ReasonImageNotUsed = "ImageNotUsed"
	// ReasonStoreFailing: a secret was synced before and cannot be refreshed now; its last values stay in place.
	ReasonStoreFailing = "StoreFailing"
	// ReasonRenewalFailed: the certificate still serves, and could not be renewed.
	ReasonRenewalFailed = "RenewalFailed"
)

// Reasons that need a human: Ready False and Stalled True.
const (
	// ReasonNameTaken: the object exists and belongs to somebody else; it is left untouched.
	ReasonNameTaken = "NameTaken"
	// ReasonNotAllowed: the operator's allow-lists do not permit the value.
	ReasonNotAllowed = "NotAllowed"
	// ReasonNamespaceReserved: the namespace is reserved on this cluster; use another name.
	ReasonNamespaceReserved = "NamespaceReserved"
	// ReasonAdoptionUnsafe: taking the object over would break what it holds; nothing was written.
	ReasonAdoptionUnsafe = "AdoptionUnsafe"
	// ReasonRejected: the API server or an admission policy refused the object for good.
	ReasonRejected = "Rejected"
	// ReasonForbidden: the operator's role does not allow the request; apply the operator's RBAC again.
	ReasonForbidden = "Forbidden"
	// ReasonImmutableChanged: a field that cannot change in place was changed; remove the item, wait until it is gone, add it again, or use a new name.
	ReasonImmutableChanged = "ImmutableChanged"
	// ReasonInvalid: the spec asks for something that cannot be built.
	ReasonInvalid = "Invalid"
	// ReasonCertificateFailed: the certificate failed for good; remove it and add it again once the cause is gone.
	ReasonCertificateFailed = "CertificateFailed"
	// ReasonContended: another field manager sets a field again and again; decide who writes it.
	ReasonContended = "Contended"
	// ReasonConfirmationRequired: the environment is protected and its deletion is not confirmed; status.pendingRemovals holds the confirmation, ready to paste.
	ReasonConfirmationRequired = "ConfirmationRequired"
	// ReasonTeardownStalled: a step of the deletion takes longer than the deadline; status.teardown names it.
	ReasonTeardownStalled = "TeardownStalled"
	// ReasonTeardownPaused: the deletion waits, because spec.mode forbids writing.
	ReasonTeardownPaused = "TeardownPaused"
	// ReasonUnrecordedChildren: objects carry this environment's UID but no entry in status; re-adopt them, and they are removed.
	ReasonUnrecordedChildren = "UnrecordedChildren"
	// ReasonLeftBehind: an Application of the environment is owned by no ApplicationSet and asked for by nobody; delete it, or take its label off.
	ReasonLeftBehind = "LeftBehind"
	// ReasonTooManyChildren: the environment needs more than 500 objects.
	ReasonTooManyChildren = "TooManyChildren"
	// ReasonInternalError: the operator has an error; everything stays as it is, and is tried again.
	ReasonInternalError = "InternalError"
)

// Annotations, labels and finalizers of the operator.
const (
	// LabelManagedBy is the standard label; its value on every child is ManagedByValue.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedByValue is the value of LabelManagedBy on every child.
	ManagedByValue = "appenv-operator"
	// LabelEnvironment is the name of the AppEnvironment, on every child and every generated Application.
	LabelEnvironment = "platform.appenv.dev/environment"
	// AnnotationOwnerUID is the UID of the AppEnvironment, on every child.
	AnnotationOwnerUID = "platform.appenv.dev/owner-uid"
	// AnnotationOrigin is the child's origin: created or adopted.
	AnnotationOrigin = "platform.appenv.dev/origin"
	// AnnotationReAdopt on an AppEnvironment, equal to its UID, takes back children that carry another owner-uid.
	AnnotationReAdopt = "platform.appenv.dev/re-adopt"
	// AnnotationAdoptBy on an object that is not the operator's names the AppEnvironment that may take it over.
	AnnotationAdoptBy = "platform.appenv.dev/adopt-by"
	// AnnotationConfirm on an AppEnvironment confirms removals from a protected one: what
	// status.pendingRemovals holds, joined by commas.
	AnnotationConfirm = "platform.appenv.dev/confirm"
	// Finalizer on an AppEnvironment holds it until its teardown is done.
	Finalizer = "platform.appenv.dev/teardown"
	// ApplicationSetFinalizer on an ApplicationSet lets the operator save its Applications when somebody deletes it.
	ApplicationSetFinalizer = "platform.appenv.dev/keep-applications"
)
