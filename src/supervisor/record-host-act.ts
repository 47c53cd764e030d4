// What the supervisor itself puts into the management plane's log: whatever control asks of it, before it is done, so that
// nothing is done to an instance without an entry, whoever control obeys; and that an operator has stopped or started one.
import { recordedDetail } from '../http/entry-detail.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { auditEntryJson, cut, KEPT_OF_CALLERS, KEPT_OF_STRANGERS, ownEntry } from '../links/recorder/entry.ts';
import type { WatchAct } from '../links/watch-act.ts';

/** Something that control, or an operator at the machine, has done to an instance. */
export interface HostAct {
  readonly what: 'provision' | 'update' | 'purge' | 'stop' | 'start';
  /** As control says it; there may be none of the name. */
  readonly instance: string;
  readonly wanted?: unknown;
  /** Whose command at the machine it is; absent: control asks for it. */
  readonly by?: 'operator';
  /** Why it was not done; absent: it is about to be. */
  readonly failure?: string;
}

/** @throws AuditError: then it must not be done */
export async function recordHostAct(audit: AuditLog, { what, instance, wanted, by, failure }: HostAct): Promise<void> {
  // Names and requests are control's word: whatever it says fits.
  const name = cut(instance, KEPT_OF_STRANGERS);
  const entry = ownEntry({
    category: 'Administrative',
    operationName: `Strongroom/instances/${what}/action`,
    resultSignature: 'Accepted',
    clientInfo: 'strongroom supervisor',
    httpStatusCode: 202,
    PoolName: name,
    properties: wanted === undefined ? {} : { wanted: cut(JSON.stringify(wanted) ?? '', 4 * KEPT_OF_CALLERS) },
    scope: `/instances/${name}`,
    ...(by === undefined ? {} : { resultDescription: `By a command at the machine: strongroom instance ${what}` }),
    ...(failure === undefined ? {} : notDone(failure)),
  });
  await audit.append(auditEntryJson(entry));
}

/** What the watcher did of the management plane. @throws AuditError */
export async function recordOwnWatchAct(
  audit: AuditLog,
  { what, description, detail, failure }: WatchAct,
): Promise<void> {
  const entry = ownEntry({
    category: 'Administrative',
    operationName: what,
    resultDescription: cut(description, KEPT_OF_CALLERS),
    clientInfo: 'strongroom watcher',
    properties: { detail: recordedDetail(detail) },
    ...(failure === undefined ? {} : notDone(failure)),
  });
  await audit.append(auditEntryJson(entry));
}

function notDone(failure: string) {
  const resultDescription = cut(failure, KEPT_OF_CALLERS);
  return { resultType: 'Failed', resultSignature: 'OperationFailed', resultDescription, httpStatusCode: 409 } as const;
}
