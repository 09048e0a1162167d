// Package audit reads the API server's audit log.
package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is one request that was answered.
type Entry struct {
	Verb       string    `json:"verb"`
	URI        string    `json:"requestURI"`
	Received   time.Time `json:"requestReceivedTimestamp"`
	User       user      `json:"user"`
	Object     object    `json:"objectRef"`
	StatusCode response  `json:"responseStatus"`
}

type user struct {
	Name string `json:"username"`
}

type object struct {
	Group       string `json:"apiGroup"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
}

type response struct {
	Code int `json:"code"`
}

// String is the request in a few words.
func (e Entry) String() string {
	return fmt.Sprintf("%s %s %s -> %d", e.Received.Format("15:04:05.000"), e.Verb, e.URI, e.StatusCode.Code)
}

// Succeeded says whether the request did what it asked for.
func (e Entry) Succeeded() bool { return e.StatusCode.Code >= 200 && e.StatusCode.Code < 300 }

// Idle says whether an operator that has nothing to do may send the request: it keeps its lease and
// its watches.
func (e Entry) Idle() bool {
	return e.Verb == "watch" || (e.Object.Group == "coordination.k8s.io" && e.Object.Resource == "leases")
}

// Writes says whether the request changed its object, or asked for its end.
func (e Entry) Writes() bool {
	return e.Succeeded() && slices.Contains([]string{"create", "update", "patch", "delete"}, e.Verb)
}

// Since returns the requests of a user from a time on, in the order of the log; those of everybody
// when the name is empty. The log may have been rotated meanwhile.
func Since(log, username string, from time.Time) ([]Entry, error) {
	rotated, err := filepath.Glob(strings.TrimSuffix(log, ".log") + "-*.log")
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, file := range append(rotated, log) {
		if info, err := os.Stat(file); err != nil || info.ModTime().Before(from) {
			continue
		}
		err := scan(file, func(e Entry) {
			if (username == "" || e.User.Name == username) && !e.Received.Before(from) {
				entries = append(entries, e)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
	}
	return entries, nil
}

// scan calls use for each entry of a file. The last line may still be being written.
func scan(file string, use func(Entry)) (err error) {
	log, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			use(e)
		}
	}
	return lines.Err()
}
