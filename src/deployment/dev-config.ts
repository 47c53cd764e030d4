// What `--config FILE` may say in the dev profile: the parts of a production configuration that concern listeners, for
// trying them out. Read as strictly.

import type { RequestLimits } from '../formats/request-limits.ts';
import { type Reader, record } from '../formats/shape.ts';
import { type NamedListener, readNamedListeners } from './private-listeners.ts';
import { readRequestLimits } from './request-limits.ts';
import { readTlsSettings, type TlsSettings } from './tls-settings.ts';

export interface DevConfig {
  readonly limits?: RequestLimits;
  readonly tls?: TlsSettings;
  readonly privateListeners?: readonly NamedListener[];
}

export const DEV_DEFAULTS: DevConfig = {};

export const readDevConfig: Reader<DevConfig> = record(
  {},
  { limits: readRequestLimits, tls: readTlsSettings, privateListeners: readNamedListeners },
);
