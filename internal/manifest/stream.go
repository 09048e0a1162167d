package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// An origin is the place in a file at which a document begins.
type origin struct {
	file string
	// line and column are what stands before it: lines of the file, and characters of the document's first line.
	line, column int
}

// at is the place in the file of one in the document.
func (o origin) at(line, column int) Position {
	if line == 1 && column > 0 {
		column += o.column
	}
	return Position{o.file, line + o.line, column}
}

// A document is one of a stream.
type document struct {
	origin
	data []byte
	json bool
}

// split is the documents of a stream. A marker may carry a comment, as in YAML.
func split(file string, data []byte) []document {
	var documents []document
	current, line := document{origin: origin{file: file}}, 0
	for rest := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")); len(rest) > 0; line++ {
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		text := rest[:end]
		if isMarker(text) {
			documents = append(documents, current)
			current = document{origin: origin{file: file, line: line + 1}}
			// What stands behind the marker belongs to the document, as in "--- {a: b}".
			if after := bytes.TrimSpace(text[3:]); len(after) > 0 && after[0] != '#' {
				current.line, current.data = line, append([]byte("   "), text[3:]...)
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

// jsonStream takes the values of JSON apart with which a stream begins, as kubectl does: one value may be followed by YAML,
// and several by nothing but values.
func jsonStream(documents []document) ([]document, error) {
	whole := documents[0]
	if !bytes.HasPrefix(bytes.TrimSpace(whole.data), []byte("{")) {
		return documents, nil
	}
	var values []document
	rest := whole
	for decoder := json.NewDecoder(bytes.NewReader(whole.data)); ; {
		var value json.RawMessage
		err := decoder.Decode(&value)
		end := int(decoder.InputOffset())
		if errors.Is(err, io.EOF) {
			rest.data = nil
			break
		}
		if err != nil && len(values) > 1 {
			rest = rest.skip(len(rest.data) - len(bytes.TrimLeft(rest.data, " \t\r\n")))
			return values, &Error{rest.at(1, 1), fmt.Errorf("it is no JSON, as what stands before it is: %w", err)}
		}
		if err != nil {
			break
		}
		used := end - (len(whole.data) - len(rest.data))
		value = bytes.TrimSpace(value)
		begin := rest.skip(used - len(value))
		values = append(values, document{begin.origin, value, true})
		rest = rest.skip(used)
	}
	if len(values) > 1 && len(documents) > 1 {
		return values, &Error{whole.skip(len(whole.data)).at(1, 0), errors.New("a stream of JSON objects goes on with JSON, and not with ---")}
	}
	if len(bytes.TrimSpace(rest.data)) > 0 {
		values = append(values, rest)
	}
	return append(values, documents[1:]...), nil
}

// skip is the document without its first bytes.
func (d document) skip(n int) document {
	skipped := d.data[:n]
	if last := bytes.LastIndexByte(skipped, '\n'); last >= 0 {
		d.line += bytes.Count(skipped, []byte("\n"))
		d.column, skipped = 0, skipped[last+1:]
	}
	d.column += utf8.RuneCount(skipped)
	d.data = d.data[n:]
	return d
}
