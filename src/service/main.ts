// Entry of a service worker. Started by the supervisor, with its places as arguments and nothing in the environment.

import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { cosignedFile } from '../deployment/cosigned-checkpoints.ts';
import { places } from '../deployment/data-layout.ts';
import { readInstanceConfig } from '../deployment/instance.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { reportFailure } from '../http/report-failure.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import {
  activation,
  condition,
  indexWanted,
  instanceUpdated,
  lead,
  logCosigned,
  namesChanged,
  partitions,
  recordAct,
  recoverability,
  retire,
} from '../links/instance-messages.ts';
import { frontToken, ready } from '../links/messages.ts';
import { toldWhat } from '../links/worker-asked.ts';
import { packed } from '../links/worker-metrics.ts';
import { StoreError } from '../store/port.ts';
import type { InstanceService } from './instance-service.ts';
import { LiveNames } from './live-configuration.ts';
import { openModule } from './open-module.ts';
import type { ServiceOptions } from './service-options.ts';
import { openWitnessed } from './witnessed.ts';

async function main(): Promise<void> {
  await using link = openSupervisorLink();
  const serving = Promise.withResolvers<InstanceService>();
  serving.promise.catch(() => undefined); // a worker that does not start says so elsewhere
  // Told while it still starts, it waits: the configuration that it read may be the one before.
  link.answer(retire, async () => (await serving.promise).retire());
  const leading = Promise.withResolvers<void>();
  link.answer(lead, () => leading.resolve());
  link.answer(instanceUpdated, async ({ update }) => (await serving.promise).update(update), notTaken);
  link.answer(recordAct, async ({ act }) => (await serving.promise).record(act), notTaken);
  link.answer(toldWhat, async ({ asked }) => {
    const service = await serving.promise;
    switch (asked.kind) {
      case 'traces':
        return service.traces(asked.ratio);
      case 'metrics':
        return packed(await service.metrics());
      case 'events':
        return service.eventReceiver();
    }
  });
  let token: Uint8Array | undefined;
  link.on(frontToken, (told) => {
    token = told.token;
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
      'completes-log': { type: 'boolean', default: false },
      beside: { type: 'boolean', default: false },
    },
  });
  const folder = required(values.instance, 'instance');
  const all = places(dirname(dirname(folder)));
  const place = all.instance(basename(folder));
  const config = readInstanceConfig(place.config);
  using witnessed = openWitnessed({ config, path: cosignedFile(all.watch, logOrigin(config.id)), audit: place.audit });
  link.on(logCosigned, ({ note }) => witnessed.tell(note));
  const names = new LiveNames(config);
  // A worker that is locked or still starts takes them at once: what it opens later goes by them.
  link.answer(namesChanged, () => names.set(readInstanceConfig(place.config).hostNames), notTaken);
  // Known before the store is verified, told only after it: of an instance that is refused nothing else is true.
  let known: Parameters<typeof activation.encode>[0] | undefined;
  let serves = false;
  const stopping = new AbortController();
  void link.closed.then(() => stopping.abort());
  const relocked = Promise.withResolvers<never>();
  relocked.promise.catch(() => undefined); // looked at once it serves
  const recorderSocket = required(values.socket, 'socket');
  const worker = integer(values.worker, 'worker');
  try {
    const options: ServiceOptions = {
      config,
      names,
      places: place,
      recorderSocket,
      port: integer(values.port, 'port'),
      ...(values.listen === undefined ? {} : { socketPath: values.listen }),
      partitions: integer(values.partitions, 'partitions'),
      witnessed: witnessed.now,
      shared: process.platform === 'linux',
      frontToken: () => token,
      completesLog: values['completes-log'],
      beside: values.beside,
      ...(values.beside ? { leads: leading.promise } : {}),
      lock: {
        socketFolder: dirname(recorderSocket),
        worker,
        onLocked: (port, message, modulePids) => {
          link.send(activation, { activation: 'Locked', message });
          link.send(ready, { port, modulePids });
        },
        onRelocked: relocked.reject,
        stopping: stopping.signal,
      },
      onRecoverability: (own) => void link.send(recoverability, { own }),
      onIndexWanted: () => link.send(indexWanted, {}),
      onRecording: (recording) => link.send(condition, { own: { recording, storeRefused: false } }),
      onPartitions: (pids) => link.send(partitions, { modulePids: pids }),
      onActivation: (status, message) => {
        known = { activation: status, message };
        if (serves) link.send(activation, known);
      },
    };
    // Its partitions start while this process loads the rest of itself.
    const module = openModule(options);
    module.catch(() => undefined); // awaited below
    const { startInstanceService } = await import('./instance-service.ts');
    await using service = await startInstanceService(options, module);
    serves = true;
    serving.resolve(service);
    if (known !== undefined) link.send(activation, known);
    link.send(ready, { port: service.port, modulePids: service.modulePids });
    await Promise.race([link.closed, relocked.promise]);
  } catch (error) {
    serving.reject(error);
    if (stopping.signal.aborted) return;
    if (error instanceof StoreError && error.code === 'Refused')
      link.send(condition, { own: { recording: true, storeRefused: true } });
    link.send(activation, { activation: 'Failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

function notTaken(error: unknown): { readonly code: string; readonly message: string } {
  reportFailure('an update of the instance', error);
  return { code: 'Failed', message: 'the worker could not take it; see its log' };
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
