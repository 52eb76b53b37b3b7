package rules

// The fields of Windows events, by the manifests of their providers, over all versions of each event.
// They serve the analysis of rules, never the evaluation: an event has the fields it has.

// envelopeFields can be in any Windows event: the System element, and what shippers put beside the
// event's data. A name with a dot walks into whatever the shipper nests, so it is never unknown.
const envelopeFields = `
	Channel EventID Provider_Name Provider_Guid Provider_EventSourceName Computer EventRecordID Task Opcode Keywords Version Level
	Qualifiers TimeCreated TimeCreated_SystemTime Execution Execution_ProcessID Execution_ThreadID Correlation Correlation_ActivityID
	Correlation_RelatedActivityID Security Security_UserID Provider Event EventData UserData System Message Data Binary
	param1 param2 param3 param4 param5 param6 param7 param8 param9
	AccountName AccountType ActivityID RelatedActivityID Category Domain ERROR_EVT_UNRESOLVED EventCategory EventLevel EventLevelName EventLog
	EventOriginId EventReceivedTime EventRecordId EventTime EventType EventTypeOrignal ExecutionProcessID Hostname ManagementGroupName
	OpcodeValue ParameterXml ProcessID ProviderGUID ProviderGuid ProviderName RecordNumber RenderedDescription Severity SeverityValue Source
	SourceModuleName SourceModuleType SourceName SourceSystem StringInserts SystemUserId TenantId ThreadID TimeGenerated Type UserID
	UserName _ResourceId @metadata @timestamp @version
	agent beat channel computer computer_name data data_stream ecs event event_data event_id execution fields host id index input
	keywords level location log log_name message opcode port process process_id provider provider_guid provider_name record_id
	record_number source source_name sourcetype system_time tags task thread_id time timestamp type user user_data user_id user_name version winlog`

const subject = " SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId "

// hashes are Sysmon's Hashes and what package event derives from it.
const hashes = " Hashes md5 sha1 sha256 imphash "

// image is what most of Sysmon's events begin with.
const image = "RuleName UtcTime ProcessGuid ProcessId Image User "

var sysmonFields = map[uint32]string{
	1: image + hashes + `FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory LogonGuid LogonId
		TerminalSessionId IntegrityLevel ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser`,
	2: image + "TargetFilename CreationUtcTime PreviousCreationUtcTime",
	3: image + `Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp
		DestinationHostname DestinationPort DestinationPortName`,
	4: "RuleName UtcTime State Version SchemaVersion",
	5: image,
	6: "RuleName UtcTime ImageLoaded Signed Signature SignatureStatus" + hashes,
	7: image + hashes + "ImageLoaded FileVersion Description Product Company OriginalFileName Signed Signature SignatureStatus",
	8: `RuleName UtcTime SourceProcessGuid SourceProcessGUID SourceProcessId SourceImage TargetProcessGuid TargetProcessGUID TargetProcessId
		TargetImage NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser`,
	9: image + "Device",
	10: `RuleName UtcTime SourceProcessGuid SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGuid TargetProcessGUID
		TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser`,
	11: image + "TargetFilename CreationUtcTime",
	12: image + "TargetObject",
	13: image + "TargetObject Details",
	14: image + "TargetObject NewName",
	15: image + "TargetFilename CreationUtcTime Hash Contents md5 sha1 sha256 imphash",
	16: "RuleName UtcTime Configuration ConfigurationFileHash",
	17: image + "PipeName",
	18: image + "PipeName",
	19: "RuleName UtcTime User Operation EventNamespace Name Query",
	20: "RuleName UtcTime User Operation Name Destination",
	21: "RuleName UtcTime User Operation Consumer Filter",
	22: image + "QueryName QueryStatus QueryResults",
	23: image + hashes + "TargetFilename IsExecutable Archived",
	24: image + hashes + "Session ClientInfo Archived",
	25: image,
	26: image + hashes + "TargetFilename IsExecutable",
	27: image + hashes + "TargetFilename",
	28: image + hashes + "TargetFilename IsExecutable",
	29: image + hashes + "TargetFilename",

	255: "RuleName UtcTime ID Description",
}

