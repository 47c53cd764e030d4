// How the management plane reaches keys: it does not. It hands the caller's own request and token to the instance, which
// judges both by itself: its setting, the caller's local role, the token's signature.

export interface InstanceQuestion {
  /** Lower-case name of the HSM. */
  readonly hsm: string;
  readonly method: 'GET' | 'PUT';
  /** Path and query. */
  readonly path: string;
  /** The caller's own header, handed on as it came. */
  readonly authorization: string;
  readonly body?: unknown;
}

export interface InstanceAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** Undefined: the instance does not serve now. */
export type AskInstance = (question: InstanceQuestion) => Promise<InstanceAnswer | undefined>;
