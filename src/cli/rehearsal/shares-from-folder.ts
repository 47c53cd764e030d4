// Packets that custodians made elsewhere, awaited in a folder until those of a quorum are there.
import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_PACKET, readPacket } from '../../formats/custodian-packet.ts';
import { ShapeError } from '../../formats/shape.ts';
import { CommandError, type Terminal } from '../command.ts';
import { readInput } from '../read-input.ts';
import type { Domain } from './inputs.ts';

export interface GatheredShare {
  /** x5t#S256. */
  readonly custodian: string;
  /** The key or packet that it came from. */
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
): Promise<readonly GatheredShare[]> {
  const { required } = domain.file.SharedKeys;
  const taken = new Map<string, string>();
  const told = new Set<string>();
  const shares = new Map<string, GatheredShare>();
  using changes = watching(folder);
  for (;;) {
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.json') && !taken.has(each))) {
      const found = readShare(join(folder, name), domain, recipient);
      if (typeof found === 'string') {
        if (!told.has(name)) terminal.err(`  ${name}: ${found}\n`);
        told.add(name);
        continue;
      }
      const { custodian } = found;
      const other = taken.entries().find(([, each]) => each === custodian)?.[0];
      taken.set(name, custodian);
      shares.set(custodian, found);
      const what = other === undefined ? 'taken' : `the custodian of ${other} is counted already`;
      terminal.err(`  ${name}: ${what}, ${shares.size} of ${required}\n`);
    }
    if (shares.size >= required) return [...shares.values()];
    await changes.next();
  }
}

/** @returns a sentence when it cannot be used */
function readShare(file: string, domain: Domain, recipient: string): GatheredShare | string {
  try {
    const text = readInput(file)
      .toString('utf8')
      .slice(0, MAX_PACKET + 1);
    const { statement } = readPacket(text);
    const { custodian } = statement;
    if (statement.purpose !== 'recover') return `is a packet of purpose ${statement.purpose}, not recover`;
    if (statement.recipient !== recipient) return 'is for another instance: make it for recipient.cer of this folder';
    if (statement.domain !== domain.hash) return 'is of another security-domain file';
    if (!domain.file.SharedKeys.enc_shares.some(({ x5t_256 }) => x5t_256 === custodian)) {
      return 'is of a custodian whom the security-domain file does not list';
    }
    return { custodian, file, packet: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof ShapeError || error instanceof CommandError) return error.message;
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
