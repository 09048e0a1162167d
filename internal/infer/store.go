package infer

import (
	"reflect"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readStore reads spec.secrets.store. A store that the operator would not write as it is stays, and is referred to.
func (m *importer) readStore() {
	var named map[string]any
	inNamespaces := map[string]bool{}
	for _, u := range m.taken {
		if u.GetKind() == "ExternalSecret" {
			inNamespaces[u.GetNamespace()] = true
			named = fields(u.Object, "spec", "secretStoreRef")
		}
	}
	ref := v1alpha1.StoreRef{Kind: text(named, "kind"), Name: text(named, "name")}
	m.env.Spec.Secrets.Store = v1alpha1.Store{StoreRef: &ref}
	if ref.Kind != "SecretStore" || ref.Name != m.env.Name {
		if ref.Kind == "ClusterSecretStore" {
			ref.Kind = "" // the default
		}
		return
	}
	var store *v1alpha1.Store
	for _, namespace := range sortedSet(inNamespaces) {
		u := m.named("SecretStore", namespace, ref.Name)
		if u == nil {
			return
		}
		found := storeOf(fields(u.Object, "spec"))
		if found == nil || store != nil && !reflect.DeepEqual(found, store) || !m.hasAccount(namespace, found) {
			m.leave(u, "spec.provider", "the operator writes no such store; the secrets refer to it")
			return
		}
		store = found
	}
	for _, namespace := range sortedSet(inNamespaces) {
		m.take(m.named("SecretStore", namespace, ref.Name), "spec.secrets.store")
	}
	m.env.Spec.Secrets.Store = *store
}

// hasAccount says whether the account that a store reads with is among those of the environment in a namespace: it must.
func (m *importer) hasAccount(namespace string, store *v1alpha1.Store) bool {
	var wanted string
	switch {
	case store.GCPSecretManager != nil:
		wanted = store.GCPSecretManager.ServiceAccount
	case store.AzureKeyVault != nil:
		wanted = store.AzureKeyVault.ServiceAccount
	default:
		return true
	}
	for _, each := range m.env.Spec.Namespaces {
		for _, account := range each.ServiceAccounts {
			if each.Name == namespace && account.Name == wanted && (store.AzureKeyVault == nil || account.AzureClientID != nil) {
				return true
			}
		}
	}
	return false
}

// storeOf is what a SecretStore is in an environment; nil when the operator would write another one.
func storeOf(spec map[string]any) *v1alpha1.Store {
	provider := fields(spec, "provider")
	if unexpected(spec, "provider") != "" || len(provider) != 1 {
		return nil
	}
	for name, read := range map[string]func(map[string]any) *v1alpha1.Store{"gcpsm": googleStore, "azurekv": azureStore, "fake": fakeStore} {
		if settings := fields(provider, name); settings != nil {
			return read(settings)
		}
	}
	return nil
}

func googleStore(settings map[string]any) *v1alpha1.Store {
	auth, identity := fields(settings, "auth"), fields(settings, "auth", "workloadIdentity")
	account := fields(identity, "serviceAccountRef")
	if unexpected(settings, "projectID", "location", "auth") != "" || unexpected(auth, "workloadIdentity") != "" || text(account, "name") == "" ||
		unexpected(identity, "serviceAccountRef", "clusterName", "clusterLocation", "clusterProjectID") != "" || unexpected(account, "name") != "" {
		return nil
	}
	return &v1alpha1.Store{GCPSecretManager: &v1alpha1.GCPSecretManager{
		ProjectID: text(settings, "projectID"), ServiceAccount: text(account, "name"), Location: unless(text(settings, "location"), ""),
		ClusterName:      unless(text(identity, "clusterName"), ""),
		ClusterLocation:  unless(text(identity, "clusterLocation"), ""),
		ClusterProjectID: unless(text(identity, "clusterProjectID"), ""),
	}}
}

func azureStore(settings map[string]any) *v1alpha1.Store {
	account := fields(settings, "serviceAccountRef")
	if unexpected(settings, "authType", "environmentType", "vaultUrl", "tenantId", "serviceAccountRef") != "" ||
		text(settings, "authType") != "WorkloadIdentity" || unexpected(account, "name") != "" || text(account, "name") == "" {
		return nil
	}
	return &v1alpha1.Store{AzureKeyVault: &v1alpha1.AzureKeyVault{
		VaultURL: text(settings, "vaultUrl"), TenantID: text(settings, "tenantId"), ServiceAccount: text(account, "name"),
	}}
}

func fakeStore(settings map[string]any) *v1alpha1.Store {
	data, whole := items(settings, "data")
	if unexpected(settings, "data") != "" || !whole || len(data) == 0 {
		return nil
	}
	fake := &v1alpha1.FakeStore{}
	for _, entry := range data {
		if unexpected(entry, "key", "value", "version") != "" {
			return nil
		}
		fake.Data = append(fake.Data, v1alpha1.FakeSecret{Key: text(entry, "key"), Value: text(entry, "value"), Version: unless(text(entry, "version"), "")})
	}
	return &v1alpha1.Store{Fake: fake}
}
