package event

import (
	"bytes"
	"errors"
	"fmt"
)

// Stages of the dead-letter contract that this package can fail in.
const (
	StageDecode = "decode" // the bytes are not a JSON object
	StageShape  = "shape"  // JSON, but no event of a known shape in it
)

// Codes of an Error, stable: they are header values of dead letters and label values of metrics.
const (
	CodeNullValue    = "null_value"    // the record has no value (a tombstone)
	CodeEmptyValue   = "empty_value"   // the value has no bytes
	CodeNotJSON      = "not_json"      // the value is not valid JSON, or nests deeper than 10,000 levels
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

var (
	errNullValue    = &Error{StageDecode, CodeNullValue, errors.New("the record has no value")}
	errEmptyValue   = &Error{StageDecode, CodeEmptyValue, errors.New("the value has no bytes")}
	errNotObject    = &Error{StageDecode, CodeNotObject, errors.New("the value is JSON, but not an object")}
	errUnknownShape = &Error{StageShape, CodeUnknownShape, errors.New("no known shape of event has these keys")}
	errNoEventID    = &Error{StageShape, CodeBadEventID, errors.New("the event has no event id")}
	errBadEventID   = &Error{StageShape, CodeBadEventID, errors.New("the event id is not a whole number of 32 bits")}
)

// notJSON says where a record stops being JSON, and what it seems to be instead.
func notJSON(record []byte) *Error {
	at := invalidAt(record)
	var why error
	switch {
	case bytes.HasPrefix(record, []byte("\xef\xbb\xbf")):
		why = errors.New("not JSON: it begins with a byte order mark")
	case record[0] == 0:
		why = errors.New("not JSON: it begins with a zero byte, like records of a schema registry")
	case at == 0 && record[0] == '<':
		why = errors.New("not JSON: it looks like XML")
	case at == len(record):
		why = fmt.Errorf("not JSON: it ends in the middle of a value, after %d bytes", at)
	case at >= 0 && (record[at] == '{' || record[at] == '[') && tooDeep(record[:at+1]):
		why = fmt.Errorf("refused: it nests deeper than %d levels", maxDepth)
	default:
		why = fmt.Errorf("not JSON from byte %d", at)
	}
	return &Error{StageDecode, CodeNotJSON, why}
}
