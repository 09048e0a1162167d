package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/cli"
	"github.com/appenv/appenv-operator/test/fixture"
)

// plugin runs a command line of the kubectl plugin as the administrator, with what stands on standard input.
func plugin(t *testing.T, in string, arguments ...string) (code int, out, failures string) {
	t.Helper()
	return pluginAs(t, plane.Admin(), in, arguments...)
}

func pluginAs(t *testing.T, config *rest.Config, in string, arguments ...string) (code int, out, failures string) {
	t.Helper()
	kubeconfig := kubeconfigOf(t, config)
	var o, f bytes.Buffer
	line := append(arguments, "--kubeconfig", kubeconfig)
	code = cli.Run(context.WithoutCancel(t.Context()), line, cli.Streams{In: strings.NewReader(in), Out: &o, Err: &f})
	return code, o.String(), f.String()
}

// kubeconfigOf writes a kubeconfig for a connection, and takes it away when the test ends.
func kubeconfigOf(t *testing.T, config *rest.Config) string {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	access := clientcmdapi.NewConfig()
	access.Clusters["plane"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	access.AuthInfos["user"] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Impersonate: config.Impersonate.UserName, ImpersonateGroups: config.Impersonate.Groups}
	access.Contexts["plane"] = &clientcmdapi.Context{Cluster: "plane", AuthInfo: "user"}
	access.CurrentContext = "plane"
	if err := clientcmd.WriteToFile(*access, kubeconfig); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

// pluginSays fails unless a command ends with the code and prints all of the texts.
func pluginSays(t *testing.T, code int, texts []string, arguments ...string) {
	t.Helper()
	got, out, failures := plugin(t, "", arguments...)
	for _, text := range texts {
		if !strings.Contains(out+failures, text) {
			t.Errorf("%s does not say %q", strings.Join(arguments, " "), text)
		}
	}
	if got != code || t.Failed() {
		t.Errorf("%s ended with %d, want %d:\n%s%s", strings.Join(arguments, " "), got, code, out, failures)
	}
}

// Everything that a team has made by hand is listed with what would change, given away by one command, and then taken over.
func TestThePluginGivesAwayWhatIsSafeToTakeOver(t *testing.T) {
	t.Parallel()
	const name = "plugged"
	before := makeByHand(t, name, nil)
	plane.Run(t, twoApps(name))
	plane.WaitFor(t, name, taken)
	pluginSays(t, 0, []string{
		"yes Namespace it-plugged: it stays as it is\n",
		"yes AppProject argocd/plugged: the operator changes spec.namespaceResourceBlacklist\n",
		"yes ApplicationSet argocd/plugged: the operator changes metadata.finalizers, spec.generators",
		"kubectl appenv adopt plugged --yes takes over what is safe, 3 of 3",
	}, "adopt", name)
	checkUnchanged(t, before.uids)
	pluginSays(t, 0, []string{"ApplicationSet argocd/plugged: given to plugged\n"}, "adopt", name, "--yes")
	plane.WaitReady(t, name)
	checkUnchanged(t, before.uids)
	pluginSays(t, 0, []string{"plugged: there is nothing to take over\n"}, "adopt", name, "--yes")
}

// What is not safe is listed with the reason, and left alone.
func TestThePluginLeavesAloneWhatIsNotSafeToTakeOver(t *testing.T) {
	t.Parallel()
	const name = "unplugged"
	makeByHand(t, name, func(set *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(set.Object, "another", "spec", "template", "spec", "source", "targetRevision"); err != nil {
			t.Fatal(err)
		}
	})
	env := twoApps(name)
	env.Spec.Secrets = fixture.FakeSecrets(name, "env")
	plane.CreateForeign(t, fixture.Foreign(fixture.ExternalSecretGVK, inside(name, "env"), map[string]any{
		"secretStoreRef": map[string]any{"name": "theirs", "kind": "SecretStore"},
		"target":         map[string]any{"name": "app-secrets"},
		"dataFrom":       []any{map[string]any{"extract": map[string]any{"key": "x"}}},
	}))
	plane.Run(t, env)
	plane.WaitFor(t, name, taken)
	pluginSays(t, 1, []string{
		"no  ApplicationSet argocd/unplugged: Application unplugged-web-dev has targetRevision \"another\"",
		"no  ExternalSecret it-unplugged/env: it makes Secret app-secrets and would make env: External Secrets deletes the first; set secretName: app-secrets",
		"yes Namespace it-unplugged",
	}, "adopt", name)
	pluginSays(t, 1, []string{"Namespace it-unplugged: given to unplugged"}, "adopt", name, "--yes")
	for _, left := range []child{{fixture.ApplicationSetGVK, argocd(name)}, {fixture.ExternalSecretGVK, inside(name, "env")}} {
		if live := plane.Get(t, left.GroupVersionKind, left.ObjectKey); live.GetAnnotations()[v1alpha1.AnnotationAdoptBy] != "" {
			t.Errorf("%s %s was given away", left.Kind, left.Name)
		}
	}
}

// What an earlier environment of the name has left behind is taken back as a whole.
func TestThePluginTakesBackWhatAnEarlierEnvironmentHasLeft(t *testing.T) {
	t.Parallel()
	const name = "plugged-again"
	env := fixture.Small(name)
	left := fixture.Foreign(namespaceGVK, cluster(fixture.NamespaceOf(name)), nil)
	left.SetLabels(map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue, v1alpha1.LabelEnvironment: name})
	left.SetAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: "an-earlier-one"})
	plane.CreateForeign(t, left)
	plane.Run(t, env)
	plane.WaitFor(t, name, taken)
	pluginSays(t, 0, []string{"yes Namespace it-plugged-again"}, "adopt", name)
	pluginSays(t, 0, []string{"plugged-again: takes back what an earlier AppEnvironment of its name left behind"}, "adopt", name, "--yes")
	plane.WaitReady(t, name)
}

