// What callers of the management plane may cost, by the limits of the data plane (`../limits`). Who has shown no valid token
// costs by address whatever they are refused with; a sign-in, which may guess a secret, is refused before that is looked at.
import type { Socket } from 'node:net';
import { DEFAULT_LIMITS, type RequestLimits } from '../../formats/request-limits.ts';
import { type Authenticate, ControlError, type ControlRequest } from '../../wire/control-row.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { openThrottle, type Throttle } from '../limits/request-limits.ts';
import { ThrottledTally } from '../limits/throttled-tally.ts';
import { peerAddress } from '../peer.ts';

export interface ControlCallersOptions {
  readonly limits?: RequestLimits | undefined;
  /** Seconds of a clock that only goes forward. */
  readonly elapsed?: (() => number) | undefined;
  readonly log: (message: string) => void;
}

/** One request, from its arrival to its answer. */
export interface Visit {
  /** @throws ServiceError Throttled */
  beginSignIn(): void;
  /** `counted` tells by it whose request this is. */
  concerns(request: ControlRequest): ControlRequest;
  /** To be called with the status of what is answered. */
  ended(status: number): void;
  /** What to refuse with instead of `error`, which may be the same. */
  refusal(error: unknown): unknown;
}

export class ControlCallers {
  readonly #throttle: Throttle;
  readonly #tally: ThrottledTally;
  readonly #log: (message: string) => void;
  /** Of connections that the front made to the listener, by their port there: who is at the other end of the front's own. */
  readonly #led = new Map<number, string>();
  /** Object ids of those whose token was good. */
  readonly #known = new WeakMap<ControlRequest, string>();

  constructor({ limits = DEFAULT_LIMITS, elapsed = () => performance.now() / 1000, log }: ControlCallersOptions) {
    this.#throttle = openThrottle(limits, elapsed);
    this.#tally = new ThrottledTally(elapsed);
    this.#log = log;
  }

  /** Nothing that the client sent has been passed on by then. */
  led(server: Socket, client: string): void {
    const port = server.localPort ?? 0;
    this.#led.set(port, client);
    server.once('close', () => this.#led.delete(port));
  }

  /** The same check, after which its caller is no stranger and costs by principal. */
  counted(authenticate: Authenticate): Authenticate {
    return async (request) => {
      const caller = await authenticate(request);
      this.#known.set(request, caller.oid);
      this.#throttle.principal(caller.oid);
      return caller;
    };
  }

  visit(socket: Socket): Visit {
    const address = this.#led.get(socket.remotePort ?? 0) ?? peerAddress(socket.remoteAddress);
    let concerned: ControlRequest | undefined;
    let giveBack: (() => void) | undefined;
    return {
      beginSignIn: () => {
        giveBack = this.#throttle.attempt(address);
      },
      concerns: (request) => {
        concerned = request;
        return request;
      },
      ended: (status) => {
        if (status < 400) giveBack?.();
      },
      refusal: (error) => {
        const oid = concerned === undefined ? undefined : this.#known.get(concerned);
        // A sign-in has paid for its refusal.
        const judged = oid === undefined && giveBack === undefined ? this.#ofStranger(address, error) : error;
        return judged instanceof ServiceError && judged.code === 'Throttled'
          ? this.#throttled(judged, oid ?? address)
          : judged;
      },
    };
  }

  #ofStranger(address: string, error: unknown): unknown {
    if (error instanceof ServiceError && error.code === 'Throttled') return error;
    try {
      this.#throttle.stranger(address);
      return error;
    } catch (throttled) {
      return throttled;
    }
  }

  #throttled({ message, retryAfter }: ServiceError, who: string): ControlError {
    const untold = this.#tally.count(who);
    if (untold !== undefined) {
      const others = untold === 0 ? '' : ` (${untold} before it are not logged)`;
      this.#log(`control: a request of ${who === '' ? 'a client without an address' : who} was throttled${others}`);
    }
    return new ControlError(429, 'TooManyRequests', message, { headers: { 'retry-after': String(retryAfter) } });
  }
}
