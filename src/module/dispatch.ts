// Message × state → handler: the whole of what can be asked of a module. What has no row does not exist, and a row runs
// only in the states its message names.

import {
  CryptoError,
  type Message,
  type MessageName,
  messages,
  REPLY_OK,
  REPLY_REFUSED,
  type RefusalCode,
  type ReplyOf,
  type RequestOf,
  refusal,
} from '../crypto/protocol/messages.ts';
import { encodeFrame, type Frame } from '../formats/frames.ts';
import { attestKey } from './attest-key.ts';
import { signCheckpoint } from './checkpoint.ts';
import { openBackup, sealBackup } from './full-backup.ts';
import { importKey } from './import-key.ts';
import { importWrappedKey } from './import-wrapped-key.ts';
import { backupKey, restoreKey } from './key-backup.ts';
import type { KeyModule } from './key-module.ts';
import { randomOf } from './random.ts';
import { sealRecord } from './records.ts';
import { releaseKey } from './release-key.ts';
import { secureUnwrap, secureWrap } from './secure-wrap.ts';
import { signStatement } from './sign-statement.ts';

type Handlers = {
  readonly [M in MessageName]: (module: KeyModule, request: RequestOf<M>) => ReplyOf<M> | Promise<ReplyOf<M>>;
};

const handlers: Handlers = {
  hello: (module) => ({
    state: module.state,
    instanceId: isClosed(module) ? '' : module.provisioned.instanceId,
    engine: module.engine.name,
    library: module.engine.library,
    auditKey: isClosed(module) ? new Uint8Array(0) : module.provisioned.rootKeys.auditKey,
    domainKey: module.state === 'active' ? module.provisioned.rootKeys.domainKey : new Uint8Array(0),
    headSequence: module.head.sequence,
    signedSize: module.signedSize,
    generation: isClosed(module) ? 0 : module.provisioned.generation,
    digest: isClosed(module) ? '' : module.provisioned.digest,
    lineage: isClosed(module) ? [] : module.provisioned.lineage,
    isHeadWitnessed: Number(module.head.isWitnessed),
    isLogWitnessed: Number(module.checkpoint.isWitnessed),
  }),
  provision: (module, { instanceId, instanceName }) => {
    module.provision(instanceId, instanceName);
    return {};
  },
  reload: (module) => {
    module.reload();
    return { state: module.state };
  },
  renewState: (module) => {
    module.renew();
    return {};
  },
  witness: (module, request) => {
    module.witness(request);
    return {};
  },
  createKey: (module, { binding, size, curve, publicExponent, alg }) =>
    module.createKey(binding, size, curve, publicExponent, alg),
  importKey: (module, request) => importKey(module.provisioned, module.engine, request),
  importWrappedKey: (module, request) => importWrappedKey(module.provisioned, module.engine, request),
  backupKey: (module, { versions, rest }) => ({ value: backupKey(module.provisioned, versions, rest) }),
  restoreKey: (module, { value }) => restoreKey(module.provisioned, value),
  sealBackup: (module, { backupId, part, content }) => ({
    sealed: sealBackup(module.provisioned, backupId, part, content),
  }),
  openBackup: (module, { backupId, part, sealed }) => ({
    content: openBackup(module.provisioned, backupId, part, sealed),
  }),
  rebindKey: (module, { binding, blob, newBinding }) => ({ blob: module.rebindKey(binding, blob, newBinding) }),
  openKey: (module, { binding, blob }) => ({ handle: module.openKey(binding, blob) }),
  operate: (module, request) => module.operate(request.handle, request.operation, request.algorithm, request),
  sealRecord: (module, { name, revision, value }) => sealRecord(module.provisioned, name, revision, value),
  sealHead: (module, request) => module.sealHead(request),
  openRecord: (module, { key, revision, sealed }) => module.openRecord(key, revision, sealed),
  noteHead: (module, { revision, key, sealed }) => {
    module.noteHead(revision, key, sealed);
    return {};
  },
  signCheckpoint: (module, { size, root }) => {
    const note = signCheckpoint(module.provisioned, size, root);
    module.checkpoint.claim(module.provisioned, size, root);
    return { note };
  },
  signStatement: (module, { kind, body }) => ({ note: signStatement(module.provisioned, kind, body) }),
  attestKey: async (module, { binding, blob }) => {
    const identity = await module.attestationIdentity();
    return attestKey(module.provisioned, module.engine, identity, { binding, blob, now: module.now });
  },
  releaseKey: async (module, request) => {
    const identity = await module.attestationIdentity();
    return { token: releaseKey(module.provisioned, module.engine, identity, request) };
  },
  secureWrap: (module, request) => ({ wrapped: secureWrap(module.provisioned, module.engine, request) }),
  secureUnwrap: (module, request) => ({ value: secureUnwrap(module.provisioned, module.engine, request) }),
  random: (module, { count }) => ({ bytes: randomOf(module.engine, count) }),
  downloadSecurityDomain: ({ ceremonies }, { certificates, required }) => ({
    document: ceremonies.download(certificates, required),
  }),
  transferKey: async ({ ceremonies }) => ({ certificate: await ceremonies.transferKey() }),
  uploadSecurityDomain: ({ ceremonies }, { document }) => ceremonies.upload(document),
  replaceCustodians: ({ ceremonies }, { certificates, required, domain, packets }) =>
    ceremonies.replaceCustodians(certificates, required, domain, packets),
  custodians: ({ ceremonies }) => ceremonies.settled(),
  showSeal: (module) => ({ seal: module.seal.show() }),
  unlockKey: (module) => ({ certificate: module.seal.unlockKey() }),
  unlock: async (module, { recipient, secret, packets }) => ({
    custodians: (await module.seal.unlock(recipient, secret, packets)).custodians,
  }),
  unlockFromFile: async (module) => ({ custodians: (await module.seal.unlockFromFile()).custodians }),
  handOver: (module, { certificate }) => ({ sealed: module.seal.handOver(certificate) }),
  takeOver: (module, { recipient, sealed }) => {
    module.seal.takeOver(recipient, sealed);
    return {};
  },
  changeSeal: async (module, wish) => {
    // Its buffer is a view of what was read from the pipe, which others are read into while this waits.
    const secret = Buffer.from(wish.secret);
    wish.secret.fill(0);
    await module.changeSeal({ ...wish, secret });
    return {};
  },
};

