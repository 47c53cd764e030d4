// A request's one way through the service: in, checked, done, recorded, out. `serve` is the order; a step gives the call on, as
// one that has come further, or refuses it; refusals are recorded too, and nothing is answered that could not be recorded.

import { answered, type Outcome, refused, type ServiceHeaders, writeAnswer } from '../../http/answer.ts';
import type { AuthorisedCall, Call, WholeCall } from '../../http/call.ts';
import { readGrantHeaders } from '../../http/grant-headers.ts';
import type { ThrottledTally } from '../../http/limits/throttled-tally.ts';
import { DATA_PLANE } from '../../http/planes.ts';
import { parseJsonObject, readBody } from '../../http/read-body.ts';
import type { Answer } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { translateError } from '../../http/translate-error.ts';
import type { AuditLog } from '../../links/recorder/audit-log.ts';
import { auditEntryJson } from '../../links/recorder/entry.ts';
import type { Commit, Records } from '../../store/sealed/records.ts';
import { type AddressParts, originOf, requireNamed, requireRow } from './address.ts';
import {
  authorise,
  authoriseAgain,
  type CallerParts,
  identify,
  rejectDuringRestore,
  requireActivated,
  requireUnexpired,
} from './caller.ts';
import { auditEntryOf, type RecordedInstance } from './record.ts';
import { openAnswerGate, RequestBatch } from './turns.ts';

export interface PipelineParts extends Omit<AddressParts, 'name'>, CallerParts {
  readonly records: Pick<Records, 'head' | 'refresh'>;
  readonly commit: Commit;
  readonly throttled: ThrottledTally;
  readonly audit: AuditLog;
  readonly instance: RecordedInstance;
  readonly answerHeaders: ServiceHeaders;
  /** Told of failures that the client is not told of. */
  readonly report: (call: Call, error: unknown) => void;
}

export function buildPipeline(parts: PipelineParts): (call: Call) => void {
  const { router, records } = parts;
  const addressed: AddressParts = { ...parts, name: parts.instance.name };

  async function serve(call: Call, fresh: Promise<void> | undefined): Promise<void> {
    let outcome: Outcome;
    let whole: WholeCall | undefined;
    // Looked at before the steps: what they check is then newer than the last byte of the request.
    const arrivedWhole = call.request.complete;
    try {
      if (fresh !== undefined) await fresh;
      const named = requireNamed(call, addressed);
      const identified = identify(named, parts);
      const known = requireRow(identified instanceof Promise ? await identified : identified, addressed);
      const activated = requireActivated(known, parts);
      if (activated !== undefined) await activated;
      rejectDuringRestore(known, parts);
      const authorised = authorise(known, parts);
      const reading = bodyOf(authorised);
      const body = reading instanceof Promise ? await reading : reading;
      whole = Object.assign(authorised, { body, isWhole: true as const });
      if (!arrivedWhole) await judgeAsWhole(whole);
      outcome = answered(await handle(whole));
    } catch (error) {
      outcome = refusalOf(call, call.principal === undefined ? ofStranger(call, error) : error);
    }
    const told = await recorded(call, outcome);
    if (whole !== undefined && needsRight(told)) releaseAnswer({ call: whole, outcome: told });
    else write(call, told);
  }

  /**
   * A client decides when the last byte of its body comes. What the state decides – network rules, names that are answered, a
   * restore, the token, rights – is asked again then: a request whose headers were let in before is not served by what was.
   */
  async function judgeAsWhole(call: WholeCall): Promise<void> {
    await records.refresh();
    requireNamed(call, addressed);
    requireUnexpired(call);
    rejectDuringRestore(call, parts);
    authorise(call, parts);
  }

  function handle(call: WholeCall): Answer | Promise<Answer> {
    const { row, params, query, apiVersion, body, host, request, principal, peer, grant } = call;
    const origin = originOf(call);
    return row.handle({
      params,
      query,
      apiVersion,
      body,
      origin,
      spelledOrigin: `https://${request.headers.host ?? host.authority}`,
      names: host.kind,
      url: origin + (request.url ?? ''),
      principal,
      peer,
      grant,
      commit: (plan) =>
        parts.commit(() => {
          authorise(call, parts);
          return plan();
        }),
      grantHeaders: () => readGrantHeaders(request.headers),
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
  const releaseAnswer = openAnswerGate({
    refresh: () => records.refresh(),
    judge: (call) => authoriseAgain(call, parts),
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

  const arrivals = new RequestBatch<Call>((calls) => {
    const fresh = refresh(records);
    // `serve` answers every error itself; it does not reject.
    for (const call of calls) void serve(call, fresh);
  });
  return (call) => arrivals.push(call);
}

/** A look at the store that fails refuses every call of the turn. */
function refresh(records: Pick<Records, 'refresh'>): Promise<void> | undefined {
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

function bodyOf({ row, request }: AuthorisedCall): unknown {
  const { readBody: read, bodyLimit = DATA_PLANE.body.limit } = row;
  return read && readBody(request, bodyLimit, DATA_PLANE.body, (bytes) => read(parseJsonObject(bytes)));
}

/**
 * A refusal gives nothing away that needs a right. A change was judged on the very state that it was committed on, which
 * orders it against every revocation; it stands, whatever came after.
 */
function needsRight({ answer }: Outcome): boolean {
  return answer !== undefined && answer.head === undefined;
}
