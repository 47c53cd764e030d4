// One request on its way in. It is one object from its arrival to its answer; its type tells how far it has come, so that a
// step cannot be given a call that is not as far. Only steps write to it; handlers get a `RowRequest` instead.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Peer } from './connection.ts';
import type { Principal } from './principal.ts';
import type { AnyRow, HostKind } from './route.ts';

/** Where it was, and when, for whoever looks at it from outside. */
export interface CallTrace {
  /** What the caller is told of it: `traceresponse` (W3C Trace Context). */
  readonly response: string;
  /** @param from milliseconds of the monotonic clock */
  passed(stage: string, from: number, to: number): void;
  end(call: Call, status: number, code: string): void;
}

/** One name under which the instance answers, and the challenge that goes with it. */
export interface Host {
  readonly authority: string;
  readonly kind: HostKind;
  readonly challenge: string;
}

/** As it arrived, and what the record of a refusal is made of: what no step has found out yet is undefined. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse & { prepared: string };
  readonly peer: Peer;
  /** To be called when the caller's token is valid: the connection is no stranger's from then on. */
  readonly tokenShown: () => void;
  /** `x-ms-request-id`, also the "Activity ID" of messages. */
  readonly id: string;
  /** Milliseconds of the monotonic clock at arrival. */
  readonly startedAt: number;
  /** Of `STAGES`, in which it is, and since when. */
  stage: 0 | 1 | 2 | 3 | 4 | 5 | 6;
  stageSince: number;
  /** Of a request that is traced. */
  trace: CallTrace | undefined;
  host: Host | undefined;
  /** Decoded, without duplicate slashes. */
  path: string;
  query: ReadonlyMap<string, string>;
  row: AnyRow | undefined;
  params: Readonly<Record<string, string | undefined>>;
  apiVersion: string;
  principal: Principal | undefined;
  scope: string | undefined;
  /** Name of the role assignment that allows the call. */
  grant: string | undefined;
  /** The revision of the records on which it was found; undefined: it may end without a change of them. */
  grantedAt: number | undefined;
  isWhole: boolean;
  /** Its turn among the requests ends with its answer. */
  inTurn: boolean;
  body: unknown;
}

/** It came to a name of ours, by a way that the name is answered on, from a peer that is let in. */
export interface NamedCall extends Call {
  readonly host: Host;
}

/** Its token was verified. */
export interface IdentifiedCall extends NamedCall {
  readonly principal: Principal;
}

/** Who asks for which operation. */
export interface KnownCall extends IdentifiedCall {
  readonly row: AnyRow;
}

/** A role allows it, or the row itself. */
export interface AuthorisedCall extends KnownCall {
  readonly scope: string;
  readonly grant: string;
}

/** Its body has come and reads, and the right to it is of a moment after that. */
export interface WholeCall extends AuthorisedCall {
  readonly isWhole: true;
}
