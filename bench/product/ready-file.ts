// What `strongroom start --ready-file` tells: where requests are served, which processes there are, where files lie.
import { readFileSync } from 'node:fs';

export interface ReadyFile {
  /** The instance's own listener, without the front. */
  readonly direct: { readonly host: string; readonly port: number };
  /** Every process by its role; those of the instance without its name: `control`, `service.0`, `module.1`, … */
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
  readonly caFile: string;
  readonly envFile: string;
}

/** @throws when the file is not whole or does not say what the benchmark needs */
export function readReadyFile(file: string, instance: string): ReadyFile {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const direct = new URL(text(content, ['uris', 'instances', instance, 'direct']));
  return {
    direct: { host: direct.hostname, port: Number(direct.port) },
    processes: processesOf(member(content, 'pids'), instance),
    caFile: text(content, ['ca']),
    envFile: text(content, ['env']),
  };
}

/** @param pids as the state of a running copy has them */
export function processesOf(pids: unknown, instance: string): ReadyFile['processes'] {
  const own = `instances.${instance}.`;
  return rolesIn('', pids).map(({ role, pid }) => ({
    role: role.startsWith(own) ? role.slice(own.length) : role,
    pid,
  }));
}

function rolesIn(role: string, value: unknown): ReadyFile['processes'] {
  if (typeof value === 'number') return [{ role, pid: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => rolesIn(role === '' ? name : `${role}.${name}`, inner));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(content: unknown, path: readonly string[]): string {
  const found = path.reduce(member, content);
  if (typeof found !== 'string') throw new Error(`the ready file has no ${path.join('.')}`);
  return found;
}
