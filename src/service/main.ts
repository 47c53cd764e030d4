// Entry of a service worker. Started by the supervisor, with its places as arguments and nothing in the environment.

import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { places } from '../deployment/data-layout.ts';
import { readInstanceConfig } from '../deployment/read-instance.ts';
import { reportFailure } from '../http/report-failure.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { readInstanceUpdate } from '../links/instance-update.ts';
import type { Link } from '../links/link.ts';
import {
  activation,
  done,
  failed,
  frontToken,
  instanceUpdated,
  namesChanged,
  partitions,
  ready,
  recoverability,
} from '../links/messages.ts';
import { type InstanceService, startInstanceService } from './instance-service.ts';
import { LiveNames } from './live-configuration.ts';

interface Activation {
  readonly status: 'NotActivated' | 'Active' | 'Locked' | 'Failed';
  readonly message: string;
}

async function main(): Promise<void> {
  await using link = openSupervisorLink();
  const serving = takeUpdates(link);
  let token: Uint8Array | undefined;
  link.on(frontToken, (told) => {
    token = Uint8Array.from(told.token);
  });
  // Ctrl-C reaches the whole process group; the supervisor decides the order of stopping.
  process.on('SIGINT', () => undefined);
  const { values } = parseArgs({
    options: {
      instance: { type: 'string' },
      socket: { type: 'string' },
      port: { type: 'string' },
      listen: { type: 'string' },
      partitions: { type: 'string' },
      worker: { type: 'string' },
    },
  });
  const folder = required(values.instance, 'instance');
  const place = places(dirname(dirname(folder))).instance(basename(folder));
  const config = readInstanceConfig(place.config);
  const names = new LiveNames(config);
  // A worker that is locked or still starts takes them at once: what it opens later goes by them.
  link.on(namesChanged, (_told, id) => {
    names.set(readInstanceConfig(place.config).hostNames);
    link.send(done, {}, id);
  });
  // Known before the store is verified, told only after it: of an instance that is refused nothing else is true.
  let known: Activation | undefined;
  let serves = false;
  const tell = ({ status, message }: Activation): void =>
    void link.send(activation, { instance: config.name, status, message });
  const stopping = new AbortController();
  void link.closed.then(() => stopping.abort());
  const relocked = Promise.withResolvers<never>();
  relocked.promise.catch(() => undefined); // looked at once it serves
  const recorderSocket = required(values.socket, 'socket');
  const worker = integer(values.worker, 'worker');
  try {
    await using service = await startInstanceService({
      config,
      names,
      places: place,
      recorderSocket,
      port: integer(values.port, 'port'),
      ...(values.listen === undefined ? {} : { socketPath: values.listen }),
      partitions: integer(values.partitions, 'partitions'),
      shared: process.platform === 'linux',
      frontToken: () => token,
      completesLog: worker === 0,
      lock: {
        socketFolder: dirname(recorderSocket),
        worker,
        onLocked: (port, message, modulePids) => {
          tell({ status: 'Locked', message });
          link.send(ready, { port, modulePids });
        },
        onRelocked: relocked.reject,
        stopping: stopping.signal,
      },
      onRecoverability: (own) => void link.send(recoverability, { own }),
      onPartitions: (pids) => link.send(partitions, { modulePids: pids }),
      onActivation: (status, message) => {
        known = { status, message };
        if (serves) tell(known);
      },
    });
    serves = true;
    serving.resolve(service);
    if (known !== undefined) tell(known);
    link.send(ready, { port: service.port, modulePids: service.modulePids });
    await Promise.race([link.closed, relocked.promise]);
  } catch (error) {
    serving.reject(error);
    if (stopping.signal.aborted) return;
    tell({ status: 'Failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** Told while it still starts, they wait: the configuration that it read may be the one before. */
function takeUpdates(link: Link): PromiseWithResolvers<InstanceService> {
  const serving = Promise.withResolvers<InstanceService>();
  serving.promise.catch(() => undefined); // a worker that does not start says so elsewhere
  link.on(instanceUpdated, ({ update }, id) => {
    const read = readInstanceUpdate(update);
    serving.promise
      .then((service) => service.update(read))
      .then(
        () => link.send(done, {}, id),
        (error: unknown) => {
          reportFailure('an update of the instance', error);
          link.send(failed, { code: 'Failed', message: 'the worker could not take it; see its log' }, id);
        },
      );
  });
  return serving;
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`--${name} is required`);
  return value;
}

function integer(value: string | undefined, name: string): number {
  const text = required(value, name);
  if (!/^\d{1,5}$/.test(text)) throw new Error(`--${name} must be a whole number`);
  return Number(text);
}

// A bug, and worth a report, but no reason to take the other requests down with it.
process.on('unhandledRejection', (error) => reportFailure('unhandled rejection', error));
try {
  await main();
} catch (error) {
  reportFailure('start of the service', error);
  process.exitCode = 70;
}