/** No root keys are here. */
function isClosed({ state }: KeyModule): boolean {
  return state === 'blank' || state === 'locked';
}

interface Row {
  readonly name: MessageName;
  readonly message: Message;
  readonly handle: (module: KeyModule, request: never) => object | Promise<object>;
}

const rows: ReadonlyMap<number, Row> = new Map(
  (Object.keys(messages) as MessageName[]).map((name) => [
    messages[name].code,
    { name, message: messages[name] as Message, handle: handlers[name] },
  ]),
);

/** The peer sends what no worker of ours sends: the process must end. */
export class NonsenseError extends Error {
  override readonly name = 'NonsenseError';
}

/**
 * Answers one frame; at once unless the message takes long.
 * @throws NonsenseError, FieldsError when the frame is no message of the list
 */
export function dispatch(module: KeyModule, frame: Frame): Buffer | Promise<Buffer> {
  const row = rows.get(frame.kind);
  if (row === undefined) throw new NonsenseError(`no message has the code ${frame.kind}`);
  const request = row.message.request.decode(frame.payload);
  try {
    if (!row.message.states.includes(module.state)) {
      throw new CryptoError('WrongState', `${row.name} is not allowed while the module is ${module.state}`);
    }
    const reply = row.handle(module, request as never);
    if (!(reply instanceof Promise)) return encodeReply(row, frame.id, reply);
    return reply.then(
      (late) => encodeReply(row, frame.id, late),
      (error: unknown) => encodeRefusal(frame.id, error),
    );
  } catch (error) {
    return encodeRefusal(frame.id, error);
  }
}

function encodeReply(row: Row, id: number, reply: object): Buffer {
  return encodeFrame(id, REPLY_OK, row.message.reply.encode(reply as never));
}

export function encodeRefusal(id: number, error: unknown): Buffer {
  if (!(error instanceof CryptoError)) reportFailure(error);
  // Only our own refusals speak; any other text might say what must not leave.
  const { code, message } =
    error instanceof CryptoError && error.code !== 'PartitionLost'
      ? { code: error.code, message: error.message }
      : { code: 'Internal' satisfies RefusalCode, message: 'the module failed' };
  return encodeFrame(id, REPLY_REFUSED, refusal.encode({ code, message }));
}

/** Names and codes only: a message of native code or of Node may quote what it was given. */
function reportFailure(error: unknown): void {
  const { name, code, stack } = error as NodeJS.ErrnoException;
  const place = stack?.split('\n').find((line) => line.includes('/crypto/')) ?? '';
  process.stderr.write(`module: ${name} ${code ?? ''} ${place.trim()}\n`);
}
