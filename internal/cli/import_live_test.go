package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What nobody can import is said before anything else that is wrong with it.
func TestImportSaysFirstWhetherThereIsSomethingToImport(t *testing.T) {
	const mine = `"labels":{"platform.appenv.dev/environment":"hoge-qa"}`
	objects := map[string]string{
		"/api/v1/namespaces/hoge-qa":                                   `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"hoge-qa",` + mine + `}}`,
		"/api/v1/namespaces/orphan":                                    `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"orphan","labels":{"platform.appenv.dev/environment":"gone"}}}`,
		"/api/v1/namespaces/empty":                                     `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"empty"}}`,
		"/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets": `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSetList","items":[{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSet","metadata":{"name":"qa","namespace":"argocd",` + mine + `}}]}`,
		"/apis/platform.appenv.dev/v1alpha1/appenvironments/hoge-qa":   `{"apiVersion":"platform.appenv.dev/v1alpha1","kind":"AppEnvironment","metadata":{"name":"hoge-qa"}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text, found := objects[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNotFound)
			text = `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"NotFound","code":404}`
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	const has = "belongs to AppEnvironment hoge-qa already, which says what import would: kubectl get appenv hoge-qa -o yaml\n"
	for line, want := range map[string]string{
		"import ns nope":                   "there is no namespace nope\n",
		"import ns nope --check":           "there is no namespace nope\n",
		"import ns hoge-qa --check":        "namespace hoge-qa " + has,
		"import applicationset qa --check": "applicationset qa " + has,
		"import ns empty --check":          "no Application in namespace argocd deploys into namespace empty; ",
		"import ns orphan --check":         "no Application in namespace argocd deploys into namespace orphan; ",
	} {
		code, out, failures := runWith(t.Context(), t, append(strings.Fields(line), "--server", server.URL)...)
		wantCode := 1
		if strings.HasSuffix(line, "--check") {
			wantCode = cannotCompare
		}
		if code != wantCode || out != "" || !strings.HasPrefix(failures, "error: "+want) {
			t.Errorf("%s: got %d, %q, %q, want %d and %q", line, code, out, failures, wantCode, want)
		}
	}
}
