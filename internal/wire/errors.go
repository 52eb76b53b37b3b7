package wire

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt says that bytes are not what the format demands: a length, a checksum or a codec's own
	// check does not hold. The transport can be the cause, so fetching again can help.
	ErrCorrupt = errors.New("corrupt record batch")
	// ErrMagic says that a batch has the format of before Kafka 0.11. Fetching again does not help.
	ErrMagic = errors.New("record batch of an old format (magic 0 or 1) or an unknown one")
	// ErrTooLarge says that a batch decompresses to more than the limit. Fetching again does not help.
	ErrTooLarge = errors.New("record batch decompresses to more than the limit")
	// ErrResponse says that a broker's response does not hold what its version demands.
	ErrResponse = errors.New("malformed response")
)

// BatchError is a batch that cannot be read. Everything before Offset could be.
type BatchError struct {
	Offset int64 // the batch's first offset; a consumer that wants to go past it starts at Last+1
	Last   int64 // the batch's last offset; Offset when not even that can be trusted
	Err    error // wraps ErrCorrupt, ErrMagic or ErrTooLarge
}

func (e *BatchError) Error() string { return fmt.Sprintf("batch at offset %d: %v", e.Offset, e.Err) }

// Unwrap gives the reason.
func (e *BatchError) Unwrap() error { return e.Err }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
