// Rules and outlets as a configuration has them, judged by those who will use them. Loaded only where there are any.
import { readFileSync } from 'node:fs';
import { openOutlets } from '../../watcher/alerts/outlets.ts';
import { readRules, ruleFiles } from '../../watcher/alerts/rules.ts';
import type { AlertSettings } from '../alert-settings.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';
import { checkWay } from './check-way.ts';

/** @returns how many rules hold @throws ConfigError naming the rule, the outlet or the file, and what is wrong with it */
export function checkAlerts(settings: AlertSettings, profile: 'dev' | 'production'): number {
  if (profile === 'production' && settings.test === true)
    throw new ConfigError('alerts.test: in production alerts are no test; remove the member');
  try {
    if (profile === 'production') checkFiles(settings);
    openOutlets(settings, { profile, readFile: (path) => readFileSync(path, 'utf8'), now: Date.now });
    return readRules(settings).length;
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function checkFiles({ outlets, rules }: AlertSettings): void {
  if (rules !== undefined) for (const path of [rules, ...ruleFiles(rules)]) checkWay(path, 'what is an alert');
  for (const [at, outlet] of outlets.entries()) {
    const member = `alerts.outlets[${at}]`;
    if (outlet.caFile !== undefined) readPlainFile(outlet.caFile, `${member}.caFile`);
    if (outlet.kind === 'webhook') readSecretFile(outlet.secretFile, `${member}.secretFile`);
    if (outlet.kind === 'smtp' && outlet.credentialsFile !== undefined)
      readSecretFile(outlet.credentialsFile, `${member}.credentialsFile`);
    if (outlet.kind === 'syslog' && outlet.clientCertificate !== undefined) {
      readPlainFile(outlet.clientCertificate.certificate, `${member}.clientCertificate.certificate`);
      readSecretFile(outlet.clientCertificate.key, `${member}.clientCertificate.key`);
    }
  }
}
