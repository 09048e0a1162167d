package contract

import (
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func permits(project v1alpha1.AppProject, destination v1alpha1.ApplicationDestination) (bool, error) {
	cluster := &v1alpha1.Cluster{Server: destination.Server}
	return project.IsDestinationPermitted(cluster, destination.Namespace, func(string) ([]*v1alpha1.Cluster, error) { return nil, nil })
}

func permitsKind(project v1alpha1.AppProject, kind schema.GroupKind) bool {
	return project.IsGroupKindNamePermitted(kind, "any", true)
}
