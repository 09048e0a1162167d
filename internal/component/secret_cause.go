package component

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// secretMissing is how External Secrets' providers say that a remote secret, its
// version or its property is not there.
const secretMissing = "Secret does not exist"

// entryFailed is how External Secrets says which entry of an ExternalSecret fails.
var entryFailed = regexp.MustCompile(`error processing spec\.(dataFrom|data)\[(\d+)\](?:\.extract)?(?: \(key: [^)]*\))?, err: (.*)`)

// typeRefused is how the API server says that a Secret has another type.
var typeRefused = regexp.MustCompile(`\btype: Invalid value: .*: field is immutable`)

// secretCause says why a secret is not synced and what to do, then adds the note.
// External Secrets tells it in an Event alone; without one, its condition's general
// words must do.
func secretCause(in Input, key Key, live *unstructured.Unstructured, ready condition, note string) string {
	event := in.Causes[key]
	if event == "" {
		advice := fmt.Sprintf("; see its Events (kubectl describe externalsecret -n %s %s)", key.Namespace, key.Name)
		return withCause("", cmp.Or(ready.message, "it is not synced"), advice+note)
	}
	match := entryFailed.FindStringSubmatch(oneLine(event))
	if match == nil && typeRefused.MatchString(oneLine(event)) {
		return otherType(key.Namespace, cmp.Or(text(live.Object, "spec", "target", "name"), key.Name))
	}
	if match == nil {
		return withCause("", event, "; check "+identity(in.Env)+note)
	}
	entry := cmp.Or(remoteEntry(live, match[1], match[2]), "a key")
	if strings.Contains(match[3], secretMissing) {
		return shorten(entry + " not found; " + whereToCreate(in.Env) + note)
	}
	return withCause(entry+" cannot be read: ", match[3], "; check "+identity(in.Env)+note)
}

// otherType is about a Secret that has another type than is asked for. The command comes first: names are long.
func otherType(namespace, name string) string {
	return shorten(fmt.Sprintf("kubectl delete secret -n %s %s lets External Secrets make it again: it has another type than is asked for, which cannot change; "+
		"or put the type back, or give the item a new secretName", namespace, name))
}

// remoteEntry names what an entry of a live ExternalSecret asks for, as in
// key "hoge-dev-db" (property "url").
func remoteEntry(live *unstructured.Unstructured, list, index string) string {
	entries, _, _ := unstructured.NestedSlice(live.Object, "spec", list)
	i, err := strconv.Atoi(index)
	if err != nil || i >= len(entries) {
		return ""
	}
	field := map[string]string{"data": "remoteRef", "dataFrom": "extract"}[list]
	entry, _ := entries[i].(map[string]any)
	name := text(entry, field, "key")
	if name == "" {
		return ""
	}
	var details []string
	for _, detail := range []string{"property", "version"} {
		if value := text(entry, field, detail); value != "" {
			details = append(details, fmt.Sprintf("%s %q", detail, value))
		}
	}
	if len(details) == 0 {
		return fmt.Sprintf("key %q", name)
	}
	return fmt.Sprintf("key %q (%s)", name, strings.Join(details, ", "))
}

func whereToCreate(env *v1alpha1.AppEnvironment) string {
	store := storeOf(env)
	switch {
	case store.GCPSecretManager != nil:
		return "create it in Secret Manager project " + store.GCPSecretManager.ProjectID
	case store.AzureKeyVault != nil:
		return "create it in Key Vault " + store.AzureKeyVault.VaultURL
	case store.StoreRef != nil:
		return fmt.Sprintf("create it in the store behind %s %s", store.StoreRef.Kind, store.StoreRef.Name)
	}
	return "add it to spec.secrets.store.fake.data"
}

// identity names what must be right for the store to answer.
func identity(env *v1alpha1.AppEnvironment) string {
	store := storeOf(env)
	switch {
	case store.GCPSecretManager != nil:
		return fmt.Sprintf("that service account %s may read secrets of project %s", store.GCPSecretManager.ServiceAccount, store.GCPSecretManager.ProjectID)
	case store.AzureKeyVault != nil:
		return fmt.Sprintf("that service account %s may read secrets of %s", store.AzureKeyVault.ServiceAccount, store.AzureKeyVault.VaultURL)
	case store.StoreRef != nil:
		return fmt.Sprintf("%s %s", store.StoreRef.Kind, store.StoreRef.Name)
	}
	return "spec.secrets.store.fake"
}

func storeOf(env *v1alpha1.AppEnvironment) v1alpha1.Store {
	if env.Spec.Secrets == nil {
		return v1alpha1.Store{}
	}
	return env.Spec.Secrets.Store
}
