package reference

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/picketsigma/picket/rules"
)

// Event is an event as the gate and the rules see it.
type Event struct {
	Channel   string
	EventID   uint32
	EventType string         // empty: the event has no usable EventType
	Fields    map[string]any // decoded with json.Decoder.UseNumber: exact numbers
}

// MatchSet gives the ids of the rules of set that e meets, sorted; a rule without an id is there by
// its title.
func MatchSet(set *rules.Set, e Event) []string {
	var out []string
	for _, r := range set.Rules {
		views := gate(set, r.LogSource, e)
		if !slices.ContainsFunc(views, func(v view) bool { return cond(r.Detection, r.Detection.Condition, v) }) {
			continue
		}
		if r.ID != "" {
			out = append(out, r.ID)
		} else {
			out = append(out, r.Title)
		}
	}
	slices.Sort(out)
	return out
}

// view is the fields of an event, and which of them rules call otherwise.
type view struct {
	fields  map[string]any
	aliases []rules.FieldAlias
}

// gate gives e as rules of the log source see it, once for each binding that takes e: none when e is no
// event of it (sigma-semantics: a rule is never tried on events of another).
func gate(set *rules.Set, ls rules.LogSource, e Event) (views []view) {
	bindings, _ := set.Bind(ls)
	for _, b := range bindings {
		if len(b.Channels) > 0 && !slices.Contains(b.Channels, lower(e.Channel)) {
			continue
		}
		if len(b.EventIDs) > 0 && !slices.Contains(b.EventIDs, e.EventID) {
			continue
		}
		if len(b.EventTypes) > 0 && e.EventType != "" && !slices.Contains(b.EventTypes, lower(e.EventType)) {
			continue
		}
		views = append(views, view{e.Fields, b.Aliases})
	}
	return views
}

// Match evaluates one rule on the fields of one event, without the gate. It panics on an operand it
// does not know: a test must not pass because both sides skip something.
func Match(r *rules.Rule, event map[string]any) bool {
	return cond(r.Detection, r.Detection.Condition, view{fields: event})
}

func cond(d rules.Detection, c rules.Cond, event view) bool {
	switch c.Kind {
	case rules.CondSearch:
		return node(d.Searches[c.Search].Root, event)
	case rules.CondNot:
		return !cond(d, c.Args[0], event)
	case rules.CondAnd:
		for _, a := range c.Args {
			if !cond(d, a, event) {
				return false
			}
		}
		return true
	case rules.CondOr:
		for _, a := range c.Args {
			if cond(d, a, event) {
				return true
			}
		}
		return false
	case rules.CondOf:
		n := 0
		for _, i := range c.Of {
			if node(d.Searches[i].Root, event) {
				n++
			}
		}
		return n >= c.Count
	}
	panic(fmt.Sprintf("BUG: condition kind %d", c.Kind))
}

func node(n rules.Node, event view) bool {
	switch n.Kind {
	case rules.NodeItem:
		return item(*n.Item, event)
	case rules.NodeAll:
		for _, c := range n.Children {
			if !node(c, event) {
				return false
			}
		}
		return true
	case rules.NodeAny:
		for _, c := range n.Children {
			if node(c, event) {
				return true
			}
		}
		return false
	}
	panic(fmt.Sprintf("BUG: node kind %d", n.Kind))
}

// item is OR over the values, AND with all; neq negates the outcome.
func item(it rules.Item, event view) bool {
	held := 0
	for _, v := range it.Values {
		for _, o := range v.Alts {
			if operand(it.Field, o, event) {
				held++
				break
			}
		}
	}
	result := held > 0
	if it.All {
		result = held == len(it.Values)
	}
	return result != it.Neq
}

func operand(field string, o rules.Operand, event view) bool {
	var values []any
	present := false
	if field == "" {
		values = leaves(event.fields, nil)
	} else {
		values, present = event.field(field)
	}
	switch o.Kind {
	case rules.OperandExists:
		return present == o.Bool
	case rules.OperandNull:
		return isNull(values)
	case rules.OperandFieldRef:
		others, _ := event.field(o.FieldRef)
		return fieldRef(o, flatten(values, nil), flatten(others, nil))
	}
	for _, v := range flatten(values, nil) {
		if scalar(o, v) {
			return true
		}
	}
	return false
}

// fieldRef compares any value of this field with any of the other; null and objects have no text.
func fieldRef(o rules.Operand, values, others []any) bool {
	for _, v := range values {
		for _, w := range others {
			s, ok1 := text(v)
			other, ok2 := text(w)
			if !o.Cased {
				s, other = lower(s), lower(other)
			}
			if ok1 && ok2 && anchored(o.Anchor, s, other) {
				return true
			}
		}
	}
	return false
}

func anchored(a rules.Anchor, s, other string) bool {
	switch a {
	case rules.AnchorWhole:
		return s == other
	case rules.AnchorStart:
		return strings.HasPrefix(s, other)
	case rules.AnchorEnd:
		return strings.HasSuffix(s, other)
	case rules.AnchorAnywhere:
		return strings.Contains(s, other)
	}
	panic(fmt.Sprintf("BUG: anchor %d", a))
}

// field finds what rules call name. Where the events call it otherwise, nothing else is looked at: a field
// of theirs that happens to have the rules' name is another one.
func (v view) field(name string) (values []any, present bool) {
	for _, a := range v.aliases {
		if a.Field == name {
			return lookup(v.fields, a.Event)
		}
	}
	return lookup(v.fields, name)
}

// lookup finds a field: the exact key first, else the objects by the dotted segments, fanning out
// over arrays. It gives every value found there.
func lookup(event map[string]any, name string) (values []any, present bool) {
	if v, ok := event[name]; ok {
		return []any{v}, true
	}
	values = walk(event, strings.Split(name, "."))
	return values, len(values) > 0
}

func walk(v any, segments []string) (values []any) {
	if len(segments) == 0 {
		return []any{v}
	}
	switch x := v.(type) {
	case map[string]any:
		if member, ok := x[segments[0]]; ok {
			return walk(member, segments[1:])
		}
	case []any:
		for _, element := range x {
			values = append(values, walk(element, segments)...)
		}
	}
	return values
}

// isNull: missing, null, or a list without elements; of an array any element counts.
func isNull(values []any) bool {
	flat := flatten(values, nil)
	return len(flat) == 0 || slices.ContainsFunc(flat, func(v any) bool { return v == nil })
}

// flatten opens arrays, nested ones too.
func flatten(values []any, out []any) []any {
	for _, v := range values {
		if list, ok := v.([]any); ok {
			out = flatten(list, out)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// leaves gives every value of the event, inside lists and objects, and no name.
func leaves(v any, out []any) []any {
	switch x := v.(type) {
	case map[string]any:
		for _, y := range x {
			out = leaves(y, out)
		}
	case []any:
		for _, y := range x {
			out = leaves(y, out)
		}
	default:
		out = append(out, v)
	}
	return out
}

// lower folds one code point at a time.
func lower(s string) string { return strings.Map(unicode.ToLower, s) }
