package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/appenv/appenv-operator/test/golden"
)

// A run is a command line, as a user types it in testdata/input.
type run struct {
	line     string
	in       string
	terminal bool
}

// TestCommandsPrintWhatTheirGoldenFilesSay: a file in testdata/output for each, with exit code, standard output and
// standard error.
func TestCommandsPrintWhatTheirGoldenFilesSay(t *testing.T) {
	output, err := filepath.Abs("testdata/output")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata/input")
	for name, r := range map[string]run{
		"help":                      {line: ""},
		"help-render":               {line: "render --help"},
		"help-lint":                 {line: "lint --help"},
		"unknown-command":           {line: "rendre"},
		"help-unknown-command":      {line: "help rendre"},
		"help-unknown-below":        {line: "help lint everything"},
		"help-completion":           {line: "completion"},
		"completion-unknown-shell":  {line: "completion csh"},
		"unknown-flag":              {line: "render --fliename x"},
		"render":                    {line: "render -f good.yaml"},
		"render-standard-input":     {line: "render -f - --component namespaces", in: read(t, "good.yaml")},
		"render-json":               {line: "render -f good.yaml -o json --component project,secrets"},
		"render-nothing":            {line: "render"},
		"render-refused":            {line: "render -f bad.yaml"},
		"render-not-allowed":        {line: "render -f good.yaml --allowed-namespaces hoge-dev"},
		"render-no-environment":     {line: "render -f other.yaml"},
		"render-unknown-component":  {line: "render -f good.yaml --component apps"},
		"render-unknown-output":     {line: "render -f good.yaml -o toml"},
		"render-iam":                {line: "render -f good.yaml --iam --cluster-project my-gke --cluster-project-number 123456789012"},
		"render-iam-project":        {line: "render -f good.yaml --iam --cluster-project my_gke"},
		"render-iam-output":         {line: "render -f good.yaml --iam --cluster-project my-gke -o json"},
		"render-project-without":    {line: "render -f good.yaml --cluster-project my-gke"},
		"render-iam-unknown":        {line: "render -f good.yaml --iam"},
		"render-iam-azure":          {line: "render -f azure.yaml --iam --oidc-issuer https://oidc.example.com/x"},
		"lint":                      {line: "lint -f good.yaml"},
		"lint-fail-on-warning":      {line: "lint -f good.yaml --fail-on warning"},
		"lint-bad":                  {line: "lint -f bad.yaml"},
		"lint-bad-terminal":         {line: "lint -f bad.yaml", terminal: true},
		"lint-bad-json":             {line: "lint -f bad.yaml -o json"},
		"lint-bad-github":           {line: "lint -f bad.yaml -o github"},
		"lint-bad-sarif":            {line: "lint -f bad.yaml -o sarif"},
		"lint-no-file":              {line: "lint -f nowhere.yaml"},
		"lint-no-environment":       {line: "lint -f other.yaml"},
		"lint-unknown-severity":     {line: "lint -f good.yaml --fail-on fatal"},
		"lint-argument":             {line: "lint environments/"},
		"render-argument":           {line: "render good.yaml"},
		"lint-standard-input-twice": {line: "lint -f - --old -"},
		"status-unknown-output":     {line: "status -o jsonpath"},
		"help-status":               {line: "status --help"},
		"lint-old":                  {line: "lint -f good.yaml --old -", in: strings.ReplaceAll(read(t, "good.yaml"), "environment: dev", "environment: development")},
		"lint-no-repository":        {line: "lint -f good.yaml --repo nowhere"},
		"lint-foreign-repository":   {line: "lint -f good.yaml --repo https://github.com/example/fuga=."},
		"lint-repository":           {line: "lint -f good.yaml --repo ."},
		"diff-claimed-twice":        {line: "diff -f - --kubeconfig nowhere", in: claiming("hoge-a", "") + claiming("hoge-b", "") + claiming("hoge-c", "moved by hand")},
		"lint-repository-twice":     {line: "lint -f good.yaml --repo . --repo .."},
		"lint-explain":              {line: "lint --explain quota-too-small"},
		"lint-explain-schema":       {line: "lint --explain schema"},
		"lint-explain-all":          {line: "lint --explain all"},
		"lint-explain-unknown":      {line: "lint --explain quota"},
		"status-two-names":          {line: "status a b"},
		"status-name-and-selector":  {line: "status a -l b=c"},
		"status-no-cluster":         {line: "status --server http://127.0.0.1:1"},
		"status-unknown-kubeconfig": {line: "status --kubeconfig nowhere"},
		"wait-unknown":              {line: "wait hoge-dev --for healthy"},
		"confirm-nothing":           {line: "confirm"},
		"help-diff":                 {line: "diff --help"},
		"help-adopt":                {line: "adopt --help"},
		"import-hostile":            {line: "import -f hostile.yaml"},
		"adopt-nothing":             {line: "adopt"},
		"adopt-no-cluster":          {line: "adopt hoge --server http://127.0.0.1:1"},
		"diff-nothing":              {line: "diff"},
		"diff-refused":              {line: "diff -f bad.yaml"},
		"diff-argument":             {line: "diff good.yaml"},
		"diff-unknown-flag":         {line: "diff --fliename x"},
		"help-import":               {line: "import --help"},
		"import":                    {line: "import -f by_hand.yaml"},
		"import-standard-input":     {line: "import -f - --name hoge-test --application hoge --environment test", in: read(t, "by_hand.yaml")},
		"import-check":              {line: "import -f by_hand.yaml --check"},
		"import-check-changes":      {line: "import -f - --check", in: strings.ReplaceAll(read(t, "by_hand.yaml"), "namespace: hoge-dev}]", "namespace: \"*\"}]")},
		"import-several":            {line: "import -f several.yaml"},
		"import-several-check":      {line: "import -f several.yaml --check"},
		"import-one-of-several":     {line: "import applicationset fuga-dev -f several.yaml"},
		"import-namespace-of-some":  {line: "import ns/hoge-dev -f several.yaml --check"},
		"import-unknown-set":        {line: "import applicationset nowhere -f several.yaml"},
		"import-unknown-namespace":  {line: "import namespace nowhere -f several.yaml"},
		"import-nothing":            {line: "import"},
		"import-no-objects":         {line: "import -f -", in: "# nothing\n"},
		"import-no-applications":    {line: "import -f -", in: "apiVersion: v1\nkind: Namespace\nmetadata: {name: hoge}\n"},
		"import-no-environment":     {line: "import -f -", in: strings.NewReplacer("overlays/dev", "kustomize", "-dev", "").Replace(read(t, "by_hand.yaml"))},
		"import-generators":         {line: "import -f -", in: strings.ReplaceAll(read(t, "by_hand.yaml"), "- list:", "- git:")},
		"import-functions":          {line: "import -f -", in: strings.ReplaceAll(read(t, "by_hand.yaml"), "{{.app}}-dev", "{{.app | lower}}-dev")},
		"import-refused":            {line: "import -f -", in: strings.ReplaceAll(read(t, "by_hand.yaml"), "203.0.113.10", "nowhere")},
		"import-long-name":          {line: "import -f by_hand.yaml --application hoge --name " + strings.Repeat("a", 70)},
		"import-unreadable":         {line: "import -f - --check", in: "apiVersion: v1\nkind: Namespace\nmetadata: {name: [}\n"},
		"import-no-file":            {line: "import -f nowhere.yaml --check"},
		"import-argument":           {line: "import by_hand.yaml"},
		"import-unknown-flag":       {line: "import --fliename x"},
		"import-no-cluster":         {line: "import namespace hoge --server http://127.0.0.1:1"},
		"import-no-cluster-check":   {line: "import namespace hoge --check --server http://127.0.0.1:1"},
		"diff-no-cluster":           {line: "diff -f good.yaml --server http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", os.DevNull)
			var out, failures bytes.Buffer
			code := Main(strings.Fields(r.line), Streams{In: strings.NewReader(r.in), Out: &out, Err: &failures, Terminal: r.terminal})
			got := fmt.Sprintf("$ kubectl appenv %s\nexit code %d\n-- standard output\n%s-- standard error\n%s", r.line, code, out.String(), failures.String())
			golden.Check(t, filepath.Join(output, name+".txt"), []byte(got))
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// claiming is an environment that claims a namespace which others claim, too.
func claiming(name, suppressed string) string {
	return `---
apiVersion: platform.appenv.dev/v1alpha1
kind: AppEnvironment
metadata: {name: ` + name + `, annotations: {lint.platform.appenv.dev/claimed-twice: "` + suppressed + `"}}
spec:
  application: ` + name + `
  environment: dev
  namespaces: [{name: shared}]
  source: {repoURL: "https://github.com/example/hoge", targetRevision: main, path: "{app}"}
  apps: [{name: app1}]
`
}
