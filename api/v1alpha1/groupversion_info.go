// Package v1alpha1 is the API of the AppEnvironment operator: one cluster-scoped
// object per application and environment. It holds types, defaults, validation
// markers and the vocabulary of conditions; it has no behaviour.
//
// +kubebuilder:object:generate=true
// +groupName=platform.appenv.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of this API.
var GroupVersion = schema.GroupVersion{Group: "platform.appenv.dev", Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

// AddToScheme registers the types of this package.
var AddToScheme = schemeBuilder.AddToScheme

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &AppEnvironment{}, &AppEnvironmentList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
