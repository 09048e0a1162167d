package v1alpha1

// Source is where manifests come from.
type Source struct {
	// repoURL is the Git repository: https, http, ssh, git, file or scp-like, without credentials.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(https?://[^/]*@|[a-z]+://[^/]*:[^/]*@)')`,message="source.repoURL must not carry credentials; put them into a repository Secret of Argo CD"
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(https?://[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/[-A-Za-z0-9._~%+@/]+|(ssh|git)://([A-Za-z0-9_][-A-Za-z0-9._]*@)?[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/[-A-Za-z0-9._~%+@/]+|file:///[-A-Za-z0-9._~%+@/]+|[A-Za-z0-9_][-A-Za-z0-9._]*@[A-Za-z0-9][-A-Za-z0-9.]*:[A-Za-z0-9._~/][-A-Za-z0-9._~%+@/]*)$')`,message="source.repoURL must be a Git URL such as https://github.com/example/hoge (https, http, ssh, git, file) or git@github.com:example/hoge.git, without query, wildcard or placeholder"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'(^|[/:])(\.|%2[eE]){2}(/|$)')`,message="source.repoURL must not contain a .. segment; write the repository's own path"
	// +required
	RepoURL string `json:"repoURL"`
	// targetRevision is a branch, tag or commit.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9_]([-A-Za-z0-9._/+@#=]*[-A-Za-z0-9_+@#=])?$') && !self.contains('..')`,message="source.targetRevision must be a branch, tag or commit such as development, v1.2.3 or 3f2c1ab"
	// +required
	TargetRevision string `json:"targetRevision"`
	// path is the directory in the repository. {app}, {application} and {environment} are replaced.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`!self.replace('{app}', 'x').replace('{application}', 'x').replace('{environment}', 'x').matches('[{}]')`,message="source.path may only use the placeholders {app}, {application} and {environment}, in single braces"
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9._{][-A-Za-z0-9._+@=/{}]*$')`,message="source.path must be a directory in the repository such as deploy/{app}/overlays/{environment}: relative, of letters, digits, '-', '_', '.', '+', '@' and '='"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'(^|/)\.\.(/|$)')`,message="source.path must not contain a .. segment; write the path from the root of the repository"
	// +required
	Path string `json:"path"`
}

// App is one Argo CD Application.
//
// +kubebuilder:validation:XValidation:rule=`has(self.namespace) == has(oldSelf.namespace)`,message="namespace of an app cannot be set or unset later: remove the app, wait until it is gone, and add it again"
type App struct {
	// name identifies the app within the environment.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="name of an app must be a DNS label such as app1: lower-case letters, digits and '-', at most 63 characters"
	// +required
	Name string `json:"name"`

	// namespace is where the app is deployed; the first namespace when unset.
	// Immutable, set or unset: a move is a removal.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message="namespace of an app is immutable: remove the app, wait until it is gone, and add it again"
	// +optional
	Namespace *string `json:"namespace,omitempty"`

	// repoURL overrides source.repoURL.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(https?://[^/]*@|[a-z]+://[^/]*:[^/]*@)')`,message="repoURL of an app must not carry credentials; put them into a repository Secret of Argo CD"
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(https?://[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/[-A-Za-z0-9._~%+@/]+|(ssh|git)://([A-Za-z0-9_][-A-Za-z0-9._]*@)?[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/[-A-Za-z0-9._~%+@/]+|file:///[-A-Za-z0-9._~%+@/]+|[A-Za-z0-9_][-A-Za-z0-9._]*@[A-Za-z0-9][-A-Za-z0-9.]*:[A-Za-z0-9._~/][-A-Za-z0-9._~%+@/]*)$')`,message="repoURL of an app must be a Git URL such as https://github.com/example/hoge (https, http, ssh, git, file) or git@github.com:example/hoge.git, without query, wildcard or placeholder"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'(^|[/:])(\.|%2[eE]){2}(/|$)')`,message="repoURL of an app must not contain a .. segment; write the repository's own path"
	// +optional
	RepoURL *string `json:"repoURL,omitempty"`

	// targetRevision overrides source.targetRevision.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9_]([-A-Za-z0-9._/+@#=]*[-A-Za-z0-9_+@#=])?$') && !self.contains('..')`,message="targetRevision of an app must be a branch, tag or commit such as development, v1.2.3 or 3f2c1ab"
	// +optional
	TargetRevision *string `json:"targetRevision,omitempty"`

	// path overrides source.path. The same placeholders are replaced.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`!self.replace('{app}', 'x').replace('{application}', 'x').replace('{environment}', 'x').matches('[{}]')`,message="path of an app may only use the placeholders {app}, {application} and {environment}, in single braces"
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9._{][-A-Za-z0-9._+@=/{}]*$')`,message="path of an app must be a directory in the repository such as deploy/{app}/overlays/{environment}: relative, of letters, digits, '-', '_', '.', '+', '@' and '='"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'(^|/)\.\.(/|$)')`,message="path of an app must not contain a .. segment; write the path from the root of the repository"
	// +optional
	Path *string `json:"path,omitempty"`

	// images override images of the app's Kustomize overlay.
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +optional
	Images []Image `json:"images,omitempty"`
}

// Image overrides one image of a Kustomize overlay.
//
// +kubebuilder:validation:XValidation:rule=`has(self.newTag) != has(self.digest)`,message="images must set exactly one of newTag and digest in each entry"
type Image struct {
	// name is the image as the manifests name it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/)?[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*(/[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*)*$')`,message="name of an image must be the image as the manifests name it, such as app1 or registry.example.com:5000/p/app1, without tag and digest"
	// +required
	Name string `json:"name"`
	// newName replaces the image's name; name when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$')`,message="newName must be an image such as registry.example.com:5000/p/app1, without tag and digest"
	// +optional
	NewName *string `json:"newName,omitempty"`
	// newTag replaces the tag. Exactly one of newTag and digest is set.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9_][-A-Za-z0-9_.]*$')`,message="newTag must be an image tag such as 3f2c1ab: letters, digits, '-', '_' and '.', at most 128 characters"
	// +optional
	NewTag *string `json:"newTag,omitempty"`
	// digest replaces the tag by a digest such as sha256:<64 hexadecimal digits>.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^sha256:[0-9a-f]{64}$')`,message="digest must be sha256: and 64 hexadecimal digits"
	// +optional
	Digest *string `json:"digest,omitempty"`
}

// Gate says what new apps wait for.
type Gate string

// The values of Gate.
const (
	GateSecrets Gate = "Secrets" // new apps wait until every secret has been synced once
	GateNone    Gate = "None"
)

// Sync says how Argo CD syncs the applications.
type Sync struct {
	// automated lets Argo CD sync by itself. Unset means by hand.
	// +optional
	Automated *Automated `json:"automated,omitempty"`

	// gate Secrets holds new apps back until every secret has been synced once.
	// +kubebuilder:default=Secrets
	// +kubebuilder:validation:Enum=Secrets;None
	// +optional
	Gate Gate `json:"gate,omitempty"`

	// options are Argo CD's sync options, such as ApplyOutOfSyncOnly=true.
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.all(o, o.matches(r'^[A-Za-z]+=[-A-Za-z0-9]+$'))`,message="options must be sync options of Argo CD such as ApplyOutOfSyncOnly=true"
	// +kubebuilder:validation:XValidation:rule=`self.all(o, !o.startsWith('CreateNamespace='))`,message="options must not hold CreateNamespace: the operator makes the namespaces; list them under namespaces"
	// +kubebuilder:validation:XValidation:rule=`self.all(o, !o.startsWith('Replace='))`,message="options must not hold Replace, which deletes and creates objects that are in use; annotate the single object in Git instead"
	// +kubebuilder:validation:XValidation:rule=`!('Validate=false' in self)`,message="options must not hold Validate=false; correct the manifests instead"
	// +kubebuilder:validation:XValidation:rule=`!('PrunePropagationPolicy=orphan' in self)`,message="options must not hold PrunePropagationPolicy=orphan, which leaves objects behind; use foreground or background"
	// +listType=set
	// +optional
	Options []string `json:"options,omitempty"`

	// retry says how often a failed sync is tried again.
	// +optional
	Retry *Retry `json:"retry,omitempty"`

	// windows are the AppProject's sync windows; they apply to every app of the environment.
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:XValidation:rule=`self.all(w, self.exists_one(o, o.kind == w.kind && o.schedule == w.schedule && o.duration == w.duration && (has(o.timeZone) ? has(w.timeZone) && o.timeZone == w.timeZone : !has(w.timeZone))))`,message="windows must hold each kind, schedule, duration and timeZone once; keep one of the two"
	// +listType=atomic
	// +optional
	Windows []SyncWindow `json:"windows,omitempty"`
}

// Automated is Argo CD's automated sync.
type Automated struct {
	// prune deletes objects that are no longer in Git.
	// +kubebuilder:default=true
	// +optional
	Prune *bool `json:"prune,omitempty"`
	// selfHeal reverts changes made in the cluster.
	// +kubebuilder:default=true
	// +optional
	SelfHeal *bool `json:"selfHeal,omitempty"`
}

// Retry says how often a failed sync is tried again.
type Retry struct {
	// limit is the number of retries; negative means without end.
	// +kubebuilder:validation:Minimum=-1
	// +kubebuilder:validation:Maximum=1000
	// +required
	Limit int64 `json:"limit"`
}

// SyncWindowKind is allow or deny.
type SyncWindowKind string

// The kinds of sync windows. Having any allow window means deny outside of it; deny beats allow.
const (
	SyncWindowAllow SyncWindowKind = "allow"
	SyncWindowDeny  SyncWindowKind = "deny"
)

// SyncWindow is a time in which syncs are allowed or denied.
type SyncWindow struct {
	// kind is allow or deny.
	// +kubebuilder:validation:Enum=allow;deny
	// +required
	Kind SyncWindowKind `json:"kind"`
	// schedule is a cron expression of five fields: when the window opens.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() == 5`,message="schedule must be a cron expression of five fields (minute, hour, day, month, weekday), such as 0 22 * * *"
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() != 5 || self.split(' ')[0].split(',').all(f, f.matches(r'(?i)^(\*|\?|([0-5]?[0-9])(-([0-5]?[0-9]))?)(/[1-9][0-9]?)?$'))`,message="schedule's minute must be 0 to 59, a range or a list of them, or *"
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() != 5 || self.split(' ')[1].split(',').all(f, f.matches(r'(?i)^(\*|\?|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?$'))`,message="schedule's hour must be 0 to 23, a range or a list of them, or *"
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() != 5 || self.split(' ')[2].split(',').all(f, f.matches(r'(?i)^(\*|\?|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?$'))`,message="schedule's day of the month must be 1 to 31, a range or a list of them, or *"
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() != 5 || self.split(' ')[3].split(',').all(f, f.matches(r'(?i)^(\*|\?|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?$'))`,message="schedule's month must be 1 to 12 or jan to dec, a range or a list of them, or *"
	// +kubebuilder:validation:XValidation:rule=`self.split(' ').size() != 5 || self.split(' ')[4].split(',').all(f, f.matches(r'(?i)^(\*|\?|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?$'))`,message="schedule's weekday must be 0 (Sunday) to 6 or sun to sat, a range or a list of them, or *"
	// +kubebuilder:validation:XValidation:rule=`self.lowerAscii().replace('sun', '0').replace('mon', '1').replace('tue', '2').replace('wed', '3').replace('thu', '4').replace('fri', '5').replace('sat', '6').replace('jan', '1').replace('feb', '2').replace('mar', '3').replace('apr', '4').replace('may', '5').replace('jun', '6').replace('jul', '7').replace('aug', '8').replace('sep', '9').replace('oct', '10').replace('nov', '11').replace('dec', '12').findAll('[0-9]{1,2}-[0-9]{1,2}').all(r, int(r.split('-')[0]) <= int(r.split('-')[1]))`,message="schedule's ranges must go up, such as 1-5 or mon-fri; write sat,sun for the weekend"
	// +required
	Schedule string `json:"schedule"`
	// duration is how long the window stays open, such as 8h or 1h30m.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$') && duration(self) > duration('0s')`,message="duration must be longer than zero, such as 8h or 1h30m"
	// +required
	Duration string `json:"duration"`
	// timeZone is the IANA time zone of schedule. UTC when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(UTC|[A-Z][A-Za-z]*/[-+A-Za-z0-9_/]+)$') && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0`,message="timeZone must be UTC or a name of the IANA time zone database such as Asia/Tokyo"
	// +optional
	TimeZone *string `json:"timeZone,omitempty"`
	// manualSync lets syncs by hand through while the window forbids syncing.
	// +optional
	ManualSync *bool `json:"manualSync,omitempty"`
}

// ArgoCD overrides the names of Argo CD's objects. All fields are immutable, set
// or unset: changing one would delete every Application.
type ArgoCD struct {
	// project is the name of the AppProject; metadata.name when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="argocd.project must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters"
	// +kubebuilder:validation:XValidation:rule=`self != 'default'`,message="argocd.project must not be default, the project of Argo CD itself"
	// +optional
	Project *string `json:"project,omitempty"`
	// applicationSet is the name of the ApplicationSet; metadata.name when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Label().validate(self).hasValue()`,message="argocd.applicationSet must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters"
	// +optional
	ApplicationSet *string `json:"applicationSet,omitempty"`
	// applicationName is the name of each Application. It must contain {app};
	// {application} and {environment} are replaced too. Unset means
	// {application}-{app}-{environment}.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule=`self.contains('{app}')`,message="argocd.applicationName must contain {app}, or two apps would share a name"
	// +kubebuilder:validation:XValidation:rule=`self.replace('{app}', 'a').replace('{application}', 'a').replace('{environment}', 'a').matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="argocd.applicationName may only use the placeholders {app}, {application} and {environment}, lower-case letters, digits and '-', such as {app}-{environment}"
	// +optional
	ApplicationName *string `json:"applicationName,omitempty"`
}
