// Loaded into a step of a ceremony that is to be cut off: it ends the process, the hard way, at the first answer to what the
// step has begun. The test kills it before that where it can; on a slow machine it may come too late.
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';

const { CUT_OFF_JOURNAL: journal = '', CUT_OFF_BEGUN: begun = '' } = process.env;

subscribe('http.client.response.finish', () => {
  if (readFileSync(journal, 'utf8').includes(begun)) process.kill(process.pid, 'SIGKILL');
});
