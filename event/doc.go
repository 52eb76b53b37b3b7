// Package event turns a Kafka record's JSON into one view of a Windows event, whatever shipper laid
// it out: channel, provider, event id, computer, time, and the fields rules read.
//
// A Schema numbers the field names that the loaded rules read; it is built once by matcher.Compile
// and shared. A Decoder takes records one at a time and hands out Events; it belongs to one
// goroutine. One pass over the record notes where each wanted value lies: nothing is decoded into
// maps, and no field costs a second look at the record.
//
// Lifetimes: an Event, every Value and every string it returns alias the record's bytes or the
// Decoder's own scratch. They are valid until the next Decode on that Decoder, and only as long as
// the caller keeps the record's bytes unchanged. Clone what you keep.
//
// The gjson reading of a record is the definition of what its fields are. A faster reading may stand
// beside it behind the same Decoder only if it agrees with gjson on every record.
//
// The package evaluates nothing, knows no Kafka, does no I/O, starts no goroutine and does not log.
// Input bytes cause an *Error, never a panic.
package event
