package generate

import (
	"math/rand/v2"
	"strings"
)

// operator is a way to compare: chains of modifiers that mean it, and values for it.
type operator struct {
	chain   string // alternatives, separated by blanks; empty: no modifier
	value   func(rng *rand.Rand, field string) string
	field   string // where its values are likely; empty: anywhere
	single  bool   // one value only
	keyword bool   // stands without a field too
}

// common is what most items of real rules are.
var common = []operator{
	{value: whole}, {value: plain, field: "Port"},
	{chain: "contains startswith endswith", value: pattern, keyword: true},
}

// special is the rest of the language, drawn evenly.
var special = []operator{
	{chain: "cased contains|cased cased|startswith endswith|cased", value: pattern, keyword: true},
	{chain: "windash windash|contains contains|windash endswith|windash cased|windash|contains", field: "CommandLine", keyword: true,
		value: from(`"-a"`, `" -enc"`, `"/a-b"`, `"--enc"`, `"d /enc a?"`, `"*-enc*"`)},
	{chain: "base64 cased|base64 base64|contains base64offset|contains base64offset|cased|contains", field: "Payload", keyword: true,
		value: from(`"foo"`, `"cmd"`, `"m"`, `"é"`)},
	{chain: "wide|base64 utf16le|base64offset|contains utf16be|base64 utf16|base64 wide|contains utf16le", field: "Payload", keyword: true,
		value: from(`"cmd"`, `"m"`)},
	{chain: "re re|i re|m re|s re|i|m|s", keyword: true,
		value: from(`"a.b"`, `"^a"`, `"b$"`, `"(?i)CMD"`, `"\\\\[a-z]+\\.exe$"`, `"[0-9]{1,3}\\.[0-9]+"`, `"x*"`, `"a|система"`, "5")},
	{chain: "cidr", field: "Ip", keyword: true,
		value: from(`"10.0.0.0/8"`, `"192.168.0.0/24"`, `"fe80::/10"`, `"::1/128"`, `"10.1.2.3"`, `"::ffff:0:0/96"`, `"0.0.0.0/0"`)},
	{chain: "lt lte gt gte", field: "Port", value: from("5", "0", "-1", "0.1", "4625", "18446744073709551616", "1000")},
	{chain: "minute hour day month", field: "UtcTime", value: from("5", "23", "30", "31", "12", "1")},
	{chain: "hour|gte minute|lt day|gt month|lte", field: "UtcTime", value: from("1", "5", "12", "23")},
	{chain: "week week|gt year year|lte", field: "UtcTime", value: from("1", "5", "52", "53", "2024", "2021")},
	{chain: "fieldref fieldref|cased fieldref|startswith fieldref|contains fieldref|endswith|cased", value: from("A", "B", "C", "A.B", "Nowhere")},
	{chain: "exists", value: from("true", "false"), single: true},
}

func from(values ...string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, _ string) string { return pick(rng, values) }
}

// plain is an unquoted value: a number, a boolean, null or a bare word.
func plain(rng *rand.Rand, field string) string {
	if field == "EventID" {
		return pick(rng, []string{"1", "12", "4625", "11.0"})
	}
	return pick(rng, []string{"5", "5", "0", "-1", "1000", "5.0", "0.1", "4625", "18446744073709551616", "true", "false", "null", "null", "yes", "05", "a", "ab"})
}

// whole is a pattern that covers some text of the field from end to end.
func whole(rng *rand.Rand, field string) string {
	s := recased(rng, text(rng, field))
	if chance(rng, 50) {
		return quote(s)
	}
	return quote(pick(rng, []string{"*", "*", ""}) + wild(rng, piece(rng, s)) + "*")
}

// pattern is a stretch of some text of the field, with wildcards at times.
func pattern(rng *rand.Rand, field string) string {
	s := piece(rng, recased(rng, text(rng, field)))
	if chance(rng, 70) {
		return quote(s)
	}
	return quote(wild(rng, s))
}

// wild puts a wildcard, or a backslash that may escape one, in the place of a character.
func wild(rng *rand.Rand, s string) string {
	runes := []rune(s)
	if len(runes) == 0 {
		return s
	}
	i := rng.IntN(len(runes))
	instead := pick(rng, []string{"?", "*", "*", "**", `\`, `\?`, `\*`})
	return strings.Join([]string{string(runes[:i]), instead, string(runes[i+1:])}, "")
}
