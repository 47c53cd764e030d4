// What lies between workers and their recorder in a test: passes everything on, and while it holds keeps back entries and all that
// their worker says after them, so that a test knows what waits to be recorded. No entry that is kept back is acknowledged.
import { connect, createServer, type Socket } from 'node:net';

export interface RecorderRelay extends AsyncDisposable {
  /** Where workers find it. */
  readonly socketPath: string;
  hold(): void;
  /** Resolves once an entry of this operation is kept back. */
  kept(operationName: string): Promise<void>;
  /** Passes on what was kept back, and all that comes. */
  letGo(): void;
}

/** In each of them. */
const ENTRY = '"operationName":';

export async function startRecorderRelay(socketPath: string, recorderSocket: string): Promise<RecorderRelay> {
  const sockets = new Set<Socket>();
  let holding = false;
  /** By the connection to the recorder that it is for. */
  const back = new Map<Socket, Buffer[]>();
  let waiting: { readonly text: string; readonly resolve: () => void }[] = [];

  function look(): void {
    const said = [...back.values()].map((chunks) => Buffer.concat(chunks));
    waiting = waiting.filter(({ text, resolve }) => {
      if (!said.some((each) => each.includes(text))) return true;
      resolve();
      return false;
    });
  }

  const server = createServer((worker) => {
    const recorder = connect(recorderSocket);
    for (const [socket, other] of [
      [worker, recorder],
      [recorder, worker],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined); // its end is told by 'close'
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    recorder.on('data', (chunk: Buffer) => worker.write(chunk));
    worker.on('data', (chunk: Buffer) => {
      // A question is passed on: whoever commits asks first what there is of the commit before.
      if (!holding || (!back.has(recorder) && !chunk.includes(ENTRY))) {
        recorder.write(chunk);
        return;
      }
      back.set(recorder, [...(back.get(recorder) ?? []), chunk]);
      look();
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    hold() {
      holding = true;
    },
    kept(operationName) {
      return new Promise((resolve) => {
        waiting.push({ text: `${ENTRY}"${operationName}"`, resolve });
        look();
      });
    },
    letGo() {
      holding = false;
      for (const [recorder, chunks] of back) recorder.write(Buffer.concat(chunks));
      back.clear();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
