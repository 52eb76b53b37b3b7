package wire

// Record is one data record of a batch. Key, Value and Headers alias the bytes that were walked.
type Record struct {
	Offset    int64
	Timestamp int64  // milliseconds since the epoch, as the producer or the broker (LogAppendTime) set it
	Key       []byte // nil when the record has none
	Value     []byte // nil for a tombstone, which is not the same as empty
	Headers   Headers
}

// Headers is a record's headers, still encoded: most records' headers are never looked at.
type Headers struct {
	N   int    // how many there are
	Raw []byte // key and value pairs as in the batch
}
