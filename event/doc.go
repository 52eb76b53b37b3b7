// Package event turns a Kafka record's JSON into one view of a Windows event, whatever shipper laid
// it out: channel, provider, event id, computer, time, and the fields rules read.
//
// A Schema numbers the field names that the loaded rules read; it is built once by matcher.Compile
// and shared. A Decoder takes records one at a time and hands out Events; it belongs to one
// goroutine. One pass over the record notes where each wanted value lies: nothing is decoded into
// maps. Only a field whose dotted name has to be walked looks into its object again.
//
// Lifetimes: an Event, every Value and every string it returns alias the record's bytes or the
// Decoder's own scratch. They are valid until the next Decode on that Decoder, and only as long as
// the caller keeps the record's bytes unchanged. Clone what you keep.
//
// How it hangs together: a shape (shape_*.go) is data. Joined with a Schema it is a program, a tree of
// wanted keys in which each place in the record has a cell. A reading fills the cells, resolve makes the
// normal form of them that rules see. There are two readings behind Decode: gjson's defines what a
// record's fields are (read_gjson.go), and a hand-written one (read_fast.go) has to agree with it on
// every record, error codes included; what it does not read itself, keys with escapes, it leaves to
// gjson. Both refuse what gjson.ValidBytes refuses, and JSON nested deeper than 10,000 levels.
//
// A new shape is a file with its description and a line in shapes; a fixture in the tests puts it
// through every comparison there is.
//
// The package evaluates nothing, knows no Kafka, does no I/O, starts no goroutine and does not log.
// Input bytes cause an *Error, never a panic.
package event
