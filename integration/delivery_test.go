package integration

import (
	"encoding/json"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions      = 12
	alertPartitions = 3
	corpusEvents    = 50_000
	plantedEvents   = 2_700 // 100 of each kind in each shape
)

// site is the topics and the group of one test.
type site struct {
	input, alerts, deadLetters, group string
}

func newSite(t *testing.T, b *broker) site {
	t.Helper()
	return site{
		input:       b.createTopic(t, unique(t, "in"), partitions),
		alerts:      b.createTopic(t, unique(t, "alerts"), alertPartitions),
		deadLetters: b.createTopic(t, unique(t, "dead"), 1),
		group:       unique(t, "group"),
	}
}

// settings let a member work at the site. Sessions are short, so that a member that dies is missed soon.
func (s site) settings(b *broker) settings {
	return settings{
		"kafka": settings{
			"bootstrap_servers": []string{b.plain}, "group_id": "the environment wins",
			"session_timeout": "6s", "drain_timeout": "3s", "rebalance_timeout": "10s", "heartbeat_interval": "500ms",
		},
		"input":        settings{"topics": []string{s.input}},
		"alerts":       settings{"topic": s.alerts},
		"dead_letters": settings{"topic": s.deadLetters},
		"log":          settings{"level": "debug"},
	}
}

// TestAlertsOfRecordedEvents: one member, then three of one group, each codec on the way in and out. Nothing is lost, nothing
// comes twice, and what is no event lies on the dead-letter topic.
func TestAlertsOfRecordedEvents(t *testing.T) {
	for _, codec := range []struct {
		name string
		in   kgo.CompressionCodec
	}{
		{"none", kgo.NoCompression()},
		{"lz4", kgo.Lz4Compression()},
		{"zstd", kgo.ZstdCompression()},
	} {
		t.Run(codec.name, func(t *testing.T) {
			b := startBroker(t)
			at := newSite(t, b)
			l := newLoad(t, at.input, partitions, corpusEvents, plantedEvents)
			s := at.settings(b)
			s["alerts"] = settings{"topic": at.alerts, "compression": codec.name}

			half := len(l.records) / 2
			members := []*member{startMember(t, "one", at.group, s)}
			members[0].awaitReady(t)
			b.produce(t, codec.in, l.records[:half])
			b.awaitCaughtUp(t, waitForLoad, at.group, at.input)
			if n := members[0].metric(t, "picket_records_consumed_total"); n != half {
				t.Errorf("the one member consumed %d records, want %d", n, half)
			}

			members = append(members, startMember(t, "two", at.group, s), startMember(t, "three", at.group, s))
			b.awaitMembers(t, at.group, 3)
			b.produce(t, codec.in, l.records[half:])
			b.awaitCaughtUp(t, waitForLoad, at.group, at.input)
			consumed := 0
			for _, m := range members {
				n := m.metric(t, "picket_records_consumed_total")
				if n == 0 {
					t.Errorf("member %s consumed nothing", m.name)
				}
				consumed += n
			}
			if consumed != len(l.records) {
				t.Errorf("the three members consumed %d records, want %d", consumed, len(l.records))
			}
			for _, m := range members {
				m.stop(t)
			}
			if again := checkAlerts(t, b.read(t, at.alerts), l, alertPartitions); again != 0 {
				t.Errorf("%d alerts came twice", again)
			}
			checkDeadLetters(t, b.read(t, at.deadLetters), noEvents(t, l))
		})
	}
}

// noEvents are the records of a load that hold no event of a known shape.
func noEvents(t *testing.T, l *load) map[*kgo.Record]string {
	t.Helper()
	none := map[*kgo.Record]string{}
	for _, r := range l.records {
		var record map[string]any
		if err := json.Unmarshal(r.Value, &record); err != nil {
			t.Fatal(err)
		}
		if _, ok := find(record); !ok {
			none[r] = "unknown_shape"
		}
	}
	return none
}
