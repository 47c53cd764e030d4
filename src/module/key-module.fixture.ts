// A module in the test's own process, over a real folder.
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
import { encodeFrame, FrameReader } from '../formats/frames.ts';
import { dispatch } from './dispatch.ts';
import { KeyModule, type KeyModuleOptions } from './key-module.ts';

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

export function openModule(
  folder: string = newFolder(),
  cacheSize = 16,
  more: Pick<KeyModuleOptions, 'mayChangeSeal' | 'passphraseSource' | 'wrongSecretDelay'> = {},
): KeyModule {
  const now = (): number => 1_700_000_000;
  return new KeyModule({
    folder,
    engine: softwareEngine(library),
    cacheSize,
    headDelay: 1,
    now,
    wrongSecretDelay: 1,
    ...more,
  });
}

/** Through the dispatch table, as frames would. @throws CryptoError what the module refused */
export async function ask<M extends MessageName>(
  module: KeyModule,
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
