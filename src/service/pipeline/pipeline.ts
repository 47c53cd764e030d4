// A request's one way through the service: in, checked, done, recorded, out. The list `steps` is the order; a step lets
// the call pass or refuses, refusals are recorded too, and nothing is answered that could not be recorded.

import type { TokenVerifier } from '../../features/auth/verify-token.ts';
import type { ArrivingPeer, Refusal } from '../../features/network-rules/admission.ts';
import type { Roles } from '../../features/roles/evaluate.ts';
import { type Call, type Host, originOf, type Step, spelledOriginOf } from '../../http/call.ts';
import type { Throttle } from '../../http/limits/request-limits.ts';
import type { ThrottledTally } from '../../http/limits/throttled-tally.ts';
import { answered, type Outcome, refused } from '../../http/outcome.ts';
import type { HostKind } from '../../http/route.ts';
import type { Router } from '../../http/router.ts';
import { ServiceError } from '../../http/service-error.ts';
import { readStated } from '../../http/stated.ts';
import { translateError } from '../../http/translate-error.ts';
import { TurnQueue } from '../../http/turn-queue.ts';
import { type AnswerHeaders, writeAnswer } from '../../http/write-answer.ts';
import type { AuditLog } from '../../links/recorder/audit-log.ts';
import { auditEntryJson } from '../../links/recorder/entry.ts';
import type { Commit, Records } from '../../store/sealed/records.ts';
import { openDepartures } from './departures.ts';
import { auditEntryOf, type RecordedInstance } from './record.ts';
import { admit } from './steps/admit.ts';
import { assignRow } from './steps/assign-row.ts';
import { assignTarget } from './steps/assign-target.ts';
import { authenticate } from './steps/authenticate.ts';
import { authorise } from './steps/authorise.ts';
import { readBody } from './steps/read-body.ts';
import { reauthorise, requireUnexpired } from './steps/reauthorise.ts';
import { rejectDuringRestore } from './steps/reject-during-restore.ts';
import { requireActivated } from './steps/require-activated.ts';
import { requireHost } from './steps/require-host.ts';
import { requireRow } from './steps/require-row.ts';

export interface PipelineParts {
  readonly router: Router;
  /** The names as they are now. */
  readonly hosts: () => ReadonlyMap<string, Host>;
  readonly isServed: (kind: HostKind) => boolean;
  /** The network rules as they are now. */
  readonly judge: (peer: ArrivingPeer) => Refusal | undefined;
  readonly throttle: Throttle;
  readonly throttled: ThrottledTally;
  readonly verifiers: Readonly<Record<HostKind, TokenVerifier>>;
  readonly roles: Roles;
  readonly isActive: () => boolean | Promise<boolean>;
  readonly isRestoring: () => boolean;
  readonly records: Records;
  readonly audit: AuditLog;
  readonly instance: RecordedInstance;
  readonly answerHeaders: AnswerHeaders;
  /** Told of failures that the client is not told of. */
  readonly report: (call: Call, error: unknown) => void;
}

