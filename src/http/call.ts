// One request on its way through the pipeline: what came in, and what the steps have found out so far. Only steps write
// to it; handlers get a `RowRequest` instead.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Peer } from './peer.ts';
import type { Principal } from './principal.ts';
import type { AnyRow, HostKind } from './route.ts';

/** One name under which the instance answers, and the challenge that goes with it. */
export interface Host {
  readonly authority: string;
  readonly kind: HostKind;
  readonly challenge: string;
}

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
  /** To be called when the caller's token is valid: the connection is no stranger's from then on. */
  readonly tokenShown: () => void;
  /** `x-ms-request-id`, also the "Activity ID" of messages. */
  readonly id: string;
  /** Milliseconds of the monotonic clock at arrival. */
  readonly startedAt: number;
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
  body: unknown;
}

/** A step lets the call pass, or throws the refusal. */
export type Step = (call: Call) => void | Promise<void>;

/** `https://{authority}`; empty while the host is not known. */
export function originOf(call: Call): string {
  return call.host === undefined ? '' : `https://${call.host.authority}`;
}

/** The same in the client's own spelling, which differs in nothing but capitals and a port that is the usual one. */
export function spelledOriginOf(call: Call): string {
  return call.host === undefined ? '' : `https://${call.request.headers.host ?? call.host.authority}`;
}
