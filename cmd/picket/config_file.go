package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// fileLayer reads one configuration file. It walks the node tree itself: yaml.v3 would take duplicate
// keys for an error without a column and unknown keys for none.
func (l *loader) fileLayer(file string) layer {
	out := layer{}
	text, err := l.src.readFile(file)
	if err != nil {
		l.fail("", 0, "%v", err)
		return out
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, second yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF): // nothing but comments: no settings
		return out
	case err != nil:
		where, msg := yamlErrorPlace(file, err)
		l.fail(where, 0, "%s", msg)
		return out
	}
	if err := dec.Decode(&second); err == nil {
		l.fail(place(file, &second), second.Line, "a second document; a configuration file has one")
		return out
	}
	w := fileWalk{loader: l, file: file, out: out}
	w.mapping(doc.Content[0], "")
	slices.SortStableFunc(l.findings, func(a, b *configError) int {
		if strings.HasPrefix(a.where, file+":") && strings.HasPrefix(b.where, file+":") {
			return a.line - b.line
		}
		return 0
	})
	return out
}

// fileWalk is the walk over one file's nodes.
type fileWalk struct {
	*loader
	file string
	out  layer
}

func place(file string, n *yaml.Node) string { return fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column) }

var yamlLine = regexp.MustCompile(`^yaml: (?:unmarshal errors:\s*)?line (\d+): (.*)$`)

// yamlErrorPlace turns the parser's "yaml: line 3: …" into a place and a message.
func yamlErrorPlace(file string, err error) (where, msg string) {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return file + ":" + m[1], "not YAML: " + m[2]
	}
	return file, "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")
}

// mapping walks a map of settings below the path prefix.
func (w *fileWalk) mapping(n *yaml.Node, prefix string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // `kafka:` with everything below it commented out
	}
	if n.Kind != yaml.MappingNode {
		what := "the file"
		if prefix != "" {
			what = prefix
		}
		w.fail(place(w.file, n), n.Line, "%s must hold settings as `name: value`", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			w.fail(place(w.file, key), key.Line, "%q is already set above", key.Value)
			continue
		}
		seen[key.Value] = true
		path := key.Value
		if prefix != "" {
			path = prefix + "." + key.Value
		}
		if s, ok := lookupSetting(path); ok {
			w.leaf(s, value)
		} else if isSection(path) {
			w.mapping(value, path)
		} else {
			w.fail(place(w.file, key), key.Line, "unknown key %q%s", path, didYouMean(nearestKey(path)))
		}
	}
}

// leaf takes one setting's value: a scalar, or for a list a sequence of scalars. Null leaves the
// setting as it is.
func (w *fileWalk) leaf(s *setting, n *yaml.Node) {
	v := layerValue{origin: place(w.file, n), line: n.Line}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return
	case n.Kind == yaml.ScalarNode:
		text, ok := w.expand(n)
		if !ok {
			return
		}
		v.values = []string{text}
		if s.isList() {
			v.values = splitList(text)
		}
	case n.Kind == yaml.SequenceNode && s.isList():
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
				w.fail(place(w.file, item), item.Line, "%s: an item of the list is not plain text", s.path)
				return
			}
			text, ok := w.expand(item)
			if !ok {
				return
			}
			v.values = append(v.values, text)
		}
	default:
		w.fail(place(w.file, n), n.Line, "%s must be a %s, not %s", s.path, s.typeName(), nodeWord(n))
		return
	}
	w.out[s.path] = v
}

func nodeWord(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	return "an anchor or alias"
}

var reference = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}`)

// expand replaces ${VAR} and ${file:/path} in a scalar; $${ stands for ${ itself. It works on the
// parsed scalar, so that a value can never change the structure of the file.
func (w *fileWalk) expand(n *yaml.Node) (string, bool) {
	ok := true
	text := reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		if ref == "$${" {
			return "${"
		}
		name := ref[2 : len(ref)-1]
		if file, isFile := strings.CutPrefix(name, "file:"); isFile {
			content, err := w.src.readFile(file)
			if err != nil {
				w.fail(place(w.file, n), n.Line, "%s: %v", ref, err)
				ok = false
			}
			return trimLineEnd(string(content))
		}
		value, set := w.src.lookupEnv(name)
		if !set {
			w.fail(place(w.file, n), n.Line, "%s: the environment has no variable %s", ref, name)
			ok = false
		}
		return value
	})
	return text, ok
}

// isSection reports whether settings lie below the path.
func isSection(path string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return strings.HasPrefix(s.path, path+".") })
}
