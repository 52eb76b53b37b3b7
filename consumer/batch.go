package consumer

import (
	"context"

	"github.com/picketsigma/picket/internal/wire"
)

// Batch is the data records of one fetch of one partition, in offset order. Control records, records
// of aborted transactions (under read_committed) and records below the position are already gone.
type Batch struct {
	Topic     string
	Partition int32
	Records   []wire.Record // alias the fetch buffer; valid until Handle returns
	// Next is the position after the batch: the offset that is committed once it is handled. With
	// compaction and control records it can lie beyond the last record's offset plus one.
	Next int64
	// HighWatermark is the partition's end at the time of the fetch.
	HighWatermark int64
}

// Assignment is one partition handed to this member for one generation of the group.
type Assignment struct {
	Topic      string
	Partition  int32
	Group      string
	Generation int32
	MemberID   string
}

// Handler processes the batches of one partition during one generation. The consumer calls it from
// one goroutine.
type Handler interface {
	// Handle returns nil when everything the batch led to is acknowledged. ctx outlives the
	// revocation of the partition by the drain deadline; when it is done, Handle must return and the
	// batch is not committed. Until then any error has Handle called again on the same batch, with
	// back-off, so it must be idempotent up to equal alert ids.
	Handle(ctx context.Context, b *Batch) error
	// Close is called once, after the last Handle of the generation has returned.
	Close()
}

// Opener makes the Handler for a partition that was just assigned. It is the joint at which exactly-once
// delivery fences the previous owner before the committed offset is read.
type Opener func(ctx context.Context, a Assignment) (Handler, error)
