package component

import (
	"cmp"
	"slices"
	"strings"

	externalsecrets "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

const (
	esoGroup           = "external-secrets.io"
	esoVersion         = "v1"
	eso                = "External Secrets Operator"
	clusterSecretStore = "ClusterSecretStore"
)

var (
	secretStoreKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: esoGroup, Version: esoVersion, Kind: "SecretStore"},
		Resource:         "secretstores", Provider: eso, First: true,
	}
	externalSecretKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: esoGroup, Version: esoVersion, Kind: "ExternalSecret"},
		Resource:         "externalsecrets", Provider: eso,
	}
)

// secrets are the ExternalSecrets, and the stores they read from.
var secrets = Component{
	Name:      "secrets",
	Condition: v1alpha1.ConditionSecretsReady,
	Kinds:     []Kind{secretStoreKind, externalSecretKind},
	Desired:   desiredSecrets,
	Health:    secretHealth,
}

func desiredSecrets(in Input) ([]*unstructured.Unstructured, error) {
	spec := in.Env.Spec.Secrets
	if spec == nil {
		return nil, nil
	}
	var objects []*unstructured.Unstructured
	withStore := map[string]bool{}
	for _, item := range spec.Items {
		namespace := NamespaceOf(in.Env, item.Namespace)
		if _, withheld := in.Withheld[namespace]; withheld {
			continue
		}
		if spec.Store.StoreRef == nil && !withStore[namespace] {
			withStore[namespace] = true
			store, err := secretStore(in.Env, namespace)
			if err != nil {
				return nil, err
			}
			objects = append(objects, store)
		}
		secret, err := externalSecret(in, item)
		if err != nil {
			return nil, err
		}
		objects = append(objects, secret)
	}
	return objects, nil
}

// externalSecret sends the CRD's defaults inside target, so that what the operator
// owns is what is stored. The metadata of the Secret is set explicitly: otherwise
// External Secrets copies the marks of ownership of the ExternalSecret onto it. The type
// of a Secret that is written stays, whatever the spec says: Kubernetes lets none change,
// and the Secret would get no new values any more.
func externalSecret(in Input, item v1alpha1.SecretItem) (*unstructured.Unstructured, error) {
	env, key := in.Env, externalSecretKey(in.Env, item)
	wanted := writtenAs(item)
	if written := in.LiveSecrets[key]; written.Name == wanted.Name {
		wanted = written
	}
	spec := externalsecrets.ExternalSecretSpec{
		SecretStoreRef:  storeRef(env),
		RefreshInterval: env.Spec.Secrets.RefreshInterval,
		Target: externalsecrets.ExternalSecretTarget{
			Name:           wanted.Name,
			CreationPolicy: externalsecrets.CreatePolicyOwner,
			DeletionPolicy: externalsecrets.DeletionPolicyRetain,
			Template: &externalsecrets.ExternalSecretTemplate{
				Type:          wanted.Type,
				EngineVersion: externalsecrets.TemplateEngineV2,
				MergePolicy:   externalsecrets.MergePolicyReplace,
				Metadata:      externalsecrets.ExternalSecretTemplateMetadata{Labels: environmentLabels(env)},
			},
		},
	}
	for _, remote := range item.Extract {
		spec.DataFrom = append(spec.DataFrom, externalsecrets.ExternalSecretDataFromRemoteRef{
			Extract: &externalsecrets.ExternalSecretDataRemoteRef{Key: remote.Key, Version: orDefault(remote.Version, "")},
		})
	}
	for _, data := range item.Data {
		spec.Data = append(spec.Data, externalsecrets.ExternalSecretData{
			SecretKey: data.Key,
			RemoteRef: externalsecrets.ExternalSecretDataRemoteRef{
				Key:      data.RemoteKey,
				Property: orDefault(data.Property, ""),
				Version:  orDefault(data.Version, ""),
			},
		})
	}
	slices.SortFunc(spec.Data, func(a, b externalsecrets.ExternalSecretData) int {
		return cmp.Compare(a.SecretKey, b.SecretKey)
	})
	return object(externalSecretKind, key.Namespace, key.Name, map[string]any{"spec": spec})
}

// A WrittenSecret is what an ExternalSecret makes: the name of the Secret, and its type.
type WrittenSecret struct {
	Name string            `json:"name"`
	Type corev1.SecretType `json:"type"`
}

func writtenAs(item v1alpha1.SecretItem) WrittenSecret {
	return WrittenSecret{
		Name: orDefault(item.SecretName, item.Name),
		Type: corev1.SecretType(orDefault(item.Type, string(corev1.SecretTypeOpaque))),
	}
}

// Written is the Secret that a live ExternalSecret has written, as far as it tells. ok is false when it has written
// none under the name that it asks for, and when the API server takes no change of the one there is: that may have
// another type. proven says that the last sync was of what it asks for now, so that the type is the Secret's.
func Written(live *unstructured.Unstructured) (secret WrittenSecret, proven, ok bool) {
	secret = WrittenSecret{
		Name: text(live.Object, "status", "binding", "name"),
		Type: corev1.SecretType(cmp.Or(text(live.Object, "spec", "target", "template", "type"), string(corev1.SecretTypeOpaque))),
	}
	asked := cmp.Or(text(live.Object, "spec", "target", "name"), live.GetName())
	if !syncedOnce(live) || secret.Name != asked {
		return secret, false, false
	}
	proven = judgesThisGeneration(live)
	refused := strings.HasPrefix(conditionOf(live, "Ready").message, couldNotUpdate)
	return secret, proven, proven || !refused
}

// couldNotUpdate is what External Secrets says of itself when the API server takes no
// change of a Secret.
const couldNotUpdate = "could not update secret"

func storeRef(env *v1alpha1.AppEnvironment) externalsecrets.SecretStoreRef {
	if ref := env.Spec.Secrets.Store.StoreRef; ref != nil {
		return externalsecrets.SecretStoreRef{Kind: cmp.Or(ref.Kind, clusterSecretStore), Name: ref.Name}
	}
	return externalsecrets.SecretStoreRef{Kind: secretStoreKind.Kind, Name: env.Name}
}

func externalSecretKey(env *v1alpha1.AppEnvironment, item v1alpha1.SecretItem) Key {
	return Key{Group: esoGroup, Kind: externalSecretKind.Kind, Namespace: NamespaceOf(env, item.Namespace), Name: item.Name}
}
