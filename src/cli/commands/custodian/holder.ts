// The custodian at the machine: the options that name their key, the passphrase that opens it, and the packet that they hand out.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readPassphrase, writeNewFile } from '../../../tools/custodian/files.ts';
import { readHolder } from '../../../tools/custodian/holder.ts';
import type { Sentence } from '../../../tools/custodian/packets.ts';
import { type Answer, CommandError, jsonOption, type OptionValues, type Terminal } from '../../command.ts';
import { canType, readHidden, readHiddenTwice } from '../../read-hidden.ts';
import { rejectOpenMode } from '../../secret-mode.ts';

export const holderOptions = {
  'key KEY.pem': 'your private key',
  'certificate FILE': 'your certificate (default: beside the key, with .cer, .crt or .pem in place of its extension)',
  'passphrase-file FILE': 'its first line decrypts the key (default: asked at the terminal)',
} as const;

/** Of every command that speaks for its holder. */
export const holderNeeds = { key: 'name your private key with --key' } as const;

export const packetOptions = {
  ...holderOptions,
  'note TEXT': 'what you want to add, on one line, signed with the rest',
  'out FILE': 'file for the packet (default: named after key and purpose)',
  ...jsonOption,
} as const;

type PacketValues = OptionValues<typeof packetOptions> & { readonly key: string };

/** Has the custodian say it, writes the packet, and tells where it is and what to do with it. @param next a sentence */
export async function handOut(
  purpose: string,
  say: (saying: Sentence) => string | Promise<string>,
  next: string,
  { key, certificate, note, out, 'passphrase-file': passphraseFile }: PacketValues,
  terminal: Terminal,
): Promise<Answer> {
  const passphraseOf = passphrases(passphraseFile === undefined ? [] : [passphraseFile], terminal);
  const holder = await readHolder({ key, certificate, passphraseOf });
  const packet = await say({ holder, at: new Date(), note });
  const file = out ?? `${stemOf(key)}-${purpose}.json`;
  await writeNewFile(file, packet, 0o600);
  return { json: { packet: file }, text: `${file}\n`, note: `${next}\n` };
}

export function stemOf(key: string): string {
  return basename(key).replace(/\.[^.]*$/, '');
}

// Where passphrases come from: the first line of a file, or a terminal that does not show them. Never from arguments or the
// environment, which others can read.

/** Gives the encrypted keys their passphrases: one file is for all, several are for one each, in the order of the keys. */
export function passphrases(files: readonly string[], terminal: Terminal): (keyFile: string) => Promise<string> {
  let asked = 0;
  return async (keyFile) => {
    const file = files.length === 1 ? files[0] : files[asked];
    asked += 1;
    if (file !== undefined) return passphraseIn(file);
    const name = basename(keyFile);
    if (!canType()) {
      const more = files.length === 0 ? 'give' : 'give one more';
      throw new CommandError(`${name} is encrypted: ${more} --passphrase-file`);
    }
    return (await readHidden(`passphrase of ${name}`, terminal)).toString('utf8');
  };
}

/** A new one, typed twice. @throws CommandError without a terminal */
export async function newPassphrase(file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) return passphraseIn(file);
  if (!canType()) throw new CommandError('give the new passphrase with --passphrase-file, or run this at a terminal');
  const passphrase = await readHiddenTwice('the two passphrases differ: nothing was made, start again', terminal);
  return passphrase.toString('utf8');
}

async function passphraseIn(file: string): Promise<string> {
  rejectOpenMode(file, await stat(file).catch(() => undefined));
  return readPassphrase(file);
}
