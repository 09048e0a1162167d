package validation

// environmentRules are about the environment as a whole.
var environmentRules = map[string]rule{
	"metadata.name must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters": {
		accepted: cases{"63 characters": {set("metadata.name", long(63))}},
		refused: cases{
			"64 characters": {set("metadata.name", long(64))},
			"a dot":         {set("metadata.name", "hoge.dev")},
		},
	},
	"metadata.name must not be default, the name of Argo CD's own project": {
		accepted: cases{"a name that begins alike": {set("metadata.name", "default-dev")}},
		refused:  cases{"default": {set("metadata.name", "default")}},
	},
	"application must be a DNS label such as hoge: lower-case letters, digits and '-', at most 63 characters": dnsLabel("spec.application"),
	"environment must be a DNS label such as dev: lower-case letters, digits and '-', at most 63 characters":  dnsLabel("spec.environment"),
	"namespace of an app must be the name of one of namespaces; add it there, or leave it out for the first": {
		accepted: cases{
			"the first":  {set("spec.apps[0].namespace", "hoge-namespace")},
			"the second": {set("spec.namespaces[1].name", "hoge-jobs"), set("spec.apps[1].namespace", "hoge-jobs")},
		},
		refused: cases{"a namespace that is not listed": {set("spec.apps[0].namespace", "somebody-else")}},
	},
	"namespace of a secret must be the name of one of namespaces; add it there, or leave it out for the first": {
		accepted: cases{"left out": {drop("spec.secrets.items[0].namespace")}},
		refused:  cases{"a namespace that is not listed": {set("spec.secrets.items[0].namespace", "somebody-else")}},
	},
	"namespace of a certificate must be the name of one of namespaces; add it there, or leave it out for the first": {
		accepted: cases{"left out": {drop("spec.certificates[0].namespace")}},
		refused:  cases{"a namespace that is not listed": {set("spec.certificates[0].namespace", "somebody-else")}},
	},
	"the name of an Application ({application}-{app}-{environment} unless argocd.applicationName says otherwise) must have at most 63 characters: shorten the app's name or set argocd.applicationName": {
		accepted: cases{
			"63 characters by default":      {drop("spec.argocd"), set("spec.apps[0].name", long(63-len("hoge--dev")))},
			"63 characters by the template": {set("spec.apps[0].name", long(63-len("-dev")))},
		},
		refused: cases{
			"64 characters by default":       {drop("spec.argocd"), set("spec.apps[0].name", long(64-len("hoge--dev")))},
			"64 characters by the template":  {set("spec.apps[0].name", long(64-len("-dev")))},
			"an app that stands twice in it": {set("spec.argocd.applicationName", "{app}-{app}"), set("spec.apps[0].name", long(32))},
		},
	},
	"clusterResources must not hold Namespace: the operator makes the namespaces; list them under namespaces": {
		accepted: cases{"another kind of the core group": {put("spec.clusterResources", `[{kind: PersistentVolume}]`)}},
		refused: cases{
			"Namespace":                    {put("spec.clusterResources", `[{group: "", kind: Namespace}]`)},
			"Namespace without its group":  {put("spec.clusterResources", `[{kind: Namespace}]`)},
			"Namespace after another kind": {put("spec.clusterResources", `[{kind: PersistentVolume}, {kind: Namespace}]`)},
		},
	},
	"clusterResources must not hold RBAC kinds; give rights under access": {
		accepted: cases{"a kind of another group": {put("spec.clusterResources", `[{group: storage.k8s.io, kind: StorageClass}]`)}},
		refused: cases{
			"ClusterRole":        {put("spec.clusterResources", `[{group: rbac.authorization.k8s.io, kind: ClusterRole}]`)},
			"ClusterRoleBinding": {put("spec.clusterResources", `[{group: rbac.authorization.k8s.io, kind: ClusterRoleBinding}]`)},
		},
	},
	"clusterResources must not hold AppEnvironment: whoever writes one can make Argo CD deploy anything": {
		accepted: cases{"a kind of a group that only looks alike": {put("spec.clusterResources", `[{group: platform.appenv.dev.example.com, kind: AppEnvironment}]`)}},
		refused:  cases{"AppEnvironment": {put("spec.clusterResources", `[{group: platform.appenv.dev, kind: AppEnvironment}]`)}},
	},
	"group of a cluster resource must be an API group such as apiextensions.k8s.io, or empty for the core group; wildcards are refused": {
		accepted: cases{"a group": {put("spec.clusterResources", `[{group: apiextensions.k8s.io, kind: CustomResourceDefinition}]`)}},
		refused: cases{
			"a wildcard":               {put("spec.clusterResources", `[{group: "*", kind: StorageClass}]`)},
			"a partial wildcard":       {put("spec.clusterResources", `[{group: "*.k8s.io", kind: StorageClass}]`)},
			"a group with its version": {put("spec.clusterResources", `[{group: storage.k8s.io/v1, kind: StorageClass}]`)},
		},
	},
	"kind of a cluster resource must be a kind as in a manifest, such as CustomResourceDefinition; wildcards are refused": {
		accepted: cases{"a kind with digits": {put("spec.clusterResources", `[{group: example.com, kind: Route53Zone}]`)}},
		refused: cases{
			"a wildcard":           {put("spec.clusterResources", `[{group: storage.k8s.io, kind: "*"}]`)},
			"one of any character": {put("spec.clusterResources", `[{group: "", kind: "Namespac?"}]`)},
			"the plural":           {put("spec.clusterResources", `[{group: storage.k8s.io, kind: storageclasses}]`)},
		},
	},
}

