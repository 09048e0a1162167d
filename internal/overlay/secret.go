package overlay

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
)

// A Use is of a Secret by Pods or an Ingress.
type Use struct {
	Secret string
	// Key is the key of the Secret that is needed, empty for the whole.
	Key string
	// By is what uses it, such as "Deployment app1".
	By string
	// Optional says that it is done without where it is missing.
	Optional bool
}

// SecretUses are the Secrets that the Pods of a workload use. Those with which images are pulled are optional: Pods start
// without them, where the node may pull.
func (w Workload) SecretUses() []Use {
	uses := &secretUses{by: describe(w.Object)}
	for _, container := range w.containers() {
		for _, source := range container.EnvFrom {
			if source.SecretRef != nil {
				uses.add(source.SecretRef.Name, "", source.SecretRef.Optional)
			}
		}
		for _, variable := range container.Env {
			if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
				ref := variable.ValueFrom.SecretKeyRef
				uses.add(ref.Name, ref.Key, ref.Optional)
			}
		}
	}
	for _, volume := range w.Pod.Volumes {
		uses.volume(volume)
	}
	for _, pull := range w.Pod.ImagePullSecrets {
		uses.add(pull.Name, "", ptr.To(true))
	}
	return uses.all
}

type secretUses struct {
	by  string
	all []Use
}

func (u *secretUses) add(secret, key string, optional *bool) {
	if secret != "" {
		u.all = append(u.all, Use{secret, key, u.by, ptr.Deref(optional, false)})
	}
}

func (u *secretUses) files(secret string, items []corev1.KeyToPath, optional *bool) {
	u.add(secret, "", optional)
	for _, item := range items {
		u.add(secret, item.Key, optional)
	}
}

func (u *secretUses) reference(ref *corev1.LocalObjectReference) {
	if ref != nil {
		u.add(ref.Name, "", nil)
	}
}

func (u *secretUses) volume(volume corev1.Volume) {
	switch {
	case volume.Secret != nil:
		u.files(volume.Secret.SecretName, volume.Secret.Items, volume.Secret.Optional)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			if source.Secret != nil {
				u.files(source.Secret.Name, source.Secret.Items, source.Secret.Optional)
			}
		}
	case volume.CSI != nil:
		u.reference(volume.CSI.NodePublishSecretRef)
	case volume.AzureFile != nil:
		u.add(volume.AzureFile.SecretName, "", nil)
	case volume.CephFS != nil:
		u.reference(volume.CephFS.SecretRef)
	case volume.RBD != nil:
		u.reference(volume.RBD.SecretRef)
	case volume.ISCSI != nil:
		u.reference(volume.ISCSI.SecretRef)
	case volume.FlexVolume != nil:
		u.reference(volume.FlexVolume.SecretRef)
	case volume.ScaleIO != nil:
		u.reference(volume.ScaleIO.SecretRef)
	case volume.StorageOS != nil:
		u.reference(volume.StorageOS.SecretRef)
	}
}

// IngressUses are the Secrets that an Ingress takes its certificates from.
func IngressUses(ingress *unstructured.Unstructured) []Use {
	uses := &secretUses{by: describe(ingress)}
	entries, _, _ := unstructured.NestedSlice(ingress.Object, "spec", "tls")
	for _, entry := range entries {
		fields, _ := entry.(map[string]any)
		secret, _, _ := unstructured.NestedString(fields, "secretName")
		uses.add(secret, "", nil)
	}
	return uses.all
}

// AsksForCertificates says whether cert-manager makes the Secrets that an Ingress uses, because its annotations ask for it.
func AsksForCertificates(ingress *unstructured.Unstructured) bool {
	annotations := ingress.GetAnnotations()
	return annotations["cert-manager.io/issuer"] != "" || annotations["cert-manager.io/cluster-issuer"] != "" || annotations["kubernetes.io/tls-acme"] == "true"
}

func describe(object *unstructured.Unstructured) string {
	return object.GetKind() + " " + object.GetName()
}
