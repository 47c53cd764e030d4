// Both ends of the question who is at the other end of a loopback connection: control asks, the supervisor looks.
import { integer, list, record, text } from '../formats/shape.ts';
import type { Link } from './link.ts';
import { findLoopbackCaller, type LoopbackCaller } from './loopback-caller.ts';
import { callerFound, whoCalls } from './messages.ts';

export interface LoopbackConnection {
  /** The caller's end. */
  readonly address: string;
  readonly port: number;
  readonly localPort: number;
}

export type PeerLookup = (
  connection: LoopbackConnection,
  withExecutable: boolean,
) => Promise<LoopbackCaller | undefined>;

/** Everything at the other end of the link listens on this address. */
const SERVER = '127.0.0.1';
const PATIENCE_MS = 5_000;
const readCaller = record({ uid: integer(0, 0xffff_ffff) }, { executables: list(text, 1000) });

/** The supervisor's end. Looks are made one after the other: nobody makes it look at all processes many times at once. */
export function answerPeerLookup(link: Link): void {
  let last: Promise<unknown> = Promise.resolve();
  link.on(whoCalls, ({ query, address, port, localPort, withExecutable }) => {
    last = last.then(async () => {
      const caller = await findLoopbackCaller(
        { address, port },
        { address: SERVER, port: localPort },
        withExecutable === 1,
      ).catch(() => undefined);
      link.send(callerFound, { query, caller: caller ?? null });
    });
  });
}

/** Control's end. */
export function peerLookupOver(link: Link): PeerLookup {
  const waiting = new Map<number, (caller: LoopbackCaller | undefined) => void>();
  let lastQuery = 0;
  link.on(callerFound, ({ query, caller }) => {
    waiting.get(query)?.(caller === null ? undefined : readCaller(caller, 'caller'));
    waiting.delete(query);
  });
  return ({ address, port, localPort }, withExecutable) => {
    lastQuery = (lastQuery % 0xffff_ffff) + 1;
    const query = lastQuery;
    const { promise, resolve } = Promise.withResolvers<LoopbackCaller | undefined>();
    const timer = setTimeout(() => {
      waiting.delete(query);
      resolve(undefined);
    }, PATIENCE_MS);
    waiting.set(query, (caller) => {
      clearTimeout(timer);
      resolve(caller);
    });
    link.send(whoCalls, { query, address, port, localPort, withExecutable: withExecutable ? 1 : 0 });
    return promise;
  };
}
