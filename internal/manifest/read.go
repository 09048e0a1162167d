package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Stdin is the name that stands for standard input.
const Stdin = "-"

// A Reader reads what command lines name.
type Reader struct {
	// In is read where the name is "-".
	In io.Reader
	// Recursive reads the folders below a folder, too.
	Recursive bool
	// Forgiving leaves out files of a folder that are no objects and do not look like some, as Argo CD does.
	Forgiving bool
	// Build makes the objects of a Kustomize folder. Without it, the files of such a folder are read as they are.
	Build func(folder string) ([]byte, error)
}

// ErrNoFiles is of a folder in which there is nothing to read.
var ErrNoFiles = errors.New("has no file that ends in .yaml, .yml or .json")

// kustomizations are the names that Kustomize's file may have.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// IsKustomization says whether a folder is one of Kustomize.
func IsKustomization(folder string) bool {
	return slices.ContainsFunc(kustomizations, func(name string) bool {
		info, err := os.Stat(filepath.Join(folder, name))
		return err == nil && info.Mode().IsRegular()
	})
}

// Read reads files, folders and "-", in the order given; the files of a folder by name. A folder with a kustomization
// is built, also one below a folder; any other gives its files that end in .yaml, .yml or .json, and having none is an
// error. All that can be read is read: the errors are joined.
func (r Reader) Read(names ...string) ([]Object, error) {
	var objects []Object
	var failures []error
	for _, name := range names {
		found, err := r.read(name)
		objects, failures = append(objects, found...), append(failures, err)
	}
	return objects, errors.Join(failures...)
}

func (r Reader) read(name string) ([]Object, error) {
	if name == Stdin {
		data, err := io.ReadAll(r.In)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return Parse("stdin", data)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return readFile(name)
	case r.Build != nil && IsKustomization(name):
		return r.build(name)
	}
	return r.readFolder(name)
}

func readFile(name string) ([]Object, error) {
	data, err := os.ReadFile(name) //nolint:gosec // the file is what the user asks to be read
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

func (r Reader) readFolder(folder string) ([]Object, error) {
	below, err := r.within(folder)
	if err != nil {
		return nil, err
	}
	if len(below) == 0 {
		hint := ""
		if !r.Recursive {
			hint = "; folders below it are read with --recursive"
		}
		return nil, fmt.Errorf("%s %w%s", folder, ErrNoFiles, hint)
	}
	var objects []Object
	var failures []error
	for _, name := range below {
		read := readFile
		if r.Build != nil && IsKustomization(name) {
			read = r.build
		}
		found, err := read(name)
		if err != nil && r.Forgiving && !looksLikeObjects(name) {
			continue
		}
		objects, failures = append(objects, found...), append(failures, err)
	}
	return objects, errors.Join(failures...)
}

// looksLikeObjects is Argo CD's rule for a file that it cannot decode: one that has these words is meant to be read.
func looksLikeObjects(file string) bool {
	data, err := os.ReadFile(file) //nolint:gosec // the file is what the user asks to be read
	if err != nil {
		return true
	}
	for _, word := range []string{"apiVersion:", "kind:", "metadata:"} {
		if !bytes.Contains(data, []byte(word)) {
			return false
		}
	}
	return true
}

// within are the files of a folder that hold objects, and the folders below it that are built, sorted. Kustomize's own file
// is none, nor is what begins with a dot.
func (r Reader) within(folder string) ([]string, error) {
	var names []string
	root := folder + string(filepath.Separator) // so that a link to a folder is followed
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path == root:
		case entry.IsDir():
			if !r.Recursive || strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			if r.Build != nil && IsKustomization(path) {
				names = append(names, path)
				return fs.SkipDir
			}
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) && !slices.Contains(kustomizations, entry.Name()):
			names = append(names, path)
		}
		return nil
	})
	parts := map[string]bool{} // of others: they are judged as what those make of them
	for _, name := range names {
		if entry, err := os.Stat(name); err == nil && entry.IsDir() {
			of, whole := partsOf(name)
			parts[filepath.Clean(name)] = parts[filepath.Clean(name)] || !whole
			for _, part := range of {
				parts[part] = true
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return parts[filepath.Clean(name)] }), err
}

// partsOf are the folders that a kustomization builds on; whole is false for one that is itself only to be built on. What
// cannot be read is told by Kustomize when the folder is built.
func partsOf(folder string) (parts []string, whole bool) {
	for _, name := range kustomizations {
		data, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // the folder is one that the user asks to be read
		if err != nil {
			continue
		}
		var kustomization struct {
			Kind                         string
			Resources, Bases, Components []string
		}
		if yaml.Unmarshal(data, &kustomization) != nil {
			break
		}
		for _, part := range slices.Concat(kustomization.Resources, kustomization.Bases, kustomization.Components) {
			parts = append(parts, filepath.Join(folder, filepath.FromSlash(part)))
		}
		return parts, kustomization.Kind != "Component"
	}
	return nil, true
}

// build reads what Kustomize makes of a folder. Fields are shown where the files of the folder have them; of an object that
// none of them has as it is, being patched, named anew or from elsewhere, only the folder is shown.
func (r Reader) build(folder string) ([]Object, error) {
	data, err := r.Build(folder)
	if err != nil {
		return nil, &Error{Position{File: folder}, err}
	}
	objects, err := Parse(folder, data)
	if err != nil {
		return nil, err
	}
	files, err := Reader{Recursive: true}.within(folder)
	if err != nil {
		return nil, err
	}
	sources := map[string]Object{}
	for _, file := range files {
		found, _ := readFile(file) // Kustomize has judged the files; these are only looked at for their lines
		for _, source := range found {
			sources[identity(source)] = source
		}
	}
	for i := range objects {
		objects[i].Source, objects[i].root = Position{File: folder}, nil
		source, ok := sources[identity(objects[i])]
		if ok && reflect.DeepEqual(source.Object["spec"], objects[i].Object["spec"]) { // what was patched stands in several places
			objects[i].Source, objects[i].root, objects[i].origin = source.Source, source.root, source.origin
		}
	}
	return objects, nil
}

func identity(o Object) string {
	return o.GroupVersionKind().GroupKind().String() + " " + o.GetName()
}