// labelRules are about labels and annotations.
var labelRules = map[string]rule{
	"labels must have qualified names such as team or example.com/team as keys":                     qualifiedKeys("spec.labels"),
	"labels of a namespace must have qualified names such as team or example.com/team as keys":      qualifiedKeys("spec.namespaces[0].labels"),
	"annotations of a namespace must have qualified names such as team or example.com/team as keys": qualifiedKeys("spec.namespaces[0].annotations"),
	"labels" + belongsToOthers:                     foreignKeys("spec.labels"),
	"labels of a namespace" + belongsToOthers:      foreignKeys("spec.namespaces[0].labels"),
	"annotations of a namespace" + belongsToOthers: foreignKeys("spec.namespaces[0].annotations"),
	"values of labels must be letters, digits, '-', '_' and '.', beginning and ending with a letter or digit": {
		accepted: cases{
			"nothing":                      {put("spec.labels", `{team: ""}`)},
			"63 characters":                {set("spec.labels.team", long(63))},
			"every kind of sign":           {put("spec.namespaces[0].labels", `{team: A-b_c.9}`)},
			"a number written as a string": {put("spec.labels", `{team: "4711"}`)},
		},
		refused: cases{
			"a space":                   {put("spec.labels", `{team: team hoge}`)},
			"a hyphen at the end":       {put("spec.labels", `{team: hoge-}`)},
			"a template":                {put("spec.labels", `{team: "{{.name}}"}`)},
			"a newline":                 {put("spec.labels", `{team: "hoge\n"}`)},
			"a slash, on a namespace":   {put("spec.namespaces[0].labels", `{team: a/b}`)},
			"an e-mail, on a namespace": {put("spec.namespaces[0].labels", `{owner: a@example.com}`)},
		},
	},
	"values of annotations must stand on one line, without control characters and {{": {
		accepted: cases{
			"JSON on one line":     {put("spec.namespaces[0].annotations", `{note: '{"a": {"b": 1}}'}`)},
			"1024 characters":      {set("spec.namespaces[0].annotations.note", long(1024))},
			"letters with accents": {put("spec.namespaces[0].annotations", `{note: 環境 é}`)},
		},
		refused: cases{
			"two lines":                              {put("spec.namespaces[0].annotations", `{note: "a\nb"}`)},
			"a template":                             {put("spec.namespaces[0].annotations", `{note: "{{.name}}"}`)},
			"a character that turns the text around": {put("spec.namespaces[0].annotations", `{note: "a\u202eb"}`)},
		},
	},
}

const belongsToOthers = " must not have keys of kubernetes.io, k8s.io, argocd.argoproj.io and platform.appenv.dev, which belong to the cluster and the operator; use a domain of your own"

// accessRules are about groups.
var accessRules = map[string]rule{
	"group must not contain commas, quotes, backslashes, braces, newlines or other control characters; write the name as the identity provider gives it": {
		accepted: each("spec.access[0].group", map[string]any{"a name with spaces": "Team Hoge", "a UUID": "11111111-2222-3333-4444-555555555555", "an OIDC prefix": "oidc:team/hoge"}, nil),
		refused: each("spec.access[0].group", map[string]any{
			"a comma":          "a, role:admin",
			"a newline":        "a\np, x, applications, *, */*, allow",
			"a double quote":   `a"b`,
			"a single quote":   "a'b",
			"a backtick":       "a`b",
			"a backslash":      `a\b`,
			"a template":       "{{.group}}",
			"a line separator": "a\u2028b",
		}, nil),
	},
	"group must not begin or end with a space": {
		accepted: each("spec.access[0].group", map[string]any{"a space inside": "a b"}, nil),
		refused:  each("spec.access[0].group", map[string]any{"a space first": " system:masters", "a space at the end": "team "}, nil),
	},
	"group must not begin with system:, role: or proj:, which Kubernetes and Argo CD keep for themselves; name a group of the identity provider": {
		accepted: each("spec.access[0].group", map[string]any{"system without a colon": "system-team", "system: inside": "oidc:system:team"}, nil),
		refused: each("spec.access[0].group", map[string]any{
			"all users of the cluster": "system:authenticated", "the masters": "system:masters", "a role of Argo CD": "role:admin", "a role of another project": "proj:other:admin",
		}, nil),
	},
}
