package rules

// mw is what most channels of Windows start with.
const mw = "Microsoft-Windows-"

var (
	sysmonLog      = channels{mw + "Sysmon/Operational"}
	linuxSysmonLog = channels{"Linux-Sysmon/Operational"}
	powershellLog  = channels{mw + "PowerShell/Operational", "PowerShellCore/Operational"}
	classicLog     = channels{"Windows PowerShell"}
	// kernelFileLog is an ETW channel that is off by default; no event log has its events, but a shipper
	// that traces the provider names it.
	kernelFileLog = channels{mw + "Kernel-File/Analytic"}
)

// defaultSources is the table when no options are set.
var defaultSources = &sources{products: products}

// products is the Sigma taxonomy of log sources, as far as they are bound: channel and event id are
// what a rule's log source comes down to.
var products = []product{
	{
		name: "windows",
		// One binding without a restriction: all that picket reads are Windows events.
		events:     []Binding{{}},
		categories: windowsCategories,
		services:   windowsServices,
	},
	{
		name: "linux", // Sysmon for Linux
		categories: map[string][]Binding{
			"process_creation":   in(linuxSysmonLog, 1),
			"network_connection": in(linuxSysmonLog, 3),
			"file_event":         in(linuxSysmonLog, 11),
		},
		services: map[string]channels{"sysmon": linuxSysmonLog},
	},
}

// processCreation4688 is what SourceOptions.Security4688 adds to process_creation: the event has these
// fields under its own names, and no OriginalFileName, Hashes, Company or CurrentDirectory at all.
var processCreation4688 = Binding{
	Channels: []string{"security"},
	EventIDs: []uint32{4688},
	Aliases: []FieldAlias{
		{"Image", "NewProcessName"},
		{"ParentImage", "ParentProcessName"},
		{"IntegrityLevel", "MandatoryLabel"}, // a SID; rules list both forms
		{"LogonId", "SubjectLogonId"},
	},
}

// defenderAntivirus is what SourceOptions.DefenderAntivirus binds the category antivirus to.
var defenderAntivirus = Binding{
	Channels: []string{"microsoft-windows-windows defender/operational"},
	EventIDs: []uint32{1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116},
	Aliases:  []FieldAlias{{"Signature", "ThreatName"}, {"Filename", "Path"}},
}

var windowsCategories = map[string][]Binding{
	"process_creation":          sysmon(1),
	"file_change":               sysmon(2),
	"network_connection":        sysmon(3),
	"sysmon_status":             sysmon(4, 16),
	"process_termination":       sysmon(5),
	"driver_load":               sysmon(6),
	"image_load":                sysmon(7),
	"create_remote_thread":      sysmon(8),
	"raw_access_thread":         sysmon(9),
	"process_access":            sysmon(10),
	"file_event":                sysmon(11),
	"registry_event":            sysmon(12, 13, 14),
	"registry_add":              keyEvents("createkey"),
	"registry_delete":           keyEvents("deletekey", "deletevalue"),
	"registry_set":              sysmon(13),
	"registry_rename":           sysmon(14),
	"create_stream_hash":        sysmon(15),
	"pipe_created":              sysmon(17, 18),
	"wmi_event":                 sysmon(19, 20, 21),
	"dns_query":                 sysmon(22),
	"file_delete":               sysmon(23),
	"clipboard_capture":         sysmon(24),
	"clipboard_change":          sysmon(24),
	"process_tampering":         sysmon(25),
	"file_delete_detected":      sysmon(26),
	"file_block_executable":     sysmon(27),
	"file_block_shredding":      sysmon(28),
	"file_executable_detected":  sysmon(29),
	"sysmon_error":              sysmon(255),
	"ps_classic_start":          in(classicLog, 400),
	"ps_classic_provider_start": in(classicLog, 600),
	"ps_classic_script":         in(classicLog, 800),
	"ps_module":                 in(powershellLog, 4103),
	"ps_script":                 in(powershellLog, 4104),
	"file_access":               kernelFileLog.bindings(),
	"file_rename":               kernelFileLog.bindings(),
}

