package event

import (
	"slices"
	"sync"
)

// Schema numbers the field names that rules read. It is immutable and safe for concurrent use.
// Names are case-sensitive, as in every Sigma engine.
type Schema struct {
	names  []string
	fields map[string]Field
	// programs joins each shape with the names, when its first record is met: most topics carry one.
	programs [len(shapes)]struct {
		once sync.Once
		p    *program
	}
}

// NewSchema numbers names in sorted order; duplicates count once. At most 65,535 names fit.
func NewSchema(names []string) *Schema {
	s := &Schema{names: slices.Clone(names), fields: make(map[string]Field, len(names))}
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	for i, name := range s.names {
		s.fields[name] = Field(i)
	}
	return s
}

// Len is the number of fields.
func (s *Schema) Len() int { return len(s.names) }

// Name gives the name of f.
func (s *Schema) Name(f Field) string { return s.names[f] }

// Field gives the number of name, or false when no rule reads it.
func (s *Schema) Field(name string) (Field, bool) {
	f, ok := s.fields[name]
	return f, ok
}

// program gives what shape i and the names make together.
func (s *Schema) program(i int) *program {
	slot := &s.programs[i]
	slot.once.Do(func() { slot.p = newProgram(i, s) })
	return slot.p
}
