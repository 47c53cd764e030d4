// Sends the events of an instance, in the one worker that does: work of its own, so that a receiver that hangs holds up
// neither purges nor rotations.

import type { InstanceConfig } from '../deployment/instance.ts';
import { type DueWork, openDueWork } from '../features/clock/due-work.ts';
import { deliver } from '../features/events/deliver.ts';
import { eventJob, type SentEvent } from '../features/events/event-job.ts';
import type { EventTargets } from '../features/events/targets.ts';
import { overdueJob } from '../features/rehearsal/overdue-job.ts';
import { reportFailure } from '../http/report-failure.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import type { Head, Records } from '../store/sealed/records.ts';
import type { InstanceState } from './instance-state.ts';
import { recordOwnAct } from './service-entries.ts';

export interface EventSendingParts {
  readonly state: InstanceState;
  readonly records: Records;
  readonly audit: AuditLog;
  readonly targets: EventTargets;
  readonly stopping: AbortSignal;
}

export function openEventSending(
  { state, records, audit, targets, stopping }: EventSendingParts,
  config: InstanceConfig,
): DueWork {
  const { keys, policies, told, events: queue, settings, clock } = state;
  const [host] = config.hostNames;
  const { id, name, resourceId } = config;
  const source = { id, name, resourceId, origin: `https://${host?.authority ?? ''}` };
  const write = (sent: SentEvent, rest: string, more: { head?: Head; failure?: string }): Promise<void> =>
    recordOwnAct(audit, config, {
      operationName: 'EventDeliver',
      description: `${sent.type} ${sent.id}: ${sent.origin} ${sent.detail}.${rest}`,
      key: `/keys/${sent.event.key.name}/${sent.event.key.version}`,
      clockOffset: clock.offset,
      ...more,
    });
  const job = eventJob({
    keys,
    policies,
    told,
    queue,
    records,
    targets,
    address: () => settings.value('StrongroomEventWebhook'),
    source: {
      id: config.id,
      name: config.name,
      resourceId: config.resourceId,
      origin: `https://${host?.authority ?? ''}`,
    },
    now: clock.now,
    deliver,
    record: {
      taken: (sent, head) => write(sent, '', { head }),
      givenUp: (sent, head) => write(sent, ' It is given up.', { head, failure: 'GivenUp' }),
      failed: (sent, retryAt) =>
        write(sent, ` Next attempt ${new Date(retryAt * 1000).toISOString()}.`, { failure: 'NotDelivered' }),
    },
    stopping,
  });
  const overdue = overdueJob({
    schedule: state.rehearsalSchedule,
    told: state.toldOverdue,
    records,
    targets,
    address: () => settings.value('StrongroomEventWebhook'),
    source,
    now: clock.now,
    deliver,
    record: (description, more) =>
      recordOwnAct(audit, config, { operationName: 'EventDeliver', description, clockOffset: clock.offset, ...more }),
    stopping,
  });
  return openDueWork({
    jobs: [job, overdue],
    now: clock.now,
    refresh: () => records.refresh(),
    report: (name, error) => reportFailure(name, error),
  });
}
