package apply

import (
	"context"
	"errors"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A versioned keeper takes writes to the present version only, as the API server does when they name one.
type versioned struct {
	keeper
	written []string // the versions that were written to
}

func (v *versioned) Apply(_ context.Context, obj runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	u := &unstructured.Unstructured{}
	if err := convertTo(obj, u); err != nil {
		return err
	}
	return v.write("apply", u.GetResourceVersion())
}

func (v *versioned) Delete(_ context.Context, _ client.Object, options ...client.DeleteOption) error {
	applied := (&client.DeleteOptions{}).ApplyOptions(options)
	return v.write("delete", *applied.Preconditions.ResourceVersion)
}

func (v *versioned) write(verb, version string) error {
	v.asked = append(v.asked, verb)
	if version != v.live.GetResourceVersion() {
		return apierrors.NewConflict(schema.GroupResource{}, "a", nil)
	}
	v.written = append(v.written, version)
	return nil
}

func convertTo(obj runtime.ApplyConfiguration, u *unstructured.Unstructured) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	u.Object = content
	return err
}

func TestWritesAreBoundToTheObjectThatWasJudged(t *testing.T) {
	labelled := posted("1", "8")
	labelled.SetLabels(map[string]string{"environment": "another"})
	released := posted("1", "8")
	released.SetAnnotations(map[string]string{"adopt-by": "a"})
	annotated := posted("1", "8")
	annotated.SetAnnotations(map[string]string{"refresh": "true"})
	for name, c := range map[string]struct {
		live    *unstructured.Unstructured
		written []string
	}{
		"it is as it was":             {posted("1", "7"), []string{"7"}},
		"its status has changed":      {posted("1", "8"), []string{"8"}},
		"somebody has annotated it":   {annotated, []string{"8"}},
		"it is another's by now":      {labelled, nil},
		"it was released":             {released, nil},
		"another object has its name": {posted("2", "8"), nil},
	} {
		for verb, write := range map[string]func(*Applier, *unstructured.Unstructured) error{
			"apply": func(a *Applier, cached *unstructured.Unstructured) error {
				intent := posted("", "")
				intent.SetManagedFields(nil)
				intent.SetLabels(map[string]string{"b": "c"})
				_, err := a.Apply(t.Context(), intent, cached)
				return err
			},
			"delete": func(a *Applier, cached *unstructured.Unstructured) error {
				return a.Delete(t.Context(), cached, metav1.DeletePropagationBackground)
			},
		} {
			t.Run(verb+", "+name, func(t *testing.T) {
				v := &versioned{keeper: keeper{live: c.live}}
				cached := posted("1", "7")
				cached.SetManagedFields(nil)
				err := write(New(v, v, "us", "environment", "adopt-by"), cached)
				if !slices.Equal(v.written, c.written) || (err == nil) != (len(c.written) > 0) || err != nil && !IsOutrun(err) {
					t.Errorf("written to versions %v, want %v: %v", v.written, c.written, err)
				}
			})
		}
	}
}

func TestNoWriteThatItsGuardRefusesIsSent(t *testing.T) {
	refusal := errors.New("no")
	ctx := Guarded(t.Context(), func(context.Context) error { return refusal })
	v := &versioned{keeper: keeper{live: posted("1", "7")}}
	a := New(v, v, "us")
	for verb, write := range map[string]func() error{
		"create":   func() error { _, err := a.Create(ctx, posted("", "")); return err },
		"apply":    func() error { _, err := a.Apply(ctx, posted("", ""), v.live); return err },
		"delete":   func() error { return a.Delete(ctx, v.live, metav1.DeletePropagationBackground) },
		"patch":    func() error { return a.PatchJSON(ctx, v.live, nil) },
		"release":  func() error { return a.Release(ctx, v.live, Release{}) },
		"takeover": func() error { return a.TakeOver(ctx, withLabel(posted("", "")), foreignWithLabel()) },
	} {
		if err := write(); !errors.Is(err, refusal) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if len(v.asked) > 0 {
		t.Errorf("it asks %v", v.asked)
	}
}

func withLabel(u *unstructured.Unstructured) *unstructured.Unstructured {
	u.SetManagedFields(nil)
	u.SetLabels(map[string]string{"b": "c"})
	return u
}

func foreignWithLabel() *unstructured.Unstructured {
	u := posted("1", "7")
	entries := u.GetManagedFields()
	entries[0].Manager = "them"
	u.SetManagedFields(entries)
	return u
}
