// Puts on record what is done in the management plane, and what is refused. A change of the records has its entry before it is in
// force, so that there is none without one; what changes nothing has its entry before it is answered.
import { createHash } from 'node:crypto';
import { type ControlCaller, ControlError, type ControlRequest } from '../../../http/control-row.ts';
import { type AuditEntry, AuditError, type AuditLog } from '../../../links/recorder/audit-log.ts';
import { auditEntryJson } from '../../../links/recorder/entry.ts';
import { printResources, type Resources } from '../resources.ts';
import { changesBetween } from './changes.ts';
import { type ActedFor, answerEntry, changeEntry, type Refused, refusalEntry, startEntry } from './entry.ts';

/** For whom the records change; `itself`: because its time has come, or its work has ended. */
export type Requester = ControlRequest | 'itself';

interface Arrived extends Pick<ActedFor, 'request' | 'operationName' | 'requestId' | 'address'> {
  /** Once a token of theirs was good. */
  caller(): ControlCaller | undefined;
}
export type RecordedOperation = ReturnType<OperationRecord['begin']>;

export class OperationRecord {
  readonly #audit: AuditLog;
  readonly #log: (message: string) => void;
  readonly #acts = new WeakMap<ControlRequest, { readonly now: () => ActedFor; isOnRecord: boolean }>();

  constructor(audit: AuditLog, log: (message: string) => void) {
    this.#audit = audit;
    this.#log = log;
  }

  /** From a request's arrival to its answer. */
  begin({ caller, ...arrived }: Arrived) {
    const startedAt = performance.now();
    let { request } = arrived;
    const act = {
      now: (): ActedFor => ({ ...arrived, request, caller: caller(), startedAt }),
      isOnRecord: false,
    };
    return {
      /** Handlers know it by this. */
      concerns: (whole: ControlRequest): void => {
        request = whole;
        this.#acts.set(whole, act);
      },
      /** To be called before the answer leaves. @throws ControlError 503 */
      answered: async (status: number): Promise<void> => {
        if (!act.isOnRecord) await this.#append([answerEntry(act.now(), status)]);
      },
      /** @param uncounted refusals like this one that have no entry @throws ControlError 503, to be answered instead */
      refused: (refusal: Refused, uncounted: number) => this.#append([refusalEntry(act.now(), refusal, uncounted)]),
    };
  }

  /** Resolves when it is on record; until then it must not be in force. @throws ControlError 503 */
  async changed(by: Requester, before: Resources, after: Resources): Promise<void> {
    const changes = changesBetween(before, after);
    const act = by === 'itself' ? undefined : this.#acts.get(by);
    const records = digestOf(after);
    await this.#append(changes.map((change) => changeEntry(change, act?.now(), records)));
    if (act !== undefined && changes.length > 0) act.isOnRecord = true;
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
