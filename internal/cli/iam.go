package cli

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/spf13/pflag"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/render"
)

type iamOptions struct {
	print bool
	cloud render.Cloud
}

func (o *iamOptions) bind(flags *pflag.FlagSet) {
	flags.BoolVar(&o.print, "iam", false, "print the gcloud and az commands that give the environment's identities what they need, and no more")
	flags.StringVar(&o.cloud.Project, "cluster-project", "", "with --iam: ID of the GKE cluster's project")
	flags.StringVar(&o.cloud.ProjectNumber, "cluster-project-number", "", "with --iam: its number, where a ServiceAccount reads secrets without a Google service account")
	flags.StringVar(&o.cloud.OIDCIssuer, "oidc-issuer", "", "with --iam: URL of the AKS cluster's OIDC issuer")
}

// The shapes of what the cloud calls its things, so that a slip is told before somebody runs the script.
var (
	projectID     = regexp.MustCompile(`^([a-z0-9][-a-z0-9.]*:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	projectNumber = regexp.MustCompile(`^[0-9]{6,20}$`)
	issuerURL     = regexp.MustCompile(`^https://[-a-zA-Z0-9.]+(:[0-9]+)?(/[-a-zA-Z0-9._~/]*)?$`)
)

// check says what is wrong with the flags.
func (o *iamOptions) check(flags *pflag.FlagSet) error {
	for _, name := range []string{"output", "component"} {
		if o.print && flags.Changed(name) {
			return fmt.Errorf("--iam prints a script: --%s is for objects", name)
		}
	}
	for _, flag := range []struct {
		name, value, example string
		shape                *regexp.Regexp
	}{
		{"cluster-project", o.cloud.Project, "my-gke-project", projectID},
		{"cluster-project-number", o.cloud.ProjectNumber, "123456789012", projectNumber},
		{"oidc-issuer", o.cloud.OIDCIssuer, "https://example.com/tenant/cluster/", issuerURL},
	} {
		switch {
		case !flags.Changed(flag.name):
		case !o.print:
			return fmt.Errorf("--%s is for --iam", flag.name)
		case !flag.shape.MatchString(flag.value):
			return fmt.Errorf("--%s %q: it looks like %s", flag.name, flag.value, flag.example)
		}
	}
	return nil
}

// render is a script: it may be run again.
func (o *iamOptions) render(environments []*v1alpha1.AppEnvironment) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("#!/usr/bin/env bash\nset -euo pipefail\n")
	for _, env := range environments {
		bindings, err := render.Bindings(env, o.cloud)
		if err != nil {
			return nil, fmt.Errorf("AppEnvironment %s: %w", env.Name, err)
		}
		fmt.Fprintf(&out, "\n# AppEnvironment %s\n", env.Name)
		for _, binding := range bindings {
			fmt.Fprintf(&out, "# %s\n%s\n", binding.Why, binding.Command)
		}
		if len(bindings) == 0 {
			out.WriteString("# It needs none.\n")
		}
	}
	return out.Bytes(), nil
}
