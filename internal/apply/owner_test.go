package apply

import "testing"

func TestStanding(t *testing.T) {
	marks := Marks{ManagedByLabel: "by", ManagedByValue: "op", OwnerLabel: "env", UIDAnnotation: "uid"}
	cases := map[string]struct {
		metadata string
		want     Standing
	}{
		"no marks":                        {`{name: x}`, Foreign},
		"managed by us without an owner":  {`{name: x, labels: {by: op}}`, Foreign},
		"managed by another tool":         {`{name: x, labels: {by: helm, env: a}, annotations: {uid: u1}}`, Foreign},
		"another owner's":                 {`{name: x, labels: {by: op, env: b}, annotations: {uid: u1}}`, Rival},
		"of an earlier owner of the name": {`{name: x, labels: {by: op, env: a}, annotations: {uid: u0}}`, Former},
		"the owner's UID was stripped":    {`{name: x, labels: {by: op, env: a}}`, Former},
		"all marks agree":                 {`{name: x, labels: {by: op, env: a}, annotations: {uid: u1}}`, Ours},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: "+c.metadata+"}")
			if got := marks.Standing(live, Owner{Name: "a", UID: "u1"}); got != c.want {
				t.Errorf("Standing = %v, want %v", got, c.want)
			}
		})
	}
}
