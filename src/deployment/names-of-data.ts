// The names under which instances of a data directory are reached by clients, running or not.
import { existsSync } from 'node:fs';
import type { NameForm } from '../http/name-form.ts';
import { places } from './data-layout.ts';
import { azureNames } from './name-forms.ts';
import { readProductionShape } from './production-config.ts';
import { productionNames } from './production-names.ts';
import { readConfigFile } from './read-config-file.ts';

/** @throws ConfigError */
export function namesOfData(root: string): NameForm {
  const file = places(root).production;
  return existsSync(file) ? productionNames(readConfigFile(file, readProductionShape)) : azureNames();
}
