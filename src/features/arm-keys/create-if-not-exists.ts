// Makes a key where there is none of the name; a key that exists stays as it is and is what is answered.
import type { Commit, Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { type CreateKey, createKey } from '../keys/create.ts';
import type { KeyVersion } from '../keys/key-version.ts';

class Exists extends Error {}

/** @returns `head` when a key was made */
export async function createIfNotExists(
  name: string,
  asked: CreateKey,
  commit: Commit,
  service: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head?: Head }> {
  const { keys } = service;
  const existing = keys.find(name);
  if (existing !== undefined) return { key: existing };
  try {
    return await createKey(
      name,
      asked,
      (plan) =>
        commit(() => {
          // Of two at the same time the second one finds the first one's key.
          if (keys.find(name) !== undefined) throw new Exists();
          return plan();
        }),
      service,
    );
  } catch (error) {
    const made = error instanceof Exists ? keys.find(name) : undefined;
    if (made === undefined) throw error;
    return { key: made };
  }
}
