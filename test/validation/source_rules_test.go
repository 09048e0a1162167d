package validation

func credentials(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"the user of SSH": "ssh://git@example.com/hoge.git", "an @ in the path": "https://example.com/@team/hoge"}, nil),
		refused: each(path, map[string]any{ //nolint:gosec // nobody has these
			"a user and password": "https://user:secret@github.com/example/hoge", "a token": "https://ghp_token@github.com/example/hoge",
			"a password of SSH": "ssh://git:secret@example.com/hoge.git",
		}, nil),
	}
}

func gitURL(path string) rule {
	return rule{
		accepted: each(path, map[string]any{
			"https": "https://github.com/example/hoge.git", "http with a port": "http://git.example.com:8080/hoge", "ssh": "ssh://git@example.com:2222/hoge.git",
			"git": "git://example.com/hoge.git", "file": "file:///srv/git/hoge", "scp-like": "git@github.com:example/hoge.git", "a space, as URLs write it": "https://dev.azure.com/o/My%20Project/_git/hoge",
		}, nil),
		refused: each(path, map[string]any{
			"no scheme": "github.com/example/hoge", "an unknown scheme": "ftp://example.com/hoge", "no path": "https://github.com", "a query": "https://example.com/hoge?token=x",
			"a wildcard, which would widen the project": "https://github.com/*", "a placeholder": "https://github.com/example/{app}", "a template": "https://github.com/{{.app}}",
			"a space": "https://github.com/exa mple", "a newline": "https://github.com/a\n", "an option of ssh": "-oProxyCommand=x@h:p", "a host that is an option": "ssh://-oProxyCommand=x/hoge",
			"a denial": "!https://github.com/example/hoge", "an OCI registry": "oci://example.com/hoge",
		}, nil),
	}
}

func repositoryDots(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"dots inside a name": "https://github.com/example/ho..ge"}, nil),
		refused: each(path, map[string]any{
			"in the middle": "https://github.com/a/../b", "at the end": "https://github.com/a/..", "after a colon": "git@github.com:../b", "encoded": "https://github.com/a/%2e%2E/b", "in a file URL": "file:///srv/../etc",
		}, nil),
	}
}

func revision(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"a branch with a slash": "feature/a-b", "a tag": "v1.2.3+build.4", "a commit": "3f2c1ab", "HEAD": "HEAD"}, nil),
		refused: each(path, map[string]any{
			"an option": "--upload-pack=x", "two dots": "a..b", "a space": "my branch", "a wildcard": "v1.*", "a template": "{{.revision}}", "a slash at the end": "feature/", "a reflog": "main@{1}", "a newline": "main\n", "a colon": "a:b",
		}, nil),
	}
}

func placeholders(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"all three": "deploy/{application}/{app}/{environment}", "none": "deploy"}, nil),
		refused: each(path, map[string]any{
			"an unknown one": "deploy/{env}", "two braces": "deploy/{{app}}", "one inside another": "deploy/{{app}application}", "Argo CD's": "deploy/{{.name}}", "an open brace": "deploy/{app", "upper case": "deploy/{App}",
		}, nil),
	}
}

func directory(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"the root": ".", "a placeholder first": "{app}/overlays", "a hidden folder": ".deploy/a_b-c+d@e=f"}, nil),
		refused:  each(path, map[string]any{"absolute": "/deploy", "a backslash": `deploy\app`, "a space": "my deploy", "a newline": "deploy\n", "an option": "-x", "a wildcard": "deploy/*"}, nil),
	}
}

func pathDots(path string) rule {
	return rule{
		accepted: each(path, map[string]any{"dots inside a name": "deploy/a..b"}, nil),
		refused:  each(path, map[string]any{"first": "../other", "in the middle": "deploy/../../x", "at the end": "deploy/..", "alone": ".."}, nil),
	}
}

