// The shares of a quorum, as packets for one recovering instance: from private keys that are at hand, or from packets that
// custodians made elsewhere and that are awaited in a folder.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { ownCommand, shellWord } from '../../formats/own-command.ts';
import { thumbprintOf } from '../../tools/custodian/fingerprint.ts';
import { certificateOf, DamagedError, isEncryptedPem, readHolder } from '../../tools/custodian/holder.ts';
import { openOwnShare } from '../../tools/custodian/own-share.ts';
import { share } from '../../tools/custodian/packets.ts';
import type { Recipient } from '../../tools/custodian/recipient.ts';
import { CommandError, type Terminal, UsageError } from '../command.ts';
import { passphrases } from '../commands/custodian/holder.ts';
import { orRefuse } from '../commands/custodian/refusals.ts';
import { canType } from '../read-hidden.ts';
import { readInput } from '../read-input.ts';
import { rejectOpenMode } from '../secret-mode.ts';
import type { Domain } from './inputs.ts';
import { type GatheredShare, sharesFromFolder } from './shares-from-folder.ts';
import { messageOf, NotRehearsed, StepFailed } from './steps.ts';

export interface Gathering {
  /**
   * What is wrong with the call and not with the recovery: seen before an instance is made for it. No key is opened here; one that
   * is damaged, or opens nothing, is a finding of the rehearsal itself.
   * @throws CommandError, or UsageError for too few
   */
  check(domain: Domain): Promise<void>;
  gather(domain: Domain, recipient: Recipient, terminal: Terminal): Promise<readonly GatheredShare[]>;
}

/** @param option of the keys, as the command calls it @throws UsageError */
export function gatheringOf(
  option: string,
  keys: readonly string[],
  passphraseFiles: readonly string[],
  folder: string | undefined,
): Gathering {
  if (keys.length > 0 === (folder !== undefined)) {
    throw new UsageError(`give either ${option}, once for each, or --packets`);
  }
  if (passphraseFiles.length > keys.length) throw new UsageError('there are more passphrase files than keys');
  if (folder === undefined) {
    return {
      check: (domain) => checkKeys(domain, option, keys, passphraseFiles),
      gather: (domain, recipient, terminal) =>
        sharesFromKeys(keys, passphrases(passphraseFiles, terminal), domain, recipient),
    };
  }
  return {
    check: async () => undefined,
    async gather(domain, recipient, terminal) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const certificate = join(folder, 'recipient.cer');
      await replaceFile(certificate, recipient.certificate.toString());
      terminal.err(
        `Send ${certificate} to the custodians and read its fingerprint to them:\n  ${recipient.fingerprint}\n` +
          `Each of ${domain.file.SharedKeys.required}: ${ownCommand(`custodian share ${shellWord(domain.path)} --purpose recover --to recipient.cer --key KEY.pem`)}\n` +
          `Waiting for their packets in ${folder} (Ctrl-C ends it and leaves nothing) ...\n`,
      );
      return sharesFromFolder(domain, folder, recipient.thumbprint, terminal);
    },
  };
}

/** @throws StepFailed naming the key or share that is damaged; NotRehearsed for another key, or another passphrase */
async function sharesFromKeys(
  keys: readonly string[],
  passphraseOf: ReturnType<typeof passphrases>,
  domain: Domain,
  recipient: Recipient,
): Promise<readonly GatheredShare[]> {
  const gathered: GatheredShare[] = [];
  for (const key of keys) {
    const holder = await readHolder({ key, passphraseOf }).catch((error: unknown) => {
      throw failed('custodian', key, error, 'use another copy of the key, or another custodian of the quorum');
    });
    try {
      const own = openOwnShare(domain.document, holder);
      try {
        const packet = share(own, 'recover', recipient, undefined, { holder, at: new Date() });
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

/** What is damaged is missing in a recovery, too; a wrong key or passphrase is put right by giving the right one. */
function failed(kind: 'custodian' | 'share', name: string, cause: unknown, next: string): Error {
  const problem = messageOf(cause);
  return cause instanceof DamagedError
    ? new StepFailed({ kind, name, problem, next }, { cause })
    : new NotRehearsed(`${name}: ${problem}`, next, { cause });
}

async function checkKeys(
  domain: Domain,
  option: string,
  keys: readonly string[],
  passphraseFiles: readonly string[],
): Promise<void> {
  const counted = new Set<string>();
  let encrypted = 0;
  for (const key of keys) {
    if (isEncrypted(key)) encrypted += 1;
    const custodian = thumbprintIn(readInput(await orRefuse(() => certificateOf(key)))) ?? key;
    if (counted.has(custodian)) throw new CommandError(`${key} is the key of a custodian who is counted already`);
    counted.add(custodian);
  }
  const { required } = domain.file.SharedKeys;
  if (keys.length < required) {
    throw new UsageError(
      `${required} custodians are needed, ${keys.length} ${keys.length === 1 ? 'is' : 'are'} here: name another ${option}`,
    );
  }
  for (const file of passphraseFiles) {
    const found = statSync(file, { throwIfNoEntry: false });
    rejectOpenMode(file, found);
    // A pipe gives what it holds once.
    if (found?.isFile() !== false) readInput(file).fill(0);
  }
  if (passphraseFiles.length !== 1 && passphraseFiles.length < encrypted && !canType()) {
    const more = passphraseFiles.length === 0 ? 'give' : 'give one for each';
    throw new CommandError(`${encrypted} of the keys are encrypted: ${more} --passphrase-file`);
  }
}

function isEncrypted(key: string): boolean {
  const pem = readInput(key);
  const found = isEncryptedPem(pem.toString('utf8'));
  pem.fill(0);
  return found;
}

function thumbprintIn(certificate: Buffer): string | undefined {
  try {
    return thumbprintOf(new X509Certificate(certificate));
  } catch {
    return undefined; // for the rehearsal to find out
  }
}
