// A CPU profile of a running Node process through its inspector, opened by SIGUSR1: nothing in the product has to know.
// Processes under the permission model (the module) do not open one; `perf` sees those.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const INSPECTOR = 'http://127.0.0.1:9229/json/list';
const SIGUSR1_BIT = 1n << 9n;

/** @throws when the process does not let itself be inspected */
export async function profileProcess(pid: number, milliseconds: number, file: string): Promise<void> {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // Who does not catch the signal would die of it.
  if (caught === undefined || (BigInt(`0x${caught}`) & SIGUSR1_BIT) === 0n) {
    throw new Error(`process ${pid} has no inspector`);
  }
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await inspectorOf(pid));
  const opened = Promise.withResolvers<undefined>();
  const answers = new Map<number, (result: unknown) => void>();
  socket.onopen = () => opened.resolve(undefined);
  socket.onerror = () => opened.reject(new Error('the inspector does not answer'));
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) answers.get(id)?.(result);
  };
  await opened.promise;
  const ask = (method: string, params: unknown = {}): Promise<unknown> =>
    new Promise((resolve) => {
      answers.set(answers.size + 1, resolve);
      socket.send(JSON.stringify({ id: answers.size, method, params }));
    });
  try {
    await ask('Profiler.enable');
    await ask('Profiler.setSamplingInterval', { interval: 200 });
    await ask('Profiler.start');
    await sleep(milliseconds);
    const stopped = (await ask('Profiler.stop')) as { profile: unknown };
    writeFileSync(file, JSON.stringify(stopped.profile));
  } finally {
    socket.close();
  }
}

async function inspectorOf(pid: number): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      const targets = (await (await fetch(INSPECTOR)).json()) as { title: string; webSocketDebuggerUrl: string }[];
      const own = targets.find(({ title }) => title.endsWith(`[${pid}]`));
      const url = (own ?? targets[0])?.webSocketDebuggerUrl;
      if (url !== undefined) return url;
    } catch {
      // not open yet
    }
    await sleep(20);
  }
  throw new Error(`process ${pid} opened no inspector`);
}
