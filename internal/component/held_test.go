package component

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func TestHeldBy(t *testing.T) {
	cases := map[string]struct{ live, want string }{
		"nothing that it says": {`{}`, ""},
		"External Secrets": {
			`{metadata: {finalizers: [externalsecrets.external-secrets.io/externalsecret-cleanup]}}`,
			"finalizer externalsecrets.external-secrets.io/externalsecret-cleanup: External Secrets removes it; check that it runs",
		},
		"somebody": {
			`{metadata: {finalizers: [b.example.com/x, foregroundDeletion]}}`,
			"finalizer b.example.com/x: whoever set it has to remove it; finalizer foregroundDeletion: Kubernetes removes it when what the object owns is gone; check that kube-controller-manager runs",
		},
		"what is in a namespace, without the counts": {
			`{status: {conditions: [
			  {type: NamespaceDeletionContentFailure, status: "False", message: x},
			  {type: NamespaceContentRemaining, status: "True", message: "Some resources are remaining: externalsecrets.external-secrets.io has 3 resource instances, configmaps. has 2 resource instances"},
			  {type: NamespaceFinalizersRemaining, status: "True", message: "Some content in the namespace has finalizers remaining: b.example.com/y in 1 resource instances, a.example.com/x in 2 resource instances"}]}}`,
			"objects in it have finalizers that whoever set them has to remove (a.example.com/x, b.example.com/y); content remains (configmaps, externalsecrets.external-secrets.io)",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(c.live), &live.Object); err != nil {
				t.Fatal(err)
			}
			if got := HeldBy(live); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
