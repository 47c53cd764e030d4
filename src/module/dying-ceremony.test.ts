// A ceremony killed at every step that it takes on disk leaves what was before or what comes after, and nothing between.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { before, test } from 'node:test';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import { packetOf, thumbprintOf } from './packets.fixture.ts';

let custodians: readonly Custodian[];
const entry = new URL('./dying-ceremony.fixture.ts', import.meta.url).pathname;

before(async () => {
  custodians = await Promise.all([...'abcdef'].map((name) => makeCustodian(name)));
});

function certificatesOf(chosen: readonly number[]): string[] {
  return chosen.map((index) => (custodians[index] as Custodian).certificate);
}

/** @returns whether it came to its end */
function runUntil(folder: string, step: number, name: string, request: object): boolean {
  const { stdout, signal, stderr } = spawnSync(process.execPath, [
    entry,
    folder,
    name,
    JSON.stringify(request),
    String(step),
  ]);
  if (stdout.toString() === 'done') return true;
  assert.equal(signal, 'SIGKILL', stderr.toString());
  return false;
}

interface Afterwards {
  readonly folder: string;
  readonly step: number;
}

async function atEveryStep(
  original: string,
  name: string,
  request: object,
  least: number,
  check: (afterwards: Afterwards) => Promise<void>,
): Promise<void> {
  for (let step = 0; ; step++) {
    const folder = newFolder();
    cpSync(original, folder, { recursive: true });
    const done = runUntil(folder, step, name, request);
    await check({ folder, step });
    if (!done) continue;
    assert.ok(step >= least, `only ${step} steps were seen`);
    return;
  }
}

test('an upload that is killed anywhere can be made again, or was made', async () => {
  await using source = openModule();
  await ask(source, 'provision', { instanceId: 'source', instanceName: 'dev' });
  const certificates = certificatesOf([0, 1, 2]);
  const { document: domain } = await ask(source, 'downloadSecurityDomain', { certificates, required: 2 });
  const { domainKey } = await ask(source, 'hello', {});
  const original = newFolder();
  let upload: { document: string };
  {
    await using module = openModule(original);
    await ask(module, 'provision', { instanceId: 'fresh', instanceName: 'dev' });
    const transfer = (await ask(module, 'transferKey', {})).certificate;
    const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer, document: domain }));
    upload = { document: JSON.stringify({ domain, packets }) };
  }
  await atEveryStep(original, 'uploadSecurityDomain', upload, 6, async ({ folder, step }) => {
    await using module = openModule(folder);
    const { state, domainKey: before } = await ask(module, 'hello', {});
    if (state === 'provisioned') {
      assert.notDeepEqual(before, domainKey);
      assert.deepEqual(await ask(module, 'custodians', {}), { required: 0, thumbprints: [] }, `step ${step}`);
      // Its own ceremony is as open as it was; a copy, because here the upload goes on.
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      await using other = openModule(copy);
      await ask(other, 'downloadSecurityDomain', { certificates: certificatesOf([3, 4, 5]), required: 3 });
      await ask(module, 'uploadSecurityDomain', upload);
    }
    const after = await ask(module, 'hello', {});
    assert.equal(after.state, 'active');
    assert.deepEqual(after.domainKey, domainKey);
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
    await assert.rejects(
      ask(module, 'downloadSecurityDomain', { certificates: certificatesOf([3, 4, 5]), required: 2 }),
      { code: 'OtherCustodians' },
    );
  });
});

test('a replacement that is killed anywhere leaves the present custodians or the next', async () => {
  const original = newFolder();
  let request: Parameters<typeof ask<'replaceCustodians'>>[2];
  const next = { certificates: certificatesOf([3, 4, 5]), required: 2 };
  {
    await using module = openModule(original);
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    const present = { certificates: certificatesOf([0, 1, 2]), required: 2 };
    const { document } = await ask(module, 'downloadSecurityDomain', present);
    const transfer = (await ask(module, 'transferKey', {})).certificate;
    const successors = { required: 2, thumbprints: custodians.slice(3, 6).map(thumbprintOf).sort() };
    const packets = custodians.slice(0, 2).map((each) => packetOf(each, { transfer, document, successors }));
    request = { ...next, domain: document, packets };
  }
  await atEveryStep(original, 'replaceCustodians', request, 6, async ({ folder }) => {
    await using module = openModule(folder);
    const { thumbprints } = await ask(module, 'custodians', {});
    const isNext = (thumbprints as string[]).includes(thumbprintOf(custodians[3] as Custodian));
    if (!isNext) await ask(module, 'replaceCustodians', request);
    else await assert.rejects(ask(module, 'replaceCustodians', request), { code: 'DomainRefused' });
    await ask(module, 'downloadSecurityDomain', next);
  });
});
