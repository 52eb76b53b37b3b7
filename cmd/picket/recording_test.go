package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The recording of the demo is made here: a morning in an office that does not exist. Nothing in it was
// taken from a real network. go test ./cmd/picket -run TestRecording -update writes it.

const recordingEvents = 420

// TestRecording keeps the bundled file and its maker together.
func TestRecording(t *testing.T) {
	file := filepath.Join("demo", "recording.jsonl.gz")
	want := makeRecording()
	if *update {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this file makes; -update writes it anew", file)
	}
	if n := bytes.Count(got, []byte("\n")); n != recordingEvents {
		t.Errorf("%d events, want %d", n, recordingEvents)
	}
}

// program is what a Windows executable says about itself.
type program struct{ image, version, description, product, company, original string }

// named gives a renamed copy: the version information stays.
func (p program) named(image string) program {
	p.image = image
	return p
}

const (
	windowsProduct = "Microsoft® Windows® Operating System"
	microsoft      = "Microsoft Corporation"
)

func system32(name, description string) program {
	return program{`C:\Windows\System32\` + name, "10.0.26100.4946 (WinBuild.160101.0800)", description, windowsProduct, microsoft, name}
}

var (
	services   = system32("services.exe", "Services and Controller app")
	svchost    = system32("svchost.exe", "Host Process for Windows Services")
	conhost    = system32("conhost.exe", "Console Window Host")
	cmd        = system32("cmd.exe", "Windows Command Processor")
	whoami     = system32("whoami.exe", "whoami - displays logged on user information")
	gpupdate   = system32("gpupdate.exe", "Microsoft® Group Policy Update Utility")
	usoclient  = system32("UsoClient.exe", "UsoClient")
	tiworker   = program{`C:\Windows\WinSxS\amd64_microsoft-windows-servicingstack\TiWorker.exe`, "10.0.26100.4946", "Windows Modules Installer Worker", windowsProduct, microsoft, "TiWorker.exe"}
	taskhost   = system32("taskhostw.exe", "Host Process for Windows Tasks")
	dllhost    = system32("dllhost.exe", "COM Surrogate")
	runtime_   = system32("RuntimeBroker.exe", "Runtime Broker")
	search     = system32("SearchProtocolHost.exe", "Microsoft Windows Search Protocol Host")
	notepad    = system32("notepad.exe", "Notepad")
	powershell = program{`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, "10.0.26100.1591", "Windows PowerShell", windowsProduct, microsoft, "PowerShell.EXE"}
	explorer   = program{`C:\Windows\explorer.exe`, "10.0.26100.4946", "Windows Explorer", windowsProduct, microsoft, "EXPLORER.EXE"}
	defender   = program{`C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26100.3\MpCmdRun.exe`, "4.18.26100.3", "Microsoft Malware Protection Command Line Utility", windowsProduct, microsoft, "MpCmdRun.exe"}
	chrome     = program{`C:\Program Files\Google\Chrome\Application\chrome.exe`, "148.0.7801.52", "Google Chrome", "Google Chrome", "Google LLC", "chrome.exe"}
	updater    = program{`C:\Program Files (x86)\Google\GoogleUpdater\148.0.7801.0\updater.exe`, "148.0.7801.0", "Google Updater", "Google Updater", "Google LLC", "updater.exe"}
	edge       = program{`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, "148.0.3912.41", "Microsoft Edge", "Microsoft Edge", microsoft, "msedge.exe"}
	edgeUpdate = program{`C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe`, "1.3.213.9", "Microsoft Edge Update", "Microsoft Edge Update", microsoft, "msedgeupdate.dll"}
	teams      = program{`C:\Program Files\WindowsApps\MSTeams_26290.1205.4012.3338_x64__8wekyb3d8bbwe\ms-teams.exe`, "26290.1205.4012.3338", "Microsoft Teams", "Microsoft Teams", microsoft, "ms-teams.exe"}
	onedrive   = program{`C:\Program Files\Microsoft OneDrive\OneDrive.exe`, "26.196.1012.0003", "Microsoft OneDrive", "Microsoft OneDrive", microsoft, "OneDrive.exe"}
	outlook    = program{`C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE`, "16.0.19426.20186", "Microsoft Outlook", "Microsoft Office", microsoft, "Outlook.exe"}
	excel      = program{`C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE`, "16.0.19426.20186", "Microsoft Excel", "Microsoft Office", microsoft, "Excel.exe"}
	acrobat    = program{`C:\Program Files\Adobe\Acrobat DC\Acrobat\Acrobat.exe`, "26.1.20143.0", "Adobe Acrobat", "Adobe Acrobat", "Adobe Systems Incorporated", "Acrobat.exe"}
	vscode     = program{`C:\Program Files\Microsoft VS Code\Code.exe`, "1.118.0", "Visual Studio Code", "Visual Studio Code", microsoft, "electron.exe"}
	git        = program{`C:\Program Files\Git\cmd\git.exe`, "2.55.0.windows.1", "Git for Windows", "Git", "The Git Development Community", "git.exe"}
	netsupport = program{`C:\Program Files (x86)\NetSupport\NetSupport Manager\client32.exe`, "V14.10", "NetSupport Client Application", "NetSupport Remote Control", "NetSupport Ltd", "client32.exe"}
	nsmConfig  = program{`C:\Program Files (x86)\NetSupport\NetSupport Manager\PCICFGUI.EXE`, "V14.10", "NetSupport Client Configurator", "NetSupport Remote Control", "NetSupport Ltd", "PCICFGUI.EXE"}
)

// machine is one computer, with the shipper it has. Each shipper has its own shape.
type machine struct {
	name   string
	user   string // empty: nobody works there
	ship   func(e *sysmonEvent) object
	record uint64
	pid    int
}

func machines() []*machine {
	return []*machine{
		{name: "WS-0107", user: "ana", ship: (*sysmonEvent).nxlog, record: 884_200, pid: 4100},
		{name: "WS-0112", user: "bogdan", ship: (*sysmonEvent).nxlog, record: 120_031, pid: 6300},
		{name: "WS-0133", user: "chiara", ship: (*sysmonEvent).winlogbeat, record: 1_302_210, pid: 2900},
		{name: "WS-0142", user: "dagmar", ship: (*sysmonEvent).winlogbeat, record: 45_118, pid: 7300},
		{name: "WS-0158", user: "emeka", ship: (*sysmonEvent).winlogbeat, record: 660_902, pid: 5200},
		{name: "WS-0171", user: "farida", ship: (*sysmonEvent).evtxDump, record: 77_340, pid: 3800},
		{name: "SRV-FILE-01", ship: (*sysmonEvent).evtxDump, record: 9_200_115, pid: 1900},
		{name: "SRV-DC-02", ship: (*sysmonEvent).nxlog, record: 15_800_730, pid: 2400},
	}
}

// recorder writes events, in the order of their times.
type recorder struct {
	random *rand.Rand
	now    time.Time
	all    []*machine
	out    bytes.Buffer
	n      int
}

// makeRecording gives the recording: one JSON object a line, the same bytes every time.
func makeRecording() []byte {
	r := &recorder{random: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 11, 23, 7, 58, 0, 0, time.UTC), all: machines()}
	plot := plot()
	for r.n < recordingEvents {
		if len(plot) > 0 && r.n >= plot[0].after {
			plot[0].happens(r)
			plot = plot[1:]
			continue
		}
		r.ordinary(r.all[r.random.IntN(len(r.all))])
	}
	return r.out.Bytes()
}

// scene is something that happens when so many events have passed.
type scene struct {
	after   int
	happens func(r *recorder)
}

// plot is what the demo finds: the help desk at work on three machines, and a remote access tool that came
// by mail on a third, renamed, and from there to the file server.
func plot() []scene {
	return []scene{
		{60, func(r *recorder) { r.start(r.all[0], netsupport, explorer, `/r`, "High") }},
		{118, func(r *recorder) {
			r.start(r.all[3], nsmConfig, explorer, `"C:\ProgramData\NetSupport\client32.ini"`, "High")
		}},
		{205, func(r *recorder) {
			r.fileCreated(r.all[4], outlook, `C:\Users\emeka\AppData\Local\Microsoft\Windows\INetCache\Content.Outlook\7QX2M1LK\Invoice_2026-11.zip`)
		}},
		{209, func(r *recorder) {
			r.start(r.all[4], powershell, explorer, `-NoProfile -WindowStyle Hidden -Command "Expand-Archive $env:TEMP\Invoice_2026-11.zip $env:APPDATA\Intel"`, "Medium")
		}},
		{213, func(r *recorder) {
			r.start(r.all[4], netsupport.named(`C:\Users\emeka\AppData\Roaming\Intel\igfxtray.exe`), powershell, "", "Medium")
		}},
		{214, func(r *recorder) {
			r.registrySet(r.all[4], powershell, `HKU\S-1-5-21-3623811015-3361044348-30300820-1158\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\IntelGraphics`, `C:\Users\emeka\AppData\Roaming\Intel\igfxtray.exe`)
		}},
		{216, func(r *recorder) {
			r.connection(r.all[4], netsupport.named(`C:\Users\emeka\AppData\Roaming\Intel\igfxtray.exe`), "198.51.100.23", 443, "")
		}},
		{262, func(r *recorder) {
			r.start(r.all[1], netsupport, services, `/r`, "System")
		}},
		{290, func(r *recorder) { r.start(r.all[4], whoami, cmd, "/all", "Medium") }},
		{331, func(r *recorder) {
			r.start(r.all[6], netsupport.named(`C:\Windows\Temp\svc64.exe`), services, "", "System")
		}},
		{372, func(r *recorder) {
			r.start(r.all[5], netsupport.named(`C:\Users\Public\Libraries\igfxtray.exe`), explorer, "", "Medium")
		}},
	}
}

// ordinary is one event of a machine at work.
func (r *recorder) ordinary(m *machine) {
	if m.user == "" {
		r.pick(m, serverLife)
		return
	}
	r.pick(m, deskLife)
}

func (r *recorder) pick(m *machine, from []func(*recorder, *machine)) {
	from[r.random.IntN(len(from))](r, m)
}

// deskLife and serverLife are what happens on a machine; what is listed twice happens twice as often.
var deskLife = []func(*recorder, *machine){
	func(r *recorder, m *machine) { r.start(m, chrome, explorer, "", "Medium") },
	func(r *recorder, m *machine) {
		r.start(m, chrome, chrome, `--type=renderer --enable-dinosaur-easter-egg-alt-images --lang=en-US --renderer-client-id=`+r.number(400), "Low")
	},
	func(r *recorder, m *machine) {
		r.start(m, teams, explorer, `msteams:system-initiated`, "Medium")
	},
	func(r *recorder, m *machine) {
		r.start(m, edge, explorer, `--single-argument https://intranet.corp.example/`, "Medium")
	},
	func(r *recorder, m *machine) { r.start(m, outlook, explorer, "", "Medium") },
	func(r *recorder, m *machine) {
		r.start(m, excel, outlook, `"C:\Users\`+m.user+`\Documents\Budget `+r.number(20)+`.xlsx"`, "Medium")
	},
	func(r *recorder, m *machine) {
		r.start(m, acrobat, explorer, `"C:\Users\`+m.user+`\Downloads\Travel policy.pdf"`, "Medium")
	},
	func(r *recorder, m *machine) { r.start(m, onedrive, explorer, `/background`, "Medium") },
	func(r *recorder, m *machine) {
		r.start(m, notepad, explorer, `C:\Users\`+m.user+`\Desktop\todo.txt`, "Medium")
	},
	func(r *recorder, m *machine) { r.start(m, vscode, explorer, "", "Medium") },
	func(r *recorder, m *machine) { r.start(m, git, vscode, `fetch --prune origin`, "Medium") },
	func(r *recorder, m *machine) { r.start(m, runtime_, svchost, `-Embedding`, "Medium") },
	func(r *recorder, m *machine) {
		r.start(m, search, svchost, `Global\UsGthrFltPipeMssGthrPipe`+r.number(30), "Medium")
	},
	func(r *recorder, m *machine) {
		r.start(m, edgeUpdate, taskhost, `/ua /installsource scheduler`, "System")
	},
	func(r *recorder, m *machine) {
		r.start(m, updater, services, `--system --windows-service --service=update`, "System")
	},
	func(r *recorder, m *machine) { r.start(m, usoclient, svchost, `StartScan`, "System") },
	func(r *recorder, m *machine) {
		r.connection(m, chrome, "203.0.113."+r.number(250), 443, "www.example.com")
	},
	func(r *recorder, m *machine) {
		r.connection(m, teams, "203.0.113."+r.number(250), 443, "teams.example.net")
	},
	func(r *recorder, m *machine) { r.connection(m, outlook, "10.20.0.12", 443, "mail.corp.example") },
	func(r *recorder, m *machine) { r.query(m, chrome, "news.example.org", "203.0.113."+r.number(250)) },
	func(r *recorder, m *machine) {
		r.query(m, teams, "presence.teams.example.net", "203.0.113."+r.number(250))
	},
	func(r *recorder, m *machine) { r.query(m, svchost, "wpad.corp.example", "") },
	func(r *recorder, m *machine) {
		r.fileCreated(m, excel, `C:\Users\`+m.user+`\Documents\~$Budget `+r.number(20)+`.xlsx`)
	},
	func(r *recorder, m *machine) {
		r.registrySet(m, explorer, `HKU\S-1-5-21-3623811015-3361044348-30300820-1158\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx`, "Binary Data")
	},
	func(r *recorder, m *machine) { r.ended(m, chrome) },
	func(r *recorder, m *machine) { r.ended(m, runtime_) },
}

var serverLife = []func(*recorder, *machine){
	func(r *recorder, m *machine) {
		r.start(m, powershell, svchost, `-NoProfile -ExecutionPolicy AllSigned -File C:\Admin\Scripts\Collect-Inventory.ps1 -Site HQ`, "System")
	},
	func(r *recorder, m *machine) {
		r.start(m, powershell, svchost, `-NoProfile -ExecutionPolicy AllSigned -File C:\Admin\Scripts\Rotate-Logs.ps1 -Days 30`, "System")
	},
	func(r *recorder, m *machine) { r.start(m, svchost, services, `-k netsvcs -p -s Schedule`, "System") },
	func(r *recorder, m *machine) {
		r.start(m, svchost, services, `-k NetworkService -p -s WinRM`, "System")
	},
	func(r *recorder, m *machine) { r.start(m, conhost, powershell, `0xffffffff -ForceV1`, "System") },
	func(r *recorder, m *machine) { r.start(m, gpupdate, taskhost, `/target:computer`, "System") },
	func(r *recorder, m *machine) {
		r.start(m, defender, svchost, `SignatureUpdate -ScheduleJob -RestrictPrivileges`, "System")
	},
	func(r *recorder, m *machine) { r.start(m, tiworker, svchost, `-Embedding`, "System") },
	func(r *recorder, m *machine) {
		r.start(m, dllhost, svchost, `/Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}`, "System")
	},
	func(r *recorder, m *machine) { r.connection(m, svchost, "10.20.0.10", 88, "srv-dc-02.corp.example") },
	func(r *recorder, m *machine) {
		r.connection(m, defender, "203.0.113."+r.number(250), 443, "update.example.com")
	},
	func(r *recorder, m *machine) { r.query(m, svchost, "_ldap._tcp.corp.example", "10.20.0.10") },
	func(r *recorder, m *machine) { r.ended(m, conhost) },
	func(r *recorder, m *machine) {
		r.fileCreated(m, powershell, `C:\Admin\Logs\inventory-2026-11-23.csv`)
	},
}

func (r *recorder) number(n int) string { return fmt.Sprint(1 + r.random.IntN(n)) }

// write gives the event its place and time and ships it.
func (r *recorder) write(m *machine, id uint32, task string, fields ...field) {
	r.now = r.now.Add(time.Duration(80+r.random.IntN(4800)) * time.Millisecond)
	m.record++
	e := &sysmonEvent{machine: m, id: id, task: task, at: r.now}
	e.fields = append(e.fields, field{"RuleName", "-"}, field{"UtcTime", r.now.Format("2006-01-02 15:04:05.000")})
	e.fields = append(e.fields, fields...)
	r.out.Write(m.ship(e).json())
	r.out.WriteByte('\n')
	r.n++
}

// account is whose process runs at an integrity level.
func (m *machine) account(integrity string) string {
	if integrity == "System" || m.user == "" {
		return `NT AUTHORITY\SYSTEM`
	}
	return `CORP\` + m.user
}

// process gives the fields that name a process in every event.
func (r *recorder) process(m *machine, p program) []field {
	m.pid += 4 * (1 + r.random.IntN(40))
	return []field{{"ProcessGuid", guid(m.name, m.pid)}, {"ProcessId", m.pid}, {"Image", p.image}}
}

func (r *recorder) start(m *machine, p, parent program, arguments, integrity string) {
	line := `"` + p.image + `"`
	if arguments != "" {
		line += " " + arguments
	}
	directory := `C:\Windows\system32\`
	if integrity != "System" {
		directory = `C:\Users\` + m.user + `\`
	}
	logon := "0x3e7"
	if integrity != "System" {
		logon = fmt.Sprintf("0x%x", 0x40000+m.pid*16)
	}
	fields := append(r.process(m, p),
		field{"FileVersion", p.version}, field{"Description", p.description}, field{"Product", p.product},
		field{"Company", p.company}, field{"OriginalFileName", p.original}, field{"CommandLine", line},
		field{"CurrentDirectory", directory}, field{"User", m.account(integrity)}, field{"LogonGuid", guid(m.name, 999)},
		field{"LogonId", logon}, field{"TerminalSessionId", 1}, field{"IntegrityLevel", integrity}, field{"Hashes", hashes(p)},
		field{"ParentProcessGuid", guid(m.name, len(parent.image))}, field{"ParentProcessId", 4 * len(parent.image)},
		field{"ParentImage", parent.image}, field{"ParentCommandLine", `"` + parent.image + `"`}, field{"ParentUser", m.account(integrity)})
	r.write(m, 1, "Process Create", fields...)
}

func (r *recorder) connection(m *machine, p program, address string, port int, host string) {
	fields := append(r.process(m, p),
		field{"User", m.account("Medium")}, field{"Protocol", "tcp"}, field{"Initiated", "true"}, field{"SourceIsIpv6", "false"},
		field{"SourceIp", "10.20.4." + r.number(250)}, field{"SourceHostname", m.host()}, field{"SourcePort", 49152 + r.random.IntN(16000)},
		field{"SourcePortName", "-"}, field{"DestinationIsIpv6", "false"}, field{"DestinationIp", address},
		field{"DestinationHostname", host}, field{"DestinationPort", port}, field{"DestinationPortName", "-"})
	r.write(m, 3, "Network connection detected", fields...)
}

func (r *recorder) query(m *machine, p program, name, address string) {
	status, results := "0", address+";"
	if address == "" {
		status, results = "9003", "-"
	}
	fields := r.process(m, p)
	fields = append(fields[:2:2], field{"QueryName", name}, field{"QueryStatus", status}, field{"QueryResults", results}, fields[2], field{"User", m.account("Medium")})
	r.write(m, 22, "Dns query", fields...)
}

func (r *recorder) fileCreated(m *machine, p program, name string) {
	fields := append(r.process(m, p), field{"TargetFilename", name},
		field{"CreationUtcTime", r.now.Format("2006-01-02 15:04:05.000")}, field{"User", m.account("Medium")})
	r.write(m, 11, "File created", fields...)
}

func (r *recorder) registrySet(m *machine, p program, key, details string) {
	fields := append([]field{{"EventType", "SetValue"}}, r.process(m, p)...)
	r.write(m, 13, "Registry value set", append(fields, field{"TargetObject", key}, field{"Details", details}, field{"User", m.account("Medium")})...)
}

func (r *recorder) ended(m *machine, p program) {
	r.write(m, 5, "Process terminated", append(r.process(m, p), field{"User", m.account("Medium")})...)
}

func guid(host string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", host, n))
	return fmt.Sprintf("{%x-%x-%x-%x-%012x}", sum[0:4], sum[4:6], sum[6:8], sum[8:10], n)
}

// hashes are those of a program that does not exist: digests of what it says about itself.
func hashes(p program) string {
	sum := sha256.Sum256(fmt.Append(nil, slices.Concat([]string{p.version, p.description, p.product, p.company, p.original})))
	text := fmt.Sprintf("%X", sum)
	return "MD5=" + text[:32] + ",SHA256=" + strings.ToUpper(text) + ",IMPHASH=" + text[32:64]
}
