package rules

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// LoadLogSources reads a file of log source bindings for SourceOptions.Custom. The error is about the file
// system, or it is Errors: everything that is wrong in the file. Then nothing is returned.
func LoadLogSources(path string) ([]CustomBinding, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load log sources: %w", err)
	}
	bindings, findings := ParseLogSources(path, src)
	if len(findings) > 0 {
		return nil, findings
	}
	return bindings, nil
}

// ParseLogSources reads log source bindings: a YAML list of maps with the keys of bindingKeys. It needs a
// part of a log source and a channel in each; docs/logsources.md describes the form. file is the name that
// findings carry.
func ParseLogSources(file string, src []byte) ([]CustomBinding, Errors) {
	var out []CustomBinding
	findings := settingsFile(file, src, func(d *document, root *yaml.Node) { out = d.bindings(root) })
	if len(findings) > 0 {
		return nil, findings
	}
	return out, nil
}

// bindingKeys are the keys of a binding. The first three are the parts of a log source.
var bindingKeys = []string{"category", "product", "service", "channels", "event_ids", "fields"}

func (d *document) bindings(root *yaml.Node) []CustomBinding {
	if root.Kind != yaml.SequenceNode {
		d.report(d.pos(root), CodeBinding, "log sources are a list of bindings, this is not")
		return nil
	}
	var out []CustomBinding
	for _, n := range root.Content {
		if n.Kind != yaml.MappingNode {
			d.report(d.pos(n), CodeBinding, "a binding is a map of %s, this is not", strings.Join(bindingKeys, ", "))
			continue
		}
		out = append(out, d.binding(n))
	}
	return out
}

func (d *document) binding(n *yaml.Node) CustomBinding {
	var b CustomBinding
	m := newMapping(n)
	for _, p := range m.pairs {
		switch p.key.Value {
		case "category":
			b.Category = d.bindingText(p.key.Value, p.value)
		case "product":
			b.Product = d.bindingText(p.key.Value, p.value)
		case "service":
			b.Service = d.bindingText(p.key.Value, p.value)
		case "channels":
			for _, v := range d.bindingList(p) {
				b.Channels = append(b.Channels, d.bindingText("a channel", v))
			}
		case "event_ids":
			for _, v := range d.bindingList(p) {
				b.EventIDs = append(b.EventIDs, d.bindingID(v))
			}
		case "fields":
			b.Aliases = d.bindingFields(p.value)
		default:
			d.report(d.pos(p.key), CodeBinding, "unknown key %q%s", p.key.Value, didYouMean(p.key.Value, bindingKeys))
		}
	}
	if !slices.ContainsFunc(m.pairs, func(p pair) bool { return slices.Contains(bindingKeys[:3], p.key.Value) }) {
		d.report(d.pos(n), CodeBinding, "the binding names neither category, product nor service")
	}
	if _, ok := m.find("channels"); !ok {
		d.report(d.pos(n), CodeBinding, "the binding names no channels")
	}
	return b
}

// bindingText reads a name; a number is its text.
func (d *document) bindingText(what string, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || scalarType(n) == typeNull || n.Value == "" {
		d.report(d.pos(n), CodeBinding, "%s has to be text", what)
		return ""
	}
	return n.Value
}

// bindingList gives the one value of an entry, or the values of its list.
func (d *document) bindingList(p pair) []*yaml.Node {
	if p.value.Kind != yaml.SequenceNode {
		return []*yaml.Node{p.value}
	}
	if len(p.value.Content) == 0 {
		d.report(d.pos(p.value), CodeBinding, "%s is an empty list", p.key.Value)
	}
	return p.value.Content
}

func (d *document) bindingID(n *yaml.Node) uint32 {
	id, err := strconv.ParseUint(n.Value, 10, 32)
	if n.Kind != yaml.ScalarNode || scalarType(n) != typeNumber || err != nil {
		d.report(d.pos(n), CodeBinding, "an event id has to be a whole number from 0 to 4294967295")
	}
	return uint32(id)
}

// bindingFields reads the map from the names that rules have for fields to those that events have.
func (d *document) bindingFields(n *yaml.Node) []FieldAlias {
	if n.Kind != yaml.MappingNode {
		d.report(d.pos(n), CodeBinding, "fields has to be a map from the names of fields in rules to those in events")
		return nil
	}
	var out []FieldAlias
	for _, p := range newMapping(n).pairs {
		if p.key.Value == "" {
			d.report(d.pos(p.key), CodeBinding, "a field needs the name that rules have for it")
		}
		name := d.bindingText("the name that events have for a field", p.value)
		// Package event drops the spaces from the names of fields (Windows Defender's "Threat Name").
		if first, rest, _ := strings.Cut(name, "."); strings.Contains(first, " ") {
			written := strings.TrimSuffix(strings.ReplaceAll(first, " ", "")+"."+rest, ".")
			d.report(d.pos(p.value), CodeBinding, "names of fields in events count without their spaces: write %q", written)
		}
		out = append(out, FieldAlias{Field: p.key.Value, Event: name})
	}
	return out
}
