// Package overlay reads what an application's folder in its repository becomes, as Argo CD does: a folder with a
// kustomization is built by Kustomize, any other gives its YAML and JSON files. It is the only package that knows
// Kustomize.
package overlay

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/internal/manifest"
)

// Reasons for which a folder gives no objects.
var (
	// ErrMissing says that the folder does not exist.
	ErrMissing = errors.New("the folder does not exist")
	// ErrNotRead says that the folder is one that only Argo CD can read: Helm, Jsonnet or a base that cannot be fetched here.
	ErrNotRead = errors.New("only Argo CD can read the folder")
)

// An Overlay is what a folder holds.
type Overlay struct {
	// Path is where it is in the repository.
	Path string
	// Kustomized says that Kustomize built it: only then images can be overridden.
	Kustomized bool
	// Objects are the manifests. Those without namespace go to the app's.
	Objects []*unstructured.Unstructured
	// Images are the kustomization's own overrides: what an image was called, and is called in the manifests now.
	Images map[string]string
	// Err is why there are no objects: ErrMissing, ErrNotRead, or what is wrong with the folder.
	Err error
}

// Read reads the folder at path, which is relative to the root of the repository. It never leaves the repository: a
// link that leads out of it is an error.
func Read(repository, path string) *Overlay {
	folder := filepath.Join(repository, filepath.FromSlash(path))
	overlay := &Overlay{Path: path}
	if overlay.Err = inside(repository, folder); overlay.Err != nil {
		return overlay
	}
	var data []byte
	switch {
	case manifest.IsKustomization(folder):
		overlay.Kustomized = true
		overlay.Images = ownImages(folder)
		if data, overlay.Err = Build(folder); overlay.Err != nil {
			overlay.Err = within(repository, overlay.Err)
			if text := overlay.Err.Error(); notHere.MatchString(text) {
				overlay.Err = fmt.Errorf("%w: %s", ErrNotRead, text) // Argo CD may be allowed to inflate charts, or have a key
			}
			return overlay
		}
	case onlyArgoCDReads(folder):
		overlay.Err = fmt.Errorf("%w: it is Helm or Jsonnet", ErrNotRead)
		return overlay
	}
	overlay.Objects, overlay.Err = objectsOf(folder, data, overlay.Kustomized)
	return overlay
}

// notHere is what Kustomize says of charts, and of bases that it could not fetch.
var notHere = regexp.MustCompile(`--enable-helm|git fetch|/git |Get "https?://|HTTP Error: status code`)

func inside(repository, folder string) error {
	root, err := filepath.EvalSymlinks(repository)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(folder)
	if errors.Is(err, os.ErrNotExist) {
		return ErrMissing
	}
	if err != nil {
		return err
	}
	if below, err := filepath.Rel(root, target); err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return fmt.Errorf("%s leads out of the repository, to %s", folder, target)
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", folder)
	}
	return nil
}

// within names what is in the repository as it is named there: Kustomize tells where it is on this machine.
func within(repository string, err error) error {
	root, failure := filepath.Abs(repository)
	if failure != nil {
		return err
	}
	text := strings.ReplaceAll(err.Error(), root+string(filepath.Separator), "")
	if target, failure := filepath.EvalSymlinks(root); failure == nil {
		text = strings.ReplaceAll(text, target+string(filepath.Separator), "")
	}
	return errors.New(text)
}

func objectsOf(folder string, data []byte, built bool) ([]*unstructured.Unstructured, error) {
	var found []manifest.Object
	var err error
	if built {
		found, err = manifest.Parse(folder, data)
	} else {
		found, err = manifest.Reader{Forgiving: true}.Read(folder)
		if errors.Is(err, manifest.ErrNoFiles) {
			return nil, nil
		}
	}
	objects := make([]*unstructured.Unstructured, len(found))
	for i := range found {
		objects[i] = found[i].Unstructured
	}
	return objects, err
}

// onlyArgoCDReads says whether the folder holds what Argo CD makes objects of by other tools.
func onlyArgoCDReads(folder string) bool {
	if _, err := os.Stat(filepath.Join(folder, "Chart.yaml")); err == nil {
		return true
	}
	jsonnet, err := filepath.Glob(filepath.Join(folder, "*.jsonnet"))
	return err == nil && len(jsonnet) > 0
}

// Build is what `kustomize build` prints for a folder: no plugins, no Helm, and no files from outside of it and its
// bases. A base that is named by a URL is fetched by Kustomize itself.
func Build(folder string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	options.PluginConfig = types.DisabledPluginConfig()
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// ownImages are the images of the folder's kustomization. Argo CD's overrides replace them by name.
func ownImages(folder string) map[string]string {
	images := map[string]string{}
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		data, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // the folder is what the user asks to be read
		if err != nil {
			continue
		}
		var kustomization types.Kustomization
		if yaml.Unmarshal(data, &kustomization) != nil {
			return nil // the build says what is wrong
		}
		for _, image := range kustomization.Images {
			images[image.Name] = cmp.Or(image.NewName, image.Name)
		}
	}
	return images
}
