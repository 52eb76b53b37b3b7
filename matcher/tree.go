package matcher

import (
	"fmt"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// compiledRule is a rule, as it has to be evaluated on some of its events, whose operands have become
// predicates: what programs and evidence are made from. Immutable.
type compiledRule struct {
	rule     *rules.Rule
	searches []node       // as in rule.Detection.Searches
	preds    []*predicate // of all items, in the order of the rule
}

// node mirrors a rules.Node.
type node struct {
	kind     rules.NodeKind
	item     *rules.Item    // NodeItem only: as the rule has it
	values   [][]*predicate // NodeItem only: for each value its alternatives
	first    int            // NodeItem only: the number of its first predicate within the rule
	children []node
}

// translator makes predicates of operands, one for each that differs.
type translator struct {
	schema *event.Schema
	known  map[string]*predicate
	key    []byte
}

// rule compiles r with the names of fields that view has, or says why the engine has to refuse it.
func (t *translator) rule(r, view *rules.Rule) (*compiledRule, *rules.Error) {
	c := &compiledRule{rule: r, searches: make([]node, len(r.Detection.Searches))}
	for i, s := range r.Detection.Searches {
		var refusal *rules.Error
		if c.searches[i], refusal = t.node(c, s.Root, view.Detection.Searches[i].Root); refusal != nil {
			if refusal.Rule = nameOf(r); refusal.Pos.Line == 0 {
				refusal.Pos = s.Pos
			}
			return nil, refusal
		}
	}
	if err := checkCondition(r.Detection.Condition, len(c.searches)); err != nil {
		return nil, &rules.Error{Pos: r.Pos, Rule: nameOf(r), Code: rules.CodeUnsupported, Err: err}
	}
	return c, nil
}

func nameOf(r *rules.Rule) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Title
}

func (t *translator) node(c *compiledRule, n, view rules.Node) (node, *rules.Error) {
	out := node{kind: n.Kind}
	switch {
	case n.Kind == rules.NodeItem && n.Item != nil && len(n.Item.Values) > 0:
		out.item = n.Item
		refusal := t.item(c, &out, view.Item)
		return out, refusal
	case (n.Kind == rules.NodeAll || n.Kind == rules.NodeAny) && len(n.Children) > 0:
		out.children = make([]node, len(n.Children))
		for i, child := range n.Children {
			var refusal *rules.Error
			if out.children[i], refusal = t.node(c, child, view.Children[i]); refusal != nil {
				return out, refusal
			}
		}
		return out, nil
	}
	return out, &rules.Error{Code: rules.CodeUnsupported, Err: fmt.Errorf("the engine does not know nodes of kind %d with %d children", n.Kind, len(n.Children))}
}

func (t *translator) item(c *compiledRule, n *node, view *rules.Item) *rules.Error {
	n.first = len(c.preds)
	n.values = make([][]*predicate, len(view.Values))
	for i := range view.Values {
		v := &view.Values[i]
		for j := range v.Alts {
			p, err := t.predicate(view.Field, &v.Alts[j])
			if err != nil {
				return &rules.Error{Pos: v.Pos, Code: rules.CodeUnsupported, Err: err}
			}
			n.values[i], c.preds = append(n.values[i], p), append(c.preds, p)
		}
	}
	return nil
}

func (t *translator) predicate(field string, o *rules.Operand) (*predicate, error) {
	p, err := newPredicate(o)
	if err != nil {
		return nil, err
	}
	if p.keyword = field == ""; p.keyword {
		if p.op == opNull || p.op == opExists || p.op == opMissing || p.op == opFieldRef {
			return nil, fmt.Errorf("this test needs a field")
		}
	} else {
		p.field, _ = t.schema.Field(field)
	}
	if p.op == opFieldRef {
		p.other, _ = t.schema.Field(o.FieldRef)
	}
	p, isNew := t.share(p)
	if isNew {
		t.support(p)
	}
	return p, nil
}

// share gives the predicate that is there already, or p.
func (t *translator) share(p *predicate) (_ *predicate, isNew bool) {
	t.key = p.key(t.key[:0])
	if same := t.known[string(t.key)]; same != nil {
		return same, false
	}
	t.known[string(t.key)] = p
	return p, true
}

// support makes the text predicates that spare p most of its work.
func (t *translator) support(p *predicate) {
	switch p.op {
	case opGlob:
		if lit, anchor := p.glob.longest(); lit != "" {
			p.trigger = t.text(p, lit, anchor)
		}
	case opRegex:
		for _, c := range requiredLiterals(p.operand.Regex.String()) {
			var any []*predicate
			for _, lit := range c {
				any = append(any, t.text(p, lit, index.Anywhere))
			}
			p.needs = append(p.needs, any)
		}
		if len(p.needs) == 0 {
			p.needs = [][]*predicate{{t.text(p, "", index.Anywhere)}} // any text
		}
	case opFieldRef:
		p.needs = [][]*predicate{{t.text(p, "", index.Anywhere)}}
	}
}

// text is a text predicate on the field of p. Regular expressions look for their literals in folded
// text, patterns in the text they compare with.
func (t *translator) text(p *predicate, lit string, anchor index.Anchor) *predicate {
	q, _ := t.share(&predicate{
		op: opText, cased: p.cased && p.op == opGlob, keyword: p.keyword, field: p.field, anchor: anchor, lit: lit,
	})
	return q
}

// checkCondition keeps what a condition refers to in bounds, so that evaluating it needs no checks.
func checkCondition(c rules.Cond, searches int) error {
	inBounds := func(i int) error {
		if i < 0 || i >= searches {
			return fmt.Errorf("the condition refers to search %d of %d", i, searches)
		}
		return nil
	}
	switch {
	case c.Kind == rules.CondSearch:
		return inBounds(c.Search)
	case c.Kind == rules.CondOf && len(c.Of) > 0:
		for _, i := range c.Of {
			if err := inBounds(i); err != nil {
				return err
			}
		}
		return nil
	case c.Kind == rules.CondNot && len(c.Args) == 1, (c.Kind == rules.CondAnd || c.Kind == rules.CondOr) && len(c.Args) > 0:
		for _, a := range c.Args {
			if err := checkCondition(a, searches); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("the engine does not know conditions of kind %d with %d parts", c.Kind, len(c.Args))
}

// fieldsOf lists the names a rule reads.
func fieldsOf(dst []string, n rules.Node) []string {
	if n.Item != nil && n.Item.Field != "" {
		dst = append(dst, n.Item.Field)
	}
	if n.Item != nil {
		for _, v := range n.Item.Values {
			for _, o := range v.Alts {
				if o.Kind == rules.OperandFieldRef {
					dst = append(dst, o.FieldRef)
				}
			}
		}
	}
	for _, c := range n.Children {
		dst = fieldsOf(dst, c)
	}
	return dst
}
