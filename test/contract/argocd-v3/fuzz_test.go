package contract

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/test/contract/golden"
)

// elementFields are where the values of an element stand in the Application that it becomes.
var elementFields = map[string]func(app *v1alpha1.Application, text string){
	"application":    func(app *v1alpha1.Application, text string) { app.Name = text },
	"repoURL":        func(app *v1alpha1.Application, text string) { app.Spec.Source.RepoURL = text },
	"targetRevision": func(app *v1alpha1.Application, text string) { app.Spec.Source.TargetRevision = text },
	"path":           func(app *v1alpha1.Application, text string) { app.Spec.Source.Path = text },
	"namespace":      func(app *v1alpha1.Application, text string) { app.Spec.Destination.Namespace = text },
	"name":           func(*v1alpha1.Application, string) {},
	"images": func(app *v1alpha1.Application, text string) {
		app.Spec.Source.Kustomize = nil
		if text != "" {
			app.Spec.Source.Kustomize = &v1alpha1.ApplicationSourceKustomize{}
			for image := range strings.SplitSeq(text, ",") {
				app.Spec.Source.Kustomize.Images = append(app.Spec.Source.Kustomize.Images, v1alpha1.KustomizeImage(image))
			}
		}
	},
}

// FuzzElementsArriveVerbatim: whatever stands in an element of the list, Argo CD puts it into its one place in the
// Application, and nothing else changes. It is never a template, nor part of one.
func FuzzElementsArriveVerbatim(f *testing.F) {
	sets := golden.Objects(f, "ApplicationSet")
	for i, text := range []string{
		"{{.name}}", `{{ "{{" }}`, "{{", "}}", "a\nb", "a: b", "- a", `"`, `\`, `","x":"`, "'", "#", "\x00", "\u2028", "\u202e", "\U0001f600", "", " ", "null", "true", "1e3", "<&>", "a,b", ",", "a=b:c", "$(id)", "%s", "{app}", "*", "&a", "!!int 1", "~",
	} {
		key := byte(0)
		for range elementFields {
			f.Add(uint16(i), key, text)
			key++
		}
	}
	keys := make([]string, 0, len(elementFields))
	for key := range elementFields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	f.Fuzz(func(t *testing.T, number uint16, choice byte, text string) {
		text = strings.ToValidUTF8(text, "\ufffd") // as it is read from JSON
		set, key := sets[int(number)%len(sets)], keys[int(choice)%len(keys)]
		var object struct {
			Spec struct {
				TemplatePatch string `json:"templatePatch"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(set.JSON, &object); err != nil {
			t.Fatal(err)
		}
		if key == "images" && object.Spec.TemplatePatch == "" {
			return // the operator adds the patch with the first image
		}
		want := expand(t, set)
		for i := range want {
			elementFields[key](&want[i], text)
		}
		got := expand(t, golden.Object{File: set.File, JSON: withElements(t, set.JSON, key, text)})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q (-with that text +got):\n%s", key, text, diff)
		}
	})
}

// withElements is the ApplicationSet with the text in every element of its list.
func withElements(t *testing.T, set []byte, key, text string) []byte {
	t.Helper()
	object := map[string]any{}
	if err := json.Unmarshal(set, &object); err != nil {
		t.Fatal(err)
	}
	generators := object["spec"].(map[string]any)["generators"].([]any)
	for _, element := range generators[0].(map[string]any)["list"].(map[string]any)["elements"].([]any) {
		element.(map[string]any)[key] = text
	}
	changed, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}
