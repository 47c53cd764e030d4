// Replacing custodians with a quorum of the present ones.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parseSecurityDomain } from '../formats/security-domain.ts';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openModule } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';
import { packetOf, thumbprintOf } from './packets.fixture.ts';

let custodians: readonly Custodian[];
const FIRST = [0, 1, 2];
const SECOND = [2, 3, 4, 5];
const refused = (message: RegExp) => ({ code: 'DomainRefused', message });

before(async () => {
  custodians = await Promise.all([...'abcdef'].map((name) => makeCustodian(name)));
});

function at(index: number): Custodian {
  return custodians[index] as Custodian;
}

function certificatesOf(chosen: readonly number[]): string[] {
  return chosen.map((index) => at(index).certificate);
}

async function active(folder = newFolder()): Promise<{ module: KeyModule; document: string }> {
  const module = openModule(folder);
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  return { module, document: await download(module, FIRST, 2) };
}

async function download(module: KeyModule, chosen: readonly number[], required: number): Promise<string> {
  return (await ask(module, 'downloadSecurityDomain', { certificates: certificatesOf(chosen), required })).document;
}

interface Wanted {
  readonly document: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly required: number;
  /** What the packets say, where that differs. */
  readonly agreed?: { readonly required: number; readonly to: readonly number[] };
}

async function packetsFor(module: KeyModule, { document, from, to, required, agreed }: Wanted): Promise<unknown[]> {
  const transfer = Buffer.from((await ask(module, 'transferKey', {})).certificate);
  const successors = {
    required: agreed?.required ?? required,
    thumbprints: (agreed?.to ?? to).map((index) => thumbprintOf(at(index))).sort(),
  };
  return from.map((index) => packetOf(at(index), { transfer, document, successors }));
}

async function replace(module: KeyModule, wanted: Wanted, packets?: unknown) {
  return ask(module, 'replaceCustodians', {
    certificates: certificatesOf(wanted.to),
    required: wanted.required,
    domain: wanted.document,
    packets: packets ?? (await packetsFor(module, wanted)),
  });
}

test('a quorum settles its successors: the domain is split over them and no more over those before', async () => {
  const folder = newFolder();
  {
    const { module, document } = await active(folder);
    await using _module = module;
    await assert.rejects(download(module, SECOND, 3), { code: 'OtherCustodians' });
    const outcome = await replace(module, { document, from: [2, 0], to: SECOND, required: 3 });
    assert.deepEqual(outcome, {
      required: 3,
      thumbprints: SECOND.map((index) => thumbprintOf(at(index))),
      quorum: [2, 0].map((index) => thumbprintOf(at(index))),
    });
    await assert.rejects(download(module, FIRST, 2), { code: 'OtherCustodians' });
  }
  await using module = openModule(folder);
  const next = parseSecurityDomain(await download(module, SECOND.toReversed(), 3));
  assert.equal(next.SharedKeys.required, 3);
  await assert.rejects(download(module, FIRST, 2), { code: 'OtherCustodians' });
});

test('those who were replaced decide nothing any more, although their file still opens', async () => {
  const { module, document } = await active();
  await using _module = module;
  await replace(module, { document, from: [0, 1], to: SECOND, required: 2 });
  const back = { document, from: [0, 1], to: FIRST, required: 2 };
  await assert.rejects(replace(module, back), refused(/custodians, or a quorum, that were replaced since/));
  const next = await download(module, SECOND, 2);
  await replace(module, { document: next, from: [3, 5], to: FIRST, required: 2 });
  // The same people again, and the same quorum: their first file is as good as any.
  await replace(module, { document, from: [0, 2], to: SECOND, required: 2 });
});

test('packets serve once', async () => {
  const { module, document } = await active();
  await using _module = module;
  const forward = { document, from: [0, 1], to: SECOND, required: 2 };
  const packets = await packetsFor(module, forward);
  await replace(module, forward, packets);
  const next = await download(module, SECOND, 2);
  await replace(module, { document: next, from: [3, 5], to: FIRST, required: 2 });
  await assert.rejects(replace(module, forward, packets), refused(/there is no transfer key at present/));
  await ask(module, 'transferKey', {});
  await assert.rejects(replace(module, forward, packets), refused(/is encrypted to another transfer key/));
});

test('a transfer key that was used and put back opens nothing, whoever the custodians are by then', async () => {
  const folder = newFolder();
  const path = join(folder, 'transfer.sealed');
  const { module, document } = await active(folder);
  await using _module = module;
  const forward = { document, from: [0, 1], to: SECOND, required: 2 };
  const packets = await packetsFor(module, forward);
  const used = readFileSync(path);
  await replace(module, forward, packets);
  const next = await download(module, SECOND, 2);
  await replace(module, { document: next, from: [3, 5], to: FIRST, required: 2 });
  writeFileSync(path, used);
  await assert.rejects(replace(module, forward, packets), refused(/there is no transfer key at present/));
  assert.equal((await ask(module, 'custodians', {})).required, 2);
  await download(module, FIRST, 2);
});

test('consent to some successors is none to others, to fewer of them, or to another domain', async () => {
  const { module, document } = await active();
  await using _module = module;
  const wanted = { document, from: [0, 1], to: SECOND, required: 2 };
  for (const agreed of [
    { required: 3, to: SECOND },
    { required: 2, to: [2, 3, 4] },
    { required: 2, to: FIRST },
  ]) {
    const packets = await packetsFor(module, { ...wanted, agreed });
    await assert.rejects(replace(module, wanted, packets), refused(/agrees to other successors, or to another quorum/));
  }
  await assert.rejects(replace(module, { ...wanted, from: [0] }), refused(/2 of 3 custodians are needed, 1 are here/));
  await assert.rejects(replace(module, { ...wanted, to: [2, 3] }), { code: 'BadRequest' });
  await assert.rejects(replace(module, { ...wanted, to: [2, 3, 3] }, []), { code: 'BadRequest' });
  const transfer = Buffer.from((await ask(module, 'transferKey', {})).certificate);
  const recovering = [0, 1].map((index) => packetOf(at(index), { transfer, document }));
  await assert.rejects(replace(module, wanted, recovering), refused(/was made to recover, not to reshare/));
  const { module: other, document: foreign } = await active();
  await using _other = other;
  await assert.rejects(
    replace(module, { ...wanted, document: foreign }),
    refused(/of another security domain than this instance/),
  );
  await download(module, FIRST, 2);
});

test('a module that is not active replaces nobody', async () => {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  const request = { certificates: certificatesOf(SECOND), required: 2, domain: '{}', packets: [] };
  await assert.rejects(ask(module, 'replaceCustodians', request), { code: 'WrongState' });
});
