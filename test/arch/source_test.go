package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the folder of the module, from this package.
const root = "../.."

// Limits of the shape.
const (
	// maxMainLines keeps main to parsing, running and exiting.
	maxMainLines = 40
	// maxReturns keeps the places few where a status could be lost.
	maxReturns = 6
)

type source struct {
	path string
	text []byte
	file *ast.File
}

// sources are the Go files of the operator below the folders, without tests and generated ones.
func sources(t *testing.T, folders ...string) []source {
	t.Helper()
	var found []source
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			file := parse(t, path, text)
			if !ast.IsGenerated(file) {
				found = append(found, source{strings.TrimPrefix(path, root+"/"), text, file})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no Go file below %v", folders)
	}
	return found
}

func parse(t *testing.T, path string, text []byte) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestMainsAreShort(t *testing.T) {
	for _, s := range sources(t, "cmd") {
		if lines := bytes.Count(s.text, []byte("\n")); filepath.Base(s.path) == "main.go" && lines > maxMainLines {
			t.Errorf("%s has %d lines, at most %d: parse, run, exit once", s.path, lines, maxMainLines)
		}
	}
}

// returnsOf counts the returns of each function of that name, function literals in it included.
func returnsOf(files []source, name string) map[string]int {
	found := map[string]int{}
	for _, s := range files {
		for _, declaration := range s.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != name || function.Body == nil {
				continue
			}
			key := s.path + ":" + strconv.Itoa(int(function.Pos()))
			found[key] = 0
			ast.Inspect(function.Body, func(n ast.Node) bool {
				if _, ok := n.(*ast.ReturnStmt); ok {
					found[key]++
				}
				return true
			})
		}
	}
	return found
}

func TestReconcileReturnsInFewPlaces(t *testing.T) {
	found := returnsOf(sources(t, "internal/controller"), "Reconcile")
	if len(found) == 0 {
		t.Fatal("no Reconcile in internal/controller")
	}
	for function, returns := range found {
		if returns > maxReturns {
			t.Errorf("%s returns in %d places, at most %d: in each a status can be lost", function, returns, maxReturns)
		}
	}
}

func TestReturnsAreCounted(t *testing.T) {
	text := "package p\nfunc Reconcile() int { f := func() int { return 1 }; if f() > 0 { return 2 }; return 3 }\nfunc other() { return }"
	for _, returns := range returnsOf([]source{{"p.go", nil, parse(t, "p.go", []byte(text))}}, "Reconcile") {
		if returns != 3 {
			t.Errorf("counted %d, want 3", returns)
		}
	}
}

// setters are the ways to give an object an owner.
var setters = []string{
	"SetOwnerReference", "SetControllerReference", "NewControllerRef", "WithOwnerReferences", "SetOwnerReferences",
}

// ownerSettings are the places in a file where an object is given an owner: foreground deletion
// would then bypass the order of the teardown.
func ownerSettings(file *ast.File) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := nameOf(n.Fun); slices.Contains(setters, name) {
				found = append(found, "calls "+name)
			}
		case *ast.KeyValueExpr:
			if key := nameOf(n.Key); key == "OwnerReferences" || key == "ownerReferences" {
				found = append(found, "sets "+key)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if index, ok := left.(*ast.IndexExpr); ok {
					left = index.Index
				}
				if name := nameOf(left); name == "OwnerReferences" || name == "ownerReferences" {
					found = append(found, "assigns "+name)
				}
			}
		}
		return true
	})
	return found
}

// nameOf is the last name of an expression, or the text of a string.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil {
			return text
		}
	}
	return ""
}

func TestNothingIsGivenAnOwner(t *testing.T) {
	for _, s := range sources(t, "api", "cmd", "internal") {
		for _, what := range ownerSettings(s.file) {
			t.Errorf("%s %s: the teardown order relies on no object having an owner of ours", s.path, what)
		}
	}
}

func TestOwnersAreSeen(t *testing.T) {
	for name, body := range map[string]string{
		"by a call":       `controllerutil.SetControllerReference(a, b, c)`,
		"by a method":     `u.SetOwnerReferences(refs)`,
		"by a field":      `x := metav1.ObjectMeta{OwnerReferences: refs}; _ = x`,
		"by an entry":     `m := map[string]any{"ownerReferences": refs}; _ = m`,
		"by assignment":   `u.OwnerReferences = refs`,
		"by an index":     `m["ownerReferences"] = refs`,
		"by an applyconf": `ac.WithOwnerReferences(refs)`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := ownerSettings(parse(t, "p.go", []byte("package p\nfunc f() {"+body+"}"))); len(got) != 1 {
				t.Errorf("found %v, want one place", got)
			}
		})
	}
	harmless := `package p
func f() { patch := []op{{Op: "remove", Path: "/metadata/ownerReferences"}}; _ = u.GetOwnerReferences(); _ = patch }`
	if got := ownerSettings(parse(t, "p.go", []byte(harmless))); len(got) != 0 {
		t.Errorf("reading and removing owners is allowed, found %v", got)
	}
}

func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	for _, s := range sources(t, "api", "cmd", "internal") {
		for _, word := range []string{"util", "utils", "helper", "helpers", "common", "misc"} {
			if s.file.Name.Name == word || strings.TrimSuffix(filepath.Base(s.path), ".go") == word {
				t.Errorf("%s is named %q: name it for what it does", s.path, word)
			}
		}
	}
}

func TestNothingRegistersItself(t *testing.T) {
	for _, s := range sources(t, "api", "cmd", "internal") {
		for _, declaration := range s.file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s has an init function: lists are written out", s.path)
			}
		}
	}
}
