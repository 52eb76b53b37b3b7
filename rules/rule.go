package rules

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Pos is a place in a rule file. Line and Col count from 1; a Pos whose Line is 0 names only the file.
type Pos struct {
	File string
	Line int
	Col  int
}

// Rule is one Sigma detection rule (sigma-specification 2.1.0, "Rules"). Text fields are as the
// author wrote them; absent ones are empty.
type Rule struct {
	Pos            Pos // the document's first key
	ID             string
	Title          string
	Name           string
	Description    string
	Author         string
	License        string
	Status         string // stable, test, experimental, deprecated, unsupported
	Level          string // informational, low, medium, high, critical; empty is "no level", not informational
	Date           string
	Modified       string
	Tags           []string
	References     []string
	FalsePositives []string
	Fields         []string
	Related        []Related
	LogSource      LogSource
	Detection      Detection
	Filters        []*Filter // those that are part of Detection, in the order they were applied

	// Hash identifies what the rule means: "sha256:" and the hex digest of the document's bytes with line
	// ends normalized to LF. The documents that the legacy key action merged into it count, behind each
	// other with `---` between them; so do the values that replaced its placeholders. A filter makes it the
	// digest of the rule's hash, a line feed and the filter's hash, for each filter in turn. It is part of
	// every alert id, so that a changed rule gives new alerts.
	Hash string
	// Source is the document as it stands in its file, for people to read.
	Source string
}

// label is what findings call the rule.
func (r *Rule) label() string { return cmp.Or(r.ID, r.Title) }

// filtered counts the searches at the end of Detection.Searches that belong to filters.
func (r *Rule) filtered() int {
	n := 0
	for _, f := range r.Filters {
		n += len(f.Detection.Searches)
	}
	return n
}

// Related points at another rule: informational, never changes matching.
type Related struct {
	ID   string
	Type string // derived, obsolete, merged, renamed, similar
}

// LogSource says which events a rule is meant for. Its parts are ANDed, an empty one does not
// restrict. They are stored in lower case: the comparison ignores case.
type LogSource struct {
	Pos        Pos
	Category   string
	Product    string
	Service    string
	Definition string
}

// String writes the parts that are there as Sigma users do: windows/process_creation.
func (ls LogSource) String() string {
	return strings.Join(slices.DeleteFunc([]string{ls.Product, ls.Category, ls.Service}, func(s string) bool { return s == "" }), "/")
}

// Detection is what a rule looks for: named searches and a condition over them.
type Detection struct {
	Searches  []Search // in the order of the file; Condition refers to them by index
	Condition Cond     // a list of conditions arrives here as one CondOr
	// ConditionText is the condition as written; several are joined by " or ".
	ConditionText string
}

// Search is one named entry of the detection.
type Search struct {
	Name string
	Pos  Pos
	Root Node
}

// NodeKind says how a Node joins what is below it.
type NodeKind uint8

const (
	NodeItem NodeKind = iota // a leaf: Item is set
	NodeAll                  // a map: every child must hold
	NodeAny                  // a list: one child must hold
)

// Node is the tree of a search: maps AND, lists OR, items are the leaves.
type Node struct {
	Kind     NodeKind
	Item     *Item  // NodeItem only
	Children []Node // NodeAll and NodeAny only, never empty
}

// items calls f for each item of n, in the order of the rule.
func (n *Node) items(f func(*Item)) {
	if n.Kind == NodeItem {
		f(n.Item)
	}
	for i := range n.Children {
		n.Children[i].items(f)
	}
}

// Item is one `field|modifiers: values` line.
type Item struct {
	Pos       Pos
	Field     string   // empty: a keyword, tested on each value of the event
	Modifiers []string // as written, for messages and evidence; their effect is already in Values
	All       bool     // every value must hold instead of one
	Neq       bool     // the whole item is negated, after All
	Values    []Value  // never empty
}