// sourceRules are about where manifests come from.
var sourceRules = map[string]rule{
	"name of an app must be a DNS label such as app1: lower-case letters, digits and '-', at most 63 characters": dnsLabel("spec.apps[0].name"),

	"source.repoURL must not carry credentials; put them into a repository Secret of Argo CD":    credentials("spec.source.repoURL"),
	"repoURL of an app must not carry credentials; put them into a repository Secret of Argo CD": credentials("spec.apps[0].repoURL"),

	"source.repoURL must be a Git URL such as https://github.com/example/hoge (https, http, ssh, git, file) or git@github.com:example/hoge.git, without query, wildcard or placeholder":    gitURL("spec.source.repoURL"),
	"repoURL of an app must be a Git URL such as https://github.com/example/hoge (https, http, ssh, git, file) or git@github.com:example/hoge.git, without query, wildcard or placeholder": gitURL("spec.apps[0].repoURL"),

	"source.repoURL must not contain a .. segment; write the repository's own path":    repositoryDots("spec.source.repoURL"),
	"repoURL of an app must not contain a .. segment; write the repository's own path": repositoryDots("spec.apps[0].repoURL"),

	"source.targetRevision must be a branch, tag or commit such as development, v1.2.3 or 3f2c1ab":    revision("spec.source.targetRevision"),
	"targetRevision of an app must be a branch, tag or commit such as development, v1.2.3 or 3f2c1ab": revision("spec.apps[0].targetRevision"),

	"source.path may only use the placeholders {app}, {application} and {environment}, in single braces":    placeholders("spec.source.path"),
	"path of an app may only use the placeholders {app}, {application} and {environment}, in single braces": placeholders("spec.apps[0].path"),

	"source.path must be a directory in the repository such as deploy/{app}/overlays/{environment}: relative, of letters, digits, '-', '_', '.', '+', '@' and '='":    directory("spec.source.path"),
	"path of an app must be a directory in the repository such as deploy/{app}/overlays/{environment}: relative, of letters, digits, '-', '_', '.', '+', '@' and '='": directory("spec.apps[0].path"),

	"source.path must not contain a .. segment; write the path from the root of the repository":    pathDots("spec.source.path"),
	"path of an app must not contain a .. segment; write the path from the root of the repository": pathDots("spec.apps[0].path"),
}

// imageRules are about images of Kustomize overlays.
var imageRules = map[string]rule{
	"images must set exactly one of newTag and digest in each entry": {
		accepted: cases{
			"a tag":    {put("spec.apps[0].images", `[{name: app1, newTag: v1}]`)},
			"a digest": {put("spec.apps[0].images", `[{name: app1, digest: "`+someDigest+`"}]`)},
		},
		refused: cases{
			"both":               {put("spec.apps[0].images", `[{name: app1, newTag: v1, digest: "`+someDigest+`"}]`)},
			"neither":            {put("spec.apps[0].images", `[{name: app1}]`)},
			"a name, but no tag": {put("spec.apps[0].images", `[{name: app1, newName: registry.example.com/app1}]`)},
		},
	},
	"name of an image must be the image as the manifests name it, such as app1 or registry.example.com:5000/p/app1, without tag and digest": {
		accepted: each("spec.apps[0].images[0].name", map[string]any{"a registry with a port": "registry.example.com:5000/p/app1", "a placeholder in upper case": "APP_IMAGE"}, nil),
		refused: each("spec.apps[0].images[0].name", map[string]any{
			"a tag": "app1:v1", "a digest": "app1@" + someDigest, "an equals sign": "app1=other", "a template": "{{.image}}", "a space": "app 1", "a slash at the end": "p/", "a newline": "app1\n",
		}, nil),
	},
	"newName must be an image such as registry.example.com:5000/p/app1, without tag and digest": {
		accepted: each("spec.apps[0].images[0].newName", map[string]any{"a registry with a port": "registry.example.com:5000/p/app1", "a bare name": "app1"}, nil),
		refused: each("spec.apps[0].images[0].newName", map[string]any{
			"a tag": "registry.example.com/app1:v1", "a digest": "app1@" + someDigest, "upper case": "registry.example.com/App1", "a scheme": "https://registry.example.com/app1", "a template": "{{.image}}",
		}, nil),
	},
	"newTag must be an image tag such as 3f2c1ab: letters, digits, '-', '_' and '.', at most 128 characters": {
		accepted: each("spec.apps[0].images[0].newTag", map[string]any{"a version": "v1.2.3-rc_1", "128 characters": long(128)}, nil),
		refused:  each("spec.apps[0].images[0].newTag", map[string]any{"a hyphen first": "-v1", "a plus sign": "v1+build", "a colon": "app1:v1", "a quote": `v1"`, "a newline": "v1\n  x: y"}, nil),
	},
	"digest must be sha256: and 64 hexadecimal digits": {
		accepted: cases{"lower case": {put("spec.apps[0].images", `[{name: app1, digest: "`+someDigest+`"}]`)}},
		refused: cases{
			"no algorithm": {put("spec.apps[0].images", `[{name: app1, digest: "`+someDigest[len("sha256:"):]+`"}]`)},
			"cut short":    {put("spec.apps[0].images", `[{name: app1, digest: "`+someDigest[:40]+`"}]`)},
			"upper case":   {put("spec.apps[0].images", `[{name: app1, digest: "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]`)},
		},
	},
}

const someDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
