// A module's folder as versions before left it: the state without a generation, the custodians in a file of their own.
import { createSecretKey } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fields } from '../formats/fields.ts';
import { encodeRootKeys } from '../formats/root-keys.ts';
import { encodeSealHeader } from '../formats/seal-header.ts';
import { sealBox } from './sealed-box.ts';
import type { Provisioned } from './sealed-state.ts';

const layout = fields({
  version: 'u8',
  state: 'text',
  instanceId: 'text',
  instanceName: 'text',
  createdAt: 'u64',
  rootKeys: 'bytes',
});

/** The file seal; the domain keys are in it from the first on, as they were. */
export function oldStateFile(
  folder: string,
  { state, instanceId, instanceName, createdAt, rootKeys }: Provisioned,
): Buffer {
  const header = encodeSealHeader({ instanceId, instanceName, seal: { kind: 'file', keyFile: 'seal.key' } });
  const content = { version: 1, state, instanceId, instanceName, createdAt, rootKeys: rootKeys.use(encodeRootKeys) };
  const key = createSecretKey(readFileSync(join(folder, 'seal.key')));
  const context = Buffer.concat([Buffer.from('strongroom module state v2\n'), header]);
  return Buffer.concat([header, sealBox(key, context, layout.encode(content))]);
}

export function oldCustodiansFile(state: Provisioned, settled = state.settled): Buffer {
  const domain = state.rootKeys.domainKey.toString('hex');
  const domains = settled === undefined ? [] : [{ domain, ...settled }];
  const content = fields({ domains: 'json' }).encode({ domains });
  return sealBox(state.rootKeys.recordSealing, custodiansContext(state, 2), content);
}

export function custodiansContext({ instanceId, rootKeys }: Provisioned, version: 1 | 2): Buffer {
  return Buffer.from(`strongroom custodians v${version}\n${instanceId}\n${rootKeys.auditKey.toString('hex')}`);
}

/** Writes the folder of an open module in that form; what an older version did not have is gone. */
export function makeOld(folder: string, state: Provisioned): void {
  writeFileSync(join(folder, 'state.sealed'), oldStateFile(folder, state));
  if (state.settled !== undefined) writeFileSync(join(folder, 'custodians.sealed'), oldCustodiansFile(state));
  for (const name of readdirSync(folder)) if (/^(head|checkpoint-\d+)\.sealed$/.test(name)) rmSync(join(folder, name));
}
