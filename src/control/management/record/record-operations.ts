// Puts on record what is done in the management plane, and what is refused. A change of the records has its entry before it is in
// force, so that there is none without one; what changes nothing has its entry before it is answered.
import { createHash } from 'node:crypto';
import { ControlError, type ControlRequest } from '../../../http/control-row.ts';
import { type AuditEntry, AuditError, type AuditLog } from '../../../links/recorder/audit-log.ts';
import { auditEntryJson } from '../../../links/recorder/entry.ts';
import { printResources, type Resources } from '../resources.ts';
import { changesBetween } from './changes.ts';
import { answerEntry, changeEntry, type Refused, refusalEntry, startEntry } from './entry.ts';

/** For whom the records change; `itself`: because its time has come, or its work has ended. */
export type Requester = ControlRequest | 'itself';

export class OperationRecord {
  readonly #audit: AuditLog;
  readonly #log: (message: string) => void;

  constructor(audit: AuditLog, log: (message: string) => void) {
    this.#audit = audit;
    this.#log = log;
  }

  /** To be called before the answer leaves. @throws ControlError 503 */
  async answered(request: ControlRequest, status: number): Promise<void> {
    if (!request.visit.isOnRecord) await this.#append([answerEntry(request, status)]);
  }

  /** @param uncounted refusals like this one that have no entry @throws ControlError 503, to be answered instead */
  refused(request: ControlRequest, refusal: Refused, uncounted: number): Promise<void> {
    return this.#append([refusalEntry(request, refusal, uncounted)]);
  }

  /** Resolves when it is on record; until then it must not be in force. @throws ControlError 503 */
  async changed(by: Requester, before: Resources, after: Resources): Promise<void> {
    const changes = changesBetween(before, after);
    const records = digestOf(after);
    const request = by === 'itself' || by.visit.operationName === '' ? undefined : by;
    await this.#append(changes.map((change) => changeEntry(change, request, records)));
    if (request !== undefined && changes.length > 0) request.visit.isOnRecord = true;
  }

  /** What this start found; a digest that is none of the newest entry's shows that somebody else has changed the records. */
  async started(found: Resources): Promise<void> {
    await this.#append([startEntry(digestOf(found))]);
  }

  async #append(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await Promise.all(entries.map((entry) => this.#audit.append(auditEntryJson(entry))));
    } catch (cause) {
      if (!(cause instanceof AuditError)) throw cause;
      this.#log(`management: the log cannot be written: ${cause.message}`);
      throw new ControlError(
        503,
        'ServiceUnavailable',
        "The management plane's log cannot be written, and nothing is changed without it. Whoever runs this service finds why in logs/management-recorder.log of the data directory.",
        { cause, headers: { 'retry-after': '5' } },
      );
    }
  }
}

function digestOf(resources: Resources): string {
  return createHash('sha256').update(printResources(resources)).digest('base64url');
}
