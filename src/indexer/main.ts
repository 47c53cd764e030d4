// Entry of the indexer, started by the supervisor only: keeps the indexes of logs caught up with them. It reads logs, writes their
// indexes, and speaks to nobody.
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { collectAtRest } from '../links/at-rest.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { ready } from '../links/messages.ts';
import { keepCaughtUp } from './keep-caught-up.ts';

// Requests come first; not so much that it would stand still with a file that others wait for.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.umask(0o077);
// The terminal's Ctrl-C reaches the whole process group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});

const { values } = parseArgs({ options: { indexes: { type: 'string' }, log: { type: 'string', multiple: true } } });
if (values.indexes === undefined) throw new Error('usage: indexer --indexes DIR [--log FOLDER]...');

await using link = openSupervisorLink();
const stopping = new AbortController();
void link.closed.then(() => stopping.abort());
link.send(ready, { port: 0, modulePids: [] });
collectAtRest();
await keepCaughtUp(values.indexes, values.log ?? [], stopping.signal, (what) => process.stderr.write(`${what}\n`));
