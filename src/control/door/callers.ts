// What callers of the management plane may cost, by the limits of the data plane (`../limits`). Who has shown no valid token
// costs by address whatever they are refused with; a sign-in, which may guess a secret or leave something in memory, is refused before that.
// Whom the service fails before it knows them may be no stranger: they are told that, and counted as strangers are.
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { DEFAULT_LIMITS, type RequestLimits } from '../../formats/request-limits.ts';
import { type Authenticate, ControlError, type ControlRow, internalError, type Visit } from '../../http/control-row.ts';
import { openThrottle, type Throttle } from '../../http/limits/request-limits.ts';
import { ThrottledTally } from '../../http/limits/throttled-tally.ts';
import { ServiceError } from '../../http/service-error.ts';

interface ControlCallersOptions {
  readonly limits?: RequestLimits | undefined;
  /** Seconds of a clock that only goes forward. */
  readonly elapsed?: (() => number) | undefined;
  readonly log: (message: string) => void;
}

/** Whoever did not come through the front. It is at the machine, where it has any loopback address it likes: they count as one. */
const NOT_LED = { client: '', known() {} };

export type CountedVisit = ReturnType<ControlCallers['visit']>;

export class ControlCallers {
  readonly #throttle: Throttle;
  readonly #tally: ThrottledTally;
  readonly #recorded: ThrottledTally;
  readonly #log: (message: string) => void;
  /** Of connections that the front made to the listener, by their end of it: who is at the other end of the front's own. */
  readonly #led = new Map<string, { readonly client: string; readonly known: () => void }>();

  constructor({ limits = DEFAULT_LIMITS, elapsed = () => performance.now() / 1000, log }: ControlCallersOptions) {
    this.#throttle = openThrottle(limits, elapsed);
    this.#tally = new ThrottledTally(elapsed);
    this.#recorded = new ThrottledTally(elapsed);
    this.#log = log;
  }

  /** Nothing that the client sent has been passed on by then. @param known to be called when it has shown a valid token */
  led(server: Socket, client: string, known: () => void): void {
    const end = endOf(server.localAddress, server.localPort);
    this.#led.set(end, { client, known });
    server.once('close', () => this.#led.delete(end));
  }

  /** The same check, after which its caller is no stranger and costs by principal. */
  counted(authenticate: Authenticate): Authenticate {
    return async (request) => {
      const caller = await authenticate(request);
      request.visit.caller = caller;
      request.visit.known();
      this.#throttle.principal(caller.oid);
      return caller;
    };
  }

  visit(socket: Socket) {
    const { client: address, known } = this.#led.get(endOf(socket.remoteAddress, socket.remotePort)) ?? NOT_LED;
    const visit: Visit = {
      requestId: randomUUID(),
      address,
      startedAt: performance.now(),
      operationName: '',
      caller: undefined,
      known,
      isOnRecord: false,
    };
    let hasPaid = false;
    let isThrottled = false;
    let giveBack: (() => void) | undefined;
    return {
      visit,
      /** For the record of a refusal: how many before it have no entry; undefined: nor has this one. */
      uncounted: () => (isThrottled ? this.#recorded.count(visit.caller?.oid ?? address) : 0),
      /** Takes what the row costs before anything is looked at. @throws ServiceError Throttled */
      begin: ({ signsIn, beginsSignIn }: Pick<ControlRow, 'signsIn' | 'beginsSignIn'>): void => {
        if (beginsSignIn === true) this.#throttle.beginning(address);
        if (signsIn === true) giveBack = this.#throttle.attempt(address);
        hasPaid = beginsSignIn === true || signsIn === true;
      },
      /** To be called with the status of what is answered. @throws ServiceError Throttled, to be answered instead, unless the row has taken its cost */
      ended: (status: number): void => {
        // With 503 no secret was found wrong.
        if (status < 400 || status === 503) giveBack?.();
        if (status < 400) {
          // A sign-in that was good has shown a secret.
          if (giveBack !== undefined) known();
        } else if (!hasPaid && visit.caller === undefined) this.#throttle.stranger(address);
      },
      /** What to refuse with instead of `error`, which may be the same. */
      refusal: (error: unknown): unknown => {
        const { caller } = visit;
        if (error instanceof ControlError && error.status === 503) giveBack?.();
        const throttled = caller === undefined && !hasPaid ? this.#beyondShare(address, error) : asThrottled(error);
        if (throttled === undefined) return error;
        isThrottled = true;
        this.#logThrottled(caller?.oid ?? address);
        if (error === throttled || (error instanceof ControlError && error.status < 500))
          return tooManyRequests(throttled);
        return error instanceof ControlError ? error : internalError(visit.requestId);
      },
    };
  }

  #beyondShare(address: string, error: unknown): ServiceError | undefined {
    const before = asThrottled(error);
    if (before !== undefined) return before;
    try {
      this.#throttle.stranger(address);
      return undefined;
    } catch (throttled) {
      return asThrottled(throttled);
    }
  }

  #logThrottled(who: string): void {
    const untold = this.#tally.count(who);
    if (untold === undefined) return;
    const others = untold === 0 ? '' : ` (${untold} before it are not logged)`;
    this.#log(`control: a request of ${who === '' ? 'a client without an address' : who} was throttled${others}`);
  }
}

function tooManyRequests({ message, retryAfter }: ServiceError): ControlError {
  return new ControlError(429, 'TooManyRequests', message, { headers: { 'retry-after': String(retryAfter) } });
}

function asThrottled(error: unknown): ServiceError | undefined {
  return error instanceof ServiceError && error.code === 'Throttled' ? error : undefined;
}

/** One end of a connection. Its port alone is nobody's: it is free again at each further loopback address. */
function endOf(address: string | undefined, port: number | undefined): string {
  return `${address} ${port}`;
}
