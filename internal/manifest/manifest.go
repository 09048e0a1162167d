// Package manifest reads Kubernetes objects as people keep them: YAML or JSON in files, folders, streams of documents,
// lists and folders of Kustomize. Of every field it knows the file, the line and the column, so that whoever judges an
// object can point at what is wrong.
//
// It reads what kubectl reads, and as kubectl reads it; it knows no kind by name but List.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// A Position is a place in a file. Line and Column count from 1; 0 says that only the file is known.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, as compilers and editors write it.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// An Error is why something could not be read, and where.
type Error struct {
	Position
	Err error
}

// Error is the position and the cause.
func (e *Error) Error() string { return e.String() + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Failures takes apart what Parse and Read join: what stands in the files and is no object, and the first of what kept
// files from being read at all.
func Failures(err error) (unreadable []*Error, unread error) {
	switch err := err.(type) { //nolint:errorlint // what was joined here is taken apart
	case nil:
	case *Error:
		unreadable = append(unreadable, err)
	case interface{ Unwrap() []error }:
		for _, each := range err.Unwrap() {
			more, other := Failures(each)
			unreadable = append(unreadable, more...)
			if unread == nil {
				unread = other
			}
		}
	default:
		unread = err
	}
	return unreadable, unread
}

// An Object is one object of a file.
type Object struct {
	*unstructured.Unstructured
	// Source is where it begins.
	Source Position

	root *yamlv3.Node
	line int // what is added to the lines of root
}

// Parse reads the objects of a stream of YAML documents or of JSON. file is its name in positions. Documents without
// content are left out; a List gives its items. What cannot be read is an error, and the other documents are read
// nevertheless: errors are of type *Error, joined.
func Parse(file string, data []byte) ([]Object, error) {
	var objects []Object
	var failures []error
	for _, document := range split(data) {
		found, err := parseDocument(file, document)
		if err != nil {
			failures = append(failures, err)
		}
		objects = append(objects, found...)
	}
	return objects, errors.Join(failures...)
}

// A document is one of a stream.
type document struct {
	line int // lines of the stream before it
	data []byte
}

// split is the documents of a stream. A marker may carry a comment, as in YAML.
func split(data []byte) []document {
	var documents []document
	current, line := document{}, 0
	for rest := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")); len(rest) > 0; line++ {
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		text := rest[:end]
		if isMarker(text) {
			documents = append(documents, current)
			current = document{line: line + 1}
			// What stands behind the marker belongs to the document, as in "--- {a: b}".
			if after := bytes.TrimSpace(text[3:]); len(after) > 0 && after[0] != '#' {
				current = document{line: line, data: append([]byte("   "), text[3:]...)}
			}
		} else {
			current.data = append(current.data, text...)
		}
		rest = rest[end:]
	}
	return append(documents, current)
}

func isMarker(text []byte) bool {
	return bytes.HasPrefix(text, []byte("---")) && (len(text) == 3 || strings.ContainsRune(" \t\r\n", rune(text[3])))
}

func parseDocument(file string, d document) ([]Object, error) {
	var node yamlv3.Node
	if err := yamlv3.Unmarshal(d.data, &node); err != nil {
		return nil, syntaxError(file, d.line, err)
	}
	if node.Kind == 0 || len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return nil, nil // nothing but comments
	}
	root := node.Content[0]
	begin := Position{file, root.Line + d.line, root.Column}
	if root.Kind != yamlv3.MappingNode {
		return nil, &Error{begin, errors.New("it is no Kubernetes object: an object has apiVersion, kind and metadata")}
	}
	if twice := duplicate(root); twice != nil {
		return nil, &Error{Position{file, twice.Line + d.line, twice.Column}, fmt.Errorf("key %q stands twice", twice.Value)}
	}
	// kubectl decodes YAML 1.1 into JSON: yes is true there, and no string.
	document, err := yaml.YAMLToJSON(d.data)
	if err != nil {
		return nil, syntaxError(file, d.line, err)
	}
	var fields map[string]any
	if err := utiljson.Unmarshal(document, &fields); err != nil {
		return nil, &Error{begin, err}
	}
	return items(file, Object{&unstructured.Unstructured{Object: fields}, begin, root, d.line})
}

// items is the object, or what the list holds.
func items(file string, o Object) ([]Object, error) {
	for _, name := range []string{"apiVersion", "kind"} {
		if value, _ := o.Object[name].(string); value == "" {
			return nil, &Error{o.Source, fmt.Errorf("it is no Kubernetes object: it has no %s", name)}
		}
	}
	entries, isList := o.Object["items"].([]any)
	if !isList || !strings.HasSuffix(o.GetKind(), "List") {
		return []Object{o}, nil
	}
	nodes := child(o.root, "items")
	var objects []Object
	var failures []error
	for i, entry := range entries {
		node := o.root
		if nodes != nil && nodes.Kind == yamlv3.SequenceNode && i < len(nodes.Content) {
			node = resolve(nodes.Content[i])
		}
		begin := Position{file, node.Line + o.line, node.Column}
		fields, isObject := entry.(map[string]any)
		if !isObject {
			failures = append(failures, &Error{begin, fmt.Errorf("items[%d] of the %s is no object", i, o.GetKind())})
			continue
		}
		inner, err := items(file, Object{&unstructured.Unstructured{Object: fields}, begin, node, o.line})
		objects, failures = append(objects, inner...), append(failures, err)
	}
	return objects, errors.Join(failures...)
}

// duplicate is a key that stands twice in one map, nil when there is none. What a merge key brings may be overridden.
func duplicate(node *yamlv3.Node) *yamlv3.Node {
	if node.Kind == yamlv3.AliasNode {
		return nil // it is looked at where it is defined
	}
	if node.Kind != yamlv3.MappingNode {
		for _, below := range node.Content {
			if found := duplicate(below); found != nil {
				return found
			}
		}
		return nil
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := resolve(node.Content[i])
		if key.Kind == yamlv3.ScalarNode && key.Tag != "!!merge" {
			if seen[key.Value] {
				return node.Content[i]
			}
			seen[key.Value] = true
		}
		if found := duplicate(node.Content[i+1]); found != nil {
			return found
		}
	}
	return nil
}

var lineOf = regexp.MustCompile(`line (\d+)(?:, column (\d+))?: `)

// syntaxError finds the line that the library tells in its words.
func syntaxError(file string, before int, err error) error {
	text := err.Error()
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors:\n  "} {
		text = strings.TrimPrefix(text, prefix)
	}
	position := Position{File: file, Line: before + 1}
	if found := lineOf.FindStringSubmatchIndex(text); found != nil {
		line, convErr := strconv.Atoi(text[found[2]:found[3]])
		if convErr == nil {
			position.Line = line + before
			text = text[:found[0]] + text[found[1]:]
		}
	}
	return &Error{position, errors.New(strings.TrimSpace(text))}
}
