package cli

import (
	"bytes"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// blockYAML writes JSON as YAML, with the fields in the order that they have.
func blockYAML(document []byte) ([]byte, error) {
	var node yamlv3.Node
	if err := yamlv3.Unmarshal(document, &node); err != nil {
		return nil, err
	}
	unquote(&node)
	var out bytes.Buffer
	encoder := yamlv3.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(&node); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

// unquote takes away the style of JSON. Texts that kubectl would read as something else keep their quotes.
func unquote(node *yamlv3.Node) {
	if node.Kind == yamlv3.ScalarNode {
		var read any
		if err := yaml.Unmarshal([]byte(node.Value), &read); err == nil && read == any(node.Value) {
			node.Style = 0
		}
		return
	}
	if len(node.Content) > 0 {
		node.Style = 0 // an empty map or list has no other form
	}
	for _, below := range node.Content {
		unquote(below)
	}
}
