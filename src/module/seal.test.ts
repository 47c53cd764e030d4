import assert from 'node:assert/strict';
import { createHash, createSecretKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import fs, { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fields } from '../formats/fields.ts';
import { encryptToRsa } from '../formats/jwe-rsa.ts';
import { encodeRootKeys } from '../formats/root-keys.ts';
import { type Seal, splitSealedState } from '../formats/seal-header.ts';
import { makeFileSeal } from './ceremony/file-seal.ts';
import { makeRootKeys } from './ceremony/make-root-keys.ts';
import { passphraseKey } from './ceremony/passphrase-seal.ts';
import { StateWriter } from './ceremony/state-writer.ts';
import { type Custodian, makeCustodian } from './custodians.fixture.ts';
import { ask, newFolder, openCeremony, openModule, tell } from './key-module.fixture.ts';
import type { KeyModule } from './key-module.ts';
import { sealBox } from './sealed-box.ts';
import {
  COST,
  certificateOf,
  change,
  packetOf,
  type SealRequest,
  thumbprintOf,
  tryPackets,
  tryPassphrase,
} from './unlocking.fixture.ts';

const OLD = 'correct horse battery';
const NEW = 'staple of another kind';
const NOBODY = { secret: Buffer.alloc(0), cost: {}, certificates: [], required: 0 };
let custodians: readonly Custodian[];

before(async () => {
  custodians = await Promise.all(['Anna', 'Boris', 'Clara', 'Dora'].map((name) => makeCustodian(name)));
});

/** A folder whose module is sealed so. */
async function sealed(sealRequest: SealRequest): Promise<string> {
  const folder = newFolder();
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await change(module, sealRequest);
  return folder;
}

test('sealed by a passphrase it is locked until the passphrase comes, and a wrong one damages nothing', async () => {
  const folder = await sealed({ passphrase: OLD });
  await using module = openModule(folder);
  const { state, instanceId, auditKey } = await ask(module, 'hello', {});
  assert.deepEqual([state, instanceId, auditKey.length], ['locked', '', 0]);
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('seal')), 'no key file is left');
  const files = readFileSync(join(folder, 'state.sealed'));
  await assert.rejects(tryPassphrase(module, NEW), { code: 'SealRefused', message: /does not open the seal/ });
  await assert.rejects(tryPassphrase(module, ''), { code: 'SealRefused' });
  assert.deepEqual(readFileSync(join(folder, 'state.sealed')), files);
  const shown = (await ask(module, 'showSeal', {})).seal as Record<string, unknown>;
  assert.deepEqual([shown['kind'], shown['memory'], shown['failures']], ['passphrase', 65_536, 2]);
  await tryPassphrase(module, OLD);
  assert.equal((await ask(module, 'hello', {})).instanceId, 'i-1');
  assert.ok(!readdirSync(folder).some((name) => name.startsWith('recipient')), 'its certificate is gone');
  // A partition reads the state again without being asked for the secret again.
  assert.equal((await ask(module, 'reload', {})).state, 'provisioned');
});

test('each wrong secret is answered later than the one before, one attempt at a time', async () => {
  const folder = await sealed({ passphrase: OLD });
  await using module = openModule(folder, 16, { wrongSecretDelay: 150 });
  const times: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const start = performance.now();
    const attempts = [tryPassphrase(module, NEW), tryPassphrase(module, NEW)];
    const [first, second] = await Promise.allSettled(attempts);
    assert.equal(first?.status === 'rejected' && (first.reason as { code: string }).code, 'SealRefused');
    assert.equal(second?.status === 'rejected' && (second.reason as { code: string }).code, 'Busy');
    times.push(performance.now() - start);
  }
  [150, 300, 600].forEach((least, index) => assert.ok((times[index] ?? 0) >= least, `${times}`));
});

test('the passphrase may be written with composed or decomposed letters', async () => {
  const folder = await sealed({ passphrase: 'schl\u00fcssel im safe' });
  await using module = openModule(folder);
  await tryPassphrase(module, 'schlu\u0308ssel im safe');
  assert.equal(module.state, 'provisioned');
});

