package matcher

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

// The benchmarks give CPU time of the thread, not the clock's: machines are shared. Each has beside it what
// gjson needs to go once over all members of the same records, measured in the same run: a ratio means
// more than a number.

// run does something with each record.
type run func(record []byte)

// walkGJSON visits every member of a record, and of the objects in it.
func walkGJSON(record []byte) {
	var visit func(key, value gjson.Result) bool
	members := 0
	visit = func(_, value gjson.Result) bool {
		members++
		if value.IsObject() {
			value.ForEach(visit)
		}
		return true
	}
	gjson.Parse(alias(record)).ForEach(visit) // without the copy that ParseBytes makes
	if members == 0 {
		panic("BUG: no members")
	}
}

// measure runs all records once per iteration and reports the CPU time per event, also as a multiple of
// gjson's. setup makes what one iteration runs with; its time does not count.
func measure(b *testing.B, records [][]byte, setup func() run) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bytes := 0
	for _, r := range records {
		bytes += len(r)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	var spent, yardstick time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		once := setup()
		start := cpuTime(b)
		for _, r := range records {
			walkGJSON(r)
		}
		yardstick += cpuTime(b) - start
		b.StartTimer()
		start = cpuTime(b)
		for _, r := range records {
			once(r)
		}
		spent += cpuTime(b) - start
		n += len(records)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "cpu-ns/event")
	b.ReportMetric(spent.Seconds()/yardstick.Seconds(), "x-gjson")
}

