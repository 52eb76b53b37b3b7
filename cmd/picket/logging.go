package main

import (
	"io"
	"log/slog"
)

// newLogger makes the log that the settings ask for.
func newLogger(w io.Writer, c *LogConfig) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		panic("BUG: log.level " + c.Level + " passed its check") // the table knows its values
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
