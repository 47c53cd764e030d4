// What is told to whom when a rule comes true: `alerts` of a configuration. The rules themselves, and what the files hold, are judged by
// the alerts.
import { byKind, flag, integer, list, matching, oneOf, type Reader, record, ShapeError } from '../formats/shape.ts';
import { OPTIONAL_OF_SYSLOG, REQUIRED_OF_SYSLOG } from './syslog-receiver.ts';
import { readFilePath } from './tls-settings.ts';

const name = matching(
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  'a name of up to 63 lower-case letters, digits and hyphens',
);
const host = matching(/^[^\s/@?#]{1,255}$/, 'a host name or an IP address');
const mailbox = matching(/^[^\s@<>,;:"]{1,64}@[^\s@<>,;:"]{1,255}$/, 'an address of mail');

/** What is kept for it, and what the log says of it, goes by this name. */
const NAMED = { name } as const;
const COMMON = {
  /** Alerts that are less serious are not told here; absent: all are. */
  least: oneOf('critical', 'warning', 'info'),
  /** Messages; what comes beyond is told together. Absent: 60. */
  mostPerHour: integer(1, 3600),
  /** PEM file of the authority of its certificate; absent: the system's. */
  caFile: readFilePath,
} as const;

const KINDS = {
  /** CloudEvents 1.0, signed as Standard Webhooks has it. */
  webhook: record(
    {
      ...NAMED,
      kind: oneOf('webhook'),
      /** `https`; in the dev profile also `http` on loopback. */
      url: matching(/^https?:\/\/[^\s]{1,2000}$/, 'an https address'),
      /** A secret `whsec_…` on each line; each of them signs, so that one can be exchanged for another. */
      secretFile: readFilePath,
    },
    COMMON,
  ),
  smtp: record(
    {
      ...NAMED,
      kind: oneOf('smtp'),
      host,
      from: mailbox,
      to: list(mailbox, 20),
      /** TLS from the first byte, or as soon as the greeting is over; never without. */
      security: oneOf('tls', 'starttls'),
    },
    {
      ...COMMON,
      /** Absent: 465 with `tls`, 587 with `starttls`. */
      port: integer(1, 65_535),
      /** The user's name on the first line, the password on the second; absent: none are asked for. */
      credentialsFile: readFilePath,
    },
  ),
  /** RFC 5424 over TLS (RFC 5425). */
  syslog: record({ ...NAMED, kind: oneOf('syslog'), ...REQUIRED_OF_SYSLOG }, { ...COMMON, ...OPTIONAL_OF_SYSLOG }),
} as const;

const outlets = list(byKind(KINDS), 32);
export type OutletSettings = ReturnType<typeof outlets>[number];
export type OutletOf<K extends OutletSettings['kind']> = Extract<OutletSettings, { readonly kind: K }>;

const shape = record(
  { outlets },
  {
    /** Folder of rules besides those of the product, a file `NAME.json` each. */
    rules: readFilePath,
    /** Names of rules that do not hold. */
    off: list(name, 500),
    /** All that is told says that it is a test, and is sent once; time is what a file of the watcher's folder says. For `alerts test`. */
    test: flag,
  },
);
export type AlertSettings = ReturnType<typeof shape>;

export const readAlertSettings: Reader<AlertSettings> = (value, path) => {
  const settings = shape(value, path);
  for (const [at, each] of settings.outlets.entries()) {
    if (settings.outlets.findIndex((other) => other.name === each.name) < at) {
      throw new ShapeError(`${path}.outlets[${at}].name: another outlet is called '${each.name}'`);
    }
    if (each.kind === 'smtp' && each.to.length === 0) throw new ShapeError(`${path}.outlets[${at}].to names nobody`);
  }
  return settings;
};
