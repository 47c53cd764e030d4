// What a rehearsed recovery is given: shares in one of two ways, and known answers.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { groupFingerprint } from '../../formats/domain-identity.ts';
import { ownCommand, shellWord } from '../../formats/own-command.ts';
import { readSamples, type Samples, SamplesError } from '../../formats/rehearsal-samples.ts';
import { CommandError, type Terminal, UsageError } from '../command.ts';
import { passphrases } from '../commands/custodian/passphrase.ts';
import { readInput } from '../read-input.ts';
import { type Domain, type GatheredShare, sharesFromFolder, sharesFromKeys } from './gather-shares.ts';
import type { Recipient } from './recovery-steps.ts';

export type Gathering =
  | {
      readonly kind: 'keys';
      /** As the command calls it. */
      readonly option: string;
      readonly keys: readonly string[];
      readonly passphraseFiles: readonly string[];
    }
  | { readonly kind: 'packets'; readonly folder: string };

/** @param keysOption as the command calls it @throws UsageError */
export function gatheringOf(
  keysOption: string,
  keys: readonly string[],
  passphraseFiles: readonly string[],
  folder: string | undefined,
): Gathering {
  if (keys.length > 0 === (folder !== undefined)) {
    throw new UsageError(`give either ${keysOption}, once for each, or --packets`);
  }
  if (passphraseFiles.length > keys.length) throw new UsageError('there are more passphrase files than keys');
  return folder === undefined
    ? { kind: 'keys', option: keysOption, keys, passphraseFiles }
    : { kind: 'packets', folder };
}

export interface SamplesAtHand {
  readonly file: string;
  readonly hash: string;
  readonly content: Samples;
}

export async function gatherShares(
  gathering: Gathering,
  domain: Domain,
  recipient: Recipient,
  terminal: Terminal,
): Promise<readonly GatheredShare[]> {
  const { required } = domain.file.SharedKeys;
  if (gathering.kind === 'keys') {
    const passphraseOf = passphrases(gathering.passphraseFiles, terminal);
    return sharesFromKeys(
      domain,
      gathering.keys,
      { path: 'the exchange key', content: recipient.content },
      passphraseOf,
    );
  }
  const { folder } = gathering;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certificate = join(folder, 'recipient.cer');
  await replaceFile(certificate, recipient.certificate.toString());
  const fingerprint = createHash('sha256').update(recipient.certificate.raw).digest('hex');
  terminal.err(
    `Send ${certificate} to the custodians and read its fingerprint to them:\n  ${groupFingerprint(fingerprint)}\n` +
      `Each of ${required}: ${ownCommand(`custodian share ${shellWord(domain.path)} --purpose recover --to recipient.cer --key KEY.pem`)}\n` +
      `Waiting for their packets in ${folder} (Ctrl-C ends it and leaves nothing) ...\n`,
  );
  return sharesFromFolder(domain, folder, recipient.thumbprint, terminal);
}

/** @param place of the instance that it would be of, as options, where that is known @throws CommandError */
export function samplesIn(file: string, place = ''): SamplesAtHand {
  const written = readInput(file);
  try {
    const content = readSamples(written.toString('utf8'));
    if (content.samples.length === 0) throw new SamplesError('there are none in it');
    return { file, hash: createHash('sha256').update(written).digest('base64url'), content };
  } catch (error) {
    if (!(error instanceof SamplesError)) throw error;
    throw new CommandError(
      `${file} is not a file of samples: ${error.message}; make one with '${ownCommand(`rehearse prepare --out FILE${place}`)}'`,
      {
        cause: error,
      },
    );
  }
}
