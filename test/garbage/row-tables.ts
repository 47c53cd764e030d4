// The operations that the data plane has, from the tables that the product itself is routed by.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyRow } from '../../src/http/route.ts';
import { CHECKOUT } from '../support/running-product.ts';

/** Making rows uses no service; only their handlers do. */
export async function rowTables(): Promise<readonly AnyRow[]> {
  const found: AnyRow[] = [];
  for (const file of globSync('src/features/*/rows.ts', { cwd: CHECKOUT }).sort()) {
    // The management plane has rows of another kind.
    if (file.includes('/management/')) continue;
    const exported = (await import(pathToFileURL(join(CHECKOUT, file)).href)) as Readonly<Record<string, unknown>>;
    for (const [name, table] of Object.entries(exported)) {
      if (name.endsWith('Rows') && typeof table === 'function')
        found.push(...(table as (service: object) => AnyRow[])({}));
    }
  }
  return found;
}
