package component

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	externalsecrets "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	esmeta "github.com/external-secrets/external-secrets/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// secretStore is the store of one namespace. It is called as the environment,
// because External Secrets' fake provider tells stores apart by name alone.
func secretStore(env *v1alpha1.AppEnvironment, namespace string) (*unstructured.Unstructured, error) {
	provider, err := storeProvider(env.Spec.Secrets.Store)
	if err != nil {
		return nil, err
	}
	return object(secretStoreKind, namespace, env.Name, map[string]any{
		"spec": map[string]any{"provider": provider},
	})
}

func storeProvider(store v1alpha1.Store) (externalsecrets.SecretStoreProvider, error) {
	switch {
	case store.GCPSecretManager != nil:
		return externalsecrets.SecretStoreProvider{GCPSM: googleProvider(store.GCPSecretManager)}, nil
	case store.AzureKeyVault != nil:
		return externalsecrets.SecretStoreProvider{AzureKV: azureProvider(store.AzureKeyVault)}, nil
	case store.Fake != nil:
		return externalsecrets.SecretStoreProvider{Fake: fakeProvider(store.Fake)}, nil
	}
	return externalsecrets.SecretStoreProvider{}, errors.New("spec.secrets.store names no store")
}

func googleProvider(store *v1alpha1.GCPSecretManager) *externalsecrets.GCPSMProvider {
	return &externalsecrets.GCPSMProvider{
		ProjectID: store.ProjectID,
		Location:  orDefault(store.Location, ""),
		Auth: externalsecrets.GCPSMAuth{WorkloadIdentity: &externalsecrets.GCPWorkloadIdentity{
			ServiceAccountRef: esmeta.ServiceAccountSelector{Name: store.ServiceAccount},
			ClusterName:       orDefault(store.ClusterName, ""),
			ClusterLocation:   orDefault(store.ClusterLocation, ""),
			ClusterProjectID:  orDefault(store.ClusterProjectID, ""),
		}},
	}
}

// azureProvider names the tenant here and not on the ServiceAccount: External
// Secrets refuses to find it in both places.
func azureProvider(store *v1alpha1.AzureKeyVault) *externalsecrets.AzureKVProvider {
	authType := externalsecrets.AzureWorkloadIdentity
	return &externalsecrets.AzureKVProvider{
		AuthType:          &authType,
		EnvironmentType:   azureEnvironment(store.VaultURL),
		VaultURL:          &store.VaultURL,
		TenantID:          &store.TenantID,
		ServiceAccountRef: &esmeta.ServiceAccountSelector{Name: store.ServiceAccount},
	}
}

// azureEnvironment is the Azure cloud whose domain the vault's address ends in: it
// decides where External Secrets gets its token, and for whom.
func azureEnvironment(vaultURL string) externalsecrets.AzureEnvironmentType {
	host := strings.TrimSuffix(vaultURL, "/")
	switch {
	case strings.HasSuffix(host, ".vault.azure.cn"):
		return externalsecrets.AzureEnvironmentChinaCloud
	case strings.HasSuffix(host, ".vault.usgovcloudapi.net"):
		return externalsecrets.AzureEnvironmentUSGovernmentCloud
	case strings.HasSuffix(host, ".vault.microsoftazure.de"):
		return externalsecrets.AzureEnvironmentGermanCloud
	}
	return externalsecrets.AzureEnvironmentPublicCloud
}

func fakeProvider(store *v1alpha1.FakeStore) *externalsecrets.FakeProvider {
	data := make([]externalsecrets.FakeProviderData, len(store.Data))
	for i, secret := range store.Data {
		data[i] = externalsecrets.FakeProviderData{Key: secret.Key, Value: secret.Value, Version: orDefault(secret.Version, "")}
	}
	slices.SortStableFunc(data, func(a, b externalsecrets.FakeProviderData) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return &externalsecrets.FakeProvider{Data: data}
}
