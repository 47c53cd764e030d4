// What `status` says of an instance's rehearsals: one line for each depth, or why it is not known.
import { readRehearsals } from '../commands/rehearse/filed.ts';
import { openInstanceClient } from '../instance-client.ts';

export interface ShownPosture {
  readonly depth: string;
  readonly overdue: boolean;
  readonly summary: string;
}

/** Never rejects: `status` is for when something does not work. */
export async function shownPosture(
  data: string,
  instance: string,
): Promise<readonly ShownPosture[] | { readonly unknown: string }> {
  try {
    return (await readRehearsals(openInstanceClient({ data, instance }))).posture;
  } catch (error) {
    return { unknown: error instanceof Error ? error.message : String(error) };
  }
}
