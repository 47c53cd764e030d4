// An ExportLogsServiceRequest in OTLP's JSON encoding: entries as log records, the entry itself as the body. Names of attributes are
// those of OpenTelemetry's semantic conventions where these have one, else our own.
import { VERSION } from '../../deployment/version.ts';
import type { LoggedCall } from '../../features/audit/logged-call.ts';
import type { LogEntry, LogIdentity } from './sink.ts';
import { type Severity, toldEntry } from './told-entry.ts';

/** SeverityNumber and text of the logs data model. */
const SEVERITIES: { readonly [S in Severity]: readonly [number, string] } = {
  info: [9, 'INFO'],
  warning: [13, 'WARN'],
  error: [17, 'ERROR'],
};

export function logsRequest(log: LogIdentity, entries: readonly LogEntry[]): string {
  const resource = attributes({
    'service.name': 'strongroom',
    'service.version': VERSION,
    'service.instance.id': log.id,
    'cloud.resource_id': log.resourceId,
    'strongroom.instance': log.name,
  });
  const scope = { name: 'strongroom.audit', version: VERSION };
  const logRecords = entries.map((entry) => logRecord(log, entry));
  return JSON.stringify({ resourceLogs: [{ resource: { attributes: resource }, scopeLogs: [{ scope, logRecords }] }] });
}

function logRecord(log: LogIdentity, entry: LogEntry) {
  const { call, severity } = toldEntry(entry);
  const [severityNumber, severityText] = SEVERITIES[severity];
  return {
    ...times(call?.time),
    severityNumber,
    severityText,
    body: { stringValue: entry.bytes.toString('utf8') },
    attributes: attributes({
      // The same each time that the entry is sent.
      'log.record.uid': `${log.origin}/${entry.index}`,
      'strongroom.log.origin': log.origin,
      'strongroom.log.index': entry.index,
      ...(call === undefined ? {} : aboutCall(call)),
    }),
  };
}

function aboutCall({ operation, code, decision, scope, key, caller, address, status, request }: LoggedCall) {
  return {
    'strongroom.operation': operation,
    'strongroom.result': code,
    'strongroom.decision': decision,
    'strongroom.scope': scope,
    'strongroom.key': key,
    'user.id': caller?.objectId,
    'client.address': address,
    'http.response.status_code': status === 0 ? undefined : status,
    'url.full': request,
  };
}

/** `timeUnixNano` is a decimal string (proto3 JSON of fixed64); without a time of its own it is unknown. */
function times(time = ''): { readonly timeUnixNano?: string } {
  const at = Date.parse(time);
  return Number.isNaN(at) || at < 0 ? {} : { timeUnixNano: `${at}000000` };
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** What is unknown or empty is left out. */
export function attributes(named: Readonly<Record<string, unknown>>): readonly Attribute[] {
  return Object.entries(named).flatMap(([key, value]): readonly Attribute[] => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return [{ key, value: { intValue: String(value) } }];
    return typeof value === 'string' && value !== '' ? [{ key, value: { stringValue: value } }] : [];
  });
}