// Value is one value of an item after its modifiers. One written value can become several
// alternatives (base64offset, expand); these are ORed among themselves even under Item.All.
type Value struct {
	Pos  Pos
	Text string    // as written in the rule
	Alts []Operand // never empty
}

// OperandKind says which comparison an Operand stands for.
type OperandKind uint8

const (
	OperandPattern  OperandKind = iota // the value's text form matches Pattern as a whole
	OperandNumber                      // the value is numerically equal to Number
	OperandBool                        // the value is the boolean Bool, or its word in any case
	OperandNull                        // the field is missing, null or an empty list
	OperandExists                      // the name is in the event (Bool) or not (!Bool)
	OperandRegex                       // Regex is found in the value's text form
	OperandCIDR                        // the value is an address inside CIDR
	OperandCompare                     // the value, or its TimePart, compares to Number by Compare
	OperandFieldRef                    // the value's text equals (or by Anchor begins with …) the text of field FieldRef
)

// Operand is one comparison with a constant, the product of a value and its modifiers. Which fields
// are set depends on Kind. Evaluators must refuse a kind they do not know, never skip it.
type Operand struct {
	Kind     OperandKind
	Cased    bool // compare exactly; otherwise both sides are folded code point by code point
	Bool     bool
	Pattern  Pattern
	Number   string         // decimal text as written: exact, never through float64
	Regex    *regexp.Regexp // RE2, unanchored; its flags are part of its text
	CIDR     netip.Prefix   // masked
	Compare  Compare
	TimePart TimePart
	FieldRef string
	Anchor   Anchor
}

// Compare is the comparison of an OperandCompare: value, Compare, Number. Thresholds of correlations
// use it as well.
type Compare uint8

const (
	CompareEq Compare = iota // time parts only: a number alone is an OperandNumber
	CompareLt
	CompareLte
	CompareGt
	CompareGte
	CompareNeq // thresholds only
)

// TimePart is the part of a timestamp that an OperandCompare looks at, as the timestamp is written:
// no conversion between zones.
type TimePart uint8

const (
	TimeNone TimePart = iota // the value itself, as a number
	TimeMinute
	TimeHour
	TimeDay   // of the month
	TimeWeek  // of ISO 8601
	TimeMonth // 1 to 12
	TimeYear
)

// Anchor says where in the value the text of an OperandFieldRef has to lie.
type Anchor uint8

const (
	AnchorWhole Anchor = iota
	AnchorStart
	AnchorEnd
	AnchorAnywhere
)

// PartKind says what a Part of a Pattern stands for.
type PartKind uint8

const (
	PartLiteral PartKind = iota // Text, compared literally
	PartRun                     // `*`: any run of characters, also none, also across line breaks
	PartOne                     // `?`: exactly one character, a Unicode code point
	PartDash                    // windash: one of - / U+2013 U+2014 U+2015
)

// Part is one stretch of a Pattern.
type Part struct {
	Kind PartKind
	Text string // PartLiteral only, unescaped and not folded, never empty
}

// Pattern is a whole-value match: its parts, in order, must cover the value from its first to its
// last character. contains, startswith and endswith have become leading and trailing PartRun. No two
// PartRun and no two PartLiteral are adjacent. The empty pattern matches the empty value only.
type Pattern []Part

// CondKind says what a Cond computes.
type CondKind uint8

const (
	CondSearch CondKind = iota // Searches[Search] holds
	CondNot                    // Args[0] does not hold
	CondAnd                    // every Arg holds
	CondOr                     // one Arg holds
	CondOf                     // at least Count of the searches in Of hold
)

// Cond is a node of the condition. Names and patterns are resolved: it refers to searches by index.
type Cond struct {
	Kind   CondKind
	Search int    // CondSearch
	Args   []Cond // CondNot, CondAnd, CondOr
	Of     []int  // CondOf: indexes of the selected searches, never empty
	Count  int    // CondOf: 1 for `1 of`, len(Of) for `all of`
}
