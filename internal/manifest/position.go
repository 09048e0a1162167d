package manifest

import (
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// At is where a field stands, by the path that the API server's errors have, such as spec.apps[0].images or
// spec.namespaces[0].quota[requests.cpu]. Of a field that is not there, it is where the nearest one around it stands.
func (o Object) At(path string) Position {
	node, place := o.root, o.root
	for steps := parsePath(path); len(steps) > 0 && node != nil; {
		node = resolve(node)
		next, at, taken := follow(node, steps)
		if next == nil {
			break
		}
		node, place, steps = next, at, steps[taken:]
	}
	if place == nil {
		return o.Source
	}
	return o.origin.at(place.Line, place.Column)
}

// follow goes down one level: to the value, and to what shows where it is. A key of a map may itself have dots, which
// some paths write without brackets.
func follow(node *yamlv3.Node, steps []string) (next, at *yamlv3.Node, taken int) {
	if node.Kind == yamlv3.SequenceNode {
		index, err := strconv.Atoi(steps[0])
		if err != nil || index < 0 || index >= len(node.Content) {
			return nil, nil, 0
		}
		return node.Content[index], node.Content[index], 1
	}
	for taken := 1; taken <= len(steps); taken++ {
		if key, value := entry(node, strings.Join(steps[:taken], ".")); value != nil {
			return value, key, taken
		}
	}
	return nil, nil, 0
}

// parsePath is the steps of a path. The path of the whole object is empty, or <nil>.
func parsePath(path string) []string {
	if path == "<nil>" {
		return nil
	}
	var steps []string
	for path != "" {
		if inside, ok := strings.CutPrefix(path, "["); ok {
			step, rest, _ := strings.Cut(inside, "]")
			steps, path = append(steps, step), strings.TrimPrefix(rest, ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			return append(steps, path)
		}
		steps, path = append(steps, path[:end]), strings.TrimPrefix(path[end:], ".")
	}
	return steps
}

// child is the value of a key, nil when there is none.
func child(node *yamlv3.Node, name string) *yamlv3.Node {
	if node == nil {
		return nil
	}
	_, value := entry(resolve(node), name)
	if value == nil {
		return nil
	}
	return resolve(value)
}

// entry is a key of a map, and its value; also one that the map has from another by a merge key.
func entry(node *yamlv3.Node, name string) (key, value *yamlv3.Node) {
	if node.Kind != yamlv3.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if resolve(node.Content[i]).Value == name {
			return node.Content[i], node.Content[i+1]
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Tag != "!!merge" {
			continue
		}
		merged := resolve(node.Content[i+1])
		if merged.Kind != yamlv3.SequenceNode {
			if key, value := entry(merged, name); value != nil {
				return key, value
			}
			continue
		}
		for _, each := range merged.Content {
			if key, value := entry(resolve(each), name); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// resolve is the node that an alias stands for.
func resolve(node *yamlv3.Node) *yamlv3.Node {
	for node.Kind == yamlv3.AliasNode {
		node = node.Alias
	}
	return node
}
