package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A record is a DNS record as Cloudflare's API shows it.
type record struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
	TTL     int    `json:"ttl"` // in seconds; 1 is automatic
	Proxied bool   `json:"proxied"`
	Comment string `json:"comment,omitempty"`
}

// A call is one change that was asked for.
type call struct {
	Time   time.Time `json:"time"`
	Verb   string    `json:"verb"` // create, update or delete
	Record record    `json:"record"`
}

// zone is a DNS zone.
type zone struct {
	name  string
	token string

	mu      sync.Mutex
	records map[string]record
	calls   []call
	nextID  int
}

const zoneID = "0123456789abcdef0123456789abcdef"

func newZone(name, token string) *zone {
	return &zone{name: name, token: token, records: map[string]record{}}
}

// handler serves the API below /client/v4 and what is the stand-in's own.
func (z *zone) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /client/v4/zones", z.api(z.listZones))
	mux.Handle("GET /client/v4/zones/{zone}/dns_records", z.api(z.listRecords))
	mux.Handle("POST /client/v4/zones/{zone}/dns_records/batch", z.api(z.batch))
	mux.Handle("/client/v4/", z.api(func(_ *http.Request) (any, error) {
		return nil, errNotServed
	}))
	mux.HandleFunc("GET /records", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, z.sorted()) })
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		z.mu.Lock()
		defer z.mu.Unlock()
		answer(w, http.StatusOK, append([]call{}, z.calls...))
	})
	return mux
}

// errNotServed is about what Cloudflare can do and this stand-in cannot.
var errNotServed = errors.New("not served by the stand-in")

// api wraps a result as Cloudflare does, for callers that send the token.
func (z *zone) api(serve func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+z.token {
			fail(w, http.StatusForbidden, errors.New("the token is not right"))
			return
		}
		result, err := serve(r)
		switch {
		case errors.Is(err, errNotServed):
			log.Printf("%q %q: %q", r.Method, r.URL.Path, err) //nolint:gosec // %q lets no line break through
			fail(w, http.StatusNotFound, err)
		case err != nil:
			log.Printf("%q %q: %q", r.Method, r.URL.Path, err) //nolint:gosec // %q lets no line break through
			fail(w, http.StatusBadRequest, err)
		default:
			answer(w, http.StatusOK, map[string]any{"success": true, "errors": []any{}, "messages": []any{}, "result": result})
		}
	})
}

func fail(w http.ResponseWriter, code int, err error) {
	answer(w, code, map[string]any{
		"success": false, "messages": []any{}, "result": nil,
		"errors": []any{map[string]any{"code": 10000, "message": err.Error()}},
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // nobody is left to be told
}

// firstPage says whether the first page is asked for. There is no second: pages end with an empty one.
func firstPage(r *http.Request) bool {
	page := r.URL.Query().Get("page")
	return page == "" || page == "1"
}

func (z *zone) listZones(r *http.Request) (any, error) {
	if name := r.URL.Query().Get("name"); !firstPage(r) || name != "" && name != z.name {
		return []any{}, nil
	}
	return []any{map[string]any{"id": zoneID, "name": z.name, "status": "active"}}, nil
}

func (z *zone) listRecords(r *http.Request) (any, error) {
	if !firstPage(r) {
		return []any{}, nil
	}
	return z.sorted(), nil
}

// sorted are the records by name, type and content.
func (z *zone) sorted() []record {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.SortedFunc(maps.Values(z.records), func(a, b record) int {
		return strings.Compare(a.Name+" "+a.Type+" "+a.Content, b.Name+" "+b.Type+" "+b.Content)
	})
}

// batch changes records, all or none: first it deletes, then it updates, then it creates.
func (z *zone) batch(r *http.Request) (any, error) {
	var asked struct {
		Deletes []record `json:"deletes"`
		Puts    []record `json:"puts"`
		Posts   []record `json:"posts"`
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, &asked); err != nil {
		return nil, fmt.Errorf("reading the batch: %w", err)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	changed := maps.Clone(z.records)
	var calls []call
	now := time.Now()
	for i, wanted := range asked.Deletes {
		known, ok := changed[wanted.ID]
		if !ok {
			return nil, fmt.Errorf("record %q does not exist", wanted.ID)
		}
		delete(changed, wanted.ID)
		asked.Deletes[i] = known
		calls = append(calls, call{now, "delete", known})
	}
	for _, wanted := range asked.Puts {
		if _, ok := changed[wanted.ID]; !ok {
			return nil, fmt.Errorf("record %q does not exist", wanted.ID)
		}
		if err := z.store(changed, wanted); err != nil {
			return nil, err
		}
		calls = append(calls, call{now, "update", wanted})
	}
	nextID := z.nextID
	for i := range asked.Posts {
		nextID++
		asked.Posts[i].ID = fmt.Sprintf("record-%d", nextID)
		if err := z.store(changed, asked.Posts[i]); err != nil {
			return nil, err
		}
		calls = append(calls, call{now, "create", asked.Posts[i]})
	}
	z.records, z.nextID = changed, nextID
	z.calls = append(z.calls, calls...)
	for _, c := range calls {
		log.Printf("%s %s %s %s, ttl %d, proxied %v", c.Verb, c.Record.Type, c.Record.Name, c.Record.Content, c.Record.TTL, c.Record.Proxied)
	}
	return asked, nil
}

// store puts a record among others, unless Cloudflare would refuse it.
func (z *zone) store(records map[string]record, wanted record) error {
	if wanted.Name != z.name && !strings.HasSuffix(wanted.Name, "."+z.name) {
		return fmt.Errorf("%s is not in zone %s", wanted.Name, z.name)
	}
	if wanted.Proxied && !slices.Contains([]string{"A", "AAAA", "CNAME"}, wanted.Type) {
		return fmt.Errorf("a record of type %s cannot be proxied", wanted.Type)
	}
	for id, other := range records {
		if id != wanted.ID && other.Name == wanted.Name && other.Type == wanted.Type && other.Content == wanted.Content {
			return fmt.Errorf("an identical record already exists: %s %s", wanted.Type, wanted.Name)
		}
	}
	records[wanted.ID] = wanted
	return nil
}
