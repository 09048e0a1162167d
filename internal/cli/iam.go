package cli

import (
	"bytes"
	"fmt"

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
