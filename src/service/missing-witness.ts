// A start at which the module's witnesses of store and log are missing, although there is a store or a log: nobody can tell
// whether those are older copies, so it is refused, and what is there is written down beside the instance. Its operator may
// accept exactly that, once (`strongroom instance accept`); what contradicts it elsewhere is refused all the same.
import { rmSync } from 'node:fs';
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { type Acceptance, type MissingWitness, readMissingWitness } from '../deployment/witness-acceptance.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readIfThere } from '../files/read-if-there.ts';
import { ownCommand } from '../formats/own-command.ts';
import type { Detail } from '../http/entry-detail.ts';
import { type Store, StoreError } from '../store/port.ts';
import { readEverything } from '../store/sealed/read-everything.ts';
import { moduleSealer } from '../store/sealed/records.ts';
import { type OwnLog, recordAcceptance } from './service-entries.ts';

export interface WitnessParts extends OwnLog {
  readonly crypto: CryptoClient;
  readonly store: Store;
  readonly newestHeadInLog: number;
  /** `InstancePaths.unwitnessed`. */
  readonly path: string;
}

/** What the operator has accepted: to be called once store and log are known to contradict nothing. */
export type GoOn = () => Promise<void>;

/** @throws StoreError Refused */
export async function judgeWitnesses(parts: WitnessParts): Promise<GoOn | undefined> {
  const { crypto, audit, config, store, newestHeadInLog, path } = parts;
  const { generation, isHeadWitnessed, isLogWitnessed } = crypto.hello;
  // A module of a version before made them when they were first needed.
  if (generation === 0 || (isHeadWitnessed === 1 && isLogWitnessed === 1)) return undefined;
  const { size, root } = await audit.tree();
  const { head, headRow } = await readEverything({ store, sealer: moduleSealer(crypto) }, () => undefined);
  if (headRow === undefined) {
    // Nothing is there, and nothing was: what was would be in the log or in the state.
    if (size === 0) return undefined;
    throw new StoreError('Refused', `the witnesses of the newest store and log are missing, and the store is empty`);
  }
  const found: MissingWitness = {
    missing: [...(isHeadWitnessed === 1 ? [] : ['store']), ...(isLogWitnessed === 1 ? [] : ['log'])],
    store: { sequence: head.sequence, hash: head.hash, newestInLog: newestHeadInLog },
    log: { size, root: Buffer.from(root).toString('base64') },
  };
  const known = readMissingWitness(readIfThere(path));
  const accepted = known !== undefined && isSame(known, found) ? known.accepted : undefined;
  if (accepted === undefined) {
    if (known === undefined || !isSame(known, found)) await replaceFile(path, `${JSON.stringify(found, null, 2)}\n`);
    throw new StoreError('Refused', refusal(config.name, found));
  }
  return async () => {
    // Durable before anything is served, and before the witnesses are there that would let the next start pass.
    await recordAcceptance(parts, describe(found, accepted), detailOf(found, accepted));
    const { key, revision, value: sealed } = headRow;
    await crypto.ceremony('witness', { revision, key, sealed, size, root });
    rmSync(path, { force: true });
  };
}

function refusal(name: string, { missing, store, log }: MissingWitness): string {
  const files = missing.map((part) => (part === 'store' ? 'head.sealed' : 'checkpoint-*.sealed')).join(', ');
  return (
    `the module's witness of the newest ${missing.join(' and ')} is missing (${files}), so nobody can tell whether an older copy ` +
    `was put back. Put the module's folder back as it was. If that cannot be, compare what is there (store of sequence ` +
    `${store.sequence}, log of ${log.size} entries) with a checkpoint kept elsewhere, ` +
    `${ownCommand(`audit verify --hsm-name ${name} --checkpoint FILE`)}, and accept it: ` +
    ownCommand(`instance accept ${name} --reason TEXT`)
  );
}

function detailOf({ missing, store, log }: MissingWitness, { reason, by, at }: Acceptance): Detail {
  return {
    missing,
    head: store.sequence,
    headHash: store.hash,
    logSize: log.size,
    logRoot: log.root,
    reason,
    acceptedBy: by,
    acceptedAt: at,
  };
}

function describe({ missing, store, log }: MissingWitness, { reason, by, at }: Acceptance): string {
  return (
    `The module's witness of the newest ${missing.join(' and ')} was missing. Accepted as they are were the store of sequence ` +
    `${store.sequence} (hash ${store.hash}) and the log of ${log.size} entries (root ${log.root}), by the operating system's user ` +
    `'${by}' at ${at}, because: ${reason}`
  );
}

function isSame({ accepted: _, ...known }: MissingWitness, { accepted: __, ...found }: MissingWitness): boolean {
  return JSON.stringify(known) === JSON.stringify(found);
}
