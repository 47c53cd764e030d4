// For tests: the events of one worker over a store that outlives it, and what it puts on record.
import { randomBytes } from 'node:crypto';
import { recordedDetail } from '../../http/entry-detail.ts';
import { auditEntryJson, ownEntry } from '../../links/recorder/entry.ts';
import { type MemoryContent, openMemoryStore } from '../../store/memory/memory-store.fixture.ts';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { inTestSealer } from '../../store/sealed/in-test-sealer.fixture.ts';
import { openRecords } from '../../store/sealed/open-records.ts';
import { addVersion } from '../keys/add-version.ts';
import { KeyIndex } from '../keys/key-index.ts';
import { RotationPolicies } from '../rotation/policy.ts';
import { DeliveredEvents } from './delivered-events.ts';
import { eventJob } from './event-job.ts';
import { EventQueue } from './pending-events.ts';
import { EventTargets } from './targets.ts';
import { openTelling } from './telling.ts';

export interface EventWorld {
  /** Unix seconds. */
  time: number;
  address: string;
  allowed: readonly string[];
  /** Entries as the log has them. */
  readonly log: Buffer[];
  /** Called before an entry comes into the log, and when it is there. @throws where its worker is to end there */
  recording?: () => void;
  recorded?: () => void;
}

export async function startEventWorker(
  content: MemoryContent,
  sealer: ReturnType<typeof inTestSealer>,
  world: EventWorld,
) {
  const keys = new KeyIndex();
  const policies = new RotationPolicies();
  const told = new DeliveredEvents();
  const queue = new EventQueue({ keys, policies, told });
  const records = await openRecords({
    store: openMemoryStore(content),
    sealer,
    apply(change) {
      feeding(keys.follows)(change);
      feeding(policies.follows)(change);
      feeding(told.follows)(change);
      feeding(queue.follows)(change);
    },
    newestHeadInLog: 0,
    headSeenByModule: 0,
  });
  const telling = openTelling({
    source: { id: 'i', name: 'dev', origin: 'https://dev' },
    targets: new EventTargets(
      world.allowed.map((origin) => ({ origin })),
      { profile: 'production', readFile: () => '' },
    ),
    address: () => world.address,
    told,
    record: async ({ operationName, detail = {}, description: resultDescription }) => {
      world.recording?.();
      const properties = { PoolType: 'M-HSM', detail: recordedDetail(detail) };
      const entry = ownEntry({ category: 'AuditEvent', operationName, resultDescription, properties });
      world.log.push(Buffer.from(auditEntryJson(entry)));
      world.recorded?.();
    },
  });
  const now = (): number => world.time;
  const job = eventJob({
    ...{ keys, policies, told, queue, records, telling, now },
    stopping: new AbortController().signal,
  });
  const service = {
    ...{ keys, now },
    crypto: {} as never,
    randomHex: (bytes: number) => randomBytes(bytes).toString('hex'),
    limits: { keys: 1000, versionsPerKey: 1000, tagsPerKey: 15 },
  };
  const make = async () => ({ publicKey: { kty: 'oct-HSM', size: 256 } as const, blob: Buffer.alloc(1) });
  return {
    ...{ keys, records, job, told, telling },
    async look(): Promise<void> {
      const due = job.nextDue();
      if (due !== undefined && due <= world.time) await job.run();
    },
    async create(name: string, exp?: number): Promise<void> {
      const attributes = exp === undefined ? {} : { exp };
      const nothing = { tags: undefined, releasePolicy: undefined };
      const version = { kty: 'oct-HSM', keyOps: [], attributes, ...nothing, make } as const;
      await addVersion(name, version, (plan) => records.update(plan), service);
    },
  };
}

export type EventWorker = Awaited<ReturnType<typeof startEventWorker>>;