test('the passphrase may come from the one file that the partition was given, which is then closed', async () => {
  const folder = await sealed({ passphrase: OLD });
  let content = `${NEW}\n`;
  const closed: string[] = [];
  const passphraseSource = { read: () => Buffer.from(content), close: () => void closed.push('closed') };
  await using module = openModule(folder, 16, { passphraseSource });
  await assert.rejects(ask(module, 'unlockFromFile', {}), { code: 'SealRefused' });
  content = `${OLD}\r\nmore`;
  await ask(module, 'unlockFromFile', {});
  assert.equal(module.state, 'provisioned');
  assert.deepEqual(closed, ['closed']);
});

test('a quorum of custodians opens it, any two of three, and who they were is told', async () => {
  const [anna, boris, clara] = custodians as [Custodian, Custodian, Custodian];
  const folder = await sealed({ quorum: [anna, boris, clara], required: 2 });
  for (const pair of [
    [anna, boris],
    [clara, anna],
    [boris, clara],
  ] as const) {
    await using module = openModule(folder);
    assert.equal(module.state, 'locked');
    const packets = [await packetOf(module, pair[0]), await packetOf(module, pair[1])];
    const names = pair.map(({ certificatePem }) => thumbprintOf(new X509Certificate(certificatePem)));
    assert.deepEqual(await tryPackets(module, packets), { custodians: names });
    assert.equal(module.state, 'provisioned');
  }
});

test('a packet at fault is named with its custodian, a missing one with the numbers', async () => {
  const [anna, boris, clara, dora] = custodians as [Custodian, Custodian, Custodian, Custodian];
  const folder = await sealed({ quorum: [anna, boris, clara], required: 2 });
  await using module = openModule(folder);
  const good = await packetOf(module, anna);
  const refusals: readonly (readonly [readonly unknown[], RegExp])[] = [
    [[good], /2 of the 3 custodians are needed, packets of 1 are here/],
    [[good, good], /CN=Anna .*twice/],
    [[good, await packetOf(module, dora)], /CN=Dora .*no share of this seal/],
    [[good, await packetOf(module, boris, { purpose: 'recover' })], /CN=Boris .*made to recover/],
    [[good, await packetOf(module, boris, { domain: 'A'.repeat(43) })], /CN=Boris .*another share list/],
    [[good, await packetOf(module, boris, { recipient: 'A'.repeat(43) })], /CN=Boris .*another unlock certificate/],
    [[good, await packetOf(module, boris, { share: 'e30.e30.e30.e30.e30' })], /CN=Boris .*does not decrypt/],
    [
      [
        good,
        await packetOf(module, boris, {
          share: encryptToRsa((await certificateOf(module)).publicKey, 'share', Buffer.alloc(64, 3)),
        }),
      ],
      /CN=Boris .*not the one of this seal/,
    ],
  ];
  for (const [packets, message] of refusals) {
    await assert.rejects(tryPackets(module, packets), { code: 'SealRefused', message });
  }
  await assert.rejects(tryPackets(module, [good, { ...(good as object), signature: 'AA' }]), {
    message: /^packets\[1\]: /,
  });
  await assert.rejects(tryPackets(module, []), { code: 'BadRequest' });
  await assert.rejects(tryPackets(module, 'x' as never), { code: 'BadRequest' });
  assert.equal(module.state, 'locked');
  await tryPackets(module, [good, await packetOf(module, clara)]);
  assert.equal(module.state, 'provisioned');
});

test('packets of before do not open the next start', async () => {
  const [anna, boris, clara] = custodians as [Custodian, Custodian, Custodian];
  const folder = await sealed({ quorum: [anna, boris, clara], required: 2 });
  let packets: unknown[];
  {
    await using module = openModule(folder);
    packets = [await packetOf(module, anna), await packetOf(module, boris)];
    await tryPackets(module, packets);
  }
  await using module = openModule(folder);
  await assert.rejects(tryPackets(module, packets), { code: 'SealRefused', message: /another unlock certificate/ });
});

