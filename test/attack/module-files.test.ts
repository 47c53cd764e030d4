// Every file of the module's folder missing, older or of another instance, singly and in pairs, in every phase of a module,
// while it is open and when it is started again: nobody but the settled custodians gets the keys of the domain in use, and
// what takes nothing away from anybody still starts.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type Custodian, makeCustodian } from '../../src/module/custodians.fixture.ts';
import { ask, identityOf, newFolder, openModule } from '../../src/module/key-module.fixture.ts';
import type { KeyModule } from '../../src/module/key-module.ts';
import { packetOf, thumbprintOf } from '../../src/module/packets.fixture.ts';
import { change, tryPackets, tryPassphrase, packetOf as unlockPacketOf } from '../../src/module/unlocking.fixture.ts';

/** `checkpoint`: whichever there is. */
const FILES = [
  'state.sealed',
  'seal.key',
  'head.sealed',
  'checkpoint',
  'transfer.sealed',
  'attestation.sealed',
] as const;
type File = (typeof FILES)[number];
type Content = ReadonlyMap<string, Buffer>;
type Seal = 'file' | 'passphrase' | 'quorum';

interface Phase {
  readonly name: 'blank' | 'provisioned' | 'active' | 're-shared';
  readonly content: Content;
  /** The newest of the store; its sequence is also the size of the log. */
  readonly head?: { readonly revision: number; readonly key: Uint8Array; readonly sealed: Uint8Array };
  readonly custodians?: readonly Custodian[];
  readonly domainKey?: Buffer;
}

interface Alteration {
  readonly file: File;
  readonly to: string;
  /** Absent: the file is removed. */
  readonly content?: Content;
}

let first: readonly Custodian[];
let second: readonly Custodian[];
let strangers: readonly Custodian[];
interface Life {
  readonly phases: readonly Phase[];
  /** The folder of another instance, of the same id, which the same secret opens. */
  readonly foreign: Content;
  /** By which the first custodians settle strangers, while they still decide. */
  readonly takeover: object;
}

const PASSPHRASE = 'correct horse battery';

before(async () => {
  const all = await Promise.all([...'abcdefghi'].map((name) => makeCustodian(name)));
  [first, second, strangers] = [all.slice(0, 3), all.slice(3, 6), all.slice(6)];
});

function custody(custodians: readonly Custodian[]): { certificates: string[]; required: number } {
  return { certificates: custodians.map(({ certificate }) => certificate), required: 2 };
}

/** The life of one module, with its folder as each phase left it. */
async function live(seal: Seal): Promise<Omit<Life, 'foreign'>> {
  const folder = newFolder();
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  const seen: Phase[] = [{ name: 'blank', content: contentOf(folder) }];
  let previous: Uint8Array = Buffer.alloc(0);
  const passed = async (name: Phase['name'], custodians?: readonly Custodian[]): Promise<void> => {
    const revision = seen.length;
    const hash = Buffer.alloc(32, revision).toString('base64url');
    const head = { revision, ...(await ask(module, 'sealHead', { revision, hash, records: 0, previous })) };
    previous = head.sealed = Buffer.from(head.sealed);
    await ask(module, 'noteHead', head);
    await module.head.flush(module.provisioned);
    await ask(module, 'signCheckpoint', { size: revision, root: Buffer.alloc(32, revision) });
    await ask(module, 'transferKey', {});
    const { domainKey } = await ask(module, 'hello', {});
    const own = custodians === undefined ? {} : { custodians, domainKey: Buffer.from(domainKey) };
    seen.push({ name, content: contentOf(folder), head: { ...head, key: Buffer.from(head.key) }, ...own });
  };
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  if (seal === 'passphrase') await change(module, { passphrase: PASSPHRASE });
  if (seal === 'quorum') await change(module, { quorum: first, required: 2 });
  await passed('provisioned');
  const { document } = await ask(module, 'downloadSecurityDomain', custody(first));
  await identityOf(module);
  await passed('active', first);
  const transfer = (await ask(module, 'transferKey', {})).certificate;
  const agreed = (successors: readonly Custodian[]): object => {
    const thumbprints = successors.map(thumbprintOf).sort();
    const packets = first.slice(0, 2).map((each) => {
      return packetOf(each, { transfer, document, successors: { required: 2, thumbprints } });
    });
    return { ...custody(successors), domain: document, packets };
  };
  const takeover = agreed(strangers);
  await ask(module, 'replaceCustodians', agreed(second) as never);
  await passed('re-shared', second);
  return { phases: seen, takeover };
}

async function lifeOf(seal: Seal): Promise<Life> {
  const [own, other] = [await live(seal), await live(seal)];
  return { ...own, foreign: (other.phases.at(-1) as Phase).content };
}

/** With the secret that its owner has. */
async function opened(folder: string, seal: Seal): Promise<KeyModule> {
  const module = openModule(folder);
  if (module.state !== 'locked') return module;
  if (seal === 'passphrase') await tryPassphrase(module, PASSPHRASE);
  else await tryPackets(module, await Promise.all(first.slice(0, 2).map((each) => unlockPacketOf(module, each))));
  return module;
}

function contentOf(folder: string): Content {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

function isOf(file: File, name: string): boolean {
  return file === 'checkpoint' ? name.startsWith('checkpoint-') : name === file;
}

function restore(folder: string, content: Content): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, bytes] of content) writeFileSync(join(folder, name), bytes);
}

