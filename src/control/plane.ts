// What the control process is in either profile: the names of everything, a listener for its rows, and the front that leads to
// it and to the instances.
import { join } from 'node:path';
import { VERSION } from '../deployment/version.ts';
import type { replaceFile } from '../files/durable-file.ts';
import type { RequestLimits } from '../formats/request-limits.ts';
import type { ControlRow } from '../http/control-row.ts';
import type { NameForm } from '../http/name-form.ts';
import { openRenewal, readTlsFiles } from '../http/tls/renewal.ts';
import type { TlsVersion } from '../http/tls/server-options.ts';
import type { InstanceHost } from '../links/instance-host.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { ControlCallers } from './door/callers.ts';
import { listenForControl } from './door/listener.ts';
import { type FrontOptions, openFront } from './front/front.ts';
import { NamesTable } from './front/names-table.ts';
import { OperationRecord } from './management/record/record-operations.ts';

export interface PlaneOptions {
  /** The control process's own folder: resources, TLS key and certificate, and in the dev profile directory and issuer key. */
  readonly folder: string;
  /** The management plane's log. */
  readonly audit: AuditLog;
  /** How files in the folder are replaced; default: as usual. */
  readonly replaceFile?: typeof replaceFile;
  /** Gives the instance host once the names table exists to hear of its changes. */
  readonly host: (names: NamesTable) => InstanceHost;
  /** What callers may cost; absent: `DEFAULT_LIMITS`. */
  readonly limits?: RequestLimits | undefined;
  /** Seconds of a clock that only goes forward, which those limits go by; absent: the system's. */
  readonly elapsed?: () => number;
  /** What instances know the front by, once the supervisor has said it. */
  readonly frontToken: () => Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string) => void;
}

type PlaneWays = Pick<FrontOptions, 'port' | 'address' | 'connectionsPerAddress' | 'besides'> & {
  readonly rows: readonly ControlRow[];
  /** Absent: 1.3 alone. */
  readonly minVersion: TlsVersion | undefined;
};

/** @param folder the control process's own */
export function controlTls(folder: string): { readonly key: string; readonly certificate: string } {
  return { key: join(folder, 'tls-key.pem'), certificate: join(folder, 'tls-certificate.pem') };
}

export class Plane {
  readonly host: InstanceHost;
  readonly callers: ControlCallers;
  readonly acts: OperationRecord;
  readonly #options: PlaneOptions;
  readonly #forms: readonly NameForm[];
  readonly #names: NamesTable;
  #listenerPort = 0;

  /** To be made before anything is awaited: the supervisor begins to tell of instances at once. */
  constructor(options: PlaneOptions, forms: readonly NameForm[]) {
    this.#options = options;
    this.#forms = forms;
    this.#names = new NamesTable(forms, () => this.#listenerPort);
    this.host = options.host(this.#names);
    this.callers = new ControlCallers(options);
    this.acts = new OperationRecord(options.audit, options.log);
  }

  /** @param stack closes what is opened */
  async open(
    stack: AsyncDisposableStack,
    { rows, minVersion, ...ways }: PlaneWays,
  ): Promise<{ readonly port: number; readonly listenerPort: number }> {
    const { folder, log, frontToken } = this.#options;
    const tls = readTlsFiles(controlTls(folder));
    const [forms, callers, acts] = [this.#forms, this.callers, this.acts];
    const listener = stack.use(
      await listenForControl({ tls, minVersion, forms, rows, callers, acts, log, version: VERSION }),
    );
    // The certificate may be replaced while it serves.
    stack.use(
      openRenewal(controlTls(folder), tls, listener.renew, (error) =>
        log(`control: TLS files that were replaced cannot be used; the ones before stay: ${String(error)}`),
      ),
    );
    this.#listenerPort = listener.port;
    const front = stack.use(
      await openFront({
        ...ways,
        resolve: (hostname) => this.#names.resolve(hostname),
        token: frontToken,
        led: (server, client, known) => this.callers.led(server, client, known),
        fallbackPort: () => listener.port,
      }),
    );
    return { port: front.port, listenerPort: listener.port };
  }
}
