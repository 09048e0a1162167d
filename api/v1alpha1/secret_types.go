package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Secrets are pulled from a store by External Secrets Operator.
type Secrets struct {
	// store is where the secrets are.
	// +required
	Store Store `json:"store"`

	// refreshInterval is how often the secrets are read again.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('8760h')`,message="refreshInterval must be between 1s and 8760h, such as 1h or 90m"
	// +kubebuilder:default="1h"
	// +optional
	RefreshInterval *metav1.Duration `json:"refreshInterval,omitempty"`

	// items are the ExternalSecrets.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=name
	// +optional
	Items []SecretItem `json:"items,omitempty"`
}

// Store is where secrets are kept: exactly one of its fields is set.
//
// +kubebuilder:validation:XValidation:rule=`[has(self.gcpSecretManager), has(self.azureKeyVault), has(self.storeRef), has(self.fake)].exists_one(b, b)`,message="store must set exactly one of gcpSecretManager, azureKeyVault, storeRef and fake"
type Store struct {
	// gcpSecretManager is Google Secret Manager, read with workload identity.
	// +optional
	GCPSecretManager *GCPSecretManager `json:"gcpSecretManager,omitempty"`
	// azureKeyVault is an Azure Key Vault, read with workload identity.
	// +optional
	AzureKeyVault *AzureKeyVault `json:"azureKeyVault,omitempty"`
	// storeRef is a store that somebody else manages.
	// +optional
	StoreRef *StoreRef `json:"storeRef,omitempty"`
	// fake holds the values itself. For demos and tests: they are readable by anyone
	// who can read the AppEnvironment.
	// +optional
	Fake *FakeStore `json:"fake,omitempty"`
}

// GCPSecretManager is Google Secret Manager.
type GCPSecretManager struct {
	// projectID is the Google Cloud project that holds the secrets.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(([a-z0-9][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]|[0-9]{6,20})$')`,message="projectID must be the ID of a Google Cloud project such as my-project"
	// +required
	ProjectID string `json:"projectID"`
	// serviceAccount is the Kubernetes service account that reads them. It must be
	// listed in every namespace that uses the store.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	ServiceAccount string `json:"serviceAccount"`
	// location is the region of regional secrets. Unset means global secrets.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z]+-[a-z]+[0-9]+$')`,message="location must be a region of Google Cloud such as asia-northeast1"
	// +optional
	Location *string `json:"location,omitempty"`
	// clusterName is the GKE cluster's name; the metadata server's answer when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="clusterName must be the name of a GKE cluster such as shared-dev"
	// +optional
	ClusterName *string `json:"clusterName,omitempty"`
	// clusterLocation is the GKE cluster's region or zone; the metadata server's answer when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z]+-[a-z]+[0-9]+(-[a-z])?$')`,message="clusterLocation must be a region or zone of Google Cloud such as asia-northeast1 or asia-northeast1-a"
	// +optional
	ClusterLocation *string `json:"clusterLocation,omitempty"`
	// clusterProjectID is the GKE cluster's project; projectID when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(([a-z0-9][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]|[0-9]{6,20})$')`,message="clusterProjectID must be the ID of a Google Cloud project such as my-project"
	// +optional
	ClusterProjectID *string `json:"clusterProjectID,omitempty"`
}

// AzureKeyVault is an Azure Key Vault.
type AzureKeyVault struct {
	// vaultURL is the vault, such as https://example.vault.azure.net.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https://[A-Za-z0-9][-A-Za-z0-9]*\.(vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net|vault\.microsoftazure\.de)/?$')`,message="vaultURL must be the https address of an Azure Key Vault such as https://example.vault.azure.net"
	// +required
	VaultURL string `json:"vaultURL"`
	// tenantID is the Azure tenant, a UUID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')`,message="tenantID must be a UUID such as 11111111-2222-3333-4444-555555555555"
	// +required
	TenantID string `json:"tenantID"`
	// serviceAccount is the Kubernetes service account that reads the secrets. It must
	// be listed, with its azureClientID, in every namespace that uses the store.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	ServiceAccount string `json:"serviceAccount"`
}

