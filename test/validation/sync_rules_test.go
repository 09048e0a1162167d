package validation

const schedule = "spec.sync.windows[0].schedule"

// syncRules are about how Argo CD syncs.
var syncRules = map[string]rule{
	"options must be sync options of Argo CD such as ApplyOutOfSyncOnly=true": {
		accepted: cases{"several": {put("spec.sync.options", `[ServerSideApply=true, PruneLast=true, PrunePropagationPolicy=background]`)}},
		refused: cases{
			"no value":   {put("spec.sync.options", `[ServerSideApply]`)},
			"a space":    {put("spec.sync.options", `["ServerSideApply = true"]`)},
			"a template": {put("spec.sync.options", `["A={{.x}}"]`)},
		},
	},
	"options must not hold CreateNamespace: the operator makes the namespaces; list them under namespaces": {
		accepted: cases{"another option": {put("spec.sync.options", `[Prune=confirm]`)}},
		refused: cases{
			"true":                 {put("spec.sync.options", `[CreateNamespace=true]`)},
			"false, as the second": {put("spec.sync.options", `[PruneLast=true, CreateNamespace=false]`)},
		},
	},
	"options must not hold Replace, which deletes and creates objects that are in use; annotate the single object in Git instead": {
		accepted: cases{"another option": {put("spec.sync.options", `[RespectIgnoreDifferences=true]`)}},
		refused:  cases{"true": {put("spec.sync.options", `[Replace=true]`)}},
	},
	"options must not hold Validate=false; correct the manifests instead": {
		accepted: cases{"true": {put("spec.sync.options", `[Validate=true]`)}},
		refused:  cases{"false": {put("spec.sync.options", `[Validate=false]`)}},
	},
	"options must not hold PrunePropagationPolicy=orphan, which leaves objects behind; use foreground or background": {
		accepted: cases{"foreground": {put("spec.sync.options", `[PrunePropagationPolicy=foreground]`)}},
		refused:  cases{"orphan": {put("spec.sync.options", `[PrunePropagationPolicy=orphan]`)}},
	},
	"schedule must be a cron expression of five fields (minute, hour, day, month, weekday), such as 0 22 * * *": {
		accepted: each(schedule, map[string]any{"five fields": "*/15 8-18 1,15 * mon-fri"}, nil),
		refused:  each(schedule, map[string]any{"four fields": "0 22 * *", "six fields": "0 0 22 * * *", "a shorthand": "@daily", "two spaces": "0  22 * *  *"}, nil),
	},
	"schedule's minute must be 0 to 59, a range or a list of them, or *": {
		accepted: each(schedule, map[string]any{"a list": "0,30 * * * *", "steps": "*/5 * * * *", "a question mark": "? * * * *"}, nil),
		refused:  each(schedule, map[string]any{"60": "60 * * * *", "a word": "noon * * * *", "a step of zero": "*/0 * * * *", "an empty entry": "1,,2 * * * *", "an open range": "5- * * * *"}, nil),
	},
	"schedule's hour must be 0 to 23, a range or a list of them, or *": {
		accepted: each(schedule, map[string]any{"a range": "0 20-23 * * *"}, nil),
		refused:  each(schedule, map[string]any{"24": "0 24 * * *", "a negative hour": "0 -1 * * *", "a time of day": "0 22:00 * * *"}, nil),
	},
	"schedule's day of the month must be 1 to 31, a range or a list of them, or *": {
		accepted: each(schedule, map[string]any{"the last": "0 22 31 * *"}, nil),
		refused:  each(schedule, map[string]any{"0": "0 22 0 * *", "32": "0 22 32 * *", "L": "0 22 L * *"}, nil),
	},
	"schedule's month must be 1 to 12 or jan to dec, a range or a list of them, or *": {
		accepted: each(schedule, map[string]any{"names": "0 22 * Jan,DEC *", "numbers": "0 22 * 1-12 *"}, nil),
		refused:  each(schedule, map[string]any{"13": "0 22 * 13 *", "the whole name": "0 22 * january *"}, nil),
	},
	"schedule's weekday must be 0 (Sunday) to 6 or sun to sat, a range or a list of them, or *": {
		accepted: each(schedule, map[string]any{"names": "0 22 * * MON-fri", "Sunday": "0 22 * * 0"}, nil),
		refused:  each(schedule, map[string]any{"7, which Argo CD does not know": "0 22 * * 7", "the whole name": "0 22 * * monday"}, nil),
	},
	"schedule's ranges must go up, such as 1-5 or mon-fri; write sat,sun for the weekend": {
		accepted: each(schedule, map[string]any{"up": "0 8-18 * * *", "equal": "0 8-8 * * 1-5", "by name": "0 8 * FEB-nov Sun-sat"}, nil),
		refused:  each(schedule, map[string]any{"over midnight": "0 22-6 * * *", "backwards, in a list": "0 1,9-8/2 * * *", "over the weekend": "0 8 * * 5-1", "the weekend by name": "0 8 * * sat-sun", "a mixed range": "0 8 * * fri-1", "over the year": "0 8 * Nov-feb *"}, nil),
	},
	"windows must hold each kind, schedule, duration and timeZone once; keep one of the two": {
		accepted: cases{"another time zone": {put("spec.sync.windows", `[{kind: deny, schedule: 0 22 * * *, duration: 8h}, {kind: deny, schedule: 0 22 * * *, duration: 8h, timeZone: Asia/Tokyo}, {kind: allow, schedule: 0 22 * * *, duration: 8h}]`)}},
		refused: cases{
			"twice":                        {put("spec.sync.windows", `[{kind: deny, schedule: 0 22 * * *, duration: 8h}, {kind: deny, schedule: 0 22 * * *, duration: 8h}]`)},
			"different in manualSync only": {put("spec.sync.windows", `[{kind: deny, schedule: 0 22 * * *, duration: 8h, timeZone: UTC}, {kind: deny, schedule: 0 22 * * *, duration: 8h, timeZone: UTC, manualSync: true}]`)},
		},
	},
	"duration must be longer than zero, such as 8h or 1h30m": {
		accepted: each("spec.sync.windows[0].duration", map[string]any{"hours and minutes": "1h30m", "half an hour": "0.5h", "seconds": "90s"}, nil),
		refused: each("spec.sync.windows[0].duration", map[string]any{
			"zero": "0h", "no unit": "8", "days": "1d", "negative": "-1h", "a word": "forever", "a space": "1h 30m", "more than can be counted": "9999999999h",
		}, nil),
	},
	"timeZone must be UTC or a name of the IANA time zone database such as Asia/Tokyo": {
		accepted: each("spec.sync.windows[0].timeZone", map[string]any{"UTC": "UTC", "three parts": "America/Argentina/Buenos_Aires", "an offset with a name": "Etc/GMT+9"}, nil),
		refused: each("spec.sync.windows[0].timeZone", map[string]any{
			"a misspelt city": "Asia/Tokio", "an offset": "+09:00", "an abbreviation": "JST", "the server's own": "Local", "a path": "Asia/../../etc/passwd",
		}, nil),
	},
}