// decodeOnly reads records and does nothing with the events: what matching comes on top of.
func decodeOnly(b *testing.B, e *Engine) run {
	d := event.NewDecoder(e.Schema())
	return func(record []byte) {
		if n, err := d.Decode(record, 0); err == nil && n > 0 {
			if _, err := d.Event(0); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func matchAll(b *testing.B, e *Engine, s *Session) run {
	d := event.NewDecoder(e.Schema())
	return func(record []byte) {
		n, err := d.Decode(record, 0)
		if err != nil {
			return
		}
		for i := range n {
			ev, err := d.Event(i)
			if err != nil {
				b.Fatal(err)
			}
			s.Match(ev)
		}
	}
}

// benchmarkRecords measures reading alone, and reading and matching with a session that knows nothing,
// with one that has seen the records before, and with each optimisation off.
func benchmarkRecords(b *testing.B, set *rules.Set, records [][]byte) {
	for _, v := range variants {
		e, refused := Compile(set, v.opts)
		if len(refused) > 0 {
			b.Fatal(refused)
		}
		if v.name == "all on" {
			b.Run("decode", func(b *testing.B) {
				once := decodeOnly(b, e)
				measure(b, records, func() run { return once })
			})
			b.Run("cold", func(b *testing.B) {
				measure(b, records, func() run { return matchAll(b, e, e.NewSession()) })
			})
		}
		b.Run("warm-"+strings.ReplaceAll(v.name, " ", "-"), func(b *testing.B) {
			s := e.NewSession()
			once := matchAll(b, e, s)
			for _, r := range records {
				once(r)
			}
			before := s.Stats()
			measure(b, records, func() run { return once })
			after := s.Stats()
			events := float64(after.Events - before.Events)
			b.ReportMetric(float64(after.Candidates-before.Candidates)/events, "candidates/event")
			b.ReportMetric(float64(after.RegexRuns-before.RegexRuns)/events, "regexes/event")
			if asked := after.MemoHits + after.MemoMisses - before.MemoHits - before.MemoMisses; asked > 0 {
				b.ReportMetric(100*float64(after.MemoHits-before.MemoHits)/float64(asked), "%remembered")
			}
		})
	}
}

// BenchmarkCorpus measures recorded events against all of SigmaHQ.
func BenchmarkCorpus(b *testing.B) {
	set := sigmaHQ(b)
	for _, name := range []string{"sysmon-nxlog", "sysmon-process-creation-nxlog"} {
		b.Run(name, func(b *testing.B) { benchmarkRecords(b, set, corpusLines(b, name+".jsonl.gz")) })
	}
}

// BenchmarkMade measures machine-made rules and events: 3,000 rules of the kinds SigmaHQ has.
func BenchmarkMade(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var records [][]byte
	for range 2000 {
		records = append(records, madeRecord(rng))
	}
	benchmarkRecords(b, madeRules(b, rng, 3000), records)
}

// BenchmarkUnique measures values that are never there twice: what the memo costs when it is useless.
func BenchmarkUnique(b *testing.B) {
	set := sigmaHQ(b)
	records := corpusLines(b, "sysmon-nxlog.jsonl.gz")[:20_000]
	for _, v := range []Options{{}, {NoMemo: true}} {
		e, _ := Compile(set, v)
		b.Run(fmt.Sprintf("memo=%v", !v.NoMemo), func(b *testing.B) {
			n := 0
			s := e.NewSession()
			measure(b, records, func() run {
				d := event.NewDecoder(e.Schema())
				var arena []byte
				return func(record []byte) {
					if _, err := d.Decode(record, 0); err != nil {
						return
					}
					ev, err := d.Event(0)
					if err != nil {
						b.Fatal(err)
					}
					arena = arena[:0]
					for i := range ev.Values {
						v := &ev.Values[i]
						if v.Kind != event.String || len(v.Raw) < 8 {
							continue
						}
						n++
						start := len(arena)
						arena = strconv.AppendInt(append(arena, v.Raw...), int64(n), 10)
						v.Raw = arena[start:]
					}
					s.Match(ev)
				}
			})
		})
	}
}

// BenchmarkDoubled measures what twice as many rules cost: all of SigmaHQ, and all of it again with other texts.
func BenchmarkDoubled(b *testing.B) {
	set := sigmaHQ(b)
	doubled := slices.Clone(set.Rules)
	for _, r := range set.Rules {
		other := *r
		other.ID += "-2"
		other.Detection.Searches = slices.Clone(r.Detection.Searches)
		for i, s := range other.Detection.Searches {
			other.Detection.Searches[i].Root = withOtherTexts(s.Root)
		}
		doubled = append(doubled, &other)
	}
	for _, name := range []string{"sysmon-nxlog", "sysmon-process-creation-nxlog"} {
		records := corpusLines(b, name+".jsonl.gz")
		for n, s := range map[string]*rules.Set{"once": set, "twice": rules.NewSet(doubled, nil)} {
			e, _ := Compile(s, Options{})
			b.Run(name+"/"+n, func(b *testing.B) {
				once := matchAll(b, e, e.NewSession())
				for _, r := range records {
					once(r)
				}
				measure(b, records, func() run { return once })
			})
		}
	}
}

// withOtherTexts is n with every literal changed.
func withOtherTexts(n rules.Node) rules.Node {
	n.Children = slices.Clone(n.Children)
	for i := range n.Children {
		n.Children[i] = withOtherTexts(n.Children[i])
	}
	if n.Item == nil {
		return n
	}
	item := *n.Item
	item.Values = slices.Clone(item.Values)
	for i := range item.Values {
		item.Values[i].Alts = slices.Clone(item.Values[i].Alts)
		for j := range item.Values[i].Alts {
			o := &item.Values[i].Alts[j]
			o.Pattern = slices.Clone(o.Pattern)
			for k := range o.Pattern {
				if x := &o.Pattern[k]; x.Kind == rules.PartLiteral {
					x.Text = strings.Map(func(r rune) rune {
						if 'a' <= r|0x20 && r|0x20 < 'z' {
							return r + 1
						}
						return r
					}, x.Text)
				}
			}
		}
	}
	n.Item = &item
	return n
}

// BenchmarkCompile measures what a reload costs, and what stays in memory for it.
func BenchmarkCompile(b *testing.B) {
	set := sigmaHQ(b)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var e *Engine
	b.ReportAllocs()
	start := cpuTime(b)
	n := 0
	for b.Loop() {
		e, _ = Compile(set, Options{})
		n++
	}
	b.ReportMetric((cpuTime(b)-start).Seconds()*1000/float64(n), "cpu-ms")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-resident")
	if os.Getenv("PICKET_VERBOSE") != "" {
		st := e.Stats()
		st.Unmapped = nil
		b.Logf("%+v", st)
	}
	runtime.KeepAlive(e)
}

// madeRules makes rules whose texts are words at random, in the proportions of SigmaHQ's process rules.
func madeRules(b *testing.B, rng *rand.Rand, n int) *rules.Set {
	var texts []string
	for i := range n {
		list := func(format string) string {
			var values []string
			for range 1 + rng.IntN(8) {
				values = append(values, fmt.Sprintf("'"+format+"'", madeWord(rng)))
			}
			return "[" + strings.Join(values, ", ") + "]"
		}
		texts = append(texts, fmt.Sprintf(`title: made %d
id: %08x-0000-4000-8000-000000000000
logsource: {product: windows, category: %s}
detection:
  image: [{Image|endswith: %s}, {OriginalFileName: %s}]
  line: {CommandLine|contains|all: %s}
  filter: {ParentImage|startswith: %s}
  condition: image and line and not filter
`, i, i, []string{"process_creation", "process_access", "registry_set"}[i%3], list(`\%s.exe`), list("%s.exe"), list("%s"), list(`C:\%s\`)))
	}
	return parseRules(b, texts...)
}

func madeWord(rng *rand.Rand) string {
	b := make([]byte, 4+rng.IntN(8))
	for i := range b {
		b[i] = "etaoinshrdlucmfwypvbgkqjxz-_"[min(rng.IntN(28), rng.IntN(28))]
	}
	return string(b)
}

// madeRecord makes a process creation: some values are there often, the command line hardly ever twice.
func madeRecord(rng *rand.Rand) []byte {
	often := []string{"svchost", "explorer", "own-agent", "powershell", "conhost", "lsass"}
	path := func() string { return `C:\\Windows\\System32\\` + often[rng.IntN(len(often))] + ".exe" }
	var line []string
	for range 3 + rng.IntN(12) {
		line = append(line, madeWord(rng))
	}
	return fmt.Appendf(nil, `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"ws-17.lab.example","SourceName":"Microsoft-Windows-Sysmon",`+
		`"RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessId":"%d","Image":"%s","FileVersion":"10.0.19041.1","Description":"Own ® Process",`+
		`"Company":"Own Corporation","OriginalFileName":"%s.exe","CommandLine":"\"%s\" %s","User":"LAB\\mara","IntegrityLevel":"Medium",`+
		`"ParentImage":"%s","ParentCommandLine":"%s -k DcomLaunch -p"}`,
		rng.IntN(9000), path(), often[rng.IntN(len(often))], path(), strings.Join(line, " "), path(), path())
}
