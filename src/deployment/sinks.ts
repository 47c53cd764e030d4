// Where logs are sent to: `sinks` of a configuration, one row of a table for each kind. What an address may be, and what the files
// hold, is judged by the sinks themselves.

import { readInstanceIdentity } from '../formats/instance-identity.ts';
import { byKind, integer, list, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';
import { OPTIONAL_OF_SYSLOG, REQUIRED_OF_SYSLOG } from './syslog-receiver.ts';
import { readFilePath } from './tls-settings.ts';

/** What is as it were a log: an instance, by its name, or the management plane, which no instance can be called. */
export const MANAGEMENT_LOG = '@management';

const NAMED = {
  /** Its position in each log is kept under it: another name is another sink. */
  name: matching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'a name of up to 63 lower-case letters, digits and hyphens'),
} as const;

const COMMON = {
  /** Where a log begins that was there before the sink was; absent: `now`. */
  from: oneOf('now', 'beginning'),
  /** Names of instances, and `@management`; absent: all. */
  logs: list(matching(/^(?:[a-zA-Z][0-9a-zA-Z-]{2,23}|@management)$/, `the name of an instance or ${MANAGEMENT_LOG}`)),
  /**
   * Of the storage account, workspace or event hub rule that it is to the resource manager: then instances whose diagnostic settings
   * name it have their logs sent there, and no others. Absent: all have.
   */
  resourceId: matching(/^\/[^\0-\x20]{1,1000}$/, 'the id of a resource: /subscriptions/…/providers/…'),
} as const;

const line = matching(/^[^\0\r\n]{1,4096}$/, 'a text of one line');

const KINDS = {
  /** Appends lines of JSON. */
  file: record({ ...NAMED, kind: oneOf('file'), path: readFilePath }, COMMON),
  /** RFC 5424 over TLS (RFC 5425). */
  syslog: record({ ...NAMED, kind: oneOf('syslog'), ...REQUIRED_OF_SYSLOG }, { ...COMMON, ...OPTIONAL_OF_SYSLOG }),
  /** A storage account: containers, blobs and lines as Azure's own diagnostic settings make them. */
  blob: record(
    { ...NAMED, kind: oneOf('blob'), url: line },
    {
      ...COMMON,
      /** Absent: `insights-logs-auditevent`, and `insights-activity-logs` for the management plane's. */
      container: matching(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/, 'the name of a container'),
      /** A secret: a SAS token. This or `identity`. */
      sasFile: readFilePath,
      /** Who it is to the storage, in the form of `backupIdentity`. */
      identity: readInstanceIdentity,
      caFile: readFilePath,
      /** The addresses that the host name may stand for; needed where they are private. */
      addresses: list(line, 64),
    },
  ),
  /** A bucket that speaks S3: an object for each batch. */
  s3: record(
    {
      ...NAMED,
      kind: oneOf('s3'),
      /** Of the bucket: `https://s3.REGION.example/BUCKET`, or with its name in the host. */
      url: line,
      region: matching(/^[a-zA-Z0-9-]{1,64}$/, 'the name of a region'),
      /** A secret: a file in the form of `~/.aws/credentials` with one profile. */
      credentialsFile: readFilePath,
    },
    {
      ...COMMON,
      /** Before the names of objects. */
      prefix: matching(/^(?:[A-Za-z0-9._-]+\/)+$/, 'names with a slash behind each, such as audit/'),
      /** Nobody changes or deletes an object before it ends. Absent: what the bucket does by default. */
      objectLock: record({ mode: oneOf('GOVERNANCE', 'COMPLIANCE'), days: integer(1, 36_500) }),
      caFile: readFilePath,
    },
  ),
  /** Logs of OpenTelemetry's protocol over HTTP. */
  otlp: record(
    { ...NAMED, kind: oneOf('otlp'), url: line },
    {
      ...COMMON,
      caFile: readFilePath,
      /** A secret: `Name: value` lines, such as `Authorization: Bearer …`. */
      headersFile: readFilePath,
      /** Absent: gzip. */
      compression: oneOf('gzip', 'none'),
    },
  ),
} as const;

const rows = list(byKind(KINDS), 64);
export type SinkConfig = ReturnType<typeof rows>[number];
export type SinkConfigOf<K extends SinkConfig['kind']> = Extract<SinkConfig, { readonly kind: K }>;

/** What diagnostic settings may name. */
export function resourceIdsOf(sinks: readonly SinkConfig[] = []): readonly string[] {
  return [...new Set(sinks.flatMap(({ resourceId }) => (resourceId === undefined ? [] : [resourceId])))];
}

export const readSinks: Reader<readonly SinkConfig[]> = (value, path) => {
  const sinks = rows(value, path);
  for (const [at, { name }] of sinks.entries()) {
    if (sinks.findIndex((each) => each.name === name) < at) {
      throw new ShapeError(`${path}[${at}].name: another sink is called '${name}'`);
    }
  }
  return sinks;
};
