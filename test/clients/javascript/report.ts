// How a client program in JavaScript tells what it checked and asks for what is not its to do: a JSON line for each,
// answered by a line on standard input. Whatever a check comes to, the next one is made.
import { createInterface } from 'node:readline';

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function check(name: string, made: () => Promise<unknown>): Promise<void> {
  try {
    await made();
    write({ check: name });
  } catch (error) {
    write({ check: name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** Has somebody else make a key. */
export const create = (key: string, kty: string): Promise<void> => ask({ ask: 'create', key, kty });
/** Has somebody else rotate a key. */
export const rotate = (key: string): Promise<void> => ask({ ask: 'rotate', key });
/** Takes every role from this program. */
export const revoke = (): Promise<void> => ask({ ask: 'revoke' });

/** No more is asked, so the program may end. */
export const done = (): void => void process.stdin.destroy();

async function ask(request: Readonly<Record<string, string>>): Promise<void> {
  write(request);
  const { value } = await answers.next();
  if (value !== '{}') throw new Error(`asked in vain: ${String(value)}`);
}

function write(line: Readonly<Record<string, string>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
