// A receiver of syslog over TLS, as a configuration has it: of logs, and of alerts.
import { integer, matching, record } from '../formats/shape.ts';
import { readFilePath } from './tls-settings.ts';

export const REQUIRED_OF_SYSLOG = { host: matching(/^[^\s/@?#]{1,255}$/, 'a host name or an IP address') } as const;
export const OPTIONAL_OF_SYSLOG = {
  /** Absent: 6514. */
  port: integer(1, 65_535),
  /** PEM file of the authority of its certificate; absent: the system's. */
  caFile: readFilePath,
  /** The name in its certificate; absent: `host`. */
  serverName: matching(/^[^\0\r\n]{1,4096}$/, 'a text of one line'),
  /** PEM files of what is shown to it. */
  clientCertificate: record({ certificate: readFilePath, key: readFilePath }),
  /** Of the structured data's name; absent: 32473, which is for examples (RFC 5612). */
  enterpriseNumber: integer(1, 2 ** 31 - 1),
} as const;

const _receiver = record(REQUIRED_OF_SYSLOG, OPTIONAL_OF_SYSLOG);
export type SyslogReceiver = ReturnType<typeof _receiver>;
