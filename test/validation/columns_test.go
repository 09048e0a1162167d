package validation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// TestColumns asks the server for the table that kubectl prints.
func TestColumns(t *testing.T) {
	object := example(t, set("metadata.name", "columns"))
	if err := create(t.Context(), object, false); err != nil {
		t.Fatal(err)
	}
	status := parse(`
observedGeneration: 1
conditions:
- {type: SecretsReady, status: "True", reason: Ready, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
- {type: Ready, status: "False", reason: Progressing, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
blockedOn: "ExternalSecret hoge-namespace/app1-env: key not found"
appsReady: 1/2
secretsReady: 0/1
certificatesReady: 1/1
revision: 3f2c1ab
certificateExpires: "2036-01-01T00:00:00Z"`)
	if err := unstructured.SetNestedField(object.Object, status, "status"); err != nil {
		t.Fatal(err)
	}
	if err := api.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t, "columns")
	type column struct {
		Name     string
		Priority int32
		Cell     any
	}
	var got []column
	for i, definition := range table.ColumnDefinitions {
		got = append(got, column{definition.Name, definition.Priority, table.Rows[0].Cells[i]})
	}
	age := got[6].Cell
	want := []column{
		{"Name", 0, "columns"}, {"Ready", 0, "False"}, {"Apps", 0, "1/2"}, {"Secrets", 0, "0/1"}, {"Certs", 0, "1/1"},
		{"Blocked On", 0, "ExternalSecret hoge-namespace/app1-env: key not found"}, {"Age", 0, age},
		{"Namespace", 1, "hoge-namespace"}, {"Revision", 1, "3f2c1ab"}, {"Cert Expires", 1, "2036-01-01T00:00:00Z"}, {"Mode", 1, "Enforce"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func tableOf(t *testing.T, name string) *metav1.Table {
	t.Helper()
	own := rest.CopyConfig(config)
	own.APIPath = "/apis"
	own.GroupVersion = &v1alpha1.GroupVersion
	own.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	server, err := rest.RESTClientFor(own)
	if err != nil {
		t.Fatal(err)
	}
	var table metav1.Table
	request := server.Get().Resource("appenvironments").Name(name).SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	if err := request.Do(t.Context()).Into(&table); err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 1 {
		t.Fatalf("the table has %d rows, want 1", len(table.Rows))
	}
	return &table
}
