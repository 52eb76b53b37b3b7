package rules

import (
	"errors"
	"fmt"
	"os"
	"regexp"

	"gopkg.in/yaml.v3"
)

var placeholderName = regexp.MustCompile(`^\w+$`)

// LoadPlaceholders reads a file of placeholder values for LoadOptions. The error is about the file
// system, or it is Errors: everything that is wrong in the file. Then nothing is returned.
func LoadPlaceholders(path string) (map[string][]string, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load placeholders: %w", err)
	}
	values, findings := ParsePlaceholders(path, src)
	if len(findings) > 0 {
		return nil, findings
	}
	return values, nil
}

// ParsePlaceholders reads placeholder values: a YAML map from the name of a placeholder to its value or
// to the list of its values. Values are Sigma strings as they stand in rules, and resolve as there: a
// number is its text. file is the name that findings carry.
func ParsePlaceholders(file string, src []byte) (map[string][]string, Errors) {
	var out map[string][]string
	findings := settingsFile(file, src, func(d *document, root *yaml.Node) { out = d.placeholders(root) })
	if len(findings) > 0 {
		return nil, findings
	}
	return out, nil
}

func (d *document) placeholders(root *yaml.Node) map[string][]string {
	if root.Kind != yaml.MappingNode {
		d.report(d.pos(root), CodeNotMap, "placeholders are a map from names to lists of values, this is not")
		return nil
	}
	out := map[string][]string{}
	for _, p := range newMapping(root).pairs {
		if !placeholderName.MatchString(p.key.Value) {
			d.report(d.pos(p.key), CodePlaceholder, "the name %q of a placeholder has to be letters, digits and _", p.key.Value)
			continue
		}
		out[p.key.Value] = d.placeholderValues(p.value)
	}
	return out
}

var errNoValue = errors.New("a placeholder needs a value or a list of values")

func (d *document) placeholderValues(n *yaml.Node) []string {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 {
		d.report(d.pos(n), CodePlaceholder, "%w", errNoValue)
	}
	var out []string
	for _, v := range nodes {
		if v.Kind != yaml.ScalarNode || scalarType(v) == typeNull {
			d.report(d.pos(v), CodePlaceholder, "%w", errNoValue)
			continue
		}
		out = append(out, v.Value)
	}
	return out
}
