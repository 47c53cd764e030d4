// Decides when the log gets a new signed checkpoint, and has a connected worker, or the recorder's own signer, fetch the signature.
// Never asks for one that does not go on from the checkpoint on disk.
import { join } from 'node:path';
import { readIfThere } from '../files/read-if-there.ts';
import { parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { inTime } from '../links/recorder/audit-log.ts';
import type { Log, Snapshot } from './log.ts';

/** A worker that does not answer in this time does not sign. */
const SIGN_TIMEOUT = 5000;

/** Brings a signed note for exactly this tree from a module, or rejects. */
export interface Signer {
  sign(size: number, root: Uint8Array): Promise<string>;
}

export class Checkpointer {
  readonly #log: Log;
  readonly #folder: string;
  readonly #signers: () => readonly Signer[];
  /** The checkpoint on disk as this recorder read or wrote it. */
  #text: string | undefined;
  /** What was to take its place last: it may have, although the disk failed in the end. */
  #tried: string | undefined;
  #running: Promise<void> | undefined;

  constructor(log: Log, folder: string, signers: () => readonly Signer[]) {
    this.#log = log;
    this.#folder = folder;
    this.#signers = signers;
    this.#text = this.#read();
  }

  /** Brings the checkpoint up to the entries stored at the call. @throws when no worker signs or the disk refuses */
  async run(): Promise<void> {
    await this.settled();
    if (this.#log.size === this.#log.checkpointSize) return;
    this.#running ??= this.#renew().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Resolves when no checkpoint is under way: one that a worker asked for as it left goes on without it. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {
      // Told to whoever started it.
    });
  }

  async #renew(): Promise<void> {
    const snapshot = this.#log.snapshot();
    const found = this.#read();
    if (found !== this.#text && found !== this.#tried)
      throw new Error('the checkpoint on disk was changed by somebody else');
    this.#text = found;
    const note = await this.#sign(snapshot);
    this.#check(note, snapshot);
    this.#tried = note;
    await this.#log.publish(note, snapshot);
    this.#text = note;
  }

  async #sign({ size, root }: Snapshot): Promise<string> {
    let last: unknown = new Error('no worker is connected');
    for (const signer of this.#signers()) {
      try {
        return await inTime(signer.sign(size, root), SIGN_TIMEOUT, () => 'the worker did not answer');
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  /** What the worker brings must say what it was asked to say; the signature is the verifier's business. */
  #check(note: string, { size, root }: Snapshot): void {
    const { note: parsed, checkpoint } = parseCheckpoint(note);
    if (
      checkpoint.origin !== this.#log.origin ||
      checkpoint.size !== size ||
      !checkpoint.root.equals(root) ||
      !parsed.signatures.some(({ name }) => name === checkpoint.origin)
    ) {
      throw new Error('a worker brought a checkpoint that it was not asked for');
    }
  }

  #read(): string | undefined {
    return readIfThere(join(this.#folder, 'checkpoint'));
  }
}
