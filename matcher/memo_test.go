package matcher

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/picketsigma/picket/event"
)

func idsOf(m memoized) []uint32 {
	var out []uint32
	for ids := m.ids; len(ids) > 0; ids = ids[4:] {
		out = append(out, binary.LittleEndian.Uint32(ids))
	}
	return out
}

// TestMemo: what is found is what was put in for that very value, over many turns, in bounded memory.
func TestMemo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := memo{seed: maphash.MakeSeed()}
	hits, turns := 0, 0
	for n := range 400_000 {
		used := m.young.used
		if m.turn(); m.young.used < used {
			turns++
		}
		// Some values are there often, others once; a value means something else in another slot.
		which, slot := rng.IntN(1+rng.IntN(60_000)), uint32(rng.IntN(3))
		value := fmt.Sprintf("value %d %*d", which, which%200, 0)
		want := []uint32{slot, uint32(which)}
		key := memoKey(slot, event.Value{Kind: event.String})
		hash := m.hash(key, []byte(value))
		rec, ok := m.get(hash, key, []byte(value), 5)
		if !ok {
			if rec, ok = m.put(hash, key, []byte(value), want, 5); !ok {
				t.Fatal("no room behind a turn")
			}
		} else {
			hits++
		}
		if got := idsOf(rec); !slices.Equal(got, want) {
			t.Fatalf("%d: %q in slot %d: got %v, want %v", n, value, slot, got, want)
		}
		if len(rec.late) != 2 {
			t.Fatalf("%d bytes for 5 late predicates", len(rec.late))
		}
	}
	if hits < 50_000 || turns < 5 {
		t.Errorf("%d hits, %d turns: the test has lost its data", hits, turns)
	}
	for _, g := range []generation{m.young, m.old} {
		if g.used > maxEntries || len(g.arena) > maxArena || cap(g.arena) > maxArena*3/2 || len(g.table) > 4*maxEntries {
			t.Errorf("%d entries, %d of %d bytes, a table of %d", g.used, len(g.arena), cap(g.arena), len(g.table))
		}
	}
}

// TestMemoTellsValuesApart: the same bytes are another value in another slot, as another kind, or escaped.
func TestMemoTellsValuesApart(t *testing.T) {
	m := memo{seed: maphash.MakeSeed()}
	raw := []byte(`5\u0041`)
	keys := map[uint32]bool{}
	for slot := range uint32(3) {
		for kind := event.Null; kind <= event.Object; kind++ {
			for _, escaped := range []bool{false, true} {
				key := memoKey(slot, event.Value{Kind: kind, Escaped: escaped})
				if keys[key] {
					t.Fatalf("slot %d, kind %d, escaped %v: key %d is taken", slot, kind, escaped, key)
				}
				keys[key] = true
				hash := m.hash(key, raw)
				if _, ok := m.get(hash, key, raw, 0); ok {
					t.Errorf("slot %d, kind %d, escaped %v: found what was not put in", slot, kind, escaped)
				}
				m.put(hash, key, raw, []uint32{key}, 0)
			}
		}
	}
	for key := range keys {
		rec, ok := m.get(m.hash(key, raw), key, raw, 0)
		if got := idsOf(rec); !ok || !slices.Equal(got, []uint32{key}) {
			t.Errorf("key %d: got %v", key, got)
		}
	}
}

// TestMemoCollisions: equal hashes decide nothing.
func TestMemoCollisions(t *testing.T) {
	m := memo{seed: maphash.MakeSeed()}
	for i := range uint32(100) {
		value := fmt.Appendf(nil, "value %d", i)
		if _, ok := m.get(7, 1, value, 0); ok {
			t.Fatalf("%s: found", value)
		}
		m.put(7, 1, value, []uint32{i}, 0)
	}
	for i := range uint32(100) {
		rec, ok := m.get(7, 1, fmt.Appendf(nil, "value %d", i), 0)
		if got := idsOf(rec); !ok || !slices.Equal(got, []uint32{i}) {
			t.Errorf("value %d: got %v", i, got)
		}
	}
}

// TestUsage: a slot whose values are new pauses, tries again, and goes on once they repeat.
func TestUsage(t *testing.T) {
	var u usage
	asked := 0
	for range 10 * (pausing + 1) * trial {
		if u.ask() {
			asked++
		}
	}
	if asked < 9*trial || asked > 11*trial {
		t.Errorf("asked %d times", asked)
	}
	for range 2 * (pausing + 1) * trial {
		if u.ask() {
			u.hits++
		}
	}
	asked = 0
	for range 10 * trial {
		if u.ask() {
			asked++
			u.hits++
		}
	}
	if asked != 10*trial {
		t.Errorf("asked %d times of %d although it pays", asked, 10*trial)
	}
}
