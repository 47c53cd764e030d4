// The module that signs the management plane's log. The recorder holds its pipe, so that neither who sends entries nor anybody
// else has it sign a tree that the recorder did not make.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCryptoClient } from '../crypto/client/crypto-client.ts';
import { provisionModule } from '../crypto/client/provision-module.ts';
import type { ManagementPaths } from '../deployment/data-layout.ts';
import { replaceFile } from '../files/durable-file.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { formatVkey } from '../formats/signed-note.ts';
import type { Signer } from './checkpointer.ts';

export interface OwnSigner extends AsyncDisposable, Signer {
  /** Name of the log. */
  readonly origin: string;
  /** Entries of the newest one that it has signed. */
  readonly signedSize: number;
}

/** @throws Error when there is a log, but not the key that has signed it */
export async function openOwnSigner({ module, audit, verifierKey }: Omit<ManagementPaths, 'root'>): Promise<OwnSigner> {
  await using stack = new AsyncDisposableStack();
  const crypto = stack.use(await openCryptoClient({ moduleFolder: module, partitions: 1 }));
  const { state, instanceId } = crypto.hello;
  const id = state === 'blank' ? randomUUID() : instanceId;
  await provisionModule(crypto, { id, name: 'management' }, () => Promise.resolve(!hasLog(audit)));
  if (crypto.hello.isLogWitnessed !== 1)
    throw new Error(`${module} has lost its witness of the newest log (checkpoint-*.sealed): put it back`);
  const origin = logOrigin(id);
  const key = `${formatVkey(origin, crypto.hello.auditKey)}\n`;
  if (!existsSync(verifierKey)) await replaceFile(verifierKey, key);
  else if (readFileSync(verifierKey, 'utf8') !== key)
    throw new Error(`${module} has another key than ${verifierKey} names`);
  const owned = stack.move();
  return {
    origin,
    signedSize: crypto.hello.signedSize,
    sign: async (size, root) => (await crypto.send('signCheckpoint', { size, root })).note,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function hasLog(folder: string): boolean {
  return ['checkpoint', 'journal', 'tile'].some((name) => existsSync(join(folder, name)));
}
