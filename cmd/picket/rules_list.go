package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/picketsigma/picket/rules"
)

// listRules prints rules in one of listFormats.
func (a *app) listRules(list []listedRule, format string) error {
	switch format {
	case "json":
		entries := make([]ruleEntry, len(list))
		for i := range list {
			entries[i] = newRuleEntry(&list[i])
		}
		return writeIndentedJSON(a.stdout, entries)
	case "tsv":
		return writeRulesTSV(a.stdout, list)
	}
	if err := writeRulesTable(a.stdout, list, a.style(a.stdoutTTY), a.columns); err != nil {
		return err
	}
	a.note("%s", plural(len(list), "rule"))
	return nil
}

func writeRulesTSV(w io.Writer, list []listedRule) error {
	b := bufio.NewWriter(w)
	for i := range list {
		r := &list[i]
		row := []string{r.ID, r.Level, string(r.State), r.LogSource.String(), r.Title, r.Pos.File, fmt.Sprint(r.Pos.Line)}
		for i := range row {
			row[i] = visible(row[i]) // no tab or line end of a title may be one of the table
		}
		_, _ = b.WriteString(strings.Join(row, "\t") + "\n") // Flush says what failed
	}
	return b.Flush()
}

// writeRulesTable prints a line a rule; on a terminal of known width titles are cut.
func writeRulesTable(w io.Writer, list []listedRule, s style, columns int) error {
	header := []string{"ID", "LEVEL", "STATE", "LOG SOURCE", "TITLE"}
	rows := make([][]string, len(list))
	widths := make([]int, len(header)-1) // of all but the last
	for i := range list {
		r := &list[i]
		rows[i] = []string{visible(cmp.Or(r.ID, "-")), visible(cmp.Or(r.Level, "-")), string(r.State), visible(cmp.Or(r.LogSource.String(), "-")), visible(r.Title)}
	}
	for i := range widths {
		widths[i] = len(header[i])
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	b := bufio.NewWriter(w)
	line := func(row []string, paint func(column int, text string) string) {
		used := 0
		for i, width := range widths {
			_, _ = b.WriteString(paint(i, fit(row[i], width)) + gap) // Flush says what failed
			used += width + len(gap)
		}
		last := row[len(widths)]
		if columns > 0 {
			last = clip(last, max(columns-used, 20))
		}
		_, _ = b.WriteString(paint(len(widths), last) + "\n")
	}
	line(header, func(_ int, text string) string { return s.bold(text) })
	for i, row := range rows {
		line(row, func(column int, text string) string {
			switch column {
			case 1:
				return s.level(list[i].Level, text)
			case 2:
				return s.state(list[i].State, text)
			}
			return text
		})
	}
	return b.Flush()
}

// state colors text by what becomes of a rule.
func (s style) state(state rules.State, text string) string {
	switch state {
	case rules.StateActive:
		return s.green(text)
	case rules.StateRejected:
		return s.code("1;31", text)
	case rules.StateInert:
		return s.code("33", text)
	}
	return s.faint(text)
}