export function buildPipeline(parts: PipelineParts): (call: Call) => void {
  const { router, records } = parts;
  const targeted = assignTarget(parts.hosts, parts.isServed);
  const admitted = admit(parts.judge);
  const named = requireHost(parts.hosts, parts.isServed, parts.instance.name);
  const notRestoring = rejectDuringRestore(parts.isRestoring);
  const authorised = authorise(parts.roles);
  const steps: readonly Step[] = [
    targeted,
    assignRow(router),
    admitted,
    named,
    authenticate(parts.verifiers, parts.throttle),
    requireRow(router),
    requireActivated(parts.isActive),
    notRestoring,
    authorised,
    readBody,
  ];
  const again: readonly Step[] = [targeted, admitted, named, requireUnexpired, notRestoring, authorised];

  async function serve(call: Call, fresh: Promise<void> | undefined): Promise<void> {
    let outcome: Outcome;
    // Looked at before the steps: what they check is then newer than the last byte of the request.
    const arrivedWhole = call.request.complete;
    try {
      if (fresh !== undefined) await fresh;
      for (const step of steps) {
        const pending = step(call);
        if (pending !== undefined) await pending;
      }
      if (!arrivedWhole) await reauthorise(call, records, again);
      outcome = answered(await handle(call, commitOf(call)));
    } catch (error) {
      outcome = refusalOf(call, call.principal === undefined ? ofStranger(call, error) : error);
    }
    depart(call, await recorded(call, outcome));
  }

  /** The caller's right is judged on the state that the plan is made on. */
  function commitOf(call: Call): Commit {
    return (plan) =>
      records.update(() => {
        authorised(call);
        return plan();
      });
  }

  /** Whatever a stranger is refused with costs an entry in the log: how many there can be is limited here, for all steps. */
  function ofStranger(call: Call, error: unknown): unknown {
    try {
      parts.throttle.stranger(call.peer.address);
      return error;
    } catch (throttled) {
      return throttled;
    }
  }

  const write = (call: Call, outcome: Outcome): void => writeAnswer(call, outcome, parts.answerHeaders);
  const depart = openDepartures({
    refresh: () => records.refresh(),
    authorised,
    write,
    // It answers every error itself; it does not reject.
    withhold: (call, error) => void withhold(call, error),
  });

  /** The record then has two entries of the call: that it was carried out, and that its result was not given. */
  async function withhold(call: Call, error: unknown): Promise<void> {
    const { code, message } = translateError(error, () => undefined, true);
    const refusal =
      code === 'AccessDenied'
        ? new ServiceError(code, `${message}; it ended while the answer was being made, which is withheld`, {
            cause: error,
          })
        : error;
    write(call, await recorded(call, refusalOf(call, refusal)));
  }

  /** Makes the entry durable first; what cannot be recorded is answered with 503 instead. */
  async function recorded(call: Call, outcome: Outcome): Promise<Outcome> {
    try {
      let uncounted = 0;
      if (outcome.refusal?.code === 'Throttled') {
        const untold = parts.throttled.count(call.principal?.oid ?? call.peer.address);
        if (untold === undefined) return outcome;
        uncounted = untold;
      }
      const entry = auditEntryOf(call, outcome, parts.instance, uncounted);
      await parts.audit.append(auditEntryJson(entry), entry.storeHead?.sequence);
      return outcome;
    } catch (error) {
      return refusalOf(call, error);
    }
  }

  function refusalOf(call: Call, error: unknown): Outcome {
    const refusal = translateError(error, (hidden) => parts.report(call, hidden), call.row?.repeatable ?? true);
    return refused(call, refusal, () => router.methodsOf(call.path));
  }

  const arrivals = new TurnQueue<Call>((calls) => {
    const fresh = refresh(records);
    // `serve` answers every error itself; it does not reject.
    for (const call of calls) void serve(call, fresh);
  });
  return (call) => arrivals.push(call);
}

/** A look at the store that fails refuses every call of the turn. */
function refresh(records: Records): Promise<void> | undefined {
  try {
    const pending = records.refresh();
    // Each call awaits it; this keeps a turn without calls left from ending in an unhandled rejection.
    pending?.catch(() => undefined);
    return pending;
  } catch (error) {
    const failed = Promise.reject(error as Error);
    failed.catch(() => undefined);
    return failed;
  }
}

function handle(call: Call, commit: Commit): ReturnType<NonNullable<Call['row']>['handle']> {
  const { row, principal, host } = call;
  if (row === undefined || principal === undefined || host === undefined)
    throw new Error('handlers run after the row, the caller and the host are known');
  const origin = originOf(call);
  return row.handle({
    params: call.params,
    query: call.query,
    apiVersion: call.apiVersion,
    body: call.body,
    origin,
    spelledOrigin: spelledOriginOf(call),
    names: host.kind,
    url: origin + (call.request.url ?? ''),
    principal,
    peer: call.peer,
    grant: call.grant ?? '',
    commit,
    stated: () => readStated(call.request.headers),
  });
}
