// What `--config FILE` may say in the dev profile: the parts of a production configuration that concern listeners, for
// trying them out. Read as strictly.

import { readRequestLimits } from '../formats/request-limits.ts';
import { record } from '../formats/shape.ts';
import { readNamedListeners } from './private-listeners.ts';
import { readTlsSettings } from './tls-settings.ts';
import { WATCH_MEMBERS } from './watch-config.ts';

export const readDevConfig = record(
  {},
  { limits: readRequestLimits, tls: readTlsSettings, privateListeners: readNamedListeners, ...WATCH_MEMBERS },
);
export type DevConfig = ReturnType<typeof readDevConfig>;
