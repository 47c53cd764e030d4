// A CPU profile of a process of a product that was started with `profilingFlags`. The module's partitions give none: they
// run under the permission model; `perf` sees those.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** For node, ahead of the product's entry. @param folder nobody else's; sockets appear in it */
export function profilingFlags(folder: string): readonly string[] {
  const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts'));
  inside.searchParams.set('folder', folder);
  return [`--import=${inside.href}`];
}

export function profileSocket(folder: string, pid: number): string {
  return join(folder, `${pid}.profile`);
}

export async function profileProcess(folder: string, pid: number, milliseconds: number, file: string): Promise<void> {
  const socket = connect({ path: profileSocket(folder, pid), allowHalfOpen: true });
  const answer = text(socket);
  await Promise.race([sleep(milliseconds), answer]);
  socket.end();
  const profile: unknown = JSON.parse((await answer) || 'null');
  if (profile === null) throw new Error(`process ${pid} gave no profile`);
  writeFileSync(file, JSON.stringify(profile));
}
