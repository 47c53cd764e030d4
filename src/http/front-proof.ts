// By what an instance knows the front of its machine: a proof of one connection, never the secret itself. The instance's
// port may be somebody else's by the time that the front connects, and whoever listens there reads what the front says.
import type { Socket } from 'node:net';
import { type ConnectionProof, instanceKey, prove, provenAt } from '../formats/front-proof.ts';
import { readIpAddress, writeIpAddress } from '../formats/ip-address.ts';
import { writeLocalHeader, writeProxyHeader } from '../formats/proxy-protocol.ts';

/** Of those that the PROXY protocol leaves to private use. */
export const PROOF_EXTENSION = 0xe0;

/** The front writes its header as soon as it is connected; a busy instance may take the connection up much later. */
const MOST_AGE_NS = 30_000_000_000n;

export interface ConnectionProving {
  readonly secret: Uint8Array;
  readonly instance: string;
  /** Absent: the front speaks for itself. */
  readonly client?: { readonly address: string; readonly port: number };
}

/** The header that goes before all else on this connection to an instance. @param server connected */
export function proveConnection(server: Socket, { secret, instance, client }: ConnectionProving): Buffer {
  const source = client === undefined ? undefined : writeIpAddress(readIpAddress(client.address));
  const { localPort: fromPort = 0, remotePort: toPort = 0 } = server;
  const proof = prove(instanceKey(secret, instance), { source, fromPort, toPort }, sinceBoot());
  const extensions = new Map([[PROOF_EXTENSION, proof]]);
  return source === undefined ? writeLocalHeader(extensions) : writeProxyHeader(source, client?.port ?? 0, extensions);
}

/**
 * An instance's judgement of proofs. Those that were made before this was are refused: who had the port before may have
 * heard them. From then on nobody but the instance hears any, so none has to be remembered.
 */
export class KnownFront {
  readonly #key: () => Uint8Array | undefined;
  readonly #now: () => bigint;
  readonly #since: bigint;

  /** @param key undefined: not known yet; nobody is the front then. @param now nanoseconds, the same in all processes */
  constructor(key: () => Uint8Array | undefined, now: () => bigint = sinceBoot) {
    this.#key = key;
    this.#now = now;
    this.#since = now();
  }

  isShownBy(proof: Uint8Array | undefined, introduction: ConnectionProof): boolean {
    const key = this.#key();
    if (key === undefined || proof === undefined) return false;
    const [at, now] = [provenAt(key, proof, introduction), this.#now()];
    return at !== undefined && at >= this.#since && at <= now && now - at <= MOST_AGE_NS;
  }
}

/** The machine's own count, which all its processes see and nobody sets. */
function sinceBoot(): bigint {
  return process.hrtime.bigint();
}
