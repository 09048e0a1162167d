package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends a request with the token and returns the status and the result.
func ask(t *testing.T, z *zone, method, path, body string) (int, json.RawMessage) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer secret")
	recorder := httptest.NewRecorder()
	z.handler().ServeHTTP(recorder, request)
	var envelope struct{ Result json.RawMessage }
	if err := json.Unmarshal(recorder.Body.Bytes(), &envelope); err != nil {
		t.Fatalf("%s %s answers %s", method, path, recorder.Body)
	}
	return recorder.Code, envelope.Result
}

const records = "/client/v4/zones/" + zoneID + "/dns_records"

func TestABatchIsAllOrNothing(t *testing.T) {
	z := newZone("example.com", "secret")
	post := `{"posts":[{"name":"a.example.com","type":"A","content":"192.0.2.1","ttl":300,"proxied":true}]}`
	if code, _ := ask(t, z, http.MethodPost, records+"/batch", post); code != http.StatusOK {
		t.Fatalf("creating answers %d", code)
	}
	for name, batch := range map[string]string{
		"an identical record":                           post,
		"a record of another zone":                      `{"posts":[{"name":"a.example.org","type":"A","content":"192.0.2.1"}]}`,
		"a proxied TXT record":                          `{"posts":[{"name":"t.example.com","type":"TXT","content":"x","proxied":true}]}`,
		"a deletion, then a record that does not exist": `{"deletes":[{"id":"record-1"}],"puts":[{"id":"record-9","name":"b.example.com","type":"A"}]}`,
	} {
		if code, _ := ask(t, z, http.MethodPost, records+"/batch", batch); code != http.StatusBadRequest {
			t.Errorf("%s: answers %d, want 400", name, code)
		}
	}
	if len(z.records) != 1 || len(z.calls) != 1 {
		t.Errorf("%d records and %d calls, want what the first batch did alone", len(z.records), len(z.calls))
	}
	change := `{"puts":[{"id":"record-1","name":"a.example.com","type":"A","content":"192.0.2.2"}]}`
	if code, _ := ask(t, z, http.MethodPost, records+"/batch", change); code != http.StatusOK {
		t.Errorf("changing answers %d", code)
	}
	_, listed := ask(t, z, http.MethodGet, records, "")
	if !strings.Contains(string(listed), `"content":"192.0.2.2"`) || strings.Contains(string(listed), "192.0.2.1") {
		t.Errorf("listed: %s", listed)
	}
	if _, second := ask(t, z, http.MethodGet, records+"?page=2", ""); string(second) != "[]" {
		t.Errorf("a second page holds %s", second)
	}
}

func TestNobodyGetsInWithoutTheToken(t *testing.T) {
	z := newZone("example.com", "other")
	if code, _ := ask(t, z, http.MethodGet, "/client/v4/zones", ""); code != http.StatusForbidden {
		t.Errorf("answers %d, want 403", code)
	}
}
