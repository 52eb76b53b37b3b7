package main

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// plural writes 1 rule, 2 rules.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands writes 1,234,567.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// visible makes a text safe to print on a terminal: an event's text is somebody else's, and must not move
// the cursor or pretend to be a line of picket's.
func visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hidden(r rune) bool { return !unicode.IsPrint(r) }

// fit cuts a text to width characters, or fills it up to width.
func fit(s string, width int) string {
	n := utf8.RuneCountInString(s)
	if n <= width {
		return s + strings.Repeat(" ", width-n)
	}
	return clip(s, width)
}

// clip cuts a text to width characters.
func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	return string([]rune(s)[:width-1]) + "…"
}

// style colors text for a terminal; the zero value leaves it as it is.
type style struct{ on bool }

// style of the output to stdout or stderr: colors on a terminal, unless --no-color, NO_COLOR
// (https://no-color.org: present and not empty) or a terminal that knows none say otherwise.
func (a *app) style(terminal bool) style {
	term, _ := a.lookupEnv("TERM")
	noColor, _ := a.lookupEnv("NO_COLOR")
	return style{on: terminal && !a.noColor && noColor == "" && term != "dumb"}
}

func (a *app) lookupEnv(name string) (string, bool) {
	for _, kv := range a.env {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v, true
		}
	}
	return "", false
}

func (s style) code(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string  { return s.code("1", text) }
func (s style) faint(text string) string { return s.code("2", text) }
func (s style) green(text string) string { return s.code("32", text) }

// level colors text by a rule's level.
func (s style) level(level, text string) string {
	switch level {
	case "critical":
		return s.code("1;97;41", text)
	case "high":
		return s.code("1;31", text)
	case "medium":
		return s.code("33", text)
	case "low":
		return s.code("36", text)
	}
	return s.faint(text)
}

// rate writes how many in a second, in three digits: more are noise.
func rate(n int, noun string, took time.Duration) string {
	perSecond := float64(n) / max(took, time.Microsecond).Seconds()
	unit := 1.0
	for perSecond/unit >= 1000 {
		unit *= 10
	}
	return plural(int(math.Round(perSecond/unit)*unit), noun) + "/s"
}

// shortTime writes a duration in two or three digits.
func shortTime(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return shortDuration(d.Round(time.Second))
}
