package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// upgrade changes the operator itself.
var upgrade = []scenario{{name: "operator-upgraded-and-rolled-back", alone: true, run: upgradedAndRolledBack}}

// uninstall comes last: nothing else can run after it.
var uninstall = []scenario{
	{name: "uninstalled", last: true, run: uninstalled},
	{name: "installed-and-uninstalled-by-kubectl", last: true, run: byKubectl},
}

// upgradedAndRolledBack takes the operator to another release and back, by two commits of the platform
// team, while an environment runs. Nothing of the environment is written again.
func upgradedAndRolledBack(s *stage) {
	const next = "v0.2.0"
	s.note("the operator since the suite began: %s", s.consumption())
	now := s.installed.deployed.Release
	_, err := s.installed.operator.Edit(s.ctx, trunk, "The next release", map[string]func(string) string{
		"config/manager/kustomization.yaml": replaced("newTag: "+now, "newTag: "+next),
		"config/crd/bases/platform.appenv.dev_appenvironments.yaml": replaced(
			"  - additionalPrinterColumns:\n", "  - additionalPrinterColumns:\n    - jsonPath: .metadata.uid\n      name: NEXT\n      type: string\n"),
	})
	s.must(err)
	s.must(s.installed.operator.Tag(s.ctx, trunk, next))

	s.apply(s.environment("web"))
	s.ready()
	before := s.writes()
	const backoff = "      backoff: {duration: 5s, factor: 2, maxDuration: 3m}\n"
	_, err = s.installed.platform.Edit(s.ctx, trunk, "Upgrade", map[string]func(string) string{
		"appenv/operator.yaml": func(content string) string {
			return replaced("targetRevision: "+now, "targetRevision: "+next)(replaced(backoff, "")(content))
		},
	})
	s.must(err)
	s.release(next, true)
	if live := s.get(applications, argoNamespace, operatorApp); has(live, "spec", "syncPolicy", "retry", "backoff") || !has(live, "spec", "syncPolicy", "retry", "limit") {
		s.Errorf("what left Git is still there, or more is gone: %v", live.Object["spec"])
	}
	s.notWrittenSince(before, "the upgrade")
	s.change(func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "worker"})
	})
	s.runs("worker", "worker:v1")

	before = s.writes()
	_, err = s.installed.platform.Revert(s.ctx, trunk)
	s.must(err)
	s.release(now, false)
	s.notWrittenSince(before, "going back")
}

// has says whether an object has a field.
func has(object *unstructured.Unstructured, path ...string) bool {
	_, found, err := unstructured.NestedFieldNoCopy(object.Object, path...)
	return found && err == nil
}

// release waits until Argo CD has installed a release, and runs it. Its CRD has the next release's column, or
// has not.
func (s *stage) release(release string, next bool) {
	s.Helper()
	again := s.installed.noticing(selfApp, operatorApp)
	s.until(func() string {
		s.must(again(s.ctx))
		deployed, err := s.stack.Deployed(s.ctx)
		s.must(err)
		if deployed.Release != release {
			return fmt.Sprintf("the Deployment to be of %s; it is of %s", release, deployed.Release)
		}
		crd := s.get(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}, "", "appenvironments.platform.appenv.dev")
		if text, _ := json.Marshal(crd.Object["spec"]); strings.Contains(string(text), `"NEXT"`) != next {
			return fmt.Sprintf("the CRD of %s", release)
		}
		waitingFor, err := s.installed.settled(s.ctx, selfApp, operatorApp)
		s.must(err)
		return waitingFor
	})
	s.must(s.installed.run(s.ctx, progress.Quiet()))
	log, err := os.ReadFile(s.stack.Site.Dir.Log("operator"))
	s.must(err)
	if !strings.Contains(fromLast(string(log), `"message":"Starting"`), release) {
		s.Errorf("the operator that runs does not say that it is %s", release)
	}
	s.note("%s: Application %s is Synced and Healthy, the operator runs", release, operatorApp)
	s.ready()
}

