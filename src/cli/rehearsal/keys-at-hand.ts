// What is wrong with the call and not with the recovery, of the keys that a rehearsal is given: seen before an instance is made
// for it. No key is opened here; one that is damaged, or opens nothing, is a finding of the rehearsal itself.
import { X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { certificateOf } from '../../tools/custodian/certificate-of.ts';
import { isEncryptedPem, thumbprintOf } from '../../tools/custodian/holder.ts';
import { CommandError, UsageError } from '../command.ts';
import { orRefuse } from '../commands/custodian/refusals.ts';
import { canType } from '../read-hidden.ts';
import { readInput } from '../read-input.ts';
import { rejectOpenMode } from '../secret-mode.ts';
import type { Domain } from './gather-shares.ts';
import type { Gathering } from './inputs.ts';

/** @throws CommandError, or UsageError for too few */
export async function checkKeysAtHand(gathering: Gathering, domain: Domain): Promise<void> {
  if (gathering.kind !== 'keys') return;
  const { option, keys, passphraseFiles } = gathering;
  const counted = new Set<string>();
  let encrypted = 0;
  for (const key of keys) {
    if (isEncrypted(key)) encrypted += 1;
    const custodian = thumbprintIn(await certificateIn(key)) ?? key;
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
    rejectOpenMode(file, existsSync(file) ? statSync(file) : undefined);
    // A pipe gives what it holds once.
    if (!existsSync(file) || statSync(file).isFile()) readInput(file).fill(0);
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

/** @throws CommandError */
async function certificateIn(key: string): Promise<Buffer> {
  return readInput(await orRefuse(() => certificateOf(key)));
}

function thumbprintIn(certificate: Buffer): string | undefined {
  try {
    return thumbprintOf(new X509Certificate(certificate));
  } catch {
    return undefined; // for the rehearsal to find out
  }
}
