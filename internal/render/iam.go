package render

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// Cloud is what the files do not tell of the cluster.
type Cloud struct {
	// Project is the ID of the Google Cloud project of the GKE cluster: its workload identity pool is called after it.
	Project string
	// ProjectNumber is its number, which names identities without a Google service account.
	ProjectNumber string
	// OIDCIssuer is the URL under which Azure knows the cluster.
	OIDCIssuer string
}

// of is what is known of the cluster of an environment, which may itself name the cluster's project.
func (c Cloud) of(env *v1alpha1.AppEnvironment) (Cloud, error) {
	if env.Spec.Secrets == nil || env.Spec.Secrets.Store.GCPSecretManager == nil || env.Spec.Secrets.Store.GCPSecretManager.ClusterProjectID == nil {
		return c, nil
	}
	named := *env.Spec.Secrets.Store.GCPSecretManager.ClusterProjectID
	if c.Project != "" && c.Project != named {
		return c, fmt.Errorf("the cluster's project is %s (--cluster-project), and %s in spec.secrets.store.gcpSecretManager.clusterProjectID", c.Project, named)
	}
	c.Project = named
	return c, nil
}

// A Binding is a command that gives an identity one permission.
type Binding struct {
	// Why says what it is for.
	Why string
	// Command is a line of shell.
	Command string
}

