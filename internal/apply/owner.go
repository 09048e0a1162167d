package apply

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Marks are the labels and annotations that say whose an object is.
type Marks struct {
	ManagedByLabel, ManagedByValue string // on every object of the operator
	OwnerLabel                     string // its value is the owner's name
	UIDAnnotation                  string // its value is the owner's UID
}

// Owner is whom objects belong to.
type Owner struct {
	Name string
	UID  types.UID
}

// Standing says how an object stands to an owner.
type Standing int

// The standings of an object.
const (
	Foreign Standing = iota // not the operator's
	Rival                   // the operator's, of another owner
	Former                  // of an owner of the same name and another UID: a backup, or a re-created owner
	Ours                    // of this very owner
)

// Standing says how the object stands to the owner.
func (m Marks) Standing(live *unstructured.Unstructured, owner Owner) Standing {
	labels := live.GetLabels()
	if labels[m.ManagedByLabel] != m.ManagedByValue || labels[m.OwnerLabel] == "" {
		return Foreign
	}
	switch {
	case labels[m.OwnerLabel] != owner.Name:
		return Rival
	case live.GetAnnotations()[m.UIDAnnotation] != string(owner.UID):
		return Former
	}
	return Ours
}

// HolderOf is the name of the owner an object carries, empty without one.
func (m Marks) HolderOf(live *unstructured.Unstructured) string {
	return live.GetLabels()[m.OwnerLabel]
}

// ManagerOf names the field manager that wrote most recently to an object that is
// not ours, for the message that says who has it. Empty when unknown.
func ManagerOf(live *unstructured.Unstructured) string {
	manager := ""
	var latest int64
	for _, entry := range live.GetManagedFields() {
		if entry.Subresource == "" && entry.Time != nil && entry.Time.Unix() >= latest {
			manager, latest = entry.Manager, entry.Time.Unix()
		}
	}
	return manager
}
