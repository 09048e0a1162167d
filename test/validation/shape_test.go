package validation

// The shapes that many fields share, as cases for the field at path. with are edits
// that every case needs.

func each(path string, values map[string]any, with []edit) cases {
	made := cases{}
	for name, value := range values {
		made[name] = append(append([]edit{}, with...), set(path, value))
	}
	return made
}

func dnsLabel(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"one letter": "a", "digits and a hyphen inside": "1a-b2"}, nil),
		refused: each(path, map[string]any{
			"upper case": "Hoge", "an underscore": "ho_ge", "a dot": "ho.ge", "a hyphen at the end": "hoge-", "a hyphen first": "-hoge",
			"a space": "ho ge", "a newline at the end": "hoge\n", "a template": "{{.name}}", "a letter outside ASCII": "hogé",
		}, nil),
	}
}

func dnsName(path string, with ...edit) rule {
	return rule{
		accepted: each(path, map[string]any{"a label": "a-1", "labels joined by dots": "a.b-c.d", "253 characters": long(253)}, with),
		refused: each(path, map[string]any{
			"upper case": "Hoge", "an underscore": "ho_ge", "a dot at the end": "hoge.", "a slash": "ho/ge", "two dots": "..", "a newline at the end": "hoge\n",
		}, with),
	}
}

func qualifiedKeys(path string) rule {
	return rule{
		accepted: cases{
			"a bare name and a name with a domain": {put(path, `{team: a, example.com/Team_1.x: b}`)},
			"no keys at all":                       {put(path, `{}`)},
		},
		refused: cases{
			"a space":         {put(path, `{"cost center": a}`)},
			"two slashes":     {put(path, `{a/b/c: a}`)},
			"nothing":         {put(path, `{"": a}`)},
			"a template":      {put(path, `{"{{.x}}": a}`)},
			"64 characters":   {set(path, map[string]any{long(64): "a"})},
			"an empty domain": {put(path, `{/team: a}`)},
		},
	}
}

func foreignKeys(path string) rule {
	return rule{
		accepted: cases{
			"a domain that only looks alike":     {put(path, `{notkubernetes.io/team: a, kubernetes.io.example.com/team: a}`)},
			"a name without the reserved domain": {put(path, `{kubernetes.io: a}`)},
		},
		refused: cases{
			"kubernetes.io":       {put(path, `{kubernetes.io/team: a}`)},
			"a subdomain of it":   {put(path, `{pod-security.kubernetes.io/enforce: privileged}`)},
			"k8s.io":              {put(path, `{a.k8s.io/team: a}`)},
			"Argo CD's":           {put(path, `{argocd.argoproj.io/tracking-id: a}`)},
			"the operator's own":  {put(path, `{platform.appenv.dev/owner-uid: a}`)},
			"one among good ones": {put(path, `{team: a, app.kubernetes.io/managed-by: someone}`)},
		},
	}
}

func uuid(path string, with ...edit) rule {
	return rule{
		accepted: each(path, map[string]any{"lower case": "11111111-2222-3333-4444-55555555555a", "upper case": "11111111-2222-3333-4444-55555555555A"}, with),
		refused: each(path, map[string]any{
			"no hyphens": "11111111222233334444555555555555", "braces": "{11111111-2222-3333-4444-5555555555}", "a letter beyond f": "g1111111-2222-3333-4444-555555555555", "a name": "my-identity",
		}, with),
	}
}

func remoteSecret(path string, with ...edit) rule {
	return rule{
		accepted: each(path, map[string]any{"a name": "hoge-dev_app1", "a path": "secret/data/hoge..x/app1", "an ARN": "arn:aws:secretsmanager:x:1:secret:a"}, with),
		refused: each(path, map[string]any{
			"a space": "hoge dev", "a newline": "hoge\n", "a template": "{{.x}}", "a .. segment": "a/../b", "a .. at the end": "a/..", "a control character": "a\u0001", "a character that turns the text around": "a\u202eb",
		}, with),
	}
}

func secretVersion(path string, with ...edit) rule {
	return rule{
		accepted: each(path, map[string]any{"a number": "3", "a word": "latest", "an Azure version": "4387e9f3d6e14c459867679a90fd0f79"}, with),
		refused:  each(path, map[string]any{"a space": "3 4", "a slash": "a/b", "a template": "{{.x}}", "a hyphen first": "-1"}, with),
	}
}

func googleProject(path string, with ...edit) rule {
	return rule{
		accepted: each(path, map[string]any{"an ID": "my-project", "a number": "123456789012", "an ID of a domain": "example.com:my-project"}, with),
		refused:  each(path, map[string]any{"a name with a space": "My Project", "too short": "abc", "a slash": "projects/my-project", "a hyphen at the end": "my-project-"}, with),
	}
}
