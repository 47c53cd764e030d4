// The custodians as versions before kept them: in a file of their own beside the state, one entry for each domain that
// the instance was or might become part of. Read for a state of those versions alone, and gone once it is written anew.
import type { KeyObject } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { fields } from '../../formats/fields.ts';
import { readIfThere } from '../durable-file.ts';
import { openBox } from '../sealed-box.ts';
import type { Provisioned, Settled } from '../sealed-state.ts';

const layout = fields({ domains: 'json' });
const oldLayout = fields({ required: 'u32', thumbprints: 'text' });

/**
 * Those of the domain that the instance is in; undefined: a version before remembered nobody.
 * @param fileKey what opened the state, if that is the key file that the oldest versions sealed the custodians with too
 * @throws CryptoError RecordRefused: no module wrote the file here
 */
export function readOldCustodians(
  folder: string,
  state: Provisioned,
  fileKey: KeyObject | undefined,
): Settled | undefined {
  const sealed = readIfThere(pathOf(folder));
  if (sealed === undefined) return undefined;
  const domain = state.rootKeys.domainKey.toString('hex');
  try {
    const { domains } = layout.decode(openBox(state.rootKeys.recordSealing, contextOf(state, 2), sealed));
    const entry = (domains as readonly (Settled & { readonly domain: string })[]).find(
      (each) => each.domain === domain,
    );
    return entry === undefined ? undefined : { required: entry.required, thumbprints: entry.thumbprints };
  } catch (cause) {
    // Never with a key that lies in the folder alone: under another seal, whoever can write there could put one.
    const refusal = (): CryptoError =>
      new CryptoError('RecordRefused', 'the custodians on file are not authentic', { cause });
    if (fileKey === undefined) throw refusal();
    const old = openBox(fileKey, contextOf(state, 1), sealed, refusal);
    const { required, thumbprints } = oldLayout.decode(old);
    return { required, thumbprints: thumbprints.split(' ') };
  }
}

export function removeOldCustodians(folder: string): void {
  rmSync(pathOf(folder), { force: true });
}

function pathOf(folder: string): string {
  return join(folder, 'custodians.sealed');
}

/** Bound to the root keys too: a folder provisioned anew does not inherit custodians. */
function contextOf({ instanceId, rootKeys }: Provisioned, version: 1 | 2): Buffer {
  const auditKey = rootKeys.auditKey.toString('hex');
  return Buffer.from(`strongroom custodians v${version}\n${instanceId}\n${auditKey}`, 'utf8');
}
