// The options and steps that all commands share in which a custodian says something: read their key, write a packet.

import { basename } from 'node:path';
import { printableJson } from '../../../formats/printable.ts';
import type { Holder } from '../../../tools/custodian/holder.ts';
import type { Saying } from '../../../tools/custodian/packets.ts';
import { jsonOption, type OptionList, type OptionValues, type Terminal, UsageError } from '../../command.ts';
import { passphrases } from './passphrase.ts';

export const holderOptions = {
  key: { type: 'string', placeholder: 'KEY.pem', description: 'your private key' },
  certificate: {
    type: 'string',
    placeholder: 'FILE',
    description: 'your certificate (default: beside the key, with .cer, .crt or .pem in place of its extension)',
  },
  'passphrase-file': {
    type: 'string',
    placeholder: 'FILE',
    description: 'its first line decrypts the key (default: asked at the terminal)',
  },
} as const satisfies OptionList;

export const packetOptions = {
  ...holderOptions,
  note: { type: 'string', placeholder: 'TEXT', description: 'what you want to add, on one line, signed with the rest' },
  out: {
    type: 'string',
    placeholder: 'FILE',
    description: 'file for the packet (default: named after key and purpose)',
  },
  ...jsonOption,
} as const satisfies OptionList;

export type HolderValues = OptionValues<typeof holderOptions>;
export type PacketValues = OptionValues<typeof packetOptions>;

/** @throws UsageError, CustodianError */
export async function holderOf(values: HolderValues, terminal: Terminal): Promise<Holder> {
  const { key, certificate, 'passphrase-file': file } = values;
  if (key === undefined) throw new UsageError('name your private key with --key');
  const { readHolder } = await import('../../../tools/custodian/holder.ts');
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
  const { writeNewFile } = await import('../../../tools/custodian/new-file.ts');
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