// A diff is empty of what is as it should be, shows what an edit changes, and ends with a code of its own for either, and
// for what it could not find out.
func TestThePluginShowsWhatAnEditChanges(t *testing.T) {
	t.Parallel()
	const name = "edited-in-a-file"
	plane.RunReady(t, fixture.Full(name))
	file := func(change func(*v1alpha1.AppEnvironment)) string {
		env := plane.Environment(t, name)
		env.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
		change(env)
		text, err := json.Marshal(env)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	same := file(func(*v1alpha1.AppEnvironment) {})
	if code, out, failures := plugin(t, same, "diff", "-f", "-"); code != 0 || out != "AppEnvironment "+name+": nothing to change\n" {
		t.Errorf("of what is as it should be: %d\n%s%s", code, out, failures)
	}
	code, out, failures := plugin(t, file(fixture.Change), "diff", "-f", "-")
	if code != 1 {
		t.Errorf("of an edit: %d\n%s%s", code, out, failures)
	}
	for _, text := range []string{
		"change ResourceQuota it-" + name + "/" + name + "\n", "\n-    pods: \"50\"\n", "\n+    pods: \"60\"\n", "create ExternalSecret it-" + name + "/more\n",
		"app cron is held back: waits for ExternalSecret it-" + name + "/more: not created yet\n", "delete RoleBinding it-" + name + "/",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("the diff does not have %q:\n%s", text, out)
		}
	}
	if strings.Contains(out, "API_KEY") {
		t.Errorf("a secret is shown:\n%s", out)
	}
	reader := plane.Admin()
	reader.Impersonate.UserName = "nobody-in-particular"
	code, out, failures = pluginAs(t, reader, same, "diff", "-f", "-")
	if code != 2 || out != "" || !strings.Contains(failures, `User "nobody-in-particular" cannot`) {
		t.Errorf("without permission: %d\n%s%s", code, out, failures)
	}
	editor := plane.Admin() // of AppEnvironments, and of nothing that they are made of
	editor.Impersonate.UserName = "edits-environments"
	permit(t, editor.Impersonate.UserName, rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"appenvironments"}, Verbs: []string{"*"}})
	code, out, failures = pluginAs(t, editor, same, "diff", "-f", "-")
	if code != 2 || out != "" || !strings.Contains(failures, `User "edits-environments" cannot`) {
		t.Errorf("with permission for the environment only: %d\n%s%s", code, out, failures)
	}
	permit(t, editor.Impersonate.UserName, rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"get", "list"}})
	code, out, failures = pluginAs(t, editor, file(fixture.Change), "diff", "-f", "-")
	if code != 2 || out != "" || !strings.Contains(failures, `User "edits-environments" cannot patch`) {
		t.Errorf("with permission to read: %d\n%s%s", code, out, failures)
	}
}

// permit gives a user permissions in the whole cluster.
func permit(t *testing.T, user string, rule rbacv1.PolicyRule) {
	t.Helper()
	name := user + "-" + strings.Join(rule.Verbs, "-")
	name = strings.ReplaceAll(name, "*", "all")
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{rule}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	plane.Create(t, role)
	plane.Create(t, binding)
}

// The admission policies let nobody but the operator write the marks of ownership, not even by a dry run. Who may read is
// told what the operator would do all the same.
func TestThePluginTellsAPersonWhomThePoliciesBindTheSame(t *testing.T) {
	t.Parallel()
	const name = "policed-plugin"
	makeByHand(t, name, nil)
	env := twoApps(name)
	env.Spec.Namespaces[0].Limits = []v1alpha1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Default: v1alpha1.ResourceList{corev1.ResourceCPU: {Quantity: resource.MustParse("500m")}}}}
	env.Spec.Secrets = fixture.FakeSecrets(name, "env")
	for _, same := range render(t, env) { // as somebody has applied them who has read the same documentation
		if same.GetKind() == "LimitRange" || same.GetKind() == "ExternalSecret" {
			same.SetLabels(nil)
			same.SetAnnotations(nil)
			plane.CreateForeign(t, &same)
		}
	}
	plane.Run(t, env)
	plane.WaitFor(t, name, taken)
	person := plane.Admin()
	person.Impersonate.UserName = "somebody"
	person.Impersonate.Groups = []string{"system:masters"}
	_, want, _ := plugin(t, "", "adopt", name)
	code, out, failures := pluginAs(t, person, "", "adopt", name)
	if out != want {
		t.Errorf("the administrator, whom they do not bind, is told\n%s", want)
	}
	for _, text := range []string{"yes LimitRange it-policed-plugin/policed-plugin: it stays as it is\n", "yes ExternalSecret it-policed-plugin/env: it stays as it is\n", "yes Namespace it-policed-plugin", "yes AppProject argocd/policed-plugin", "yes ApplicationSet argocd/policed-plugin"} {
		if !strings.Contains(out, text) {
			t.Errorf("adopt does not say %q", text)
		}
	}
	if code != 0 || t.Failed() {
		t.Fatalf("adopt ended with %d:\n%s%s", code, out, failures)
	}
}
