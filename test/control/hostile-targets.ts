// What the hostile control process is told, so that it need not guess: everything but what is secret.

export interface HostileTargets {
  readonly root: string;
  readonly files: readonly string[];
  /** Socket of the management plane's recorder, which control is told of. */
  readonly log: string;
  readonly socketFolders: readonly string[];
  readonly pids: readonly number[];
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly attacker: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly hosts: readonly string[];
  readonly operations: readonly (readonly [method: string, path: string])[];
}
