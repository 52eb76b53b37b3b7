package event

import "fmt"

// Stages of the dead-letter contract that this package can fail in.
const (
	StageDecode = "decode" // the bytes are not a JSON object
	StageShape  = "shape"  // JSON, but no event of a known shape in it
)

// Codes of an Error, stable: they are header values of dead letters and label values of metrics.
const (
	CodeNullValue    = "null_value"    // the record has no value (a tombstone)
	CodeEmptyValue   = "empty_value"   // the value has no bytes
	CodeNotJSON      = "not_json"      // the value is not valid JSON
	CodeNotObject    = "not_object"    // valid JSON, but not an object
	CodeUnknownShape = "unknown_shape" // an object that no shape recognizes
	CodeBadEventID   = "bad_event_id"  // a known shape whose event id is missing or not a number
)

// Error says why a record yields no event. The record is for the dead-letter topic.
type Error struct {
	Stage string // StageDecode or StageShape
	Code  string
	Err   error // in words, without the record's content: it may hold secrets
}

// Error prints the stage, the code and the words.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Stage, e.Code, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
