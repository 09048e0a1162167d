package validation

const secret = "spec.secrets.items[0]"

// secretRules are about secrets.
var secretRules = map[string]rule{
	"name of a secret must be a DNS name such as app1-env: lower-case letters, digits, '-' and '.'":       dnsName(secret + ".name"),
	"secretName of a secret must be a DNS name such as app1-env: lower-case letters, digits, '-' and '.'": dnsName(secret + ".secretName"),
	"secrets.items must set extract or data in each entry, or its Secret would be empty": {
		accepted: cases{
			"extract alone": {drop(secret + ".data")},
			"data alone":    {drop(secret + ".extract")},
		},
		refused: cases{
			"neither":     {drop(secret + ".data"), drop(secret + ".extract")},
			"empty lists": {put(secret+".data", `[]`), put(secret+".extract", `[]`)},
		},
	},
	"two secrets must not write the same Secret of a namespace; give one of them another secretName": {
		accepted: cases{
			"different names": {put("spec.secrets.items", `[{name: a, extract: [{key: k}]}, {name: b, extract: [{key: k}]}]`)},
			"the same name in two namespaces": {
				put("spec.namespaces[1]", `{name: hoge-jobs, serviceAccounts: [{name: app1}]}`),
				put("spec.secrets.items", `[{name: a, secretName: s, extract: [{key: k}]}, {name: b, secretName: s, namespace: hoge-jobs, extract: [{key: k}]}]`),
			},
		},
		refused: cases{
			"one secretName twice":        {put("spec.secrets.items", `[{name: a, secretName: s, extract: [{key: k}]}, {name: b, secretName: s, extract: [{key: k}]}]`)},
			"a secretName that is a name": {put("spec.secrets.items", `[{name: a, extract: [{key: k}]}, {name: b, secretName: a, extract: [{key: k}]}]`)},
			"the first namespace by its name and by default": {
				put("spec.secrets.items", `[{name: a, secretName: s, extract: [{key: k}]}, {name: b, secretName: s, namespace: hoge-namespace, extract: [{key: k}]}]`),
			},
			"twice in the second namespace": {
				put("spec.namespaces[1]", `{name: hoge-jobs, serviceAccounts: [{name: app1}]}`),
				put("spec.secrets.items", `[{name: a, secretName: s, namespace: hoge-jobs, extract: [{key: k}]}, {name: s, namespace: hoge-jobs, extract: [{key: k}]}]`),
			},
		},
	},
	"type of a secret must be a type of Secret such as Opaque or kubernetes.io/dockerconfigjson": {
		accepted: each(secret+".type", map[string]any{"of Kubernetes": "kubernetes.io/dockerconfigjson", "of one's own": "example.com/My_Type"}, nil),
		refused:  each(secret+".type", map[string]any{"a space": "my type", "a template": "{{.type}}", "a slash at the end": "kubernetes.io/"}, nil),
	},
	"type of a secret must not be a token that Kubernetes itself issues; use Opaque": {
		accepted: each(secret+".type", map[string]any{"basic authentication": "kubernetes.io/basic-auth"}, nil),
		refused:  each(secret+".type", map[string]any{"a service account's": "kubernetes.io/service-account-token", "a node's": "bootstrap.kubernetes.io/token"}, nil),
	},
	"key of extract must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments": remoteSecret(secret + ".extract[0].key"),
	"remoteKey must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments":      remoteSecret(secret + ".data[0].remoteKey"),
	"version of extract must be a version such as 3 or latest":                                                                             secretVersion(secret + ".extract[0].version"),
	"version of data must be a version such as 3 or latest":                                                                                secretVersion(secret + ".data[0].version"),
	"key of data must be a key of a Secret such as DATABASE_URL: letters, digits, '-', '_' and '.'": {
		accepted: each(secret+".data[0].key", map[string]any{"a file": "tls.crt", "a hidden file": ".dockerconfigjson"}, nil),
		refused:  each(secret+".data[0].key", map[string]any{"a slash": "a/b", "a space": "a b", "two dots": "..", "one dot": ".", "a template": "{{.x}}"}, nil),
	},
	"property must be a JSON key of the remote secret such as url, without control characters and {{": {
		accepted: each(secret+".data[0].property", map[string]any{"a path": "db.hosts.0", "a key with a space": "my key"}, nil),
		refused:  each(secret+".data[0].property", map[string]any{"a template": "{{.x}}", "a newline": "a\nb"}, nil),
	},
	"refreshInterval must be between 1s and 8760h, such as 1h or 90m": {
		accepted: each("spec.secrets.refreshInterval", map[string]any{"the least": "1s", "the most": "8760h", "two units": "1h30m"}, nil),
		refused: each("spec.secrets.refreshInterval", map[string]any{
			"zero, which means never again": "0s", "days, which no client can read": "1d", "negative": "-1h", "less than a second": "999ms", "more than a year": "8761h", "no unit": "60", "more than can be counted": "999999h999999h999999h999999h",
		}, nil),
	},
}

var (
	useGoogle = put("spec.secrets.store", `{gcpSecretManager: {projectID: my-project, serviceAccount: app1}}`)
	useFake   = put("spec.secrets.store", `{fake: {data: [{key: a, value: b}]}}`)
	useOther  = put("spec.secrets.store", `{storeRef: {name: shared}}`)
	useAzure  = put("spec.secrets.store", `{azureKeyVault: {vaultURL: "https://x.vault.azure.net", tenantID: 11111111-2222-3333-4444-555555555555, serviceAccount: app1}}`)
	azureID   = set("spec.namespaces[0].serviceAccounts[0].azureClientID", "11111111-2222-3333-4444-555555555555")
)

