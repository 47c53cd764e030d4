// Where one worker of an instance listens: its port behind the front, and its private listeners. All of them take up
// certificates that are replaced while they serve.
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PrivateListener } from '../deployment/private-listeners.ts';
import { readIpRange } from '../formats/ip-address.ts';
import { DEFAULT_LIMITS } from '../formats/request-limits.ts';
import type { Call } from '../http/call.ts';
import { KnownFront } from '../http/front-proof.ts';
import { type Listener, type ListenerOptions, listen } from '../http/listener.ts';
import { reportFailure } from '../http/report-failure.ts';
import { openRenewal, readTlsFiles } from '../http/tls/renewal.ts';
import type { ServiceOptions } from './service-options.ts';

export interface InstanceListeners extends Pick<Listener, 'port' | 'leave'>, AsyncDisposable {
  /** PEM of what is served now. */
  readonly certificate: string;
}

/** @throws Error that names the listener which cannot be opened */
export async function openListeners(options: ServiceOptions, take: (call: Call) => void): Promise<InstanceListeners> {
  const { config, places, shared } = options;
  const { minVersion, clientAuthorities } = config.tls ?? {};
  const paths = { key: places.tlsKey, certificate: places.tlsCertificate, clientAuthorities };
  const files = readTlsFiles(paths);
  const common = {
    ...files,
    ...(minVersion === undefined ? {} : { minVersion }),
    connectionsPerAddress: (config.limits ?? DEFAULT_LIMITS).connectionsPerAddress,
    shared,
  };
  await using stack = new AsyncDisposableStack();
  const listeners: Listener[] = [];
  const open = async (own: Pick<ListenerOptions, 'host' | 'port'> & Partial<ListenerOptions>): Promise<Listener> => {
    const listener = stack.use(await listen({ ...common, ...own }, take));
    listeners.push(listener);
    return listener;
  };
  const main = await open({
    host: '127.0.0.1',
    port: options.port,
    // Whoever can enter the folder of a socket comes directly: no front hands anyone on there.
    ...(options.socketPath === undefined
      ? options.frontToken === undefined
        ? {}
        : introducedBy(options.frontToken, config.profile === 'dev')
      : { socketPath: options.socketPath }),
  });
  for (const [nth, each] of (config.privateListeners ?? []).entries()) {
    // Workers share a port; a Unix socket is one worker's alone.
    if ('socket' in each && !options.completesLog) continue;
    await open(privately(each, nth)).catch((cause: unknown) => {
      const place = 'socket' in each ? each.socket : `${each.address} port ${each.port}`;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`the private listener of ${each.connection} at ${place} cannot be opened: ${reason}`, { cause });
    });
    // Whoever can enter its folder, of the group that the socket has; the process's own mask would leave it to one user.
    if ('socket' in each) stack.use(showSocket(each.socket, unshown(each.socket, nth), options.leads));
  }
  const renewal = stack.use(
    openRenewal(
      paths,
      files,
      (renewed) => {
        for (const listener of listeners) listener.renew(renewed);
      },
      (error) => reportFailure('TLS files that were replaced cannot be used; the ones before stay', error),
    ),
  );
  stack.use(
    options.names.onChange(() => {
      renewal.look();
      // Under a name that has moved, whoever comes again is led to the instance that has it now.
      for (const listener of listeners) listener.retire();
    }),
  );
  const owned = stack.move();
  const leave = async (): Promise<void> => {
    // Workers that are led over to listen at the private places too, and each at a port of its own behind the front.
    await Promise.all(listeners.map((listener) => listener.leave(listener === main ? LINGER_MS : 0)));
  };
  return {
    port: main.port,
    leave,
    get certificate() {
      return renewal.certificate;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Who was led to the port a moment ago arrives meanwhile, and the front has heard where the next one is. */
const LINGER_MS = 2_000;

/**
 * Connections that the front hands over come from whom it says.
 * @param key by which it is known @param alsoDirect others are this machine's own; else they are ended
 */
function introducedBy(
  key: () => Uint8Array | undefined,
  alsoDirect: boolean,
): Pick<ListenerOptions, 'way' | 'proxies' | 'alsoDirect'> {
  return { way: 'public', proxies: { front: new KnownFront(key) }, alsoDirect };
}

function privately(
  each: PrivateListener,
  nth: number,
): Pick<ListenerOptions, 'host' | 'port'> & Partial<ListenerOptions> {
  const way = { private: each.connection };
  if ('socket' in each) {
    const socketPath = unshown(each.socket, nth);
    requireSocket(each.socket, socketPath);
    const proxies = each.proxies === undefined ? {} : { proxies: each.proxies };
    return { way, host: '', port: 0, socketPath, ...proxies };
  }
  const { address: host, port, proxies } = each;
  return {
    way: { ...way, port },
    host,
    port,
    ...(proxies === undefined ? {} : { proxies: { from: proxies.from.map(readIpRange) } }),
  };
}

/** One that a killed worker left, or that another still listens on. Anything else there is somebody's. */
function requireSocket(path: string, hidden: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) throw new Error(`${path} is there and is no socket`);
  rmSync(hidden, { force: true });
}

/** Its name until it can be used; when its server closes it is this name that is removed, and not that of the next server. */
function unshown(path: string, nth: number): string {
  // No two have one, and none is longer than a path of a socket may be.
  return join(dirname(path), `.${process.pid.toString(36)}${nth.toString(36).padStart(2, '0')}`);
}

/** Others listen under the name until clients are led to this worker: if that never happens, they still do. */
function showSocket(path: string, hidden: string, leads: Promise<void> = Promise.resolve()): Disposable {
  let isOpen = true;
  let ino: number | undefined;
  const show = (): void => {
    if (!isOpen) return;
    chmodSync(hidden, 0o660);
    renameSync(hidden, path);
    ({ ino } = lstatSync(path));
  };
  leads.then(show).catch((error: unknown) => reportFailure(`the private listener at ${path}`, error));
  return {
    [Symbol.dispose]() {
      isOpen = false;
      if (ino !== undefined && lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path);
    },
  };
}
