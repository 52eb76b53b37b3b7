package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// showBindings prints bindings as the tables below have them: channels, ids, EventTypes, aliases.
func showBindings(bs []Binding) string {
	var out []string
	for _, b := range bs {
		parts := []string{strings.Join(b.Channels, ", ")}
		if len(b.EventIDs) > 0 {
			parts = append(parts, strings.Trim(fmt.Sprint(b.EventIDs), "[]"))
		}
		if len(b.EventTypes) > 0 {
			parts = append(parts, strings.Join(b.EventTypes, " "))
		}
		for _, a := range b.Aliases {
			parts = append(parts, a.Field+"<-"+a.Event)
		}
		out = append(out, strings.Join(parts, " | "))
	}
	return strings.Join(out, " ; ")
}

// taxonomy is the Sigma taxonomy of Windows, one log source a line, as the specification has it. Sysmon
// stands for Microsoft-Windows-Sysmon/Operational and M-W- for Microsoft-Windows-.
const taxonomy = `
category process_creation: Sysmon | 1
category file_change: Sysmon | 2
category network_connection: Sysmon | 3
category sysmon_status: Sysmon | 4 16
category process_termination: Sysmon | 5
category driver_load: Sysmon | 6
category image_load: Sysmon | 7
category create_remote_thread: Sysmon | 8
category raw_access_thread: Sysmon | 9
category process_access: Sysmon | 10
category file_event: Sysmon | 11
category registry_event: Sysmon | 12 13 14
category registry_add: Sysmon | 12 | CreateKey
category registry_delete: Sysmon | 12 | DeleteKey DeleteValue
category registry_set: Sysmon | 13
category registry_rename: Sysmon | 14
category create_stream_hash: Sysmon | 15
category pipe_created: Sysmon | 17 18
category wmi_event: Sysmon | 19 20 21
category dns_query: Sysmon | 22
category file_delete: Sysmon | 23
category clipboard_capture: Sysmon | 24
category clipboard_change: Sysmon | 24
category process_tampering: Sysmon | 25
category file_delete_detected: Sysmon | 26
category file_block_executable: Sysmon | 27
category file_block_shredding: Sysmon | 28
category file_executable_detected: Sysmon | 29
category sysmon_error: Sysmon | 255
category ps_classic_start: Windows PowerShell | 400
category ps_classic_provider_start: Windows PowerShell | 600
category ps_classic_script: Windows PowerShell | 800
category ps_module: M-W-PowerShell/Operational, PowerShellCore/Operational | 4103
category ps_script: M-W-PowerShell/Operational, PowerShellCore/Operational | 4104
category file_access: M-W-Kernel-File/Analytic
category file_rename: M-W-Kernel-File/Analytic
service application: Application
service security: Security
service system: System
service sysmon: Sysmon
service powershell: M-W-PowerShell/Operational, PowerShellCore/Operational
service powershell-classic: Windows PowerShell
service taskscheduler: M-W-TaskScheduler/Operational
service wmi: M-W-WMI-Activity/Operational
service ntlm: M-W-NTLM/Operational
service ntfs: M-W-Ntfs/Operational
service sense: M-W-SENSE/Operational
service windefend: M-W-Windows Defender/Operational
service applocker: M-W-AppLocker/MSI and Script, M-W-AppLocker/EXE and DLL, M-W-AppLocker/Packaged app-Deployment, M-W-AppLocker/Packaged app-Execution
service application-experience: M-W-Application-Experience/Program-Telemetry, M-W-Application-Experience/Program-Compatibility-Assistant
service appmodel-runtime: M-W-AppModel-Runtime/Admin
service appxdeployment-server: M-W-AppXDeploymentServer/Operational
service appxpackaging-om: M-W-AppxPackaging/Operational
service bitlocker: M-W-BitLocker/BitLocker Management
service bits-client: M-W-Bits-Client/Operational
service capi2: M-W-CAPI2/Operational
service certificateservicesclient-lifecycle-system: M-W-CertificateServicesClient-Lifecycle-System/Operational
service codeintegrity-operational: M-W-CodeIntegrity/Operational
service dhcp: M-W-DHCP-Server/Operational
service diagnosis-scripted: M-W-Diagnosis-Scripted/Operational
service driver-framework: M-W-DriverFrameworks-UserMode/Operational
service dns-client: M-W-DNS Client Events/Operational, M-W-DNS-Client/Operational
service dns-server: DNS Server
service dns-server-analytic: M-W-DNS-Server/Analytical
service dns-server-audit: M-W-DNS-Server/Audit
service firewall-as: M-W-Windows Firewall With Advanced Security/Firewall
service hyper-v-worker: M-W-Hyper-V-Worker
service kernel-event-tracing: M-W-Kernel-EventTracing
service iis-configuration: Microsoft-IIS-Configuration/Operational
service kernel-shimengine: M-W-Kernel-ShimEngine/Operational, M-W-Kernel-ShimEngine/Diagnostic
service ldap: M-W-LDAP-Client/Debug
service ldap_debug: M-W-LDAP-Client/Debug
service lsa-server: M-W-LSA/Operational
service microsoft-servicebus-client: Microsoft-ServiceBus-Client, Microsoft-ServiceBus-Client/Operational, Microsoft-ServiceBus-Client/Admin
service servicebus-client: Microsoft-ServiceBus-Client, Microsoft-ServiceBus-Client/Operational, Microsoft-ServiceBus-Client/Admin
service msexchange-management: MSExchange Management
service openssh: OpenSSH/Operational
service printservice-admin: M-W-PrintService/Admin
service printservice-operational: M-W-PrintService/Operational
service security-mitigations: M-W-Security-Mitigations/Kernel Mode, M-W-Security-Mitigations/User Mode
service shell-core: M-W-Shell-Core/Operational
service vhdmp: M-W-VHDMP/Operational
service smbclient-connectivity: M-W-SmbClient/Connectivity
service smbclient-security: M-W-SmbClient/Security
service smbserver-connectivity: M-W-SMBServer/Connectivity
service terminalservices-localsessionmanager: M-W-TerminalServices-LocalSessionManager/Operational
`

