package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/cli"
)

func want(t *testing.T, got answer, code int, out, failure string) {
	t.Helper()
	if got.code != code || !strings.Contains(got.out, out) || !strings.Contains(got.err, failure) {
		t.Errorf("got exit code %d\n%s\n%s\nwant %d, %q and %q", got.code, got.out, got.err, code, out, failure)
	}
}

func TestModesAreSet(t *testing.T) {
	env := environment(t, "modes")
	mode := func() v1alpha1.Mode {
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(env), env); err != nil {
			t.Fatal(err)
		}
		return env.Spec.Mode
	}
	for _, step := range []struct {
		command, says string
		mode          v1alpha1.Mode
	}{
		{"resume", "mode is Enforce already", v1alpha1.ModeEnforce},
		{"pause", "mode is Paused, was Enforce", v1alpha1.ModePaused},
		{"pause", "mode is Paused already", v1alpha1.ModePaused},
		{"observe", "mode is Observe, was Paused", v1alpha1.ModeObserve},
		{"resume", "mode is Enforce, was Observe", v1alpha1.ModeEnforce},
	} {
		want(t, plugin(t.Context(), step.command, "modes"), 0, "modes: "+step.says+"\n", "")
		if got := mode(); got != step.mode && (got != "" || step.mode != v1alpha1.ModeEnforce) {
			t.Errorf("after %s the mode is %q", step.command, got)
		}
	}
	want(t, plugin(t.Context(), "pause", "nobody"), 1, "", "error: there is no AppEnvironment nobody")
	want(t, as(t.Context(), stranger, "pause", "modes"), 1, "", `User "stranger" cannot get resource "appenvironments"`)
}

func TestConfirmingIsOfWhatWaits(t *testing.T) {
	env := environment(t, "confirms")
	word := string(env.UID) + "@1"
	want(t, plugin(t.Context(), "confirm", "confirms"), 1, "", "error: the operator has not looked at the last change yet")
	report(t, env, metav1.ConditionFalse, v1alpha1.ReasonConfirmationRequired, "")
	want(t, plugin(t.Context(), "confirm", "confirms"), 0, "no removal waits for a confirmation", "")
	waits := func(words ...string) {
		t.Helper()
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(env), env); err != nil {
			t.Fatal(err)
		}
		env.Status.PendingRemovals = words
		if err := api.Status().Update(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	waits("apps/app2@1", "apps/app3@1", word)
	want(t, plugin(t.Context(), "confirm", "confirms"), 0, "deletion: waits; kubectl appenv confirm confirms deletion\n", "")
	want(t, plugin(t.Context(), "confirm", "confirms", "apps/app1"), 1, "", "apps/app1 is none of the removals that can be confirmed")
	want(t, plugin(t.Context(), "confirm", "confirms", "apps/app2"), 0, "confirms: confirmed apps/app2@1\n", "")
	waits("apps/app3@1", word) // the operator has seen it, and may be about to carry it out
	want(t, plugin(t.Context(), "confirm", "confirms", "apps/app3@1", string(env.UID)), 0, "confirms: confirmed apps/app3@1, "+word+"\n", "")
	annotated(t, env, "apps/app2@1,apps/app3@1,"+word)
}

// annotated fails unless the annotation of confirmations is that.
func annotated(t *testing.T, env *v1alpha1.AppEnvironment, want string) {
	t.Helper()
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(env), env); err != nil {
		t.Fatal(err)
	}
	if got := env.Annotations[v1alpha1.AnnotationConfirm]; got != want {
		t.Errorf("the annotation is %q, want %q", got, want)
	}
}

