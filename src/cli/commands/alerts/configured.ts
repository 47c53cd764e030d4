// What the operator's configuration says of alerts, for commands that speak to somebody. The watcher's folder is not asked: who has taken over
// the watcher writes there.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AlertSettings } from '../../../deployment/alert-settings.ts';
import { checkAlerts } from '../../../deployment/checks/check-alerts.ts';
import { checkConfigFile } from '../../../deployment/checks/check-files.ts';
import type { Places } from '../../../deployment/data-layout.ts';
import { readDevConfig } from '../../../deployment/dev-config.ts';
import { readProductionShape } from '../../../deployment/production-config.ts';
import { readConfigFile } from '../../../deployment/read-config-file.ts';
import { readRunningState } from '../../../deployment/running-state.ts';
import { type ReadRule, readRules } from '../../../watcher/alerts/rules.ts';
import { CommandError } from '../../command.ts';
import { explained } from '../../explained.ts';

/** @param file what `--config` names; absent: what the running service was started with @throws CommandError */
export function configured(at: Places, file: string | undefined) {
  const path = file === undefined ? startedWith(at.root) : resolve(file);
  const settings = path === undefined ? { outlets: [] } : explained(() => read(path, at), { ConfigError: '' });
  const rules: readonly ReadRule[] = explained(() => readRules(settings), { ShapeError: '' });
  return { settings, rules };
}

function startedWith(root: string): string | undefined {
  const state = readRunningState(root);
  if (state !== undefined) return state.config;
  throw new CommandError(
    `nothing serves from ${root}, so whom alerts go to is not known: name the configuration with --config FILE, or with --data the data directory of a service that runs`,
  );
}

/** As a start does. @throws ConfigError */
function read(path: string, at: Places): AlertSettings {
  const profile = existsSync(at.production) ? 'production' : 'dev';
  if (profile === 'production') checkConfigFile(path, path);
  const { alerts } =
    profile === 'production' ? readConfigFile(path, readProductionShape) : readConfigFile(path, readDevConfig);
  if (alerts === undefined) return { outlets: [] };
  checkAlerts(alerts, profile);
  return alerts;
}
