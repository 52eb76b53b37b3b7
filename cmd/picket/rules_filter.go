package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/picketsigma/picket/rules"
)

// none is how filters and counts call what a rule does not have.
const none = "none"

// ruleFilter picks rules. Each part that is not empty has to be met by one of its values.
type ruleFilter struct {
	levels     []string
	states     []string
	logSources []string
	tags       []string
}

func (f *ruleFilter) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.levels, "level", nil, "only rules of this `level`, or none for those without")
	cmd.Flags().StringSliceVar(&f.states, "state", nil, "only rules in this `state`: "+strings.Join(ruleStates, ", "))
	cmd.Flags().StringSliceVar(&f.logSources, "logsource", nil, "only rules whose log source has this `part`, or these: windows/process_creation")
	cmd.Flags().StringSliceVar(&f.tags, "tag", nil, "only rules with this `tag`; attack.t1059 stands for its sub-techniques too")
	_ = cmd.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(levelsAndNone(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(ruleStates, cobra.ShellCompDirectiveNoFileComp))
}

func levelsAndNone() []string { return append(rules.Levels(), none) }

func (f *ruleFilter) validate() error {
	return cmp.Or(oneOf("level", f.levels, levelsAndNone()), oneOf("state", f.states, ruleStates))
}

// pick gives the rules that the filter lets pass.
func (f *ruleFilter) pick(list []listedRule) (out []listedRule) {
	for i := range list {
		if f.takes(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}

func (f *ruleFilter) takes(r *listedRule) bool {
	return (len(f.levels) == 0 || slices.Contains(f.levels, cmp.Or(r.Level, none))) &&
		(len(f.states) == 0 || slices.Contains(f.states, string(r.State))) &&
		(len(f.logSources) == 0 || slices.ContainsFunc(f.logSources, func(s string) bool { return hasLogSource(r.LogSource, s) })) &&
		(len(f.tags) == 0 || slices.ContainsFunc(f.tags, func(s string) bool { return hasTag(r.Tags, s) }))
}

// hasLogSource reports whether all parts of wanted, joined by slashes, are parts of the log source.
func hasLogSource(ls rules.LogSource, wanted string) bool {
	for part := range strings.SplitSeq(strings.ToLower(wanted), "/") {
		if part == "" || part != ls.Product && part != ls.Category && part != ls.Service {
			return false
		}
	}
	return true
}

// hasTag reports whether a tag is wanted, or goes on behind it after a dot.
func hasTag(tags []string, wanted string) bool {
	wanted = strings.ToLower(wanted)
	return slices.ContainsFunc(tags, func(tag string) bool {
		rest, ok := strings.CutPrefix(strings.ToLower(tag), wanted)
		return ok && (rest == "" || rest[0] == '.')
	})
}