// consumption is what the operator's process has used: what its Deployment requests comes from such figures.
func (s *stage) consumption() string {
	s.Helper()
	record, alive := s.stack.Launcher.Table.Find(component.Operator)
	if !alive {
		s.Fatal("the operator does not run")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", record.PID))
	s.must(err)
	var highest string
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			highest = strings.TrimSpace(value)
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", record.PID))
	s.must(err)
	ticks := strings.Fields(fromLast(string(stat), ")"))
	return fmt.Sprintf("at most %s resident; user and system time %s and %s hundredths of a second", highest, ticks[12], ticks[13])
}

// fromLast is a text from the last occurrence of a word on; empty when it has none.
func fromLast(text, word string) string {
	i := strings.LastIndex(text, word)
	if i < 0 {
		return ""
	}
	return text[i:]
}

// writes are the operator's last writes of what the environment has on record.
func (s *stage) writes() map[string]string {
	s.Helper()
	found := map[string]string{}
	for _, child := range s.read().Status.Children {
		group, err := schema.ParseGroupVersion(child.APIVersion)
		s.must(err)
		object := s.get(group.WithKind(child.Kind), child.Namespace, child.Name)
		if object == nil {
			s.Fatalf("%s %s/%s is gone", child.Kind, child.Namespace, child.Name)
		}
		found[strings.Join([]string{child.Kind, child.Namespace, child.Name}, " ")] = s.lastWrite(object)
	}
	if len(found) < 3 {
		s.Fatalf("it has hardly anything on record: %v", found)
	}
	return found
}

// lastWrite is which object it is, and when the operator wrote it.
func (s *stage) lastWrite(object *unstructured.Unstructured) string {
	s.Helper()
	for _, field := range object.GetManagedFields() {
		if field.Manager == "appenv-operator" && field.Subresource == "" {
			return string(object.GetUID()) + " " + field.Time.String()
		}
	}
	s.Fatalf("the operator owns nothing of %s %s", object.GetKind(), object.GetName())
	return ""
}

// notWrittenSince fails when anything was written in a few seconds after a release began to run.
func (s *stage) notWrittenSince(before map[string]string, after string) {
	s.Helper()
	s.never(5*time.Second, func() string {
		for key, version := range s.writes() {
			if old, known := before[key]; known && old != version {
				return fmt.Sprintf("%s wrote %s: %s, then %s", after, key, old, version)
			}
		}
		return ""
	})
}

// uninstalled follows README's "Uninstalling", with an environment that runs and is protected, and looks for
// what is left.
func uninstalled(s *stage) {
	env := s.environment("web")
	env.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	env.Spec.Protection = v1alpha1.ProtectionConfirm
	manifest, err := json.Marshal(env)
	s.must(err)
	s.commit("an environment", map[string]func(string) string{"environments/" + s.name + ".json": text(string(manifest))})
	s.arrives()
	s.ready()
	s.remember()

	followed := make(chan error, 1)
	go func() {
		_, err := s.installed.follow(s.ctx, "uninstall")
		followed <- err
	}()
	confirmed, stopped := false, false
	s.until(func() string {
		select {
		case err := <-followed:
			s.must(err)
			return ""
		default:
		}
		confirmed = confirmed || s.confirmsAsTold()
		if !stopped && s.operatorUndeployed() {
			s.must(s.installed.stopOperator()) // as the kubelet would
			stopped = true
		}
		return fmt.Sprintf("the commands of README to end; confirmed %v, the operator stopped %v", confirmed, stopped)
	})
	if !confirmed {
		s.Error("a protected environment was deleted without its confirmation")
	}
	if !stopped {
		s.must(s.installed.stopOperator())
	}
	s.nothingLeft()
	s.nothingOf("config/default")
	s.nothingOf("config/argocd/platform/appenv")
	for _, kind := range []schema.GroupVersionKind{applications, projects} {
		if s.get(kind, argoNamespace, selfApp) != nil {
			s.Errorf("%s %s is left", kind.Kind, selfApp)
		}
	}
	if s.get(namespaces, "", argoNamespace) == nil {
		s.Error("Argo CD's namespace is gone")
	}
}

// byKubectl follows what README says for those who do not let Argo CD install the operator.
func byKubectl(s *stage) {
	if !s.operatorUndeployed() { // run by itself
		_, err := s.installed.follow(s.ctx, "uninstall")
		s.must(err)
		s.must(s.installed.stopOperator())
	}
	_, err := s.installed.follow(s.ctx, "install-by-kubectl")
	s.must(err)
	s.until(func() string {
		waitingFor, err := s.stack.Cluster.Established(s.ctx)
		s.must(err)
		return waitingFor
	})
	s.must(s.installed.run(s.ctx, progress.Quiet()))
	s.apply(s.environment("web"))
	s.ready()
	s.remember()
	_, err = s.installed.follow(s.ctx, "uninstall-by-kubectl")
	s.must(err)
	s.must(s.installed.stopOperator())
	s.nothingLeft()
	s.nothingOf("config/default")
}

// confirmsAsTold confirms the deletion of the environment by the command that the Application's condition
// has, once it has it.
func (s *stage) confirmsAsTold() bool {
	s.Helper()
	app := s.get(applications, argoNamespace, environmentsApp)
	if app == nil {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(app.Object, "status", "conditions")
	for _, condition := range conditions {
		message, _, _ := unstructured.NestedString(condition.(map[string]any), "message")
		_, after, found := strings.Cut(message, "run kubectl ")
		command, _, complete := strings.Cut(after, " and delete it again")
		if found && complete {
			_, err := s.stack.Cluster.Kubectl(s.ctx, "", strings.Fields(command)...)
			s.must(err)
			s.note("confirmed as Argo CD says: kubectl %s", command)
			return true
		}
	}
	return false
}

// operatorUndeployed says whether the operator's Deployment is gone.
func (s *stage) operatorUndeployed() bool {
	s.Helper()
	return s.get(deployments, cluster.OperatorNamespace, cluster.OperatorServiceAccount) == nil
}

// nothingOf fails when anything is left of what a kustomization consists of.
func (s *stage) nothingOf(folder string) {
	s.Helper()
	manifests, err := s.stack.Cluster.Kustomize(context.WithoutCancel(s.ctx), filepath.FromSlash(folder))
	s.must(err)
	objects, err := cluster.Decode(manifests)
	s.must(err)
	for _, object := range objects {
		if s.get(object.GroupVersionKind(), object.GetNamespace(), object.GetName()) != nil {
			s.Errorf("%s: %s %s is left", folder, object.GetKind(), object.GetName())
		}
	}
}
