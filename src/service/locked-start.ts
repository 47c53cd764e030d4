// A worker whose module may be locked: it answers that it is, and goes on with its start when the module is open. The
// store is not touched before.
import type { CryptoClient } from '../crypto/client/crypto-client.ts';
import { CryptoError } from '../crypto/protocol/messages.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { VERSION } from '../deployment/version.ts';
import { ownCommand } from '../formats/own-command.ts';
import { refused, serviceHeaders, writeAnswer } from '../http/answer.ts';
import { reportFailure } from '../http/report-failure.ts';
import { ServiceError } from '../http/service-error.ts';
import { openListeners } from './instance-listeners.ts';
import type { ServiceOptions } from './service-options.ts';
import { type Opening, openUnlockRelay } from './unlock-relay.ts';

export interface OpenModule {
  /** How it was opened; undefined: it was not locked. */
  readonly opening: Opening | undefined;
  /** Where this worker has told its clients to come. */
  readonly port: number;
}

/** Tells an instance whose root keys lie beside the key that opens them. */
export function fileSealRefused(name: string): Error {
  return new Error(
    `the root keys of '${name}' are under the file seal. Exchange it: ${ownCommand(`instance stop ${name}`)}, ` +
      `${ownCommand(`seal change ${name} --to passphrase`)} (or quorum), ${ownCommand(`instance start ${name}`)}; or accept it for all instances: add ` +
      '"file-seal" to "acknowledge" in the configuration',
  );
}

/** Why an instance is not to be activated: nothing of worth comes under a seal that is refused. */
export function keptByFileSeal(crypto: CryptoClient, config: InstanceConfig): string | undefined {
  if (config.fileSeal !== 'refused') return undefined;
  return crypto.hello.seal === 'file' ? `Not activated: ${fileSealRefused(config.name).message}` : undefined;
}

/** @throws the reason of `stopping`; CryptoError WrongState when it is locked and there is no way to unlock it */
export async function waitUntilOpen(
  crypto: CryptoClient,
  options: ServiceOptions,
  stack: AsyncDisposableStack,
): Promise<OpenModule> {
  const { config, lock, port } = options;
  if (crypto.hello.state === 'blank') return { opening: undefined, port };
  const kind = crypto.hello.seal;
  if (kind === 'file') {
    if (config.fileSeal === 'refused' && crypto.hello.state === 'active') throw fileSealRefused(config.name);
    return { opening: undefined, port };
  }
  if (lock === undefined) throw new CryptoError('WrongState', 'the module is locked, and nobody can unlock it here');
  const desk = stack.use(
    await openUnlockRelay({
      crypto,
      folder: lock.socketFolder,
      worker: lock.worker,
      hasPassphraseFile: config.passphraseFile !== undefined,
      report: (error) => reportFailure('unlocking at the start', error),
    }),
  );
  if (crypto.hello.state !== 'locked') return { opening: await desk.opened, port };
  await using listener = await listenLocked(options);
  const why = desk.fileRefused === undefined ? '' : `passphraseFile did not open it (${desk.fileRefused}); `;
  const what = kind === 'quorum' ? 'a quorum of its custodians' : 'its passphrase';
  lock.onLocked(
    listener.port,
    `Locked: ${why}the root keys stay sealed until ${what} opens them: ${ownCommand(`unlock ${config.name}`)}`,
    crypto.pids,
  );
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(lock.stopping.reason as Error);
  lock.stopping.addEventListener('abort', stop, { once: true });
  if (lock.stopping.aborted) stop();
  try {
    const opening = await Promise.race([desk.opened, stopped.promise]);
    return { opening, port: listener.port };
  } finally {
    lock.stopping.removeEventListener('abort', stop);
  }
}

/**
 * Answers all that is asked alike: no token is checked, no body is read, no key is known. It is not on record, since nothing was
 * decided; that the instance was unlocked is.
 */
function listenLocked(options: ServiceOptions): ReturnType<typeof openListeners> {
  const { name, region } = options.config;
  const refusal = new ServiceError(
    'ServiceUnavailable',
    `The HSM is locked: its root keys stay sealed until they are opened with '${ownCommand(`unlock ${name}`)}'. Nothing was ` +
      'checked or done',
    { innerCode: 'Locked' },
  );
  return openListeners(options, (call) => {
    call.request.resume();
    // The next request finds whoever listens after the unlocking.
    call.response.shouldKeepAlive = false;
    const answer = refused(call, refusal, () => []);
    writeAnswer(call, answer, serviceHeaders(region, VERSION));
  });
}