// Bindings are the least that the environment's workload identities and its secret store need: each ServiceAccount may
// act as its cloud identity, and the identity of the store may read the secrets that are asked for, one by one. They
// can be run again. An error says what must be known of the cluster.
func Bindings(env *v1alpha1.AppEnvironment, cloud Cloud) ([]Binding, error) {
	cloud, err := cloud.of(env)
	if err != nil {
		return nil, err
	}
	var all []Binding
	for _, namespace := range env.Spec.Namespaces {
		for _, account := range namespace.ServiceAccounts {
			found, err := identityBindings(env.Name, namespace.Name, account, cloud)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	if env.Spec.Secrets == nil {
		return all, nil
	}
	keys := remoteKeys(env)
	for _, namespace := range slices.Sorted(maps.Keys(keys)) {
		found, err := storeBindings(env, namespace, keys[namespace], cloud)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func identityBindings(env, namespace string, account v1alpha1.ServiceAccount, cloud Cloud) ([]Binding, error) {
	var all []Binding
	who := "ServiceAccount " + namespace + "/" + account.Name
	if account.GCPServiceAccount != nil {
		pool := cloud.Project
		if pool == "" {
			return nil, fmt.Errorf("%s acts as %s: the ID of the cluster's Google Cloud project must be known (--cluster-project)", who, *account.GCPServiceAccount)
		}
		all = append(all, Binding{
			Why: who + " acts as " + *account.GCPServiceAccount,
			Command: Command("gcloud", "iam", "service-accounts", "add-iam-policy-binding", *account.GCPServiceAccount, projectFlag(*account.GCPServiceAccount),
				"--role=roles/iam.workloadIdentityUser", "--condition=None", fmt.Sprintf("--member=serviceAccount:%s.svc.id.goog[%s/%s]", pool, namespace, account.Name)),
		})
	}
	if account.AzureClientID != nil {
		if cloud.OIDCIssuer == "" {
			return nil, fmt.Errorf("%s acts as %s: the cluster's OIDC issuer must be known (--oidc-issuer)", who, *account.AzureClientID)
		}
		all = append(all, Binding{
			Why: who + " acts as the Azure identity " + *account.AzureClientID,
			Command: fmt.Sprintf(`identity=$(az identity list --query "[?clientId=='%s'].id" --output tsv)`, *account.AzureClientID) + "\n" +
				`[ -n "$identity" ] || { echo "no managed identity of this subscription has that client ID" >&2; exit 1; }` + "\n" +
				`az identity federated-credential create --identity-name "$(az identity show --ids "$identity" --query name --output tsv)"` +
				` --resource-group "$(az identity show --ids "$identity" --query resourceGroup --output tsv)" ` +
				Command("--name="+credentialName(env, namespace, account.Name), "--issuer="+cloud.OIDCIssuer,
					"--subject=system:serviceaccount:"+namespace+":"+account.Name, "--audiences=api://AzureADTokenExchange"),
		})
	}
	return all, nil
}

// credentialName tells apart what differs, in the 120 characters that Azure has for it: the parts may themselves have dashes.
func credentialName(env, namespace, account string) string {
	digest := sha256.Sum256([]byte(env + "/" + namespace + "/" + account))
	name := env + "-" + account
	return name[:min(len(name), 100)] + "-" + hex.EncodeToString(digest[:4])
}

// projectFlag names the project of a Google service account, where its address tells.
func projectFlag(email string) string {
	_, host, _ := strings.Cut(email, "@")
	project, ok := strings.CutSuffix(host, ".iam.gserviceaccount.com")
	if !ok {
		return "" // a default account, whose address has the project's number or none
	}
	if name, domain, scoped := strings.Cut(project, "."); scoped {
		project = domain + ":" + name
	}
	return "--project=" + project
}

// remoteKeys are the keys in the secret manager that items name, by the namespace that reads them. Sorted, without doubles.
func remoteKeys(env *v1alpha1.AppEnvironment) map[string][]string {
	keys := map[string][]string{}
	for _, item := range env.Spec.Secrets.Items {
		namespace := component.NamespaceOf(env, item.Namespace)
		for _, remote := range item.Extract {
			keys[namespace] = append(keys[namespace], remote.Key)
		}
		for _, data := range item.Data {
			keys[namespace] = append(keys[namespace], data.RemoteKey)
		}
	}
	for namespace := range keys {
		slices.Sort(keys[namespace])
		keys[namespace] = slices.Compact(keys[namespace])
	}
	return keys
}

func storeBindings(env *v1alpha1.AppEnvironment, namespace string, keys []string, cloud Cloud) ([]Binding, error) {
	switch store := env.Spec.Secrets.Store; {
	case store.GCPSecretManager != nil:
		return googleBindings(env, namespace, keys, cloud)
	case store.AzureKeyVault != nil:
		return azureBindings(env, namespace, keys)
	}
	return nil, nil // a store of somebody else has its own identity, the fake store needs none
}

func googleBindings(env *v1alpha1.AppEnvironment, namespace string, keys []string, cloud Cloud) ([]Binding, error) {
	store := env.Spec.Secrets.Store.GCPSecretManager
	member, err := googleMember(env, namespace, store.ServiceAccount, cloud)
	if err != nil {
		return nil, err
	}
	var all []Binding
	for _, key := range keys {
		all = append(all, Binding{
			Why: fmt.Sprintf("the store in %s reads %s", namespace, key),
			Command: Command("gcloud", "secrets", "add-iam-policy-binding", key, "--project="+store.ProjectID, locationFlag(store),
				"--role=roles/secretmanager.secretAccessor", "--condition=None", "--member="+member),
		})
	}
	return all, nil
}

// locationFlag is for secrets that are kept in one region.
func locationFlag(store *v1alpha1.GCPSecretManager) string {
	if store.Location == nil {
		return ""
	}
	return "--location=" + *store.Location
}

// CreateGoogleSecret is the command that puts a secret into the store, read from standard input.
func CreateGoogleSecret(store *v1alpha1.GCPSecretManager, key string) string {
	return Command("gcloud", "secrets", "create", key, "--project="+store.ProjectID, locationFlag(store), "--data-file=-")
}

// CreateAzureSecret is the command that puts a secret into the store, read from standard input; empty for a key or a
// certificate, which are not made so.
func CreateAzureSecret(store *v1alpha1.AzureKeyVault, key string) string {
	kind, name := azureObject(key)
	if kind != "secret" {
		return ""
	}
	return Command("az", "keyvault", "secret", "set", "--vault-name", vaultName(store), "--name", name, "--file", "/dev/stdin")
}

// vaultName is the first word of the vault's address.
func vaultName(store *v1alpha1.AzureKeyVault) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(store.VaultURL, "https://"), ".")
	return name
}

// azureObject is what a key names: External Secrets takes a prefix for the kind.
func azureObject(key string) (kind, name string) {
	kind, name, prefixed := strings.Cut(key, "/")
	if !prefixed || azureRoles[kind] == "" {
		return "secret", key
	}
	return kind, name
}

// googleMember is who reads: the Google service account, or else the Kubernetes account itself.
func googleMember(env *v1alpha1.AppEnvironment, namespace, account string, cloud Cloud) (string, error) {
	if found := accountOf(env, namespace, account); found != nil && found.GCPServiceAccount != nil {
		return "serviceAccount:" + *found.GCPServiceAccount, nil
	}
	if cloud.Project == "" || cloud.ProjectNumber == "" {
		return "", fmt.Errorf("ServiceAccount %s/%s reads the secrets as itself: ID and number of the cluster's Google Cloud project must be known (--cluster-project, --cluster-project-number)", namespace, account)
	}
	return fmt.Sprintf("principal://iam.googleapis.com/projects/%s/locations/global/workloadIdentityPools/%s.svc.id.goog/subject/ns/%s/sa/%s",
		cloud.ProjectNumber, cloud.Project, namespace, account), nil
}

// azureRoles are the roles that may read what a key names by its prefix; without one it is a secret.
var azureRoles = map[string]string{"secret": "Key Vault Secrets User", "key": "Key Vault Reader", "cert": "Key Vault Reader"}

// azureFolders are the parts of a vault that the prefixes name.
var azureFolders = map[string]string{"secret": "secrets", "key": "keys", "cert": "certificates"}

func azureBindings(env *v1alpha1.AppEnvironment, namespace string, keys []string) ([]Binding, error) {
	store := env.Spec.Secrets.Store.AzureKeyVault
	account := accountOf(env, namespace, store.ServiceAccount)
	if account == nil || account.AzureClientID == nil {
		return nil, fmt.Errorf("ServiceAccount %s/%s reads the key vault and has no azureClientID", namespace, store.ServiceAccount)
	}
	var all []Binding
	for _, key := range keys {
		kind, name := azureObject(key)
		all = append(all, Binding{
			Why: fmt.Sprintf("the store in %s reads %s", namespace, key),
			Command: fmt.Sprintf(`az role assignment create --assignee-principal-type=ServicePrincipal --assignee-object-id="$(az ad sp show --id %s --query id --output tsv)" `, *account.AzureClientID) +
				Command("--role="+azureRoles[kind]) + fmt.Sprintf(` --scope="$(az keyvault show --name %s --query id --output tsv)"`, quote(vaultName(store))) + quote("/"+azureFolders[kind]+"/"+name),
		})
	}
	return all, nil
}

func accountOf(env *v1alpha1.AppEnvironment, namespace, name string) *v1alpha1.ServiceAccount {
	for _, each := range env.Spec.Namespaces {
		for i, account := range each.ServiceAccounts {
			if each.Name == namespace && account.Name == name {
				return &each.ServiceAccounts[i]
			}
		}
	}
	return nil
}

// Command is a line of shell of the words that are not empty.
func Command(words ...string) string {
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	for i := range words {
		words[i] = quote(words[i])
	}
	return strings.Join(words, " ")
}

// quote makes one word of the shell of a text, whatever is in it.
func quote(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if text != "" && strings.TrimFunc(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
