// Package manifest reads Kubernetes objects as people keep them: YAML or JSON in files, folders, streams of documents,
// lists and folders of Kustomize. Of every field it knows the file, the line and the column, so that whoever judges an
// object can point at what is wrong.
//
// It reads what kubectl reads, and as kubectl reads it; it knows no kind by name but List.
package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
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

	root   *yamlv3.Node // nil where only Source is known
	origin origin
}

// Parse reads the objects of a stream of YAML documents or of JSON. file is its name in positions. Documents without
// content are left out; a List gives its items. What cannot be read is an error, and the other documents are read
// nevertheless: errors are of type *Error, joined.
func Parse(file string, data []byte) ([]Object, error) {
	documents, err := jsonStream(split(file, data))
	failures := []error{err}
	var objects []Object
	for _, document := range documents {
		parse := document.parse
		if document.json {
			parse = document.parseJSON
		}
		found, err := parse()
		objects, failures = append(objects, found...), append(failures, err)
	}
	return objects, errors.Join(failures...)
}

func (d document) parse() ([]Object, error) {
	var node, next yamlv3.Node
	decoder := yamlv3.NewDecoder(bytes.NewReader(d.data))
	if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, d.syntaxError(err)
	}
	found, err := d.object(&node)
	switch behind := decoder.Decode(&next); {
	case behind == nil:
		err = errors.Join(err, &Error{d.at(next.Line, next.Column), errUnread})
	case !errors.Is(behind, io.EOF):
		text, _ := words(behind)
		err = errors.Join(err, &Error{d.at(cmp.Or(d.lineOf(text), 1), 0), errUnread})
	}
	return found, err
}

var errUnread = errors.New("kubectl does not read what stands here: a document has ended before it, and no --- begins another")

// object is what the document holds, of which the node has the places.
func (d document) object(node *yamlv3.Node) ([]Object, error) {
	root, err := d.root(node)
	if root == nil {
		return nil, err
	}
	// kubectl decodes YAML 1.1 into JSON: yes is true there, and no string.
	data, err := yaml.YAMLToJSON(d.data)
	if err != nil {
		return nil, d.syntaxError(err)
	}
	return d.decode(data, root)
}

// parseJSON has the places from the library for YAML. It does not read all JSON; then only the document's own is known.
func (d document) parseJSON() ([]Object, error) {
	var node yamlv3.Node
	if yamlv3.Unmarshal(d.data, &node) != nil {
		return d.decode(d.data, nil)
	}
	root, err := d.root(&node)
	if root == nil {
		return nil, err
	}
	return d.decode(d.data, root)
}

// root is the map that an object is; nil where there is nothing but comments, and with the error that tells why it is none.
func (d document) root(node *yamlv3.Node) (*yamlv3.Node, error) {
	if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return nil, nil
	}
	root := node.Content[0]
	if root.Kind != yamlv3.MappingNode {
		return nil, &Error{d.at(root.Line, root.Column), errors.New("it is no Kubernetes object: an object has apiVersion, kind and metadata")}
	}
	if found := flawOf(root, map[*yamlv3.Node]bool{}); found != nil {
		return nil, &Error{d.at(found.node.Line, found.node.Column), found.problem}
	}
	return root, nil
}

func (d document) decode(data []byte, root *yamlv3.Node) ([]Object, error) {
	begin := d.at(1, 1)
	if root != nil {
		begin = d.at(root.Line, root.Column)
	}
	var fields map[string]any
	if err := utiljson.Unmarshal(data, &fields); err != nil {
		return nil, &Error{begin, err}
	}
	return items(Object{&unstructured.Unstructured{Object: fields}, begin, root, d.origin})
}

// items is the object, or what the list holds.
func items(o Object) ([]Object, error) {
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
		node, begin := o.root, o.Source
		if nodes != nil && nodes.Kind == yamlv3.SequenceNode && i < len(nodes.Content) {
			node = resolve(nodes.Content[i])
			begin = o.origin.at(node.Line, node.Column)
		}
		fields, isObject := entry.(map[string]any)
		if !isObject {
			failures = append(failures, &Error{begin, fmt.Errorf("items[%d] of the %s is no object", i, o.GetKind())})
			continue
		}
		inner, err := items(Object{&unstructured.Unstructured{Object: fields}, begin, node, o.origin})
		objects, failures = append(objects, inner...), append(failures, err)
	}
	return objects, errors.Join(failures...)
}
