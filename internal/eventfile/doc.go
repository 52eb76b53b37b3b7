// Package eventfile cuts files of JSON events into records.
//
// NewReader takes any stream: JSON lines, a JSON array, objects one behind the other with or without
// line breaks, each plain or gzip. Next fills a Chunk, a stretch of the stream with the records in it,
// large enough to be worth a goroutine's while. A Chunk belongs to the caller until it is given to Next
// again, so several can be worked on while the reader goes on.
//
// Every record has a place, those that nobody can decode too: places do not depend on who looks. In a
// file of lines the place is the line's number, from 0; blank lines count.
//
// The package only finds where records begin and end. It does not validate them, knows no event shape,
// holds no more than a chunk or one large record in memory, starts no goroutine and does not log.
package eventfile
