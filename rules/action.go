package rules

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// source is a document with the text that it comes from: its own, and that of the documents merged into
// it by the legacy key action.
type source struct {
	root *yaml.Node
	text string
}

// template is what the legacy key action has left for the documents behind it in a file: `global` keeps
// a document to be merged into every rule that follows, `reset` drops it, `repeat` is the rule before it
// with some keys replaced. Correlations and filters take no part.
type template struct {
	global   *source
	previous *source // the rule before, as it was read
	budget   *budget
}

var actions = []string{"global", "reset", "repeat"}

// next gives the rule that a document stands for, or nil when it is an instruction, or refused.
func (t *template) next(d *document, doc source) *source {
	p, ok := newMapping(doc.root).find("action")
	if !ok {
		t.previous = &doc
		if g := t.global; g != nil { // on a conflict the template wins, as in pySigma
			t.previous = t.merge(d, *g, doc, func() *yaml.Node { return deepMerge(doc.root, g.root) })
		}
		return t.previous
	}
	doc.root = without(doc.root, "action")
	switch word := p.value.Value; {
	case p.value.Kind != yaml.ScalarNode:
		d.report(d.pos(p.value), CodeAction, "action has to be global, reset or repeat")
	case word == "global":
		t.global = &doc
	case word == "reset":
		t.global = nil
	case word != "repeat":
		d.report(d.pos(p.value), CodeAction, "unknown action %q%s", word, didYouMean(word, actions))
	case t.previous == nil:
		d.report(d.pos(p.value), CodeAction, "there is no rule before it to repeat")
	default:
		p := t.previous
		t.previous = t.merge(d, *p, doc, func() *yaml.Node { return deepMerge(p.root, doc.root) })
		return t.previous
	}
	return nil
}

// merge makes one document of an earlier one and a later one: root is their merged map. The result
// stands where the later one stands.
func (t *template) merge(d *document, earlier, later source, root func() *yaml.Node) *source {
	if t.budget.spend(&t.budget.merged, len(earlier.text)+len(later.text)+countNodes(earlier.root)) != nil {
		d.report(d.pos(later.root), CodeLimit, "the documents that action merges grow too large")
		return nil
	}
	out := *root()
	out.Line, out.Column = later.root.Line, later.root.Column
	return &source{root: &out, text: earlier.text + "---\n" + later.text}
}

// deepMerge gives a map with the keys of both: maps merge, anything else of over replaces that of under.
// Neither is changed.
func deepMerge(under, over *yaml.Node) *yaml.Node {
	out := *over
	out.Content = slices.Clone(under.Content)
	at := make(map[string]int, len(under.Content)/2)
	for i := 0; i+1 < len(out.Content); i += 2 {
		at[out.Content[i].Value] = i
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		k, v := over.Content[i], over.Content[i+1]
		j, both := at[k.Value]
		if !both {
			out.Content = append(out.Content, k, v)
			continue
		}
		if v.Kind == yaml.MappingNode && out.Content[j+1].Kind == yaml.MappingNode {
			v = deepMerge(out.Content[j+1], v)
		}
		out.Content[j], out.Content[j+1] = k, v
	}
	return &out
}

func without(m *yaml.Node, key string) *yaml.Node {
	out := *m
	out.Content = nil
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value != key {
			out.Content = append(out.Content, m.Content[i], m.Content[i+1])
		}
	}
	return &out
}

func countNodes(n *yaml.Node) int {
	count := 1
	for _, c := range n.Content {
		count += countNodes(c)
	}
	return count
}
