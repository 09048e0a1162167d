package contract

import (
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func permits(project v1alpha1.AppProject, destination v1alpha1.ApplicationDestination) (bool, error) {
	return project.IsDestinationPermitted(destination, func(string) ([]*v1alpha1.Cluster, error) { return nil, nil })
}

func permitsKind(project v1alpha1.AppProject, kind schema.GroupKind) bool {
	return project.IsGroupKindPermitted(kind, true)
}
