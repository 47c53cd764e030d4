// Both ends of the question who is at the other end of a loopback connection: control asks, the supervisor looks.
import { setTimeout as delay } from 'node:timers/promises';
import { type LoopbackCaller, whoCalls } from './control-messages.ts';
import type { Link } from './link.ts';
import { findLoopbackCaller } from './loopback-caller.ts';

export type PeerLookup = (
  /** Address and port of the caller's end. */
  connection: { readonly address: string; readonly port: number; readonly localPort: number },
  withExecutable: boolean,
) => Promise<LoopbackCaller | undefined>;

/** Everything at the other end of the link listens on this address. */
const SERVER = '127.0.0.1';
const PATIENCE_MS = 5_000;

/** The supervisor's end. Looks are made one after the other: nobody makes it look at all processes many times at once. */
export function answerPeerLookup(link: Link): void {
  let last: Promise<LoopbackCaller | null> = Promise.resolve(null);
  link.answer(whoCalls, ({ address, port, localPort, withExecutable }) => {
    const look = () =>
      findLoopbackCaller({ address, port }, { address: SERVER, port: localPort }, withExecutable === 1);
    last = last.then(look).then(
      (caller) => caller ?? null,
      () => null,
    );
    return last;
  });
}

/** Control's end. */
export function peerLookupOver(link: Link): PeerLookup {
  return async (connection, withExecutable) => {
    const asked = link.request(whoCalls, { ...connection, withExecutable: withExecutable ? 1 : 0 }).catch(() => null);
    const answered = new AbortController();
    const late = delay(PATIENCE_MS, null, { ref: false, signal: answered.signal }).catch(() => null);
    const caller = await Promise.race([asked, late]);
    answered.abort();
    return caller ?? undefined;
  };
}
