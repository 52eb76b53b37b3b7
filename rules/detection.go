package rules

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

const maxSearches = 1000 // of one rule; SigmaHQ's largest has 34

// detection reads searches and condition of a rule.
func (d *document) detection(m mapping) {
	p, ok := m.find("detection")
	switch {
	case !ok:
		d.report(d.rule.Pos, CodeMissingKey, "detection is missing")
	case p.value.Kind != yaml.MappingNode:
		d.report(d.pos(p.value), CodeWrongType, "detection has to be a map")
	default:
		d.searches(p, newMapping(p.value).pairs)
	}
}

// searches reads the entries of a detection, or of a filter, which p names.
func (d *document) searches(p pair, entries []pair) {
	what := p.key.Value
	var condition pair
	det := &d.rule.Detection
	for _, e := range entries {
		switch e.key.Value {
		case "condition":
			condition = e
		case "timeframe": // a leftover of the removed aggregations, never a search
			d.report(d.pos(e.key), CodeTimeframe, "timeframe is ignored: windows over time are correlation rules")
		default:
			// A search that is refused keeps its name: the condition may still speak of it.
			s := Search{Name: e.key.Value, Pos: d.pos(e.key)}
			if root := d.search(e.value); root != nil {
				s.Root = *root
			}
			det.Searches = append(det.Searches, s)
		}
	}
	switch {
	case len(det.Searches) == 0:
		d.report(d.pos(p.key), CodeMissingKey, "%s has no search", what)
	case len(det.Searches) > maxSearches:
		d.report(d.pos(p.key), CodeLimit, "%s has more than %d searches", what, maxSearches)
		return
	}
	if condition.key == nil {
		d.report(d.pos(p.key), CodeMissingKey, "condition is missing%s", d.likeCondition())
		return
	}
	if len(det.Searches) > 0 {
		d.condition(condition)
	}
}

// likeCondition asks about a search whose name is nearly condition.
func (d *document) likeCondition() string {
	names := make([]string, len(d.rule.Detection.Searches))
	for i, s := range d.rule.Detection.Searches {
		names[i] = s.Name
	}
	if near := nearest("condition", names, 3); near != "" {
		return fmt.Sprintf("; is %q meant to be it?", near)
	}
	return ""
}

// search reads what stands behind a search's name, or an element of a list there: maps AND, lists
// OR, scalars are keywords. nil means that a finding was reported.
func (d *document) search(n *yaml.Node) *Node {
	switch n.Kind {
	case yaml.MappingNode:
		return d.searchMap(n)
	case yaml.SequenceNode:
		return d.searchList(n)
	}
	return d.keywords(n, []*yaml.Node{n})
}

func (d *document) searchMap(n *yaml.Node) *Node {
	if len(n.Content) == 0 {
		d.report(d.pos(n), CodeSearch, "an empty map selects nothing in particular")
		return nil
	}
	out := Node{Kind: NodeAll}
	sound := true
	for _, e := range newMapping(n).pairs {
		item := d.item(e)
		if sound = sound && item != nil; sound {
			out.Children = append(out.Children, Node{Item: item})
		}
	}
	if !sound {
		return nil
	}
	return &out
}

func (d *document) searchList(n *yaml.Node) *Node {
	if len(n.Content) == 0 {
		d.report(d.pos(n), CodeSearch, "an empty list selects nothing")
		return nil
	}
	scalars := true
	for _, c := range n.Content {
		scalars = scalars && c.Kind == yaml.ScalarNode
	}
	if scalars {
		return d.keywords(n, n.Content)
	}
	out := Node{Kind: NodeAny}
	sound := true
	for _, c := range n.Content {
		child := d.search(c)
		if sound = sound && child != nil; sound {
			out.Children = append(out.Children, *child)
		}
	}
	if !sound {
		return nil
	}
	return &out
}

// keywords is an item without a field.
func (d *document) keywords(at *yaml.Node, values []*yaml.Node) *Node {
	item := &Item{Pos: d.pos(at)}
	if !d.values(item, chain{}, values) {
		return nil
	}
	return &Node{Item: item}
}

// item reads one `field|modifiers: values` line.
func (d *document) item(e pair) *Item {
	field, mods, _ := strings.Cut(e.key.Value, "|")
	item := &Item{Pos: d.pos(e.key), Field: field}
	var ch chain
	ok := true
	if len(field) < len(e.key.Value) {
		item.Modifiers = strings.Split(mods, "|")
		ch, ok = d.chain(e.key, field, item.Modifiers)
	}
	values := []*yaml.Node{e.value}
	switch e.value.Kind {
	case yaml.MappingNode:
		d.report(d.pos(e.value), CodeSearch, "the value of a field cannot be a map")
		return nil
	case yaml.SequenceNode:
		if values = e.value.Content; len(values) == 0 {
			d.report(d.pos(e.value), CodeSearch, "an empty list of values matches nothing")
			return nil
		}
	}
	if !ok || !d.values(item, ch, values) {
		return nil
	}
	item.All, item.Neq = ch.all, ch.neq
	if item.All && len(item.Values) == 1 {
		d.report(item.Pos, CodeSingleAll, "all has no effect on a single value")
	}
	return item
}

// values reads the values of an item through its chain of modifiers.
func (d *document) values(item *Item, ch chain, nodes []*yaml.Node) bool {
	sound := true
	if ch.single && len(nodes) > 1 {
		d.report(d.pos(nodes[1]), CodeValueType, "%s takes one value", ch.steps[0].name)
		return false
	}
	item.Values = make([]Value, 0, len(nodes))
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			d.report(d.pos(n), CodeSearch, "a value in a list has to be a scalar")
			sound = false
			continue
		}
		alts, bad := d.operands(ch, item.Field, n)
		if bad != nil {
			pos := d.pos(n)
			if bad.off >= 0 {
				pos = d.within(n, bad.off)
			}
			d.report(pos, bad.code, "%w", bad.err)
			if sound = false; bad == errSpent {
				break
			}
			continue
		}
		item.Values = append(item.Values, Value{Pos: d.pos(n), Text: n.Value, Alts: alts})
	}
	return sound
}
