// Asks all workers of an instance the same; who does not answer in time is among the answers all the same.
import { type Link, RequestFailed } from '../links/link.ts';
import { type Asked, type WorkerTold, workerAsked } from '../links/worker-asked.ts';

export async function askWorkers(
  link: Pick<Link, 'request'>,
  instance: string,
  asked: Asked,
): Promise<readonly Pick<WorkerTold, 'worker' | 'told'>[]> {
  const ask = (at: number): Promise<WorkerTold> => link.request(workerAsked, { instance, at, asked });
  try {
    const first = await ask(0);
    if (first.workers === 0) return [];
    return [first, ...(await Promise.all(Array.from({ length: first.workers - 1 }, (_, nth) => ask(nth + 1))))];
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return []; // it does not run
  }
}
