import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Message,
  type MessageName,
  messages,
  REPLY_OK,
  REPLY_REFUSED,
  refusal,
} from '../crypto/protocol/messages.ts';
import { FieldsError } from '../formats/fields.ts';
import { encodeFrame, type Frame, FrameReader } from '../formats/frames.ts';
import { dispatchCeremony } from './ceremony/handlers.ts';
import { makeCustodian } from './custodians.fixture.ts';
import { NonsenseError } from './dispatch.ts';
import { dispatchServing } from './handlers.ts';
import { ask, bindingOf, newFolder, openCeremony, openModule, tell } from './key-module.fixture.ts';

const samples: { readonly [M in MessageName]: Parameters<(typeof messages)[M]['request']['encode']>[0] } = {
  hello: {},
  provision: { instanceId: '', instanceName: '' },
  reload: {},
  renewState: {},
  stateInUse: {},
  noteState: { sealed: Buffer.alloc(80) },
  witness: { revision: 1, key: Buffer.alloc(32), sealed: Buffer.alloc(9), size: 0, root: Buffer.alloc(32) },
  createKey: { binding: {}, size: 0, curve: '', publicExponent: 0, alg: '' },
  importKey: {
    binding: bindingOf('oct-HSM', ['encrypt']),
    crv: '',
    alg: '',
    ...Object.fromEntries(
      ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y', 'k', 'priv', 'pub'].map((m) => [m, Buffer.alloc(16)]),
    ),
  } as never,
  importWrappedKey: {
    kekBinding: {},
    kekBlob: Buffer.alloc(9),
    binding: bindingOf('oct-HSM', ['encrypt']),
    crv: '',
    ciphertext: Buffer.alloc(300),
  },
  backupKey: { versions: [], rest: {} },
  restoreKey: { value: 'a..b.c.d' },
  sealBackup: { backupId: 'b', part: 'p', content: Buffer.alloc(1) },
  openBackup: { backupId: 'b', part: 'p', sealed: Buffer.alloc(80) },
  rebindKey: { binding: {}, blob: Buffer.alloc(0), newBinding: {} },
  openKey: { binding: {}, blob: Buffer.alloc(0) },
  operate: {
    handle: 9,
    operation: 5,
    algorithm: 20,
    input: Buffer.alloc(32),
    proof: Buffer.alloc(0),
    iv: Buffer.alloc(0),
    aad: Buffer.alloc(0),
  },
  sealRecord: { name: 'x', revision: 1, value: Buffer.alloc(1) },
  openRecord: { key: Buffer.alloc(32), revision: 1, sealed: Buffer.alloc(80) },
  sealHead: { revision: 1, hash: '', records: 0, previous: Buffer.alloc(0) },
  noteHead: { revision: 1, key: Buffer.alloc(32), sealed: Buffer.alloc(80) },
  signCheckpoint: { size: 1, root: Buffer.alloc(32) },
  signStatement: { kind: 'rehearsal', body: Buffer.alloc(1) },
  attestKey: { binding: {}, blob: Buffer.alloc(0) },
  makeIdentity: {},
  releaseKey: {
    binding: {},
    blob: Buffer.alloc(0),
    target: {},
    enc: '',
    request: {},
    kid: '',
    attributes: {},
    policy: {},
  },
  secureWrap: { binding: {}, blob: Buffer.alloc(0), algorithm: '' },
  secureUnwrap: { binding: {}, blob: Buffer.alloc(0), algorithm: '', wrapped: Buffer.alloc(0), target: {} },
  random: { count: 1 },
  downloadSecurityDomain: { certificates: [], required: 2 },
  transferKey: {},
  uploadSecurityDomain: { document: '{}' },
  replaceCustodians: { certificates: [], required: 2, domain: '{}', packets: [] },
  custodians: {},
  showSeal: {},
  unlockKey: {},
  unlock: { recipient: '', secret: '', packets: [] },
  unlockFromFile: {},
  recipientKey: {},
  handOver: { key: Buffer.alloc(9) },
  takeOver: { recipient: '', sealed: '' },
  changeSeal: { kind: 'file', secret: Buffer.alloc(0), cost: {}, certificates: [], required: 0 },
};

