// The time that the records of a rehearsal go by: that of the instance which keeps them, and counts from them when the next
// one is due. In development it can be ahead.
import { AnswerError, type InstanceClient } from '../instance-client.ts';

/** @param client absent: nothing is filed, and real time is as good as any */
export async function timeOf(client: InstanceClient | undefined): Promise<() => Date> {
  const ahead = client === undefined ? 0 : (await offsetSeconds(client)) * 1000;
  return () => new Date(Date.now() + ahead);
}

/** Only an instance of the dev profile has a clock that it shows; all others have real time. */
async function offsetSeconds(client: InstanceClient): Promise<number> {
  try {
    const answer = (await client.ask('GET', '/strongroom/clock')) as { readonly offsetSeconds?: unknown };
    return typeof answer.offsetSeconds === 'number' ? answer.offsetSeconds : 0;
  } catch (error) {
    if (error instanceof AnswerError) return 0;
    throw error;
  }
}
