// The shares of a quorum, as packets for one recovering instance: from private keys that are at hand, or from packets that
// custodians made elsewhere and that are awaited in a folder.
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_PACKET, PacketError, readPacket } from '../../formats/custodian-packet.ts';
import type { SecurityDomainFile } from '../../formats/security-domain.ts';
import { readHolder } from '../../tools/custodian/holder.ts';
import { openOwnShare } from '../../tools/custodian/own-share.ts';
import * as packets from '../../tools/custodian/packets.ts';
import { readRecipient } from '../../tools/custodian/recipient.ts';
import { DamagedError } from '../../tools/custodian/refusal.ts';
import { CommandError, type Terminal } from '../command.ts';
import { readInput } from '../read-input.ts';
import { messageOf, NotRehearsed, StepFailed } from './steps.ts';

export interface GatheredShare {
  /** x5t#S256. */
  readonly custodian: string;
  /** The key or packet that it came from. */
  readonly file: string;
  readonly packet: unknown;
}

export interface Domain {
  readonly path: string;
  /** To the byte. */
  readonly document: string;
  /** SHA-256 of the document, base64url. */
  readonly hash: string;
  readonly file: SecurityDomainFile;
}

/**
 * @param keys of distinct custodians @param passphraseOf asked for keys that are encrypted
 * @throws StepFailed naming the key or share that is damaged; NotRehearsed for another key, or another passphrase
 */
export async function sharesFromKeys(
  domain: Domain,
  keys: readonly string[],
  recipientFile: { readonly path: string; readonly content: Buffer },
  passphraseOf: (keyFile: string) => Promise<string>,
): Promise<readonly GatheredShare[]> {
  const recipient = readRecipient(recipientFile.path, recipientFile.content);
  const gathered: GatheredShare[] = [];
  for (const key of keys) {
    const holder = await readHolder({ key, passphraseOf }).catch((error: unknown) => {
      throw failed('custodian', key, error, 'use another copy of the key, or another custodian of the quorum');
    });
    try {
      const own = openOwnShare(domain.document, holder);
      try {
        const packet = packets.share(own, 'recover', recipient, undefined, { holder, at: new Date() });
        gathered.push({ custodian: holder.thumbprint, file: key, packet: JSON.parse(packet) });
      } finally {
        own.share.fill(0);
      }
    } catch (error) {
      throw failed('share', key, error, `get ${domain.path} again, or use another custodian of the quorum`);
    }
  }
  return gathered;
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
  const { required, enc_shares: shares } = domain.file.SharedKeys;
  const listed = new Set(shares.map(({ x5t_256 }) => x5t_256));
  const seen = new Map<string, GatheredShare | undefined>();
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

function distinctOf(found: Iterable<GatheredShare | undefined>): readonly GatheredShare[] {
  const byCustodian = new Map<string, GatheredShare>();
  for (const each of found) if (each !== undefined) byCustodian.set(each.custodian, each);
  return [...byCustodian.values()];
}

/** @returns a sentence when it cannot be used */
function readShare(
  file: string,
  wanted: { readonly domain: string; readonly recipient: string; readonly listed: ReadonlySet<string> },
): GatheredShare | string {
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
  const watcher: FSWatcher = watch(folder, () => changed.resolve());
  watcher.on('error', () => undefined); // then by the second
  return {
    async next() {
      await Promise.race([changed.promise, delay(1000)]);
      changed = Promise.withResolvers<void>();
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}

/** What is damaged is missing in a recovery, too; a wrong key or passphrase is put right by giving the right one. */
function failed(kind: 'custodian' | 'share', name: string, error: unknown, next: string): Error {
  const problem = messageOf(error);
  if (error instanceof DamagedError) return new StepFailed({ kind, name, problem, next }, { cause: error });
  return error instanceof NotRehearsed ? error : new NotRehearsed(`${name}: ${problem}`, next, { cause: error });
}
