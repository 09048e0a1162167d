package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	crdbundle "github.com/appenv/appenv-operator/config/crd"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
	"github.com/appenv/appenv-operator/internal/crd"
	"github.com/appenv/appenv-operator/internal/manifest"
	"github.com/appenv/appenv-operator/internal/overlay"
)

// files are the flags that name files.
type files struct {
	names     []string
	recursive bool
}

func (f *files) bind(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.names, "filename", "f", nil, "file, folder, Kustomize folder, or - for standard input")
	flags.BoolVarP(&f.recursive, "recursive", "R", false, "read the folders below a folder, too")
}

// read reads what the flags name. Parts that are no objects are in unreadable; err is why nothing could be read.
func (f *files) read(in io.Reader) (objects []manifest.Object, unreadable []*manifest.Error, err error) {
	if len(f.names) == 0 {
		return nil, nil, errors.New("nothing to read: name files, folders or - (standard input) with -f")
	}
	objects, err = manifest.Reader{In: in, Recursive: f.recursive, Build: overlay.Build}.Read(f.names...)
	unreadable, err = manifest.Failures(err)
	return objects, unreadable, err
}

// environmentKind is the kind that the operator serves.
func environmentKind() (*crd.Kind, error) {
	kinds, err := crd.Load(crdbundle.AppEnvironments)
	if err != nil {
		return nil, err
	}
	kind := kinds[v1alpha1.GroupVersion.WithKind("AppEnvironment")]
	if kind == nil {
		return nil, fmt.Errorf("the built-in CustomResourceDefinition does not serve %s", v1alpha1.GroupVersion)
	}
	return kind, nil
}

// settings binds the flags of the operator that change what environments may ask for, and what becomes of it.
func bindSettings(flags *pflag.FlagSet, settings *component.Settings) {
	defaults := config.Default()
	settings.ArgoCDNamespace = defaults.ArgoCDNamespace
	settings.CloudflareProxiedProperty = defaults.CloudflareProxiedProperty
	flags.StringVar(&settings.ArgoCDNamespace, "argocd-namespace", defaults.ArgoCDNamespace, "namespace of Argo CD's objects, as the operator has it")
	flags.StringVar(&settings.CloudflareProxiedProperty, "cloudflare-proxied-property", defaults.CloudflareProxiedProperty, "as the operator has it")
	for _, list := range []struct {
		values *[]string
		name   string
	}{
		{&settings.AllowedRepositories, "allowed-repositories"},
		{&settings.AllowedNamespaces, "allowed-namespaces"},
		{&settings.AllowedGoogleServiceAccounts, "allowed-google-service-accounts"},
		{&settings.AllowedClusterSecretStores, "allowed-cluster-secret-stores"},
		{&settings.ReservedNamespaces, "reserved-namespaces"},
	} {
		flags.StringSliceVar(list.values, list.name, nil, "patterns, as the operator has them")
	}
}
