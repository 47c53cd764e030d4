// A seal in words, from what the module tells of it or from the head of its state file.

import { type Seal, type SealHeader, splitSealedState } from '../../formats/seal-header.ts';
import { readShareList } from '../../formats/seal-shares.ts';
import { groupedHash } from '../custodian/fingerprint.ts';

export interface SealShown {
  readonly kind: Seal['kind'];
  readonly instanceName: string;
  readonly memory?: number;
  readonly passes?: number;
  readonly lanes?: number;
  readonly required?: number;
  readonly custodians?: readonly string[];
  /** Text of the share list. */
  readonly shares?: string;
  /** Wrong secrets since this partition waits. */
  readonly failures?: number;
}

/** From the head of `state.sealed`: true as far as nobody has edited it. @throws FieldsError */
export function shownFromFile(file: Buffer, instanceName: string): SealShown {
  const header: SealHeader | undefined = splitSealedState(file).header;
  const seal = header?.seal;
  const name = header?.instanceName ?? instanceName;
  if (seal === undefined || seal.kind === 'file') return { kind: 'file', instanceName: name };
  if (seal.kind === 'passphrase') {
    const { kind, memory, passes, lanes } = seal;
    return { kind, instanceName: name, memory, passes, lanes };
  }
  const { required, shares } = readShareList(seal.shares);
  const custodians = shares.map(({ x5t_256 }) => x5t_256);
  return { kind: seal.kind, instanceName: name, required, custodians, shares: seal.shares };
}

/** Label and text of each line. */
export function sealRows(seal: SealShown): readonly (readonly [string, string])[] {
  const rows: [string, string][] = [['sealed by', SENTENCES[seal.kind]]];
  if (seal.memory !== undefined) {
    const mebibytes = seal.memory / 1024;
    rows.push(['cost', `Argon2id: ${mebibytes} MiB of memory, passes: ${seal.passes}, lanes: ${seal.lanes}`]);
  }
  if (seal.required !== undefined) rows.push(['quorum', `${seal.required} of ${seal.custodians?.length}`]);
  for (const each of seal.custodians ?? []) rows.push(['custodian', groupedHash(each)]);
  if ((seal.failures ?? 0) > 0) rows.push(['wrong', `${seal.failures} secrets since it waits`]);
  return rows;
}

const SENTENCES: Readonly<Record<Seal['kind'], string>> = {
  file: 'a key file beside the state: it opens by itself',
  passphrase: 'a passphrase, needed at each start',
  quorum: 'a quorum of custodians, needed at each start',
};
