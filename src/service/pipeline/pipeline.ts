// A request's one way through the service: in, checked, done, recorded, out. `serve` is the order; a step gives the call on, as
// one that has come further, or refuses it; refusals are recorded too, and nothing is answered that could not be recorded.

import type { Told } from '../../formats/metric-table.ts';
import { answered, type Outcome, refused, type ServiceHeaders, writeAnswer } from '../../http/answer.ts';
import type { AuthorisedCall, Call, IdentifiedCall, KnownCall, NamedCall, WholeCall } from '../../http/call.ts';
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
  committing,
  identify,
  rejectWhileShut,
  requireActivated,
  requireUnexpired,
} from './caller.ts';
import { auditEntryOf, type RecordedInstance } from './record.ts';
import { ANSWER, MODULE, NETWORK, RECORD, RequestFigures, ROLES, TOKEN, TURN } from './request-figures.ts';
import { FairTurns, openLoopTurns, operationLimits, REQUESTS } from './turns.ts';

export interface PipelineParts extends Omit<AddressParts, 'name'>, CallerParts {
  readonly records: Pick<Records, 'head' | 'refresh'>;
  readonly commit: Commit;
  readonly throttled: ThrottledTally;
  readonly audit: AuditLog;
  readonly instance: RecordedInstance;
  readonly partitions: number;
  readonly answerHeaders: ServiceHeaders;
  /** Undefined: the call is not traced. */
  readonly traced: (call: Call) => Call['trace'];
  /** Whether operations can be carried out now. */
  readonly isHealthy: () => boolean;
  /** Told of failures that the client is not told of. */
  readonly report: (call: Call, error: unknown) => void;
}

export interface Pipeline {
  readonly take: (call: Call) => void;
  /** What it has counted since it was built. */
  readonly told: () => Told;
}

