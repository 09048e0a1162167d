package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gpl is what files of the GNU GPL begin with.
const gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version. This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the
implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more
details. You should have received a copy of the GNU General Public License along with this program. If not, see
<https://www.gnu.org/licenses/>.
`

// apache is our own licence.
func apache(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// program makes one that links example.com/linked and a package below it, with these files in that module.
func program(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	all := map[string]string{
		"program/go.mod":       "module example.com/program\n\ngo 1.26\n\nrequire example.com/linked v0.0.0\n\nreplace example.com/linked => ../linked\n",
		"program/main.go":      "package main\n\nimport _ \"example.com/linked/part\"\n\nfunc main() {}\n",
		"linked/go.mod":        "module example.com/linked\n\ngo 1.26\n",
		"linked/part/part.go":  "package part\n",
		"linked/other/it.go":   "package other\n",
		"linked/other/LICENSE": gpl, // nobody links it
	}
	for name, content := range files {
		all["linked/"+name] = content
	}
	for name, content := range all {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "program")
}

func TestWhatIsLinkedIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		files          map[string]string
		want, problems string // what a problem contains; empty for none
	}{
		"an allowed licence":                              {map[string]string{"LICENSE": apache(t)}, "Apache-2.0", ""},
		"in a file with another name":                     {map[string]string{"LICENCE.md": apache(t)}, "Apache-2.0", ""},
		"no licence":                                      {nil, "", "has no licence file"},
		"no licence but code that is called so":           {map[string]string{"license.go": "package linked\n"}, "", "has no licence file"},
		"a licence that asks for more":                    {map[string]string{"COPYING": gpl}, "GPL-3.0-or-later", "GPL-3.0-or-later is not an allowed licence"},
		"a text that is no licence":                       {map[string]string{"LICENSE": "Ask me.\n"}, "", "no known licence"},
		"an allowed licence with a condition of somebody": {map[string]string{"LICENSE": apache(t) + "\nYou may not sell it to anybody.\n"}, "Apache-2.0", `"You may not sell it to anybody."`},
		"a copy of somebody's code below it":              {map[string]string{"LICENSE": apache(t), "part/LICENSE.txt": gpl}, "Apache-2.0, GPL-3.0-or-later", "GPL-3.0-or-later is not an allowed licence"},
		"two licences beside one another":                 {map[string]string{"LICENSE": apache(t), "LICENSE-GPL": gpl}, "Apache-2.0, GPL-3.0-or-later", "GPL-3.0-or-later is not an allowed licence"},
	} {
		t.Run(name, func(t *testing.T) {
			verdicts, err := linkedInto(t.Context(), newJudge(), program(t, c.files), ".")
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(verdicts, func(v verdict) bool { return v.module == "example.com/linked" })
			if i < 0 {
				t.Fatalf("the module is not among %v", verdicts)
			}
			if got := strings.Join(verdicts[i].licences, ", "); got != c.want {
				t.Errorf("it comes under %q, want %q", got, c.want)
			}
			problems := strings.Join(verdicts[i].problems, "\n")
			if c.problems == "" && problems != "" || !strings.Contains(problems, c.problems) {
				t.Errorf("problems are %q, want %q", problems, c.problems)
			}
		})
	}
}

func TestAProgramThatCannotBeListedIsAnError(t *testing.T) {
	if _, err := linkedInto(t.Context(), newJudge(), t.TempDir(), "./cmd"); err == nil {
		t.Error("nothing was listed, and nothing said so")
	}
}

func TestAFileThatWasReadAndIsLinkedNoMoreIsNamed(t *testing.T) {
	if got := newJudge().stale(); len(got) != len(read) {
		t.Errorf("%d of %d are named: %q", len(got), len(read), got)
	}
}

func TestEveryChangeOfTheTableIsNamed(t *testing.T) {
	if got := changes("a: MIT\nb: MIT\n", "a: MIT\nb: MIT\n"); len(got) != 0 {
		t.Errorf("equal tables differ in %q", got)
	}
	got := strings.Join(changes("a: MIT\nb: MIT\n", "a: ISC\nb: MIT\nc: MIT\n"), "\n")
	for _, want := range []string{"no more: a: MIT", "lacks: a: ISC", "lacks: c: MIT"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}
