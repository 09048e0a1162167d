package chaos

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

// auditPolicy keeps every write; of environments, ApplicationSets and Applications what was stored, and of what the operator
// patches what it sent.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  verbs: [get, list, watch]
- level: RequestResponse
  resources:
  - {group: platform.appenv.dev, resources: [appenvironments]}
  - {group: argoproj.io, resources: [applicationsets, applications]}
- level: Request
  verbs: [patch]
  resources:
  - {group: "", resources: [namespaces]}
  - {group: argoproj.io, resources: [appprojects]}
- level: Request
  users: ["` + fixture.OperatorUser + `"]
- level: Metadata
`

// An event is one line of the audit log.
type event struct {
	Verb string
	User struct{ Username string }
	// ObjectRef is what was written.
	ObjectRef struct{ Resource, Subresource, Namespace, Name, APIGroup string }
	// ResponseStatus is what came of it.
	ResponseStatus struct {
		Code    int
		Message string
	}
	RequestObject            json.RawMessage
	ResponseObject           json.RawMessage
	RequestReceivedTimestamp time.Time
	StageTimestamp           time.Time
	UserAgent                string
}

func (e event) byOperator() bool { return e.User.Username == fixture.OperatorUser }
func (e event) done() bool       { return e.ResponseStatus.Code >= 200 && e.ResponseStatus.Code < 300 }

// String is the event in one line.
func (e event) String() string {
	return fmt.Sprintf("%s %s %s %s/%s by %s: %d", e.StageTimestamp.Format("15:04:05.000"), e.Verb,
		strings.Trim(e.ObjectRef.Resource+"/"+e.ObjectRef.Subresource, "/"), e.ObjectRef.Namespace, e.ObjectRef.Name, e.User.Username, e.ResponseStatus.Code)
}

// eachEvent reads the audit log, the rotated files of it first, in the order in which the requests ended. A line that
// a crash cut off is left out.
func eachEvent(log string, see func(event)) error {
	rotated, err := filepath.Glob(strings.TrimSuffix(log, ".log") + "-*.log")
	if err != nil {
		return err
	}
	for _, name := range append(rotated, log) {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				see(e)
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return err
		}
	}
	return nil
}
