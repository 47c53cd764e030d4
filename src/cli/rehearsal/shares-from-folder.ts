// Packets that custodians made elsewhere, awaited in a folder until those of a quorum are there.
import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_PACKET, PacketError, readPacket } from '../../formats/custodian-packet.ts';
import { CommandError, type Terminal } from '../command.ts';
import { readInput } from '../read-input.ts';
import type { Domain } from './inputs.ts';

interface PacketAtHand {
  /** x5t#S256. */
  readonly custodian: string;
  readonly file: string;
  readonly packet: unknown;
}

/**
 * Looks into the folder until packets of a quorum are there, each for this recipient and domain; what else lies there is told
 * and left alone.
 */
export async function sharesFromFolder(
  domain: Domain,
  folder: string,
  recipient: string,
  terminal: Terminal,
): Promise<readonly PacketAtHand[]> {
  const { required, enc_shares: shares } = domain.file.SharedKeys;
  const listed = new Set(shares.map(({ x5t_256 }) => x5t_256));
  const seen = new Map<string, PacketAtHand | undefined>();
  using changes = watching(folder);
  for (;;) {
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
      if (seen.get(name) !== undefined) continue;
      const found = readShare(join(folder, name), { domain: domain.hash, recipient, listed });
      if (typeof found === 'string') {
        if (!seen.has(name)) terminal.err(`  ${name}: ${found}\n`);
        seen.set(name, undefined);
      } else {
        const other = [...seen].find(([, each]) => each?.custodian === found.custodian)?.[0];
        seen.set(name, found);
        const { length } = distinctOf(seen.values());
        const what = other === undefined ? 'taken' : `the custodian of ${other} is counted already`;
        terminal.err(`  ${name}: ${what}, ${length} of ${required}\n`);
      }
    }
    const distinct = distinctOf(seen.values());
    if (distinct.length >= required) return distinct;
    await changes.next();
  }
}

function distinctOf(found: Iterable<PacketAtHand | undefined>): readonly PacketAtHand[] {
  const byCustodian = new Map<string, PacketAtHand>();
  for (const each of found) if (each !== undefined) byCustodian.set(each.custodian, each);
  return [...byCustodian.values()];
}

/** @returns a sentence when it cannot be used */
function readShare(
  file: string,
  wanted: { readonly domain: string; readonly recipient: string; readonly listed: ReadonlySet<string> },
): PacketAtHand | string {
  try {
    const text = readInput(file)
      .toString('utf8')
      .slice(0, MAX_PACKET + 1);
    const { statement } = readPacket(text);
    if (statement.purpose !== 'recover') return `is a packet of purpose ${statement.purpose}, not recover`;
    if (statement.recipient !== wanted.recipient)
      return 'is for another instance: make it for recipient.cer of this folder';
    if (statement.domain !== wanted.domain) return 'is of another security-domain file';
    if (!wanted.listed.has(statement.custodian)) return 'is of a custodian whom the security-domain file does not list';
    return { custodian: statement.custodian, file, packet: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof PacketError || error instanceof CommandError) return error.message;
    throw error;
  }
}

/** Resolves at a change, or after a second: not every file system tells. */
function watching(folder: string): { next(): Promise<void> } & Disposable {
  let changed = Promise.withResolvers<void>();
  const watcher = watch(folder, () => changed.resolve());
  watcher.on('error', () => undefined); // then by the second
  return {
    async next() {
      await Promise.race([changed.promise, delay(1000)]);
      changed = Promise.withResolvers<void>();
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}
