package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// TestWalkerIsUsedAgain walks fetch after fetch with one Walker, as the consumer does: what an earlier
// walk left in the arena must not show in a later one, and batches of one walk must not overlap.
func TestWalkerIsUsedAgain(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			b, c := newBatch(t, codec)
			var w Walker
			for round, size := range []int{10, 5000, 200_000, 40, 200_000, 5000} {
				var set []byte
				var want [][]byte
				for batch := range 3 {
					b.Reset()
					for i := range 4 {
						v := bytes.Repeat(fmt.Appendf(nil, "%d-%d-%d ", round, batch, i), size/6)
						want = append(want, v)
						b.Append(int64(i), nil, v, nil)
					}
					frame, err := b.Encode(c, NoProducer(), false)
					if err != nil {
						t.Fatal(err)
					}
					rebase(frame[frameLen:], int64(4*batch))
					set = append(set, frame[frameLen:]...)
				}
				got, _, err := w.Walk(set, 0, nil)
				if err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if len(got) != len(want) {
					t.Fatalf("round %d: %d records, want %d", round, len(got), len(want))
				}
				for i, r := range got {
					if !bytes.Equal(r.Value, want[i]) {
						t.Errorf("round %d, record %d begins with %.20q, want %.20q", round, i, r.Value, want[i])
					}
				}
			}
		})
	}
}

// rebase gives a batch its first offset, as the broker does. The CRC begins later.
func rebase(raw []byte, offset int64) { binary.BigEndian.PutUint64(raw, uint64(offset)) }
