// What an instance does by itself when its time has come, each time with an entry in the log.

import { CryptoError } from '../crypto/protocol/messages.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import type { DueJob } from '../features/clock/due-work.ts';
import { keyDetail } from '../features/keys/entry-details.ts';
import { nextPurge, type PurgeDue, purgeDue } from '../features/keys/purge-due.ts';
import { assignmentDetail } from '../features/roles/entry-details.ts';
import { type ExpireDue, expireDue, nextExpiry } from '../features/roles/expire-due.ts';
import { type RotateDue, rotationJob } from '../features/rotation/rotate-due.ts';
import { reportFailure } from '../http/report-failure.ts';
import { ServiceError } from '../http/service-error.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
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
            detail: { scheduledPurgeDate: dateOf(scheduled) },
            description: `The retention ended; the purge was scheduled for ${dateOf(scheduled)}.`,
            key: `/keys/${name}`,
            head,
            clockOffset: clockOffset(),
          }),
      }),
  };
}

export function expiryJob(
  service: Omit<ExpireDue, 'expired'> & { readonly audit: AuditLog; readonly clockOffset: () => number },
  config: InstanceConfig,
): DueJob {
  const { roles, audit, clockOffset } = service;
  return {
    name: 'removal of grants that have ended',
    nextDue: () => nextExpiry(roles),
    run: () =>
      expireDue({
        ...service,
        expired(assignment, head) {
          const { name, principalId, definition, scope, expiresAt = 0 } = assignment;
          return recordOwnAct(audit, config, {
            operationName: 'RoleAssignmentExpire',
            description:
              `Assignment ${name} of the role ${definition} to ${principalId} at ${scope.path} ended ` +
              `${dateOf(expiresAt)}, as was said when it was made.`,
            detail: assignmentDetail(assignment, roles),
            head,
            clockOffset: clockOffset(),
          });
        },
      }),
  };
}

export function rotateIfDueJob(
  service: Omit<RotateDue, 'record'> & { readonly audit: AuditLog; readonly clockOffset: () => number },
  config: InstanceConfig,
): DueJob {
  const { audit, clockOffset } = service;
  const operationName = 'KeyRotateIfDue';
  return rotationJob({
    ...service,
    record: {
      rotated: ({ due, from, to, head }) =>
        recordOwnAct(audit, config, {
          operationName,
          description: `The rotation policy says so since ${dateOf(due)}; the version before is ${from.version}.`,
          detail: { ...keyDetail(to), previousVersion: from.version },
          key: `/keys/${to.name}/${to.version}`,
          head,
          clockOffset: clockOffset(),
        }),
      failed: async ({ due, key, error, retryAt }) => {
        const isOurs = error instanceof ServiceError || error instanceof CryptoError;
        if (!isOurs) reportFailure(`rotation of ${key.name}`, error);
        await recordOwnAct(audit, config, {
          operationName,
          description: `Due since ${dateOf(due)}: ${isOurs ? error.message : 'it failed'}. Next attempt ${dateOf(retryAt)}.`,
          key: `/keys/${key.name}/${key.version}`,
          failure: isOurs ? error.code : 'InternalServerError',
          clockOffset: clockOffset(),
        });
      },
    },
  });
}

function dateOf(time: number): string {
  return new Date(time * 1000).toISOString();
}
