// The configuration that the last start in the production profile went by. It marks the data directory, too.
import { join } from 'node:path';

export function productionFile(root: string): string {
  return join(root, 'production.json');
}