var windowsServices = map[string]channels{
	"application":            {"Application"},
	"security":               {"Security"},
	"system":                 {"System"},
	"sysmon":                 sysmonLog,
	"powershell":             powershellLog,
	"powershell-classic":     classicLog,
	"taskscheduler":          {mw + "TaskScheduler/Operational"},
	"wmi":                    {mw + "WMI-Activity/Operational"},
	"ntlm":                   {mw + "NTLM/Operational"},
	"ntfs":                   {mw + "Ntfs/Operational"},
	"sense":                  {mw + "SENSE/Operational"},
	"windefend":              {mw + "Windows Defender/Operational"},
	"applocker":              {mw + "AppLocker/MSI and Script", mw + "AppLocker/EXE and DLL", mw + "AppLocker/Packaged app-Deployment", mw + "AppLocker/Packaged app-Execution"},
	"application-experience": {mw + "Application-Experience/Program-Telemetry", mw + "Application-Experience/Program-Compatibility-Assistant"},
	"appmodel-runtime":       {mw + "AppModel-Runtime/Admin"},
	"appxdeployment-server":  {mw + "AppXDeploymentServer/Operational"},
	"appxpackaging-om":       {mw + "AppxPackaging/Operational"},
	"bitlocker":              {mw + "BitLocker/BitLocker Management"},
	"bits-client":            {mw + "Bits-Client/Operational"},
	"capi2":                  {mw + "CAPI2/Operational"},
	"certificateservicesclient-lifecycle-system": {mw + "CertificateServicesClient-Lifecycle-System/Operational"},
	"codeintegrity-operational":                  {mw + "CodeIntegrity/Operational"},
	"dhcp":                                       {mw + "DHCP-Server/Operational"},
	"diagnosis-scripted":                         {mw + "Diagnosis-Scripted/Operational"},
	"driver-framework":                           {mw + "DriverFrameworks-UserMode/Operational"},
	// The taxonomy's name, and the one Windows gives the channel.
	"dns-client":            {mw + "DNS Client Events/Operational", mw + "DNS-Client/Operational"},
	"dns-server":            {"DNS Server"},
	"dns-server-analytic":   {mw + "DNS-Server/Analytical"},
	"dns-server-audit":      {mw + "DNS-Server/Audit"},
	"firewall-as":           {mw + "Windows Firewall With Advanced Security/Firewall"},
	"hyper-v-worker":        {mw + "Hyper-V-Worker"},
	"kernel-event-tracing":  {mw + "Kernel-EventTracing"},
	"iis-configuration":     {"Microsoft-IIS-Configuration/Operational"},
	"kernel-shimengine":     {mw + "Kernel-ShimEngine/Operational", mw + "Kernel-ShimEngine/Diagnostic"},
	"ldap":                  {mw + "LDAP-Client/Debug"},
	"ldap_debug":            {mw + "LDAP-Client/Debug"}, // pySigma's name
	"lsa-server":            {mw + "LSA/Operational"},
	"msexchange-management": {"MSExchange Management"},
	"openssh":               {"OpenSSH/Operational"},
	// Rules use the first name, the taxonomy the second.
	"microsoft-servicebus-client":          {"Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"},
	"servicebus-client":                    {"Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"},
	"printservice-admin":                   {mw + "PrintService/Admin"},
	"printservice-operational":             {mw + "PrintService/Operational"},
	"security-mitigations":                 {mw + "Security-Mitigations/Kernel Mode", mw + "Security-Mitigations/User Mode"},
	"shell-core":                           {mw + "Shell-Core/Operational"},
	"vhdmp":                                {mw + "VHDMP/Operational"},
	"smbclient-connectivity":               {mw + "SmbClient/Connectivity"},
	"smbclient-security":                   {mw + "SmbClient/Security"},
	"smbserver-connectivity":               {mw + "SMBServer/Connectivity"},
	"terminalservices-localsessionmanager": {mw + "TerminalServices-LocalSessionManager/Operational"},
}
