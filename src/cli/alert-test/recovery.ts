// What concerns the recovery of an HSM: backups, the security domain and its custodians.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { certificateKeys, fetchTransferKey, handIn, uploadDomain } from '../../tools/ceremony/hsm.ts';
import { readCertificate } from '../../tools/custodian/fingerprint.ts';
import { readHolder } from '../../tools/custodian/holder.ts';
import { openOwnShare } from '../../tools/custodian/own-share.ts';
import { leave, type Purpose, readSuccessors, share } from '../../tools/custodian/packets.ts';
import type { Recipient } from '../../tools/custodian/recipient.ts';
import { commands as backup } from '../commands/backup.ts';
import { makeSecond, SECOND } from './hsms-and-network.ts';
import type { Scenario, Scene } from './scene.ts';

const QUORUM = [1, 2] as const;
const ALL = [1, 2, 3] as const;

const holderOf = (scene: Scene, n: number) =>
  readHolder({
    key: scene.custodian(n, 'pem'),
    passphraseOf: (key) => Promise.reject(new Error(`${key} has no passphrase`)),
  });

/** Of a quorum, for one recipient. */
async function shares(
  scene: Scene,
  purpose: Purpose,
  to: Recipient,
  successors?: ReturnType<typeof readSuccessors>['successors'],
) {
  return Promise.all(
    QUORUM.map(async (n) => {
      const holder = await holderOf(scene, n);
      const own = openOwnShare(scene.domain(), holder);
      return JSON.parse(share(own, purpose, to, successors, { holder, at: new Date() })) as unknown;
    }),
  );
}

const restore: Scenario = {
  fires: ['restore-started', 'key-purge-tried'],
  does: 'restored a key from a full backup, and then the whole HSM',
  async run({ ask, strongroom }) {
    await ask('POST', '/keys/kept/create', { kty: 'EC' });
    const { azureStorageBlobContainerUri: folder } = (await strongroom(backup, 'backup start')) as {
      readonly azureStorageBlobContainerUri: string;
    };
    await ask('DELETE', '/keys/kept');
    await ask('DELETE', '/deletedkeys/kept');
    await strongroom(backup, 'backup restore', folder, '--key-name', 'kept');
    await strongroom(backup, 'backup restore', folder, '--replace-everything');
  },
};

const recovered: Scenario = {
  fires: ['security-domain-uploaded'],
  does: 'uploaded the security domain to a second HSM, and shared that of the first one anew',
  async run(scene) {
    await makeSecond(scene);
    const second = scene.client(undefined, SECOND);
    const to = await fetchTransferKey(second, 'the exchange key', 'upload');
    const problem = await uploadDomain(second, scene.domain(), await shares(scene, 'recover', to), () => delay(100));
    if (problem !== undefined) throw new Error(problem);
    const { admin, custodian, domain } = scene;
    const files = ALL.map((n) => [custodian(n, 'cer'), readFileSync(custodian(n, 'cer'))] as const);
    const { successors } = readSuccessors(files, 2);
    const key = await fetchTransferKey(admin, 'the exchange key', 'resharing');
    const packets = await shares(scene, 'reshare', key, successors);
    const certificates = certificateKeys(files.map(([path, content]) => readCertificate(path, content)));
    await scene.ask('POST', '/securitydomain/resharing', { certificates, required: 2, domain: domain(), packets });
  },
};

export const recovery: readonly Scenario[] = [
  {
    fires: ['administrator-granted', 'security-domain-downloaded'],
    does: 'made and activated an HSM: its first administrator, its security domain',
    run: () => Promise.resolve(),
  },
];
/** After custodians were counted: an HSM that shared its domain anew, or took a backup back, has to hear of them first. */
export const domains: readonly Scenario[] = [recovered, restore];

/** One of the custodians does not count any more. */
export async function lose(scene: Scene, n: number): Promise<void> {
  await handIn(scene.admin, JSON.parse(leave(scene.domain(), { holder: await holderOf(scene, n), at: new Date() })));
}