function alter(folder: string, { file, content = new Map() }: Alteration): void {
  for (const name of readdirSync(folder)) if (isOf(file, name)) rmSync(join(folder, name));
  for (const [name, bytes] of content) if (isOf(file, name)) writeFileSync(join(folder, name), bytes);
}

function alterationsIn({ phases, foreign }: Life, at: number): readonly Alteration[] {
  const older = phases.slice(1, at).map(({ name, content }) => ({ to: `of ${name}`, content }));
  return FILES.flatMap((file) => {
    const sources = [...older, { to: 'of another instance', content: foreign }];
    const there = sources.filter(({ content }) => [...content.keys()].some((name) => isOf(file, name)));
    return [{ file, to: 'missing' }, ...there.map((each) => ({ file, ...each }))];
  });
}

/** Under the other seals, which take seconds to open, those of the state alone. */
function* rowsOf(life: Life, seal: Seal, at: number): Generator<readonly Alteration[]> {
  const all = alterationsIn(life, at).filter(({ file }) => seal === 'file' || file === 'state.sealed');
  yield [];
  for (const one of all) yield [one];
  if (seal !== 'file') return;
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) if (other.file !== one.file) yield [one, other];
  }
}

/** As a service worker does, before it serves. Undefined: refused. */
async function start(folder: string, { head }: Phase, seal: Seal): Promise<KeyModule | undefined> {
  let module: KeyModule;
  try {
    module = await opened(folder, seal);
  } catch {
    return undefined;
  }
  if (head === undefined) return module;
  try {
    const hello = await ask(module, 'hello', {});
    assert.notEqual(hello.state, 'blank');
    assert.deepEqual([hello.isHeadWitnessed, hello.isLogWitnessed], [1, 1]);
    assert.ok(hello.headSequence <= head.revision && hello.signedSize <= head.revision);
    await ask(module, 'noteHead', head);
    return module;
  } catch {
    await module[Symbol.asyncDispose]();
    return undefined;
  }
}

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/** Who must not get anything tries what they can. */
async function attack(
  module: KeyModule,
  { custodians, domainKey }: Phase,
  takeover: object,
  row: string,
): Promise<void> {
  if (custodians === undefined) return;
  for (const others of [strangers, custodians === first ? second : first]) {
    const got = await succeeds(ask(module, 'downloadSecurityDomain', custody(others)));
    const isOut = got && module.provisioned.rootKeys.domainKey.equals(domainKey as Buffer);
    assert.equal(isOut, false, `${row}: the keys in use were split over others`);
  }
  if (custodians === second) {
    assert.equal(
      await succeeds(ask(module, 'replaceCustodians', takeover as never)),
      false,
      `${row}: replaced ones decide`,
    );
  }
}

async function serves(module: KeyModule, { custodians, domainKey }: Phase): Promise<boolean> {
  if (custodians === undefined) return true;
  if (!(await succeeds(ask(module, 'downloadSecurityDomain', custody(custodians))))) return false;
  return module.provisioned.rootKeys.domainKey.equals(domainKey as Buffer);
}

/** Nothing that says what the module is, or what it has seen, is gone or a stranger's. */
function takesNothing(row: readonly Alteration[]): boolean {
  return row.every(({ file, to }) => {
    if (file === 'transfer.sealed' || file === 'attestation.sealed') return true;
    if (file === 'seal.key') return to !== 'missing' && to !== 'of another instance';
    return (file === 'head.sealed' || file === 'checkpoint') && to !== 'missing' && to !== 'of another instance';
  });
}

describe('files of the module that are missing, older or foreign', () => {
  for (const seal of ['file', 'passphrase', 'quorum'] as const) {
    test(`under the ${seal} seal, in every phase`, async () => {
      const life = await lifeOf(seal);
      for (const [at, phase] of life.phases.entries()) await tryPhase(life, seal, at, phase);
    });
  }
});

async function tryPhase(life: Life, seal: Seal, at: number, phase: Phase): Promise<void> {
  const { takeover } = life;
  const folder = join(newFolder(), 'module');
  let [rows, started] = [0, 0];
  for (const alterations of rowsOf(life, seal, at)) {
    const row = `${phase.name}: ${alterations.map(({ file, to }) => `${file} ${to}`).join(', ')}`;
    rows += 1;
    restore(folder, phase.content);
    {
      await using open = await opened(folder, seal);
      const state = open.state;
      for (const each of alterations) alter(folder, each);
      await attack(open, phase, takeover, `${row}, open`);
      if (phase.domainKey !== undefined) {
        assert.equal(open.state, state, row);
        assert.deepEqual(open.provisioned.rootKeys.domainKey, phase.domainKey, `${row}: it went back`);
      }
      if (takesNothing(alterations)) assert.ok(await serves(open, phase), `${row}, open: no longer serves`);
    }
    restore(folder, phase.content);
    for (const each of alterations) alter(folder, each);
    const again = await start(folder, phase, seal);
    if (again === undefined) {
      assert.equal(takesNothing(alterations), false, `${row}: it does not start`);
      continue;
    }
    started += 1;
    await using _again = again;
    await attack(again, phase, takeover, `${row}, restarted`);
    if (takesNothing(alterations)) assert.ok(await serves(again, phase), `${row}, restarted: does not serve`);
  }
  assert.ok(rows > 2 && started > 0, `${rows} rows, ${started} started`);
}
