// What an instance does by itself when its time has come, each time with an entry in the log.
import type { AuditLog } from '../features/audit/audit-log.ts';
import type { DueJob } from '../features/clock/due-work.ts';
import { nextPurge, type PurgeDue, purgeDue } from '../features/keys/purge-due.ts';
import type { InstanceConfig } from './config/instance.ts';
import { recordOwnAct } from './service-entries.ts';

export function purgeJob(
  service: Omit<PurgeDue, 'purged'> & { readonly audit: AuditLog; readonly clockOffset: () => number },
  config: InstanceConfig,
): DueJob {
  const { keys, audit, clockOffset } = service;
  return {
    name: 'purge of deleted keys',
    nextDue: () => nextPurge(keys),
    run: () =>
      purgeDue({
        ...service,
        purged: (name, scheduled, head) =>
          recordOwnAct(audit, config, {
            operationName: 'KeyPurge',
            description: `The retention ended; the purge was scheduled for ${new Date(scheduled * 1000).toISOString()}.`,
            key: `/keys/${name}`,
            head,
            clockOffset: clockOffset(),
          }),
      }),
  };
}
