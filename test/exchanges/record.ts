// Writes the answers of the product as it is now into the files: `node test/exchanges/record.ts`. For new exchanges, and for
// changes of the wire that are meant; what it changed is read before it is committed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProduct } from '../support/running-product.ts';
import { FOLDER, readAreas } from './areas.ts';
import { writeExchanges } from './exchange-file.ts';
import { Sender } from './send.ts';

await using product = await startProduct();
const sender = new Sender(product);
for (const { name, file } of readAreas()) {
  writeFileSync(join(FOLDER, name), writeExchanges(await sender.send(file)));
}
