package validation

const deletesEverything = " is immutable, set or unset: changing it would delete every Application; create a new AppEnvironment instead"

// argocdName are the cases of an immutable name; other is a valid other value.
func argocdName(field, other string) transition {
	path := "spec.argocd." + field
	return transition{
		accepted: map[string]update{
			"unchanged, while something else changes": {after: []edit{set("spec.mode", "Paused")}},
			"unset, and stays so":                     {before: []edit{drop("spec.argocd")}, after: []edit{put("spec.argocd", `{}`)}},
		},
		refused: map[string]update{
			"changed":                 {after: []edit{set(path, other)}},
			"unset":                   {after: []edit{drop(path)}},
			"unset with all others":   {after: []edit{drop("spec.argocd")}},
			"set":                     {before: []edit{drop(path)}, after: []edit{set(path, other)}},
			"set as the first of all": {before: []edit{drop("spec.argocd")}, after: []edit{set(path, other)}},
		},
	}
}

// transitionRules are about updates.
var transitionRules = map[string]transition{
	"application is immutable; create a new AppEnvironment instead": {
		accepted: map[string]update{"unchanged": {after: []edit{set("spec.environment", "dev")}}},
		refused:  map[string]update{"changed": {after: []edit{set("spec.application", "other")}}},
	},
	"environment is immutable; create a new AppEnvironment instead": {
		accepted: map[string]update{"unchanged": {after: []edit{set("spec.application", "hoge")}}},
		refused:  map[string]update{"changed": {after: []edit{set("spec.environment", "prod")}}},
	},
	"the first namespace is immutable: keep it first; create a new AppEnvironment to move to another one": {
		accepted: map[string]update{
			"a second one added":         {after: []edit{set("spec.namespaces[1].name", "hoge-jobs")}},
			"the second one removed":     {before: []edit{set("spec.namespaces[1].name", "hoge-jobs")}, after: []edit{drop("spec.namespaces[1]")}},
			"another label on the first": {after: []edit{set("spec.namespaces[0].labels.team", "hoge")}},
		},
		refused: map[string]update{
			"renamed": {before: unbound, after: []edit{set("spec.namespaces[0].name", "other")}},
			"another one put in front": {
				before: append([]edit{set("spec.namespaces[1].name", "hoge-jobs")}, unbound...),
				after:  []edit{put("spec.namespaces", `[{name: hoge-jobs}, {name: hoge-namespace}]`)},
			},
		},
	},
	"argocd.project" + deletesEverything:         argocdName("project", "other"),
	"argocd.applicationSet" + deletesEverything:  argocdName("applicationSet", "other"),
	"argocd.applicationName" + deletesEverything: argocdName("applicationName", "x-{app}"),
	"namespace of an app is immutable: remove the app, wait until it is gone, and add it again": {
		accepted: map[string]update{
			"another app in another namespace": {
				before: []edit{set("spec.namespaces[1].name", "hoge-jobs")},
				after:  []edit{put("spec.apps[2]", `{name: app3, namespace: hoge-jobs}`)},
			},
			"the app removed": {after: []edit{drop("spec.apps[1]")}},
		},
		refused: map[string]update{"moved": {
			before: []edit{set("spec.namespaces[1].name", "hoge-jobs")},
			after:  []edit{set("spec.apps[1].namespace", "hoge-jobs")},
		}},
	},
	"namespace of an app cannot be set or unset later: remove the app, wait until it is gone, and add it again": {
		accepted: map[string]update{"another path": {after: []edit{set("spec.apps[1].path", "deploy")}}},
		refused: map[string]update{
			"set to what it is by default": {after: []edit{set("spec.apps[0].namespace", "hoge-namespace")}},
			"unset":                        {after: []edit{drop("spec.apps[1].namespace")}},
		},
	},
	"domains of a google certificate are immutable, since a change takes it down for up to an hour: add a certificate under a new name, and remove this one when the new one is Active": {
		accepted: map[string]update{
			"another order": {
				before: []edit{put("spec.certificates[0].google.domains", `[a.example.com, b.example.com]`)},
				after:  []edit{put("spec.certificates[0].google.domains", `[b.example.com, a.example.com]`)},
			},
			"a second certificate":    {after: []edit{put("spec.certificates[1]", `{name: web2, google: {domains: [b.example.com]}}`)}},
			"domains of cert-manager": {before: []edit{certManager}, after: []edit{put("spec.certificates[0].certManager.domains", `[b.example.com]`)}},
		},
		refused: map[string]update{
			"changed": {after: []edit{put("spec.certificates[0].google.domains", `[b.example.com]`)}},
			"added":   {after: []edit{put("spec.certificates[0].google.domains", `[dev.hoge.example.com, b.example.com]`)}},
			"removed": {
				before: []edit{put("spec.certificates[0].google.domains", `[a.example.com, b.example.com]`)},
				after:  []edit{put("spec.certificates[0].google.domains", `[a.example.com]`)},
			},
		},
	},
}

// unbound leaves nothing that names the first namespace.
var unbound = []edit{drop("spec.apps[1].namespace"), drop("spec.secrets"), drop("spec.certificates")}
