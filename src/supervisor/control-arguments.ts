// How the control process is started: it answers to the network, so Node's permission model leaves it its own folder, the
// program and the authority's certificate. What it can still reach are sockets that it can name.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ListenerAddress, writePlace } from '../deployment/listener-addresses.ts';
import type { RequestLimits } from '../formats/request-limits.ts';
import type { Program } from '../links/spawn-child.ts';

export interface ControlPaths {
  readonly entry: string;
  /** The only folder that it can read and write; it exists. */
  readonly folder: string;
  readonly port: number;
  /** Socket of the management plane's recorder. */
  readonly log: string;
  /** The development authority's certificate. */
  readonly ca: string;
  /** Where instances listen besides; absent: nowhere. */
  readonly besides?: readonly ListenerAddress[];
  /** Resource ids of sinks; absent: none. */
  readonly destinations?: readonly string[];
  /** What callers may cost; absent: the defaults. */
  readonly limits?: RequestLimits | undefined;
}

export interface ConfinedFolder {
  readonly entry: string;
  readonly folder: string;
  /** Files that it reads besides. Not resolved: what a link leads to may change. */
  readonly reads: readonly string[];
  /** Files and folders that it writes besides. */
  readonly writes?: readonly string[];
  readonly args: readonly string[];
  /** One of them: SQLite opens, makes and writes files without asking the permission model. */
  readonly has: 'network' | 'databases';
}

const CHECKOUT = realpathSync(fileURLToPath(new URL('../../', import.meta.url)));

export function controlArguments({
  entry,
  folder,
  port,
  log,
  ca,
  besides = [],
  destinations = [],
  limits,
}: ControlPaths): Program {
  const own = realpathSync(folder);
  const authority = realpathSync(ca);
  const places = besides.flatMap((each) => ['--besides', writePlace(each)]);
  const named = destinations.flatMap((each) => ['--destination', each]);
  const callers = limits === undefined ? [] : ['--limits', JSON.stringify(limits)];
  const args = [
    '--control',
    own,
    '--port',
    String(port),
    '--log',
    log,
    '--ca',
    authority,
    ...places,
    ...named,
    ...callers,
  ];
  return confined({ entry, folder: own, reads: [authority], args, has: 'network' });
}

export function confined({ entry, folder, reads, writes = [], args, has }: ConfinedFolder): Program {
  const readable = ['src', 'node_modules', 'package.json'].map((name) => join(CHECKOUT, name));
  return {
    flags: [
      '--permission',
      ...(has === 'network' ? ['--allow-net', '--no-experimental-sqlite'] : []),
      ...[...readable, realpathSync(entry), folder, ...reads].map((path) => `--allow-fs-read=${path}`),
      ...[folder, ...writes].map((path) => `--allow-fs-write=${path}`),
      '--disable-proto=throw',
      '--no-experimental-ffi',
      '--no-experimental-webstorage',
    ],
    entry,
    args,
  };
}