const (
	target     = " TargetUserSid TargetUserName TargetDomainName TargetLogonId "
	process    = " ProcessId ProcessName "
	clientProc = " ClientProcessStartKey ClientProcessId ParentProcessId RpcCallClientLocality FQDN "
	handle     = " ObjectServer ObjectType ObjectName HandleId "
	connection = ` Application SourceAddress SourcePort DestAddress DestPort Protocol Direction FilterRTID LayerName LayerRTID
		RemoteUserID RemoteMachineID FilterOrigin OriginalProfile CurrentProfile InterfaceIndex IsLoopback HasRemoteDynamicKeywordAddress ProcessId `
	ticket = ` TargetUserName TargetDomainName TargetSid ServiceName ServiceSid TicketOptions Status TicketEncryptionType IpAddress IpPort
		CertIssuerName CertSerialNumber CertThumbprint ResponseTicket AccountSupportedEncryptionTypes AccountAvailableKeys
		ServiceSupportedEncryptionTypes ServiceAvailableKeys DCSupportedEncryptionTypes DCAvailableKeys ClientAdvertizedEncryptionTypes
		SessionKeyEncryptionType PreAuthEncryptionType `
)

// securityFields are the events of the Security log that most rules are about.
var securityFields = map[uint32]string{
	// The event carries the id of the event that could not be processed, under the name EventID.
	1108: "EventID PubID Error Errorcode ErrorCode",

	4624: subject + target + process + `LogonType LogonProcessName AuthenticationPackageName WorkstationName LogonGuid TransmittedServices
		LmPackageName KeyLength IpAddress IpPort ImpersonationLevel RestrictedAdminMode RemoteCredentialGuard TargetOutboundUserName
		TargetOutboundDomainName VirtualAccount TargetLinkedLogonId ElevatedToken`,
	4625: subject + target + process + `Status FailureReason SubStatus LogonType LogonProcessName AuthenticationPackageName WorkstationName
		TransmittedServices LmPackageName KeyLength IpAddress IpPort`,
	4634: target + "LogonType",
	4648: subject + process + "LogonGuid TargetUserName TargetDomainName TargetLogonGuid TargetServerName TargetInfo IpAddress IpPort",
	4656: subject + process + handle + `TransactionId AccessList AccessReason AccessMask PrivilegeList RestrictedSidCount ResourceAttributes
		AdditionalInfo AdditionalInfo2`,
	4657: subject + process + "ObjectName ObjectValueName HandleId OperationType OldValueType OldValue NewValueType NewValue",
	4658: subject + process + "ObjectServer HandleId",
	4660: subject + process + "ObjectServer HandleId TransactionId",
	4661: subject + process + handle + "TransactionId AccessList AccessReason AccessMask PrivilegeList Properties RestrictedSidCount",
	4662: subject + handle + "OperationType AccessList AccessMask Properties AdditionalInfo AdditionalInfo2",
	4663: subject + process + handle + "AccessList AccessMask ResourceAttributes",
	4672: subject + "PrivilegeList",
	4673: subject + process + "ObjectServer Service PrivilegeList",
	4674: subject + process + handle + "AccessMask PrivilegeList",
	4688: subject + target + `NewProcessId NewProcessName TokenElevationType ProcessId CommandLine ParentProcessName MandatoryLabel`,
	4689: subject + process + "Status",
	4697: subject + clientProc + "ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount",
	4698: subject + clientProc + "TaskName TaskContent",
	4699: subject + clientProc + "TaskName TaskContent",
	4700: subject + clientProc + "TaskName TaskContent",
	4701: subject + clientProc + "TaskName TaskContent",
	4702: subject + clientProc + "TaskName TaskContentNew",
	4768: ticket + "PreAuthType",
	4769: ticket + "LogonGuid TransmittedServices RequestTicketHash ResponseTicketHash",
	4771: ticket + "PreAuthType",
	4776: "PackageName TargetUserName Workstation Status",
	5140: subject + "ObjectType IpAddress IpPort ShareName ShareLocalPath AccessMask AccessList",
	5145: subject + "ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName AccessMask AccessList AccessReason",
	5156: connection,
	5157: connection,
}

var powershellFields = map[uint32]string{
	4103: "ContextInfo Payload",
	4104: "MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path",
}

// fieldTable is every channel whose events are known, by channel as Binding has it and event id.
var fieldTable = map[string]map[uint32]string{
	"microsoft-windows-sysmon/operational":     sysmonFields,
	"linux-sysmon/operational":                 sysmonFields,
	"security":                                 securityFields,
	"microsoft-windows-powershell/operational": powershellFields,
	"powershellcore/operational":               powershellFields,
}