test('a ceremony that was handed the seal key does not reach the file of the passphrase any more', async () => {
  const folder = await sealed({ passphrase: OLD });
  await using module = openModule(folder);
  await tryPassphrase(module, OLD);
  const closed: string[] = [];
  const passphraseSource = { read: () => Buffer.from(OLD), close: () => void closed.push('closed') };
  await using ceremony = openCeremony(folder, { passphraseSource });
  assert.deepEqual(closed, []);
  await tell(module, ceremony);
  assert.equal(ceremony.state, 'provisioned');
  assert.deepEqual(closed, ['closed']);
});

test('an open partition hands its key to one that waits over the same folder, and to nobody else', async () => {
  const folder = await sealed({ passphrase: OLD });
  await using giver = openModule(folder);
  await using waiting = openModule(folder);
  const { key } = await ask(waiting, 'recipientKey', {});
  await assert.rejects(ask(giver, 'handOver', { key }), { code: 'WrongState' });
  await tryPassphrase(giver, OLD);
  const stranger = generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' });
  await assert.rejects(ask(giver, 'handOver', { key: stranger }), { code: 'BadRequest' });
  const { sealed: handed } = await ask(giver, 'handOver', { key });
  // Once for each key.
  await assert.rejects(ask(giver, 'handOver', { key }), { code: 'BadRequest' });
  const recipient = createHash('sha256').update(key).digest('base64url');
  const other = Buffer.from(handed, 'base64url');
  other[60] = (other[60] as number) ^ 1;
  for (const sealed of ['', 'e30', other.toString('base64url')]) {
    await assert.rejects(ask(waiting, 'takeOver', { recipient, sealed }), { code: 'BadRequest' });
  }
  await assert.rejects(ask(waiting, 'takeOver', { recipient: 'x', sealed: handed }), { code: 'BadRequest' });
  await ask(waiting, 'takeOver', { recipient, sealed: handed });
  assert.equal(waiting.state, 'provisioned');
  assert.ok(waiting.provisioned.rootKeys.sameAs(giver.provisioned.rootKeys));
});

test('the seal is changed from each kind to each other, and an old secret opens no new state', async () => {
  const [anna, boris, clara] = custodians as [Custodian, Custodian, Custodian];
  const folder = newFolder();
  let root: Buffer;
  {
    await using module = openModule(folder, 16, { mayChangeSeal: true });
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    root = module.provisioned.rootKeys.use(encodeRootKeys);
    // In one go, without being opened in between.
    for (const sealRequest of [
      { passphrase: OLD },
      { kind: 'file' },
      { quorum: [anna, boris, clara], required: 3 },
      { kind: 'file' },
      { passphrase: NEW },
    ] as const) {
      await change(module, sealRequest);
      assert.ok(module.provisioned.rootKeys.use(encodeRootKeys).equals(root));
    }
  }
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await assert.rejects(tryPassphrase(module, OLD), { code: 'SealRefused' });
  await tryPassphrase(module, NEW);
  // The same passphrase again makes another key.
  const first = readFileSync(join(folder, 'state.sealed'));
  await change(module, { passphrase: NEW });
  assert.notDeepEqual(readFileSync(join(folder, 'state.sealed')).subarray(0, 200), first.subarray(0, 200));
  await change(module, { kind: 'file' });
  const [keyFile] = readdirSync(folder).filter((name) => name.endsWith('.key'));
  const oldKey = readFileSync(join(folder, keyFile ?? ''));
  await change(module, { kind: 'file' });
  const keys = readdirSync(folder).filter((name) => name.endsWith('.key'));
  assert.equal(keys.length, 1);
  assert.notDeepEqual(readFileSync(join(folder, keys[0] ?? '')), oldKey);
  await using again = openModule(folder);
  assert.ok(again.provisioned.rootKeys.use(encodeRootKeys).equals(root));
});

