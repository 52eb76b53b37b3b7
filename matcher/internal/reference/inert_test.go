package reference

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/picketsigma/picket/matcher/internal/generate"
	"github.com/picketsigma/picket/rules"
)

// inert reports whether the analysis of package rules says that r can never fire.
func inert(r *rules.Rule) bool {
	return rules.Analyze(rules.NewSet([]*rules.Rule{r}, nil)).Rules[0].State == rules.StateInert
}

// TestInertAgainstEvents: no rule that an event meets is called inert, whatever the rule and the event.
func TestInertAgainstEvents(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 0))
	matched, dead := 0, 0
	for range 1500 {
		rs, findings := rules.Parse("generated.yml", []byte(generate.Rule(rng)))
		if len(rs) != 1 {
			t.Fatal(findings)
		}
		r := rs[0]
		r.LogSource = rules.LogSource{Product: "windows"} // every event
		isInert := inert(r)
		if isInert {
			dead++
		}
		for range 10 {
			event := generate.Event(rng)
			if !Match(r, decode(t, event)) {
				continue
			}
			if matched++; isInert {
				t.Fatalf("called inert, and matches %s\n%s", event, r.Source)
			}
		}
	}
	t.Logf("%d matches, %d of 1500 rules inert", matched, dead)
	if matched < 2000 || dead == 0 {
		t.Errorf("%d matches and %d inert rules: too few to tell", matched, dead)
	}
}

// TestInertExhaustive: of rules over two fields of a process creation and one that it does not have, every
// event that could make a difference is tried: none that meets a rule may make it inert.
func TestInertExhaustive(t *testing.T) {
	values := []string{"", `null`, `""`, `"a"`, `"B"`, `"ab"`, `"5"`, `5`}
	var events []map[string]any
	for _, image := range values {
		for _, user := range values {
			members := []string{`"EventID":1`}
			if image != "" {
				members = append(members, `"Image":`+image)
			}
			if user != "" {
				members = append(members, `"User":`+user)
			}
			events = append(events, decode(t, "{"+strings.Join(members, ",")+"}"))
		}
	}
	rng := rand.New(rand.NewPCG(12, 0))
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	item := func() string {
		value := func() string { return pick("a", "A", "b", "ab", "'5'", "5", "null", "''", "'*'", "'a*'") }
		text := func() string { return pick("a", "A", "b", "ab", "'5'", "'a*'") }
		field := pick("Image", "Image", "User", "User", "Imag")
		switch rng.IntN(8) {
		case 0:
			return fmt.Sprintf("%s|%s: %s", field, pick("contains", "startswith", "cased", "cased|contains"), text())
		case 1:
			return fmt.Sprintf("%s|exists: %s", field, pick("true", "false"))
		case 2:
			return fmt.Sprintf("%s|fieldref: %s", field, pick("Image", "User", "Imag"))
		case 3:
			return fmt.Sprintf("%s|%s: [%s, %s]", field, pick("all", "neq", "all|neq"), value(), value())
		case 4:
			return "EventID: " + pick("1", "'1'", "2", "[1, 2]", "'1*'", "null")
		case 5:
			return fmt.Sprintf("%s: [%s, %s]", field, value(), value())
		}
		return fmt.Sprintf("%s: %s", field, pick(value(), text()))
	}
	search := func() string {
		one := func() string {
			first, second := item(), item()
			if name, _, _ := strings.Cut(first, ":"); strings.HasPrefix(second, name+":") {
				return "{" + first + "}"
			}
			return "{" + first + ", " + second + "}"
		}
		return pick("{"+item()+"}", one(), "["+one()+", "+one()+"]")
	}
	dead, never := 0, 0
	for range 4000 {
		detection := fmt.Sprintf("{a1: %s, a2: %s, b: %s, condition: %s}", search(), search(), search(), pick(
			"a1 and not b", "a1 and a2 and not b", "1 of a* and b", "all of a* and not b", "not a1 and not a2", "a1 and (a2 or not b)",
			"all of them", "2 of them and not a1", "not (a1 or a2) and b", "a1 and not a2 and not b", "not all of a* and not b"))
		rs, findings := rules.Parse("r.yml", []byte("title: t\nlogsource: {product: windows, category: process_creation}\ndetection: "+detection+"\n"))
		if len(rs) != 1 {
			t.Fatalf("%s: %v", detection, findings)
		}
		isInert, matches := inert(rs[0]), false
		for _, e := range events {
			if !Match(rs[0], e) {
				continue
			}
			if matches = true; isInert {
				t.Fatalf("called inert, and matches %v: %s", e, detection)
			}
		}
		if isInert {
			dead++
		}
		if !matches {
			never++
		}
	}
	t.Logf("%d of 4000 rules inert, of %d that match no event", dead, never)
	if dead < 500 {
		t.Errorf("only %d rules inert", dead)
	}
}
