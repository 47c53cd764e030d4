// The files by which the harness steers `faults.c` inside the product's processes: one for each kind of process.
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

export const ROLES = [
  'supervisor',
  'control',
  'management-recorder',
  'recorder',
  'service',
  'module',
  'ceremony',
  'watcher',
  'indexer',
] as const;
export type Role = (typeof ROLES)[number];

/** As `struct control` of faults.c has them, 32 bits each; then the clock, 64 bits, the counts, and what went by, 64 bits. */
const FIELDS = ['target', 'syncDelay', 'syncError', 'writeError', 'torn', 'changeError', 'openError', 'pipe'] as const;
const CLOCK_AT = 32;
const BITES_AT = 40;
const CLOCK_BITES_AT = 44;
const PASSED_AT = 48;
const LENGTH = 56;

export interface Fault {
  /** The only process that is meant. */
  readonly target?: number;
  readonly syncDelay?: number;
  readonly syncError?: number;
  readonly writeError?: number;
  /** Half of a write that fails gets through. */
  readonly torn?: 1;
  readonly changeError?: number;
  readonly openError?: number;
  readonly pipe?: typeof GARBAGE | typeof NOTHING;
}

export const GARBAGE = 1;
export const NOTHING = 2;
export const { EIO, ENOSPC, EROFS, EMFILE } = constants.errno;

/** For node, ahead of the product's entry. @param cores of the machine that the product believes to be on */
export function insideFlags(cores: number): readonly string[] {
  const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts'));
  inside.searchParams.set('cores', String(cores));
  return [`--import=${inside.href}`];
}

/** Which kind of process is started with these arguments. */
export function roleOf(args: readonly string[]): Role | undefined {
  const entry = args.find((arg) => /\/src\/([a-z]+|module\/ceremony)\/main\.ts$/.test(arg));
  const [, room] = /([a-z]+)\/main\.ts$/.exec(entry ?? '') ?? [];
  if (room === 'recorder' && args.includes('--module')) return 'management-recorder';
  return ROLES.find((role) => role === room);
}

export class FaultControl implements Disposable {
  readonly #folder: string;
  readonly #files = new Map<Role, number>();

  /** @param folder that was opened before, by this process or another */
  constructor(folder: string) {
    this.#folder = folder;
    for (const role of ROLES) {
      this.#files.set(role, openSync(join(folder, role), 'r+'));
    }
  }

  /** Compiles what is loaded into the processes. @param folder nobody else's */
  static async open(folder: string): Promise<FaultControl> {
    const source = join(import.meta.dirname, 'faults.c');
    const library = join(folder, 'faults.so');
    await promisify(execFile)('gcc', [
      '-O2',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-shared',
      '-fPIC',
      '-o',
      library,
      source,
      '-ldl',
    ]);
    for (const role of ROLES) writeFileSync(join(folder, role), Buffer.alloc(LENGTH), { mode: 0o600 });
    return new FaultControl(folder);
  }

  get variables(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: join(this.#folder, 'faults.so'), STRONGROOM_FAULTS: join(this.#folder, 'supervisor') };
  }

  /** In place of whatever the processes of this kind had, but for their clock. */
  set(role: Role, fault: Fault): void {
    const bytes = Buffer.alloc(CLOCK_AT);
    FIELDS.forEach((field, index) => bytes.writeInt32LE(fault[field] ?? 0, index * 4));
    writeSync(this.#fd(role), bytes, 0, CLOCK_AT, 0);
  }

  /** All processes agree. @param seconds that the calendar is ahead */
  setClock(seconds: number): void {
    this.#setAll(seconds, CLOCK_AT);
  }

  /** Every clock of every process has gone on by so much, in all: timers end that would have ended. */
  setPassed(seconds: number): void {
    this.#setAll(seconds, PASSED_AT);
  }

  /** How often something went wrong there so far, but for the clock. */
  bites(role: Role): number {
    return this.#count(role, BITES_AT);
  }

  /** How often any of them read a calendar that is wrong. */
  get clockBites(): number {
    return ROLES.reduce((sum, role) => sum + this.#count(role, CLOCK_BITES_AT), 0);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#files.values()) closeSync(fd);
  }

  #setAll(seconds: number, at: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    for (const role of ROLES) writeSync(this.#fd(role), bytes, 0, 8, at);
  }

  #count(role: Role, at: number): number {
    const bytes = Buffer.alloc(4);
    readSync(this.#fd(role), bytes, 0, 4, at);
    return bytes.readUInt32LE();
  }

  #fd(role: Role): number {
    const fd = this.#files.get(role);
    if (fd === undefined) throw new Error(`no control file of ${role}`);
    return fd;
  }
}