test('bad wishes are refused and leave the seal as it is', async () => {
  const [anna, boris, clara] = custodians as [Custodian, Custodian, Custodian];
  const folder = await sealed({ passphrase: OLD });
  {
    await using worker = openModule(folder);
    await tryPassphrase(worker, OLD);
    await assert.rejects(change(worker, { kind: 'file' }), { code: 'SealRefused' });
  }
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await assert.rejects(ask(module, 'changeSeal', { ...NOBODY, kind: 'file' }), { code: 'WrongState' });
  await tryPassphrase(module, OLD);
  const state = readFileSync(join(folder, 'state.sealed'));
  const secret = Buffer.from(NEW);
  const certificates = [anna, boris, clara].map(({ certificate }) => certificate);
  for (const sealRequest of [
    { ...NOBODY, kind: 'tpm2' },
    { ...NOBODY, kind: 'passphrase', secret: Buffer.from('too short'), cost: COST },
    { ...NOBODY, kind: 'passphrase', secret, cost: { ...COST, memory: 1024 } },
    { ...NOBODY, kind: 'passphrase', secret, cost: { ...COST, memory: 8 * 1024 * 1024 } },
    { ...NOBODY, kind: 'passphrase', secret, cost: { memory: 65_536 } },
    { ...NOBODY, kind: 'quorum', certificates, required: 4 },
    { ...NOBODY, kind: 'quorum', certificates: certificates.slice(0, 2), required: 2 },
    { ...NOBODY, kind: 'quorum', certificates: ['x', 'y', 'z'], required: 2 },
  ]) {
    await assert.rejects(
      ask(module, 'changeSeal', sealRequest),
      { code: 'BadRequest' },
      JSON.stringify(sealRequest.kind),
    );
  }
  assert.deepEqual(readFileSync(join(folder, 'state.sealed')), state);
});

test('a header that was edited never opens: neither another cost nor another instance or kind', async () => {
  const folder = await sealed({ passphrase: OLD });
  const path = join(folder, 'state.sealed');
  const good = readFileSync(path);
  const edit = (from: string, to: string): void => {
    assert.equal(from.length, to.length);
    writeFileSync(path, Buffer.from(good.toString('latin1').replace(from, to), 'latin1'));
  };
  for (const [from, to] of [
    ['"passes":1', '"passes":2'],
    ['"lanes":4', '"lanes":3'],
    ['"instanceId":"i-1"', '"instanceId":"i-2"'],
    ['"instanceName":"dev"', '"instanceName":"vex"'],
  ] as const) {
    edit(from, to);
    await using module = openModule(folder);
    await assert.rejects(tryPassphrase(module, OLD), { code: 'SealRefused' }, from);
  }
  for (const [from, to] of [
    ['"memory":65536', '"memory":65535'],
    ['"lanes":4', '"lanes":9'],
    ['"kind":"passphrase"', '"kind":"passphrasE"'],
    ['"instanceName"', '"instancename"'],
  ] as const) {
    edit(from, to);
    assert.throws(() => openModule(folder), { code: 'RecordRefused' }, from);
  }
  writeFileSync(path, good);
  await using module = openModule(folder);
  await tryPassphrase(module, OLD);
});

