// One service worker's part in opening a sealed module: it passes ciphertext between people, the module and the workers
// beside it, and learns none of it. It goes on answering once open, for workers that start later.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';
import { sha256url } from '../formats/base64url.ts';
import { unlockSockets } from '../links/unlock/socket-notes.ts';
import { askWorker, listenForUnlocking, type UnlockRequest } from '../links/unlock/unlock-exchange.ts';

export interface Opening {
  /** For the log: how the module was opened. */
  readonly how: string;
  /** Whose shares opened it, where some did. */
  readonly custodians?: readonly string[];
}

export interface UnlockRelay extends AsyncDisposable {
  /** Resolves when the module is open. */
  readonly opened: Promise<Opening>;
  /** Why the passphrase file has not opened it. */
  readonly fileRefused: string | undefined;
}

export interface DeskOptions {
  readonly crypto: CryptoClient;
  readonly folder: string;
  readonly worker: number;
  readonly hasPassphraseFile: boolean;
  /** Of what is tried without being asked for. */
  readonly report: (error: unknown) => void;
}

/** Opens the module at once if a worker beside this one, or the passphrase file, can. */
export async function openUnlockRelay(options: DeskOptions): Promise<UnlockRelay> {
  const { crypto, folder, worker, hasPassphraseFile, report } = options;
  const opened = Promise.withResolvers<Opening>();
  let fileRefused: string | undefined;
  const finish = async (opening: Opening): Promise<void> => {
    await giveToPeers(crypto, folder, socket.path);
    opened.resolve(opening);
  };
  const answer = async (request: UnlockRequest): Promise<object> => {
    switch (request.ask) {
      case 'show':
        return { state: crypto.hello.state, ...(await crypto.send('showSeal', {})) };
      case 'certificate':
        return { certificate: (await crypto.unlockCertificate()).toString('base64') };
      case 'unlock': {
        const { recipient, secret, packets } = request;
        const { custodians } = await crypto.unlock({ recipient, secret, packets });
        const names = custodians as readonly string[];
        await finish(
          names.length === 0
            ? { how: 'with the passphrase' }
            : { how: `by the custodians ${names.join(', ')}`, custodians: names },
        );
        return { custodians };
      }
      case 'recipientKey':
        return { key: (await crypto.recipientKey()).toString('base64') };
      case 'handOver':
        return crypto.send('handOver', { key: Buffer.from(request.key, 'base64') });
      case 'takeOver': {
        const { recipient, sealed } = request;
        await crypto.takeOver({ recipient, sealed });
        opened.resolve({ how: 'by another worker' });
        return {};
      }
    }
  };
  const socket = await listenForUnlocking(folder, worker, answer);
  try {
    if (crypto.hello.state === 'locked') await openByItself();
  } catch (error) {
    await socket[Symbol.asyncDispose]();
    throw error;
  }
  return { opened: opened.promise, fileRefused, [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose]() };

  async function openByItself(): Promise<void> {
    const key = await crypto.recipientKey();
    const sealed = await askPeers(folder, key, socket.path);
    try {
      if (sealed !== undefined) {
        await crypto.takeOver({ recipient: sha256url(key), sealed });
        opened.resolve({ how: 'by another worker' });
      } else if (hasPassphraseFile) {
        await crypto.unlockFromFile().catch((error: unknown) => {
          fileRefused = error instanceof CryptoError ? error.message : undefined;
          throw error;
        });
        await finish({ how: 'with the passphrase in the configured file' });
      }
    } catch (error) {
      // It may have been opened from outside meanwhile; else it stays locked, and can be.
      if (error instanceof CryptoError) report(error);
      else throw error;
    }
  }
}

/** The seal key from a worker of this instance, encrypted to the key. @param own socket that is not asked */
export async function askPeers(folder: string, recipientKey: Uint8Array, own = ''): Promise<string | undefined> {
  const request = { ask: 'handOver', key: Buffer.from(recipientKey).toString('base64') } as const;
  for (const path of unlockSockets(folder)) {
    if (path === own) continue;
    try {
      const { sealed } = await askWorker(path, request);
      if (typeof sealed === 'string') return sealed;
    } catch {
      // Locked itself, or left over from one that is gone.
    }
  }
  return undefined;
}

async function giveToPeers(crypto: CryptoClient, folder: string, own: string): Promise<void> {
  for (const path of unlockSockets(folder)) {
    if (path === own) continue;
    try {
      const { key } = await askWorker(path, { ask: 'recipientKey' });
      if (typeof key !== 'string') continue;
      const der = Buffer.from(key, 'base64');
      const { sealed } = await crypto.send('handOver', { key: der });
      await askWorker(path, { ask: 'takeOver', recipient: sha256url(der), sealed });
    } catch {
      // Open already, or gone: one that starts later asks by itself.
    }
  }
}
