// A module in the test's own process, over a real folder: what serves, and ceremonies beside it as a worker runs them.
import { createSecretKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLibcrypto } from '../crypto/engines/software/libcrypto.ts';
import { softwareEngine } from '../crypto/engines/software/software-engine.ts';
import {
  CryptoError,
  type CryptoErrorCode,
  type KeyBinding,
  type Message,
  type MessageName,
  messages,
  REPLY_OK,
  type ReplyOf,
  type RequestOf,
  refusal,
} from '../crypto/protocol/messages.ts';
import { sha256url } from '../formats/base64url.ts';
import { encodeFrame, FrameReader } from '../formats/frames.ts';
import type { AttestationIdentity } from './attestation-identity.ts';
import { CeremonyModule, type CeremonyModuleOptions } from './ceremony/ceremony-module.ts';
import { dispatchCeremony } from './ceremony/handlers.ts';
import type { StateWriter } from './ceremony/state-writer.ts';
import type { Dispatch } from './dispatch.ts';
import { dispatchServing } from './handlers.ts';
import { KeyModule } from './key-module.ts';

const library = loadLibcrypto();

/** Gone when the test's process ends, modules that are open until then included. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-module-'));
  if (folders.length === 0) {
    process.once('exit', () => {
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    });
  }
  folders.push(folder);
  return folder;
}
const folders: string[] = [];

export type CeremonyOptions = Pick<CeremonyModuleOptions, 'mayChangeSeal' | 'passphraseSource' | 'wrongSecretDelay'>;

const now = (): number => 1_700_000_000;
const options = new WeakMap<KeyModule, CeremonyOptions>();
/** While the module is locked. */
const waiting = new WeakMap<KeyModule, CeremonyModule>();

export function openModule(folder: string = newFolder(), cacheSize = 16, more: CeremonyOptions = {}): KeyModule {
  const module = new KeyModule({ folder, engine: softwareEngine(library), cacheSize, headDelay: 1, now });
  options.set(module, more);
  return module;
}

export function openCeremony(folder: string, more: CeremonyOptions = {}): CeremonyModule {
  return new CeremonyModule({ folder, now, wrongSecretDelay: 1, ...more });
}

/** Through the dispatch tables, as a worker asks. @throws CryptoError what the module refused */
export async function ask<M extends MessageName>(
  module: KeyModule,
  name: M,
  request: RequestOf<M>,
): Promise<ReplyOf<M>> {
  if (messages[name].by === 'ceremony') return inCeremony(module, name, request);
  try {
    return await askServing(module, name, request);
  } catch (error) {
    if (!(error instanceof CryptoError) || error.code !== 'IdentityMissing') throw error;
    await inCeremony(module, 'makeIdentity', {});
    return askServing(module, name, request);
  }
}

export function askServing<M extends MessageName>(module: KeyModule, name: M, request: RequestOf<M>) {
  return throughFrames(dispatchServing, module, name, request);
}

export function askCeremony<M extends MessageName>(module: CeremonyModule, name: M, request: RequestOf<M>) {
  return throughFrames(dispatchCeremony, module, name, request);
}

/** Made if there is none. */
export async function identityOf(module: KeyModule): Promise<AttestationIdentity> {
  await inCeremony(module, 'makeIdentity', {});
  return module.attestationIdentity;
}

async function inCeremony<M extends MessageName>(module: KeyModule, name: M, request: RequestOf<M>) {
  const unlocking = waiting.get(module) ?? openCeremony(module.folder, options.get(module));
  if (module.state === 'locked') waiting.set(module, unlocking);
  const { state } = module;
  try {
    if (state === 'provisioned' || state === 'active') await tell(module, unlocking);
    const reply = await askCeremony(unlocking, name, request);
    if (name === 'changeSeal') takeBack(module, unlocking['file']);
    if (state === 'locked' && unlocking.state !== 'locked') await handOver(unlocking, module);
    else if (state !== 'locked') await askServing(module, 'reload', {});
    return reply;
  } finally {
    if (module.state !== 'locked') {
      waiting.delete(module);
      await unlocking[Symbol.asyncDispose]();
    }
  }
}

/** Tells a ceremony what is in use, and gives it the seal key where there is one. */
export async function tell(module: KeyModule, ceremony: CeremonyModule): Promise<void> {
  const known = await askServing(module, 'stateInUse', {});
  if (ceremony.state === 'locked') {
    const { key } = await askCeremony(ceremony, 'recipientKey', {});
    const { sealed } = await askServing(module, 'handOver', { key });
    await askCeremony(ceremony, 'takeOver', { recipient: sha256url(key), sealed });
  }
  await askCeremony(ceremony, 'noteState', known);
}

async function handOver(from: CeremonyModule, to: KeyModule): Promise<void> {
  const { key } = await askServing(to, 'recipientKey', {});
  const { sealed } = await askCeremony(from, 'handOver', { key });
  await askServing(to, 'takeOver', { recipient: sha256url(key), sealed });
}

/** The command that exchanges a seal ends its partition; a test goes on with it. */
function takeBack(module: KeyModule, file: StateWriter): void {
  if (file.header?.seal.kind !== 'file') module['openWith'](createSecretKey(file.exportKey()));
}

async function throughFrames<P, M extends MessageName>(
  dispatch: Dispatch<P>,
  module: P,
  name: M,
  request: RequestOf<M>,
): Promise<ReplyOf<M>> {
  const message = messages[name] as Message;
  const frame = new FrameReader().push(encodeFrame(7, message.code, message.request.encode(request as never)))[0];
  if (frame === undefined) throw new Error('no frame');
  const reply = new FrameReader().push(await dispatch(module, frame))[0];
  if (reply === undefined || reply.id !== 7) throw new Error('no reply');
  if (reply.kind === REPLY_OK) return message.reply.decode(reply.payload) as unknown as ReplyOf<M>;
  const { code, message: text } = refusal.decode(reply.payload);
  throw new CryptoError(code as CryptoErrorCode, text);
}

export function bindingOf(
  kty: KeyBinding['kty'],
  keyOps: readonly string[],
  rest: Partial<KeyBinding> = {},
): KeyBinding {
  return {
    name: 'a-key',
    version: '0123456789abcdef0123456789abcdef',
    kty,
    keyOps,
    exportable: false,
    releasePolicy: '',
    ...rest,
  };
}