test('an open module takes no state of other root keys, nor anything that was sealed beside such a state', async () => {
  const certificates = custodians.slice(0, 3).map(({ certificate }) => certificate);
  const made = async (sealRequest: SealRequest | undefined): Promise<[string, KeyModule]> => {
    const folder = newFolder();
    const module = openModule(folder, 16, { mayChangeSeal: true });
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
    if (sealRequest !== undefined) await change(module, sealRequest);
    return [folder, module];
  };
  const [folder, open] = await made({ passphrase: OLD });
  const [strange, stranger] = await made(undefined);
  await using module = open;
  await using _stranger = stranger;
  const own = readFileSync(join(folder, 'state.sealed'));
  const { auditKey } = await ask(module, 'hello', {});
  const key = Buffer.from(auditKey);
  const forged = fields({ required: 'u32', thumbprints: 'text' }).encode({ required: 2, thumbprints: 'a b c' });
  const sealKey = readFileSync(join(strange, 'seal.key'));
  const context = `strongroom custodians v1\ni-1\n${key.toString('hex')}`;
  const custodiansFile = sealBox(createSecretKey(sealKey), Buffer.from(context), forged);

  cpSync(join(strange, 'state.sealed'), join(folder, 'state.sealed'));
  writeFileSync(join(folder, 'seal.key'), sealKey);
  writeFileSync(join(folder, 'custodians.sealed'), custodiansFile);
  await assert.rejects(ask(module, 'reload', {}), { code: 'StateRefused', message: /of another instance/ });
  assert.deepEqual(Buffer.from((await ask(module, 'hello', {})).auditKey), key);
  writeFileSync(join(folder, 'state.sealed'), own);
  assert.equal((await ask(module, 'reload', {})).state, 'active');
  const { thumbprints } = await ask(module, 'custodians', {});
  assert.equal((thumbprints as string[]).length, 3);
});

test('a state of the version before headers opens, and changes its seal like any other', async () => {
  const folder = newFolder();
  const old = newFolder();
  const key = Buffer.alloc(32, 9);
  {
    await using module = openModule(folder);
    await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    const layout = fields({
      version: 'u8',
      state: 'text',
      instanceId: 'text',
      instanceName: 'text',
      createdAt: 'u64',
      rootKeys: 'bytes',
    });
    const { rootKeys, ...rest } = module.provisioned;
    const plaintext = layout.encode({ version: 1, ...rest, rootKeys: rootKeys.use(encodeRootKeys) });
    writeFileSync(join(old, 'seal.key'), key);
    writeFileSync(
      join(old, 'state.sealed'),
      sealBox(createSecretKey(key), Buffer.from('strongroom module state v1'), plaintext),
    );
  }
  {
    await using module = openModule(old, 16, { mayChangeSeal: true });
    assert.equal(module.state, 'provisioned');
    const certificates = custodians.map(({ certificate }) => certificate);
    await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
    assert.equal(((await ask(module, 'showSeal', {})).seal as { kind: string }).kind, 'file');
    await change(module, { passphrase: NEW });
  }
  assert.ok(!existsSync(join(old, 'seal.key')));
  await using module = openModule(old);
  await tryPassphrase(module, NEW);
  assert.equal(module.state, 'active');
});

/** Every way in which the program names, fills or removes a file, until the one that "kills" it; none works after that. */
function dieAt(step: number): { readonly died: () => boolean; readonly restore: () => void } {
  const names = ['openSync', 'writeSync', 'linkSync', 'renameSync', 'unlinkSync', 'rmSync'] as const;
  const real = names.map((name) => fs[name]);
  let at = 0;
  const count =
    (original: (...args: never[]) => unknown) =>
    (...args: never[]) => {
      at += 1;
      if (at > step) throw Object.assign(new Error('killed'), { code: 'KILLED' });
      return original(...args);
    };
  names.forEach((name, index) => {
    (fs as unknown as Record<string, unknown>)[name] = count(real[index] as never);
  });
  syncBuiltinESMExports();
  return {
    died: () => at > step,
    restore: () => {
      names.forEach((name, index) => {
        (fs as unknown as Record<string, unknown>)[name] = real[index];
      });
      syncBuiltinESMExports();
    },
  };
}

const kinds = {
  file: (folder: string) => {
    const { keyFile, key } = makeFileSeal(folder);
    return { seal: { kind: 'file', keyFile } as Seal, key };
  },
  // How the key came about makes no difference here.
  passphrase: () => ({
    seal: { kind: 'passphrase', salt: randomBytes(16).toString('base64url'), ...COST } as Seal,
    key: createSecretKey(randomBytes(32)),
  }),
};