test('each message is answered in the states of its row and refused in all others', async () => {
  const folder = newFolder();
  const custodians = await Promise.all(['a', 'b', 'c'].map((name) => makeCustodian(name)));
  for (const state of ['blank', 'provisioned', 'active', 'locked'] as const) {
    if (state === 'locked') {
      await using module = openModule(folder, 16, { mayChangeSeal: true });
      const cost = { memory: 65536, passes: 1, lanes: 1 };
      const secret = Buffer.from('a passphrase');
      await ask(module, 'changeSeal', { kind: 'passphrase', secret, cost, certificates: [], required: 0 });
    }
    await using module = openModule(folder);
    if (state === 'provisioned') await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
    if (state === 'active') {
      const certificates = custodians.map(({ certificate }) => certificate);
      await ask(module, 'downloadSecurityDomain', { certificates, required: 2 });
    }
    assert.equal((await ask(module, 'hello', {})).state, state);
    for (const name of Object.keys(messages) as MessageName[]) {
      const message = messages[name] as Message;
      const payload = message.request.encode(samples[name] as never);
      const [frame] = new FrameReader().push(encodeFrame(1, message.code, payload));
      assert.ok(frame !== undefined);
      // One process for each: what the one before has done, if anything, is in the files.
      await using ceremony = openCeremony(folder);
      if (state === 'provisioned' || state === 'active') await tell(module, ceremony);
      const answers = [
        ...(message.by === 'ceremony' ? [] : [() => dispatchServing(module, frame)]),
        ...(message.by === 'serving' ? [] : [() => dispatchCeremony(ceremony, frame)]),
      ];
      for (const answer of answers) {
        const [reply] = new FrameReader().push(await answer());
        assert.ok(reply !== undefined);
        const code = reply.kind === REPLY_REFUSED ? refusal.decode(reply.payload).code : 'none';
        assert.equal(code === 'WrongState', !message.states.includes(state), `${name} while ${state}: ${code}`);
        assert.notEqual(code, 'Internal', `${name} while ${state}`);
      }
    }
  }
});

test('a message that only ceremonies have does not exist in the module that serves, nor the other way round', async () => {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await using ceremony = openCeremony(module.folder);
  for (const name of Object.keys(messages) as MessageName[]) {
    const message = messages[name] as Message;
    const [frame] = new FrameReader().push(
      encodeFrame(1, message.code, message.request.encode(samples[name] as never)),
    );
    assert.ok(frame !== undefined);
    if (message.by === 'ceremony') assert.throws(() => dispatchServing(module, frame), NonsenseError, name);
    if (message.by === 'serving') assert.throws(() => dispatchCeremony(ceremony, frame), NonsenseError, name);
  }
});

test('no message returns a private key: the replies are these and no more', () => {
  const replies = Object.fromEntries(
    (Object.keys(messages) as MessageName[]).map((name) => [name, messages[name].code]),
  );
  assert.deepEqual(replies, {
    hello: 1,
    provision: 2,
    reload: 3,
    renewState: 4,
    stateInUse: 6,
    noteState: 7,
    witness: 5,
    createKey: 10,
    rebindKey: 11,
    openKey: 12,
    operate: 13,
    importKey: 14,
    importWrappedKey: 15,
    backupKey: 16,
    restoreKey: 17,
    sealBackup: 18,
    openBackup: 19,
    sealRecord: 20,
    openRecord: 21,
    noteHead: 22,
    sealHead: 23,
    signCheckpoint: 30,
    signStatement: 31,
    attestKey: 50,
    makeIdentity: 54,
    releaseKey: 51,
    secureWrap: 52,
    secureUnwrap: 53,
    random: 60,
    downloadSecurityDomain: 40,
    transferKey: 41,
    uploadSecurityDomain: 42,
    replaceCustodians: 43,
    custodians: 44,
    showSeal: 70,
    unlockKey: 71,
    unlock: 72,
    unlockFromFile: 73,
    recipientKey: 77,
    handOver: 74,
    takeOver: 75,
    changeSeal: 76,
  });
});

test('garbage frames end in a refusal or in the end of the process, never in anything else', async () => {
  await using module = openModule();
  await ask(module, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await using ceremony = openCeremony(module.folder);
  await tell(module, ceremony);
  for (const answer of [
    (frame: Frame) => dispatchServing(module, frame),
    (frame: Frame) => dispatchCeremony(ceremony, frame),
  ])
    await answersGarbage(answer);
});

async function answersGarbage(answer: (frame: Frame) => Buffer | Promise<Buffer>): Promise<void> {
  // Provision is left out: it writes.
  const kinds = fc.oneof(fc.constantFrom(1, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 40, 60), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(kinds, fc.uint8Array({ maxLength: 60 }), async (kind, payload) => {
      const [frame] = new FrameReader().push(encodeFrame(1, kind, payload));
      assert.ok(frame !== undefined);
      try {
        const [reply] = new FrameReader().push(await answer(frame));
        assert.ok(reply !== undefined && (reply.kind === REPLY_OK || reply.kind === REPLY_REFUSED));
        if (reply.kind === REPLY_REFUSED) assert.notEqual(refusal.decode(reply.payload).code, 'Internal');
      } catch (error) {
        assert.ok(error instanceof NonsenseError || error instanceof FieldsError, String(error));
      }
    }),
    { numRuns: 500 },
  );
}

test('a second provision finds the module taken, also from another partition', async () => {
  const folder = newFolder();
  await using first = openModule(folder);
  await using second = openModule(folder);
  await ask(first, 'provision', { instanceId: 'i-1', instanceName: 'dev' });
  await assert.rejects(ask(second, 'provision', { instanceId: 'i-2', instanceName: 'dev' }), { code: 'WrongState' });
  await ask(second, 'reload', {});
  assert.equal((await ask(second, 'hello', {})).instanceId, 'i-1');
  const binding = bindingOf('oct-HSM', ['encrypt']);
  await assert.rejects(ask(first, 'createKey', { binding, size: 256, curve: '', publicExponent: 0, alg: '' }), {
    code: 'WrongState',
  });
});
