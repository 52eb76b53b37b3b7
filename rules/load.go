package rules

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads rule files and folders. Of a folder it takes every *.yml and *.yaml below it, except in
// folders whose name starts with a dot (.git, and the versions behind a mounted Kubernetes ConfigMap);
// a path that is a file is read whatever its name. A file reached twice is read once. The result does
// not depend on the order of paths.
//
// The error is about the file system only: a path that does not exist or cannot be read. What is
// wrong with rules is in Set.Findings, and the other rules are in the set.
func Load(paths ...string) (*Set, error) { return LoadOptions{}.Load(paths...) }

// Load is Load with choices.
func (o LoadOptions) Load(paths ...string) (*Set, error) {
	files, err := o.ParseFiles(paths...)
	if err != nil {
		return nil, err
	}
	return Assemble(files, o), nil
}

// ParseFiles reads what Load reads, in the order of names, for a set that has other files as well.
func (o LoadOptions) ParseFiles(paths ...string) ([]File, error) {
	var names []string
	for _, p := range paths {
		found, err := ruleFiles(p)
		if err != nil {
			return nil, fmt.Errorf("load rules: %w", err)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	files := make([]File, 0, len(names))
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("load rules: %w", err)
		}
		files = append(files, ParseFile(name, src, o))
	}
	return files, nil
}

func ruleFiles(root string) ([]string, error) {
	root = filepath.Clean(root)
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{root}, nil
	}
	var out []string
	fsys := os.DirFS(root) // follows root when it is a link, as a mounted folder may be
	err = fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(root, p), err)
		}
		if e.IsDir() {
			if p != "." && strings.HasPrefix(e.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(p); ext != ".yml" && ext != ".yaml" {
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 {
			if info, err := fs.Stat(fsys, p); err == nil && info.IsDir() {
				return nil
			}
		}
		out = append(out, filepath.Join(root, filepath.FromSlash(p)))
		return nil
	})
	return out, err
}

//go:embed builtin/*.yml
var builtin embed.FS

// Default is the rule set inside the binary: what picket runs when it is told nothing else. Its rules
// and their licenses are in builtin.
func Default() *Set { return LoadOptions{}.Default() }

// Default is Default with choices.
func (o LoadOptions) Default() *Set {
	names, err := fs.Glob(builtin, "builtin/*.yml")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	var files []File
	for _, name := range names {
		src, err := builtin.ReadFile(name)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		f := ParseFile(name, src, o)
		if len(f.Findings) > 0 {
			panic("BUG: built-in rule: " + f.Findings.Error())
		}
		files = append(files, f)
	}
	return Assemble(files, o)
}