// storeRules are about the store of secrets.
var storeRules = map[string]rule{
	"store must set exactly one of gcpSecretManager, azureKeyVault, storeRef and fake": {
		accepted: cases{
			"Google": {useGoogle}, "Azure": {useAzure, azureID}, "a reference": {useOther}, "fake": {useFake},
			"a SecretStore": {put("spec.secrets.store", `{storeRef: {kind: SecretStore, name: shared}}`)},
		},
		refused: cases{
			"none": {put("spec.secrets.store", `{}`)},
			"two":  {put("spec.secrets.store", `{storeRef: {name: shared}, fake: {data: [{key: a, value: b}]}}`)},
		},
	},
	"serviceAccount of gcpSecretManager must stand in serviceAccounts of every namespace that has secrets; add it there": {
		accepted: cases{
			"a namespace without secrets has none": {set("spec.namespaces[1].name", "hoge-jobs")},
			"no secrets at all":                    {drop("spec.secrets.items"), set("spec.secrets.store.gcpSecretManager.serviceAccount", "other")},
		},
		refused: cases{
			"unknown":                           {set("spec.secrets.store.gcpSecretManager.serviceAccount", "other")},
			"no service accounts":               {drop("spec.namespaces[0].serviceAccounts")},
			"unknown, in the default namespace": {drop(secret + ".namespace"), set("spec.secrets.store.gcpSecretManager.serviceAccount", "other")},
			"missing in the second namespace":   {set("spec.namespaces[1].name", "hoge-jobs"), set(secret+".namespace", "hoge-jobs")},
		},
	},
	"serviceAccount of azureKeyVault must stand, with its azureClientID, in serviceAccounts of every namespace that has secrets; add it there": {
		accepted: cases{"with its client ID": {useAzure, azureID}},
		refused: cases{
			"without its client ID": {useAzure},
			"unknown":               {useAzure, azureID, set("spec.secrets.store.azureKeyVault.serviceAccount", "other")},
		},
	},
	"projectID must be the ID of a Google Cloud project such as my-project":        googleProject("spec.secrets.store.gcpSecretManager.projectID"),
	"clusterProjectID must be the ID of a Google Cloud project such as my-project": googleProject("spec.secrets.store.gcpSecretManager.clusterProjectID"),
	"location must be a region of Google Cloud such as asia-northeast1": {
		accepted: each("spec.secrets.store.gcpSecretManager.location", map[string]any{"a region": "northamerica-northeast1", "two digits": "europe-west12"}, nil),
		refused:  each("spec.secrets.store.gcpSecretManager.location", map[string]any{"a zone": "asia-northeast1-a", "a continent": "asia", "upper case": "Tokyo"}, nil),
	},
	"clusterLocation must be a region or zone of Google Cloud such as asia-northeast1 or asia-northeast1-a": {
		accepted: each("spec.secrets.store.gcpSecretManager.clusterLocation", map[string]any{"a region": "asia-northeast1", "a zone": "asia-northeast1-a"}, nil),
		refused:  each("spec.secrets.store.gcpSecretManager.clusterLocation", map[string]any{"a continent": "asia", "a path": "projects/p/locations/x"}, nil),
	},
	"clusterName must be the name of a GKE cluster such as shared-dev": {
		accepted: each("spec.secrets.store.gcpSecretManager.clusterName", map[string]any{"a name": "shared-dev-1"}, nil),
		refused:  each("spec.secrets.store.gcpSecretManager.clusterName", map[string]any{"a digit first": "1-shared", "upper case": "Shared", "a path": "projects/p/clusters/x"}, nil),
	},
	"vaultURL must be the https address of an Azure Key Vault such as https://example.vault.azure.net": {
		accepted: each("spec.secrets.store.azureKeyVault.vaultURL", map[string]any{"a slash at the end": "https://x.vault.azure.net/", "another cloud of Azure": "https://x.vault.azure.cn"}, []edit{useAzure, azureID}),
		refused: each("spec.secrets.store.azureKeyVault.vaultURL", map[string]any{
			"http": "http://x.vault.azure.net", "no scheme": "x.vault.azure.net", "somebody else's server": "https://x.vault.azure.net.example.com", "a user": "https://a@x.vault.azure.net", "a path": "https://x.vault.azure.net/secrets/a",
		}, []edit{useAzure, azureID}),
	},
	"tenantID must be a UUID such as 11111111-2222-3333-4444-555555555555":                                                                       uuid("spec.secrets.store.azureKeyVault.tenantID", useAzure, azureID),
	"name of storeRef must be a DNS name such as shared: lower-case letters, digits, '-' and '.'":                                                dnsName("spec.secrets.store.storeRef.name", useOther),
	"key of a fake secret must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments": remoteSecret("spec.secrets.store.fake.data[0].key", useFake),
	"version of a fake secret must be a version such as 3 or latest":                                                                             secretVersion("spec.secrets.store.fake.data[0].version", useFake),
	"data of a fake store must hold each key and version once": {
		accepted: cases{
			"two versions of a key":      {put("spec.secrets.store", `{fake: {data: [{key: a, value: b, version: "1"}, {key: a, value: c, version: "2"}]}}`)},
			"with and without a version": {put("spec.secrets.store", `{fake: {data: [{key: a, value: b}, {key: a, value: c, version: "2"}]}}`)},
		},
		refused: cases{
			"a key twice":             {put("spec.secrets.store", `{fake: {data: [{key: a, value: b}, {key: a, value: c}]}}`)},
			"a key and version twice": {put("spec.secrets.store", `{fake: {data: [{key: a, value: b, version: "1"}, {key: a, value: b, version: "1"}]}}`)},
		},
	},
}
