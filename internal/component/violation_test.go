package component

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func TestViolations(t *testing.T) {
	pointer := func(text string) *string { return &text }
	tests := map[string]struct {
		change func(*Input)
		want   []string // component, key, reason, flag
	}{
		"empty lists allow everything": {},
		"patterns that match allow": {change: func(in *Input) {
			in.Settings.AllowedRepositories = []string{"https://github.com/example/*"}
			in.Settings.AllowedNamespaces = []string{"other", "hoge-*"}
			in.Settings.AllowedGoogleServiceAccounts = []string{"*@my-project.iam.gserviceaccount.com"}
		}},
		"two stars allow everything": {change: func(in *Input) {
			in.Settings.AllowedRepositories = []string{"**"}
			in.Settings.AllowedNamespaces = []string{"**"}
		}},
		"a star stops at a slash": {
			change: func(in *Input) { in.Settings.AllowedRepositories = []string{"https://github.com/*"} },
			want:   []string{"project: AppProject argocd/hoge-namespace-dev NotAllowed --allowed-repositories"},
		},
		"an unreadable pattern allows nothing": {
			change: func(in *Input) { in.Settings.AllowedNamespaces = []string{"[hoge"} },
			want:   []string{"namespaces: Namespace hoge-namespace NotAllowed --allowed-namespaces"},
		},
		"the repository of a single app counts": {
			change: func(in *Input) {
				in.Settings.AllowedRepositories = []string{"https://github.com/example/*"}
				in.Env.Spec.Apps[1].RepoURL = pointer("https://github.com/evil/hoge")
			},
			want: []string{"project: AppProject argocd/hoge-namespace-dev NotAllowed --allowed-repositories"},
		},
		"a Google service account of another project": {
			change: func(in *Input) {
				in.Settings.AllowedGoogleServiceAccounts = []string{"*@other.iam.gserviceaccount.com"}
			},
			want: []string{"namespaces: ServiceAccount hoge-namespace/app1 NotAllowed --allowed-google-service-accounts"},
		},
		"a service account without an identity is nobody's business": {change: func(in *Input) {
			in.Settings.AllowedGoogleServiceAccounts = []string{"none"}
			in.Env.Spec.Namespaces[0].ServiceAccounts[0].GCPServiceAccount = nil
		}},
		"a ClusterSecretStore that is not listed": {
			change: func(in *Input) {
				in.Settings.AllowedClusterSecretStores = []string{"shared"}
				in.Env.Spec.Secrets.Store = v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: "root"}}
			},
			want: []string{"secrets: ClusterSecretStore root NotAllowed --allowed-cluster-secret-stores"},
		},
		"a SecretStore of the namespace is not limited": {change: func(in *Input) {
			in.Settings.AllowedClusterSecretStores = []string{"shared"}
			in.Env.Spec.Secrets.Store = v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "SecretStore", Name: "root"}}
		}},
		"a reserved namespace, though it is allowed": {
			change: func(in *Input) {
				in.Settings.AllowedNamespaces = []string{"**"}
				in.Settings.ReservedNamespaces = []string{"hoge-*"}
			},
			want: []string{"namespaces: Namespace hoge-namespace NamespaceReserved --reserved-namespaces"},
		},
		"Argo CD's own namespace": {
			change: func(in *Input) { in.Settings.ArgoCDNamespace = "hoge-namespace" },
			want:   []string{"namespaces: Namespace hoge-namespace NamespaceReserved --argocd-namespace"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := exampleInput(t)
			if test.change != nil {
				test.change(&in)
			}
			var got []string
			for i, violation := range Violations(in) {
				line := violation.Component + ": " + violation.Key.String() + " " + violation.Reason
				if i < len(test.want) {
					_, flag, _ := strings.Cut(test.want[i], "--")
					if strings.Contains(violation.Message, "--"+flag) {
						line += " --" + flag
					}
				}
				got = append(got, line)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	in := exampleInput(t)
	in.Env.Spec.DNS.Records = append(in.Env.Spec.DNS.Records,
		v1alpha1.DNSRecord{Name: "Dev.Hoge.example.com", Type: v1alpha1.RecordTypeAAAA})
	want := []Claim{
		"application/app1-dev", "application/db-migration-dev", "applicationset/hoge-namespace-dev-application-set",
		"dns/dev.hoge.example.com", "namespace/hoge-namespace", "project/hoge-namespace-dev",
	}
	if diff := gocmp.Diff(want, Claims(in.Env)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.Env.Spec.ArgoCD, in.Env.Spec.DNS = nil, nil
	want = []Claim{
		"application/hoge-app1-dev", "application/hoge-db-migration-dev", "applicationset/hoge-dev",
		"namespace/hoge-namespace", "project/hoge-dev",
	}
	if diff := gocmp.Diff(want, Claims(in.Env)); diff != "" {
		t.Errorf("with default names (-want +got):\n%s", diff)
	}
	if claim := NewClaim(ClaimDNS, "a/b"); claim.Kind() != ClaimDNS || claim.Name() != "a/b" {
		t.Errorf("%s is %s of %s", claim, claim.Kind(), claim.Name())
	}
}