// argocdRules are about the names of Argo CD's objects.
var argocdRules = map[string]rule{
	"argocd.project must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters":        dnsLabel("spec.argocd.project"),
	"argocd.applicationSet must be a DNS label such as hoge-dev: lower-case letters, digits and '-', at most 63 characters": dnsLabel("spec.argocd.applicationSet"),
	"argocd.project must not be default, the project of Argo CD itself": {
		accepted: each("spec.argocd.project", map[string]any{"a name that ends alike": "hoge-default"}, nil),
		refused:  each("spec.argocd.project", map[string]any{"default": "default"}, nil),
	},
	"argocd.applicationName must contain {app}, or two apps would share a name": {
		accepted: each("spec.argocd.applicationName", map[string]any{"{app} alone": "{app}"}, nil),
		refused:  each("spec.argocd.applicationName", map[string]any{"no placeholder": "hoge", "the others only": "{application}-{environment}"}, nil),
	},
	"argocd.applicationName may only use the placeholders {app}, {application} and {environment}, lower-case letters, digits and '-', such as {app}-{environment}": {
		accepted: each("spec.argocd.applicationName", map[string]any{"all three": "{application}-{app}-{environment}-1"}, nil),
		refused: each("spec.argocd.applicationName", map[string]any{
			"an unknown placeholder": "{app}-{env}", "Argo CD's": "{app}-{{.name}}", "upper case": "App-{app}", "a hyphen first": "-{app}", "a hyphen at the end": "{app}-", "a dot": "{app}.x", "a space": "{app} x",
		}, nil),
	},
}