// StoreRef names a store that exists already.
type StoreRef struct {
	// kind is SecretStore (in the item's namespace) or ClusterSecretStore.
	// +kubebuilder:default=ClusterSecretStore
	// +kubebuilder:validation:Enum=SecretStore;ClusterSecretStore
	// +optional
	Kind string `json:"kind,omitempty"`
	// name is the name of the store.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="name of storeRef must be a DNS name such as shared: lower-case letters, digits, '-' and '.'"
	// +required
	Name string `json:"name"`
}

// FakeStore holds values itself.
type FakeStore struct {
	// data are the remote secrets.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule=`self.all(d, self.exists_one(o, o.key == d.key && (has(o.version) ? has(d.version) && o.version == d.version : !has(d.version))))`,message="data of a fake store must hold each key and version once"
	// +listType=atomic
	// +required
	Data []FakeSecret `json:"data"`
}

// FakeSecret is a remote secret of a FakeStore.
type FakeSecret struct {
	// key is the remote secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\p{C}\p{Z}{}]+$') && !self.matches(r'(^|/)\.\.(/|$)')`,message="key of a fake secret must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments"
	// +required
	Key string `json:"key"`
	// value is its value; a JSON object where items extract its keys. Any text: it is
	// data to everybody who handles it, and a secret may well hold braces and newlines.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +required
	Value string `json:"value"`
	// version is its version. Items that name a version see only that one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9][-A-Za-z0-9._]*$')`,message="version of a fake secret must be a version such as 3 or latest"
	// +optional
	Version *string `json:"version,omitempty"`
}

// SecretItem is an ExternalSecret and the Secret it makes.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.extract) && self.extract.size() > 0) || (has(self.data) && self.data.size() > 0)`,message="secrets.items must set extract or data in each entry, or its Secret would be empty"
type SecretItem struct {
	// name is the name of the ExternalSecret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="name of a secret must be a DNS name such as app1-env: lower-case letters, digits, '-' and '.'"
	// +required
	Name string `json:"name"`
	// namespace is where it is; the first namespace when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Namespace *string `json:"namespace,omitempty"`
	// secretName is the name of the Secret; name when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="secretName of a secret must be a DNS name such as app1-env: lower-case letters, digits, '-' and '.'"
	// +optional
	SecretName *string `json:"secretName,omitempty"`
	// type is the type of the Secret; Opaque when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$')`,message="type of a secret must be a type of Secret such as Opaque or kubernetes.io/dockerconfigjson"
	// +kubebuilder:validation:XValidation:rule=`!(self in ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])`,message="type of a secret must not be a token that Kubernetes itself issues; use Opaque"
	// +optional
	Type *string `json:"type,omitempty"`
	// extract puts every key of these remote secrets into the Secret.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	Extract []RemoteSecret `json:"extract,omitempty"`
	// data puts single values of remote secrets into the Secret.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=key
	// +optional
	Data []SecretKey `json:"data,omitempty"`
}

// RemoteSecret names a secret of the store.
type RemoteSecret struct {
	// key is the remote secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\p{C}\p{Z}{}]+$') && !self.matches(r'(^|/)\.\.(/|$)')`,message="key of extract must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments"
	// +required
	Key string `json:"key"`
	// version is its version; the latest when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9][-A-Za-z0-9._]*$')`,message="version of extract must be a version such as 3 or latest"
	// +optional
	Version *string `json:"version,omitempty"`
}

// SecretKey is one key of a Secret and the remote value it comes from.
type SecretKey struct {
	// key is the key in the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[-._A-Za-z0-9]+$') && !self.matches(r'^\.\.?$')`,message="key of data must be a key of a Secret such as DATABASE_URL: letters, digits, '-', '_' and '.'"
	// +required
	Key string `json:"key"`
	// remoteKey is the remote secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\p{C}\p{Z}{}]+$') && !self.matches(r'(^|/)\.\.(/|$)')`,message="remoteKey must be the name of a remote secret such as hoge-dev-app1, without spaces, braces, control characters and .. segments"
	// +required
	RemoteKey string `json:"remoteKey"`
	// property is the JSON key within the remote secret; the whole value when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'\p{C}|\{\{')`,message="property must be a JSON key of the remote secret such as url, without control characters and {{"
	// +optional
	Property *string `json:"property,omitempty"`
	// version is the remote secret's version; the latest when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9][-A-Za-z0-9._]*$')`,message="version of data must be a version such as 3 or latest"
	// +optional
	Version *string `json:"version,omitempty"`
}
