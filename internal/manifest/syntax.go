package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	yamlv3 "go.yaml.in/yaml/v3"
)

var (
	// parserWords are errors whose line the libraries count from 0; that of all others they count from 1.
	parserWords = []string{
		"did not find expected key", "did not find expected '-' indicator", "did not find expected ',' or ']'",
		"did not find expected ',' or '}'", "did not find expected node content", "did not find expected <document start>",
		"found undefined tag handle", "found incompatible YAML document", "found duplicate %YAML directive", "found duplicate %TAG directive",
	}
	// noticedWords are errors that are where they were noticed. Others, such as a quote that stays open, are where that began of
	// which they are.
	noticedWords = []string{"did not find expected key", "did not find expected '-' indicator", "found a tab character that violates indentation"}
	// byteWords are errors about bytes, of which the libraries tell no line.
	byteWords = []string{
		"control characters are not allowed", "invalid leading UTF-8 octet", "incomplete UTF-8 octet sequence",
		"invalid trailing UTF-8 octet", "invalid length of a UTF-8 sequence", "invalid Unicode character",
	}
)

// syntaxError is what keeps the document from being read, and where it is.
func (d document) syntaxError(err error) error {
	text, number := words(err)
	if slices.Contains(byteWords, text) {
		if line, column, problem := badCharacter(d.data); problem != nil {
			return &Error{d.at(line, column), problem}
		}
	}
	line := cmp.Or(d.lineOf(text), number, 1)
	return &Error{d.at(line, 0), errors.New(text + hint(text, d.data, line))}
}

var told = regexp.MustCompile(`line (\d+)(?:, column (\d+))?: `)

// words are the error without the library's name, and the line that it tells; 0 when it tells none.
func words(err error) (text string, line int) {
	text = err.Error()
	for _, prefix := range []string{"error converting YAML to JSON: ", "yaml: ", "unmarshal errors:\n  "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if found := told.FindStringSubmatchIndex(text); found != nil {
		if number, err := strconv.Atoi(text[found[2]:found[3]]); err == nil {
			text, line = text[:found[0]]+text[found[1]:], number
		}
	}
	return strings.TrimSpace(text), line
}

// lineOf is the line of an error, 0 where it is not known. yaml.v3 tells where that began of which it is, yaml.v2 where it was noticed; both keep
// silent about line 0, and therefore get an empty line before the document.
func (d document) lineOf(text string) int {
	padded := append([]byte("\n"), d.data...)
	line := 0
	began, noticed := readV3(padded), readV2(padded)
	if began != nil {
		if same, number := words(began); same == text {
			line = number
		}
	}
	if noticed != nil && (line == 0 || slices.Contains(noticedWords, text)) {
		if same, number := words(noticed); same == text {
			line = number
		}
	}
	if !slices.Contains(parserWords, text) {
		line--
	}
	lines := bytes.SplitAfter(bytes.TrimRight(d.data, " \t\r\n"), []byte("\n"))
	if line < 1 { // the shortest beginning with the same error ends with it
		line = 1 + sort.Search(len(lines), func(n int) bool {
			err := readV3(bytes.Join(lines[:n+1], nil))
			if err == nil {
				return false
			}
			same, _ := words(err)
			return same == text
		})
		if line > len(lines) {
			return 0
		}
	}
	return min(line, len(lines)) // what ends too early ends behind the last one
}

// readV3 is why yaml.v3 does not read a document.
func readV3(data []byte) error {
	for decoder := yamlv3.NewDecoder(bytes.NewReader(data)); ; {
		if err := decoder.Decode(&yamlv3.Node{}); err != nil {
			return unlessEnd(err)
		}
	}
}

// readV2 is why yaml.v2 does not read a document.
func readV2(data []byte) error {
	for decoder := yamlv2.NewDecoder(bytes.NewReader(data)); ; {
		var value any
		if err := decoder.Decode(&value); err != nil {
			return unlessEnd(err)
		}
	}
}

func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// badCharacter is the first character that YAML cannot have. They are those of yaml.v3's reader.
func badCharacter(data []byte) (line, column int, problem error) {
	line, column = 1, 1
	for len(data) > 0 {
		character, size := utf8.DecodeRune(data)
		switch {
		case character == utf8.RuneError && size == 1:
			return line, column, fmt.Errorf("byte 0x%02x is no UTF-8: save the file as UTF-8", data[0])
		case character == '\n':
			line, column = line+1, 0
		case strings.ContainsRune("\t\r\u0085", character):
		case character < ' ', character > '~' && character < 0xa0, character == 0xfffe, character == 0xffff:
			return line, column, fmt.Errorf("control characters are not allowed: here is U+%04X", character)
		}
		data, column = data[size:], column+1
	}
	return 0, 0, nil
}

var special = regexp.MustCompile("^\\s*(?:- +)*(?:[\\w./-]+: +)?([{*@`%])")

// hint says that a value must be quoted, where its line looks as if it should have been.
func hint(text string, data []byte, line int) string {
	lines := bytes.SplitN(data, []byte("\n"), line+1)
	found := special.FindSubmatch(lines[min(line, len(lines))-1])
	if found == nil {
		return ""
	}
	fits := false
	switch text {
	case "did not find expected key", "did not find expected '-' indicator", "could not find expected ':'", "mapping values are not allowed in this context":
		fits = found[1][0] == '{'
	case "did not find expected alphabetic or numeric character":
		fits = found[1][0] == '*'
	case "found character that cannot start any token":
		fits = strings.ContainsRune("@`%", rune(found[1][0]))
	}
	if !fits {
		return ""
	}
	return fmt.Sprintf("; a value that begins with %s must be quoted", found[1])
}

// A flaw is a node that YAML may have and an object may not.
type flaw struct {
	node    *yamlv3.Node
	problem error
}

// flawOf finds the first. around are the nodes that it is in.
func flawOf(node *yamlv3.Node, around map[*yamlv3.Node]bool) *flaw {
	switch {
	case node.Kind == yamlv3.AliasNode && around[node.Alias]:
		return &flaw{node, fmt.Errorf("anchor '%s' value contains itself", node.Value)}
	case node.Kind == yamlv3.AliasNode: // it is looked at where it is defined
		return nil
	case node.Kind == yamlv3.ScalarNode && node.ShortTag() == "!!float" && !strings.ContainsAny(node.Value, "0123456789"):
		return &flaw{node, fmt.Errorf("%s is a number that JSON does not have", node.Value)}
	}
	around[node] = true
	defer delete(around, node)
	if node.Kind == yamlv3.MappingNode {
		return flawOfMap(node, around)
	}
	for _, below := range node.Content {
		if found := flawOf(below, around); found != nil {
			return found
		}
	}
	return nil
}

// flawOfMap also finds a key that stands twice. What a merge key brings may be overridden.
func flawOfMap(node *yamlv3.Node, around map[*yamlv3.Node]bool) *flaw {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := resolve(node.Content[i])
		switch {
		case key.Kind != yamlv3.ScalarNode:
			return &flaw{node.Content[i], errors.New("a key is a text, and no map and no list")}
		case key.ShortTag() == "!!null":
			return &flaw{node.Content[i], errors.New("a key is a text, and here it is null")}
		case key.Tag == "!!merge":
		case seen[key.Value]:
			return &flaw{node.Content[i], fmt.Errorf("key %q stands twice", key.Value)}
		default:
			seen[key.Value] = true
		}
		if found := flawOf(node.Content[i+1], around); found != nil {
			return found
		}
	}
	return nil
}
