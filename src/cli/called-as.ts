// How this program was called, so that a usage line can be typed as it stands: `strongroom`, `./strongroom`,
// `npx strongroom`, by a link's name or a path.
import { existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { shellWord } from '../formats/own-command.ts';

/** @returns undefined when the script at the checkout's root was not called, as by `npm start` */
export function calledAs(environment: NodeJS.ProcessEnv): string | undefined {
  const { STRONGROOM_CALLED: called, PATH: path = '', npm_lifecycle_event: run } = environment;
  if (called === undefined || called === '') return undefined;
  if (run === 'npx') return `npx ${shellWord(basename(called))}`;
  // The system hands a script the whole path of what the shell found on the PATH.
  const found = path.split(delimiter).map((folder) => join(folder, basename(called)));
  if (found.find((each) => existsSync(each)) === called) return shellWord(basename(called));
  return shellWord(called.includes('/') ? called : `./${called}`);
}
