// The options and steps that all commands share in which a custodian says something: read their key, write a packet.

import { basename } from 'node:path';
import { printableJson } from '../../../formats/printable.ts';
import type { Holder } from '../../../tools/custodian/holder.ts';
import { readHolder } from '../../../tools/custodian/holder.ts';
import { writeNewFile } from '../../../tools/custodian/new-file.ts';
import type { Saying } from '../../../tools/custodian/packets.ts';
import { jsonOption, type OptionValues, type Terminal, UsageError } from '../../command.ts';
import { passphrases } from './passphrase.ts';

export const holderOptions = {
  'key KEY.pem': 'your private key',
  'certificate FILE': 'your certificate (default: beside the key, with .cer, .crt or .pem in place of its extension)',
  'passphrase-file FILE': 'its first line decrypts the key (default: asked at the terminal)',
} as const;

export const packetOptions = {
  ...holderOptions,
  'note TEXT': 'what you want to add, on one line, signed with the rest',
  'out FILE': 'file for the packet (default: named after key and purpose)',
  ...jsonOption,
} as const;

export type HolderValues = OptionValues<typeof holderOptions>;
export type PacketValues = OptionValues<typeof packetOptions>;

/** @throws UsageError, CustodianError */
export async function holderOf(values: HolderValues, terminal: Terminal): Promise<Holder> {
  const { key, certificate, 'passphrase-file': file } = values;
  if (key === undefined) throw new UsageError('name your private key with --key');
  const passphraseOf = passphrases(file === undefined ? [] : [file], terminal);
  return readHolder({ key, certificate, passphraseOf });
}

export function sayingOf(holder: Holder, { note }: PacketValues): Saying {
  return { holder, at: new Date(), note };
}

/** Writes what a custodian says and tells where it is and what to do with it. @param next a sentence */
export async function handOut(
  packet: string,
  purpose: string,
  next: string,
  { key = '', out, json }: PacketValues,
  terminal: Terminal,
): Promise<void> {
  const file = out ?? `${basename(key).replace(/\.[^.]*$/, '')}-${purpose}.json`;
  await writeNewFile(file, packet, 0o600);
  if (json) terminal.out(printableJson({ packet: file }));
  else terminal.out(`${file}\n`);
  terminal.err(`${next}\n`);
}

/** @throws UsageError */
export function oneOperand(operands: readonly string[], what: string): string {
  const [first, spare] = operands;
  if (first === undefined || spare !== undefined) throw new UsageError(`name ${what}`);
  return first;
}
