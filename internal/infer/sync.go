package infer

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// refusedOptions are the sync options that an environment may not have, by their beginnings.
var refusedOptions = []string{"CreateNamespace=", "Replace=", "Validate=false", "PrunePropagationPolicy=orphan"}

// readSync reads spec.sync: how most of the Applications are synced. Windows are the project's.
func (m *importer) readSync() {
	var policies []string
	byText := map[string]*argocd.SyncPolicy{}
	for _, app := range m.apps {
		data, err := json.Marshal(app.decoded.Spec.SyncPolicy)
		if err != nil { // it came as JSON
			panic(err)
		}
		policies = append(policies, string(data))
		byText[string(data)] = app.decoded.Spec.SyncPolicy
	}
	policy := byText[mostly(policies)]
	if policy == nil {
		return
	}
	sync := &v1alpha1.Sync{}
	if automated := policy.Automated; automated != nil {
		sync.Automated = &v1alpha1.Automated{Prune: ifFalse(automated.Prune), SelfHeal: ifFalse(automated.SelfHeal)}
	}
	if policy.Retry != nil {
		sync.Retry = &v1alpha1.Retry{Limit: policy.Retry.Limit}
	}
	for _, option := range policy.SyncOptions {
		if slices.ContainsFunc(refusedOptions, func(refused string) bool { return strings.HasPrefix(option, refused) }) {
			object := m.apps[0].object
			if m.set != nil {
				object = m.set
			}
			m.remark(object, "spec.syncPolicy.syncOptions", "an environment may not have "+option+"; take it out before it is taken over")
			continue
		}
		sync.Options = append(sync.Options, option)
	}
	if sync.Automated != nil || sync.Retry != nil || len(sync.Options) > 0 {
		m.env.Spec.Sync = sync
	}
}

// ifFalse is false, and nil for true, the default.
func ifFalse(value bool) *bool {
	if value {
		return nil
	}
	return &value
}
