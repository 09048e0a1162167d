package validation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	gocmp "github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	judge "github.com/appenv/appenv-operator/internal/crd"
)

// A witness judges offline whatever is sent to the API server, and notes where the two disagree: in whether an object is
// accepted, or in a single error of one that is not.
type witness struct {
	client.Client
	kind *judge.Kind

	mu            sync.Mutex
	heard         int
	refused       int
	disagreements []string
}

func (w *witness) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	fields := plain(object)
	err := w.Client.Create(ctx, object, options...)
	w.compare(w.kind.Create(ctx, fields), err, isLenient(options))
	return err
}

func (w *witness) Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error {
	old := &unstructured.Unstructured{}
	old.SetGroupVersionKind(w.kind.GroupVersionKind)
	if err := w.Get(ctx, client.ObjectKeyFromObject(object), old); err != nil {
		return fmt.Errorf("reading what is updated: %w", err)
	}
	fields := plain(object)
	err := w.Client.Update(ctx, object, options...)
	w.compare(w.kind.Update(ctx, fields, old.Object), err, false)
	return err
}

func isLenient(options []client.CreateOption) bool {
	applied := client.CreateOptions{}
	applied.ApplyOptions(options)
	return applied.FieldValidation == metav1.FieldValidationIgnore
}

// plain is a copy of the object as it is sent.
func plain(object client.Object) map[string]any {
	if u, ok := object.(*unstructured.Unstructured); ok {
		return u.DeepCopy().Object
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(err)
	}
	return fields
}

func (w *witness) compare(verdict judge.Verdict, err error, lenient bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard++
	if err != nil {
		w.refused++
	}
	if difference := disagreement(verdict, err, lenient); difference != "" {
		w.disagreements = append(w.disagreements, difference)
	}
}

// disagreement is how the verdict differs from the server's answer; empty when it does not.
func disagreement(verdict judge.Verdict, err error, lenient bool) string {
	if len(verdict.Unknown) > 0 && !lenient {
		for _, path := range verdict.Unknown {
			if err == nil || !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), `unknown field "`+path+`"`) {
				return fmt.Sprintf("offline %q is an unknown field, the server says: %v", path, err)
			}
		}
		return ""
	}
	var server, offline []string
	for _, cause := range causes(err) {
		server = append(server, strings.TrimPrefix(cause.Field, "<nil>")+": "+cause.Message)
	}
	for _, problem := range verdict.Errors {
		offline = append(offline, strings.TrimPrefix(problem.Field, "<nil>")+": "+problem.ErrorBody())
	}
	slices.Sort(server)
	slices.Sort(offline)
	if err != nil && server == nil {
		return fmt.Sprintf("the server says %v, offline: %s", err, strings.Join(offline, "; "))
	}
	if difference := gocmp.Diff(server, offline); difference != "" {
		return "(-server +offline):\n" + difference
	}
	return ""
}

// verdict is an error when there was a disagreement, or nothing to disagree about.
func (w *witness) verdict() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Printf("%d objects were judged by the API server and offline, %d of them refused\n", w.heard, w.refused)
	if len(w.disagreements) > 0 {
		return fmt.Errorf("%d disagreements; the first: %s", len(w.disagreements), strings.Join(w.disagreements[:min(len(w.disagreements), 5)], "\n"))
	}
	if w.heard == 0 {
		return errors.New("nothing was compared")
	}
	return nil
}
