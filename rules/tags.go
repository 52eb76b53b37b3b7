package rules

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Attack is what a rule's tags say of MITRE ATT&CK (sigma-specification, "Tags", namespace attack).
// Which tactic was meant for which technique is not in them. Groups, software, data sources, mitigations
// and assets stay in the tags.
type Attack struct {
	Tactics    []Tactic // in the order of the tags, each once
	Techniques []string // T1059 or T1059.001; likewise
}

// Tactic is a tactic by today's spelling of its name. ID is empty for a name that ATT&CK has no id for,
// such as SigmaHQ's stealth and defense-impairment.
type Tactic struct{ Name, ID string }

// tacticIDs are the tactics of ATT&CK for Enterprise.
var tacticIDs = map[string]string{
	"reconnaissance":       "TA0043",
	"resource-development": "TA0042",
	"initial-access":       "TA0001",
	"execution":            "TA0002",
	"persistence":          "TA0003",
	"privilege-escalation": "TA0004",
	"defense-evasion":      "TA0005",
	"credential-access":    "TA0006",
	"discovery":            "TA0007",
	"lateral-movement":     "TA0008",
	"collection":           "TA0009",
	"exfiltration":         "TA0010",
	"command-and-control":  "TA0011",
	"impact":               "TA0040",
}

var (
	techniqueText = regexp.MustCompile(`^t[0-9]{4}(\.[0-9]{3})?$`)
	otherIDText   = regexp.MustCompile(`^(g|s|ds|m|a)[0-9]{4}$`)
)

// AttackOf reads the tags of the namespace attack, ignoring case. The old spelling of a known tactic
// (defense_evasion) becomes today's; any other name is kept as it is.
func AttackOf(tags []string) Attack {
	var out Attack
	for _, tag := range tags {
		name, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		switch {
		case !ok || name == "" || otherIDText.MatchString(name):
		case techniqueText.MatchString(name):
			if t := strings.ToUpper(name); !slices.Contains(out.Techniques, t) {
				out.Techniques = append(out.Techniques, t)
			}
		default:
			if t := tactic(name); !slices.Contains(out.Tactics, t) {
				out.Tactics = append(out.Tactics, t)
			}
		}
	}
	return out
}

func tactic(name string) Tactic {
	dashed := strings.ReplaceAll(name, "_", "-")
	if id := tacticIDs[dashed]; id != "" {
		return Tactic{dashed, id}
	}
	return Tactic{Name: name}
}

var (
	namespaces = []string{"attack", "car", "cve", "d3fend", "detection", "stp", "tlp"}
	tagText    = regexp.MustCompile(`^[a-z0-9_-]+\.[a-z0-9._-]+$`)
	// nearTechnique is meant to be an id of ATT&CK: a letter or two, then nothing but digits and dots.
	nearTechnique = regexp.MustCompile(`^(t|g|s|ds|m|a)[0-9.]+$`)
)

// checkTags warns about tags that nobody will find. Tags never refuse a rule.
func (d *document) checkTags(m mapping) {
	p, ok := m.find("tags")
	if !ok {
		return
	}
	nodes := p.value.Content
	if p.value.Kind == yaml.ScalarNode && scalarType(p.value) != typeNull {
		nodes = []*yaml.Node{p.value}
	}
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			continue // reported where the list is read
		}
		namespace, name, dotted := strings.Cut(n.Value, ".")
		report := func(format string, args ...any) { d.report(d.pos(n), CodeTag, format, args...) }
		switch {
		case !dotted:
			report("tag %q has no namespace: tags are written namespace.name", n.Value)
		case !tagText.MatchString(n.Value):
			report("tag %q has characters other than a-z, 0-9, _, - and dots", n.Value)
		case !slices.Contains(namespaces, namespace):
			report("tag %q is of no namespace of Sigma%s", n.Value, didYouMean(namespace, namespaces))
		case namespace == "attack" && nearTechnique.MatchString(name) && !techniqueText.MatchString(name) && !otherIDText.MatchString(name):
			report("tag %q is no id of ATT&CK: techniques are written attack.t1059 or attack.t1059.001", n.Value)
		}
	}
}
