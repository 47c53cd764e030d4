// Makes a key where there is none of the name; a key that exists stays as it is and is what is answered.
import type { Head } from '../../store/sealed/records.ts';
import type { KeyMaking } from '../keys/add-version.ts';
import { type CreateKey, createKey } from '../keys/create.ts';
import type { KeyVersion } from '../keys/key-version.ts';

class Exists extends Error {}

/** @param recheck throws when the caller's right is gone @returns `head` when a key was made */
export async function createIfNotExists(
  name: string,
  asked: CreateKey,
  recheck: () => void,
  service: KeyMaking,
): Promise<{ readonly key: KeyVersion; readonly head?: Head }> {
  const { keys } = service;
  const existing = keys.find(name);
  if (existing !== undefined) return { key: existing };
  try {
    return await createKey(
      name,
      asked,
      () => {
        recheck();
        // In the plan of the commit: of two at the same time the second one finds the first one's key.
        if (keys.find(name) !== undefined) throw new Exists();
      },
      service,
    );
  } catch (error) {
    const made = error instanceof Exists ? keys.find(name) : undefined;
    if (made === undefined) throw error;
    return { key: made };
  }
}
