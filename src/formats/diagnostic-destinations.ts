// Which resources the diagnostic settings of an instance name, as the management plane tells them and `instance.json` keeps them.
import { list, matching, type Reader } from './shape.ts';

/** Five settings, each with three kinds of them. Lower case, as ids are compared. */
export const readDestinations: Reader<readonly string[]> = list(
  matching(/^\/[^\0-\x20A-Z]{1,1000}$/, 'the id of a resource in lower case'),
  15,
);