export function buildPipeline(parts: PipelineParts): Pipeline {
  const { router, records, traced } = parts;
  const figures = new RequestFigures();
  const operations = new FairTurns(operationLimits(parts.partitions));
  const requests = new FairTurns(REQUESTS);
  const addressed: AddressParts = { ...parts, name: parts.instance.name };

  /**
   * The steps follow each other at once where nothing has to be waited for, which is the rule: each promise between them would cost
   * more than a step. @param waited since the look at the store, which is then older than the last byte of the request may be
   */
  function serve(call: Call, waited: boolean): void {
    let answer: Answer | Promise<Answer>;
    figures.enter(call, TOKEN);
    try {
      const named = requireNamed(call, addressed);
      if (named.path === HEALTH) {
        requireHealthMethod(call);
        parts.throttle.stranger(call.peer.address);
        return write(call, healthOf(parts.isHealthy()));
      }
      answer = letIn(named, waited);
    } catch (error) {
      return refuse(call, error);
    }
    if (!(answer instanceof Promise)) settle(call, answer);
    else
      answer.then(
        (late) => settle(call, late),
        (error: unknown) => refuse(call, error),
      );
  }

  function letIn(call: NamedCall, waited: boolean): Answer | Promise<Answer> {
    const identified = identify(call, parts);
    return identified instanceof Promise ? identified.then((late) => allow(late, true)) : allow(identified, waited);
  }

  function allow(call: IdentifiedCall, waited: boolean): Answer | Promise<Answer> {
    figures.enter(call, ROLES);
    const known = requireRow(call, addressed);
    const activated = requireActivated(known, parts);
    return activated === undefined ? readWhole(known, waited) : activated.then(() => readWhole(known, true));
  }

  function readWhole(call: KnownCall, waited: boolean): Answer | Promise<Answer> {
    rejectWhileShut(call, parts);
    const authorised = authorise(call, parts);
    const body = bodyOf(authorised);
    if (body instanceof Promise) {
      figures.enter(call, NETWORK);
      return body.then((late) => {
        figures.enter(call, ROLES);
        return judgeAsWhole(asWhole(authorised, late));
      });
    }
    const whole = asWhole(authorised, body);
    return waited || !call.request.complete ? judgeAsWhole(whole) : handleInTurn(whole);
  }

  /**
   * A client decides when the last byte of its body comes. What the state decides – network rules, names that are answered, a
   * restore, the token, rights – is asked again then: a request whose headers were let in before is not served by what was.
   */
  async function judgeAsWhole(call: WholeCall): Promise<Answer> {
    await judgeAgain(call);
    return await handleInTurn(call);
  }

  async function judgeAgain(call: WholeCall): Promise<void> {
    await records.refresh();
    requireNamed(call, addressed);
    requireUnexpired(call);
    rejectWhileShut(call, parts);
    authorise(call, parts);
  }

  function handleInTurn(call: WholeCall): Answer | Promise<Answer> {
    const { row, principal } = call;
    operations.notice(principal.oid);
    requests.notice(principal.oid);
    const weight = row.weight?.(call) ?? 0;
    if (weight > 0) return handleHeavy(call, weight);
    return requests.isAlone ? handle(call) : handleAmongOthers(call);
  }

  async function handleAmongOthers(call: WholeCall): Promise<Answer> {
    const turn = requests.enter(call.principal.oid, 1);
    if (turn !== undefined) await ofTurn(call, turn);
    call.inTurn = true;
    if (turn !== undefined) await judgeAgain(call);
    return await handle(call);
  }

  /** Who had to wait is judged anew: what was taken away meanwhile is used for nothing. */
  async function handleHeavy(call: WholeCall, weight: number): Promise<Answer> {
    const { oid } = call.principal;
    const turn = operations.enter(oid, weight);
    if (turn !== undefined) await ofTurn(call, turn);
    try {
      if (turn !== undefined) await judgeAgain(call);
      return await handle(call);
    } finally {
      operations.leave(oid, weight);
    }
  }

  function ofTurn(call: Call, turn: Promise<void>): Promise<void> {
    figures.enter(call, TURN);
    return turn;
  }

  function handle(call: WholeCall): Answer | Promise<Answer> {
    figures.enter(call, MODULE);
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
      commit: committing(call, parts),
      grantHeaders: () => readGrantHeaders(request.headers),
    });
  }

  function settle(call: Call, answer: Answer): void {
    let outcome: Outcome;
    try {
      outcome = answered(answer);
    } catch (error) {
      return refuse(call, error);
    }
    record(call, outcome, leave);
  }

  function refuse(call: Call, error: unknown): void {
    record(call, refusalOf(call, call.principal === undefined ? ofStranger(call, error) : error), leave);
  }

  // Whatever a stranger is refused with costs an entry in the log: how many there can be is limited here, for all steps. Whom the
  // service fails before it knows them may be no stranger: they are told that, and their refusals are counted as those of strangers.
  function ofStranger(call: Call, error: unknown): unknown {
    try {
      parts.throttle.stranger(call.peer.address);
      return error;
    } catch (cause) {
      const { status, code, message } = translateError(error, () => undefined, true);
      return status < 500 ? cause : new ServiceError(code, message, { cause });
    }
  }

  function write(call: Call, outcome: Outcome): void {
    if (call.inTurn && call.principal !== undefined) requests.leave(call.principal.oid, 1);
    call.inTurn = false;
    figures.leave(call, outcome);
    writeAnswer(call, outcome, parts.answerHeaders);
  }

  const loop = openLoopTurns({
    refresh: () => records.refresh(),
    judge: (call) => authoriseAgain(call, parts),
    write,
    withhold,
    serve,
    refuse,
  });

  function leave(call: Call, told: Outcome): void {
    if (isWhole(call) && needsRight(told)) loop.depart(call, told);
    else write(call, told);
  }

  /** The record then has two entries of the call: that it was carried out, and that its result was not given. */
  function withhold(call: Call, error: unknown): void {
    const { code, message } = translateError(error, () => undefined, true);
    const refusal =
      code === 'AccessDenied'
        ? new ServiceError(code, `${message}; it ended while the answer was being made, which is withheld`, {
            cause: error,
          })
        : error;
    record(call, refusalOf(call, refusal), write);
  }

  /** Makes the entry durable first; what cannot be recorded is answered with 503 instead. */
  function record(call: Call, outcome: Outcome, then: (call: Call, told: Outcome) => void): void {
    figures.enter(call, RECORD);
    const fail = (error: unknown): void => then(call, refusalOf(call, error));
    let durable: Promise<void>;
    try {
      let uncounted = 0;
      if (outcome.refusal !== undefined && isThrottled(outcome.refusal)) {
        const untold = parts.throttled.count(call.principal?.oid ?? call.peer.address);
        if (untold === undefined) return then(call, outcome);
        uncounted = untold;
      }
      const entry = auditEntryOf(call, outcome, parts.instance, uncounted);
      durable = parts.audit.append(auditEntryJson(entry), entry.storeHead?.sequence);
    } catch (error) {
      return fail(error);
    }
    durable.then(() => {
      figures.enter(call, ANSWER);
      then(call, outcome);
    }, fail);
  }

  function refusalOf(call: Call, error: unknown): Outcome {
    const refusal = translateError(error, (hidden) => parts.report(call, hidden), call.row?.repeatable ?? true);
    return refused(call, refusal, () => (call.path === HEALTH ? HEALTH_METHODS : router.methodsOf(call.path)));
  }

  return {
    take(call) {
      figures.arrived();
      call.trace = traced(call);
      loop.arrive(call);
    },
    told: () => figures.told({ module: operations.waiting, worker: requests.waiting }),
  };
}

/** Asked by whoever leads clients here. It needs no token and is not on record, and is limited as all is that strangers ask. */
const HEALTH = '/healthz';
const HEALTH_METHODS = ['GET', 'HEAD'];

function requireHealthMethod({ request: { method = '' } }: Call): void {
  if (!HEALTH_METHODS.includes(method)) {
    throw new ServiceError('MethodNotAllowed', `This path takes ${HEALTH_METHODS.join(', ')}`);
  }
}

function healthOf(isHealthy: boolean): Outcome {
  const [status, text] = isHealthy ? [200, 'OK'] : [503, 'No operation can be carried out now'];
  const rest = { headers: undefined, refusal: undefined, answer: undefined };
  return { status, text, contentType: 'text/plain; charset=utf-8', ...rest };
}

function isThrottled({ code, cause }: ServiceError): boolean {
  return code === 'Throttled' || (cause instanceof ServiceError && cause.code === 'Throttled');
}

function bodyOf({ row, request }: AuthorisedCall): unknown {
  const { readBody: read, bodyLimit = DATA_PLANE.body.limit } = row;
  return read && readBody(request, bodyLimit, DATA_PLANE.body, (bytes) => read(parseJsonObject(bytes)));
}

/** Its body has come, and reads. */
function asWhole(call: AuthorisedCall, body: unknown): WholeCall {
  call.body = body;
  call.isWhole = true;
  return call as WholeCall;
}

function isWhole(call: Call): call is WholeCall {
  return call.isWhole;
}

/**
 * A refusal gives nothing away that needs a right. A change was judged on the very state that it was committed on, which
 * orders it against every revocation; it stands, whatever came after.
 */
function needsRight({ answer }: Outcome): boolean {
  return answer !== undefined && answer.head === undefined;
}