test('killed at any step of a change, the state opens with the old key or with the new one', () => {
  for (const from of ['file', 'passphrase'] as const) {
    for (const to of ['file', 'passphrase'] as const) {
      const origin = newFolder();
      const file = new StateWriter(origin);
      using rootKeys = makeRootKeys();
      const state = {
        state: 'active',
        instanceId: 'i-1',
        instanceName: 'dev',
        createdAt: 1,
        generation: 1,
        lineage: [''],
        settled: undefined,
        headFloor: 0,
        logFloor: 0,
        rootKeys,
      } as const;
      file.create(state);
      const old = kinds[from](origin);
      file.reseal(state, old.seal, old.key);
      const seen: string[] = [];
      for (let step = 0, done = false; !done; step++) {
        const folder = newFolder();
        cpSync(origin, folder, { recursive: true });
        const dying = new StateWriter(folder);
        if (dying.load() === undefined) dying.open(old.key);
        let made: ReturnType<(typeof kinds)['file']> | undefined;
        const death = dieAt(step);
        try {
          made = kinds[to](folder);
          dying.reseal(state, made.seal, made.key);
        } catch (error) {
          assert.ok(death.died(), String(error));
        } finally {
          death.restore();
        }
        done = !death.died();
        const after = new StateWriter(folder);
        const loaded = after.load();
        const { header } = splitSealedState(readFileSync(join(folder, 'state.sealed')));
        const isOld = JSON.stringify(header?.seal) === JSON.stringify(old.seal);
        seen.push(isOld ? 'old' : 'new');
        const opened = loaded ?? after.open(isOld ? old.key : (made?.key ?? old.key));
        assert.ok(opened.rootKeys.sameAs(rootKeys), `${from} to ${to}, step ${step}`);
        // The next start that is verified has cleaned up.
        after.load();
        after.wipeSpareKeys();
        const keyFiles = readdirSync(folder).filter((name) => name.endsWith('.key'));
        assert.deepEqual(keyFiles, header?.seal.kind === 'file' ? [header.seal.keyFile] : []);
        if (done) assert.equal(isOld, false);
      }
      assert.ok(seen.includes('old') && seen.includes('new'), `${from} to ${to}: ${seen.join(' ')}`);
      assert.ok(seen.length > 4);
    }
  }
});

test('no passphrase, seal key, share or root key is in any file after unlocking, changes and kills', async () => {
  const [anna, boris, clara] = custodians as [Custodian, Custodian, Custodian];
  const folder = await sealed({ passphrase: OLD });
  const secrets: Buffer[] = [Buffer.from(OLD), Buffer.from(NEW)];
  await using module = openModule(folder, 16, { mayChangeSeal: true });
  await assert.rejects(tryPassphrase(module, NEW));
  await tryPassphrase(module, OLD);
  const root = module.provisioned.rootKeys.use(encodeRootKeys);
  // Each root key has 32 bytes behind its length; parts of them would do.
  for (let at = 1; at + 16 <= root.length; at += 16) secrets.push(root.subarray(at, at + 16));
  for (const passphrase of [OLD, NEW]) {
    if (passphrase === NEW) await change(module, { passphrase });
    const { header } = splitSealedState(readFileSync(join(folder, 'state.sealed')));
    assert.equal(header?.seal.kind, 'passphrase');
    const key = (await passphraseKey(header.seal, Buffer.from(passphrase))).export();
    secrets.push(key.subarray(0, 16), key.subarray(16));
  }
  await change(module, { quorum: [anna, boris, clara], required: 2 });
  const death = dieAt(3);
  await change(module, { passphrase: OLD }).catch(() => undefined);
  death.restore();
  let scanned = 0;
  for (const name of readdirSync(folder)) {
    const content = readFileSync(join(folder, name));
    scanned += content.length;
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret.toString('base64url')), Buffer.from(secret.toString('hex'))]) {
        assert.ok(!content.includes(form), `${name} holds a secret`);
      }
    }
  }
  assert.ok(scanned > 1000);
});
