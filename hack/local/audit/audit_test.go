package audit

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	old    = `{"verb":"get","requestURI":"/old","requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z","user":{"username":"me"},"responseStatus":{"code":200}}`
	list   = `{"verb":"list","requestURI":"/apis","requestReceivedTimestamp":"2026-01-01T00:00:02.000000Z","user":{"username":"me"},"responseStatus":{"code":200}}`
	lease  = `{"verb":"update","requestURI":"/lease","requestReceivedTimestamp":"2026-01-01T00:00:03.000000Z","user":{"username":"me"},"objectRef":{"apiGroup":"coordination.k8s.io","resource":"leases"},"responseStatus":{"code":200}}`
	others = `{"verb":"get","requestURI":"/theirs","requestReceivedTimestamp":"2026-01-01T00:00:04.000000Z","user":{"username":"you"},"responseStatus":{"code":200}}`
	torn   = `{"verb":"get","requestURI":"/torn`
)

func TestSinceReadsRotatedFilesToo(t *testing.T) {
	folder := t.TempDir()
	files := map[string]string{
		"audit-2026-01-01T00-00-02.500.log": old + "\n" + list + "\n",
		"audit.log":                         lease + "\n" + others + "\n" + torn,
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := Since(filepath.Join(folder, "audit.log"), "me", time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 || entries[0].URI != "/apis" || entries[1].URI != "/lease" {
		t.Fatalf("entries: %v", entries)
	}
	if entries[0].Idle() || !entries[1].Idle() {
		t.Error("a list is no idle request, renewing a lease is")
	}
}