// TestTaxonomy: the table of package rules is the one above, in both directions.
func TestTaxonomy(t *testing.T) {
	abbreviations := strings.NewReplacer("Sysmon |", "microsoft-windows-sysmon/operational |", "M-W-", "microsoft-windows-")
	var want []string
	for line := range strings.Lines(strings.TrimPrefix(taxonomy, "\n")) {
		name, events, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if events == "Sysmon" {
			events = "M-W-Sysmon/Operational"
		}
		want = append(want, name+": "+strings.ToLower(abbreviations.Replace(events)))
	}
	var got []string
	show := func(kind, name string, ls LogSource) {
		bs, ok := Bind(ls)
		if !ok {
			t.Errorf("%s %s is not bound", kind, name)
		}
		got = append(got, kind+" "+name+": "+showBindings(bs))
	}
	for name := range windowsCategories {
		show("category", name, LogSource{Product: "windows", Category: name})
	}
	for name := range windowsServices {
		show("service", name, LogSource{Product: "windows", Service: name})
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 86 {
		t.Errorf("%d rows (-specification +package):\n%s", len(want), diff)
	}
}

func TestBind(t *testing.T) {
	checkSet := func(set *Set, product, category, service string, want string) {
		t.Helper()
		bs, ok := set.Bind(LogSource{Product: product, Category: category, Service: service})
		got := "unmapped"
		if ok {
			got = showBindings(bs)
		}
		if got != want {
			t.Errorf("%s/%s/%s: got %s, want %s", product, category, service, got, want)
		}
	}
	check := func(product, category, service, want string) {
		t.Helper()
		checkSet(&Set{}, product, category, service, want)
		checkSet(NewSet(nil, nil), product, category, service, want)
	}
	const sysmon = "microsoft-windows-sysmon/operational"
	check("windows", "", "", "")
	check("Windows", "Process_Creation", "", sysmon+" | 1")
	check("windows", "process_creation", "sysmon", sysmon+" | 1")
	check("windows", "process_creation", "security", "unmapped")
	check("windows", "registry_delete", "sysmon", sysmon+" | 12 | deletekey deletevalue")
	check("windows", "", "nonsense", "unmapped")
	check("windows", "nonsense", "", "unmapped")
	check("windows", "antivirus", "", "unmapped")
	check("", "dns_query", "", sysmon+" | 22")
	check("", "network_connection", "", sysmon+" | 3 ; linux-sysmon/operational | 3")
	check("linux", "process_creation", "", "linux-sysmon/operational | 1")
	check("linux", "file_event", "", "linux-sysmon/operational | 11")
	check("linux", "", "sysmon", "linux-sysmon/operational")
	check("linux", "", "", "unmapped")
	check("macos", "process_creation", "", "unmapped")
	check("", "", "", "unmapped")

	with := func(o SourceOptions) *Set { return Assemble(nil, LoadOptions{Sources: o}) }
	both := with(SourceOptions{Security4688: true, DefenderAntivirus: true})
	const event4688 = "security | 4688 | Image<-NewProcessName | ParentImage<-ParentProcessName | IntegrityLevel<-MandatoryLabel | LogonId<-SubjectLogonId"
	checkSet(both, "windows", "process_creation", "", sysmon+" | 1 ; "+event4688)
	checkSet(both, "windows", "process_creation", "security", event4688)
	checkSet(both, "", "process_creation", "", sysmon+" | 1 ; "+event4688+" ; linux-sysmon/operational | 1")
	checkSet(both, "linux", "process_creation", "", "linux-sysmon/operational | 1")
	checkSet(both, "", "antivirus", "", "microsoft-windows-windows defender/operational | 1006 1007 1008 1009 1010 1011 1012 1017 1018 1019 1115 1116 | Signature<-ThreatName | Filename<-Path")
	check("windows", "process_creation", "", sysmon+" | 1") // the table itself did not change

	custom := with(SourceOptions{Custom: []CustomBinding{
		{Product: "aws", Service: "CloudTrail", Channels: []string{"AWS/CloudTrail"}},
		{Category: "webserver", Channels: []string{"access"}, EventIDs: []uint32{1, 2}, Aliases: []FieldAlias{{"c-uri", "path"}}},
		{Product: "windows", Category: "process_creation", Channels: []string{"edr"}},
	}})
	checkSet(custom, "aws", "", "cloudtrail", "aws/cloudtrail")
	checkSet(custom, "aws", "", "", "aws/cloudtrail")
	checkSet(custom, "aws", "other", "cloudtrail", "unmapped")
	checkSet(custom, "", "webserver", "", "access | 1 2 | c-uri<-path")
	checkSet(custom, "apache", "webserver", "", "unmapped")
	checkSet(custom, "windows", "process_creation", "", sysmon+" | 1 ; edr")
	if custom.Hash == both.Hash || custom.Hash == NewSet(nil, nil).Hash {
		t.Error("the set's hash does not depend on its log sources")
	}
}

func TestView(t *testing.T) {
	parse := func(detection string) *Rule {
		rs, es := parseDetection(detection)
		if len(rs) != 1 {
			t.Fatal(es)
		}
		return rs[0]
	}
	b := Binding{Aliases: []FieldAlias{{"Image", "NewProcessName"}, {"ParentImage", "ParentProcessName"}}}
	r := parse("{s: [{Image: x, CommandLine: y, User|fieldref: ParentImage}, kw], condition: s}")
	before := parse("{s: [{Image: x, CommandLine: y, User|fieldref: ParentImage}, kw], condition: s}")
	view := b.View(r)
	items := view.Detection.Searches[0].Root.Children[0].Children
	got := items[0].Item.Field + " " + items[1].Item.Field + " " + items[2].Item.Field + " " + items[2].Item.Values[0].Alts[0].FieldRef
	if got != "NewProcessName CommandLine User ParentProcessName" {
		t.Errorf("got %s", got)
	}
	if diff := cmp.Diff(before.Detection.Searches[0].Root.Children[0].Children[0].Item.Field, r.Detection.Searches[0].Root.Children[0].Children[0].Item.Field); diff != "" {
		t.Errorf("the rule itself changed:\n%s", diff)
	}
	if other := parse("{s: {CommandLine: y}, condition: s}"); b.View(other) != other {
		t.Error("a rule without any of the fields was copied")
	}
}

// TestParseLogSources: what a file of log sources gives; E030_log_source_file.txtar has what is refused.
func TestParseLogSources(t *testing.T) {
	check := func(text string, want ...CustomBinding) {
		t.Helper()
		got, findings := ParseLogSources("l.yml", []byte(text))
		if diff := cmp.Diff(want, got); diff != "" || len(findings) > 0 {
			t.Errorf("%q: %v\n%s", text, findings, diff)
		}
	}
	check("")
	check("# nothing yet\n---\n~\n")
	check("[]\n")
	check("- {product: acme, channels: Gateway/Access}\n", CustomBinding{Product: "acme", Channels: []string{"Gateway/Access"}})
	check("- category: proxy\n  product: acme\n  service: gateway\n  channels: [a, 5]\n  event_ids: [0, 4294967295]\n  fields: {c-uri: request.path, User: ''''}\n",
		CustomBinding{Category: "proxy", Product: "acme", Service: "gateway", Channels: []string{"a", "5"}, EventIDs: []uint32{0, 4294967295},
			Aliases: []FieldAlias{{"c-uri", "request.path"}, {"User", "'"}}})
	check("- {product: acme, channels: a, event_ids: 7}\n- {service: b, channels: b, fields: {}}\n",
		CustomBinding{Product: "acme", Channels: []string{"a"}, EventIDs: []uint32{7}}, CustomBinding{Service: "b", Channels: []string{"b"}})
	check("- &one {product: acme, channels: a, fields: {x: y}}\n- {<<: *one, channels: b}\n",
		CustomBinding{Product: "acme", Channels: []string{"a"}, Aliases: []FieldAlias{{"x", "y"}}},
		CustomBinding{Product: "acme", Channels: []string{"b"}, Aliases: []FieldAlias{{"x", "y"}}})
	if _, err := LoadLogSources("testdata/absent.yml"); err == nil || !strings.Contains(err.Error(), "load log sources") {
		t.Errorf("a file that does not exist: %v", err)
	}
}

// TestDefaultWithOptions: the rules inside the binary follow the options like any others.
func TestDefaultWithOptions(t *testing.T) {
	if n := len(Default().Rules); n == 0 {
		t.Fatal("no built-in rules")
	}
	set := LoadOptions{Statuses: []string{"stable"}, Sources: SourceOptions{Security4688: true}}.Default()
	if len(set.Rules) != 0 || set.Deselected == 0 || set.Files == 0 {
		t.Errorf("%d rules, %d left out, of %d files", len(set.Rules), set.Deselected, set.Files)
	}
	set = LoadOptions{Sources: SourceOptions{Security4688: true}}.Default()
	if bs, _ := set.Bind(set.Rules[0].LogSource); len(bs) != 2 {
		t.Errorf("bindings %v", bs)
	}
}