// Where the admission policies are installed, they refuse a deletion until it is confirmed; nothing waits before.
func TestADeletionIsConfirmedBeforeItIsAskedFor(t *testing.T) {
	env := environment(t, "protected")
	env.Spec.Protection = v1alpha1.ProtectionConfirm
	env.Annotations = map[string]string{v1alpha1.AnnotationConfirm: "apps/app1@1, apps/app2@2"}
	if err := api.Update(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	report(t, env, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	want(t, plugin(t.Context(), "confirm", "protected"), 0, "deletion: to be confirmed before it is deleted; kubectl appenv confirm protected deletion\n", "")
	want(t, plugin(t.Context(), "confirm", "protected", "deletion", "protection"), 0, "", "")
	annotated(t, env, "apps/app2@2,"+string(env.UID)+"@2,protection@3")
}

func TestStatusOfOneAndOfAll(t *testing.T) {
	env := environment(t, "shown")
	want(t, plugin(t.Context(), "status", "shown"), 0, ".. AppEnvironment shown: the operator has not looked at it yet\n", "")
	report(t, env, metav1.ConditionFalse, v1alpha1.ReasonNameTaken, "Namespace shown: it is somebody's")
	want(t, plugin(t.Context(), "status", "shown"), 0, "blocked on: Namespace shown: it is somebody's\n", "")
	want(t, plugin(t.Context(), "status", "-l", "test=shown"), 0, "1 environment: ", "")
	want(t, plugin(t.Context(), "status", "-l", "test=nobody"), 0, "no AppEnvironments\n", "")
	want(t, plugin(t.Context(), "status", "-l", "a b"), 1, "", "unable to parse requirement")
	want(t, plugin(t.Context(), "status", "nobody"), 1, "", "error: there is no AppEnvironment nobody")
	want(t, as(t.Context(), stranger, "status"), 1, "", `User "stranger" cannot list resource "appenvironments"`)
	want(t, plugin(t.Context(), "status", "-l", "test=shown", "-o", "name"), 0, "appenvironment.platform.appenv.dev/shown\n", "")
	want(t, plugin(t.Context(), "status", "-l", "test=shown", "-o", "wide"), 0, "NAMESPACE   REVISION   CERT EXPIRES   MODE", "")
	want(t, plugin(t.Context(), "status", "shown", "-o", "yaml"), 0, "kind: AppEnvironment\n", "")
	want(t, plugin(t.Context(), "status", "-o", "json"), 0, `"kind": "List"`, "")
	want(t, plugin(t.Context(), "explain", "shown"), 0, "blocked on Namespace shown: it is somebody's\n", "")
}

func TestWatchingShowsWhatChanges(t *testing.T) {
	env := environment(t, "watched")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out, failures, ended := begin(ctx, "status", "watched", "--watch")
	until(t, out, "has not looked at it yet")
	report(t, env, metav1.ConditionFalse, v1alpha1.ReasonSecretNotSynced, "ExternalSecret a/b: no")
	until(t, out, "ExternalSecret a/b: no")
	report(t, env, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	until(t, out, "ok AppEnvironment watched: Ready")
	if err := api.Delete(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 1 || !strings.Contains(failures.String(), "AppEnvironment watched is gone") {
		t.Errorf("it ended with %d: %s", code, failures.String())
	}
}

func TestWatchingEndsWhenItIsInterrupted(t *testing.T) {
	environment(t, "interrupted")
	ctx, stop := context.WithCancel(t.Context())
	out, _, ended := begin(ctx, "status", "-l", "test=interrupted", "--watch")
	until(t, out, "interrupted")
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d: %s", code, out.String())
	}
}

func TestWaitingSaysWhatItWaitsFor(t *testing.T) {
	env := environment(t, "awaited")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out, progress, ended := begin(ctx, "wait", "awaited")
	until(t, progress, "the operator has not looked at it yet")
	report(t, env, metav1.ConditionFalse, v1alpha1.ReasonSecretNotSynced, "ExternalSecret a/b: no")
	until(t, progress, "ExternalSecret a/b: no")
	report(t, env, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	if code := <-ended; code != 0 || out.String() != "awaited is ready\n" {
		t.Errorf("it ended with %d: %s", code, out.String())
	}
	want(t, plugin(t.Context(), "wait", "awaited", "--for", "deleted", "--timeout", "200ms"), 1, "", "awaited is not deleted after 200ms: nobody has deleted it")
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(env), env); err != nil {
		t.Fatal(err)
	}
	env.Status.Conditions = append(env.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionSuspended, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonPaused, LastTransitionTime: metav1.Now(),
	})
	if err := api.Status().Update(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	want(t, plugin(t.Context(), "wait", "awaited"), 1, "", "AppEnvironment awaited is not kept (Paused), so no change of it is carried out: kubectl appenv resume awaited")
	want(t, plugin(t.Context(), "wait", "nobody"), 1, "", "error: there is no AppEnvironment nobody")
	want(t, plugin(t.Context(), "wait", "nobody", "--for", "deleted"), 0, "nobody is deleted\n", "")
}

func TestWaitingForADeletion(t *testing.T) {
	env := environment(t, "removed")
	out, progress, ended := begin(t.Context(), "wait", "removed", "--for", "deleted")
	until(t, progress, "nobody has deleted it")
	if err := api.Delete(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 || out.String() != "removed is deleted\n" {
		t.Errorf("it ended with %d: %s%s", code, out.String(), progress.String())
	}
}

// begin runs a command line beside the test.
func begin(ctx context.Context, arguments ...string) (out, failures *buffer, ended chan int) {
	out, failures, ended = &buffer{}, &buffer{}, make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, append(arguments, "--kubeconfig", kubeconfig), cli.Streams{Out: out, Err: failures})
	}()
	return out, failures, ended
}

// until waits until a command has printed something.
func until(t *testing.T, out *buffer, text string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(out.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("it did not say %q within 30 s, but:\n%s", text, out.String())
		}
	}
}

// completed are the words that a shell offers, and what it shall do with them.
func completed(t *testing.T, kubeconfig string, words ...string) string {
	t.Helper()
	var out, failures buffer
	line := append([]string{"__complete", "--kubeconfig", kubeconfig}, words...)
	if code := cli.Run(t.Context(), line, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &failures}); code != 0 {
		t.Errorf("completing %v ended with %d: %s", words, code, failures.String())
	}
	return out.String()
}

func TestNamesOfEnvironmentsAreCompleted(t *testing.T) {
	environment(t, "completed-b")
	environment(t, "completed-a")
	const noFiles = ":4\n" // the shell shall not go on with names of files
	for _, command := range []string{"status", "explain", "wait", "pause", "observe", "resume", "confirm", "adopt"} {
		if got := completed(t, kubeconfig, command, "completed"); got != "completed-a\ncompleted-b\n"+noFiles {
			t.Errorf("%s completes %q", command, got)
		}
		if got := completed(t, kubeconfig, command, "completed-a", ""); got != noFiles {
			t.Errorf("%s completes a second word with %q", command, got)
		}
	}
	if got := completed(t, stranger, "status", ""); got != noFiles {
		t.Errorf("for a stranger it completes %q", got)
	}
}
